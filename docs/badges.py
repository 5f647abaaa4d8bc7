"""Badges that open the kit elsewhere: Colab on every notebook, Binder and Colab in README.

    python docs/badges.py [--check]

writes those between README's markers; docs/install_cell.py puts a notebook's own into it. Both pictures are ours and
lie in the repository, so that a page without a network shows them, too. Binder opens the tag of this version, so that
a badge and what it opens do not drift apart; Colab opens what is newest, which its install cell clones.
"""

import sys
import tomllib
from pathlib import Path

from marked import replaced, settle

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/binenc-kit/binenc_kit"  # no other script names it
SLUG = REPOSITORY.removeprefix("https://github.com/")
FIRST = "00_quickstart.ipynb"


def colab(notebook: str) -> str:
    """The badge of a notebook, by its place below notebooks/; its picture's place is as seen from that notebook."""
    link = f"https://colab.research.google.com/github/{SLUG}/blob/main/notebooks/{notebook}"
    return f"[![Open in Colab]({'../' * notebook.count('/')}open-in-colab.svg)]({link})"


def learners(badge: str) -> str:
    """The badge of a learner's copy, from that of its solutions."""
    return badge.replace("](../", "](").replace("/notebooks/solutions/", "/notebooks/")


def binder() -> str:
    """The badge that opens the quickstart in JupyterLab on Binder."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    link = f"https://mybinder.org/v2/gh/{SLUG}/v{version}?urlpath=lab/tree/notebooks/{FIRST}"
    return f"[![Open in Binder](docs/open-in-binder.svg)]({link})"


def main(arguments: list[str]) -> None:
    """Rewrite what stands between README's markers, or with --check compare it."""
    readme = ROOT / "README.md"
    both = f"{binder()} {colab(FIRST).replace('(open-', '(notebooks/open-')}"
    text = replaced(readme.read_text(), "badges", f"\n{both}\n")
    otherwise = "README.md has other badges than this version's: run python docs/badges.py"
    settle(readme, text, "--check" in arguments, otherwise)


if __name__ == "__main__":
    main(sys.argv[1:])
