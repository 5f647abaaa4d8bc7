"""Is one network harder to fool than another? The same pictures, the same budget, several attacks."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.attacks import USUAL, Effort, fooled
from binenc_kit.measures.gradients import classify, evaluating, norms
from binenc_kit.measures.robustness import deepfool

CHANCE = 0.05  # a difference that chance makes less often than this is called one
AS_IT_SAYS, REFINED, STRONG = "DeepFool, as it says", "DeepFool, refined", "strong attack"


class Contest(NamedTuple):
    """What became of the pictures that both networks get right, at one budget.

    budget: the L2 norm; shares: by attack and network, the share of pictures that fall, 0 to 1; chance: by attack, how
    often a difference as large would come about if both were equally hard to fool; verdict: one sentence.
    """

    pictures: int
    budget: float
    shares: dict[str, dict[str, float]]
    chance: dict[str, float]
    verdict: str


def contest(
    networks: Mapping[str, nn.Module],
    images: Tensor,
    labels: Tensor,
    *,
    box: tuple[float, float] = (0.0, 1.0),
    effort: Effort = USUAL,
) -> Contest:
    """Attack two networks on the pictures that both get right, with the second one's median refined DeepFool norm.

    networks: two, by name, pictures in `box` to logits, such as `PixelNetwork`; the first is said to be the harder one.
    A picture falls to DeepFool, as it says, where DeepFool's own perturbation fits the budget, and to DeepFool,
    refined, where the first flip on its way does; the other attacks are those of `fooled`. Differences are judged by
    the sign test on the pictures that fall in one network only. Raises `KitError` where there is nothing to compare.
    """
    if len(networks) != 2:
        raise KitError(f"a contest is between two networks, but there are {len(networks)}")
    right = torch.stack([_right(network, images, labels) for network in networks.values()]).all(dim=0)
    images, labels = images[right], labels[right]
    if not len(images):
        raise KitError("there is no picture that both networks get right: train them longer, or show more pictures")
    sizes = norms(images).cpu().numpy()
    found = {name: deepfool(network, images, box=box) for name, network in networks.items()}
    reach = list(found.values())[1].refined * sizes
    if np.isnan(reach).all():
        raise KitError("DeepFool flips none of the pictures in the second network, so it gives no budget")
    budget = float(np.nanmedian(reach))
    falls = {}
    for name, network in networks.items():
        ours = found[name]
        as_it_says = np.where(ours.success, ours.relative, np.inf) * sizes
        falls[name] = {AS_IT_SAYS: as_it_says <= budget, REFINED: ours.refined * sizes <= budget}
        falls[name] |= fooled(network, images, labels, budget, box, effort)
    one, other = falls
    shares = {attack: {name: float(falls[name][attack].mean()) for name in falls} for attack in falls[one]}
    chance = {attack: _sign_test(falls[one][attack], falls[other][attack]) for attack in falls[one]}
    return Contest(len(images), budget, shares, chance, _verdict(one, other, shares, chance))


def _right(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    with evaluating(network):
        return classify(network, images) == labels


def _sign_test(one: np.ndarray, other: np.ndarray) -> float:
    """Chance of a split as uneven as that of the pictures that fall in one network only, if both were alike."""
    apart = int((one != other).sum())
    return float(binomtest(int((one & ~other).sum()), apart).pvalue) if apart else 1.0


def _verdict(one: str, other: str, shares: dict[str, dict[str, float]], chance: dict[str, float]) -> str:
    def told(attack: str) -> str:
        ours, theirs = (f"{shares[attack][name]:.0%} of the pictures fall in {name}" for name in (one, other))
        return f"by {attack} {ours}, {theirs.replace(' of the pictures fall', '')} (chance {chance[attack]:.2g})"

    def gain(attack: str) -> int:
        """1 where the first network is harder to fool, -1 where it is easier, 0 where chance would do it, too."""
        return int(np.sign(shares[attack][other] - shares[attack][one])) if chance[attack] < CHANCE else 0

    if gain(AS_IT_SAYS) <= 0:
        stronger = f"; {told(STRONG)}" if gain(STRONG) else ""  # a difference that DeepFool alone would hide
        return f"DeepFool itself sees no gain beyond chance: {told(AS_IT_SAYS)}{stronger}"
    kept = {1: "survives", 0: "is gone", -1: "is reversed"}[gain(STRONG)]
    return f"DeepFool's gain {kept} under the strong attack: {told(AS_IT_SAYS)}; {told(STRONG)}"
