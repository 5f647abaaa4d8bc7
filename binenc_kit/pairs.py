"""Tables of pairs of classes: the angles between their means, and the distances between their codes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import latents_and_labels, require_named
from binenc_kit.measures.binarity import codebook, hamming_distances
from binenc_kit.measures.simplex import mean_directions
from binenc_kit.palette import plain

MOST_NUMBERS, MOST_NAMES = 12, 30  # classes up to which a table can print its numbers and names
LONGEST = 16  # characters of a name


def class_means(z: ArrayLike, labels: ArrayLike, class_names: Sequence[str]) -> Figure:
    """Cosines between the centred class means and, beside them, in how many bits the classes' codes differ.

    z: (N, P); labels: (N,), each the place of a class in class_names. Classes that do not occur are left out. Raises
    `KitError` for fewer than 2 classes, labels without a name, and a class mean without a direction.
    Source: Papyan et al. 2020, NC2; Hamming, Bell Syst. Tech. J. 29 (1950).
    """
    z, labels = latents_and_labels(z, labels)
    book = codebook(z, labels)
    names, (C, P) = _names(book.classes, class_names), book.bits.shape
    cosines, distances = _cosines(z, labels, names), hamming_distances(book.bits)
    side = min(max(0.5 * C, 3.5), 6)
    figure = Figure(figsize=(2 * side + 4, side + 1.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    # brown and purple stay apart for every kind of colour blindness, and white is no angle to either side
    draw_pairs(left, cosines, names, {"cmap": "PuOr", "vmin": -1, "vmax": 1}, "cosine of the centred class means")
    draw_pairs(right, distances, names, {"cmap": "cividis", "vmin": 0, "vmax": P}, f"bits that differ, of {P}")
    left.set_title(f"class means\nin a simplex every pair has -1/(C - 1) = {-1 / (C - 1):.2f}", fontsize=12)
    right.set_title("codes\nHamming distance of the majority bits", fontsize=12)
    figure.set_label(
        f"Two tables of the pairs of {C} classes, {', '.join(names)}. Cosines of the centred class means: "
        f"{_span(cosines, '.2f')}; a simplex has {-1 / (C - 1):.2f} in every pair. Bits in which the codes differ, "
        f"of {P}: {_span(distances, 'd')}."
    )
    return figure


def _names(classes: NDArray[np.integer], class_names: Sequence[str]) -> list[str]:
    if len(classes) < 2:
        raise KitError("there is one class, but angles and distances need two: pass samples of more classes")
    require_named(classes, class_names)
    return [str(class_names[label]) for label in classes]


def _cosines(z: NDArray[np.floating], labels: NDArray[np.integer], names: list[str]) -> NDArray[np.float64]:
    """Cosines between the class means less their own mean, (C, C)."""
    u = mean_directions(z, labels)
    still = [name for name, direction in zip(names, u, strict=True) if not direction.any()]
    if still:
        raise KitError(f"the mean of {', '.join(still)} lies at the mean of all class means and has no direction")
    return np.clip(u @ u.T, -1, 1)


def draw_pairs(axes: Axes, table: NDArray, names: list[str], colours: dict[str, Any], label: str) -> None:
    """One table as a heat map, with its numbers and names as far as there is room for them."""
    image = axes.imshow(table, **colours)
    every = math.ceil(len(names) / MOST_NAMES)
    places, shown = range(0, len(names), every), [plain(name, LONGEST) for name in names[::every]]
    size = 10 if len(names) <= MOST_NUMBERS else 8
    upright = max(map(len, names)) <= (3 if len(names) <= MOST_NUMBERS else 1)
    axes.set_xticks(places, shown, rotation=0 if upright else 90, fontsize=size)
    axes.set_yticks(places, shown, fontsize=size)
    which = "class" if every == 1 else f"class (one in {every} is named)"
    axes.set_xlabel(which)
    axes.set_ylabel(which)
    if len(names) <= MOST_NUMBERS:
        _print_numbers(axes, image.to_rgba(table)[..., :3], table)
    whole = np.issubdtype(table.dtype, np.integer)
    axes.figure.colorbar(image, ax=axes, label=label, shrink=0.8, ticks=MaxNLocator("auto", integer=whole))


def _print_numbers(axes: Axes, ground: NDArray[np.float64], table: NDArray) -> None:
    """Write each number into its cell, dark on light ground and light on dark."""
    light = ground @ (0.2126, 0.7152, 0.0722)
    for (row, column), value in np.ndenumerate(table):
        text = f"{value:d}" if np.issubdtype(table.dtype, np.integer) else f"{value:.2f}".replace("-0.00", "0.00")
        ink = "black" if light[row, column] > 0.5 else "white"
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=9)


def _span(table: NDArray, digits: str) -> str:
    """The smallest and largest number of two different classes, in words."""
    pairs = table[np.triu_indices(len(table), 1)]
    return f"from {pairs.min():{digits}} to {pairs.max():{digits}}"
