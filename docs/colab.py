"""Make a clone of the kit usable on Colab, from within a notebook: docs/install_cell.py writes the cell that runs this.

Colab brings torch, torchvision, numpy and most of what the kit needs, and other software there relies on just those
versions. So only what is missing is installed, with everything that is there pinned, and the kit itself is not
installed at all: Python finds it, and its data, in the clone.
"""

import importlib
import os
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

CLONE = Path(__file__).parents[1]
NEVER = {"torch", "torchvision", "numpy"}  # Colab's own, whatever happens
EXTRAS = ("attacks", "rivals", "sweep")  # what some notebooks need besides


def present() -> dict[str, str]:
    """Name and version of every distribution that is installed and has a proper version."""
    found = {}
    for distribution in distributions():
        try:
            found.setdefault(canonicalize_name(distribution.metadata["Name"]), str(Version(distribution.version)))
        except (InvalidVersion, TypeError):  # a broken remainder of something: nothing to pin
            continue
    return found


def groups(pyproject: Path) -> list[list[Requirement]]:
    """The kit's dependencies, and in lists of their own those of each of EXTRAS."""
    project = tomllib.loads(pyproject.read_text())["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in EXTRAS)]
    return [[Requirement(line) for line in lines] for lines in lists]


def missing(requirements: list[Requirement], there: dict[str, str]) -> list[str]:
    """What is not there at all; says so of what is older than the kit asks for, since others may need just that."""
    wanted = []
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        if name not in there:
            wanted.append(str(requirement))
        elif not requirement.specifier.contains(there[name], prereleases=True):
            print(f"{name} {there[name]} is older than the kit asks for ({requirement.specifier}), and stays.")
    return wanted


def install(wanted: list[str], there: dict[str, str]) -> bool:
    """Ask pip for what is wanted, with all that is there pinned; tells whether it worked."""
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "constraints.txt"
        pins.write_text("".join(f"{name}=={version}\n" for name, version in there.items()))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(pins), *wanted]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603  names come from pyproject.toml


def main() -> None:
    """Install what is missing, and let Python find the kit, and notebooks their files."""
    there = present()
    if lost := sorted(NEVER - there.keys()):
        sys.exit(f"{', '.join(lost)} should be here and are never installed by this cell: choose another runtime.")
    for requirements in groups(CLONE / "pyproject.toml"):
        wanted = missing(requirements, there)
        if wanted and not install(wanted, there):
            print(f"{', '.join(wanted)} could not be installed: what needs it will say so, the rest works.")
        there = present()
    importlib.invalidate_caches()
    if str(CLONE) not in sys.path:
        sys.path.insert(0, str(CLONE))
        paths = [str(CLONE), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))  # for kernels that papermill starts
    os.chdir(CLONE / "notebooks")


if __name__ == "__main__":
    main()
