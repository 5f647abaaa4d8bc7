"""The door for pictures with labels: arrays that can be used, or one sentence; and stratified subsets of them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError, require_known

Split = tuple[NDArray[np.uint8], NDArray[np.int64]]
SPLITS = ("train", "val", "test")


def check_splits(splits: Mapping[str, tuple[ArrayLike, ArrayLike]], classes: int) -> dict[str, Split]:
    """Check names, sizes and labels of all splits; returns them as arrays, labels as int64. Raises `KitError`."""
    if classes < 2:
        raise KitError(f"there are {classes} class names, but a classifier needs at least two classes")
    for split in splits:
        require_known("split", split, SPLITS)
    if "train" not in splits:
        raise KitError(f"there is no train split, only {', '.join(splits) or 'nothing'}: give at least 'train'")
    checked = {split: _check(split, *pair, classes=classes) for split, pair in splits.items()}
    shapes = {split: images.shape[1:] for split, (images, _) in checked.items()}
    other = next((split for split, shape in shapes.items() if shape != shapes["train"]), None)
    if other:
        raise KitError(f"{other} images are {shapes[other]}, train images {shapes['train']}: bring all to one size")
    return checked


def subset(labels: NDArray[np.integer], size: int, seed: int) -> NDArray[np.int64]:
    """Indices of a stratified subset of `size` samples, drawn with `seed`, ascending; all where there are no more.

    Each class gets its share rounded down; what is left goes to the largest remainders.
    """
    if size >= len(labels):
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    quota, remainder = np.divmod(counts * size, len(labels))
    quota[np.argsort(-remainder, kind="stable")[: size - quota.sum()]] += 1
    drawn = [
        rng.permutation(np.flatnonzero(labels == label))[:many] for label, many in zip(classes, quota, strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def _check(split: str, images: ArrayLike, labels: ArrayLike, classes: int) -> Split:
    """Refuse arrays that cannot be pictures with labels."""
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise KitError(
            f"the {split} images are {images.dtype} of shape {images.shape}, but must be uint8 of shape "
            "(N, height, width) or (N, height, width, channels)"
        )
    if labels.shape != images.shape[:1] or not len(labels):
        raise KitError(f"{split} has {len(images)} images and labels of shape {labels.shape}: give one label an image")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= classes:
        found = f"{labels.dtype}" + (f" from {labels.min()} to {labels.max()}" if labels.dtype.kind in "iuf" else "")
        raise KitError(
            f"the {split} labels are {found}, but with {classes} class names must be whole numbers from 0 to "
            f"{classes - 1}"
        )
    return images, labels.astype(np.int64)
