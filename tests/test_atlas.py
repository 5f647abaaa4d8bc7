import io

import numpy as np
import pytest
import torch
from PIL import Image

from binenc_kit.errors import KitError
from binenc_kit.widgets.atlas import LARGEST, picture_sheet


def tiles(sheet: dict, count: int) -> np.ndarray:
    """The pictures cut out of their sheet again, as the browser does."""
    image = np.asarray(Image.open(io.BytesIO(sheet["data"])))
    width, height, columns = sheet["width"], sheet["height"], sheet["columns"]
    cut = [
        image[(i // columns) * height :, (i % columns) * width :][:height, :width] for i in range(count)
    ]  # fmt: skip
    return np.stack(cut)


@pytest.mark.parametrize("shape", [(1, 3, 5), (7, 4, 4), (10, 3, 5, 3)])
def test_every_picture_is_found_again(shape: tuple[int, ...]) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(tiles(picture_sheet(pictures), len(pictures)), pictures)


def test_channels_may_come_first_and_values_as_shares() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 6)).astype(np.uint8)
    last = np.moveaxis(pictures, 1, -1)
    assert np.array_equal(tiles(picture_sheet(pictures), 5), last)
    assert np.array_equal(tiles(picture_sheet(last / np.float32(255)), 5), last)


def test_tensors_are_welcome() -> None:
    pictures = torch.full((2, 3, 3), 0.5, requires_grad=True)
    assert np.array_equal(tiles(picture_sheet(pictures.bfloat16()), 2), np.full((2, 3, 3), 128))


def test_large_pictures_become_small_and_many_become_a_jpeg() -> None:
    sheet = picture_sheet(np.zeros((2, 96, 48, 3), np.uint8))
    assert (sheet["width"], sheet["height"]) == (LARGEST // 2, LARGEST)
    noise = np.random.default_rng(0).integers(0, 256, (400, 32, 32, 3)).astype(np.uint8)
    assert picture_sheet(noise)["mime"] == "image/jpeg"


@pytest.mark.parametrize(
    ("pictures", "sentence"),
    [
        (np.zeros((3, 4)), "pictures of shape"),
        (np.zeros((0, 4, 4)), "pictures of shape"),
        (np.zeros((3, 4, 4, 2)), "1 or 3 channels"),
        (np.full((3, 4, 4), 7.0), "floats from 0 to 1"),
        (np.full((3, 4, 4), np.nan), "floats from 0 to 1"),
        (np.zeros((3, 4, 4), np.int64), "must be uint8"),
    ],
)
def test_what_is_no_picture_gets_a_sentence(pictures: np.ndarray, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        picture_sheet(pictures)
