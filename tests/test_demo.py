"""What `make demo` must show, on every seed. A failure here is a finding: never loosen a bound to get green."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from binenc_kit.config import grid
from binenc_kit.data import load_data
from binenc_kit.rules import HEADS
from binenc_kit.tables import results_table
from binenc_kit.training import train_one

SETTINGS = Path(__file__).parents[1] / "notebooks" / "settings" / "demo.yaml"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    settings = yaml.safe_load(SETTINGS.read_text())
    settings.pop("out")
    data = load_data("digits")
    configs = grid(device="cpu", **settings)
    folder = tmp_path_factory.mktemp("demo")
    return results_table([train_one(config, folder, data=data, progress=False) for config in configs], data)


def test_it_is_four_heads_with_three_seeds(table: pd.DataFrame) -> None:
    assert table["head"].tolist() == [head for head in HEADS for _ in range(3)]


def test_binenc_invents_a_code_on_every_seed(table: pd.DataFrame) -> None:
    ours = table[table["head"] == "BinEnc"]
    assert (ours["test_accuracy"] >= 0.97).all(), ours
    assert (ours["code_agreement"] >= 0.99).all(), ours
    assert (ours["distinct_codes"] == 10).all(), ours


@pytest.mark.parametrize("head", HEADS[1:])
def test_no_other_head_comes_near(table: pd.DataFrame, head: str) -> None:
    """Clearly better: half the disagreement and half the spread, BinEnc's worst seed against the other's best."""
    ours, other = table[table["head"] == "BinEnc"], table[table["head"] == head]
    assert 1 - ours["code_agreement"].min() < 0.5 * (1 - other["code_agreement"].max())
    assert ours["sigma_w_relative"].max() < 0.5 * other["sigma_w_relative"].min()
