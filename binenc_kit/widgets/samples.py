"""The door for what a widget is told: labels with class names, pictures, curves; arrays and tensors of any kind."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError, require_known
from binenc_kit.measures.arrays import require_named


def named_labels(
    labels: ArrayLike | None, count: int, class_names: Sequence[str] | None = None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as places in a tuple of class names, (count,), and the names.

    labels: (count,), whole numbers or texts. class_names: a number is a place in it, a text is one of it. Without it
    the names are the labels themselves, each once, in ascending order. Raises `KitError` for anything else.
    """
    labels = _checked(labels, count)
    if class_names is None:
        found, places = np.unique(labels, return_inverse=True)
        return places.astype(np.int64), tuple(map(str, found))
    names = listed_names("class_names", class_names, "class")
    if labels.dtype.kind == "U":
        return _looked_up(labels, names), names
    require_named(labels, names)
    return labels.astype(np.int64), names


def listed_names(kind: str, names: object, of: str) -> tuple[str, ...]:
    """Names in a list, an array or whatever gives one after the other; `kind` is what the sentence calls them.

    Raises `KitError` for a text, which is no list of letters here, and for what has no order.
    """
    found = names.tolist() if hasattr(names, "tolist") else names
    if isinstance(found, str | bytes | Mapping | set | frozenset) or not isinstance(found, Iterable):
        what = "the text " if isinstance(found, str) else ""
        raise KitError(f"{kind} is {what}{found!r}, but must be a list of names, one a {of}")
    return tuple(map(str, found))


def checked_curves(curves: object, epochs: int) -> dict[str, list[float]]:
    """Curves by name, one number an epoch; a missing value, None, becomes NaN.

    curves: a mapping or a table such as pandas has, of lists, arrays, tensors or columns; None for no curves. Raises
    `KitError` for anything else.
    """
    if curves is None:
        return {}
    if not hasattr(curves, "items"):
        raise KitError(f'curves is of type {type(curves).__name__}, but must be a dictionary such as {{"loss": [...]}}')
    return {str(name): _checked_curve(str(name), values, epochs) for name, values in curves.items()}


def pictures_of(
    pictures: object, count: int, indices: NDArray[np.integer] | None = None, fingerprint: str | None = None
) -> NDArray:
    """One picture for each of `count` samples, in their order.

    pictures: `Data`, of which the train pictures are taken, or an array or tensor whose first axis counts pictures.
    indices: (count,), the samples' places among all pictures, as a recording has them; without it the i-th picture
    is the i-th sample's. fingerprint: of the train pictures the samples come from; `Data` must have the same. Raises
    `KitError` where pictures and samples do not fit.
    """
    train = getattr(pictures, "train", None)
    if isinstance(train, tuple):  # a network has a method of that name
        if fingerprint is not None and getattr(pictures, "fingerprint", fingerprint) != fingerprint:
            raise KitError("the recording was made of other train pictures: pass the data that it was trained on")
        pictures = train[0]
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


def as_array(values: object, name: str, rather: str = "give an array, or lists of one length") -> NDArray:
    """Anything array-like as an array: lists, and tensors of any device and type, with gradients or without.

    name: what the sentence calls it, and rather: what it asks for. Raises `KitError` for lists of different lengths.
    """
    try:
        return np.asarray(_without_tensors(values))
    except ValueError:
        raise KitError(f"the {name} are lists of different lengths: {rather}") from None
    except (TypeError, RuntimeError) as error:  # sparse tensors, and whatever else numpy does not know
        raise KitError(f"the {name} do not become an array ({error}): give numbers in an array") from None


def _without_tensors(values: object) -> object:
    """The same values, tensors as arrays; torch need not be there."""
    if isinstance(values, list | tuple):
        return [_without_tensors(value) for value in values]
    if not hasattr(values, "detach"):
        return values
    values = values.detach().cpu()
    foreign = str(values.dtype).startswith(("torch.bfloat16", "torch.float8"))  # which numpy does not have
    return (values.float() if foreign else values).numpy()


def _checked_curve(name: str, values: object, epochs: int) -> list[float]:
    """One number an epoch, whatever the values are indexed by."""
    array = as_array(values, f"values of the curve {name!r}")
    if array.ndim != 1 or array.dtype.kind not in "fiubO":
        raise KitError(
            f"the curve {name!r} has values of shape {array.shape} and type {array.dtype}: give one number an epoch"
        )
    if len(array) != epochs:
        raise KitError(f"the curve {name!r} has {len(array)} values for {epochs} epochs: give one an epoch")
    try:
        return array.astype(np.float64).tolist()
    except (TypeError, ValueError, OverflowError) as error:
        raise KitError(f"the curve {name!r} holds what is no number ({error}): give one number an epoch") from None


def _checked(labels: ArrayLike | None, count: int) -> NDArray:
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
