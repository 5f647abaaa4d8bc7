import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import do_without

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))

from update_results import FOLDER, SCRIPTS, rows

LONG = ("sweep", "scrub", "gpu")  # even so, they start workers, a JupyterLab and a browser, or compile


@pytest.mark.parametrize(
    "script", [pytest.param(script, marks=pytest.mark.slow if script in LONG else ()) for script in SCRIPTS]
)
def test_every_benchmark_prints_a_line_for_each_comparison(script: str) -> None:
    """That it runs and says what it must; speed itself is no test."""
    command = [sys.executable, FOLDER / f"{script}.py", "--quick"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    if "no Chromium" in result.stdout:
        do_without(result.stdout.strip())
    if "only Linux" in result.stdout:
        pytest.skip(result.stdout.strip())
    assert list(rows(result.stdout.splitlines()))
