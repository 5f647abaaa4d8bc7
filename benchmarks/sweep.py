"""A sweep of digits, 4 heads x 3 learning rates x 3 seeds, on two workers, on one, and without Dask.

"sweep-two-workers" is its wall time on two workers over that on one, from an empty folder and no cluster to all results
on disk. "sweep-overhead" is what a run on one worker takes longer than in a loop without Dask, on one thread in this
process: once with the worker there already, once with its start shared by all runs. It is a small difference of two
times, so the runs are short here, a few epochs without the measures. "sweep-estimate" is by how much the time told
before the start, of two workers, was wrong. All take turns, and the fastest round of each counts. Every sweep must end
with the numbers of the loop.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from turns import fastest, note, report_limit

from binenc_kit.clusters import Where, first_needed
from binenc_kit.config import RunConfig, grid
from binenc_kit.data import load_data
from binenc_kit.estimates import estimate
from binenc_kit.evaluation import evaluate
from binenc_kit.machine import on_threads
from binenc_kit.recording import Recording
from binenc_kit.rules import HEADS
from binenc_kit.sweep import sweep
from binenc_kit.training import train_one


def without_dask(configs: Sequence[RunConfig], folder: Path, modes: Sequence[str]) -> None:
    """Every run with the kit's own verbs, one after another, on one thread as a worker has."""
    data = load_data("digits")
    with on_threads(1):
        for config in configs:
            run = train_one(config, folder, data=data, progress=False)
            for mode in modes:
                evaluate(run, data, mode=mode)


def with_dask(configs: Sequence[RunConfig], folder: Path, modes: Sequence[str], where: Where) -> None:
    """A sweep on workers that it starts itself, so many of them, or on those that are there."""
    failed = sweep(configs, folder, where=where, modes=modes, progress=False).failed
    if failed:
        raise SystemExit(f"these runs failed: {failed}")


def numbers(way: Callable[[Path], None], configs: Sequence[RunConfig]) -> list[str]:
    """Every run's last metrics and results as text, but for the seconds in them, of a way into an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        way(Path(folder))
        runs = [Recording(Path(folder) / config.name) for config in configs]
        kept = [[run.metrics[-1], *(run.results or {}).values()] for run in runs]
        return [json.dumps([row | {"seconds": 0} for row in rows]) for rows in kept]


def in_turns(
    configs: Sequence[RunConfig], modes: Sequence[str], wheres: dict[str, Where], rounds: int
) -> dict[str, float]:
    """Seconds of the loop ("loop") and of a sweep on each of `wheres`, which must all come to the same numbers."""
    ways = {"loop": partial(without_dask, configs, modes=modes)}
    ways |= {who: partial(with_dask, configs, modes=modes, where=where) for who, where in wheres.items()}
    took, found = fastest({who: partial(numbers, way, configs) for who, way in ways.items()}, rounds)
    if any(each != found["loop"] for each in found.values()):
        raise SystemExit("the sweeps came to other numbers than the loop without Dask")
    return took


def started(client: Where) -> float:
    """Seconds until a worker has come and can train: most of it torch's import."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        with_dask([RunConfig(epochs=1, train_limit=50, device="cpu")], Path(folder), (), client)
    return time.perf_counter() - begin


def main() -> None:
    """Print each figure with its limit."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="two runs of two epochs, to see that it works")
    quick = parser.parse_args().quick
    heads, lrs, seeds = (["BinEnc"], [2e-3], [0, 1]) if quick else (list(HEADS), [1e-3, 2e-3, 4e-3], [0, 1, 2])
    short = grid(heads, lrs, seeds, epochs=2 if quick else 4, device="cpu")
    with first_needed(1) as client:
        start = started(client)
        few = in_turns(short, (), {"worker": client}, 0 if quick else 4)
    whole = grid(heads, lrs, seeds, epochs=2 if quick else 80, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        told = estimate(dict.fromkeys(whole, ("strict",)), folder, 2)
    took = in_turns(whole, ("strict",), {"one": 1, "two": 2}, 0 if quick else 1)
    report_limit("sweep-two-workers", took["two"] / took["one"], 0.6, "x")
    longer = few["worker"] - few["loop"]
    report_limit("sweep-overhead", longer / len(short) * 1000, 100, "ms")
    report_limit("sweep-overhead-with-start", (longer + start) / len(short) * 1000, 100, "ms")
    report_limit("sweep-estimate", abs(told / took["two"] - 1) * 100, 30, "%")
    note(
        f"{len(whole)} runs of {whole[0].epochs} epochs: {took['loop']:.1f} s without Dask, {took['one']:.1f} s on one "
        f"worker, {took['two']:.1f} s on two, where {told:.1f} s had been told. Overhead, {len(short)} runs of "
        f"{short[0].epochs} epochs: {few['loop']:.2f} s without Dask, {few['worker']:.2f} s on a worker, whose start "
        f"took {start:.1f} s. Every number is the same."
    )


if __name__ == "__main__":
    main()
