"""Checks of notebook 02: right answers pass, and each likely slip is named."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from binenc_kit import checks
from tests.checks.asking import refuses, unfinished


def right_layer(head: str, features: int, P: int) -> nn.Module:
    if head == "NoPen":
        return nn.Identity()
    linear = nn.Linear(features, P)
    return nn.Sequential(linear, nn.SiLU()) if head.startswith("NonlinPen") else linear


def instead(of: str, make: Callable) -> Callable:
    """Right layers but for one head."""
    return lambda head, features, P: make(features, P) if head == of else right_layer(head, features, P)


def quadratic(z: Tensor) -> Tensor:
    return z.square().mean()


def right_step(network: nn.Module, optimizer: torch.optim.Optimizer, pictures: Tensor, labels: Tensor, gamma: float,
               push: float = 1, pull: Callable = quadratic, zero: bool = True) -> None:  # fmt: skip
    logits, z = network(pictures)
    if zero:
        optimizer.zero_grad()
    (push * F.cross_entropy(logits, labels) + gamma * pull(z)).backward()
    optimizer.step()


def step(gamma: float | None = None, **changed: object) -> Callable:
    """A step in which something is not as it should be."""
    return lambda network, optimizer, pictures, labels, given: right_step(
        network, optimizer, pictures, labels, given if gamma is None else gamma, **changed
    )


def right_mirror(z: np.ndarray) -> float:
    up = np.array([column[column > 0].mean() if (column > 0).any() else 0 for column in z.T])
    down = np.array([-column[column <= 0].mean() if (column <= 0).any() else 0 for column in z.T])
    return float((np.minimum(up, down) / np.maximum(up, down)).mean())


def sides(z: np.ndarray, mean: Callable = np.mean) -> np.ndarray:
    return np.array([[mean(column[column > 0]), -mean(column[column <= 0])] for column in z.T])


RIGHT = [
    (checks.penultimate, right_layer),
    (checks.penultimate, lambda *given: nn.Sequential(right_layer(*given), nn.Identity())),
    (checks.training_step, right_step),
    (checks.ablation, ("B", "D", "E", "pull")),
    (checks.ablation, ["b", "d", "e", "Pull"]),
    (checks.mirror, right_mirror),
    (checks.mirror, lambda z: torch.tensor(right_mirror(z))),
]
SLIPS = [
    (checks.penultimate, unfinished, "Not done yet"),
    (checks.penultimate, lambda *given: "Linear", "a torch.nn layer, but is of type str"),
    (checks.penultimate, instead("NoPen", nn.Linear), "hands the features on"),
    (checks.penultimate, instead("NoPen", lambda *given: nn.SiLU()), "NoPen has no such layer"),
    (checks.penultimate, instead("LinPen", lambda *given: nn.Identity()), "but yours has 0"),
    (checks.penultimate, instead("BinEnc", lambda features, P: nn.Linear(P, features)), "from 3 inputs, asked for 5"),
    (checks.penultimate, instead("BinEnc", lambda features, P: nn.Linear(features, P, bias=False)), "has a bias"),
    (checks.penultimate, instead("NonlinPen", nn.Linear), "SiLU is missing"),
    (checks.penultimate, instead("NonlinPen", lambda *given: nn.Sequential(nn.SiLU(), nn.Linear(*given))), "behind"),
    (checks.penultimate, instead("NonlinPen", lambda *given: nn.Sequential(nn.Linear(*given), nn.ReLU())), "is ReLU"),
    (checks.penultimate, instead("BinEnc", lambda *given: nn.Sequential(nn.Linear(*given), nn.SiLU())), "stays linear"),
    (checks.penultimate, instead("LinPen", lambda *given: nn.Sequential(nn.Linear(*given), nn.Tanh())), "else than"),
    (checks.training_step, unfinished, "Not done yet"),
    (checks.training_step, lambda *given: None, "The weights are as before"),
    (checks.training_step, step(gamma=0.0), "the push only"),
    (checks.training_step, step(push=0), "the pull only"),
    (checks.training_step, step(gamma=1.0), "has no gamma"),
    (checks.training_step, step(pull=lambda z: z.square().sum()), "is the sum of z squared"),
    (checks.training_step, step(gamma=1.0, push=3), "Gamma belongs to the pull"),
    (checks.training_step, step(pull=lambda z: z.abs().mean()), "the first weight of the check is"),
    (checks.training_step, step(zero=False), "still holds its gradients"),
    (checks.ablation, ..., "Not done yet"),
    (checks.ablation, ("B", "D", "E"), "three letters and an ingredient"),
    (checks.ablation, ("A", "D", "E", "pull"), "no network 'a'"),
    (checks.ablation, ("B", "C", "E", "pull"), "C differs from A in two things, pull and linear"),
    (checks.ablation, ("F", "D", "E", "pull"), "F differs from A in two things"),
    (checks.ablation, ("D", "B", "E", "pull"), "but that is linear, not pull"),
    (checks.ablation, ("B", "D", "E", "few"), "harder than 5"),
    (checks.ablation, ("B", "D", "E", "linear"), "that is a code"),
    (checks.ablation, ("B", "D", "E", "A"), "should be an ingredient"),
    (checks.mirror, unfinished, "Not done yet"),
    (checks.mirror, lambda z: (sides(z).max(1) / sides(z).min(1)).mean(), "ends at 1"),
    (checks.mirror, lambda z: (sides(z)[:, 0] / sides(z)[:, 1]).mean(), "whichever it is"),
    (checks.mirror, lambda z: (sides(z)[:, 1] / sides(z)[:, 0]).mean(), "not always left by right"),
    (checks.mirror, lambda z: -right_mirror(z), "Sizes, not signs"),
    (checks.mirror, lambda z: right_mirror(z.reshape(-1, 1)), "lets one lean"),
    (checks.mirror, lambda z: (sides(z, np.median).min(1) / sides(z, np.median).max(1)).mean(), "Those are medians"),
    (checks.mirror, lambda z: 2 * right_mirror(z), "the sum over the dimensions"),
    (checks.mirror, lambda z: 0.5, "it is 0.375, but yours is 0.5"),
    (checks.mirror, lambda z: 0.375, "an empty side counts 0"),
    (checks.mirror, lambda z: 0.375 if (z > 0).sum() == 6 else 0.0, "not for their mirror image"),
]  # fmt: skip


def forgetful() -> Callable:
    """Right in its first step only."""
    taken = []

    def take(*given: object) -> None:
        if not taken:
            right_step(*given)
        taken.append(1)

    return take


def test_a_step_that_is_right_only_once(capsys: pytest.CaptureFixture) -> None:
    refuses(checks.training_step, (forgetful(),), "something stay from step to step", capsys)
