"""One epoch of a run: train, then look."""

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from binenc_kit.compiling import Forward
from binenc_kit.config import RunConfig
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.machine import halved, seeded
from binenc_kit.networks import Network, predict
from binenc_kit.objectives import Objective
from binenc_kit.steps import set_lr, train_epoch


@dataclass(frozen=True)
class Loop:
    """What drives an epoch: the objective, the optimiser, and gamma in each epoch."""

    objective: Objective
    optimizer: torch.optim.Optimizer
    gamma: Sequence[float]


@dataclass(frozen=True)
class Epoch:
    """One epoch of training, as `train` yields it.

    lr: of all but the classifier. loss, push, pull: means over the epoch's batches. probe_accuracy, val_accuracy: after
    the epoch, on plain pictures, from 0 to 1. seconds: what the epoch took. latents: the probe's latents z after the
    epoch, (probe size, P).
    """

    index: int
    gamma: float
    lr: float
    classifier_lr: float
    loss: float
    push: float
    pull: float
    probe_accuracy: float
    val_accuracy: float
    seconds: float
    latents: NDArray[np.floating]


def progress_bar(total: int, label: str, shown: bool) -> tqdm:
    """A bar that counts epochs.

    Plain text to stdout: a widget would leave committed notebooks with state that code hosts cannot show.
    """
    return tqdm(total=total, desc=label, unit="epoch", file=sys.stdout, disable=not shown, ncols=100)


def run_epoch(
    config: RunConfig, data: Data, network: Network, loop: Loop, forward: Forward, probe: Tensor, index: int
) -> Epoch:
    """Train for one epoch, from 1 on, then look at the probe and the validation split.

    forward: the network as training calls it; probe: indices of train pictures. Raises `KitError` for a loss or latents
    that are no longer finite.
    """
    start = time.perf_counter()
    gamma, (lr, classifier_lr) = loop.gamma[index - 1], set_lr(config, loop.optimizer, index)
    with seeded(config.seed, index, str(data.train[0].device)):
        push, pull = train_epoch(config, data, network, loop.optimizer, gamma, loop.objective, forward)
    loss = push + gamma * pull
    logits, latents = predict(network, data, data.train[0][probe])
    if not math.isfinite(loss) or not latents.isfinite().all():  # the last step of an epoch can spoil the weights alone
        raise KitError(
            f"the loss became {loss if not math.isfinite(loss) else 'nan'} in epoch {index} (gamma {gamma:g}, lr "
            f"{lr:g}, the classifier's {classifier_lr:g}): lower lr, or let gamma grow more slowly; the {index - 1} "
            "epochs before it are kept"
        )
    with halved(config, data.train[0].device.type):  # counts of right pictures; the probe's latents are never rounded
        val_logits, _ = predict(network, data, data.val[0])
    return Epoch(
        index, gamma, lr, classifier_lr, loss, push, pull,
        probe_accuracy=_share_right(logits, data.train[1][probe]),
        val_accuracy=_share_right(val_logits, data.val[1]),
        seconds=round(time.perf_counter() - start, 4),
        latents=latents.cpu().numpy(),
    )  # fmt: skip


def _share_right(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()
