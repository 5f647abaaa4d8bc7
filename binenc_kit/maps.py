"""Maps of many small runs, and how sizes scale with gamma."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from binenc_kit.errors import KitError
from binenc_kit.phase import AXES, MEASURES, PowerLaw


def phase_map(
    table: pd.DataFrame, x: str, y: str, measures: Sequence[str] = ("test_accuracy", "code_agreement", "distinct_codes")
) -> Figure:
    """Each measure as a map over x and y, means over the seeds, with the numbers in the cells; n/a where one has none.

    table: of `measure_runs`; x, y: of AXES; measures: of MEASURES. Raises `KitError` for an empty cell.
    """
    figure = Figure(figsize=(4.7 * len(measures), 4.4), layout="constrained")
    told = []
    for axes, measure in zip(np.atleast_1d(figure.subplots(1, len(measures))), measures, strict=True):
        cells = table.pivot_table(measure, y, x, _mean, dropna=False).sort_index(ascending=False)
        if cells.isna().to_numpy().any() and not table[measure].isna().any():
            raise KitError(f"some pairs of {AXES[x]} and {AXES[y]} have no run: give the runs of a whole grid")
        _draw_cells(figure, axes, cells, measure)
        digits = {
            axis: 2 if axis == "gamma_last" else 3 for axis in (x, y)
        }  # growth, rounded, misses its end by a little
        axes.set_xticks(range(len(cells.columns)), [_tick(value, digits[x]) for value in cells.columns])
        axes.set_yticks(range(len(cells.index)), [_tick(value, digits[y]) for value in cells.index])
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
    for axes, (measure, law) in zip(np.atleast_1d(figure.subplots(1, len(laws))), laws.items(), strict=True):
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
    size = measure.endswith("_size")  # spans powers of ten
    image = axes.imshow(values, cmap="viridis", aspect="auto", norm="log" if size else "linear")
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        form = ".1f" if measure == "distinct_codes" else ".1g" if size else ".2g"
        light = np.isnan(value) or np.asarray(image.norm(value)) > 0.5  # an empty cell is white
        text = "n/a" if np.isnan(value) else f"{value:{form}}"
        axes.text(column, row, text, ha="center", va="center", color="black" if light else "white")
    axes.set_title(MEASURES[measure])
    figure.colorbar(image, ax=axes, fraction=0.046)


def _mean(values: pd.Series) -> float:
    return values.mean(skipna=False)


def _tick(value: float, digits: int) -> str:
    """A number of so many digits, and powers of ten from 10,000 on."""
    power = round(math.log10(value))
    return f"$10^{power}$" if power > 3 and abs(value / 10**power - 1) < 0.01 else f"{float(f'{value:.{digits}g}'):g}"
