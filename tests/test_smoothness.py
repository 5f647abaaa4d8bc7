import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from binenc_kit.errors import KitError
from binenc_kit.measures.smoothness import distance_margin, knn_entropy, margins, norm_variation

pytestmark = [pytest.mark.filterwarnings("error::RuntimeWarning"), pytest.mark.filterwarnings("error::UserWarning")]
seeds = st.integers(0, 10_000)


def test_a_linear_margins_gradient_is_the_difference_of_two_rows() -> None:
    weight = torch.tensor([[3.0, 4.0], [0.0, 0.0], [3.0, -8.0]])
    images = torch.tensor([[[[1.0, 1.0]]], [[[0.0, -1.0]]]])  # logits 7, 0, -5 and -4, 0, 8

    def norms_at(labels: list[int]) -> list[float]:
        return margins(lambda x: x.flatten(1) @ weight.T, images, torch.tensor(labels)).slopes.tolist()

    assert norms_at([0, 2]) == [5, pytest.approx(math.sqrt(73))]  # rivals 1 and 1
    assert norms_at([2, 0]) == [12, 12]  # of a wrong class: the rival is the predicted one
    two = margins(lambda x: x.flatten(1) @ weight[:2].T, images, torch.tensor([1, 1], dtype=torch.uint8)).slopes
    assert two.tolist() == [5, 5]
    assert two.dtype == np.float64


@pytest.mark.parametrize("latents", [False, True])
def test_margin_gradients_are_finite_differences(latents: bool) -> None:
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.SiLU(), nn.Flatten(), nn.Linear(16, 2)).double()
    classifier = nn.Linear(2, 4).double()
    images, labels = torch.rand(6, 1, 4, 4, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 0, 1])

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk, self.classifier = trunk, classifier

        def forward(self, x: torch.Tensor) -> tuple | torch.Tensor:
            z = self.trunk(x)
            return (self.classifier(z), z) if latents else self.classifier(z)

    network = Both().train()
    found = margins(network, images, labels, batch_size=4).slopes
    assert network.training
    assert trunk[1].training
    network.eval()

    def by_hand(x: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            logits = classifier(trunk(x)).numpy()
        own = logits[np.arange(6), labels]
        logits[np.arange(6), labels] = -np.inf
        return own - logits.max(1)

    squares = 0
    for pixel in range(16):
        step = torch.zeros(16, dtype=torch.float64)
        step[pixel] = 1e-6
        step = step.reshape(1, 1, 4, 4)
        squares += ((by_hand(images + step) - by_hand(images - step)) / 2e-6) ** 2
    assert found == pytest.approx(np.sqrt(squares), rel=1e-6)


def test_tiny_margin_gradients_do_not_vanish() -> None:
    weight = torch.tensor([[3e-30, 4e-30], [0.0, 0.0]])
    found = margins(lambda x: x.flatten(1) @ weight.T, torch.ones(1, 1, 1, 2), torch.tensor([0])).slopes
    assert found == pytest.approx([5e-30], rel=1e-6)


@pytest.mark.parametrize(
    ("images", "labels", "logits", "expected"),
    [
        (torch.zeros(1, 1, 2, 2, dtype=torch.uint8), [0], 0.0, "no pictures"),
        (torch.zeros(1, 2, 2), [0], 0.0, "no pictures"),
        (torch.zeros(2, 1, 2, 2), [0], 0.0, "one for each of the 2"),
        (torch.zeros(1, 1, 2, 2), [0.5], 0.0, "whole numbers"),
        (torch.zeros(1, 1, 2, 2), [0], torch.nan, "NaN or infinity"),
    ],
)
def test_bad_pictures_labels_and_networks_get_one_sentence(
    images: torch.Tensor, labels: list, logits: float, expected: str
) -> None:
    with pytest.raises(KitError, match=expected):
        margins(lambda x: torch.full((len(x), 2), logits), images, torch.tensor(labels))


@pytest.mark.parametrize("P", [1, 3])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_the_entropy_of_normal_latents(P: int, k: int) -> None:
    z = np.random.default_rng(0).normal(2.0, 0.3, (4000, P))
    assert knn_entropy(z, k) == pytest.approx(P / 2 * math.log(2 * math.pi * math.e * 0.3**2), abs=0.06 * P)


def test_the_entropy_of_a_unit_square_is_zero() -> None:
    assert knn_entropy(np.random.default_rng(0).random((5000, 2))) == pytest.approx(0, abs=0.05)


@given(seed=seeds, P=st.integers(1, 4), scale=st.floats(1e-6, 1e6))
def test_entropy_grows_with_the_log_of_the_scale_and_nothing_else(seed: int, P: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(30, P))
    rotation, _ = np.linalg.qr(rng.normal(size=(P, P)))
    moved = scale * (z @ rotation)[rng.permutation(30)] + 3 * scale
    assert knn_entropy(moved) == pytest.approx(knn_entropy(z) + P * math.log(scale), abs=1e-6)


def test_points_have_no_volume() -> None:
    z = np.random.default_rng(0).normal(size=(20, 2))
    z[:3] = z[0]
    assert math.isfinite(knn_entropy(z, 3))  # three coincide: the third neighbour is another
    z[3] = z[0]
    assert knn_entropy(z, 3) == -math.inf
    assert knn_entropy([[7, 7]] * 5) == -math.inf


@pytest.mark.parametrize(
    ("z", "k", "expected"),
    [
        ([[1.0], [2.0], [3.0]], 3, "at least 4 samples, there are 3"),
        ([[1.0], [math.nan], [3.0]], 1, "NaN"),
        ([1.0, 2.0, 3.0], 1, "shape"),
        (3.0, 1, "shape"),
        ([[1.0], [2.0]], 0, "k is 0"),
        ([[1.0], [2.0]], 1.5, "k is 1.5"),
    ],
)
def test_what_has_no_entropy_gets_one_sentence(z: list, k: int, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        knn_entropy(z, k)


def test_distance_margin_by_hand() -> None:
    # class means 0 and 10: samples 1 from their own and 11, 9, 9, 11 from the other
    assert distance_margin([[-1.0], [1], [9], [11]], [0, 0, 5, 5]) == 10
    # three classes, the nearest counts: means 0, 6 and 100
    assert distance_margin([[-1.0], [1], [6], [100]], [0, 0, 1, 2]) == math.inf
    assert distance_margin([[-1.0], [1], [1], [-1]], [0, 0, 1, 1]) == 1  # both means at 0


@given(seed=seeds, P=st.integers(1, 4), exponent=st.integers(-6, 6))
def test_distance_margin_is_that_of_the_definition_at_any_scale(seed: int, P: int, exponent: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.append([0, 1, 2, 0, 1, 2], rng.integers(0, 3, 12))
    z = rng.normal(size=(18, P)) + 2 * rng.normal(size=(3, P))[labels]
    ratios = []
    for x, label in zip(z, labels, strict=True):
        distances = {c: math.dist(x, z[labels == c].mean(0)) for c in range(3)}
        own = distances.pop(label)
        ratios.append(min(distances.values()) / own)
    rotation, _ = np.linalg.qr(rng.normal(size=(P, P)))
    order = rng.permutation(18)
    moved = 10.0**exponent * (1 + (z @ rotation)[order])
    assert distance_margin(moved, 9 - 2 * labels[order]) == pytest.approx(np.median(ratios))


def test_distance_margin_of_points() -> None:
    points = np.repeat([[0.1, 0.3], [0.7, 0.2]], [3, 4], axis=0)  # sums of three 0.1 are not 0.3
    assert distance_margin(points, [0, 0, 0, 1, 1, 1, 1]) == math.inf
    assert math.isnan(distance_margin(np.full((7, 2), 0.1), [0, 0, 0, 1, 1, 1, 1]))
    assert math.isnan(distance_margin([[1.0], [2.0]], [3, 3]))
    assert distance_margin([[1.0], [2.0]], [3, 4]) == math.inf
    with pytest.raises(KitError, match="NaN"):
        distance_margin([[math.nan], [2.0]], [3, 4])
    with pytest.raises(KitError, match="whole numbers"):
        distance_margin([[1.0], [2.0]], [3.0, 4.0])


def test_norm_variation_by_hand() -> None:
    assert norm_variation([[3.0, 4], [0, 15]]) == 0.5  # 5 and 15
    assert norm_variation([[3, 4], [0, -5], [5, 0]]) == 0
    assert norm_variation([[2.0], [-2.0]]) == 0
    assert norm_variation([[2.0, 1.0]]) == 0
    assert math.isnan(norm_variation([[0.0, 0.0], [0.0, 0.0]]))
    for bad in ([[math.inf]], [1.0, 2.0]):
        with pytest.raises(KitError, match="latents"):
            norm_variation(bad)


@given(seed=seeds, P=st.integers(1, 4), exponent=st.integers(-9, 9))
def test_rotation_scale_and_order_leave_the_norms_variation(seed: int, P: int, exponent: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(12, P)).astype(np.float32)
    rotation, _ = np.linalg.qr(rng.normal(size=(P, P)))
    moved = 10.0**exponent * (z @ rotation)[rng.permutation(12)]
    assert norm_variation(moved) == pytest.approx(norm_variation(z), rel=1e-5)


def test_the_margin_over_its_slope_is_the_distance_to_a_straight_border_whatever_the_scale() -> None:
    weight = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    images = torch.tensor([[4.0, 1.0], [0.0, 3.0]]).reshape(2, 1, 1, 2)
    for scale in (1.0, 1e-6, 1e6):
        found = margins(lambda x, scale=scale: scale * x.flatten(1) @ weight.T, images, torch.tensor([0, 0]))
        assert found.values / found.slopes == pytest.approx([3 / math.sqrt(2), -3 / math.sqrt(2)], rel=1e-5)
        assert found.values == pytest.approx([3 * scale, -3 * scale], rel=1e-5)
