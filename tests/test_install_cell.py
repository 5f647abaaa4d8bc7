"""The install cell for Colab: one text everywhere, nothing outside Colab, and never torch, torchvision or numpy."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))  # the scripts import one another in the same way

import badges  # noqa: E402
import colab  # noqa: E402
import derive_notebooks  # noqa: E402
import install_cell  # noqa: E402

OWN = ("torch", "torchvision", "numpy")
# A stand-in for Colab in a process of its own: subprocess.run writes down what it is asked, and "git clone" links.
COLAB = """
import json, os, subprocess, sys, types
google = types.ModuleType("google")
sys.modules |= {{"google": google, "google.colab": types.ModuleType("google.colab")}}
asked = []
def run(command, **options):
    pins = open(command[command.index("--constraint") + 1]).read() if "--constraint" in command else ""
    asked.append([command, pins])
    return subprocess.CompletedProcess(command, {code})
subprocess.run = run
import importlib.metadata as metadata
whole = metadata.distributions
metadata.distributions = lambda: [one for one in whole() if one.metadata["Name"] not in {absent}]
exec({cell})
import binenc_kit
print(json.dumps([asked, os.getcwd(), binenc_kit.__file__, os.environ["PYTHONPATH"]]))
"""


def on_colab(clone: Path, absent: list[str], code: int = 0, there: bool = True) -> subprocess.CompletedProcess:
    """Run the cell in a process that believes to be on Colab, where some packages are absent."""
    cell = install_cell.SOURCE.replace("/content/binenc_kit", str(clone))
    if not there:
        cell = cell.replace('runpy.run_path(f"{clone}', f'runpy.run_path(f"{ROOT}')
    script = COLAB.format(cell=repr(cell), absent=absent, code=code)
    return subprocess.run([sys.executable, "-c", script], cwd=clone.parent, capture_output=True, text=True)


def requirements(command: list[str]) -> list[str]:
    """The names that a pip command asks for."""
    assert command[1:5] == ["-m", "pip", "install", "--quiet"]
    return [Requirement(item).name for item in command[7:]]


@pytest.mark.parametrize("path", install_cell.underived(), ids=lambda path: path.stem)
def test_every_notebook_has_the_same_cell_behind_its_title(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    found = [number for number, cell in enumerate(cells) if cell.id == "install"]
    assert len(found) == 1, "run python docs/install_cell.py"
    badge, cell = cells[found[0] - 1 : found[0] + 1]
    assert cells[found[0] - 2].cell_type == "markdown"
    place = path.relative_to(ROOT / "notebooks").as_posix()
    assert (badge.id, badge.source) == ("colab", badges.colab(place))
    assert (path.parent / re.search(r"!\[Open in Colab\]\((.+?)\)", badge.source).group(1)).exists()
    assert (cell.source, cell.metadata.tags, cell.outputs) == (install_cell.SOURCE, ["install"], [])


def test_the_check_finds_a_cell_that_is_missing_or_another(tmp_path: Path) -> None:
    path = tmp_path / "some.ipynb"
    cells = [nbformat.v4.new_markdown_cell("# Some"), nbformat.v4.new_code_cell("1 + 1", execution_count=1)]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n")
    with pytest.raises(SystemExit, match=r"some\.ipynb: no badge and install cell"):
        install_cell.main(["--check", str(path)])
    install_cell.main([str(path)])
    install_cell.main(["--check", str(path)])
    notebook = nbformat.read(path, as_version=4)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, None, 1, 2]
    before = path.read_text()
    install_cell.main([str(path)])  # a second time changes nothing
    assert path.read_text() == before
    path.write_text(before.replace("--depth", "--deep"))
    with pytest.raises(SystemExit):
        install_cell.main(["--check", str(path)])


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_order_of_deriving_and_installing_does_not_matter(path: Path) -> None:
    solutions = nbformat.read(path, as_version=4)
    solutions.cells = [cell for cell in solutions.cells if cell.id not in ("colab", "install")]
    derived = derive_notebooks.derived(solutions)
    installed = install_cell.installed(solutions, f"solutions/{path.name}")
    texts = [install_cell.installed(derived, path.name), derive_notebooks.derived(installed)]
    assert nbformat.writes(texts[0]) == nbformat.writes(texts[1])


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_at_the_top_has_a_badge_that_opens_itself(path: Path) -> None:
    (badge,) = [cell for cell in nbformat.read(path, as_version=4).cells if cell.id == "colab"]
    assert badge.source.startswith("[![Open in Colab](open-in-colab.svg)](https://colab.research.google.com/github/")
    assert badge.source.endswith(f"/blob/main/notebooks/{path.name})")


def test_it_is_short_and_names_the_repository_once() -> None:
    assert len(install_cell.SOURCE.splitlines()) <= 12
    assert install_cell.SOURCE.count("https://") == 1
    assert not re.search(r"^[%!]", install_cell.SOURCE, re.MULTILINE)


def test_outside_colab_it_does_nothing(tmp_path: Path) -> None:
    script = f"import sys, os\nbefore = list(sys.path), os.getcwd(), dict(os.environ)\nexec({install_cell.SOURCE!r})\n"
    script += "assert (list(sys.path), os.getcwd(), dict(os.environ)) == before"
    result = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr, list(tmp_path.iterdir())) == (0, "", "", [])


def test_on_colab_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    clone = tmp_path / "binenc_kit"
    clone.symlink_to(ROOT)
    result = on_colab(clone, ["anywidget", "adversarial-robustness-toolbox"])
    assert result.returncode == 0, result.stderr
    asked, here, package, path = json.loads(result.stdout)
    commands = [command for command, _ in asked]
    assert [requirements(command) for command in commands] == [["anywidget"], ["adversarial-robustness-toolbox"]]
    for _, pins in asked:
        assert all(re.search(rf"^{name}==\d", pins, re.MULTILINE) for name in OWN)
    assert Path(here) == ROOT / "notebooks"
    assert Path(package).is_relative_to(clone)
    assert path.split(os.pathsep)[0] == str(clone)


def test_on_colab_it_clones_once(tmp_path: Path) -> None:
    result = on_colab(tmp_path / "nothing", [], there=False)
    assert result.returncode == 0, result.stderr
    (command, _), *rest = json.loads(result.stdout)[0]
    assert command == ["git", "clone", "--depth", "1", install_cell.REPOSITORY, str(tmp_path / "nothing")]
    assert rest == []


def test_what_cannot_be_installed_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "binenc_kit").symlink_to(ROOT)
    result = on_colab(tmp_path / "binenc_kit", ["pytorch-metric-learning"], code=1)
    assert result.returncode == 0, result.stderr
    assert "pytorch-metric-learning>=2.6 could not be installed" in result.stdout


@pytest.mark.parametrize("name", OWN)
def test_without_colabs_own_it_asks_for_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "binenc_kit").symlink_to(ROOT)
    result = on_colab(tmp_path / "binenc_kit", [name, "anywidget"])
    assert result.returncode != 0
    assert f"{name} should be here" in result.stderr


def test_what_is_old_stays(capsys: pytest.CaptureFixture) -> None:
    wanted = [Requirement("numpy>=1.26"), Requirement("tqdm>=4.66"), Requirement("anywidget>=0.9.13")]
    assert colab.missing(wanted, {"numpy": "1.20", "tqdm": "4.67"}) == ["anywidget>=0.9.13"]
    assert capsys.readouterr().out == "numpy 1.20 is older than the kit asks for (>=1.26), and stays.\n"


def wheel(folder: Path, name: str, version: str, needs: str = "") -> None:
    """A wheel of nothing but its name."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (
        f"Requires-Dist: {needs}\n" if needs else ""
    )
    files = {f"{info}/METADATA": metadata, f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n"}
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in files))


@pytest.mark.parametrize(("needs", "works"), [("numpy>=1", True), ("numpy>=9999", False)])
def test_pip_itself_never_replaces_numpy(
    needs: str, works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real pip on wheels of our own, without a network and without installing anything."""
    wheel(tmp_path / "wheels", "binenc_missing", "1.0", needs)
    wheel(tmp_path / "wheels", "numpy", "9999.0")
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path / "wheels"), "DRY_RUN": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    assert colab.install(["binenc_missing"], colab.present()) is works
