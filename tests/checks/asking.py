"""What every test of a check asks: does a right answer pass, and is a slip named?"""

from collections.abc import Callable

import pytest


def passes(check: Callable, answers: tuple, capsys: pytest.CaptureFixture) -> None:
    check(*answers)
    said = capsys.readouterr().out
    assert said.startswith("\N{HEAVY CHECK MARK} "), said
    assert said.count("\n") == 1


def refuses(check: Callable, answers: tuple, sentence: str, capsys: pytest.CaptureFixture) -> None:
    check(*answers)
    said = capsys.readouterr().out
    assert said.startswith("\N{BALLOT X} "), said
    assert sentence in said, said
    assert said.count("\n") == 1


def unfinished(*answers: object) -> float:
    raise NotImplementedError("your turn")
