"""What the pages promise: targets, files, one source for each dependency."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [ROOT / "SECURITY.md", ROOT / "data" / "README.md", ROOT / "notebooks" / "settings" / "README.md"]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
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


@each_page
def test_every_target_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"(?:^|`)make (?:[A-Z]+=\w+ )*([a-z]+)", page.read_text(), re.MULTILINE))
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in named), named
    assert page != PAGES[0] or {"demo", "test", "lab", "site", "bench"} <= named


@each_page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not link.startswith("http")]
    for path, _, place in (link.partition("#") for link in links):
        target = page.parent / path
        assert target.exists(), path
        if place:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert place in [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles], place


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
