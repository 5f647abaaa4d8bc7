"""The recordings that come with the kit open at once, are what their settings say, and stay small."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import binenc_kit as bk
from binenc_kit.outputs import open_network, outputs
from binenc_kit.shelf import shipped_outputs, shipped_runs

ROOT = Path(__file__).parents[1]
RECORDINGS = ROOT / "data" / "recordings"
SETTINGS = {path.stem: yaml.safe_load(path.read_text()) for path in RECORDINGS.glob("*.yaml")}
KEPT = [(name, head) for name, settings in SETTINGS.items() for head in settings["heads"]]
sys.path.insert(0, str(ROOT / "docs"))


@pytest.mark.parametrize(("name", "head"), KEPT, ids=lambda part: part)
def test_each_is_there_whole_small_and_made_by_its_settings(name: str, head: str) -> None:
    run = shipped_runs(name, head)[head]
    settings = SETTINGS[name]
    assert run.config == bk.RunConfig(**(settings["common"] | settings["heads"][head])).with_head(head)
    assert run.finished
    assert run.epochs == run.config.epochs == len(run.latents)
    assert np.isfinite(run.latents).all()
    assert run.about["hardware"]
    assert run.about["date"] >= "2026-11-21"
    assert set(run.results) == {"strict", "paper"}
    assert sum(path.stat().st_size for path in run.folder.iterdir()) < 2_000_000
    assert (run.folder / "checkpoint.pt").exists() == settings["weights"]
    table = bk.results_table({head: run})  # kept, so that nothing is measured and no picture is needed
    assert table["train_accuracy"][0] == run.results["strict"]["train_accuracy"]


def test_the_heads_and_objectives_of_the_kit_are_all_there() -> None:
    assert {*bk.HEADS, *bk.RIVALS, "NonlinPen+quadratic", "BinEnc+exp_mean"} <= set(shipped_runs("digits"))
    assert {*bk.HEADS, "LPC"} <= set(SETTINGS["cifar10"]["heads"])


def test_kept_weights_give_the_recorded_latents() -> None:
    (run,) = shipped_runs("digits", "BinEnc").values()
    network, digits, epoch = open_network(run)
    assert epoch == run.epochs
    said = outputs(network, digits, "train")
    assert np.allclose(said.z[run.indices], run.latents[-1], atol=1e-3)
    assert (said.labels[run.indices] == run.labels).all()


def test_the_contest_is_between_the_heads_of_the_settings() -> None:
    found = json.loads((RECORDINGS / "cifar10" / "contest.json").read_text())
    for shares in found["shares"].values():
        assert list(shares) == SETTINGS["cifar10"]["contest"]
    assert 50 < found["pictures"] <= SETTINGS["cifar10"]["attacked"]


def test_the_page_about_them_is_true() -> None:
    from make_recordings import readme

    assert (RECORDINGS / "README.md").read_text() == readme(RECORDINGS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("digit",), "unknown set of recordings 'digit': did you mean digits"),
        (("digits", "BinEn"), "unknown recording 'BinEn': did you mean BinEnc"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(arguments: tuple, sentence: str) -> None:
    with pytest.raises(bk.KitError, match=sentence):
        shipped_runs(*arguments)


def test_outputs_that_are_not_kept_or_damaged_are_explained(tmp_path: Path) -> None:
    (run,) = shipped_runs("digits", "LinPen").values()
    with pytest.raises(bk.KitError, match="keeps no outputs"):
        shipped_outputs(run, "test")
    shutil.copytree(run.folder, tmp_path / "LinPen")
    (tmp_path / "LinPen" / "outputs.npz").write_bytes(b"nothing")
    with pytest.raises(bk.KitError, match="is damaged"):
        shipped_outputs(bk.Recording(tmp_path / "LinPen"), "test")
    with pytest.raises(bk.KitError, match="unknown split 'val'"):
        shipped_outputs(run, "val")


def test_kept_outputs_are_those_of_the_measured_network() -> None:
    for label, run in shipped_runs("cifar10").items():
        train, test = shipped_outputs(run, "train"), shipped_outputs(run, "test")
        assert len(train.labels) == (3700 if label == "NoPen" else 4000)
        assert np.bincount(test.labels).tolist() == [150] * 10
        right = (train.predicted == train.labels).mean()
        assert right == pytest.approx(run.results["strict"]["train_accuracy"], abs=0.002), label
        assert train.z.shape[1] == run.latents.shape[2]
