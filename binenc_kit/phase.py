"""The phase transition: where a code is born and where everything falls into the origin, on maps of many small runs."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from binenc_kit.config import RunConfig, require_list
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.groups import codes
from binenc_kit.measures.collapse import collapse
from binenc_kit.networks import Network
from binenc_kit.outputs import outputs
from binenc_kit.schedules import gamma_at, growing

MEASURES = {
    "test_accuracy": "test accuracy",
    "code_agreement": "code agreement",
    "distinct_codes": "distinct codes",
    "z_size": "size of z",
    "w_size": "size of W2",
}
AXES = {"gamma_last": "gamma at the end", "P": "P", "lr": "learning rate", "gamma_factor": "growth of gamma an epoch"}


class PowerLaw(NamedTuple):
    """y = factor * x^exponent, and the exponent's standard error."""

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
    """A BinEnc run for each gamma at the end, each P and each seed; also P with too few bits for the classes."""
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
    """A BinEnc run for each growth of gamma an epoch, from `gamma_start`, each learning rate and each seed."""
    for name, values in {"factors": factors, "lrs": lrs, "seeds": seeds}.items():
        require_list(name, values)
    return [
        RunConfig(gamma_factor=factor, lr=lr, seed=seed, gamma_start=gamma_start, **settings)
        for factor, lr, seed in product(factors, lrs, seeds)
    ]


def measure_runs(configs: Sequence[RunConfig], networks: Sequence[Network], data: Data) -> pd.DataFrame:
    """One row a run: the AXES, the seed and the MEASURES, with `sigma_w_relative`.

    z_size: root mean square of ||z|| over the train split; w_size: of the classifier's rows, from their mean, since
    what they share changes no prediction. Runs that broke down have NaN but for their accuracy.
    """
    rows = []
    for config, network in zip(configs, networks, strict=True):
        train, test = outputs(network, data, "train"), outputs(network, data, "test")
        row = {"gamma_last": gamma_at(config, config.epochs), "P": train.z.shape[1], "lr": config.lr}
        row |= {"gamma_factor": config.gamma_factor, "seed": config.seed}
        row |= {"test_accuracy": float((test.predicted == test.labels).mean())}
        if np.isfinite(train.z).all():
            row |= codes(train.z, train.labels) | {"z_size": _size(train.z)}
            row["sigma_w_relative"] = collapse(train.z, train.labels).sigma_w_relative
            weight = network.classifier.weight.detach().numpy()
            row["w_size"] = _size(weight - weight.mean(axis=0))
        rows.append(row)
    return pd.DataFrame(rows)


def border(table: pd.DataFrame, by: str, level: float = 0.9) -> pd.Series:
    """For each value of `by`, the gamma at the end from which on mean test accuracy is below `level`.

    Interpolated on a logarithmic axis between the last cell above and the first below; NaN where there is none.
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


def phase_map(
    table: pd.DataFrame, x: str, y: str, measures: Sequence[str] = ("test_accuracy", "code_agreement", "distinct_codes")
) -> Figure:
    """Each measure as a map over x and y, means over the seeds, with the numbers in the cells.

    table: of `measure_runs`; x, y: of AXES; measures: of MEASURES. Raises `KitError` for an empty cell.
    """
    figure = Figure(figsize=(4.7 * len(measures), 4.4), layout="constrained")
    told = []
    for axes, measure in zip(np.atleast_1d(figure.subplots(1, len(measures))), measures, strict=True):
        cells = table.pivot_table(measure, y, x, "mean", dropna=False).sort_index(ascending=False)
        if cells.isna().to_numpy().any() and not table[measure].isna().any():
            raise KitError(f"some pairs of {AXES[x]} and {AXES[y]} have no run: give the runs of a whole grid")
        _draw_cells(figure, axes, cells, measure)
        axes.set_xlabel(AXES[x])
        axes.set_ylabel(AXES[y])
        told.append(f"{MEASURES[measure]} from {cells.min().min():.3g} to {cells.max().max():.3g}")
    seeds = table["seed"].nunique()
    title = f"Maps over {AXES[x]} and {AXES[y]}" + (f", means of {seeds} seeds" if seeds > 1 else "")
    figure.suptitle(title)
    figure.set_label(f"{title}: {'; '.join(told)}.")
    return figure


def scaling_figure(table: pd.DataFrame, laws: Mapping[str, PowerLaw], accurate: float = 0.9) -> Figure:
    """The sizes of z and of W2 against gamma, both axes logarithmic, with fitted power laws.

    table: of `measure_runs`, of one P; laws: by measure, z_size and w_size; accurate: runs below this test accuracy
    stand unfilled, as they were not fitted.
    """
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    told = []
    kept = table["test_accuracy"] >= accurate
    for axes, (measure, law) in zip(figure.subplots(1, len(laws)), laws.items(), strict=True):
        for which, fill in ((kept, "full"), (~kept, "none")):
            axes.plot(*table.loc[which, ["gamma_last", measure]].to_numpy().T, "o", color="#0072B2", fillstyle=fill)
        gammas = np.sort(table.loc[kept, "gamma_last"].unique())[[0, -1]]
        axes.plot(gammas, law.factor * gammas**law.exponent, "--", color="#D55E00", marker="")
        said = f"gamma^({law.exponent:.2f} ± {law.error:.2f})"
        axes.set(xscale="log", yscale="log", xlabel="gamma at the end", ylabel=MEASURES[measure])
        axes.set_title(f"fitted: {said}")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        told.append(f"{MEASURES[measure]} goes as {said}")
    figure.set_label(
        f"Sizes against gamma at the end, {len(table)} runs: {'; '.join(told)}. Unfilled: below {accurate}."
    )
    return figure


def _draw_cells(figure: Figure, axes: Axes, cells: pd.DataFrame, measure: str) -> None:
    """Colours, and numbers that can be read on them."""
    values = cells.to_numpy(dtype=float)
    image = axes.imshow(values, cmap="viridis", aspect="auto")
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        text = "n/a" if np.isnan(value) else f"{value:.1f}" if measure == "distinct_codes" else f"{value:.2g}"
        axes.text(column, row, text, ha="center", va="center", color="black" if value > middle else "white")
    axes.set_xticks(range(len(cells.columns)), [_tick(value) for value in cells.columns])
    axes.set_yticks(range(len(cells.index)), [_tick(value) for value in cells.index])
    axes.set_title(MEASURES[measure])
    figure.colorbar(image, ax=axes, fraction=0.046)


def _tick(value: float) -> str:
    """Two digits, as a rounded growth of gamma misses its end by a little, and powers of ten from 10,000 on."""
    power = round(math.log10(value))
    return f"$10^{power}$" if power > 3 and abs(value / 10**power - 1) < 0.01 else f"{float(f'{value:.2g}'):g}"


def _size(vectors: ArrayLike) -> float:
    return float(np.sqrt(np.square(np.asarray(vectors, dtype=np.float64)).sum(axis=1).mean()))
