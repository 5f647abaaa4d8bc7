"""The course's notebooks: exercises of one form, learners' copies derived, solutions that pass, stubs that do not."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
LEARNERS = [ROOT / "notebooks" / path.name for path in SOLUTIONS]
each = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)


def exercises(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]


def run_exercises(path: Path, capsys: pytest.CaptureFixture) -> list[str]:
    """What each exercise's cell prints, run after the imports alone."""
    notebook, printed = nbformat.read(path, as_version=4), []
    imports = next(cell for cell in notebook.cells if "imports" in cell.metadata.get("tags", []))
    for cell in exercises(notebook):
        names: dict = {}
        exec(imports.source, names)
        exec(cell.source, names)
        printed.append(capsys.readouterr().out)
    return printed


def test_the_learners_copies_are_derived_from_the_solutions() -> None:
    script = [sys.executable, ROOT / "docs" / "derive_notebooks.py", "--check"]
    result = subprocess.run(script, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_index_says_what_the_notebooks_say() -> None:
    script = [sys.executable, ROOT / "docs" / "update_course.py", "--check"]
    result = subprocess.run(script, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@each
def test_each_exercise_says_how_hard_and_long_it_is_and_has_a_hint(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    found = [number for number, cell in enumerate(cells) if "exercise" in cell.metadata.get("tags", [])]
    assert len(found) >= 3
    for number in found:
        told = cells[number - 1].source
        assert re.search(r"### Exercise \d+\.\d+: .+ \([★☆]{3}, \d+ minutes?\)", told), told
        assert "<summary>Hint" in told
        assert "# BEGIN SOLUTION" in cells[number].source
        assert "checks." in cells[number].source


@each
def test_every_solution_passes_its_check(path: Path, capsys: pytest.CaptureFixture) -> None:
    for printed in run_exercises(path, capsys):
        assert printed.startswith("\N{HEAVY CHECK MARK}"), printed


@pytest.mark.parametrize("path", LEARNERS, ids=lambda path: path.stem)
def test_every_stub_is_told_that_it_is_one(path: Path, capsys: pytest.CaptureFixture) -> None:
    printed = run_exercises(path, capsys)
    assert printed
    assert all("Not done yet" in line for line in printed)


@pytest.mark.parametrize("path", LEARNERS, ids=lambda path: path.stem)
def test_a_learner_finds_no_solution_before_asking_for_it(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in exercises(notebook):
        assert "SOLUTION" not in cell.source
        assert cell.outputs == []
        unfolding = next(other for other in notebook.cells if other.id == f"{cell.id}-solution")
        assert unfolding.source.startswith("<details>\n<summary>Solution</summary>")


@each
def test_nothing_else_in_a_notebook_needs_an_answer(path: Path) -> None:
    """What an exercise asks for, no other cell calls or reads: a learner may leave it out."""
    notebook = nbformat.read(path, as_version=4)
    asked = exercises(notebook)
    others = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code" and cell not in asked)
    names = [
        found for cell in asked for found in re.findall(r"^def (\w+)|SOLUTION: (\w+) = ", cell.source, re.MULTILINE)
    ]
    assert len(names) >= len(asked)
    for name in map("".join, names):
        assert not re.search(rf"(?<![\w.]){name}\(|= {name}\b", others), name
