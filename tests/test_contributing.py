"""CONTRIBUTING.md is true: the house is as drawn, and each example works in a copy of the package as it stands."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from binenc_kit.recording import Recording
from tests import test_course

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "binenc_kit"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
DIFFS = [title for title, text in SECTIONS.items() if "```diff" in text]
sys.path.insert(0, str(ROOT / "docs"))

import derive_notebooks  # noqa: E402
import install_cell  # noqa: E402
import run_notebooks  # noqa: E402
import update_course  # noqa: E402


def fenced(section: str, language: str) -> list[str]:
    """What stands between the fences of a section that open with a language, or with none."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", SECTIONS[section], re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, named, text in found if named == language]


def floors() -> list[list[str]]:
    """The drawing, line by line, without what is told of each."""
    (drawn,) = fenced("The house", "text")
    lines = [re.findall(r"[a-z_]+/?", line.partition("#")[0]) for line in drawn.splitlines()]
    return [line for line in lines if line]


def modules() -> dict[str, list[Path]]:
    """The files of each name in the drawing; `__init__` and `__main__` open the house and are no part of it."""
    found = {path.stem: [path] for path in PACKAGE.glob("[a-z]*.py")}
    return found | {f"{path.parent.name}/": sorted(path.parent.glob("*.py")) for path in PACKAGE.glob("*/__init__.py")}


def imported(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, within functions, too, but not for type hints alone."""
    tree = ast.parse(path.read_text())
    hints = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    for_hints = {id(inner) for node in hints for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("binenc_kit") and id(node) not in for_hints:
            _, *inside = node.module.split(".")
            yield from inside[:1] or [alias.name for alias in node.names]


def test_every_module_is_drawn_once_and_every_drawn_module_is_there() -> None:
    assert sorted(name for line in floors() for name in line) == sorted(modules())


def test_no_module_imports_from_below() -> None:
    height = {name.rstrip("/"): floor for floor, names in enumerate(floors()) for name in names}
    asked = 0
    for name, paths in modules().items():
        for other in (other for path in paths for other in imported(path)):
            asked += 1
            assert height[other] <= height[name.rstrip("/")], f"{name} imports {other}"
    assert asked > 200


def apply(diff: str, folder: Path) -> int:
    """Make the changes of a diff without line numbers, each where its old lines stand once; how many lines changed."""
    for name, hunks in re.findall(r"^--- (\S+)\n(.*?)(?=^--- |\Z)", diff, re.MULTILINE | re.DOTALL):
        text = "\n" + (folder / name).read_text()
        for hunk in hunks.split("@@\n"):
            lines = hunk.splitlines()
            old, new = ("".join(f"\n{line[1:]}" for line in lines if line[0] in kept) for kept in (" -", " +"))
            assert text.count(f"{old}\n") == 1, f"{name} has not just once:{old}"
            text = text.replace(f"{old}\n", f"{new}\n")
        (folder / name).write_text(text[1:])
    return sum(bool(re.match(r"[+-](?!-- )\s*\S", line)) for line in diff.splitlines())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its tests, to be changed."""
    for name in ("binenc_kit", "tests"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "copy")
    return tmp_path / "copy"


def test_there_is_an_example_of_each() -> None:
    assert DIFFS == ["A head", "A penalty", "A measure", "A data set"]


@pytest.mark.parametrize("section", DIFFS)
def test_an_example_works_as_it_stands_there(section: str, copy: Path) -> None:
    """Without the change the command would find no test of that name, and fail."""
    assert apply(*fenced(section, "diff"), copy) < 10
    (command,) = fenced(section, "")
    program, *words = shlex.split(command)
    assert program == ".venv/bin/pytest"
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # a quicker start
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=copy, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_what_is_yours_comes_along_in_ten_lines(capsys: pytest.CaptureFixture) -> None:
    (code,) = fenced("Without changing the kit", "python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    names: dict = {}
    exec(code.replace("epochs=40", 'epochs=21, train_limit=100, device="cpu"'), names)
    assert list(names["runs"]) == ["BinEnc+custom:quartic", "LinPen"]
    run = names["runs"]["BinEnc+custom:quartic"]
    assert isinstance(run, Recording)
    assert [line["gamma"] for line in run.metrics][-2:] == [5.0, 5.0]
    assert run.checkpoint()["network"]["backbone.1.weight"].shape == (256, 64)
    assert "custom:quartic" in capsys.readouterr().out


@pytest.fixture
def course(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the house with an empty course, and the example's check."""
    for module in (derive_notebooks, install_cell, update_course):
        monkeypatch.setattr(module, "NOTEBOOKS", copy / "notebooks")
    monkeypatch.setattr(sys, "argv", ["derive_notebooks.py"])
    monkeypatch.setenv("PYTHONPATH", str(copy))
    monkeypatch.setenv("BINENC_KIT_CHECKS", "strict")
    (copy / "notebooks" / "solutions").mkdir(parents=True)
    (copy / "notebooks" / "README.md").write_text("<!-- course -->\n<!-- /course -->\n")
    checks = copy / "binenc_kit" / "checks"
    head = "from binenc_kit.checks.verdict import Slip, check, number\n\n\n"
    (checks / "codes.py").write_text(head + fenced("A notebook", "python")[1])
    with (checks / "__init__.py").open("a") as file:
        file.write("from binenc_kit.checks.codes import codes as codes\n")
    return copy / "notebooks"


def test_a_new_notebook_goes_the_whole_way(course: Path) -> None:
    """What `make notebooks` does, in its order, to a notebook with what the page asks for."""
    told = SECTIONS["A notebook"]
    first = ["**You will be able to** count codes.", "**You need first** nothing."]
    first += ["**Takes** five minutes, three exercises among them."]
    assert all(line.split("** ")[0] in told for line in first)
    exercise = re.search(r"`(### Exercise 11\.1: .+?)`", told)[1]
    hint = "<details>\n<summary>Hint</summary>\n\nDouble.\n\n</details>"
    new, path = nbformat.v4, course / "solutions" / "11_codes.ipynb"
    cells = [new.new_markdown_cell("\n".join(["# 11 Codes\n", *first]), id="title")]
    cells.append(new.new_code_cell("from binenc_kit import checks", id="imports", metadata={"tags": ["imports"]}))
    for number in "123":
        cells.append(new.new_markdown_cell(f"{exercise.replace('11.1', f'11.{number}')}\n\n{hint}", id=f"told{number}"))
        answer = fenced("A notebook", "python")[0].strip()
        cells.append(new.new_code_cell(answer, id=f"exercise{number}", metadata={"tags": ["exercise"]}))
    nbformat.write(new.new_notebook(cells=cells), path)

    install_cell.main([])
    run_notebooks.run(path)
    derive_notebooks.main()
    update_course.main([])

    printed = [output.text for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    assert printed == ["\N{HEAVY CHECK MARK} Right: two to the power of three.\n"] * 3
    learners = nbformat.read(course / path.name, as_version=4)
    assert [cell.source for cell in test_course.exercises(learners)] == ["codes = ...\n\nchecks.codes(codes)"] * 3
    assert "| [11 Codes](11_codes.ipynb) | count codes. | 5 | 3 |" in (course / "README.md").read_text()
    test_course.test_each_exercise_says_how_hard_and_long_it_is_and_has_a_hint(path)
    test_course.test_a_learner_finds_no_solution_before_asking_for_it(course / path.name)
    test_course.test_nothing_else_in_a_notebook_needs_an_answer(path)
