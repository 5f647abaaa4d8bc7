"""Put Colab's badge and the guarded install cell right after the title of notebooks, or bring them up to date there.

    python docs/install_cell.py [--check] [NOTEBOOK ...]

Without names: all of notebooks/solutions/ and what is derived from nothing; learners' copies get theirs from
docs/derive_notebooks.py. Outside Colab the cell does nothing, so here it runs, prints nothing, and counts as run. With
--check nothing is written, and a notebook without these cells, or with others, is an error.
"""

import sys
from pathlib import Path

import nbformat
from badges import REPOSITORY, colab

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
# `docs/colab.py` does the rest.
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


def installed(notebook: nbformat.NotebookNode, place: str) -> nbformat.NotebookNode:
    """The notebook with both cells, up to date, behind its first Markdown cell; counts of cells that ran move on.

    place: where it lies below notebooks/, which its badge names.
    """
    there = {cell.id for cell in notebook.cells}
    cells = [cell for cell in notebook.cells if cell.id not in ("colab", "install")]
    first = next(number for number, cell in enumerate(cells) if cell.cell_type == "markdown")
    ran = [cell for cell in cells if cell.get("execution_count") is not None]
    cell = nbformat.v4.new_code_cell(SOURCE, id="install", metadata={"tags": ["install"]})
    if "install" not in there:
        for other in ran:
            other.execution_count += 1
    if ran:
        exec(compile(SOURCE, "install", "exec"), {})  # noqa: S102  what would run in the notebook, too
        cell.execution_count = 1
    badge = nbformat.v4.new_markdown_cell(colab(place), id="colab")
    notebook.cells = [*cells[: first + 1], badge, cell, *cells[first + 1 :]]
    nbformat.validate(notebook)
    return notebook


def main(arguments: list[str]) -> None:
    """Write the notebooks named, or all, or with --check compare them."""
    different = []
    for path in [Path(name) for name in arguments if name != "--check"] or underived():
        inside = path.resolve().is_relative_to(NOTEBOOKS)
        place = path.resolve().relative_to(NOTEBOOKS).as_posix() if inside else path.name
        text = nbformat.writes(installed(nbformat.read(path, as_version=4), place)) + "\n"
        if "--check" not in arguments:
            path.write_text(text)
        elif path.read_text() != text:
            different.append(path.name)
    if different:
        sys.exit(f"{', '.join(different)}: no badge and install cell, or not these: run python docs/install_cell.py")


if __name__ == "__main__":
    main(sys.argv[1:])
