"""Matplotlib figures for runs; each function returns a Figure whose label is its alt text.

Colours are Okabe and Ito's, which colour-blind readers tell apart, and every line has a marker of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from binenc_kit.display import alt_text as alt_text
from binenc_kit.display import save as save
from binenc_kit.display import show as show
from binenc_kit.display import to_png as to_png
from binenc_kit.errors import KitError
from binenc_kit.measures.binarity import bit_shares
from binenc_kit.recording import Recording
from binenc_kit.tables import FOLLOWED, Runs, by_epoch, listed

STYLES = {
    "BinEnc": ("#0072B2", "o"),
    "LinPen": ("#E69F00", "s"),
    "NonlinPen": ("#009E73", "^"),
    "NoPen": ("#CC79A7", "D"),
    "NonlinPen+quadratic": ("#D55E00", "v"),
}
OTHERS = (("#56B4E9", "P"), ("#000000", "X"), ("#F0E442", "*"))
PURE = 0.95  # share of a class from which on a bit counts as the class's own
MOST_BITS, MOST_CLASSES = 12, 30  # what a codebook can print in its cells
MOST_DIMENSIONS = 4  # histograms side by side that a projector can still show


def accuracy_by_epoch(runs: Runs) -> Figure:
    """Accuracy on the probe (train pictures) and on the validation split, epoch by epoch. Source: BinEnc-v3, Fig. 5."""
    return _curves(
        runs,
        {"probe_accuracy": "accuracy on the probe (train)", "val_accuracy": "accuracy on validation"},
        "Accuracy by epoch",
        lambda axes: axes.set_ylim(top=1.02),
    )


def sigma_w_by_epoch(runs: Runs) -> Figure:
    """Within-class variance of the probe's latents, absolute and relative. Source: BinEnc-v3, Fig. 4."""
    return _curves(
        runs,
        {"sigma_w": "Sigma_W (trace / P)", "sigma_w_relative": "Sigma_W relative to Sigma_B"},
        "Within-class variance by epoch",
        lambda axes: axes.set_yscale("log"),
    )


def code_agreement_by_epoch(runs: Runs) -> Figure:
    """Code agreement of the probe, bit by bit and for whole codes. Source: BinEnc-v3, Fig. 3."""
    return _curves(
        runs,
        {"code_agreement": "code agreement (bit by bit)", "whole_code_agreement": "whole-code agreement"},
        "Code agreement by epoch",
        lambda axes: axes.set_ylim(top=1.02),
    )


def latent_histograms(runs: Runs, frames: Sequence[int] = (0, -1)) -> Figure:
    """A histogram of each latent dimension over the probe, a row for each run and frame. Source: BinEnc-v3, Fig. 2.

    frames: which recorded epochs, 0 the first and -1 the last. Each row has its own scale, the same for its dimensions.
    """
    rows = [(run, _frame(run, frame)) for run in listed(runs) for frame in frames]
    columns = min(MOST_DIMENSIONS, max(run.latents.shape[2] for run, _ in rows))
    figure = Figure(figsize=(2.6 * columns + 0.8, 1.9 * len(rows) + 0.6), layout="constrained")
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for index, ((run, frame), row) in enumerate(zip(rows, panels, strict=True)):
        z = np.asarray(run.latents[frame], np.float64)
        edge = float(np.abs(z[:, :columns]).max()) * 1.05 or 1.0
        color, _ = _style(run.config.label)
        for dimension, axes in enumerate(row):
            if dimension >= z.shape[1]:
                axes.set_axis_off()
                continue
            axes.hist(z[:, dimension], bins=np.linspace(-edge, edge, 61), color=color)
            axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
            axes.locator_params(axis="x", nbins=5)
            axes.set_yticks([])
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.set_title(f"dimension {dimension + 1}" if index == 0 else "", fontsize=11)
        more = f"\n{columns} of {z.shape[1]} dimensions" if z.shape[1] > columns else ""
        row[0].set_ylabel(f"{run.config.label}\nepoch {frame + 1}{more}", fontsize=11)
    figure.supxlabel("latent z", fontsize=11)
    names = ", ".join(f"{run.config.label} after epoch {frame + 1}" for run, frame in rows)
    figure.set_label(f"Histograms of {columns} latent dimensions over the probe, one row each for {names}.")
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
    edges = (0.5, P + 0.5, classes - 0.5, -0.5)  # bits count from 1
    image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto", extent=edges)
    if P <= MOST_BITS and classes <= MOST_CLASSES:  # else colours alone
        _print_bits(axes, shares)
        axes.set_xticks(range(1, P + 1), [f"bit {bit}" for bit in range(1, P + 1)])
    else:
        axes.set_xlabel("bit")
    size = 10 if classes <= MOST_CLASSES else 6
    axes.set_yticks(range(classes), map(_plain, names), fontsize=size)
    axes.set_ylabel("class")
    axes.set_title(f"{run.config.label}, epoch {frame + 1}", fontsize=12)
    figure.colorbar(image, label="share of samples with bit 1")
    codes = "; ".join(f"{name}: {_code(row)}" for name, row in zip(names, shares, strict=True))
    figure.set_label(f"Codebook of {run.config.label} after epoch {frame + 1}. {codes}.")
    return figure


def _print_bits(axes: Axes, shares: NDArray[np.float64]) -> None:
    """Write 0, 1 or the share into each cell."""
    for (row, column), share in np.ndenumerate(shares):
        pure = max(share, 1 - share) >= PURE
        text = str(int(share > 0.5)) if pure else f"{100 * share:.0f} %"
        axes.text(
            column + 1, row, text, ha="center", va="center", color="black" if share > 0.5 else "white",
            fontsize=13 if pure else 9, fontweight="bold" if pure else "normal",
        )  # fmt: skip


def samples(data: Any, columns: int = 2) -> Figure:  # noqa: ANN401  a Data: naming its type would import torch
    """The first few train pictures of each class; data: what `load_data` returns."""
    images, labels = (tensor.cpu().numpy() for tensor in data.train)
    classes = len(data.class_names)
    figure = Figure(figsize=(classes, columns + 0.4), layout="constrained")
    panels = figure.subplots(columns, classes, squeeze=False)
    for label, name in enumerate(data.class_names):
        found = np.flatnonzero(labels == label)[:columns]
        for axes, picture in zip(panels[:, label], images[found].transpose(0, 2, 3, 1), strict=False):
            axes.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=255)
        panels[0, label].set_title(_plain(name), fontsize=11)
    for axes in panels.flat:
        axes.set_axis_off()
    figure.set_label(f"{columns} train pictures of each of the classes {', '.join(data.class_names)}.")
    return figure


def _curves(runs: Runs, columns: dict[str, str], title: str, scale: Callable[[Axes], object]) -> Figure:
    """A panel a column: for each head the mean over its runs, and the span from lowest to highest."""
    measures = [column for column in columns if column in FOLLOWED]
    by_head = {head: [by_epoch(run, measures) for run in same] for head, same in _seeds_by_head(runs).items()}
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for axes, (column, label) in zip(figure.subplots(1, len(columns)), columns.items(), strict=True):
        for number, (head, curves) in enumerate(by_head.items()):
            over_seeds = pd.concat([curve[column] for curve in curves], axis=1)
            color, marker = _style(head, number)
            mean, epochs = over_seeds.mean(axis=1), over_seeds.index
            every = max(1, len(epochs) // 8)
            offset = (number * every // max(1, len(by_head))) % every  # markers of different heads side by side
            axes.plot(epochs, mean, color=color, marker=marker, markevery=(offset, every), markersize=7, label=head)
            axes.fill_between(
                epochs, over_seeds.min(axis=1), over_seeds.max(axis=1), color=color, alpha=0.2, linewidth=0
            )
        scale(axes)
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    seeds = max(len(curves) for curves in by_head.values())
    spread = f", mean of {seeds} seeds and the span from lowest to highest" if seeds > 1 else ""
    figure.suptitle(title + spread)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(by_head), frameon=False)
    figure.set_label(
        f"{title}{spread}, for {', '.join(by_head)}: {'; '.join(columns.values())}. {_endings(by_head, columns)}"
    )
    return figure


def _seeds_by_head(runs: Runs) -> dict[str, list[Recording]]:
    """The runs of each head; `KitError` where they differ in more than their seed: such a mean would mean nothing."""
    by_head: dict[str, list[Recording]] = {}
    for run in listed(runs):
        by_head.setdefault(run.config.label, []).append(run)
    for head, same in by_head.items():
        first = vars(same[0].config)
        for run in same:
            other = [name for name, value in vars(run.config).items() if value != first[name] and name != "seed"]
            if other:
                raise KitError(
                    f"the runs of {head} differ in {', '.join(other)}: draw them apart, only seeds are averaged"
                )
    return by_head


def _endings(by_head: dict[str, list[pd.DataFrame]], columns: dict[str, str]) -> str:
    """The curves' last values in words, for readers who do not see them."""
    first = next(iter(columns))
    ends = {head: np.mean([curve[first].iloc[-1] for curve in curves]) for head, curves in by_head.items()}
    return f"At the end, {columns[first]}: " + ", ".join(f"{head} {value:.3g}" for head, value in ends.items()) + "."


def _plain(name: str) -> str:
    """A class name as it is: a dollar would begin a formula."""
    return name.replace("$", r"\$")


def _style(head: str, number: int = 0) -> tuple[str, str]:
    return STYLES.get(head, OTHERS[number % len(OTHERS)])


def _frame(run: Recording, frame: int) -> int:
    """A frame's index from 0, counted from the end where it is negative."""
    epochs = run.epochs
    if not -epochs <= frame < epochs:
        raise KitError(f"{run.folder} has {epochs} complete epochs, but no frame {frame}: use 0 to {epochs - 1}")
    return frame % epochs


def _code(shares: np.ndarray) -> str:
    return "".join(str(int(share > 0.5)) if max(share, 1 - share) >= PURE else "?" for share in shares)
