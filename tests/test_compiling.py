"""A compiled network must compute what the plain one does, and where compiling fails nobody may notice."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from binenc_kit.compiling import make_forward, wanted
from binenc_kit.config import RunConfig
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.networks import Network, build_network
from binenc_kit.recording import Recording
from binenc_kit.training import train
from tests.conftest import tiny_config


class BreaksBackwards(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        raise RuntimeError("no kernel for the gradients")


def no_compiler(module: nn.Module, **options: object) -> Callable[[Tensor], object]:
    def program(x: Tensor) -> object:
        raise OSError("no C++ compiler was found")

    return program


def no_gradients(module: nn.Module, **options: object) -> Callable[[Tensor], object]:
    return lambda x: tuple(BreaksBackwards.apply(out) for out in module(x + torch.rand_like(x)))


@pytest.fixture
def network(tiny_data: Data) -> Network:
    torch.manual_seed(0)
    return build_network(tiny_config(), tiny_data.shape, len(tiny_data.class_names))


def everything(network: Network) -> list[Tensor]:
    return [value.clone() for value in network.state_dict().values()] + [torch.random.get_rng_state()]


def test_only_bfloat16_on_a_gpu_is_compiled_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full, half = RunConfig(), RunConfig(precision="bfloat16")
    monkeypatch.delenv("BINENC_KIT_COMPILE", raising=False)
    assert wanted(half, "cuda")
    assert not any(wanted(*case) for case in ((full, "cuda"), (half, "cpu"), (half, "mps")))
    monkeypatch.setenv("BINENC_KIT_COMPILE", "always")
    assert wanted(full, "cpu")
    monkeypatch.setenv("BINENC_KIT_COMPILE", "never")
    assert not wanted(half, "cuda")
    monkeypatch.setenv("BINENC_KIT_COMPILE", "allways")
    with pytest.raises(KitError, match=r"allways.*always"):
        wanted(full, "cpu")


@pytest.mark.parametrize("broken", [no_compiler, no_gradients])
def test_where_compiling_fails_the_plain_network_trains_as_if_nothing_had_been_tried(
    broken: Callable, network: Network, tiny_data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINENC_KIT_COMPILE", "always")
    monkeypatch.setattr(torch, "compile", broken)
    before = everything(network)
    assert make_forward(tiny_config(), tiny_data, network) is network
    assert all(map(torch.equal, everything(network), before))
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_program_that_works_is_tried_without_a_trace(
    network: Network, tiny_data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def program(x: Tensor) -> tuple[Tensor, Tensor]:
        sizes.append(len(x))
        return network(x + 0 * torch.rand_like(x))

    monkeypatch.setenv("BINENC_KIT_COMPILE", "always")
    monkeypatch.setattr(torch, "compile", lambda module, **options: program)
    before = everything(network)
    assert make_forward(tiny_config(), tiny_data, network) is program
    assert all(map(torch.equal, everything(network), before))
    n, size = len(tiny_data.train[1]), tiny_config().batch_size
    assert set(sizes) == {size, n % size or size}  # the last batch has a program of its own
    assert all(parameter.grad is None for parameter in network.parameters())


def test_compiled_training_is_plain_training_but_for_rounding(
    tiny_data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("g++"):
        pytest.skip("no C++ compiler here, which torch.compile needs")
    losses = {}
    for when in ("never", "always"):
        monkeypatch.setenv("BINENC_KIT_COMPILE", when)
        losses[when] = [epoch.loss for epoch in train(tiny_config(), tmp_path / when, data=tiny_data)]
        assert Recording(tmp_path / when).about["compiled"] == (when == "always")
    assert losses["always"] == pytest.approx(losses["never"], rel=1e-4)
