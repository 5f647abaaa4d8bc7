import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from binenc_kit.errors import KitError
from binenc_kit.measures.information import code_information, latent_information

pytestmark = pytest.mark.filterwarnings("error")
CORNERS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])


def test_a_perfect_code_of_two_bits_by_hand() -> None:
    labels = np.arange(40) % 4
    assert code_information(CORNERS[labels], labels) == (2, 2, 2, 0, 0, 2)
    unused = np.column_stack([CORNERS[labels], np.ones(40)])  # a third bit that is always 1
    assert code_information(unused, labels) == (2, 2, 2, 0, 0, 2)


def test_a_constant_code_tells_nothing() -> None:
    assert code_information(np.ones((8, 3)), np.arange(8) % 4) == (0, 2, 0, 2, 0, 0)


def test_a_random_bit_is_noise() -> None:
    # the first bit is the class, the second is a coin: H(code) = 2, of which 1 bit is noise
    z = CORNERS[[0, 1, 2, 3]]
    assert code_information(z, [0, 0, 1, 1]) == (2, 1, 1, 0, 1, 1)


def test_a_bit_that_is_wrong_in_a_quarter_by_hand() -> None:
    left = 0.25 * 2 + 0.75 * math.log2(4 / 3)  # entropy of a coin of 1 in 4
    z = [[1.0], [1.0], [1.0], [-1.0], [-1.0], [-1.0], [-1.0], [1.0]]
    assert code_information(z, np.repeat([0, 1], 4)) == pytest.approx((1, 1, 1 - left, left, left, 1))


latents = arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.floats(-5, 5))


@given(z=latents, seed=st.integers(0, 1000))
def test_the_information_is_sklearns_and_within_its_bounds(z: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, len(z))
    found = code_information(z, labels)
    names = ["".join(str(int(bit)) for bit in row > 0) for row in z]
    assert found.information == pytest.approx(mutual_info_score(labels, names) / math.log(2), abs=1e-9)
    assert found.code_entropy == pytest.approx(mutual_info_score(names, names) / math.log(2), abs=1e-9)
    assert 0 <= found.information <= min(found.code_entropy, found.label_entropy) + 1e-9
    assert found.information + found.conditional_entropy == pytest.approx(found.label_entropy)
    assert found.information + found.noise == pytest.approx(found.code_entropy)
    assert 0 <= found.bits_used <= z.shape[1]


@given(z=latents, seed=st.integers(0, 1000))
def test_order_signs_scale_and_the_names_of_bits_and_classes_do_not_matter(z: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, len(z))
    z[np.abs(z) < 1e-3] = 0.5  # a value at zero has no opposite bit
    order, bits, signs = rng.permutation(len(z)), rng.permutation(z.shape[1]), rng.choice([-1, 1], z.shape[1])
    other, renamed = (z * signs * 7.0)[order][:, bits], 9 - labels[order]
    # bits_used is left out: a tie for a class's most common code is broken by the order of the bits
    assert code_information(other, renamed)[:5] == pytest.approx(code_information(z, labels)[:5])
    expected = latent_information(z, labels)
    assert latent_information(other, renamed) == pytest.approx(expected, nan_ok=True)
    assert math.isnan(expected) or 0 <= expected <= math.log2(3) + 1e-9


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize("gap", [0.0, 0.5, 1.5])
def test_one_dimension_is_sklearns_estimate(gap: float, k: int) -> None:
    rng = np.random.default_rng(k)
    labels = rng.integers(0, 3, 300)
    labels[0] = 7  # alone in its class: both leave it out
    z = rng.normal(size=(300, 1)) + gap * labels[:, None]
    expected = mutual_info_classif(z, labels, discrete_features=False, n_neighbors=k, random_state=0)[0]
    assert latent_information(z, labels, k) == pytest.approx(expected / math.log(2), abs=1e-6)


def test_a_gaussian_channel_gives_its_known_information() -> None:
    # two classes at -1 and +1 in unit noise share 0.486 bits (by quadrature); idle dimensions add nothing but bias
    rng = np.random.default_rng(0)
    labels = np.arange(3000) % 2
    z = rng.normal(size=(3000, 1)) + 2 * labels[:, None] - 1
    x = np.linspace(-9, 9, 20_001)
    density = np.exp(-((x[:, None] - [-1, 1]) ** 2) / 2) / math.sqrt(2 * math.pi)
    mixed = density.mean(1)
    exact = (density * np.log2(density / mixed[:, None])).mean(1).sum() * (x[1] - x[0])
    assert exact == pytest.approx(0.486, abs=1e-3)
    assert latent_information(z, labels) == pytest.approx(exact, abs=0.03)


@pytest.mark.parametrize("scale", [1e-30, 1.0])
@pytest.mark.parametrize("C", [2, 4, 16])
def test_collapsed_classes_carry_all_of_the_label(C: int, scale: float) -> None:
    labels = np.arange(20 * C) % C
    centres = np.random.default_rng(0).normal(size=(C, 8)) * scale
    assert latent_information(centres[labels], labels) == pytest.approx(math.log2(C))
    shared = centres[labels // 2]  # two classes to a point: one bit less
    assert latent_information(shared, labels) == pytest.approx(math.log2(C) - 1, abs=0.04)
    noisy = centres[labels] + np.random.default_rng(1).normal(size=(20 * C, 8)) * scale * 1e-5
    assert latent_information(noisy, labels) == pytest.approx(math.log2(C))


def test_equal_latents_and_single_classes() -> None:
    assert latent_information(np.ones((12, 3)), np.arange(12) % 3) == 0
    assert latent_information(np.random.default_rng(0).normal(size=(9, 2)), np.zeros(9, int)) == 0
    assert math.isnan(latent_information([[1.0], [2.0]], [0, 1]))
    assert latent_information([[1.0], [2.0]], [5, 5]) == 0
    assert latent_information([[1.0], [1.1], [5.0], [5.2]], [0, 0, 1, 1], k=50) == 1
    assert code_information([[1.0], [2.0]], [0, 1]) == (0, 1, 0, 1, 0, 0)
    assert code_information([[1.0]], [0]) == (0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("z", "labels", "expected"),
    [([[1.0], [np.nan]], [0, 1], "NaN"), ([1.0, 2.0], [0, 1], "shape"), ([[1.0]], [0.5], "whole numbers")],
)
def test_bad_latents_get_one_sentence(z: object, labels: object, expected: str) -> None:
    for measure in (code_information, latent_information):
        with pytest.raises(KitError, match=expected):
            measure(z, labels)


@pytest.mark.parametrize("k", [0, -1, 2.0])
def test_a_count_of_neighbours_that_is_none_gets_one_sentence(k: object) -> None:
    with pytest.raises(KitError, match="k is"):
        latent_information([[1.0], [2.0]], [0, 0], k)
