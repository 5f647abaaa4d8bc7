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
from binenc_kit.widgets.snapshots import Filmed, snapshots

MOST_HEADS = 4
LOGARITHMIC = ("gamma", "Sigma_W")


class EpochScrubber(Widget):
    """Scrub through a training's epochs: `EpochScrubber(run)`, or up to four heads side by side under one slider.

    heads: recordings, or latents of your own, (epochs, samples, P) or a list of (samples, P), one frame an epoch.
    labels, class_names: of the samples where latents are arrays; labels are whole numbers or texts. pictures: the
    data, or all train pictures, for recordings, and one picture a sample for arrays. titles: one a head. curves: for
    arrays, measures by epoch such as {"gamma": [...]}. points: how many samples are shown, a stratified subset;
    frames: how many epochs, evenly spread; the curves are of all samples. `epoch` is where the slider stands, and
    setting it moves the slider to the nearest epoch there is. Raises `KitError` for what cannot be shown.
    """

    TITLE, HEIGHT, KEPT = "Epoch scrubber", 860, ("content", "epoch")
    _esm = source("common.js", "head.js", "space.js", "beside.js", "curves.js", "controls.js", "scrubber.js")
    _css = source("common.css", "scrubber.css")
    epoch = traitlets.Int(1).tag(sync=True)

    def __init__(
        self,
        *heads: Recording | ArrayLike,
        labels: ArrayLike | None = None,
        class_names: Sequence[str] | None = None,
        pictures: object = None,
        titles: Sequence[str] | None = None,
        curves: Mapping[str, Sequence[float]] | None = None,
        points: int = 2000,
        frames: int = 200,
    ) -> None:
        require_count("points", points)
        require_count("frames", frames, least=2)
        if not 1 <= len(heads) <= MOST_HEADS:
            raise KitError(f"there are {len(heads)} heads, but a scrubber shows 1 to {MOST_HEADS} recordings or arrays")
        if titles is not None and len(titles) != len(heads):
            raise KitError(f"there are {len(titles)} titles for {len(heads)} heads: give one a head")
        self._heads, self._pictures = heads, pictures
        self._room = {"points": points, "frames": frames}
        self._told = {"labels": labels, "class_names": class_names, "curves": dict(curves or {})}
        self._titles = [str(title) for title in titles] if titles is not None else _titles(heads)
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
        aligned = all(np.array_equal(reel.places, reels[0].places) and reel.fingerprint == reels[0].fingerprint
                      and np.array_equal(reel.labels, reels[0].labels) for reel in reels)  # fmt: skip
        self._reels = reels
        turned = {str(K): rows.tolist() for K, rows in ORIENTATIONS.items()}
        return {"heads": heads, "sheet": sheet, "names": list(names), "styles": class_styles(len(names)),
                "panels": _panels(reels), "orientations": turned, "aligned": aligned}  # fmt: skip


def _panels(reels: Sequence[Reel]) -> list[dict[str, Any]]:
    """The curves' panels, and what kind of axis each has."""
    names = dict.fromkeys(name for reel in reels for name in reel.curves)
    shares = {name: "accuracy" in name or "agreement" in name for name in names}
    return [{"name": name, "log": name in LOGARITHMIC, "share": shares[name]} for name in names]


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
