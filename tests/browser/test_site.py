"""The site, made anew and read from its folder with the network off: every page, link, picture, formula and widget."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
sys.path.insert(0, str(ROOT / "docs"))

from live import PLACES  # noqa: E402

from tests.browser.browsing import axe, changed, drag, pixels  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

SOURCES = [*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("*.md"), *(ROOT / "docs" / "site").glob("*.md")]
PAGES = sorted(path.stem for path in SOURCES)
# Looked at by axe-core with all of their code, and in the dark and on a telephone, too: the other pages are made of the
# same parts, and the colours of a thousand words of code take it seconds. A test compares the colours.
SAMPLE = ["index", "README", "glossary", "gallery", "01_push_pull", "02_four_heads", "04_is_it_binary", "reproduce"]
SEEN = """() => ({
  links: [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")),
  pictures: [...document.images].filter((one) => !one.alt || !one.naturalWidth).map((one) => one.outerHTML),
  formulas: [document.querySelectorAll(".math").length, document.querySelectorAll("mjx-container").length],
  broken: document.querySelectorAll("mjx-container :is([data-mml-node=merror], [fill=red])").length,
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pages, made as `make site` makes it; a warning, of a link to nowhere for instance, is an error."""
    folder = tmp_path_factory.mktemp("home") / "site"
    command = [sys.executable, ROOT / "docs" / "make_site.py", folder]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder / "html"


@pytest.fixture
def visit(site: Path, open_offline: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a page of the site and waits for its formulas."""

    def open_it(name: str) -> Page:
        page = open_offline(site / name)
        page.evaluate("window.MathJax?.startup.promise")
        return page

    return open_it


def leads_nowhere(link: str, page: Path) -> bool:
    """Whether there is no such file beside a page, or no such place in it."""
    path, place = urldefrag(unquote(link))
    target = page.parent / path if path else page
    return not target.is_file() or (bool(place) and f'id="{place}"' not in target.read_text())


def frames(page: Page) -> Iterator[Frame]:
    """The page's widgets, one after another, each in view and painted: a browser lets those out of view sleep."""
    for place in page.locator("iframe").all():
        place.scroll_into_view_if_needed()
        frame = place.element_handle().content_frame()
        frame.wait_for_selector("html[data-painted]")
        yield frame


def move(page: Page, frame: Frame) -> None:
    """Drag every slider of a widget, or press a button of the explorer, which has none, and see the widget change."""
    if frame.url.endswith("/codes.html"):
        before = frame.locator("main").inner_text()
        frame.locator("button[aria-pressed=false]").first.click()
        assert frame.locator("main").inner_text() != before
        return
    sliders, canvas = frame.locator("input[type=range]").all(), frame.locator("canvas").first
    assert sliders
    for slider in sliders:
        before, picture = slider.input_value(), pixels(page, canvas)
        drag(page, slider, 0.1, 0.8)
        assert slider.input_value() != before
        assert changed(picture, pixels(page, canvas)) > 0.002


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_its_widgets_live(name: str, site: Path, visit: Callable[..., Page]) -> None:
    page = visit(f"{name}.html")
    seen = page.evaluate(SEEN)
    local = [link for link in seen["links"] if not link.startswith("http")]
    assert len(local) > len(PAGES)  # each page leads to all others
    assert [link for link in local if leads_nowhere(link, site / f"{name}.html")] == []
    assert seen["pictures"] == []
    assert seen["formulas"][0] == seen["formulas"][1]
    assert seen["broken"] == 0
    assert axe(page, without=[] if name in SAMPLE else [".highlight"]) == []
    for frame in frames(page):
        move(page, frame)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if name in SAMPLE:
        assert axe(page) == []


def test_no_widget_formula_or_page_is_missing(site: Path) -> None:
    assert sorted(path.stem for path in site.glob("*.html") if path.name != "search.html") == PAGES
    texts = {path.name: path.read_text() for path in site.glob("*.html")}
    framed = set(re.findall(r'<iframe src="([^"]+)"', "".join(texts.values())))
    assert framed == {f"widgets/{path.name}" for path in (site / "widgets").iterdir()}
    assert len(framed) >= 9
    assert all(
        f'<iframe src="widgets/{name}.html"' in texts[f"{notebook}.html"] for (notebook, _), name in PLACES.items()
    )
    assert 'class="math' in texts["glossary.html"]
    assert not any("google.colab" in text for text in texts.values())
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 60_000_000


def test_the_sample_has_every_colour_of_code(site: Path) -> None:
    colours = {
        name: set(re.findall(r'<span class="([a-z]\w{0,2})">', (site / f"{name}.html").read_text())) for name in PAGES
    }
    sample = set().union(*(colours[name] for name in SAMPLE))
    assert len(sample) > 15
    assert {name: colours[name] - sample for name in PAGES if colours[name] - sample} == {}


def test_a_search_finds_what_the_glossary_explains(visit: Callable[..., Page]) -> None:
    page = visit("index.html")
    page.locator(".sidebar-search").fill("bootstrap")
    page.locator(".sidebar-search").press("Enter")
    page.locator("#search-results a", has_text="Glossary > bootstrap").click()
    page.wait_for_url("**/glossary.html*#bootstrap")
    page.go_back()
    page.wait_for_selector("#search-results li")
    assert axe(page) == []


def test_a_widget_is_as_dark_and_its_frame_as_high_as_its_reader_needs(visit: Callable[..., Page]) -> None:
    page = visit("01_push_pull.html")
    frame, place = next(frames(page)), page.locator("iframe")
    paper = "getComputedStyle(document.querySelector('.bk-widget')).backgroundColor"
    found = []
    for _ in range(3):  # Furo's button: as the system, light, dark
        page.wait_for_timeout(100)
        found.append((page.evaluate("document.body.dataset.theme"), frame.evaluate(paper)))
        page.locator(".content .theme-toggle").click()
    white, black = "rgb(255, 255, 255)", "rgb(20, 23, 27)"
    assert dict(found) == {"auto": white, "light": white, "dark": black}
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        place.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        assert 0 <= place.bounding_box()["height"] - frame.evaluate("document.documentElement.offsetHeight") <= 4


def test_reports_open(site: Path, visit: Callable[..., Page]) -> None:
    reports = sorted(path.name for path in (site / "reports").iterdir())
    assert reports == sorted(path.name for path in (ROOT / "docs").glob("*.html"))
    page = visit("report.html")
    assert page.locator("article a[href^='reports/']").count() == len(reports)
    for name in reports:
        assert visit(f"reports/{name}").evaluate("[...document.images].every((one) => one.naturalWidth)")
