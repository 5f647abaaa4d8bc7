import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import do_without

FOLDER = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if "__main__" in path.read_text())
NUMBER = r"[\d.e+-]+"
COMPARISON = rf"^[\w-]+ ours={NUMBER}\w* rival={NUMBER}\w* ratio={NUMBER}x goal=(none|{NUMBER}x)$"
LIMIT = rf"^[\w-]+ found={NUMBER}\w* limit={NUMBER}\w*$"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_benchmark_prints_a_line_for_each_comparison(script: Path) -> None:
    """That it runs and says what it must; speed itself is no test."""
    result = subprocess.run([sys.executable, script, "--quick"], capture_output=True, text=True, check=True)
    if "no Chromium" in result.stdout:
        do_without(result.stdout.strip())
    if "only Linux" in result.stdout:
        pytest.skip(result.stdout.strip())
    assert re.search(f"{COMPARISON}|{LIMIT}", result.stdout, re.MULTILINE)
