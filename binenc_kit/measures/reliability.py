"""Does the network know when it is wrong? Scores of low confidence, and how well they find the wrong predictions."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from binenc_kit.errors import KitError, require_known
from binenc_kit.measures.arrays import (
    MODES,
    directions,
    latents_and_labels,
    predictions,
    require_count,
    rows,
    standardise,
)

PAPER_VARIANCE = 1e-6  # the reg_covar of scikit-learn's GaussianMixture
# Latents come in float32, whose steps are 2^-23 of the value. Standardised latents are of order 1, so no variance
# below the square of that step, 1.4e-14, can be told from rounding.
FLOAT32_VARIANCE = 2.0**-46


class MahalanobisAuroc(NamedTuple):
    """The AUROC, and the smallest rank of a class's covariance: below P, some directions hold no spread.

    The rank, before any shrinkage, counts the variances above `FLOAT32_VARIANCE` and above P times float64's precision
    of the largest one; 0 when no class has a Gaussian.
    """

    auroc: float
    rank: int


def auroc(uncertainty: ArrayLike, wrong: ArrayLike, mode: str = "strict") -> float:
    """Chance that a wrong prediction is more uncertain than a right one; 0.5 is guessing, 1 perfect separation.

    strict: by ranks, every sample, ties count half. paper: the authors' sum over 101 quantiles of the wrong ones,
    step 0.01, where perfect separation gives 1.01. NaN when all predictions are right, or all wrong.
    uncertainty: (N,), infinity allowed in strict only, wrong: (N,) of True and False.
    Raises `KitError` for NaN and unequal shapes. Source: BinEnc-v3, Table 2; Hanley and McNeil 1982.
    """
    require_known("mode", mode, MODES)
    uncertainty, wrong = np.asarray(uncertainty, dtype=np.float64), np.asarray(wrong)
    if uncertainty.ndim != 1 or uncertainty.shape != wrong.shape or wrong.dtype != bool:
        raise KitError(
            f"uncertainties of shape {uncertainty.shape} and marks of wrong predictions of shape {wrong.shape}, "
            f"{wrong.dtype}, do not fit: both must be (N,), the marks True or False"
        )
    if np.isnan(uncertainty).any() or (mode == "paper" and np.isinf(uncertainty).any()):
        raise KitError("the uncertainties hold NaN, or infinity in the mode paper, which interpolates between them")
    unsure, sure = uncertainty[wrong], uncertainty[~wrong]
    if not len(unsure) or not len(sure):
        return float("nan")
    if mode == "paper":
        quantiles = np.quantile(unsure, np.arange(101) * 0.01)
        return float((0.01 * np.searchsorted(np.sort(sure), quantiles) / len(sure)).sum())
    from scipy.stats import rankdata  # slow to import, as scikit-learn is below: a kept table opens without either

    beaten = rankdata(uncertainty)[wrong].sum() - len(unsure) * (len(unsure) + 1) / 2
    return float(beaten / (len(unsure) * len(sure)))


def mahalanobis_distances(
    train_z: ArrayLike,
    train_labels: ArrayLike,
    train_predicted: ArrayLike,
    test_z: ArrayLike,
    test_predicted: ArrayLike,
    mode: str = "strict",
) -> tuple[NDArray[np.float64], int]:
    """Distance (N_test,) to the Gaussian of the predicted class, and the smallest rank of a class's covariance.

    The Gaussians are those of the right train samples; all latents are standardised by the train set, in float64.
    strict: Ledoit-Wolf shrinkage, which scales with the class, plus `FLOAT32_VARIANCE`; infinity for a class with
    fewer than 2 right train samples. paper: the plain covariance plus 1e-6, which outweighs a collapsed class; NaN for
    a class with fewer than 3. train_z: (N, P), test_z: (N_test, P), labels and predictions: (N,) and (N_test,).
    Raises `KitError` for arrays that do not fit. Source: BinEnc-v3, eq. 16; Lee et al. 2018; Ledoit and Wolf 2004.
    """
    require_known("mode", mode, MODES)
    train_z, train_labels = latents_and_labels(train_z, train_labels)
    right = predictions(train_predicted, train_z) == train_labels
    train_z, test_z = _same_dimensions(train_z, test_z)
    predicted = predictions(test_predicted, test_z)
    train, test = standardise(train_z, train_z), standardise(test_z, train_z)
    least, without = (3, np.nan) if mode == "paper" else (2, np.inf)
    distances, ranks = np.full(len(test), without), []
    for label in np.unique(train_labels[right]):
        own = train[right & (train_labels == label)]
        if len(own) >= least:
            distances[predicted == label], rank = _to_gaussian(own, test[predicted == label], mode)
            ranks.append(rank)
    return distances, min(ranks, default=0)


def mahalanobis_auroc(
    train_z: ArrayLike,
    train_labels: ArrayLike,
    train_predicted: ArrayLike,
    test_z: ArrayLike,
    test_labels: ArrayLike,
    test_predicted: ArrayLike,
    mode: str = "strict",
) -> MahalanobisAuroc:
    """How well the Mahalanobis distance to the predicted class finds the wrong test predictions; see `auroc`.

    paper leaves out, as the authors do, groups of fewer than 3: the right or the wrong test predictions of one class.
    Shapes, modes and errors as in `mahalanobis_distances`; test_labels: (N_test,). Source: BinEnc-v3, Table 2, eq. 16.
    """
    test_z, test_labels = latents_and_labels(test_z, test_labels)
    distances, rank = mahalanobis_distances(train_z, train_labels, train_predicted, test_z, test_predicted, mode)
    classes, own = np.unique(np.asarray(test_predicted), return_inverse=True)
    wrong = classes[own] != test_labels
    kept = np.full(len(wrong), True)
    if mode == "paper":
        group = 2 * own + wrong
        kept = (np.bincount(group)[group] > 2) & ~np.isnan(distances)
    return MahalanobisAuroc(auroc(distances[kept], wrong[kept], mode), rank)


def softmax_uncertainty(logits: ArrayLike) -> NDArray[np.float64]:
    """-log of the largest softmax probability, in nats, (N,): it ranks as 1 - max softmax does, but never rounds to 0.

    Differences survive down to about 1e-300. logits: (N, C), finite. Raises `KitError` otherwise.
    Source: Hendrycks and Gimpel 2017.
    """
    logits = rows(logits, "logits").astype(np.float64)
    top = logits.argmax(axis=1)[:, None]
    behind = logits - np.take_along_axis(logits, top, axis=1)
    np.put_along_axis(behind, top, -np.inf, axis=1)  # without the winner's own 1, log1p keeps the tiny rest
    return np.log1p(np.exp(behind).sum(axis=1))


def energy(logits: ArrayLike) -> NDArray[np.float64]:
    """Free energy -log sum exp of the logits, (N,), at temperature 1; higher is less sure. logits: (N, C), finite.

    Raises `KitError` otherwise. Source: Liu et al. 2020, section 3.
    """
    return -logsumexp(rows(logits, "logits").astype(np.float64), axis=1)


def knn_distance(train_z: ArrayLike, test_z: ArrayLike, k: int = 10) -> NDArray[np.float64]:
    """Distance (N_test,) to the k-th nearest train latent, all latents scaled to length 1; from 0 to 2.

    Zero latents stay zero. train_z: (N, P), test_z: (N_test, P), k from 1 to N. Raises `KitError` otherwise.
    Source: Sun et al. 2022, section 3.
    """
    train, test = map(directions, _same_dimensions(train_z, test_z))
    require_count("k", k)
    if k > len(train):
        raise KitError(f"k is {k}, but there are only {len(train)} train latents to be neighbours")
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=k).fit(train).kneighbors(test, return_distance=False)
    # scikit-learn's fast search may round distances below 1e-8, where collapsed classes live
    return np.linalg.norm(test - train[found[:, -1]], axis=1)


def _same_dimensions(train_z: ArrayLike, test_z: ArrayLike) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    train_z, test_z = rows(train_z), rows(test_z)
    if test_z.shape[1] != train_z.shape[1]:
        raise KitError(f"train latents have {train_z.shape[1]} dimensions, but test latents have {test_z.shape[1]}")
    return train_z, test_z


def _to_gaussian(own: NDArray[np.float64], points: NDArray[np.float64], mode: str) -> tuple[NDArray[np.float64], int]:
    """Mahalanobis distances of points from the Gaussian of a class's samples, and the rank of its covariance."""
    mean, P = own.mean(axis=0), own.shape[1]
    centred = own - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(own))
    variances = np.maximum(variances, 0)
    rank = int((variances > max(FLOAT32_VARIANCE, P * np.finfo(np.float64).eps * variances[-1])).sum())
    if mode == "paper":
        variances = variances + PAPER_VARIANCE
    else:
        from sklearn.covariance import ledoit_wolf_shrinkage

        # shrinkage moves the variances along the axes and leaves the axes where they are
        share = np.clip(ledoit_wolf_shrinkage(own), 0, 1) if P > 1 else 0.0
        variances = (1 - share) * variances + share * variances.mean() + FLOAT32_VARIANCE
    white = (points - mean) @ (axes / np.sqrt(variances))
    return np.sqrt(np.einsum("ij,ij->i", white, white)), rank
