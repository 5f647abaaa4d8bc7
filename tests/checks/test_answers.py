"""Every check of the course: right answers pass, and each likely slip is named; the modules beside hold the cases."""

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks.asking import passes, refuses

HERE = Path(__file__)
MODULES = [path.stem for path in sorted(HERE.parent.glob("test_*.py")) if path != HERE]
CASES = {name: importlib.import_module(f"tests.checks.{name}") for name in MODULES}
RIGHT = [(check, answer) for module in CASES.values() for check, answer in module.RIGHT]
SLIPS = [(check, answer, sentence) for module in CASES.values() for check, answer, sentence in module.SLIPS]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_right_answers_pass(check: Callable, answer: object, capsys: pytest.CaptureFixture) -> None:
    passes(check, (answer,), capsys)


@pytest.mark.parametrize(("check", "answer", "sentence"), SLIPS, ids=[slip[2] for slip in SLIPS])
def test_each_slip_is_named(check: Callable, answer: object, sentence: str, capsys: pytest.CaptureFixture) -> None:
    refuses(check, (answer,), sentence, capsys)
