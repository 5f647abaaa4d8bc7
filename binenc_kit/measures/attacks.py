"""Attacks from adversarial-robustness-toolbox, and random directions, within one L2 budget."""

import copy
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.gradients import classify, evaluating, logits_of, norms, require_images, require_labels

BATCH = 100
LARGEST = 1e38  # what float32 holds: a factor beyond it would be infinite


class Effort(NamedTuple):
    """How hard the attacks try: steps of those with gradients, queries of Square, random directions; and their seed."""

    iterations: int = 50
    queries: int = 500
    directions: int = 100
    seed: int = 0


USUAL = Effort()


class Scaled(nn.Module):
    """A copy of a network with its logits alone, in the given precision, times a factor: no class changes."""

    def __init__(self, network: nn.Module, factor: float = 1.0, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).eval().to(dtype)
        self.factor, self.dtype = factor, dtype

    def forward(self, images: Tensor) -> Tensor:
        """Pictures (N, channels, height, width) to logits (N, C)."""
        logits = logits_of(self.network, images.to(self.dtype)) * self.factor
        return logits + 0 * images.flatten(1).sum(1, keepdim=True)  # the toolbox wants a gradient, be it zero


@torch.no_grad()
def unit_scale(network: nn.Module, images: Tensor) -> float:
    """The factor that gives these pictures' logits a standard deviation of 1, or as near as float32 allows."""
    spread = torch.cat([logits_of(network, batch) for batch in images.split(BATCH)]).cpu().double().std().item()
    return min(1 / spread, LARGEST) if spread > 0 else 1.0


def fooled(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    budget: float,
    box: tuple[float, float],
    effort: Effort = USUAL,
) -> dict[str, NDArray[np.bool_]]:
    """Which pictures (N,) each attack fools within an L2 norm of `budget`, staying in the box.

    "PGD" climbs the loss of the network as it is. The "strong attack" is AutoAttack's sequence (Croce and Hein 2020)
    without FAB, a relative of DeepFool: auto-PGD on the cross-entropy, then on the difference of logits ratio (from 3
    classes on), then Square, which needs no gradient (for pictures of 4 x 4 pixels or more, not higher than wide), each
    on what still stands, all on logits of unit scale. "random directions" are steps of the whole budget.
    Raises `KitError` for pictures, labels or a budget that are none, or without adversarial-robustness-toolbox.
    """
    require_images(images, box)
    require_labels(labels, images)
    if not 0 < budget < np.inf:
        raise KitError(f"the budget is {budget}, but must be a positive L2 norm")
    evasion, classifier_of = _toolbox()
    images, labels, found = images.detach(), labels.long(), {}
    with evaluating(network), _seeded(effort.seed):
        plain = classifier_of(Scaled(network), images, box)
        scaled = classifier_of(Scaled(network, unit_scale(network, images)), images, box)
        climb = {"norm": 2, "eps": budget, "eps_step": budget / 4, "max_iter": effort.iterations}
        climb |= {"batch_size": BATCH, "verbose": False}
        attacks = {
            "PGD": [evasion.ProjectedGradientDescent(plain, **climb)],
            "strong attack": _strong(evasion, scaled, climb, effort.queries),
        }
        for name, sequence in attacks.items():
            found[name] = _in_turn(sequence, network, images, labels, budget)
        generator = torch.Generator().manual_seed(effort.seed)
        found["random directions"] = _random(network, images, labels, budget, box, effort.directions, generator)
    return found


def _strong(evasion: Any, scaled: Any, climb: dict[str, Any], queries: int) -> list[Any]:  # noqa: ANN401
    """AutoAttack's sequence, less what the toolbox cannot do for this number of classes or size of pictures."""
    losses = ["cross_entropy", "difference_logits_ratio"][: 1 if scaled.nb_classes < 3 else 2]
    sequence = [
        evasion.AutoProjectedGradientDescent(scaled, loss_type=loss, nb_random_init=1, **climb) for loss in losses
    ]
    _, height, width = scaled.input_shape
    if 4 <= height <= width:
        # Square's windows, of an odd number of pixels, must be smaller than the picture: p_init is their largest share.
        odd = (height - 2) // 2 * 2 + 1
        common = {name: climb[name] for name in ("norm", "eps", "batch_size", "verbose")}
        sequence.append(
            evasion.SquareAttack(scaled, max_iter=queries, p_init=min(0.8, odd**2 / (height * width)), **common)
        )
    return sequence


def _in_turn(
    sequence: list[Any], network: nn.Module, images: Tensor, labels: Tensor, budget: float
) -> NDArray[np.bool_]:
    """Which pictures a sequence of attacks fools, each tried on what the ones before it have left standing."""
    down = torch.zeros_like(labels, dtype=torch.bool)
    for attack in sequence:
        up = torch.nonzero(~down)[:, 0]
        if len(up):
            x, y = images[up], labels[up]
            # Square divides by the norms of windows it left at 0 or made large: such tries are NaN, and it drops them.
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                moved = torch.from_numpy(attack.generate(x.cpu().numpy(), y.cpu().numpy())).to(images)
            within = norms(moved - x) <= budget * 1.001  # an attack that leaves its budget has not succeeded
            down[up] = (classify(network, moved) != y) & within
    return down.cpu().numpy()


def _random(
    network: nn.Module, images: Tensor, labels: Tensor, budget: float, box: tuple[float, float], directions: int,
    generator: torch.Generator,
) -> NDArray[np.bool_]:  # fmt: skip
    """Which pictures change their class in any of so many random directions at the whole budget."""
    flipped = torch.zeros_like(labels, dtype=torch.bool)
    for _ in range(directions):
        step = torch.randn(images.shape, generator=generator).to(images)
        step *= (budget / norms(step)).to(images.dtype)[:, None, None, None]
        flipped |= classify(network, (images + step).clamp(*box)) != labels
    return flipped.cpu().numpy()


def _toolbox() -> tuple[Any, Any]:
    """The attacks of adversarial-robustness-toolbox, and a function that wraps a network for them."""
    try:
        from art.attacks import evasion
        from art.estimators.classification import PyTorchClassifier
    except ImportError:
        raise KitError(
            "strong attacks come from adversarial-robustness-toolbox, which is not there: install binenc-kit[attacks]"
        ) from None
    logging.getLogger("art").setLevel(logging.WARNING)

    def classifier_of(network: nn.Module, images: Tensor, box: tuple[float, float]) -> Any:  # noqa: ANN401
        with torch.no_grad():
            classes = network(images[:1]).shape[1]
        device = "gpu" if images.device.type == "cuda" else "cpu"
        return PyTorchClassifier(
            network, nn.CrossEntropyLoss(), tuple(images.shape[1:]), classes, clip_values=box, device_type=device
        )

    return evasion, classifier_of


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed numpy's and Python's global generators, which the toolbox draws from, and give the caller's back.

    Its data loaders draw from torch's too, but nothing that matters.
    """
    before, python = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
        random.setstate(python)
