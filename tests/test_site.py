"""What the site's sources become on their way; tests/browser/test_site.py reads the pages."""

import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from binenc_kit.data import load_data
from binenc_kit.shelf import shipped_runs
from binenc_kit.widgets import CodeExplorer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import live  # noqa: E402
import make_site  # noqa: E402

SOME = {"codes": live.Live("Codes of <b> & c", 700)}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("[00](00_quickstart.ipynb)", "[00](00_quickstart.ipynb)"),
        ("[a](https://arxiv.org) [b](#here) [c](a.md#b)", "[a](https://arxiv.org) [b](#here) [c](a.md#b)"),
        ("[all](settings)", f"[all]({make_site.REPOSITORY}/blob/main/notebooks/settings)"),
        ("[kit](../binenc_kit/config.py)", f"[kit]({make_site.REPOSITORY}/blob/main/binenc_kit/config.py)"),
        ("[![Open it](https://a.org/b.svg)](https://c.org)", "[Open it](https://c.org)"),
        ("![ours](scrubber.webp)", "![ours](scrubber.webp)"),
    ],
)  # fmt: skip
def test_links_lead_to_pages_or_to_the_repository_and_pictures_are_ours(text: str, becomes: str) -> None:
    assert make_site.outward(text) == becomes


def test_a_notebook_loses_colabs_cell_and_gets_its_widget_below_the_still_picture() -> None:
    old = nbformat.v4.new_output("display_data", {"text/html": '<div><iframe srcdoc="old"></iframe></div>'})
    still = nbformat.v4.new_output("display_data", {"text/plain": "still"})
    cells = [
        nbformat.v4.new_code_cell("colab", id="install"),
        nbformat.v4.new_code_cell("explorer", id="explorer", outputs=[still, old]),
    ]
    (cell,) = make_site.adapted(nbformat.v4.new_notebook(cells=cells), "04_is_it_binary", SOME).cells
    assert cell.outputs[0] == still
    (shown,) = [one["data"]["text/html"] for one in cell.outputs[1:]]
    assert '<iframe src="widgets/codes.html" title="Codes of &lt;b&gt; &amp; c" height="700"' in shown


def test_every_widget_that_the_course_shows_has_a_place_and_its_cell_is_there() -> None:
    showing, shows = set(), ("bk.EpochScrubber(", "CodeExplorer(", "PushPullLandscape(")
    for path in (ROOT / "notebooks" / "solutions").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            last = cell.source.strip().rpartition("\n")[2]
            if cell.cell_type == "code" and last.startswith(shows):
                showing.add((path.stem, cell.id))
    assert showing == set(live.PLACES)
    assert set(live.PLACES.values()) <= set(live.WIDGETS)


def test_cells_run_with_what_is_given_and_the_last_one_says_what_is_shown() -> None:
    given = {"runs": shipped_runs("digits", "LinPen", "BinEnc"), "digits": load_data("digits")}
    explorer = live.run_cells("04_is_it_binary", "imports", "explorer", **given)
    assert isinstance(explorer, CodeExplorer)
    assert explorer.content == live.codes().content


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(SystemExit, match="is there already: name a new folder"):
        make_site.main(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_workflow_publishes_what_make_site_writes() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "site.yml").read_text())
    steps = workflow["jobs"]["make"]["steps"]
    (uploaded,) = [step["with"]["path"] for step in steps if "upload" in step.get("uses", "")]
    makefile = (ROOT / "Makefile").read_text()
    assert f"{uploaded}/index.html" in makefile
    assert any(step.get("run", "").endswith(" site") for step in steps)
    assert "build/" in (ROOT / ".gitignore").read_text().splitlines()
