"""Latents on their way to the browser: fewer frames, two bytes a number, and the directions to look from."""

import zlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.widgets.samples import as_array

LEVELS = 2047  # what the largest value of a frame becomes; js/head.js knows it, too
# Where the reader first stands, by dimension: rows are the screen's right and up, then what lies behind it. From there
# the tesseract's 16 vertices lie far from each other and from all edges that are not theirs.
ORIENTATIONS = {
    3: np.array([[0.88, 0.47, 0.0], [-0.16, 0.30, 0.94], [0.44, -0.83, 0.34]]),
    4: np.array([[2, 1, 1, 0], [-1, 0, 2, 1], [0, 1, -1, 2], [1, -2, 0, 1]]) / np.sqrt(6),
}


class Plane(NamedTuple):
    """The principal directions of the last frame (P, K), and each frame's mean (T, K) and spread (T,) along them."""

    basis: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]


def checked_frames(latents: ArrayLike) -> NDArray[np.floating]:
    """Latents as an array (epochs, samples, P) of finite numbers; one frame (samples, P) is one epoch.

    A list of frames is fine, too, and so are tensors. Raises `KitError` for other shapes, for no epochs, and for NaN
    and infinity.
    """
    latents = as_array(latents, "frames", "record the same samples in every epoch")
    if latents.ndim != 2 and latents.shape[:1] == (0,):
        raise KitError("there are no epochs to show yet: come back after the first one is complete")
    latents = latents[None] if latents.ndim == 2 else latents
    if latents.ndim != 3 or latents.dtype.kind not in "fiu":
        raise KitError(
            f"latents of shape {latents.shape} and type {latents.dtype} do not fit: "
            "they must be numbers, (epochs, samples, P)"
        )
    if not latents.size:
        raise KitError(f"latents of shape {latents.shape} are empty: give at least one sample and one dimension")
    if (bad := first_bad(latents)) is not None:
        rest = f"show what is before it, latents[:{bad}]" if bad else "train again with a smaller learning rate"
        raise KitError(f"the latents hold NaN or infinity in frame {bad + 1} of {len(latents)}: {rest}")
    return latents if latents.dtype.kind == "f" else latents.astype(np.float64)


def first_bad(latents: Iterable[NDArray[np.floating]]) -> int | None:
    """Which frame is the first to hold NaN or infinity, counted from 0; None where all are finite."""
    return next((number for number, frame in enumerate(latents) if not np.isfinite(frame).all()), None)


def thinned(count: int, most: int) -> NDArray[np.int64]:
    """Which of `count` frames to show, at most `most` of them, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def quantise(latents: NDArray[np.floating]) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Each frame in whole numbers up to LEVELS, (T, N, P), and what LEVELS stands for, (T,).

    Each frame has a scale of its own, for latents shrink by orders of magnitude as gamma grows. Rounding is away from
    zero, so that no latent loses its sign, which is its bit; a value moves by less than 1 / LEVELS of the largest one.
    """
    values, scale = np.empty(latents.shape, np.int16), np.empty(len(latents))
    for number, frame in enumerate(latents):  # all at once, float64 would take several times the memory of all latents
        scale[number] = np.abs(frame).max()
        steps = np.abs(frame.astype(np.float64)) / (scale[number] or 1.0) * LEVELS
        steps = np.where(frame != 0, np.clip(np.ceil(steps - 1e-9), 1, LEVELS), 0)
        values[number] = np.sign(frame) * steps
    return values, scale


def pack(values: NDArray[np.int16]) -> bytes:
    """Frames as few bytes: differences between frames, low bytes before high bytes, compressed by zlib.

    values: (T, ...). Differences wrap around, as int16 does, so that every value comes back exactly.
    """
    differences = values.astype("<i2")
    differences[1:] -= values[:-1]
    return zlib.compress(differences.reshape(-1).view(np.uint8).reshape(-1, 2).T.tobytes(), 6)


def plane(latents: NDArray[np.floating]) -> Plane:
    """The plane in which the last frame spreads most, with a third direction for turning it; latents: (T, N, P).

    Each direction points to where its largest part is positive, so that equal data look equal.
    """
    last = latents[-1].astype(np.float64)
    centred = last - last.mean(axis=0)
    peak = np.abs(centred).max() or 1.0  # squares of tiny latents would vanish
    _, basis = np.linalg.eigh((centred / peak).T @ (centred / peak))
    basis = basis[:, ::-1][:, :3]
    largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[None], axis=0)
    basis = basis * np.where(largest < 0, -1.0, 1.0)
    along = [frame.astype(np.float64) @ basis for frame in latents]
    return Plane(basis, np.stack([one.mean(axis=0) for one in along]), np.array([_spread(one) for one in along]))


def _spread(points: NDArray[np.float64]) -> float:
    """Root mean square distance of points (N, K) from their mean."""
    centred = points - points.mean(axis=0)
    peak = float(np.abs(centred).max()) or 1.0
    return peak * float(np.sqrt(((centred / peak) ** 2).sum(axis=1).mean()))
