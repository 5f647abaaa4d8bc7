"""One HTML page that shows what a set of runs found and how it was made; it needs nothing but itself."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure

from binenc_kit.errors import KitError
from binenc_kit.evaluation import Runs, listed, summarise
from binenc_kit.figures import to_png
from binenc_kit.files import explained, write_whole

Finding = tuple[str, bool, str]  # a claim, whether it held, the numbers behind it


def write_report(
    path: Path, runs: Runs, table: pd.DataFrame, figures: dict[str, Figure], findings: Sequence[Finding]
) -> None:
    """Write the report of `runs` to `path`.

    table: `results_table(runs)`; figures: by name, the caption is made of it; findings: `findings(table, C)`.
    """
    first = listed(runs)[0]
    pictures = [(_caption(name), _inline(figure), figure.get_label()) for name, figure in figures.items()]
    environment = Environment(loader=PackageLoader("binenc_kit", "."), autoescape=True)
    page = environment.get_template("report.html").render(
        data=first.about["data"],
        summary=_readable(summarise(table).drop(columns="data")).to_html(index=False, border=0),
        table=_readable(table).to_html(index=False, border=0, float_format=lambda value: f"{value:.4g}"),
        figures=pictures,
        findings=findings,
        config=vars(first.config),
        about=first.about,
        seconds=table["seconds"].sum(),
        runs=len(table),
    )
    with explained(f"write {path}"):
        write_whole(path, lambda file: file.write(page.encode()))


def findings(table: pd.DataFrame, classes: int) -> list[Finding]:
    """Put what the paper claims of BinEnc to the test with the runs of one results table, whichever way it ends.

    "Better" compares BinEnc's worst seed with the best seed of every other head. classes: C. Empty without BinEnc.
    """
    ours = table[(table["head"] == "BinEnc")]
    others = table[(table["head"] != "BinEnc")]
    if ours.empty:
        return []
    mixed = [name for name in ("data", "backbone", "epochs") if table[name].nunique() > 1]
    mixed += ["lr"] * (table.groupby(["head", "penalty"])["lr"].nunique().max() > 1)
    if mixed:
        raise KitError(f"these runs differ in {', '.join(mixed)}: a claim needs runs that differ in head and seed only")
    found = [_every("code agreement is at least 0.99 in every run", ours["code_agreement"], lambda x: x >= 0.99)]
    found += [
        _every(f"the {classes} classes have {classes} codes in every run", ours["distinct_codes"], classes.__eq__)
    ]
    for name, column, sign in (
        ("code agreement is higher than every other head's", "code_agreement", 1),
        ("relative Sigma_W is lower than every other head's", "sigma_w_relative", -1),
        ("test accuracy is higher than every other head's", "test_accuracy", 1),
    ):
        for head, rows in others.groupby(["head", "penalty"], sort=False):
            worst, best = (sign * ours[column]).min() * sign, (sign * rows[column]).max() * sign
            numbers = f"BinEnc at its worst {worst:.4g}, {head[0]} at its best {best:.4g}"
            found.append(
                (f"BinEnc: {name.replace('every other head', head[0])}", bool(sign * worst > sign * best), numbers)
            )
    return found


def _every(claim: str, values: pd.Series, holds: Callable[[float], bool]) -> Finding:
    return f"BinEnc: {claim}", all(map(holds, values)), ", ".join(f"{value:.4g}" for value in values)


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Column names with spaces, so that narrow columns can break them."""
    return table.rename(columns=lambda name: name.replace("_", " "))


def _caption(name: str) -> str:
    return (name[0].upper() + name[1:]).replace("_", " ")


def _inline(figure: Figure) -> str:
    return "data:image/png;base64," + base64.b64encode(to_png(figure)).decode()
