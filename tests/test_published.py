import re

import pandas as pd
import pytest

from binenc_kit.errors import KitError
from binenc_kit.evaluation import COLUMNS
from binenc_kit.published import compare, differences, published

HEADS = ("BinEnc", "LinPen", "NonlinPen", "NoPen")


def results(mode: str = "paper", data: str = "cifar10", **columns: object) -> pd.DataFrame:
    """Five repeats of the four heads, made as the published ones."""
    usual = dict.fromkeys(COLUMNS, 0.5) | {"mode": mode, "data": data, "backbone": "resnet18", "parameters": 11_171_000}
    usual |= {"train_samples": 50_000, "epochs": 200, "P": 4, "augment": True, "lr": 1e-3, "gamma_last": 93_500.0}
    rows = [
        usual | {"head": head, "penalty": "quadratic" if head == "BinEnc" else "none", "seed": seed} | columns
        for head in HEADS
        for seed in range(5)
    ]
    return pd.DataFrame(rows)


def test_the_printed_numbers_are_those_of_the_paper() -> None:
    """Four numbers from each end of the printed tables, typed a second time."""
    table = published().set_index(["data", "head", "measure"])
    assert len(table) == 32
    assert table.loc[("CIFAR-10", "BinEnc", "test_accuracy")].tolist() == pytest.approx([0.9379, 0.0021])
    assert table.loc[("CIFAR-10", "NonlinPen", "auroc")].tolist() == pytest.approx([0.8145, 0.0256])
    assert table.loc[("CIFAR-100", "LinPen", "train_accuracy")].tolist() == pytest.approx([0.9943, 0.0015])
    assert table.loc[("CIFAR-100", "NonlinPen", "deepfool_relative")].tolist() == [0.0059, 0.0004]
    assert (table["mean"].between(0, 1) & table["std"].between(0, 0.05)).all()


def test_ours_stand_beside_the_printed_ones_and_modes_never_mix() -> None:
    strict = results("strict", auroc=0.6, deepfool_relative=0.01)
    paper = results("paper", auroc=0.9, deepfool_relative=0.02)
    table = compare(pd.concat([strict, paper])).set_index(["measure", "head"])
    assert table.loc[("auroc", "BinEnc")].tolist() == ["0.8774 ± 0.0062", "0.6000 ± 0.0000", "0.9000 ± 0.0000"]
    assert list(table.columns) == ["published", "ours, strict", "ours, paper"]
    assert table.loc[("deepfool_relative", "NoPen"), "ours, paper"] == "0.0200 ± 0.0000"
    assert table.loc[("deepfool_refined", "NoPen"), "published"] == "not printed"  # the pair of every DeepFool number
    assert compare(paper).equals(compare(paper.sample(frac=1, random_state=0)))


def test_of_several_rates_each_mode_takes_its_own() -> None:
    low = results("paper", lr=1e-4, test_accuracy=0.7, val_accuracy=0.9)
    high = results("paper", lr=1e-3, test_accuracy=0.8, val_accuracy=0.1)
    both = pd.concat([low, high])
    both = pd.concat([both, both.assign(mode="strict")], ignore_index=True)
    row = compare(both).set_index(["measure", "head"]).loc[("test_accuracy", "BinEnc")]
    assert row["ours, paper"].startswith("0.8")
    assert row["ours, strict"].startswith("0.7")


def test_a_head_that_was_not_run_and_the_fifth_combination() -> None:
    table = results()
    fifth = table[table["head"] == "NonlinPen"].assign(penalty="quadratic", test_accuracy=0.1)
    table = pd.concat([table[table["head"].isin(["BinEnc", "NonlinPen"])], fifth])
    found = compare(table).set_index(["measure", "head"])["ours, paper"]
    assert found[("test_accuracy", "NoPen")] == "not run"
    assert found[("test_accuracy", "NonlinPen")] == "0.5000 ± 0.0000"  # without the penalised ones


def with_all_rates(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table.assign(lr=1e-5 * 1.5**i) for i in range(18)])


def test_the_published_setting_has_no_differences() -> None:
    assert differences(with_all_rates(results())) == []
    big = results(data="cifar100", backbone="resnet50", parameters=23_700_000, P=64)
    assert differences(with_all_rates(big)) == []


def test_results_of_the_best_rate_alone_may_say_of_how_many() -> None:
    assert differences(results(), 18) == []
    assert differences(results(), 3) == ["the best of 3 instead of 18 learning rates"]
    assert differences(with_all_rates(results()), 1) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"gamma_last": 0.01}, "gamma to 0.01 instead of 9.35e+04"),
        ({"epochs": 800}, "800 epochs instead of 200"),
        ({"parameters": 100_000_000}, "1e+02 million parameters instead of 11.2"),
        ({}, "the best of 1 instead of 18 learning rates"),
    ],
)
def test_more_than_the_published_is_a_difference_too(changed: dict, said: str) -> None:
    found = differences(results(**changed) if not changed else with_all_rates(results(**changed)))
    assert found == [said]


def test_runs_of_one_head_that_differ_are_not_averaged() -> None:
    both = pd.concat([results(), results(P=64)])
    with pytest.raises(KitError, match="differ in data, backbone, P or epochs"):
        compare(both)


def test_every_difference_is_named() -> None:
    small = results(backbone="convnet", parameters=94_000, train_samples=10_000, epochs=32, P=8, augment=False)
    small = small[small["seed"] == 0]
    said = "; ".join(differences(small))
    for phrase in (
        "convnet instead of resnet18", "0.094 million parameters instead of 11.2",
        "10,000 train pictures instead of 50,000", "32 epochs instead of 200", "P = 8 instead of 4",
        "no flips and crops", "1 instead of 5 repeats",
    ):  # fmt: skip
        assert re.search(re.escape(phrase), said), said


@pytest.mark.parametrize(
    ("name", "test_accuracy"), [("cifar10-jpeg", "0.9379"), ("cifar100", "0.7554"), ("CIFAR_100", "0.7554")]
)
def test_folders_are_known_by_their_names(name: str, test_accuracy: str) -> None:
    assert compare(results(data=name))["published"][0].startswith(test_accuracy)


@pytest.mark.parametrize("name", ["digits", "cifar1000", "my-cifar10"])
def test_where_nothing_is_published_it_says_so(name: str) -> None:
    with pytest.raises(KitError, match=f"nothing is published for {name}"):
        compare(results(data=name))
