"""Curves over the learning rate: what a choice among several rates was made from."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from binenc_kit.errors import KitError
from binenc_kit.palette import styles
from binenc_kit.tables import Runs, choose_lr, listed

TICKS = 6  # labels that fit on an axis


def accuracy_by_lr(runs: Runs) -> Figure:
    """Accuracy on the probe (train pictures) and on validation after the last epoch, by learning rate and head.

    Ringed: the rate that `choose_lr` takes, by validation accuracy; the test split is not looked at. Means over seeds,
    and the span from lowest to highest. Raises `KitError` for runs with one learning rate only, and for runs that have
    no complete epoch.
    """
    runs = listed(runs)
    if any(not run.epochs for run in runs):
        raise KitError("a run has no complete epoch yet: leave it out, or wait for its first one")
    table = pd.DataFrame([run.metrics[-1] | {"head": run.config.label, "lr": run.config.lr} for run in runs])
    if table["lr"].nunique() < 2:
        raise KitError("all runs have one learning rate: there is no curve to draw")
    chosen = choose_lr(runs)
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    columns = {"probe_accuracy": "accuracy on the probe (train)", "val_accuracy": "accuracy on validation"}
    for axes, (column, label) in zip(figure.subplots(1, 2), columns.items(), strict=True):
        _draw(axes, table, column, chosen)
        axes.set(xscale="log", xlabel="learning rate", ylabel=label)
        rates = sorted(set(table["lr"]))
        axes.set_xticks(rates[:: math.ceil(len(rates) / TICKS)], minor=False)
        axes.set_xticks([], minor=True)
        axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
    figure.suptitle("Accuracy after the last epoch by learning rate; ringed: the best on validation")
    told = "; ".join(f"{head} at {lr:g}: {_at(table, head, lr):.4g}" for head, lr in chosen.items())
    figure.set_label(
        f"Accuracy on the probe and on validation by learning rate, from {table['lr'].min():g} to "
        f"{table['lr'].max():g}. Best on validation: {told}."
    )
    return figure


def _at(table: pd.DataFrame, head: str, lr: float) -> float:
    return table.loc[(table["head"] == head) & (table["lr"] == lr), "val_accuracy"].mean()


def _draw(axes: Axes, table: pd.DataFrame, column: str, chosen: dict[str, float]) -> None:
    """A line for each head, its span over the seeds, and a ring around the chosen rate."""
    style = styles(chosen)
    for head, own in table.groupby("head", sort=False):
        over_seeds = own.groupby("lr")[column].agg(["mean", "min", "max"])
        color, marker = style[head]
        axes.plot(over_seeds.index, over_seeds["mean"], color=color, marker=marker, markersize=7, label=head)
        axes.fill_between(
            over_seeds.index, over_seeds["min"], over_seeds["max"], color=color, alpha=0.2, linewidth=0
        )  # fmt: skip
        ring: dict[str, Any] = {"marker": "o", "markersize": 15, "markerfacecolor": "none", "markeredgecolor": color}
        axes.plot([chosen[head]], [over_seeds["mean"][chosen[head]]], markeredgewidth=2, linestyle="none", **ring)
