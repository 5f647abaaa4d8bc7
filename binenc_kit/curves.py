"""Curves by epoch, a panel for each measure and a line for each head: BinEnc-v3, Figures 1, 3, 4 and 5."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from binenc_kit.errors import KitError
from binenc_kit.palette import styles
from binenc_kit.recording import Recording
from binenc_kit.tables import FOLLOWED, Runs, by_epoch, listed

Curves = dict[str, list[pd.DataFrame]]  # of each head, a table a run


class Panel(NamedTuple):
    """What one panel shows: its axis label, its scale, where the axis ends, and a line that the measure can reach."""

    label: str
    scale: str = "linear"
    top: float | None = None
    reach: float | None = None


def binarity_by_epoch(runs: Runs) -> Figure:
    """How well two narrow peaks describe each latent dimension of the probe, epoch by epoch. Source: BinEnc-v3, Fig. 1.

    Dashed: what two points, equally frequent, would score; dead dimensions and rarer points can score more. A mixture
    is fitted for each dimension at each epoch: the wide latents of NoPen take seconds.
    """
    panels = {
        "binarity_score": Panel("score (log-likelihood, nats a sample)", reach=5.296),
        "binarity_std": Panel("standard deviation of the peaks", "log", reach=1e-3),
        "peak_distance": Panel("distance of the peaks\n(in their standard deviations)", "log", reach=2000),
    }
    return _curves(_by_head(runs, panels), panels, "Two peaks in each latent dimension", told=3)


def code_agreement_by_epoch(runs: Runs) -> Figure:
    """Code agreement of the probe, bit by bit and for whole codes. Source: BinEnc-v3, Fig. 3."""
    panels = {
        "code_agreement": Panel("code agreement (bit by bit)", top=1.02),
        "whole_code_agreement": Panel("whole-code agreement", top=1.02),
    }
    return _curves(_by_head(runs, panels), panels, "Code agreement by epoch")


def sigma_w_by_epoch(runs: Runs) -> Figure:
    """Within-class variance of the probe's latents, absolute and relative. Source: BinEnc-v3, Fig. 4."""
    panels = {
        "sigma_w": Panel("Sigma_W (trace / P)", "log"),
        "sigma_w_relative": Panel("Sigma_W relative to Sigma_B", "log"),
    }
    return _curves(_by_head(runs, panels), panels, "Within-class variance by epoch")


def accuracy_by_epoch(runs: Runs, table: pd.DataFrame | None = None) -> Figure:
    """Accuracy on the probe (train pictures) and on the validation split, epoch by epoch. Source: BinEnc-v3, Fig. 5.

    The paper shows the test split by epoch; ours is looked at once, at the end, so that no choice can lean on it.
    table: `results_table(runs)`, whose test accuracies, as means over seeds, then stand unfilled after the last epoch.
    Raises `KitError` where a run is not in the table.
    """
    panels = {
        "probe_accuracy": Panel("accuracy on the probe (train)", top=1.02),
        "val_accuracy": Panel("accuracy on validation", top=1.02),
    }
    tests = None if table is None else _test_accuracies(runs := listed(runs), table)
    return _curves(_by_head(runs, panels), panels, "Accuracy by epoch", tests=tests)


def collapse_by_epoch(runs: Runs) -> Figure:
    """How far the probe's classes have collapsed, and how near their means are to a regular simplex, epoch by epoch.

    With P below C - 1 the second and third cannot all reach 0; see `collapse`. Source: Papyan et al. 2020.
    """
    panels = {
        "nc1": Panel("NC1 (spread within the classes)", "log"),
        "etf_error": Panel("ETF error (distance from a simplex)"),
        "nc2_max_angle": Panel("NC2 (cosines' distance from -1/(C - 1))"),
    }
    return _curves(_by_head(runs, panels), panels, "Neural collapse by epoch", told=3)


def simplex_by_epoch(curves: pd.DataFrame) -> Figure:
    """How near the probe's class means are to a regular simplex, epoch by epoch, from a table instead of recordings.

    curves: of `claims.simplex_curves`. Source: the claim of BinEnc-v1.
    """
    by_head = {
        label: [one.set_index("epoch") for _, one in own.groupby("seed")]
        for label, own in curves.groupby("label", sort=False)
    }
    panel = Panel("ETF error (distance from a simplex)")
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    _draw(axes, by_head, "etf_error")
    _dress(axes, panel)
    figure.legend(loc="outside right center", frameon=False)
    seeds = ", ".join(f"{label} {len(own)}" for label, own in by_head.items())
    figure.set_label(f"ETF error by epoch. Seeds: {seeds}. {_told(by_head, {'etf_error': panel}, 1)}")
    return figure


def _curves(
    by_head: Curves, panels: dict[str, Panel], title: str, told: int = 1, tests: dict[str, float] | None = None
) -> Figure:
    """A figure of the panels; told: of how many panels the alt text tells the end; tests: accuracies to mark."""
    figure = Figure(figsize=(11 if len(panels) < 3 else 14, 4.2), layout="constrained")
    for axes, (column, panel) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        _draw(axes, by_head, column)
        _dress(axes, panel)
    handles, names = axes.get_legend_handles_labels()
    if tests:
        handles.append(_mark(axes, by_head, tests))
        names.append("unfilled: test, after the last epoch")
    seeds = max(len(curves) for curves in by_head.values())
    spread = f", mean of {seeds} seeds and the span from lowest to highest" if seeds > 1 else ""
    figure.suptitle(title + spread)
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
    told = _told(by_head, panels, told) + (f" Unfilled, test accuracy at the end: {_listed(tests)}." if tests else "")
    figure.set_label(f"{title}{spread}, for {', '.join(by_head)}: {told}")
    return figure


def _draw(axes: Axes, by_head: Curves, column: str) -> None:
    """For each head the mean over its runs, and the span from lowest to highest."""
    style = styles(by_head)
    for number, (head, curves) in enumerate(by_head.items()):
        over_seeds = pd.concat([curve[column] for curve in curves], axis=1)
        color, marker = style[head]
        mean, epochs = over_seeds.mean(axis=1), over_seeds.index
        every = max(1, len(epochs) // 8)
        offset = (number * every // max(1, len(by_head))) % every  # markers of different heads side by side
        axes.plot(epochs, mean, color=color, marker=marker, markevery=(offset, every), markersize=7, label=head)
        axes.fill_between(epochs, over_seeds.min(axis=1), over_seeds.max(axis=1), color=color, alpha=0.2, linewidth=0)


def _dress(axes: Axes, panel: Panel) -> None:
    """Scale, labels, grid, and the line that the measure can reach."""
    axes.set_yscale(panel.scale)
    if panel.top is not None:
        axes.set_ylim(top=panel.top)
    axes.set_xlabel("epoch")
    axes.set_ylabel(panel.label)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if panel.reach is not None:
        axes.axhline(panel.reach, color="black", linewidth=1, linestyle="--")
        axes.annotate(
            f"perfect two points: {panel.reach:g}", (0.02, panel.reach), (0, 3), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", fontsize=10,
        )  # fmt: skip


def _mark(axes: Axes, by_head: Curves, tests: dict[str, float]) -> Line2D:
    """Each head's test accuracy, unfilled, side by side after the last epoch; returns what stands in the legend."""
    style = styles(by_head)
    last = max(curve.index[-1] for curves in by_head.values() for curve in curves)
    ticks, width = axes.get_xticks(), 0.05 * last
    unfilled: dict[str, Any] = {"markerfacecolor": "none", "markeredgewidth": 2, "markersize": 9, "linestyle": "none"}
    for number, (head, accuracy) in enumerate(tests.items(), start=1):
        color, marker = style[head]
        axes.plot([last + number * width], [accuracy], marker=marker, markeredgecolor=color, **unfilled)
    axes.axvline(last + width / 3, color="black", linewidth=1, linestyle=":")
    axes.text(last + (len(tests) + 1) / 2 * width, 0.02, "test", transform=axes.get_xaxis_transform(), ha="center")
    axes.set_xticks([tick for tick in ticks if 0 <= tick <= last])
    axes.set_xlim(right=last + (len(tests) + 1) * width)
    return Line2D([], [], marker="o", markeredgecolor="0.3", **unfilled)


def _test_accuracies(runs: list[Recording], table: pd.DataFrame) -> dict[str, float]:
    """Each head's test accuracy, the mean over its runs."""
    known = table.groupby("run")["test_accuracy"].mean()  # both modes see the same test accuracy
    missing = [run.folder.name for run in runs if run.folder.name not in known.index]
    if missing:
        raise KitError(f"the table has no row for {', '.join(missing)}: pass results_table of the runs that you draw")
    found = pd.DataFrame([(run.config.label, known[run.folder.name]) for run in runs])
    return found.groupby(0, sort=False)[1].mean().to_dict()


def _by_head(runs: Runs, panels: dict[str, Panel]) -> Curves:
    """The curves of each head; `KitError` where its runs differ in more than their seed: such a mean means nothing."""
    by_head: dict[str, list[Recording]] = {}
    for run in listed(runs):
        by_head.setdefault(run.config.label, []).append(run)
    for head, same in by_head.items():
        first = vars(same[0].config)
        for run in same:
            other = [name for name, value in vars(run.config).items() if value != first[name] and name != "seed"]
            if other:
                raise KitError(
                    f"the runs of {head} differ in {', '.join(other)}: draw them apart, only seeds are averaged"
                )
    measures = [column for column in panels if column in FOLLOWED]
    return {head: [by_epoch(run, measures) for run in same] for head, same in by_head.items()}


def _told(by_head: Curves, panels: dict[str, Panel], told: int) -> str:
    """The panels and, of the first `told`, the curves' last values in words, for readers who do not see them."""
    labels = {column: panel.label.replace("\n", " ") for column, panel in panels.items()}
    sentences = [f"{'; '.join(labels.values())}."]
    for column in list(panels)[:told]:
        ends = {head: float(np.mean([curve[column].iloc[-1] for curve in curves])) for head, curves in by_head.items()}
        sentences.append(f"At the end, {labels[column]}: {_listed(ends)}.")
    reached = [f"{labels[column]} {panel.reach:g}" for column, panel in panels.items() if panel.reach is not None]
    if reached:
        sentences.append(f"Dashed, perfect two points: {', '.join(reached)}.")
    return " ".join(sentences)


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{head} {value:.3g}" for head, value in values.items())
