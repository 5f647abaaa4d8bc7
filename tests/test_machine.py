import importlib.metadata
import tomllib
from pathlib import Path

import pytest
import torch

from binenc_kit import machine
from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.machine import choose_device, enough_memory, few_threads, same_bits, seeded


def test_auto_takes_the_first_device_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for cuda, mps, expected in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=cuda: there)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda there=mps: there)
        assert choose_device("auto") == expected
    for absent in ("cuda", "mps"):
        with pytest.raises(KitError, match=f"device='{absent}' was asked for, but this machine has none"):
            choose_device(absent)


def test_every_epoch_and_seed_has_random_numbers_of_its_own() -> None:
    drawn = set()
    for seed in range(3):
        for epoch in range(3):
            with seeded(seed, epoch):
                drawn.add(torch.rand(1).item())
    assert len(drawn) == 9


@pytest.mark.usefixtures("two_threads")
def test_only_small_mlps_compute_on_one_thread() -> None:
    before = torch.get_num_threads()
    for backbone, parameters, alone in (("mlp", 30_000, True), ("mlp", 10**6, False), ("convnet", 100, False)):
        with few_threads(RunConfig(backbone=backbone), parameters):
            assert torch.get_num_threads() == (1 if alone else before)
        assert torch.get_num_threads() == before


def test_cudnn_is_made_deterministic_and_nothing_else() -> None:
    cudnn = torch.backends.cudnn
    before = (cudnn.enabled, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic)
    with same_bits():
        assert (cudnn.enabled, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic) == (*before[:2], False, True)
    assert (cudnn.enabled, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic) == before


@pytest.mark.parametrize(
    "words",
    [
        "CUDA out of memory. Tried to allocate",
        "MPS backend out of memory",
        "DefaultCPUAllocator: can't allocate memory",
    ],
)
def test_every_device_s_words_for_no_memory_are_understood(words: str) -> None:
    with pytest.raises(KitError, match="lower batch_size"), enough_memory(RunConfig(), "cpu"):
        raise RuntimeError(words)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"), enough_memory(RunConfig(), "cpu"):
        raise RuntimeError("size mismatch")


def test_a_clone_that_is_not_installed_knows_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(machine, "version", missing)
    project = tomllib.loads((Path(machine.__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert machine.kit_version() == project["version"]
