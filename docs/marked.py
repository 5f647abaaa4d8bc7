"""What stands between a page's markers, such as <!-- demo --> and <!-- /demo -->, is written by scripts."""

import re
import sys
from pathlib import Path


def replaced(text: str, name: str, block: str) -> str:
    """A page's text with another block between the markers of that name; exits where they are not there once."""
    text, found = re.subn(
        f"(<!-- {name} -->).*(<!-- /{name} -->)", lambda markers: f"{markers[1]}{block}{markers[2]}", text, flags=re.S
    )
    if found != 1:
        sys.exit(f"the page needs the markers <!-- {name} --> and <!-- /{name} --> once")
    return text


def settle(page: Path, text: str, check: bool, otherwise: str) -> None:
    """Write a page, or only compare it and exit with a sentence where it is another."""
    if not check:
        page.write_text(text)
    elif text != page.read_text():
        sys.exit(otherwise)
