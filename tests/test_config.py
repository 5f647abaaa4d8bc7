import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binenc_kit.config import RunConfig, grid
from binenc_kit.errors import KitError
from binenc_kit.rules import HEADS


def test_the_config_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        RunConfig().lr = 1.0


@given(
    lr=st.floats(1e-9, 10),
    seed=st.integers(0, 2**31 - 1),
    head=st.sampled_from(HEADS),
    P=st.none() | st.integers(1, 64),
    gamma_cap=st.none() | st.floats(0, 1e6),
    augment=st.booleans(),
    gamma_factor=st.floats(0.5, 1.5),
)
def test_json_brings_the_same_config_back(**settings: object) -> None:
    config = RunConfig(**settings)
    again = RunConfig.from_json(config.to_json())
    assert again == config
    assert again.hash == config.hash


def test_every_setting_changes_the_hash_and_nothing_else_does() -> None:
    other = {
        "data": "mnist", "backbone": "convnet", "width": 7, "head": "NonlinPen", "P": 9, "allow_small_P": True,
        "penalty": "quadratic", "gamma_schedule": "constant", "gamma_cap": 3.0, "augment": True, "train_limit": 50,
        "device": "cpu", "precision": "bfloat16", "optimizer": "sgd", "lr_schedule": "cosine", "classifier_lr": 0.1,
        "classifier_decays": False, "hug_beta": 0.1, "hug_reduction": "sum",
    }  # fmt: skip
    base = RunConfig(head="NoPen")
    hashes = {base.hash}
    for field in fields(RunConfig):
        value = other.get(field.name, field.default if field.name in other else None)
        if value is None:
            value = field.default + 1
        hashes.add(replace(base, **{field.name: value}).hash)
    assert len(hashes) == len(fields(RunConfig)) + 1
    assert RunConfig(lr=1, epochs=5.0).hash == RunConfig(lr=1.0, epochs=5).hash  # 1 and 1.0 are one setting


def test_the_hash_is_the_same_in_another_process() -> None:
    code = "from binenc_kit.config import RunConfig; print(RunConfig(seed=3).hash)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == RunConfig(seed=3).hash
    assert len(RunConfig().hash) == 10


def test_numbers_that_yaml_reads_as_texts_are_welcome() -> None:
    assert RunConfig(lr="1e-3", epochs="7", train_limit="1e3") == RunConfig(lr=0.001, epochs=7, train_limit=1000)
    assert RunConfig(augment=np.True_, seed=np.int64(4)) == RunConfig(augment=True, seed=4)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"head": "BinEncc"}, "did you mean BinEnc"),
        ({"backbone": "resnet"}, "resnet18"),
        ({"data": "cifar"}, "cifar10"),
        ({"data": "folder:"}, "folder:PATH"),
        ({"penalty": "quadratc"}, "did you mean quadratic"),
        ({"epoch": 3}, "did you mean epochs"),
        ({"gamma_start": -0.1}, "gamma_start is -0.1"),
        ({"gamma_start": math.nan}, "gamma_start is nan"),
        ({"gamma_start": math.inf}, "gamma_start is inf"),
        ({"gamma_factor": 1e4}, "beyond what float32 can hold"),
        ({"gamma_cap": -1}, "gamma_cap is -1"),
        ({"lr": 0}, "lr is 0"),
        ({"lr": "fast"}, "lr is 'fast'"),
        ({"epochs": 2.5}, "must be a whole number"),
        ({"epochs": True}, "epochs is True"),
        ({"batch_size": 1}, "batch_size is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 10**400}, "must be a whole number"),
        ({"augment": "yes"}, "must be true or false"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"head": 3}, "must be a text"),
        ({"penalty": "none"}, "LinPen"),
        ({"head": "LinPen", "penalty": "quadratic"}, "ask for head='BinEnc'"),
        ({"head": "LinPen", "penalty": "l1"}, "ask for head='BinEnc', penalty='l1'"),
        ({"head": "LPC", "penalty": "none"}, "LinPen"),
        ({"head": "HUG", "penalty": "quadratic"}, "mhe, mhs, mgd"),
        ({"head": "BinEnc", "penalty": "mhe"}, "unknown penalty"),
        ({"penalty": "custom:"}, "custom:LABEL"),
        ({"head": "ArcFace", "penalty": "quadratic"}, "unknown penalty of ArcFace"),
        ({"head": "SupCn"}, "did you mean SupCon"),
        ({"gamma_schedule": "two-regime", "gamma_cap": 1e6}, "did you mean two_regime"),
        ({"gamma_schedule": "two_regime"}, "needs a gamma_cap"),
        ({"gamma_schedule": "two_regime", "gamma_cap": 1e6, "gamma_factor": 1.0}, "with factors above 1"),
        ({"gamma_schedule": "two_regime", "gamma_cap": 1e6, "gamma_start": 1e4}, "not above the turn"),
        ({"head": "LPC", "gamma_schedule": "geometric", "gamma_factor": 1e4}, "beyond what float32 can hold"),
        ({"lr_schedule": "cosine", "lr_min": 0.1}, "above lr"),
        ({"lr_schedule": "step"}, "halving"),
        ({"lr_hold": -1}, "lr_hold is -1"),
        ({"optimizer": "adam"}, "adamw"),
    ],
)
def test_a_bad_setting_gets_one_sentence(settings: dict, expected: str) -> None:
    with pytest.raises(KitError) as caught:
        RunConfig(**settings)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", '{"lr": 0}', '{"speed": 1}', "null"])
def test_json_that_is_no_config_is_refused(text: str) -> None:
    with pytest.raises(KitError):
        RunConfig.from_json(text)


def test_a_capped_schedule_may_grow_as_it_likes() -> None:
    assert RunConfig(gamma_factor=1e4, gamma_cap=1e6).gamma_cap == 1e6


def test_the_fifth_combination_has_a_label_of_its_own() -> None:
    config = RunConfig().with_head("NonlinPen+quadratic")
    assert (config.head, config.resolved_penalty, config.label) == ("NonlinPen", "quadratic", "NonlinPen+quadratic")
    assert RunConfig().with_head("NonlinPen").resolved_penalty == "none"
    assert RunConfig().resolved_penalty == "quadratic"
    assert RunConfig(penalty="quadratic") == RunConfig()
    assert RunConfig(head="NoPen", penalty="none").label == "NoPen"


@pytest.mark.parametrize(
    "label", ["LPC", "HUG", "HUG+mhs", "ArcFace", "SupCon", "CenterLoss", "BinEnc+mean_exp", "BinEnc+custom:mine"]
)
def test_one_word_switches_the_objective(label: str) -> None:
    config = RunConfig(P=9).with_head(label)
    assert config.label == label
    assert config.P == 9
    assert ":" not in config.name
    assert RunConfig(head="HUG", penalty="mhe").label == "HUG"


def test_the_grid_has_every_combination_once() -> None:
    configs = grid(["BinEnc", "NoPen"], [0.1, 0.2], [0, 1, 2], epochs=4)
    assert len({config.hash for config in configs}) == 12
    assert [config.head for config in configs[:6]] == ["BinEnc"] * 6
    assert all(config.epochs == 4 for config in configs)


@pytest.mark.parametrize("bad", [{"seeds": []}, {"heads": "BinEnc"}, {"lrs": 0.1}])
def test_a_grid_needs_lists(bad: dict) -> None:
    with pytest.raises(KitError, match="needs a list"):
        grid(**({"heads": ["BinEnc"], "lrs": [0.1], "seeds": [0]} | bad))


def test_what_says_the_same_is_one_run() -> None:
    base = RunConfig(lr=1e-3)
    said = {"gamma_schedule": "geometric", "lr_schedule": "constant", "classifier_lr": 1e-3, "penalty": "quadratic"}
    assert replace(base, **said) == base
    assert RunConfig(head="HUG", hug_beta=0.015) == RunConfig(head="HUG")
    assert RunConfig(head="HUG", penalty="mgd", hug_beta=0.03) == RunConfig(head="HUG", penalty="mgd")
    assert RunConfig(head="LPC", gamma_schedule="geometric") != RunConfig(head="LPC")
