"""The door every measure shares: arrays that are latents with labels, or one clear sentence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError

MODES = ("strict", "paper")  # right, and as the authors' published code computes it


def latents_and_labels(z: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
    """Check z (N, P), finite, and labels (N,), whole numbers; raises `KitError`."""
    z, labels = np.asarray(z), np.asarray(labels)
    if z.ndim != 2 or not z.size or labels.shape != z.shape[:1]:
        raise KitError(
            f"latents of shape {z.shape} and labels of shape {labels.shape} do not fit: they must be (N, P) and (N,)"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise KitError(f"the labels are {labels.dtype}, but must be whole numbers")
    if not np.isfinite(z).all():
        raise KitError("the latents hold NaN or infinity: the run broke down, look at its last epochs")
    return z, labels


def rows(values: ArrayLike, name: str = "latents") -> NDArray[np.floating]:
    """Check a table (N, P) of finite numbers without labels, named `name` in the sentence; raises `KitError`."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.size:
        raise KitError(f"{name} of shape {values.shape} do not fit: they must be (N, P), with N and P at least 1")
    if not np.isfinite(values).all():
        raise KitError(f"the {name} hold NaN or infinity: the run broke down, look at its last epochs")
    return values


def predictions(predicted: ArrayLike, z: NDArray[np.floating]) -> NDArray[np.integer]:
    """Check predicted classes (N,), whole numbers, one for each row of z; raises `KitError`."""
    predicted = np.asarray(predicted)
    if predicted.shape != z.shape[:1] or not np.issubdtype(predicted.dtype, np.integer):
        raise KitError(
            f"predictions of shape {predicted.shape} and type {predicted.dtype} do not fit: "
            f"they must be whole numbers, one for each of the {len(z)} samples"
        )
    return predicted


def require_count(name: str, value: int, least: int = 1) -> None:
    """Raise `KitError` unless `value` is a whole number of at least `least`."""
    if not isinstance(value, int | np.integer) or value < least:
        raise KitError(f"{name} is {value!r}, but must be a whole number of at least {least}")


def require_named(labels: NDArray[np.integer], class_names: Sequence[str]) -> None:
    """Raise `KitError` unless each label is the place of a class name."""
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise KitError(
            f"the labels go from {labels.min()} to {labels.max()}, but there are {len(class_names)} class names: "
            "a label must be the place of its name"
        )


def directions(z: NDArray[np.floating]) -> NDArray[np.float64]:
    """Each row of z (N, P) over its length, in float64; a row of zeros stays as it is."""
    peaks = np.abs(z).max(axis=1, keepdims=True).astype(np.float64)
    z = z / np.where(peaks > 0, peaks, 1)  # first, so that squares of tiny or huge latents neither vanish nor overflow
    lengths = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.where(lengths > 0, lengths, 1)


def standardise(z: NDArray[np.floating], reference: NDArray[np.floating]) -> NDArray[np.float64]:
    """z (N, P) in float64, less the mean and over the standard deviation of the rows of reference (M, P).

    A column that is constant in the reference is only shifted, by exactly its value: it becomes 0 there.
    """
    reference = reference.astype(np.float64)
    constant = reference.min(axis=0) == reference.max(axis=0)
    mean = np.where(constant, reference[0], reference.mean(axis=0))
    reference -= mean
    peak = np.where(constant, 1.0, np.abs(reference).max(axis=0))  # squares of tiny latents would vanish without it
    reference /= peak
    scale = np.where(constant, 1.0, peak * np.sqrt(np.einsum("ij,ij->j", reference, reference) / len(reference)))
    return (z - mean) / scale
