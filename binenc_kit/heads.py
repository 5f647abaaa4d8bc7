"""Heads: the penultimate layer, from features h to latents z, and the classifier, from latents to logits."""

import torch
from torch import Tensor, nn

from binenc_kit import rivals
from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.hug import directions, mhs, require_distinct, require_room

SPHERES = ("HUG", "SupCon")  # heads whose latents have length 1
DRAWS = 16


class Directions(nn.Module):
    """Vectors over their lengths."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, P) to unit vectors (N, P)."""
        return directions(x)


class Proxies(nn.Module):
    """HUG's classifier: a learnable unit vector for each class; the nearest one is the prediction. Our reading.

    They start as the best separated of a few draws: two that start side by side push so hard that Adam, which divides
    by what it remembers of the push, hardly moves for hundreds of steps.
    """

    bias = None

    def __init__(self, P: int, classes: int) -> None:
        super().__init__()
        self.in_features = P
        draws = [torch.randn(classes, P) for _ in range(DRAWS)]  # as directions: uniform on the sphere
        self.proxies = nn.Parameter(min(draws, key=lambda draw: mhs(directions(draw)).item()))
        require_distinct(self.weight)

    @property
    def weight(self) -> Tensor:
        """The proxies as unit vectors (C, P)."""
        return directions(self.proxies)

    def forward(self, z: Tensor) -> Tensor:
        """Unit vectors (N, P) to their cosines with the proxies (N, C)."""
        return z @ self.weight.T


def fewest_bits(classes: int) -> int:
    """ceil(log2 C): the smallest P whose 2^P vertices can hold a code of its own for each class."""
    return max(1, (classes - 1).bit_length())


def check_room(config: RunConfig, P: int, classes: int) -> None:
    """Raise `KitError` when P dimensions cannot tell C classes apart; a small P can be asked for to see it fail."""
    if config.head in (*SPHERES, "ArcFace"):
        require_room(classes, P, config.head)
    if 2**P < classes and config.head not in ("NoPen", *SPHERES, "ArcFace") and not config.allow_small_P:
        raise KitError(
            f"P is {P}, and {P} bits make only {2**P} codes for {classes} classes: use P >= {fewest_bits(classes)}, "
            "or allow_small_P=True to see it fail"
        )


def build_head(config: RunConfig, features: int, P: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """The penultimate layer and the classifier of a head; weights come from torch's global generator.

    LPC's classifier has no bias, as in its code's earlier state: at a gamma of 1e6 the logits are smaller than the
    steps of a bias, which would then decide alone.
    """
    penultimate = penultimate_layer(config, features, P)
    if config.head == "HUG":
        return penultimate, Proxies(P, classes)
    if config.head in ("ArcFace", "SupCon", "CenterLoss"):
        return penultimate, getattr(rivals, config.head)(P, classes)
    return penultimate, nn.Linear(features if config.head == "NoPen" else P, classes, bias=config.head != "LPC")


def penultimate_layer(config: RunConfig, features: int, P: int) -> nn.Module:
    """The layer that makes a head: linear, linear and activation, linear and normalised, or nothing.

    Source: BinEnc-v3, Setup; the first version's networks have ReLU where the others have SiLU.
    """
    if config.head == "NoPen":
        return nn.Identity()
    linear = nn.Linear(features, P)
    if config.head == "NonlinPen":
        return nn.Sequential(linear, nn.ReLU() if config.backbone.endswith("_v1") else nn.SiLU())
    return nn.Sequential(linear, Directions()) if config.head in SPHERES else linear
