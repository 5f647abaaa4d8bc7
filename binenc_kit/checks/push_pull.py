"""Checks of notebook 01: push, pull, and where they balance."""

import math
from collections.abc import Callable

import numpy as np

from binenc_kit.checks.verdict import Slip, check, near, number, slip_of
from binenc_kit.wells import energy, well


@check
def pull(answer: Callable) -> str:
    """The pull of a batch, answer(z, gamma): gamma times the mean of z squared over batch and dimensions."""
    import torch

    z = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])
    value, right = number(answer(z, 0.3), "pull(z, gamma)"), 0.3 * z.square().mean().item()
    squares = z.square()
    slip_of(value, {
        "That is the mean of z squared, without gamma: multiply by it.": squares.mean(),
        "That is the sum over batch and dimensions: the pull is their mean, so that it does not grow with the batch.":
            0.3 * squares.sum(),
        "That sums over the dimensions and takes the mean over the batch only: take the mean over both.":
            0.3 * squares.sum(dim=1).mean(),
        "That is the mean of |z|: the pull squares z.": 0.3 * z.abs().mean(),
        "That squares the mean, in which positive and negative latents cancel: square first, then take the mean.":
            0.3 * z.mean() ** 2,
    })  # fmt: skip
    if not near(value, right):
        raise Slip(f"For the latents of the check and gamma 0.3 the pull is {right:.4g}, but yours is {value:.4g}.")
    learnt = z.clone().requires_grad_()
    if not getattr(answer(learnt, 0.3), "requires_grad", False):
        raise Slip("The number is right, but no gradient can flow through it: use torch's functions, no .item().")
    return "That is the pull: gamma times the mean of z squared."


@check
def radius(answer: Callable) -> str:
    """Where push and pull balance, answer(gamma, weight): |z| of the wells, 0 where there is one."""
    gamma, weight = 0.3, 2.0
    value, right = number(answer(gamma, weight), "radius(gamma, weight)"), well(gamma, weight)
    slip_of(value, {
        "That is the square of the radius: take the root.": right**2,
        "You lost the -1 inside the logarithm: exp(2 a z^2) = 2 a / gamma - 1.":
            math.sqrt(math.log(2 * weight / gamma) / (2 * weight)),
        "You lost a factor 2 in front of a: the logits differ by 2 a z^2.":
            math.sqrt(math.log(2 * weight / gamma - 1) / weight),
        "You lost the factor 2 inside the logarithm: the slope of the push is -4 a z / (1 + exp(2 a z^2)).":
            math.sqrt(math.log(weight / gamma - 1) / (2 * weight)),
    })  # fmt: skip
    for gamma, weight in [(0.3, 2.0), (0.05, 2.0), (1.0, 5.0)]:
        value, right = number(answer(gamma, weight), "radius(gamma, weight)"), well(gamma, weight)
        if not near(abs(value), right):
            raise Slip(
                f"For gamma {gamma} and weight {weight} the wells are at ±{right:.3f}, not at ±{abs(value):.3f}."
            )
    try:
        single = answer(3.0, 2.0)
    except ValueError:  # the logarithm or the root of a negative number
        raise Slip(
            "Right where there are two wells; but for a gamma above the weight no root is left: return 0."
        ) from None
    if not near(single, 0.0):
        raise Slip("Right where there are two wells; but for gamma of at least the weight the one well is at 0.")
    return "Right: two wells below gamma = a, and one at 0 from there on."


@check
def descent_step(answer: Callable) -> str:
    """One step of gradient descent on the energy, answer(z, gamma, weight, lr)."""
    z, gamma, weight, lr = 0.5, 0.3, 2.0, 0.1
    push = -4 * weight * z / (1 + math.exp(2 * weight * z**2))
    pulled = 2 * gamma * z
    value, right = number(answer(z, gamma, weight, lr), "step(z, gamma, weight, lr)"), z - lr * (push + pulled)
    slip_of(value, {
        "That goes uphill: subtract the slope.": z + lr * (push + pulled),
        "You forgot the learning rate.": z - (push + pulled),
        "That is the slope times the learning rate: z itself is missing.": -lr * (push + pulled),
        "Push and pull have opposite slopes: the push's is negative for positive z.": z - lr * (pulled - push),
        "The push's slope has lost a factor z: -4 a z / (1 + exp(2 a z^2)).": z - lr * (push / z + pulled),
        "The pull's slope has lost a factor z: it is 2 gamma z.": z - lr * (push + 2 * gamma),
        "That step knows the push only.": z - lr * push,
        "That step knows the pull only.": z - lr * pulled,
    })  # fmt: skip
    if not near(value, right):
        raise Slip(
            f"From z = 0.5 with gamma 0.3, weight 2 and lr 0.1 the step leads to {right:.4f}, not to {value:.4f}."
        )
    steps = [z]
    for _ in range(2000):
        steps.append(number(answer(steps[-1], gamma, weight, lr), "step(z, gamma, weight, lr)"))
    if energy(steps[-1], gamma, weight).total > energy(well(gamma, weight), gamma, weight).total + 1e-6:
        raise Slip("The first step is right, but many steps do not end in the well.")
    return f"Right: step by step the ball comes to rest at {steps[-1]:.3f}."


@check
def silu_floor(answer: float) -> str:
    """The lowest value that SiLU can give."""
    value = number(answer, "the lowest value")
    u = np.linspace(-5, 0, 500_001)
    z = u / (1 + np.exp(-u))
    slip_of(value, {
        "0 is ReLU's floor; SiLU dips below it. Evaluate it on a grid of negative inputs.": 0.0,
        "That is the input u at which SiLU is lowest; what is its value there?": u[z.argmin()],
        "SiLU is negative there: mind the sign.": -z.min(),
    }, relative=5e-3)  # fmt: skip
    if not near(value, z.min(), relative=5e-3):
        raise Slip("No: evaluate u * sigmoid(u) on a grid of negative inputs and take the smallest value.")
    return "Right: nothing below -0.278 can ever come out. What does that mean for the left well?"
