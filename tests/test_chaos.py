"""Workers and drivers of a sweep killed at random moments; `python -m tests.chaos 20` does more of it."""

import signal
from pathlib import Path

import pytest

from binenc_kit.recording import Recording
from tests.chaos import assert_equal, disturb, tiny_grid, undisturbed

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")


def test_six_kills_change_no_number(tmp_path: Path) -> None:
    configs = tiny_grid(epochs=80)
    killed = disturb(configs, tmp_path / "swept", kills=6, seed=2)
    assert min(killed.values()) > 0
    expected = undisturbed(configs, tmp_path / "undisturbed")
    assert_equal([Recording(tmp_path / "swept" / config.name) for config in configs], expected)
