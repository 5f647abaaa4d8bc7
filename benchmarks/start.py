"""What a start costs and how much memory the demo takes, each beside torch alone, which is the rival of both.

Times are those of whole processes, from `python` to its end. Memory is the largest resident set of any process of the
run, as the system keeps it; shared libraries count in full, in the demo as in `import torch` alone.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from turns import fastest, note, report_limit

ROOT = Path(__file__).parents[1]
STARTS = {
    "torch": "import torch",
    "training": "import torch; from binenc_kit import Recording, RunConfig, load_data, make_data, train, train_heads",
    "all": "import torch; from binenc_kit import *",
    "picture": "from binenc_kit import load_data; load_data('digits').train[0][0]",
}
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes: systems disagree about what ru_maxrss counts


def peak(*arguments: str) -> float | None:
    """Run python with these arguments; megabytes of its largest process, None where the system does not tell.

    This process must stay small, for a child's peak begins with its parent's: no torch and no numpy here.
    """
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
    if not hasattr(os, "wait4"):  # Windows
        status, megabytes = process.wait(), None
    else:  # what the child itself has waited for is counted, too, such as a notebook's kernel
        _, status, used = os.wait4(process.pid, 0)
        process.returncode, megabytes = os.waitstatus_to_exitcode(status), used.ru_maxrss * UNIT / 1e6
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    return megabytes


def demo_peak() -> float:
    """Megabytes of the largest process of `make demo`: papermill's or the notebook's kernel."""
    with TemporaryDirectory() as folder:
        notebooks = ["notebooks/reproduce.ipynb", f"{folder}/reproduce.ipynb", "-k", "python3"]
        settings = ["-f", "notebooks/settings/demo.yaml", "-p", "out", folder]
        return peak("-m", "papermill", *notebooks, *settings, "--no-progress-bar", "--log-level", "ERROR")


def main() -> None:
    """Seconds that the kit's names add to torch's import, and megabytes that the demo adds to torch's own."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer starts and no demo, to see that it runs")
    quick = parser.parse_args().quick
    starts = dict(list(STARTS.items())[:2]) if quick else STARTS
    ways = {name: lambda code=code: peak("-c", code) for name, code in starts.items()}
    seconds, megabytes = fastest(ways, rounds=0 if quick else 6)
    report_limit("import-adds", seconds["training"] - seconds["torch"], 0.3, "s")
    note(f"import torch alone takes {seconds['torch']:.2f} s")
    if quick:
        return None
    note(f"all names of the package add {seconds['all'] - seconds['torch']:.2f} s")
    note(f"from python to the first digit in a tensor, scikit-learn included: {seconds['picture']:.2f} s")
    if megabytes["torch"] is None:
        return note("this system does not tell a child's peak memory: the demo's was not measured")
    demo = demo_peak()
    report_limit("demo-memory-over-torch", demo - megabytes["torch"], 600, "MB")
    return note(f"the demo's largest process takes {demo:.0f} MB, import torch alone {megabytes['torch']:.0f} MB")


if __name__ == "__main__":
    main()
