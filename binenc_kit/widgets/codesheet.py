"""The code explorer for readers without JavaScript: codes, distances, and pictures that carry a bit."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from binenc_kit.measures.binarity import bit_shares, hamming_distances
from binenc_kit.pairs import LONGEST, MOST_NAMES, draw_pairs
from binenc_kit.palette import shortened
from binenc_kit.portraits import code_text, draw_codebook
from binenc_kit.widgets.atlas import small_pictures
from binenc_kit.widgets.codes import Samples

IN_A_ROW = 20  # pictures
MOST_LISTED = 12  # classes whose codes the alt text lists
MEANING = "Codes are each class's majority bits; ? where fewer than 95 % share it. "


def code_sheet(samples: Samples) -> Figure:
    """The classes' codes, beside them their Hamming distances, and below, if there are pictures, who carries bit 1.

    Of many classes the first 30. The figure's label is the alt text.
    """
    present = np.unique(samples.labels)
    kept = present[:MOST_NAMES]
    of_kept = np.isin(samples.labels, kept)
    shares = bit_shares(samples.bits[of_kept], samples.labels[of_kept])
    names = [_drawable(samples.names[label]) for label in kept]
    (C, P), distances = shares.shape, hamming_distances(shares > 0.5)
    side, strip = min(max(0.42 * C, 3.2), 5), 0 if samples.pictures is None else 1.3
    figure = Figure(figsize=(11, side + 1.2 + strip), layout="constrained")
    panels = figure.subfigures(1 + bool(strip), 1, height_ratios=[side + 1.2, strip][: 1 + bool(strip)], squeeze=False)
    left, right = panels[0, 0].subplots(1, 2)
    draw_codebook(left, shares, names)
    left.set_title(f"codes{f' of {samples.origin}' if samples.origin else ''}", fontsize=12)
    colours = {"cmap": "cividis", "vmin": 0, "vmax": max(distances.max(), 1)}
    draw_pairs(right, distances, names, colours, f"bits that differ, of {P}")
    _outline(right, distances)
    right.set_title("Hamming distances of the majority bits\none-bit pairs outlined", fontsize=12)
    if samples.pictures is not None:
        _draw_carriers(panels[1, 0].subplots(2, 1), samples, samples.pictures)
    if len(present) > C:
        figure.suptitle(f"the first {C} of {len(present):,} classes", fontsize=12)
    figure.set_label(_told(samples, names, shares, distances, len(present)))
    return figure


def _drawable(name: str) -> str:
    """A name on one line, with a box for each character that the font lacks; matplotlib would warn of it."""
    known = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(letter if ord(letter) in known else "□" for letter in " ".join(name.split())) or "(no name)"


def _outline(axes: Axes, distances: NDArray[np.int64]) -> None:
    """A frame around each cell of two classes that differ in one bit only."""
    for row, column in np.argwhere(distances == 1):
        axes.add_patch(Rectangle((column - 0.44, row - 0.44), 0.88, 0.88, fill=False, edgecolor="white", linewidth=1.6))


def _draw_carriers(rows: NDArray[np.object_], samples: Samples, all_pictures: NDArray) -> None:
    """A row of pictures for each value of the first bit, from as many classes as carry it."""
    for value, axes in enumerate(rows):
        carriers = np.flatnonzero(samples.bits[:, 0] == bool(value))
        axes.set_axis_off()
        axes.text(-0.01, 0.5, f"bit 1 = {value}", transform=axes.transAxes, ha="right", va="center", fontsize=11)
        if len(carriers):
            places = carriers[_mixed(samples.labels[carriers])[:IN_A_ROW]]
            pictures = small_pictures(all_pictures[places])
            blank = np.zeros((IN_A_ROW - len(places), *pictures.shape[1:]), np.uint8) + 255
            strip = np.concatenate([_framed(pictures), _framed(blank)]).swapaxes(0, 1)
            axes.imshow(strip.reshape(len(strip), -1, strip.shape[-1]).squeeze(), cmap="gray", vmin=0, vmax=255)


def _framed(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (N, height, width, channels) with a pixel of white to their right."""
    return np.pad(pictures, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=255)


def _mixed(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order that takes one sample of each class in turn."""
    order = np.argsort(labels, kind="stable")
    ranks = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return order[np.argsort(ranks, kind="stable")]


def _told(
    samples: Samples, names: list[str], shares: NDArray[np.float64], distances: NDArray[np.int64], classes: int
) -> str:
    """The alt text."""
    names = [shortened(name, LONGEST) for name in names]
    codes = "; ".join(f"{name}: {code_text(row)}" for name, row in zip(names[:MOST_LISTED], shares, strict=False))
    close = np.argwhere(np.triu(distances == 1))[:MOST_LISTED]
    impure = ["?" in code_text(row) for row in shares]
    pairs = [f"{names[i]} and {names[j]}" for i, j in close]
    unsure = [pair for pair, (i, j) in zip(pairs, close, strict=True) if impure[i] or impure[j]]
    by_majority = f"; by majority: {', '.join(unsure)}" if unsure else ""
    left_out = f" (the first {len(names)} of {classes:,})" if classes > len(names) else ""
    strips = "" if samples.pictures is None else " Below, pictures whose bit 1 is 0, and pictures whose bit 1 is 1."
    return (
        f"Two tables of {classes:,} classes{left_out}. Their codes of {shares.shape[1]} bits, "
        f"{'the first being ' if len(names) > MOST_LISTED else ''}{codes}. "
        f"{MEANING if any(impure) else ''}In how many bits each two codes differ; "
        f"{'in one bit only: ' + ', '.join(pairs) if pairs else 'no two differ in one bit only'}{by_majority}.{strips}"
    )
