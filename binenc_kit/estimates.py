"""How long a sweep will take, before it starts: from a few epochs and an evaluation of each kind of run, timed here."""

import heapq
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_config_data
from binenc_kit.errors import KitError
from binenc_kit.evaluation import evaluate, kept_row
from binenc_kit.machine import on_threads
from binenc_kit.outputs import open_network
from binenc_kit.recording import Recording
from binenc_kit.rules import LOADING
from binenc_kit.splits import SPLITS, subset
from binenc_kit.tasks import only
from binenc_kit.training import train

START = 5.0  # seconds until a cluster works: its processes start, and each imports torch
OVERHEAD = 0.05  # seconds a run, for handing it out and laying out its folder
BATCHES = 30  # of an epoch are enough to time one
ENOUGH = 1.0  # seconds of epochs, or ten of them
KIND = (
    "data", "backbone", "width", "head", "P", "allow_small_P", "penalty", "batch_size", "optimizer", "augment",
    "data_seed", "train_limit", "probe_size", "device", "precision",
)  # fmt: skip


class Cost(NamedTuple):
    """Seconds of a kind of run: of an epoch, and of an evaluation in one mode."""

    epoch: float
    evaluation: float


def estimate(jobs: Mapping[RunConfig, Sequence[str]], folder: str | Path, workers: int) -> float:
    """Seconds that runs, each to be measured in some modes, will take on so many workers like this machine, or on none.

    What is in the folder already costs nothing. A few epochs and one evaluation of every kind of run are timed in this
    process, on one thread as a worker has, and nothing else should run meanwhile. Runs that differ in learning rate,
    seed, schedules or epochs are of one kind.
    """
    free = [0.0] * max(1, workers)  # when each worker is free for the next run
    for config, modes in jobs.items():
        epochs, evaluations = _left(config, Path(folder), modes)
        if epochs or evaluations:
            cost = measured(only(config, KIND))
            heapq.heapreplace(free, free[0] + epochs * cost.epoch + evaluations * cost.evaluation + OVERHEAD)
    return START * (workers > 0) + max(free) if any(free) else 0.0


@lru_cache(maxsize=64)
def measured(kind: RunConfig) -> Cost:
    """Time a kind of run; of large data a share of the pictures stands for all while it trains."""
    data = _loaded(only(kind, LOADING))
    share = min(1.0, BATCHES * kind.batch_size / len(data.train[1]))
    config = replace(kind, probe_size=max(1, round(kind.probe_size * share)))
    with tempfile.TemporaryDirectory() as folder, on_threads(1):
        seconds = _time_epochs(config, _thinned(data, share), Path(folder) / "run")
        network, *_ = open_network(Recording(Path(folder) / "run"), _thinned(data, share))
        start = time.perf_counter()
        evaluate(network, data)
        return Cost(seconds / share, time.perf_counter() - start)


@lru_cache(maxsize=1)
def _loaded(config: RunConfig) -> Data:
    """Data that all kinds share."""
    return load_config_data(config)


def _time_epochs(config: RunConfig, data: Data, folder: Path) -> float:
    """Seconds of an epoch after the first, which also warms up."""
    with closing(train(config, folder, data=data)) as epochs:
        next(epochs)
        start = time.perf_counter()
        for done, _ in enumerate(epochs, start=1):
            passed = time.perf_counter() - start
            if done == 10 or passed > ENOUGH:
                break
    return passed / done


def _thinned(data: Data, share: float) -> Data:
    """A stratified share of every split."""
    if share == 1:
        return data
    parts: dict[str, Any] = {}
    for split in SPLITS:
        images, labels = getattr(data, split)
        kept = torch.from_numpy(subset(labels.cpu().numpy(), max(2, round(share * len(labels))), 0)).to(labels.device)
        parts[split] = (images[kept], labels[kept])
    return replace(data, **parts)


def _left(config: RunConfig, folder: Path, modes: Sequence[str]) -> tuple[int, int]:
    """How many epochs and evaluations of a run are still to be done."""
    try:
        run = Recording(folder / config.name)
        return config.epochs - run.epochs, sum(not kept_row(run, mode) for mode in modes)
    except KitError:
        return config.epochs, len(modes)
