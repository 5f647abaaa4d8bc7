"""`python -m binenc_kit`: what a terminal can ask for, and what it answers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from binenc_kit import __main__ as command_line
from binenc_kit import stages
from binenc_kit.recording import Recording

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "data" / "recordings" / "digits"


def typed(*words: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "binenc_kit", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_help_names_every_verb() -> None:
    answer = typed("--help")
    assert answer.returncode == 0, answer.stderr
    assert all(f"    {verb} " in answer.stdout for verb in ("train", "sweep", "report", "page"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("train epocs=3", "did you mean epochs"),
        ("train epochs", "'epochs' is no setting: write NAME=VALUE"),
        ("train epochs=many", "epochs is 'many', but must be a whole number"),
        ("train --heads BinEnk", "did you mean BinEnc"),
        ("page /nowhere", "is not a recording"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: str, sentence: str) -> None:
    with pytest.raises(SystemExit, match=sentence) as stopped:
        command_line.main(words.split())
    assert "\n" not in str(stopped.value)


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["page", "somewhere", "--colour", "red"])
    assert "page does not know --colour red" in capsys.readouterr().err


def test_what_the_readme_types(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    typed = re.findall(r"^\S+python -m binenc_kit (\w.+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [line.split()[0] for line in typed] == ["train", "report", "page"]
    train, report, page = (line.replace("epochs=40", "epochs=2 train_limit=100 device=cpu").split() for line in typed)
    command_line.main(train)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines[-2:]] == ["BinEnc", "NoPen"]
    assert all(Recording(line.split(": ")[1]).finished for line in lines[-2:])

    command_line.main(report)
    assert capsys.readouterr().out.splitlines()[-1] == "runs/digits-report/report.html"
    assert len(pd.read_csv("runs/digits-report/results.csv")) == 2
    assert Path("runs/digits-report/report.html").read_text().count("data:image/png;base64,") == 3

    command_line.main(page)
    assert "Epoch scrubber" in Path("runs/digits.html").read_text()


def test_a_shipped_recording_becomes_a_page(tmp_path: Path) -> None:
    command_line.main(["page", str(SHIPPED / "BinEnc"), str(SHIPPED / "NoPen"), "--out", str(tmp_path / "page.html")])
    page = (tmp_path / "page.html").read_text()
    assert "BinEnc" in page
    assert "NoPen" in page


def test_shipped_recordings_become_a_report(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    command_line.main(["report", str(SHIPPED / "BinEnc"), str(SHIPPED / "NoPen"), "--out", str(tmp_path)])
    assert "BinEnc" in capsys.readouterr().out
    assert (tmp_path / "report.html").exists()


def test_sweep_gets_the_rest_of_the_line(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        command_line.main(["sweep", "--help"])
    assert stopped.value.code == 0
    assert "usage: python -m binenc_kit sweep" in (told := capsys.readouterr().out)
    assert "--budget" in told


def test_what_the_settings_page_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option is there, and every file; tests/test_sweep.py and tests/slurm run sweeps."""
    page = (ROOT / "notebooks" / "settings" / "README.md").read_text()
    typed = re.findall(r"^\S+python -m binenc_kit sweep (.+?)(?: +#.*)?$", page, re.MULTILINE)
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    (tmp_path / "slurm.yaml").write_text("jobs: 2")
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(stages, "_run", lambda *what: asked.append(what))
    for line in typed:
        command_line.main(["sweep", *line.split()])
    assert [(one.budget, one.estimate, one.scheduler) for one, _, _ in asked] == [
        ("quick", True, None), ("full", False, None), ("full", False, "tcp://host:8786"), ("full", False, None),
    ]  # fmt: skip
    assert all(parameters["backbone"] == "resnet18" for _, parameters, _ in asked)
    assert asked[3][2] == {"jobs": 2}
