"""Are there two peaks? Mixtures of two normal densities, fitted to all latent dimensions at a time."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError, require_known
from binenc_kit.measures.arrays import MODES, rows, standardise

# What scikit-learn's GaussianMixture takes by itself, so that both modes fit the same mixture.
FLOOR = 1e-6  # reg_covar: added to each variance, so no std is below 1e-3
STILL = 1e-3  # tol: a fit ends when a round moves its score by less
ROUNDS = 100  # max_iter
NOBODY = 10 * np.finfo(np.float64).eps  # added to each peak's number of samples, which may be none
CEILING_STD = 1.01e-3  # within 1 % of the floor, which then is 98 % of the variance: it no longer speaks of the data
BLOCK = 2**16  # numbers fitted at a time: what a round makes of them stays in a processor's cache


class MixtureScores(NamedTuple):
    """Means over the dimensions, and the share of dimensions whose two peaks are both at the floor."""

    score: float
    std: float
    peak_distance: float
    at_ceiling: float


class Peaks(NamedTuple):
    """Of K dimensions: score (K,), and of both peaks the means and stds (2, K)."""

    score: NDArray[np.float64]
    means: NDArray[np.float64]
    stds: NDArray[np.float64]


def mixture_scores(z: ArrayLike, mode: str = "strict") -> MixtureScores:
    """How well two narrow peaks describe each standardised dimension, as means over the dimensions.

    score: mean log-likelihood a sample in nats (eq. 11); std: mean std of the two components (eq. 12);
    peak_distance: |m1 - m2| over their mean std (eq. 13); at_ceiling: share of dimensions where both stds are at the
    floor of 1e-3, for 1e-6 is added to each variance. There the numbers stop meaning anything: perfect two-point data
    gives score 5.296 (more when the two are not equally frequent), std 1e-3 and peak distance 2000, however narrow its
    peaks; and a dead (constant) dimension, no code at all, scores even higher, 5.989, with peak distance 0.
    strict: EM from the best cut of each dimension in two, whatever the order of the samples. paper: scikit-learn's EM
    from k-means with random_state 0. Both end where the score hardly moves: at the same peaks where there are two; in
    one heap of samples, where it is flat, each somewhere else. z: (N, P), N at least 2, any scale.
    Raises `KitError` for other shapes, NaN and infinity. Source: BinEnc-v3, eq. 10-13.
    """
    require_known("mode", mode, MODES)
    z = rows(z)
    if len(z) < 2:
        raise KitError("a mixture of two components needs at least 2 samples, but there is 1")
    score, means, stds = _by_scikit_learn(z) if mode == "paper" else _in_blocks(z)
    distances = np.abs(means[1] - means[0]) / stds.mean(axis=0)
    at_ceiling = (stds <= CEILING_STD).all(axis=0).mean()
    return MixtureScores(float(score.mean()), float(stds.mean()), float(distances.mean()), float(at_ceiling))


def cut_in_two(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each sample's share in either part of the cut that leaves them the least variance, 0 or 1, (2, K, N).

    x: (K, N), a row a dimension, standardised and sorted.
    """
    n = x.shape[1]
    left = np.arange(1, n)
    between = np.cumsum(x, axis=1)[:, :-1] ** 2 / (left * (n - left))  # variance of the parts' means, as x has mean 0
    right = np.arange(n) > between.argmax(axis=1)[:, None]
    return np.stack([~right, right]).astype(np.float64)


def em_round(x: NDArray[np.float64], shares: NDArray[np.float64]) -> Peaks:
    """One round of EM: peaks from each sample's shares in them, (2, K, N), which then become those in the new peaks.

    x: as in `cut_in_two`. Source: Dempster et al., J. R. Stat. Soc. B 39 (1977).
    """
    # In place where it can be: asking for new memory in every round takes longer than the arithmetic.
    counts = shares.sum(axis=2) + NOBODY
    means = np.einsum("ckn,kn->ck", shares, x) / counts
    logs = x - means[..., None]
    logs *= logs  # squared distances, soon logarithms of weight times density
    variances = np.einsum("ckn,ckn->ck", shares, logs) / counts + FLOOR
    logs /= -2 * variances[..., None]
    logs += (np.log(counts / x.shape[1]) - np.log(2 * np.pi * variances) / 2)[..., None]
    top = logs.max(axis=0)  # taken away, so that the larger of the two exponentials is 1
    logs -= top
    np.exp(logs, out=shares)
    total = shares.sum(axis=0)
    shares /= total
    top += np.log(total, out=total)
    return Peaks(top.mean(axis=1), means, np.sqrt(variances))


def _in_blocks(z: NDArray[np.floating]) -> Peaks:
    """The peaks of each column of z (N, P), some columns at a time."""
    width = max(1, BLOCK // len(z))
    blocks = (np.sort(z[:, first : first + width], axis=0) for first in range(0, z.shape[1], width))
    found = [_fit(np.ascontiguousarray(standardise(block, block).T)) for block in blocks]
    return Peaks(*(np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True)))


def _fit(x: NDArray[np.float64]) -> Peaks:
    """EM for each row until its score stands still and, as in scikit-learn, one round more; x as in `em_round`."""
    found = Peaks(np.full(len(x), -np.inf), np.empty((2, len(x))), np.empty((2, len(x))))
    shares, left_over, done = cut_in_two(x), np.arange(len(x)), np.full(len(x), False)
    for _ in range(ROUNDS + 1):
        peaks = em_round(x, shares)
        still = np.abs(peaks.score - found.score[left_over]) < STILL
        for kept, new in zip(found, peaks, strict=True):
            kept[..., left_over] = new
        if done.any():
            x, shares, left_over, still = x[~done], shares[:, ~done], left_over[~done], still[~done]
        if not len(left_over):
            break
        done = still
    return found


def _by_scikit_learn(z: NDArray[np.floating]) -> Peaks:
    """The peaks of each column of z (N, P) as the authors fit them, one column after another: the plain twin."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    found = []
    for column in np.split(standardise(z, z), z.shape[1], axis=1):
        with warnings.catch_warnings():  # a dead or slow dimension is an answer here, not an accident
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture = GaussianMixture(2, random_state=0).fit(column)
        found.append((mixture.score(column), mixture.means_[:, 0], np.sqrt(mixture.covariances_[:, 0, 0])))
    return Peaks(*(np.stack(parts, axis=-1) for parts in zip(*found, strict=True)))
