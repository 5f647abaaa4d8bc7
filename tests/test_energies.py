import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from binenc_kit.errors import KitError
from binenc_kit.measures.energies import _potential, search_energy, searched_separation
from binenc_kit.measures.uniformity import best_energy, best_separation, riesz_energy, unit

KNOWN = [
    (2, 3), (4, 3), (10, 9), (10, 12),  # simplex
    (5, 2), (10, 2), (17, 2),  # regular polygon
    (6, 3), (8, 4), (10, 5),  # cross-polytope
]  # fmt: skip
# Angles in degrees between the nearest two of n points, Tammes' problem, proven best; Musin & Tarasov 2015
TAMMES = {5: 90, 7: 77.8695, 8: 74.8585, 9: 70.5288, 10: 66.1468, 11: 63.4349, 12: 63.4349}


@pytest.mark.parametrize(("n", "d"), KNOWN)
@pytest.mark.parametrize("s", [0, 1, 2, 7])
def test_the_search_finds_the_energies_that_are_known(n: int, d: int, s: float) -> None:
    assert search_energy(n, d, s, starts=2) == pytest.approx(best_energy(n, d, s), rel=1e-9)


@pytest.mark.parametrize("n", range(5, 13))
def test_the_search_finds_the_thomson_energies(n: int) -> None:
    assert search_energy(n, 3, 1) == pytest.approx(best_energy(n, 3, 1), rel=1e-9)


@pytest.mark.parametrize("n", TAMMES)
def test_the_search_finds_the_best_separations_in_three_dimensions(n: int) -> None:
    assert searched_separation(n, 3) == pytest.approx(2 * math.sin(math.radians(TAMMES[n]) / 2), rel=3e-6)


@pytest.mark.parametrize(("n", "d"), [*KNOWN, (7, 4), (9, 5)])
def test_the_search_finds_the_separations_that_are_known(n: int, d: int) -> None:
    assert searched_separation(n, d, starts=3) == pytest.approx(best_separation(n, d), rel=1e-6)


@pytest.mark.parametrize("s", [0, 1e-9, 1e-5, 80, 300])
def test_exponents_near_zero_and_huge(s: float) -> None:
    assert search_energy(10, 5, s, starts=2) == pytest.approx(best_energy(10, 5, s), rel=1e-9)


def test_what_no_table_has_is_found_again_from_other_starts() -> None:
    found = search_energy(10, 4, 2, starts=3)
    assert found == pytest.approx(search_energy(10, 4, 2, starts=3, seed=1), rel=1e-9)
    assert found < riesz_energy(unit(np.random.default_rng(0).normal(size=(10, 4))), 2)
    assert search_energy(7, 3, 2, starts=3, seed=5) == search_energy(7, 3, 2, starts=3, seed=5)


def test_more_starts_are_never_worse() -> None:
    assert search_energy(16, 3, 1, starts=4) <= search_energy(16, 3, 1, starts=1)
    assert searched_separation(9, 3, starts=3) >= searched_separation(9, 3, starts=1)


def test_a_line_has_room_for_two() -> None:
    for seed in range(5):
        assert search_energy(2, 1, 2, starts=1, seed=seed) == 0.25
        assert searched_separation(2, 1, starts=1, seed=seed) == 2
    assert search_energy(3, 1, 2) == search_energy(3, 1, 0) == math.inf
    assert searched_separation(3, 1) == 0


@pytest.mark.parametrize("s", [0, 1e-7, 0.5, 2, 64])
def test_the_gradient_is_that_of_finite_differences(s: float) -> None:
    x = np.random.default_rng(0).normal(size=15)
    numeric = approx_fprime(x, lambda x: _potential(x, 5, s)[0], 1e-7)
    assert _potential(x, 5, s)[1] == pytest.approx(numeric, abs=1e-5)


def test_the_potential_grows_with_the_energy() -> None:
    x = np.random.default_rng(0).normal(size=15)
    u = unit(x.reshape(5, 3))
    assert _potential(x, 5, 2)[0] == pytest.approx(math.log(riesz_energy(u, 2)) / 2)
    assert _potential(x, 5, 0)[0] == pytest.approx(riesz_energy(u, 0))


def test_bad_numbers_get_one_sentence() -> None:
    for n, d, starts in ((1, 3, 1), (3, 0, 1), (2.5, 3, 1), (3, 3, 0)):
        for search in (lambda n, d, starts: search_energy(n, d, 1, starts), searched_separation):
            with pytest.raises(KitError, match="whole number"):
                search(n, d, starts)
    for s in (-1, math.nan, math.inf):
        with pytest.raises(KitError, match="finite number from 0"):
            search_energy(9, 3, s)
