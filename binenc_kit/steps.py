"""One epoch of training: batches, optimiser, steps."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, augment
from binenc_kit.machine import halved
from binenc_kit.networks import Network
from binenc_kit.objectives import Objective
from binenc_kit.schedules import lr_at

BATCHES_AT_ONCE = 8


def make_optimizer(config: RunConfig, network: Network) -> torch.optim.Optimizer:
    """AdamW with its default betas, as the paper's, or SGD with Nesterov momentum 0.9, one fused step for all weights.

    Two groups of parameters: the classifier's come second, and may have a learning rate of their own.
    """
    fused = next(network.parameters()).device.type in ("cpu", "cuda")  # not on every Mac's torch
    head = list(network.classifier.parameters())
    rest = [*network.backbone.parameters(), *network.penultimate.parameters()]
    groups = [{"params": rest}, {"params": head}]
    shared: dict[str, Any] = {"lr": config.lr, "weight_decay": config.weight_decay, "fused": fused}
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=0.9, nesterov=True, **shared)
    return torch.optim.AdamW(groups, **shared)


def set_lr(config: RunConfig, optimizer: torch.optim.Optimizer, epoch: int) -> tuple[float, float]:
    """Give both groups their learning rates of this epoch, from 1 on, and return them."""
    rates = lr_at(config, epoch, P=optimizer.param_groups[1]["params"][0].shape[1])
    for group, lr in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = lr
    return rates


def train_epoch(
    config: RunConfig,
    data: Data,
    network: Network,
    optimizer: torch.optim.Optimizer,
    gamma: float,
    objective: Objective,
    forward: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
) -> tuple[float, float]:
    """One pass over the shuffled train split; returns the mean push and pull. Draws from torch's global generator.

    forward: what computes the network's logits and latents in its stead, from `compiling.make_forward`.
    """
    images, labels = data.train
    forward = network if forward is None else forward
    network.train()
    totals = torch.zeros(2, device=images.device)
    for pictures, truth in batches(config, data):
        optimizer.zero_grad(set_to_none=True)  # first of all: a compiled program writes where the last gradients lie
        with halved(config, images.device.type):
            logits, z = forward(pictures)
        push, pull = objective(logits, z, truth)
        (push + gamma * pull).backward()
        optimizer.step()
        totals += torch.stack([push.detach(), pull.detach()]) * len(truth)  # read once an epoch: no wait for a GPU
    push, pull = (totals / len(labels)).tolist()
    return push, pull


def batches(config: RunConfig, data: Data) -> Iterator[tuple[Tensor, Tensor]]:
    """The train split once, shuffled: batches of normalised pictures, augmented if the config says so, and labels.

    They are prepared several at a time, since small steps cost more for being many than for being large.
    """
    images, labels = data.train
    order = torch.randperm(len(labels)).to(labels.device)  # drawn on the CPU: the same order on every device
    every = batch_sizes(len(labels), config.batch_size)
    groups = [every[first : first + BATCHES_AT_ONCE] for first in range(0, len(every), BATCHES_AT_ONCE)]
    for sizes, several in zip(groups, order.split([sum(sizes) for sizes in groups]), strict=True):
        pictures = data.normalise(images[several])
        if config.augment:
            pictures = augment(pictures)
        yield from zip(pictures.split(sizes), labels[several].split(sizes), strict=True)


def batch_sizes(n: int, size: int) -> list[int]:
    """Sizes of the batches of n samples; a last batch of one joins its neighbour, as batch norm needs two."""
    sizes = [size] * (n // size) + [n % size] * (n % size > 0)
    return [*sizes[:-2], size + 1] if len(sizes) > 1 and sizes[-1] == 1 else sizes
