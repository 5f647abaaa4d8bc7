"""One latent dimension between push and pull: its energy, and where its wells are.

Two classes stand on the two sides of 0, with logits w z and -w z. After collapse a class's output weight points along
its own latent (neural collapse, NC3), so w = a z, where a is the output weight per unit of z. The logits then differ
by 2 a z^2, and a sample of either class has the energy

    E(z) = log(1 + exp(-2 a z^2)) + gamma z^2        push + pull

with E''(0) = 2 (gamma - a). So for gamma >= a there is one well, at 0. Below, dE/dz = 0 asks for
exp(2 a z^2) = 2 a / gamma - 1: two wells, mirrored at 0. Here the weight follows z while it rolls; with the weight held
at a z the push is half as steep, with a / gamma - 1 on the right, and one well from gamma = a / 2 on. For gamma = 0
there is no bottom. In a training run a is not held: it and the latent adapt together, and other dimensions share the
work, so a network's exponents differ.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError


class Parts(NamedTuple):
    """Push, pull and their sum, each in the shape of z."""

    push: NDArray[np.float64]
    pull: NDArray[np.float64]
    total: NDArray[np.float64]


def energy(z: ArrayLike, gamma: float, weight: float) -> Parts:
    """Push log(1 + exp(-2 a z^2)), pull gamma z^2 and their sum, in nats; weight is a.

    z: any shape. Raises `KitError` unless gamma >= 0 and weight > 0.
    """
    require_number("gamma", gamma, 0, 1e100)
    require_number("weight", weight, 1e-100, 1e100)
    z = np.asarray(z, dtype=np.float64)
    push, pull = np.logaddexp(0, -2 * weight * z**2), gamma * z**2
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


def require_number(name: str, value: object, low: float, high: float, or_zero: bool = False) -> float:
    """The value as a float; raises `KitError` unless it is a number from `low` to `high`, or an allowed 0."""
    if (
        not isinstance(value, int | float | np.integer | np.floating)
        or isinstance(value, bool)
        or not (low <= value <= high or (or_zero and value == 0))  # NaN fails, too
    ):
        wanted = f"{'0, or ' if or_zero else ''}a number from {low:g} to {high:g}"
        raise KitError(f"{name} is {value!r}, but must be {wanted}")
    return float(value)
