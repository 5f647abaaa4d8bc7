"""Checks of notebook 06: right answers pass, and each likely slip is named."""

import numpy as np
from scipy.integrate import simpson
from scipy.stats import rankdata

from binenc_kit import checks
from binenc_kit.checks.reliance import DUELS
from binenc_kit.measures import reliability

Array = np.ndarray


def squares(z: Array, mean: Array, matrix: Array) -> Array:
    return np.einsum("ni,ij,nj->n", z - mean, matrix, z - mean)


def right_distance(z: Array, mean: Array, covariance: Array) -> Array:
    return np.sqrt(squares(z, mean, np.linalg.inv(covariance)))


def flat_only(z: Array, mean: Array, covariance: Array) -> Array:
    """Right in two dimensions."""
    return right_distance(z, mean, covariance) if z.shape[1] == 2 else np.zeros(len(z))


def by_ranks(scores: Array, wrong: Array) -> float:
    many = wrong.sum()
    return (rankdata(scores)[wrong].sum() - many * (many + 1) / 2) / (many * (~wrong).sum())


def by_pairs(scores: Array, wrong: Array, tie: float = 0.5) -> float:
    unsure, sure = scores[wrong][:, None], scores[~wrong]
    return (unsure > sure).mean() + tie * (unsure == sure).mean()


def trapezium(heights: Array) -> float:
    return 0.01 * ((heights[1:] + heights[:-1]) / 2).sum()


def simulated(models: int = 18, pictures: int = 10_000, times: int = 4000) -> float:
    best = np.random.default_rng(1).binomial(pictures, 0.935, size=(times, models)).max(axis=1) / pictures
    return 100 * (best.mean() - 0.935)


WINNERS = {letter: winner for letter, (winner, _) in DUELS.items()}
RIGHT = [
    (checks.mahalanobis, right_distance),
    (checks.mahalanobis, lambda z, mean, covariance: np.sqrt(squares(z, mean, np.linalg.pinv(covariance)))),
    (checks.auroc, by_ranks),
    (checks.auroc, by_pairs),
    (checks.auroc, reliability.auroc),
    (checks.duels, WINNERS),
    (checks.mended_sum, trapezium),
    (checks.mended_sum, lambda heights: 0.01 * (heights.sum() - heights[0] / 2 - heights[-1] / 2)),
    (checks.mended_sum, lambda heights: simpson(heights, dx=0.01)),
    (checks.flattery, simulated()),
    (checks.flattery, np.float64(0.4449)),
]

SLIPS = [
    (checks.mahalanobis, lambda *all: right_distance(*all) ** 2, "take the root"),
    (checks.mahalanobis, lambda z, mean, matrix: np.sqrt(squares(z, mean, matrix)), "multiply by its inverse"),
    (checks.mahalanobis, lambda z, mean, matrix: np.sqrt(squares(z, mean, 1 / matrix)), "1 over each entry"),
    (checks.mahalanobis, lambda z, mean, matrix: np.linalg.norm(z - mean, axis=1), "Euclid's distance"),
    (checks.mahalanobis, lambda z, mean, matrix: right_distance(z, 0, matrix), "forgot to take the mean away"),
    (
        checks.mahalanobis,
        lambda z, mean, matrix: right_distance(z, mean, np.diag(np.diag(matrix))),
        "divides by the variances only",
    ),
    (
        checks.mahalanobis,
        lambda z, mean, matrix: np.linalg.norm((z - mean) @ np.linalg.inv(matrix), axis=1),
        "uses the inverse twice",
    ),
    (checks.mahalanobis, lambda *all: right_distance(*all)[0], "should give 3 distances"),
    (checks.mahalanobis, lambda *all: 2 * right_distance(*all), "is 1.155, but yours is 2.309"),
    (checks.mahalanobis, flat_only, "but not in three"),
    (checks.mahalanobis, lambda z, mean: z, "Your answer raised TypeError"),
    (checks.auroc, lambda scores, wrong: by_pairs(-scores, wrong), "That is 1 - AUROC"),
    (checks.auroc, lambda scores, wrong: by_pairs(scores, wrong, 0), "leaves ties out"),
    (checks.auroc, lambda scores, wrong: by_pairs(scores, wrong, 1), "counts ties in full"),
    (checks.auroc, lambda scores, wrong: by_pairs(scores, wrong) * 8, "the number of pairs"),
    (checks.auroc, lambda scores, wrong: by_pairs(scores, wrong) * 8 / 36, "divides by all pairs"),
    (checks.auroc, lambda scores, wrong: wrong.mean(), "the share of wrong predictions"),
    (checks.auroc, lambda scores, wrong: 0.9, "it is 0.5625, but yours is 0.9"),
    (
        checks.auroc,
        lambda scores, wrong: by_pairs(scores, wrong) if len(wrong) == 6 else by_pairs(scores, wrong, 0),
        "Right for six scores, but for 60 scores",
    ),
    (
        checks.auroc,
        lambda scores, wrong: (scores[wrong] > scores[~wrong]).mean(),
        "every wrong one with every right one",
    ),
    (checks.auroc, lambda scores, wrong: float("no number"), "Your answer raised ValueError"),
    (checks.auroc, lambda scores, wrong: scores, "should be one number"),
    (checks.duels, ["second"], "a dictionary with the keys A, B, C, D"),
    (checks.duels, WINNERS | {"A": "maybe"}, "Duel A: say"),
    (checks.duels, WINNERS | {"A": "cannot say"}, "Duel A is not 'cannot say': look again"),
    (checks.duels, WINNERS | {"B": "second"}, "the one seed that stands out"),
    (checks.duels, WINNERS | {"C": "first"}, "a sign test can never be sure"),
    (checks.duels, WINNERS | {"D": "second"}, "Duel D is not 'second'"),
    (checks.duels, WINNERS | {"D": ...}, "Not done yet"),
    (checks.mended_sum, lambda heights: 0.01 * heights.sum(), "one strip too many"),
    (checks.mended_sum, lambda heights: 0.01 * heights[1:-1].sum(), "you have left out one"),
    (checks.mended_sum, lambda heights: 0.01 * (heights.sum() - heights[0] / 2), "half of the other end"),
    (checks.mended_sum, lambda heights: 0.01 * (heights.sum() - heights[-1] / 2), "half of the other end"),
    (checks.mended_sum, lambda heights: min(1, 0.01 * heights.sum()), "A cap hides the surplus"),
    (checks.mended_sum, lambda heights: trapezium(heights) * 100, "each strip is 0.01 wide"),
    (checks.mended_sum, lambda heights: 2.0, "should give 1, but yours gives 2"),
    (checks.mended_sum, lambda heights: heights.mean(), "divides by 1.01"),
    (checks.mended_sum, lambda heights: 0.01 * heights[:-1].sum(), "leaves the last node out"),
    (checks.mended_sum, lambda heights: 0.01 * heights[1:].sum(), "leaves the first node out"),
    (checks.mended_sum, lambda heights: min(1, 0.02 * heights.sum()), "where the area is 0.75 "),
    (checks.mended_sum, lambda heights: trapezium(np.sort(heights)) + 0.01 * (heights[0] == 1 > heights[-1]), "falls"),
    (checks.mended_sum, lambda heights: heights, "should be one number"),
    (checks.flattery, -0.445, "Mind the sign"),
    (checks.flattery, simulated() / 100, "That is a share"),
    (checks.flattery, 1.81, "standard errors: one is 0.25 percentage points"),
    (checks.flattery, 1.8, "Those are standard errors"),
    (checks.flattery, 44.7, "Those are pictures"),
    (checks.flattery, 0.2465, "one standard error"),
    (checks.flattery, simulated(models=5), "the best of 5"),
    (checks.flattery, simulated(pictures=360), "for 360 pictures"),
    (checks.flattery, 93.945, "the best accuracy itself"),
    (checks.flattery, 0.6, "It is 0.44 percentage points"),
]
