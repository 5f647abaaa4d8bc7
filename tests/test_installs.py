"""The kit as a package: its wheel, without torch, and on a machine like Colab's."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement

from tests.environments import ROOT, copy_source, make_environment, pip

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LITE = [Requirement(line).name for line in PROJECT["dependency-groups"]["lite"]]
VERSIONS = """
import json
from importlib.metadata import distributions
print(json.dumps({one.metadata["Name"]: one.version for one in distributions()}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = pip("wheel", "--no-deps", "--wheel-dir", str(folder), ".", cwd=copy_source(folder / "source"))
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


def run(python: Path, code: str, folder: Path) -> str:
    """What a piece of Python prints in another environment, away from our checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([python, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_brings_all_that_is_no_python(wheel: Path) -> None:
    ours = [path for path in (ROOT / "binenc_kit").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.suffix for path in ours} == {".py", ".typed", ".html", ".js", ".css"}
    names = zipfile.ZipFile(wheel).namelist()
    assert [path for path in ours if path.relative_to(ROOT).as_posix() not in names] == []


def test_the_wheel_without_torch_opens_recordings_figures_and_widgets(wheel: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "lite", LITE)
    installed = pip("--python", str(python), "install", "--no-deps", str(wheel), cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    code = f"""
import importlib.util
from pathlib import Path

import binenc_kit as bk

assert Path(bk.__file__).is_relative_to({str(tmp_path / "lite")!r}), bk.__file__
assert not importlib.util.find_spec("torch")
shelf = Path({str(ROOT / "data" / "recordings" / "digits")!r})
run = bk.Recording(shelf / "BinEnc")
drawn = {{"codebook": bk.figures.codebook(run), "accuracy": bk.figures.accuracy_by_epoch(run)}}
assert all(path.stat().st_size > 10_000 for path in bk.figures.save(drawn, Path("figures")))
bk.EpochScrubber(run, bk.Recording(shelf / "NoPen")).to_html("page.html")
assert bk.results_table([run])["code_agreement"][0] > 0.9
try:
    bk.train(run.config)
except bk.KitError as error:
    print(error)
"""
    assert run(python, code, tmp_path) == (
        "train needs torch, which is not installed here: python -m pip install torch torchvision\n"
    )
    page = (tmp_path / "page.html").read_text()
    assert "Epoch scrubber" in page
    assert "function render" in page  # the widget's JavaScript
    line = [python, "-m", "binenc_kit", "page", ROOT / "data" / "recordings" / "digits" / "LPC", "--out", "lpc.html"]
    subprocess.run(line, cwd=tmp_path, check=True, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"})
    assert (tmp_path / "lpc.html").exists()


def make_colab(folder: Path) -> Path:
    """An environment that takes itself for Colab, with its torch and ipywidgets, but without most of what we need."""
    python = make_environment(folder, ["torch", "torchvision", "numpy", "ipywidgets", "ipykernel", "pip"])
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").touch()
    (site / "sitecustomize.py").write_text("import google.colab\n")
    return python


def kernel(python: Path, folder: Path) -> Path:
    """A place for Jupyter to look for a kernel called colab, which runs on this Python."""
    spec = {"argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Colab"}
    (folder / "kernels" / "colab").mkdir(parents=True)
    (folder / "kernels" / "colab" / "kernel.json").write_text(json.dumps(spec | {"language": "python"}))
    return folder


@pytest.mark.slow
def test_on_colab_a_notebook_runs_and_no_version_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = make_colab(tmp_path / "colab")
    asked = subprocess.run([python, "-m", "pip", "install", "--dry-run", "--quiet", "anywidget"], capture_output=True)
    if asked.returncode:
        pytest.skip("no package index can be reached from here")
    before = json.loads(run(python, VERSIONS, tmp_path))
    assert not {"scipy", "pandas", "anywidget"} & before.keys()
    notebook = nbformat.read(ROOT / "notebooks" / "solutions" / "00_quickstart.ipynb", as_version=4)
    (cell,) = [cell for cell in notebook.cells if cell.id == "install"]
    (tmp_path / "binenc_kit").symlink_to(ROOT)  # git clone is another test's
    cell.source = cell.source.replace("/content/binenc_kit", str(tmp_path / "binenc_kit"))
    monkeypatch.setenv("JUPYTER_PATH", str(kernel(python, tmp_path / "jupyter")))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    client = NotebookClient(notebook, timeout=1200, kernel_name="colab", resources={"metadata": {"path": tmp_path}})
    client.execute()
    assert not any("could not be installed" in output.get("text", "") for output in cell.outputs), cell.outputs
    after = json.loads(run(python, VERSIONS, tmp_path))
    assert {name: after.get(name) for name in before} == before
    assert {"scipy", "pandas", "anywidget", "scikit-learn"} <= after.keys()
    assert (tmp_path / "colab" / "lib").exists()
    assert sys.prefix not in str(python.resolve().parent)
