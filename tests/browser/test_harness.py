"""The harness itself: a slider in JupyterLab, pages without a network, complaints that are noticed."""

from __future__ import annotations

import ast
import base64
import re
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from binenc_kit.widgets.page import source, to_page
from tests.browser.browsing import axe, changed, drag, pixels
from tests.browser.conftest import be_quiet, do_without
from tests.browser.lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
SLIDER = '''
import anywidget, traitlets
class Slider(anywidget.AnyWidget):
    _esm = """
    function render({ model, el }) {
        el.innerHTML = `<div class="trial"><label>epoch <input type="range" min="0" max="10" value="0"></label>
            <canvas width="40" height="20" role="img" aria-label="a colour"></canvas></div>`
        const slider = el.querySelector("input"), pen = el.querySelector("canvas").getContext("2d")
        const draw = () => { pen.fillStyle = `hsl(${36 * slider.value} 100% 50%)`; pen.fillRect(0, 0, 40, 20) }
        slider.oninput = () => { model.set("epoch", slider.valueAsNumber); model.save_changes(); draw() }
        for (const key of ["keydown", "keyup"]) el.addEventListener(key, event => event.stopPropagation())
        draw()
    }
    export default { render }
    """
    epoch = traitlets.Int(0).tag(sync=True)
slider = Slider()
'''
# a picture of one pixel
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
CLEAN = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black; color: white } }
</style></head><body><main><h1>A page</h1><label>epoch <input type="range" min="0" max="10" value="0"></label>
<canvas width="10" height="10" role="img" aria-label="a colour"></canvas></main>
<script>const pen = document.querySelector("canvas").getContext("2d")
document.querySelector("input").oninput = event => { pen.fillStyle = "red"; pen.fillRect(0, 0, event.target.value, 10) }
</script></body></html>"""


def test_a_widget_in_lab_follows_mouse_and_keys_and_tells_python(lab: Lab, page: Page) -> None:
    lab.run(page, [SLIDER, "slider"])
    slider, canvas = page.locator(".trial input"), page.locator(".trial canvas")
    before = pixels(page, canvas)
    drag(page, slider, 0, 0.7)
    lab.wait_for(page, "slider.epoch", "7")
    dragged = pixels(page, canvas)
    assert changed(before, dragged) == 1
    for _ in range(2):
        slider.press("ArrowRight")
    lab.wait_for(page, "slider.epoch", "9")
    assert changed(dragged, pixels(page, canvas)) == 1
    assert axe(page, ".trial") == []


def test_lab_is_dark_when_asked_and_its_kernel_imports_this_checkout(lab: Lab, page: Page) -> None:
    lab.run(page, ["import importlib.util"], dark=True)
    background = page.locator(".jp-Notebook").evaluate("notebook => getComputedStyle(notebook).backgroundColor")
    assert max(map(int, re.findall(r"\d+", background))) < 40, background
    found = lab.execute(page, "importlib.util.find_spec('binenc_kit').origin")
    assert Path(ast.literal_eval(found)) == ROOT / "binenc_kit" / "__init__.py"
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        lab.execute(page, "1 / 0")


def test_an_error_in_a_cell_is_an_error_of_the_test(lab: Lab, page: Page) -> None:
    with pytest.raises(AssertionError, match="a planted error"):
        lab.run(page, ["raise ValueError('a planted error')"])


def test_axe_finds_what_was_planted_and_nothing_in_a_clean_page(open_offline: Callable[..., Page]) -> None:
    assert axe(open_offline(CLEAN)) == []
    planted = CLEAN.replace("<label>epoch", "<label>").replace('lang="en"', "")
    assert [line.split(":")[0] for line in axe(open_offline(planted))] == ["html-has-lang", "label"]


def test_a_slider_is_dragged_without_a_kernel(open_offline: Callable[..., Page]) -> None:
    page = open_offline(CLEAN)
    before = pixels(page, page.locator("canvas"))
    assert before.shape == (10, 10, 4)
    drag(page, page.locator("input"), 0, 0.3)
    assert page.locator("input").input_value() == "3"
    assert changed(before, pixels(page, page.locator("canvas"))) == 0.3


def test_a_page_is_dark_or_still_when_asked(open_offline: Callable[..., Page]) -> None:
    for wanted in (False, True):
        page = open_offline(CLEAN, dark=wanted, reduced_motion=wanted)
        for media in ("prefers-color-scheme: dark", "prefers-reduced-motion: reduce"):
            assert page.evaluate("media => matchMedia(media).matches", f"({media})") is wanted


@pytest.mark.parametrize(
    "attempt",
    [
        "fetch('http://example.org/').catch(() => 0)",
        "new Image().src = 'https://example.org/'",
        "navigator.sendBeacon('https://example.org/')",
        "new WebSocket('ws://example.org/')",
    ],
)
def test_a_request_to_the_network_is_noticed(attempt: str, open_offline: Callable[..., Page]) -> None:
    page = open_offline("<title>no policy</title>")
    page.evaluate(f"() => {{ {attempt} }}")
    end = time.monotonic() + 5
    while not any(said.startswith("request: ") and "//example.org/" in said for said in page.complaints):
        assert time.monotonic() < end, page.complaints
        page.wait_for_timeout(10)
    page.close()  # a console line about the failed request may be on its way still
    page.complaints.clear()


def test_a_page_that_cannot_run_its_widget_says_why_and_shows_the_still_picture(
    offline_page: Page, tmp_path: Path
) -> None:
    png = base64.b64decode(DOT)
    module = (
        source("common.js")
        + """
async function render({ model, el }) { el.append("half done"); await inflate(model.get("packed")) }"""
    )
    alt = "</noscript><script>alert(1)</script> \"'&"
    html = to_page("x", module, source("common.css"), {"packed": zlib.compress(b"x")}, png, alt)
    assert html.count(DOT) == 1
    (tmp_path / "page.html").write_text(html)
    offline_page.goto((tmp_path / "page.html").as_uri())
    offline_page.wait_for_selector("html[data-painted]")
    assert offline_page.locator("img").count() == 0
    offline_page.add_init_script("delete window.DecompressionStream")
    offline_page.reload()
    offline_page.wait_for_function("document.querySelector('img')?.naturalWidth === 1")
    assert offline_page.locator("img").get_attribute("alt") == alt
    reason = "DecompressionStream is not defined"
    sentence = f"This browser cannot run the widget: {reason}; here is a still picture."
    assert offline_page.locator("main").inner_text().strip().endswith(sentence)
    assert "half done" not in offline_page.locator("main").inner_text()
    assert offline_page.evaluate("'painted' in document.documentElement.dataset") is False
    assert [reason in said for said in offline_page.complaints] == [True]  # for whoever opens the console
    offline_page.complaints.clear()


@pytest.mark.parametrize(("share", "shown"), [(0, 0), (1, 100), (0.001, 1), (0.9999, 99), (0.5, 50), (0.949, 95)])
def test_only_all_is_100_per_cent_and_only_none_is_0(share: float, shown: int, offline_page: Page) -> None:
    assert offline_page.evaluate(f"() => {{ {source('common.js')}; return percent({share}) }}") == shown


def test_errors_are_noticed_and_fail_the_test(offline_page: Page) -> None:
    offline_page.set_content("<script>console.error('one'); nothing.there</script>")
    with pytest.raises(pytest.fail.Exception, match="console: one\npage error: nothing is not defined"):
        be_quiet([offline_page])
    offline_page.complaints.clear()
    be_quiet([offline_page])


def test_a_missing_browser_skips_but_not_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINENC_KIT_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser"):
        do_without("no browser")
    monkeypatch.setenv("BINENC_KIT_BROWSER", "required")
    with pytest.raises(pytest.fail.Exception, match="no browser"):
        do_without("no browser")
