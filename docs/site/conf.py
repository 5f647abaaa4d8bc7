"""How the site looks: Sphinx with MyST-NB and Furo, and nothing that a page would have to fetch from elsewhere.

Called by docs/make_site.py, which gathers the sources first.
"""

import base64
import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.application import Sphinx

HERE = Path(__file__).parent
MATHJAX = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"

project = "binenc_kit"
copyright = "binenc_kit's authors; prose and figures under CC BY 4.0"
extensions = ["myst_nb", "sphinx.ext.mathjax"]
exclude_patterns = ["solutions", "settings/README.md"]  # there to be downloaded, and for code hosts

nb_execution_mode = "off"  # the committed outputs are what is shown
nb_ipywidgets_js = {}  # comes from a CDN; the widgets are pages of their own
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # a notebook may start a section with a small heading

html_theme = "furo"
html_title = "binenc_kit"
html_static_path = [str(HERE / "static"), str(MATHJAX / "tex-svg-full.js")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_use_index = False
html_show_sphinx = False
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
mathjax_path = "tex-svg-full.js"  # glyphs are outlines in the script: browsers refuse fonts beside a page in a folder


def alt_texts(folder: Path) -> dict[str, str]:
    """The alt texts of all notebooks' pictures, by what MyST-NB will call the file."""
    found = {}
    for path in folder.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if picture := output.get("data", {}).get("image/png"):
                    name = hashlib.sha256(base64.b64decode(picture)).hexdigest()
                    found[name] = output.metadata.get("image/png", {}).get("alt")
    return found


def describe(app: Sphinx, doctree: nodes.document) -> None:
    """Give pictures their alt texts, which MyST-NB leaves out."""
    for image in doctree.findall(nodes.image):
        if alt := app.alt_texts.get(Path(image["uri"]).stem):
            image["alt"] = alt


def level(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Say of the navigation's captions, which Furo calls headings, which level they have."""
    context["furo_navigation_tree"] = context["furo_navigation_tree"].replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Hooks."""
    app.alt_texts = alt_texts(Path(app.srcdir))
    app.connect("doctree-read", describe)
    app.connect("html-page-context", level, priority=900)  # after Furo
    return {"parallel_read_safe": True}
