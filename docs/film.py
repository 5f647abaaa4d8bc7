"""Film the scrubber for the README: the demo's BinEnc under a moving slider, light and dark, as animated pictures.

It opens the exported page in a real browser and takes a picture an epoch, so what a reader sees is what the widget is.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the tests know how to find a browser

from binenc_kit.data import load_data  # noqa: E402
from binenc_kit.recording import Recording  # noqa: E402
from binenc_kit.widgets import EpochScrubber  # noqa: E402
from tests.browser.browsing import find_browser  # noqa: E402
from tests.browser.conftest import FLAGS  # noqa: E402

EPOCHS = [*range(0, 20), *range(20, 80, 3), 79]  # most happens early
SIZE, WIDTH = {"width": 1000, "height": 770}, 800
HELD = 2500  # milliseconds that the last picture stays


def film(browser: Browser, page: Path, dark: bool) -> list[Image.Image]:
    """One picture for each of EPOCHS."""
    tab = browser.new_page(viewport=SIZE, color_scheme="dark" if dark else "light")
    tab.goto(page.as_uri())
    tab.wait_for_selector("html[data-painted]")
    pictures, slider = [], tab.locator(".bk-slider")
    for place in EPOCHS:
        slider.evaluate("(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input')) }", place)
        tab.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        taken = Image.open(io.BytesIO(tab.locator(".bk-widget").screenshot())).convert("RGB")
        pictures.append(taken.resize((WIDTH, taken.height * WIDTH // taken.width), Image.Resampling.LANCZOS))
    tab.close()
    return pictures


def main() -> None:
    """Write docs/scrubber.webp and docs/scrubber-dark.webp."""
    run = Recording(next((ROOT / "runs" / "demo").glob("BinEnc-seed0-*")))
    scrubber = EpochScrubber(run, pictures=load_data("digits"))
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        scrubber.to_html(Path(folder) / "page.html")
        browser = driver.chromium.launch(executable_path=find_browser(driver), args=FLAGS)
        for name, dark in (("scrubber", False), ("scrubber-dark", True)):
            first, *rest = film(browser, Path(folder) / "page.html", dark)
            shown = [140] * len(rest) + [HELD]
            path = ROOT / "docs" / f"{name}.webp"
            first.save(path, save_all=True, append_images=rest, duration=shown, loop=0, quality=60, method=6)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.2f} MB")
        browser.close()


if __name__ == "__main__":
    main()
