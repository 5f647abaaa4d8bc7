"""The site's widgets: each a page of its own, made from the recordings that come with the kit or by a notebook's cells.

The first line of a function's docstring is what the page is called.
"""

import ast
import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import nbformat

from binenc_kit.data import load_data
from binenc_kit.shelf import shipped_runs
from binenc_kit.widgets import CodeExplorer, EpochScrubber, PushPullLandscape
from binenc_kit.widgets.base import Widget

SOLUTIONS = Path(__file__).parents[1] / "notebooks" / "solutions"
# A frame cannot see how its reader's page looks, nor that page how high the frame's content is: they tell each other.
TALK = """<script>
const themed = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
  .filter((rule) => rule.media?.mediaText.includes("prefers-color-scheme"));
const say = () => parent.postMessage({ height: document.documentElement.offsetHeight }, "*");
addEventListener("message", ({ data: { dark } }) => {
  if (typeof dark !== "boolean") return;
  for (const rule of themed) rule.media.mediaText = dark ? "all" : "not all";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  say();
});
new ResizeObserver(say).observe(document.documentElement);
</script>
"""


class Live(NamedTuple):
    """A widget that has its page: what it is called, and its height in pixels until it says how high it is."""

    title: str
    height: int


def write_page(make: Callable[[], Widget], path: Path) -> Live:
    """Write a widget's page, ready to stand in a frame."""
    widget, title = make(), make.__doc__.partition("\n")[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(widget.to_html().replace("</body>", f"{TALK}</body>"), encoding="utf-8")
    return Live(title, widget.HEIGHT)


def run_cells(notebook: str, *names: str, **given: object) -> Widget:
    """What the last of some cells of a notebook says; `given` are names that other cells would have set."""
    cells = {cell.id: cell.source for cell in nbformat.read(SOLUTIONS / f"{notebook}.ipynb", as_version=4).cells}
    *before, last = ast.parse("\n".join(cells[name] for name in names)).body
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(ast.Module(before, []), notebook, "exec"), given)  # noqa: S102  our own notebooks
        return eval(compile(ast.Expression(last.value), notebook, "eval"), given)  # noqa: S307


def landscape() -> PushPullLandscape:
    """Push and pull in one latent dimension."""
    return PushPullLandscape(gamma=0.3, weight=2.0)


def digits() -> EpochScrubber:
    """BinEnc and LinPen learn digits, from recordings of 300 pictures that come with the kit."""
    return EpochScrubber(*shipped_runs("digits", "BinEnc", "LinPen").values(), pictures=load_data("digits"))


def silu() -> EpochScrubber:
    """The same pull on a layer that is linear, and on one that is not."""
    return EpochScrubber(
        *shipped_runs("digits", "BinEnc", "NonlinPen+quadratic").values(), pictures=load_data("digits")
    )


def point() -> EpochScrubber:
    """Gamma grows to a million, and each class shrinks to a point."""
    return EpochScrubber(*shipped_runs("digits", "LPC").values(), pictures=load_data("digits"))


def sphere() -> EpochScrubber:
    """A cube beside a sphere: BinEnc and HUG."""
    return EpochScrubber(*shipped_runs("digits", "BinEnc", "HUG").values(), pictures=load_data("digits"))


def photographs() -> EpochScrubber:
    """Four heads learn CIFAR-10 photographs."""
    return EpochScrubber(*shipped_runs("cifar10", "BinEnc", "LinPen", "NonlinPen", "NoPen").values())


def codes() -> CodeExplorer:
    """The codes of ten digits."""
    return CodeExplorer(shipped_runs("digits", "BinEnc")["BinEnc"], pictures=load_data("digits"))


def own() -> EpochScrubber:
    """A plain PyTorch loop, from before its first batch."""
    data = load_data("digits")
    return run_cells("03_scrub_the_epochs", "imports", "own", digits=data, labels=data.train[1].numpy())


def shapes() -> EpochScrubber:
    """Eight shapes, three bits."""
    return run_cells("10_phase_transition", "imports", "pictures", "pictures-run", publish=lambda *_: None)


WIDGETS = {make.__name__: make for make in (landscape, digits, silu, point, sphere, photographs, codes, own, shapes)}
# Where in the course a widget stands: notebook and cell.
PLACES = {
    ("00_quickstart", "scrub"): "digits",
    ("01_push_pull", "landscape"): "landscape",
    ("02_four_heads", "scrub"): "silu",
    ("03_scrub_the_epochs", "scrub"): "digits",
    ("03_scrub_the_epochs", "own"): "own",
    ("04_is_it_binary", "explorer"): "codes",
    ("10_phase_transition", "pictures-run"): "shapes",
}
