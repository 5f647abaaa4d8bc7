"""README and its fellow pages: short, true to the results they show, and with no command that nothing runs."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

import binenc_kit as bk
from tests.conftest import write_pictures

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [*sorted((ROOT / "notebooks").glob("*.md")), ROOT / "notebooks" / "settings" / "README.md"]
# What runs a command that no workflow runs as it stands there: a test, or a line of a file.
ELSEWHERE = {
    r"papermill notebooks/reproduce\.ipynb runs/mine\.ipynb": (
        "tests/test_notebooks.py", "def test_two_commands_make_everything_and_the_second_trains_nothing("
    ),
    r"python -m binenc_kit (train|report|page) ": ("tests/test_command_line.py", "def test_what_the_readme_types("),
    r"python -m binenc_kit sweep ": ("tests/test_command_line.py", "def test_what_the_settings_page_types("),
    r"pytest tests/\w+\.py -k ": ("tests/test_contributing.py", "def test_an_example_works_as_it_stands_there("),
    r"^BINENC_KIT_CHECKS=strict \S+papermill hers/": (
        "tests/test_teaching.py", "def test_a_teacher_sees_how_far_a_notebook_was_done("
    ),
    r"pre-commit install": ("tests/test_readme.py", "def test_ruff_looks_at_each_commit("),
    r"bin/python -c ": ("tests/test_readme.py", "def test_a_line_of_python_in_a_page_runs("),
    r"jupyter lab ": ("tests/browser/lab.py", '"jupyterlab", *FLAGS]'),
    r"conda env create --file environment.yml": (".github/workflows/ci.yml", "environment-file: environment.yml"),
    r"^pip install \.$": ("tests/test_installs.py", "def test_the_wheel_without_torch_opens_recordings_figures_and"),
    r'^pip install "binenc-kit @ git\+': (".github/workflows/ci.yml", 'pip install "binenc-kit @ git+'),
}  # fmt: skip
sys.path.insert(0, str(ROOT / "docs"))

import update_readme  # noqa: E402


def commands(page: Path) -> Iterator[str]:
    """The lines of a page's fences that name no language, without what is told of them."""
    language = None
    for line in page.read_text().splitlines():
        fence = re.match(r" *```(\w*)", line)
        if fence:
            language = fence[1] if language is None else None
        elif language in ("", "sh") and line.strip():
            yield re.sub(r" +#.*", "", line.strip())


TYPED = list(dict.fromkeys(command for page in PAGES for command in commands(page)))


def words(line: str) -> set[str]:
    return {word.strip("\"'`@;()") for word in line.split()}


@cache
def recipe(arguments: str) -> list[str]:
    """What make would run, setting up included; it only says so."""
    command = ["make", "--dry-run", "--always-make", *arguments.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return re.sub(r'echo "[^"]*"', "", done.stdout.replace("\\\n", " ")).splitlines()


@cache
def run_by_workflows() -> list[set[str]]:
    """The words of each line that the workflows run, and of each that make runs for them."""
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
        lines += [line for job in jobs for step in job["steps"] for line in step.get("run", "").splitlines()]
    made = [re.search(r"\bmake ((?:[A-Z]+=\w+ )*[a-z]+)$", line) for line in lines if not line.startswith("#")]
    return [words(line) for line in [*lines, *(line for one in made if one for line in recipe(one[1]))]]


def is_run(command: str) -> bool:
    """Whether one line that a workflow runs has all words of a command; a folder stands for what is in it.

    A test file needs no line of its own, for pytest alone takes all of them; a target of make may be run in parts.
    """
    asked = {word for word in words(command) if not (word.startswith("tests/test_") and (ROOT / word).is_file())}
    for line in run_by_workflows():
        if all(word in line or any(other.startswith(f"{word}/") for other in line) for word in asked):
            return True
    return command.startswith("make ") and all(map(is_run, recipe(command.removeprefix("make "))))


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("command", TYPED)
def test_a_command_of_a_page_is_run_by_a_workflow_or_a_test(command: str) -> None:
    named = [evidence for pattern, evidence in ELSEWHERE.items() if re.search(pattern, command)]
    assert named or is_run(command), command
    for file, line in named:
        assert line in (ROOT / file).read_text(), line


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_what_nothing_runs_is_found() -> None:
    assert not is_run(".venv/bin/python -m binenc_kit dance")
    assert not is_run("make bench")
    assert not [pattern for pattern in ELSEWHERE if not any(re.search(pattern, command) for command in TYPED)]


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_ruff_looks_at_each_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=tmp_path, check=True, capture_output=True)
    assert "pre-commit" in (tmp_path / ".git" / "hooks" / "pre-commit").read_text()


def test_a_line_of_python_in_a_page_runs(tmp_path: Path) -> None:
    (line,) = [command for command in TYPED if "bin/python -c " in command]
    subprocess.run([sys.executable, *shlex.split(line)[1:]], cwd=tmp_path, check=True)
    assert (tmp_path / "runs" / "demo").is_dir()


def test_the_readmes_lines_of_python_train_on_a_folder_of_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    write_pictures(tmp_path / "my" / "pictures", {"train": dict.fromkeys(("cat", "dog", "owl"), 30)}, size=8)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code.replace("epochs=40", 'epochs=3, device="cpu"'), names)
    assert list(names["runs"]) == ["BinEnc", "LinPen", "LPC"]
    assert all(run.finished for run in names["runs"].values())
    assert isinstance(names["bk"].EpochScrubber(*names["runs"].values()), bk.EpochScrubber)
    assert "code_agreement" in capsys.readouterr().out


def test_what_the_pages_show_is_what_the_shipped_results_say() -> None:
    text = "".join(page.read_text() for page in update_readme.PAGES)
    for name, block in update_readme.found().items():
        assert f"<!-- {name} -->\n{block}\n<!-- /{name} -->" in text, name
    assert "<!-- demo -->" in README
    assert "<!-- speed -->" in README


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) < 170
