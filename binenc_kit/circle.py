"""Classes on a circle: what a head with latents in two dimensions has made of them."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from binenc_kit.errors import KitError
from binenc_kit.measures.uniformity import unit
from binenc_kit.palette import STYLES, plain
from binenc_kit.recording import Recording

if TYPE_CHECKING:
    from binenc_kit.data import Data

MARKERS = "osD^v<>PXhp*"
COLORS = list(dict.fromkeys(color for color, _ in STYLES.values() if color not in ("#F0E442", "#999999")))


def circle(run: Recording, data: "Data | None" = None) -> Figure:
    """The first and the last frame of a run with P = 2 as directions on the circle, and at the end the proxies'.

    A proxy is the classifier's row of a class, with arrows for its direction. data: your own, where the
    run was made with them. Raises `KitError` for another P.
    """
    from binenc_kit.outputs import classifier_weight, open_network

    if run.latents.shape[2] != 2:
        raise KitError(f"a circle has two dimensions, but this run has P = {run.latents.shape[2]}: train with P=2")
    network, _, _ = open_network(run, data)
    proxies = unit(classifier_weight(network))
    names = [plain(name, 12) for name in run.class_names]
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    first, last = figure.subplots(1, 2)
    for axes, frame, when in ((first, 0, "after epoch 1"), (last, -1, f"after epoch {run.epochs}")):
        _draw(axes, unit(run.latents[frame]), run.labels, names)
        axes.set_title(when)
    last.quiver(
        *np.zeros((2, len(proxies))), *proxies.T, angles="xy", scale_units="xy", scale=1, width=0.004, color="0.4"
    )
    figure.legend(*last.get_legend_handles_labels(), loc="outside right center", frameon=False, title="class")
    figure.suptitle(f"{run.config.label} on the circle; arrows: the proxies")
    angles = np.sort(np.degrees(np.arctan2(proxies[:, 1], proxies[:, 0])))
    gaps = np.diff(np.append(angles, angles[0] + 360))
    figure.set_label(
        f"Directions of the probe's latents of {run.config.label} after epoch 1 and {run.epochs}, one mark a class. At "
        f"the end the {len(proxies)} proxies are {gaps.min():.0f} to {gaps.max():.0f} degrees apart."
    )
    return figure


def _draw(axes: Axes, u: NDArray[np.float64], labels: NDArray[np.int64], names: list[str]) -> None:
    """Each class with a colour and a marker, and its name where its mean points."""
    axes.add_patch(Circle((0, 0), 1, fill=False, color="0.8"))
    pointing = {}
    for place, label in enumerate(np.unique(labels)):
        own = u[labels == label]
        style: dict[str, Any] = {"color": COLORS[place % len(COLORS)], "marker": MARKERS[place % len(MARKERS)]}
        axes.plot(*own.T, linestyle="none", markersize=6, alpha=0.5, label=names[label], **style)
        mean = own.mean(axis=0)
        if np.linalg.norm(mean) > 0.5:
            pointing[names[label]] = np.degrees(np.arctan2(mean[1], mean[0]))
    for name, angle in zip(pointing, np.radians(_apart(list(pointing.values()))), strict=True):
        axes.text(1.17 * np.cos(angle), 1.17 * np.sin(angle), name, ha="center", va="center", fontsize=11)
    axes.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
    axes.axis("off")


def _apart(degrees: list[float], least: float = 7) -> NDArray[np.float64]:
    """Angles so moved that neighbours on the circle are about `least` degrees apart, in the same order."""
    moved, order = np.array(degrees, np.float64), np.argsort(degrees)
    for _ in range(200):
        gaps = np.diff(moved[order], append=moved[order][:1] + 360)
        missing = np.maximum(least - gaps, 0) / 2
        moved[order] += np.roll(missing, 1) - missing
    return moved
