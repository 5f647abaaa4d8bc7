"""ROC curves: how well a score of uncertainty finds the wrong predictions."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from binenc_kit.errors import KitError
from binenc_kit.measures.reliability import auroc
from binenc_kit.palette import plain, styles

LONGEST = 32  # characters of a name
MARKERS = 0.15  # of the diagonal, from one marker to the next


def roc_curves(scores: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> Figure:
    """The share of wrong predictions found against the share of right ones suspected, with each score's AUROC.

    scores: by name, uncertainty (N,), infinity allowed, and wrong (N,), of True and False; names of heads have their
    colours. Raises `KitError` for scores without right or without wrong predictions, for NaN and unequal shapes.
    Source: Hanley and McNeil 1982; BinEnc-v3, Table 2.
    """
    from scipy.stats import rankdata  # slow to import, and all other figures do without the two
    from sklearn.metrics import roc_curve

    if not scores:
        raise KitError("there are no scores to draw: pass {name: (uncertainty, wrong)}")
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    style, told = styles(scores), []
    for number, (name, (uncertainty, wrong)) in enumerate(scores.items()):
        area = _area(name, uncertainty, wrong)
        # ranks order as the scores do, and know no infinity
        right_found, wrong_found, _ = roc_curve(np.asarray(wrong), rankdata(uncertainty, method="dense"))
        color, marker = style[name]
        places = (MARKERS * number / len(scores), MARKERS)  # markers of different scores side by side
        what = f"{plain(name, LONGEST)}, AUROC {area:.3f}"
        axes.plot(
            right_found, wrong_found, color=color, marker=marker, markevery=places, markersize=7, clip_on=False,
            label=what,
        )  # fmt: skip
        told.append(f"{name}: AUROC {area:.3f}, {np.sum(wrong)} wrong of {np.size(wrong)}")
    axes.plot([0, 1], [0, 1], color="0.4", linestyle="--", linewidth=1, zorder=1, label="chance, AUROC 0.5")
    _dress(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    figure.set_label(
        f"ROC curves of finding the wrong predictions by their uncertainty. {'; '.join(told)}; chance: 0.5."
    )
    return figure


def _area(name: str, uncertainty: ArrayLike, wrong: ArrayLike) -> float:
    """The AUROC; `KitError` where there is none."""
    area = auroc(uncertainty, wrong)
    if np.isnan(area):
        which = "wrong" if np.all(wrong) else "right"
        raise KitError(
            f"all {np.size(wrong)} predictions of {name} are {which}: an ROC curve needs right and wrong ones, "
            "look at more samples"
        )
    return area


def _dress(axes: Axes) -> None:
    axes.set_aspect("equal")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("share of the right predictions that are suspected")
    axes.set_ylabel("share of the wrong predictions that are found")
    axes.set_title("Finding the wrong predictions", fontsize=12)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
