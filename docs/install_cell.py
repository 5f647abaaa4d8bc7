"""Put the guarded install cell for Colab right after the title of notebooks, or bring it up to date there.

    python docs/install_cell.py [--check] [NOTEBOOK ...]

Without names: all of notebooks/solutions/ and what is derived from nothing; learners' copies get theirs from
docs/derive_notebooks.py. Outside Colab the cell does nothing, so here it runs, prints nothing, and counts as run. With
--check nothing is written, and a notebook without the cell, or with another one, is an error.
"""

import sys
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
REPOSITORY = "https://github.com/binenc-kit/binenc_kit"  # the only place that names it; `docs/colab.py` does the rest
SOURCE = f"""\
# On Colab this cell fetches the kit and what it needs; anywhere else it does nothing.
import os
import runpy
import subprocess
import sys

if "google.colab" in sys.modules:
    clone = "/content/binenc_kit"
    if not os.path.exists(clone):
        subprocess.run(["git", "clone", "--depth", "1", "{REPOSITORY}", clone], check=True)
    runpy.run_path(f"{{clone}}/docs/colab.py", run_name="__main__")"""


def underived() -> list[Path]:
    """Every notebook that is a source: the solutions, and what has no solutions."""
    solutions = sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))
    names = {path.name for path in solutions}
    return [*solutions, *(path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path.name not in names)]


def installed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with the cell, up to date, behind its first Markdown cell; counts of cells that ran move on."""
    cells = [cell for cell in notebook.cells if cell.id != "install"]
    first = next(number for number, cell in enumerate(cells) if cell.cell_type == "markdown")
    ran = [cell for cell in cells if cell.get("execution_count") is not None]
    cell = nbformat.v4.new_code_cell(SOURCE, id="install", metadata={"tags": ["install"]})
    if len(cells) == len(notebook.cells):  # it was not there before
        for other in ran:
            other.execution_count += 1
    if ran:
        exec(compile(SOURCE, "install", "exec"), {})  # noqa: S102  what would run in the notebook, too
        cell.execution_count = 1
    notebook.cells = [*cells[: first + 1], cell, *cells[first + 1 :]]
    nbformat.validate(notebook)
    return notebook


def main(arguments: list[str]) -> None:
    """Write the notebooks named, or all, or with --check compare them."""
    different = []
    for path in [Path(name) for name in arguments if name != "--check"] or underived():
        text = nbformat.writes(installed(nbformat.read(path, as_version=4))) + "\n"
        if "--check" not in arguments:
            path.write_text(text)
        elif path.read_text() != text:
            different.append(path.name)
    if different:
        sys.exit(f"{', '.join(different)}: no install cell, or not this one: run python docs/install_cell.py")


if __name__ == "__main__":
    main(sys.argv[1:])
