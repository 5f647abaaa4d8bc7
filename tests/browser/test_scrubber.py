"""The scrubber as its reader has it: in JupyterLab with a kernel, and as a page with nothing around it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from sklearn.decomposition import PCA

from binenc_kit.measures.binarity import bit_shares
from binenc_kit.widgets import EpochScrubber
from binenc_kit.widgets.frames import ORIENTATIONS
from binenc_kit.widgets.page import source, to_frame, to_page
from tests.browser.browsing import axe, changed, drag, pixels
from tests.browser.lab import Lab
from tests.test_scrubber import growing

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = ("<script>document.title='broken'</script>", "\"quoted\" & 'so'", "🐱 " + "long " * 40)
CANVASES = {"latent space": ".bk-space-canvas", "curves": ".bk-curves", "book": ".bk-scroll canvas"}


def scrubber(epochs: int = 30, names: tuple[str, ...] | None = None, **told: object) -> EpochScrubber:
    latents, labels = growing(epochs=epochs, samples=60)
    pictures = np.random.default_rng(0).integers(0, 256, (60, 8, 8)).astype(np.uint8)
    curves = {"gamma": np.geomspace(0.01, 10, epochs)}
    return EpochScrubber(latents, labels=labels, class_names=names, pictures=pictures, curves=curves, **told)


def value_text(page: Page) -> str:
    return page.locator(".bk-slider").get_attribute("aria-valuetext")


def wait_for_epoch(page: Page, epoch: int) -> None:
    """Until the slider says so, and the frame is on the screen."""
    page.wait_for_function(
        "(start) => document.querySelector('.bk-slider')?.getAttribute('aria-valuetext').startsWith(start)",
        arg=f"epoch {epoch} of",
    )


def wait_for_a_frame(page: Page) -> None:
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def pictures_of(page: Page) -> dict[str, np.ndarray]:
    return {name: pixels(page, page.locator(selector).first) for name, selector in CANVASES.items()}


def all_moved(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> bool:
    return all(changed(before[name], after[name]) > 0.002 for name in CANVASES)


def test_in_lab_slider_and_keys_move_everything_and_python_hears_of_it(page: Page, lab: Lab) -> None:
    code = """
import numpy as np
from binenc_kit.widgets import EpochScrubber
from tests.test_scrubber import growing
latents, labels = growing(epochs=30, samples=60)
scrubber = EpochScrubber(latents, labels=labels)
scrubber"""
    lab.run(page, [code])
    wait_for_epoch(page, 1)
    slider, first = page.locator(".bk-slider"), pictures_of(page)
    drag(page, slider, 0, 0.5)
    middle = pictures_of(page)
    assert all_moved(first, middle)
    assert 14 <= int(re.search(r"epoch (\d+) of 30", value_text(page)).group(1)) <= 17
    slider.focus()
    page.keyboard.press("End")
    wait_for_epoch(page, 30)
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    wait_for_epoch(page, 27)
    lab.wait_for(page, "scrubber.epoch", "27")
    assert all_moved(middle, pictures_of(page))
    assert page.evaluate("document.activeElement.className") == "bk-slider"  # the notebook has not taken the keys
    lab.execute(page, "scrubber.epoch = 5")
    wait_for_epoch(page, 5)
    lab.execute(page, "scrubber.epoch = 999")
    wait_for_epoch(page, 30)


def test_in_lab_a_growing_recording_is_refreshed_in_place(page: Page, lab: Lab) -> None:
    code = """
from pathlib import Path
from binenc_kit import EpochScrubber, Recording, make_data, train
from tests.conftest import tiny_config, tiny_splits
epochs = train(tiny_config(epochs=6), Path("growing"), data=make_data(tiny_splits(), ["a", "b", "c"], name="tiny"))
for _ in range(3):
    next(epochs)
scrubber = EpochScrubber(Recording("growing"))
scrubber"""
    lab.run(page, [code], dark=True)
    wait_for_epoch(page, 1)
    page.locator(".bk-slider").press("End")
    wait_for_epoch(page, 3)
    assert page.locator(".bk-widget").evaluate("(box) => getComputedStyle(box).backgroundColor") == "rgb(20, 23, 27)"
    lab.wait_for(page, "scrubber.epoch", "3")
    lab.execute(page, "list(epochs); scrubber.refresh()")
    page.wait_for_function("() => document.querySelector('.bk-slider')?.max === '5'")
    assert value_text(page).startswith("epoch 3 of 6")
    assert page.evaluate("document.activeElement.className") == "bk-slider"


@pytest.mark.parametrize("dark", [False, True])
def test_a_page_does_the_same_without_kernel_and_network(open_offline: Callable[..., Page], dark: bool) -> None:
    page = open_offline(scrubber().to_html(), dark=dark)
    wait_for_epoch(page, 1)
    first = pictures_of(page)
    drag(page, page.locator(".bk-slider"), 0, 0.5)
    middle = pictures_of(page)
    assert all_moved(first, middle)
    page.locator(".bk-slider").press("Home")
    wait_for_epoch(page, 1)
    assert all(changed(first[name], after) == 0 for name, after in pictures_of(page).items())
    assert axe(page) == []


def await_life_inside(page: Page) -> None:
    """In the frame on a page, the End key must bring the slider to the last of 30 epochs."""
    page.frame_locator("iframe").locator(".bk-slider").press("End")
    page.frames[1].wait_for_function(
        "() => document.querySelector('.bk-slider').getAttribute('aria-valuetext').startsWith('epoch 30 of 30')"
    )


def test_a_page_inside_a_page_lives(open_offline: Callable[..., Page]) -> None:
    page = open_offline(f"<!DOCTYPE html><title>outer</title>{to_frame(scrubber().to_html(), 'inner', 800)}")
    await_life_inside(page)


def test_every_epoch_says_what_python_measures(open_offline: Callable[..., Page]) -> None:
    latents, labels = growing(epochs=8, samples=200, P=3, classes=5)
    page = open_offline(EpochScrubber(latents, labels=labels).to_html())
    for epoch, frame in enumerate(latents, start=1):
        wait_for_epoch(page, epoch)
        shares = bit_shares(frame, labels)
        pure = (np.maximum(shares, 1 - shares) >= 0.95).mean()
        assert value_text(page) == f"epoch {epoch} of 8, {100 * pure:.0f} % of bits pure"
        assert f"mean |z| {np.abs(frame).mean():.3g}" in page.locator(".bk-status").inner_text()
        page.locator(".bk-slider").press("ArrowRight")


def test_nothing_plays_by_itself_and_play_stops_at_the_end(open_offline: Callable[..., Page]) -> None:
    page = open_offline(scrubber().to_html())
    wait_for_epoch(page, 1)
    page.wait_for_timeout(300)
    assert value_text(page).startswith("epoch 1 of 30")
    page.get_by_label("speed").select_option("50")
    play = page.locator(".bk-play")
    play.press("Enter")
    assert "Pause" in play.inner_text()
    wait_for_epoch(page, 30)
    page.wait_for_function("() => document.querySelector('.bk-play').textContent.includes('Play')")
    page.locator(".bk-slider").press(" ")  # plays again, from the start
    page.wait_for_function("() => document.querySelector('.bk-play').textContent.includes('Pause')")
    page.locator(".bk-slider").press(" ")
    wait_for_a_frame(page)
    stopped = value_text(page)
    page.wait_for_timeout(200)
    assert value_text(page) == stopped


# The pictures of the latent space, by the epoch that the readout says, frame by frame.
WATCH = """() => {
    window.seen = []
    const look = () => {
        const canvas = document.querySelector(".bk-space-canvas")
        seen.push([document.querySelector(".bk-epoch").textContent.split(" ")[0], canvas.toDataURL()])
        requestAnimationFrame(look)
    }
    look()
}"""


def between_epochs(page: Page) -> bool:
    """Whether a playing scrubber shows samples on their way from one epoch to the next."""
    page.get_by_label("speed").select_option("1")
    page.evaluate(WATCH)
    page.locator(".bk-play").click()
    wait_for_epoch(page, 3)
    seen = page.evaluate("seen")
    assert {epoch for epoch, _ in seen} >= {"1", "2"}
    return len({picture for epoch, picture in seen if epoch == "2"}) > 1


@pytest.mark.parametrize("reduced", [False, True])
def test_samples_fly_only_where_motion_is_welcome(open_offline: Callable[..., Page], reduced: bool) -> None:
    page = open_offline(scrubber().to_html(), reduced_motion=reduced)
    wait_for_epoch(page, 1)
    assert between_epochs(page) is not reduced


def test_hostile_class_names_stay_text(open_offline: Callable[..., Page]) -> None:
    page = open_offline(scrubber(names=HOSTILE, titles=[HOSTILE[0]]).to_html())
    wait_for_epoch(page, 1)
    assert page.title() == "Epoch scrubber"
    assert page.locator("section script").count() == 0
    assert page.locator(".bk-class span").all_inner_texts() == [name.strip() for name in HOSTILE]
    assert page.locator(".bk-title").inner_text() == HOSTILE[0]
    assert axe(page) == []


def test_one_class_is_followed_alone(open_offline: Callable[..., Page]) -> None:
    page = open_offline(scrubber(names=("cat", "dog", "eel")).to_html())
    wait_for_epoch(page, 1)
    everyone = pictures_of(page)
    dog = page.get_by_role("button", name="dog")
    dog.press("Enter")
    assert dog.get_attribute("aria-pressed") == "true"
    alone = pictures_of(page)
    assert changed(everyone["latent space"], alone["latent space"]) > 0.005
    assert changed(everyone["book"], alone["book"]) > 0.02
    dog.press("Enter")
    assert changed(everyone["latent space"], pictures_of(page)["latent space"]) == 0


def test_a_sample_shows_its_picture_and_code_to_mouse_and_keyboard(open_offline: Callable[..., Page]) -> None:
    latents, labels = growing(epochs=30, samples=60)
    page = open_offline(scrubber().to_html())
    wait_for_epoch(page, 1)
    card = page.locator(".bk-card")
    for sample in (0, 17, 59):
        page.get_by_label("look at sample").fill(str(sample))
        wait_for_a_frame(page)
        code = "".join("1" if value > 0 else "0" for value in latents[0, sample])
        assert card.inner_text().split() == [str(labels[sample]), code, "sample", str(sample)]
        assert len(np.unique(pixels(page, card.locator("canvas")))) > 20
    page.wait_for_function(
        "() => document.querySelector('[aria-live]').textContent.includes('sample 59: class 2, code')"
    )
    for nothing in ("", "2.5", "600"):
        page.get_by_label("look at sample").fill(nothing)
        wait_for_a_frame(page)
        assert card.is_hidden()
    page.locator(".bk-slider").press("End")
    for sample, code in enumerate(["0000", "1000", "0100"]):  # the codes of the three classes
        page.get_by_label("look at sample").fill(str(sample))
        wait_for_a_frame(page)
        box = card.bounding_box()
        page.get_by_label("look at sample").fill("")
        page.mouse.move(box["x"] - 16, box["y"] + box["height"] / 2)  # the card stands to the right of its sample
        wait_for_a_frame(page)
        assert card.locator(".bk-code").inner_text() == code
    page.mouse.move(1, 1)
    wait_for_a_frame(page)
    assert card.is_hidden()


def test_drag_and_keys_turn_the_space_and_home_turns_it_back(open_offline: Callable[..., Page]) -> None:
    page = open_offline(scrubber().to_html())
    wait_for_epoch(page, 1)
    canvas, start = page.locator(".bk-space-canvas"), pixels(page, page.locator(".bk-space-canvas"))
    canvas.focus()
    for keys in (["ArrowLeft"], ["Shift+ArrowUp"], ["ArrowDown", "Shift+ArrowRight"]):
        for key in keys:
            page.keyboard.press(key)
        assert changed(start, pixels(page, canvas)) > 0.01
        page.keyboard.press("Home")
        assert changed(start, pixels(page, canvas)) < 0.001  # but for the ring of the focus
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 100, steps=4)
    page.mouse.up()
    assert changed(start, pixels(page, canvas)) > 0.01


def test_every_view_and_scale_is_drawn(open_offline: Callable[..., Page]) -> None:
    page = open_offline(scrubber().to_html())
    wait_for_epoch(page, 1)
    for _ in range(20):  # where the latents are smaller than at the start
        page.locator(".bk-slider").press("ArrowRight")
    wait_for_epoch(page, 21)
    seen = []
    for view in ("whole", "plane", "pair"):
        page.get_by_label("view").select_option(view)
        for scale in ("each", "head"):
            page.get_by_label("scale").select_option(scale)
            seen.append(pixels(page, page.locator(".bk-space-canvas")))
    assert min(changed(a, b) for i, a in enumerate(seen) for b in seen[:i]) > 0.005
    before = seen[-1]
    page.get_by_label("across").select_option("3")
    assert changed(before, pixels(page, page.locator(".bk-space-canvas"))) > 0.005


@pytest.mark.parametrize(("samples", "P", "classes"), [(1, 4, 1), (12, 1, 2), (40, 2, 3), (40, 3, 3), (1500, 64, 1000)])
def test_odd_shapes_open(open_offline: Callable[..., Page], samples: int, P: int, classes: int) -> None:
    latents, labels = growing(epochs=4, samples=samples, P=P, classes=classes)
    page = open_offline(EpochScrubber(latents, latents[:2], labels=labels).to_html())
    wait_for_epoch(page, 1)
    before = pixels(page, page.locator(".bk-space-canvas").first)
    page.locator(".bk-slider").press("End")
    wait_for_epoch(page, 4)
    assert "its last epoch is 2" in page.locator(".bk-status").inner_text()
    assert samples == 1 or changed(before, pixels(page, page.locator(".bk-space-canvas").first)) > 0
    assert axe(page) == []


def test_a_reader_without_javascript_sees_six_epochs(chromium: object, tmp_path: object) -> None:
    (tmp_path / "page.html").write_text(scrubber().to_html())
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    picture = page.locator("noscript img")
    assert picture.bounding_box()["width"] > 600
    assert "up to six epochs" in picture.get_attribute("alt")
    context.close()


def published(cells: list[dict]) -> str:
    """A notebook with these outputs, as a site shows it: no kernel, no widget state, nothing from a network."""
    outputs = [nbformat.v4.new_output("display_data", data, metadata=metadata) for data, metadata in cells]
    cell = nbformat.v4.new_code_cell("", outputs=outputs)
    body, _ = HTMLExporter(template_name="basic").from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    return f"<!DOCTYPE html><html lang='en'><title>published</title>{body}</html>"


def test_in_a_published_notebook_the_page_lives_and_the_still_picture_stands(open_offline: Callable[..., Page]) -> None:
    widget = scrubber()
    data, metadata = widget._repr_mimebundle_()
    data["image/png"] = base64.b64encode(data["image/png"]).decode()  # as the kernel does
    frame = {"text/html": to_frame(widget.to_html(), widget.TITLE, widget.HEIGHT)}
    page = open_offline(published([(data, metadata), (frame, {})]))
    assert page.locator("img").first.evaluate("(image) => image.complete && image.naturalWidth") > 500
    await_life_inside(page)


def test_heads_of_the_same_samples_share_the_one_in_focus(open_offline: Callable[..., Page]) -> None:
    latents, labels = growing(epochs=4, samples=60)
    page = open_offline(EpochScrubber(latents, -latents, labels=labels).to_html())
    wait_for_epoch(page, 1)
    page.get_by_label("look at sample").fill("8")
    wait_for_a_frame(page)
    codes = page.locator(".bk-card .bk-code").all_inner_texts()
    assert codes[1] == codes[0].translate(str.maketrans("01", "10"))


def hooked(widget: EpochScrubber, *, at_once: bool = False, **more: object) -> str:
    """The widget's page, with its model as window.model and what closes the view as window.closeView."""
    start = "window.model = given.model; "
    start += "const drawn = drawIt(given); model.set('content', model.get('later')); " if at_once else ""
    start += "window.closeView = await drawn" if at_once else "window.closeView = await drawIt(given)"
    module = widget._esm.replace("async function render(", "async function drawIt(")
    module += f"\nasync function render(given) {{ {start} }}"
    values = {name: getattr(widget, name) for name in widget.KEPT} | more
    return to_page("hooked", module, widget._css, values, b"", "")


def asked(page: Page, widget: EpochScrubber, expression: str) -> object:
    """What an expression of the widget's own functions says, with its heads and the shared state of a new view."""
    code = f"""
async function render({{ model, el }}) {{
  const heads = await Promise.all(model.get("content").heads.map(openHead));
  const shared = {{ heads, scale: "each", start: model.get("content").orientations, turned: {{}} }};
  el.textContent = JSON.stringify({expression});
}}"""
    parts = source("common.js", "head.js", "space.js", "beside.js", "curves.js", "controls.js")
    page.set_content(to_page("asked", parts + code, "", {"content": widget.content}, b"", ""))
    page.wait_for_selector("html[data-painted]")
    return json.loads(page.locator("#bk-here").inner_text())


def projected(page: Page, widget: EpochScrubber, view: dict, frame: int) -> np.ndarray:
    place = f"project(heads[0], view, {frame}, orientation(heads[0], view, shared), shared, xy)"
    expression = f"((view, xy) => ({place}, [...xy]))({json.dumps(view)}, new Float32Array(2 * heads[0].N))"
    return np.array(asked(page, widget, expression)).reshape(-1, 2)


@pytest.mark.parametrize("frame", [0, 3])
def test_samples_stand_where_numpy_puts_them(offline_page: Page, frame: int) -> None:
    latents, labels = growing(epochs=4, samples=60, P=5)
    noise = np.random.default_rng(1).normal(size=latents.shape)  # so that the last frame has three directions, too
    latents = (latents + 0.3 * noise) * np.array([1, 3, 0.5, 2, 1]) + 0.7
    widget, z = EpochScrubber(latents, labels=labels), latents[frame]
    across, up = (z[:, 3] / np.abs(z[:, 3]).mean(), z[:, 1] / np.abs(z[:, 1]).mean())
    pair = projected(offline_page, widget, {"key": "pair", "x": 3, "y": 1}, frame)
    assert np.abs(pair - np.column_stack([across, up])).max() < 0.02
    seen = PCA(3).fit(latents[-1])  # its axes are those of the scrubber but for their signs
    along = (z - z.mean(axis=0)) @ seen.components_.T
    along /= np.sqrt((along**2).sum(axis=1).mean())
    found = projected(offline_page, widget, {"key": "plane", "x": 0, "y": 1}, frame)
    signs = np.sign((found * along[:, :2]).sum(axis=0))
    assert np.abs(found - signs * along[:, :2]).max() < 0.02
    four = EpochScrubber(latents[:, :, :4], labels=labels)
    flat = (z[:, :4] / np.abs(z[:, :4]).mean(axis=0)) @ ORIENTATIONS[4][:2].T
    assert np.abs(projected(offline_page, four, {"key": "whole", "x": 0, "y": 1}, frame) - flat).max() < 0.02


def test_histograms_and_codes_are_those_of_numpy(offline_page: Page) -> None:
    rng = np.random.default_rng(0)
    latents = rng.integers(-2047, 2048, (2, 300, 3)).astype(float)  # whole numbers come through exactly
    latents[:, 0, 0] = 2047
    latents[1, :, 2] = 0
    labels = np.arange(300) % 4
    latents[1, labels == 2, 0] = np.where(rng.random(75) < 0.97, 5, -5)
    latents[1, 0, 0] = 2047
    widget = EpochScrubber(latents, labels=labels)
    for d in range(3):
        edge = 1.04 * np.abs(latents[1, :, d]).max()
        found = asked(
            offline_page, widget, f"[edgeOf(heads[0], 1, {d}, shared), [...histogram(heads[0], 1, {d}, {edge}, null)]]"
        )
        assert found[0] == pytest.approx(edge)
        if edge:
            assert (
                np.abs(np.array(found[1]) - np.histogram(latents[1, :, d], np.linspace(-edge, edge, 49))[0]).sum() == 0
            )
        else:
            assert found[1][24] == 300  # all in the middle
    codes = asked(
        offline_page, widget, "heads[0].members.map((_, label) => classCode(heads[0], statistics(heads[0], 1), label))"
    )
    shares = bit_shares(latents[1], labels)
    assert codes == ["".join("?" if 0.05 < share < 0.95 else str(int(share > 0.5)) for share in row) for row in shares]


def test_the_player_counts_epochs_not_frames(offline_page: Page) -> None:
    latents, labels = growing(epochs=3, samples=6)
    expression = "[1, 5.5, 10, 14, 40, 99].map((time) => placeAt([1, 10, 30, 40], time))"
    assert asked(offline_page, EpochScrubber(latents, labels=labels), expression) == [0, 0.5, 1, 1.2, 3, 3]


def test_a_refresh_keeps_what_the_reader_chose(open_offline: Callable[..., Page]) -> None:
    later = scrubber(epochs=50).content
    page = open_offline(hooked(scrubber(), later=later))
    wait_for_epoch(page, 1)
    page.locator(".bk-slider").press("End")
    for label, option in [("view", "pair"), ("across", "2"), ("scale", "head"), ("speed", "50")]:
        page.get_by_label(label).select_option(option)
    page.get_by_label("look at sample").fill("7")
    page.get_by_role("button", name="1", exact=True).click()
    page.get_by_label("across").focus()
    page.evaluate("model.set('content', model.get('later'))")
    page.wait_for_function("() => document.querySelector('.bk-slider').max === '49'")
    assert value_text(page).startswith("epoch 30 of 50")
    chosen = [
        page.get_by_label(label).input_value() for label in ("view", "across", "scale", "speed", "look at sample")
    ]
    assert chosen == ["pair", "2", "head", "50", "7"]
    assert page.get_by_role("button", name="1", exact=True).get_attribute("aria-pressed") == "true"
    assert page.locator(".bk-card").inner_text().split()[-2:] == ["sample", "7"]
    assert page.get_by_label("across").evaluate("(box) => box === document.activeElement")


def test_what_comes_during_the_first_drawing_is_drawn(open_offline: Callable[..., Page]) -> None:
    page = open_offline(hooked(scrubber(), at_once=True, later=scrubber(epochs=50).content))
    page.wait_for_function("() => document.querySelector('.bk-slider')?.max === '49'")


COUNT_FRAMES = """() => {
    const ask = requestAnimationFrame
    window.asked = 0
    window.requestAnimationFrame = (work) => (asked++, ask(work))
}"""


def test_a_closed_view_tells_and_asks_nothing_more(open_offline: Callable[..., Page]) -> None:
    page = open_offline(hooked(scrubber()))
    wait_for_epoch(page, 1)
    page.locator(".bk-play").click()
    page.wait_for_function("() => model.get('epoch') > 1")
    page.evaluate(COUNT_FRAMES)
    page.evaluate("closeView()")
    wait_for_a_frame(page)
    before, frames = page.evaluate("[model.get('epoch'), asked]")
    page.set_viewport_size({"width": 700, "height": 500})
    page.emulate_media(color_scheme="dark")
    page.evaluate("model.set('epoch', 1); model.set('epoch', 9)")
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    assert page.evaluate("asked") == frames
    assert page.evaluate("model.get('epoch')") == 9
    assert before > 1


def test_curves_and_codebook_can_be_clicked(open_offline: Callable[..., Page]) -> None:
    page = open_offline(scrubber(names=("cat", "dog", "eel")).to_html())
    wait_for_epoch(page, 1)
    width = page.locator(".bk-curves").bounding_box()["width"]
    page.locator(".bk-curves").click(position={"x": width - 4, "y": 60})
    wait_for_epoch(page, 30)
    page.locator(".bk-scroll canvas").first.click(position={"x": 30, "y": 33})
    assert page.get_by_role("button", name="dog").get_attribute("aria-pressed") == "true"
    page.wait_for_function(
        "() => document.querySelector('.bk-scroll canvas').ariaLabel.includes('cat 0000, dog 1000, eel 0100')"
    )


def test_the_legend_is_one_stop_of_the_tab_key(open_offline: Callable[..., Page]) -> None:
    page = open_offline(scrubber(names=("cat", "dog", "eel")).to_html())
    wait_for_epoch(page, 1)
    assert page.locator(".bk-class[tabindex='0']").all_inner_texts() == ["cat"]
    page.get_by_role("button", name="cat").focus()
    for key, name in [("ArrowRight", "dog"), ("End", "eel"), ("ArrowRight", "eel"), ("Home", "cat")]:
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.title") == name
    assert page.locator(".bk-class[tabindex='0']").count() == 1


def test_heads_of_other_samples_stand_level_and_each_has_its_own_to_look_at(open_offline: Callable[..., Page]) -> None:
    latents, labels = growing(epochs=3, samples=60)
    widget = EpochScrubber(latents, latents, labels=labels, points=20)
    page = open_offline(
        to_page(
            "apart", widget._esm, widget._css, {"content": widget.content | {"aligned": False}, "epoch": 1}, b"", ""
        )
    )
    wait_for_epoch(page, 1)
    tops = [canvas.bounding_box()["y"] for canvas in page.locator(".bk-space-canvas").all()]
    assert tops[0] == tops[1]
    shown = widget.content["heads"][1]["samples"]
    asked = next(number for number in range(1, 59) if number not in shown and shown[0] < number < shown[-1])
    page.get_by_label("look at sample").nth(1).fill(str(asked))
    wait_for_a_frame(page)
    assert [card.is_visible() for card in page.locator(".bk-card").all()] == [False, True]
    found = int(page.locator(".bk-card").nth(1).inner_text().split()[-1])
    assert abs(found - asked) == min(abs(number - asked) for number in shown)
