"""When do the paper's gains appear? A study of BinEnc beside NoPen in which one thing is changed at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from binenc_kit.config import RunConfig, require_list
from binenc_kit.errors import KitError
from binenc_kit.palette import STYLES
from binenc_kit.schedules import growing

LEARNED = 0.9  # train accuracy from which on a network is said to have learned its train pictures
PANELS = {
    "test_accuracy": "test accuracy",
    "auroc": "AUROC, Mahalanobis",
    "deepfool_relative": "DeepFool's norm",
    "deepfool_refined": "refined norm",
}

AXES = (  # what is drawn to the right, its column, and what stays as in the base
    ("train accuracy (longer training)", "train_accuracy", ("gamma_last", "P")),
    ("gamma at the end", "gamma_last", ("epochs", "P")),
    ("P", "P", ("epochs", "gamma_last")),
)


def study_configs(
    base: Mapping[str, float], axes: Mapping[str, Sequence[float]], backbones: Mapping[str, int | None],
    seeds: Sequence[int], **settings: Any,  # noqa: ANN401
) -> list[RunConfig]:  # fmt: skip
    """The configs of the study: BinEnc at `base` and wherever one of `axes` has another value, NoPen for each `epochs`.

    base: epochs, gamma_last and P; axes: further values of each; backbones: names with their widths; settings: those
    that all runs share. Seeds outermost, so that a study that is stopped early is a whole one with fewer seeds. Raises
    `KitError` for an empty list.
    """
    for name, values in {"seeds": seeds, "backbones": list(backbones), **axes}.items():
        require_list(name, values)
    points = [dict(base)] + [dict(base) | {name: value} for name, values in axes.items() for value in values]
    points = [point for index, point in enumerate(points) if point not in points[:index]]
    configs = []
    for seed in seeds:
        for backbone, width in backbones.items():
            for point in points:
                common = {**settings, **growing(point["gamma_last"], int(point["epochs"]))}
                common |= {"backbone": backbone, "width": width, "seed": seed, "P": int(point["P"])}
                configs.append(RunConfig(head="BinEnc", **common))
                if point == {**base, "epochs": point["epochs"]}:  # NoPen has neither gamma nor P
                    configs.append(RunConfig(head="NoPen", **common))
    return configs


def beside(table: pd.DataFrame) -> pd.DataFrame:
    """Each BinEnc setting's means over the seeds beside those of NoPen with the same backbone and epochs.

    table: rows of `results_table`. Columns: backbone, epochs, gamma_last (rounded to two digits), P, and each of
    PANELS with train_accuracy and auroc_softmax, once as it is and once with "_NoPen". Raises `KitError` where a
    NoPen is missing.
    """
    names = ["train_accuracy", "auroc_softmax", *PANELS]
    if "mode" in table and table["mode"].nunique() > 1:
        raise KitError("the study needs rows of one mode: choose table[table['mode'] == 'strict']")
    table = table.assign(gamma_last=[float(f"{gamma:.2g}") for gamma in table["gamma_last"]])
    heads = dict(tuple(table.groupby("head")))
    if set(heads) != {"BinEnc", "NoPen"}:
        raise KitError(f"the study compares BinEnc with NoPen, but these runs are of {', '.join(sorted(heads))}")
    ours = heads["BinEnc"].groupby(["backbone", "epochs", "gamma_last", "P"])[names].mean()
    others = heads["NoPen"].groupby(["backbone", "epochs"])[names].mean()
    joined = ours.reset_index().merge(
        others.reset_index(), on=["backbone", "epochs"], suffixes=("", "_NoPen"), how="left"
    )
    if joined["train_accuracy_NoPen"].isna().any():
        raise KitError("a NoPen run is missing for some backbone and number of epochs: train it, or leave BinEnc's out")
    return joined


def sentences(table: pd.DataFrame) -> list[str]:
    """Three sentences about test accuracy, AUROC and DeepFool, with the numbers of the table, whatever they say.

    They count the settings in which both networks have learned at least 90 % of their train pictures.
    """
    every = beside(table)
    both = every[(every["train_accuracy"] >= LEARNED) & (every["train_accuracy_NoPen"] >= LEARNED)]
    if both.empty:
        return ["In no setting did both BinEnc and NoPen learn 90 % of their train pictures: nothing can be compared."]
    n = len(both)
    accuracy = both["test_accuracy"] - both["test_accuracy_NoPen"]
    auroc = both["auroc"] - both["auroc_NoPen"]
    softmax = both["auroc"] - both[["auroc_softmax", "auroc_softmax_NoPen"]].max(axis=1)
    said, refined = (both[name] / both[f"{name}_NoPen"] for name in ("deepfool_relative", "deepfool_refined"))
    return [
        f"Test accuracy: of {n} settings in which both learned at least {LEARNED:.0%} of their train pictures, BinEnc "
        f"is above NoPen in {(accuracy > 0).sum()}; the difference goes from {accuracy.min():+.3f} to "
        f"{accuracy.max():+.3f}, at best with {_where(both, accuracy)}.",
        f"Reliability: BinEnc's Mahalanobis AUROC is above NoPen's in {(auroc > 0).sum()} of the {n}, by "
        f"{auroc.min():+.3f} to {auroc.max():+.3f}, most with {_where(both, auroc)}; above the better of the softmax "
        f"baselines it is in {(softmax > 0).sum()}.",
        f"Robustness: by DeepFool's own norm BinEnc is above NoPen in {(said > 1).sum()} of the {n}, by a factor of "
        f"{said.min():.2f} to {said.max():.2f}, most with {_where(both, said)}; by the refined norm in "
        f"{(refined > 1).sum()}, by {refined.min():.2f} to {refined.max():.2f}.",
    ]


def _where(both: pd.DataFrame, values: pd.Series) -> str:
    if values.isna().all():  # an AUROC needs wrong predictions
        return "none, as it cannot be measured"
    best = both.loc[values.idxmax()]
    return f"{best['backbone']}, {best['epochs']} epochs, gamma to {best['gamma_last']:g}, P = {best['P']}"


def gains_figure(table: pd.DataFrame, base: Mapping[str, float]) -> Figure:
    """Each measure against train accuracy, final gamma, P and depth, one changed at a time from `base`.

    table: rows of `results_table` of the study's runs, all seeds; base: epochs, gamma_last and P.
    """
    every = beside(table)
    figure = Figure(figsize=(13, 10.5), layout="constrained")
    panels = figure.subplots(len(PANELS), 4, sharey="row")
    for row, (measure, label) in zip(panels, PANELS.items(), strict=True):
        for axes, (what, x, fixed) in zip(row, AXES, strict=False):
            _draw_lines(axes, every[_near(every, {name: base[name] for name in fixed})], x, measure)
            axes.set_xlabel(what)
        _draw_depth(row[3], every[_near(every, base)], measure)
        row[0].set_ylabel(label)
        row[1].set_xscale("log")
        row[2].set_xscale("log", base=2)
        row[2].xaxis.set_major_formatter("{x:.0f}")
        if measure.startswith("deepfool"):
            row[0].set_yscale("log")
    for axes in panels.flat:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    seeds = table["seed"].nunique()
    spread = f", means of {seeds} seeds" if seeds > 1 else ""
    figure.suptitle(f"When do the gains appear? BinEnc beside NoPen, one thing changed at a time{spread}")
    figure.set_label(
        "Sixteen panels: test accuracy, AUROC, DeepFool's norm and its refined norm against train accuracy, gamma at "
        "the end, P and depth, for BinEnc and NoPen. " + " ".join(sentences(table))
    )
    return figure


def _near(every: pd.DataFrame, values: Mapping[str, float]) -> pd.Series:
    """Which rows have these values, gamma to within 5 %."""
    same = [pd.Series(np.isclose(every[name], value, rtol=0.05), every.index) for name, value in values.items()]
    return pd.concat(same, axis=1).all(axis=1)


def _draw_lines(axes: Axes, kept: pd.DataFrame, x: str, measure: str) -> None:
    """BinEnc's line and NoPen's of each backbone; NoPen's own train accuracy where that is the axis."""
    for style, fill, (backbone, own) in zip(
        ("-", "--", ":"), ("full", "none", "left"), kept.groupby("backbone"), strict=False
    ):
        for head, suffix in (("BinEnc", ""), ("NoPen", "_NoPen")):
            color, marker = STYLES[head]
            x_own = x + suffix if x == "train_accuracy" else x
            line = own.sort_values(x_own)
            axes.plot(
                line[x_own], line[measure + suffix], style, color=color, marker=marker, fillstyle=fill, markersize=7,
                label=f"{head}, {backbone}",
            )  # fmt: skip


def _draw_depth(axes: Axes, kept: pd.DataFrame, measure: str) -> None:
    """Both heads at the base setting, a place on the axis for each backbone."""
    for head, suffix in (("BinEnc", ""), ("NoPen", "_NoPen")):
        color, marker = STYLES[head]
        axes.plot(kept["backbone"], kept[measure + suffix], color=color, marker=marker, markersize=8)
    axes.set_xlabel("depth")
    axes.margins(x=0.3)
