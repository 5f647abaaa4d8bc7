"""How long a sweep will take: the sums; benchmarks/sweep.py has the estimate beside what it took."""

from dataclasses import replace
from pathlib import Path

import pytest

from binenc_kit import estimates
from binenc_kit.data import Data, load_data
from binenc_kit.estimates import OVERHEAD, START, Cost, estimate, measured
from binenc_kit.recording import Recording
from tests.chaos import tiny_grid
from tests.conftest import tiny_config


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch takes a second, an evaluation ten, and NoPen's a hundred."""
    monkeypatch.setattr(estimates, "measured", lambda kind: Cost(1.0, 100.0 if kind.head == "NoPen" else 10.0))


@pytest.mark.usefixtures("known")
def test_runs_are_handed_out_to_the_worker_that_is_free(tmp_path: Path) -> None:
    configs = tiny_grid(epochs=20, heads=["BinEnc", "NoPen"], seeds=[0, 1])
    jobs = dict.fromkeys(configs, ("strict",))
    assert estimate(jobs, tmp_path, 1) == pytest.approx(START + 2 * 30 + 2 * 120 + 4 * OVERHEAD)
    assert estimate(jobs, tmp_path, 2) == pytest.approx(START + 30 + 120 + 2 * OVERHEAD)
    assert estimate(jobs, tmp_path, 9) == pytest.approx(START + 120 + OVERHEAD)  # more than there are runs
    assert estimate(jobs, tmp_path, 0) == estimate(jobs, tmp_path, 1) - START
    assert estimate(dict.fromkeys(configs, ()), tmp_path, 1) == pytest.approx(START + 4 * 20 + 4 * OVERHEAD)


@pytest.mark.usefixtures("known")
def test_what_is_there_costs_nothing(tiny_run: Recording) -> None:
    folder, config = tiny_run.folder.parent, tiny_config()
    tiny_run.folder.rename(folder / config.name)
    assert estimate({config: ()}, folder, 2) == 0
    assert estimate({config: ("strict", "paper")}, folder, 2) == pytest.approx(START + 20 + OVERHEAD)
    assert estimate({replace(config, epochs=5): ()}, folder, 2) == pytest.approx(START + 5 + OVERHEAD)


def test_a_kind_is_timed_with_all_pictures_or_with_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []

    def watched(config: object, data: Data, folder: Path) -> float:
        trained.append([len(getattr(data, split)[1]) for split in ("train", "val", "test")])
        return time_epochs(config, data, folder)

    time_epochs = estimates._time_epochs
    monkeypatch.setattr(estimates, "_time_epochs", watched)
    monkeypatch.setattr(estimates, "BATCHES", 10)
    measured.cache_clear()
    data = load_data("digits")
    small, large = tiny_config(data="digits", batch_size=500), tiny_config(data="digits", batch_size=16)
    for config in (small, large, large):  # the same kind is timed once
        assert min(measured(config)) > 0
    measured.cache_clear()
    share = 160 / len(data.train[1])
    assert trained == [
        [len(getattr(data, split)[1]) for split in ("train", "val", "test")],
        [round(share * len(getattr(data, split)[1])) for split in ("train", "val", "test")],
    ]
