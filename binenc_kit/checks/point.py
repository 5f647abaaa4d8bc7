"""Checks of notebook 08: a gamma of a million, what of it is scale, and which numbers can carry it."""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from binenc_kit.checks.verdict import Slip, check, near, number, slip_of

MOVED = {  # measures that follow when all latents shrink, and why
    "sigma_w": "Sigma_W is a variance: latents a thousand times smaller make it a million times smaller.",
    "margin_gradient": "The logits are W z, so they shrink with z, and with them the slope of their differences.",
    "cross_entropy": "Smaller logits make all classes equally probable: cross-entropy goes to log C.",
}
KEPT = {  # measures that do not, and why
    "sigma_w_relative": "Within over between: both traces shrink by the same factor.",
    "margin_distance": "It divides the margin by its own slope, and both shrink by the same factor.",
    "distance_margin": "It divides one distance between latents by another.",
    "norm_variation": "It divides the standard deviation of |z| by its mean.",
    "accuracy": "A common factor changes no logit's rank, so no prediction.",
}


@check
def million_epoch(answer: Callable) -> str:
    """The first epoch in which gamma has reached a cap, answer(start, factor, cap); gamma is start in epoch 1."""
    start, factor, cap = 0.01, 1.05, 1e6
    value, right = number(answer(start, factor, cap), "first_epoch(start, factor, cap)"), _first(start, factor, cap)
    slip_of(value, {
        "One short: in epoch 1 gamma is the start, before any growth.": right - 1,
        "Epochs are whole: round up what the logarithms give.": math.log(cap / start) / math.log(factor) + 1,
        "Epochs are whole, and epoch 1 comes before any growth: round up what the logarithms give, and add 1.":
            math.log(cap / start) / math.log(factor),
        "You let gamma start at 1: divide the cap by the start.": _first(1, factor, cap),
        "That adds the growth instead of multiplying by it.": 1 + math.ceil((cap - start) / factor),
    }, relative=1e-6)  # fmt: skip
    for start, factor, cap in [(0.01, 1.05, 1e6), (1, 2, 1000), (0.5, 1.5, 1e4)]:
        value = number(answer(start, factor, cap), "first_epoch(start, factor, cap)")
        if value != _first(start, factor, cap):
            raise Slip(
                f"From {start} by {factor} the cap of {cap:g} is reached in epoch {_first(start, factor, cap)}, "
                f"not in epoch {value:g}."
            )
    return f"Right: from 0.01 by 1.05 it takes until epoch {right}, which is why these trainings are long."


@check
def scale_decades(answer: Callable) -> str:
    """Decades by which Sigma_W falls, and how many of them are scale, answer(before, after, labels)."""
    before, labels = _clouds(1, 1)
    total, scale = _pair(answer(before, _clouds(1e-3, 1e-4)[0], labels))
    slip_of([total, scale], {
        "A fall counts positive here: before over after.": (-8, -6),
        "Those are powers of e: take log10.": (8 * math.log(10), 6 * math.log(10)),
        "The second number should be the part that is scale; you gave the rest.": (8, 2),
        "Sigma_W is in units of z squared: latents a thousand times smaller are six decades of it, not three.": (8, 3),
        "Right, but in the other order: all decades first, then those of scale.": (6, 8),
        "Those are the factors: take log10.": (1e8, 1e6),
    })  # fmt: skip
    for means, spread, right in [(1e-3, 1e-4, (8, 6)), (1, 0.1, (2, 0)), (1e-2, 1e-1, (2, 4))]:
        found = _pair(answer(before, _clouds(means, spread)[0], labels))
        if not np.allclose(found, right, atol=1e-3):
            raise Slip(
                f"Class means {means:g} times as far apart and classes {spread:g} times as wide: {right[0]} decades, "
                f"{right[1]} of them scale, not {found[0]:.3g} and {found[1]:.3g}."
            )
    return "Right: what is left, the decades that are not scale, is the fall of the relative Sigma_W."


@check
def forces(answer: Callable) -> str:
    """The push and the pull on one sample's latent, answer(z, W, p, y, gamma), as two vectors."""
    rng = np.random.default_rng(0)
    z, W, y, gamma = rng.normal(size=3), rng.normal(size=(4, 3)), 2, 0.7
    p = np.exp(W @ z) / np.exp(W @ z).sum()
    push, pull = W[y] - p @ W, 2 * gamma * z / 3
    given = answer(z, W, p, y, gamma)
    if not isinstance(given, tuple | list) or len(given) != 2 or any(np.shape(one) != (3,) for one in given):
        raise Slip("Give two vectors as long as z: return push, pull.")
    for one, slips in zip(given, _slips_of_forces(z, W, p, y, gamma), strict=True):
        slip_of(one, slips)
    if near(given[0], pull) and near(given[1], push):
        raise Slip("Both are right, but in the other order: push first.")
    for name, one, right in [("push", given[0], push), ("pull", given[1], pull)]:
        if not near(one, right):
            raise Slip(f"The {name} of the check is {np.round(right, 3)}, but yours is {np.round(one, 3)}.")
    return "Right: where the two are equal, no sample's loss has a slope in z."


@check
def number_gap(answer: Callable) -> str:
    """The gap between a number and the next one that a format holds, answer(x, fraction_bits)."""
    x, bits, right = 1.5e-3, 7, 2.0**-17
    value = number(answer(x, bits), "gap(x, fraction_bits)")
    if near(value, x + right, 1e-4) or near(value, (x // right + 1) * right, 1e-4):
        raise Slip("That is the next number itself, not how far it is: subtract x.")
    slip_of(value, {
        "That is the same share of every number: gaps are equal from one power of 2 to the next. Round log2(x) down.":
            x * 2.0**-bits,
        "That is twice the gap: round log2(x) down.": 2 * right,
        "That is half the gap: count the bits of the fraction only, the leading 1 is not stored.": right / 2,
        "That is the gap at 1. Where x is smaller, so is the gap.": 2.0**-bits,
        "That is the power of 2 below x: divide it by 2 to the number of bits.": 2.0**-10,
    })  # fmt: skip
    for x, bits, right in [(1.5e-3, 7, 2.0**-17), *_spacings()]:
        value = number(answer(x, bits), "gap(x, fraction_bits)")
        if not near(value / right, 1.0):
            raise Slip(f"Next to {x:g}, with {bits} bits of fraction, the gap is {right:.3g}, not {value:.3g}.")
    return "Right: next to 0.001 that is 1.2e-10 in float32, 9.5e-7 in float16 and 7.6e-6 in bfloat16."


@check
def scale_free(answer: Iterable) -> str:
    """Which measures move when all latents shrink a thousandfold under the same classifier, a set of names."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise Slip('Give a set of names, such as {"accuracy", "norm_variation"}.')
    names = set(answer)
    for name in sorted(map(str, names - set(MOVED) - set(KEPT))):
        raise Slip(f"{name} is none of the eight: {', '.join(sorted(MOVED | KEPT))}.")
    for name in sorted(names & set(KEPT)):
        raise Slip(f"{name} stays. {KEPT[name]}")
    for name in sorted(set(MOVED) - names):
        raise Slip(f"{name} moves, too. {MOVED[name]}")
    return "Right: these three follow the scale. Quoted alone, none of them says what has become of the classes."


def _first(start: float, factor: float, cap: float) -> int:
    """The epoch by growing, one step after the other."""
    epoch, gamma = 1, start
    while gamma < cap:
        epoch, gamma = epoch + 1, gamma * factor
    return epoch


def _clouds(means: float, spread: float) -> tuple[NDArray, NDArray]:
    """Three classes of 5 samples in 2 dimensions, their means and their widths scaled."""
    rng = np.random.default_rng(0)
    deviations = rng.normal(size=(3, 5, 2))
    deviations -= deviations.mean(axis=1, keepdims=True)
    z = means * rng.normal(size=(3, 1, 2)) + spread * deviations
    return z.reshape(15, 2), np.repeat(np.arange(3), 5)


def _pair(answer: object) -> tuple[float, float]:
    if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != 2:
        raise Slip("decades(before, after, labels) should give two numbers, all decades and those of scale.")
    return number(answer[0], "the first"), number(answer[1], "the second")


def _slips_of_forces(z: NDArray, W: NDArray, p: NDArray, y: int, gamma: float) -> tuple[dict, dict]:
    """Wrong pushes and wrong pulls."""
    pushes = {
        "That is the gradient of cross-entropy: the push goes against it, W_y - sum_i p_i W_i.": p @ W - W[y],
        "The own weight counts in full: W_y, not p_y W_y.": p[y] * W[y] - p @ W,
        "The push knows the own class only: subtract what the network already believes, sum_i p_i W_i.": W[y],
        "You scaled W_y by 1 - p_y and left the other classes out.": (1 - p[y]) * W[y],
        "That is the mean over the classes instead of the one that p weighs.": W[y] - W.mean(axis=0),
    }
    pulls = {
        "The kit's pull is a mean over the P dimensions: divide by P.": 2 * gamma * z,
        "The slope of z squared is 2 z: a factor of 2 is missing.": gamma * z / len(z),
        "The factor of 2 and the P of the mean are missing.": gamma * z,
        "Give the pull as the slope of the penalty, so that in balance push = pull.": -2 * gamma * z / len(z),
        "That is the penalty's slope without gamma.": 2 * z / len(z),
    }
    return pushes, pulls


def _spacings() -> list[tuple[float, int, float]]:
    """Numbers, bits of fraction, and what numpy says of the gap."""
    formats: list[tuple[type[np.floating], int]] = [(np.float32, 23), (np.float16, 10)]
    return [(x, bits, float(np.spacing(kind(x)))) for kind, bits in formats for x in (0.001, 0.3, 3.0, 1000.0)]
