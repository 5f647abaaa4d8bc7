"""Every objective goes the whole way: training, resuming, results table, figures, report."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from binenc_kit import figures
from binenc_kit.data import Data, make_data
from binenc_kit.errors import KitError
from binenc_kit.evaluation import COLUMNS
from binenc_kit.outputs import open_network
from binenc_kit.recording import Recording
from binenc_kit.report import findings, write_report
from binenc_kit.rules import HEADS, RIVALS
from binenc_kit.tables import results_table, summarise
from binenc_kit.training import train, train_heads
from binenc_kit.views import look, uncertainties
from tests.conftest import tiny_config, tiny_splits

LABELS = [
    *HEADS,
    *RIVALS,
    "BinEnc+exp_mean",
    "BinEnc+mean_exp",
    "BinEnc+l1",
    "HUG+mhs",
    "HUG+mgd",
    "NonlinPen+quadratic",
]


@pytest.fixture(scope="module")
def data() -> Data:
    return make_data(tiny_splits(each=30), ["a", "b", "c"], name="tiny")


@pytest.fixture(scope="module")
def runs(data: Data, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    return train_heads(
        tiny_config(epochs=4, lr=0.02, gamma_start=0.1),
        LABELS,
        tmp_path_factory.mktemp("all"),
        data=data,
        progress=False,
    )


def test_every_objective_learns(runs: dict[str, Recording]) -> None:
    assert list(runs) == LABELS
    for label, run in runs.items():
        losses = [line["loss"] for line in run.metrics]
        assert np.isfinite(losses).all(), label
        if label != "LPC":  # a gamma of a million within four epochs
            assert run.metrics[-1]["probe_accuracy"] > 0.6, label


def test_the_results_table_and_its_summary_hold_every_objective(runs: dict[str, Recording], data: Data) -> None:
    table = results_table(runs, data)
    assert tuple(table.columns) == COLUMNS
    assert len(summarise(table)) == len(LABELS)
    assert table["test_accuracy"].between(0, 1).all()
    assert (table["sigma_w"] >= 0).all()
    assert table["margin_gradient_mean"].gt(0).all()
    assert table.set_index("head").loc["HUG", "nc3"].notna().all()
    json.dumps(table.to_dict("records"))
    claims = findings(table, 3)
    assert any("than NonlinPen+quadratic's" in claim for claim, _, _ in claims)
    assert not any("HUG" in claim for claim, _, _ in claims)  # the paper claims nothing beside it
    assert not any("BinEnc+quadratic" in claim for claim, _, _ in claims)


def test_every_figure_takes_every_objective(runs: dict[str, Recording], data: Data, tmp_path: Path) -> None:
    table = results_table(runs, data)
    drawn = {
        "accuracy": figures.accuracy_by_epoch(runs, table),
        "binarity": figures.binarity_by_epoch(runs),
        "agreement": figures.code_agreement_by_epoch(runs),
        "sigma_w": figures.sigma_w_by_epoch(runs),
        "collapse": figures.collapse_by_epoch(runs),
    }
    for label in ("HUG", "ArcFace", "SupCon", "CenterLoss", "LPC"):
        run = runs[label]
        drawn[f"latents {label}"] = figures.latent_histograms(run)
        drawn[f"codebook {label}"] = figures.codebook(run)
        view = look(open_network(run, data)[0], data)
        drawn[f"means {label}"] = figures.class_means(view.train.z, view.train.labels, data.class_names)
        if view.wrong.any() and not view.wrong.all():
            drawn[f"roc {label}"] = figures.roc_curves({n: (v, view.wrong) for n, v in uncertainties(view).items()})
    pngs = figures.save(drawn, tmp_path)
    assert len(pngs) == len(drawn)
    assert all(figures.alt_text(png.read_bytes()) for png in pngs)
    write_report(tmp_path / "report.html", runs, table, pngs, findings(table, 3))
    assert "SupCon" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("label", ["HUG", "HUG+mgd", "ArcFace", "SupCon", "CenterLoss", "LPC"])
def test_every_objective_resumes_to_the_same_bits(label: str, data: Data, tmp_path: Path) -> None:
    config = tiny_config(epochs=4).with_head(label)
    list(train(config, tmp_path / "whole", data=data))
    stopped = train(config, tmp_path / "resumed", data=data)
    next(stopped), next(stopped)
    stopped.close()
    list(train(config, tmp_path / "resumed", data=data))
    ends = [Recording(tmp_path / name).checkpoint()["network"] for name in ("whole", "resumed")]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


@pytest.mark.parametrize(
    "label", ["BinEnc", "LPC", "BinEnc+mean_exp", "BinEnc+l1", "HUG", "ArcFace", "SupCon", "CenterLoss"]
)
def test_one_dimension_for_two_classes_goes_the_whole_way(label: str, tmp_path: Path) -> None:
    data = make_data(tiny_splits(classes=2, each=30), ["a", "b"], name="tiny")
    config = tiny_config(P=1, epochs=3, lr=0.02).with_head(label)
    runs = train_heads(config, [label], tmp_path, data=data, progress=False)
    table = results_table(runs, data)
    assert table["P"].tolist() == [1]
    assert table["distinct_codes"].between(1, 2).all()
    figures.save({"book": figures.codebook(runs[label]), "bars": figures.latent_histograms(runs[label])}, tmp_path)


def test_a_user_s_own_penalty_and_schedule_in_ten_lines(data: Data, tmp_path: Path) -> None:
    config = tiny_config(penalty="custom:quartic", gamma_schedule="custom:steps", epochs=3)
    own = {"penalty": lambda z: z.pow(4).mean(), "gamma": lambda epoch: 0.5 * epoch}
    run = train_heads(config, ["BinEnc+custom:quartic"], tmp_path, data=data, progress=False, **own)
    recording = run["BinEnc+custom:quartic"]
    assert [line["gamma"] for line in recording.metrics] == [0.5, 1.0, 1.5]
    assert recording.metrics[-1]["pull"] > 0
    assert results_table(run, data)["penalty"].tolist() == ["custom:quartic"]


def test_a_function_of_one_s_own_that_nothing_asks_for_is_refused(data: Data, tmp_path: Path) -> None:
    with pytest.raises(KitError, match="penalty='custom:mine'"):
        train(tiny_config(), tmp_path, data=data, penalty=lambda z: z.square().mean())
    with pytest.raises(KitError, match="gamma_schedule='custom:mine'"):
        train_heads(tiny_config(), ["BinEnc", "LinPen"], tmp_path, data=data, gamma=lambda epoch: 1.0)
    mixed = train_heads(
        tiny_config(penalty="custom:own", epochs=1), ["BinEnc+custom:own", "LinPen"], tmp_path, data=data,
        progress=False, penalty=lambda z: z.square().mean(),
    )  # fmt: skip
    assert len(mixed) == 2
