"""Claims of the papers, put to runs and answered in sentences that the numbers write."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from binenc_kit.config import RunConfig, require_list
from binenc_kit.errors import KitError
from binenc_kit.rules import label_of
from binenc_kit.schedules import growing
from binenc_kit.tables import Runs, by_epoch, listed

EXPONENTIAL = ("exp_mean", "mean_exp")


class Race(NamedTuple):
    """Two objectives' ways to the simplex, seed by seed.

    epochs: (seeds,), the first epoch in which the first is nearer to the simplex than the second ever comes, NaN where
    it never is; of: how many epochs both have; error, other_error: (seeds,), the ETF errors at the end; accuracy:
    (seeds,), test accuracy of the first less the second's.
    """

    epochs: NDArray[np.float64]
    of: int
    error: NDArray[np.float64]
    other_error: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def simplex_curves(runs: Runs) -> pd.DataFrame:
    """The ETF error of the probe's latents after each epoch: columns label, seed, epoch and etf_error."""
    parts = []
    for run in listed(runs):
        curve = by_epoch(run, ["etf_error"])["etf_error"].reset_index()
        parts.append(curve.assign(label=run.config.label, seed=run.config.seed))
    return pd.concat(parts, ignore_index=True)[["label", "seed", "epoch", "etf_error"]]


def race(curves: pd.DataFrame, table: pd.DataFrame, label: str, other: str) -> Race:
    """Which of two objectives reaches the simplex sooner, seed by seed.

    curves: of `simplex_curves`; table: `results_table` of the same runs. Raises `KitError` unless both have the same
    seeds and epochs. Source: the claim of BinEnc-v1, that its penalty accelerates convergence to the ETF.
    """
    named = table.assign(label=[label_of(*names) for names in table[["head", "penalty"]].to_numpy()])
    sides = [
        curves[curves["label"] == name].pivot_table("etf_error", "seed", "epoch", dropna=False)
        for name in (label, other)
    ]
    tests = [named[named["label"] == name].set_index("seed")["test_accuracy"].sort_index() for name in (label, other)]
    wanted = sides[0].index
    if sides[0].empty or sides[0].shape != sides[1].shape or any(list(part.index) != list(wanted) for part in tests):
        raise KitError(
            f"a race needs runs of the same seeds and epochs, but {label} has {sides[0].shape} of them and {other} "
            f"{sides[1].shape}: train both alike, and measure them all"
        )
    errors = [side.to_numpy() for side in sides]
    if np.isnan(errors).any():
        raise KitError(f"an ETF error of {label} or {other} is NaN, as when classes coincide: race without that seed")
    nearer = errors[0] < errors[1].min(axis=1, keepdims=True)
    first = np.where(nearer.any(axis=1), sides[0].columns.to_numpy()[nearer.argmax(axis=1)], np.nan)
    accuracy = (tests[0] - tests[1]).to_numpy()
    return Race(first, errors[0].shape[1], errors[0][:, -1], errors[1][:, -1], accuracy)


def race_sentence(name: str, other: str, found: Race) -> str:
    """What a race showed, with its spread over the seeds, whichever way it ended."""
    seeds, won = len(found.epochs), np.isfinite(found.epochs)
    sooner = f"{name} comes nearer to the simplex than {other} ever does in {won.sum()} of {seeds} seeds"
    if won.any():
        sooner += f", after {_spread(found.epochs[won], '.1f')} of {found.of} epochs"
    higher, lower = (found.accuracy > 0).sum(), (found.accuracy < 0).sum()
    told = higher + lower
    chance = binomtest(int(higher), int(told)).pvalue if told else 1.0
    return (
        f"{sooner}; ETF error at the end {_spread(found.error, '.3f')} against {_spread(found.other_error, '.3f')}. "
        f"Its test accuracy is higher in {higher} and lower in {lower} of {seeds} seeds, by "
        f"{_spread(found.accuracy, '+.4f')} (sign test over the seeds: p = {chance:.2f})."
    )


def _spread(values: NDArray[np.float64], form: str) -> str:
    """Mean ± standard deviation over the seeds."""
    spread = f" ± {values.std(ddof=1):{form.lstrip('+')}}" if len(values) > 1 else ""
    return f"{values.mean():{form}}{spread}"


def contenders(
    labels: Sequence[str],
    seeds: Sequence[int],
    gamma_last: float = 30.0,
    **settings: Any,  # noqa: ANN401
) -> list[RunConfig]:
    """A config for each label and seed, labels outermost, each with the gamma that its paper gives it.

    The exponential penalties have 10, as in the first version; every other penalty grows to `gamma_last`; LPC has its
    own schedule. labels: as for `train_heads`; settings: those that all share, epochs among them, but none of gamma's.
    Raises `KitError` for settings of gamma, and for an empty list.
    """
    if given := [name for name in settings if name.startswith("gamma_")]:
        raise KitError(f"contenders set their own {', '.join(given)}: give gamma_last, or make RunConfigs yourself")
    require_list("labels", labels)
    require_list("seeds", seeds)
    grown = growing(gamma_last, settings.pop("epochs", RunConfig.epochs))
    configs = []
    for label in labels:
        constant = {"gamma_schedule": "constant", "gamma_start": 10.0} if label.partition("+")[2] in EXPONENTIAL else {}
        configs += [RunConfig(seed=seed, **{**settings, **grown, **constant}).with_head(label) for seed in seeds]
    return configs
