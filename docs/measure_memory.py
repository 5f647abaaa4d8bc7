"""Measure how much memory each notebook takes at most, into notebooks/memory.csv: Binder gives a reader 1.5 GB.

    python docs/measure_memory.py [NAME ...]

Each one named, or every solution and study, runs in a home of its own with nothing trained, in the environment that
binder/start sets. What counts is the most that its kernel ever held, its libraries included, and the most that the
processes that it started held beside it; JupyterLab takes about a tenth of a gigabyte of its own. How busy the machine
is does not matter.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from install_cell import NOTEBOOKS, underived
from ledger import read_rows, write_rows
from marked import replaced
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FILE = NOTEBOOKS / "memory.csv"
FIELDS = ("notebook", "megabytes", "torch")
WATCH = """
import threading
import time

import psutil

helpers = [0]


def watch():
    while True:
        try:  # what a process shares with its parent is not counted twice
            held = sum(one.memory_full_info().pss for one in psutil.Process().children(recursive=True))
        except psutil.Error:  # one has just ended
            held = 0
        helpers.append(max(helpers.pop(), held))
        time.sleep(0.05)


threading.Thread(target=watch, daemon=True).start()
"""
ASK = """
import resource

import torch

print(round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000 + helpers[0] / 1e6), torch.__version__)
"""


def measure(path: Path) -> tuple[int, str]:
    """Megabytes that a notebook takes at most on Linux, and its torch; it is not written back."""
    notebook = nbformat.read(path, as_version=4)
    watch, ask = (nbformat.v4.new_code_cell(code) for code in (WATCH, ASK))
    notebook.cells = [watch, *notebook.cells, ask]
    with tempfile.TemporaryDirectory() as home:
        client = NotebookClient(
            notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        )
        started = dict(re.findall(r"(\w+)=(\d+)", (ROOT / "binder" / "start").read_text()))
        client.execute(env=os.environ | started | {"BINENC_KIT_HOME": home, "BINENC_KIT_CHECKS": "strict"})
    megabytes, torch = "".join(output.text for output in ask.outputs if output.output_type == "stream").split()
    return int(megabytes), torch


def readme() -> str:
    """README with the most that any notebook takes, in gigabytes."""
    most = max(int(row["megabytes"]) for row in read_rows(FILE).values())
    return replaced((ROOT / "README.md").read_text(), "memory", f"{most / 1000:.2f}")


def main(names: list[str]) -> None:
    """Write memory.csv, anew for the notebooks named, or all, without those that are gone, and README's number."""
    paths, before = {path.stem: path for path in underived()}, read_rows(FILE)
    rows = {name: before[name] for name in paths if name in before}
    for name in names or paths:
        rows[name] = dict(zip(FIELDS, (name, *map(str, measure(paths[name]))), strict=True))
        print(f"{name}: {rows[name]['megabytes']} MB", flush=True)
        write_rows(FILE, FIELDS, (rows[name] for name in paths if name in rows))
    (ROOT / "README.md").write_text(readme())


if __name__ == "__main__":
    main(sys.argv[1:])
