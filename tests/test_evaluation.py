import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from binenc_kit.data import Data, load_data
from binenc_kit.errors import KitError
from binenc_kit.evaluation import COLUMNS, by_epoch, choose_lr, evaluate, results_table, summarise
from binenc_kit.measures.binarity import code_agreement
from binenc_kit.measures.collapse import sigma_w
from binenc_kit.networks import build_network, predict
from binenc_kit.recording import Recording
from binenc_kit.training import train, train_heads, train_one
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
    assert row["sigma_w"] == pytest.approx(sigma_w(z, tiny_data.train[1].numpy()))
    assert (row["data"], row["head"], row["penalty"], row["P"], row["epochs"]) == ("tiny", "BinEnc", "quadratic", 2, 3)
    assert row["gamma_last"] == tiny_run.metrics[-1]["gamma"]
    assert row["seconds"] == pytest.approx(sum(line["seconds"] for line in tiny_run.metrics), abs=0.01)


def test_the_row_is_kept_and_read_again(tiny_run: Recording, tiny_data: Data) -> None:
    row = evaluate(tiny_run, tiny_data)
    (tiny_run.folder / "checkpoint.pt").unlink()  # what is kept needs no weights, no data, no backbone
    assert evaluate(Recording(tiny_run.folder)) == row
    kept = json.loads((tiny_run.folder / "results.json").read_text())
    assert kept == row


def test_an_unfinished_run_is_measured_and_not_kept(tiny_data: Data, tmp_path: Path) -> None:
    for _ in train(tiny_config(), tmp_path / "run", data=tiny_data):
        break
    assert evaluate(Recording(tmp_path / "run"), tiny_data)["epochs"] == 1
    assert Recording(tmp_path / "run").results is None


def test_the_table_has_a_row_for_each_run(tiny_data: Data, tmp_path: Path) -> None:
    runs = train_heads(tiny_config(), folder=tmp_path, data=tiny_data, progress=False)
    table = results_table(runs, tiny_data)
    assert tuple(table.columns) == COLUMNS
    assert table["head"].tolist() == list(runs)
    assert results_table(list(runs.values())).equals(table)
    csv = tmp_path / "results.csv"
    table.to_csv(csv, index=False)
    assert pd.read_csv(csv).columns.tolist() == list(COLUMNS)


def test_named_data_are_loaded_for_the_table(tmp_path: Path) -> None:
    config = tiny_config(data="digits", train_limit=100, epochs=1)
    run = train_one(config, tmp_path, progress=False)
    expected = evaluate(run, load_data("digits", train_limit=100))
    (run.folder / "results.json").unlink()
    assert results_table([run]).iloc[0].to_dict() == expected


def test_a_backbone_of_one_s_own_is_asked_for(tiny_data: Data, tmp_path: Path) -> None:
    config = tiny_config(backbone="custom:flat")
    mine = nn.Sequential(nn.Flatten(), nn.Linear(16, 4))
    run = train_one(config, tmp_path, data=tiny_data, backbone=mine, progress=False)
    with pytest.raises(KitError, match="needs its module"):
        evaluate(run, tiny_data)
    with pytest.raises(KitError, match="do not fit the network"):
        evaluate(run, tiny_data, nn.Flatten())
    assert evaluate(run, tiny_data, mine)["backbone"] == "custom:flat"


def test_curves_follow_the_recorded_latents(tiny_run: Recording) -> None:
    curves = by_epoch(tiny_run)
    assert curves.index.tolist() == [1, 2, 3]
    assert curves["code_agreement"][2] == code_agreement(tiny_run.latents[1], tiny_run.labels)
    assert curves["gamma"].tolist() == [line["gamma"] for line in tiny_run.metrics]


def test_a_run_without_an_epoch_has_no_curves(tiny_data: Data, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for _ in train(tiny_config(), folder, data=tiny_data):
        break
    (folder / "metrics.jsonl").write_bytes(b"")
    with pytest.raises(KitError, match="no complete epoch"):
        by_epoch(Recording(folder))


def test_the_learning_rate_is_chosen_on_validation_alone(tiny_data: Data, tmp_path: Path) -> None:
    runs = []
    for lr in (0.01, 0.02, 0.05):
        runs.append(train_one(tiny_config(lr=lr, epochs=1), tmp_path, data=tiny_data, progress=False))
    for run, accuracy in zip(runs, (0.5, 0.9, 0.9), strict=True):
        line = run.metrics[0] | {"val_accuracy": accuracy}
        (run.folder / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    assert choose_lr(runs) == {"BinEnc": 0.02}  # the smaller of two equals
    assert all(run.results is None for run in runs)  # nothing was evaluated, the test split least of all


def test_the_summary_has_mean_and_spread_of_each_head(tiny_data: Data, tmp_path: Path) -> None:
    runs = [train_one(tiny_config(seed=seed), tmp_path, data=tiny_data, progress=False) for seed in (0, 1, 2)]
    table = results_table(runs, tiny_data)
    (row,) = summarise(table).to_dict("records")
    assert row["runs"] == 3
    values = table["sigma_w_relative"]
    mean, spread = (float(text) for text in row["sigma_w_relative"].split(" ± "))
    assert mean == pytest.approx(values.mean(), rel=1e-2)
    assert spread == pytest.approx(values.std(), rel=0.5)  # one digit
    assert "±" not in summarise(table.head(1))["test_accuracy"][0]


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


def test_no_recordings_are_no_table() -> None:
    for nothing in ({}, [], ["runs/BinEnc"]):
        with pytest.raises(KitError, match="no recordings"):
            results_table(nothing)
