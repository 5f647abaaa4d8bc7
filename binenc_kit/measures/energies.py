"""The most even unit vectors that a search finds, where no configuration is known to be the best."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform
from scipy.special import logsumexp

from binenc_kit.measures.arrays import require_count
from binenc_kit.measures.uniformity import best_energy, best_separation, riesz_energy, separation, unit

# In turn, each from where the one before ended: at 64 the near pairs count most, at 262144 only the nearest do.
# Below 64 the search falls too often into a configuration that the next exponents cannot leave (n = 10, 11; d = 3).
EXPONENTS = (64.0, 4096.0, 262144.0)


def search_energy(n: int, d: int, s: float, starts: int = 10, seed: int = 0) -> float:
    """Least energy found for n unit vectors in d dimensions, an upper bound for where `best_energy` is None.

    Mean over the pairs as in `riesz_energy`, by L-BFGS from random starts; infinite for n > 2 in one dimension. Where
    `best_energy` knows the answer and n is 12 or less it comes within 1e-9 of it, relative; n = 10 takes a tenth of a
    second, n = 100 in 36 dimensions 1 to 2 seconds for each start, and one is enough there. Raises `KitError` for n
    below 2, d and starts below 1, s below 0. Source: our reading.
    """
    best_energy(n, d, s)  # for its errors
    return min(riesz_energy(u, s) for u in _configurations(n, d, (min(s, EXPONENTS[0]), s), starts, seed))


def searched_separation(n: int, d: int, starts: int = 10, seed: int = 0) -> float:
    """Largest separation found for n unit vectors in d dimensions, a lower bound for where `best_separation` is None.

    The same search with high exponents. It comes within 3e-6 of the best known, relative, for d = 3 and n to 12 (the
    Tammes problem). Raises `KitError` for n below 2, d and starts below 1. Source: our reading.
    """
    best_separation(n, d)  # for its errors
    return max(separation(u) for u in _configurations(n, d, EXPONENTS, starts, seed))


def _configurations(n: int, d: int, exponents: tuple[float, ...], starts: int, seed: int) -> list[NDArray[np.float64]]:
    """A configuration (n, d) for each start, relaxed under one exponent after the other."""
    require_count("starts", starts)
    if d == 1:  # a sphere of two points: nothing moves
        return [np.where(np.arange(n)[:, None] % 2, 1.0, -1.0)]
    found = []
    for x in np.random.default_rng(seed).normal(size=(starts, n * d)):
        u = unit(x.reshape(n, d))
        for s in dict.fromkeys(exponents):
            settings = {"maxiter": 2000, "maxfun": 4000, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-10}
            result = minimize(_potential, u.ravel(), (n, s), "L-BFGS-B", jac=True, options=settings)
            u = unit(result.x.reshape(n, d))
        found.append(u)
    return found


def _potential(x: NDArray[np.float64], n: int, s: float) -> tuple[float, NDArray[np.float64]]:
    """log(mean over the pairs of r^-s) / s, and its gradient: it grows with the energy, and no exponent overflows it.

    x: n vectors of any length, one after the other. Where s tends to 0 it tends to the mean of -log r.
    """
    x = x.reshape(n, -1)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    u = x / length
    squares = np.maximum(pdist(u, "sqeuclidean"), 1e-30)
    logs = -np.log(squares) / 2
    total = logsumexp(s * logs)
    value = (total - math.log(len(logs))) / s if s > 1e-6 else logs.mean()  # for tiny s the division is all rounding
    share = squareform(np.exp(s * logs - total) / squares)  # how much of the energy each pair has, over its r^2
    force = share.sum(axis=1, keepdims=True) * u - share @ u
    along = np.einsum("ij,ij->i", force, u)[:, None] * u
    return float(value), ((along - force) / length).ravel()
