"""Fresh virtual environments that see some of our packages and nothing else, made in a second and without a network."""

import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def needed(names: list[str]) -> set[str]:
    """These distributions and all that they need on this machine, their extras left out."""
    found, waiting = set(), list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        for requirement in map(Requirement, distribution(name).requires or []):
            if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return found


def make_environment(folder: Path, names: list[str]) -> Path:
    """An environment with links to these packages of ours and what they need; returns its Python."""
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    for name in needed(names):
        one = distribution(name)
        for entry in {file.parts[0] for file in one.files or []} - {"..", "__pycache__"}:
            if not (site / entry).exists():
                (site / entry).symlink_to(one.locate_file(entry))
    return folder / "bin" / "python"


def copy_source(folder: Path) -> Path:
    """What a build of the kit reads, where it may leave its traces."""
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-PROSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "binenc_kit", folder / "binenc_kit", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def pip(*words: str, cwd: Path) -> subprocess.CompletedProcess:
    """Our pip, which asks no package index for anything."""
    command = [sys.executable, "-m", "pip", *words, "--no-index", "--no-build-isolation", "--quiet"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)
