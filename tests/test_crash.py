"""A child process is killed with SIGKILL at many moments; the run must end as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from binenc_kit.config import RunConfig
from binenc_kit.recording import Recording
from binenc_kit.training import train

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")

CONFIG = RunConfig(epochs=6, train_limit=200, probe_size=50, width=16, augment=True, device="cpu")

# The child kills itself at a chosen place, in a chosen epoch: exactly where a crash would hurt most.
CHILD = """
import os, signal, sys
from pathlib import Path
import binenc_kit.writing as writing
from binenc_kit.config import RunConfig
from binenc_kit.training import train

place, when, folder, config = sys.argv[1], int(sys.argv[2]), sys.argv[3], RunConfig.from_json(sys.argv[4])
die = lambda: os.kill(os.getpid(), signal.SIGKILL)

if place in ("half a frame", "no metrics line", "half a metrics line"):
    append = writing.Writer.append
    def broken(self, metrics, latents):
        if metrics["epoch"] == when:
            with self._latents.open("ab") as file:
                content = latents.astype("<f4").tobytes()
                file.write(content[: len(content) // 2] if place == "half a frame" else content)
            if place == "half a metrics line":
                with self._metrics.open("ab") as file:
                    file.write(b'{"epoch": 3, "gam')
            die()
        append(self, metrics, latents)
    writing.Writer.append = broken
if place in ("no checkpoint", "half a checkpoint"):
    save = writing.Writer.save
    def broken(self, state):
        if state["epoch"] == when:
            if place == "half a checkpoint":
                self._checkpoint.with_name(".checkpoint.pt.1.part").write_bytes(b"PK half of it")
            die()
        save(self, state)
    writing.Writer.save = broken
if place == "half a start":
    write_whole, calls = writing.write_whole, []
    def broken(path, write):
        calls.append(path)
        if len(calls) == when:
            die()
        write_whole(path, write)
    writing.write_whole = broken
print("ready", flush=True)
for epoch in train(config, folder):
    print(epoch.index, flush=True)
"""

PLACES = [
    ("half a frame", 1),
    ("half a frame", 3),
    ("no metrics line", 4),
    ("half a metrics line", 3),
    ("no checkpoint", 1),
    ("no checkpoint", 6),
    ("half a checkpoint", 2),
    ("half a start", 1),
    ("half a start", 2),
    ("half a start", 3),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    list(train(CONFIG, folder))
    return Recording(folder)


def start(place: str, when: int, folder: Path, config: RunConfig = CONFIG, threads: int = 1) -> subprocess.Popen:
    command = [sys.executable, "-c", CHILD, place, str(when), str(folder), config.to_json()]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def assert_the_same(run: Recording, undisturbed: Recording) -> None:
    assert run.finished
    ours, theirs = run.checkpoint()["network"], undisturbed.checkpoint()["network"]
    assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)
    assert np.array_equal(run.latents, undisturbed.latents)
    for line, expected in zip(run.metrics, undisturbed.metrics, strict=True):
        assert {**line, "seconds": 0} == {**expected, "seconds": 0}


@pytest.mark.parametrize(("place", "when"), PLACES)
def test_killed_in_the_middle_of_writing(place: str, when: int, undisturbed: Recording, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    child = start(place, when, folder)
    assert child.wait(timeout=60) == -signal.SIGKILL
    assert not (folder / "finished").exists()
    if (folder / "config.json").exists() and (folder / "latents.npy").exists():
        run = Recording(folder)  # it opens, and holds every complete epoch
        complete = 0 if place == "half a start" else when - (place not in ("no checkpoint", "half a checkpoint"))
        assert run.epochs == complete
        assert np.array_equal(run.latents, undisturbed.latents[:complete])
    list(train(CONFIG, folder))
    assert_the_same(Recording(folder), undisturbed)


@pytest.mark.usefixtures("two_threads")
def test_killed_while_a_convnet_trains_on_all_cores(tmp_path: Path) -> None:
    config = replace(CONFIG, backbone="convnet", width=8, epochs=3, batch_size=32)
    list(train(config, tmp_path / "whole"))
    child = start("half a checkpoint", 2, tmp_path / "run", config, threads=torch.get_num_threads())
    assert child.wait(timeout=60) == -signal.SIGKILL
    list(train(config, tmp_path / "run"))
    assert_the_same(Recording(tmp_path / "run"), Recording(tmp_path / "whole"))


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.031, 0.05])
def test_killed_at_any_moment(delay: float, undisturbed: Recording, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    child = start("anywhere", 0, folder)
    for expected in ("ready", "1"):
        assert child.stdout.readline().strip() == expected
    time.sleep(delay)
    child.kill()
    child.wait(timeout=60)
    assert child.returncode == -signal.SIGKILL
    assert Recording(folder).epochs >= 1
    list(train(CONFIG, folder))
    assert_the_same(Recording(folder), undisturbed)
