import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from binenc_kit.errors import KitError
from binenc_kit.measures.uniformity import (
    best_energy,
    best_separation,
    gram_logdet,
    riesz_energy,
    separation,
    unit,
)

pytestmark = pytest.mark.filterwarnings("error")
PAIR = np.array([[1.0, 0], [-1, 0]])
SQUARE = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
OCTAHEDRON = np.concatenate([np.eye(3), -np.eye(3)])
seeds = st.integers(0, 10_000)
exponents = st.sampled_from([0, 0.5, 1, 2, 7])


def random_vectors(seed: int, n: int, d: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(n, d)))


def simplex(n: int) -> np.ndarray:
    return unit(np.eye(n) - 1 / n)


def test_small_configurations_by_hand() -> None:
    assert riesz_energy(PAIR, 1) == 0.5
    assert riesz_energy(PAIR, 2) == 0.25
    assert riesz_energy(PAIR, 0) == -math.log(2)
    assert separation(PAIR) == 2
    assert gram_logdet(PAIR) == pytest.approx(math.log(1 - math.exp(-8)))
    # a square has 4 sides of sqrt(2) and 2 diagonals of 2, an octahedron 12 edges and 3 diagonals
    assert riesz_energy(SQUARE, 2) == pytest.approx((4 / 2 + 2 / 4) / 6)
    assert riesz_energy(OCTAHEDRON, 1) == pytest.approx((12 / math.sqrt(2) + 3 / 2) / 15)
    assert riesz_energy(OCTAHEDRON, 0) == pytest.approx(-(12 * math.log(2) / 2 + 3 * math.log(2)) / 15)
    assert separation(SQUARE) == separation(OCTAHEDRON) == pytest.approx(math.sqrt(2))


def test_a_wide_kernel_sees_one_point_and_a_narrow_one_sees_all_apart() -> None:
    values = [gram_logdet(SQUARE, epsilon) for epsilon in (0.1, 1, 10, 1e200)]
    assert values == sorted(values)
    assert values[-1] == 0


@given(seed=seeds, n=st.integers(2, 8), d=st.integers(2, 5), s=exponents)
def test_the_measures_are_those_of_plain_loops(seed: int, n: int, d: int, s: float) -> None:
    u, distances, gram = random_vectors(seed, n, d), [], np.ones((n, n))
    for i in range(n):
        for j in range(i):
            distances.append(math.sqrt(sum((a - b) ** 2 for a, b in zip(u[i], u[j], strict=True))))
            gram[i, j] = gram[j, i] = math.exp(-4 * distances[-1] ** 2)
    energies = [distance**-s if s else -math.log(distance) for distance in distances]
    assert riesz_energy(u, s) == pytest.approx(sum(energies) / len(energies))
    assert separation(u) == pytest.approx(min(distances))
    assert gram_logdet(u, 2) == pytest.approx(np.log(np.linalg.eigvalsh(gram)).sum(), rel=1e-6, abs=1e-9)


@given(n=st.integers(2, 9), s=exponents)
def test_the_symmetric_configurations_reach_the_best(n: int, s: float) -> None:
    angles = 2 * np.pi * np.arange(n) / n
    polygon = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cross = np.concatenate([np.eye(n), -np.eye(n)])
    for u, d in ((simplex(n), n - 1), (simplex(n), n), (polygon, 2), (cross, n)):
        assert riesz_energy(u, s) == pytest.approx(best_energy(len(u), d, s))
        assert separation(u) == pytest.approx(best_separation(len(u), d))


@given(seed=seeds, n=st.integers(2, 20), d=st.integers(2, 5), s=exponents, size=st.sampled_from([0.01, 0.1, 10]))
def test_nothing_is_better_than_the_best(seed: int, n: int, d: int, s: float, size: float) -> None:
    start = np.concatenate([np.eye(d), -np.eye(d)] * 10)[:n]  # a cross-polytope or part of one, shaken
    u = unit(start + size * np.random.default_rng(seed).normal(size=(n, d)))
    energy, apart = best_energy(n, d, s), best_separation(n, d)
    assert energy is None or riesz_energy(u, s) > energy - 1e-9
    assert apart is None or separation(u) < apart + 1e-12


def coulomb(x: np.ndarray, n: int) -> tuple[float, np.ndarray]:
    """Sum of 1/r over the pairs of the normalised points, and its gradient."""
    x = x.reshape(n, 3)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    u = x / length
    differences = u[:, None] - u
    r = np.linalg.norm(differences, axis=2) + np.diag(np.full(n, np.inf))
    gradient = -(differences / r[..., None] ** 3).sum(axis=1)
    along = (gradient * u).sum(axis=1, keepdims=True) * u
    return (1 / r).sum() / 2, ((gradient - along) / length).ravel()


@pytest.mark.parametrize("n", range(2, 21))
def test_a_search_from_random_starts_finds_the_thomson_energies(n: int) -> None:
    rng = np.random.default_rng(n)
    settings = {"args": (n,), "jac": True, "method": "L-BFGS-B", "options": {"ftol": 1e-15, "gtol": 1e-9}}
    found = [minimize(coulomb, rng.normal(size=3 * n), **settings) for _ in range(6)]
    least = min(found, key=lambda result: result.fun)
    assert riesz_energy(unit(least.x.reshape(n, 3)), 1) == pytest.approx(best_energy(n, 3, 1), abs=1e-9)


def test_what_the_table_lacks_is_none() -> None:
    assert best_energy(21, 3, 1) is None
    assert best_energy(5, 3, 2) is None
    assert best_energy(7, 4, 1) is None
    assert best_separation(7, 3) is None
    assert best_separation(7, 4) == math.sqrt(2)
    assert best_energy(3, 1, 1) is None


@given(seed=seeds, n=st.integers(2, 8), d=st.integers(2, 5), s=exponents)
def test_rotation_and_order_do_not_matter(seed: int, n: int, d: int, s: float) -> None:
    rng = np.random.default_rng(seed)
    u = random_vectors(seed, n, d)
    turned = rng.permutation(u) @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    assert riesz_energy(turned, s) == pytest.approx(riesz_energy(u, s))
    assert separation(turned) == pytest.approx(separation(u))
    assert gram_logdet(turned, 2) == pytest.approx(gram_logdet(u, 2), rel=1e-6, abs=1e-9)


def test_equal_vectors_have_infinite_energy() -> None:
    u = unit([[0.1, 0.2], [0.1, 0.2], [-1, 3]])
    assert riesz_energy(u, 0) == riesz_energy(u, 1) == math.inf
    assert separation(u) == 0
    assert gram_logdet(u) == -math.inf


def test_near_vectors_stay_apart() -> None:
    assert separation([[1.0, 0], [1, 1e-9]]) == 1e-9
    assert riesz_energy([[1.0, 0], [1, 1e-9]], 200) == math.inf  # 1e1800


def test_unit_keeps_directions_at_any_size() -> None:
    z = np.array([[3.0, -4], [3e-200, -4e-200], [3e200, -4e200]])
    assert unit(z) == pytest.approx(np.array([[0.6, -0.8]] * 3))
    assert unit(np.array([[5e-324, 0]])).tolist() == [[1, 0]]
    assert separation(unit([[3, 4], [-3, -4]]).astype(np.float32)) == pytest.approx(2)  # float32 is unit enough


@pytest.mark.parametrize(
    ("u", "expected"),
    [
        ([[1.0, 0]], "one vector"),
        ([[1.0, 0], [2, 0]], r"pass unit\(z\)"),
        ([[1e300, 0], [1e300, 0]], r"pass unit\(z\)"),
        ([1.0, 0], "shape"),
        (np.empty((0, 2)), "shape"),
        ([[1.0, 0], [np.nan, 1]], "NaN"),
    ],
)
def test_bad_vectors_get_one_sentence(u: object, expected: str) -> None:
    for measure in (lambda u: riesz_energy(u, 1), separation, gram_logdet):
        with pytest.raises(KitError, match=expected):
            measure(u)


def test_bad_numbers_get_one_sentence() -> None:
    with pytest.raises(KitError, match="1 of 2 vectors are zero"):
        unit([[0.0, 0], [1, 0]])
    for s in (-1, math.nan, math.inf):
        for measure in (lambda s: riesz_energy(PAIR, s), lambda s: best_energy(9, 3, s)):
            with pytest.raises(KitError, match="finite number from 0"):
                measure(s)
    for epsilon in (0, -1, math.nan, math.inf):
        with pytest.raises(KitError, match="epsilon"):
            gram_logdet(PAIR, epsilon)
    for n, d in ((1, 3), (3, 0), (2.5, 3)):
        with pytest.raises(KitError, match="whole number"):
            best_separation(n, d)
        with pytest.raises(KitError, match="whole number"):
            best_energy(n, d, 1)
