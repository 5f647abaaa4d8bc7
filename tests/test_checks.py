"""What all checks of exercises share: stubs are told apart, and where solutions are tested a slip is an error."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from binenc_kit import checks
from tests.checks.asking import unfinished
from tests.checks.test_answers import SLIPS

CHECKS = [
    check for name, check in vars(checks).items() if inspect.isfunction(check) and name != "check" and name[0] != "_"
]


def test_no_two_checks_have_one_name() -> None:
    """Of two imports of one name the second would hide the first."""
    imported = re.findall(r"^from .+ import (\w+) as \w+$", Path(checks.__file__).read_text(), re.MULTILINE)
    assert len(imported) == len(set(imported)) > 10


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("stub", [unfinished, ...], ids=["function", "value"])
def test_a_stub_is_not_done_yet(check: Callable, stub: object, capsys: pytest.CaptureFixture) -> None:
    """A check of a number says so of `...`, and of a function besides."""
    check(*[stub] * len(inspect.signature(check).parameters))
    said = capsys.readouterr().out
    assert said.startswith("\N{BALLOT X} "), said
    if stub is ...:
        assert "Not done yet" in said


def test_every_check_has_a_slip_that_it_names() -> None:
    assert {slip[0].__name__ for slip in SLIPS} == {check.__name__ for check in CHECKS}


def test_where_solutions_are_tested_a_slip_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINENC_KIT_CHECKS", "strict")
    with pytest.raises(checks.Slip, match="mind the sign"):
        checks.silu_floor(0.2785)
    checks.silu_floor(-0.2785)
