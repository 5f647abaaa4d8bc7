"""`RunConfig`: one frozen, validated record of every knob of a training run; its hash names the run."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import wraps
from itertools import product
from typing import Any

from binenc_kit.errors import KitError, require_known
from binenc_kit.validation import checked

HEADS = ("BinEnc", "LinPen", "NonlinPen", "NoPen")
BACKBONES = ("mlp", "convnet", "resnet18", "resnet50")
DATASETS = ("digits", "mnist", "fashion_mnist", "svhn", "cifar10", "cifar100")
CHOICES = {
    "head": HEADS,
    "penalty": ("auto", "quadratic", "none"),
    "gamma_schedule": ("geometric", "constant"),
    "device": ("auto", "cpu", "cuda", "mps"),
    "precision": ("float32", "bfloat16"),
}


def _names_checked(cls: type) -> type:
    """Make the constructor answer a misspelt setting with the nearest right ones."""
    init: Callable[..., None] = cls.__init__

    @wraps(init)
    def __init__(self: Any, **settings: Any) -> None:  # noqa: N807, ANN401  any value may arrive; validation follows
        for name in settings:
            require_known("setting", name, [field.name for field in fields(cls)])
        init(self, **settings)

    cls.__init__ = __init__
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
    penalty: str = "auto"  # auto: quadratic for BinEnc, none for the other heads
    epochs: int = 80
    batch_size: int = 32
    lr: float = 2e-3
    weight_decay: float = 5e-4
    gamma_schedule: str = "geometric"
    gamma_start: float = 1.0  # gamma in the first epoch
    gamma_factor: float = 1.044  # growth an epoch
    gamma_cap: float | None = None  # gamma stops growing here; None: never
    augment: bool = False  # random flips and crops, a new draw for every sample and epoch
    seed: int = 0  # weights, batches, augmentation
    data_seed: int = 0  # splits that the data do not bring, train limit, probe
    train_limit: int | None = None  # train on a stratified subset of this many pictures
    probe_size: int = 1000  # train pictures whose latents are recorded in every epoch
    device: str = "auto"
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Coerce and check every value."""
        for field in fields(self):
            value = checked(field.name, field.type, getattr(self, field.name), CHOICES.get(field.name))
            object.__setattr__(self, field.name, value)
        _check_source("data", self.data, DATASETS, ("folder:", "custom:"))
        _check_source("backbone", self.backbone, BACKBONES, ("custom:",))
        _check_penalty(self)
        if self.penalty == self._own_penalty:  # one run, one name
            object.__setattr__(self, "penalty", "auto")
        _check_gamma(self)

    @property
    def hash(self) -> str:
        """Ten hexadecimal digits that depend on every setting and on nothing else."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:10]

    @property
    def name(self) -> str:
        """The run's folder: head, seed and hash."""
        return f"{self.label}-seed{self.seed}-{self.hash}"

    @property
    def label(self) -> str:
        """The head, with "+penalty" where the penalty is not the head's own, such as NonlinPen+quadratic."""
        return self.head if self.penalty == "auto" else f"{self.head}+{self.penalty}"

    def with_head(self, label: str) -> "RunConfig":
        """The same config with another head, named as in `label`."""
        head, _, penalty = str(label).partition("+")
        return replace(self, head=head, penalty=penalty or "auto")

    @property
    def _own_penalty(self) -> str:
        return "quadratic" if self.head == "BinEnc" else "none"

    @property
    def resolved_penalty(self) -> str:
        """The penalty in force: `penalty`, or the head's own where that is "auto"."""
        return self._own_penalty if self.penalty == "auto" else self.penalty

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
    """Every combination of heads (labels as in `RunConfig.label`), learning rates and seeds, heads outermost."""
    for name, values in {"heads": heads, "lrs": lrs, "seeds": seeds}.items():
        require_list(name, values)
    return [RunConfig(lr=lr, seed=seed, **settings).with_head(head) for head, lr, seed in product(heads, lrs, seeds)]


def require_list(name: str, values: object) -> None:
    """Raise `KitError` unless `values` is a list or tuple with something in it."""
    if not isinstance(values, list | tuple) or not values:
        raise KitError(f"{name} is {values!r}, but needs a list with at least one value, such as [{values!r}]")


def _check_source(kind: str, name: str, known: Sequence[str], prefixes: Sequence[str]) -> None:
    """Accept a known name, or a prefix such as "custom:" followed by something."""
    if not any(name.startswith(prefix) and len(name) > len(prefix) for prefix in prefixes):
        require_known(
            kind, name, [*known, *(prefix + ("PATH" if prefix == "folder:" else "LABEL") for prefix in prefixes)]
        )


def _check_penalty(config: RunConfig) -> None:
    """Keep one name for one thing: LinPen with the penalty *is* BinEnc, and the other way round."""
    if config.head == "BinEnc" and config.penalty == "none":
        raise KitError("BinEnc without its penalty is the head LinPen: ask for head='LinPen'")
    if config.head == "LinPen" and config.penalty == "quadratic":
        raise KitError("LinPen with a penalty is the head BinEnc: ask for head='BinEnc'")


def _check_gamma(config: RunConfig) -> None:
    """Refuse a schedule that grows towards infinity: float32 ends at 3.4e38, and squares come on top."""
    if config.gamma_schedule == "constant" or config.gamma_start == 0:
        return
    exponent = math.log10(config.gamma_start) + (config.epochs - 1) * math.log10(config.gamma_factor)
    if config.gamma_cap is None and exponent > 30:
        raise KitError(
            f"gamma would grow to 1e{exponent:.0f} by epoch {config.epochs}, beyond what float32 can hold: "
            "lower gamma_factor, or set a gamma_cap such as 1e6"
        )
