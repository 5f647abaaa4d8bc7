from pathlib import Path

import pytest

from binenc_kit import figures
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.recording import Recording
from binenc_kit.training import train
from tests.conftest import tiny_config


@pytest.fixture
def runs(tiny_data: Data, tmp_path: Path) -> list[Recording]:
    """Two heads with three rates of two seeds each, an epoch each."""
    found = []
    for head in ("BinEnc", "NoPen"):
        for lr in (1e-4, 1e-3, 1e-1):
            for seed in (0, 1):
                config = tiny_config(head=head, lr=lr, seed=seed, epochs=1)
                list(train(config, tmp_path / config.name, data=tiny_data))
                found.append(Recording(tmp_path / config.name))
    return found


def test_the_curves_are_means_over_seeds_and_the_ring_is_the_best_on_validation(runs: list[Recording]) -> None:
    figure = figures.accuracy_by_lr(runs)
    for axes, column in zip(figure.axes, ("probe_accuracy", "val_accuracy"), strict=True):
        curve, ring = axes.get_lines()[:2]
        mine = [run for run in runs if run.config.head == "BinEnc"]
        means = {
            lr: sum(run.metrics[-1][column] for run in mine if run.config.lr == lr) / 2 for lr in (1e-4, 1e-3, 1e-1)
        }
        assert curve.get_xdata().tolist() == list(means)
        assert curve.get_ydata().tolist() == pytest.approx(list(means.values()))
        if column == "val_accuracy":
            assert ring.get_ydata()[0] == max(means.values())
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.0001", "0.001", "0.1"]
    assert "Best on validation: BinEnc at" in figure.get_label()


def test_one_rate_and_runs_without_an_epoch_are_refused(runs: list[Recording]) -> None:
    with pytest.raises(KitError, match="all runs have one learning rate"):
        figures.accuracy_by_lr(runs[:2])
    (runs[0].folder / "metrics.jsonl").write_bytes(b"")
    with pytest.raises(KitError, match="no complete epoch"):
        figures.accuracy_by_lr(runs)
