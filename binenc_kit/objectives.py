"""The push and the pull: what a network is trained to make small, push + gamma * pull."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.hug import hug_terms
from binenc_kit.networks import Network

Penalty = Callable[[Tensor], Tensor]  # latents z (N, P) to a number
Objective = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]  # logits, z, labels to push and pull
STRAIGHT = 30.0  # from this exponent on exp goes on along its tangent: float32 overflows at 88, Adam's squares at 44


def quadratic(z: Tensor) -> Tensor:
    """mean(z^2) over samples and dimensions, in float32 whatever the network computes in.

    Source: BinEnc-v3, eq. 6; the paper sums over the P dimensions where its code takes the mean, so a gamma here is P
    times the paper's.
    """
    return z.float().square().mean()


def exp_mean(z: Tensor) -> Tensor:
    """exp(mean(z^2)), one exponential over all samples and dimensions. Source: the code of BinEnc-v1."""
    return _exp(z.float().square().mean())


def mean_exp(z: Tensor) -> Tensor:
    """mean(exp(z^2)), an exponential for each coordinate. Source: our reading of BinEnc-v1's abstract."""
    return _exp(z.float().square()).mean()


def l1(z: Tensor) -> Tensor:
    """mean(|z|), which pulls as hard at the origin as anywhere."""
    return z.float().abs().mean()


def none(z: Tensor) -> Tensor:
    """No penalty at all: zero."""
    return z.new_zeros((), dtype=z.float().dtype)


PENALTIES: dict[str, Penalty] = {
    "quadratic": quadratic,
    "exp_mean": exp_mean,
    "mean_exp": mean_exp,
    "l1": l1,
    "none": none,
}


def push_and_pull(logits: Tensor, z: Tensor, labels: Tensor, penalty: str | Penalty) -> tuple[Tensor, Tensor]:
    """The two terms of the loss, push + gamma * pull: cross-entropy and penalty. Source: BinEnc-v3, eq. 3, 6, 7.

    penalty: a name of PENALTIES, or a function of the latents (N, P) that gives one number.
    """
    return F.cross_entropy(logits.float(), labels), (PENALTIES[penalty] if isinstance(penalty, str) else penalty)(z)


def make_objective(config: RunConfig, network: Network, penalty: Penalty | None = None) -> Objective:
    """The push and the pull of a config, as a function of logits (N, C), latents (N, P) and labels (N,).

    penalty: yours, where config.penalty is "custom:LABEL". Raises `KitError` where it is missing or gives no number.
    """
    classifier, kind = network.classifier, config.resolved_penalty
    if config.head == "HUG":
        return partial(_hug, config, network)
    if config.head == "ArcFace":
        return lambda logits, z, labels: (classifier.push(z, labels), none(z))
    if config.head == "CenterLoss":
        return lambda logits, z, labels: (F.cross_entropy(logits, labels), classifier.pull(z, labels))
    if config.head == "SupCon":  # cross-entropy only teaches the classifier to read what contrast has made
        return lambda logits, z, labels: (classifier.push(z, labels) + F.cross_entropy(logits, labels), none(z))
    return partial(push_and_pull, penalty=_checked(config, penalty) if kind.startswith("custom:") else kind)


def _hug(config: RunConfig, network: Network, logits: Tensor, z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    push, pull = hug_terms(network.classifier.weight, z, labels, config.resolved_penalty, config.hug_reduction)
    return config.hug_alpha * push, pull


def _checked(config: RunConfig, penalty: Penalty | None) -> Penalty:
    """A penalty of one's own, tried on a few latents before it can spoil a run."""
    if not callable(penalty):
        raise KitError(f"penalty={config.penalty!r} is your own: pass it along, penalty=FUNCTION of the latents z")
    tried = penalty(torch.ones(2, 3, requires_grad=True))
    if not isinstance(tried, Tensor) or tried.ndim or not tried.requires_grad:
        raise KitError(
            f"your penalty gave {tried!r:.60} for latents (2, 3), but must give a tensor with one number that depends "
            "on z, such as z.square().mean()"
        )
    return penalty


def _exp(x: Tensor) -> Tensor:
    """exp(x), and from `STRAIGHT` on its tangent: it grows without bound and never overflows."""
    bent = x.clamp(max=STRAIGHT)
    return bent.exp() * (1 + x - bent)
