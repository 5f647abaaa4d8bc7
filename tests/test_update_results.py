"""The tables of speed must say what the benchmarks printed, and nothing else."""

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))

import update_results
from update_results import IN_README, SCRIPTS, markdown, page, readme_table, render, rows

LINES = [
    "training-digits ours=0.032s rival=0.144s ratio=4.50x goal=4.0x",
    "- a note",
    "slow-one ours=2.5ms rival=5e+03us ratio=2.00x goal=8.0x",
    "no-goal ours=1s rival=3s ratio=3.00x goal=none",
    "memory found=301MB limit=300MB",
    "share found=1.5% limit=5%",
    "something else that a script may print",
]


def test_lines_become_rows_that_hold_or_not() -> None:
    assert [(row.name, row.goal, row.held) for row in rows(LINES)] == [
        ("training-digits", "at least 4", True),
        ("slow-one", "at least 8", False),
        ("no-goal", "", None),
        ("memory", "at most 300 MB", False),
        ("share", "at most 5 %", True),
    ]
    assert markdown(list(rows(LINES))).splitlines()[2:4] == [
        "| training-digits | 0.032 s | 0.144 s | 4.50 | at least 4 | held |",
        "| slow-one | 2.5 ms | 5e+03 us | 2.00 | at least 8 | **missed** |",
    ]


def test_the_committed_tables_are_those_of_the_committed_results() -> None:
    results = json.loads(update_results.FILE.read_text())
    for path, text in render(results).items():
        assert path.read_text() == text, f"{path.name} is stale: python docs/update_results.py --render"
    assert results
    assert set(results) <= set(SCRIPTS)
    assert all(f"\n| {told} |" in readme_table(results) for told in IN_README.values())


def test_every_benchmark_is_run_and_described() -> None:
    scripts = {path.stem for path in update_results.FOLDER.glob("*.py") if "__main__" in path.read_text()}
    assert scripts == set(SCRIPTS)
    assert all(f"\n## {script}\n" in page({}) for script in SCRIPTS)


def test_what_was_measured_on_a_gpu_elsewhere_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = {"lines": ["gpu-x ours=1s rival=30s ratio=30.00x goal=20.0x"], "seconds": 9, "on": "a card; 2026-01-01"}
    files = {name: tmp_path / name for name in ("FILE", "PAGE", "README")}
    for name, path in files.items():
        monkeypatch.setattr(update_results, name, path)
    files["FILE"].write_text(json.dumps({"gpu": kept}))
    files["README"].write_text("before <!-- speed -->old<!-- /speed --> after")
    fresh = {"lines": LINES, "seconds": 1, "on": "two cores; 2026-01-02"}
    none = {"lines": ["- no GPU was at hand"], "seconds": 1, "on": "two cores"}
    monkeypatch.setattr(update_results, "measure", lambda scripts: {"training": fresh, "gpu": none})
    monkeypatch.setattr("sys.argv", ["update_results.py"])
    update_results.main()
    assert json.loads(files["FILE"].read_text()) == {"gpu": kept, "training": fresh}
    assert "| gpu-x | 1 s | 30 s | 30.00 | at least 20 | held |" in files["PAGE"].read_text()
    assert re.fullmatch(
        r"before <!-- speed -->\n.*two cores.*\n<!-- /speed --> after", files["README"].read_text(), re.S
    )


def test_a_benchmark_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("sys.argv", ["update_results.py", "trainings"])
    with pytest.raises(SystemExit):
        update_results.main()
    assert "there is no benchmark 'trainings': choose from training" in capsys.readouterr().err
