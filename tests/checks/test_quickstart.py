"""Checks of notebook 00: right answers pass, and each likely slip is named."""

import numpy as np

from binenc_kit import checks
from binenc_kit.checks.quickstart import BOOK
from binenc_kit.measures.binarity import hamming_distances
from tests.checks.asking import unfinished


def right_code(z: np.ndarray) -> str:
    return "".join(str(int(value > 0)) for value in z)


RIGHT = [
    (checks.code, right_code),
    (checks.fewest, [4, 4, 5, 10]),
    (checks.fewest, np.array([4.0, 4.0, 5.0, 10.0])),
    (checks.nearest_codes, ("fox", "bee", 1)),
    (checks.nearest_codes, ["bee", "fox", np.int64(1)]),
]
SLIPS = [
    (checks.code, unfinished, "Not done yet"),
    (checks.code, lambda z: right_code(-z), "the wrong way round"),
    (checks.code, lambda z: right_code(z[::-1]), "from right to left"),
    (checks.code, lambda z: right_code(z - 0.5), "0.1 is a 1"),
    (checks.code, lambda z: right_code(abs(z) - 0.5), "-0.7 is a 0"),
    (checks.code, lambda z: right_code(abs(z)), "not the size"),
    (checks.code, lambda z: (z > 0).astype(int), "join them"),
    (checks.code, lambda z: z, "is of type ndarray"),
    (checks.code, lambda z: "".join(str(int(value >= 0)) for value in z), "exactly 0"),
    (checks.code, lambda z: right_code(z).ljust(4, "0"), 'have the code "01"'),
    (checks.fewest, ..., "Not done yet"),
    (checks.fewest, 4, "list of four numbers"),
    (checks.fewest, ["four", "four", "five", "ten"], "list of four numbers"),
    (checks.fewest, [3, 4, 4, 9], "rounded down"),
    (checks.fewest, [4, 5, 5, 10], "just enough for 16"),
    (checks.fewest, [5, 8, 9, 500], "they multiply"),
    (checks.fewest, [10, 16, 17, 1000], "can share bits"),
    (checks.fewest, [4, 4, 5, 11], "2,048 codes; the fewest for 1,000 classes are 10"),
    (checks.nearest_codes, ..., "Not done yet"),
    (checks.nearest_codes, ("fox", "bee"), "two names and a number"),
    (checks.nearest_codes, ("fox", "bea", 1), "no class 'bea'"),
    (checks.nearest_codes, ("fox", "fox", 0), "choose two"),
    (checks.nearest_codes, ("cat", "dog", 1), "neighbours as numbers"),
    (checks.nearest_codes, ("cat", "fox", 2), "differ in 2; two others"),
    (checks.nearest_codes, ("fox", "bee", 2), "count again"),
]


def test_the_codebook_has_one_nearest_pair() -> None:
    distances = hamming_distances([[int(bit) for bit in code] for code in BOOK.values()])
    names, pairs = list(BOOK), np.triu_indices(len(BOOK), 1)
    near = sorted(zip(distances[pairs], *pairs, strict=True))
    assert [names[index] for index in near[0][1:]] == ["fox", "bee"]
    assert [near[0][0], near[1][0]] == [1, 2]
    assert distances[names.index("cat"), names.index("dog")] == 5
