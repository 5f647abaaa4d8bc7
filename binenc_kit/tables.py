"""Tables of many runs: results, their means and spreads, curves over the epochs, and the choice of a learning rate."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from binenc_kit.errors import KitError, require_known
from binenc_kit.evaluation import COLUMNS, evaluate, kept_row
from binenc_kit.groups import MEASURES, codes, geometry, mixture
from binenc_kit.recording import Recording
from binenc_kit.rules import LOADING

if TYPE_CHECKING:
    from binenc_kit.data import Data
    from binenc_kit.networks import Backbone

Runs = Mapping[Any, Recording] | Iterable[Recording]
# What can be followed over the epochs, by the function that measures it.
FOLLOWED = {
    "code_agreement": codes, "whole_code_agreement": codes, "distinct_codes": codes,
    "binarity_score": mixture, "binarity_std": mixture, "peak_distance": mixture, "at_ceiling": mixture,
    "sigma_w": geometry, "sigma_w_relative": geometry, "nc1": geometry, "cdnv": geometry, "nc2_equinorm": geometry,
    "nc2_equiangular": geometry, "nc2_max_angle": geometry, "etf_error": geometry,
}  # fmt: skip
BRIEF = (
    "train_accuracy", "val_accuracy", "test_accuracy", "code_agreement", "whole_code_agreement", "distinct_codes",
    "sigma_w", "sigma_w_relative",
)  # fmt: skip


def results_table(
    runs: Runs, data: "Data | None" = None, backbone: "Backbone | None" = None, mode: str = "strict"
) -> pd.DataFrame:
    """One row of results a run, in the order given; runs: recordings, or a dictionary of them; mode: as `evaluate`."""
    shared, rows = {}, []
    for run in listed(runs):
        config = run.config
        key = tuple(getattr(config, name) for name in LOADING)
        if data is None and key not in shared and not kept_row(run, mode):
            from binenc_kit.data import load_config_data
            from binenc_kit.outputs import for_this_machine

            shared[key] = load_config_data(for_this_machine(config))
        rows.append(evaluate(run, shared.get(key, data), backbone, mode))
    return pd.DataFrame(rows, columns=COLUMNS)


def by_epoch(
    recording: Recording, measures: Iterable[str] = ("code_agreement", "sigma_w", "sigma_w_relative")
) -> pd.DataFrame:
    """A run's metrics with measures of the probe's latents, one row a complete epoch, indexed by epoch.

    measures: which of FOLLOWED; each looks at every frame, in the mode strict. Raises `KitError` for other measures and
    for a run without a complete epoch.
    """
    curves = pd.DataFrame(recording.metrics)
    if curves.empty:
        raise KitError(f"{recording.folder} has no complete epoch yet: wait for the first one")
    for name in (measures := list(measures)):
        require_known("measure", name, FOLLOWED)
    frames, labels = recording.latents[: len(curves)], recording.labels  # an epoch may have been added meanwhile
    for group in dict.fromkeys(FOLLOWED[name] for name in measures):
        measured = pd.DataFrame([group(frame, labels) for frame in frames])
        for name in measures:
            if FOLLOWED[name] is group:
                curves[name] = measured[name]
    return curves.set_index("epoch")


def choose_lr(runs: Runs) -> dict[str, float]:
    """Each head's learning rate with the best mean validation accuracy, the smaller one of equals.

    It reads the recordings' last epoch only: the test split is not looked at. Keys are `RunConfig.label`.
    """
    rows = [(run.config.label, run.config.lr, run.metrics[-1]["val_accuracy"]) for run in listed(runs)]
    means = pd.DataFrame(rows, columns=["head", "lr", "val"]).groupby(["head", "lr"], sort=True)["val"].mean()
    return {head: float(of_head.idxmax()[1]) for head, of_head in means.groupby(level=0)}


def best_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that a table of several learning rates stands for, chosen as its mode says.

    strict: of each head the rate with the best mean validation accuracy, all seeds. paper: of each head and seed the
    run with the best *test* accuracy, which flatters it. The smaller rate of equals. Raises `KitError` for two modes.
    """
    if table["mode"].nunique() != 1:
        raise KitError("best_rows needs the rows of one mode: choose table[table['mode'] == 'strict'], or 'paper'")
    chosen_by = "test_accuracy" if table["mode"].iloc[0] == "paper" else "val_accuracy"
    if table[chosen_by].isna().any():
        raise KitError(f"a row has no {chosen_by}: leave it out, or measure its run again")
    table = table.reset_index(drop=True).sort_values("lr", kind="stable")  # joined tables repeat their indices
    heads = ["data", "head", "penalty"]
    if chosen_by == "test_accuracy":
        best = table.loc[table.groupby([*heads, "seed"], sort=False)["test_accuracy"].idxmax()]
        return best.sort_index().reset_index(drop=True)
    means = table.groupby([*heads, "lr"], sort=True)["val_accuracy"].transform("mean")
    rates = table.loc[means.groupby([table[name] for name in heads], sort=False).idxmax(), [*heads, "lr"]]
    return table.sort_index().merge(rates)


def summarise(table: pd.DataFrame, measures: Iterable[str] = BRIEF) -> pd.DataFrame:
    """Mean ± standard deviation over the seeds of each head, as text, heads in the order of the table.

    measures: columns of the results table, else `KitError`; modes stay apart.
    """
    names, by = list(measures), ["data", "mode", "head", "penalty", "lr"]
    for name in names:
        require_known("measure", name, MEASURES)
    rows = {}
    for key, group in table.groupby(by, sort=False, dropna=False):
        with np.errstate(invalid="ignore"):  # infinite entropies have no spread
            means, spread = group[names].astype(float).mean(), group[names].astype(float).std(ddof=1)
        rows[key] = {"runs": len(group)} | {name: mean_and_spread(name, means[name], spread[name]) for name in names}
    keys = pd.DataFrame(list(rows), columns=by)
    return pd.concat([keys, pd.DataFrame(list(rows.values()))], axis=1)


def listed(runs: Runs) -> list[Recording]:
    """Recordings as a list, whether they came as a list, a dictionary, or a single one; `KitError` for none."""
    if isinstance(runs, Recording):
        return [runs]
    runs = list(runs.values() if isinstance(runs, Mapping) else runs)
    if not runs or not all(isinstance(run, Recording) for run in runs):
        raise KitError("no recordings were given: pass what train_heads returns, or [Recording(folder), ...]")
    return runs


def mean_and_spread(name: str, mean: float, spread: float) -> str:
    """Mean ± standard deviation as text, without the spread where there is none: few digits, as the measure needs."""
    if np.isnan(mean):
        return "n/a"
    if name in ("distinct_codes", "bits_used", "mahalanobis_rank"):
        of_mean = of_spread = ".1f"
    elif (
        name.endswith("accuracy")
        or name.startswith(("code_agreement", "whole_code"))
        or name.startswith(("auroc", "deepfool"))
    ):
        of_mean = of_spread = ".4f"
    else:
        of_mean, of_spread = ".3g", ".1g"
    return f"{mean:{of_mean}}" + ("" if np.isnan(spread) else f" ± {spread:{of_spread}}")
