"""One HTML page that shows what a set of runs found and how it was made; it needs nothing but itself."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure

from binenc_kit.evaluation import Runs, listed, summarise
from binenc_kit.figures import to_png
from binenc_kit.files import explained, write_whole


def write_report(
    path: Path, runs: Runs, table: pd.DataFrame, figures: dict[str, Figure], findings: Sequence[tuple[str, bool, str]]
) -> None:
    """Write the report of `runs` to `path`.

    table: `results_table(runs)`; figures: by caption; findings: (claim, whether it held, the numbers behind it).
    """
    first = listed(runs)[0]
    pictures = [(caption, _inline(figure), figure.get_label()) for caption, figure in figures.items()]
    environment = Environment(loader=PackageLoader("binenc_kit", "."), autoescape=True)
    page = environment.get_template("report.html").render(
        data=first.about["data"],
        summary=summarise(table).to_html(index=False, border=0),
        table=table.to_html(index=False, border=0, float_format=lambda value: f"{value:.4g}"),
        figures=pictures,
        findings=findings,
        config=vars(first.config),
        about=first.about,
        seconds=table["seconds"].sum(),
        runs=len(table),
    )
    with explained(f"write {path}"):
        write_whole(path, lambda file: file.write(page.encode()))


def _inline(figure: Figure) -> str:
    return "data:image/png;base64," + base64.b64encode(to_png(figure)).decode()
