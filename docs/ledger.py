"""What was measured of each notebook, kept as a CSV file with a row a notebook."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

Rows = dict[str, dict[str, str]]


def read_rows(path: Path) -> Rows:
    """The rows by notebook; none where nothing was measured yet."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {row["notebook"]: row for row in csv.DictReader(file)}


def write_rows(path: Path, fields: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    """Write the file anew."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
