"""The course's index: what notebooks say of themselves, in one table."""

import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import update_course  # noqa: E402

TITLE = "# 12 Some title\n\nWhat it is about.\n\n**You will be able to** {told}\n**You need first** patience.\n{takes}"
TAKES = "**Takes** thirty-five minutes, two exercises among them; half a minute to run on two cores."


def write(folder: Path, told: str = "do this; do that.", takes: str = TAKES, exercises: int = 2) -> Path:
    """A course notebook with its first cell and so many exercises."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = [nbformat.v4.new_markdown_cell(TITLE.format(told=told, takes=takes))]
    cells += [nbformat.v4.new_code_cell("1", metadata={"tags": ["exercise"]}) for _ in range(exercises)]
    cells.append(nbformat.v4.new_code_cell("print('run')"))
    path = folder / "12_some.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n")
    return path


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one notebook, with an index."""
    monkeypatch.setattr(update_course, "NOTEBOOKS", tmp_path)
    write(tmp_path / "solutions")
    (tmp_path / "README.md").write_text("# Course\n\n<!-- course -->\n<!-- /course -->\n\nThe end.\n")
    return tmp_path


@pytest.mark.parametrize(
    ("told", "objectives"),
    [
        ("do this; do that.", "do this; do that."),
        ("\n\n- do this;\n- do that.\n", "do this; do that."),
        ("do this;\ndo that", "do this; do that."),
        ("see |z| shrink.", "see \\|z\\| shrink."),
    ],
)
def test_objectives_are_one_line_of_a_table(told: str, objectives: str, tmp_path: Path) -> None:
    lesson = update_course.lesson(write(tmp_path, told))
    assert lesson == ("12_some", "12 Some title", objectives, 35, 2)


@pytest.mark.parametrize(
    "takes", ["**Takes** 35 minutes.", "**Takes** about thirty-five minutes to read, two exercises"]
)
def test_minutes_are_digits_or_words(takes: str, tmp_path: Path) -> None:
    assert update_course.lesson(write(tmp_path, takes=takes)).minutes == 35


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"takes": "It is quick."}, "lacks a title"),
        ({"takes": "**Takes** several minutes."}, "'several' is no number"),
        ({"exercises": 3}, "says two exercises, but it has 3"),
    ],
)
def test_a_first_cell_that_says_too_little_or_what_is_not_so(settings: dict, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=sentence):
        update_course.lesson(write(tmp_path, **settings))


def test_the_check_fails_until_the_index_is_written(course: Path) -> None:
    with pytest.raises(SystemExit, match="differs"):
        update_course.main(["--check"])
    update_course.main([])
    update_course.main(["--check"])
    text = (course / "README.md").read_text()
    assert "| [12 Some title](12_some.ipynb) | do this; do that. | 35 | 2 | not measured |" in text
    assert text.startswith("# Course\n")
    assert text.endswith("\nThe end.\n")
    (course / "timings.csv").write_text("notebook,seconds,hardware,date\n12_some,125.2,an abacus,2026-01-01\n")
    with pytest.raises(SystemExit, match="differs"):
        update_course.main(["--check"])
    update_course.main([])
    text = (course / "README.md").read_text()
    assert text.count("2 min 5 s") == 2  # the notebook's and the total
    assert "an abacus, 2026-01-01" in text
    (course / "README.md").write_text("# Course\n")
    with pytest.raises(SystemExit, match="needs the markers"):
        update_course.main([])


def test_measuring_runs_them_and_keeps_what_was_not_asked_for(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (course / "timings.csv").write_text(
        "notebook,seconds,hardware,date\n12_some,125.2,an abacus,2026-01-01\n11_gone,1,,\n"
    )
    before = (course / "solutions" / "12_some.ipynb").read_text()
    update_course.main(["--measure", "10_other"])
    assert update_course.timings()["12_some"]["hardware"] == "an abacus"
    update_course.main(["--measure"])
    (row,) = update_course.timings().values()
    assert 0 < float(row["seconds"]) < 60
    assert "cores" in row["hardware"]
    assert (course / "solutions" / "12_some.ipynb").read_text() == before
