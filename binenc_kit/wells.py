"""One latent dimension between push and pull: its energy, where its wells are, and what a SiLU makes of them.

Two classes stand on the two sides of 0, with logits w z and -w z. After collapse a class's output weight points along
its own latent (neural collapse, NC3), so w = a z, where a is the output weight per unit of z. The logits then differ
by 2 a z^2, and a sample of either class has the energy

    E(z) = log(1 + exp(-2 a z^2)) + gamma z^2        push + pull

with E''(0) = 2 (gamma - a). So for gamma >= a there is one well, at 0. Below, dE/dz = 0 asks for
exp(2 a z^2) = 2 a / gamma - 1: two wells, mirrored at 0. For gamma = 0 there is no bottom. In a training run a is not
held: it and the latent adapt together, and other dimensions share the work, so a network's exponents differ.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, lambertw

from binenc_kit.errors import KitError

LOWEST_Z = -float(lambertw(math.exp(-1)).real)  # silu's lowest value, about -0.278 ...
LOWEST_U = LOWEST_Z - 1  # ... and where it has it


class Parts(NamedTuple):
    """Push, pull and their sum, each in the shape of z."""

    push: NDArray[np.float64]
    pull: NDArray[np.float64]
    total: NDArray[np.float64]


class Minimum(NamedTuple):
    """A place where the ball rests: u before the layer's SiLU, z after it, and the energy there."""

    u: float
    z: float
    energy: float


def energy(z: ArrayLike, gamma: float, weight: float) -> Parts:
    """Push log(1 + exp(-2 a z^2)), pull gamma z^2 and their sum, in nats; weight is a.

    z: any shape. Raises `KitError` unless gamma >= 0 and weight > 0.
    """
    z = _checked(z, gamma, weight)
    push, pull = np.logaddexp(0, -2 * weight * z**2), gamma * z**2
    return Parts(push, pull, push + pull)


def slope(z: ArrayLike, gamma: float, weight: float) -> Parts:
    """The derivatives by z of what `energy` gives: -4 a z / (1 + exp(2 a z^2)), 2 gamma z and their sum."""
    z = _checked(z, gamma, weight)
    push, pull = -4 * weight * z * expit(-2 * weight * z**2), 2 * gamma * z
    return Parts(push, pull, push + pull)


def well(gamma: float, weight: float) -> float:
    """|z| at the bottom, where push and pull balance: sqrt(ln(2 a / gamma - 1) / (2 a)), and 0.0 for gamma >= a.

    Raises `KitError` unless gamma and weight are above 0: without a pull there is no bottom.
    """
    require_number("gamma", gamma, 1e-100, 1e100)
    require_number("weight", weight, 1e-100, 1e100)
    if gamma >= weight:
        return 0.0
    return math.sqrt(math.log1p(2 * (weight - gamma) / gamma) / (2 * weight))  # log1p: exact near gamma = a, too


def silu(u: ArrayLike) -> NDArray[np.float64]:
    """The layer's output u / (1 + exp(-u)): never below -0.278, which it has at u = -1.278."""
    u = np.asarray(u, dtype=np.float64)
    return u * expit(u)


def silu_wells(gamma: float, weight: float) -> list[Minimum]:
    """All minima of u -> E(silu(u)), from left to right; the last one has the lowest energy.

    gamma >= weight: one, at u = 0. Else a well at z = |z*| on the right, and on the left: where silu cannot reach
    -|z*|, only a dent at its turning point u = -1.278, in which the layer's slope is 0 but push and pull do not
    balance; where |z*| < 0.278, two wells as deep as the right one, for silu passes -|z*| twice.
    """
    z = well(gamma, weight)
    if z == 0:
        places = [(0.0, 0.0)]
    elif z > -LOWEST_Z:
        places = [(LOWEST_U, LOWEST_Z), (_inverse_silu(z), z)]
    else:
        places = [(_inverse_silu(-z, -1), -z), (_inverse_silu(-z), -z), (_inverse_silu(z), z)]
    return [Minimum(u, z, float(energy(z, gamma, weight).total)) for u, z in places]


def require_number(name: str, value: object, low: float, high: float) -> float:
    """The value as a float; raises `KitError` unless it is a number from `low` to `high`."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.complexfloating)
    if not number or not low <= value <= high:  # NaN fails, too
        raise KitError(f"{name} is {value!r}, but must be a number from {low:g} to {high:g}")
    return float(value)


def _inverse_silu(z: float, branch: int = 0) -> float:
    """The u with silu(u) = z, from (u - z) exp(u - z) = z exp(-z); branch -1: the one left of the turning point."""
    return float(z + lambertw(max(z * math.exp(-z), -math.exp(-1)), branch).real)


def _checked(z: ArrayLike, gamma: float, weight: float) -> NDArray[np.float64]:
    require_number("gamma", gamma, 0, 1e100)
    require_number("weight", weight, 1e-100, 1e100)
    return np.asarray(z, dtype=np.float64)
