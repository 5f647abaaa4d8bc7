"""Each setting's type and range, checked one by one."""

import math
from collections.abc import Sequence
from types import UnionType
from typing import Any, get_args

from binenc_kit.errors import KitError, require_known

# Smallest and largest value each number may take.
RANGES = {
    "width": (1, 4096),
    "P": (1, 4096),
    "epochs": (1, 100_000),
    "batch_size": (2, 1_000_000),  # batch norm needs two samples
    "lr": (1e-12, 100.0),
    "classifier_lr": (1e-12, 100.0),
    "lr_hold": (0, 100_000),
    "lr_period": (1, 100_000),
    "lr_min": (0.0, 100.0),
    "weight_decay": (0.0, 10.0),
    "gamma_start": (0.0, 1e30),
    "gamma_factor": (1e-6, 1e6),
    "gamma_step": (1, 100_000),
    "gamma_turn": (0.0, 1e30),
    "gamma_factor_2": (1e-6, 1e6),
    "gamma_cap": (0.0, 1e30),
    "hug_alpha": (0.0, 1e6),
    "hug_beta": (0.0, 1e6),
    "center_weight": (0.0, 1e6),
    "seed": (0, 2**31 - 1),
    "data_seed": (0, 2**31 - 1),
    "train_limit": (2, 1_000_000_000),
    "probe_size": (1, 1_000_000),
}


def checked(name: str, kind: Any, value: Any, choices: Sequence[str] | None = None) -> Any:  # noqa: ANN401
    """Bring one value to its field's type and range; raises `KitError` where that cannot be."""
    if isinstance(kind, UnionType):  # the optional settings are "int | None" or "float | None"
        if value is None:
            return None
        kind = get_args(kind)[0]
    if kind is bool and type(value).__name__ in ("bool", "bool_"):  # numpy's, too
        return bool(value)
    if kind in (str, bool):
        if not isinstance(value, kind):
            raise KitError(f"{name} is {value!r}, but must be {'true or false' if kind is bool else 'a text'}")
        if choices:
            require_known(name.replace("_", " "), value, choices)
        return value
    try:  # YAML reads 1e-3 as a text, so texts that are numbers are welcome
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    low, high = RANGES[name]
    if not low <= number <= high or (kind is int and not number.is_integer()):  # NaN fails the first comparison
        what = "a whole number" if kind is int else "a number"
        raise KitError(f"{name} is {value!r:.40}, but must be {what} from {low:g} to {high:g}")
    return kind(number)
