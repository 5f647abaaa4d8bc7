"""The teacher's page: plans that add up, a question with an answer for every notebook, numbers that are in the data."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from binenc_kit.measures.mixtures import mixture_scores
from binenc_kit.measures.uniformity import best_separation
from binenc_kit.wells import well

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "notebooks" / "teaching.md").read_text()
FOUND = (ROOT / "README.md").read_text() + (ROOT / "docs" / "results.md").read_text()


def answer(number: int) -> str:
    """What unfolds below a question."""
    return re.search(rf"^{number}\. .+?<summary>Answer</summary>(.+?)</details>", PAGE, re.MULTILINE | re.DOTALL)[1]


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return 60 * int(hours) + int(rest)


def test_every_notebook_has_questions_with_answers() -> None:
    asked = re.findall(r"^(\d+)\. \*\*\((\d\d)\)\*\*", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in asked] == list(range(1, len(asked) + 1))
    assert {notebook for _, notebook in asked} == {f"{number:02}" for number in range(11)}
    assert PAGE.count("<details>") == len(asked) >= 20


def test_there_are_misconceptions_each_with_what_to_show() -> None:
    told = re.findall(r'^\*\*(\d+)\. ".+\*Show\*', PAGE, re.MULTILINE)
    assert [int(number) for number in told] == list(range(1, len(told) + 1))
    assert len(told) >= 10


def test_what_to_show_is_there() -> None:
    """Sections and exercises that the page names, in the notebooks that it names them of."""
    pages: dict[str, str] = {}
    named = re.findall(r"(section|exercise)s? ([\d.]+)(?: and (\d))? of \[\d\d\]\((\w+)\.ipynb\)", PAGE)
    assert len(named) > 10
    for kind, *numbers, notebook in named:
        cells = nbformat.read(ROOT / "notebooks" / "solutions" / f"{notebook}.ipynb", as_version=4).cells
        pages[notebook] = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for number in filter(None, numbers):
            heading = rf"^## {number}\. " if kind == "section" else rf"^### Exercise {number}: "
            assert re.search(heading, pages[notebook], re.MULTILINE), (kind, number, notebook)


@pytest.mark.skipif(os.name == "nt", reason="the line is a shell's")
def test_a_teacher_sees_how_far_a_notebook_was_done(tmp_path: Path) -> None:
    """Her first answer holds and her second does not: the run ends there, and names the slip."""
    typed = re.search(r"^mkdir -p runs\n(BINENC_KIT_CHECKS=strict .+)$", PAGE, re.MULTILINE)[1]
    sources = ["from binenc_kit import checks", "checks.fewest([4, 4, 5, 10])", "checks.fewest([3, 4, 4, 9])", "1"]
    (tmp_path / "hers").mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbformat.write(notebook, tmp_path / "hers" / "01_push_pull.ipynb")
    command = typed.replace(".venv/bin/papermill", f"{sys.executable} -m papermill")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-c", f"mkdir -p runs && {command}"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Slip: You rounded down" in done.stderr
    ran = nbformat.read(tmp_path / "runs" / "hers.ipynb", as_version=4).cells
    assert sum(cell.get("execution_count") is not None for cell in ran) == 3


def test_the_plans_add_up() -> None:
    plans = re.split(r"^### ", PAGE.partition("## A room")[0], flags=re.MULTILINE)
    for plan, whole in ((plans[1], 120), (plans[2], 420)):  # the day with an hour of lunch
        clocks = [minutes(clock) for clock in re.findall(r"^\| (\d+:\d\d) ", plan, re.MULTILINE)]
        assert clocks == sorted(clocks)
        assert clocks[-1] - clocks[0] == whole
    sessions = re.findall(r"^\| \d\.\d \| ([\d +]+) \|", plans[3], re.MULTILINE)
    assert [sum(map(int, session.split(" + "))) for session in sessions] == [90] * 8


def test_the_numbers_that_stand_in_the_data() -> None:
    cells = pd.read_csv(ROOT / "data" / "phase" / "gamma-by-P.csv").round({"gamma_last": 0})
    means = cells.groupby(["P", "gamma_last"]).mean()
    assert f"a test accuracy of {means.loc[(2, 1), 'test_accuracy']:.3f} (mean of three seeds" in PAGE
    assert means.loc[(2, 1), "distinct_codes"] == 4
    lost = means.loc[4].iloc[-1]
    assert f"test accuracy {lost['test_accuracy']:.3f}, but" in PAGE
    assert f"right for {lost['nearest_mean_accuracy']:.3f} of the test pictures" in PAGE


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (r"from 172 at P = 4 to 1\.51e\+03 at P = 16", "at gamma 172 for P = 4 and at 1510 for P = 16"),
        (r"P\^\(1\.6 ± 0\.4\)", "says 1.6 ± 0.4"),
        (r"\|z\| goes as gamma\^\(-0\.44 ", "to the power -0.44"),
        (r"LinPen \| 0\.9731 ± 0\.0089", "LinPen 0.9731 ± 0.0089"),
        (r"NonlinPen \| 0\.9713 ± 0\.0070", "NonlinPen 0.9713 ± 0.0070"),
        (
            r"above NoPen's in 9 of the 9.+above the better of the softmax baselines it is in 0",
            "In nine of nine settings",
        ),
        (r"than LinPen ever does in 5 of 5 seeds.+higher in 0 and lower in 5 of 5", "In five of five seeds"),
    ],
)
def test_the_numbers_that_stand_among_the_results(theirs: str, ours: str) -> None:
    assert re.search(theirs, FOUND)
    assert ours in PAGE


def test_the_numbers_that_a_formula_gives() -> None:
    assert f"{mixture_scores([[-1.0], [1.0]] * 500).score:.3f}" in answer(13)
    assert f"{mixture_scores(np.zeros((1000, 1))).score:.3f}" in answer(14)
    assert f"± {well(0.3, 2.0):.2f}".replace("± ", "") in answer(5)
    assert f"{math.log2(10):.2f}" in answer(16)
    assert f"{-1 / 9:.3f}" in answer(17)
    assert f"{2 * 0.5**5:.2f}" in answer(20)
    for n, d in ((3, 2), (4, 2), (10, 9)):
        assert f"{best_separation(n, d):.3f}" in answer(29)
    assert f"{math.log(1510 / 172) / math.log(4):.2f}" in answer(32)
    assert f"below {math.sqrt(2 - 2 * math.sqrt(4 / 9)):.3f}" in PAGE
    assert f"{4 * 25 / 45:.2f}" in answer(34)
    assert str(2**4 * math.factorial(4)) in answer(11)
