"""Run the benchmarks, keep what they print in benchmarks/results.json, and make the tables of it.

`benchmarks/RESULTS.md` has all of it, the README a few lines. A run of some scripts only renews theirs, and where there
is no GPU what was measured on one elsewhere is kept. `--render` runs nothing and makes the tables anew.
"""

import argparse
import ast
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from marked import replaced

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"
FILE, PAGE, README = FOLDER / "results.json", FOLDER / "RESULTS.md", ROOT / "README.md"
SCRIPTS = ("training", "many_runs", "start", "scaling", "recordings", "precision", "measures", "scrub", "sweep", "gpu")
NUMBER = r"([\d.e+-]+)"
COMPARISON = re.compile(rf"([\w-]+) ours={NUMBER}(\w*) rival={NUMBER}(\w*) ratio={NUMBER}x goal=(?:none|{NUMBER}x)")
LIMIT = re.compile(rf"([\w-]+) found={NUMBER}([\w%]*) limit={NUMBER}[\w%]*")
IN_README = {
    "demo-12-runs": "the demo's twelve trainings, against the textbook loop",
    "training-32x32-convnet": "an epoch of the small convnet on pictures of CIFAR's size, against the textbook loop",
    "many-48-runs": "48 small networks as one program, against one after another",
    "mixture-128x1000": "mixtures of two peaks in 128 dimensions, against scikit-learn's one after another",
    "deepfool-1000-BinEnc": "DeepFool on 1,000 pictures, against one picture at a time",
    "scrub-step": "a step of the scrubber, against a matplotlib redraw",
}
HEAD = ("what", "ours", "rival", "rival / ours", "goal", "")


class Row(NamedTuple):
    """A line of the table, in texts, and whether it holds; None where nothing was asked."""

    name: str
    ours: str
    rival: str
    ratio: str
    goal: str
    held: bool | None


def measure(scripts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Run each script alone, and return what it printed, and on what machine and when."""
    found = {}
    for script in scripts:
        command = [sys.executable, str(FOLDER / f"{script}.py")]
        start, lines = time.perf_counter(), []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603  our own script
            for line in child.stdout:
                print(line, end="", flush=True)
                lines.append(line.rstrip())
        if child.returncode:
            sys.exit(f"benchmarks/{script}.py failed: nothing of it was kept")
        found[script] = {"lines": lines, "seconds": round(time.perf_counter() - start), "on": machine(script == "gpu")}
    return found


def machine(gpu: bool) -> str:
    """Hardware, versions and date in a few words."""
    import torch

    from binenc_kit.machine import processor

    parts = [torch.cuda.get_device_name()] if gpu and torch.cuda.is_available() else []
    parts += [f"{processor()}, {os.cpu_count()} cores", platform.system(), f"Python {platform.python_version()}"]
    parts += [f"{name} {version(name).partition('+')[0]}" for name in ("torch", "torchvision", "numpy", "scikit-learn")]
    return f"{', '.join(parts)}; {date.today().isoformat()}"


def rows(lines: Sequence[str]) -> Iterator[Row]:
    """The comparisons and limits among the lines that a script printed."""
    for line in lines:
        if match := COMPARISON.fullmatch(line):
            name, ours, unit, rival, rivals_unit, ratio, goal = match.groups()
            held = None if goal is None else float(ratio) >= float(goal)
            aim = f"at least {float(goal):g}" if goal else ""
            yield Row(name, f"{ours} {unit}", f"{rival} {rivals_unit}", ratio, aim, held)
        elif match := LIMIT.fullmatch(line):
            name, found, unit, limit = match.groups()
            yield Row(name, f"{found} {unit}", "", "", f"at most {limit} {unit}", float(found) <= float(limit))


def every_row(results: dict[str, dict[str, Any]]) -> list[Row]:
    """The rows of all scripts, in their order."""
    return [row for script in SCRIPTS if script in results for row in rows(results[script]["lines"])]


def markdown(table: Sequence[Row]) -> str:
    """Rows as a table."""
    words = {True: "held", False: "**missed**", None: ""}
    lines = ["| " + " | ".join(HEAD) + " |", "| --- |" + " ---: |" * 4 + " --- |"]
    return "\n".join([*lines, *("| " + " | ".join([*row[:-1], words[row.held]]) + " |" for row in table)])


def page(results: dict[str, dict[str, Any]]) -> str:
    """RESULTS.md."""
    parts = [
        "# How fast is it?\n\n"
        "Made by `make bench` from what the scripts in this folder print; nothing is typed in by hand. Each line was "
        "measured in one run, ours and the rival's; where rounds are short they take turns, and of each the fastest "
        f"round counts. A *missed* goal stays in the table.\n\n{markdown(every_row(results))}"
    ]
    for script in SCRIPTS:
        parts.append(f"## {script}\n\n{ast.get_docstring(ast.parse((FOLDER / f'{script}.py').read_text()))}")
        if script in results:
            notes = [line for line in results[script]["lines"] if line.startswith("- ")]
            parts += ["\n".join(notes)] if notes else []
            parts.append(f"*{results[script]['on']}; {results[script]['seconds']} s.*")
    return "\n\n".join(parts) + "\n"


def readme_table(results: dict[str, dict[str, Any]]) -> str:
    """The README's few lines, and on what they were measured."""
    chosen = {row.name: row for row in every_row(results)}
    lines = ["| what | times as fast |", "| --- | ---: |"]
    lines += [f"| {told} | {chosen[name].ratio} |" for name, told in IN_README.items() if name in chosen]
    return "\n".join([*lines, "", f"*{results['training']['on']}.*"])


def render(results: dict[str, dict[str, Any]]) -> dict[Path, str]:
    """Each file's new text."""
    return {PAGE: page(results), README: replaced(README.read_text(), "speed", f"\n{readme_table(results)}\n")}


def main() -> None:
    """Measure what was asked for, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scripts", nargs="*", metavar="script", help=f"of {', '.join(SCRIPTS)}; all, if none is named")
    parser.add_argument("--render", action="store_true", help="run nothing, only make the tables anew")
    asked = parser.parse_args()
    if unknown := [name for name in asked.scripts if name not in SCRIPTS]:
        parser.error(f"there is no benchmark {unknown[0]!r}: choose from {', '.join(SCRIPTS)}")
    results = json.loads(FILE.read_text()) if FILE.exists() else {}
    new = {} if asked.render else measure(asked.scripts or SCRIPTS)
    if "gpu" in results and not list(rows(new.get("gpu", {"lines": []})["lines"])):
        new.pop("gpu", None)  # what was measured on a GPU elsewhere stays
    results |= new
    FILE.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    for path, text in render(results).items():
        path.write_text(text)


if __name__ == "__main__":
    main()
