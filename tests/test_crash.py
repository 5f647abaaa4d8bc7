"""A child process is killed with SIGKILL at many moments; the run must end as if nothing had happened."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partialmethod
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
import torch

from binenc_kit import writing
from binenc_kit.config import RunConfig
from binenc_kit.recording import Recording
from binenc_kit.training import train
from binenc_kit.writing import Writer

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")

Start = Callable[..., tuple[BaseProcess, Connection]]
CONFIG = RunConfig(epochs=6, train_limit=200, probe_size=50, width=16, augment=True, device="cpu")


# The child kills itself at a chosen place, in a chosen epoch: exactly where a crash would hurt most.
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def train_to_death(place: str, when: int, folder: Path, config: RunConfig, threads: int, told: Connection) -> None:
    torch.set_num_threads(threads)
    break_at(place, when)
    for epoch in train(config, folder):
        told.send(epoch.index)


def break_at(place: str, when: int) -> None:
    if place in ("half a frame", "no metrics line", "half a metrics line"):
        Writer.append = partialmethod(broken_append, Writer.append, place, when)
    if place in ("no checkpoint", "half a checkpoint"):
        Writer.save = partialmethod(broken_save, Writer.save, place, when)
    if place == "half a start":
        left = iter(range(when - 1))
        write_whole = writing.write_whole
        writing.write_whole = lambda path, write: die() if next(left, None) is None else write_whole(path, write)


def broken_append(self: Writer, append: Callable, place: str, when: int, metrics: dict, latents: np.ndarray) -> None:
    if metrics["epoch"] == when:
        with self._latents.open("ab") as file:
            content = latents.astype("<f4").tobytes()
            file.write(content[: len(content) // 2] if place == "half a frame" else content)
        if place == "half a metrics line":
            with self._metrics.open("ab") as file:
                file.write(b'{"epoch": 3, "gam')
        die()
    append(self, metrics, latents)


def broken_save(self: Writer, save: Callable, place: str, when: int, state: dict) -> None:
    if state["epoch"] == when:
        if place == "half a checkpoint":
            self._checkpoint.with_name(".checkpoint.pt.1.part").write_bytes(b"PK half of it")
        die()
    save(self, state)


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


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts a child, which has torch already: a server with it is forked, for its import takes seconds."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["binenc_kit.training", "pytest", "sklearn.datasets", "torch._dynamo"])
    children = []

    def start_it(
        place: str, when: int, folder: Path, config: RunConfig = CONFIG, threads: int = 1
    ) -> tuple[BaseProcess, Connection]:
        hear, tell = context.Pipe(duplex=False)
        children.append(context.Process(target=train_to_death, args=(place, when, folder, config, threads, tell)))
        children[-1].start()
        return children[-1], hear

    yield start_it
    for child in children:
        child.kill()


def assert_the_same(run: Recording, undisturbed: Recording) -> None:
    assert run.finished
    ours, theirs = run.checkpoint()["network"], undisturbed.checkpoint()["network"]
    assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)
    assert np.array_equal(run.latents, undisturbed.latents)
    for line, expected in zip(run.metrics, undisturbed.metrics, strict=True):
        assert {**line, "seconds": 0} == {**expected, "seconds": 0}


@pytest.mark.parametrize(("place", "when"), PLACES)
def test_killed_in_the_middle_of_writing(
    place: str, when: int, start: Start, undisturbed: Recording, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    child, _ = start(place, when, folder)
    child.join(timeout=60)
    assert child.exitcode == -signal.SIGKILL
    assert not (folder / "finished").exists()
    if (folder / "config.json").exists() and (folder / "latents.npy").exists():
        run = Recording(folder)  # it opens, and holds every complete epoch
        complete = 0 if place == "half a start" else when - (place not in ("no checkpoint", "half a checkpoint"))
        assert run.epochs == complete
        assert np.array_equal(run.latents, undisturbed.latents[:complete])
    list(train(CONFIG, folder))
    assert_the_same(Recording(folder), undisturbed)


@pytest.mark.usefixtures("two_threads")
def test_killed_while_a_convnet_trains_on_all_cores(start: Start, tmp_path: Path) -> None:
    config = replace(CONFIG, backbone="convnet", width=8, epochs=3, batch_size=32)
    list(train(config, tmp_path / "whole"))
    child, _ = start("half a checkpoint", 2, tmp_path / "run", config, threads=torch.get_num_threads())
    child.join(timeout=60)
    assert child.exitcode == -signal.SIGKILL
    list(train(config, tmp_path / "run"))
    assert_the_same(Recording(tmp_path / "run"), Recording(tmp_path / "whole"))


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.031, 0.05])
def test_killed_at_any_moment(delay: float, start: Start, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=60)  # takes longer than this process may have to wait for its turn
    list(train(config, tmp_path / "undisturbed"))
    folder = tmp_path / "run"
    child, told = start("anywhere", 0, folder, config)
    assert told.recv() == 1
    time.sleep(delay)
    child.kill()
    child.join(timeout=60)
    assert child.exitcode == -signal.SIGKILL
    assert Recording(folder).epochs >= 1
    list(train(config, folder))
    assert_the_same(Recording(folder), Recording(tmp_path / "undisturbed"))
