"""How far must a picture move before the network changes its mind?"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from binenc_kit.measures.arrays import require_count
from binenc_kit.measures.gradients import (
    Box,
    Classifier,
    changed,
    classify,
    evaluating,
    logits_and_gradients,
    logits_of,
    norms,
    require_images,
    require_logits,
)

SCAN, BISECTIONS = 20, 10  # places looked at along a direction, and how often the first flip's interval is halved
FAR = 1e18  # a border as far as this is none: float32 cannot hold the squares of longer steps


class DeepFool(NamedTuple):
    """What DeepFool did to each picture; norms are of the whole perturbation over that of the picture.

    perturbation: (N, channels, height, width); relative: (N,), as DeepFool says; refined: (N,), up to the first flip
    along the same direction, NaN where there is none; success: (N,), whether the class changed; steps: (N,);
    zero_gradient: (N,), whether it stopped because no gradient was left. A black picture's norms are infinite.
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
    likeliest are tried. box: lowest and highest value of a pixel that may be reached, None for all. refine: also look
    for the first flip; without it `refined` is NaN. Whole batches at once, and only pictures that have not flipped yet.
    On networks that are flat around the data DeepFool overshoots: look at `refined` beside `relative`.
    Raises `KitError` for pictures that are none or outside of the box, and for a network that gives no finite logits.
    Source: Moosavi-Dezfooli et al. 2016; BinEnc-v3, Table 3.
    """
    require_images(images, box)
    require_count("classes", classes, 2)
    require_count("max_steps", max_steps)
    require_count("batch_size", batch_size)
    images = images.detach()
    with evaluating(network):
        parts = [_fool(network, batch, classes, overshoot, max_steps, box) for batch in images.split(batch_size)]
        perturbation, *found = (torch.cat(column) for column in zip(*parts, strict=True))
        first = first_flip(network, images, perturbation) if refine else images.new_full((len(images),), torch.nan)
    success, steps, stuck = (column.cpu().numpy() for column in found)
    size = norms(perturbation).cpu().double()
    relative = torch.where(size > 0, size / norms(images).cpu(), 0).numpy()  # where nothing moved, 0 even if black
    return DeepFool(perturbation, relative, relative * first.cpu().numpy(), success, steps, stuck)


def first_flip(network: Classifier, images: Tensor, perturbation: Tensor) -> Tensor:
    """The smallest share of a perturbation that changes the predicted class, (N,) in (0, 1]; NaN where none does.

    A scan in equal steps, then bisection of the first of them that flips, in evaluation mode; what flips and flips back
    within one step is overlooked. images, perturbation: (N, channels, height, width).
    """
    high = images.new_full((len(images),), torch.nan)
    with evaluating(network):
        original = classify(network, images)

        def flips_at(index: Tensor, share: Tensor) -> Tensor:
            return changed(network, images[index] + share[:, None, None, None] * perturbation[index], original[index])

        waiting = torch.arange(len(images), device=images.device)
        for place in range(1, SCAN + 1):
            flips = flips_at(waiting, high.new_full((len(waiting),), place / SCAN))
            high[waiting[flips]] = place / SCAN
            waiting = waiting[~flips]
            if not len(waiting):
                break
        index = torch.nonzero(~high.isnan())[:, 0]
        low = high - 1 / SCAN
        for _ in range(BISECTIONS if len(index) else 0):
            middle = (low[index] + high[index]) / 2
            flips = flips_at(index, middle)
            high[index[flips]] = middle[flips]
            low[index[~flips]] = middle[~flips]
    return high


def _fool(
    network: Classifier, images: Tensor, classes: int, overshoot: float, max_steps: int, box: Box
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One batch: the perturbation, whether the class changed, the steps taken, and whether all gradients vanished."""
    with torch.no_grad():
        logits = logits_of(network, images)
    require_logits(logits)
    # Fixed at the start, as in the original; of equal logits the first leads, as for argmax.
    ranked = logits.argsort(dim=1, descending=True, stable=True)[:, :classes]
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
        success[active] = changed(network, moved(active), ranked[active, 0])
        active = active[~success[active] & ~dead]
        if not len(active):
            break
    return moved(torch.arange(len(images), device=images.device)) - images, success, steps, stuck


def _to_nearest_border(network: Classifier, images: Tensor, ranked: Tensor) -> tuple[Tensor, Tensor]:
    """The step onto the nearest border between the first and any other ranked class, if logits were linear.

    Also tells for which pictures there is none, because every difference of logits has a gradient of zero, or one so
    small that the border is out of reach.
    """
    images = images.detach().requires_grad_()
    logits, gradients = logits_and_gradients(network, images, ranked)
    w = gradients[:, 1:] - gradients[:, :1]
    f = (logits[:, 1:] - logits[:, :1]).detach().abs()
    length = norms(w.flatten(0, 1)).reshape(f.shape)
    distance = (f / length).nan_to_num(nan=torch.inf, posinf=torch.inf)
    shortest, nearest = distance.min(1)
    rows, dead = torch.arange(len(images), device=images.device), shortest > FAR
    direction = w[rows, nearest] / length[rows, nearest, None]
    step = torch.where(dead[:, None], 0, (shortest[:, None] + 1e-4) * direction)  # 1e-4: across the border, not onto it
    return step.reshape(images.shape), dead
