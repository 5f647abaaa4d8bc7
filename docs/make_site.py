"""Make the site: the course, its widgets and what goes with it as pages that live without a kernel and a network.

    python docs/make_site.py [FOLDER]

The sources are gathered in FOLDER/source, and Sphinx makes FOLDER/html of them. FOLDER is a new one; unless told it is
build/site, which is made anew.
docs/site has the pages that are the site's own, and how all of it looks.
"""

import html
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from install_cell import REPOSITORY
from live import PLACES, WIDGETS, Live, write_page
from sphinx.cmd.build import main as sphinx

ROOT = Path(__file__).parents[1]
NOTEBOOKS, OWN, USUAL = ROOT / "notebooks", ROOT / "docs" / "site", ROOT / "build" / "site"


def frame(name: str, widget: Live) -> str:
    """A widget's page inside another page."""
    title = html.escape(widget.title)
    return (
        f'<figure class="live"><iframe src="widgets/{name}.html" title="{title}" height="{widget.height}" '
        f'loading="lazy"></iframe>\n<figcaption>Live, without a kernel: {title} '
        f'<a href="widgets/{name}.html">By itself</a></figcaption></figure>'
    )


def outward(text: str) -> str:
    """Markdown whose pictures from elsewhere are words, and whose links to what is no page lead to the repository."""
    text = re.sub(r"!\[([^\]]*)\]\(https?://[^)]*\)", r"\1", text)

    def lead(found: re.Match) -> str:
        target = (NOTEBOOKS / found[1]).resolve()
        if target.is_relative_to(NOTEBOOKS) and not target.is_dir():
            return found[0]
        return f"]({REPOSITORY}/blob/main/{target.relative_to(ROOT).as_posix()})"

    return re.sub(r"\]\((?!\w+:|#)([^)#\s]+)\)", lead, text)


def adapted(notebook: nbformat.NotebookNode, stem: str, live: dict[str, Live]) -> nbformat.NotebookNode:
    """A notebook as the site shows it: without what only Colab needs, and with its widgets alive."""
    notebook.cells = [cell for cell in notebook.cells if cell.id != "install"]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = outward(cell.source)
        if name := PLACES.get((stem, cell.id)):
            still = [one for one in cell.outputs if "<iframe" not in one.get("data", {}).get("text/html", "")]
            shown = {"text/html": frame(name, live[name])}
            cell.outputs = [*still, nbformat.v4.new_output("display_data", shown)]
    return notebook


def gather(folder: Path, site: Path) -> None:
    """Write the sources of pages into a folder, and what is a page already, widgets and reports, into the site."""
    live = {name: write_page(make, site / "widgets" / f"{name}.html") for name, make in WIDGETS.items()}
    shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns(".*"))
    for path in NOTEBOOKS.glob("*.ipynb"):
        nbformat.write(adapted(nbformat.read(path, as_version=4), path.stem, live), folder / path.name)
    for path in NOTEBOOKS.glob("*.md"):
        text = re.sub(r"\[([^\]]+)\]\((solutions/[^)]+)\)", r"{download}`\1 <\2>`", path.read_text())
        (folder / path.name).write_text(outward(text))
    listed = reports(site / "reports")
    for path in OWN.glob("*.md"):
        text = re.sub(r"<!-- live: (\w+) -->", lambda found: frame(found[1], live[found[1]]), path.read_text())
        (folder / path.name).write_text(text.replace("<!-- reports -->", listed))


def reports(folder: Path) -> str:
    """Copy the reports that are kept in docs/; returns a list of links to them."""
    folder.mkdir()
    lines = []
    for path in sorted((ROOT / "docs").glob("*.html")):
        shutil.copy(path, folder)
        title = re.search("<title>(.*?)</title>", path.read_text())[1]
        lines.append(f'- <a href="reports/{path.name}">{title}</a>')
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Make all of it; exits with an error where Sphinx warns, of a link to nowhere for instance."""
    if folder == USUAL:
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        sys.exit(f"{folder} is there already: name a new folder, or none for {USUAL.relative_to(ROOT)}")
    source, site = folder / "source", folder / "html"
    with tempfile.TemporaryDirectory() as home:  # for what the widgets' cells train
        os.environ["BINENC_KIT_HOME"] = home
        gather(source, site)
    if sphinx(["-q", "-W", "--keep-going", "-c", str(OWN), "-d", str(folder / "cache"), str(source), str(site)]):
        sys.exit("The site was made with the warnings above: mend what they name.")
    print(f"The site is there: open {site / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else USUAL)
