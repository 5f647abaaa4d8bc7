"""The door for what a widget is told of its samples: labels with class names, and pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError, require_known


def named_labels(
    labels: ArrayLike, count: int, class_names: Sequence[str] | None = None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as places in a tuple of class names, (count,), and the names.

    labels: (count,), whole numbers or texts. class_names: a number is a place in it, a text is one of it. Without it
    the names are the labels themselves, each once, in ascending order. Raises `KitError` for anything else.
    """
    labels = _checked(labels, count)
    if class_names is None:
        found, places = np.unique(labels, return_inverse=True)
        return places.astype(np.int64), tuple(map(str, found))
    if isinstance(class_names, str):
        raise KitError(f"class_names is the text {class_names!r}, but must be a list of names, one a class")
    names = tuple(map(str, class_names))
    if labels.dtype.kind == "U":
        return _looked_up(labels, names), names
    if labels.min() < 0 or labels.max() >= len(names):
        raise KitError(
            f"the labels go from {labels.min()} to {labels.max()}, but there are {len(names)} class names: "
            "a label must be the place of its name"
        )
    return labels.astype(np.int64), names


def pictures_of(
    pictures: object, count: int, indices: NDArray[np.integer] | None = None, fingerprint: str | None = None
) -> NDArray | None:
    """One picture for each of `count` samples, in their order, or None where `pictures` is None.

    pictures: `Data`, of which the train pictures are taken, or an array or tensor whose first axis counts pictures.
    indices: (count,), the samples' places among all pictures, as a recording has them; without it the i-th picture
    is the i-th sample's. fingerprint: of the train pictures the samples come from; `Data` must have the same. Raises
    `KitError` where pictures and samples do not fit.
    """
    if pictures is None:
        return None
    if hasattr(pictures, "train"):
        if fingerprint is not None and getattr(pictures, "fingerprint", fingerprint) != fingerprint:
            raise KitError("the recording was made of other train pictures: pass the data that it was trained on")
        pictures = pictures.train[0]
    array = as_array(pictures, "pictures")
    there = len(array) if array.ndim else 0
    if indices is None and there != count:
        raise KitError(f"there are {there:,} pictures for {count:,} samples: give one a sample, in the same order")
    if indices is not None and indices.max(initial=-1) >= there:
        raise KitError(
            f"there are {there:,} pictures, but the samples' places go up to {indices.max():,}: "
            "pass all train pictures, or the data itself"
        )
    return array if indices is None else array[indices]


def as_array(values: object, name: str) -> NDArray:
    """Anything array-like, a tensor on whatever device included, as an array; `name` is what the sentence calls it.

    Raises `KitError` for lists of different lengths.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    try:
        return np.asarray(values)
    except ValueError:
        raise KitError(f"the {name} are lists of different lengths: give an array, or lists of one length") from None


def _checked(labels: ArrayLike, count: int) -> NDArray:
    """Labels as an array (count,) of whole numbers or of texts."""
    if labels is None:
        raise KitError(f"there are no labels: give one for each of the {count:,} samples")
    labels = as_array(labels, "labels")
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels.flat):
        labels = labels.astype(str)  # as pandas gives them
    if labels.shape != (count,):
        raise KitError(f"labels of shape {labels.shape} do not fit: give one for each of the {count:,} samples")
    if not count:
        raise KitError("there are no samples: give at least one")
    if labels.dtype.kind not in "iubUT":
        raise KitError(f"the labels are {labels.dtype}, but must be whole numbers or texts")
    return labels.astype(str) if labels.dtype.kind == "T" else labels


def _looked_up(labels: NDArray[np.str_], names: tuple[str, ...]) -> NDArray[np.int64]:
    """The place of each label, a text, among the names."""
    found, places = np.unique(labels, return_inverse=True)
    for label in found:
        require_known("class", str(label), names)
    return np.array([names.index(str(label)) for label in found])[places]
