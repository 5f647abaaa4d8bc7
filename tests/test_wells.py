import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from binenc_kit.errors import KitError
from binenc_kit.wells import LOWEST_U, LOWEST_Z, energy, silu, silu_wells, slope, well

GAMMAS = st.floats(-2, 2).map(lambda exponent: 10**exponent)
WEIGHTS = st.floats(-1, 1.3).map(lambda exponent: 10**exponent)


def total(z: float, gamma: float, weight: float) -> float:
    """Written anew, from the loss of two logits."""
    logits = [weight * z * z, -weight * z * z]
    return -math.log(math.exp(logits[0]) / sum(map(math.exp, logits))) + gamma * z * z


def test_the_energy_is_the_cross_entropy_of_two_logits_plus_the_penalty() -> None:
    z = np.array([[-1.0, 0.0], [0.5, 2.0]])
    parts = energy(z, 0.3, 2)
    np.testing.assert_allclose(parts.total, [[total(one, 0.3, 2) for one in row] for row in z])
    np.testing.assert_allclose(parts.pull, [[0.3, 0], [0.075, 1.2]])
    assert parts.push[0, 1] == math.log(2)
    np.testing.assert_array_equal(parts.total, energy(-z, 0.3, 2).total)
    assert energy(40.0, 0, 20).push == 0  # no overflow


def test_wells_known_by_hand() -> None:
    assert well(2, 2) == well(3, 2) == well(100, 0.1) == 0
    # 2a/gamma - 1 = e: |z*| = sqrt(1 / 2a)
    assert well(4 / (math.e + 1), 2) == pytest.approx(0.5)
    assert well(0.3, 2) == pytest.approx(math.sqrt(math.log(2 * 2 / 0.3 - 1) / 4)) == pytest.approx(0.7925, abs=1e-4)


@given(GAMMAS, WEIGHTS)
def test_the_well_is_where_a_minimiser_finds_it(gamma: float, weight: float) -> None:
    found = minimize_scalar(total, bounds=(0, 8), args=(gamma, weight), method="bounded", options={"xatol": 1e-9})
    # Around a quartic bottom, at gamma = a, the energy is level for a thousandth.
    assert well(gamma, weight) == pytest.approx(found.x, abs=2e-3)
    assert energy(well(gamma, weight), gamma, weight).total <= found.fun + 1e-12


@given(GAMMAS, WEIGHTS)
def test_push_and_pull_balance_in_the_well(gamma: float, weight: float) -> None:
    at = slope(well(gamma, weight), gamma, weight)
    assert at.total == pytest.approx(0, abs=1e-12)
    assert -at.push == pytest.approx(at.pull)


@given(st.floats(-3, 3), GAMMAS, WEIGHTS)
def test_slopes_are_the_derivatives_of_the_energies(z: float, gamma: float, weight: float) -> None:
    step = 1e-6
    for rise, high, low in zip(
        slope(z, gamma, weight), energy(z + step, gamma, weight), energy(z - step, gamma, weight), strict=True
    ):
        assert rise == pytest.approx((high - low) / (2 * step), abs=1e-5 * (1 + gamma + weight))


def test_one_well_becomes_two_where_gamma_falls_below_the_weight() -> None:
    for weight in (0.1, 2.0, 20.0):
        curvature = [slope(1e-6, gamma, weight).total / 1e-6 for gamma in (0.9 * weight, 1.1 * weight)]
        np.testing.assert_allclose(curvature, [-0.2 * weight, 0.2 * weight], rtol=1e-4)  # 2 (gamma - a)
        assert well(weight * (1 - 1e-9), weight) == pytest.approx(math.sqrt(1e-9 / weight), rel=1e-6)


def test_silu_turns_round_where_the_module_says() -> None:
    u = np.linspace(-40, 5, 450_001)
    assert u[silu(u).argmin()] == pytest.approx(LOWEST_U, abs=1e-4)
    assert silu(u).min() == pytest.approx(LOWEST_Z) == pytest.approx(-0.27846, abs=1e-5)


@given(GAMMAS, WEIGHTS)
def test_all_minima_of_the_silu_landscape_are_named(gamma: float, weight: float) -> None:
    limit = 2 * weight / (1 + math.exp(2 * weight * LOWEST_Z**2))  # gamma at which |z*| = 0.278
    assume(abs(gamma / limit - 1) > 0.02)  # where three minima become one
    assume(not 0.98 < gamma / weight < 1.001)  # where the left ones leave for minus infinity
    u = np.linspace(-15.0003, 12, 270_000)
    downhill = slope(silu(u), gamma, weight).total * np.diff(silu(u), append=9) < 0  # the chain rule's sign
    found = u[1:][downhill[:-1] & ~downhill[1:]]
    named = silu_wells(gamma, weight)
    np.testing.assert_allclose([one.u for one in named], found, atol=5e-3)
    np.testing.assert_allclose(silu([one.u for one in named]), [one.z for one in named], atol=1e-9)


@given(GAMMAS, WEIGHTS)
def test_the_left_is_never_deeper_than_the_right_well(gamma: float, weight: float) -> None:
    *left, right = silu_wells(gamma, weight)
    assert right.z == well(gamma, weight)
    assert all(one.u < 0 and one.energy >= right.energy for one in left)
    if left and len(left) == 1:
        assert left[0].z == LOWEST_Z
        assert slope(LOWEST_Z, gamma, weight).total > 0 or gamma == 0  # the push would go on to the left


def test_what_is_left_of_the_left_well() -> None:
    share = {}
    for weight in (0.1, 2.0, 20.0):
        dent, right = silu_wells(0.01, weight)
        share[weight] = (math.log(2) - dent.energy) / (math.log(2) - right.energy)
    assert share[0.1] < 0.02
    assert share[2.0] == pytest.approx(0.21, abs=0.01)
    assert share[20.0] > 0.9
    near, far = silu_wells(1.9, 2)[:2]
    assert near.energy == far.energy == silu_wells(1.9, 2)[-1].energy


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, "2", None, True, 1j, [1.0]])
def test_bad_numbers_end_at_the_door(bad: object) -> None:
    with pytest.raises(KitError, match=r"gamma is .*, but must be a number from 1e-100 to 1e\+100"):
        well(bad, 2)
    with pytest.raises(KitError, match=r"weight is .*, but must be a number"):
        silu_wells(0.3, bad)
    with pytest.raises(KitError, match="weight is"):
        energy([0.0], 0.3, bad)


def test_energy_goes_without_a_pull_but_not_with_a_negative_one() -> None:
    assert energy(1.0, 0, 2).pull == 0
    with pytest.raises(KitError, match="gamma is -1"):
        slope(1.0, -1, 2)
