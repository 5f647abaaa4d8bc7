"""The phase transition: where a code is born and where it is lost, as a table of many small runs."""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from binenc_kit.config import RunConfig, require_list
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.groups import codes
from binenc_kit.measures.accuracy import accuracy
from binenc_kit.measures.collapse import collapse
from binenc_kit.networks import Network
from binenc_kit.outputs import Outputs, classifier_weight, outputs
from binenc_kit.schedules import gamma_at, growing

MEASURES = {
    "test_accuracy": "test accuracy",
    "code_agreement": "code agreement",
    "distinct_codes": "distinct codes",
    "nearest_mean_accuracy": "nearest-mean accuracy",
    "z_size": "size of z",
    "w_size": "size of W2",
}
AXES = {"gamma_last": "gamma at the end", "P": "P", "lr": "learning rate", "gamma_factor": "growth of gamma an epoch"}


class PowerLaw(NamedTuple):
    """y = factor * x^exponent, and the exponent's standard error by the fit, which a bend makes too small."""

    exponent: float
    error: float
    factor: float


def gamma_by_P(  # noqa: N802  P is a name of the field
    gammas: Sequence[float],
    Ps: Sequence[int],
    seeds: Sequence[int],
    epochs: int = 80,
    **settings: Any,  # noqa: ANN401
) -> list[RunConfig]:
    """A BinEnc run for each gamma at the end, each P and each seed; also P with too few bits for the classes.

    Raises `KitError` for an empty list.
    """
    for name, values in {"gammas": gammas, "Ps": Ps, "seeds": seeds}.items():
        require_list(name, values)
    return [
        RunConfig(P=P, seed=seed, allow_small_P=True, **growing(gamma, epochs), **settings)
        for gamma, P, seed in product(gammas, Ps, seeds)
    ]


def growth_by_lr(
    factors: Sequence[float],
    lrs: Sequence[float],
    seeds: Sequence[int],
    gamma_start: float = 0.01,
    **settings: Any,  # noqa: ANN401
) -> list[RunConfig]:
    """A BinEnc run for each growth of gamma an epoch, from `gamma_start`, each learning rate and each seed.

    Raises `KitError` for an empty list.
    """
    for name, values in {"factors": factors, "lrs": lrs, "seeds": seeds}.items():
        require_list(name, values)
    return [
        RunConfig(gamma_factor=factor, lr=lr, seed=seed, gamma_start=gamma_start, **settings)
        for factor, lr, seed in product(factors, lrs, seeds)
    ]


def measure_runs(configs: Sequence[RunConfig], networks: Sequence[Network], data: Data) -> pd.DataFrame:
    """One row a run: the AXES, the seed and the MEASURES, with `sigma_w_relative`.

    nearest_mean_accuracy: of test pictures, by the nearest class mean of the train latents, which no bias or size of
    the classifier can spoil. z_size: root mean square of ||z|| over the train split; w_size: of the classifier's rows,
    from their mean, since what they share changes no prediction. Runs that broke down have NaN but for their accuracy.
    """
    rows, data = [], data.to(next(networks[0].parameters()).device)
    for config, network in zip(configs, networks, strict=True):
        train, test = outputs(network, data, "train"), outputs(network, data, "test")
        row = {"gamma_last": gamma_at(config, config.epochs), "P": train.z.shape[1], "lr": config.lr}
        row |= {"gamma_factor": config.gamma_factor, "seed": config.seed}
        row |= {"test_accuracy": accuracy(test.predicted, test.labels)}
        if np.isfinite(train.z).all():
            row |= codes(train.z, train.labels) | {"nearest_mean_accuracy": _nearest_mean_accuracy(train, test)}
            row["sigma_w_relative"] = collapse(train.z, train.labels).sigma_w_relative
            row |= sizes(train.z, classifier_weight(network))
        rows.append(row)
    return pd.DataFrame(rows)


def sizes(z: ArrayLike, weight: ArrayLike) -> dict[str, float]:
    """Root mean squares of ||z||, z (N, P), and of the length of the classifier's rows (C, P) from their mean."""
    z, weight = np.asarray(z, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    both = {"z_size": z, "w_size": weight - weight.mean(axis=0)}
    return {name: float(np.sqrt(np.square(vectors).sum(axis=1).mean())) for name, vectors in both.items()}


def border(table: pd.DataFrame, by: str, level: float = 0.9) -> pd.Series:
    """For each value of `by`, the least gamma at the end with which mean test accuracy falls below `level`.

    Interpolated on a logarithmic axis between the first cell below and the one before; NaN where there is none.
    table: of `measure_runs`; by: of AXES. Runs that start below the level, at the least gamma, have no border.
    """
    found = {}
    for value, cells in table.groupby(by):
        means = cells.groupby("gamma_last")["test_accuracy"].mean().sort_index()
        below = np.flatnonzero(means.to_numpy() < level)
        found[value] = np.nan
        if len(below) and below[0] > 0:
            (low, high), (above, under) = np.log(means.index[[below[0] - 1, below[0]]]), means.iloc[below[0] - 1 :][:2]
            found[value] = float(np.exp(low + (high - low) * (above - level) / (above - under)))
    return pd.Series(found, name="gamma at the border").rename_axis(by)


def power_law(x: ArrayLike, y: ArrayLike) -> PowerLaw:
    """The straight line through (log x, log y) with the least squares.

    x, y: (n,), above 0, n at least 3. Raises `KitError` for others.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 3 or not (x > 0).all() or not (y > 0).all() or np.ptp(x) == 0:
        raise KitError(
            f"an exponent needs at least three numbers above 0 in x and as many in y, not {x.shape} and {y.shape}: "
            "leave out runs that broke down"
        )
    design = np.stack([np.log(x), np.ones(len(x))], axis=1)
    (slope, shift), *_ = np.linalg.lstsq(design, np.log(y), rcond=None)
    rest = np.log(y) - design @ [slope, shift]
    error = np.sqrt(rest @ rest / (len(x) - 2) / np.square(np.log(x) - np.log(x).mean()).sum())
    return PowerLaw(float(slope), float(error), float(np.exp(shift)))


def _nearest_mean_accuracy(train: Outputs, test: Outputs) -> float:
    labels = np.unique(train.labels)
    means = np.stack([train.z[train.labels == label].astype(np.float64).mean(axis=0) for label in labels])
    nearest = cdist(test.z.astype(np.float64), means).argmin(axis=1)
    return accuracy(labels[nearest], test.labels)
