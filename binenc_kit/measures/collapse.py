"""How far have the classes shrunk to points?"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.measures.arrays import latents_and_labels


def traces(z: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """Traces of the within-class and the between-class covariance, Tr Sigma_W and Tr Sigma_B, in float64.

    Sigma_W = (1/N) sum_i (z_i - mu_c)(z_i - mu_c)^T; Sigma_B = mean_c (mu_c - mu_G)(mu_c - mu_G)^T over the classes
    present, mu_G the mean of all samples. z: (N, P), labels: (N,). Source: BinEnc-v3, eq. 14; Papyan et al. 2020.
    """
    z, labels = latents_and_labels(z, labels)
    z = z.astype(np.float64)
    classes, own = np.unique(labels, return_inverse=True)
    means = np.stack([z[own == index].mean(axis=0) for index in range(len(classes))])
    within = _sum_of_squares(z - means[own]) / len(z)
    return within, _sum_of_squares(means - z.mean(axis=0)) / len(classes)


def sigma_w(z: ArrayLike, labels: ArrayLike) -> float:
    """Within-class variance a dimension, Tr Sigma_W / P, in units of z squared; it vanishes when z does.

    z: (N, P), labels: (N,). Source: BinEnc-v3, eq. 14 and Fig. 4; see also `sigma_w_relative`.
    """
    return traces(z, labels)[0] / np.asarray(z).shape[1]


def sigma_w_relative(z: ArrayLike, labels: ArrayLike) -> float:
    """Tr Sigma_W / Tr Sigma_B, free of the scale of z: 0 is full collapse, infinity when all class means coincide.

    NaN when all latents are equal: there is nothing to compare. z: (N, P), labels: (N,).
    """
    within, between = traces(z, labels)
    if between > 0:
        return within / between
    return float("inf") if within > 0 else float("nan")


def _sum_of_squares(x: NDArray[np.float64]) -> float:
    return float(np.einsum("ij,ij->", x, x))
