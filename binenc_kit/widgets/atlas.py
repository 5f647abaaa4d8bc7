"""Many small pictures as one sheet, which a browser decodes at once."""

import io
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from binenc_kit.errors import KitError
from binenc_kit.widgets.samples import as_array

LARGEST = 32  # pixels a side: larger pictures are made smaller
FEW_BYTES = 300_000  # up to which a sheet stays exact; a larger one becomes a JPEG


def picture_sheet(pictures: ArrayLike) -> dict[str, Any]:
    """Pictures side by side in one image: data (bytes), mime, columns, and width and height of each in pixels.

    pictures: (N, height, width) or with one or three channels, first or last, as torch and everybody else put them;
    uint8 from 0 to 255, or floats from 0 to 1. The i-th picture is in row i // columns and column i % columns.
    Raises `KitError` for anything else.
    """
    pictures = small_pictures(pictures)
    count, height, width, channels = pictures.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, height, width, channels), np.uint8)
    sheet[:count] = pictures
    sheet = sheet.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    image = Image.fromarray(sheet.reshape(rows * height, columns * width, channels).squeeze())
    data, mime = _encoded(image)
    return {"data": data, "mime": mime, "columns": columns, "width": width, "height": height}


def small_pictures(pictures: ArrayLike) -> NDArray[np.uint8]:
    """The same pictures as a sheet has them, (N, height, width, channels), of at most LARGEST pixels a side."""
    return _small(_checked(pictures))


def _checked(pictures: ArrayLike) -> NDArray[np.uint8]:
    """Pictures as uint8 (N, height, width, channels)."""
    pictures = as_array(pictures, "pictures")
    if pictures.ndim == 3:
        pictures = pictures[..., None]
    if pictures.ndim == 4 and pictures.shape[-1] not in (1, 3) and pictures.shape[1] in (1, 3):
        pictures = np.moveaxis(pictures, 1, -1)
    if pictures.ndim != 4 or pictures.shape[-1] not in (1, 3) or not pictures.size:
        raise KitError(
            f"pictures of shape {pictures.shape} do not fit: they must be (N, height, width), or with 1 or 3 channels"
        )
    if pictures.dtype == np.uint8:
        return pictures
    if pictures.dtype.kind != "f" or not (pictures.min() >= 0 and pictures.max() <= 1):  # NaN fails, too
        raise KitError(f"pictures are {pictures.dtype}, but must be uint8, or floats from 0 to 1")
    return np.round(pictures * 255).astype(np.uint8)


def _small(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures of at most LARGEST pixels a side."""
    height, width = pictures.shape[1:3]
    if max(height, width) <= LARGEST:
        return pictures
    size = (max(1, width * LARGEST // max(height, width)), max(1, height * LARGEST // max(height, width)))
    resized = [np.asarray(Image.fromarray(picture.squeeze()).resize(size)) for picture in pictures]  # a few thousand
    return np.stack(resized).reshape(len(pictures), size[1], size[0], -1)


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    """The sheet as a PNG, and where that is large, as photographs make it, as a JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    if buffer.tell() <= FEW_BYTES:
        return buffer.getvalue(), "image/png"
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=85, subsampling=0)
    return buffer.getvalue(), "image/jpeg"
