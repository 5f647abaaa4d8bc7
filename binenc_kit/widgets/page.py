"""A widget as one HTML file: no kernel, no network, nothing beside it."""

import base64
import html
import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

# Nothing may be fetched from anywhere, whatever stands in the page.
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


@cache
def source(*names: str) -> str:
    """Files of the folder js, one after the other."""
    return "\n".join(files(__package__).joinpath("js", name).read_text(encoding="utf-8") for name in names)


def to_page(title: str, module: str, style: str, values: Mapping[str, Any], still: bytes, alt: str) -> str:
    """A self-contained page that runs a widget's ES module on values, light or dark as the reader's system is.

    module: the module's source, with a function `render` at its top level. values: what the widget's model holds;
    bytes are fine. still: a PNG picture with its alt text for readers without JavaScript, or with a browser that
    cannot run the module. Texts cannot break out.
    """
    picture = f'<img src="data:image/png;base64,{base64.b64encode(still).decode()}" alt="{html.escape(alt)}">'
    return f"""<!DOCTYPE html>
<html lang="en">
{_head(html.escape(title), style)}
<body class="bk-page">
<main><h1 class="bk-unseen">{html.escape(title)}</h1><div id="bk-here"></div><noscript>{picture}</noscript></main>
<script type="application/json" id="bk-values">{to_json(values)}</script>
<script type="module">
{_for_script(module)}
{_for_script(source("page.js"))}
</script>
</body>
</html>
"""


def _head(title: str, style: str) -> str:
    return f"""<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; background: #ffffff; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14171b; }} }}
img {{ max-width: 100%; }}
{style}
</style>
</head>"""


def to_frame(page: str, title: str, height: int) -> str:
    """A page inside another one, such as a notebook's: an iframe that carries the whole page with it."""
    style = f"width:100%;height:{height}px;border:0"
    inner = html.escape(page)
    return f'<div><iframe srcdoc="{inner}" title="{html.escape(title)}" style="{style}"></iframe></div>'


def to_json(value: object) -> str:
    """JSON that may stand inside a script element: bytes in base64, NaN and infinity as null, no "<" anywhere."""
    return json.dumps(_plain(value), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _for_script(code: str) -> str:
    """Our own code holds no end tag of a script, and this keeps it so."""
    if "</script" in code.lower() or "<!--" in code:
        raise AssertionError("the widget's source holds what would end its script element")
    return code
