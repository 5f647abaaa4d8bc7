"""Checks of notebook 07: right answers pass, and each likely slip is named."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from binenc_kit import checks
from tests.checks.asking import unfinished


def right_step(
    logits: NDArray, gradients: NDArray, label: int, choose: Callable = lambda f, length: f / length, power: int = 2
) -> NDArray:
    others = [k for k in range(len(logits)) if k != label]
    f = {k: abs(logits[k] - logits[label]) for k in others}
    w = {k: gradients[k] - gradients[label] for k in others}
    k = min(others, key=lambda k: choose(f[k], np.linalg.norm(w[k])))
    return f[k] * w[k] / np.linalg.norm(w[k]) ** power


def away(*place: NDArray) -> NDArray:
    return -right_step(*place)


def direction(*place: NDArray) -> NDArray:
    return right_step(*place) / np.linalg.norm(right_step(*place))


def of_k_alone(logits: NDArray, gradients: NDArray, label: int) -> NDArray:
    k = 3  # the nearest of the check's first place
    return abs(logits[k] - logits[label]) * gradients[k] / (gradients[k] ** 2).sum()


def absolute(logits: NDArray, gradients: NDArray, label: int) -> NDArray:
    w = gradients[3] - gradients[label]
    return abs(logits[3] - logits[label]) * w / np.abs(w).sum() ** 2


def with_itself(logits: NDArray, gradients: NDArray, label: int) -> NDArray:
    with np.errstate(invalid="ignore"):
        distances = np.abs(logits - logits[label]) / np.linalg.norm(gradients - gradients[label], axis=1)
        return distances.min() * gradients[0]


def learnt_by_heart(logits: NDArray, gradients: NDArray, label: int) -> NDArray:
    """Right for the first place only."""
    return right_step(np.array([2.0, 3.0, 0.5, 1.8]), gradients, 1)


def norms(pictures: Tensor, p: float = 2) -> Tensor:
    return pictures.flatten(1).norm(p=p, dim=1)


def right_relative(r: Tensor, x: Tensor, p: float = 2) -> Tensor:
    return (norms(r, p) / norms(x, p)).mean()


def right_refine(is_fooled: Callable, end: str = "high", swapped: bool = False, halvings: int = 12) -> float:
    low, high = 0.0, 1.0
    for _ in range(halvings):
        middle = (low + high) / 2
        if is_fooled(middle) != swapped:
            high = middle
        else:
            low = middle
    return {"high": high, "low": low}[end]


def scanned(is_fooled: Callable) -> float:
    return next(scale for scale in np.linspace(0, 1, 10_001) if is_fooled(scale))


def times(factor: float) -> Callable:
    return lambda network: lambda images: factor * network(images)


def upside_down(network: Callable) -> Callable:
    return lambda images: -1e4 * network(images)


def detached(network: Callable) -> Callable:
    return lambda images: 1e4 * network(images).detach()


def rounded(network: Callable) -> Callable:
    return lambda images: 1e4 * network(images).round(decimals=3)


JUDGED = {"A": "reversed", "B": "survives", "C": "none", "D": "gone", "E": "gone"}

RIGHT = [
    (checks.border_step, right_step),
    (checks.relative_norm, right_relative),
    (checks.relative_norm, lambda r, x: right_relative(r, x).item()),
    (checks.bisection, right_refine),
    (checks.bisection, partial(right_refine, halvings=60)),
    (checks.blinded, times(1e4)),
    (checks.blinded, times(1e6)),
    (checks.contest_verdicts, JUDGED),
]

SLIPS = [
    (checks.border_step, away, "leads away from the border"),
    (checks.border_step, partial(right_step, power=1), "forgot the square"),
    (checks.border_step, direction, "the direction alone"),
    (checks.border_step, partial(right_step, choose=lambda f, length: f), "the runner-up's border"),
    (checks.border_step, of_k_alone, "the gradient of class k alone"),
    (checks.border_step, absolute, "the sum of absolute values for the norm"),
    (checks.border_step, with_itself, "Your step is NaN"),
    (checks.border_step, lambda logits, gradients, label: 0.375, "here the shape (3,), but yours is ()"),
    (checks.border_step, lambda *place: 1.02 * right_step(*place), "the overshoot comes later"),
    (checks.border_step, lambda *place: 2 * right_step(*place), "the shortest step is (0.292, 0.012, 0.234), but"),
    (checks.border_step, learnt_by_heart, "For the check's class 2"),
    (checks.border_step, unfinished, "Not done yet"),
    (checks.relative_norm, lambda r, x: r.norm() / x.norm(), "that of all pictures"),
    (checks.relative_norm, lambda r, x: norms(r).mean() / norms(x).mean(), "divides two means"),
    (checks.relative_norm, lambda r, x: norms(r).mean(), "||r|| alone"),
    (checks.relative_norm, lambda r, x: (norms(r) ** 2 / norms(x) ** 2).mean(), "squared norms"),
    (checks.relative_norm, partial(right_relative, p=1), "adds absolute values"),
    (checks.relative_norm, partial(right_relative, p=math.inf), "the largest pixel only"),
    (checks.relative_norm, lambda r, x: (norms(x) / norms(r)).mean(), "upside down"),
    (checks.relative_norm, lambda r, x: 2 * right_relative(r, x), "For the three pictures of the check it is"),
    (checks.relative_norm, lambda r, x: norms(r) / norms(x), "should be one number"),
    (checks.bisection, partial(right_refine, end="low"), "return the upper end"),
    (checks.bisection, partial(right_refine, swapped=True), "go on with the lower half"),
    (checks.bisection, lambda is_fooled: 1.0, "You end at 1, but the border is at 0.3417"),
    (checks.bisection, partial(right_refine, halvings=5), "halve until 0.001 is left"),
    (checks.bisection, scanned, "ten halvings are enough"),
    (checks.bisection, lambda is_fooled: None, "should be one number"),
    (checks.blinded, lambda network: lambda images: network(1e4 * images), "the logits, not the pictures"),
    (checks.blinded, times(1e-3), "of the pictures, of 0.00"),
    (checks.blinded, times(5), "tiny is not zero"),
    (checks.blinded, times(1e39), "a smaller factor blinds as well"),
    (checks.blinded, upside_down, "names other classes than before"),
    (checks.blinded, detached, "leave theirs for DeepFool"),
    (checks.blinded, rounded, "Your logits have no gradient themselves"),
    (checks.blinded, lambda network: 1e4, "Return a function from pictures to logits"),
    (checks.contest_verdicts, JUDGED | {"A": "survives"}, "A is not 'survives': DeepFool says gain, the strong"),
    (checks.contest_verdicts, JUDGED | {"B": "gone"}, "both attacks see the gain"),
    (checks.contest_verdicts, JUDGED | {"C": "gone"}, "no gain to begin with"),
    (checks.contest_verdicts, JUDGED | {"D": "survives"}, "a difference like the strong attack's"),
    (checks.contest_verdicts, JUDGED | {"E": "survives"}, "PGD cannot even begin"),
    (checks.contest_verdicts, dict.fromkeys("ABCDE", "gone"), "Of the other four, 2 need another look"),
    (checks.contest_verdicts, JUDGED | {"A": "lost"}, "'lost' is none of gone, none, reversed, survives"),
    (checks.contest_verdicts, {"A": "gone"}, "a word for each of A, B, C, D, E"),
    (checks.contest_verdicts, JUDGED | {"E": ...}, "Not done yet"),
    (checks.contest_verdicts, "gone", "Give a dict"),
]
