"""What the code explorer sends to the browser: the codes of classes and samples, packed, and which classes are near."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import require_count, rows
from binenc_kit.measures.binarity import codebook, hamming_distances, to_bits
from binenc_kit.palette import class_styles
from binenc_kit.recording import Recording
from binenc_kit.splits import subset
from binenc_kit.widgets.atlas import picture_sheet
from binenc_kit.widgets.frames import first_bad
from binenc_kit.widgets.samples import as_array, named_labels, pictures_of

MOST_CLASSES = 2000  # more are hardly classes, and their pairs would fill the memory
MOST_SAMPLES = 20_000  # that are sent: their pictures are one image, and browsers limit its size
MOST_PAIRS = 30  # pairs and groups of classes that are listed


class Samples(NamedTuple):
    """Checked: bits (N, P), labels (N,) as places in names, pictures (N, ...) or None, and whose samples they are."""

    bits: NDArray[np.bool_]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    pictures: NDArray | None
    origin: str


def from_recording(run: Recording, pictures: object, epoch: int | None) -> Samples:
    """The probe after an epoch, counted from 1, the last complete one where it is None; raises `KitError`."""
    epochs = run.epochs
    if not epochs:
        raise KitError(f"{run.folder} has no complete epoch yet: train it for one at least")
    epoch = epochs if epoch is None else epoch
    if not isinstance(epoch, int | np.integer) or not 1 <= epoch <= epochs:
        raise KitError(f"epoch is {epoch!r}, but {run.folder} has the epochs 1 to {epochs}")
    labels, names = named_labels(run.labels, len(run.labels), run.class_names)
    fingerprint = run.about.get("fingerprint")
    there = None if pictures is None else pictures_of(pictures, len(labels), run.indices, fingerprint)
    bits = to_bits(_frame(run, int(epoch)))
    return _limited(Samples(bits, labels, names, there, f"{run.config.label}, epoch {epoch}"))


def _frame(run: Recording, epoch: int) -> NDArray[np.floating]:
    """The latents after an epoch; where they are not finite the sentence names the last epoch whose are."""
    latents = run.latents[:epoch]
    good = next((after for after in range(epoch, 0, -1) if first_bad(latents[after - 1 : after]) is None), 0)
    if good < epoch:
        rest = f"pass epoch={good}, the last good one before it" if good else "train with a smaller learning rate"
        raise KitError(f"the latents of {run.folder} are NaN or infinite at epoch {epoch}: {rest}")
    return rows(latents[-1])


def from_arrays(
    latents: ArrayLike, labels: ArrayLike | None, class_names: Sequence[str] | None, pictures: object
) -> Samples:
    """Latents (N, P) with labels (N,), whole numbers or texts; raises `KitError`."""
    latents = as_array(latents, "latents")
    if latents.dtype.kind not in "fiub":
        raise KitError(f"the latents are {latents.dtype}, but must be numbers: (N, P), or a recording")
    bits = to_bits(rows(latents))
    labels, names = named_labels(labels, len(bits), class_names)
    there = None if pictures is None else pictures_of(pictures, len(bits))
    return _limited(Samples(bits, labels, names, there, ""))


def to_content(samples: Samples, points: int) -> dict[str, Any]:
    """Everything that the browser draws; the classes' codes are those of all samples.

    points: how many samples at most, up to MOST_SAMPLES, a stratified subset in order of class; at least 1, else
    `KitError`. Classes are numbered as they are present, in the order of their names.
    """
    require_count("points", points)
    book = codebook(samples.bits, samples.labels)
    styles = class_styles(len(samples.names))
    chosen = subset(samples.labels, min(points, MOST_SAMPLES), seed=0)
    chosen = chosen[np.argsort(samples.labels[chosen], kind="stable")]
    found = np.searchsorted(book.classes, samples.labels[chosen])
    return {
        "origin": samples.origin,
        "P": samples.bits.shape[1],
        "total": len(samples.bits),
        "names": [samples.names[label] for label in book.classes],
        "styles": [list(styles[label]) for label in book.classes],
        "codes": packed(book.bits),
        "percent": np.floor(100 * book.purity + 1e-9).astype(np.uint8).tobytes(),  # 94.9 % is no 95 %
        "shown": np.bincount(found, minlength=len(book.classes)).tolist(),
        "samples": packed(samples.bits[chosen]),
        "numbers": chosen.astype("<u4").tobytes(),
        "sheet": None if samples.pictures is None else picture_sheet(samples.pictures[chosen]),
    } | near(book.bits)


def packed(bits: NDArray[np.bool_]) -> bytes:
    """Codes (K, P) in rows of whole bytes, the first bit of a code the highest of its first byte."""
    return np.packbits(bits, axis=1).tobytes()


def near(codes: NDArray[np.bool_]) -> dict[str, Any]:
    """Which of the codes (K, P) are alike, counted from 0, and each list cut at MOST_PAIRS.

    pairs: [one, other, bit] of each two that differ in one bit only, and pair_count of them. shared: groups that share
    the whole code, and shared_count of them. nearest: [distance, one, other], or None for a single code.
    """
    one, other = np.triu_indices(len(codes), 1)
    distances = hamming_distances(codes)[one, other]
    close = np.flatnonzero(distances == 1)
    listed = [(one[i], other[i], (codes[one[i]] != codes[other[i]]).argmax()) for i in close[:MOST_PAIRS]]
    groups = _groups(codes)
    least = distances.argmin() if len(distances) else None
    return {
        "pairs": [list(map(int, pair)) for pair in listed],
        "pair_count": len(close),
        "shared": groups[:MOST_PAIRS],
        "shared_count": len(groups),
        "nearest": None if least is None else [int(array[least]) for array in (distances, one, other)],
    }


def _groups(codes: NDArray[np.bool_]) -> list[list[int]]:
    """The rows of codes that are the same, in groups of two or more."""
    _, which = np.unique(codes, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(which.ravel()[order])) + 1)
    return sorted(group.tolist() for group in groups if len(group) > 1)


def _limited(samples: Samples) -> Samples:
    classes = len(np.unique(samples.labels))
    if classes > MOST_CLASSES:
        raise KitError(
            f"there are {classes:,} classes, but the explorer shows up to {MOST_CLASSES:,}: are these labels?"
        )
    return samples
