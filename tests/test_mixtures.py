import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from binenc_kit.errors import KitError
from binenc_kit.measures import mixtures
from binenc_kit.measures.arrays import MODES, standardise
from binenc_kit.measures.mixtures import FLOOR, cut_in_two, em_round, mixture_scores

both_modes = pytest.mark.parametrize("mode", MODES)


def two_peaks(rng: np.random.Generator, n: int = 200, P: int = 3) -> np.ndarray:
    return rng.choice([-1.0, 1.0], (n, P)) * [3.0, 1.0, 0.2][:P] + rng.normal(0, 0.05, (n, P)) + 0.7


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1.0, 1e12])
@pytest.mark.parametrize("n", [2, 50])
@both_modes
def test_perfect_two_point_data_is_at_the_known_ceiling(n: int, scale: float, mode: str) -> None:
    found = mixture_scores(np.tile([[1.0], [-1.0]], (n // 2, 4)) * scale, mode)
    # a Gaussian of std 1e-3 at its own peak, and half of the samples in it
    assert found == pytest.approx(
        (norm.logpdf(0, scale=1e-3) - np.log(2) - 0.5e-6, 1e-3, 2000, 1.0), rel=1e-6, abs=1e-5
    )
    assert found.score == pytest.approx(5.296, abs=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 0.1, 1e-9])
@both_modes
def test_a_dead_dimension_scores_higher_than_a_perfect_code(value: float, mode: str) -> None:
    assert mixture_scores(np.full((7, 2), value), mode) == pytest.approx((5.989, 1e-3, 0, 1), abs=1e-3)


@both_modes
def test_half_of_the_dimensions_at_the_ceiling(mode: str) -> None:
    column = np.tile([1.0, -1.0], 100)
    noisy = column + np.random.default_rng(0).normal(0, 0.01, 200)
    assert mixture_scores(np.stack([column, noisy], axis=1), mode).at_ceiling == 0.5
    one_of_two = np.where(column > 0, column, noisy)
    assert mixture_scores(one_of_two[:, None], mode).at_ceiling == 0


@pytest.mark.parametrize("seed", range(5))
@both_modes
def test_the_mixture_scores_are_those_of_scipys_normal_distribution(seed: int, mode: str) -> None:
    z = two_peaks(np.random.default_rng(seed))
    scores, stds, distances = [], [], []
    for column in ((z - z.mean(0)) / z.std(0)).T:
        fit = GaussianMixture(2, random_state=0).fit(column[:, None])
        means, widths = fit.means_[:, 0], np.sqrt(fit.covariances_[:, 0, 0])
        density = fit.weights_ * np.exp(norm.logpdf(column[:, None], means, widths))
        scores.append(np.log(density.sum(1)).mean())
        stds.append(widths.mean())
        distances.append(abs(means[0] - means[1]) / widths.mean())
    assert mixture_scores(z, mode) == pytest.approx((np.mean(scores), np.mean(stds), np.mean(distances), 0))


@pytest.mark.parametrize("seed", range(5))
@both_modes
def test_a_plain_em_finds_the_same_peaks(seed: int, mode: str) -> None:
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
    assert mixture_scores(z, mode) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
@both_modes
def test_the_mixture_ignores_order_scale_shift_signs_and_names_of_dimensions(seed: int, mode: str) -> None:
    rng = np.random.default_rng(seed)
    z = two_peaks(rng)
    other = (z * rng.choice([-1, 1], 3) * 1e-9 - 4e-9)[rng.permutation(len(z))][:, rng.permutation(3)]
    assert mixture_scores(other, mode) == pytest.approx(mixture_scores(z, mode), rel=1e-4)
    assert mixture_scores(z, mode) == mixture_scores(z, mode)


@pytest.mark.parametrize(
    ("z", "expected"),
    [([[1.0], [np.nan]], "NaN"), ([[1.0], [np.inf]], "infinity"), ([1.0, 2.0], "shape"), ([[1.0]], "at least 2")],
)
def test_bad_latents_for_the_mixture_get_one_sentence(z: object, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        mixture_scores(z)


def test_an_unknown_mode_gets_one_sentence() -> None:
    with pytest.raises(KitError, match="mode"):
        mixture_scores([[1.0], [2.0]], mode="papers")


def heaps(kind: str, seed: int, n: int = 300, P: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    side, noise = rng.choice([-1.0, 1.0], (n, P)), rng.normal(size=(n, P))
    return {
        "separated": side + 0.2 * noise,
        "unequal": np.where(rng.random((n, P)) < 0.1, 4 + 0.8 * noise, 0.3 * noise),
        "nearly collapsed": side + 1e-3 * noise,
        "collapsed": side + 1e-5 * noise,
        "three peaks": rng.choice([-4.0, 0.0, 1.5], (n, P)) + 0.2 * noise,
        "overlapping": side + 0.6 * noise,
        "half of them zero": np.maximum(noise, 0),
        "one bell": noise,
        "uniform": rng.random((n, P)),
        "far outliers": rng.standard_t(2, (n, P)),
    }[kind]


APART = ("separated", "unequal", "nearly collapsed", "collapsed", "three peaks")
ALL = (*APART, "overlapping", "half of them zero", "one bell", "uniform", "far outliers")


@pytest.mark.parametrize("kind", APART)
@pytest.mark.parametrize("seed", range(3))
def test_where_there_are_peaks_scikit_learn_finds_the_same(kind: str, seed: int) -> None:
    # k-means has nothing to choose there, so both start from the same cut, and EM is the same to rounding
    z = heaps(kind, seed)
    assert mixture_scores(z) == pytest.approx(mixture_scores(z, mode="paper"), rel=1e-9)


@pytest.mark.parametrize("kind", ["one bell", "uniform"])
@pytest.mark.parametrize("seed", range(5))
def test_in_one_heap_scikit_learn_ends_elsewhere_but_hardly_lower_or_higher(kind: str, seed: int) -> None:
    # The likelihood is flat there, so rounds stop when they gain less than 1e-3 each, wherever they started: the score
    # may differ by a few of them, and the peaks, which it hardly depends on, by more.
    z = heaps(kind, seed, n=1000)
    strict, paper = mixture_scores(z), mixture_scores(z, mode="paper")
    assert strict.score == pytest.approx(paper.score, abs=1e-3)
    assert strict[1:3] == pytest.approx(paper[1:3], rel=0.02)


@pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")
@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(("seed", "rounds"), [(0, 100), (1, 100), (2, 100), (0, 1), (0, 3)])
def test_from_the_same_start_scikit_learn_ends_where_strict_does_whatever_the_data(
    kind: str, seed: int, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixtures, "ROUNDS", rounds)
    (z,) = heaps(kind, seed, P=1).T
    x = np.sort((z - z.mean()) / z.std())
    cut = least_variance(x)
    parts = x[:cut], x[cut:]
    start = {
        "weights_init": [len(part) / len(x) for part in parts],
        "means_init": [[part.mean()] for part in parts],
        "precisions_init": [[[1 / (part.var() + FLOOR)]] for part in parts],
    }
    fit = GaussianMixture(2, max_iter=rounds, **start).fit(x[:, None])
    std = np.sqrt(fit.covariances_).mean()
    expected = fit.score(x[:, None]), std, abs(fit.means_[0, 0] - fit.means_[1, 0]) / std
    assert mixture_scores(z[:, None])[:3] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", ["one bell", "far outliers"])
def test_paper_is_scikit_learn_s_seed_of_zero_even_where_seeds_matter(kind: str) -> None:
    z = heaps(kind, 0)
    columns = np.split(standardise(z, z), 3, axis=1)
    by_seed = [np.mean([GaussianMixture(2, random_state=seed).fit(x).score(x) for x in columns]) for seed in range(5)]
    assert len(set(by_seed)) > 1
    assert mixture_scores(z, mode="paper").score == by_seed[0]


def test_a_peak_that_holds_no_sample_is_a_needle_without_weight() -> None:
    x = np.array([[-1.5, -0.5, 0.5, 1.5]])
    for held in (0, 1):
        shares = np.zeros((2, 1, 4))
        shares[held] = 1
        found = em_round(x, shares)
        assert found.means[:, 0] == pytest.approx([0, 0])
        assert found.stds[1 - held, 0] == 1e-3
        assert found.stds[held, 0] == pytest.approx(np.sqrt(1.25 + 1e-6))
        assert found.score[0] == pytest.approx(norm.logpdf(x, 0, np.sqrt(1.25 + 1e-6)).mean())
        assert shares[held] == pytest.approx(1)
        assert shares[1 - held] == pytest.approx(0)


def test_the_ceiling_is_where_the_floor_is_98_percent_of_the_variance() -> None:
    sides, step = np.repeat([-1.0, 1.0], 200), np.tile([-1.0, 1.0], 200)
    ceilings = [mixture_scores((sides + spread * step)[:, None]).at_ceiling for spread in (1e-5, 1.4e-4, 1.45e-4, 1e-3)]
    assert ceilings == [1, 1, 0, 0]  # the std is the root of 1e-6 and spread squared


def least_variance(x: np.ndarray) -> int:
    """How many samples are left of the best cut, by trying every cut."""
    return min(range(1, len(x)), key=lambda cut: cut * x[:cut].var() + (len(x) - cut) * x[cut:].var())


@pytest.mark.parametrize("kind", ALL)
def test_the_cut_is_the_best_of_all_and_never_worse_than_k_means(kind: str) -> None:
    z = heaps(kind, 0, n=100)
    x = np.sort(standardise(z, z).T)
    for row, left, right in zip(x, *cut_in_two(x), strict=True):
        cut = least_variance(row)
        assert left.tolist() == [1] * cut + [0] * (len(row) - cut)
        assert right.tolist() == [0] * cut + [1] * (len(row) - cut)
        left_over = cut * row[:cut].var() + (len(row) - cut) * row[cut:].var()
        assert left_over <= KMeans(2, random_state=0).fit(row[:, None]).inertia_ * (1 + 1e-9)


def ragged(n: int) -> st.SearchStrategy[np.ndarray]:
    """Columns of floats, of few values many times, of two values, and constants."""
    floats = st.floats(-5, 5).map(lambda value: value if abs(value) > 1e-200 else 0.0)  # nothing is rounded by scaling
    elements = st.one_of(floats, st.sampled_from([-1.0, 0.0, 1.0, 3.0]), st.sampled_from([0.1, 0.3]))
    columns = st.one_of(
        arrays(np.float64, n, elements=elements), arrays(np.float64, n, elements=st.sampled_from([0.1, 0.3])),
        st.floats(-5, 5).map(lambda value: np.full(n, value)),
    )  # fmt: skip
    return st.lists(columns, min_size=1, max_size=4).map(lambda found: np.stack(found, axis=1))


odd = st.integers(2, 40).flatmap(ragged)


@given(z=odd)
def test_no_round_lowers_the_likelihood_by_more_than_the_floor_explains(z: np.ndarray) -> None:
    # A round maximises the expected likelihood less FLOOR / 2 times the mean of 1 / variance over the samples' shares,
    # so the likelihood itself may fall by what this term gains, and by no more.
    x = np.sort(standardise(z, z).T)
    shares = cut_in_two(x)
    before = em_round(x, shares)
    for _ in range(20):
        weights = shares.mean(axis=2)
        after = em_round(x, shares)
        gained = FLOOR / 2 * (weights * (1 / before.stds**2 - 1 / after.stds**2)).sum(axis=0)
        assert (after.score >= before.score - gained - 1e-9).all()
        before = after


@pytest.mark.filterwarnings("error")
@given(z=odd, power=st.integers(-100, 40), seed=st.integers(0, 1000))
def test_odd_latents_have_scores_that_order_and_scale_do_not_change(z: np.ndarray, power: int, seed: int) -> None:
    found = mixture_scores(z)
    assert np.isfinite(found).all()
    assert found.std >= 1e-3
    assert found.peak_distance >= 0
    assert 0 <= found.at_ceiling <= 1
    order = np.random.default_rng(seed).permutation(len(z))
    assert mixture_scores(z[order]) == found
    assert mixture_scores(np.ldexp(z, power)) == found


@pytest.mark.parametrize("kind", ALL)
def test_signs_shift_and_scale_change_nothing_but_roundings(kind: str) -> None:
    z = heaps(kind, 1)
    for other in (-z, z * [1, -1, 1], 7e-9 * z, z + 5, 3 - 1e6 * z):
        assert mixture_scores(other) == pytest.approx(mixture_scores(z), rel=1e-7)


@pytest.mark.parametrize("block", [1, 700, 10**9])
def test_the_size_of_a_block_does_not_matter(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.concatenate([heaps(kind, 2) for kind in ALL], axis=1)
    whole = mixture_scores(z)
    monkeypatch.setattr(mixtures, "BLOCK", block)
    assert mixture_scores(z) == pytest.approx(whole, rel=1e-12)  # numpy adds a lone row in another order


def test_whole_and_half_numbers_are_fitted_in_double_precision() -> None:
    z = heaps("separated", 0)
    for kind in (np.float16, np.float32):
        assert mixture_scores(z.astype(kind)) == mixture_scores(z.astype(kind).astype(np.float64))
    assert mixture_scores(np.array([[0], [0], [3], [3]])) == mixture_scores(np.array([[0.0], [0.0], [3.0], [3.0]]))
