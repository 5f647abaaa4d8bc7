"""How evenly do unit vectors fill the sphere, and how near are they to the best that is known?"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist, squareform

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import directions, require_count, rows

UNIT_TOLERANCE = 1e-5  # on a vector's length: float32 is good to 1e-7
# Least sums of 1/r over the pairs of n points on the sphere in three dimensions; n = 2, 3, 4, 6 follow from symmetry.
THOMSON = {
    5: 6.474691495, 7: 14.452977414, 8: 19.675287861, 9: 25.759986531, 10: 32.716949460, 11: 40.596450508,
    12: 49.165253058, 13: 58.853230612, 14: 69.306363297, 15: 80.670244114, 16: 92.911655303, 17: 106.050404829,
    18: 120.084467447, 19: 135.089467557, 20: 150.881568334,
}  # fmt: skip


def unit(z: ArrayLike) -> NDArray[np.float64]:
    """Each row over its length, (N, P) in float64.

    z: (N, P). Raises `KitError` for a row of zeros, which has no direction.
    """
    z = rows(z).astype(np.float64)
    there = z.any(axis=1)
    if not there.all():
        raise KitError(f"{(~there).sum()} of {len(z)} vectors are zero and have no direction: leave them out")
    return directions(z)


def riesz_energy(u: ArrayLike, s: float) -> float:
    """Mean over the pairs of ||u_i - u_j||^-s, and of -log ||u_i - u_j|| for s = 0; the lower, the more uniform.

    u: (n, d), unit vectors, n at least 2; s: 0 or more; memory grows with n^2. Infinite where two vectors are equal.
    Raises `KitError` for other vectors and exponents. Source: HUG (MHE is s = 2); Cohn & Kumar 2007.
    """
    return _energy(_distances(u), s)


def separation(u: ArrayLike) -> float:
    """Smallest distance between two of the vectors, from 0 to 2; the larger, the more uniform.

    u: (n, d), unit vectors, n at least 2. Raises `KitError` for others. Source: HUG (MHS).
    """
    return float(_distances(u).min())


def gram_logdet(u: ArrayLike, epsilon: float = 1.0) -> float:
    """Log determinant of G_ij = exp(-epsilon^2 ||u_i - u_j||^2); the larger, the more uniform, and 0 at most.

    -infinity where G is singular in float64, as it is when two vectors are equal; nothing is added to its diagonal.
    u: (n, d), unit vectors, n at least 2; epsilon: above 0, in units of 1/distance. Raises `KitError` for others.
    Source: HUG (MGD).
    """
    distances = _distances(u)
    if not 0 < epsilon < math.inf:
        raise KitError(f"epsilon is {epsilon!r}, but must be a finite number above 0")
    with np.errstate(over="ignore"):
        sign, value = np.linalg.slogdet(np.exp(-((epsilon * squareform(distances)) ** 2)))
    return float(value) if sign > 0 and distances.all() else -math.inf


def best_energy(n: int, d: int, s: float) -> float | None:
    """Least energy known for n unit vectors in d dimensions, None where this table has none.

    Simplex (n <= d + 1), regular n-gon (d = 2) and cross-polytope (n = 2d) are the best for every s (Cohn & Kumar
    2007); for d = 3, s = 1 and n to 20 the Thomson problem (Wales & Ulker 2006), the best found, to 10 digits, not all
    proven. Mean over the pairs as in `riesz_energy`. Raises `KitError` for n below 2, d below 1, s below 0.
    """
    distances = _symmetric(n, d)
    if distances is not None:
        return _energy(distances, s)
    _require_exponent(s)
    return THOMSON[n] / math.comb(n, 2) if d == 3 and s == 1 and n in THOMSON else None


def best_separation(n: int, d: int) -> float | None:
    """Largest separation possible for n unit vectors in d dimensions, None where this table has none.

    Simplex (n <= d + 1), regular n-gon (d = 2), and sqrt(2) for d + 2 <= n <= 2d. Raises `KitError` for n below 2 and d
    below 1. Source: Rankin 1955.
    """
    distances = _symmetric(n, d)
    if distances is not None:
        return float(distances.min())
    return math.sqrt(2) if n <= 2 * d else None


def _symmetric(n: int, d: int) -> NDArray[np.float64] | None:
    """Distances from one vertex to the others of the configuration that is best for all energies, if one is known."""
    require_count("n", n, 2)
    require_count("d", d)
    if n <= d + 1:
        return np.full(n - 1, math.sqrt(2 * n / (n - 1)))
    if d == 2:
        return 2 * np.sin(np.pi * np.arange(1, n) / n)
    if n == 2 * d:
        return np.array([2.0] + [math.sqrt(2)] * (n - 2))
    return None


def _distances(u: ArrayLike) -> NDArray[np.float64]:
    """All n (n - 1) / 2 distances, from differences: the matrix product loses the tiny ones."""
    u = rows(u, "unit vectors").astype(np.float64)
    if len(u) < 2:
        raise KitError("there is one vector, but distances need two")
    if np.abs(np.hypot.reduce(u, axis=1) - 1).max() > UNIT_TOLERANCE:
        raise KitError("the vectors are not of length 1: pass unit(z)")
    return pdist(u)


def _energy(distances: NDArray[np.float64], s: float) -> float:
    _require_exponent(s)
    with np.errstate(divide="ignore", over="ignore"):
        return float((distances**-s if s > 0 else -np.log(distances)).mean())


def _require_exponent(s: float) -> None:
    if not 0 <= s < math.inf:
        raise KitError(f"s is {s!r}, but must be a finite number from 0: below 0 an energy grows with distance")
