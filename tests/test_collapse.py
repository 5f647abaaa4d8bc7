import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binenc_kit.measures.collapse import sigma_w, sigma_w_relative, traces


def test_four_points_by_hand() -> None:
    # class means (1, 0) and (-1, 0), each sample 1 away from its own in y
    z = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    assert traces(z, [0, 0, 1, 1]) == (1.0, 1.0)
    assert sigma_w(z, [0, 0, 1, 1]) == 0.5
    assert sigma_w_relative(z, [0, 0, 1, 1]) == 1.0


def test_full_collapse_is_zero_and_equal_means_are_infinite() -> None:
    assert sigma_w([[2.0], [2.0], [-1.0]], [0, 0, 1]) == 0
    assert sigma_w_relative([[2.0], [2.0], [-1.0]], [0, 0, 1]) == 0
    assert sigma_w_relative([[1.0], [-1.0], [1.0], [-1.0]], [0, 0, 1, 1]) == math.inf
    assert math.isnan(sigma_w_relative([[3.0], [3.0], [3.0]], [0, 0, 1]))


@given(seed=st.integers(0, 10_000), P=st.integers(1, 5), n=st.integers(2, 40))
def test_the_traces_are_those_of_the_covariance_matrices(seed: int, P: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(n, P)), rng.integers(0, 4, n)
    within, mean = np.zeros((P, P)), z.mean(0)
    between = np.zeros((P, P))
    classes = sorted(set(labels.tolist()))
    for label in classes:  # full matrices, with numpy's own covariance
        own = z[labels == label]
        within += len(own) / n * np.atleast_2d(np.cov(own.T, bias=True))
        between += np.outer(own.mean(0) - mean, own.mean(0) - mean) / len(classes)
    assert traces(z, labels) == (pytest.approx(np.trace(within)), pytest.approx(np.trace(between)))
    assert sigma_w(z, labels) == pytest.approx(np.trace(within) / P)


@given(seed=st.integers(0, 10_000))
def test_rotation_shift_and_order_do_not_matter_and_scale_only_to_the_absolute(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(20, 3)), rng.integers(0, 4, 20)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(20)
    moved = (5 * z @ rotation + 2)[order]
    assert sigma_w(moved, labels[order]) == pytest.approx(25 * sigma_w(z, labels))
    assert sigma_w_relative(moved, labels[order]) == pytest.approx(sigma_w_relative(z, labels))


def test_tiny_latents_in_float32_keep_their_relative_spread() -> None:
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(50, 2)), np.arange(50) % 5
    small = (z * 1e-24).astype(np.float32)  # squares vanish in float32
    assert sigma_w_relative(small, labels) == pytest.approx(sigma_w_relative(z, labels), rel=1e-5)
