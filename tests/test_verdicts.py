"""The paragraphs must follow the numbers, whichever way these go."""

import pandas as pd
import pytest

from binenc_kit.errors import KitError
from binenc_kit.published import published
from binenc_kit.verdicts import TABLES, verdicts
from tests.test_published import results


def as_printed(mode: str = "paper") -> pd.DataFrame:
    """Runs whose means are the printed ones."""
    table = results(mode)
    printed = published()
    for _, row in printed[printed["data"] == "CIFAR-10"].iterrows():
        table.loc[table["head"] == row["head"], row["measure"]] = row["mean"]
    return table.assign(deepfool_refined=table["deepfool_relative"] / 2, lr=[1e-3 * (1 + k // 20) for k in range(20)])


def test_the_printed_numbers_agree_with_themselves() -> None:
    paragraphs = dict(verdicts(as_printed()))
    assert list(paragraphs) == ["How far the numbers may be compared", *TABLES.values()]
    accuracy = paragraphs["Test accuracy (Table 1)"]
    # of six pairs only NoPen over LinPen, .0006 apart, is closer than both printed deviations
    assert "Pairs of heads that the printed table tells apart: 5; in the same order here: 5. " in accuracy
    assert accuracy.endswith(
        "Within 2 printed standard deviations of the printed mean: BinEnc, NoPen, LinPen, NonlinPen."
    )
    assert accuracy.count("BinEnc is highest with 0.9379") == 2
    assert (
        "BinEnc's norm is 9.80 times NoPen's as DeepFool says, and 9.80 times up"
        in paragraphs[TABLES["deepfool_relative"]]
    )


def test_what_does_not_agree_is_said() -> None:
    table = as_printed()
    table.loc[table["head"] == "BinEnc", ["test_accuracy", "deepfool_refined"]] = 0.9329, 0.006
    paragraphs = dict(verdicts(table))
    accuracy = paragraphs["Test accuracy (Table 1)"]
    ours = "Ours, paper: NoPen is highest with 0.9333 ± 0.0000, 0.0004 above BinEnc; BinEnc has 0.9329 ± 0.0000."
    assert ours in accuracy
    assert "in the same order here: 4, but not BinEnc over NoPen. " in accuracy
    assert "Within 2 printed standard deviations of the printed mean: NoPen, LinPen, NonlinPen." in accuracy
    assert (
        "9.80 times NoPen's as DeepFool says, and 1.00 times up to the first flip."
        in paragraphs[TABLES["deepfool_relative"]]
    )


def test_modes_stay_apart_and_heads_that_were_not_run_are_left_out() -> None:
    both = pd.concat([as_printed("strict"), as_printed("paper")])
    both = both[both["head"].isin(["BinEnc", "LinPen"])]
    accuracy = dict(verdicts(both))["Test accuracy (Table 1)"]
    assert accuracy.count("tells apart: 1; in the same order here: 1.") == 2
    assert "Ours, strict: BinEnc" in accuracy
    assert "Ours, paper: BinEnc" in accuracy
    assert "NoPen" not in accuracy.partition("Ours")[2]


def test_what_was_never_measured_is_no_agreement() -> None:
    table = as_printed().assign(auroc=float("nan"))
    assert dict(verdicts(table))["AUROC (Table 2)"].endswith("Ours, paper: nothing was measured.")


def test_the_first_paragraph_says_whether_runs_may_be_compared() -> None:
    assert "convnet instead of resnet18" in verdicts(as_printed().assign(backbone="convnet"))[0][1]
    with pytest.raises(KitError, match="nothing is published for digits"):
        verdicts(as_printed().assign(data="digits"))
