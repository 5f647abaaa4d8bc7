"""What a reproduction will train, and how a budget thins it out."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.plans import BUDGETS, make_plan
from binenc_kit.recording import Recording
from binenc_kit.schedules import gamma_at, lr_at
from tests.conftest import tiny_config

SETTINGS = sorted((Path(__file__).parents[1] / "notebooks" / "settings").glob("*.yaml"))
WHOLE = [path for path in SETTINGS if path.stem not in ("gains", "rivals", "phase")]  # which are of other notebooks


def parameters(path: Path) -> dict:
    found = yaml.safe_load(path.read_text())
    return {name: value for name, value in found.items() if name != "out"}


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_a_budget_ends_where_the_whole_ends(path: Path, budget: str) -> None:
    whole, thin = make_plan(parameters(path)), make_plan(parameters(path), budget)
    assert thin.heads == whole.heads
    for before, after in zip(ends(whole.finals({})), ends(thin.finals({})), strict=True):
        assert after["gamma"] == pytest.approx(before["gamma"], rel=1e-4)
        assert after["gamma_first"] == before["gamma_first"]
        assert after["classifier"] == pytest.approx(before["classifier"], rel=1e-4) or path.stem.startswith("hug")
        assert after["epochs"] == max(2, round(before["epochs"] / BUDGETS[budget][2]))
    assert set(thin.lrs) <= set(whole.lrs)
    assert set(thin.seeds) <= set(whole.seeds)


def ends(configs: list[RunConfig]) -> list[Mapping[str, float]]:
    """The first seed of each head: epochs, gamma at both ends, and the classifier's learning rate in the last one."""
    first = [config for config in configs if config.seed == 0]
    return [
        {
            "epochs": config.epochs,
            "gamma": gamma_at(config, config.epochs),
            "gamma_first": gamma_at(config, 1),
            "classifier": lr_at(config, config.epochs)[1] / config.lr,
        }
        for config in first
    ]


def test_quick_takes_three_rates_spread_over_the_grid() -> None:
    plan = make_plan(parameters(next(path for path in SETTINGS if path.stem == "binenc-cifar10")), "quick")
    assert plan.lrs == [3.375e-05, 0.0003844, 0.004379]
    assert plan.seeds == [0, 1]
    assert {config.epochs for config in plan.candidates} == {20}
    assert len(plan.candidates) == 12
    assert len(plan.finals({})) == 8


def test_the_whole_is_what_was_asked_for() -> None:
    plan = make_plan({"heads": ["BinEnc"], "lrs": [3e-3, 1e-3], "seeds": [2, 1], "epochs": 7})
    assert (plan.lrs, plan.seeds) == ([3e-3, 1e-3], [2, 1])
    assert {config.epochs for config in plan.candidates} == {7}


def test_schedules_of_steps_and_learning_rates_shrink_with_the_epochs() -> None:
    given = {"heads": ["BinEnc"], "lrs": [1e-3], "seeds": [0], "epochs": 100, "lr_schedule": "halving", "lr_hold": 20}
    config = make_plan(given | {"lr_period": 40, "gamma_step": 5, "gamma_factor": 1.3}, "quick").finals({})[0]
    assert (config.epochs, config.lr_hold, config.lr_period, config.gamma_step) == (10, 2, 4, 1)
    assert gamma_at(config, 10) == pytest.approx(1.3**19, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"heads": []}, "heads is .* needs a list"),
        ({"lrs": 0.1}, "lrs is 0.1"),
        ({"epoch": 3}, "unknown setting 'epoch': did you mean epochs"),
    ],
)
def test_parameters_that_cannot_work_get_one_sentence(change: dict, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        make_plan({"heads": ["BinEnc"], "lrs": [1e-3], "seeds": [0]} | change).finals({})


def test_an_unknown_budget_gets_one_sentence() -> None:
    with pytest.raises(KitError, match="unknown budget 'quik': did you mean quick"):
        make_plan({"heads": ["BinEnc"], "lrs": [1e-3], "seeds": [0]}, "quik")


def test_jobs_name_every_run_once_with_its_modes(tmp_path: Path) -> None:
    two = make_plan({"heads": ["BinEnc"], "lrs": [1e-3, 2e-3], "seeds": [0, 1]})
    assert list(two.jobs(tmp_path).values()) == [("paper", "strict"), ("paper",), ("strict",)]
    one = make_plan({"heads": ["BinEnc"], "lrs": [1e-3], "seeds": [0, 1]})
    assert list(one.jobs(tmp_path).values()) == [("paper", "strict"), ("strict",)]
    plain = make_plan({"heads": ["BinEnc"], "lrs": [1e-3], "seeds": [0, 1], "paper_mode": False})
    assert list(plain.jobs(tmp_path).values()) == [("strict",)] * 2


def test_jobs_know_a_learning_rate_that_is_chosen(tiny_run: Recording) -> None:
    config = tiny_config()
    settings = {"data": config.data, "epochs": 3, "batch_size": 8, "width": 8, "probe_size": 12, "device": "cpu"}
    plan = make_plan({"heads": ["BinEnc"], "lrs": [0.5, config.lr], "seeds": [0, 1], **settings})
    folder = tiny_run.folder.parent
    tiny_run.folder.rename(folder / config.name)
    chosen = [job for job, modes in plan.jobs(folder).items() if "strict" in modes]
    assert {job.lr for job in chosen} == {config.lr}
