import re
from pathlib import Path

import pandas as pd
import pytest

from binenc_kit import figures
from binenc_kit.data import Data, make_data
from binenc_kit.errors import KitError
from binenc_kit.files import shipped
from binenc_kit.recording import Recording
from binenc_kit.report import findings, write_report
from binenc_kit.tables import results_table
from binenc_kit.training import train, train_heads
from tests.conftest import tiny_config, tiny_splits


def test_the_report_needs_nothing_but_itself(tiny_data: Data, tmp_path: Path) -> None:
    runs = train_heads(tiny_config(), folder=tmp_path, data=tiny_data, progress=False)
    table = results_table(runs, tiny_data)
    pngs = figures.save({"accuracy_by_epoch": figures.accuracy_by_epoch(runs)}, tmp_path)
    write_report(tmp_path / "report.html", runs, table, pngs, findings(table, 3))
    page = (tmp_path / "report.html").read_text()
    assert "http" not in page
    assert page.count("data:image/png;base64,") == 1
    assert "Accuracy by epoch" in page
    assert 'alt="Accuracy by epoch, for BinEnc, LinPen' in page
    for head in runs:
        assert f"<td>{head}</td>" in page
    assert f"{table['test_accuracy'][0]:.4g}" in page
    assert "code agreement is at least 0.99" in page


def test_a_class_called_script_stays_text(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>"
    data = make_data(tiny_splits(), [evil, '"b"', "🐱"], name="<b>tiny</b>")
    list(train(tiny_config(), tmp_path / "run", data=data))
    run = Recording(tmp_path / "run")
    table = results_table([run], data)
    write_report(
        tmp_path / "report.html", [run], table, figures.save({"codebook": figures.codebook(run)}, tmp_path), []
    )
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "🐱" in page


def results(**columns: list) -> pd.DataFrame:
    usual = {"data": "d", "mode": "strict", "backbone": "b", "epochs": 1, "P": 4, "lr": 0.1}
    usual |= {"code_agreement": 0.5, "distinct_codes": 10, "sigma_w_relative": 1.0, "test_accuracy": 0.5}
    usual |= {"auroc": 0.5, "deepfool_relative": 0.1, "deepfool_refined": 0.1}
    usual["penalty"] = "none"
    rows = len(columns["head"])
    columns.setdefault("penalty", ["quadratic" if head == "BinEnc" else "none" for head in columns["head"]])
    return pd.DataFrame({name: [value] * rows for name, value in usual.items()} | columns)


def test_findings_say_no_where_a_claim_does_not_hold() -> None:
    table = results(
        head=["BinEnc", "BinEnc", "NoPen", "NoPen"],
        code_agreement=[1.0, 0.991, 0.8, 0.9],
        distinct_codes=[10, 9, 10, 10],
        sigma_w_relative=[0.1, 0.2, 0.15, 0.4],
        test_accuracy=[0.9, 0.95, 0.9, 0.8],
    )
    held = {claim: (is_true, numbers) for claim, is_true, numbers in findings(table, 10)}
    assert held["BinEnc: code agreement is at least 0.99 in every run"] == (True, "1, 0.991")
    assert held["BinEnc: the 10 classes have 10 codes in every run"] == (False, "10, 9")
    assert held["BinEnc: code agreement is higher than NoPen's"][0] is True
    spread = held["BinEnc: relative Sigma_W is lower than NoPen's"]
    assert spread == (False, "BinEnc at its worst 0.2, NoPen at its best 0.15")
    assert held["BinEnc: test accuracy is higher than NoPen's"][0] is False  # equal is not higher


def test_a_claim_that_cannot_be_measured_is_not_made() -> None:
    claims = [claim for claim, *_ in findings(results(head=["BinEnc", "NoPen"], auroc=[float("nan"), 0.9]), 10)]
    assert not [claim for claim in claims if "AUROC" in claim]
    assert "BinEnc: the refined norm is higher than NoPen's" in claims


def test_both_modes_stand_in_the_report_apart(tiny_run: Recording, tiny_data: Data, tmp_path: Path) -> None:
    both = pd.concat([results_table([tiny_run], tiny_data, mode=mode) for mode in ("strict", "paper")])
    write_report(tmp_path / "report.html", [tiny_run], both, [], [])
    page = (tmp_path / "report.html").read_text()
    assert "<p>1 run;" in page
    assert "<td>strict</td>" in page
    assert "<td>paper</td>" in page
    assert "never averaged" in page
    assert f"{both['sigma_w'].iloc[1]:.3g}" in page


@pytest.mark.parametrize("head", ["LinPen", "NoPen"])
def test_without_binenc_there_is_nothing_to_claim(head: str) -> None:
    assert findings(results(head=[head]), 10) == []


def test_claims_are_not_put_to_mixed_runs() -> None:
    with pytest.raises(KitError, match="these runs differ in data, lr"):
        findings(results(head=["BinEnc", "BinEnc", "NoPen"], lr=[0.1, 0.2, 0.1], data=["a", "b", "a"]), 10)


def shipped_table() -> pd.DataFrame:
    """The shipped run on CIFAR-10 pictures, from before there was the margin's distance."""
    table = pd.read_csv(shipped("cifar10-cpu/results.csv"), keep_default_na=False, na_values=[""])
    return table.assign(margin_distance=0.0)


def test_printed_numbers_stand_beside_ours_where_there_are_any(tiny_run: Recording, tmp_path: Path) -> None:
    table = shipped_table()
    write_report(tmp_path / "report.html", [tiny_run], table, [], [])
    page = (tmp_path / "report.html").read_text()
    assert "<h2>Beside the paper</h2>" in page
    assert "0.9379 ± 0.0021" in page
    assert "<h3>DeepFool&#39;s norm (Table 3)</h3>" in page
    assert "These runs are not the published ones: convnet instead of resnet18" in page
    write_report(tmp_path / "other.html", [tiny_run], table.assign(data="digits"), [], [])
    assert "Beside the paper" not in (tmp_path / "other.html").read_text()


def test_what_is_missing_is_said_and_nothing_else(tiny_run: Recording, tmp_path: Path) -> None:
    table = shipped_table()
    write_report(tmp_path / "report.html", [tiny_run], table, [], [], missing=["LinPen seed 3: the loss became nan"])
    assert "<li>LinPen seed 3: the loss became nan</li>" in (tmp_path / "report.html").read_text()
    write_report(tmp_path / "whole.html", [tiny_run], table, [], [])
    assert "What is missing" not in (tmp_path / "whole.html").read_text()


def test_runs_that_chose_a_learning_rate_count_once(tiny_run: Recording, tiny_data: Data, tmp_path: Path) -> None:
    table = results_table([tiny_run], tiny_data)
    write_report(tmp_path / "report.html", [tiny_run], table, [], [], tried=[tiny_run])
    page = (tmp_path / "report.html").read_text()
    assert "<p>1 run, 1 of them to choose a learning rate" in page
    write_report(tmp_path / "plain.html", [tiny_run], table, [], [])
    assert "to choose a learning rate" not in (tmp_path / "plain.html").read_text()


def test_a_figure_says_which_of_the_paper_s_it_is(tiny_run: Recording, tiny_data: Data, tmp_path: Path) -> None:
    drawn = {"sigma_w_by_epoch": figures.sigma_w_by_epoch([tiny_run]), "codebook_of_x": figures.codebook(tiny_run)}
    pngs = figures.save(drawn, tmp_path)
    write_report(tmp_path / "report.html", [tiny_run], results_table([tiny_run], tiny_data), pngs, [])
    page = (tmp_path / "report.html").read_text()
    assert "Sigma w by epoch, as in Figure 4 of the paper" in page
    assert "Codebook of x<" in page


def test_the_example_report_is_small_and_stands_alone() -> None:
    path = Path(__file__).parents[1] / "docs" / "cifar10-quick.html"
    page = path.read_text()
    assert path.stat().st_size < 2_000_000
    assert not re.search(r"""(?:src|href)=["']?(?!data:)\w+:|url\(""", page)
    for told in ("Beside the paper", "Test accuracy (Table 1)", "best of 3 instead of 18 learning rates", "commit"):
        assert told in page
    for figure in range(1, 6):
        assert f"as in Figure {figure} of the paper" in page
    assert "Accuracy by learning rate" in page
