"""Workflows, releases and SECURITY.md: what they name is there, and what they promise is so."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def steps(workflow: Path) -> list[dict]:
    return [step for job in yaml.safe_load(workflow.read_text())["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_unless_it_says_so_for_a_job(workflow: Path) -> None:
    assert yaml.safe_load(workflow.read_text())["permissions"] == {"contents": "read"}
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps(workflow) if "uses" in step)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_runs_is_there(workflow: Path) -> None:
    commands = "\n".join(step["run"] for step in steps(workflow) if "run" in step)
    for target in re.findall(r"^\s*make ((?:\w+=\w+ )*)(\w+)", commands, re.MULTILINE):
        assert re.search(rf"^{target[1]}:", MAKEFILE, re.MULTILINE), target
    for path in re.findall(r"(?<![\w/])(?:tests|docs|data|binder|\.ci)/[\w./-]+", commands):
        assert (ROOT / path).exists(), path


def test_the_grid_has_every_python_that_the_package_names() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    grid = jobs["test"]["strategy"]["matrix"]["python"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert grid == named
    assert PROJECT["requires-python"] == f">={grid[0]}"
    oldest = jobs["oldest-torch"]["strategy"]["matrix"]["include"][0]
    bounds = {line.partition(">=")[0]: line.partition(">=")[2] for line in PROJECT["dependencies"]}
    assert (oldest["torch"], oldest["torchvision"]) == (f"{bounds['torch']}.*", f"{bounds['torchvision']}.*")


def test_issue_templates_ask_what_they_need() -> None:
    forms = [path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"]
    assert len(forms) == 3
    for form in map(yaml.safe_load, (path.read_text() for path in forms)):
        assert {"name", "description", "body"} <= form.keys()
        assert any(part["validations"]["required"] for part in form["body"] if "validations" in part)


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/releasing.md"])
def test_what_a_page_tells_to_run_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"`make (\w+)`", text):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
    for path in re.findall(r"`(?:python )?((?:docs/|binder/)[\w.]*|[A-Z]+\.\w+|pyproject\.toml)`", text):
        assert (ROOT / path).exists(), path


def test_the_version_is_the_same_everywhere() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(cited["version"]) == PROJECT["version"]


def test_what_security_promises_is_so() -> None:
    code = {path: path.read_text() for path in (ROOT / "binenc_kit").rglob("*.py")}
    assert not [path for path, text in code.items() if re.search(r"import pickle|pickle\.load|yaml\.load\(", text)]
    for call, safe in {r"np\.load\(": "allow_pickle=False", r"torch\.load\(": "weights_only=True"}.items():
        calls = [line for text in code.values() for line in text.splitlines() if re.search(call, line)]
        assert calls
        assert all(safe in line for line in calls), calls
    (lab,) = [line for line in MAKEFILE.splitlines() if "/jupyter lab" in line]
    assert "--ip=127.0.0.1" in lab
    assert "token" not in lab.lower()  # Jupyter makes one, unless it is told not to
