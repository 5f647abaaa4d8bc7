"""`EpochScrubber`: one slider, and the latent space, the histograms, the codebook and the curves follow the epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import traitlets
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.groups import codes, geometry
from binenc_kit.measures.arrays import require_count
from binenc_kit.palette import class_styles, styles
from binenc_kit.recording import Recording
from binenc_kit.snapshots import Filmed, snapshots
from binenc_kit.splits import subset
from binenc_kit.tables import by_epoch
from binenc_kit.widgets.atlas import picture_sheet
from binenc_kit.widgets.base import Widget
from binenc_kit.widgets.frames import ORIENTATIONS, checked_frames, pack, plane, quantise, thinned
from binenc_kit.widgets.page import source
from binenc_kit.widgets.samples import named_labels, pictures_of

MOST_BYTES = 32_000_000  # a head's latents in the browser; beyond it fewer samples are shown
LOGARITHMIC = ("gamma", "Sigma_W")


class Reel(NamedTuple):
    """One head before it is sent: all its samples, the frames that are shown, and its curves by frame."""

    title: str
    latents: NDArray[np.floating]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    indices: NDArray[np.int64] | None
    epochs: list[int]
    curves: dict[str, list[float]]


class EpochScrubber(Widget):
    """Scrub through a training's epochs: `EpochScrubber(run)`, or two heads side by side under one slider.

    heads: recordings, or latents of your own, (epochs, samples, P) or a list of (samples, P), one frame an epoch.
    labels, class_names: of the samples where latents are arrays; labels are whole numbers or texts. pictures: the
    data, or all train pictures, for recordings, and one picture a sample for arrays. titles: one a head. curves: for
    arrays, measures by epoch such as {"gamma": [...]}. points: how many samples are shown, a stratified subset;
    frames: how many epochs, evenly spread. The curves are of all samples.
    `epoch` is the epoch the slider stands at; set it to move the slider. Raises `KitError` for what cannot be shown.
    """

    TITLE, HEIGHT, KEPT = "Epoch scrubber", 900, ("content", "epoch")
    _esm = source("common.js", "space.js", "panels.js", "scrubber.js")
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
        if not 1 <= len(heads) <= 4:
            raise KitError(
                f"there are {len(heads)} heads, but a scrubber shows one to four: pass recordings or latents"
            )
        if titles is not None and len(titles) != len(heads):
            raise KitError(f"there are {len(titles)} titles for {len(heads)} heads: give one a head")
        self._heads, self._pictures, self._points, self._frames = heads, pictures, points, frames
        self._told = {"labels": labels, "class_names": class_names, "curves": dict(curves or {})}
        self._titles = list(titles) if titles is not None else _titles(heads)
        reels = self._reels()
        super().__init__(content=self._content(reels), epoch=min(reel.epochs[0] for reel in reels))

    def refresh(self) -> None:
        """Read the recordings again and show the epochs that have become complete meanwhile."""
        self.content = self._content(self._reels())

    def still(self) -> Figure:
        """Six epochs side by side."""
        some = [(reel, subset(reel.labels, 600, seed=0)) for reel in self._shown]
        filmed = [Filmed(reel.title, reel.latents[:, i], reel.labels[i], reel.epochs) for reel, i in some]
        return snapshots(filmed, self._shown[0].names)

    def _reels(self) -> list[Reel]:
        """The heads as they are now."""
        reels = [
            _of_recording(head, title, self._frames) if isinstance(head, Recording)
            else _of_arrays(head, title, self._frames, **self._told)
            for head, title in zip(self._heads, self._titles, strict=True)
        ]  # fmt: skip
        if any(reel.names != reels[0].names for reel in reels):
            raise KitError("the heads have different classes: one legend needs the same class names for all of them")
        return reels

    def _content(self, reels: list[Reel]) -> dict[str, Any]:
        """What the browser gets."""
        chosen = [subset(reel.labels, _room(reel, self._points), seed=0) for reel in reels]
        sheet, places = _sheet(reels, chosen, self._pictures)
        given = styles(self._titles)
        sent = [_sent(reel, some) for reel, some in zip(reels, chosen, strict=True)]
        for head, title, where in zip(sent, self._titles, places, strict=True):
            head |= {"style": given[title], "pictures": where}
        self._shown = [reel._replace(latents=reel.latents[:, some], labels=reel.labels[some])
                       for reel, some in zip(reels, chosen, strict=True)]  # fmt: skip
        names = dict.fromkeys(name for reel in reels for name in reel.curves)
        panels = [{"name": name, "log": name in LOGARITHMIC, "share": _is_share(name)} for name in names]
        turned = {str(K): rows.tolist() for K, rows in ORIENTATIONS.items()}
        return {"heads": sent, "sheet": sheet, "names": list(reels[0].names), "panels": panels,
                "styles": class_styles(len(reels[0].names)), "orientations": turned}  # fmt: skip


def _titles(heads: Sequence[Recording | ArrayLike]) -> list[str]:
    """A name for each head: its label, with the seed where two would be the same."""
    labels = [head.config.label if isinstance(head, Recording) else "latents" for head in heads]
    if len(set(labels)) == len(labels):
        return labels
    seeds = [f", seed {head.config.seed}" if isinstance(head, Recording) else "" for head in heads]
    titles = [label + seed for label, seed in zip(labels, seeds, strict=True)]
    if len(set(titles)) == len(titles):
        return titles
    return [f"{number}: {title}" for number, title in enumerate(titles, start=1)]


def _of_recording(run: Recording, title: str, frames: int) -> Reel:
    """A recording as far as it has come."""
    if not run.epochs:
        raise KitError(f"{run.folder} has no complete epoch yet: come back after the first one")
    table = by_epoch(run, ("code_agreement", "sigma_w"))
    accuracy = "val_accuracy" if table["val_accuracy"].notna().any() else "probe_accuracy"
    chosen = thinned(len(table), frames)
    shown = "accuracy (validation)" if accuracy == "val_accuracy" else "accuracy (train)"
    columns = {"gamma": "gamma", shown: accuracy, "code agreement": "code_agreement", "Sigma_W": "sigma_w"}
    curves = {name: table[column].to_numpy(float)[chosen].tolist() for name, column in columns.items()}
    latents = checked_frames(run.latents[: len(table)][chosen])
    epochs = table.index.to_numpy()[chosen].tolist()
    return Reel(title, latents, run.labels, run.class_names, run.indices, epochs, curves)


def _of_arrays(
    latents: ArrayLike, title: str, frames: int, labels: ArrayLike, class_names: Sequence[str] | None,
    curves: Mapping[str, Sequence[float]],
) -> Reel:  # fmt: skip
    """Latents of one's own, with what of the curves can be measured from them."""
    latents = checked_frames(latents)
    labels, names = named_labels(labels, latents.shape[1], class_names)
    for name, values in curves.items():
        if len(values) != len(latents):
            raise KitError(f"the curve {name!r} has {len(values)} values for {len(latents)} epochs: give one an epoch")
    chosen = thinned(len(latents), frames)
    latents = latents[chosen]
    measured = [codes(frame, labels) | geometry(frame, labels) for frame in latents]
    own = {name: [float(values[i]) for i in chosen] for name, values in curves.items()}
    known = {"code agreement": "code_agreement", "Sigma_W": "sigma_w"}
    found = {name: [float(one[column]) for one in measured] for name, column in known.items()}
    return Reel(title, latents, labels, names, None, (chosen + 1).tolist(), own | found)


def _is_share(name: str) -> bool:
    return "accuracy" in name or "agreement" in name


def _room(reel: Reel, points: int) -> int:
    """How many samples of a head a browser can hold: each of its numbers takes two bytes."""
    frames, _, P = reel.latents.shape
    return max(1, min(points, MOST_BYTES // (2 * frames * P)))


def _sheet(
    reels: list[Reel], chosen: list[NDArray[np.int64]], pictures: object
) -> tuple[dict[str, Any] | None, list[list[int] | None]]:
    """The pictures of all samples shown, each once, and where each head's are among them."""
    if pictures is None:
        return None, [None] * len(reels)
    keys = [some if reel.indices is None else reel.indices[some] for reel, some in zip(reels, chosen, strict=True)]
    union = np.unique(np.concatenate(keys))
    everywhere = all(reel.indices is not None for reel in reels)
    images = (
        pictures_of(pictures, len(union), union) if everywhere else pictures_of(pictures, len(reels[0].labels))[union]
    )
    return picture_sheet(images), [np.searchsorted(union, key).tolist() for key in keys]


def _sent(reel: Reel, some: NDArray[np.int64]) -> dict[str, Any]:
    """One head as the browser gets it."""
    latents = np.asarray(reel.latents[:, some])
    values, scale = quantise(latents)
    sides = [float(np.abs(frame.astype(np.float64)).mean()) for frame in latents]
    sent = {
        "title": reel.title,
        "shape": list(values.shape),
        "latents": pack(values),
        "scale": scale.tolist(),
        "sides": sides,
        "labels": reel.labels[some].tolist(),
        "epochs": reel.epochs,
        "of": len(reel.labels),
        "curves": reel.curves,
        "plane": None,
    }
    if latents.shape[2] >= 3:
        seen = plane(latents)
        sent["plane"] = {name: part.tolist() for name, part in seen._asdict().items()}
        sent["plane"]["widest"] = float(seen.spread.max())
    return sent
