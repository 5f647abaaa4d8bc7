from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.gains import beside, gains_figure, sentences, study_configs
from binenc_kit.schedules import gamma_at, growing

BASE = {"epochs": 40, "gamma_last": 30.0, "P": 4}
AXES = {"epochs": [10], "gamma_last": [0.3, 300.0], "P": [8]}


@pytest.mark.parametrize(("gamma_last", "epochs"), [(0.3, 40), (30.0, 5), (3000.0, 10)])
def test_gamma_ends_where_it_should(gamma_last: float, epochs: int) -> None:
    config = RunConfig(**growing(gamma_last, epochs))
    assert gamma_at(config, epochs) == pytest.approx(gamma_last, rel=0.01)
    assert gamma_at(config, 1) <= 1
    with pytest.raises(KitError, match="give at least 2"):
        growing(30.0, 1)


def test_one_thing_is_changed_at_a_time() -> None:
    configs = study_configs(BASE, AXES, {"mlp": 8, "convnet": None}, [0, 1], data="digits")
    assert len({config.name for config in configs}) == len(configs) == 2 * 2 * (5 + 2)
    assert [config.seed for config in configs] == [0] * 14 + [1] * 14
    ours = [config for config in configs if config.head == "BinEnc" and config.backbone == "mlp" and config.seed == 0]
    seen = sorted((config.epochs, config.P, gamma_at(config, config.epochs)) for config in ours)
    expected = [(10, 4, 30.0), (40, 4, 0.3), (40, 4, 30.0), (40, 4, 300.0), (40, 8, 30.0)]
    assert [point[:2] for point in seen] == [point[:2] for point in expected]
    assert [point[2] for point in seen] == pytest.approx([point[2] for point in expected], rel=0.01)
    others = [config for config in configs if config.head == "NoPen" and config.backbone == "mlp" and config.seed == 0]
    assert sorted(config.epochs for config in others) == [10, 40]
    with pytest.raises(KitError, match="seeds is"):
        study_configs(BASE, AXES, {"mlp": 8}, [])


def study(**columns: object) -> pd.DataFrame:
    """Two seeds of BinEnc at two gammas, and of NoPen."""
    rows = []
    for seed in (0, 1):
        for head, gamma in (("BinEnc", 29.98), ("BinEnc", 300.4), ("NoPen", 0.0)):
            row = {"head": head, "backbone": "convnet", "epochs": 40, "gamma_last": gamma, "P": 4, "seed": seed}
            row |= {"train_accuracy": 1.0, "test_accuracy": 0.5, "auroc": 0.6, "auroc_softmax": 0.7}
            rows.append(row | {"deepfool_relative": 0.01, "deepfool_refined": 0.01})
    return pd.DataFrame(rows).assign(**columns)


def test_pairs_are_means_over_seeds_beside_nopen_s() -> None:
    table = study()
    table["auroc"] = [0.6, 0.8, 0.5, 0.7, 0.8, 0.7]
    found = beside(table)
    assert found["gamma_last"].tolist() == [30, 300]
    assert found["auroc"].tolist() == pytest.approx([0.65, 0.8])
    assert found["auroc_NoPen"].tolist() == pytest.approx([0.6, 0.6])
    with pytest.raises(KitError, match="these runs are of BinEnc"):
        beside(table[table["head"] == "BinEnc"])
    with pytest.raises(KitError, match="needs rows of one mode"):
        beside(pd.concat([table.assign(mode="strict"), table.assign(mode="paper")]))
    with pytest.raises(KitError, match="a NoPen run is missing"):
        beside(table.assign(epochs=np.where(table["head"] == "NoPen", 20, 40)))


def test_the_sentences_count_and_name_what_the_table_holds() -> None:
    table = study()
    table.loc[table["gamma_last"] > 100, ["test_accuracy", "auroc", "deepfool_relative"]] = [0.6, 0.75, 0.02]
    accuracy, auroc, deepfool = sentences(table)
    assert "of 2 settings in which both learned at least 90%" in accuracy
    assert "above NoPen in 1; the difference goes from +0.000 to +0.100" in accuracy
    assert "convnet, 40 epochs, gamma to 300, P = 4" in accuracy
    assert "above NoPen's in 1 of the 2, by +0.000 to +0.150" in auroc
    assert "softmax baselines it is in 1." in auroc
    assert "above NoPen in 1 of the 2, by a factor of 1.00 to 2.00" in deepfool
    assert "by the refined norm in 0, by 1.00 to 1.00" in deepfool


def test_networks_that_learned_nothing_do_not_count() -> None:
    table = study()
    table.loc[table["gamma_last"] > 100, ["train_accuracy", "deepfool_relative"]] = [0.1, 9.0]
    assert "of the 1, by a factor of 1.00 to 1.00" in sentences(table)[2]
    assert sentences(study(train_accuracy=0.5)) == [
        "In no setting did both BinEnc and NoPen learn 90 % of their train pictures: nothing can be compared."
    ]


def test_what_cannot_be_measured_is_said() -> None:
    assert "most with none, as it cannot be measured" in sentences(study(auroc=float("nan")))[1]


def test_the_figure_draws_what_the_table_holds() -> None:
    table = study()
    table.loc[table["gamma_last"] > 100, "auroc"] = 0.75
    figure = gains_figure(table, BASE)
    panels = np.array(figure.axes).reshape(4, 4)
    line = panels[1, 1].lines[0]
    assert line.get_xdata().tolist() == [30, 300]
    assert line.get_ydata().tolist() == pytest.approx([0.6, 0.75])
    assert line.get_label() == "BinEnc, convnet"
    assert len(panels[1, 2].lines[0].get_xdata()) == 1  # only the base has the base's gamma
    assert "Sixteen panels" in figure.get_label()


def test_every_run_of_the_study_is_shipped() -> None:
    root = Path(__file__).parents[1]
    settings = yaml.safe_load((root / "notebooks" / "settings" / "gains.yaml").read_text())
    configs = study_configs(settings["base"], settings["axes"], settings["backbones"], settings["seeds"])
    assert len(pd.read_csv(root / "data" / "gains" / "results.csv")) == len(configs)
