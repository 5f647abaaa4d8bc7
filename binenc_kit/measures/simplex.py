"""How near are the class means to a regular simplex, and how near can they come?"""

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
