"""Checks of notebook 06: distances in widths, what an AUROC counts, and what a choice on the test set buys."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.checks.verdict import NOT_DONE, Slip, array, check, near, number, slip_of

if TYPE_CHECKING:  # slow to import
    from scipy.stats.distributions import rv_frozen

# Who is better in the duels of exercise 6.3, and why.
DUELS = {
    "A": (
        "second",
        "it is ahead on every seed, which 8 coins do in 2 of 256 throws, though the spreads overlap: they are paired",
    ),
    "B": ("cannot say", "without the one seed that stands out, nothing is left of its lead"),
    "C": ("cannot say", "3 coins fall alike in 2 of 8 throws, so with 3 seeds a sign test can never be sure"),
    "D": ("first", "it is ahead on 7 of 8 seeds, and the one that it loses, it loses by a hair"),
}
TRUTH, PICTURES, MODELS = 0.935, 10_000, 18


@check
def mahalanobis(answer: Callable) -> str:
    """Distances (N,) of the rows of z from a Gaussian, answer(z, mean, covariance): in units of its own width."""
    z, mean = np.array([[3.0, 1.0], [0.0, -2.0], [2.0, 1.0]]), np.array([1.0, 0.0])
    covariance = np.array([[4.0, 1.0], [1.0, 1.0]])
    # by hand: the inverse is [[1, -1], [-1, 4]] / 3, so that the square is (x^2 - 2 x y + 4 y^2) / 3
    right = np.sqrt([4 / 3, 13 / 3, 1])
    value, away = array(answer(z, mean, covariance), np.float64), z - mean
    if value.shape != right.shape:
        raise Slip(f"For 3 latents mahalanobis should give 3 distances, shape (3,), but yours has shape {value.shape}.")
    slip_of(value, {
        "That is the square of the distance: take the root.": right**2,
        "That multiplies by the covariance, which makes wide directions count more: multiply by its inverse.":
            np.sqrt(_forms(away, covariance)),
        "That is 1 over each entry of the covariance: its inverse is that of a matrix, np.linalg.inv.":
            np.sqrt(_forms(away, 1 / covariance)),
        "That uses the inverse twice: multiply the rows of away @ inv by away, entry by entry, sum, and take the root.":
            np.linalg.norm(away @ np.array([[1, -1], [-1, 4]]) / 3, axis=1),
        "That is Euclid's distance: the covariance has no say in it.": np.linalg.norm(away, axis=1),
        "You forgot to take the mean away from z.": np.sqrt(_forms(z, np.array([[1, -1], [-1, 4]]) / 3)),
        "That divides by the variances only: the covariance off the diagonal counts as well.":
            np.sqrt((away**2 / [4, 1]).sum(axis=1)),
    })  # fmt: skip
    if not near(value, right):
        raise Slip(f"The first of the check's distances is {right[0]:.4g}, but yours is {value[0]:.4g}.")
    rng = np.random.default_rng(0)
    points, roots = rng.normal(size=(5, 3)), np.tril(rng.uniform(0.5, 2, size=(3, 3)))
    if not near(answer(points @ roots.T + 1, np.ones(3), roots @ roots.T), np.linalg.norm(points, axis=1)):
        raise Slip("Right in two dimensions, but not in three.")
    return "Right: the distance in units of the cloud's own width, whichever way you go."


@check
def auroc(answer: Callable) -> str:
    """Chance that a wrong prediction has the higher score, answer(scores, wrong), arrays (N,): ties count half."""
    scores, wrong = np.array([0.9, 0.3, 0.6, 0.2, 0.1, 0.6]), np.array([False, True, False, False, False, True])
    value = _of_pairs(answer, scores, wrong)
    unsure, sure = scores[wrong], scores[~wrong]
    above, tied = (unsure[:, None] > sure).mean(), (unsure[:, None] == sure).mean()
    right = above + tied / 2
    slip_of(value, {
        "That is 1 - AUROC: the wrong predictions should have the higher scores, not the right ones.": 1 - right,
        "That leaves ties out: where both scores are the same, count half.": above,
        "That counts ties in full: where both scores are the same, count half.": above + tied,
        "That is the number of pairs: divide by how many pairs there are.": 8 * right,
        "That divides by all pairs of predictions: only a wrong one and a right one make a pair.": 8 * right / 36,
        "That is the share of wrong predictions: the scores have no say in it.": wrong.mean(),
    })  # fmt: skip
    if not near(value, right):
        raise Slip(f"For the check's two wrong and four right ones it is {right:.4g}, but yours is {value:.4g}.")
    rng = np.random.default_rng(0)
    scores, wrong = rng.integers(0, 9, 60).astype(float), rng.random(60) < 0.2
    pairs = [np.sign(high - low) / 2 + 0.5 for high in scores[wrong] for low in scores[~wrong]]
    for what, many, right in [("60 scores", scores, np.mean(pairs)), ("60 equal scores", np.zeros(60), 0.5)]:
        if not near(value := number(answer(many, wrong), "auroc(scores, wrong)"), right):
            raise Slip(f"Right for six scores, but for {what} it is {right:.4g}, and yours is {value:.4g}.")
    return "Right: the share of pairs in which the wrong prediction looks less certain, ties by halves."


def _of_pairs(answer: Callable, scores: NDArray, wrong: NDArray) -> float:
    """The answer's AUROC; groups of two sizes cannot be compared one with one, and that is told."""
    try:
        return number(answer(scores, wrong), "auroc(scores, wrong)")
    except ValueError as error:
        if "broadcast" not in str(error):
            raise
        raise Slip(
            "Compare every wrong one with every right one, not one with one: scores[wrong][:, None] makes a column, "
            "and beside a row the column makes the table of all pairs."
        ) from None


@check
def duels(answer: Mapping) -> str:
    """Who is better in each duel, answer: first, second or cannot say, by the duels' letters."""
    if not isinstance(answer, Mapping) or set(answer) != set(DUELS):
        raise Slip(f"The answer should be a dictionary with the keys {', '.join(DUELS)}.")
    for letter, (winner, why) in DUELS.items():
        said = answer[letter]
        if said is ...:
            raise Slip(NOT_DONE)
        if said not in ("first", "second", "cannot say"):
            raise Slip(f"Duel {letter}: say 'first', 'second' or 'cannot say'.")
        if said != winner:
            hint = "look again at how many differences have which sign, and how many there are at all"
            raise Slip(f"Duel {letter} is not '{said}': {why if winner == 'cannot say' else hint}.")
    return f"Right. In A the second is better: {DUELS['A'][1]}; in D the first: {DUELS['D'][1]}."


@check
def mended_sum(answer: Callable) -> str:
    """The area under a curve from its heights at 0, 0.01, ..., 1, answer(heights): heights (101,)."""
    said, places = "mended_sum(heights)", np.linspace(0, 1, 101)
    value = number(answer(np.ones(101)), said)
    slip_of(value, {
        "That is still 1.01: 101 heights, each 0.01 wide, are one strip too many.": 1.01,
        "Now 0.99 is all there is: 101 heights make 100 strips, and you have left out one of them.": 0.99,
        "Half of one end is gone, but half of the other end hangs out, too.": 1.005,
        "That is the sum of the heights: each strip is 0.01 wide.": 100,
    })  # fmt: skip
    if not near(value, 1):
        raise Slip(f"Perfect separation should give 1, but yours gives {value:.4g}.")
    value = number(answer(0.25 + 0.75 * places * (2 - places)), said)  # from 1/4 to 1, and the area below it is 3/4
    slip_of(value, {
        "That divides by 1.01, or takes the mean of 101 heights, which mends perfect separation and nothing else.":
            0.75625 / 1.01,
        "A cap hides the surplus only where it shows: this curve's area is 0.75, and yours is still too large.":
            0.75625,
        "That leaves the last node out: perfect separation gives 1, but every strip now has its lower height.":
            0.75625 - 0.01,
        "That leaves the first node out: perfect separation gives 1, but every strip now has its upper height.":
            0.75625 - 0.0025,
    })  # fmt: skip
    if not near(value, 0.75):
        raise Slip(f"Perfect separation gives 1, but where the area is 0.75 yours is {value:.4f}.")
    if not near(value := number(answer(1 - places), said), 0.5):
        raise Slip(f"Right for a curve that rises, but where one falls and the area is 0.5 yours is {value:.4f}.")
    return "Right: 100 strips, each as high as the mean of its two ends; no area comes out above 1 now."


@check
def flattery(answer: float) -> str:
    """By how many percentage points the best of 18 equal models exceeds the truth on 10,000 pictures, answer."""
    from scipy.stats import binom

    value = number(answer, "flattery")
    error = 100 * np.sqrt(TRUTH * (1 - TRUTH) / PICTURES)
    right = _best_of(MODELS, binom(PICTURES, TRUTH)) - 100 * TRUTH
    slip_of(value, {
        "Mind the sign: the best looks better than it is.": -right,
        "That is a share: multiply by 100 for percentage points.": right / 100,
        f"Those are standard errors: one is {error:.2f} percentage points.": right / error,
        "Those are pictures, of 10,000: turn them into percentage points.": right * PICTURES / 100,
        "That is one standard error of one accuracy: the best of 18 lies farther out.": error,
        "That is for the best of 5: take the best of 18.":
            _best_of(5, binom(PICTURES, TRUTH)) - 100 * TRUTH,
        "That is for 360 pictures, as digits has: take 10,000.":
            _best_of(MODELS, binom(360, TRUTH), 360) - 100 * TRUTH,
    }, relative=0.05)  # fmt: skip
    slip_of(value, {"That is the best accuracy itself: take the truth, 93.5, away.": right + 100 * TRUTH})
    if abs(value - right) > 0.03:
        raise Slip(f"It is {right:.2f} percentage points, but yours is {value:.3g}: repeat it more often, and average.")
    return f"Right: {right:.2f} percentage points, {right / error:.1f} standard errors, for nothing but the choice."


def _best_of(models: int, correct: "rv_frozen", pictures: int = PICTURES) -> float:
    """Expected accuracy in % of the best of so many equal models: E max is the sum of 1 - P(all at most k)."""
    below = correct.cdf(np.arange(pictures))
    return 100 * float((1 - below**models).sum()) / pictures


def _forms(away: NDArray, matrix: ArrayLike) -> NDArray:
    return np.einsum("ni,ij,nj->n", away, np.asarray(matrix), away)
