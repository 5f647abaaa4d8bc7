"""Where do the class means lie, how near are they to a regular simplex, and how near can they come?"""

import numpy as np
from numpy.typing import NDArray


def shape_of_means(means: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """nc2_equinorm, nc2_equiangular, nc2_max_angle, etf_error and etf_floor of centred class means (C, P).

    etf_floor = sqrt(2 - 2 sqrt(min(P, C - 1) / (C - 1))): C points with equal lengths and angles, an ETF, need C - 1
    dimensions, as I - 11^T/C has C - 1 eigenvalues of 1. MM^T has rank P at most, and its best approximation keeps P
    of them: so nearer no C points in P dimensions can come. NaN for one class. Source: Papyan et al. 2020, NC2.
    """
    C, P = means.shape
    if C == 1:
        return (float("nan"),) * 5
    norms, gram = np.linalg.norm(means, axis=1), means @ means.T
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = (gram / norms / norms[:, None])[np.triu_indices(C, 1)]
        error = np.linalg.norm(gram / np.linalg.norm(gram) - (np.eye(C) - 1 / C) / np.sqrt(C - 1))
        equinorm = norms.std() / norms.mean()
    off = np.abs(cosines + 1 / (C - 1)).mean()
    floor = np.sqrt(2 - 2 * np.sqrt(min(P, C - 1) / (C - 1)))
    return float(equinorm), float(cosines.std()), float(off), float(error), float(floor)


def mean_directions(z: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Unit vectors from the mean of the class means to each of them, (classes present, P), in float64.

    A row of zeros where a class mean lies there itself, but for rounding. z: (N, P), labels: (N,).
    """
    z = z / max(float(np.abs(z).max()), np.finfo(np.float64).tiny)  # squares of tiny latents would vanish
    means = np.stack([z[labels == label].mean(axis=0, dtype=np.float64) for label in np.unique(labels)])
    means -= means.mean(axis=0)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.where(lengths > 1e-13, means / np.maximum(lengths, 1e-13), 0)
