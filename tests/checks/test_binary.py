"""Checks of notebook 04: right answers pass, and each likely slip is named."""

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from binenc_kit import checks
from binenc_kit.checks import binary
from binenc_kit.measures.binarity import code_agreement, whole_code_agreement
from binenc_kit.measures.mixtures import mixture_scores
from binenc_kit.shelf import shipped_runs

CEILING = math.log(0.5 / (1e-3 * math.sqrt(2 * math.pi)))
FIVE = {"BinEnc", "BinEnc+exp_mean", "BinEnc+mean_exp", "LPC", "NonlinPen+quadratic"}
LOTTERY = math.factorial(16) / math.factorial(6) / 16**10


def fitted(column: NDArray) -> tuple[GaussianMixture, NDArray]:
    return GaussianMixture(2, random_state=0).fit(column[:, None]), column[:, None]


def right_peaks(column: NDArray) -> tuple[float, float, float]:
    mixture, column = fitted((column - column.mean()) / column.std())
    stds = np.sqrt(mixture.covariances_.ravel())
    return mixture.score(column), stds.mean(), abs(mixture.means_[0, 0] - mixture.means_[1, 0]) / stds.mean()


def raw_peaks(column: NDArray) -> tuple[float, float, float]:
    mixture, column = fitted(column)
    stds = np.sqrt(mixture.covariances_.ravel())
    return mixture.score(column), stds.mean(), abs(mixture.means_[0, 0] - mixture.means_[1, 0]) / stds.mean()


def with_std(change: Callable) -> Callable:
    """The right peaks, but their stds put together in another way."""

    def answer(column: NDArray) -> tuple[float, float, float]:
        score, _, distance = right_peaks(column)
        mixture, _ = fitted((column - column.mean()) / column.std())
        return score, float(change(mixture.covariances_.ravel())), distance

    return answer


def with_distance(change: Callable) -> Callable:
    def answer(column: NDArray) -> tuple[float, float, float]:
        score, std, distance = right_peaks(column)
        return score, std, float(change(distance, std))

    return answer


def by_class(z: NDArray, labels: NDArray, bits: NDArray | None = None) -> NDArray:
    bits = z > 0 if bits is None else bits
    return np.stack([bits[labels == label].mean(axis=0) for label in np.unique(labels)])


def most(shares: NDArray) -> NDArray:
    return np.maximum(shares, 1 - shares)


def right_whole(z: NDArray, labels: NDArray) -> float:
    counts = [Counter(map(tuple, z[labels == label] > 0)).most_common(1)[0][1] for label in np.unique(labels)]
    return sum(counts) / len(labels)


def bitwise_majority(z: NDArray, labels: NDArray) -> float:
    codes = by_class(z, labels) > 0.5
    return ((z > 0) == codes[labels]).all(axis=1).mean()


RIGHT = [
    (checks.two_peaks, right_peaks),
    (checks.two_peaks, lambda column: list(mixture_scores(column[:, None])[:3])),
    (checks.ceiling, CEILING),
    (checks.ceiling, 5.296),
    (checks.bit_agreement, code_agreement),
    (checks.bit_agreement, lambda z, labels: torch.tensor(most(by_class(z, labels)).mean())),
    (checks.whole_agreement, whole_code_agreement),
    (checks.whole_agreement, right_whole),
    (checks.survivors, FIVE),
    (checks.survivors, sorted(FIVE)),
    (checks.lottery, LOTTERY),
    (checks.lottery, 0.0264),
]
SLIPS = [
    (checks.two_peaks, raw_peaks, "standardise it first"),
    (checks.two_peaks, lambda column: (len(column) * right_peaks(column)[0], *right_peaks(column)[1:]), "all samples"),
    (checks.two_peaks, lambda column: (math.exp(right_peaks(column)[0]), *right_peaks(column)[1:]), "*log*"),
    (checks.two_peaks, with_std(np.mean), "covariances_ are variances"),
    (checks.two_peaks, with_std(lambda variances: np.sqrt(variances.mean())), "root of each variance first"),
    (checks.two_peaks, lambda column: (right_peaks(column)[0], *raw_peaks(column)[1:]), "but the std is that of"),
    (checks.two_peaks, with_std(lambda variances: np.sqrt(variances).sum()), "sum of the two stds"),
    (checks.two_peaks, with_distance(lambda distance, std: distance * std), "the distance of the peaks alone"),
    (checks.two_peaks, with_distance(lambda distance, std: distance / 2), "the sum of the stds"),
    (checks.two_peaks, with_distance(lambda distance, std: -distance), "not negative"),
    (checks.two_peaks, with_distance(lambda distance, std: 7), "the distance is 24.051, but yours is 7.000"),
    (checks.two_peaks, lambda column: 0.25, "three numbers"),
    (checks.two_peaks, lambda column: (0.25, None, 1), "should be one number"),
    (checks.ceiling, CEILING + math.log(2), "add log 0.5"),
    (checks.ceiling, math.log(0.5 / (1e-6 * math.sqrt(2 * math.pi))), "the std is its root"),
    (checks.ceiling, math.log(0.5 / 1e-3), "you lost the 2 pi"),
    (checks.ceiling, math.log(0.5 / (1e-3 * 2 * math.pi)), "lost the root of 2 pi"),
    (checks.ceiling, math.exp(CEILING), "the score is its logarithm"),
    (checks.ceiling, -CEILING, "Mind the sign"),
    (checks.ceiling, CEILING / math.log(10), "base 10"),
    (checks.ceiling, 5.0, "is 5.296, not 5"),
    (checks.ceiling, 5.3, "give two more digits"),
    (checks.bit_agreement, lambda z, labels: most(by_class(z, labels, z >= 0)).mean(), "of 0 has the bit 0"),
    (checks.bit_agreement, lambda z, labels: most(by_class(z, labels, z > z.mean(axis=0))).mean(), "above its mean"),
    (checks.bit_agreement, lambda z, labels: by_class(z, labels).mean(), "the larger one counts"),
    (checks.bit_agreement, lambda z, labels: most((z > 0).mean(axis=0)).mean(), "within each class"),
    (
        checks.bit_agreement,
        lambda z, labels: np.average(most(by_class(z, labels)).mean(axis=1), weights=np.bincount(labels)),
        "weighs large classes more",
    ),
    (checks.bit_agreement, lambda z, labels: most(by_class(z, labels)).min(), "the worst bit"),
    (checks.bit_agreement, lambda z, labels: 1 - most(by_class(z, labels)).mean(), "the smaller one"),
    (checks.bit_agreement, lambda z, labels: most(by_class(z, labels)).mean(axis=0).sum(), "the mean over both"),
    (checks.bit_agreement, lambda z, labels: most(by_class(z, labels)).mean() * np.nan, "only 0 and 1"),
    (checks.bit_agreement, lambda z, labels: 0.9, "but yours is 0.9000"),
    (checks.bit_agreement, lambda z, labels: most(by_class(z, labels)), "should be one number"),
    (checks.whole_agreement, bitwise_majority, "the majority of each bit"),
    (checks.whole_agreement, lambda z, labels: np.mean([3 / 7, 3 / 4]), "mean of the classes' shares"),
    (checks.whole_agreement, lambda z, labels: right_whole(z, 0 * labels), "most common code of all"),
    (checks.whole_agreement, code_agreement, "the agreement bit by bit"),
    (checks.whole_agreement, lambda z, labels: most(by_class(z, labels)).prod(axis=1).mean(), "multiplies"),
    (checks.whole_agreement, lambda z, labels: right_whole(z, labels) * len(labels), "divide by all of them"),
    (checks.whole_agreement, lambda z, labels: 0.9, "0.545, not 0.9"),
    (checks.survivors, FIVE | {"Dropout"}, "'Dropout' is no row"),
    (checks.survivors, "BinEnc", "4 more"),
    (checks.survivors, FIVE - {"NonlinPen+quadratic"}, "the theory would not let pass"),
    (checks.survivors, FIVE - {"LPC"}, "1 more"),
    *[(checks.survivors, FIVE | {label}, f"{label} does not pass: {why}") for label, why in binary.FALLEN.items()],
    (checks.lottery, 1 - LOTTERY, "at least two are the same"),
    (checks.lottery, math.perm(16, 10), "That counts the ways"),
    (checks.lottery, math.comb(16, 10) / 16**10, "which class gets which"),
    (checks.lottery, math.perm(16, 9) / 16**9, "one class fewer"),
    (checks.lottery, 100 * LOTTERY, "percentage"),
    (checks.lottery, 2.6, "percentage"),
    (checks.lottery, 10 / 16, "how full the corners are"),
    (checks.lottery, 0.5, "still free. Yours is 0.5"),
]


def test_the_shipped_digits_are_the_rows_that_the_check_knows() -> None:
    assert set(shipped_runs("digits")) - {"NoPen"} == binary.SURVIVORS | set(binary.FALLEN)
