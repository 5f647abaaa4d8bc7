"""The landscape without a kernel: sliders by mouse and keys, numbers as Python has them, a ball that rolls."""

import math
import re
from functools import cache

import pytest

from binenc_kit.wells import energy, well
from binenc_kit.widgets.base import Widget
from binenc_kit.widgets.landscape import PushPullLandscape
from binenc_kit.widgets.page import to_page
from tests.browser.browsing import axe, changed, drag, pixels
from tests.test_wells import silu, silu_minima, slopes

NUMBER = r"(-?\d+(?:\.\d+)?)"
MINUS = "\N{MINUS SIGN}"


class View:
    """What a reader sees and touches."""

    def __init__(self, page) -> None:
        self.page = page
        self.gamma = page.get_by_label("pull: gamma")
        self.weight = page.get_by_label("push: output weight")
        self.start = page.get_by_label("start")
        self.roll = page.get_by_role("button", name="Roll")
        self.plot, self.branches = page.locator(".bk-landscape canvas").all()

    def lines(self) -> list[str]:
        """Wells, closed form, balance and ball, as they stand after the next frame."""
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return [
            line.replace("\xa0", " ").replace(MINUS, "-")
            for line in self.page.locator(".bk-landscape-text p").all_inner_texts()
        ]

    def ball(self) -> str:
        """What is said of the ball, once it has come to rest."""
        self.page.get_by_text("The ball is rolling.").wait_for(state="hidden")
        return self.lines()[3]


@cache
def html() -> str:
    return PushPullLandscape(gamma=0.3, weight=2.0).to_html()


@pytest.fixture
def landscape(open_offline):
    def open_it(**page: bool) -> View:
        return View(open_offline(html(), **page))

    return open_it


def test_the_numbers_are_pythons(landscape) -> None:
    view = landscape()
    for place, weight_place in [(-200, -100), (-150, 30), (-52, 30), (0, 60), (29, 30), (30, 30), (31, 30), (150, 130)]:
        view.gamma.fill(str(place))
        view.weight.fill(str(weight_place))
        gamma, weight = (float(f"{10 ** (at / 100):.3g}") for at in (place, weight_place))
        wells, formula, balance, _ = view.lines()
        expected = well(gamma, weight)
        assert expected == 0 or f"ln(2·{weight:.3g}/{gamma:.3g} - 1)" in formula
        if gamma >= weight:
            assert wells.startswith("One well, at 0: gamma has reached the output weight")
            assert "both slopes are 0" in balance
            continue
        told = [re.search(pattern, text)[1] for pattern, text in ((f"±{NUMBER}", wells), (f"= {NUMBER}$", formula))]
        assert [float(one) for one in told] == pytest.approx([expected] * 2, abs=6e-3, rel=6e-3)
        both = re.search(f"push slope {NUMBER}, pull slope {NUMBER}", balance)
        pull = 2 * gamma * expected
        assert [float(one) for one in both.groups()] == pytest.approx([pull, pull], abs=1e-4)


def test_a_slider_follows_mouse_and_keys_and_says_what_it_means(landscape) -> None:
    view = landscape()
    before = [pixels(view.page, canvas) for canvas in (view.plot, view.branches)]
    drag(view.page, view.gamma, 0.37, 0.9)
    assert float(view.gamma.input_value()) == pytest.approx(160, abs=4)
    assert view.lines()[0].startswith("One well")
    after = [pixels(view.page, canvas) for canvas in (view.plot, view.branches)]
    assert all(changed(*pair) > 0.005 for pair in zip(before, after, strict=True))
    view.gamma.press("Home")
    assert view.gamma.get_attribute("aria-valuetext") == "gamma 0, no bottom"
    assert view.lines()[0].startswith("Gamma is 0: no bottom")
    view.gamma.press("ArrowRight")
    assert view.gamma.get_attribute("aria-valuetext") == "gamma 0.01, two wells at plus and minus 1.22"
    view.weight.press("Home")
    assert view.weight.get_attribute("aria-valuetext") == "weight 0.1, two wells at plus and minus 3.84"
    view.gamma.press("End")
    assert view.gamma.get_attribute("aria-valuetext") == "gamma 100, one well at 0"
    view.gamma.fill("-91")
    assert view.gamma.get_attribute("aria-valuetext").startswith("gamma 0.123, ")
    assert view.page.locator(".bk-landscape-knob label .bk-number").first.inner_text() == "0.123"


EXTREMES = [  # gamma, weight, linear, what is said of the wells, where the ball ends
    (0.01, 0.1, True, "Two wells, at z = ±3.84.", "rests in the well at z = 3.84."),
    (0.01, 0.1, False, " 1 % as deep as the right well.", "rests in the well at u = 3.91 (z = 3.84)."),
    (0.01, 20, True, "Two wells, at z = ±0.46.", "rests in the well at z = 0.46."),
    (0.01, 20, False, "94 % as deep as the right well.", "rests in the well at u = 0.68 (z = 0.46)."),
    (100, 0.1, True, "One well, at 0: ", "rests in the well at z = 0."),
    (100, 20, False, "One well, at u = 0: ", "rests in the well at u = 0 (z = 0)."),
    (0, 0.1, True, "Gamma is 0: no bottom.", "has left the picture on the right: there is no bottom that way."),
    (0, 20, False, "Gamma is 0: no bottom", "has left the picture on the right: there is no bottom that way."),
]


@pytest.mark.parametrize(("gamma", "weight", "linear", "wells", "rest"), EXTREMES)
def test_at_the_extremes_the_texts_are_true(open_offline, gamma, weight, linear, wells, rest) -> None:
    view = View(open_offline(PushPullLandscape(gamma, weight, linear).to_html(), reduced_motion=True))
    assert wells in view.lines()[0]
    view.roll.click()
    assert view.ball().endswith(rest)
    if 0 < gamma < weight:  # the numbers above are Python's
        dent, right = silu_minima(gamma, weight)
        assert f" = {well(gamma, weight):.2f}" in rest
        assert linear or f"u = {right:.2f}" in rest
        dent, right = (math.log(2) - energy(silu(u), gamma, weight).total for u in (dent, right))
        assert linear or f"{100 * dent / right:.0f} % as deep" in wells


def test_a_ball_that_leaves_towards_a_well_outside_is_told_so(open_offline) -> None:
    view = View(open_offline(PushPullLandscape(1.9999, 2, False).to_html(), reduced_motion=True))
    view.start.fill("60")
    view.roll.click()
    told = re.search(f"has left the picture on the left: its well lies out there, at u = {NUMBER}", view.ball())
    assert float(told[1]) < -6
    assert silu(float(told[1])) == pytest.approx(-well(1.9999, 2), rel=0.01)


def test_the_turn_of_a_silu_is_named_clear_of_the_title(landscape) -> None:
    view = landscape()
    view.page.set_viewport_size({"width": 320, "height": 800})
    view.page.evaluate("""() => {
        window.written = []
        const {fillText} = CanvasRenderingContext2D.prototype
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
            const wide = this.measureText(text).width, left = this.textAlign === "left" ? x : x - wide / 2
            written.push([text, left, left + wide])
            fillText.call(this, text, x, y)
        }
    }""")
    view.page.get_by_role("button", name="SiLU layer").click()
    pixels(view.page, view.plot)
    written = view.page.evaluate("Object.fromEntries(written.map(([text, ...ends]) => [text, ends]))")
    (turn,) = [ends for text, ends in written.items() if text.startswith("SiLU turns round")]
    assert written["energy (nats)"][1] + 8 < turn[0]
    assert turn[1] <= view.plot.bounding_box()["width"]


def test_forced_colours_leave_canvas_and_paper_to_the_theme(offline_page) -> None:
    offline_page.emulate_media(forced_colors="active", color_scheme="dark")
    offline_page.set_content(watched(PushPullLandscape()).replace('class="bk-page"', 'data-jp-theme-light="true"'))
    view = View(offline_page)
    assert offline_page.evaluate("matchMedia('(forced-colors: active)').matches")
    look = "node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
    for node in (offline_page.locator(".bk-landscape"), view.roll):  # dark on light, as the canvas's own texts
        assert node.evaluate(look) == ["rgb(27, 31, 36)", "rgb(255, 255, 255)"]
    assert (pixels(offline_page, view.plot)[..., 3] > 0).mean() > 0.01


def test_the_merging_of_the_wells_is_marked_where_the_slider_meets_it(landscape) -> None:
    view = landscape()
    view.weight.fill("70")
    marks = view.page.locator(".bk-landscape-ticks i")
    for slider, mark, meeting in ((view.gamma, marks.nth(0), 70), (view.weight, marks.nth(1), -52)):
        box, at = slider.bounding_box(), mark.bounding_box()
        low, high = int(slider.get_attribute("min")), int(slider.get_attribute("max"))
        thumb = box["x"] + 8 + (meeting - low) / (high - low) * (box["width"] - 16)
        assert at["x"] + at["width"] / 2 == pytest.approx(thumb, abs=1.5)
    view.gamma.fill("70")
    assert view.lines()[0].startswith("One well")
    view.gamma.press("ArrowLeft")
    assert view.lines()[0].startswith("Two wells")


def test_the_ball_rolls_follows_its_well_and_balances_on_the_hill(landscape) -> None:
    view = landscape()
    assert "not at rest" in view.ball()
    before = pixels(view.page, view.plot)
    view.roll.click()
    assert view.lines()[3] == "The ball is rolling."
    on_the_way = pixels(view.page, view.plot)
    assert view.ball() == "The ball rests in the well at z = 0.79."
    assert changed(before, on_the_way) > 0
    assert changed(on_the_way, pixels(view.page, view.plot)) > 0
    view.gamma.fill("0")
    assert view.ball() == f"The ball rests in the well at z = {well(1, 2):.2f}."
    view.gamma.fill("30")  # gamma = weight
    assert view.ball() == "The ball rests in the well at z = 0."
    view.gamma.fill("0")
    assert "unstable balance needs a nudge" in view.ball()
    view.page.emulate_media(reduced_motion="reduce")
    view.roll.click()
    assert view.lines()[3] == f"The ball rests in the well at z = {well(1, 2):.2f}."
    status = view.page.get_by_role("status")
    status.filter(has_text=f"Two wells, at z = ±{well(1, 2):.2f}. The ball rests").wait_for(state="attached")
    assert status.inner_text() in view.plot.get_attribute("aria-label")


def test_the_ball_starts_where_mouse_or_keys_put_it(landscape) -> None:
    view = landscape(reduced_motion=True)
    box = view.plot.bounding_box()
    view.page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 100)
    dropped = float(re.search(f"at z = {NUMBER}", view.lines()[3])[1])
    assert -1.5 < dropped < -0.5
    assert float(view.start.input_value()) / 50 - 2 == pytest.approx(dropped, abs=0.02)
    view.roll.press("Enter")
    assert view.lines()[3] == "The ball rests in the well at z = -0.79."  # at once, for motion is not wanted
    view.start.press("End")
    view.roll.press("Enter")
    assert view.lines()[3] == "The ball rests in the well at z = 0.79."
    view.gamma.press("Home")
    view.roll.press("Enter")
    assert "has left the picture on the right" in view.lines()[3]


def test_a_silu_has_the_wells_that_python_finds(landscape) -> None:
    view = landscape(reduced_motion=True)
    linear = pixels(view.page, view.plot)
    view.page.get_by_role("button", name="SiLU layer").click()
    assert view.page.get_by_role("button", name="SiLU layer").get_attribute("aria-pressed") == "true"
    assert changed(linear, pixels(view.page, view.plot)) > 0.01
    dent, right = silu_minima(0.3, 2)
    depths = [math.log(2) - energy(silu(u), 0.3, 2).total for u in (dent, right)]
    told = view.lines()[0]
    assert f"right well is at u = {right:.2f} (z = {silu(right):.2f})" in told
    assert f"no balance on the left, only a dent at u = {dent:.2f}" in told
    assert f"{100 * depths[0] / depths[1]:.0f} % as deep as the right well" in told
    push, pull = map(abs, slopes(silu(dent), 0.3, 2))
    assert f"In the dent: push slope {push:.4f}, pull slope {pull:.4f}, no balance" in view.lines()[2]
    view.start.fill("60")
    view.roll.click()
    assert view.lines()[3] == "The ball rests in the dent at u = -1.28 (z = -0.28)."
    view.gamma.fill("28")
    far, near, _ = silu_minima(1.91, 2)
    assert f"two as deep, at u = {far:.2f} and {near:.2f}" in view.lines()[0]
    view.gamma.fill("31")
    assert view.lines()[0].startswith("One well, at u = 0")


@pytest.mark.parametrize("dark", [False, True])
def test_axe_has_nothing_to_say(landscape, dark: bool) -> None:
    view = landscape(dark=dark)
    view.page.locator("summary").click()
    assert axe(view.page) == []
    view.page.set_viewport_size({"width": 420, "height": 800})
    assert view.page.evaluate("document.documentElement.scrollWidth") == 420


# Counts what is open: listeners outside the page's elements, observers, pictures, and what waits for a frame or a time.
COUNTED = """
const open_ = window.open_ = {model: 0, listeners: 0, observers: 0, bitmaps: 0}, waiting = window.waiting = new Set()
for (const kind of ["ResizeObserver", "MutationObserver"]) {
  const Real = window[kind]
  window[kind] = class extends Real {
    constructor(work) { super(work); open_.observers++ }
    disconnect() { super.disconnect(); open_.observers-- }
  }
}
const {addEventListener, removeEventListener} = EventTarget.prototype
const outside = one => one === window || one === document || !(one instanceof Node)
EventTarget.prototype.addEventListener = function (...all) {
  open_.listeners += outside(this)
  addEventListener.apply(this, all)
}
EventTarget.prototype.removeEventListener = function (...all) {
  open_.listeners -= outside(this)
  removeEventListener.apply(this, all)
}
for (const [ask, cancel] of [["requestAnimationFrame", "cancelAnimationFrame"], ["setTimeout", "clearTimeout"]]) {
  const [asks, cancels] = [window[ask].bind(window), window[cancel].bind(window)]
  window[ask] = (work, ...rest) => {
    const id = asks((...all) => { waiting.delete(ask + id); work(...all) }, ...rest)
    waiting.add(ask + id)
    return id
  }
  window[cancel] = id => { waiting.delete(ask + id); cancels(id) }
}
const {close} = ImageBitmap.prototype, decode = createImageBitmap
window.createImageBitmap = async (...all) => { open_.bitmaps++; return decode(...all) }
ImageBitmap.prototype.close = function () { open_.bitmaps--; close.call(this) }
"""
TAKEN = """
const opened = render
render = async ({model, el}) => {
  const on = (...all) => { open_.model++; model.on(...all) }, off = (...all) => { open_.model--; model.off(...all) }
  const none = {...open_}
  const since = start => Object.fromEntries(Object.keys(open_).map(key => [key, open_[key] - start[key]]))
  const leave = await opened({model: {...model, on, off}, el}), taken = since(none)
  window.leave = () => {
    const before = {...open_}
    leave()
    return {taken, left: since(before), waiting: [...waiting]}
  }
}
"""


def watched(widget: Widget) -> str:
    """The widget's page; `leave()` closes the view and returns what it took, what it gave back, and what still waits.

    Playwright's own listeners come in between, so only differences tell.
    """
    values = {name: getattr(widget, name) for name in widget.KEPT}
    return to_page("watched", COUNTED + widget._esm + TAKEN, widget._css, values, b"", "")


def test_a_view_that_is_left_leaves_nothing_running(offline_page) -> None:
    offline_page.set_content(watched(PushPullLandscape()))
    offline_page.wait_for_selector("html[data-painted]")
    busy, end = offline_page.evaluate("""() => {
        const slider = document.querySelector("input")
        slider.stepUp()
        slider.dispatchEvent(new Event("input"))
        for (const button of document.querySelectorAll("button")) if (button.textContent === "Roll") button.click()
        return [waiting.size, leave()]
    }""")
    assert busy >= 4  # a frame to draw, one to roll, telling and saving
    assert end["taken"] == {"model": 3, "listeners": 1, "observers": 2, "bitmaps": 0}
    assert end["left"] == {name: -count for name, count in end["taken"].items()}
    assert end["waiting"] == []
