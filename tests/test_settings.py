"""Each paper's settings: every line has its source, the networks are those described, and they train."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from binenc_kit.config import RunConfig, grid
from binenc_kit.data import Data, make_data
from binenc_kit.machine import seeded
from binenc_kit.networks import Network, build_network
from binenc_kit.objectives import make_objective
from binenc_kit.schedules import gamma_at, lr_at
from binenc_kit.steps import make_optimizer, train_epoch

SETTINGS = sorted((Path(__file__).parents[1] / "notebooks" / "settings").glob("*.yaml"))
PAPERS = {
    path.stem: path
    for path in SETTINGS
    if path.stem not in ("demo", "cifar10-cpu", "cifar10-sweep", "gains", "rivals", "phase")
}
SHAPES = {"mnist": (28, 28), "fashion_mnist": (28, 28)}
FEATURES = {"resnet18": 512, "resnet50": 2048, "mlp_v1": 2048, "convnet_v1": 1024}
EXPECTED = {  # what the papers say: data, backbone, P, epochs, gamma at the end
    "binenc-cifar10": ("cifar10", "resnet18", 4, 200, 9.35e4),
    "binenc-cifar100": ("cifar100", "resnet50", 64, 200, 9.35e4),
    "binenc-v1-mnist": ("mnist", "mlp_v1", 64, 101, 10),
    "binenc-v1-fashion": ("fashion_mnist", "convnet_v1", 128, 101, 10),
    "lpc-cifar10": ("cifar10", "resnet18", 64, 800, 1e6),
    "lpc-cifar100": ("cifar100", "resnet50", 128, 800, 1e6),
    "lpc-cifar10-two-regime": ("cifar10", "resnet18", 64, 1000, 1e6),
    "lpc-cifar100-two-regime": ("cifar100", "resnet50", 64, 1000, 1e6),
    "lpc-ib-cifar10": ("cifar10", "resnet18", 8, 800, 1e6),
    "lpc-ib-cifar100": ("cifar100", "resnet50", 64, 800, 1e6),
    "lpc-ib-svhn": ("svhn", "resnet18", 8, 800, 1e5),
    "hug-cifar10": ("cifar10", "resnet18", 512, 200, 0.015),
    "hug-cifar100": ("cifar100", "resnet18", 512, 200, 0.015),
}


def configs(name: str) -> list[RunConfig]:
    """Each head's first run."""
    settings = yaml.safe_load(PAPERS[name].read_text())
    settings.pop("out")
    settings["lrs"], settings["seeds"] = settings["lrs"][:1], settings["seeds"][:1]
    return grid(device="cpu", **settings)


def fake(name: str) -> tuple[Data, int]:
    """Eight pictures of four classes, of the right shape, and how many classes there are."""
    classes = 100 if name == "cifar100" else 10
    shape = SHAPES.get(name, (32, 32, 3))
    images = np.random.default_rng(0).integers(0, 256, (3 * classes, *shape), dtype=np.uint8)
    split = (images, np.arange(3 * classes) % classes)
    data = make_data({part: split for part in ("train", "val", "test")}, [str(label) for label in range(classes)])
    return replace(data, train=(data.train[0][:8], torch.arange(8) // 2)), classes


def test_every_paper_has_its_settings() -> None:
    assert set(PAPERS) == set(EXPECTED)


@pytest.mark.parametrize("name", PAPERS)
def test_every_line_names_its_source(name: str) -> None:
    lines = [line for line in PAPERS[name].read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 12
    for line in lines:
        assert re.fullmatch(r"\w+: .+  # .*\[(P|A|2|ours)\].*", line), line


@pytest.mark.parametrize("name", PAPERS)
def test_it_is_what_the_paper_says(name: str) -> None:
    data, backbone, P, epochs, gamma = EXPECTED[name]
    every = configs(name)
    for config in every:
        assert (config.data, config.backbone, config.P, config.epochs) == (data, backbone, P, epochs)
        rates = lr_at(config, epochs)
        if name.startswith("lpc"):
            assert rates[1] == config.lr
            assert rates[0] < 2e-3 * config.lr
        elif name.startswith("binenc"):
            assert rates == (config.lr, config.lr)
    assert gamma_at(every[0], epochs) == pytest.approx(gamma, rel=0.01)
    plain = [config for config in every if config.head in ("LinPen", "NonlinPen", "NoPen", "ArcFace", "SupCon")]
    assert {gamma_at(config, epochs) for config in plain} == {0.0}


@pytest.mark.parametrize("name", PAPERS)
def test_its_networks_have_the_right_layers_and_train_two_steps(name: str) -> None:
    data, classes = fake(EXPECTED[name][0])
    for config in configs(name):
        with seeded(0, 0):
            network = build_network(config, data.shape, classes).to(memory_format=torch.channels_last)
        check_layers(network, config, classes)
        config = replace(config, batch_size=4)
        optimizer, objective = make_optimizer(config, network), make_objective(config, network)
        before, steps = [weight.clone() for weight in network.parameters()], []
        optimizer.register_step_post_hook(lambda *_, steps=steps: steps.append(1))
        with seeded(0, 1):
            push, pull = train_epoch(config, data, network, optimizer, gamma_at(config, 1), objective)
        assert np.isfinite([push, pull]).all()
        assert len(steps) == 2
        changed = [not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True)]
        assert all(changed), config.label


def check_layers(network: Network, config: RunConfig, classes: int) -> None:
    """Features, latents and classes are as many as the paper says."""
    features = FEATURES[config.backbone]
    if config.head == "NoPen":
        assert isinstance(network.penultimate, nn.Identity)
        assert tuple(network.classifier.weight.shape) == (classes, features)
        return
    linear = network.penultimate if isinstance(network.penultimate, nn.Linear) else network.penultimate[0]
    assert (linear.in_features, linear.out_features) == (features, config.P)
    assert tuple(network.classifier.weight.shape) == (classes, config.P)


def test_the_first_version_s_layers_are_those_of_its_code() -> None:
    mnist = build_network(configs("binenc-v1-mnist")[0], (1, 28, 28), 10)
    widths = [(layer.in_features, layer.out_features) for layer in mnist.modules() if isinstance(layer, nn.Linear)]
    assert widths == [(784, 2048), (2048, 2048), (2048, 2048), (2048, 64), (64, 10)]
    fashion = build_network(configs("binenc-v1-fashion")[0], (1, 28, 28), 10)
    channels = [layer.out_channels for layer in fashion.modules() if isinstance(layer, nn.Conv2d)]
    assert channels == [64, 128, 256, 256, 512]
    widths = [(layer.in_features, layer.out_features) for layer in fashion.modules() if isinstance(layer, nn.Linear)]
    assert widths == [(4608, 1024), (1024, 1024), (1024, 1024), (1024, 128), (128, 10)]
    nonlinear = build_network(configs("binenc-v1-mnist")[2], (1, 28, 28), 10)
    assert isinstance(nonlinear.penultimate[1], nn.ReLU)
