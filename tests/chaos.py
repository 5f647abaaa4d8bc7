"""A sweep whose workers and driver are killed with SIGKILL at random moments must end as if nothing had happened.

    python -m tests.chaos 20

kills twenty times, restarting the driver whenever it was its turn, and compares every number with an undisturbed run.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import torch

from binenc_kit.config import RunConfig, grid
from binenc_kit.evaluation import evaluate
from binenc_kit.recording import Recording
from binenc_kit.rules import HEADS
from binenc_kit.training import train_one

TINY = {"train_limit": 200, "probe_size": 50, "width": 16, "device": "cpu"}
DRIVER = """
import sys
from pathlib import Path
from binenc_kit.config import RunConfig
from binenc_kit.sweep import sweep

if __name__ == "__main__":
    configs = [RunConfig.from_json(line) for line in Path(sys.argv[2]).read_text().splitlines()]
    swept = sweep(configs, sys.argv[1], where=int(sys.argv[3]), progress=False)
    print(len(swept.done), swept.failed, flush=True)
"""


def tiny_grid(epochs: int, heads: Sequence[str] = HEADS, seeds: Sequence[int] = (0, 1)) -> list[RunConfig]:
    """Runs on 200 digits."""
    return grid(list(heads), [2e-3], list(seeds), epochs=epochs, **TINY)


def start_driver(configs: Sequence[RunConfig], folder: Path, workers: int) -> subprocess.Popen:
    """A process of its own that sweeps the configs."""
    folder.mkdir(parents=True, exist_ok=True)
    script, listed = folder / "driver.py", folder / "configs.jsonl"
    script.write_text(DRIVER)
    listed.write_text("\n".join(config.to_json() for config in configs))
    command = [sys.executable, str(script), str(folder), str(listed), str(workers)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )


def undisturbed(configs: Sequence[RunConfig], folder: Path) -> list[Recording]:
    """The same runs one after another in this process, without Dask."""
    runs = [train_one(config, folder, progress=False) for config in configs]
    for run in runs:
        evaluate(run)
    return runs


def assert_equal(runs: Sequence[Recording], expected: Sequence[Recording]) -> None:
    """Every number is the same, but for the seconds that things took."""
    for run, other in zip(runs, expected, strict=True):
        assert run.finished
        assert run.config == other.config
        assert [line | {"seconds": 0} for line in run.metrics] == [line | {"seconds": 0} for line in other.metrics]
        assert np.array_equal(run.latents, other.latents)
        ours, theirs = run.checkpoint()["network"], other.checkpoint()["network"]
        assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)
        rows = [recording.results["strict"] | {"seconds": 0} for recording in (run, other)]
        assert json.dumps(rows[0]) == json.dumps(rows[1])  # as text, for NaN is not equal to itself


def disturb(configs: Sequence[RunConfig], folder: Path, kills: int, seed: int = 0) -> dict[str, int]:
    """Sweep on two workers, killing one or the driver so many times, each time after something new was written.

    Returns how often each was killed. Raises `AssertionError` if the sweep was done before that.
    """
    rng, killed = random.Random(seed), {"worker": 0, "driver": 0}
    driver = start_driver(configs, folder, 2)
    while sum(killed.values()) < kills:
        assert _wait_for_news(driver, folder), f"the sweep was done after {killed}"
        time.sleep(rng.uniform(0, 0.4))
        who = "driver" if rng.random() < 0.35 else "worker"
        workers = [child for child in psutil.Process(driver.pid).children() if _is_worker(child)]
        victim = driver if who == "driver" or not workers else rng.choice(workers)
        victim.kill()
        killed["driver" if victim is driver else "worker"] += 1
        if victim is driver:
            driver.wait()
            driver = start_driver(configs, folder, 2)
    told, _ = driver.communicate(timeout=300)
    assert told.split() == [str(len(configs)), "{}"], told
    return killed


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "fork" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def _wait_for_news(driver: subprocess.Popen, folder: Path) -> bool:
    """Whether an epoch or results were written before the driver came to its end."""
    before = _written(folder)
    while driver.poll() is None:
        if _written(folder) != before:
            return True
        time.sleep(0.02)
    return False


def _written(folder: Path) -> int:
    return sum(path.stat().st_size for name in ("metrics.jsonl", "results.json") for path in folder.glob(f"*/{name}"))


def main() -> None:
    """Disturb a sweep so many times, and say how it ended."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    configs = tiny_grid(epochs=15 * kills)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        killed = disturb(configs, Path(folder) / "swept", kills, seed=int(time.time()))
        took = time.perf_counter() - start
        expected = undisturbed(configs, Path(folder) / "undisturbed")
        assert_equal([Recording(Path(folder) / "swept" / config.name) for config in configs], expected)
    print(f"{killed} killed within {took:.0f} s: all {len(configs)} runs are whole, every number as undisturbed")


if __name__ == "__main__":
    main()
