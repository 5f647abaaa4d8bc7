"""The scrubber against what most notebooks do, an ipywidgets slider that has matplotlib draw, in one JupyterLab.

Both show the same simulated training, 200 epochs of 2,000 samples in 4 dimensions, in one browser. The rival reuses one
figure and its artists, the quickest way we found, and shows the latent space and a histogram a dimension; the scrubber
draws codebook and curves as well. A step runs from the key's event in the page to the first frame in which the
picture's pixels have changed, read back from the canvas or the image. Without a browser it says so, and nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the tests' JupyterLab is ours, too

from turns import note, report  # noqa: E402

from binenc_kit.widgets import EpochScrubber  # noqa: E402
from tests.browser.browsing import find_browser  # noqa: E402
from tests.browser.conftest import FLAGS  # noqa: E402
from tests.browser.lab import Lab  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SETUP = f"""
import sys
sys.path.insert(0, {str(ROOT / "benchmarks")!r})
from scrub import training
latents, labels = training({{epochs}}, {{samples}})
"""
OURS = """
from binenc_kit.widgets import EpochScrubber
EpochScrubber(latents, labels=labels, points=len(labels))"""
RIVAL = """
import ipywidgets
import numpy as np
import matplotlib.pyplot as plt
from IPython.display import clear_output, display
figure, rows = plt.subplot_mosaic([["space", str(d)] for d in range(4)], figsize=(9, 5))
dots = rows["space"].scatter(*latents[0, :, :2].T, c=labels, cmap="tab10", s=8)
rows["space"].set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6))
edges = np.linspace(-1.6, 1.6, 49)
bars = [rows[str(d)].stairs(np.zeros(48), edges, fill=True) for d in range(4)]
for d in range(4):
    rows[str(d)].set_ylim(0, len(labels) / 5)
plt.close(figure)
slider, output = ipywidgets.IntSlider(0, 0, len(latents) - 1), ipywidgets.Output()
def draw(change=None):
    dots.set_offsets(latents[slider.value, :, :2])
    for d, drawn in enumerate(bars):
        drawn.set_data(np.histogram(latents[slider.value, :, d], edges)[0])
    with output:
        clear_output(wait=True)
        display(figure)
slider.observe(draw, "value")
draw()
ipywidgets.VBox([slider, output])"""
# From the key's event to the end of the first frame after which the target's pixels, read back, are others.
WATCH = """selector => {
    const small = new OffscreenCanvas(96, 96).getContext("2d", {willReadFrequently: true})
    const look = () => {
        const target = document.querySelector(selector)
        small.clearRect(0, 0, 96, 96)
        try { small.drawImage(target, 0, 0, 96, 96) } catch { return null }  // an image that is still being decoded
        return small.getImageData(0, 0, 96, 96).data
    }
    const differ = (a, b) => a && b && a.some((value, i) => value !== b[i])
    const afterFrame = work => requestAnimationFrame(() => {
        const {port1, port2} = new MessageChannel()
        port1.onmessage = work
        port2.postMessage(0)
    })
    let before = look()
    window.taken = []
    window.addEventListener("keydown", () => {
        const start = performance.now()
        const check = () => {
            const now = performance.now(), after = look()  // reading takes some milliseconds of its own
            if (!differ(before, after)) return afterFrame(check)
            before = after
            taken.push(now - start)
        }
        afterFrame(check)
    }, true)
}"""
TIME_DRAWING = """
window.drawing = []
const ask = window.requestAnimationFrame.bind(window)
window.requestAnimationFrame = work => ask(now => {
    const start = performance.now()
    work(now)
    window.drawing.push(performance.now() - start)
})"""


def training(epochs: int, samples: int, P: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Latents (epochs, samples, P) that go from a heap to the vertices of ten classes, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(samples) % 10
    corners = np.where((np.arange(10)[:, None] >> np.arange(P)) & 1, 1.0, -1.0)[labels]
    share = np.linspace(0, 1, epochs)[:, None, None]
    noise = np.cumsum(rng.normal(size=(epochs, samples, P)), axis=0) / np.sqrt(np.arange(1, epochs + 1))[:, None, None]
    return (share * corners + (1.05 - share) * 0.4 * noise).astype(np.float32), labels


def steps(page: Page, target: str, slider: str, many: int) -> np.ndarray:
    """Milliseconds of so many steps by the right arrow key, one after the other."""
    page.locator(slider).first.focus()
    page.evaluate(WATCH, target)
    for step in range(many + 3):  # the first ones warm up
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(100)  # asking sooner would take the page's time from what is measured
        while page.evaluate("taken.length") <= step:
            page.wait_for_timeout(50)
    return np.array(page.evaluate("taken"))[3:]


def in_lab(lab: Lab, browser: Browser, code: str, target: str, slider: str, many: int) -> np.ndarray:
    """Steps in a notebook of its own."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    lab.run(page, [code])
    page.wait_for_selector(target)
    page.wait_for_timeout(1000)
    taken = steps(page, target, slider, many)
    page.close()
    lab.end_sessions()
    return taken


def exported(browser: Browser, folder: Path, epochs: int, samples: int, many: int) -> dict[str, float]:
    """The page without a kernel: steps, drawing and first paint in milliseconds, bytes a value."""
    latents, labels = training(epochs, samples)
    scrubber = EpochScrubber(latents, labels=labels, points=samples)
    file = folder / "page.html"
    scrubber.to_html(file)
    page = browser.new_page(viewport={"width": 1280, "height": 900}, offline=True)
    page.add_init_script(TIME_DRAWING)
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-painted]")
    painted = float(page.locator("html").get_attribute("data-painted"))
    page.evaluate("drawing.length = 0")
    taken = steps(page, ".bk-space-canvas", ".bk-slider", many)
    drawing = np.array(page.evaluate("drawing"))
    page.close()
    packed = len(scrubber.content["heads"][0]["latents"])
    return {
        "median": np.median(taken), "p95": np.quantile(taken, 0.95), "drawing": np.median(drawing[drawing > 0.3]),
        "painted": painted, "sent": packed / latents.size, "page": file.stat().st_size / latents.size,
    }  # fmt: skip


def told(name: str, found: dict[str, float]) -> str:
    steps, rest = (
        f"step {found['median']:.1f} ms (median), {found['p95']:.1f} ms (p95)",
        f"{found['page']:.2f} in the page",
    )
    drawn = f"drawing {found['drawing']:.1f} ms, first paint {found['painted']:.0f} ms"
    return f"{name}: {steps}, {drawn}, {found['sent']:.2f} bytes a value sent, {rest}"


def main() -> None:
    """Print one line a comparison, and the limits' figures below."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few steps and samples: does it run?")
    quick = parser.parse_args().quick
    many, epochs, samples = (3, 20, 200) if quick else (60, 200, 2000)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        path = find_browser(driver)
        if not path:
            print("no Chromium or Chrome was found: tests/browser/get_browser.sh installs one")
            return
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        lab = Lab(Path(folder))
        try:
            lab.wait()
            setup = SETUP.format(epochs=epochs, samples=samples)
            ours = in_lab(lab, browser, setup + OURS, ".bk-space-canvas", ".bk-slider", many)
            rival = in_lab(lab, browser, setup + RIVAL, ".jp-OutputArea-output img", ".noUi-handle", many)
        finally:
            lab.stop()
        report("scrub-step", float(np.median(ours)), float(np.median(rival)), 10.0, "ms")
        note(f"in JupyterLab: step {np.median(ours):.1f} ms (median), {np.quantile(ours, 0.95):.1f} ms (p95)")
        note(told(f"page, {samples:,} samples", exported(browser, Path(folder), epochs, samples, many)))
        many_samples = 500 if quick else 10_000
        note(told(f"page, {many_samples:,} samples", exported(browser, Path(folder), epochs, many_samples, many)))
        browser.close()


if __name__ == "__main__":
    main()
