"""pyproject.toml, environment.yml and binder/ ask for the same, and small installs are as small as they say."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tests.environments import ROOT, copy_source, pip

sys.path.insert(0, str(ROOT / "docs"))

import badges
import binder_pins
import measure_memory
from ledger import read_rows

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
LARGEST = 1500  # megabytes, which Binder lends for sure


def asked(extra: str) -> dict[str, Requirement]:
    """What the kit with an extra asks for, by name."""
    lines = PROJECT["dependencies"] + PROJECT["optional-dependencies"].get(extra, [])
    found = {one.name: one for one in map(Requirement, lines)}
    own = found.pop("binenc-kit", None)
    return found | {name: one for inner in (own.extras if own else ()) for name, one in asked(inner).items()}


def pip_section(file: Path) -> list[str]:
    (section,) = [one["pip"] for one in yaml.safe_load(file.read_text())["dependencies"] if isinstance(one, dict)]
    return section


def test_without_torch_means_all_but_torch() -> None:
    lite = {one.name: one for one in map(Requirement, PYPROJECT["dependency-groups"]["lite"])}
    assert {"torch", "torchvision"} == set(asked("")) - set(lite)
    assert {name: str(one) for name, one in lite.items() if str(asked("notebooks").get(name)) != str(one)} == {}


def test_conda_users_section_resolves_to_what_is_installed_here(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("\n".join(pip_section(ROOT / "environment.yml")))
    requirements = str(tmp_path / "requirements.txt")
    done = pip("install", "--dry-run", "--requirement", requirements, cwd=copy_source(tmp_path / "source"))
    assert done.returncode == 0, done.stderr


def test_binder_pins_all_that_the_notebooks_ask_for_within_its_bounds() -> None:
    environment = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())
    index, *lines = pip_section(ROOT / "binder" / "environment.yml")
    assert index == f"--extra-index-url {binder_pins.CPU}"
    assert all(re.fullmatch(r"[a-z0-9.-]+==[0-9][\w.+]*", line) for line in lines)
    pins = {one.name: next(iter(one.specifier)).version for one in map(Requirement, lines)}
    wanted = asked("notebooks")
    assert sorted(set(wanted) - set(pins)) == []
    assert [name for name, one in wanted.items() if not one.specifier.contains(pins[name])] == []
    assert all(pins[name].endswith("+cpu") for name in ("torch", "torchvision"))
    assert not any(name.startswith(binder_pins.FOR_GPUS) for name in pins)
    python = environment["dependencies"][0].partition("=")[2]
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)
    assert environment["channels"] == yaml.safe_load((ROOT / "environment.yml").read_text())["channels"]


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_binder_starts_what_it_is_told_to_on_one_thread() -> None:
    show = [sys.executable, "-c", "import os, sys; print(os.environ['OMP_NUM_THREADS'], *sys.argv[1:])", "a b", "c"]
    done = subprocess.run([ROOT / "binder" / "start", *show], capture_output=True, text=True, check=True)
    assert done.stdout == "1 a b c\n"


def test_what_binder_runs_after_its_build_stops_at_the_first_failure(tmp_path: Path) -> None:
    assert all(os.access(ROOT / "binder" / name, os.X_OK) for name in ("start", "postBuild"))
    for name in ("python", "jupyter"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([ROOT / "binder" / "postBuild"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("python -m pip install --no-deps --editable .\n")
    (tmp_path / "python").write_text("#!/bin/sh\nexit 3\n")
    assert subprocess.run([ROOT / "binder" / "postBuild"], env=environment).returncode == 3


def test_every_notebook_was_measured_and_fits_into_binder() -> None:
    rows = read_rows(measure_memory.FILE)
    assert list(rows) == [path.stem for path in measure_memory.underived()]
    assert max(int(row["megabytes"]) for row in rows.values()) < LARGEST
    assert measure_memory.readme() == (ROOT / "README.md").read_text()


def test_badges_open_this_version() -> None:
    badges.main(["--check"])
    assert f"/v{PROJECT['version']}?urlpath=lab/tree/notebooks/00_quickstart.ipynb" in badges.binder()
    assert (ROOT / "notebooks" / badges.FIRST).exists()
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+\.svg)\)", (ROOT / "README.md").read_text())
    assert len(pictures) == 2
    assert all((ROOT / picture).exists() for picture in pictures)
    named = re.findall(r"git\+(https://[^\s\"]+)", (ROOT / "README.md").read_text())
    assert named == [badges.REPOSITORY]


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize(
    ("torch", "told"),
    [
        ("cpu", [f"--index-url {binder_pins.CPU} torch torchvision && ", '--editable ".[dev]"']),
        ("none", ["--group lite && ", "--no-deps --editable ."]),
        ("gpu", ['TORCH is "gpu", but must be cpu or none']),
    ],
)
def test_one_variable_chooses_a_small_install(torch: str, told: list[str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    command = ["make", "-n", "-f", ROOT / "Makefile", "setup", f"TORCH={torch}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert all(text in done.stdout + done.stderr for text in told)
