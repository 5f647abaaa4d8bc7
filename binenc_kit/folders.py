"""Anyone's own pictures: read PATH/train/<class>/*, and val/ and test/ where they are, once."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from binenc_kit.errors import KitError
from binenc_kit.files import write_whole
from binenc_kit.splits import SPLITS, Split

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


def read_folder(folder: Path, cache: Path) -> tuple[dict[str, Split], list[str]]:
    """Pictures and labels of each split of a folder, and the class names, sorted.

    The decoded pictures are kept in `cache` and read from there until a file's name, size or date changes. Raises
    `KitError` for a folder without train/, without pictures, with one class, an unreadable file or mixed sizes.
    """
    if not (folder / "train").is_dir():
        raise KitError(f"{folder} has no folder train/: put pictures into {folder / 'train'}/<class>/")
    class_names = sorted(entry.name for entry in _visible(folder / "train") if entry.is_dir())
    if len(class_names) < 2:
        raise KitError(f"{folder / 'train'} holds {len(class_names)} class folders: a classifier needs at least two")
    listing = {split: list(_list(folder / split, class_names)) for split in SPLITS}
    listing = {split: found for split, found in listing.items() if found or split == "train"}
    stamp = hashlib.sha256(repr((folder.resolve(), listing)).encode()).hexdigest()[:16]
    kept = cache / f"{folder.resolve().name}-{stamp}.npz"
    arrays = _from_cache(kept)
    if arrays is None:
        arrays = _decode(folder, listing, class_names)
        savez: Callable[..., None] = np.savez  # for types, an array could be one of its options
        try:
            write_whole(kept, partial(savez, **arrays))
        except OSError:
            pass  # the cache saves time and nothing else: a full or read-only disk may do without it
    return {split: (arrays[f"{split}_images"], arrays[f"{split}_labels"]) for split in listing}, class_names


def _visible(folder: Path) -> Iterator[os.DirEntry]:
    """What a folder holds, but for what systems and notebooks hide in it (.DS_Store, .ipynb_checkpoints)."""
    return (entry for entry in os.scandir(folder) if not entry.name.startswith("."))


def _list(folder: Path, class_names: list[str]) -> Iterator[tuple[int, str, int, int]]:
    """Label, path, size and date of every picture of a split, in a fixed order."""
    if not folder.is_dir():
        return
    extra = {entry.name for entry in _visible(folder) if entry.is_dir()} - set(class_names)
    if extra:
        raise KitError(f"{folder} has the class {min(extra)!r}, which train/ has not: use the same classes in both")
    for label, name in enumerate(class_names):
        if not (folder / name).is_dir():
            continue
        for entry in sorted(_visible(folder / name), key=lambda entry: entry.name):
            if entry.is_file() and Path(entry.name).suffix.lower() in PICTURES:
                yield label, entry.path, entry.stat().st_size, entry.stat().st_mtime_ns


def _from_cache(kept: Path) -> dict[str, NDArray] | None:
    """The decoded arrays, or None where there are none or they are damaged."""
    try:
        with np.load(kept, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception:  # whatever is wrong with a cache, decoding again mends it
        return None


def _decode(folder: Path, listing: dict[str, list], class_names: list[str]) -> dict[str, NDArray]:
    """Decode every picture, on all cores: PIL lets go of the interpreter while it decodes."""
    empty = set(range(len(class_names))) - {label for label, *_ in listing["train"]}
    if empty:
        where = folder / "train" / class_names[min(empty)]
        raise KitError(f"{where} holds no pictures ({', '.join(sorted(PICTURES))}): put some there, or remove it")
    decoded: dict[str, list[NDArray[np.uint8]]] = {}
    first = None
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for split, files in listing.items():
            paths = [path for _, path, *_ in files]
            pictures = list(pool.map(_read, paths))
            first = first or pictures[0].shape[:2]
            for path, picture in zip(paths, pictures, strict=True):
                if picture.shape[:2] != first:
                    size, usual = (f"{width}x{height}" for height, width in (picture.shape[:2], first))
                    raise KitError(f"{path} is {size} pixels, the first picture {usual}: bring all to one size")
            decoded[split] = pictures
    coloured = any(picture.ndim == 3 for pictures in decoded.values() for picture in pictures)
    arrays = {}
    for split, files in listing.items():
        pictures = decoded.pop(split)  # not kept twice
        arrays[f"{split}_images"] = np.stack([_coloured(picture) for picture in pictures] if coloured else pictures)
        arrays[f"{split}_labels"] = np.array([label for label, *_ in files])
    return arrays


def _read(path: str) -> NDArray[np.uint8]:
    """One picture, (height, width) where it is stored in grey, else (height, width, 3)."""
    try:
        with Image.open(path) as picture:
            if picture.mode.startswith(("I", "F")):
                raise KitError(f"{path} has more than 8 bits a channel: save it with 8 bits")
            return np.asarray(picture.convert("L" if picture.mode in ("1", "L", "LA") else "RGB"))
    except KitError:
        raise
    except Exception as error:  # damaged files make PIL's many decoders raise many kinds
        raise KitError(f"{path} cannot be read as a picture ({error}): replace it or take it away") from None


def _coloured(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture with its one channel three times, a coloured one as it is."""
    return picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
