"""The names that settings can have, and which settings go together."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from binenc_kit.errors import KitError, require_known

if TYPE_CHECKING:
    from binenc_kit.config import RunConfig

HEADS = ("BinEnc", "LinPen", "NonlinPen", "NoPen")
RIVALS = ("LPC", "HUG", "ArcFace", "SupCon", "CenterLoss")
BACKBONES = ("mlp", "convnet", "resnet18", "resnet50", "mlp_v1", "convnet_v1")
DATASETS = ("digits", "mnist", "fashion_mnist", "svhn", "cifar10", "cifar100")
PENALTY_NAMES = ("quadratic", "exp_mean", "mean_exp", "l1", "none")  # of heads with cross-entropy alone
FORMS = ("mhe", "mhs", "mgd")  # of HUG: least energy, largest separation, largest Gram determinant
REDUCTIONS = ("mean", "sum")
HUG_BETA = {"mhe": 0.015, "mhs": 0.015, "mgd": 0.03}  # reported second-hand
OWN_PENALTY = {"BinEnc": "quadratic", "LPC": "quadratic", "HUG": "mhe", "CenterLoss": "center"}  # others: none
CHOICES = {
    "head": (*HEADS, *RIVALS),
    "optimizer": ("adamw", "sgd"),
    "lr_schedule": ("auto", "constant", "halving", "cosine"),
    "hug_reduction": REDUCTIONS,
    "device": ("auto", "cpu", "cuda", "mps"),
    "precision": ("float32", "bfloat16"),
}
SCHEDULES = ("auto", "geometric", "constant", "two_regime")
LOADING = ("data", "train_limit", "data_seed", "device")  # settings that say what is loaded, and to where


def label_of(head: str, penalty: str) -> str:
    """A head's name in tables and figures, with "+penalty" where the penalty is not its own."""
    return head if penalty == OWN_PENALTY.get(head, "none") else f"{head}+{penalty}"


def check_source(kind: str, name: str, known: Sequence[str], prefixes: Sequence[str]) -> None:
    """Accept a known name, or a prefix such as "custom:" followed by something; raises `KitError` for others."""
    if not any(name.startswith(prefix) and len(name) > len(prefix) for prefix in prefixes):
        require_known(
            kind, name, [*known, *(prefix + ("PATH" if prefix == "folder:" else "LABEL") for prefix in prefixes)]
        )


def check_penalty(config: "RunConfig") -> None:
    """Let each head have the penalties it can have, under one name each: LinPen with one *is* BinEnc.

    Raises `KitError` for others.
    """
    head, asked = config.head, config.penalty
    if head in ("BinEnc", "LPC") and asked == "none":
        raise KitError(f"{head} without its penalty is the head LinPen: ask for head='LinPen'")
    if head == "LinPen" and asked not in ("auto", "none"):
        also = "" if asked == "quadratic" else f", penalty={asked!r}"
        raise KitError(f"LinPen with a penalty is the head BinEnc: ask for head='BinEnc'{also}")
    if head == "HUG":
        require_known("form of HUG (penalty)", asked, ["auto", *FORMS])
    elif head in ("ArcFace", "SupCon", "CenterLoss"):
        require_known(f"penalty of {head}", asked, ["auto", OWN_PENALTY.get(head, "none")])
    else:
        check_source("penalty", asked, ["auto", *PENALTY_NAMES], ("custom:",))


def one_name(config: "RunConfig") -> dict[str, object]:
    """Settings that say what the defaults say, as the defaults say it: one run has one hash and one name."""
    found: dict[str, object] = {}
    if config.penalty == OWN_PENALTY.get(config.head, "none"):
        found["penalty"] = "auto"
    if config.head != "LPC":  # whose auto is another
        found |= {"gamma_schedule": "auto"} if config.gamma_schedule == "geometric" else {}
        found |= {"lr_schedule": "auto"} if config.lr_schedule == "constant" else {}
        found |= {"classifier_lr": None} if config.classifier_lr == config.lr else {}
    if config.head == "HUG" and config.hug_beta == HUG_BETA[config.resolved_penalty]:
        found["hug_beta"] = None
    return found


def check_schedules(config: "RunConfig") -> None:
    """Raise `KitError` for a gamma that grows towards infinity, beyond float32, and schedules that go the wrong way."""
    if config.gamma_schedule == "two_regime":
        _check_two_regimes(config)
    if config.lr_schedule == "cosine" and config.lr_min > config.lr:
        raise KitError(f"lr_min is {config.lr_min:g}, above lr, {config.lr:g}: a cosine falls, so give a smaller one")
    own = config.gamma_schedule == "auto" and config.head == "LPC"
    if config.gamma_schedule not in ("auto", "geometric") or own or config.gamma_start == 0:
        return
    steps = (config.epochs - 1) // config.gamma_step
    exponent = math.log10(config.gamma_start) + steps * math.log10(config.gamma_factor)
    if config.gamma_cap is None and exponent > 30:
        raise KitError(
            f"gamma would grow to 1e{exponent:.0f} by epoch {config.epochs}, beyond what float32 can hold: "
            "lower gamma_factor, or set a gamma_cap such as 1e6"
        )


def _check_two_regimes(config: "RunConfig") -> None:
    """Both regimes grow, one after the other, and end."""
    if config.gamma_cap is None:
        raise KitError("gamma_schedule='two_regime' needs a gamma_cap where it ends, such as 1e6")
    if min(config.gamma_factor, config.gamma_factor_2) <= 1 or not 0 < config.gamma_start <= config.gamma_turn:
        raise KitError(
            f"gamma_schedule='two_regime' grows from gamma_start={config.gamma_start:g} to gamma_turn="
            f"{config.gamma_turn:g} by {config.gamma_factor:g}, then by {config.gamma_factor_2:g}: start above 0 and "
            "not above the turn, with factors above 1"
        )
