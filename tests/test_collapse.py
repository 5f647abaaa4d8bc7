import math
from itertools import combinations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from binenc_kit.errors import KitError
from binenc_kit.measures.collapse import Collapse, collapse

pytestmark = pytest.mark.filterwarnings("error")
SIMPLEX = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])  # every second vertex of a cube
SHAPES = ("nc2_equinorm", "nc2_equiangular", "nc2_max_angle", "etf_error")
seeds = st.integers(0, 10_000)


def random_case(seed: int, P: int = 3, C: int = 4, n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Latents in unequal classes of two samples or more, the labels with gaps."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(C), np.arange(C), rng.integers(0, C, n - 2 * C)]) * 2 + 1
    return rng.normal(size=(n, P)) + rng.normal(size=(2 * C, P))[labels], labels


def approximately(expected: Collapse, **tolerances: float) -> dict:
    return pytest.approx(expected._asdict(), nan_ok=True, **(tolerances or {"rel": 1e-6, "abs": 1e-7}))


def test_four_points_by_hand() -> None:
    # class means (1, 0) and (-1, 0), each sample 1 away from its own in y
    z = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    assert collapse(z, [0, 0, 1, 1]).sigma_w == 0.5
    assert collapse(z, [0, 0, 1, 1]).sigma_w_relative == 1.0


def test_all_measures_of_four_points_by_hand() -> None:
    z, labels = [[1, 1], [1, -1], [-1, 1], [-1, -1]], [0, 0, 1, 1]
    weight, bias = [[3, 0], [-3, 0]], [0, 0]
    # the spread is in y, where the means do not differ: nc1 is 0; the pair is 2 apart, so cdnv = (1 + 1) / (2 * 4);
    # two points are a simplex of one edge, and the classifier has its shape
    expected = Collapse(0.5, 1.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert collapse(z, labels, weight, bias)._asdict() == approximately(expected, abs=1e-15)
    # in x instead: Sigma_W and Sigma_B are both 1 there, over C = 2
    assert collapse([[2, 0], [0, 0], [-2, 0], [0, 0]], labels).nc1 == pytest.approx(0.5)


def test_the_classifier_by_hand() -> None:
    z, labels = [[2.0], [1.0], [-1.0], [-2.0]], [0, 0, 1, 1]
    assert collapse(z, labels, [[1], [-1]]).nc4 == 0
    assert collapse(z, labels, [[1], [-1]], [-3, 0]).nc4 == 0.25  # the border is now at 1.5: 1 goes to class 1
    assert collapse(z, labels, [[1], [-1], [9]]).nc4 == 0.5  # row 2 has no samples, and wins on the right
    assert collapse(z, labels, [[-1], [1]]).nc3 == pytest.approx(4)  # the opposite unit vector: distance 2, squared
    assert math.isnan(collapse(z, labels).nc3)
    assert math.isnan(collapse(z, labels).nc4)


def test_full_collapse_is_zero_and_equal_means_are_infinite() -> None:
    assert collapse([[2.0], [2.0], [-1.0]], [0, 0, 1]).sigma_w == 0
    assert collapse([[2.0], [2.0], [-1.0]], [0, 0, 1]).sigma_w_relative == 0
    assert collapse([[1.0], [-1.0], [1.0], [-1.0]], [0, 0, 1, 1]).sigma_w_relative == math.inf
    assert math.isnan(collapse([[3.0], [3.0], [3.0]], [0, 0, 1]).sigma_w_relative)
    assert math.isnan(collapse([[3.0], [4.0]], [0, 0]).sigma_w_relative)


@given(seed=seeds, P=st.integers(1, 5), n=st.integers(2, 40))
def test_the_traces_are_those_of_the_covariance_matrices(seed: int, P: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(n, P)), rng.integers(0, 4, n)
    classes = sorted(set(labels.tolist()))
    mean = np.mean([z[labels == label].mean(0) for label in classes], axis=0)
    within, between = np.zeros((P, P)), np.zeros((P, P))
    for label in classes:  # full matrices, with numpy's own covariance
        own = z[labels == label]
        within += len(own) / n * np.atleast_2d(np.cov(own.T, bias=True))
        between += np.outer(own.mean(0) - mean, own.mean(0) - mean) / len(classes)
    if np.trace(between) > 0:
        assert collapse(z, labels).sigma_w_relative == pytest.approx(np.trace(within) / np.trace(between))
    assert collapse(z, labels).sigma_w == pytest.approx(np.trace(within) / P)


def by_the_definitions(z: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray, mode: str) -> Collapse:
    """Everything again: covariance matrices from numpy, an inverse from scipy, and plain loops."""
    classes, P = sorted(set(labels.tolist())), z.shape[1]
    C, of_class = len(classes), [z[labels == label] for label in classes]
    mu = [own.mean(0) for own in of_class]
    center = z.mean(0) if mode == "paper" else np.mean(mu, axis=0)
    M = np.array([mean - center for mean in mu])
    if mode == "paper":
        within = np.mean([np.cov(own.T).reshape(P, P) for own in of_class], axis=0)
    else:
        within = sum(np.outer(x - mean, x - mean) for own, mean in zip(of_class, mu, strict=True) for x in own) / len(z)
    between = np.mean([np.outer(m, m) for m in M], axis=0)
    variances = [np.mean([(x - mean) @ (x - mean) for x in own]) for own, mean in zip(of_class, mu, strict=True)]
    pairs = list(combinations(range(C), 2))
    cosines = [M[a] @ M[b] / math.sqrt((M[a] @ M[a]) * (M[b] @ M[b])) for a, b in pairs]
    norms = [math.sqrt(m @ m) for m in M]
    gram, best = M @ M.T, np.eye(C) - np.ones((C, C)) / C
    rows, wrong = weight[classes], 0
    for x in z:
        nearest = min(range(C), key=lambda c: ((x - mu[c]) ** 2).sum())
        wrong += int(np.argmax(weight @ x + bias)) != classes[nearest]
    return Collapse(
        within.mean() if mode == "paper" else np.trace(within) / P,
        np.trace(within) / np.trace(between),
        np.trace(within @ scipy.linalg.pinv(between)) / C,
        np.mean([(variances[a] + variances[b]) / 2 / ((mu[a] - mu[b]) ** 2).sum() for a, b in pairs]),
        np.std(norms) / np.mean(norms),
        np.std(cosines),
        np.mean([abs(cosine + 1 / (C - 1)) for cosine in cosines]),
        math.sqrt(((gram / np.linalg.norm(gram) - best / np.linalg.norm(best)) ** 2).sum()),
        math.sqrt(2 - 2 * min(1, math.sqrt(P / (C - 1)))),
        ((rows / np.linalg.norm(rows) - M / np.linalg.norm(M)) ** 2).sum(),
        wrong / len(z),
    )


@given(seed=seeds, P=st.integers(1, 5), C=st.integers(2, 6), mode=st.sampled_from(["strict", "paper"]))
def test_the_measures_are_those_of_the_definitions(seed: int, P: int, C: int, mode: str) -> None:
    z, labels = random_case(seed, P, C)
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(2 * C + 1, P)), rng.normal(size=2 * C + 1)
    expected = by_the_definitions(z, labels, weight, bias, mode)
    assert collapse(z, labels, weight, bias, mode)._asdict() == approximately(expected)


def test_the_single_measures_agree_with_the_whole() -> None:
    z, labels = random_case(1)
    found = collapse(z, labels)
    assert (found.sigma_w, found.sigma_w_relative) == (
        collapse(z, labels).sigma_w,
        collapse(z, labels).sigma_w_relative,
    )


def test_the_paper_means_entries_where_strict_takes_the_trace() -> None:
    # one class varies along (1, 1), the other along (1, -1): the mixed entries cancel between the classes ...
    z = np.array([[1.0, 1], [-1, -1], [9, -1], [7, 1]])
    strict, paper = collapse(z, [0, 0, 1, 1]), collapse(z, [0, 0, 1, 1], mode="paper")
    assert strict.sigma_w == 1  # ... and the diagonal is 1, over n; 2 over n - 1
    assert paper.sigma_w == (2 + 2 + 0 + 0) / 4
    # along (1, -1) alone the entries cancel within the class: the paper's number is 0 though nothing has collapsed
    z = np.array([[1.0, -1], [-1, 1], [9, -1], [7, 1]])
    assert collapse(z, [0, 0, 1, 1]).sigma_w == 1
    assert collapse(z, [0, 0, 1, 1], mode="paper").sigma_w == 0


def test_a_perfect_simplex_of_unequal_classes() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2, 3])
    found = collapse(7 + SIMPLEX[labels], labels, 5 * SIMPLEX, -35 * SIMPLEX.sum(axis=1))
    assert found._asdict() == approximately(Collapse(*[0.0] * 11), abs=1e-14)
    paper = collapse(7 + SIMPLEX[labels], labels, mode="paper")  # its mean of all samples is off the centre
    assert min(getattr(paper, name) for name in SHAPES) > 0.01


def test_a_hypercube_is_no_simplex() -> None:
    vertices = np.array([[1 if number >> bit & 1 else -1 for bit in range(4)] for number in range(10)])
    found = collapse(np.repeat(vertices, 3, axis=0), np.repeat(np.arange(10), 3))
    assert found.etf_floor == pytest.approx(math.sqrt(2 / 3))  # 2 - 2 sqrt(4 / 9)
    assert found.etf_error > found.etf_floor
    assert found.nc1 == found.cdnv == found.sigma_w_relative == 0


@given(seed=seeds, P=st.integers(1, 6), C=st.integers(2, 8))
def test_no_points_are_nearer_to_a_simplex_than_the_floor(seed: int, P: int, C: int) -> None:
    rng = np.random.default_rng(seed)
    directions = np.linalg.eigh(np.eye(C) - 1 / C)[1][:, ::-1][:, :P]
    best = np.pad(directions[:, : C - 1], ((0, 0), (0, max(0, P - C + 1))))
    floor = collapse(best, np.arange(C)).etf_floor
    assert collapse(best, np.arange(C)).etf_error == pytest.approx(floor, abs=1e-7)
    assert (floor > 0) == (P < C - 1)
    for size in (1e-3, 0.1, 10):  # near the best points, and far from them
        assert collapse(best + rng.normal(0, size, (C, P)), np.arange(C)).etf_error >= floor - 1e-12


@given(seed=seeds, exponent=st.integers(-9, 9))
def test_rotation_shift_scale_and_order_do_not_matter(seed: int, exponent: int) -> None:
    rng = np.random.default_rng(seed)
    z, labels = random_case(seed)
    weight = rng.normal(size=(8, 3))
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order, scale = rng.permutation(len(z)), 10.0**exponent
    found = collapse(z, labels, weight)
    turned = collapse((z @ rotation)[order], labels[order], weight @ rotation)
    assert turned._asdict() == approximately(found)
    scaled = collapse(scale * z, labels, weight)
    assert scaled.sigma_w == pytest.approx(scale**2 * found.sigma_w)
    assert scaled._replace(sigma_w=0)._asdict() == approximately(found._replace(sigma_w=0))
    assert collapse(z + 100 * rng.normal(size=3), labels)._asdict() == approximately(collapse(z, labels))


@given(seed=seeds)
def test_the_names_of_the_classes_do_not_matter(seed: int) -> None:
    z, labels = random_case(seed)
    assert collapse(z, 9 - labels)._asdict() == approximately(collapse(z, labels))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-24, 1e-9, 1e-6, 1e160, 1e300])
@pytest.mark.parametrize("mode", ["strict", "paper"])
def test_collapsed_and_huge_latents_keep_their_shape(scale: float, mode: str) -> None:
    z, labels = random_case(0)
    weight = np.random.default_rng(0).normal(size=(8, 3))
    expected, found = collapse(z, labels, weight, mode=mode), collapse(z * scale, labels, weight, mode=mode)
    assert found._replace(sigma_w=0)._asdict() == approximately(expected._replace(sigma_w=0))
    assert found.sigma_w == pytest.approx(expected.sigma_w * scale * scale)


def test_tiny_latents_in_float32_keep_their_relative_spread() -> None:
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(50, 2)), np.arange(50) % 5
    small = (z * 1e-24).astype(np.float32)  # squares vanish in float32
    assert collapse(small, labels).sigma_w_relative == pytest.approx(collapse(z, labels).sigma_w_relative, rel=1e-5)


def test_nearest_means_are_told_apart_far_from_the_origin() -> None:
    # a millionth apart around 1000: squares of 1e6 less each other could not tell 1e-12
    z = 1000 + 1e-6 * np.array([[0.0, 0], [0.4, 0], [1, 0], [0.8, 0]])
    weight = 1e6 * np.array([[0.0, 0], [1, 0]])
    assert collapse(z, [0, 0, 1, 1], weight, [0, -1e9 - 0.55]).nc4 == 0


def test_a_collapse_far_from_the_origin_keeps_its_shape() -> None:
    found = collapse(1 + SIMPLEX * 2.0**-46, np.arange(4))  # all that float64 can tell apart there
    assert found._asdict() == approximately(Collapse(*[0.0] * 9, math.nan, math.nan))


def test_all_latents_equal() -> None:
    found = collapse(np.full((6, 2), 0.1), [0, 0, 0, 1, 1, 2], np.ones((3, 2)))
    assert (found.sigma_w, found.etf_floor, found.nc4) == (0, 0, 0)
    rest = found._replace(sigma_w=math.nan, etf_floor=math.nan, nc4=math.nan)
    assert all(math.isnan(value) for value in rest)


def test_one_class() -> None:
    for mode in ("strict", "paper"):
        found = collapse([[0.1, 0.2], [0.3, 0.7], [0.2, 0.2]], [1, 1, 1], np.eye(2), mode=mode)
        assert found.sigma_w > 0
        assert found.nc4 == pytest.approx(1 / 3)  # the tie goes to row 0
        assert all(math.isnan(value) for value in found[1:-1])


def test_means_that_coincide() -> None:
    # the first two are 0.3 and 0.3, but for rounding
    z, labels = np.array([[0.1], [0.2], [0.6], [0.27], [0.33], [0.9]]), np.array([0, 0, 0, 1, 1, 2])
    assert collapse(z, labels).cdnv == math.inf
    assert collapse(z, labels).nc1 < 1
    assert math.isnan(collapse([[0.3], [0.3], [3.0]], [0, 1, 2]).cdnv)  # two points on each other
    both = collapse(z[:5], labels[:5], [[1], [2]])
    assert both.nc1 == both.cdnv == both.sigma_w_relative == math.inf
    assert all(math.isnan(getattr(both, name)) for name in (*SHAPES, "nc3"))
    assert math.isnan(collapse([[-1.0], [0.0], [1.0]], [0, 1, 2]).nc2_equiangular)  # a mean at the centre has no angle


def test_two_samples_and_singletons_are_points() -> None:
    found = collapse([[0.0, 1.0], [2.0, 1.0]], [3, 8])
    assert found._asdict() == approximately(Collapse(*[0.0] * 9, math.nan, math.nan))
    paper = collapse([[0.0], [2.0], [1.0], [1.5]], [3, 8, 3, 5], mode="paper")  # over n - 1 = 0
    assert [name for name, value in paper._asdict().items() if math.isnan(value)] == [
        "sigma_w", "sigma_w_relative", "nc1", "nc3", "nc4"
    ]  # fmt: skip
    assert paper.cdnv > 0


def test_each_sample_its_own_class() -> None:
    z = np.random.default_rng(0).normal(size=(5, 3))
    found = collapse(z, np.arange(5), z)
    assert found.sigma_w == found.nc1 == found.cdnv == 0
    assert 0 < found.etf_floor < found.etf_error


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"z": [[1.0], [np.nan]]}, "NaN"),
        ({"z": [1.0, 2.0]}, "shape"),
        ({"labels": [0.0, 1.0]}, "whole numbers"),
        ({"mode": "papre"}, "did you mean paper"),
        ({"weight": [[1.0, 2.0], [1.0, 2.0]]}, "do not fit latents of 1 dim"),
        ({"weight": [1.0, 2.0]}, "shape"),
        ({"weight": [[1.0], [np.inf]]}, "infinity"),
        ({"weight": [[1.0], [2.0]], "bias": [1.0]}, "do not fit"),
        ({"weight": [[1.0], [2.0]], "bias": [1.0, np.nan]}, "finite"),
        ({"weight": [[1.0]]}, "labels go from 0 to 1, but the classifier has rows 0 to 0"),
        ({"weight": [[1.0], [2.0]], "labels": [-1, 1]}, "labels go from -1"),
        ({"bias": [1.0, 2.0]}, "no weight"),
    ],
)
def test_bad_input_gets_one_sentence(settings: dict, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        collapse(**{"z": [[1.0], [2.0]], "labels": [0, 1]} | settings)
