import gzip
import pickle
import struct
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import scipy.io
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import datasets

from binenc_kit.data import augment, load_data, make_data
from binenc_kit.errors import KitError
from binenc_kit.splits import subset
from tests.conftest import tiny_splits


def test_digits_are_split_into_stratified_parts() -> None:
    data = load_data("digits")
    sizes = [len(labels) for _, labels in (data.train, data.val, data.test)]
    assert sizes == [1293, 144, 360]
    assert data.shape == (1, 8, 8)
    assert data.class_names == tuple("0123456789")
    for _, labels in (data.train, data.val, data.test):
        shares = torch.bincount(labels) / len(labels)
        assert (shares - 0.1).abs().max() < 0.01


def test_no_picture_is_in_two_splits() -> None:
    data = load_data("digits")
    images = [{image.numpy().tobytes() for image in part[0]} for part in (data.train, data.val, data.test)]
    assert not images[0] & images[1]
    assert not images[0] & images[2]
    assert not images[1] & images[2]


def test_the_seed_decides_the_split() -> None:
    first, again, other = (load_data("digits", seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.train[0], again.train[0])
    assert not torch.equal(first.train[1], other.train[1])


def test_normalised_train_pictures_have_mean_0_and_deviation_1() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 5, 5, 3), dtype=np.uint8) // np.array([1, 2, 4], np.uint8)
    data = make_data({"train": (images, np.arange(60) % 3)}, "abc")
    train = data.normalise(data.train[0]).double()
    assert train.mean((0, 2, 3)).abs().max() < 1e-5
    assert (train.std((0, 2, 3), unbiased=False) - 1).abs().max() < 1e-5
    assert not torch.allclose(data.normalise(data.val[0]).mean((0, 2, 3)), torch.zeros(3), atol=1e-5)


def test_pictures_of_one_colour_stay_finite() -> None:
    data = make_data({"train": (np.full((40, 4, 4), 7, np.uint8), np.arange(40) % 2)}, "ab")
    assert (data.normalise(data.train[0]) == 0).all()


def test_a_train_limit_is_stratified_and_seeded() -> None:
    few, again, other = (load_data("digits", train_limit=100, seed=seed) for seed in (3, 3, 4))
    assert torch.bincount(few.train[1]).tolist() == [10] * 10
    assert torch.equal(few.train[0], again.train[0])
    assert not torch.equal(few.train[0], other.train[0])
    assert len(load_data("digits", train_limit=10**6).train[1]) == 1293


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"labels": np.full(60, 3)}, "must be whole numbers from 0 to 2"),
        ({"labels": np.array(["a", "b", "c"] * 20)}, "must be whole numbers from 0 to 2"),
        ({"labels": np.full(60, -1)}, "from -1 to -1"),
        ({"labels": np.zeros(60)}, "float64"),
        ({"labels": np.zeros(59, int)}, "one label an image"),
        ({"images": np.zeros((60, 4, 4))}, "must be uint8"),
        ({"images": np.zeros((60, 4), np.uint8)}, "must be uint8"),
        ({"labels": np.r_[np.zeros(59, int), 1]}, "give more pictures a class"),
    ],
)
def test_arrays_that_are_no_pictures_get_one_sentence(change: dict, expected: str) -> None:
    images, labels = tiny_splits()["train"]
    arrays = {"images": images, "labels": labels} | change
    with pytest.raises(KitError, match=expected):
        make_data({"train": (arrays["images"], arrays["labels"])}, "abc")


@pytest.mark.parametrize("name", ["digit", "imagenet", "", "custom:mine"])
def test_unknown_data_are_refused(name: str) -> None:
    with pytest.raises(KitError, match="unknown data"):
        load_data(name)


def test_a_limit_below_the_number_of_classes_is_refused() -> None:
    with pytest.raises(KitError, match="train_limit=5 is too small for 10 classes"):
        load_data("digits", train_limit=5)


@pytest.mark.parametrize(
    ("splits", "names", "expected"),
    [
        ({"valid": tiny_splits()["train"]}, "abc", "did you mean val"),
        ({"test": tiny_splits()["train"]}, "abc", "there is no train split, only test"),
        ({}, "abc", "only nothing"),
        ({"train": tiny_splits()["train"]}, "a", "at least two classes"),
        (tiny_splits() | {"val": tiny_splits(size=5)["train"]}, "abc", "bring all to one size"),
    ],
)
def test_splits_that_do_not_fit_get_one_sentence(splits: dict, names: str, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        make_data(splits, names)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"device": "gpu"}, "unknown device"),
        ({"device": "cuda"}, "this machine has none"),
        ({"train_limit": "many"}, "train_limit is 'many'"),
        ({"seed": -1}, "data_seed is -1"),
    ],
)
def test_bad_ways_to_load_get_one_sentence(how: dict, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(KitError, match=expected):
        load_data("digits", **how)


@given(seed=st.integers(0, 1000), size=st.integers(1, 60))
def test_a_subset_is_stratified_to_within_one_sample_a_class(seed: int, size: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 4, 50)
    drawn = subset(labels, size, seed)
    assert len(drawn) == len(set(drawn.tolist())) == min(size, 50)
    counts = np.bincount(labels, minlength=4)
    assert np.abs(np.bincount(labels[drawn], minlength=4) - counts * len(drawn) / 50).max() < 1
    assert np.array_equal(drawn, subset(labels, size, seed))


def test_equal_pictures_have_equal_fingerprints_and_others_have_not() -> None:
    images, labels = tiny_splits()["train"]
    first, again = (make_data({"train": (images, labels)}, "abc") for _ in range(2))
    other = make_data({"train": (255 - images, labels)}, "abc")
    assert first.fingerprint == again.fingerprint != other.fingerprint


# augmentation


def test_each_augmented_picture_is_one_of_the_possible_ones() -> None:
    batch = torch.randn(40, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    augmented = augment(batch, torch.Generator().manual_seed(1), padding=2)
    assert augmented.shape == batch.shape
    moves = set()
    for before, after in zip(batch, augmented, strict=True):
        for flipped in (False, True):  # flip first, then crop: one picture at a time, as torchvision would
            picture = torch.nn.functional.pad(before.flip(2) if flipped else before, (2, 2, 2, 2))
            moves |= {
                (flipped, top, left)
                for top in range(5)
                for left in range(5)
                if torch.equal(after, picture[:, top : top + 5, left : left + 5])
            }
    assert len(moves) > 20  # every sample has a draw of its own
    matched = sum(
        any(
            torch.equal(after, torch.nn.functional.pad(picture, (2, 2, 2, 2))[:, t : t + 5, w : w + 5])
            for picture in (before, before.flip(2))
            for t in range(5)
            for w in range(5)
        )
        for before, after in zip(batch, augmented, strict=True)
    )
    assert matched == 40


def test_augmentation_draws_evenly() -> None:
    ramp = torch.arange(1.0, 17).reshape(1, 1, 4, 4).expand(4000, 1, 4, 4)
    corner = augment(ramp, torch.Generator().manual_seed(0), padding=1)[:, 0, 1, 1]
    values, counts = corner.unique(return_counts=True)
    # the pixel at (1, 1) comes from rows 0 to 2 and, unflipped or flipped, columns 0 to 2 or 1 to 3
    assert set(values.tolist()) == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
    share = dict(zip(values.tolist(), (counts / 4000).tolist(), strict=True))
    assert share[6] == pytest.approx(1 / 9, abs=0.02)
    assert share[5] == pytest.approx(1 / 18, abs=0.02)


def test_the_generator_decides_the_draw() -> None:
    batch = torch.randn(8, 1, 6, 6)
    draws = [augment(batch, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


# torchvision's data sets, read from small files of their true formats


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("no network in this test")

    for module in (datasets.mnist, datasets.cifar, datasets.svhn):
        for name in ("download_and_extract_archive", "download_url"):
            monkeypatch.setattr(module, name, refuse, raising=False)


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path.with_name(path.name + ".gz"), "wb") as file:
        file.write(header + array.tobytes())
    path.write_bytes(header + array.tobytes())


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mnist", "MNIST"),
        ("fashion_mnist", "FashionMNIST"),
    ],
)
def test_mnist_and_fashion_mnist_are_read(name: str, folder: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for part, n in (("train", 200), ("t10k", 50)):
        raw = tmp_path / name / folder / "raw"
        write_idx(raw / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        write_idx(raw / f"{part}-labels-idx1-ubyte", (np.arange(n) % 10).astype(np.uint8))
    data = load_data(name, root=tmp_path)
    assert data.shape == (1, 28, 28)
    assert [len(part[1]) for part in (data.train, data.val, data.test)] == [180, 20, 50]
    assert len(data.class_names) == 10


@pytest.mark.usefixtures("_no_network")
def test_cifar10_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cifar10" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]:
        pixels = rng.integers(0, 256, (40, 3072), dtype=np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "labels": [i % 10 for i in range(40)]}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": [f"class {i}" for i in range(10)]}))
    monkeypatch.setattr(datasets.cifar, "check_integrity", lambda *_: True)
    data = load_data("cifar10", root=tmp_path)
    assert data.shape == (3, 32, 32)
    assert [len(part[1]) for part in (data.train, data.val, data.test)] == [180, 20, 40]
    assert data.class_names[3] == "class 3"
    expected = np.frombuffer(pixels[7].tobytes(), np.uint8).reshape(3, 32, 32)  # the last file is the test split
    assert torch.equal(data.test[0][7], torch.from_numpy(expected.copy()))


@pytest.mark.usefixtures("_no_network")
def test_cifar100_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cifar100" / "cifar-100-python"
    folder.mkdir(parents=True)
    for name, n in (("train", 1000), ("test", 200)):
        pixels = np.zeros((n, 3072), np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "fine_labels": [i % 100 for i in range(n)]}))
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"class {i}" for i in range(100)]}))
    monkeypatch.setattr(datasets.cifar, "check_integrity", lambda *_: True)
    data = load_data("cifar100", root=tmp_path)
    assert len(data.class_names) == 100
    assert [len(part[1]) for part in (data.train, data.val, data.test)] == [900, 100, 200]


def test_svhn_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "svhn"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for split, n in (("train", 200), ("test", 60)):
        pixels = rng.integers(0, 256, (32, 32, 3, n), dtype=np.uint8)
        labels = (np.arange(n) % 10 + 1)[:, None].astype(np.uint8)  # the files call the digit 0 "10"
        scipy.io.savemat(folder / f"{split}_32x32.mat", {"X": pixels, "y": labels})
    monkeypatch.setattr(datasets.svhn, "check_integrity", lambda *_: True)
    monkeypatch.setattr(datasets.svhn, "download_url", lambda *_: None)  # does nothing where the file is whole
    data = load_data("svhn", root=tmp_path)
    assert data.shape == (3, 32, 32)
    assert data.class_names == tuple("0123456789")
    assert [len(part[1]) for part in (data.train, data.val, data.test)] == [180, 20, 60]
    assert torch.equal(data.test[0][5], torch.from_numpy(pixels[..., 5].transpose(2, 0, 1).copy()))
    assert data.test[1][9] == 0


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "svhn", "cifar10", "cifar100"])
def test_without_a_network_the_sentence_says_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"could not be downloaded.*data='digits'"):
        load_data(name, root=tmp_path)
