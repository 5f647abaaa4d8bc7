"""The landscape without a kernel: sliders by mouse and keys, numbers as Python has them, a ball that rolls."""

import math
import re
from functools import cache

import pytest

from binenc_kit.wells import silu_wells, slope, well
from binenc_kit.widgets.landscape import PushPullLandscape
from tests.browser.browsing import axe, changed, drag, pixels

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
        slopes = re.search(f"push slope {NUMBER}, pull slope {NUMBER}", balance)
        pull = slope(expected, gamma, weight).pull
        assert [float(one) for one in slopes.groups()] == pytest.approx([pull, pull], abs=1e-4)


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
    assert view.gamma.get_attribute("aria-valuetext") == "gamma 0.010, two wells at plus and minus 1.22"
    view.weight.press("Home")
    assert view.weight.get_attribute("aria-valuetext") == "weight 0.10, two wells at plus and minus 3.84"


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
    dent, right = silu_wells(0.3, 2)
    share = 100 * (math.log(2) - dent.energy) / (math.log(2) - right.energy)
    told = view.lines()[0]
    assert f"right well is at u = {right.u:.2f} (z = {right.z:.2f})" in told
    assert f"no balance on the left, only a dent at u = {dent.u:.2f}" in told
    assert f"{share:.0f} % as deep as the right well" in told
    push, pull, _ = map(abs, slope(dent.z, 0.3, 2))
    assert f"In the dent: push slope {push:.4f}, pull slope {pull:.4f}, no balance" in view.lines()[2]
    view.start.fill("60")
    view.roll.click()
    assert view.lines()[3] == "The ball rests in the dent at u = -1.28 (z = -0.28)."
    view.gamma.fill("28")
    far, near, right = silu_wells(1.91, 2)
    assert f"two as deep, at u = {far.u:.2f} and {near.u:.2f}" in view.lines()[0]
    view.gamma.fill("31")
    assert view.lines()[0].startswith("One well, at u = 0")


def test_a_notebook_and_its_widget_tell_each_other(lab, page) -> None:
    lab.run(
        page, ["from binenc_kit.widgets.landscape import PushPullLandscape as L", "widget = L(gamma=0.302)", "widget"]
    )
    view = View(page)
    view.gamma.press("ArrowRight")
    lab.wait_for(page, "widget.gamma", "0.309")
    lab.execute(page, "widget.gamma = 5; widget.linear = False")
    page.locator("p", has_text="One well, at u").first.wait_for()
    assert view.gamma.input_value() == "70"
    page.get_by_role("button", name="linear layer").click()
    lab.wait_for(page, "widget.linear", "True")


@pytest.mark.parametrize("dark", [False, True])
def test_axe_has_nothing_to_say(landscape, dark: bool) -> None:
    view = landscape(dark=dark)
    view.page.locator("summary").click()
    assert axe(view.page) == []
    view.page.set_viewport_size({"width": 420, "height": 800})
    assert view.page.evaluate("document.documentElement.scrollWidth") == 420


COUNTED = """
window.open_ = {model: 0, observers: 0, media: 0}
for (const kind of ["ResizeObserver", "MutationObserver"]) {
  const Real = window[kind]
  window[kind] = class extends Real {
    constructor(work) { super(work); open_.observers++ }
    disconnect() { super.disconnect(); open_.observers-- }
  }
}
const {addEventListener, removeEventListener} = MediaQueryList.prototype
MediaQueryList.prototype.addEventListener = function (...all) { open_.media++; addEventListener.apply(this, all) }
MediaQueryList.prototype.removeEventListener = function (...all) { open_.media--; removeEventListener.apply(this, all) }
const values = {gamma: 0.3, weight: 2, linear: true}
const model = {get: name => values[name], set: (name, value) => { values[name] = value },
  on: () => open_.model++, off: () => open_.model--, save_changes: () => { throw new Error("saved too late") }}
window.leave = render({model, el: document.querySelector("main")})
"""


def test_a_view_that_is_left_leaves_nothing_running(offline_page) -> None:
    code = PushPullLandscape._esm + COUNTED
    offline_page.set_content(f"<main></main><script type='module'>{code}</script>")
    assert offline_page.evaluate("open_") == {"model": 3, "observers": 2, "media": 1}
    view = View(offline_page)
    view.gamma.press("ArrowRight")
    view.roll.click()
    offline_page.evaluate("leave()")
    assert offline_page.evaluate("open_") == {"model": 0, "observers": 0, "media": 0}
    left = pixels(offline_page, view.plot)
    offline_page.wait_for_timeout(500)  # longer than anything waits
    assert changed(left, pixels(offline_page, view.plot)) == 0
    assert offline_page.get_by_role("status").inner_text() == ""
