"""Checks of notebook 03: right answers pass, and each likely slip is named."""

from itertools import permutations, product

import numpy as np
import torch
from numpy.typing import NDArray

from binenc_kit import checks
from binenc_kit.checks import epochs


def right_freezing(codes: NDArray) -> NDArray:
    changes = np.diff(codes, axis=0) != 0
    last = len(changes) - changes[::-1].argmax(axis=0) + 1
    return np.where(changes.any(axis=0), last, 1)


def right_symmetry(a: NDArray, b: NDArray) -> bool:
    orders, flips = permutations(range(a.shape[1])), list(product([0, 1], repeat=a.shape[1]))
    return any((a[:, order] ^ flip == b).all() for order in orders for flip in flips)


def distances(a: NDArray, b: NDArray) -> bool:
    return np.array_equal(*((codes[:, None] != codes).sum(axis=2) for codes in (a, b)))


def any_order_of_classes(a: NDArray, b: NDArray) -> bool:
    return any(right_symmetry(a[list(order)], b) for order in permutations(range(len(a))))


def first_change(codes: NDArray) -> NDArray:
    changes = np.diff(codes, axis=0) != 0
    return np.where(changes.any(axis=0), changes.argmax(axis=0) + 2, 1)


def mixed(codes: NDArray) -> NDArray:
    """Right for a single class only."""
    return right_freezing(codes) if codes.shape[1] == 1 else right_freezing(codes)[::-1]


RIGHT = [
    (checks.freezing, right_freezing),
    (checks.symmetry, right_symmetry),
    (checks.luck, 0.70),
    (checks.luck, 0.715),  # where ten distinct codes are drawn
    (checks.luck, torch.tensor(0.695)),
]
SLIPS = [
    (checks.freezing, lambda codes: right_freezing(codes) - 1, "count epochs from 1"),
    (checks.freezing, lambda codes: (codes == codes[-1]).argmax(axis=0) + 1, "for the first time"),
    (checks.freezing, first_change, "first change"),
    (checks.freezing, lambda codes: (np.diff(codes, axis=0) != 0).sum(axis=0), "how often"),
    (checks.freezing, lambda codes: 1 + len(codes) - right_freezing(codes), "has kept its value"),
    (checks.freezing, lambda codes: (np.diff(codes, axis=0) != 0)[::-1].argmax(axis=0), "backwards"),
    (checks.freezing, lambda codes: right_freezing(codes) * (right_freezing(codes) > 1), "not 0"),
    (
        checks.freezing,
        lambda codes: len(codes) - (np.diff(codes, axis=0) != 0)[::-1].argmax(axis=0),
        "not from the last",
    ),
    (checks.freezing, lambda codes: 2 * right_freezing(codes), "A bit that goes 0 0 0 0 0 is frozen from epoch 1 on"),
    (checks.freezing, mixed, "but not for three"),
    (checks.freezing, lambda codes: right_freezing(codes).mean(axis=0), "of shape (1, 6)"),
    (checks.freezing, lambda codes: codes + "a", "Your answer raised"),
    (checks.symmetry, lambda a, b: False, "the same as itself"),
    (checks.symmetry, lambda a, b: np.array_equal(a, b), "flipped dimensions are the same"),
    (checks.symmetry, lambda a, b: any((a ^ flip == b).all() for flip in product([0, 1], repeat=4)), "the order of"),
    (
        checks.symmetry,
        lambda a, b: (
            any((a[:, order] == b).all() for order in permutations(range(4)))
            or any((a ^ flip == b).all() for flip in product([0, 1], repeat=4))
        ),
        "come together",
    ),
    (checks.symmetry, lambda a, b: right_symmetry(a, b) and not np.array_equal(a, 1 - b), "flipped at once"),
    (checks.symmetry, any_order_of_classes, "in the hands of other classes"),
    (checks.symmetry, lambda a, b: right_symmetry(a, b) or np.array_equal(np.roll(a, 1, 0) ^ [1, 0, 0, 0], b), "never"),
    (checks.symmetry, distances, "Equal distances are not enough"),
    (checks.symmetry, lambda a, b: (a == b).mean(), "should be True or False"),
    (checks.luck, 0.5, "before anything is turned"),
    (checks.luck, 0.625, "choose both"),
    (checks.luck, 70.0, "percentage"),
    (checks.luck, 0.3, "that differ"),
    (checks.luck, 0.9, "drawn by lot it is 0.70, not 0.9"),
    (checks.luck, [0.7], "should be one number"),
]


def test_the_pairs_are_what_they_are_said_to_be() -> None:
    assert [right_symmetry(a, b) for a, b, *_ in epochs.PAIRS] == [right for _, _, right, _ in epochs.PAIRS]
    assert distances(epochs.EVEN, epochs.EVEN_TOO)
