"""A browser, pages that may not complain, and a JupyterLab server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.browser.browsing import find_browser
from tests.browser.lab import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def do_without(reason: str) -> NoReturn:
    """Skip, but not where a missing browser would hide that nothing was tested."""
    if os.environ.get("BINENC_KIT_BROWSER") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


# For this folder's tests alone: while Playwright's event loop is there, other tests could start none.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        do_without("Playwright is not installed: make setup installs it")
    with sync_playwright() as driver:
        path = find_browser(driver)
        if not path:
            do_without("no Chromium or Chrome was found: tests/browser/get_browser.sh installs one")
        try:
            browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        except Error as error:
            do_without(f"{path} did not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens empty pages, which note console errors, page errors and, offline, requests in page.complaints.

    A complaint that is still there at the test's end fails the test.
    """
    pages = []

    def make(offline: bool = False, dark: bool = False, reduced_motion: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": 1280, "height": 900},
            offline=offline,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if reduced_motion else "no-preference",
            service_workers="block",
        )
        page = context.new_page()
        pages.append(page)
        listen(page, offline)
        return page

    yield make
    for page in pages:
        page.context.close()
    be_quiet(pages)


def listen(page: Page, offline: bool) -> None:
    said = page.complaints = []
    page.on("pageerror", lambda error: said.append(f"page error: {error}"))
    page.on("console", lambda line: said.append(f"console: {line.text}") if line.type == "error" else None)
    if offline:
        page.on("websocket", lambda socket: said.append(f"request: {socket.url}"))
        page.context.on("request", lambda asked: said.append(f"request: {asked.url}") if is_remote(asked.url) else None)
        page.context.route(is_remote, lambda route: route.abort())


def is_remote(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:", "about:"))


def be_quiet(pages: list[Page]) -> None:
    complaints = [said for page in pages for said in page.complaints]
    if complaints:
        pytest.fail("the page complained:\n" + "\n".join(complaints), pytrace=False)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


@pytest.fixture
def offline_page(new_page: Callable[..., Page]) -> Page:
    return new_page(offline=True)


@pytest.fixture
def open_offline(new_page: Callable[..., Page], tmp_path: Path) -> Callable[..., Page]:
    """Opens a file, or a string of HTML as a file, with the network off."""

    def open_it(source: Path | str, dark: bool = False, reduced_motion: bool = False) -> Page:
        if isinstance(source, str):
            (tmp_path / "page.html").write_text(source)
            source = tmp_path / "page.html"
        page = new_page(offline=True, dark=dark, reduced_motion=reduced_motion)
        page.goto(source.resolve().as_uri())
        return page

    return open_it


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.wait()
        yield lab
    finally:
        lab.stop()


@pytest.fixture
def lab(chromium: Browser, lab_server: Lab) -> Iterator[Lab]:
    """JupyterLab, one server a session; no kernel outlives its test."""
    yield lab_server
    lab_server.end_sessions()
