"""A sweep of digits, 4 heads x 3 learning rates x 3 seeds, on two workers, on one, and without Dask.

"sweep-two-workers" is its wall time on two workers over that on one, from an empty folder and no cluster to all results
on disk. "sweep-overhead" is what a run on one worker takes longer than in a loop of `train_one` and `evaluate`, on one
thread in this process: once with the workers there already, once with their start shared by all runs. "sweep-estimate"
is by how much the time told before the start, of two workers, was wrong. All sweeps must end with the same numbers.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from turns import note, report_limit

from binenc_kit.clusters import first_needed
from binenc_kit.config import RunConfig, grid
from binenc_kit.data import load_data
from binenc_kit.estimates import estimate
from binenc_kit.evaluation import evaluate
from binenc_kit.recording import Recording
from binenc_kit.rules import HEADS
from binenc_kit.sweep import sweep
from binenc_kit.training import train_one


def without_dask(configs: Sequence[RunConfig], folder: Path) -> None:
    """Every run with the kit's own verbs, one after another, on one thread as a worker has."""
    data = load_data("digits")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for config in configs:
        evaluate(train_one(config, folder, data=data, progress=False), data)
    torch.set_num_threads(threads)


def with_dask(configs: Sequence[RunConfig], workers: int) -> Callable[[Path], None]:
    """A sweep that starts its workers itself."""
    return lambda folder: _complete(sweep(configs, folder, where=workers, progress=False).failed)


def _complete(failed: dict[str, str]) -> None:
    if failed:
        raise SystemExit(f"these runs failed: {failed}")


def timed(way: Callable[[Path], None], configs: Sequence[RunConfig]) -> tuple[float, list[str]]:
    """Seconds, and every run's last metrics and results as text, but for the seconds that they hold."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        way(Path(folder))
        took = time.perf_counter() - start
        runs = [Recording(Path(folder) / config.name) for config in configs]
        found = [json.dumps([run.metrics[-1] | {"seconds": 0}, run.results["strict"] | {"seconds": 0}]) for run in runs]
    return took, found


def main() -> None:
    """Print each figure with its limit."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="two runs of two epochs, to see that it works")
    quick = parser.parse_args().quick
    heads, lrs, seeds, epochs = (
        (["BinEnc"], [2e-3], [0, 1], 2) if quick else (list(HEADS), [1e-3, 2e-3, 4e-3], [0, 1, 2], 80)
    )
    configs = grid(heads, lrs, seeds, epochs=epochs, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        told = estimate(dict.fromkeys(configs, ("strict",)), folder, 2)
    plain, expected = timed(lambda folder: without_dask(configs, folder), configs)
    with first_needed(1) as client, tempfile.TemporaryDirectory() as folder:
        sweep([RunConfig(epochs=1, device="cpu")], folder, where=client, progress=False)  # the worker's imports
        warm, found = timed(
            lambda folder: _complete(sweep(configs, folder, where=client, progress=False).failed), configs
        )
    one, also = timed(with_dask(configs, 1), configs)
    two, last = timed(with_dask(configs, 2), configs)
    if not found == also == last == expected:
        raise SystemExit("the sweeps came to other numbers than the loop without Dask")
    report_limit("sweep-two-workers", two / one, 0.6, "x")
    report_limit("sweep-overhead", max(0.0, warm - plain) / len(configs) * 1000, 100, "ms")
    report_limit("sweep-overhead-with-start", max(0.0, one - plain) / len(configs) * 1000, 100, "ms")
    report_limit("sweep-estimate", abs(told / two - 1) * 100, 30, "%")
    note(
        f"{len(configs)} runs of {epochs} epochs: {plain:.1f} s without Dask, {one:.1f} s on one worker, {two:.1f} s "
        f"on two, where {told:.1f} s had been told; every number is the same."
    )


if __name__ == "__main__":
    main()
