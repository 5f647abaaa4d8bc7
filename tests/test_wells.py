import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from binenc_kit.errors import KitError
from binenc_kit.wells import energy, well

TURN_U, TURN_Z = -1.2784645, -0.2784645  # where silu turns round
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


def slopes(z: float, gamma: float, weight: float) -> tuple[float, float]:
    """Of push and pull, by small steps."""
    high, low = energy(z + 1e-6, gamma, weight), energy(z - 1e-6, gamma, weight)
    return float(high.push - low.push) / 2e-6, float(high.pull - low.pull) / 2e-6


def silu(u: np.ndarray | float) -> np.ndarray | float:
    """The layer's output."""
    return u / (1 + np.exp(-u))


def silu_minima(gamma: float, weight: float) -> list[float]:
    """All u at which a fine search finds a minimum of the energy of silu(u), from left to right: no closed form."""
    u = np.linspace(-15.0003, 12, 27_000)
    energies = energy(silu(u), gamma, weight).total
    places = np.flatnonzero((energies[1:-1] < energies[:-2]) & (energies[1:-1] <= energies[2:])) + 1
    options = {"xatol": 1e-9}
    return [
        float(
            minimize_scalar(
                lambda at: float(energy(silu(at), gamma, weight).total),
                bounds=(u[i - 1], u[i + 1]),
                method="bounded",
                options=options,
            ).x
        )
        for i in places
    ]


@given(GAMMAS, WEIGHTS)
def test_push_and_pull_balance_in_the_well(gamma: float, weight: float) -> None:
    push, pull = slopes(well(gamma, weight), gamma, weight)
    assert -push == pytest.approx(pull, abs=1e-6 * (1 + gamma + weight))


def test_one_well_becomes_two_where_gamma_falls_below_the_weight() -> None:
    for weight in (0.1, 2.0, 20.0):
        curvature = [sum(slopes(1e-4, gamma, weight)) / 1e-4 for gamma in (0.9 * weight, 1.1 * weight)]
        np.testing.assert_allclose(curvature, [-0.2 * weight, 0.2 * weight], rtol=1e-3)  # 2 (gamma - a)
        assert well(weight * (1 - 1e-9), weight) == pytest.approx(math.sqrt(1e-9 / weight), rel=1e-6)


def test_a_silu_has_a_well_on_the_right_and_a_dent_or_two_wells_on_the_left() -> None:
    for gamma, weight in ((0.3, 2), (0.01, 0.1), (0.01, 20), (1, 1.2)):
        dent, right = silu_minima(gamma, weight)
        assert dent == pytest.approx(TURN_U, abs=1e-4)
        assert silu(right) == pytest.approx(well(gamma, weight), abs=1e-6)
        assert sum(slopes(TURN_Z, gamma, weight)) > 0  # the push would go on to the left
    far, near, right = silu_minima(1.9, 2)
    assert far < TURN_U < near < 0 < right
    assert [abs(silu(u)) for u in (far, near, right)] == pytest.approx([well(1.9, 2)] * 3, abs=1e-6)
    assert silu_minima(3, 2) == pytest.approx([0], abs=1e-6)


def test_how_deep_the_dent_is() -> None:
    share = {}
    for weight in (0.1, 2.0, 20.0):
        dent, right = (math.log(2) - energy(silu(u), 0.01, weight).total for u in silu_minima(0.01, weight))
        share[weight] = dent / right
    assert share[0.1] < 0.02
    assert share[2.0] == pytest.approx(0.21, abs=0.01)
    assert share[20.0] > 0.9


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, "2", None, True, 1j, [1.0]])
def test_bad_numbers_end_at_the_door(bad: object) -> None:
    with pytest.raises(KitError, match=r"gamma is .*, but must be a number from 1e-100 to 1e\+100"):
        well(bad, 2)
    with pytest.raises(KitError, match="weight is"):
        energy([0.0], 0.3, bad)


def test_energy_goes_without_a_pull_but_not_with_a_negative_one() -> None:
    assert energy(1.0, 0, 2).pull == 0
    with pytest.raises(KitError, match="gamma is -1"):
        energy(1.0, -1, 2)
