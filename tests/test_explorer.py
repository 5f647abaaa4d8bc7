import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.measures.binarity import codebook, hamming_distances
from binenc_kit.recording import Recording
from binenc_kit.widgets.codes import near, packed
from binenc_kit.widgets.explorer import CodeExplorer
from tests.test_scrubber import spoil

# Four classes of 20 samples each; ant and bee share 011, cat differs from them in bit 2, dog from cat in bit 3.
CODES = np.array([[0, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]])
NAMES = ("ant", "bee", "cat", "dog")
LABELS = np.repeat(np.arange(4), 20)


def tiny() -> tuple[np.ndarray, np.ndarray]:
    """Latents and labels; two of the ants, a tenth of their class, lie on the other side in bit 1."""
    z = CODES[LABELS] - 0.5
    z[[3, 7], 0] = 1.0
    return z, LABELS


def unpack(content: dict, key: str) -> np.ndarray:
    """Rows of packed bits as Python sent them."""
    rows = np.frombuffer(content[key], np.uint8).reshape(-1, -(-content["P"] // 8))
    return np.unpackbits(rows, axis=1)[:, : content["P"]]


def test_a_tiny_code_by_hand() -> None:
    content = CodeExplorer(*tiny(), NAMES).content
    assert (content["P"], content["total"], content["names"]) == (3, 80, list(NAMES))
    assert unpack(content, "codes").tolist() == CODES.tolist()
    percent = np.frombuffer(content["percent"], np.uint8).reshape(4, 3)
    assert percent.tolist() == [[90, 100, 100], [100] * 3, [100] * 3, [100] * 3]
    assert content["shown"] == [20] * 4
    assert unpack(content, "samples")[[2, 3, 7, 79]].tolist() == [[0, 1, 1], [1, 1, 1], [1, 1, 1], [0, 0, 0]]
    assert content["shared"] == [[0, 1]]
    assert content["pairs"] == [[0, 2, 1], [1, 2, 1], [2, 3, 2]]
    assert (content["pair_count"], content["shared_count"], content["nearest"]) == (3, 1, [0, 0, 1])
    assert content["sheet"] is None


def test_samples_are_sent_in_order_of_class_with_their_places_and_pictures() -> None:
    z, labels = tiny()
    order = np.random.default_rng(0).permutation(80)
    pictures = np.full((80, 2, 2), 0, np.uint8) + (order == 3)[:, None, None] * np.uint8(255)
    content = CodeExplorer(z[order], labels[order], NAMES, pictures=pictures).content
    numbers = np.frombuffer(content["numbers"], "<u4")
    assert (labels[order][numbers] == LABELS).all()
    assert (unpack(content, "samples") == (z[order][numbers] > 0)).all()
    assert content["sheet"]["columns"] == 9


def test_a_purity_just_below_the_limit_is_not_rounded_up() -> None:
    z = np.where(np.arange(1000) < 949, 1.0, -1.0)[:, None]
    assert CodeExplorer(z, [0] * 1000).content["percent"] == bytes([94])
    z[949:950] = 1.0
    assert CodeExplorer(z, [0] * 1000).content["percent"] == bytes([95])


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=130)))
def test_packed_bits_come_back(bits: np.ndarray) -> None:
    content = {"P": bits.shape[1], "samples": packed(bits)}
    assert (unpack(content, "samples") == bits).all()


@given(st.integers(1, 9).flatmap(lambda P: arrays(np.bool_, st.tuples(st.integers(1, 40), st.just(P)))))
def test_pairs_and_groups_are_those_of_the_distances(codes: np.ndarray) -> None:
    found, distances = near(codes), hamming_distances(codes)
    upper = np.triu_indices(len(codes), 1)
    assert found["pair_count"] == (distances[upper] == 1).sum()
    assert len(found["pairs"]) == min(found["pair_count"], 30)
    for one, other, bit in found["pairs"]:
        assert one < other
        assert np.flatnonzero(codes[one] != codes[other]).tolist() == [bit]
    alike = {tuple(np.flatnonzero(row == 0).tolist()) for row in distances if (row == 0).sum() > 1}
    assert {tuple(group) for group in found["shared"]} <= alike
    assert found["shared_count"] == len(alike)
    assert (found["nearest"] is None) if len(codes) == 1 else found["nearest"][0] == distances[upper].min()


def test_a_recording_brings_everything(tiny_run: Recording, tiny_data: Data) -> None:
    explorer = CodeExplorer(tiny_run, pictures=tiny_data, epoch=2)
    content = explorer.content
    book = codebook(np.asarray(tiny_run.latents[1]), tiny_run.labels)
    assert content["origin"] == f"{tiny_run.config.label}, epoch 2"
    assert (unpack(content, "codes") == book.bits).all()
    assert content["names"] == [tiny_run.class_names[label] for label in book.classes]
    same = CodeExplorer(tiny_run, pictures=tiny_data.train[0], epoch=2).content
    assert same == content
    assert CodeExplorer(tiny_run).content["origin"].endswith(f"epoch {tiny_run.epochs}")


def test_of_many_samples_a_stratified_part_is_sent_and_codes_are_of_all() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [3000, 1000])
    z = rng.normal(size=(4000, 5)) + np.where(labels, 0.3, -0.3)[:, None]
    content = CodeExplorer(z, labels, points=400).content
    assert (content["shown"], content["total"]) == ([300, 100], 4000)
    percent = np.frombuffer(content["percent"], np.uint8).reshape(2, 5)
    assert (percent == np.floor(100 * codebook(z, labels).purity)).all()


def test_labels_may_be_texts_and_absent_classes_keep_the_others_colours() -> None:
    z, labels = tiny()
    by_text = CodeExplorer(z, np.array(NAMES)[labels]).content
    assert by_text["names"] == list(NAMES)
    later = CodeExplorer(z[labels > 1], labels[labels > 1], NAMES).content
    assert (later["names"], later["styles"]) == (["cat", "dog"], by_text["styles"][2:])


@pytest.mark.parametrize(
    ("samples", "classes", "P"), [(1, 1, 1), (5, 1, 4), (6, 2, 64), (40, 4, 128), (2000, 1000, 64)]
)
def test_few_and_many_samples_classes_and_bits_work(samples: int, classes: int, P: int) -> None:
    z = np.random.default_rng(0).normal(size=(samples, P)).astype(np.float16)
    explorer = CodeExplorer(z, np.arange(samples) % classes, pictures=np.zeros((samples, 4, 4), np.uint8))
    assert len(explorer.content["names"]) == classes
    assert explorer.bits == "." * P
    label = explorer.still().get_label()
    assert (f"the first 30 of {classes:,}" in label) == (classes > 30)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"latents": np.full((80, 3), np.nan)}, "NaN or infinity"),
        ({"latents": np.zeros((0, 3)), "labels": []}, r"latents of shape \(0, 3\) do not fit"),
        ({"latents": np.zeros(80)}, r"latents of shape \(80,\) do not fit"),
        ({"latents": [[1.0], [2.0, 3.0]]}, "the latents are lists of different lengths"),
        ({"latents": "digits"}, "the latents are <U6, but must be numbers"),
        ({"labels": None}, "there are no labels"),
        ({"labels": LABELS[:-1]}, r"labels of shape \(79,\) do not fit"),
        ({"class_names": ("a", "b")}, "there are 2 class names"),
        ({"class_names": 4}, "class_names is 4, but must be a list of names, one a class"),
        ({"pictures": torch.nn.Linear(1, 1)}, "there are 0 pictures for 80 samples"),
        ({"pictures": np.zeros((79, 4, 4), np.uint8)}, "there are 79 pictures for 80 samples"),
        ({"pictures": np.zeros((80, 4), np.uint8)}, r"pictures of shape \(80, 4\) do not fit"),
        ({"epoch": 3}, "epoch is 3, but latents in an array have none"),
        ({"points": 0}, "points is 0, but must be a whole number of at least 1"),
        (
            {"latents": np.zeros((2001, 1)), "labels": np.arange(2001), "class_names": None},
            "there are 2,001 classes, but the explorer shows up to 2,000: are these labels",
        ),
    ],
)
def test_what_does_not_fit_gets_one_sentence(given: dict, sentence: str) -> None:
    latents, labels = tiny()
    with pytest.raises(KitError, match=sentence):
        CodeExplorer(**({"latents": latents, "labels": labels, "class_names": NAMES} | given))


@pytest.mark.parametrize("epoch", [0, 4, -1, 1.5, "last"])
def test_an_epoch_that_is_not_there_gets_one_sentence(epoch: object, tiny_run: Recording) -> None:
    with pytest.raises(KitError, match=r"has the epochs 1 to 3"):
        CodeExplorer(tiny_run, epoch=epoch)


def test_an_epoch_that_broke_down_names_the_last_good_one(tiny_run: Recording) -> None:
    spoil(tiny_run, 3, np.nan)
    with pytest.raises(KitError, match="NaN or infinite at epoch 3: pass epoch=2, the last good one before it"):
        CodeExplorer(tiny_run)
    assert CodeExplorer(tiny_run, epoch=2).content["origin"].endswith("epoch 2")
    spoil(tiny_run, 1, np.inf)
    with pytest.raises(KitError, match="NaN or infinite at epoch 1: train with a smaller learning rate"):
        CodeExplorer(tiny_run, epoch=1)


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_tensors_are_welcome_with_gradients_or_without(kind: torch.dtype) -> None:
    z, labels = tiny()
    latents = torch.tensor(z, dtype=kind, requires_grad=True)
    for one in (latents, list(latents)):
        assert CodeExplorer(one, torch.tensor(labels), NAMES).content == CodeExplorer(z, labels, NAMES).content


def test_a_recording_takes_no_labels(tiny_run: Recording) -> None:
    with pytest.raises(KitError, match="a recording brings its labels and class names"):
        CodeExplorer(tiny_run, labels=tiny_run.labels)


def test_bits_can_be_set_and_bad_ones_leave_the_old() -> None:
    explorer = CodeExplorer(*tiny(), NAMES)
    explorer.bits = "01·"
    assert explorer.bits == "01."
    for bad in ("", "01", "0101", "01x", "01?"):
        with pytest.raises(KitError, match=r'must be 3 characters, each "1", "0", or "." for any'):
            explorer.bits = bad
    assert explorer.bits == "01."
    assert '"bits":"01."' in explorer.to_html()
    for bad in (5, None, b"01."):
        with pytest.raises(KitError, match=f"bits are {bad!r}, but must be 3 characters"):
            explorer.bits = bad
    assert explorer.bits == "01."


def test_hostile_names_stay_text_and_nothing_is_fetched() -> None:
    names = ["<script>alert(1)</script>", '"quo\'tes" </style>', "🐱🐶 $x$ \\frac", "long " * 60, " ", "two\nlines"]
    labels = np.repeat(np.arange(6), 5)
    page = CodeExplorer(np.eye(6)[labels] - 0.5, labels, names).to_html()
    assert "<script>alert(1)" not in page
    assert "\\u003cscript>alert(1)\\u003c/script>" in page
    assert set(re.findall(r"https?://[^\s\"'<>)]*", page)) == {"http://www.w3.org/2000/svg"}


def test_the_still_figure_tells_codes_and_pairs() -> None:
    figure = CodeExplorer(*tiny(), NAMES, pictures=np.zeros((80, 4, 4), np.uint8)).still()
    label = figure.get_label()
    assert "ant: ?11; bee: 011; cat: 001; dog: 000" in label
    assert "in one bit only: ant and cat, bee and cat, cat and dog" in label
    assert "pictures whose bit 1 is 0" in label
    frames = figure.subfigs[0].axes[1].patches
    assert len(frames) == 6  # each pair twice
    bare = CodeExplorer(*tiny(), NAMES).still()
    assert len(bare.subfigs) == 1
    assert "pictures" not in bare.get_label()
