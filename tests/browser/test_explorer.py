"""The code explorer as its reader has it: a page from a file with the network off, and JupyterLab with a kernel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from binenc_kit.widgets.explorer import CodeExplorer
from tests.browser.browsing import axe, changed, pixels
from tests.browser.lab import Lab
from tests.browser.test_landscape import View, watched

if TYPE_CHECKING:
    from playwright.sync_api import Page

CODES = np.array([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1]])
NAMES = ("ant", "bee", "cat", "dog", "eel")
LABELS = np.repeat(np.arange(5), 30)
HOSTILE = ("<script>document.title='broken'</script>", "\"quoted\" & 'so'", "🐱 $x$", "long " * 60, "<b>\nbold")


def noisy() -> np.ndarray:
    """Bits of 150 samples, of which a twentieth are not their class's."""
    return (CODES[LABELS] == 1) ^ (np.random.default_rng(0).random((150, 4)) < 0.05)


def explorer(names: tuple[str, ...] = NAMES, with_pictures: bool = True) -> CodeExplorer:
    pictures = np.random.default_rng(1).integers(0, 256, (150, 8, 8)).astype(np.uint8) if with_pictures else None
    return CodeExplorer(noisy() - 0.5, LABELS, names, pictures=pictures)


@pytest.fixture
def opened(open_offline: Callable[..., Page]) -> Callable[..., Page]:
    def open_it(widget: CodeExplorer, **how: bool) -> Page:
        page = open_offline(widget.to_html(), **how)
        page.wait_for_selector("html[data-painted]")
        return page

    return open_it


def switch(page: Page, pattern: str) -> None:
    """Bring the switches from any to a pattern by clicks."""
    page.get_by_role("button", name="clear").click()
    for place, asked in enumerate(pattern):
        for _ in range({".": 0, "1": 1, "0": 2}[asked]):
            page.locator(".ce-bit").nth(place).click()


def asked(page: Page) -> str:
    """The pattern that the switches show."""
    return "".join({"any": "."}.get(text, text) for text in page.locator(".ce-bit-value").all_inner_texts())


def told_by_numpy(pattern: str) -> str:
    """The sentence on a pattern: classes whose code has it first, the others by the share of theirs that has it."""
    bits, wanted = noisy(), [place for place, bit in enumerate(pattern) if bit != "."]
    goal = [pattern[place] == "1" for place in wanted]
    carried = (bits[:, wanted] == goal).all(axis=1)
    if not carried.any():
        return f"None of 150 samples carries {pattern.replace('.', '·')}."
    counts = np.bincount(LABELS[carried], minlength=5)
    by_code = (CODES[:, wanted] == goal).all(axis=1)
    order = sorted(np.flatnonzero(counts), key=lambda one: (not by_code[one], 0 if by_code[one] else -counts[one], one))
    parts = [f"{counts[one]} of {NAMES[one]}" for one in order]
    text = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
    verb = "carries" if carried.sum() == 1 else "carry"
    return f"{carried.sum()} of 150 samples {verb} {pattern.replace('.', '·')}: {text}."


def test_switches_by_mouse_tell_what_numpy_counts_and_change_the_pictures(opened: Callable[..., Page]) -> None:
    page = opened(explorer())
    sentence, grid = page.locator(".ce-sentence"), page.locator(".ce-grid")
    assert sentence.inner_text() == "No bit is chosen: all 150 samples of 5 classes."
    seen = pixels(page, grid)
    for pattern in ("0...", ".11.", "0110", "..00", "1..1", "1010"):
        switch(page, pattern)
        assert asked(page) == pattern
        assert sentence.inner_text() == told_by_numpy(pattern)
        now = pixels(page, grid)
        assert now.shape != seen.shape or changed(seen, now) > 0.1
        seen = now
    page.wait_for_function("() => document.querySelector('[aria-live=polite]').textContent.length > 0")
    assert page.locator("[aria-live=polite]").inner_text() == sentence.inner_text()


def test_switches_by_keys(opened: Callable[..., Page]) -> None:
    page = opened(explorer())
    first = page.locator(".ce-bit").first
    first.focus()
    for key in ("Enter", "ArrowRight", "Space", "Space", "ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert asked(page) == "10.1"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "bit 4: must be 1"
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert asked(page) == "00.1"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "clear"
    assert asked(page) == "...."


def test_chips_pairs_and_shared_codes_choose_bits(opened: Callable[..., Page]) -> None:
    page = opened(explorer())
    page.get_by_role("button", name="bee and cat: bit 2 (by majority)").click()
    assert asked(page) == "0..0"  # the codes are 01?0 and 0?10
    assert page.get_by_role("button", name="bee and cat: bit 2").get_attribute("aria-pressed") == "true"
    chips = page.locator(".ce-chip .ce-name").all_inner_texts()
    assert chips[:3] == ["ant", "bee", "cat"]
    page.get_by_role("button", name="ant and bee share 0110 (by majority)").click()
    assert asked(page) == "...."  # ??1? and 01?0
    assert page.get_by_role("button", name="ant and bee share").get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="clear").click()
    page.locator(".ce-chip", has_text="dog").focus()
    page.keyboard.press("Enter")
    book = noisy()[LABELS == 3].mean(axis=0)
    own = "".join(str(int(share > 0.5)) if max(share, 1 - share) >= 0.95 else "." for share in book)
    assert asked(page) == own
    assert "dog" in page.evaluate("document.activeElement.textContent")


def test_pairs_of_pure_codes_are_not_marked_and_the_alt_text_marks_the_same_ones(opened: Callable[..., Page]) -> None:
    z = CODES[LABELS] - 0.5
    z[[0, 1, 2], 3] *= -1  # a tenth of the ants
    explorer = CodeExplorer(z, LABELS, NAMES)
    page, label = opened(explorer), explorer.still().get_label()
    buttons = page.locator(".ce-near").last.get_by_role("button")
    assert buttons.all_inner_texts() == ["ant and cat: bit 2 (by majority)", "bee and cat: bit 2"]
    assert "in one bit only: ant and cat, bee and cat; by majority: ant and cat." in label
    buttons.last.click()
    assert asked(page) == "0.10"
    buttons.first.click()
    assert asked(page) == "0.1."
    meaning = "Codes are each class's majority bits; ? where fewer than 95 % share it."
    assert meaning in label
    assert meaning in page.locator(".bk-widget").inner_text()
    pure = CodeExplorer(CODES[LABELS] - 0.5, LABELS, NAMES)
    assert "majority" not in pure.still().get_label()
    assert "by majority" not in opened(pure).locator(".bk-widget").inner_text()


def test_pictures_and_pairs_speak_under_pointer_and_keys(opened: Callable[..., Page]) -> None:
    page = opened(explorer())
    page.locator(".ce-grid").hover(position={"x": 10, "y": 10})
    title = page.locator(".ce-panel p").first
    assert title.inner_text() == "sample 0, ant"
    page.mouse.move(0, 0)
    page.locator(".ce-grid").focus()
    page.keyboard.press("ArrowRight")
    assert title.inner_text() == "sample 1, ant"
    page.keyboard.press("End")
    index = int(title.inner_text().split()[1].strip(","))
    assert title.inner_text() == f"sample {index}, {NAMES[LABELS[index]]}"
    code = "".join(map(str, noisy()[index].astype(int)))
    assert page.locator(".ce-panel .ce-code").inner_text() == code
    assert title.inner_text() in page.locator(".ce-grid").get_attribute("aria-label")
    matrix, before = page.locator(".ce-matrix"), pixels(page, page.locator(".ce-matrix"))
    matrix.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator(".ce-pair-words").inner_text() == "bee and cat differ in 1 of 4 bits: bit 2 (by majority)"
    assert changed(before, pixels(page, matrix)) > 0
    page.keyboard.press("Enter")
    assert asked(page) == "0..0"


def test_more_pictures_come_page_by_page(opened: Callable[..., Page]) -> None:
    labels = np.repeat([0, 1], 600)
    page = opened(CodeExplorer(labels[:, None] - 0.5, labels))
    grid, text = page.locator(".ce-grid"), page.locator(".ce-pager span")
    first = pixels(page, grid)
    assert re.fullmatch(r"\d+ of 1,200 samples · page 1 of \d+", text.inner_text())
    assert page.get_by_role("button", name="previous").is_disabled()
    while page.get_by_role("button", name="more").is_enabled():
        page.get_by_role("button", name="more").click()
    last = pixels(page, grid)
    assert first.shape != last.shape or changed(first, last) > 0
    assert page.get_by_role("button", name="previous").is_enabled()


@pytest.mark.parametrize("dark", [False, True])
def test_hostile_names_stay_text_and_axe_has_nothing_to_say(dark: bool, opened: Callable[..., Page]) -> None:
    page = opened(explorer(HOSTILE), dark=dark)
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.title() == "Code explorer"
    names = page.locator(".ce-chip .ce-name").all_text_contents()
    assert names == [name.strip() for name in HOSTILE]
    assert page.evaluate("document.documentElement.scrollWidth") == 420
    assert page.locator(".bk-widget b").count() == 0
    switch(page, "01..")
    assert axe(page) == []


@pytest.mark.parametrize(("classes", "P"), [(1000, 64), (1, 1), (12, 128)])
def test_few_and_many_classes_and_bits_open(classes: int, P: int, opened: Callable[..., Page]) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(max(2 * classes, 3)) % classes
    page = opened(CodeExplorer(rng.normal(size=(classes, P))[labels], labels, points=4000), dark=P == 64)
    page.locator(".ce-bit").first.click()
    assert f"of {len(labels):,} samples" in page.locator(".ce-sentence").inner_text()
    if classes == 1000:
        assert "The first 40 of" in page.locator(".bk-widget").inner_text()
    if P > 16:
        page.locator(".ce-chip").first.click()
        assert "." not in asked(page)
    if classes == 1000:
        assert axe(page) == []


def test_ten_thousand_samples_of_64_bits_are_filtered(opened: Callable[..., Page]) -> None:
    rng = np.random.default_rng(0)
    labels, z = np.arange(10_000) % 10, rng.normal(size=(10_000, 64))
    page = opened(CodeExplorer(z, labels, points=10_000))
    for place in range(4):
        page.locator(".ce-bit").nth(place).click()
    carry = (z[:, :4] > 0).all(axis=1).sum()
    assert page.locator(".ce-sentence").inner_text().startswith(f"{carry:,} of 10,000 samples carry bit 1 = 1, ")


def test_forced_colours_change_nothing_that_is_read(opened: Callable[..., Page]) -> None:
    parts = [".bk-widget", ".ce-bit", ".ce-name", ".ce-bar span", ".ce-near button", ".ce-legend"]
    look = """parts => parts.map(part => {
        const {color, backgroundColor} = getComputedStyle(document.querySelector(part))
        return [color, backgroundColor]
    })"""
    for dark in (False, True):
        page = opened(explorer(), dark=dark)
        before = page.evaluate(look, parts)
        page.emulate_media(forced_colors="active")
        assert page.evaluate(look, parts) == before


def test_a_view_that_is_left_leaves_nothing_running(offline_page: Page) -> None:
    offline_page.set_content(watched(explorer()))
    offline_page.wait_for_selector("html[data-painted]")
    busy, end = offline_page.evaluate("""() => {
        document.querySelector(".ce-bit").click()
        return [waiting.size, leave()]
    }""")
    assert busy >= 1  # telling
    assert end["taken"] == {"model": 1, "listeners": 1, "observers": 2, "bitmaps": 1}
    assert end["left"] == {name: -count for name, count in end["taken"].items()}
    assert end["waiting"] == []


def test_in_lab_python_and_both_widgets_tell_each_other(page: Page, lab: Lab) -> None:
    code = """
from binenc_kit.widgets import PushPullLandscape
from IPython.display import display
from tests.browser.test_explorer import explorer
codes, land = explorer(), PushPullLandscape(gamma=0.302)
display(codes, land)"""
    lab.run(page, [code])
    page.locator(".ce-bit").nth(1).click()
    lab.wait_for(page, "codes.bits", "'.1..'")
    lab.execute(page, "codes.bits = '0.1.'")
    page.wait_for_function("() => document.querySelectorAll('.ce-bit-value')[2].textContent === '1'")
    assert asked(page) == "0.1."
    assert page.locator(".ce-sentence").inner_text() == told_by_numpy("0.1.")
    view = View(page)
    view.gamma.press("ArrowRight")
    lab.wait_for(page, "land.gamma", "0.309")
    lab.execute(page, "land.gamma = 5; land.linear = False")
    page.locator("p", has_text="One well, at u").first.wait_for()
    assert view.gamma.input_value() == "70"
    page.get_by_role("button", name="linear layer").click()
    lab.wait_for(page, "land.linear", "True")
    assert axe(page, ".bk-widget") == []
