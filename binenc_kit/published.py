"""The papers' numbers, and ours beside them."""

import re

import numpy as np
import pandas as pd

from binenc_kit.errors import KitError
from binenc_kit.rules import HEADS
from binenc_kit.tables import best_rows, mean_and_spread

# BinEnc-v3 (arXiv 2310.08224v3), Tables 1 to 3, as printed, mean and standard deviation over 5 repeats: test and train
# accuracy in %, AUROC in %, relative perturbation of DeepFool.
PRINTED = """
CIFAR-10   BinEnc     93.79 0.21   99.97 0.01   87.74 0.62   0.1176 0.0281
CIFAR-10   NoPen      93.33 0.05   99.85 0.04   77.50 2.84   0.0120 0.0004
CIFAR-10   LinPen     93.27 0.15   99.86 0.01   75.47 1.43   0.0131 0.0006
CIFAR-10   NonlinPen  92.90 0.21   99.83 0.04   81.45 2.56   0.0134 0.0008
CIFAR-100  BinEnc     75.54 0.68   99.90 0.03   84.38 0.72   0.0444 0.0055
CIFAR-100  NoPen      74.17 0.30   99.69 0.07   75.39 0.89   0.0063 0.0003
CIFAR-100  LinPen     73.48 0.47   99.43 0.15   68.73 1.73   0.0058 0.0002
CIFAR-100  NonlinPen  73.47 0.27   99.51 0.11   73.46 0.61   0.0059 0.0004
"""
PERCENT = ("test_accuracy", "train_accuracy", "auroc")
PRINTED_MEASURES = (*PERCENT, "deepfool_relative")
REFINED = "deepfool_refined"  # printed nowhere, but DeepFool's own norm never stands alone
# How the published runs were made; parameters in millions, counted from the networks described.
SETTING = {
    "CIFAR-10": {"backbone": "resnet18", "parameters": 11.2, "train_samples": 50_000, "epochs": 200, "P": 4},
    "CIFAR-100": {"backbone": "resnet50", "parameters": 23.7, "train_samples": 50_000, "epochs": 200, "P": 64},
}
GAMMA_LAST = 9.35e4  # 0.01 times 1.084 after each of 200 epochs
RATES, REPEATS = 18, 5


def published() -> pd.DataFrame:
    """The printed tables, one row a number: data, head, measure, mean and std, shares from 0 to 1.

    Source: BinEnc-v3, Tables 1 (test_accuracy, train_accuracy), 2 (auroc) and 3 (deepfool_relative).
    """
    rows = []
    for line in PRINTED.strip().splitlines():
        data, head, *numbers = line.split()
        for index, measure in enumerate(PRINTED_MEASURES):
            unit = 100 if measure in PERCENT else 1
            mean, std = (float(number) / unit for number in numbers[2 * index : 2 * index + 2])
            rows.append({"data": data, "head": head, "measure": measure, "mean": mean, "std": std})
    return pd.DataFrame(rows)


def compare(results: pd.DataFrame) -> pd.DataFrame:
    """Ours beside the papers' numbers: one row a measure and head, mean ± standard deviation over the seeds.

    results: rows of `results_table` on CIFAR-10 or CIFAR-100, of one mode or both. The published numbers were computed
    as in the mode paper; what was measured in the mode strict stands in a column of its own, never averaged with it.
    Of several learning rates each mode takes its own best, see `best_rows`. Whether the runs are comparable at all,
    `differences` says. Raises `KitError` for data of which nothing is published.
    """
    printed, ours = printed_means(results), means_of(results)
    rows = []
    for measure in (*PRINTED_MEASURES, REFINED):
        for head in HEADS:
            row = {"measure": measure, "head": head, "published": "not printed"}
            if measure in printed:
                row["published"] = mean_and_spread(measure, *printed[measure].loc[head])
            rows.append(row | {f"ours, {mode}": _ours(found, measure, head) for mode, found in ours.items()})
    return pd.DataFrame(rows)


def printed_means(results: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Of each printed measure the heads' mean and std, for the data of these results."""
    table = published()
    table = table[table["data"] == _published_name(results)]
    return {measure: rows.set_index("head")[["mean", "std"]] for measure, rows in table.groupby("measure", sort=False)}


def means_of(results: pd.DataFrame) -> dict[str, dict[str, pd.DataFrame]]:
    """Of each mode and measure the heads' mean and std over the seeds, at the rates that `best_rows` chooses.

    Raises `KitError` where one head's runs differ in more than seed and learning rate.
    """
    own = results[["head", "penalty", "data", "backbone", "P", "epochs"]].drop_duplicates()
    if own.duplicated(["head", "penalty"]).any():
        raise KitError("one head's runs differ in data, backbone, P or epochs: compare them one setting at a time")
    found = {}
    for mode, rows in results.groupby("mode", sort=False):
        best = best_rows(rows)
        best = best[best["penalty"] == np.where(best["head"] == "BinEnc", "quadratic", "none")]  # not the fifth one
        values = best.groupby("head")[[*PRINTED_MEASURES, REFINED]]
        with np.errstate(invalid="ignore"):
            mean, std = values.mean(), values.std(ddof=1)
        found[mode] = {
            measure: pd.DataFrame({"mean": mean[measure], "std": std[measure]})
            for measure in (*PRINTED_MEASURES, REFINED)
        }
    return found


def differences(results: pd.DataFrame, rates: int | None = None) -> list[str]:
    """In what these runs are not the published ones, one phrase each; empty where the numbers may be compared.

    results: as for `compare`; rates: how many learning rates were tried, where the results hold only the best.
    """
    setting = SETTING[_published_name(results)]
    own = results[results["head"].isin(HEADS)]
    found = []
    if set(own["backbone"]) != {setting["backbone"]}:
        found.append(f"{', '.join(sorted(set(own['backbone'])))} instead of {setting['backbone']}")
    millions = own["parameters"].min() / 1e6
    if abs(millions / setting["parameters"] - 1) > 0.05:
        found.append(f"{millions:.2g} million parameters instead of {setting['parameters']}")
    for name, what in (("train_samples", "train pictures"), ("epochs", "epochs")):
        if own[name].min() != setting[name]:
            found.append(f"{own[name].min():,} {what} instead of {setting[name]:,}")
    bits = set(own.loc[own["head"] != "NoPen", "P"]) - {setting["P"]}
    if bits:
        found.append(f"P = {', '.join(map(str, sorted(bits)))} instead of {setting['P']}")
    if not own["augment"].all():
        found.append("no flips and crops")
    gamma = own.loc[own["head"] == "BinEnc", "gamma_last"]
    if not gamma.between(GAMMA_LAST / 2, GAMMA_LAST * 2).all():
        found.append(f"gamma to {gamma.min():.3g} instead of {GAMMA_LAST:.3g}")
    tried = max(rates or 1, own.groupby(["mode", "head"])["lr"].nunique().min())
    if tried < RATES:
        found.append(f"the best of {tried} instead of {RATES} learning rates")
    repeats = own.groupby(["mode", "head"])["seed"].nunique().min()
    if repeats < REPEATS:
        found.append(f"{repeats} instead of {REPEATS} repeats")
    return found


def _ours(found: dict[str, pd.DataFrame], measure: str, head: str) -> str:
    means = found[measure]
    return mean_and_spread(measure, *means.loc[head]) if head in means.index else "not run"


def _published_name(results: pd.DataFrame) -> str:
    """The published data set that these runs were made on."""
    names = set(results["data"])
    for known in sorted(SETTING, key=len, reverse=True):  # CIFAR-100 first
        digits = re.escape(known.replace("-", "").lower())
        if names and all(re.match(digits + r"(?!\d)", re.sub(r"[-_ ]", "", name.lower())) for name in names):
            return known
    raise KitError(
        f"nothing is published for {', '.join(map(str, sorted(names))) or 'no runs'}: compare runs on one of "
        f"{', '.join(SETTING)}, such as data='cifar10'"
    )
