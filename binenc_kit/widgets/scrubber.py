"""`EpochScrubber`: one slider, and the latent space, the histograms, the codebook and the curves follow the epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import require_count
from binenc_kit.palette import class_styles, styles
from binenc_kit.recording import Recording
from binenc_kit.widgets.base import Widget
from binenc_kit.widgets.frames import ORIENTATIONS
from binenc_kit.widgets.page import source
from binenc_kit.widgets.reels import Reel, reel_of_arrays, reel_of_recording, sent, sheet_of
from binenc_kit.widgets.samples import listed_names
from binenc_kit.widgets.snapshots import Filmed, snapshots

MOST_HEADS = 4
LOGARITHMIC = ("gamma", "Sigma_W")


class EpochScrubber(Widget):
    """Scrub through a training's epochs: `EpochScrubber(run)`, or up to four heads side by side under one slider.

    heads: recordings, or latents of your own, (epochs, samples, P) or a list of (samples, P), one frame an epoch.
    labels, class_names: of the samples where latents are arrays; labels are whole numbers or texts. pictures: the
    data, or all train pictures, for recordings, and one picture a sample for arrays. titles: one a head. curves: for
    arrays, measures by epoch such as {"gamma": [...]}, or a pandas table; one of a name that is measured here, too, is
    shown in its place. points: how many samples are shown, a stratified subset; frames: how many epochs, evenly spread;
    the curves are of all samples. `epoch` is where the slider stands, and setting it moves the slider to the nearest
    epoch there is. A recording that broke down is shown up to there. Raises `KitError` for what cannot be shown.
    """

    TITLE, HEIGHT, KEPT = "Epoch scrubber", 860, ("content", "epoch")
    _esm = source(
        "common.js", "head.js", "space.js", "beside.js", "curves.js", "controls.js", "sample.js", "scrubber.js"
    )
    _css = source("common.css", "scrubber.css")
    epoch = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        *heads: Recording | ArrayLike,
        labels: ArrayLike | None = None,
        class_names: Sequence[str] | None = None,
        pictures: object = None,
        titles: Sequence[str] | None = None,
        curves: Mapping[str, ArrayLike] | None = None,
        points: int = 2000,
        frames: int = 200,
    ) -> None:
        require_count("points", points)
        require_count("frames", frames, least=2)
        if not 1 <= len(heads) <= MOST_HEADS:
            raise KitError(f"there are {len(heads)} heads, but a scrubber shows 1 to {MOST_HEADS} recordings or arrays")
        self._heads, self._pictures = heads, pictures
        self._room: dict[str, Any] = {"points": points, "frames": frames}
        names = None if class_names is None else listed_names("class_names", class_names, "class")
        self._told: dict[str, Any] = {"labels": labels, "class_names": names, "curves": curves}
        _refuse_idle(heads, self._told)
        self._titles = _titles(heads) if titles is None else _own_titles(titles, len(heads))
        content = self._filmed()
        super().__init__(content=content, epoch=min(reel.epochs[0] for reel in self._reels))

    def refresh(self) -> None:
        """Read the recordings again and show the epochs that have become complete meanwhile."""
        self.content = self._filmed()

    def still(self) -> Figure:
        """Six epochs side by side."""
        heads = zip(self._titles, self._reels, strict=True)
        filmed = [Filmed(title, reel.latents, reel.labels, reel.epochs) for title, reel in heads]
        return snapshots(filmed, self._reels[0].names)

    @traitlets.validate("epoch")
    def _nearest(self, proposal: dict[str, Any]) -> int:
        epochs = [epoch for reel in self._reels for epoch in reel.epochs]
        return min(epochs, key=lambda epoch: abs(epoch - proposal["value"]))

    def _filmed(self) -> dict[str, Any]:
        """What the browser gets of the heads as they are now."""
        reels = [
            reel_of_recording(head, **self._room) if isinstance(head, Recording)
            else reel_of_arrays(head, **self._told, **self._room)
            for head in self._heads
        ]  # fmt: skip
        names = reels[0].names
        if any(reel.names != names for reel in reels):
            raise KitError("the heads have different classes: one legend needs the same class names for all of them")
        sheet, places = sheet_of(reels, self._pictures)
        given = styles(self._titles)
        heads = [
            sent(reel) | {"title": title, "style": given[title], "pictures": where}
            for reel, title, where in zip(reels, self._titles, places, strict=True)
        ]
        self._reels = reels
        turned = {str(K): rows.tolist() for K, rows in ORIENTATIONS.items()} | {"plane": np.eye(3).tolist()}
        return {"heads": heads, "sheet": sheet, "names": list(names), "styles": class_styles(len(names)),
                "panels": _panels(reels), "orientations": turned, "aligned": _aligned(reels)}  # fmt: skip


def _panels(reels: Sequence[Reel]) -> list[dict[str, Any]]:
    """The curves' panels, and what kind of axis each has."""
    names = dict.fromkeys(name for reel in reels for name in reel.curves)
    return [{"name": name, "log": name in LOGARITHMIC, "share": _is_share(name, reels)} for name in names]


def _is_share(name: str, reels: Sequence[Reel]) -> bool:
    """Whether a curve is a share of 1: by its name, and by its values, since some give percents."""
    values = np.array([value for reel in reels for value in reel.curves.get(name, [])])
    return ("accuracy" in name or "agreement" in name) and not (values[np.isfinite(values)] > 1).any()


def _aligned(reels: Sequence[Reel]) -> bool:
    """Whether all heads show the same samples, so that looking at one means looking at it in all."""
    first, origins = reels[0], {(reel.recorded, reel.fingerprint) for reel in reels}
    return len(origins) == 1 and all(
        np.array_equal(reel.places, first.places) and np.array_equal(reel.labels, first.labels) for reel in reels
    )


def _refuse_idle(heads: Sequence[Recording | ArrayLike], told: Mapping[str, object]) -> None:
    """Raise `KitError` where something is told of arrays, but there are only recordings."""
    idle = [name for name, value in told.items() if value is not None]
    if idle and all(isinstance(head, Recording) for head in heads):
        raise KitError(
            f"a recording brings its labels, class names and curves: leave {', '.join(idle)} out, or pass its latents"
        )


def _own_titles(titles: Sequence[str], heads: int) -> list[str]:
    titles = listed_names("titles", titles, "head")
    if len(titles) != heads:
        raise KitError(f"there are {len(titles)} titles for {heads} heads: give one a head")
    return list(titles)


def _titles(heads: Sequence[Recording | ArrayLike]) -> list[str]:
    """A name for each head: its label, with the seed where two would be the same, and then with its number."""
    labels = [head.config.label if isinstance(head, Recording) else "latents" for head in heads]
    if len(set(labels)) < len(labels):
        labels = [
            f"{label}, seed {head.config.seed}" if isinstance(head, Recording) else label
            for label, head in zip(labels, heads, strict=True)
        ]
    if len(set(labels)) < len(labels):
        labels = [f"{number}: {label}" for number, label in enumerate(labels, start=1)]
    return labels
