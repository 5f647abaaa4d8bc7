from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from binenc_kit.errors import KitError
from binenc_kit.measures.binarity import (
    bit_shares,
    class_codes,
    code_agreement,
    codebook,
    distinct_codes,
    hamming_distances,
    rotation_baseline,
    whole_code_agreement,
)

Z = np.array([[1.0, -2.0], [3.0, -0.1], [0.5, 2.0], [-1.0, -1.0], [-2.0, -3.0]])
LABELS = np.array([4, 4, 4, 7, 7])


def test_a_small_code_by_hand() -> None:
    # class 4: bits 10, 10, 11; class 7: bits 00, 00
    assert bit_shares(Z, LABELS).tolist() == [[1, 1 / 3], [0, 0]]
    assert code_agreement(Z, LABELS) == pytest.approx((1 + 2 / 3 + 1 + 1) / 4)
    codes, carriers = class_codes(Z, LABELS)
    assert codes.astype(int).tolist() == [[1, 0], [0, 0]]
    assert carriers.tolist() == [2, 2]
    assert whole_code_agreement(Z, LABELS) == 4 / 5
    assert distinct_codes(Z, LABELS) == 2


def test_zero_is_not_a_one() -> None:
    assert bit_shares([[0.0, -0.0, 1e-30]], [0]).tolist() == [[0, 0, 1]]


def test_two_classes_on_one_vertex_have_one_code() -> None:
    assert distinct_codes([[1.0, 1.0], [2.0, 3.0], [-1.0, 1.0]], [0, 1, 2]) == 2


latents = arrays(np.float64, st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=st.floats(-5, 5))


def by_the_definition(z: np.ndarray, labels: np.ndarray) -> tuple[float, float, int]:
    """The same three measures, sample by sample."""
    agreements, carriers, codes = [], 0, set()
    for label in set(labels.tolist()):
        of_class = [tuple(value > 0 for value in row) for row, own in zip(z, labels, strict=True) if own == label]
        for dimension in range(z.shape[1]):
            share = sum(code[dimension] for code in of_class) / len(of_class)
            agreements.append(max(share, 1 - share))
        counts = Counter(of_class)
        carriers += max(counts.values())
        codes.add(min(code for code, count in counts.items() if count == max(counts.values())))
    return sum(agreements) / len(agreements), carriers / len(z), len(codes)


@given(z=latents, seed=st.integers(0, 1000))
def test_the_measures_are_those_of_the_definition(z: np.ndarray, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, len(z))
    expected = by_the_definition(z, labels)
    assert code_agreement(z, labels) == pytest.approx(expected[0])
    assert whole_code_agreement(z, labels) == pytest.approx(expected[1])
    assert distinct_codes(z, labels) == expected[2]


@given(z=latents, seed=st.integers(0, 1000))
def test_order_scale_and_the_names_of_bits_and_classes_do_not_matter(z: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, len(z))
    z[np.abs(z) < 1e-3] = 0.5  # a value at zero has no opposite bit
    order, bits = rng.permutation(len(z)), rng.permutation(z.shape[1])
    signs = rng.choice([-1, 1], z.shape[1])
    other = (z * signs * 7.0)[order][:, bits]
    assert code_agreement(other, 9 - labels[order]) == pytest.approx(code_agreement(z, labels))
    assert whole_code_agreement(other, 9 - labels[order]) == pytest.approx(whole_code_agreement(z, labels))
    assert 0.5 <= code_agreement(z, labels) <= 1


@pytest.mark.parametrize(
    ("z", "labels", "expected"),
    [
        ([[1.0], [np.nan]], [0, 1], "NaN"),
        ([[1.0], [np.inf]], [0, 1], "infinity"),
        ([1.0, 2.0], [0, 1], "shape"),
        ([[1.0], [2.0]], [0], "shape"),
        (np.empty((0, 2)), np.empty(0, int), "shape"),
        ([[1.0], [2.0]], [0.0, 1.0], "whole numbers"),
    ],
)
def test_bad_latents_get_one_sentence(z: object, labels: object, expected: str) -> None:
    for measure in (code_agreement, whole_code_agreement, distinct_codes, codebook, rotation_baseline):
        with pytest.raises(KitError, match=expected):
            measure(z, labels)


def test_a_small_codebook_by_hand() -> None:
    book = codebook([[1.0, -2.0], [3.0, -0.1], [0.5, 2.0], [-1.0, -1.0], [-2.0, 3.0]], LABELS)
    assert book.classes.tolist() == [4, 7]
    assert book.bits.astype(int).tolist() == [[1, 0], [0, 0]]  # a tie gives 0
    assert book.purity == pytest.approx(np.array([[1, 2 / 3], [1, 1 / 2]]))


@given(z=latents, seed=st.integers(0, 1000))
def test_the_mean_purity_is_the_agreement_and_distances_are_counted_bits(z: np.ndarray, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, len(z))
    book = codebook(z, labels)
    assert book.purity.mean() == pytest.approx(code_agreement(z, labels))
    counted = [[sum(a != b for a, b in zip(one, two, strict=True)) for two in book.bits] for one in book.bits]
    assert hamming_distances(book.bits).tolist() == counted


def test_hamming_distances_by_hand() -> None:
    assert hamming_distances([[1, 0, 1], [1, 1, 0]]).tolist() == [[0, 2], [2, 0]]
    bits = np.random.default_rng(0).random((100, 512)) < 0.5
    assert (hamming_distances(bits) == (bits[:, None] != bits).sum(2)).all()
    for wrong in ([1, 0], [[0.5, 1.0]], [[np.nan]]):
        with pytest.raises(KitError, match="codes of shape"):
            hamming_distances(wrong)


@pytest.mark.parametrize("scale", [1e-30, 1.0])
def test_one_class_far_from_the_axes_keeps_its_code_under_rotation_and_the_corners_do_not(scale: float) -> None:
    assert rotation_baseline(np.full((9, 2), scale), np.zeros(9, int)) == 1
    rng = np.random.default_rng(0)
    labels = np.arange(1000) % 4
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])[labels] + rng.normal(0, 0.3, (1000, 2))
    baseline = rotation_baseline(corners * scale, labels)
    assert 0.5 < baseline < whole_code_agreement(corners, labels) - 0.05
    angles = np.linspace(0, np.pi / 2, 90, endpoint=False)  # all rotations of the plane, one after the other
    turned = [corners @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) for a in angles]
    everywhere = np.mean([whole_code_agreement(z, labels) for z in turned])
    assert rotation_baseline(corners * scale, labels, rotations=2000) == pytest.approx(everywhere, abs=0.01)


def test_the_baseline_is_seeded_and_works_in_one_dimension() -> None:
    z = np.random.default_rng(0).normal(size=(30, 3))
    labels = np.arange(30) % 3
    assert rotation_baseline(z, labels, seed=1) == rotation_baseline(z, labels, seed=1)
    assert rotation_baseline(z, labels, seed=1) != rotation_baseline(z, labels, seed=2)
    assert rotation_baseline(z[:, :1], labels) == pytest.approx(whole_code_agreement(z[:, :1], labels))
    assert rotation_baseline(z[:2], [0, 1]) == 1
    assert rotation_baseline(np.zeros((5, 2)), [0, 0, 1, 1, 1]) == 1
    for rotations in (0, 1.5):
        with pytest.raises(KitError, match="rotations"):
            rotation_baseline(z, labels, rotations=rotations)
