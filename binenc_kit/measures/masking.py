"""Is the network hard to fool, or is DeepFool only lost? Gradient masking, tested with attacks that need no faith."""

import copy
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.attacks import USUAL, Effort, Scaled, fooled, unit_scale
from binenc_kit.measures.gradients import classify, evaluating, logits_of, norms, require_images, require_labels
from binenc_kit.measures.robustness import deepfool
from binenc_kit.measures.smoothness import margins

FEW = 0.05  # a share of the pictures that chance and rounding explain: more with a symptom are a reason
LESS = 0.8  # other logits or precision move an honest network's median norm by rounding only: 20 % less are a reason
MOST = 0.5  # fooled at half of DeepFool's median budget: the true median is then at most half of what DeepFool says
FALLBACK = 0.1  # L2 budget over the median norm of the pictures, where DeepFool gives none


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
    effort: Effort = USUAL,
) -> MaskingReport:
    """Doubt DeepFool: ask better-founded attacks for the same pictures at DeepFool's own budget, and say what survives.

    network: pictures in `box` to logits, or logits and latents, such as `PixelNetwork`; labels: (N,). The budgets are
    L2 norms: the median of DeepFool's refined norms, and half of it. Where it flips fewer than half of the pictures,
    the median is that on rescaled logits or in float64, or else a tenth of the pictures' own median norm.
    effort: of the attacks, see `Effort`.
    Raises `KitError` where no picture is classified right, for pictures outside of the box, or without
    adversarial-robustness-toolbox. Source: Athalye et al. 2018 (masking); Croce and Hein 2020 (AutoAttack).
    """
    require_images(images, box)
    require_labels(labels, images)
    with evaluating(network):
        right = classify(network, images) == labels
        if not right.any():
            raise KitError("not one of these pictures is classified right: there is nothing to fool")
        images, labels = images[right], labels[right]
        checks, lengths = _deepfool_checks(network, images, labels, box)
        for name, budget in (("half the budget", checks["budget"] / 2), ("the budget", checks["budget"])):
            falls = fooled(network, images, labels, budget, box, effort)
            falls["DeepFool"] = lengths <= budget
            checks |= {f"fooled by {attack} at {name}": float(share.mean()) for attack, share in falls.items()}
        beaten = falls["random directions"] & ~falls["DeepFool"]
    checks["random directions beat DeepFool"] = float(beaten.mean())
    reasons = _reasons(checks)
    verdict = "masked: " + "; ".join(reasons) if reasons else f"no sign of masking: {_survival(checks)}"
    return MaskingReport(bool(reasons), f"{verdict}. {_overshoot(checks)}", checks)


def _deepfool_checks(
    network: nn.Module, images: Tensor, labels: Tensor, box: tuple[float, float]
) -> tuple[dict[str, float], NDArray[np.float64]]:
    """Vanishing gradients, and DeepFool as it is, on rescaled logits and in float64; also its refined L2 norms (N,)."""
    plain = deepfool(network, images, box=box)
    rescaled = deepfool(Scaled(network, unit_scale(network, images)), images, box=box)
    where = "cpu" if images.device.type == "mps" else images.device  # a Mac's GPU has no float64
    exact = Scaled(copy.deepcopy(network).to(where), dtype=torch.float64)
    double = deepfool(exact, images.to(where).double(), box=box)
    size = norms(images).cpu()
    checks = {
        "pictures": float(len(images)),
        "zero gradient of the margin": float((margins(network, images, labels).slopes == 0).mean()),
        "zero gradient of the loss": float((_loss_gradient_norms(network, images, labels) == 0).mean()),
        "DeepFool stopped by zero gradients": plain.zero_gradient_share,
        "DeepFool lost": float((np.isnan(plain.refined) & ~plain.zero_gradient).mean()),
        "DeepFool relative norm": float(np.median(plain.relative)),
    }
    flipped = plain.success & (plain.refined > 0) & np.isfinite(plain.relative)
    ratios = plain.relative[flipped] / plain.refined[flipped]
    checks["DeepFool overshoot"] = float(np.median(ratios)) if flipped.any() else np.nan
    lengths = []
    for name, result in {"": plain, ", rescaled logits": rescaled, ", float64": double}.items():
        refined = np.where(np.isnan(result.refined), np.inf, result.refined)
        checks[f"DeepFool refined norm{name}"] = float(np.median(refined))
        known = (torch.from_numpy(refined) * size).nan_to_num(torch.inf, torch.inf)  # for a black picture inf * 0
        lengths.append(known.numpy())
    medians = [float(np.median(found)) for found in lengths]
    checks["budget"] = next((found for found in medians if found < np.inf), FALLBACK * size.median().item())
    return checks, lengths[0]


@torch.enable_grad()
def _loss_gradient_norms(network: nn.Module, images: Tensor, labels: Tensor) -> NDArray[np.float64]:
    """||grad_x cross-entropy|| of each picture: zero where softmax says 1.0 sharp; then climbers are blind."""
    found = []
    for batch, y in zip(images.split(100), labels.split(100), strict=True):
        batch = batch.detach().clone().requires_grad_()
        loss = F.cross_entropy(logits_of(network, batch), y, reduction="sum")
        found.append(norms(torch.autograd.grad(loss, batch, materialize_grads=True)[0]))
    return torch.cat(found).cpu().numpy()


def _reasons(checks: dict[str, float]) -> list[str]:
    """Why DeepFool's number is not to be believed, one phrase a reason; empty where nothing speaks against it."""
    found = []
    blind = max(checks["zero gradient of the margin"], checks["DeepFool stopped by zero gradients"])
    if blind > FEW:
        found.append(f"the margin's gradient vanishes at {blind:.0%} of the pictures")
    if checks["DeepFool lost"] > FEW:
        found.append(
            f"DeepFool follows gradients without finding a border at {checks['DeepFool lost']:.0%} of the pictures"
        )
    plain = checks["DeepFool refined norm"]
    for name in ("rescaled logits", "float64"):
        norm = checks[f"DeepFool refined norm, {name}"]
        if norm < LESS * plain:
            than = f"needs only {norm / plain:.0%} of the norm" if plain < np.inf else "flips most, without it few"
            found.append(f"with {name} DeepFool itself {than}")
    strong, claimed = (checks[f"fooled by {attack} at half the budget"] for attack in ("strong attack", "DeepFool"))
    if strong >= MOST:
        found.append(f"half of the budget lets a strong attack fool {strong:.0%}, DeepFool {claimed:.0%}")
    beaten = checks["random directions beat DeepFool"]
    if beaten > FEW:
        found.append(f"random directions fool {beaten:.0%} of the pictures with less than DeepFool needs")
    return found


def _survival(checks: dict[str, float]) -> str:
    strong, claimed = (checks[f"fooled by {attack} at half the budget"] for attack in ("strong attack", "DeepFool"))
    return f"with half of DeepFool's median budget the strong attack fools {strong:.0%} and DeepFool {claimed:.0%}"


def _overshoot(checks: dict[str, float]) -> str:
    if checks["DeepFool refined norm"] == np.inf or np.isnan(checks["DeepFool overshoot"]):
        return "DeepFool does not flip most of the pictures"
    factor = checks["DeepFool overshoot"]
    if factor < 1.05:
        return "DeepFool stops close behind the border"
    return f"DeepFool steps past the border: its own norm is {factor:.2f} times the refined one, in the median"
