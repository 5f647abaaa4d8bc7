"""`CodeExplorer`: pick bits, see which classes and which pictures carry them."""

from collections.abc import Sequence

import traitlets
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from binenc_kit.errors import KitError
from binenc_kit.recording import Recording
from binenc_kit.widgets.base import Widget
from binenc_kit.widgets.codes import from_arrays, from_recording, to_content
from binenc_kit.widgets.codesheet import code_sheet
from binenc_kit.widgets.page import source


class Bits(traitlets.Unicode):
    """A text; anything else is a `KitError`, and the old value stays."""

    def validate(self, obj: "CodeExplorer", value: object) -> str:
        """The text as it is; whether it fits is checked with what the widget holds."""
        if not isinstance(value, str):
            raise _refused(value, obj.content["P"])
        return value


class CodeExplorer(Widget):
    """The codes of the classes: pick bits, see who carries them, how far codes are apart, and which differ in one bit.

    latents: a `Recording`, which brings labels and class names, or an array (N, P) with labels (N,), whole numbers or
    texts. class_names: a whole number among the labels is a place in it. pictures: of a recording the data or all
    train pictures, of an array one a sample. epoch: of a recording, counted from 1, the last one unless told. points:
    how many samples are sent to the browser at most, up to 20,000; codes are those of all samples.
    bits: what is asked of each bit, "1", "0" or "." for any; it follows the reader, and can be set.
    Raises `KitError` for what does not fit.
    """

    TITLE, HEIGHT, KEPT = "Code explorer", 800, ("content", "bits")
    _esm = source("common.js", "codes.js", "codegrid.js", "codematrix.js", "explorer.js")
    _css = source("common.css", "explorer.css")
    bits = Bits().tag(sync=True)

    def __init__(
        self,
        latents: Recording | ArrayLike,
        labels: ArrayLike | None = None,
        class_names: Sequence[str] | None = None,
        pictures: object = None,
        epoch: int | None = None,
        points: int = 2000,
    ) -> None:
        if isinstance(latents, Recording):
            if labels is not None or class_names is not None:
                raise KitError("a recording brings its labels and class names: leave them out, or pass its latents")
            self._samples = from_recording(latents, pictures, epoch)
        else:
            if epoch is not None:
                raise KitError(f"epoch is {epoch!r}, but latents in an array have none: leave it out")
            self._samples = from_arrays(latents, labels, class_names, pictures)
        content = to_content(self._samples, points)
        super().__init__(content=content, bits="." * content["P"])

    @traitlets.validate("bits")
    def _checked_bits(self, proposal: traitlets.Bunch) -> str:
        bits, P = proposal["value"].replace("·", "."), self.content["P"]
        if len(bits) != P or set(bits) - set("01."):
            raise _refused(bits, P)
        return bits

    def still(self) -> Figure:
        """The codes and their distances, and pictures that carry a bit; its label is the alt text."""
        return code_sheet(self._samples)


def _refused(bits: object, P: int) -> KitError:
    return KitError(f'bits are {bits!r}, but must be {P} characters, each "1", "0", or "." for any')
