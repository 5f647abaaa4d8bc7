"""What a run runs on: device, threads, random numbers, versions."""

import platform
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError, require_known
from binenc_kit.rules import CHOICES

SMALL = 5_000_000  # multiplications a batch below which a second thread costs more than it brings


def choose_device(name: str) -> str:
    """The device of that name; "auto" is cuda, mps or cpu, the first that is there. `KitError` where it is absent."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    require_known("device", name, CHOICES["device"])
    if name == "auto":
        return next(device for device, is_there in there.items() if is_there)
    if not there[name]:
        raise KitError(f"device={name!r} was asked for, but this machine has none: use device='auto' or 'cpu'")
    return name


@contextmanager
def seeded(seed: int, epoch: int, device: str = "cpu") -> Iterator[None]:
    """Give each epoch random numbers of its own, and the caller's back afterwards.

    A resumed run then needs no generator's state, and nothing that the caller draws between epochs can change it.
    """
    number, on_cuda = int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]), device.startswith("cuda")
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if on_cuda else []):
        # torch.manual_seed would also note down, with a traceback each, seeds for devices that nobody uses: that took a
        # third of the time that a small network takes to build.
        torch.default_generator.manual_seed(number)
        if on_cuda or device == "mps":
            getattr(torch, device.partition(":")[0]).manual_seed(number)
        yield


def threads_for(config: RunConfig, parameters: int) -> int:
    """How many threads a run computes on."""
    small = config.backbone == "mlp" and config.batch_size * parameters < SMALL
    return 1 if small else torch.get_num_threads()


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Compute on so many threads, and on as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def few_threads(config: RunConfig, parameters: int) -> AbstractContextManager[None]:
    """Compute on one thread where the batches of an mlp are small, and on as many as before afterwards.

    Tiny matrix products are no faster on two threads, and many times slower when something else wants the cores.
    """
    return on_threads(threads_for(config, parameters))


def halved(config: RunConfig, device: str) -> AbstractContextManager[None]:
    """Compute products and convolutions in bfloat16 if the config says so; weights, and what is added, stay float32."""
    return torch.autocast(device, torch.bfloat16) if config.precision == "bfloat16" else nullcontext()


def same_bits() -> AbstractContextManager[None]:
    """Let cuDNN use only algorithms that give the same bits every time; everything else about it stays as it is."""
    cudnn = torch.backends.cudnn  # its flags() would switch cuDNN off unless told otherwise
    return cudnn.flags(enabled=cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=cudnn.allow_tf32)


@contextmanager
def enough_memory(config: RunConfig, device: str) -> Iterator[None]:
    """Turn an exhausted memory into a `KitError` that says what to lower."""
    try:
        yield
    except RuntimeError as error:  # each device has its own words for it
        if "out of memory" not in str(error).lower() and "allocate memory" not in str(error):
            raise
        raise KitError(
            f"{config.backbone} with batch_size={config.batch_size} does not fit into the memory of {device}: "
            "lower batch_size, width or train_limit, or use device='cpu'; complete epochs are kept"
        ) from None


def kit_version() -> str:
    """The kit's version, also of a clone that is not installed but only found, as on Colab."""
    try:
        return version("binenc-kit")
    except PackageNotFoundError:
        return tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]["version"]


@cache
def commit() -> str | None:
    """The commit of the kit's clone, with a plus where files have been changed since; None without a clone or git."""
    clone = Path(__file__).parents[1]
    if not (clone / ".git").exists():  # else git would tell of whatever repository the kit was installed in
        return None
    command = ["git", "-C", str(clone), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None


def describe(device: str, threads: int) -> dict[str, Any]:
    """Device, processor, threads and versions, on which the last bits of a run depend, and the kit's commit."""
    name = torch.cuda.get_device_name() if device.startswith("cuda") else processor()
    versions = {"python": platform.python_version(), "binenc-kit": kit_version(), "torch": version("torch")}
    return {"device": device, "processor": name, "threads": threads, "versions": versions, "commit": commit()}


@cache
def processor() -> str:
    """The processor's model, which Python itself does not tell on Linux."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or platform.machine()
