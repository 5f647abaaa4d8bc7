"""Checks of notebook 01: right answers pass, and each likely slip is named."""

import math

import torch

from binenc_kit import checks
from binenc_kit.wells import well


def right_pull(z: torch.Tensor, gamma: float) -> torch.Tensor:
    return gamma * z.square().mean()


def right_radius(gamma: float, weight: float) -> float:
    return math.sqrt(math.log(2 * weight / gamma - 1) / (2 * weight)) if gamma < weight else 0.0


def right_step(z: float, gamma: float, weight: float, lr: float) -> float:
    return z - lr * (2 * gamma * z - 4 * weight * z / (1 + math.exp(2 * weight * z**2)))


RIGHT = [
    (checks.pull, right_pull),
    (checks.radius, right_radius),
    (checks.radius, lambda gamma, weight: -right_radius(gamma, weight)),  # the other well is as good
    (checks.descent_step, right_step),
    (checks.silu_floor, -0.27846),
    (checks.silu_floor, torch.tensor(-0.2785)),
]


def sloped(z: float, gamma: float, weight: float, lr: float, pushed: float, pulled: float) -> float:
    """A step whose slopes have a factor of their own where there should be a z."""
    return z - lr * (2 * gamma * pulled - 4 * weight * pushed / (1 + math.exp(2 * weight * z**2)))


def unknown_gamma(gamma: float, weight: float) -> float:
    """Right for the first pair of numbers only."""
    return well(0.3, 2.0) if gamma < weight else 0.0


SLIPS = [
    (checks.pull, lambda z, gamma: z.square().mean(), "without gamma"),
    (checks.pull, lambda z, gamma: gamma * z.square().sum(), "the sum over batch and dimensions"),
    (checks.pull, lambda z, gamma: gamma * z.square().sum(dim=1).mean(), "over the batch only"),
    (checks.pull, lambda z, gamma: gamma * z.abs().mean(), "the mean of |z|"),
    (checks.pull, lambda z, gamma: gamma * z.mean() ** 2, "squares the mean"),
    (checks.pull, lambda z, gamma: 2 * gamma * z.square().mean(), "the pull is 0.7625, but yours is 1.525"),
    (checks.pull, lambda z, gamma: (gamma * z.square().mean()).item(), "no gradient can flow"),
    (checks.pull, lambda z, gamma: gamma * z.square(), "should be one number"),
    (checks.pull, lambda z: z, "Your answer raised TypeError"),
    (checks.radius, lambda gamma, weight: right_radius(gamma, weight) ** 2, "take the root"),
    (checks.radius, lambda gamma, weight: math.sqrt(math.log(2 * weight / gamma) / (2 * weight)), "lost the -1"),
    (checks.radius, lambda gamma, weight: math.sqrt(math.log(2 * weight / gamma - 1) / weight), "in front of a"),
    (checks.radius, lambda gamma, weight: math.sqrt(math.log(weight / gamma - 1) / (2 * weight)), "inside the log"),
    (checks.radius, unknown_gamma, "For gamma 0.05 and weight 2.0 the wells are at"),
    (checks.radius, lambda gamma, weight: right_radius(gamma, weight) or 1.0, "the one well is at 0"),
    (
        checks.radius,
        lambda gamma, weight: math.sqrt(math.log(2 * weight / gamma - 1) / (2 * weight)),
        "no root is left",
    ),
    (checks.radius, lambda gamma, weight: math.nan, "should be one number, but is nan"),
    (checks.descent_step, lambda z, *rest: 2 * z - right_step(z, *rest), "uphill"),
    (checks.descent_step, lambda z, gamma, weight, lr: right_step(z, gamma, weight, 1.0), "forgot the learning rate"),
    (checks.descent_step, lambda z, *rest: right_step(z, *rest) - z, "z itself is missing"),
    (checks.descent_step, lambda z, gamma, weight, lr: right_step(z, 0.0, weight, lr), "knows the push only"),
    (checks.descent_step, lambda z, gamma, weight, lr: z - lr * 2 * gamma * z, "knows the pull only"),
    (checks.descent_step, lambda z, gamma, weight, lr: sloped(z, gamma, weight, lr, -z, z), "opposite slopes"),
    (checks.descent_step, lambda z, gamma, weight, lr: sloped(z, gamma, weight, lr, 1.0, z), "push's slope has lost"),
    (checks.descent_step, lambda z, gamma, weight, lr: sloped(z, gamma, weight, lr, z, 1.0), "pull's slope has lost"),
    (checks.descent_step, lambda z, *rest: z, "the step leads to"),
    (checks.descent_step, lambda z, *rest: right_step(0.5, *rest), "do not end in the well"),
    (checks.silu_floor, 0, "ReLU's floor"),
    (checks.silu_floor, -1.278, "the input u"),
    (checks.silu_floor, 0.2785, "mind the sign"),
    (checks.silu_floor, -0.5, "smallest value"),
    (checks.silu_floor, "low", "should be one number"),
]
