"""How gamma and the learning rate change from epoch to epoch."""

import math
from collections.abc import Callable
from typing import Any

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.rules import HUG_BETA

Gamma = Callable[[int], float]  # a schedule of one's own: the epoch, from 1, to gamma
# What "auto" means for LPC, in shares of the epochs; found on digits. The latents become as small as a step of the
# optimiser, so the steps must shrink; the classifier must grow a thousandfold, so its steps must not, and they are
# larger for small P, where fewer weights make the same margin.
LPC_CAP, LPC_GROWS, LPC_HOLDS, LPC_HALVES, LPC_CLASSIFIER = 1e6, 0.6, 0.25, 0.08, 300


def gamma_at(config: RunConfig, epoch: int, own: Gamma | None = None) -> float:
    """gamma, the weight of the pull, in epoch 1, 2, ...; 0 without penalty.

    own: your schedule, for gamma_schedule="custom:LABEL". HUG and the centre loss have weights that stay.
    Raises `KitError` where a schedule of your own gives no finite number from 0.
    """
    if config.head == "HUG":
        return HUG_BETA[config.resolved_penalty] if config.hug_beta is None else config.hug_beta
    if config.head == "CenterLoss":
        return config.center_weight
    if config.resolved_penalty == "none" or (config.gamma_start == 0 and own is None):
        return 0.0
    if config.gamma_schedule.startswith("custom:"):
        return _own(config, own, epoch)
    if config.gamma_schedule == "constant":
        return config.gamma_start
    cap = math.inf if config.gamma_cap is None else config.gamma_cap
    if config.gamma_schedule == "auto" and config.head == "LPC":
        return _to_the_extreme(config, epoch)
    grow = _two_regimes if config.gamma_schedule == "two_regime" else _geometric
    try:
        return min(cap, grow(config, epoch))
    except OverflowError:  # far beyond the cap, which RunConfig has made sure of
        return cap


def lr_at(config: RunConfig, epoch: int, P: int = 4) -> tuple[float, float]:
    """The learning rates in epoch 1, 2, ...: of everything but the classifier, and of the classifier.

    halving: by 2 after each `lr_period` epochs beyond `lr_hold`; cosine: from `lr_hold` on, to `lr_min`; auto:
    constant, but for LPC halving, while the classifier's is 300 / P times as large, unless it has one of its own, and
    stays.
    P: the network's, where the config leaves it open.
    Source: the code of Latent Point Collapse, halving in an earlier state and cosine in the latest; auto is ours.
    """
    if config.lr_schedule == "auto" and config.head == "LPC":
        hold, period = round(LPC_HOLDS * config.epochs), max(1, round(LPC_HALVES * config.epochs))
        own = LPC_CLASSIFIER / (config.P or P) * config.lr if config.classifier_lr is None else config.classifier_lr
        return config.lr * 0.5 ** (max(0, epoch - 1 - hold) // period), own
    classifier = config.lr if config.classifier_lr is None else config.classifier_lr
    share = _share(config, max(0, epoch - 1 - config.lr_hold))
    return config.lr * share, classifier * share if config.classifier_decays else classifier


def growing(gamma_last: float, epochs: int) -> dict[str, Any]:
    """Settings that let gamma grow geometrically to `gamma_last`, from a thirtieth of it or from 1 where that is less.

    epochs: at least 2, else `KitError`. Gamma starts no higher than 1, since a stronger pull from the first step on
    merges classes.
    """
    if epochs < 2:
        raise KitError(f"gamma cannot grow within {epochs} epochs: give at least 2")
    start = min(1.0, gamma_last / 30)
    return {
        "epochs": epochs,
        "gamma_start": start,
        "gamma_factor": round((gamma_last / start) ** (1 / (epochs - 1)), 4),
    }


def _share(config: RunConfig, since: int) -> float:
    """What is left of the learning rate so many epochs after it began to fall."""
    if config.lr_schedule == "halving":
        return 0.5 ** (since // config.lr_period)
    if config.lr_schedule == "cosine":
        floor, left = config.lr_min / config.lr, max(1, config.epochs - config.lr_hold)
        return floor + (1 - floor) * (1 + math.cos(math.pi * since / left)) / 2
    return 1.0


def _to_the_extreme(config: RunConfig, epoch: int) -> float:
    """Geometric growth, from gamma_start to gamma_cap or 1e6, that is done when there is time left to settle."""
    cap = LPC_CAP if config.gamma_cap is None else config.gamma_cap
    done = max(1, round(LPC_GROWS * config.epochs) - 1)
    return min(cap, config.gamma_start * (cap / config.gamma_start) ** ((epoch - 1) / done))


def _geometric(config: RunConfig, epoch: int) -> float:
    return config.gamma_start * config.gamma_factor ** ((epoch - 1) // config.gamma_step)


def _two_regimes(config: RunConfig, epoch: int) -> float:
    """Fast up to gamma_turn, slower from there: the first slower step comes in the epoch after, as in the LPC code."""
    growth = math.log(config.gamma_turn / config.gamma_start) / math.log(config.gamma_factor)
    turn = 1 + config.gamma_step * max(0, math.ceil(growth - 1e-9))  # the first epoch at gamma_turn
    if epoch <= turn:
        return min(config.gamma_turn, _geometric(config, epoch))
    return config.gamma_turn * config.gamma_factor_2 ** (1 + (epoch - turn - 1) // config.gamma_step)


def _own(config: RunConfig, own: Gamma | None, epoch: int) -> float:
    if own is None:
        raise KitError(f"gamma_schedule={config.gamma_schedule!r} is your own: pass it along, gamma=FUNCTION of epoch")
    gamma = float(own(epoch))
    if not 0 <= gamma < math.inf:
        raise KitError(f"your gamma schedule gave {gamma} in epoch {epoch}, but gamma must be a finite number from 0")
    return gamma
