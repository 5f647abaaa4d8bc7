"""The door every measure shares: arrays that are latents with labels, or one clear sentence."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError


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
