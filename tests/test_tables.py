import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from binenc_kit.data import Data, load_data
from binenc_kit.errors import KitError
from binenc_kit.evaluation import COLUMNS, evaluate
from binenc_kit.measures.binarity import code_agreement
from binenc_kit.measures.collapse import collapse
from binenc_kit.measures.mixtures import mixture_scores
from binenc_kit.recording import Recording
from binenc_kit.tables import FOLLOWED, best_rows, by_epoch, choose_lr, mean_and_spread, results_table, summarise
from binenc_kit.training import train, train_heads, train_one
from tests.conftest import tiny_config


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
    assert pd.Series(results_table([run]).iloc[0].to_dict()).equals(pd.Series(expected))


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


def test_no_recordings_are_no_table() -> None:
    for nothing in ({}, [], ["runs/BinEnc"]):
        with pytest.raises(KitError, match="no recordings"):
            results_table(nothing)


def test_every_followed_measure_has_a_curve(tiny_run: Recording) -> None:
    curves = by_epoch(tiny_run, FOLLOWED)
    frame, labels = tiny_run.latents[2], tiny_run.labels
    assert curves["peak_distance"][3] == mixture_scores(frame).peak_distance
    assert curves["nc1"][3] == collapse(frame, labels).nc1
    with pytest.raises(KitError, match="unknown measure 'nc9'"):
        by_epoch(tiny_run, ["nc9"])


def rates(**columns: list) -> pd.DataFrame:
    usual = {"data": "d", "head": "BinEnc", "penalty": "quadratic", "mode": "strict"}
    return pd.DataFrame({name: [value] * 6 for name, value in usual.items()} | columns)


def test_the_best_rate_is_by_validation_in_strict_and_by_test_in_paper() -> None:
    lr, seed = [0.1, 0.2, 0.3] * 2, [0, 0, 0, 1, 1, 1]
    val, test = [0.8, 0.9, 0.7, 0.8, 0.8, 0.6], [0.5, 0.4, 0.9, 0.7, 0.4, 0.6]
    table = rates(lr=lr, seed=seed, val_accuracy=val, test_accuracy=test)
    strict = best_rows(table)
    assert strict[["lr", "seed"]].to_numpy().tolist() == [[0.2, 0], [0.2, 1]]  # one rate for all seeds
    paper = best_rows(table.assign(mode="paper"))
    assert paper[["lr", "seed"]].to_numpy().tolist() == [[0.3, 0], [0.1, 1]]  # each seed its own, by the test split
    assert paper["test_accuracy"].mean() > strict["test_accuracy"].mean()  # what such a choice buys
    with pytest.raises(KitError, match="rows of one mode"):
        best_rows(pd.concat([table, table.assign(mode="paper")]))


def test_a_tie_of_rates_goes_to_the_smaller_and_heads_keep_their_order() -> None:
    table = rates(lr=[0.2, 0.1] * 3, seed=[0] * 6, val_accuracy=[0.5] * 6, test_accuracy=[0.5] * 6)
    table["head"] = ["LinPen", "LinPen", "BinEnc", "BinEnc", "NoPen", "NoPen"]
    for mode in ("strict", "paper"):
        best = best_rows(table.assign(mode=mode))
        assert best["head"].tolist() == ["LinPen", "BinEnc", "NoPen"]
        assert set(best["lr"]) == {0.1}


def test_joined_tables_and_missing_accuracies_do_no_harm() -> None:
    table = rates(lr=[0.1, 0.2] * 3, seed=[0, 0, 1, 1, 2, 2], val_accuracy=[0.1, 0.9] * 3, test_accuracy=[0.9, 0.1] * 3)
    parts = pd.concat([table.iloc[:2], table.iloc[2:].reset_index(drop=True)])  # indices repeat
    assert best_rows(parts)["lr"].tolist() == [0.2] * 3
    assert best_rows(parts.assign(mode="paper"))["lr"].tolist() == [0.1] * 3
    assert best_rows(table.rename_axis("row"))["lr"].tolist() == [0.2] * 3
    with pytest.raises(KitError, match="a row has no val_accuracy"):
        best_rows(table.assign(val_accuracy=np.nan))


def test_a_bare_network_s_row_can_be_summarised(tiny_run: Recording, tiny_data: Data) -> None:
    from binenc_kit.outputs import open_network

    row = evaluate(open_network(tiny_run, tiny_data)[0], tiny_data)
    summary = summarise(pd.DataFrame([row, row]), ["test_accuracy", "knn_entropy"])
    assert summary["runs"].tolist() == [2]
    assert summary["mode"].tolist() == ["strict"]


def test_numbers_are_written_with_the_digits_they_need() -> None:
    written = [mean_and_spread(*given) for given in (
        ("test_accuracy", 0.93791, 0.00214), ("nc1", 0.0123456, 0.00234), ("bits_used", 4.0, float("nan")),
        ("whole_code_rotated", 0.5, float("nan")), ("auroc", float("nan"), float("nan")),
    )]  # fmt: skip
    assert written == ["0.9379 ± 0.0021", "0.0123 ± 0.002", "4.0", "0.5000", "n/a"]


def test_the_summary_never_mixes_modes(tiny_run: Recording, tiny_data: Data) -> None:
    both = pd.concat([results_table([tiny_run], tiny_data, mode=mode) for mode in ("strict", "paper")])
    summary = summarise(both, ["sigma_w", "auroc"])
    assert summary["mode"].tolist() == ["strict", "paper"]
    assert summary["runs"].tolist() == [1, 1]
    assert summary["sigma_w"][0] != summary["sigma_w"][1]
    with pytest.raises(KitError, match="unknown measure 'sigma'"):
        summarise(both, ["sigma"])
