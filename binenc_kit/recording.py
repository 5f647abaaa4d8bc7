"""`Recording`: one run on disk, opened lazily, readable while it is being written, whole after any crash."""

import json
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.files import explained, write_whole

AGAIN = "delete the folder and train again"


class Recording:
    """The latents, measures and weights of one run folder, as far as it has come.

    folder/config.json: the RunConfig, and under "about" what the run was made of and with
    folder/probe.npz: indices and labels of the probe, the train pictures whose latents are recorded
    folder/latents.npy: (epochs, probe size, P), float16 or float32, memory-mapped
    folder/metrics.jsonl: one line an epoch
    folder/checkpoint.pt: weights after the last whole epoch
    folder/finished: an empty file, there once the final weights are
    folder/results.json: the rows of the results table, by mode, once evaluated
    Raises `KitError` naming the file when one is missing or damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        described = _read_json(self.folder / "config.json")
        try:
            self.config = RunConfig(**described["config"])
            self.about: dict[str, Any] = described["about"]
            self.class_names: tuple[str, ...] = tuple(self.about["class_names"])
        except (KeyError, TypeError) as error:
            raise KitError(f"{self.folder / 'config.json'} is damaged ({error!r}): {AGAIN}") from None

    def __repr__(self) -> str:
        return f"Recording({str(self.folder)!r}: {self.config.head}, epoch {self.epochs} of {self.config.epochs})"

    @cached_property
    def _probe(self) -> dict[str, NDArray[np.int64]]:
        path = self.folder / "probe.npz"
        try:
            with np.load(path, allow_pickle=False) as probe:
                return {"indices": probe["indices"], "labels": probe["labels"]}
        except Exception as error:
            raise KitError(f"{path} is missing or damaged ({type(error).__name__}): {AGAIN}") from None

    @property
    def labels(self) -> NDArray[np.int64]:
        """The probe's labels, (probe size,)."""
        return self._probe["labels"]

    @property
    def indices(self) -> NDArray[np.int64]:
        """The probe's places in the train split, (probe size,)."""
        return self._probe["indices"]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """One record for each complete epoch: epoch, gamma, learning rates, loss, push, pull, accuracies, seconds."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []  # a line being written has no end yet
        records = []
        for number, line in enumerate(lines, start=1):
            try:
                records.append(json.loads(line))
            except ValueError:
                raise KitError(f"{path} is damaged in line {number}: {AGAIN}") from None
        return records

    @property
    def epochs(self) -> int:
        """How many epochs are complete."""
        return len(self.metrics)

    @property
    def finished(self) -> bool:
        """Whether the last epoch is complete and the final weights are there."""
        return (self.folder / "finished").exists()

    @property
    def latents(self) -> NDArray[np.floating]:
        """The probe's latents after each complete epoch, (epochs, probe size, P), memory-mapped and read-only."""
        path, epochs = self.folder / "latents.npy", self.epochs
        shape, dtype, offset = check_frames(path, epochs)
        if not epochs:
            return np.empty((0, *shape[1:]), dtype)
        return np.memmap(path, dtype, "r", offset, (epochs, *shape[1:]))

    @property
    def results(self) -> dict[str, Any] | None:
        """The rows that `evaluation.evaluate` has kept, by mode, or None before it has."""
        path = self.folder / "results.json"
        return _read_json(path) if path.exists() else None

    def save_results(self, results: dict[str, Any]) -> None:
        """Keep rows of results, by mode, in the folder."""
        with explained(f"keep the results in {self.folder}"):
            write_whole(self.folder / "results.json", lambda file: file.write(json.dumps(results, indent=1).encode()))

    def checkpoint(self, device: str = "cpu") -> dict[str, Any]:
        """The last checkpoint, {"epoch", "network", "optimizer"}; reading it executes nothing."""
        return load_checkpoint(self.folder / "checkpoint.pt", device)


def require_same(recording: Recording, config: RunConfig, fingerprint: str) -> None:
    """Raise `KitError` unless a folder's run has this config and these data."""
    if recording.config != config:
        raise KitError(f"{recording.folder} holds a run of another configuration: choose another folder")
    if recording.about.get("fingerprint") != fingerprint:
        raise KitError(f"{recording.folder} holds a run on other train pictures: choose another folder, or {AGAIN}")


def load_checkpoint(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Read a checkpoint without unpickling anything but tensors and plain values; `KitError` for anything else."""
    import torch  # recordings, figures and widgets open without it

    try:
        if zipfile.is_zipfile(path):  # torch itself looks at no checksum
            with zipfile.ZipFile(path) as archive:
                if archive.testzip():
                    raise ValueError("a checksum differs")
        state = torch.load(path, map_location=device, weights_only=True)
        return {"epoch": int(state["epoch"]), "network": dict(state["network"]), "optimizer": state["optimizer"]}
    except FileNotFoundError:
        raise KitError(f"{path.parent} has no checkpoint yet: its first epoch is not complete") from None
    except Exception as error:  # a truncated zip, a forbidden pickle, a foreign dictionary: torch raises many kinds
        raise KitError(
            f"{path} is not a checkpoint of this kit and was not loaded ({type(error).__name__}): {AGAIN}"
        ) from None


def read_header(path: Path) -> tuple[tuple[int, int, int], np.dtype, int]:
    """Shape, type and offset of the numbers of a latents.npy, without reading them; `KitError` where it is damaged."""
    try:
        with path.open("rb") as file:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(file)
            if len(shape) != 3 or fortran or dtype.kind != "f":
                raise ValueError(f"it holds {dtype} of shape {shape}")
            return shape, dtype, file.tell()
    except Exception as error:  # the header is parsed as Python, and fails in as many ways
        raise KitError(f"{path} is missing or damaged ({error}): {AGAIN}") from None


def check_frames(path: Path, epochs: int) -> tuple[tuple[int, int, int], np.dtype, int]:
    """The header of a latents.npy that holds at least so many epochs; `KitError` where it holds fewer."""
    shape, dtype, offset = read_header(path)
    there = (path.stat().st_size - offset) // (shape[1] * shape[2] * dtype.itemsize)
    if there < epochs:
        raise KitError(f"{path} is truncated, it holds {there} of {epochs} epochs: {AGAIN}")
    return shape, dtype, offset


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
        if not isinstance(content, dict):
            raise ValueError("not an object")
        return content
    except FileNotFoundError:
        raise KitError(f"{path.parent} is not a recording, it has no {path.name}: train one first") from None
    except (ValueError, OSError) as error:
        raise KitError(f"{path} is damaged ({error}): {AGAIN}") from None
