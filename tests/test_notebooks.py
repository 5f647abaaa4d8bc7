"""reproduce.ipynb through papermill, as a user would call it; nbval runs all notebooks besides."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from papermill import inspect_notebook

from binenc_kit.config import RunConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REPRODUCE = ROOT / "notebooks" / "reproduce.ipynb"
QUICK = ["-p", "epochs", "2", "-p", "train_limit", "100", "-p", "width", "8"]


def papermill(home: Path, *arguments: str, notebook: Path = REPRODUCE) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "papermill", notebook, home / "executed.ipynb", *arguments, "-k", "python3"]
    environment = os.environ | {"BINENC_KIT_HOME": str(home)}
    return subprocess.run(
        [*command, "--no-progress-bar", "--stdout-file", "-"],
        cwd=home, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_the_parameters_are_the_settings_of_a_run() -> None:
    names = set(inspect_notebook(str(REPRODUCE)))
    settings = {field.name for field in fields(RunConfig)} - {
        "head",
        "seed",
        "lr",
        "penalty",
    }  # the grid's and the heads'
    how = {"budget", "workers", "scheduler", "slurm", "retry", "report_only"}
    assert names == settings | how | {"heads", "seeds", "lrs", "out", "paper_mode"}


def test_a_misspelt_parameter_stops_it_and_lists_the_right_ones(tmp_path: Path) -> None:
    result = papermill(tmp_path, "-p", "epoch", "2")
    assert result.returncode != 0
    assert "unknown parameter 'epoch': did you mean epochs" in result.stderr
    assert (
        "heads, seeds, lrs, budget, workers, scheduler, slurm, retry, report_only, paper_mode, data, backbone"
        in result.stderr
    )
    assert not (tmp_path / "runs").exists()


def test_two_commands_make_everything_and_the_second_trains_nothing(tmp_path: Path) -> None:
    nothing = papermill(tmp_path, *QUICK, "-p", "report_only", "True")
    assert nothing.returncode != 0
    assert "none of these runs is done in" in nothing.stderr
    typed = re.search(r"^\S+papermill notebooks/reproduce.ipynb runs/mine.ipynb (.+)$", README, re.MULTILINE)[1].split()
    typed = [str(ROOT / word) if word.endswith(".yaml") else word for word in typed]
    arguments = [*QUICK, "-y", "heads: [BinEnc, NoPen]", "-y", "seeds: [0, 1]", "-y", "lrs: [0.001, 0.01]", *typed]
    result = papermill(tmp_path, *arguments)
    assert result.returncode == 0, result.stderr
    out = tmp_path / "runs" / "mine"
    table = pd.read_csv(out / "results.csv")
    assert set(table.loc[table["head"] == "BinEnc", "P"]) == {6}
    assert table[["head", "seed"]].to_numpy().tolist() == [["BinEnc", 0], ["BinEnc", 1], ["NoPen", 0], ["NoPen", 1]]
    assert all((out / run / "results.json").exists() for run in table["run"])
    assert len(list(out.glob("*/config.json"))) == 6  # four runs and each head's other learning rate
    assert (out / "report.html").stat().st_size > 10_000
    pictures = {path.name for path in (out / "figures").iterdir()}
    assert {"accuracy_by_epoch.png", "sigma_w_by_epoch.png", "code_agreement_by_epoch.png"} < pictures
    assert {"latents_of_BinEnc.png", "latents_of_NoPen.png", "codebook_of_BinEnc.png"} < pictures
    assert {"binarity_by_epoch.png", "class_means_of_BinEnc.png", "roc_of_BinEnc.png"} < pictures
    assert "accuracy_by_learning_rate.png" in pictures
    assert {"auroc", "deepfool_relative", "deepfool_refined", "binarity_score", "peak_distance", "nc1"} < set(table)
    assert set(table["mode"]) == {"strict"}
    paper = pd.read_csv(out / "results-paper.csv")
    assert set(paper["mode"]) == {"paper"}
    first_seed = table[table["seed"] == 0].set_index("head")["test_accuracy"]
    assert (paper.set_index("head")["test_accuracy"] >= first_seed).all()  # its learning rate is chosen by just that
    assert "nothing is published for digits" in result.stdout
    assert "2 heads, 2 learning rates, 2 seeds, 2 epochs: 6 runs, about" in result.stdout
    assert "learning rates: 4 done, 0 failed, 0 left" in result.stdout
    assert "seeds: 4 done, 0 failed, 0 left" in result.stdout
    for expected in ["test_accuracy", "report.html", "results.csv", *table["run"]]:
        assert expected in result.stdout
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/checkpoint.pt")}
    left = next(out.glob("NoPen-seed1-*"))
    shutil.move(left, tmp_path / left.name)
    again = papermill(tmp_path, *arguments, "-p", "report_only", "True")
    assert again.returncode == 0, again.stderr
    assert "missing: NoPen, learning rate" in again.stdout
    assert f"({left.name}): not done yet" in (out / "report.html").read_text()
    assert len(pd.read_csv(out / "results.csv")) == 3
    shutil.move(tmp_path / left.name, left)
    again = papermill(tmp_path, *arguments)
    assert again.returncode == 0
    assert "6 runs, all of them done" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/checkpoint.pt")} == before
    assert pd.read_csv(out / "results.csv").equals(table)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["-y", "heads: [BinEncc]"], "did you mean BinEnc"),
        (["-p", "P", "2"], "use P >= 4"),
        (["-p", "gamma_start", "-1"], "gamma_start is -1"),
        (["-p", "data", "folder:nowhere"], "no folder train/"),
    ],
)
def test_a_bad_parameter_stops_it_with_one_sentence(parameters: list[str], expected: str, tmp_path: Path) -> None:
    result = papermill(tmp_path, *QUICK, *parameters)
    assert result.returncode != 0
    assert expected in result.stderr
    assert not list(tmp_path.rglob("config.json"))


@pytest.mark.slow
def test_the_study_runs_anew_from_its_parameters(tmp_path: Path) -> None:
    arguments = ["-y", "rerun: true", "-p", "data", "digits", "-y", "backbones: {mlp: 16}", "-y", "seeds: [0]"]
    arguments += ["-y", "base: {epochs: 8, gamma_last: 3.0, P: 4}", "-y", "axes: {epochs: [4]}", "-p", "attacked", "40"]
    arguments += ["-p", "batch_size", "32", "-p", "lr", "0.01", "-y", "train_limit: null", "-p", "out", "runs/study"]
    result = papermill(tmp_path, *arguments, notebook=ROOT / "notebooks" / "gains.ipynb")
    assert result.returncode == 0, result.stderr
    out = tmp_path / "runs" / "study"
    table = pd.read_csv(out / "results.csv")
    assert sorted(zip(table["head"], table["epochs"], strict=True)) == [
        ("BinEnc", 4), ("BinEnc", 8), ("NoPen", 4), ("NoPen", 8),
    ]  # fmt: skip
    doubt = json.loads((out / "doubt.json").read_text())
    assert set(doubt["masking"]) == set(doubt["shares"]["strong attack"]) == {"BinEnc", "NoPen"}
    assert "Test accuracy: of" in result.stdout
    assert "VERDICT: DeepFool" in result.stdout


@pytest.mark.parametrize("name", ["gains", "phase", "rivals"])
def test_a_study_shows_what_its_settings_make(name: str) -> None:
    """The parameters of the notebook that shows a study are those of the file that makes it."""
    settings = yaml.safe_load((ROOT / "notebooks" / "settings" / f"{name}.yaml").read_text())
    shown = inspect_notebook(str(ROOT / "notebooks" / f"{name}.ipynb"))
    same = {key: ast.literal_eval(shown[key]["default"]) for key in settings}
    assert same | {"rerun": True} == settings


def test_the_shipped_maps_have_every_run() -> None:
    settings = yaml.safe_load((ROOT / "notebooks" / "settings" / "phase.yaml").read_text())
    seeds = len(settings["seeds"])
    rows = {name: len(pd.read_csv(ROOT / "data" / "phase" / f"{name}.csv")) for name in ("gamma-by-P", "fine")}
    assert rows == {
        "gamma-by-P": len(settings["gammas"]) * len(settings["Ps"]) * seeds,
        "fine": len(settings["fine"]) * seeds,
    }
    growth = pd.read_csv(ROOT / "data" / "phase" / "growth-by-lr.csv")
    assert len(growth) == len(settings["factors"]) * len(settings["lrs"]) * seeds


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda path: path.name)
def test_committed_notebooks_show_their_outputs_and_nothing_of_a_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    to_be_done = (path.parent / "solutions" / path.name).exists()  # a learner's copy: its exercises are not run
    text = json.dumps(notebook)
    assert "widgets" not in notebook.metadata
    assert str(ROOT) not in text
    assert "/tmp/" not in text
    assert path.stat().st_size < 1_100_000
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if to_be_done and "exercise" in cell.metadata.get("tags", []):
            continue
        assert cell.execution_count is not None
        for output in cell.outputs:
            assert output.output_type != "error"
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) > 40
