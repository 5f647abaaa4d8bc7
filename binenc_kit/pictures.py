"""Pictures themselves: samples of each class, and what an attack did to them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.palette import plain

MOST_PICTURES = 8  # side by side on a projector
LONGEST = 14  # characters of a name
CHANNELS = (1, 3)


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
        panels[0, label].set_title(plain(name), fontsize=11)
    for axes in panels.flat:
        axes.set_axis_off()
    figure.set_label(f"{columns} train pictures of each of the classes {', '.join(data.class_names)}.")
    return figure


def deepfool_strips(
    images: ArrayLike,
    perturbation: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    class_names: Sequence[str],
    relative: ArrayLike,
    refined: ArrayLike,
) -> Figure:
    """Up to 8 pictures before and after an attack, with the perturbation between, amplified until it is seen.

    images, perturbation: (N, height, width), (N, channels, height, width) or (N, height, width, channels), pixels from
    0 to 1, as `deepfool` takes and gives them with a `PixelNetwork`; before, after: (N,), predicted classes; relative,
    refined: (N,), as `deepfool` gives them. Each perturbation has a factor of its own, and where it is zero the picture
    is grey. Raises `KitError` for arrays that do not fit. Source: Moosavi-Dezfooli et al. 2016; BinEnc-v3, Table 3.
    """
    images, perturbation = _colours_last(images), _colours_last(perturbation)
    before, after, relative, refined = columns = [_numpy(values) for values in (before, after, relative, refined)]
    _require_fit(images, perturbation, columns, len(class_names))
    factors = [_factor(float(np.abs(picture).max())) for picture in perturbation]
    moves = [(str(class_names[one]), str(class_names[other])) for one, other in zip(before, after, strict=True)]
    lengths = list(zip(relative, refined, strict=True))
    figure = Figure(figsize=(1.6 * len(images) + 0.5, 6.2), layout="constrained")
    rows = figure.subplots(3, len(images), squeeze=False)
    amplified = [0.5 + factor * picture for factor, picture in zip(factors, perturbation, strict=True)]
    _draw_row(rows[0], images, "before", [""] * len(images))
    _draw_row(rows[1], amplified, "perturbation\n(amplified)", [f"times {factor:g}" for factor in factors])
    _draw_row(rows[2], images + perturbation, "after", ["\n".join(_norms(*pair)) for pair in lengths])
    for axes, title in zip(rows[0], _titles(moves), strict=True):
        axes.set_title(title, fontsize=11)
    told = "; ".join(
        f"{one} to {other}, {', '.join(_norms(*pair))}, amplified {factor:g} times"
        for (one, other), pair, factor in zip(moves, lengths, factors, strict=True)
    )
    plural = "1 picture" if len(images) == 1 else f"{len(images)} pictures"
    figure.set_label(f"An attack: {plural} before, the perturbation, and after. {told}.")
    return figure


def _draw_row(row: Iterable[Axes], pictures: Iterable[NDArray[np.float64]], label: str, captions: list[str]) -> None:
    """Pictures side by side, the row's label at the left and a caption under each."""
    for place, (axes, picture, caption) in enumerate(zip(row, pictures, captions, strict=True)):
        axes.imshow(np.clip(picture, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel(caption, fontsize=10)
        axes.set_ylabel("" if place else label, fontsize=11)


def _numpy(values: ArrayLike) -> NDArray:
    """An array, also from a tensor on any device."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _colours_last(images: ArrayLike) -> NDArray[np.float64]:
    """Pictures (N, height, width, channels), whichever of the three ways they came."""
    images = _numpy(images)
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 4 and images.shape[1] in CHANNELS:
        images = images.transpose(0, 2, 3, 1)
    if images.ndim != 4 or images.shape[3] not in CHANNELS or not images.size:
        raise KitError(
            f"pictures of shape {images.shape} cannot be drawn: they must be (N, height, width), with 1 or 3 channels "
            "before or after"
        )
    return images.astype(np.float64)


def _require_fit(images: NDArray, perturbation: NDArray, columns: list[NDArray], classes: int) -> None:
    """Raise `KitError` unless all speak of the same few pictures, in pixels from 0 to 1, and known classes."""
    N = len(images)
    if images.shape != perturbation.shape or any(column.shape != (N,) for column in columns):
        shapes = ", ".join(str(column.shape) for column in (images, perturbation, *columns))
        raise KitError(f"arrays of shapes {shapes} do not fit: all must speak of the same N pictures")
    if N > MOST_PICTURES:
        raise KitError(f"there are {N} pictures, but room for {MOST_PICTURES}: choose some, as in images[:8]")
    if not np.isfinite(perturbation).all() or not (np.abs(images - 0.5) <= 0.5 + 1e-6).all():
        raise KitError("the pictures must have pixels from 0 to 1, and finite perturbations: attack a PixelNetwork")
    for predicted in columns[:2]:
        if predicted.dtype.kind not in "iu" or not 0 <= predicted.min() <= predicted.max() < classes:
            raise KitError(f"predicted classes are {predicted}, but must be whole numbers from 0 to {classes - 1}")


def _factor(peak: float) -> float:
    """What brings the largest change near to half of the pixels' range, rounded down to two digits, so none is cut."""
    if not peak:
        return 1.0
    digits = int(np.floor(np.log10(0.5 / peak))) - 1
    return float(f"{np.floor(0.5 / peak / 10.0**digits)}e{digits}")


def _titles(moves: list[tuple[str, str]]) -> list[str]:
    """The classes before and after, all on one line if all of them fit."""
    named = [[plain(name, LONGEST) for name in move] for move in moves]
    between = " → " if max(len(one) + len(other) for one, other in named) <= 10 else "\n→ "
    return [between.join(move) for move in named]


def _norms(relative: float, refined: float) -> tuple[str, str]:
    return f"relative {relative:.3g}", "no flip" if np.isnan(refined) else f"refined {refined:.3g}"
