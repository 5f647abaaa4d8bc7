import html
import json
import re
from html.parser import HTMLParser

import pytest

from binenc_kit.widgets.page import source, to_frame, to_json, to_page

HOSTILE = "</script><script>alert(1)</script> \"'&<!-- 🐱 \u2028"


class Outline(HTMLParser):
    """The elements of a page, and the text of each script."""

    def __init__(self) -> None:
        super().__init__()
        self.elements, self.scripts = [], []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script" and self.scripts:
            self.scripts[-1] += data


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    return parser


def test_texts_cannot_break_out_of_the_page() -> None:
    page = to_page(HOSTILE, "function render() {}", "", {"content": {"names": [HOSTILE]}}, b"png", HOSTILE)
    seen = outline(page)
    assert [tag for tag, _ in seen.elements].count("script") == 2
    assert json.loads(seen.scripts[0]) == {"content": {"names": [HOSTILE]}}
    assert next(attrs["alt"] for tag, attrs in seen.elements if tag == "img") == HOSTILE


def test_a_page_asks_nobody_for_anything() -> None:
    page = to_page("x", source("common.js"), source("common.css"), {}, b"png", "alt")
    addresses = set(re.findall(r"https?://[^\"'\s)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert "default-src 'none'" in page


def test_json_is_strict_and_holds_bytes() -> None:
    value = {"a": float("nan"), "b": [float("inf"), 1, (True, None)], "c": b"\x00\xff", 4: "<b>"}
    text = to_json(value)
    assert "<" not in text
    assert json.loads(text) == {"a": None, "b": [None, 1, [True, None]], "c": {"$bytes": "AP8="}, "4": "<b>"}


def test_a_source_that_would_end_its_script_is_refused() -> None:
    with pytest.raises(AssertionError, match="script element"):
        to_page("x", 'const a = "</SCRIPT>"', "", {}, b"", "")


def test_a_frame_carries_the_whole_page() -> None:
    page = to_page("x", "", "", {"a": HOSTILE}, b"png", "alt")
    seen = outline(to_frame(page, 'a "title"', 400))
    assert [tag for tag, _ in seen.elements] == ["div", "iframe"]
    assert seen.elements[1][1]["srcdoc"] == page
    assert seen.elements[1][1]["title"] == 'a "title"'
    assert html.escape(HOSTILE) not in page
