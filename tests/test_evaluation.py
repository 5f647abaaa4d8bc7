import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from binenc_kit.data import Data, augment, load_data, make_data
from binenc_kit.errors import KitError
from binenc_kit.evaluation import COLUMNS, evaluate
from binenc_kit.groups import GROUPS, MEASURES
from binenc_kit.machine import seeded
from binenc_kit.measures.binarity import code_agreement
from binenc_kit.measures.collapse import collapse
from binenc_kit.measures.mixtures import mixture_scores
from binenc_kit.measures.reliability import mahalanobis_auroc
from binenc_kit.measures.robustness import deepfool
from binenc_kit.networks import PixelNetwork, build_network, predict
from binenc_kit.outputs import open_network
from binenc_kit.recording import Recording
from binenc_kit.tables import results_table
from binenc_kit.training import train, train_one
from binenc_kit.views import attack, look
from tests.conftest import tiny_config


def test_a_row_holds_what_the_last_weights_do(tiny_run: Recording, tiny_data: Data) -> None:
    row = evaluate(tiny_run, tiny_data)
    assert tuple(row) == COLUMNS
    network = build_network(tiny_run.config, tiny_data.shape, 3)
    network.load_state_dict(tiny_run.checkpoint()["network"])
    for split in ("train", "val", "test"):
        images, labels = getattr(tiny_data, split)
        right = [predict(network, tiny_data, image[None])[0].argmax().item() for image in images]  # one at a time
        assert row[f"{split}_accuracy"] == np.mean(np.array(right) == labels.numpy())
    z = predict(network, tiny_data, tiny_data.train[0])[1].numpy()
    assert row["code_agreement"] == code_agreement(z, tiny_data.train[1].numpy())
    assert row["sigma_w"] == pytest.approx(collapse(z, tiny_data.train[1].numpy()).sigma_w)
    assert (row["data"], row["head"], row["penalty"], row["P"], row["epochs"]) == ("tiny", "BinEnc", "quadratic", 2, 3)
    assert row["gamma_last"] == tiny_run.metrics[-1]["gamma"]
    assert row["seconds"] == pytest.approx(sum(line["seconds"] for line in tiny_run.metrics), abs=0.01)


def test_the_row_is_kept_and_read_again(tiny_run: Recording, tiny_data: Data) -> None:
    row = evaluate(tiny_run, tiny_data)
    (tiny_run.folder / "checkpoint.pt").unlink()  # what is kept needs no weights, no data, no backbone
    assert same(evaluate(Recording(tiny_run.folder)), row)
    kept = json.loads((tiny_run.folder / "results.json").read_text())
    assert same(kept["strict"], row)
    assert list(kept) == ["strict"]


def test_an_unfinished_run_is_measured_and_not_kept(tiny_data: Data, tmp_path: Path) -> None:
    for _ in train(tiny_config(), tmp_path / "run", data=tiny_data):
        break
    assert evaluate(Recording(tmp_path / "run"), tiny_data)["epochs"] == 1
    assert Recording(tmp_path / "run").results is None


def test_a_backbone_of_one_s_own_is_asked_for(tiny_data: Data, tmp_path: Path) -> None:
    config = tiny_config(backbone="custom:flat")
    mine = nn.Sequential(nn.Flatten(), nn.Linear(16, 4))
    run = train_one(config, tmp_path, data=tiny_data, backbone=mine, progress=False)
    with pytest.raises(KitError, match="needs its module"):
        evaluate(run, tiny_data)
    with pytest.raises(KitError, match="do not fit the network"):
        evaluate(run, tiny_data, nn.Flatten())
    assert evaluate(run, tiny_data, mine)["backbone"] == "custom:flat"


def test_the_row_of_a_run_that_was_killed_at_the_very_end_is_not_kept(tiny_data: Data, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    writing = train(tiny_config(), folder, data=tiny_data)
    next(writing)
    early = (folder / "checkpoint.pt").read_bytes()
    list(writing)
    (folder / "checkpoint.pt").write_bytes(early)  # all metrics are there, the final weights are not
    (folder / "finished").unlink()
    assert not Recording(folder).finished
    assert evaluate(Recording(folder), tiny_data)["epochs"] == 1
    assert Recording(folder).results is None


def test_other_data_than_the_run_s_are_refused(tmp_path: Path) -> None:
    run = train_one(tiny_config(data="digits", train_limit=100, epochs=1), tmp_path, progress=False)
    with pytest.raises(KitError, match="asks for data 'digits' with train_limit=100"):
        results_table([run], load_data("digits"))


def test_a_recording_made_on_a_gpu_is_measured_without_one(tiny_run: Recording, tiny_data: Data) -> None:
    absent = "mps" if torch.cuda.is_available() else "cuda"
    described = tiny_run.folder / "config.json"
    described.write_text(described.read_text().replace('"device": "cpu"', f'"device": "{absent}"'))
    run = Recording(tiny_run.folder)
    assert run.config.device == absent
    assert evaluate(run, tiny_data)["epochs"] == 3


def same(row: dict, other: dict) -> bool:
    """Equal rows, where NaN equals NaN."""
    return pd.Series(row).equals(pd.Series(other))


def hard_data() -> Data:
    """Noisy pictures of three classes that a network gets wrong here and there."""
    rng = np.random.default_rng(3)
    labels = np.arange(240) % 3
    images = rng.integers(0, 160, (240, 8, 8))
    images[np.arange(240), labels] += 40
    return make_data({"train": (images.astype(np.uint8), labels)}, ["a", "b", "c"], name="tiny")


@pytest.fixture(scope="module")
def hard_run(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    config = tiny_config(augment=True, epochs=4, backbone="convnet", width=4, lr=0.01)
    return train_one(config, tmp_path_factory.mktemp("hard"), data=hard_data(), progress=False)


def test_every_measure_has_a_group() -> None:
    assert len(MEASURES) == len(set(MEASURES)) == sum(map(len, GROUPS.values()))


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_a_number(name: str, hard_run: Recording) -> None:
    row = evaluate(hard_run, hard_data())  # measured once, and kept
    assert isinstance(row[name], int | float)
    assert not np.isnan(row[name])


def test_the_modes_are_kept_apart(hard_run: Recording) -> None:
    data = hard_data()
    rows = {mode: evaluate(hard_run, data, mode=mode) for mode in ("strict", "paper")}
    assert {mode: row["mode"] for mode, row in rows.items()} == {"strict": "strict", "paper": "paper"}
    (hard_run.folder / "checkpoint.pt").rename(hard_run.folder / "away")  # both rows are kept
    try:
        assert all(same(evaluate(Recording(hard_run.folder), mode=mode), row) for mode, row in rows.items())
    finally:
        (hard_run.folder / "away").rename(hard_run.folder / "checkpoint.pt")


def test_paper_looks_at_augmented_train_pictures_and_predicted_labels(hard_run: Recording) -> None:
    data = hard_data()
    network, data, _ = open_network(hard_run, data)
    plain = [part.numpy() for part in predict(network, data, data.train[0])]
    with seeded(0, 0):
        moved = [part.numpy() for part in predict(network, data, data.train[0], augment)]
    labels = data.train[1].numpy()
    strict, paper = (evaluate(hard_run, data, mode=mode) for mode in ("strict", "paper"))
    assert strict["train_accuracy"] == (plain[0].argmax(1) == labels).mean()
    assert paper["train_accuracy"] == (moved[0].argmax(1) == labels).mean()
    assert strict["train_accuracy"] != paper["train_accuracy"]
    assert strict["code_agreement"] == code_agreement(plain[1], labels)
    assert paper["code_agreement"] == code_agreement(moved[1], moved[0].argmax(1))
    assert strict["sigma_w"] == collapse(plain[1], labels).sigma_w
    assert paper["sigma_w"] == collapse(moved[1], moved[0].argmax(1), mode="paper").sigma_w
    test = [part.numpy() for part in predict(network, data, data.test[0])]
    truth, predicted = data.test[1].numpy(), test[0].argmax(1)
    for row, (logits, z), mode in ((strict, plain, "strict"), (paper, moved, "paper")):
        found = mahalanobis_auroc(z, labels, logits.argmax(1), test[1], truth, predicted, mode)
        assert row["auroc"] == found.auroc
        assert row["binarity_score"] == mixture_scores(z, mode).score


def test_deepfool_keeps_to_right_pictures_and_pixels_only_in_strict(hard_run: Recording) -> None:
    network, data, _ = open_network(hard_run, hard_data())
    strict, paper = (look(network, data, mode) for mode in ("strict", "paper"))
    some, pictures, result = attack(strict)
    images, labels = data.test
    assert (strict.test.predicted[some] == labels[some].numpy()).all()
    assert 0 < len(some) < len(labels)
    assert torch.equal(pictures, images[some] / 255)
    moved = pictures + result.perturbation
    assert moved.min() >= 0
    assert moved.max() <= 1
    again = deepfool(PixelNetwork(network, data), pictures, 3, box=(0.0, 1.0))
    row = evaluate(hard_run, data)
    assert row["deepfool_relative"] == pytest.approx(again.relative[again.success].mean())
    assert row["deepfool_refined"] == pytest.approx(np.nanmean(again.refined[again.success]))
    some, pictures, result = attack(paper)
    assert len(some) == len(labels)  # the wrong ones, too
    assert torch.equal(pictures, data.normalise(images))
    assert evaluate(hard_run, data, mode="paper")["deepfool_relative"] == pytest.approx(result.relative.mean())


def test_a_bare_network_is_measured_with_its_data(tiny_run: Recording, tiny_data: Data) -> None:
    network, _, _ = open_network(tiny_run, tiny_data)
    row, of_run = evaluate(network, tiny_data), evaluate(tiny_run, tiny_data)
    assert tuple(row) == COLUMNS
    assert all(row[name] == pytest.approx(of_run[name], nan_ok=True) for name in MEASURES)
    assert row["head"] is None
    with pytest.raises(KitError, match="together with its data"):
        evaluate(network)


def test_an_unknown_mode_is_refused(tiny_run: Recording, tiny_data: Data) -> None:
    with pytest.raises(KitError, match="unknown mode 'papr': did you mean paper"):
        evaluate(tiny_run, tiny_data, mode="papr")


def test_a_network_that_is_never_right_or_never_wrong_has_a_row(tiny_data: Data, tmp_path: Path) -> None:
    run = train_one(tiny_config(epochs=1), tmp_path, data=tiny_data, progress=False)
    network, data, _ = open_network(run, tiny_data)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.copy_(torch.tensor([9.0, 0.0, 0.0]))
    blind = evaluate(network, data)
    assert blind["test_accuracy"] == pytest.approx(1 / 3)
    assert blind["deepfool_zero_gradient"] == 1
    assert np.isnan(blind["deepfool_relative"])
    learned = train_one(tiny_config(head="NoPen", epochs=30), tmp_path, data=tiny_data, progress=False)
    perfect = evaluate(learned, tiny_data)
    assert perfect["test_accuracy"] == 1
    assert np.isnan(perfect["auroc"])  # nobody is wrong: nothing to find
