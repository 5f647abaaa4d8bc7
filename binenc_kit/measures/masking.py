"""Is the network hard to fool, or is DeepFool only lost? Gradient masking, tested with attacks that need no faith."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.attacks import Scaled, fooled, unit_scale
from binenc_kit.measures.gradients import classify, evaluating, logits_of, norms
from binenc_kit.measures.robustness import deepfool
from binenc_kit.measures.smoothness import margin_gradient_norms

FEW = 0.05  # a share of pictures that chance and rounding explain


class MaskingReport(NamedTuple):
    """One verdict and the numbers behind it; shares are from 0 to 1, of the pictures that are classified right."""

    masked: bool
    verdict: str
    checks: dict[str, float]


def gradient_masking_report(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    box: tuple[float, float] = (0.0, 1.0),
    iterations: int = 50,
    queries: int = 500,
    directions: int = 100,
    seed: int = 0,
) -> MaskingReport:
    """Doubt DeepFool: ask better-founded attacks for the same pictures at DeepFool's own budget, and say what survives.

    network: pictures in `box` to logits, or logits and latents, such as `PixelNetwork`; labels: (N,). The budgets are
    L2 norms: the median of DeepFool's refined norms, and half of it. iterations, queries,
    directions: the effort of `fooled`'s attacks with gradients, of Square, and of the search at random.
    Raises `KitError` where no picture is classified right or flips, or without adversarial-robustness-toolbox.
    Source: Athalye et al. 2018 (masking); Croce and Hein 2020 (AutoAttack).
    """
    with evaluating(network):
        right = classify(network, images) == labels
        if not right.any():
            raise KitError("not one of these pictures is classified right: there is nothing to fool")
        images, labels = images[right], labels[right]
        checks, refined = _deepfool_checks(network, images, labels, box)
        if np.isnan(refined).all():
            raise KitError("DeepFool flips none of these pictures, so it gives no budget: give it more max_steps")
        median = float(np.nanmedian(refined))
        for name, budget in (("half the budget", median / 2), ("the budget", median)):
            effort = {"iterations": iterations, "queries": queries, "directions": directions, "seed": seed}
            falls = fooled(network, images, labels, budget, box, **effort)
            falls["DeepFool"] = refined <= budget
            checks |= {f"fooled by {attack} at {name}": float(fooled.mean()) for attack, fooled in falls.items()}
        beaten = falls["random directions"] & ~falls["DeepFool"]
    checks["random directions beat DeepFool"] = float(beaten.mean())
    reasons = _reasons(checks)
    verdict = "masked: " + "; ".join(reasons) if reasons else f"no sign of masking: {_survival(checks)}"
    return MaskingReport(bool(reasons), f"{verdict}. {_overshoot(checks)}", checks)


def _deepfool_checks(
    network: nn.Module, images: Tensor, labels: Tensor, box: tuple[float, float]
) -> tuple[dict[str, float], NDArray[np.float64]]:
    """Vanishing gradients, and DeepFool as it is, on rescaled logits and in float64; also its refined L2 norms."""
    plain = deepfool(network, images, box=box)
    rescaled = deepfool(Scaled(network, unit_scale(network, images)), images, box=box)
    double = deepfool(Scaled(network, dtype=torch.float64), images.double(), box=box)
    checks = {
        "pictures": float(len(images)),
        "zero gradient of the margin": float((margin_gradient_norms(network, images, labels) == 0).mean()),
        "zero gradient of the loss": float((_loss_gradient_norms(network, images, labels) == 0).mean()),
        "DeepFool stopped by zero gradients": plain.zero_gradient_share,
        "DeepFool relative norm": float(np.median(plain.relative)),
    }
    for name, result in {"": plain, ", rescaled logits": rescaled, ", float64": double}.items():
        refined = np.where(np.isnan(result.refined), np.inf, result.refined)
        checks[f"DeepFool refined norm{name}"] = float(np.median(refined))
    return checks, plain.refined * norms(images).cpu().numpy()


def _loss_gradient_norms(network: nn.Module, images: Tensor, labels: Tensor) -> NDArray[np.float64]:
    """||grad_x cross-entropy|| of each picture: zero where softmax says 1.0 sharp; then climbers are blind."""
    found = []
    for batch, y in zip(images.split(100), labels.split(100), strict=True):
        batch = batch.detach().clone().requires_grad_()
        loss = F.cross_entropy(logits_of(network, batch), y, reduction="sum")
        found.append(norms(torch.autograd.grad(loss, batch)[0]))
    return torch.cat(found).cpu().numpy()


def _reasons(checks: dict[str, float]) -> list[str]:
    """Why DeepFool's number is not to be believed, one phrase a reason; empty where nothing speaks against it."""
    found = []
    blind = max(checks["zero gradient of the margin"], checks["DeepFool stopped by zero gradients"])
    if blind > FEW:
        found.append(f"the margin's gradient is exactly zero at {blind:.0%} of the pictures")
    plain = checks["DeepFool refined norm"]
    for name in ("rescaled logits", "float64"):
        norm = checks[f"DeepFool refined norm, {name}"]
        if norm < 0.8 * plain:
            found.append(f"with {name} DeepFool itself needs only {norm / plain:.0%} of the norm")
    strong, claimed = (checks[f"fooled by {attack} at half the budget"] for attack in ("strong attack", "DeepFool"))
    if strong >= 0.5:  # the true median is at most half of what DeepFool says
        found.append(f"half of DeepFool's median budget lets a strong attack fool {strong:.0%}, DeepFool {claimed:.0%}")
    beaten = checks["random directions beat DeepFool"]
    if beaten > FEW:
        found.append(f"random directions fool {beaten:.0%} of the pictures with less than DeepFool needs")
    return found


def _survival(checks: dict[str, float]) -> str:
    strong, claimed = (checks[f"fooled by {attack} at half the budget"] for attack in ("strong attack", "DeepFool"))
    return f"with half of DeepFool's median budget the strong attack fools {strong:.0%} and DeepFool {claimed:.0%}"


def _overshoot(checks: dict[str, float]) -> str:
    factor = checks["DeepFool relative norm"] / checks["DeepFool refined norm"]
    if factor < 1.05:
        return "DeepFool stops close behind the border"
    return f"DeepFool steps far past the border: its own norm is {factor:.2f} times the refined one"
