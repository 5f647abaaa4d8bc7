"""Checks of notebook 03: when bits freeze, and whether two codebooks are the same one."""

from collections.abc import Callable
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.checks.verdict import Slip, check, near, number, slip_of

# One class, six bits: each column is the life of a bit in five epochs.
LIVES = np.array([
    [0, 1, 0, 0, 1, 1],
    [0, 0, 1, 0, 1, 0],
    [0, 0, 0, 1, 1, 1],
    [0, 0, 1, 0, 1, 0],
    [0, 0, 1, 0, 0, 1],
])  # fmt: skip
FROZEN = np.array([1, 2, 4, 4, 5, 5])  # by hand
CODES = np.array([[0, 1, 0, 0], [0, 1, 0, 1], [0, 1, 1, 1], [0, 0, 1, 1], [1, 0, 0, 0]])
EVEN = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0]])
EVEN_TOO = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]])  # all 2 bits apart, like EVEN
PAIRS = [
    (CODES, CODES, True, "A codebook is the same as itself."),
    (CODES, CODES ^ [0, 1, 1, 0], True, "Two codebooks that differ by flipped dimensions are the same one."),
    (CODES, CODES[:, [2, 0, 3, 1]], True, "Two codebooks that differ by the order of dimensions are the same one."),
    (CODES, CODES[:, [2, 0, 3, 1]] ^ [0, 1, 1, 0], True, "Order and flips can come together: try both at once."),
    (CODES, 1 - CODES, True, "All four dimensions may be flipped at once."),
    (CODES, CODES[[1, 0, 2, 3, 4]], False, "The same codes in the hands of other classes are not the same codebook."),
    (CODES, np.roll(CODES, 1, axis=0) ^ [1, 0, 0, 0], False, "Only dimensions may be exchanged, never classes."),
    (EVEN, EVEN_TOO, False, "Equal distances are not enough: in one of these, all classes agree in a dimension."),
]  # fmt: skip


@check
def freezing(answer: Callable) -> str:
    """The epoch from which on each bit keeps its last value, answer(codes) of codes (epochs, classes, P)."""
    value = _table(answer(LIVES[:, None, :]), (1, 6))[0]
    changes = np.diff(LIVES, axis=0) != 0
    slip_of(value, {
        "One too low: count epochs from 1, and tell the first with the last value, not the one before it.": FROZEN - 1,
        "That is when a bit takes its last value for the first time; but it may lose it again.":
            (LIVES == LIVES[-1]).argmax(axis=0) + 1,
        "That is a bit's first change; which is its last?":
            np.where(changes.any(axis=0), changes.argmax(axis=0) + 2, 1),
        "That counts how often a bit changes; when does it change last?": changes.sum(axis=0),
        "That counts the epochs for which a bit has kept its value; when did it take it?": 6 - FROZEN,
        "That counts from the last epoch backwards; count from the first.": changes[::-1].argmax(axis=0),
        "Right but for a bit that never changes: it is frozen from epoch 1 on, not 0.":
            np.where(FROZEN == 1, 0, FROZEN),
        "Right but for a bit that never changes: it is frozen from epoch 1 on, not from the last.":
            np.where(FROZEN == 1, len(LIVES), FROZEN),
    })  # fmt: skip
    if not near(value, FROZEN):
        first = int(np.flatnonzero(~np.isclose(value, FROZEN))[0])
        life = " ".join(map(str, LIVES[:, first]))
        raise Slip(f"A bit that goes {life} is frozen from epoch {FROZEN[first]} on, but yours says {value[first]:g}.")
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (12, 3, 4)) * (np.arange(12)[:, None, None] < rng.integers(1, 12, (3, 4)))
    if not near(_table(answer(codes), (3, 4)), _freezing_by_hand(codes)):
        raise Slip("Right for one class, but not for three: classes and bits must not be mixed.")
    return "Right: a bit is frozen from its last change on, and from epoch 1 on where it never changes."


@check
def symmetry(answer: Callable) -> str:
    """Whether two codebooks (classes, P) are the same up to order and flips of the dimensions, answer(a, b)."""
    said = [answer(a.copy(), b.copy()) for a, b, *_ in PAIRS]
    if any(not isinstance(one, bool | np.bool_ | int | np.integer) for one in said):
        raise Slip("same_codebook(a, b) should be True or False.")
    for (a, b, right, told), one in zip(PAIRS, said, strict=True):
        if bool(one) != right:
            raise Slip(f"{told} Yours says {bool(one)} for {_written(a)} and {_written(b)}.")
    return "Right: 24 orders of four dimensions times 16 ways to flip them, 384 faces of one codebook."


@check
def luck(answer: float) -> str:
    """The share of equal bits that the best of 384 symmetries finds in two codebooks drawn by lot."""
    value, (best, plain, flips) = number(answer, "the share"), _shares_by_lot()
    slip_of(value, {
        "Half of the bits agree before anything is turned; what does the best of 384 symmetries find?": plain,
        "That lets only the order or only the flips be chosen: choose both, each time the best.": flips,
        "That sounds like a percentage: give the share, from 0 to 1.": 100 * best,
        "That is the share of bits that differ.": 1 - best,
    }, relative=0.015)  # fmt: skip
    if not near(value, best, relative=0.025):
        raise Slip(f"By 1,000 pairs drawn by lot it is {best:.2f}, not {value:.3g}: take the mean over many draws.")
    return f"Right: about {best:.2f}. So whoever chooses the best of 384 finds seven bits of ten in pure chance."


def _table(answer: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """An answer as an array of that shape; raises `Slip`."""
    value = np.asarray(answer)
    if value.shape != shape or value.dtype.kind not in "iuf":
        raise Slip(
            f"freeze_epochs(codes) should be one whole number for each class and bit, of shape {shape}, "
            f"but is {value.dtype} of shape {value.shape}."
        )
    return value.astype(float)


def _freezing_by_hand(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bit by bit, backwards from the end."""
    frozen = np.ones(codes.shape[1:], np.int64)
    for place in np.ndindex(*frozen.shape):
        life = [int(code[place]) for code in codes]
        while life and life[-1] == codes[-1][place]:
            life.pop()
        frozen[place] = len(life) + 1
    return frozen


def _written(codes: NDArray[np.int64]) -> str:
    return " ".join("".join(map(str, code)) for code in codes)


@cache
def _shares_by_lot() -> tuple[float, float, float]:
    """Mean shares of equal bits in codes of ten classes drawn by lot: the best of all, as drawn, the best of flips."""
    rng, found = np.random.default_rng(0), []
    for a, b in rng.integers(0, 2, (1000, 2, 10, 4)):
        equal = (a[:, :, None] == b[:, None, :]).mean(axis=0)  # of each dimension of a with each of b
        orders = [equal[range(4), order] for order in permutations(range(4))]
        flipped = [np.maximum(order, 1 - order).mean() for order in orders]
        found.append((max(flipped), equal.trace() / 4, flipped[0]))
    best, plain, flips = np.mean(found, axis=0)
    return float(best), float(plain), float(flips)
