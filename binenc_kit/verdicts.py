"""What agrees with the papers' tables and what does not: a paragraph a table, generated from the numbers."""

from itertools import combinations

import pandas as pd

from binenc_kit.published import PRINTED_MEASURES, REFINED, differences, means_of, printed_means
from binenc_kit.tables import mean_and_spread

TABLES = {
    "test_accuracy": "Test accuracy (Table 1)",
    "train_accuracy": "Train accuracy (Table 1)",
    "auroc": "AUROC (Table 2)",
    "deepfool_relative": "DeepFool's norm (Table 3)",
}
NEAR = 2  # published standard deviations within which a mean of ours agrees with the printed one


def verdicts(results: pd.DataFrame, rates: int | None = None) -> list[tuple[str, str]]:
    """A title and a paragraph for each printed table: who leads there and in ours, and what of it agrees.

    results, rates: as for `published.differences`; modes stay apart. Heads that were not run are left out. Two heads
    count as told apart by a table if their printed means differ by more than both printed standard deviations together.
    Raises `KitError` for data of which nothing is published.
    """
    apart = differences(results, rates)
    made = (
        f"These runs are not the published ones: {'; '.join(apart)}. What differs below may be owed to that."
        if apart
        else "Made as the published runs were."
    )
    paragraphs = [("How far the numbers may be compared", made)]
    printed, ours = printed_means(results), means_of(results)
    for measure in PRINTED_MEASURES:
        told = [f"Printed: {_leader(measure, printed[measure])}"]
        told += [_verdict(measure, mode, found, printed[measure]) for mode, found in ours.items()]
        paragraphs.append((TABLES[measure], " ".join(told)))
    return paragraphs


def _verdict(measure: str, mode: str, found: dict[str, pd.DataFrame], printed: pd.DataFrame) -> str:
    """Ours of one mode beside one printed table."""
    ours = found[measure].dropna(subset="mean")
    if ours.empty:
        return f"Ours, {mode}: nothing was measured."
    there = printed.loc[printed.index.intersection(ours.index)]
    pairs = [
        (high, low)
        for high, low in combinations(there.sort_values("mean", ascending=False).index, 2)
        if there["mean"][high] - there["mean"][low] > there["std"][high] + there["std"][low]
    ]
    kept = [f"{high} over {low}" for high, low in pairs if ours["mean"][high] > ours["mean"][low]]
    lost = [f"{high} over {low}" for high, low in pairs if not ours["mean"][high] > ours["mean"][low]]
    near = [head for head in there.index if abs(ours["mean"][head] - there["mean"][head]) <= NEAR * there["std"][head]]
    told = f"Ours, {mode}: {_leader(measure, ours)} "
    if pairs:
        told += f"Pairs of heads that the printed table tells apart: {len(pairs)}; in the same order here: {len(kept)}"
        told += f", but not {', '.join(lost)}. " if lost else ". "
    told += f"Within {NEAR} printed standard deviations of the printed mean: {', '.join(near) or 'no head'}."
    return told + (_refined(found) if measure == "deepfool_relative" else "")


def _leader(measure: str, means: pd.DataFrame) -> str:
    """Who is highest, by how much, and where BinEnc stands if it is not the one."""
    order = means.sort_values("mean", ascending=False)
    first = order.index[0]
    told = f"{first} is highest with {mean_and_spread(measure, *order.loc[first, ['mean', 'std']])}"
    if len(order) > 1:
        told += f", {mean_and_spread(measure, order['mean'].iloc[0] - order['mean'].iloc[1], float('nan'))} above "
        told += str(order.index[1])
    if first != "BinEnc" and "BinEnc" in order.index:
        told += f"; BinEnc has {mean_and_spread(measure, *order.loc['BinEnc', ['mean', 'std']])}"
    return told + "."


def _refined(found: dict[str, pd.DataFrame]) -> str:
    """How BinEnc's norm compares with NoPen's, as DeepFool says and up to the first flip."""
    ratios = []
    for measure in ("deepfool_relative", REFINED):
        means = found[measure]["mean"]
        if not {"BinEnc", "NoPen"} <= set(means.dropna().index) or not means["NoPen"]:
            return ""
        ratios.append(means["BinEnc"] / means["NoPen"])
    says, refined = ratios
    return f" BinEnc's norm is {says:.2f} times NoPen's as DeepFool says, and {refined:.2f} times up to the first flip."
