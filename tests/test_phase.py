from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from binenc_kit import figures
from binenc_kit.errors import KitError
from binenc_kit.many import train_many
from binenc_kit.maps import phase_map, scaling_figure
from binenc_kit.phase import (
    MEASURES,
    PowerLaw,
    border,
    gamma_by_P,
    growth_by_lr,
    measure_runs,
    power_law,
)  # fmt: skip
from binenc_kit.schedules import gamma_at

TINY = {"data": "custom:tiny", "batch_size": 8, "width": 8, "device": "cpu"}


def test_the_maps_have_every_cell_and_seed() -> None:
    configs = gamma_by_P([0.1, 1e3], [1, 4], [0, 1], epochs=10, **TINY)
    cells = {(round(gamma_at(config, 10), 1), config.P, config.seed) for config in configs}
    assert len(cells) == len(configs) == 8
    assert sorted({gamma for gamma, _, _ in cells}) == pytest.approx([0.1, 1e3], rel=0.01)
    assert all(config.allow_small_P for config in configs)
    configs = growth_by_lr([1.0, 1.5], [1e-3, 1e-2], [0, 1, 2], epochs=10, **TINY)
    assert len({(config.gamma_factor, config.lr, config.seed) for config in configs}) == 12
    assert gamma_at(configs[-1], 10) == pytest.approx(0.01 * 1.5**9)
    for bad in ({"gammas": []}, {"Ps": 4}, {"seeds": "0"}):
        with pytest.raises(KitError, match="needs a list"):
            gamma_by_P(**({"gammas": [1.0], "Ps": [4], "seeds": [0]} | bad))


@pytest.mark.parametrize("exponent", [-1.0, -0.5, 0.5, 2.0])
def test_a_power_law_is_found_again(exponent: float) -> None:
    x = np.array([1e-2, 1.0, 1e3, 1e6])
    law = power_law(x, 3 * x**exponent)
    assert law == pytest.approx(PowerLaw(exponent, 0, 3), abs=1e-9)
    rng = np.random.default_rng(0)
    many = 10 ** rng.uniform(0, 6, 500)
    noisy = power_law(many, 3 * many**exponent * np.exp(rng.normal(0, 0.3, 500)))
    assert abs(noisy.exponent - exponent) < 3 * noisy.error
    assert 0.001 < noisy.error < 0.02


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 0]), ([1, 1, 1], [1, 2, 3]), ([1, 2, np.nan], [1, 2, 3])]
)
def test_what_has_no_exponent_is_refused(x: list, y: list) -> None:
    with pytest.raises(KitError, match="at least three numbers above 0"):
        power_law(x, y)


def test_runs_become_rows_maps_and_scalings(tiny_data, tmp_path: Path) -> None:
    configs = gamma_by_P([0.1, 1.0, 10.0], [2, 3], [0, 1], epochs=4, lr=0.02, **TINY)
    networks = train_many(configs, tiny_data, progress=False)
    table = measure_runs(configs, networks, tiny_data)
    assert len(table) == 12
    assert table["P"].tolist() == [config.P for config in configs]
    assert table[list(MEASURES)].notna().all().all()
    assert table["test_accuracy"].between(0, 1).all()
    maps = phase_map(table, "gamma_last", "P", list(MEASURES))
    assert len([axes for axes in maps.axes if axes.get_title()]) == len(MEASURES)
    cells = [text.get_text() for text in maps.axes[0].texts]
    expected = table.pivot_table("test_accuracy", "P", "gamma_last").sort_index(ascending=False).to_numpy().ravel()
    assert [float(cell) for cell in cells] == pytest.approx(expected, abs=0.006)
    laws = {measure: power_law(table["gamma_last"], table[measure]) for measure in ("z_size", "w_size")}
    assert laws["z_size"].exponent < 0
    figures.save({"map": maps, "scaling": scaling_figure(table, laws)}, tmp_path)
    with pytest.raises(KitError, match="whole grid"):
        phase_map(table[(table["P"] == 2) | (table["gamma_last"] < 1)], "gamma_last", "P")


def test_the_border_lies_between_the_last_good_gamma_and_the_first_bad_one() -> None:
    accuracy = {2: [1.0, 0.8, 1.0], 4: [0.95, 0.95, 0.85], 8: [1.0, 1.0, 1.0], 16: [0.5, 0.9, 0.9]}
    rows = [
        {"P": P, "gamma_last": gamma, "test_accuracy": value}
        for P, values in accuracy.items()
        for gamma, value in zip([1.0, 100.0, 1e4], values, strict=True)
    ]
    found = border(pd.DataFrame(rows), "P")
    assert found.tolist() == pytest.approx([10, 1000, np.nan, np.nan], nan_ok=True)


def test_cells_are_named_so_that_no_two_have_one_name() -> None:
    rows = [
        {"gamma_factor": factor, "gamma_last": gamma, "lr": 1e-3, "P": 4, "seed": 0, "test_accuracy": 0.5}
        for factor in (1.04, 1.08, 1.1, 1.24)
        for gamma in (0.1, 99.8, 1001.7, 100_085.0)
    ]
    table = pd.DataFrame(rows)
    axes = phase_map(table, "gamma_factor", "gamma_last", ["test_accuracy"]).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1.04", "1.08", "1.1", "1.24"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["$10^5$", "1000", "100", "0.1"]


def test_a_run_that_broke_down_keeps_its_row() -> None:
    table = pd.DataFrame(
        {"gamma_last": [1.0, 2.0], "P": 4, "seed": 0, "test_accuracy": [0.9, 0.1], "code_agreement": [1.0, np.nan]}
    )
    figure = phase_map(table, "gamma_last", "P", ["test_accuracy", "code_agreement"])
    assert [text.get_text() for text in figure.axes[1].texts] == ["1", "n/a"]
    assert figure.axes[1].texts[1].get_color() == "black"  # on the white of an empty cell
