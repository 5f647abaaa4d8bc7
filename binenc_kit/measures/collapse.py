"""How far have the classes shrunk to points, and do the points form a regular simplex?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist, pdist

from binenc_kit.errors import KitError, require_known
from binenc_kit.measures.arrays import MODES, latents_and_labels, rows
from binenc_kit.measures.simplex import shape_of_means

ROUNDING = 1e-13  # of the largest latent: what sums in float64 get wrong, so means nearer than this coincide
RANK_CUTOFF = 1e-12  # of Sigma_B's largest eigenvalue, 1e-6 in z: above the 6e-8 to which float32 latents are rounded


class Collapse(NamedTuple):
    """Neural collapse in numbers without units, but for sigma_w, in units of z squared; all reach 0 but etf_floor.

    sigma_w, sigma_w_relative, nc1, cdnv: spread within the classes, absolute, over Tr Sigma_B, against Sigma_B in the
    directions of the means, and over the squared distance of the means. nc2_equinorm, nc2_equiangular, nc2_max_angle,
    etf_error: how unequal the lengths and angles of the centred means are, and how far from a simplex; etf_floor: the
    least etf_error that P dimensions allow. nc3, nc4: how far the classifier is from the class means and their borders.
    """

    sigma_w: float
    sigma_w_relative: float
    nc1: float
    cdnv: float
    nc2_equinorm: float
    nc2_equiangular: float
    nc2_max_angle: float
    etf_error: float
    etf_floor: float
    nc3: float
    nc4: float


class _Parts(NamedTuple):
    """Latents taken apart, all over 2**exponent so that squares neither overflow nor vanish."""

    exponent: int
    classes: NDArray[np.integer]  # (C,), ascending
    own: NDArray[np.integer]  # (N,), each sample's place in classes
    deviations: NDArray[np.float64]  # (N, P), z - mu_c
    variances: NDArray[np.float64]  # (C,), mean squared distance to the class mean
    means: NDArray[np.float64]  # (C, P), mu_c - mu_G
    shares: NDArray[np.float64]  # (N,), each sample's share in Sigma_W
    rounding: float


def collapse(
    z: ArrayLike,
    labels: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    mode: str = "strict",
) -> Collapse:
    """All measures of neural collapse, in float64, over the classes present.

    z: (N, P); labels: (N,), the true ones; weight: (rows, P) and bias: (rows,) of the classifier, row = label; nc3 and
    nc4 are NaN without a weight, a missing bias is zero. Sigma_W = (1/N) sum_i (z_i - mu_c)(z_i - mu_c)^T, sigma_w its
    trace / P; Sigma_B = mean_c (mu_c - mu_G)(mu_c - mu_G)^T, mu_G the mean of the class means, so that unequal class
    sizes leave a perfect simplex perfect; sigma_w_relative = Tr Sigma_W / Tr Sigma_B; M: the centred means.
    With one class all but sigma_w and nc4 are NaN. Means that coincide make cdnv infinite (NaN if both classes are
    points); if all do, so are nc1 and sigma_w_relative, and NaN what compares M with a shape. A mean at mu_G has no
    angles: NaN. nc1 sees only the directions in which the means differ. Ties go to the lowest label.
    For P < C - 1 nc2 and etf_error cannot all reach 0: see `shape_of_means` for etf_floor.

    mode "paper": as in the authors' code. Pass the predicted labels; mu_G is the mean of all samples; Sigma_W the mean
    over classes, whatever their sizes, of covariances over n - 1 (NaN if a class has one sample); and sigma_w the mean
    of all P * P entries of Sigma_W, where covariances can cancel, instead of trace / P.
    Raises `KitError` for arrays that do not fit. Source: Papyan et al. 2020 (nc1 to nc4), Galanti et al. 2021 (cdnv),
    BinEnc-v3, eq. 14 (sigma_w).
    """
    require_known("mode", mode, MODES)
    parts = _take_apart(z, labels, mode)
    sums = parts.deviations.sum(axis=1)
    entries = float(parts.shares @ (sums * sums)) / parts.means.shape[1] ** 2
    trace = _traces(parts)[0] / parts.means.shape[1]
    return Collapse(
        _in_units(entries if mode == "paper" else trace, parts),
        _relative(parts),
        _nc1(parts),
        _cdnv(parts),
        *shape_of_means(parts.means),
        *_duality(np.asarray(z), parts, weight, bias),
    )


def _take_apart(z: ArrayLike, labels: ArrayLike, mode: str) -> _Parts:
    z, labels = latents_and_labels(z, labels)
    z = z.astype(np.float64)
    exponent = int(np.frexp(np.abs(z).max())[1])
    z = np.ldexp(z, -exponent)  # a power of two: nothing is rounded
    classes, first, own, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    members = csr_array((np.ones(len(z)), own, np.arange(len(z) + 1))).T
    deviations = z - z[first][own]  # from a sample of the class: exactly 0 where the class is one point
    offsets = members @ deviations / counts[:, None]
    deviations -= offsets[own]
    means = z[first] - z[0] + offsets
    rounding = ROUNDING * max(np.abs(deviations).max(), np.abs(means).max())
    means -= means.mean(axis=0) if mode == "strict" else counts @ means / len(z)
    means[np.linalg.norm(means, axis=1) <= rounding] = 0
    variances = members @ _squares(deviations) / counts
    if mode == "strict":
        shares = np.full(len(z), 1 / len(z))
    else:
        shares = 1 / (len(classes) * np.where(counts > 1, counts - 1, np.nan))[own]
    return _Parts(exponent, classes, own, deviations, variances, means, shares, rounding)


def _traces(parts: _Parts) -> tuple[float, float]:
    return float(parts.shares @ _squares(parts.deviations)), float(_squares(parts.means).mean())


def _relative(parts: _Parts) -> float:
    within, between = _traces(parts)
    if between > 0:
        return within / between
    return float("inf") if within > 0 and len(parts.classes) > 1 else float("nan")


def _nc1(parts: _Parts) -> float:
    """Tr(Sigma_W pinv(Sigma_B)) / C, from the singular values of M: no P x P matrix, no squared condition."""
    _, lengths, directions = np.linalg.svd(parts.means, full_matrices=False)
    kept = lengths**2 > RANK_CUTOFF * lengths[0] ** 2
    if not kept.any():
        return _relative(parts)
    return float(parts.shares @ _squares(parts.deviations @ (directions[kept].T / lengths[kept])))


def _cdnv(parts: _Parts) -> float:
    if len(parts.classes) == 1:
        return float("nan")
    one, other = np.triu_indices(len(parts.classes), 1)  # the order of pdist
    distances = pdist(parts.means)
    distances[distances <= parts.rounding] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(((parts.variances[one] + parts.variances[other]) / (2 * distances**2)).mean())


def _duality(
    z: NDArray[np.floating], parts: _Parts, weight: ArrayLike | None, bias: ArrayLike | None
) -> tuple[float, float]:
    """nc3 and nc4."""
    if weight is None and bias is None:
        return float("nan"), float("nan")
    weight, bias = _classifier(weight, bias, parts)
    own = weight[parts.classes]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        difference = own / np.linalg.norm(own) - parts.means / np.linalg.norm(parts.means)
        predicted = (z.astype(np.float64) @ weight.T + bias).argmax(axis=1)
    centred = parts.deviations + parts.means[parts.own]
    nearest = cdist(centred, parts.means, "sqeuclidean").argmin(axis=1)  # differences first: near means stay apart
    return float(_squares(difference).sum()), float((predicted != parts.classes[nearest]).mean())


def _classifier(
    weight: ArrayLike | None, bias: ArrayLike | None, parts: _Parts
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if weight is None:
        raise KitError("there is a bias but no weight: pass both, or neither")
    weight = rows(weight, "rows of the classifier").astype(np.float64)
    bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, dtype=np.float64)
    P, low, high = parts.means.shape[1], parts.classes[0], parts.classes[-1]
    if weight.shape[1] != P or bias.shape != weight.shape[:1] or not np.isfinite(bias).all():
        raise KitError(
            f"a weight of shape {weight.shape} and a bias of shape {bias.shape} do not fit latents of {P} dimensions: "
            "they must be (rows, P) and (rows,), and finite"
        )
    if low < 0 or high >= len(weight):
        raise KitError(f"the labels go from {low} to {high}, but the classifier has rows 0 to {len(weight) - 1}")
    return weight, bias


def _squares(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.einsum("ij,ij->i", x, x)


def _in_units(square: float, parts: _Parts) -> float:
    with np.errstate(over="ignore"):
        return float(np.ldexp(square, 2 * parts.exponent))
