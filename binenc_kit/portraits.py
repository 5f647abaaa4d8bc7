"""Portraits of a run's latents at one epoch: their histograms, and the codes of the classes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from binenc_kit.errors import KitError
from binenc_kit.measures.binarity import bit_shares
from binenc_kit.palette import plain, styles
from binenc_kit.recording import Recording
from binenc_kit.tables import Runs, listed

PURE = 0.95  # share of a class from which on a bit counts as the class's own
MOST_BITS, MOST_CLASSES = 12, 30  # what a codebook can print in its cells
LONGEST = 24  # characters of a name
MOST_DIMENSIONS = 4  # histograms side by side that a projector can still show


def latent_histograms(runs: Runs, frames: Sequence[int] = (0, -1), dimensions: Sequence[int] | None = None) -> Figure:
    """A histogram of each latent dimension over the probe, a row for each run and frame. Source: BinEnc-v3, Fig. 2.

    frames: which recorded epochs, 0 the first and -1 the last. dimensions: which, up to 4, counted from 1 as in the
    titles; the first 4 unless told. Each row has its own scale, the same for its dimensions. Raises `KitError` for
    frames and dimensions that are not there.
    """
    rows = [(run, _frame(run, frame)) for run in listed(runs) for frame in frames]
    chosen = _chosen(dimensions, max(run.latents.shape[2] for run, _ in rows))
    figure = Figure(figsize=(2.6 * len(chosen) + 0.8, 1.9 * len(rows) + 0.6), layout="constrained")
    panels = figure.subplots(len(rows), len(chosen), squeeze=False)
    style = styles(run.config.label for run, _ in rows)
    for (run, frame), row in zip(rows, panels, strict=True):
        z = np.asarray(run.latents[frame], np.float64)
        _draw_histograms(row, z, chosen, style[run.config.label][0])
        more = f"\n{len(chosen)} of {z.shape[1]} dimensions" if z.shape[1] > len(chosen) else ""
        row[0].set_ylabel(f"{run.config.label}\nepoch {frame + 1}{more}", fontsize=11)
    for dimension, axes in zip(chosen, panels[0], strict=True):
        axes.set_title(f"dimension {dimension}", fontsize=11)
    figure.supxlabel("latent z", fontsize=11)
    names = ", ".join(f"{run.config.label} after epoch {frame + 1}" for run, frame in rows)
    which = "" if dimensions is None else f" ({', '.join(map(str, chosen))})"
    figure.set_label(f"Histograms of {len(chosen)} latent dimensions{which} over the probe, one row each for {names}.")
    return figure


def codebook(run: Recording, frame: int = -1) -> Figure:
    """The code of each class: a row a class, a column a bit, the share of the class's samples whose bit is 1.

    A bit that at least 95 % of the class share stands as 0 or 1; where the class is split, the share is printed. Large
    codebooks show colours alone.
    """
    frame = _frame(run, frame)
    shares = bit_shares(np.asarray(run.latents[frame], np.float64), run.labels)
    classes, P = shares.shape
    names = [run.class_names[label] for label in np.unique(run.labels)]
    figure = Figure(figsize=(min(1.1 * P, 10) + 2.6, min(0.42 * classes, 12) + 1.2), layout="constrained")
    axes = figure.subplots()
    draw_codebook(axes, shares, names)
    axes.set_title(f"{run.config.label}, epoch {frame + 1}", fontsize=12)
    codes = "; ".join(f"{name}: {code_text(row)}" for name, row in zip(names, shares, strict=True))
    figure.set_label(f"Codebook of {run.config.label} after epoch {frame + 1}. {codes}.")
    return figure


def draw_codebook(axes: Axes, shares: NDArray[np.float64], names: Sequence[str]) -> None:
    """A row a class, a column a bit: the share of the class's samples whose bit is 1, (K, P), as colours and bits."""
    classes, P = shares.shape
    edges = (0.5, P + 0.5, classes - 0.5, -0.5)  # bits count from 1
    image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto", extent=edges)
    if P <= MOST_BITS and classes <= MOST_CLASSES:  # else colours alone
        _print_bits(axes, shares)
        axes.set_xticks(range(1, P + 1), [f"bit {bit}" for bit in range(1, P + 1)])
    else:
        axes.set_xlabel("bit")
    size = 10 if classes <= MOST_CLASSES else 6
    axes.set_yticks(range(classes), [plain(name, LONGEST) for name in names], fontsize=size)
    axes.set_ylabel("class")
    axes.figure.colorbar(image, ax=axes, label="share of samples with bit 1")


def code_text(shares: NDArray[np.float64]) -> str:
    """A class's code as 0, 1 and, where fewer than 95 % of it share the bit, ?; shares with bit 1, (P,)."""
    return "".join(str(int(share > 0.5)) if max(share, 1 - share) >= PURE else "?" for share in shares)


def _chosen(dimensions: Sequence[int] | None, P: int) -> list[int]:
    """The dimensions to show, counted from 1."""
    chosen = list(range(1, min(MOST_DIMENSIONS, P) + 1) if dimensions is None else dimensions)
    if not 1 <= len(chosen) <= MOST_DIMENSIONS or not all(dimension in range(1, P + 1) for dimension in chosen):
        raise KitError(f"dimensions are {chosen}, but must be 1 to {MOST_DIMENSIONS} numbers from 1 to {P}")
    return chosen


def _draw_histograms(row: NDArray[np.object_], z: NDArray[np.float64], chosen: list[int], color: str) -> None:
    """One run at one frame, an axes a dimension; an axes stays empty where the run has no such dimension."""
    there = [dimension - 1 for dimension in chosen if dimension <= z.shape[1]]
    edge = (float(np.abs(z[:, there]).max()) if there else 0) * 1.05 or 1.0
    for dimension, axes in zip(chosen, row, strict=True):
        if dimension > z.shape[1]:
            axes.set_axis_off()
            continue
        axes.hist(z[:, dimension - 1], bins=np.linspace(-edge, edge, 61), color=color)
        axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
        axes.locator_params(axis="x", nbins=5)
        axes.set_yticks([])
        axes.spines[["top", "right", "left"]].set_visible(False)


def _print_bits(axes: Axes, shares: NDArray[np.float64]) -> None:
    """Write 0, 1 or the share into each cell."""
    for (row, column), share in np.ndenumerate(shares):
        pure = max(share, 1 - share) >= PURE
        text = str(int(share > 0.5)) if pure else f"{100 * share:.0f} %"
        axes.text(
            column + 1, row, text, ha="center", va="center", color="black" if share > 0.5 else "white",
            fontsize=13 if pure else 9, fontweight="bold" if pure else "normal",
        )  # fmt: skip


def _frame(run: Recording, frame: int) -> int:
    """A frame's index from 0, counted from the end where it is negative."""
    epochs = run.epochs
    if not -epochs <= frame < epochs:
        raise KitError(f"{run.folder} has {epochs} complete epochs, but no frame {frame}: use 0 to {epochs - 1}")
    return frame % epochs
