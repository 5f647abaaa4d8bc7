"""Checks of notebook 04: two peaks, their ceiling, agreement of codes, and what chance would do."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binenc_kit.checks.verdict import Slip, check, near, number, slip_of

# Class 0's commonest whole code is 0000, which three of its seven samples carry; bit by bit its majority is 1100.
LABELS = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
LATENTS = np.array([
    [-1, -2, 0, -1], [-2, -1, -2, -1], [-1, -3, -1, -2],
    [1, 2, -1, -1], [3, 1, 0, -2], [2, 2, -1, 3], [1, 1, 5, -1],
    [1, -1, 2, 0.1], [2, -2, 0.1, 0.1], [14, -1, 3, 3], [-4, -1, 0, -3],
], float)  # fmt: skip
SURVIVORS = {"BinEnc", "BinEnc+exp_mean", "BinEnc+mean_exp", "LPC", "NonlinPen+quadratic"}
FALLEN = {
    "HUG": "its whole codes agree, but hardly better than after random rotations: its classes are tight, not aligned",
    "HUG+mgd": "its whole codes agree even better after random rotations: its classes are tight, not aligned",
    "HUG+mhs": "look at its distinct codes: two classes share one",
    "SupCon": "its whole codes agree, but count its distinct ones: classes share them",
    "LinPen": "too many of its pictures do not carry their class's whole code",
    "CenterLoss": "too many of its pictures do not carry their class's whole code",
    "NonlinPen": "too many of its pictures do not carry their class's whole code",
    "ArcFace": "too many of its pictures do not carry their class's whole code",
    "BinEnc+l1": "too many of its pictures do not carry their class's whole code, though it has a pull",
}


@check
def two_peaks(answer: Callable) -> str:
    """Score, mean std and distance of two peaks in one dimension (N,), answer(column), standardised first."""
    column, weights, means, stds = _two_groups()
    scale = column.std()
    likelihoods = _density((column - column.mean()) / scale, weights, (means - column.mean()) / scale, stds / scale)
    score, std = float(np.log(likelihoods).mean()), float(stds.mean() / scale)
    distance = float(np.abs(np.diff(means))[0] / stds.mean())
    value = np.asarray([number(part, "each of the three") for part in _three(answer(column.copy()))])
    slip_of(value[:1], {
        "The score is that of the column as it came: standardise it first.": [score - math.log(scale)],
        "That is the log-likelihood of all samples together: take the mean of one.": [score * len(column)],
        "The score is the mean *log*-likelihood; yours is the likelihood's.": [math.exp(score)],
    }, relative=0.01)  # fmt: skip
    slip_of(value[1:2], {
        "covariances_ are variances: take their roots, then the mean.": [np.mean((stds / scale) ** 2)],
        "Take the root of each variance first, then the mean.": [math.sqrt(np.mean((stds / scale) ** 2))],
        "The score is right, but the std is that of the column as it came: take it from the standardised fit.":
            [std * scale],
        "That is the sum of the two stds: take their mean.": [2 * std],
    }, relative=0.01)  # fmt: skip
    slip_of(value[2:], {
        "That is the distance of the peaks alone: divide it by their mean std.": [distance * std],
        "The distance is divided by the sum of the stds: divide it by their mean.": [distance / 2],
        "The distance is |m1 - m2|: a distance is not negative.": [-distance],
    }, relative=0.01)  # fmt: skip
    for name, got, right in zip(("score", "std", "distance"), value, (score, std, distance), strict=True):
        if not near(got, right, relative=0.01):
            raise Slip(f"For the check's two groups the {name} is {right:.3f}, but yours is {got:.3f}.")
    return f"Right: score {score:.2f}, std {std:.3f}, distance {distance:.1f} for two groups that were made by hand."


@check
def ceiling(answer: float) -> str:
    """The score of perfect two-point data, both points equally frequent, where no std is below 1e-3."""
    value, height = number(answer, "the score"), -math.log(1e-3 * math.sqrt(2 * math.pi))
    right = height - math.log(2)
    slip_of(value, {
        "Each peak holds only half of the samples: add log 0.5. (What you have is the score of a dead dimension.)":
            height,
        "1e-6 is added to the variance: the std is its root, 1e-3.": right + math.log(1e3),
        "A normal density is 1 / (s * sqrt(2 pi)) at its middle: you lost the 2 pi.":
            right + math.log(math.sqrt(2 * math.pi)),
        "You lost the root of 2 pi.": right - math.log(math.sqrt(2 * math.pi)),
        "That is the likelihood: the score is its logarithm.": math.exp(right),
        "Mind the sign: a narrow peak is high, its density is far above 1.": -right,
        "That is a logarithm to base 10; nats have base e.": right / math.log(10),
    })  # fmt: skip
    if not near(value, right, relative=5e-4):
        if near(value, right, relative=0.01):
            raise Slip(f"Near, but {value:g} is too coarse to tell: give two more digits, or let Python compute it.")
        raise Slip(f"log 0.5 + log N(0; std 1e-3) is {right:.3f}, not {value:.4g}.")
    return "Right: 5.296, and no two-point code with equally frequent points can score higher."


@check
def bit_agreement(answer: Callable) -> str:
    """Code agreement, answer(z, labels): the mean over classes and dimensions of max(f, 1 - f)."""
    value = answer(LATENTS.copy(), LABELS.copy())
    if isinstance(value, float | np.floating) and np.isnan(value):
        raise Slip("That is nan: a class without samples has no share, and the check's labels are only 0 and 1.")
    value = number(value, "agreement(z, labels)")
    shares, zero_is_one, centred = (
        _shares(bits) for bits in (LATENTS > 0, LATENTS >= 0, LATENTS > LATENTS.mean(axis=0))
    )
    right = _most(shares).mean()
    slip_of(value, {
        "A latent of 0 has the bit 0: bit = z > 0.": _most(zero_is_one).mean(),
        "A bit is z > 0, not z above its mean.": _most(centred).mean(),
        "That is the mean share of ones: of f and 1 - f the larger one counts.": shares.mean(),
        "That takes all classes together: take f within each class.": _most((LATENTS > 0).mean(axis=0)).mean(),
        "That weighs large classes more: the mean is over classes, whatever their size.":
            (_most(shares) * [[7 / 11], [4 / 11]]).sum() / 4,
        "That is the worst bit: take the mean over classes and dimensions.": _most(shares).min(),
        "That is the smaller one of f and 1 - f.": 1 - right,
        "That is the sum over classes or dimensions: take the mean over both.": _most(shares).mean(axis=0).sum(),
    })  # fmt: skip
    if not near(value, right):
        raise Slip(f"For the check's eleven samples it is {right:.4f}, but yours is {value:.4f}.")
    return "That is code agreement: 0.5 where bits are coin tosses, 1 where every sample carries its class's bits."


@check
def whole_agreement(answer: Callable) -> str:
    """Whole-code agreement, answer(z, labels): the share of samples with their class's most common whole code."""
    value = number(answer(LATENTS.copy(), LABELS.copy()), "whole_code(z, labels)")
    bits, right = LATENTS > 0, 6 / 11
    majority = [bits[LABELS == label].mean(axis=0) > 0.5 for label in LABELS]
    slip_of(value, {
        "That asks for the majority of each bit; but those bits together may be no common code: count whole codes.":
            (bits == majority).all(axis=1).mean(),
        "That is the mean of the classes' shares: take the share of all samples.": (3 / 7 + 3 / 4) / 2,
        "That is the share of the most common code of all: take it within each class.": 4 / 11,
        "That is the agreement bit by bit: count whole codes.": _most(_shares(bits)).mean(),
        "That multiplies the bits' agreements, as if they were independent: count whole codes.":
            _most(_shares(bits)).prod(axis=1).mean(),
        "That is a number of samples: divide by all of them.": 6,
    })  # fmt: skip
    if not near(value, right):
        raise Slip(f"6 of the check's 11 samples carry their class's most common code, {right:.3f}, not {value:.4g}.")
    return "Right. This one is hard to please: a single wrong bit, and the sample does not count."


@check
def survivors(answer: Iterable) -> str:
    """The labels of the shipped digits that pass all three demands of the notebook, as a set or list."""
    named = {answer} if isinstance(answer, str) else set(answer)
    strangers = sorted(map(str, named - SURVIVORS - set(FALLEN)))
    if strangers:
        raise Slip(f"{strangers[0]!r} is no row of the table: give the labels as they stand there.")
    wrong = sorted(named - SURVIVORS)
    if wrong:
        raise Slip(f"{wrong[0]} does not pass: {FALLEN[wrong[0]]}.")
    if "NonlinPen+quadratic" not in named and SURVIVORS - named == {"NonlinPen+quadratic"}:
        raise Slip("All but one, and it is the one that the theory would not let pass: ask the numbers.")
    if SURVIVORS - named:
        raise Slip(f"Those pass, but {len(SURVIVORS - named)} more of the table do, too.")
    return "Right: five, and all have a pull towards 0 that grows at least as the square of z; l1 grows more slowly."


@check
def lottery(answer: float) -> str:
    """The probability that ten codes of four bits, each drawn by lot, are all distinct."""
    value = number(answer, "the probability")
    ways, right = math.perm(16, 10), math.perm(16, 10) / 16**10
    slip_of(value, {
        "That is the probability that at least two are the same.": 1 - right,
        "That counts the ways; divide by the number of all draws, 16^10.": ways,
        "That chooses ten codes without saying which class gets which: 16! / 6! counts both.":
            math.comb(16, 10) / 16**10,
        "That is for one class fewer: the tenth draw has 7 free codes of 16.": math.perm(16, 9) / 16**9,
        "That is how full the corners are with ten codes, not how likely it is to draw ten different ones.": 10 / 16,
    })  # fmt: skip
    slip_of(value, {"That sounds like a percentage: give the probability.": 100 * right}, relative=0.02)
    if not near(value, right, relative=0.02):
        raise Slip(f"Multiply ten factors, one a class: the share of codes that are still free. Yours is {value:.4g}.")
    return f"Right: {right:.3f}. With fair coins, 38 draws in 39 give two classes one code."


def _two_groups() -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """A column of two groups far apart, with their shares, means and stds, which a fit must find."""
    from scipy.stats import norm

    bell = norm.ppf((np.arange(300) + 0.5) / 300)
    groups = [5 + 0.8 * bell, -7 + 0.2 * bell[::3]]
    column = np.random.default_rng(0).permutation(np.concatenate(groups))
    means, stds = (np.array([statistic(group) for group in groups]) for statistic in (np.mean, np.std))
    return column, np.array([0.75, 0.25]), means, stds


def _density(z: NDArray, weights: NDArray, means: NDArray, stds: NDArray) -> NDArray[np.float64]:
    bells = np.exp(-(((z[:, None] - means) / stds) ** 2) / 2) / stds / math.sqrt(2 * math.pi)
    return bells @ weights


def _three(answer: object) -> list[Any]:
    if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != 3:
        raise Slip("two_peaks(column) should return three numbers: score, mean std, distance.")
    return list(answer)


def _shares(bits: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.stack([bits[LABELS == label].mean(axis=0) for label in (0, 1)])


def _most(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(shares, 1 - shares)
