"""Six epochs of a latent space, side by side: what the scrubber shows, for paper and for readers without JavaScript."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from binenc_kit.measures.binarity import bit_shares
from binenc_kit.palette import Style, class_styles, plain
from binenc_kit.portraits import PURE
from binenc_kit.splits import subset
from binenc_kit.widgets.frames import ORIENTATIONS, plane, thinned

EPOCHS, MOST_NAMES = 6, 20
MOST_POINTS = 600  # marks in a panel: a stratified subset, while what is counted is counted on all samples


class Filmed(NamedTuple):
    """One head's frames: title, latents (T, N, P), labels (N,), the epoch of each frame (T,)."""

    title: str
    latents: NDArray[np.floating]
    labels: NDArray[np.integer]
    epochs: Sequence[int]


def snapshots(heads: Sequence[Filmed], class_names: Sequence[str]) -> Figure:
    """The latent space at six epochs, a row a head, each epoch at a scale of its own.

    Up to four dimensions stand in their hypercube, whose half-side is the mean of |z| along each dimension; more are
    seen in the principal plane of the last epoch.
    """
    columns = max(len(thinned(len(head.latents), EPOCHS)) for head in heads)
    size = (2.15 * columns + 0.6, 2.35 * len(heads) + 1.0)
    figure = Figure(figsize=(max(size[0], 5), size[1]), layout="constrained")
    rows = figure.subplots(len(heads), columns, squeeze=False)
    styles = class_styles(len(class_names))
    told = [_draw_row(row, head, styles) for row, head in zip(rows, heads, strict=True)]
    present = np.unique(np.concatenate([head.labels for head in heads]))
    if len(present) <= MOST_NAMES:
        marks = [
            Line2D([], [], color=styles[label][0], marker=styles[label][1], linestyle="", markersize=6)
            for label in present
        ]
        names = [plain(class_names[label], 16) for label in present]
        figure.legend(marks, names, loc="outside lower center", ncols=min(len(names), 10), frameon=False, fontsize=10)
    figure.set_label(
        f"Latent spaces of {len(present)} classes at up to six epochs, each at its own scale, samples outside "
        "the frame on its border. " + " ".join(told)
    )
    return figure


def percent(share: float) -> int:
    """A share as whole percents: 100 only for all, 0 only for none."""
    return round(100 * share) if share in (0, 1) else min(max(round(100 * share), 1), 99)


def _draw_row(row: Sequence[Axes], head: Filmed, styles: list[Style]) -> str:
    """One head's panels; returns what they show in words."""
    chosen = thinned(len(head.latents), EPOCHS)
    flat, pure = _on_the_page(head, chosen), []
    usual = 2.35 if head.latents.shape[2] <= 4 else 2.0
    far = np.quantile(np.abs(flat[-1]).max(axis=1), 0.97)  # as in the scrubber: where most samples end up is in view
    edge = float(np.clip(1.06 * far, usual, 2 * usual))
    for axes, frame, points in zip(row, chosen, flat, strict=False):
        shares = bit_shares(head.latents[frame], head.labels)
        pure.append(percent(float((np.maximum(shares, 1 - shares) >= PURE).mean())))
        _draw_space(axes, points, head, styles, edge)
        axes.set_title(f"epoch {head.epochs[frame]}\n{pure[-1]} % of bits pure", fontsize=10)
    for axes in row[len(chosen) :]:
        axes.set_axis_off()
    row[0].set_ylabel(plain(head.title, 30), fontsize=11)
    steps = ", ".join(f"{share} % at epoch {head.epochs[frame]}" for share, frame in zip(pure, chosen, strict=True))
    return f"{head.title}: share of pure bits {steps}."


def _on_the_page(head: Filmed, chosen: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """The samples of each chosen frame on the page, (N, 2) each, in units of a side or of the spread."""
    frames = [np.asarray(head.latents[frame], np.float64) for frame in chosen]
    if head.latents.shape[2] <= 4:
        sides = [np.abs(z).mean(axis=0) for z in frames]
        return [_flat(z / np.where(side > 0, side, 1.0)) for z, side in zip(frames, sides, strict=True)]
    seen = plane(head.latents)
    along = zip(frames, seen.mean[chosen], seen.spread[chosen], strict=True)
    return [((z @ seen.basis - mean) / (spread or 1.0))[:, :2] for z, mean, spread in along]


def _draw_space(axes: Axes, points: NDArray[np.float64], head: Filmed, styles: list[Style], edge: float) -> None:
    """One epoch: the hypercube, if there is one, and the samples."""
    if head.latents.shape[2] <= 4:
        _draw_cube(axes, head.latents.shape[2])
    some = subset(head.labels, MOST_POINTS, seed=0)
    if (outside := float((np.abs(points) > edge - 0.05).any(axis=1).mean())) > 0:
        axes.set_xlabel(f"{percent(outside)} % outside, on the border", fontsize=8)
    points, labels = np.clip(points[some], 0.05 - edge, edge - 0.05), head.labels[some]
    for style in dict.fromkeys(styles[label] for label in np.unique(labels)):  # a thousand classes share 100
        of_style = np.array([styles[label] == style for label in labels])
        colour, marker = style
        axes.plot(*points[of_style].T, color=colour, marker=marker, linestyle="", markersize=3, alpha=0.75)
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_color("#cccccc")


def _draw_cube(axes: Axes, P: int) -> None:
    """The edges of the hypercube of P dimensions, its half-side 1."""
    for corner in product((-1.0, 1.0), repeat=P):
        for d in range(P):
            if corner[d] < 0:
                other = [*corner[:d], 1.0, *corner[d + 1 :]]
                axes.plot(*_flat(np.array([corner, other])).T, color="#cccccc", linewidth=0.8, zorder=0)


def _flat(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Up to four dimensions (N, P) on the page (N, 2), seen from where the scrubber starts."""
    P = points.shape[1]
    if P > 2:
        return points @ ORIENTATIONS[P][:2].T
    across = (np.arange(len(points)) * 0.618034) % 1 * 1.6 - 0.8  # one dimension: side by side, so that none hides
    return points if P == 2 else np.column_stack([points[:, 0], across])
