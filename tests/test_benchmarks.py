import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import do_without

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))
LINE = r"^[\w-]+ ours=[\d.]+\w* rival=[\d.]+\w* ratio=[\d.]+x goal=[\d.]+x$"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_benchmark_prints_a_line_for_each_comparison(script: Path) -> None:
    """That it runs and says what it must; speed itself is no test."""
    result = subprocess.run([sys.executable, script, "--quick"], capture_output=True, text=True, check=True)
    if "no Chromium" in result.stdout:
        do_without(result.stdout.strip())
    assert len(re.findall(LINE, result.stdout, re.MULTILINE)) >= 1
