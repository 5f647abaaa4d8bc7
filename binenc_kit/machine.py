"""What a run runs on: device, threads, random numbers, versions."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError

SMALL_BATCH = 65_536  # numbers in a batch of pictures below which a second thread costs more than it brings


def choose_device(config: RunConfig) -> str:
    """The device a config runs on; "auto" is cuda, mps or cpu, the first that is there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if config.device == "auto":
        return next(name for name, is_there in there.items() if is_there)
    if not there[config.device]:
        raise KitError(f"device={config.device!r} was asked for, but this machine has none: use device='auto' or 'cpu'")
    return config.device


@contextmanager
def seeded(seed: int, epoch: int) -> Iterator[None]:
    """Give each epoch random numbers of its own, and the caller's back afterwards.

    A resumed run then needs no generator's state, and nothing that the caller draws between epochs can change it.
    """
    with torch.random.fork_rng():
        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
        yield


@contextmanager
def few_threads(batch: int, device: str) -> Iterator[None]:
    """Compute on one thread while batches of `batch` numbers are small, and on as many as before afterwards.

    Tiny matrix products are no faster on two threads, and a hundred times slower when something else wants the cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if device == "cpu" and batch < SMALL_BATCH else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def enough_memory(config: RunConfig, device: str) -> Iterator[None]:
    """Explain an exhausted memory."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        raise KitError(
            f"{config.backbone} with batch_size={config.batch_size} does not fit into the memory of {device}: "
            "lower batch_size or width, or use device='cpu'; the epochs before are kept"
        ) from None


def describe(device: str) -> dict[str, Any]:
    """Device, processor and versions, for people and reports."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else platform.processor() or platform.machine()
    versions = {"python": platform.python_version()} | {name: version(name) for name in ("binenc-kit", "torch")}
    return {"device": device, "processor": name, "threads": torch.get_num_threads(), "versions": versions}
