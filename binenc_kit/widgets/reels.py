"""A head's training as a reel: the frames and samples that are shown, and what is told of all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.groups import codes, geometry
from binenc_kit.recording import Recording
from binenc_kit.splits import subset
from binenc_kit.tables import by_epoch
from binenc_kit.widgets.atlas import picture_sheet
from binenc_kit.widgets.frames import checked_frames, pack, plane, quantise, thinned
from binenc_kit.widgets.samples import named_labels, pictures_of

MOST_BYTES = 32_000_000  # a head's latents in the browser; beyond it fewer samples are shown


class Reel(NamedTuple):
    """latents (T, N, P), labels (N,) and places (N,) among all pictures of the samples shown; one epoch a frame.

    of: how many samples there are in all. curves: measures of all of them, by frame. fingerprint: of the train
    pictures that a recording was made of; None for arrays.
    """

    latents: NDArray[np.floating]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    places: NDArray[np.int64]
    epochs: list[int]
    of: int
    curves: dict[str, list[float]]
    fingerprint: str | None


def reel_of_recording(run: Recording, points: int, frames: int) -> Reel:
    """A recording as far as it has come; only the frames and samples that are shown are kept in memory."""
    if not run.epochs:
        raise KitError(f"{run.folder} has no complete epoch yet: come back after the first one")
    table = by_epoch(run, ("code_agreement", "sigma_w"))
    chosen, labels = thinned(len(table), frames), run.labels
    some = subset(labels, _room(len(chosen), run.latents.shape[2], points), seed=0)
    latents = checked_frames([run.latents[frame][some] for frame in chosen])
    held_out = table["val_accuracy"].notna().any()
    columns = {
        "gamma": "gamma",
        "accuracy (validation)" if held_out else "accuracy (train)": "val_accuracy" if held_out else "probe_accuracy",
        "code agreement": "code_agreement",
        "Sigma_W": "sigma_w",
    }
    curves = {name: table[column].to_numpy(float)[chosen].tolist() for name, column in columns.items()}
    epochs = table.index.to_numpy()[chosen].tolist()
    fingerprint = run.about.get("fingerprint", "")
    return Reel(
        latents, labels[some], run.class_names, run.indices[some], epochs, len(labels), curves, fingerprint
    )  # fmt: skip


def reel_of_arrays(
    latents: ArrayLike, labels: ArrayLike, class_names: Sequence[str] | None, curves: Mapping[str, Sequence[float]],
    points: int, frames: int,
) -> Reel:  # fmt: skip
    """Latents of one's own (epochs, samples, P), with what can be measured from them."""
    latents = checked_frames(latents)
    labels, names = named_labels(labels, latents.shape[1], class_names)
    for name, values in curves.items():
        if len(values) != len(latents):
            raise KitError(f"the curve {name!r} has {len(values)} values for {len(latents)} epochs: give one an epoch")
    chosen = thinned(len(latents), frames)
    measured = [codes(latents[frame], labels) | geometry(latents[frame], labels) for frame in chosen]
    told = {name: [float(values[frame]) for frame in chosen] for name, values in curves.items()}
    told["code agreement"] = [float(one["code_agreement"]) for one in measured]
    told["Sigma_W"] = [float(one["sigma_w"]) for one in measured]
    some = subset(labels, _room(len(chosen), latents.shape[2], points), seed=0)
    epochs = (chosen + 1).tolist()
    return Reel(latents[chosen][:, some], labels[some], names, some, epochs, len(labels), told, None)


def sheet_of(reels: Sequence[Reel], pictures: object) -> tuple[dict[str, Any] | None, list[list[int] | None]]:
    """The pictures of all samples shown, each once, and where each reel's are among them. Raises `KitError`."""
    if pictures is None:
        return None, [None] * len(reels)
    recorded = [reel.fingerprint is not None for reel in reels]
    if any(recorded) and not all(recorded):
        raise KitError("pictures go with recordings or with arrays, not with both at once: leave the pictures out")
    images = [
        pictures_of(pictures, len(reel.places), reel.places, reel.fingerprint) if recorded[0]
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
    told = None if seen is None else {name: part.tolist() for name, part in seen._asdict().items()}
    return {
        "shape": list(values.shape),
        "latents": pack(values),
        "scale": scale.tolist(),
        "sides": [float(np.abs(frame.astype(np.float64)).mean()) for frame in latents],
        "labels": reel.labels.tolist(),
        "epochs": reel.epochs,
        "of": reel.of,
        "curves": reel.curves,
        "plane": None if told is None else told | {"widest": float(seen.spread.max())},
    }


def _room(frames: int, P: int, points: int) -> int:
    """How many samples of a head a browser can hold, each number of theirs in two bytes."""
    return max(1, min(points, MOST_BYTES // (2 * frames * P)))
