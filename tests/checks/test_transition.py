"""Checks of notebook 10: right answers pass, and each likely slip is named."""

import math
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from binenc_kit import checks
from binenc_kit.checks.transition import ROUTES
from binenc_kit.files import shipped
from binenc_kit.phase import border, power_law
from binenc_kit.shelf import shipped_runs

REGIONS = {(1, 2): "few", (100, 9): "code", (1e3, 2): "guess", (1e3, 16): "code", (1e4, 4): "guess", (10, 3): "few"}
MAP = pd.read_csv(shipped("phase/gamma-by-P.csv"))
ENOUGH = MAP[2 ** MAP["P"] >= 10]
GUESSING = ENOUGH[ENOUGH["test_accuracy"] < 0.5]
DIGITS = shipped_runs("digits")


def right_border(gammas: NDArray, accuracies: NDArray, level: float) -> float:
    """By the kit's own function, from a table."""
    table = pd.DataFrame({"gamma_last": gammas, "test_accuracy": accuracies, "P": 4})
    return border(table, "P", level)[4]


def steps(gammas: NDArray, accuracies: NDArray, level: float) -> tuple[float, float, float]:
    """The share of the way, and the gammas before and after the first fall."""
    first = np.flatnonzero(accuracies < level)[0]
    share = (accuracies[first - 1] - level) / (accuracies[first - 1] - accuracies[first])
    return share, gammas[first - 1], gammas[first]


def straight(gammas: NDArray, accuracies: NDArray, level: float) -> float:
    share, low, high = steps(gammas, accuracies, level)
    return low + share * (high - low)


def backwards(gammas: NDArray, accuracies: NDArray, level: float) -> float:
    share, low, high = steps(gammas, accuracies, level)
    return high * (low / high) ** share


def last_fall(gammas: NDArray, accuracies: NDArray, level: float) -> float:
    """Right where accuracies only fall."""
    first = np.flatnonzero(accuracies >= level)[-1] + 1
    share = (accuracies[first - 1] - level) / (accuracies[first - 1] - accuracies[first])
    return gammas[first - 1] * (gammas[first] / gammas[first - 1]) ** share


def line(x: NDArray, y: NDArray) -> NDArray:
    return np.polyfit(np.log(x), np.log(y), 1)


def run(bits: list[list[int]], accuracy: float = 1.0, finished: bool = True, noise: float = 0.1) -> SimpleNamespace:
    """A recording of one epoch: a row of bits a class, 20 samples a class."""
    labels = np.repeat(np.arange(len(bits)), 20)
    z = 2 * np.array(bits)[labels] - 1 + noise * np.random.default_rng(0).normal(size=(len(labels), len(bits[0])))
    names = [f"class {number}" for number in range(len(bits))]
    metrics = [{"val_accuracy": accuracy}]
    config = SimpleNamespace(epochs=9)
    return SimpleNamespace(
        latents=z[None], labels=labels, metrics=metrics, class_names=names, finished=finished, config=config
    )


def made(fingerprint: str, backbone: str = "mlp", penalty: str = "auto", parameters: int = 50083) -> SimpleNamespace:
    """A code, and what it was made of."""
    one = run(FOUR)
    one.config = SimpleNamespace(epochs=9, backbone=backbone, penalty=penalty)
    one.about = {"fingerprint": fingerprint, "parameters": parameters}
    return one


FOUR = [[0, 0], [0, 1], [1, 0], [1, 1]]
RIGHT = [
    (checks.phase_regions, REGIONS),
    (checks.code_border, right_border),
    (checks.code_border, lambda *given: torch.tensor(right_border(*given))),
    (checks.law_exponent, lambda x, y: line(x, y)[0]),
    (checks.law_exponent, lambda x, y: power_law(x, y).exponent),
    (checks.lost_voice, GUESSING["nearest_mean_accuracy"].median()),
    (checks.lost_voice, 0.6014),
    (checks.lost_voice, 0.6),
    (checks.capstone, DIGITS["BinEnc"]),
    (checks.capstone, run(FOUR, noise=0.5)),
    (checks.capstone, run([[0], [1]])),
    (checks.own_code, run(FOUR)),
    (checks.own_code, made("another")),
    (checks.own_code, made("7dd3a85a0a1a873f", backbone="custom:mine", parameters=1)),
]
SLIPS = [
    (checks.phase_regions, "code", "Give a dictionary"),
    (checks.phase_regions, REGIONS | {(100, 9): ...}, "(100, 9) has no region yet"),
    (checks.phase_regions, REGIONS | {(100, 9): "yes"}, "'yes' is no region"),
    (checks.phase_regions, REGIONS | {(1, 2): "code"}, "4 codes for ten classes, though its accuracy is 0.94"),
    (checks.phase_regions, REGIONS | {(1e3, 2): "few"}, "(1000.0, 2) guesses: its accuracy is 0.22"),
    (checks.phase_regions, REGIONS | {(1e3, 16): "guess"}, "(1000.0, 16) has a code: 10 of them"),
    (checks.phase_regions, {(7, 4): "code"}, "The map has no cell (7, 4)"),
    (checks.phase_regions, {"all": "code"}, "The map has no cell all"),
    (checks.phase_regions, {(100, 9): "code"}, "one region is missing"),
    (checks.code_border, lambda *given: steps(*given)[2], "the first cell below"),
    (checks.code_border, lambda *given: steps(*given)[1], "the last cell above"),
    (checks.code_border, straight, "in gamma itself"),
    (checks.code_border, lambda *given: math.log(right_border(*given)), "take the exponential"),
    (checks.code_border, lambda *given: math.log10(right_border(*given)), "raise 10 to it"),
    (checks.code_border, backwards, "from the wrong end"),
    (checks.code_border, lambda *given: math.sqrt(steps(*given)[1] * steps(*given)[2]), "the middle between"),
    (checks.code_border, lambda g, a, level: np.exp(np.interp(level, a, np.log(g))), "numpy's interp"),
    (checks.code_border, last_fall, "With accuracies [0.99, 0.8, 0.95, 0.2] the first fall"),
    (checks.law_exponent, lambda x, y: np.polyfit(x, y, 1)[0], "the logarithm of both"),
    (checks.law_exponent, lambda x, y: np.polyfit(np.log(x), y, 1)[0], "the logarithm of x only"),
    (checks.law_exponent, lambda x, y: np.polyfit(x, np.log(y), 1)[0], "the logarithm of y only"),
    (checks.law_exponent, lambda x, y: line(y, x)[0], "x as a power of y"),
    (checks.law_exponent, lambda x, y: np.log(y[-1] / y[0]) / np.log(x[-1] / x[0]), "the last point only"),
    (checks.law_exponent, lambda x, y: line(x, y)[1], "the law's factor"),
    (checks.law_exponent, lambda x, y: abs(line(x, y)[0]), "the exponent is -2.0000, but yours is 2.0000"),
    (checks.lost_voice, GUESSING["test_accuracy"].median(), "their own classifiers"),
    (checks.lost_voice, ENOUGH["nearest_mean_accuracy"].median(), "over all runs: keep"),
    (checks.lost_voice, MAP["nearest_mean_accuracy"].median(), "whatever their P"),
    (checks.lost_voice, MAP[MAP["test_accuracy"] < 0.5]["nearest_mean_accuracy"].median(), "Leave out P = 2 and 3"),
    (checks.lost_voice, GUESSING["nearest_mean_accuracy"].mean(), "their mean"),
    (checks.lost_voice, ENOUGH[ENOUGH["test_accuracy"] >= 0.5]["nearest_mean_accuracy"].median(), "do not guess: keep"),
    (checks.lost_voice, 0.3, "take the median of one column"),
    (checks.lost_voice, 60.14, "looks like percent"),
    (checks.capstone, DIGITS, "pass one of them, such as runs['ArcFace']"),
    (checks.capstone, 3, "This is no recording"),
    (checks.capstone, run(FOUR, finished=False), "has come to epoch 1 of 9"),
    (checks.capstone, DIGITS["BinEnc+l1"], "has gamma outrun the weights?"),
    (checks.capstone, run(FOUR, accuracy=0.3), "gets 30% of its validation pictures right, and guessing gets 25%"),
    (checks.capstone, run([*FOUR, [1, 1]]), "2 bits make 4 codes, too few for 5 classes: give P = 3"),
    (checks.capstone, run([[0, 0], [0, 1], [1, 1], [1, 1]]), "share a code (class 2, class 3)"),
    (checks.capstone, run([[0, 0], [0, 1], [1, 1], [1, 1]], accuracy=0.81), "81% of the validation pictures right"),
    (checks.own_code, run([[0, 0], [0, 1], [1, 1], [1, 1]]), "lower gamma_factor"),
    (checks.own_code, made("7dd3a85a0a1a873f"), "route A as it stands"),
    (checks.own_code, made("7dd3a85a0a1a873f", backbone="custom:mine", parameters=16867), "route B as it stands"),
    (checks.own_code, made("bae8dc494c4930c5", penalty="custom:quartic", parameters=25654), "route C as it stands"),
    (checks.own_code, DIGITS["BinEnc"], "the kit's own digits, network and penalty"),
    (checks.capstone, DIGITS["HUG"], "nothing lines the classes up with the axes"),
    (checks.capstone, DIGITS["CenterLoss"], "of the samples carry their class's code: pull harder"),
]


def test_a_table_of_cells_without_regions_is_a_stub(capsys: pytest.CaptureFixture) -> None:
    checks.phase_regions(dict.fromkeys(REGIONS, ...))
    assert "Not done yet" in capsys.readouterr().out


def test_the_routes_are_those_of_the_notebook() -> None:
    """The pictures that it draws, and the names that it gives."""
    notebook = Path(__file__).parents[2] / "notebooks" / "solutions" / "10_phase_transition.ipynb"
    cells = {cell.id: cell.source for cell in nbformat.read(notebook, as_version=4).cells}
    names: dict = {}
    exec(cells["imports"], names)
    exec(cells["pictures"], names)
    assert sum(route[0] == names["shapes"].fingerprint for route in ROUTES) == 2
    assert 'backbone="custom:mine"' in cells["backbone"]
    assert 'penalty="custom:quartic"' in cells["penalty"]
