"""What the README promises: commands, files, one source for each dependency."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
README = (ROOT / "README.md").read_text()
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


@needs_make
def test_help_lists_every_target_in_one_line_each() -> None:
    result = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^make (\w+)\s+\S", result.stdout, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE).group(1).split()
    assert sorted(listed) == sorted(phony)


@needs_make
def test_a_second_call_sets_nothing_up_again(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").touch()
    result = subprocess.run(
        ["make", "-n", "-f", ROOT / "Makefile", "setup"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "venv" not in result.stdout
    (tmp_path / ".venv" / ".ready").unlink()
    result = subprocess.run(
        ["make", "-n", "-f", ROOT / "Makefile", "setup"], cwd=tmp_path, capture_output=True, text=True
    )
    assert "-m venv .venv" in result.stdout


@needs_make
@pytest.mark.parametrize("python", ["false", "/nowhere/python3"])
def test_an_old_or_missing_python_gets_one_sentence(python: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    command = ["make", "-f", ROOT / "Makefile", "setup", f"PYTHON={python}"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode != 0
    assert "binenc_kit needs Python 3.11 or newer" in result.stdout
    assert not (tmp_path / ".venv").exists()


def test_ci_calls_make_test_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -eu", 'cd "$(dirname "$0")/.."', "export BINENC_KIT_BROWSER=required", "exec make test"]


def test_every_target_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert {"demo", "test", "lab"} <= named
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in named)


def test_every_file_that_the_readme_links_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not link.startswith("http")]
    assert links
    assert all((ROOT / link).exists() for link in links), links


def test_dependencies_have_lower_bounds_only() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in (item for group in groups for item in group):
        assert re.fullmatch(r"[a-z0-9-]+(>=[0-9.]+|\[[a-z,]+\])", requirement), requirement


def test_conda_users_get_what_pip_users_get() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"python{project['requires-python']}" in environment["dependencies"]
    assert environment["dependencies"][-1] == {"pip": ["--editable .[dev]"]}


def test_settings_name_only_parameters_of_their_notebook() -> None:
    from papermill import inspect_notebook

    files = sorted((ROOT / "notebooks" / "settings").glob("*.yaml"))
    assert files
    for file in files:
        notebook = re.search(r"papermill notebooks/(\w+)\.ipynb|(make demo)", file.read_text())
        name = notebook.group(1) or "reproduce"
        allowed = set(inspect_notebook(str(ROOT / "notebooks" / f"{name}.ipynb")))
        assert set(yaml.safe_load(file.read_text())) <= allowed, file
