"""A check of notebook 02: one step of training, written out."""

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from binenc_kit.checks.verdict import Slip, check, near, slip_of

if TYPE_CHECKING:
    from torch import Tensor, nn

LR = 0.1


@check
def training_step(answer: Callable) -> str:
    """One step of training, answer(network, optimizer, pictures, labels, gamma): its weights are looked at."""
    import torch
    import torch.nn.functional as F

    network, pictures, labels = _tiny()
    mine = copy.deepcopy(network)
    optimizer = torch.optim.SGD(mine.parameters(), lr=LR)
    answer(mine, optimizer, pictures, labels, 3.0)

    def right(logits: "Tensor", z: "Tensor") -> "Tensor":
        return F.cross_entropy(logits, labels) + 3 * z.square().mean()

    slips: dict[str, Callable] = {
        "The weights are as before: after zero_grad come loss.backward() and optimizer.step().":
            lambda logits, z: 0 * z.sum(),
        "That step knows the push only: add gamma times the mean of z squared.":
            lambda logits, z: F.cross_entropy(logits, labels),
        "That step knows the pull only: add the cross-entropy.": lambda logits, z: 3 * z.square().mean(),
        "That pull has no gamma.": lambda logits, z: F.cross_entropy(logits, labels) + z.square().mean(),
        "That pull is the sum of z squared: take the mean, over batch and dimensions.":
            lambda logits, z: F.cross_entropy(logits, labels) + 3 * z.square().sum(),
        "Gamma belongs to the pull, not to the push.":
            lambda logits, z: 3 * F.cross_entropy(logits, labels) + z.square().mean(),
    }  # fmt: skip
    slip_of(_weights(mine), {said: _weights(_stepped(network, pictures, loss)) for said, loss in slips.items()})
    once = _stepped(network, pictures, right)
    if not near(_weights(mine), _weights(once)):
        given, wanted = _weights(mine)[0], _weights(once)[0]
        raise Slip(f"After one step the first weight of the check is {wanted:.4f}, but yours is {given:.4f}.")
    answer(mine, optimizer, pictures, labels, 3.0)
    twice = _weights(_stepped(once, pictures, right))
    _second(_weights(mine), twice, twice - (_weights(network) - _weights(once)))
    return "Right: forward, push and pull, backward, step."


def _second(mine: np.ndarray, right: np.ndarray, with_old: np.ndarray) -> None:
    """The second step starts anew."""
    slip_of(
        mine, {"The first step is right, but the second still holds its gradients: optimizer.zero_grad().": with_old}
    )
    if not near(mine, right):
        raise Slip("The first step is right, but the second is not: does something stay from step to step?")


def _tiny() -> tuple["nn.Module", "Tensor", "Tensor"]:
    """A network with 3 inputs, 2 latents and 2 classes, and a batch of 4."""
    import torch
    from torch import nn

    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.penultimate, self.classifier = nn.Linear(3, 2).double(), nn.Linear(2, 2).double()

        def forward(self, pictures: "Tensor") -> tuple["Tensor", "Tensor"]:
            z = self.penultimate(pictures)
            return self.classifier(z), z

    network = Tiny()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.linspace(-0.9, 1.3, parameter.numel()).reshape(parameter.shape).sin())
    pictures = torch.linspace(0.5, 4, 12, dtype=torch.float64).reshape(4, 3).cos()
    return network, pictures, torch.tensor([0, 1, 1, 0])


def _stepped(network: "nn.Module", pictures: "Tensor", loss: Callable) -> "nn.Module":
    """A copy of the network after one step of gradient descent."""
    import torch

    stepped = copy.deepcopy(network)
    parameters = list(stepped.parameters())
    gradients = torch.autograd.grad(loss(*stepped(pictures)), parameters, allow_unused=True)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                parameter.sub_(LR * gradient)
    return stepped


def _weights(network: "nn.Module") -> np.ndarray:
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in network.parameters()])
