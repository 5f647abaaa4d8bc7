from pathlib import Path

import numpy as np
import pytest

from binenc_kit.claims import Race, contenders, race, race_sentence, simplex_curves
from binenc_kit.curves import simplex_by_epoch
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.schedules import gamma_at
from binenc_kit.tables import by_epoch, results_table
from binenc_kit.training import train_one
from tests.conftest import tiny_config


def test_a_race_counts_the_epochs_until_the_other_is_beaten_for_good(tiny_data: Data, tmp_path: Path) -> None:
    runs = [
        train_one(tiny_config(seed=seed, lr=0.02, epochs=6, P=2, head=head), tmp_path, data=tiny_data, progress=False)
        for head in ("BinEnc", "LinPen")
        for seed in (2, 0, 1)
    ]
    curves, table = simplex_curves(runs), results_table(runs, tiny_data)
    found = race(curves, table, "BinEnc", "LinPen")
    by_name = {(run.config.head, run.config.seed): by_epoch(run, ["etf_error"])["etf_error"] for run in runs}
    for seed in range(3):
        ours, other = by_name["BinEnc", seed], by_name["LinPen", seed]
        sooner = ours[ours < other.min()]
        expected = sooner.index[0] if len(sooner) else np.nan
        assert found.epochs[seed] == pytest.approx(expected, nan_ok=True)
        assert found.error[seed] == ours.iloc[-1]
        assert found.other_error[seed] == other.iloc[-1]
        of_seed = table[table["seed"] == seed].set_index("head")["test_accuracy"]
        assert found.accuracy[seed] == pytest.approx(of_seed["BinEnc"] - of_seed["LinPen"])
    assert found.of == 6
    turned = race(curves, table, "LinPen", "BinEnc")
    assert not (np.isfinite(turned.epochs) & np.isfinite(found.epochs)).any()  # one of the two wins, never both
    for fewer in (curves[curves["seed"] > 0], curves[(curves["label"] == "BinEnc") | (curves["seed"] > 0)]):
        with pytest.raises(KitError, match="same seeds"):
            race(fewer, table, "BinEnc", "LinPen")
    with pytest.raises(KitError, match="same seeds"):
        race(curves, table, "BinEnc", "NoPen")
    figure = simplex_by_epoch(curves)
    assert [line.get_label() for line in figure.axes[0].lines] == ["BinEnc", "LinPen"]
    assert "Seeds: BinEnc 3, LinPen 3." in figure.get_label()
    spoilt = curves.assign(etf_error=curves["etf_error"].where(curves["epoch"] != 2))
    with pytest.raises(KitError, match="is NaN"):
        race(spoilt, table, "BinEnc", "LinPen")


def test_the_sentence_says_what_happened_either_way() -> None:
    won = Race(np.array([3.0, 5.0]), 80, np.array([0.1, 0.2]), np.array([0.5, 0.6]), np.array([0.01, 0.03]))
    said = race_sentence("A", "B", won)
    assert "nearer to the simplex than B ever does in 2 of 2 seeds, after 4.0 ± 1.4 of 80 epochs" in said
    assert "0.150 ± 0.071 against 0.550 ± 0.071" in said
    assert "higher in 2 and lower in 0 of 2 seeds, by +0.0200 ± 0.0141" in said
    assert "p = 0.50" in said
    lost = won._replace(epochs=np.array([np.nan, np.nan]), accuracy=np.array([0.0, -0.1]))
    said = race_sentence("A", "B", lost)
    assert "in 0 of 2 seeds; ETF error" in said
    assert "higher in 0 and lower in 1 of 2 seeds, by -0.0500" in said


def test_each_contender_has_the_gamma_of_its_paper() -> None:
    configs = contenders(["BinEnc", "BinEnc+exp_mean", "LPC", "HUG", "LinPen"], [0, 1], epochs=50, P=16, lr=1e-3)
    assert [config.seed for config in configs] == [0, 1] * 5
    last = {config.label: gamma_at(config, 50) for config in configs}
    assert last == pytest.approx({"BinEnc": 30, "BinEnc+exp_mean": 10, "LPC": 1e6, "HUG": 0.015, "LinPen": 0}, rel=0.01)
    assert {(config.P, config.epochs, config.lr) for config in configs} == {(16, 50, 1e-3)}
    with pytest.raises(KitError, match="needs a list"):
        contenders("BinEnc", [0])
    with pytest.raises(KitError, match="set their own gamma_start"):
        contenders(["BinEnc"], [0], gamma_start=0.5)
