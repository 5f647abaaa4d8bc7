"""One HTML page that shows what a set of runs found and how it was made; it needs nothing but itself."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader

from binenc_kit.display import in_words
from binenc_kit.errors import KitError
from binenc_kit.figures import alt_text
from binenc_kit.files import explained, write_whole
from binenc_kit.groups import GROUPS
from binenc_kit.published import compare
from binenc_kit.recording import Recording
from binenc_kit.rules import HEADS, label_of
from binenc_kit.tables import Runs, listed, summarise
from binenc_kit.verdicts import verdicts

Finding = tuple[str, bool, str]  # a claim, whether it held, the numbers behind it
PRINTED = {  # by the beginning of its name, what a figure is in the paper (arXiv 2310.08224v3)
    "binarity_by_epoch": 1, "latents_of": 2, "code_agreement_by_epoch": 3, "sigma_w_by_epoch": 4, "accuracy_by_epoch": 5
}  # fmt: skip
CLAIMS = (  # what, how BinEnc's should compare, column, and 1 where more is better
    ("code agreement", "higher", "code_agreement", 1),
    ("relative Sigma_W", "lower", "sigma_w_relative", -1),
    ("test accuracy", "higher", "test_accuracy", 1),
    ("AUROC", "higher", "auroc", 1),
    ("DeepFool's norm", "higher", "deepfool_relative", 1),
    ("the refined norm", "higher", "deepfool_refined", 1),
)


def write_report(
    path: Path,
    runs: Runs,
    table: pd.DataFrame,
    figures: Sequence[Path],
    findings: Sequence[Finding],
    missing: Sequence[str] = (),
    tried: Sequence[Recording] = (),
) -> None:
    """Write the report of `runs` to `path`.

    table: `results_table(runs)`, of one mode or several, which stay apart; figures: PNG files, as `figures.save` writes
    them; findings: `findings(table, C)`; missing: a sentence for each run that was asked for and is not there; tried:
    the runs that chose a learning rate. Where there are printed numbers for these data, they stand beside ours, with a
    paragraph for each table.
    """
    first, everything = listed(runs)[0], {run.config.name: run for run in [*listed(runs), *tried]}.values()
    beside, paragraphs = _beside_the_paper(table, len({run.config.lr for run in tried}))
    pictures = [(_caption(png.stem), _inline(png.read_bytes()), alt_text(png.read_bytes())) for png in figures]
    environment = Environment(loader=PackageLoader("binenc_kit", "."), autoescape=True)
    page = environment.get_template("report.html").render(
        data=first.about["data"],
        groups=[(title, _group(table, measures)) for title, measures in GROUPS.items()],
        table=_readable(table).to_html(index=False, border=0, float_format=lambda value: f"{value:.4g}"),
        figures=pictures,
        findings=findings,
        beside=beside,
        paragraphs=paragraphs,
        missing=missing,
        config=vars(first.config),
        about=first.about,
        hours=in_words(sum(line["seconds"] for run in everything for line in run.metrics)),
        runs=len(everything),
        rates=len(tried),
        modes=table["mode"].unique().tolist(),
    )
    with explained(f"write {path}"):
        write_whole(path, lambda file: file.write(page.encode()))


def _group(table: pd.DataFrame, measures: Sequence[str]) -> str:
    """The means over the seeds of one group of measures in HTML, with a column of modes where there are two."""
    summary = summarise(table, measures).drop(columns=["data", "runs"])
    if summary["mode"].nunique() == 1:
        summary = summary.drop(columns="mode")
    return _readable(summary).to_html(index=False, border=0)


def findings(table: pd.DataFrame, classes: int) -> list[Finding]:
    """Put what the paper claims of BinEnc to the test with the runs of one results table, whichever way it ends.

    Compared are BinEnc's worst seed and the best seed of each of the paper's other heads; where BinEnc was trained with
    another penalty only, as in the first version, that one stands for it. classes: C. Empty without BinEnc.
    Raises `KitError` for runs that differ in more than head and seed; each head may have a learning rate of its own.
    """
    labels = pd.Series([label_of(*names) for names in table[["head", "penalty"]].to_numpy()], table.index)
    mine = sorted(labels[table["head"] == "BinEnc"].unique())[:1]  # "BinEnc" comes before "BinEnc+..."
    ours, others = table[labels.isin(mine)], table[~labels.isin(mine)]
    if ours.empty:
        return []
    mixed = [name for name in ("data", "mode", "backbone", "epochs") if table[name].nunique() > 1]
    mixed += [name for name in ("lr", "P") if table.groupby(["head", "penalty"])[name].nunique().max() > 1]
    if mixed:
        raise KitError(f"these runs differ in {', '.join(mixed)}: a claim needs runs that differ in head and seed only")
    us, agreement, codes = mine[0], ours["code_agreement"], ours["distinct_codes"]
    found = [
        (f"{us}: code agreement is at least 0.99 in every run", bool((agreement >= 0.99).all()), _numbers(agreement)),
        (f"{us}: the {classes} classes have {classes} codes in every run", all(codes == classes), _numbers(codes)),
    ]
    for what, than, column, sign in CLAIMS:
        for name, rows in others[others["head"].isin(HEADS)].groupby(labels, sort=False):
            if ours[column].isna().any() or rows[column].isna().any():
                continue  # no wrong predictions, say: there is nothing to compare
            worst, best = sign * (sign * ours[column]).min(), sign * (sign * rows[column]).max()
            numbers = f"{us} at its worst {worst:.4g}, {name} at its best {best:.4g}"
            found.append((f"{us}: {what} is {than} than {name}'s", bool(sign * worst > sign * best), numbers))
    return found


def _beside_the_paper(table: pd.DataFrame, rates: int) -> tuple[str, list[tuple[str, str]]]:
    """Ours beside the printed numbers in HTML, and the verdicts; nothing for data of which nothing is printed."""
    try:
        beside, paragraphs = compare(table), verdicts(table, rates)
    except KitError:
        return "", []
    beside["measure"] = beside["measure"].str.replace("_", " ")
    return _readable(beside).to_html(index=False, border=0), paragraphs


def _numbers(values: pd.Series) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Column names with spaces, so that narrow columns can break them."""
    return table.rename(columns=lambda name: name.replace("_", " "))


def _caption(name: str) -> str:
    printed = next(
        (f", as in Figure {number} of the paper" for start, number in PRINTED.items() if name.startswith(start)), ""
    )
    return (name[0].upper() + name[1:]).replace("_", " ") + printed


def _inline(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
