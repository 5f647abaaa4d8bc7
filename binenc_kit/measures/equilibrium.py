"""Do the push and the pull balance in every sample?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import latents_and_labels, rows


class Balance(NamedTuple):
    """The push over the pull of the samples, as two vectors each.

    ratio, ratio_spread: mean and standard deviation of the push's length over the pull's, 1 and 0 in balance; slope: of
    the straight line through the origin that fits the pushes to the pulls best, 1 in balance, and less moved by single
    samples than the mean; cosine: mean cosine of the angle between the push and z, 1 in balance; radius: mean of
    ||z||; radius_variation: standard deviation of ||z|| over its mean within the classes, averaged, 0 where each class
    lies on a sphere.
    """

    ratio: float
    ratio_spread: float
    slope: float
    cosine: float
    radius: float
    radius_variation: float


def balance(z: ArrayLike, logits: ArrayLike, labels: ArrayLike, weight: ArrayLike, gamma: float) -> Balance:
    """Whether ||W_y - sum_i p_i W_i|| = 2 gamma ||z|| / P, sample by sample, p the softmax of the logits.

    It is where the gradient of cross-entropy + gamma * mean(z^2) with respect to one sample's z is zero; the paper's
    gamma is ours over P, as its penalty sums over the dimensions. NaN where a push or a latent is zero.
    z: (N, P), logits: (N, C), labels: (N,), weight: (C, P) of the classifier; gamma: above 0, at the end of training.
    Raises `KitError` for arrays that do not fit and for gamma 0. Source: Latent Point Collapse, sphere of radius Delta.
    """
    z, labels = latents_and_labels(z, labels)
    weight, logits = rows(weight, "rows of the classifier").astype(np.float64), rows(logits, "logits")
    if weight.shape != (logits.shape[1], z.shape[1]) or len(logits) != len(z):
        raise KitError(
            f"latents {z.shape}, logits {logits.shape} and a weight {weight.shape} do not fit: they must be (N, P), "
            "(N, C) and (C, P)"
        )
    if not 0 < gamma < np.inf:
        raise KitError(f"gamma is {gamma!r}, but without a pull there is no balance: give a finite number above 0")
    z = z.astype(np.float64)
    push = weight[labels] - softmax(logits.astype(np.float64), axis=1) @ weight
    pull = 2 * gamma / z.shape[1] * z
    lengths = np.linalg.norm(push, axis=1), np.linalg.norm(pull, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = lengths[0] / lengths[1]
        cosine = np.einsum("ij,ij->i", push / lengths[0][:, None], pull / lengths[1][:, None])
        slope = np.vdot(push, pull) / np.vdot(pull, pull)
        radius = np.linalg.norm(z, axis=1)
        of_class = [radius[labels == label] for label in np.unique(labels)]
        variation = np.mean([own.std() / own.mean() for own in of_class])
    found = ratio.mean(), ratio.std(), slope, cosine.mean(), radius.mean(), variation
    return Balance(*map(float, found))
