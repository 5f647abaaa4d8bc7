"""How often is the network right?"""

import numpy as np
from numpy.typing import ArrayLike

from binenc_kit.errors import KitError


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Share of right predictions, from 0 to 1; predicted, labels: (N,). Raises `KitError` for unequal shapes."""
    predicted, labels = np.asarray(predicted), np.asarray(labels)
    if predicted.shape != labels.shape or not labels.size:
        raise KitError(f"predictions of shape {predicted.shape} and labels of shape {labels.shape} do not fit")
    return float((predicted == labels).mean())
