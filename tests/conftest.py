"""Small data, small runs, and a house of its own for every test."""

import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_data, make_data
from binenc_kit.machine import on_threads
from binenc_kit.networks import Network
from binenc_kit.outputs import open_network
from binenc_kit.recording import Recording
from binenc_kit.training import train, train_one
from binenc_kit.writing import Writer

# With other tests on the same cores, how long an example takes says nothing about it.
hypothesis.settings.register_profile("beside others", deadline=None)
hypothesis.settings.load_profile("beside others")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Slow tests are for the workflow file, not for everybody's make test."""
    if item.get_closest_marker("slow") and not os.environ.get("BINENC_KIT_SLOW"):
        pytest.skip("takes long, or a network: set BINENC_KIT_SLOW=1, as the workflow file does")


@pytest.fixture(autouse=True)
def _own_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs, downloads and caches land in the test's own folder."""
    monkeypatch.setenv("BINENC_KIT_HOME", str(tmp_path / "house"))


@pytest.fixture
def two_threads() -> Iterator[None]:
    """For what threads could change: `make test` gives each process only one."""
    with on_threads(2):
        yield


def tiny_splits(classes: int = 3, each: int = 20, size: int = 4) -> dict:
    """Pictures that any network can tell apart: class c is bright in row c."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    images = rng.integers(0, 60, (classes * each, size, size))
    images[np.arange(len(labels)), labels % size] += 180
    return {"train": (images.astype(np.uint8), labels)}


@pytest.fixture
def tiny_data() -> Data:
    return make_data(tiny_splits(), ["a", "b", "c"], name="tiny")


def tiny_config(**settings: object) -> RunConfig:
    usual = {"data": "custom:tiny", "epochs": 3, "batch_size": 8, "width": 8, "probe_size": 12, "device": "cpu"}
    return RunConfig(**(usual | settings))


@pytest.fixture
def tiny_run(tiny_data: Data, tmp_path: Path) -> Recording:
    """A finished run of three epochs."""
    list(train(tiny_config(), tmp_path / "tiny", data=tiny_data))
    return Recording(tmp_path / "tiny")


def written(folder: Path, epochs: int, samples: int = 2000, P: int = 64) -> Recording:
    """A recording of noise, written frame by frame as training does."""
    rng, labels = np.random.default_rng(0), np.arange(samples) % 3
    about = {"fingerprint": "none", "class_names": ["a", "b", "c"]}
    with Writer(folder, tiny_config(epochs=epochs, P=P), about) as writer:
        writer.start(np.arange(samples), labels, P, "<f4")
        for epoch in range(1, epochs + 1):
            metrics = {"epoch": epoch, "gamma": 1.0, "probe_accuracy": 0.5, "val_accuracy": 0.5}
            writer.append(metrics, rng.standard_normal((samples, P), np.float32))
    return Recording(folder)


def peak_bytes(work: Callable[[], object]) -> int:
    """What some work holds at most, its result included: numpy's arrays count, mapped files do not."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def trained_digits(folder: Path, epochs: int) -> tuple[Network, Data]:
    """A small network that knows its digits, and the digits."""
    data = load_data("digits")
    config = RunConfig(data="digits", backbone="mlp", head="LinPen", epochs=epochs, width=32, lr=3e-3, device="cpu")
    network, data, _ = open_network(train_one(config, folder, data=data, progress=False), data)
    return network, data


def write_pictures(folder: Path, splits: dict[str, dict[str, int]], size: int = 6, mode: str = "RGB") -> Path:
    """Write folder/<split>/<class>/*.png, so many of each class."""
    rng = np.random.default_rng(1)
    for split, classes in splits.items():
        for name, count in classes.items():
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                shape = (size, size, 3) if mode == "RGB" else (size, size)
                picture = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8), mode)
                picture.save(folder / split / name / f"{number:03}.png")
    return folder
