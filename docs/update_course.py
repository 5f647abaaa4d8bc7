"""Bring the course's table in notebooks/README.md up to date with the notebooks it lists.

    python docs/update_course.py [--check] [--measure [NAME ...]]

Objectives and minutes are those of each notebook's own first cell, exercises are counted, run times come from
notebooks/timings.csv. --measure runs every solution first, or those named, one after another, each in a home of its own
with nothing trained, and writes that file: let the machine do nothing else meanwhile. With --check nothing is written,
and a README that differs is an error.
"""

import os
import re
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

import nbformat
from ledger import Rows, read_rows, write_rows
from marked import replaced, settle

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
FIELDS = ("notebook", "seconds", "hardware", "date")
WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
).split()
WORDS = {word: number for number, word in enumerate(WORDS)}
WORDS |= {"twenty": 20, "twenty-five": 25, "thirty": 30, "thirty-five": 35, "forty": 40, "forty-five": 45, "fifty": 50}


class Lesson(NamedTuple):
    """What a course notebook says of itself, and how many exercises it has."""

    name: str
    title: str
    objectives: str
    minutes: int
    exercises: int


def lesson(path: Path) -> Lesson:
    """Read a solution notebook; a first cell that does not say what it should ends it with one sentence."""
    notebook = nbformat.read(path, as_version=4)
    text = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    title = re.match(r"# (.+)", text)
    told = re.search(r"\*\*You will be able to\*\*:?(.+?)(?=\n\*\*|\n\n\w|\Z)", text, re.DOTALL)
    takes = re.search(r"\*\*Takes\*\*:?\s+(?:about )?([\w-]+) minutes", text)
    if not (title and told and takes):
        sys.exit(f"{path.name}: its first cell lacks a title, **You will be able to** or **Takes** N minutes")
    exercises = sum("exercise" in cell.metadata.get("tags", []) for cell in notebook.cells)
    said = re.search(r"([\w-]+) (?:short )?exercises?\b", text[takes.start() :])
    if said and counted(said[1]) not in (None, exercises):
        sys.exit(f"{path.name}: its first cell says {said[1]} exercises, but it has {exercises}")
    minutes = counted(takes[1])
    if minutes is None:
        sys.exit(f"{path.name}: {takes[1]!r} is no number of minutes that this script can read: write digits")
    return Lesson(path.stem, title[1].replace("|", "\\|"), listed(told[1]), minutes, exercises)


def counted(word: str) -> int | None:
    """A number in digits or as a word; None for other words."""
    return int(word) if word.isdigit() else WORDS.get(word.lower())


def listed(text: str) -> str:
    """Objectives as one line that ends with a full stop, whether they were a sentence or a list."""
    items = [re.sub(r"^[-*] ", "", line.strip()).strip() for line in text.strip().splitlines() if line.strip()]
    bullets = re.search(r"^\s*[-*] ", text, re.MULTILINE)
    joined = "; ".join(item.rstrip(".;,") for item in items) if bullets else " ".join(items)
    return joined.rstrip(".").replace("|", "\\|") + "."  # a bare | would end the table's cell


def timings() -> Rows:
    """The rows of timings.csv, by notebook."""
    return read_rows(NOTEBOOKS / "timings.csv")


def span(seconds: float) -> str:
    """A time for readers: 34 s, 2 min 5 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def table(lessons: list[Lesson], measured: Rows) -> str:
    """The course as a Markdown table, with a line of totals and one that says where the times come from."""
    rows = [
        "| notebook | you will be able to | minutes | exercises | runs in | solutions |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in lessons:
        ran = span(float(measured[one.name]["seconds"])) if one.name in measured else "not measured"
        rows.append(
            f"| [{one.title}]({one.name}.ipynb) | {one.objectives} | {one.minutes} | {one.exercises} | {ran} "
            f"| [solutions](solutions/{one.name}.ipynb) |"
        )
    known = [measured[one.name] for one in lessons if one.name in measured]
    total = span(sum(float(row["seconds"]) for row in known)) if known else "not measured"
    minutes, exercises = (sum(getattr(one, name) for one in lessons) for name in ("minutes", "exercises"))
    rows.append(f"| **{len(lessons)} together** | | **{minutes}** | **{exercises}** | **{total}** | |")
    told = "*The minutes are yours. What a notebook runs in is measured on its solutions, with nothing trained before"
    where = "; ".join(sorted({f"{row['hardware']}, {row['date']}" for row in known}))
    return "\n".join([*rows, "", f"{told}: {where}.*" if where else f"{told}.*"])


def measure(path: Path) -> float:
    """Seconds that a notebook takes in a fresh home, its kernel's start included; it is not written back."""
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as home:
        client = NotebookClient(
            nbformat.read(path, as_version=4), timeout=600, kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
        )  # fmt: skip
        start = time.perf_counter()
        client.execute(env=os.environ | {"BINENC_KIT_HOME": home, "BINENC_KIT_CHECKS": "strict"})
        return time.perf_counter() - start


def measure_all(paths: list[Path], names: list[str]) -> None:
    """Write timings.csv, anew for the notebooks named, or all, and without those that are gone."""
    from make_recordings import hardware

    rows = {path.stem: timings().get(path.stem) for path in paths}
    for path in [path for path in paths if not names or path.stem in names]:
        values = path.stem, round(measure(path), 1), hardware(os.cpu_count() or 1), date.today().isoformat()
        rows[path.stem] = dict(zip(FIELDS, values, strict=True))
        print(f"{path.stem}: {span(values[1])}", flush=True)
    write_rows(NOTEBOOKS / "timings.csv", FIELDS, filter(None, rows.values()))


def main(arguments: list[str]) -> None:
    """Rewrite what stands between the README's markers, or with --check compare it."""
    paths = sorted((NOTEBOOKS / "solutions").glob("*.ipynb"))
    if "--measure" in arguments:
        measure_all(paths, [name for name in arguments if not name.startswith("--")])
    readme = NOTEBOOKS / "README.md"
    text = replaced(readme.read_text(), "course", f"\n{table([lesson(path) for path in paths], timings())}\n")
    otherwise = "notebooks/README.md differs from the notebooks it lists: run python docs/update_course.py"
    settle(readme, text, "--check" in arguments, otherwise)


if __name__ == "__main__":
    main(sys.argv[1:])
