"""One run as a worker of a sweep does it: train to the end, measure, and keep what went wrong in a sentence."""

import ctypes
import errno
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from filelock import FileLock

from binenc_kit.config import RunConfig
from binenc_kit.errors import BusyError, KitError
from binenc_kit.evaluation import evaluate, kept_row
from binenc_kit.files import explained, house, write_whole
from binenc_kit.recording import Recording
from binenc_kit.rules import LOADING
from binenc_kit.writing import alone

if TYPE_CHECKING:  # the driver of a sweep does without torch
    from binenc_kit.data import Data
    from binenc_kit.training import Own

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # what stops every run, not this one alone
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # glibc's names in malloc.h
_one_at_a_time = threading.Lock()  # torch's random numbers and threads are the whole process's


class Task(NamedTuple):
    """What a worker must know besides the run: where its folder lies, what to measure, and where the driver stands."""

    folder: Path
    modes: tuple[str, ...]
    home: Path
    here: Path

    @classmethod
    def of(cls, folder: Path, modes: Sequence[str]) -> "Task":
        """The task of this process, whose paths hold on every worker that sees the same disk."""
        return cls(folder.resolve(), tuple(modes), house().resolve(), Path.cwd())

    def done(self, config: RunConfig) -> bool:
        """Whether nothing is left to do for a run: it is trained to the end, and its rows of results are kept."""
        with suppress(KitError):  # nothing there, or damaged, which training will say
            run = Recording(self.folder / config.name)
            return run.finished and all(kept_row(run, mode) for mode in self.modes)
        return False

    def failure(self, config: RunConfig) -> str | None:
        """The sentence that a failed run left in its folder, or None."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((self.folder / config.name / "failed.json").read_text())["sentence"])
        return None


class Outcome(NamedTuple):
    """How a task ended: done; busy, ask again; failed; or hindered, as every other run here would be."""

    kind: str
    sentence: str = ""


def perform(config: RunConfig, task: Task, own: "Own") -> Outcome:
    """Train one run to its end, going on where it was left, and measure it in each mode of the task.

    own: as for `train`. Whatever goes wrong comes back as a sentence, which the run's folder keeps as failed.json until
    the run succeeds, unless it is about the disk.
    """
    from binenc_kit.training import unused

    used: dict[str, Any] = {name: value for name, value in own.items() if name not in unused(config, own)}
    with _one_at_a_time, _where_the_driver_is(task):
        kind = "hindered"
        try:
            _keep_memory()
            _choose_gpu()
            used |= {"data": used.get("data") or _data(config, task.folder)}  # without them, no run here can be trained
            kind = "failed"
            _train_and_measure(config, task, used)
            return Outcome("done")
        except BusyError as error:
            return Outcome("busy", str(error))
        except Exception as error:  # a worker lives on, whatever a run or a backbone of one's own may raise
            return _explain(error, kind, task.folder / config.name)


def _train_and_measure(config: RunConfig, task: Task, own: dict[str, Any]) -> None:
    from binenc_kit.training import train_one

    run = train_one(config, task.folder, progress=False, **own)
    with alone(run.folder):  # another sweep may have come to the same point
        rows = {mode: evaluate(run, own["data"], own.get("backbone"), mode) for mode in task.modes}
        if not all(kept_row(run, mode) for mode in task.modes):
            run.save_results((run.results or {}) | rows)  # evaluate itself says nothing of a disk that is full
        with explained(f"write to {run.folder}"):
            (run.folder / "failed.json").unlink(missing_ok=True)


def _explain(error: Exception, kind: str, folder: Path) -> Outcome:
    """Turn what went wrong into an outcome, and keep it in the run's folder if it is the run's own fault."""
    sentence = str(error) if isinstance(error, KitError) else f"{type(error).__name__}: {error}"
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError):  # torch names no number when it cannot write
        return Outcome("hindered" if cause.errno in (*NO_SPACE, None) else kind, sentence)
    if kind == "failed":
        _keep(sentence, folder)
    return Outcome(kind, sentence)


def _keep(sentence: str, folder: Path) -> None:
    """Leave a failure in the run's folder."""
    with suppress(KitError, OSError), alone(folder):
        metrics = folder / "metrics.jsonl"
        content = {"sentence": sentence, "epoch": metrics.read_bytes().count(b"\n") if metrics.exists() else 0}
        write_whole(folder / "failed.json", lambda file: file.write(json.dumps(content).encode()))


def only(config: RunConfig, names: Sequence[str]) -> RunConfig:
    """Some of a config's settings, and the defaults for all others: what runs of one kind have in common."""
    return RunConfig(**{name: getattr(config, name) for name in names})


def _data(config: RunConfig, folder: Path) -> "Data":
    """A config's data, of which each process keeps the last two."""
    return _loaded(only(config, LOADING), folder)


@lru_cache(maxsize=2)
def _loaded(config: RunConfig, folder: Path) -> "Data":
    """Load data, one process at a time, so that no two download the same file."""
    from binenc_kit.data import load_config_data

    with explained(f"write to {folder}"):
        lock = FileLock(folder / ".data.lock")
        lock.acquire()
    try:
        return load_config_data(config)
    finally:
        lock.release()


@contextmanager
def _where_the_driver_is(task: Task) -> Iterator[None]:
    """Data and relative paths are those of the process that asked, not of wherever a worker was started."""
    before = os.environ.get("BINENC_KIT_HOME")
    os.environ["BINENC_KIT_HOME"] = str(task.home)
    try:
        with chdir(task.here) if task.here.is_dir() else nullcontext():
            yield
    finally:
        if before is None:
            del os.environ["BINENC_KIT_HOME"]
        else:
            os.environ["BINENC_KIT_HOME"] = before


@cache
def _keep_memory() -> None:
    """Let glibc keep freed memory for the next step, as in any other process: Dask's workers make it return all.

    A convnet's epoch takes two and a half times as long otherwise, most of it in the system, which hands out new pages.
    """
    with suppress(OSError, AttributeError):  # not glibc
        libc = ctypes.CDLL("libc.so.6")
        for parameter, size in ((M_MMAP_THRESHOLD, 32 << 20), (M_TRIM_THRESHOLD, 64 << 20)):
            libc.mallopt(parameter, size)  # where glibc itself ends up if nobody has told it otherwise


def _choose_gpu() -> None:
    """Spread the numbered workers of a local cluster over the GPUs."""
    import torch

    if torch.cuda.is_available():
        from distributed import get_worker

        with suppress(ValueError, TypeError):  # no worker, or one that has a name and was given its GPU by others
            torch.cuda.set_device(int(get_worker().name) % torch.cuda.device_count())
