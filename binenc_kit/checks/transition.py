"""Checks of notebook 10: reading a map, finding its borders, and whether a training of one's own found a code."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from binenc_kit.checks.verdict import NOT_DONE, Slip, check, near, number, slip_of
from binenc_kit.files import shipped
from binenc_kit.measures.binarity import class_codes, rotation_baseline, whole_code_agreement
from binenc_kit.phase import power_law

REGIONS = ("few", "code", "guess")
# Of notebook 10 as they stand: fingerprint of the pictures, backbone, penalty and number of parameters.
ROUTES: dict[tuple[object, ...], str] = {
    ("7dd3a85a0a1a873f", "mlp", "auto", 50083): "route A as it stands: draw or take other pictures",
    ("7dd3a85a0a1a873f", "custom:mine", "auto", 16867): "route B as it stands: build another backbone",
    ("bae8dc494c4930c5", "mlp", "custom:quartic", 25654): "route C as it stands: write another penalty",
    ("bae8dc494c4930c5", "mlp", "auto", 25654): "the kit's own digits, network and penalty: change one of the three",
}
RENAME = "Then pass the new recording. (A penalty that you changed needs a name of its own.)"
BAR, CLEAR, CODED = 0.8, 0.01, 0.9  # of a capstone: least accuracy, least gain over rotations, least agreement


@check
def phase_regions(answer: dict) -> str:
    """Which region of the map some of its cells lie in, {(gamma, P): "few", "code" or "guess"}."""
    if not isinstance(answer, dict) or not answer:
        raise Slip('Give a dictionary such as {(10, 4): "code"}.')
    table = pd.read_csv(shipped("phase/gamma-by-P.csv"))
    if all(region is ... for region in answer.values()):
        raise Slip(NOT_DONE)
    for cell, region in answer.items():
        if region is ...:
            raise Slip(f"The cell {cell} has no region yet: write one of {', '.join(REGIONS)}.")
        if region not in REGIONS:
            raise Slip(f"{region!r} is no region: write one of {', '.join(REGIONS)}.")
        row = _cell(table, cell)
        right = "guess" if row["test_accuracy"] < 0.5 else "few" if 2 ** cell[1] < 10 else "code"
        if region != right:
            raise Slip(_explained(cell, row, right))
    if set(answer.values()) != set(REGIONS):
        raise Slip("These are right, but one region is missing: keep the cells that were asked for.")
    return "Right: count the codes before you trust an accuracy, and the accuracy before you trust a code."


@check
def code_border(answer: Callable) -> str:
    """The gamma at which accuracy falls below a level, answer(gammas, accuracies, level), between cells in log."""
    gammas, accuracies, level = np.array([1.0, 10, 100, 1000]), np.array([0.99, 0.98, 0.7, 0.2]), 0.9
    share = (0.98 - level) / (0.98 - 0.7)
    what = "border(gammas, accuracies, level)"
    value = number(answer(gammas, accuracies, level), what)
    slip_of(value, {
        "That is the first cell below the level; the border lies before it. Interpolate.": 100,
        "That is the last cell above the level; the border lies beyond it. Interpolate.": 10,
        "That interpolates in gamma itself: go between the logarithms, then take the exponential.": 10 + 90 * share,
        "That is the logarithm of the border: take the exponential.": math.log(10) * (1 + share),
        "That is the logarithm of the border: raise 10 to it.": 1 + share,
        "You went from the wrong end: the share of the way is counted from the last cell above.": 10 ** (2 - share),
        "That is the middle between the two cells: ask how far down the level lies.": math.sqrt(1000),
        "numpy's interp needs its second argument ascending, and accuracies fall.":
            float(np.exp(np.interp(level, accuracies, np.log(gammas)))),
    })  # fmt: skip
    for accuracies in ([0.99, 0.98, 0.7, 0.2], [0.99, 0.8, 0.95, 0.2], [0.91, 0.91, 0.91, 0.0]):
        first = next(place for place, accuracy in enumerate(accuracies) if accuracy < level)
        above, below = accuracies[first - 1], accuracies[first]
        right = 10 ** (first - 1 + (above - level) / (above - below))
        value = number(answer(gammas, np.array(accuracies), level), what)
        if not near(value, right):
            raise Slip(f"With accuracies {accuracies} the first fall below 0.9 is at {right:.4g}, not at {value:.4g}.")
    return "Right: 19.3, between 10 and 100, where a straight line over log gamma crosses the level."


@check
def law_exponent(answer: Callable) -> str:
    """The exponent of a power law, answer(x, y): the slope of the least squares line through the logarithms."""
    x, y = np.array([1.0, 2, 4, 16]), np.array([3.0, 5, 20, 90])
    value, right = number(answer(x, y), "exponent(x, y)"), power_law(x, y).exponent
    slip_of(value, {
        "That is the slope of y over x: take the logarithm of both first.": np.polyfit(x, y, 1)[0],
        "That has the logarithm of x only: take that of y, too.": np.polyfit(np.log(x), y, 1)[0],
        "That has the logarithm of y only: take that of x, too.": np.polyfit(x, np.log(y), 1)[0],
        "That is x as a power of y: mind which one comes first.": np.polyfit(np.log(y), np.log(x), 1)[0],
        "That uses the first and the last point only: fit a line through all of them.": math.log(30) / math.log(16),
        "That is the line's height at x = 1, the law's factor: its slope is the exponent.":
            np.polyfit(np.log(x), np.log(y), 1)[1],
    })  # fmt: skip
    for tried in (y, 5 / x**2, np.array([1.0, 1, 2, 1])):
        value, right = number(answer(x, tried), "exponent(x, y)"), power_law(x, tried).exponent
        if not near(value, right):
            raise Slip(f"For x = {x} and y = {tried} the exponent is {right:.4f}, but yours is {value:.4f}.")
    return "Right: a straight line through the logarithms, and its slope is the exponent."


@check
def lost_voice(answer: float) -> str:
    """Median nearest-mean accuracy of the shipped map's runs that guess, those with enough bits."""
    table, value = pd.read_csv(shipped("phase/gamma-by-P.csv")), number(answer, "remembered")
    enough = table[2 ** table["P"] >= 10]
    guessing, told = enough[enough["test_accuracy"] < 0.5], "nearest_mean_accuracy"
    anyhow = table.loc[table["test_accuracy"] < 0.5, told].median()
    slip_of(value, {
        "That is what their own classifiers get right: take the column nearest_mean_accuracy.":
            guessing["test_accuracy"].median(),
        "That is over all runs: keep those with a test accuracy below 0.5.": enough[told].median(),
        "That is over all runs, whatever their P: keep those that guess and have bits enough.": table[told].median(),
        "Leave out P = 2 and 3, which have too few bits for ten classes.": anyhow,
        "That is their mean: take the median, so that no single run decides.": guessing[told].mean(),
        "Those are the runs that do not guess: keep test accuracies below 0.5.":
            enough.loc[enough["test_accuracy"] >= 0.5, told].median(),
    })  # fmt: skip
    if value > 1:
        raise Slip(f"That looks like percent: an accuracy is a share between 0 and 1, so {value / 100:.4g}.")
    if abs(value - guessing[told].median()) > 0.005:
        raise Slip("No: keep the rows with 2**P >= 10 and test_accuracy < 0.5, and take the median of one column.")
    own = guessing["test_accuracy"].median()
    return f"Right: {value:.0%} by the nearest class mean, {own:.0%} by their own classifiers. Not all is forgotten."


@check
def capstone(answer: Any) -> str:  # noqa: ANN401  learners may pass anything
    """Whether a recording found a code; what is missing is said in words."""
    return _code_of(answer)


@check
def own_code(answer: Any) -> str:  # noqa: ANN401  learners may pass anything
    """Whether a recording of one's own found a code: what `capstone` asks, and that it is no route as it stood."""
    said = _code_of(answer)
    config, about = answer.config, getattr(answer, "about", {})
    made = (getattr(config, "backbone", ""), getattr(config, "penalty", ""), about.get("parameters"))
    if (route := ROUTES.get((about.get("fingerprint"), *made))) is not None:
        raise Slip(f"It has a code, but so far it is {route}. {RENAME}")
    return said


def _code_of(answer: Any) -> str:  # noqa: ANN401  learners may pass anything
    """What a recording's code is like; raises the `Slip` of what is missing."""
    if isinstance(answer, dict):
        raise Slip(f"These are several recordings: pass one of them, such as runs[{next(iter(answer), 'BinEnc')!r}].")
    if not all(hasattr(answer, name) for name in ("latents", "labels", "metrics", "class_names", "finished")):
        raise Slip("This is no recording: pass what train_heads returns for one head.")
    if not answer.metrics or not answer.finished:
        raise Slip(f"This training has come to epoch {len(answer.metrics)} of {answer.config.epochs}: let it end.")
    z, labels, names = np.asarray(answer.latents[-1], np.float64), answer.labels, answer.class_names
    right, C, P = answer.metrics[-1]["val_accuracy"], len(names), z.shape[1]
    if right < BAR:
        raise Slip(
            f"It gets {right:.0%} of its validation pictures right, and guessing gets {1 / C:.0%}: has gamma outrun "
            "the weights? Lower gamma_factor (more epochs alone take gamma higher still), or give more pictures."
        )
    if 2**P < C:
        raise Slip(f"{P} bits make {2**P} codes, too few for {C} classes: give P = {math.ceil(math.log2(C))}.")
    shared = [code for code, times in _codes(z, labels).items() if times > 1]
    if shared:
        at = [names[label] for label, code in zip(np.unique(labels), _keys(z, labels), strict=True) if code in shared]
        raise Slip(
            f"Some classes share a code ({', '.join(map(str, at))}), with {right:.0%} of the validation pictures "
            "right. If that is low, gamma outruns the weights: lower gamma_factor. If not, give more dimensions, or "
            "another seed."
        )
    whole, turned = whole_code_agreement(z, labels), rotation_baseline(z, labels)
    if P > 1 and whole < turned + CLEAR:
        raise Slip(
            f"{whole:.1%} of the samples carry their class's code, and {turned:.1%} do after a random rotation: "
            "nothing lines the classes up with the axes, so what the signs say is as good in any other direction."
        )
    if whole < CODED:
        raise Slip(f"Only {whole:.1%} of the samples carry their class's code: pull harder, or longer.")
    return (
        f"A code: {C} classes, {C} codes of {P} bits; {whole:.1%} of the samples carry their class's, "
        f"{turned:.1%} after a random rotation; {right:.1%} of the validation pictures right."
    )


def _codes(z: np.ndarray, labels: np.ndarray) -> Counter:
    return Counter(_keys(z, labels))


def _keys(z: np.ndarray, labels: np.ndarray) -> list[tuple]:
    return [tuple(bits) for bits in class_codes(z, labels)[0]]


def _cell(table: pd.DataFrame, cell: tuple[float, int]) -> pd.Series:
    """Means over the seeds of one cell of the map."""
    try:
        gamma, P = cell
        rows = table[(table["P"] == P) & ((table["gamma_last"] / gamma - 1).abs() < 0.05)]
    except (TypeError, ValueError):
        rows = table[:0]
    if rows.empty:
        raise Slip(f"The map has no cell {cell}: keep the pairs (gamma, P) that were asked for.")
    return rows.mean(numeric_only=True)


def _explained(cell: tuple[float, int], row: pd.Series, right: str) -> str:
    """Why a cell lies in its region."""
    accuracy, codes = row["test_accuracy"], row["distinct_codes"]
    return {
        "guess": f"{cell} guesses: its accuracy is {accuracy:.2f}, whatever its codes.",
        "few": f"{cell} has too few bits: {2 ** cell[1]} codes for ten classes, though its accuracy is {accuracy:.2f}.",
        "code": f"{cell} has a code: {codes:.0f} of them, and an accuracy of {accuracy:.2f}.",
    }[right]
