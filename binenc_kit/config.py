"""`RunConfig`: one frozen, validated record of every knob of a training run; its hash names the run."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import wraps
from itertools import product
from typing import Any

from binenc_kit.errors import KitError, require_known
from binenc_kit.rules import (
    BACKBONES,
    CHOICES,
    DATASETS,
    OWN_PENALTY,
    SCHEDULES,
    check_penalty,
    check_schedules,
    check_source,
    label_of,
    one_name,
)
from binenc_kit.validation import checked


def _names_checked(cls: type) -> type:
    """Make the constructor answer a misspelt setting with the nearest right ones."""
    init: Callable[..., None] = vars(cls)["__init__"]

    @wraps(init)
    def __init__(self: Any, **settings: Any) -> None:  # noqa: N807, ANN401  any value may arrive; validation follows
        for name in settings:
            require_known("setting", name, [field.name for field in fields(cls)])
        init(self, **settings)

    type.__setattr__(cls, "__init__", __init__)
    return cls


@_names_checked
@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Every knob of one run; a value that cannot work raises `KitError` with one sentence.

    The defaults train on scikit-learn's digits and end in a 4-bit code within seconds.
    """

    data: str = "digits"  # a name of DATASETS, folder:PATH, or custom:LABEL with data of your own
    backbone: str = "mlp"  # a name of BACKBONES, or custom:LABEL with a module of your own
    width: int | None = None  # channels of the first layer; None: the backbone's usual width
    head: str = "BinEnc"
    P: int | None = None  # dimensions of the latent; None: ceil(log2 C), the fewest bits that tell C classes apart
    allow_small_P: bool = False  # noqa: N815  train although 2^P < C, to see what happens
    penalty: str = (
        "auto"  # auto: the head's own; one of PENALTY_NAMES, custom:LABEL with a function of yours, or HUG's form
    )
    epochs: int = 80
    batch_size: int = 32
    optimizer: str = "adamw"  # or sgd, with Nesterov momentum 0.9
    lr: float = 2e-3
    lr_schedule: str = "auto"  # auto: constant, and for LPC as it needs it; halving; cosine
    lr_hold: int = 0  # epochs before the learning rate begins to fall
    lr_period: int = 50  # halving: epochs between two steps
    lr_min: float = 1e-8  # cosine: where it ends
    classifier_lr: float | None = None  # the output layer's own; None: lr
    classifier_decays: bool = True  # false: the output layer keeps its learning rate while the others' fall
    weight_decay: float = 5e-4
    gamma_schedule: str = "auto"  # auto: geometric, and for LPC to 1e6; constant; two_regime; custom:LABEL
    gamma_start: float = 1.0  # gamma in the first epoch
    gamma_factor: float = 1.044  # growth at each step
    gamma_step: int = 1  # epochs between two steps
    gamma_turn: float = 1e3  # two_regime: from here on gamma grows by gamma_factor_2
    gamma_factor_2: float = 1.25
    gamma_cap: float | None = None  # gamma stops growing here; None: never
    hug_alpha: float = 0.15  # weight of HUG's push
    hug_beta: float | None = None  # weight of HUG's pull; None: 0.015, and 0.03 for the form mgd
    hug_reduction: str = "mean"
    center_weight: float = 0.003  # weight of the centre loss's pull
    augment: bool = False  # random flips and crops, a new draw for every sample and epoch
    seed: int = 0  # weights, batches, augmentation
    data_seed: int = 0  # splits that the data do not bring, train limit, probe
    train_limit: int | None = None  # train on a stratified subset of this many pictures
    probe_size: int = 1000  # train pictures whose latents are recorded in every epoch
    device: str = "auto"
    precision: str = "float32"  # or bfloat16: products in 16 bits and, on a GPU, one compiled program

    def __post_init__(self) -> None:
        """Coerce and check every value."""
        for field in fields(self):
            value = checked(field.name, field.type, getattr(self, field.name), CHOICES.get(field.name))
            object.__setattr__(self, field.name, value)
        check_source("data", self.data, DATASETS, ("folder:", "custom:"))
        check_source("backbone", self.backbone, BACKBONES, ("custom:",))
        check_source("gamma schedule", self.gamma_schedule, SCHEDULES, ("custom:",))
        check_penalty(self)
        check_schedules(self)
        for name, value in one_name(self).items():
            object.__setattr__(self, name, value)

    @property
    def hash(self) -> str:
        """Ten hexadecimal digits that depend on every setting and on nothing else."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:10]

    @property
    def name(self) -> str:
        """The run's folder: head, seed and hash."""
        return f"{self.label}-seed{self.seed}-{self.hash}".replace(":", "-")  # Windows has no colons in names

    @property
    def label(self) -> str:
        """The head, with "+penalty" where the penalty is not the head's own, such as NonlinPen+quadratic."""
        return label_of(self.head, self.resolved_penalty)

    def with_head(self, label: str) -> "RunConfig":
        """The same config with another head, named as in `label`."""
        head, _, penalty = str(label).partition("+")
        return replace(self, head=head, penalty=penalty or "auto")

    @property
    def resolved_penalty(self) -> str:
        """The penalty in force: `penalty`, or the head's own where that is "auto"."""
        return OWN_PENALTY.get(self.head, "none") if self.penalty == "auto" else self.penalty

    def to_json(self) -> str:
        """All settings as one line of JSON, in a fixed order."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "RunConfig":
        """Build the config back from `to_json`; raises `KitError` for anything else."""
        try:
            settings = json.loads(text)
        except json.JSONDecodeError as error:
            raise KitError(f"this configuration is not JSON ({error}): write it with RunConfig.to_json()") from None
        if not isinstance(settings, dict):
            raise KitError("this configuration is not a JSON object of settings: write it with RunConfig.to_json()")
        return cls(**settings)


def grid(heads: Sequence[str], lrs: Sequence[float], seeds: Sequence[int], **settings: Any) -> list[RunConfig]:  # noqa: ANN401
    """Every combination of heads (labels as in `RunConfig.label`), learning rates and seeds, heads outermost.

    Raises `KitError` for an empty list and for settings that cannot work.
    """
    for name, values in {"heads": heads, "lrs": lrs, "seeds": seeds}.items():
        require_list(name, values)
    return [RunConfig(lr=lr, seed=seed, **settings).with_head(head) for head, lr, seed in product(heads, lrs, seeds)]


def require_list(name: str, values: object) -> None:
    """Raise `KitError` unless `values` is a list or tuple with something in it."""
    if not isinstance(values, list | tuple) or not values:
        raise KitError(f"{name} is {values!r}, but needs a list with at least one value, such as [{values!r}]")
