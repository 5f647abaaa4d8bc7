"""The push, the pull, and how gamma weighs them epoch by epoch."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from binenc_kit.config import RunConfig


def quadratic(z: Tensor) -> Tensor:
    """mean(z^2) over samples and dimensions, in float32 whatever the network computes in.

    Source: BinEnc-v3, eq. 6; the paper sums over the P dimensions where its code takes the mean, so a gamma here is P
    times the paper's.
    """
    return z.float().square().mean()


def none(z: Tensor) -> Tensor:
    """No penalty at all: zero."""
    return z.new_zeros((), dtype=z.float().dtype)


PENALTIES: dict[str, Callable[[Tensor], Tensor]] = {"quadratic": quadratic, "none": none}


def push_and_pull(logits: Tensor, z: Tensor, labels: Tensor, penalty: str) -> tuple[Tensor, Tensor]:
    """The two terms of the loss, push + gamma * pull: cross-entropy and penalty. Source: BinEnc-v3, eq. 3, 6, 7."""
    return F.cross_entropy(logits.float(), labels), PENALTIES[penalty](z)


def gamma_at(config: RunConfig, epoch: int) -> float:
    """gamma in epoch 1, 2, ...: constant, or times `gamma_factor` an epoch up to `gamma_cap`; 0 without penalty."""
    if config.resolved_penalty == "none" or config.gamma_start == 0:
        return 0.0
    if config.gamma_schedule == "constant":
        return config.gamma_start
    cap = float("inf") if config.gamma_cap is None else config.gamma_cap
    try:
        return min(cap, config.gamma_start * config.gamma_factor ** (epoch - 1))
    except OverflowError:  # far beyond the cap, which RunConfig has made sure of
        return cap
