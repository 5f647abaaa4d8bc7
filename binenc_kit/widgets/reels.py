"""A head's training as a reel: the frames and samples that are shown, and what is told of all of them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.groups import codes, geometry
from binenc_kit.recording import Recording
from binenc_kit.splits import subset
from binenc_kit.widgets.atlas import picture_sheet
from binenc_kit.widgets.frames import checked_frames, first_bad, pack, plane, quantise, thinned
from binenc_kit.widgets.samples import checked_curves, named_labels, pictures_of

MOST_BYTES = 32_000_000  # a head's latents in the browser; beyond it fewer samples are shown


class Reel(NamedTuple):
    """latents (T, N, P) and labels (N,) of the samples shown; one epoch a frame.

    samples: (N,), their numbers among all that were recorded. places: (N,), those of their pictures among all pictures.
    of: how many samples there are in all. curves: measures of all of them, by frame. recorded: whether it is from a
    recording. fingerprint: of the train pictures that it was made of, if it says so. note: what to tell of it, if any.
    """

    latents: NDArray[np.floating]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    samples: NDArray[np.int64]
    places: NDArray[np.int64]
    epochs: list[int]
    of: int
    curves: dict[str, list[float]]
    recorded: bool = False
    fingerprint: str | None = None
    note: str | None = None


def reel_of_recording(run: Recording, points: int, frames: int) -> Reel:
    """A recording as far as it has come, or up to where it broke down; only what is shown is kept in memory.

    Raises `KitError` where no epoch can be shown.
    """
    if not (metrics := run.metrics):
        raise KitError(f"{run.folder} has no complete epoch yet: come back after the first one")
    table, every = pd.DataFrame(metrics), run.latents
    good, note = _good(run, every[: len(table)])
    chosen = thinned(good, frames)
    labels, names = named_labels(run.labels, len(run.labels), run.class_names)
    some = subset(labels, _room(len(chosen), every.shape[2], points), seed=0)
    return Reel(
        latents=checked_frames(every[np.ix_(chosen, some)]),
        labels=labels[some],
        names=names,
        samples=some,
        places=run.indices[some],
        epochs=table["epoch"].to_numpy()[chosen].tolist(),
        of=len(labels),
        curves=_followed(table, chosen) | _measured((every[frame] for frame in chosen), labels),
        recorded=True,
        fingerprint=run.about.get("fingerprint"),
        note=note,
    )


def reel_of_arrays(
    latents: ArrayLike,
    labels: ArrayLike | None,
    class_names: Sequence[str] | None,
    curves: object,
    points: int,
    frames: int,
) -> Reel:
    """Latents of one's own (epochs, samples, P), with what can be measured from them; curves of one's own go first."""
    latents = checked_frames(latents)
    labels, names = named_labels(labels, latents.shape[1], class_names)
    chosen = thinned(len(latents), frames)
    own = {name: [values[frame] for frame in chosen] for name, values in checked_curves(curves, len(latents)).items()}
    measured = _measured((latents[frame] for frame in chosen), labels)
    some = subset(labels, _room(len(chosen), latents.shape[2], points), seed=0)
    return Reel(
        latents=latents[np.ix_(chosen, some)],
        labels=labels[some],
        names=names,
        samples=some,
        places=some,
        epochs=(chosen + 1).tolist(),
        of=len(labels),
        curves=own | {name: values for name, values in measured.items() if name not in own},
    )


def sheet_of(reels: Sequence[Reel], pictures: object) -> tuple[dict[str, Any] | None, list[list[int] | None]]:
    """The pictures of all samples shown, each once, and where each reel's are among them. Raises `KitError`."""
    if pictures is None:
        return None, [None] * len(reels)
    if len({reel.recorded for reel in reels}) > 1:
        raise KitError("pictures go with recordings or with arrays, not with both at once: leave the pictures out")
    images = [
        pictures_of(pictures, len(reel.places), reel.places, reel.fingerprint) if reel.recorded
        else pictures_of(pictures, reel.of)[reel.places]
        for reel in reels
    ]  # fmt: skip
    union, first = np.unique(np.concatenate([reel.places for reel in reels]), return_index=True)
    return picture_sheet(np.concatenate(images)[first]), [
        np.searchsorted(union, reel.places).tolist() for reel in reels
    ]


def sent(reel: Reel) -> dict[str, Any]:
    """A reel as the browser gets it."""
    latents = reel.latents
    values, scale = quantise(latents)
    seen = plane(latents) if latents.shape[2] >= 3 else None
    told = None
    if seen is not None:
        told = {name: part.tolist() for name, part in seen._asdict().items()} | {"widest": float(seen.spread.max())}
    return {
        "shape": list(values.shape),
        "latents": pack(values),
        "scale": scale.tolist(),
        "sides": [float(np.abs(frame.astype(np.float64)).mean()) for frame in latents],
        "labels": reel.labels.tolist(),
        "samples": reel.samples.tolist(),
        "epochs": reel.epochs,
        "of": reel.of,
        # a notebook's messages hold no NaN: the browser would get a text
        "curves": {name: [_or_none(value) for value in values] for name, values in reel.curves.items()},
        "note": reel.note,
        "plane": told,
    }


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _good(run: Recording, latents: NDArray[np.floating]) -> tuple[int, str | None]:
    """How many epochs of a run can be shown, and what to say where it broke down after them."""
    bad = first_bad(latents)
    if bad == 0:
        raise KitError(f"the latents of {run.folder} are NaN or infinite from epoch 1 on: train with a smaller rate")
    return (len(latents), None) if bad is None else (bad, f"latents are NaN or infinite from epoch {bad + 1} on")


def _followed(table: pd.DataFrame, chosen: NDArray[np.int64]) -> dict[str, list[float]]:
    """What a run has recorded itself, at the chosen epochs; the accuracy is of held-out pictures if there are any."""
    held_out = table["val_accuracy"].notna().any()
    accuracy = "val_accuracy" if held_out else "probe_accuracy"
    columns = {"gamma": "gamma", "accuracy (validation)" if held_out else "accuracy (train)": accuracy}
    return {name: table[column].to_numpy(float)[chosen].tolist() for name, column in columns.items()}


def _measured(frames: Iterable[NDArray[np.floating]], labels: NDArray[np.int64]) -> dict[str, list[float]]:
    """What can be measured of each frame, on all its samples."""
    found = [codes(frame, labels) | geometry(frame, labels) for frame in frames]
    columns = {"code agreement": "code_agreement", "Sigma_W": "sigma_w"}
    return {name: [float(one[column]) for one in found] for name, column in columns.items()}


def _room(frames: int, P: int, points: int) -> int:
    """How many samples of a head a browser can hold, each number of theirs in two bytes."""
    return max(1, min(points, MOST_BYTES // (2 * frames * P)))
