"""Checks of notebook 08: right answers pass, and each likely slip is named."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from binenc_kit import checks
from binenc_kit.checks.point import KEPT, MOVED
from binenc_kit.measures.collapse import collapse
from binenc_kit.measures.equilibrium import balance
from binenc_kit.measures.smoothness import distance_margin, norm_variation


def right_epoch(start: float, factor: float, cap: float) -> int:
    return 1 + math.ceil(math.log(cap / start) / math.log(factor))


def right_decades(before: NDArray, after: NDArray, labels: NDArray) -> tuple[float, float]:
    old, new = collapse(before, labels), collapse(after, labels)
    total = math.log10(old.sigma_w / new.sigma_w)
    return total, total - math.log10(old.sigma_w_relative / new.sigma_w_relative)


def right_forces(z: NDArray, W: NDArray, p: NDArray, y: int, gamma: float) -> tuple[NDArray, NDArray]:
    return W[y] - p @ W, 2 * gamma * z / len(z)


def right_gap(x: float, fraction_bits: int) -> float:
    return 2.0 ** (math.floor(math.log2(x)) - fraction_bits)


def next_of(x: float, fraction_bits: int) -> float:
    """The next larger number that the format holds."""
    gap = right_gap(x, fraction_bits)
    return (math.floor(x / gap) + 1) * gap


def other_push(push: Callable) -> Callable:
    return lambda *given: (push(*given), right_forces(*given)[1])


def other_pull(pull: Callable) -> Callable:
    return lambda *given: (right_forces(*given)[0], pull(*given))


def only_scaled(before: NDArray, after: NDArray, labels: NDArray) -> tuple[float, float]:
    """Right where the classes do not get wider than they were."""
    total, scale = right_decades(before, after, labels)
    return total, min(scale, total)


RIGHT = [
    (checks.million_epoch, right_epoch),
    (checks.scale_decades, right_decades),
    (checks.scale_decades, lambda *given: np.array(right_decades(*given))),
    (checks.forces, right_forces),
    (checks.forces, lambda *given: [torch.tensor(one) for one in right_forces(*given)]),
    (checks.number_gap, right_gap),
    (checks.number_gap, lambda x, bits: torch.tensor(right_gap(x, bits))),
    (checks.scale_free, {"sigma_w", "cross_entropy", "margin_gradient"}),
    (checks.scale_free, ["cross_entropy", "margin_gradient", "sigma_w"]),
]

SLIPS = [
    (checks.million_epoch, lambda *given: right_epoch(*given) - 1, "One short"),
    (checks.million_epoch, lambda start, factor, cap: math.log(cap / start) / math.log(factor), "and add 1"),
    (checks.million_epoch, lambda start, factor, cap: 1 + math.log(cap / start) / math.log(factor), "are whole: round"),
    (checks.million_epoch, lambda start, factor, cap: right_epoch(1, factor, cap), "start at 1"),
    (checks.million_epoch, lambda start, factor, cap: 1 + math.ceil((cap - start) / factor), "adds the growth"),
    (checks.million_epoch, lambda start, factor, cap: 379, "the cap of 1000 is reached in epoch 11"),
    (checks.million_epoch, lambda *given: "late", "should be one number"),
    (checks.scale_decades, lambda b, a, y: right_decades(a, b, y), "before over after"),
    (checks.scale_decades, lambda *given: math.log(10) * np.array(right_decades(*given)), "take log10"),
    (checks.scale_decades, lambda *given: (8, 2), "you gave the rest"),
    (checks.scale_decades, lambda *given: (8, 3), "not three"),
    (checks.scale_decades, lambda *given: (6, 8), "in the other order"),
    (checks.scale_decades, lambda *given: (1e8, 1e6), "Those are the factors"),
    (checks.scale_decades, only_scaled, "2 decades, 4 of them scale"),
    (checks.scale_decades, lambda *given: 8, "should give two numbers"),
    (checks.forces, other_push(lambda z, W, p, y, gamma: p @ W - W[y]), "the gradient of cross-entropy"),
    (checks.forces, other_push(lambda z, W, p, y, gamma: W[y]), "the own class only"),
    (checks.forces, other_push(lambda z, W, p, y, gamma: p[y] * W[y] - p @ W), "counts in full"),
    (checks.forces, other_push(lambda z, W, p, y, gamma: (1 - p[y]) * W[y]), "left the other classes out"),
    (checks.forces, other_push(lambda z, W, p, y, gamma: W[y] - W.mean(axis=0)), "the mean over the classes"),
    (checks.forces, other_push(lambda z, W, p, y, gamma: 3 * z), "The push of the check is"),
    (checks.forces, other_pull(lambda z, W, p, y, gamma: 2 * gamma * z), "divide by P"),
    (checks.forces, other_pull(lambda z, W, p, y, gamma: gamma * z / 3), "a factor of 2 is missing"),
    (checks.forces, other_pull(lambda z, W, p, y, gamma: gamma * z), "The factor of 2 and the P"),
    (checks.forces, other_pull(lambda z, W, p, y, gamma: -2 * gamma * z / 3), "so that in balance"),
    (checks.forces, other_pull(lambda z, W, p, y, gamma: 2 * z / 3), "without gamma"),
    (checks.forces, other_pull(lambda z, W, p, y, gamma: z), "The pull of the check is"),
    (checks.forces, lambda *given: right_forces(*given)[::-1], "push first"),
    (checks.forces, lambda *given: right_forces(*given)[0], "two vectors"),
    (checks.number_gap, lambda x, bits: x * 2.0**-bits, "the same share of every number"),
    (checks.number_gap, lambda x, bits: 2 * right_gap(x, bits), "twice the gap"),
    (checks.number_gap, lambda x, bits: right_gap(x, bits + 1), "half the gap"),
    (checks.number_gap, lambda x, bits: 2.0**-bits, "the gap at 1"),
    (checks.number_gap, lambda x, bits: right_gap(x, 0), "divide it by 2"),
    (checks.number_gap, lambda x, bits: x + right_gap(x, bits), "the next number itself"),
    (checks.number_gap, next_of, "subtract x"),
    (checks.number_gap, lambda x, bits: right_gap(x, 7), "Next to 0.001, with 23 bits"),
    (checks.scale_free, "sigma_w", "Give a set of names"),
    (checks.scale_free, {"sigma"}, "none of the eight"),
    (checks.scale_free, {"sigma_w", "cross_entropy"}, "margin_gradient moves, too"),
    (checks.scale_free, set(), "cross_entropy moves, too"),
    *((checks.scale_free, {*MOVED, name}, f"{name} stays") for name in KEPT),
]


def test_the_forces_are_the_slopes_of_the_loss() -> None:
    """By autograd, and zero in the sum where `balance` says that they balance."""
    generator = torch.Generator().manual_seed(0)
    z, W = (torch.randn(*size, generator=generator, dtype=torch.float64) for size in ((1, 5), (4, 5)))
    z.requires_grad_()
    y, gamma = torch.tensor([1]), 0.3
    p = torch.softmax(z @ W.T, dim=1)[0].detach().numpy()
    (of_push,) = torch.autograd.grad(torch.nn.functional.cross_entropy(z @ W.T, y), z)
    (of_pull,) = torch.autograd.grad(gamma * z.square().mean(), z)
    push, pull = right_forces(z.detach().numpy()[0], W.numpy(), p, 1, gamma)
    np.testing.assert_allclose(push, -of_push[0])
    np.testing.assert_allclose(pull, of_pull[0])
    said = balance(z.detach().numpy(), (z @ W.T).detach().numpy(), y.numpy(), W.numpy(), gamma)
    assert said.ratio == pytest.approx(np.linalg.norm(push) / np.linalg.norm(pull))


def test_which_measures_follow_the_scale() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 20)
    z, W = rng.normal(size=(3, 4))[labels] + 0.1 * rng.normal(size=(60, 4)), rng.normal(size=(3, 4))
    found = []
    for latents in (z, z / 1000):
        logits = torch.tensor(latents @ W.T)
        measured = collapse(latents, labels)
        found.append(
            {
                "sigma_w": measured.sigma_w,
                "sigma_w_relative": measured.sigma_w_relative,
                "cross_entropy": torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).item(),
                "accuracy": (logits.argmax(1).numpy() == labels).mean(),
                "distance_margin": distance_margin(latents, labels),
                "norm_variation": norm_variation(latents),
            }
        )
    for name, value in found[0].items():
        assert (abs(found[1][name] / value - 1) > 0.01) == (name in MOVED), name
