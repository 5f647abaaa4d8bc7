"""Derive the learners' notebooks from notebooks/solutions/: exercises become stubs, their solutions fold away.

A solution stands between "# BEGIN SOLUTION" and "# END SOLUTION" in its cell. The learner's copy has a stub in its
place: `raise NotImplementedError`, or what follows "# BEGIN SOLUTION:" on its line; the solution comes in a cell below,
which unfolds. Outputs of such cells are left out, all others stay. With --check nothing is written, and copies that
differ are an error.
"""

import copy
import re
import sys
from pathlib import Path

import nbformat
from badges import learners

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
REGION = re.compile(r"^( *)# BEGIN SOLUTION(?:: ([^\n]*))?\n(.*?)^ *# END SOLUTION\n?", re.MULTILINE | re.DOTALL)
STUB = 'raise NotImplementedError("your turn")'


def stubbed(source: str) -> str:
    """A cell's code with stubs in place of its solutions."""
    return REGION.sub(lambda found: f"{found[1]}{found[2] or STUB}\n", source).rstrip()


def unfolding(source: str) -> str:
    """A cell's solutions as Markdown that unfolds."""
    parts = ["".join(line[len(found[1]) :] for line in found[3].splitlines(True)) for found in REGION.finditer(source)]
    code = "\n".join(parts).rstrip()
    return f"<details>\n<summary>Solution</summary>\n\n```python\n{code}\n```\n\n</details>"


def derived(solutions: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The learner's copy of a notebook."""
    copied = copy.deepcopy(solutions)
    copied.cells = []
    for cell in copy.deepcopy(solutions.cells):
        copied.cells.append(cell)
        if cell.id == "colab":
            cell.source = learners(cell.source)
        if cell.cell_type != "code" or not REGION.search(cell.source):
            continue
        copied.cells.append(nbformat.v4.new_markdown_cell(unfolding(cell.source), id=f"{cell.id}-solution"))
        cell.source, cell.outputs, cell.execution_count = stubbed(cell.source), [], None
    nbformat.validate(copied)
    return copied


def main() -> None:
    """Write every learner's copy, or with --check compare it with the one that is there."""
    different = []
    for path in sorted((NOTEBOOKS / "solutions").glob("*.ipynb")):
        text = nbformat.writes(derived(nbformat.read(path, as_version=4))) + "\n"
        copied = NOTEBOOKS / path.name
        if "--check" not in sys.argv:
            copied.write_text(text)
        elif not copied.exists() or copied.read_text() != text:
            different.append(path.name)
    if different:
        sys.exit(f"{', '.join(different)}: the learner's copy differs from its solutions: run make notebooks")


if __name__ == "__main__":
    main()
