"""What the widgets have in common: values sent to the browser once, a page of their own, a still picture."""

from os import PathLike
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from matplotlib.figure import Figure

from binenc_kit.display import alt_text, show, to_bundle, to_png
from binenc_kit.errors import KitError
from binenc_kit.files import explained, write_whole
from binenc_kit.widgets.page import to_frame, to_page


class Widget(anywidget.AnyWidget):
    """A widget that lives in the browser; `content` is what it draws: plain values, and bytes where they are many.

    A subclass has a title, a height in a frame, its sources `_esm` and `_css`, the traits that a page needs in KEPT,
    and a `still` figure.
    """

    TITLE, HEIGHT = "", 800
    KEPT: tuple[str, ...] = ("content",)
    content = traitlets.Dict().tag(sync=True)

    def still(self) -> Figure:
        """The static figure for readers without JavaScript; its label is the alt text."""
        raise NotImplementedError

    def to_html(self, path: str | Path | None = None) -> str:
        """The widget as one self-contained page that needs no kernel and no network; also written to `path` if given.

        Raises `KitError` where it cannot be written.
        """
        if path is not None and not (isinstance(path, str | PathLike) and Path(path).name):
            raise KitError(f"path is {path!r}, but must be that of a file, such as 'page.html'")
        png, values = to_png(self.still()), {name: getattr(self, name) for name in self.KEPT}
        page = to_page(self.TITLE, self._esm, self._css, values, png, alt_text(png))
        if path is not None:
            with explained(f"write {path}"):
                write_whole(Path(path), lambda file: file.write(page.encode()))
        return page

    def embed(self) -> None:
        """Show the still figure and below it the page in a frame, which a notebook keeps alive without a kernel."""
        from IPython.display import HTML, display

        show(self.still())
        display(HTML(to_frame(self.to_html(), self.TITLE, self.HEIGHT)))

    def __repr__(self) -> str:
        return self.TITLE

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live widget and, for readers who have only the saved notebook, the still figure with its alt text."""
        data, metadata = to_bundle(to_png(self.still()))
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
        return data | {"application/vnd.jupyter.widget-view+json": view}, metadata
