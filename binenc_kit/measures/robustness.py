"""How far must a picture move before the network changes its mind?"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from binenc_kit.measures.gradients import (
    Classifier,
    classify,
    evaluating,
    logits_and_gradients,
    logits_of,
    norms,
    require_images,
)

Box = tuple[float, float] | None
SCAN, BISECTIONS = 20, 10  # places looked at along a direction, and how often the first flip's interval is halved


class DeepFool(NamedTuple):
    """What DeepFool did to each picture; norms are of the whole perturbation over that of the picture.

    perturbation: (N, channels, height, width); relative: (N,), as DeepFool says; refined: (N,), up to the first flip
    along the same direction, NaN where there is none; success: (N,), whether the class changed; steps: (N,);
    zero_gradient: (N,), whether it stopped because no gradient was left.
    """

    perturbation: Tensor
    relative: NDArray[np.float64]
    refined: NDArray[np.float64]
    success: NDArray[np.bool_]
    steps: NDArray[np.int64]
    zero_gradient: NDArray[np.bool_]

    @property
    def zero_gradient_share(self) -> float:
        """Share of the pictures at which every gradient vanished, from 0 to 1."""
        return float(self.zero_gradient.mean())


def deepfool(
    network: Classifier,
    images: Tensor,
    classes: int = 10,
    overshoot: float = 0.02,
    max_steps: int = 50,
    box: Box = None,
    refine: bool = True,
    batch_size: int = 100,
) -> DeepFool:
    """Step to the nearest border of the linearised network until the predicted class changes.

    network: float pictures (N, channels, height, width) to logits (N, C), or to logits and the latents (N, P) that they
    are computed from, which saves time where P < C; set to evaluation mode meanwhile. classes: how many of the
    likeliest are tried. box: lowest and highest value of a pixel that may be reached, None for any. refine: also look
    for the first flip; without it `refined` is NaN. Whole batches at once, and only pictures that have not flipped yet.
    On networks that are flat around the data DeepFool overshoots: look at `refined` beside `relative`.
    Raises `KitError` for pictures that are none. Source: Moosavi-Dezfooli et al. 2016; BinEnc-v3, Table 3.
    """
    require_images(images)
    with evaluating(network):
        parts = [_fool(network, batch, classes, overshoot, max_steps, box) for batch in images.split(batch_size)]
        perturbation, *found = (torch.cat(column) for column in zip(*parts, strict=True))
        first = first_flip(network, images, perturbation) if refine else images.new_full((len(images),), torch.nan)
    success, steps, stuck = (column.cpu().numpy() for column in found)
    relative = (norms(perturbation) / norms(images)).cpu().numpy()
    return DeepFool(perturbation, relative, relative * first.cpu().numpy(), success, steps, stuck)


def first_flip(network: Classifier, images: Tensor, perturbation: Tensor) -> Tensor:
    """The smallest share of a perturbation that changes the predicted class, (N,) in (0, 1]; NaN where none does.

    A scan in equal steps, then bisection. images, perturbation: (N, channels, height, width).
    """
    original = classify(network, images)
    high = images.new_full((len(images),), torch.nan, dtype=torch.float64)

    def changed(index: Tensor, share: Tensor) -> Tensor:
        moved = images[index] + share.to(images.dtype)[:, None, None, None] * perturbation[index]
        return classify(network, moved) != original[index]

    waiting = torch.arange(len(images), device=images.device)
    for place in range(1, SCAN + 1):
        flips = changed(waiting, high.new_full((len(waiting),), place / SCAN))
        high[waiting[flips]] = place / SCAN
        waiting = waiting[~flips]
        if not len(waiting):
            break
    index = torch.nonzero(~high.isnan())[:, 0]
    low = high - 1 / SCAN
    for _ in range(BISECTIONS if len(index) else 0):
        middle = (low[index] + high[index]) / 2
        flips = changed(index, middle)
        high[index[flips]] = middle[flips]
        low[index[~flips]] = middle[~flips]
    return high


def _fool(
    network: Classifier, images: Tensor, classes: int, overshoot: float, max_steps: int, box: Box
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One batch: the perturbation, whether the class changed, the steps taken, and whether all gradients vanished."""
    with torch.no_grad():
        ranked = logits_of(network, images).argsort(1, descending=True)[
            :, :classes
        ]  # fixed at the start, as in the original
    total = torch.zeros_like(images)
    steps = torch.zeros(len(images), dtype=torch.int64, device=images.device)
    success, stuck = torch.zeros_like(steps, dtype=torch.bool), torch.zeros_like(steps, dtype=torch.bool)
    active = torch.arange(len(images), device=images.device)

    def moved(index: Tensor) -> Tensor:
        there = images[index] + (1 + overshoot) * total[index]
        return there if box is None else there.clamp(*box)

    for _ in range(max_steps):
        step, dead = _to_nearest_border(network, moved(active), ranked[active])
        total[active] += step
        stuck[active] = dead
        steps[active] += ~dead
        success[active] = classify(network, moved(active)) != ranked[active, 0]
        active = active[~success[active] & ~dead]
        if not len(active):
            break
    return moved(torch.arange(len(images), device=images.device)) - images, success, steps, stuck


def _to_nearest_border(network: Classifier, images: Tensor, ranked: Tensor) -> tuple[Tensor, Tensor]:
    """The step onto the nearest border between the first and any other ranked class, if logits were linear.

    Also tells for which pictures there is none, because every difference of logits has a gradient of zero.
    """
    images = images.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
    logits, gradients = logits_and_gradients(network, images, ranked)
    w = gradients[:, 1:] - gradients[:, :1]
    f = (logits[:, 1:] - logits[:, :1]).detach()
    length = torch.linalg.vector_norm(w, dim=2, dtype=torch.float64)  # squares of tiny gradients leave float32
    distance = torch.where(length > 0, f.abs() / length, torch.inf)
    nearest = distance.argmin(1)
    rows = torch.arange(len(images), device=images.device)
    shortest, dead = distance[rows, nearest], ~(distance < torch.inf).any(1)
    scale = torch.where(dead, 0, (shortest + 1e-4) / length[rows, nearest])  # 1e-4: across the border, not onto it
    step = scale[:, None] * torch.where(dead[:, None], 0, w[rows, nearest])
    return step.to(images.dtype).reshape(images.shape), dead
