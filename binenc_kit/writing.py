"""The writing side of a recording: one writer, complete epochs only, resumable after any crash."""

import json
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.lib import format as npy
from numpy.typing import NDArray

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.files import explained, write_whole
from binenc_kit.recording import AGAIN, Recording, load_checkpoint, read_header


class Writer:
    """Writes the folder of one run, as a context manager that holds the folder's lock.

    An epoch is written latents first, metrics line second, checkpoint last: whatever the moment of a crash, the
    checkpoint of epoch k finds at least k whole lines and frames before it.
    Raises `KitError` for a locked, read-only or full folder, one of another config, or damaged files.
    """

    def __init__(self, folder: Path, config: RunConfig, about: dict[str, Any]) -> None:
        self.folder = folder
        self.config = config
        self.about = about
        self._lock = FileLock(folder / ".lock", timeout=0)
        self._latents = folder / "latents.npy"
        self._metrics = folder / "metrics.jsonl"
        self._checkpoint = folder / "checkpoint.pt"

    def __enter__(self) -> Self:
        with explained(f"write to {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise KitError(
                    f"{self.folder} is being written already, by another process or an unfinished train() of this one: "
                    "wait for it, close it, or train into another folder"
                ) from None
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()

    def start(self, indices: NDArray, labels: NDArray, P: int, dtype: str) -> None:
        """Lay out a new folder, or make sure that the one found holds the same run."""
        described = self.folder / "config.json"
        with explained(f"write to {self.folder}"):
            if described.exists():
                if Recording(self.folder).config != self.config:
                    raise KitError(f"{self.folder} holds a run of another configuration: choose another folder")
            else:
                text = json.dumps({"config": json.loads(self.config.to_json()), "about": self.about}, indent=1)
                write_whole(described, lambda file: file.write(text.encode()))
            if not (self.folder / "probe.npz").exists():
                write_whole(self.folder / "probe.npz", lambda file: np.savez(file, indices=indices, labels=labels))
            elif not np.array_equal(Recording(self.folder).labels, labels):
                raise KitError(f"{self.folder} holds a run on other data: choose another folder, or {AGAIN}")
            if not self._latents.exists():
                header = {"descr": dtype, "fortran_order": False, "shape": (self.config.epochs, len(indices), P)}
                write_whole(self._latents, lambda file: npy.write_array_header_1_0(file, header))

    def resume(self, device: str) -> dict[str, Any] | None:
        """The last checkpoint, or None at the very start; whatever was written after it is cut off."""
        state = load_checkpoint(self._checkpoint, device) if self._checkpoint.exists() else None
        done = state["epoch"] if state else 0
        recording = Recording(self.folder)
        if recording.epochs < done:
            raise KitError(f"{self._metrics} is truncated, it holds {recording.epochs} of {done} epochs: {AGAIN}")
        _ = recording.latents  # raises when frames are missing
        shape, dtype, offset = read_header(self._latents)
        if 0 < done < self.config.epochs and recording.about["versions"] != self.about["versions"]:
            warnings.warn(f"{self.folder} was begun with other versions: its bits may differ from now on", stacklevel=2)
        with explained(f"write to {self.folder}"):
            with self._latents.open("r+b") as file:
                file.truncate(offset + done * shape[1] * shape[2] * dtype.itemsize)
            with self._metrics.open("a+b") as file:
                file.seek(0)
                file.truncate(sum(len(file.readline()) for _ in range(done)))
        return state

    def append(self, metrics: dict[str, Any], latents: NDArray[np.floating]) -> None:
        """Add one complete epoch: its frame of latents, then its line of metrics."""
        _, dtype, _ = read_header(self._latents)
        with explained(f"write epoch {metrics['epoch']} to {self.folder}"):
            with self._latents.open("ab") as file:
                file.write(np.ascontiguousarray(latents, dtype).data)
            with self._metrics.open("ab") as file:
                file.write(json.dumps(metrics).encode() + b"\n")

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        import torch

        with explained(f"write the checkpoint of epoch {state['epoch']} to {self.folder}"):
            try:
                write_whole(self._checkpoint, lambda file: torch.save(state, file))
            except RuntimeError as error:  # torch's own name for a failed write
                raise OSError(str(error)) from error
