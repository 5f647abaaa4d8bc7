import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture

from binenc_kit.errors import KitError
from binenc_kit.measures.reliability import (
    auroc,
    energy,
    knn_distance,
    mahalanobis_auroc,
    mahalanobis_distances,
    softmax_uncertainty,
)

pytestmark = pytest.mark.filterwarnings("error")
Problem = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def problem(seed: int = 0, n: int = 240, P: int = 3, C: int = 3) -> Problem:
    """Train and test latents, labels and predictions; predictions are those of the nearest noisy centre."""
    rng = np.random.default_rng(seed)
    centres, mixing = rng.normal(size=(C, P)), rng.normal(size=(P, P))
    parts = []
    for _ in range(2):
        labels = rng.integers(0, C, n)
        z = centres[labels] + 0.5 * rng.normal(size=(n, P)) @ mixing
        predicted = ((z[:, None] - centres) ** 2).sum(2).argmin(1)
        parts += [z, labels, predicted]
    return tuple(parts)


def distances_of(p: Problem, mode: str = "strict") -> tuple[np.ndarray, int]:
    return mahalanobis_distances(*p[:4], p[5], mode)


def test_auroc_by_hand() -> None:
    # the wrong ones, 2 and 3, against the right ones, 1 and 2: won, tied, won, won
    assert auroc([1, 2, 2, 3], np.array([False, False, True, True])) == 3.5 / 4
    assert auroc([0, math.inf, math.inf, -math.inf], np.array([False, True, False, False])) == 2.5 / 3


@given(values=st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=50))
def test_auroc_is_sklearns_with_ties(values: list) -> None:
    uncertainty, wrong = np.array([v for v, _ in values]), np.array([w for _, w in values])
    if wrong.all() or not wrong.any():
        assert math.isnan(auroc(uncertainty, wrong))
        assert math.isnan(auroc(uncertainty, wrong, "paper"))
        return
    found = auroc(uncertainty, wrong)
    assert found == pytest.approx(roc_auc_score(wrong, uncertainty))
    assert auroc(np.exp(3.0 * uncertainty) + 7, wrong) == pytest.approx(found)
    order = np.random.default_rng(0).permutation(len(wrong))
    assert auroc(uncertainty[order], wrong[order]) == pytest.approx(found)
    assert auroc(uncertainty, ~wrong) == pytest.approx(1 - found)


def test_perfect_separation_is_1_and_in_the_papers_sum_more() -> None:
    uncertainty, wrong = np.arange(100.0), np.arange(100) >= 60
    assert auroc(uncertainty, wrong) == 1
    assert auroc(uncertainty, wrong, "paper") == pytest.approx(1.01)
    assert auroc(-uncertainty, wrong, "paper") == 0
    assert auroc(np.ones(100), wrong, "paper") == 0  # its ties count nothing


@pytest.mark.parametrize(
    ("uncertainty", "wrong", "mode", "expected"),
    [
        ([1.0, math.nan], [True, False], "strict", "NaN"),
        ([1.0, math.inf], [True, False], "paper", "infinity"),
        ([1.0], [True, False], "strict", "do not fit"),
        ([1.0, 2.0], [1, 0], "strict", "True or False"),
        ([1.0, 2.0], [True, False], "loose", "strict, paper"),
    ],
)
def test_bad_uncertainties_get_one_sentence(uncertainty: list, wrong: list, mode: str, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        auroc(uncertainty, wrong, mode)


def test_distances_by_hand() -> None:
    # classes at -2 and 2, each of variance 1 and without shrinkage in one dimension: 0, 2 and 3 std away
    train, labels = [[-1.0], [-3.0], [1.0], [3.0]], np.array([0, 0, 1, 1])
    distances, rank = mahalanobis_distances(train, labels, labels, [[-2.0], [0.0], [5.0]], [0, 0, 1])
    assert distances == pytest.approx([0, 2, 3])
    assert rank == 1
    # three samples of variance 2/3 in a train set of variance 14/3; the paper adds 1e-6 after standardising
    train, labels = [[-1.0], [-3.0], [-2.0], [1.0], [3.0], [2.0]], np.repeat([0, 1], 3)
    distances, _ = mahalanobis_distances(train, labels, labels, [[-2.0], [0.0]], [0, 0], "paper")
    assert distances == pytest.approx([0, 2 / math.sqrt(2 / 3 + 14 / 3 * 1e-6)], rel=1e-12)


@pytest.mark.parametrize("P", [1, 3, 6])
def test_strict_distances_are_those_of_a_loop_over_samples(P: int) -> None:
    p = problem(P=P)
    train_z, labels, predicted, test_z, _, test_predicted = p
    mean, std = train_z.mean(0), train_z.std(0)
    expected, ranks = [], []
    for z, label in zip((test_z - mean) / std, test_predicted, strict=True):
        own = ((train_z - mean) / std)[(labels == label) & (predicted == label)]
        fit = LedoitWolf().fit(own)
        expected.append(mahalanobis(z, fit.location_, np.linalg.inv(fit.covariance_)))
        ranks.append(np.linalg.matrix_rank(own - own.mean(0)))
    distances, rank = distances_of(p)
    assert distances == pytest.approx(np.array(expected), rel=1e-6)
    assert rank == min(ranks) == P


def as_the_authors_do(p: Problem) -> float:
    """Their recipe, a class and a sample at a time."""
    train_z, labels, predicted, test_z, test_labels, test_predicted = p
    mean, std = train_z.mean(0), train_z.std(0)
    right_scores, wrong_scores = [], []
    for label in np.unique(labels):
        own = ((train_z - mean) / std)[(predicted == label) & (labels == label)]
        if len(own) <= 2:
            continue
        fit = GaussianMixture(1).fit(own)
        inverse = np.linalg.inv(fit.covariances_[0])
        for scores, is_right in ((right_scores, True), (wrong_scores, False)):
            group = ((test_z - mean) / std)[(test_predicted == label) & ((test_labels == label) == is_right)]
            if len(group) > 2:
                scores += [mahalanobis(z, fit.means_[0], inverse) for z in group]
    nodes = np.arange(0, 1.01, 0.01)
    return sum(0.01 * np.mean(np.array(right_scores) < np.quantile(wrong_scores, x)) for x in nodes)


@pytest.mark.parametrize(("seed", "n", "C"), [(0, 240, 3), (1, 240, 3), (2, 90, 6), (3, 60, 8), (4, 60, 8)])
def test_the_papers_mode_is_the_authors_recipe(seed: int, n: int, C: int) -> None:
    p = problem(seed, n=n, C=C)
    assert mahalanobis_auroc(*p, mode="paper").auroc == pytest.approx(as_the_authors_do(p), abs=1e-9)


def test_the_papers_mode_leaves_small_groups_out() -> None:
    p = problem(3, n=60, C=8)
    wrong = p[4] != p[5]
    sizes = [((p[5] == c) & (wrong == w)).sum() for c in range(8) for w in (True, False)]
    assert any(0 < size <= 2 for size in sizes)  # or the test above would not try the rule
    few = np.zeros(60, bool)
    for c in range(8):
        for w in (True, False):
            few |= (p[5] == c) & (wrong == w) & (((p[5] == c) & (wrong == w)).sum() <= 2)
    kept = ~few & ~np.isnan(distances_of(p, "paper")[0])
    expected = auroc(distances_of(p, "paper")[0][kept], wrong[kept], "paper")
    assert mahalanobis_auroc(*p, mode="paper").auroc == expected


@given(seed=st.integers(0, 100))
def test_order_shift_scale_and_names_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = problem(seed, n=60)
    train, test, bits = rng.permutation(60), rng.permutation(60), rng.permutation(3)
    scale, shift = 10.0 ** rng.uniform(-9, 9, 3) * rng.choice([-1, 1], 3), rng.normal(size=3)

    def move(z: np.ndarray) -> np.ndarray:
        return ((z + shift) * scale)[:, bits]

    other = (move(p[0])[train], 9 - p[1][train], 9 - p[2][train], move(p[3])[test], 9 - p[4][test], 9 - p[5][test])
    for mode in ("strict", "paper"):
        distances, rank = distances_of(p, mode)
        moved, rank_moved = distances_of(other, mode)
        assert moved == pytest.approx(distances[test], rel=1e-6, nan_ok=True)
        assert rank_moved == rank
    found = mahalanobis_auroc(*p)
    assert mahalanobis_auroc(*other) == pytest.approx(found, nan_ok=True)


def collapsed(seed: int = 0, n: int = 2000) -> Problem:
    """Two classes at +-1e-9 with relative spread 1e-5 along y and 1e-6 along x; the wrong ones are off along x."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2

    def draw(offset: np.ndarray) -> np.ndarray:
        spread = rng.normal(size=(n, 2)) * [1e-6, 1e-5] + np.outer(offset, [5e-6, 0])
        centres = np.array([[1.0, 1.0], [-1.0, -1.0]])[labels]
        return ((centres + spread) * 1e-9).astype(np.float32)

    wrong = rng.random(n) < 0.1
    return draw(np.zeros(n)), labels, labels, draw(wrong), np.where(wrong, 1 - labels, labels), labels


def test_strict_still_separates_where_the_papers_constant_dominates() -> None:
    strict, paper = mahalanobis_auroc(*collapsed()), mahalanobis_auroc(*collapsed(), mode="paper")
    assert strict.auroc > 0.98
    assert paper.auroc < 0.8
    assert strict.rank == paper.rank == 2
    distances, _ = distances_of(collapsed(), "paper")
    assert distances.max() < 0.1  # nobody is far away: the constant is all the spread there is


def test_classes_shrunk_to_points_have_rank_0_and_finite_distances() -> None:
    labels = np.arange(20) % 2
    z = np.array([[1.0, 2.0], [-1.0, 0.5]], dtype=np.float32)[labels]
    distances, rank = mahalanobis_distances(z, labels, labels, z, labels)
    assert rank == 0
    assert (distances < 1).all()
    near = z * np.float32(1 + 2**-23)  # one step of float32 is no distance to speak of
    assert (mahalanobis_distances(z, labels, labels, near, labels)[0] < 5).all()
    assert mahalanobis_distances(z, labels, labels, z * 1.01, labels)[0].min() > 1e4


def test_a_flat_class_has_its_rank_reported() -> None:
    train_z, labels, predicted, *test = problem(P=3)
    flat = train_z.copy()
    flat[labels == 1, 2] = flat[labels == 1, 0] + flat[labels == 1, 1]
    assert mahalanobis_auroc(flat, labels, predicted, *test).rank == 2


def test_dead_dimensions_change_nothing() -> None:
    p = problem()
    dead = list(p)
    dead[0], dead[3] = (np.column_stack([p[i], np.full(len(p[i]), 0.1)]) for i in (0, 3))
    for mode in ("strict", "paper"):
        assert np.isfinite(distances_of(tuple(dead), mode)[0]).all()
    assert distances_of(tuple(dead), "paper")[0] == pytest.approx(distances_of(p, "paper")[0])
    assert distances_of(tuple(dead))[1] == 3


def test_a_class_that_is_never_right_is_infinitely_far_or_left_out() -> None:
    p = list(problem())
    p[2] = np.where((p[1] == 2) & (p[2] == 2), 0, p[2])
    strict, paper = distances_of(tuple(p))[0], distances_of(tuple(p), "paper")[0]
    assert (np.isinf(strict) == (p[5] == 2)).all()
    assert (np.isnan(paper) == (p[5] == 2)).all()
    assert 0 <= mahalanobis_auroc(*p).auroc <= 1
    assert 0 <= mahalanobis_auroc(*p, mode="paper").auroc <= 1.01
    p[2] = (p[1] + 1) % 3
    assert distances_of(tuple(p))[1] == 0
    assert mahalanobis_auroc(*p).auroc == 0.5  # all equally lost
    assert math.isnan(mahalanobis_auroc(*p, mode="paper").auroc)


def test_without_wrong_predictions_there_is_nothing_to_find() -> None:
    p = list(problem())
    p[4] = p[5]
    assert math.isnan(mahalanobis_auroc(*p).auroc)
    assert math.isnan(mahalanobis_auroc(*p, mode="paper").auroc)


def test_two_samples() -> None:
    distances, rank = mahalanobis_distances([[1.0, 0.0], [2.0, 1.0]], [0, 0], [0, 0], [[1.5, 0.5]], [0])
    assert distances == pytest.approx([0], abs=1e-6)
    assert rank == 1
    distances, rank = mahalanobis_distances([[1.0, 0.0], [2.0, 1.0]], [0, 0], [0, 0], [[1.5, 0.5]], [0], "paper")
    assert np.isnan(distances).all()
    assert rank == 0
    distances, rank = mahalanobis_distances([[1.0], [2.0]], [0, 1], [0, 1], [[1.5]], [0])
    assert distances.tolist() == [math.inf]
    assert rank == 0


def test_many_samples_are_no_wait() -> None:
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(10_000, 64)).astype(np.float32), np.arange(10_000) % 10
    start = time.perf_counter()
    mahalanobis_distances(z, labels, labels, z, labels)
    assert time.perf_counter() - start < 2  # measured: 0.02 s


@pytest.mark.parametrize(
    ("index", "value", "expected"),
    [
        (0, [[math.nan], [1.0]], "NaN"),
        (3, [[math.nan], [1.0]], "NaN"),
        (0, [1.0, 2.0], "shape"),
        (1, [0], "shape"),
        (2, [0.0, 1.0], "whole numbers"),
        (3, [[1.0, 1.0], [1.0, 1.0]], "dimensions"),
        (4, [0, 1, 1], "shape"),
        (5, [0], "predictions"),
    ],
)
def test_bad_arrays_get_one_sentence(index: int, value: object, expected: str) -> None:
    arrays = [[[1.0], [2.0]], [0, 1], [0, 1], [[1.0], [2.0]], [0, 1], [0, 1]]
    arrays[index] = value
    with pytest.raises(KitError, match=expected):
        mahalanobis_auroc(*arrays)


def test_softmax_and_energy_by_hand() -> None:
    logits = np.array([[0.0, 0.0], [math.log(3), 0.0]])
    assert softmax_uncertainty(logits) == pytest.approx([math.log(2), math.log(4 / 3)])
    assert energy(logits) == pytest.approx([-math.log(2), -math.log(4)])
    assert softmax_uncertainty([[5.0]]).tolist() == [0]


@given(seed=st.integers(0, 1000), C=st.integers(1, 6))
def test_softmax_ranks_as_one_minus_the_largest_probability(seed: int, C: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(20, C)) * 3
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.exp(-softmax_uncertainty(logits)) == pytest.approx(probabilities.max(1))
    assert softmax_uncertainty(logits + 100) == pytest.approx(softmax_uncertainty(logits))
    assert energy(logits + 100) == pytest.approx(energy(logits) - 100)
    assert energy(logits) == pytest.approx(-np.log(np.exp(logits).sum(1)))


def test_extremely_sure_predictions_still_rank() -> None:
    gaps = np.array([30.0, 50, 100, 600, 690], dtype=np.float32)
    logits = np.column_stack([np.zeros(5, np.float32), gaps])
    assert softmax_uncertainty(logits) == pytest.approx(np.exp(-gaps.astype(np.float64)), rel=1e-12)
    assert (np.diff(softmax_uncertainty(logits)) < 0).all()
    assert softmax_uncertainty([[1e30, -1e30]]).tolist() == [0]


def test_neighbours_by_hand() -> None:
    # directions: right, up, left; the zero latent has none
    train = [[2.0, 0.0], [0.0, 1e-30], [-3.0, 0.0]]
    test = [[1e-9, 0.0], [0.0, 0.0]]
    assert knn_distance(train, test, k=1) == pytest.approx([0, 1])
    assert knn_distance(train, test, k=2) == pytest.approx([math.sqrt(2), 1])
    assert knn_distance(train, test, k=3) == pytest.approx([2, 1])


@pytest.mark.parametrize("P", [1, 2, 40])
def test_neighbours_are_those_of_all_pairs(P: int) -> None:
    rng = np.random.default_rng(P)
    train, test = rng.normal(size=(50, P)), rng.normal(size=(20, P))
    unit = [z / np.linalg.norm(z, axis=1, keepdims=True) for z in (train, test)]
    pairs = np.sort(np.linalg.norm(unit[1][:, None] - unit[0], axis=2), axis=1)
    assert knn_distance(train * 1e-9, test * 1e9) == pytest.approx(pairs[:, 9])


@pytest.mark.parametrize("k", [0, 4, 1.0])
def test_impossible_neighbours_get_one_sentence(k: object) -> None:
    with pytest.raises(KitError, match="k is"):
        knn_distance(np.eye(3), np.eye(3), k)


def test_bad_logits_get_one_sentence() -> None:
    for measure in (softmax_uncertainty, energy):
        with pytest.raises(KitError, match="the logits hold NaN"):
            measure([[math.nan, 0.0]])
        with pytest.raises(KitError, match="logits of shape"):
            measure([1.0, 2.0])
