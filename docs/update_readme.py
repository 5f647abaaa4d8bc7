"""Bring the tables and sentences of README.md and docs/results.md up to date with the results they come from.

The demo's are those of `make demo`; the others are shipped in data/, where data/README.md says how they were made.
"""

import json
from pathlib import Path

import pandas as pd
from marked import replaced

from binenc_kit.claims import race, race_sentence
from binenc_kit.files import shipped
from binenc_kit.gains import sentences
from binenc_kit.phase import border, power_law
from binenc_kit.published import compare, differences
from binenc_kit.tables import summarise

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "runs" / "demo"
PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md")
COLUMNS = {
    "head": "head",
    "test_accuracy": "test accuracy",
    "code_agreement": "code agreement",
    "distinct_codes": "distinct codes",
    "sigma_w_relative": "relative Sigma_W",
    "auroc": "AUROC",
    "deepfool_relative": "DeepFool's norm",
    "deepfool_refined": "refined norm",
}


def read(path: Path) -> pd.DataFrame:
    """A results.csv, in which the penalty "none" is a word."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def markdown(table: pd.DataFrame) -> str:
    """A table of texts as Markdown."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def demo(table: pd.DataFrame) -> str:
    """The demo's summary."""
    return markdown(
        summarise(table, [name for name in COLUMNS if name != "head"])[list(COLUMNS)].rename(columns=COLUMNS)
    )


def on_photographs() -> pd.DataFrame:
    """Results of the shipped run on CIFAR-10 pictures, in both modes."""
    return pd.concat([read(shipped(f"cifar10-cpu/results{mode}.csv")) for mode in ("", "-paper")])


def printed() -> str:
    """That run beside the paper's numbers, every head and measure."""
    return markdown(compare(on_photographs()))


def published() -> str:
    """BinEnc and NoPen of that run beside the paper's numbers, and why they cannot be compared."""
    both = on_photographs()
    table = compare(both).set_index(["head", "measure"])[["published", "ours, strict"]]
    rows = [
        [told, *table.loc["BinEnc", name], *table.loc["NoPen", name]]
        for name, told in COLUMNS.items()
        if name in ("test_accuracy", "auroc", "deepfool_relative", "deepfool_refined")
    ]
    columns = ["", "BinEnc, published", "BinEnc, ours", "NoPen, published", "NoPen, ours"]
    why = f"*Not comparable with the published runs: {'; '.join(differences(both))}.*"
    return f"{markdown(pd.DataFrame(rows, columns=columns))}\n\n{why}"


def gains() -> str:
    """The study's three sentences and the verdict of its doubt."""
    lines = [f"- {sentence}" for sentence in sentences(read(shipped("gains/results.csv")))]
    verdict = json.loads(shipped("gains/doubt.json").read_text())["verdict"]
    return "\n".join([*lines, f"- The doubt: {verdict}."])


def races() -> str:
    """The first version's claim on the shipped runs."""
    curves, table = pd.read_csv(shipped("rivals/curves.csv")), read(shipped("rivals/results.csv"))
    sides = [("BinEnc+exp_mean", "LinPen"), ("BinEnc+exp_mean", "NoPen")]
    return "\n".join(f"- {race_sentence(*side, race(curves, table, *side))}" for side in sides)


def borders() -> str:
    """Where the code ends on the shipped maps, and how the sizes scale before."""
    maps = {name: pd.read_csv(shipped(f"phase/{name}.csv")) for name in ("gamma-by-P", "growth-by-lr", "fine")}
    lines = []
    maps["gamma-by-P"] = maps["gamma-by-P"].query("2**P >= 10")  # enough bits for ten classes
    for by, name in (("P", "gamma-by-P"), ("lr", "growth-by-lr")):
        edge = border(maps[name], by).dropna()
        law = power_law(edge.index, edge)
        lines.append(
            f"- The gamma at which test accuracy falls below 0.9 goes as {by}^({law.exponent:.1f} ± {law.error:.1f}), "
            f"from {edge.iloc[0]:.3g} at {by} = {edge.index[0]:g} to {edge.iloc[-1]:.3g} at {by} = {edge.index[-1]:g}."
        )
    good = maps["fine"][maps["fine"]["test_accuracy"] >= 0.9]
    laws = {what: power_law(good["gamma_last"], good[size]) for what, size in (("|z|", "z_size"), ("W2", "w_size"))}
    told = " and ".join(f"{what} goes as gamma^({law.exponent:.2f} ± {law.error:.2f})" for what, law in laws.items())
    return "\n".join([*lines, f"- Before that, {told}; the loss alone would allow -1/2 and 1/2."])


def found() -> dict[str, str]:
    """Every block that comes from shipped results, by its marker."""
    blocks = {"published": published(), "printed": printed(), "gains": gains()}
    return blocks | {"races": races(), "borders": borders()}


def main() -> None:
    """Rewrite what stands between the pages' markers."""
    blocks = found() | {"demo": demo(read(DEMO / "results.csv"))}
    for page in PAGES:
        text = page.read_text()
        for name, block in blocks.items():
            if f"<!-- {name} -->" in text:  # each stands on one of the pages
                text = replaced(text, name, f"\n{block}\n")
        page.write_text(text)


if __name__ == "__main__":
    main()
