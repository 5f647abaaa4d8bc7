"""What the browser tests do to a page: find a browser for it, drag, look at pixels, ask axe."""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Frame, Locator, Page, Playwright

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
THUMB = 16  # px, Chromium's own slider thumb: its centre cannot reach the slider's ends


def find_browser(driver: Playwright) -> str | None:
    """The system's browser, else Playwright's own if it was downloaded, else None."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    own = driver.chromium.executable_path
    return own if Path(own).exists() else None


def drag(page: Page, slider: Locator, from_fraction: float, to_fraction: float) -> None:
    """Drag a range input's thumb with the mouse, in ten small moves."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    left, length, height = box["x"] + THUMB / 2, box["width"] - THUMB, box["y"] + box["height"] / 2
    page.mouse.move(left + from_fraction * length, height)
    page.mouse.down()
    page.mouse.move(left + to_fraction * length, height, steps=10)
    page.mouse.up()


def pixels(page: Page, canvas: Locator) -> np.ndarray:
    """What a canvas holds, height x width x RGBA.

    From the canvas itself and after the next frame is drawn: a screenshot would change with scrolling,
    scaling and whatever lies above. A WebGL canvas needs preserveDrawingBuffer for it.
    """
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    address = canvas.evaluate("canvas => canvas.toDataURL('image/png')")
    picture = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    return np.asarray(picture.convert("RGBA"))


def changed(a: np.ndarray, b: np.ndarray) -> float:
    """Share of pixels that differ."""
    return float((a != b).any(axis=-1).mean())


def axe(page: Page | Frame, within: str = "html", without: Sequence[str] = ()) -> list[str]:
    """axe-core's violations inside a CSS selector but for what others select, a line a node; none is the empty list."""
    from axe_playwright_python.base import AXE_SCRIPT

    # evaluate, unlike a script tag, works whatever the page's content security policy. No preload: nothing is fetched.
    page.evaluate(AXE_SCRIPT)
    run = "where => axe.run(where, {resultTypes: ['violations'], preload: false})"
    results = page.evaluate(run, {"include": [within], "exclude": list(without)})
    return [
        f"{violation['id']}: {violation['help']}: {' '.join(map(str, node['target']))} {node['html']}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]
