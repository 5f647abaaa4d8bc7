from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from binenc_kit import folders
from binenc_kit.data import load_data
from binenc_kit.errors import KitError
from tests.conftest import write_pictures

TWO = {"train": {"cat": 20, "dog": 20}}


def load(folder: Path):
    return load_data(f"folder:{folder}")


def test_a_folder_with_train_alone_is_split(tmp_path: Path) -> None:
    data = load(write_pictures(tmp_path / "pets", TWO))
    assert data.name == "pets"
    assert data.class_names == ("cat", "dog")
    assert [len(part[1]) for part in (data.train, data.val, data.test)] == [28, 4, 8]
    assert data.shape == (3, 6, 6)


def test_val_and_test_are_used_where_they_are(tmp_path: Path) -> None:
    splits = TWO | {"val": {"dog": 3}, "test": {"cat": 2, "dog": 5}}
    data = load(write_pictures(tmp_path / "pets", splits))
    assert [len(part[1]) for part in (data.train, data.val, data.test)] == [40, 3, 7]
    assert data.val[1].tolist() == [1, 1, 1]
    first = np.asarray(Image.open(tmp_path / "pets" / "test" / "cat" / "000.png")).transpose(2, 0, 1)
    assert np.array_equal(data.test[0][0].numpy(), first)


def test_grey_pictures_have_one_channel_unless_others_are_coloured(tmp_path: Path) -> None:
    grey = write_pictures(tmp_path / "grey", TWO, mode="L")
    assert load(grey).shape == (1, 6, 6)
    Image.new("RGB", (6, 6), "red").save(grey / "train" / "dog" / "007.png")
    assert load(grey).shape == (3, 6, 6)


def test_hidden_entries_are_no_classes_and_no_pictures(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets", TWO)
    (folder / "train" / ".ipynb_checkpoints").mkdir()
    (folder / "train" / "cat" / "._000.png").write_bytes(b"what a Mac leaves beside a picture")
    assert load(folder).class_names == ("cat", "dog")


def test_decoding_happens_once_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_pictures(tmp_path / "pets", TWO)
    first = load(folder)
    decoded = []
    read = folders._read
    monkeypatch.setattr(folders, "_read", lambda path: decoded.append(path) or read(path))
    assert (load(folder).train[0] == first.train[0]).all()
    assert not decoded
    Image.new("RGB", (6, 6), "red").save(folder / "train" / "cat" / "003.png")
    load(folder)
    assert len(decoded) == 40


def test_a_damaged_cache_is_decoded_again(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets", TWO)
    first = load(folder)
    (cache,) = (tmp_path / "house" / "data" / "cache").iterdir()
    cache.write_bytes(cache.read_bytes()[:500])
    assert (load(folder).train[0] == first.train[0]).all()


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "house").write_text("a file where the cache's folder should be")
    assert load(write_pictures(tmp_path / "pets", TWO)).shape == (3, 6, 6)


def break_one(folder: Path) -> None:
    (folder / "train" / "cat" / "005.png").write_bytes(b"\x89PNG but no more")


def break_a_ppm(folder: Path) -> None:
    (folder / "train" / "cat" / "005.ppm").write_bytes(b"P6 6 six 255 ")


def truncate_one(folder: Path) -> None:
    path = folder / "train" / "cat" / "005.png"
    path.write_bytes(path.read_bytes()[:60])


def enlarge_one(folder: Path) -> None:
    Image.new("RGB", (7, 6)).save(folder / "train" / "dog" / "004.png")


def sixteen_bits(folder: Path) -> None:
    Image.new("I;16", (6, 6)).save(folder / "train" / "dog" / "004.png")


def empty_a_class(folder: Path) -> None:
    for path in (folder / "train" / "dog").iterdir():
        path.rename(path.with_suffix(".txt"))


def unknown_class(folder: Path) -> None:
    (folder / "test" / "fox").mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (break_one, r"005\.png cannot be read as a picture"),
        (break_a_ppm, r"005\.ppm cannot be read as a picture"),
        (truncate_one, r"005\.png cannot be read as a picture"),
        (enlarge_one, r"004\.png is 7x6 pixels, the first picture 6x6"),
        (sixteen_bits, "more than 8 bits"),
        (empty_a_class, "dog holds no pictures"),
        (unknown_class, "'fox', which train/ has not"),
    ],
)
def test_a_spoilt_folder_gets_one_sentence_and_no_cache(spoil, expected: str, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets", TWO)
    spoil(folder)
    with pytest.raises(KitError, match=expected):
        load(folder)
    assert not list((tmp_path / "house").rglob("*.npz"))


@pytest.mark.parametrize(
    ("splits", "expected"),
    [({}, "no folder train/"), ({"train": {}}, "0 class folders"), ({"train": {"cat": 3}}, "1 class folders")],
)
def test_a_folder_without_classes_gets_one_sentence(splits: dict, expected: str, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    for split in splits:
        (folder / split).mkdir(parents=True)
    with pytest.raises(KitError, match=expected):
        load(write_pictures(folder, splits))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="nowhere"):
        load(tmp_path / "nowhere")
