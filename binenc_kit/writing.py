"""The writing side of a recording: one writer, complete epochs only, resumable after any crash."""

import json
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib import format as npy
from numpy.typing import NDArray

from binenc_kit.config import RunConfig
from binenc_kit.errors import BusyError, KitError
from binenc_kit.files import explained, write_whole
from binenc_kit.recording import AGAIN, Recording, check_frames, load_checkpoint, read_header, require_same

MACHINE = ("device", "processor", "threads", "versions", "compiled")  # of `about`: what the last bits depend on
CHEAP, SHARE = 0.05, 0.02  # a checkpoint of so many seconds is no matter; dearer ones get this share of the time


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a run's folder, which is made if need be; `BusyError` where another writer has it."""
    lock = FileLock(folder / ".lock", timeout=0)
    with explained(f"write to {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise BusyError(
                f"{folder} is being written already, by another process or an unfinished train() of this one: "
                "wait for it, close it, or train into another folder"
            ) from None
        for left in folder.glob(".*.part"):  # by a writer that was killed: the lock says that it is no more
            left.unlink(missing_ok=True)
    try:
        yield
    finally:
        lock.release()


class Writer:
    """Writes the folder of one run, as a context manager that holds the folder's lock.

    An epoch is written latents first, metrics line second, checkpoint last, if it is `due`: whatever the moment of a
    crash, the checkpoint of epoch k finds at least k whole lines and frames before it.
    Raises `KitError` for a locked, read-only or full folder, one of another config, or damaged files.
    """

    def __init__(self, folder: Path, config: RunConfig, about: dict[str, Any]) -> None:
        self.folder = folder
        self.config = config
        self.about = about
        self._alone = alone(folder)
        self._latents = folder / "latents.npy"
        self._metrics = folder / "metrics.jsonl"
        self._checkpoint = folder / "checkpoint.pt"
        self._took, self._saved = 0.0, time.perf_counter()  # the last checkpoint: its seconds, and when it was done

    def __enter__(self) -> Self:
        self._alone.__enter__()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._alone.__exit__(kind, error, trace)

    def start(self, indices: NDArray, labels: NDArray, P: int, dtype: str) -> None:
        """Lay out a new folder, or make sure that the one found holds the same run."""
        described = self.folder / "config.json"
        with explained(f"write to {self.folder}"):
            if described.exists():
                require_same(Recording(self.folder), self.config, self.about["fingerprint"])
            else:
                text = json.dumps({"config": json.loads(self.config.to_json()), "about": self.about}, indent=1)
                write_whole(described, lambda file: file.write(text.encode()))
            if not (self.folder / "probe.npz").exists():
                write_whole(self.folder / "probe.npz", lambda file: np.savez(file, indices=indices, labels=labels))
            if not self._latents.exists():
                header = {"descr": dtype, "fortran_order": False, "shape": (self.config.epochs, len(indices), P)}
                write_whole(self._latents, lambda file: npy.write_array_header_1_0(file, header))

    def resume(self, device: str) -> dict[str, Any] | None:
        """The last checkpoint, or None at the very start; metrics written after it are cut off."""
        state = load_checkpoint(self._checkpoint, device) if self._checkpoint.exists() else None
        done = state["epoch"] if state else 0
        recording = Recording(self.folder)
        if recording.epochs < done:
            raise KitError(f"{self._metrics} is truncated, it holds {recording.epochs} of {done} epochs: {AGAIN}")
        check_frames(self._latents, recording.epochs)
        changed = [name for name in MACHINE if recording.about.get(name, self.about[name]) != self.about[name]]
        if 0 < done < self.config.epochs and changed:
            what = ", ".join(changed)
            warnings.warn(f"{self.folder} was begun with other {what}: its last bits may differ now", stacklevel=2)
        with explained(f"write to {self.folder}"), self._metrics.open("a+b") as file:
            file.seek(0)
            file.truncate(sum(len(file.readline()) for _ in range(done)))
        return state

    def append(self, metrics: dict[str, Any], latents: NDArray[np.floating]) -> None:
        """Add one complete epoch: its frame of latents, then its line of metrics."""
        _, dtype, offset = read_header(self._latents)
        if dtype.itemsize == 2:  # float16 ends at 65504, and a feature beyond it must not become infinite
            latents = np.clip(latents, -65504, 65504)
        frame = np.ascontiguousarray(latents, dtype)
        with explained(f"write epoch {metrics['epoch']} to {self.folder}"):
            # In place and never truncated: whoever has the file mapped keeps what they see.
            with self._latents.open("r+b") as file:
                file.seek(offset + (metrics["epoch"] - 1) * frame.nbytes)
                file.write(frame.data)
            with self._metrics.open("ab") as file:
                file.write(json.dumps(metrics).encode() + b"\n")

    def finish(self) -> None:
        """Mark the run as finished: the final weights are there."""
        with explained(f"write to {self.folder}"):
            (self.folder / "finished").touch()

    def due(self) -> bool:
        """Whether it is time for a checkpoint: after every epoch, unless writing them would take a share of the time.

        What lies between the last one and a crash is then trained again, to the same bits.
        """
        return self._took < CHEAP or time.perf_counter() - self._saved > self._took / SHARE

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        import torch

        start = time.perf_counter()
        with explained(f"write the checkpoint of epoch {state['epoch']} to {self.folder}"):
            try:
                write_whole(self._checkpoint, lambda file: torch.save(state, file))
            except RuntimeError as error:  # torch's own name for a failed write
                raise OSError(str(error)) from error
        self._saved = time.perf_counter()
        self._took = self._saved - start
