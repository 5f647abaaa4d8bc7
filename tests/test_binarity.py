from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from binenc_kit.errors import KitError
from binenc_kit.measures.binarity import (
    bit_shares,
    class_codes,
    code_agreement,
    codebook,
    distinct_codes,
    hamming_distances,
    mixture_scores,
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


def two_peaks(rng: np.random.Generator, n: int = 200, P: int = 3) -> np.ndarray:
    return rng.choice([-1.0, 1.0], (n, P)) * [3.0, 1.0, 0.2][:P] + rng.normal(0, 0.05, (n, P)) + 0.7


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1.0, 1e12])
@pytest.mark.parametrize("n", [2, 50])
def test_perfect_two_point_data_is_at_the_known_ceiling(n: int, scale: float) -> None:
    found = mixture_scores(np.tile([[1.0], [-1.0]], (n // 2, 4)) * scale)
    # a Gaussian of std 1e-3 at its own peak, and half of the samples in it
    assert found == pytest.approx(
        (norm.logpdf(0, scale=1e-3) - np.log(2) - 0.5e-6, 1e-3, 2000, 1.0), rel=1e-6, abs=1e-5
    )
    assert found.score == pytest.approx(5.296, abs=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 0.1, 1e-9])
def test_a_dead_dimension_scores_higher_than_a_perfect_code(value: float) -> None:
    assert mixture_scores(np.full((7, 2), value)) == pytest.approx((5.989, 1e-3, 0, 1), abs=1e-3)


def test_half_of_the_dimensions_at_the_ceiling() -> None:
    column = np.tile([1.0, -1.0], 100)
    noisy = column + np.random.default_rng(0).normal(0, 0.01, 200)
    assert mixture_scores(np.stack([column, noisy], axis=1)).at_ceiling == 0.5
    assert mixture_scores(np.where(column > 0, column, noisy)[:, None]).at_ceiling == 0  # one peak of two is not enough


@pytest.mark.parametrize("seed", range(5))
def test_the_mixture_scores_are_those_of_scipys_normal_distribution(seed: int) -> None:
    z = two_peaks(np.random.default_rng(seed))
    scores, stds, distances = [], [], []
    for column in ((z - z.mean(0)) / z.std(0)).T:
        fit = GaussianMixture(2, random_state=0).fit(column[:, None])
        means, widths = fit.means_[:, 0], np.sqrt(fit.covariances_[:, 0, 0])
        density = fit.weights_ * np.exp(norm.logpdf(column[:, None], means, widths))
        scores.append(np.log(density.sum(1)).mean())
        stds.append(widths.mean())
        distances.append(abs(means[0] - means[1]) / widths.mean())
    assert mixture_scores(z) == pytest.approx((np.mean(scores), np.mean(stds), np.mean(distances), 0))


@pytest.mark.parametrize("seed", range(5))
def test_a_plain_em_finds_the_same_peaks(seed: int) -> None:
    z = two_peaks(np.random.default_rng(seed), P=1)
    x = ((z - z.mean(0)) / z.std(0))[:, 0]
    weights, means, widths = np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    for _ in range(100):
        shares = weights * norm.pdf(x[:, None], means, widths)
        shares /= shares.sum(1, keepdims=True)
        weights, means = shares.mean(0), shares.T @ x / shares.sum(0)
        widths = np.sqrt((shares * (x[:, None] - means) ** 2).sum(0) / shares.sum(0) + 1e-6)
    score = np.log((weights * norm.pdf(x[:, None], means, widths)).sum(1)).mean()
    expected = (score, widths.mean(), abs(means[0] - means[1]) / widths.mean(), 0)
    assert mixture_scores(z) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_mixture_ignores_order_scale_shift_signs_and_names_of_dimensions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = two_peaks(rng)
    other = (z * rng.choice([-1, 1], 3) * 1e-9 - 4e-9)[rng.permutation(len(z))][:, rng.permutation(3)]
    assert mixture_scores(other) == pytest.approx(mixture_scores(z), rel=1e-4)
    assert mixture_scores(z) == mixture_scores(z)


@pytest.mark.parametrize(
    ("z", "expected"),
    [([[1.0], [np.nan]], "NaN"), ([[1.0], [np.inf]], "infinity"), ([1.0, 2.0], "shape"), ([[1.0]], "at least 2")],
)
def test_bad_latents_for_the_mixture_get_one_sentence(z: object, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        mixture_scores(z)


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
