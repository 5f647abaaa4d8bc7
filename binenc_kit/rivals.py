"""Losses that users know, from the library pytorch-metric-learning, each with the classifier that it trains.

The constants are the defaults of the Latent Point Collapse code, which has ArcFace and SupCon as its rivals.
"""

from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from binenc_kit.errors import KitError

MARGIN = 17.2  # degrees, 0.3 radians
SCALE = 32.0
TEMPERATURE = 0.05


class ArcFace(nn.Module):
    """A unit vector for each class; in training the angle to the own one counts `MARGIN` degrees more.

    Source: Deng et al. 2019.
    """

    bias = None

    def __init__(self, P: int, classes: int) -> None:
        super().__init__()
        self.in_features = P
        self.loss = _losses().ArcFaceLoss(classes, P, margin=MARGIN, scale=SCALE)

    @property
    def weight(self) -> Tensor:
        """The classes' unit vectors (C, P)."""
        return F.normalize(self.loss.W, dim=0).T

    def forward(self, z: Tensor) -> Tensor:
        """(N, P) to scaled cosines (N, C), without margin."""
        return self.loss.get_logits(z)

    def push(self, z: Tensor, labels: Tensor) -> Tensor:
        """The loss of latents (N, P) with their labels (N,)."""
        return self.loss(z, labels)


class CenterLoss(nn.Linear):
    """A linear classifier, and a learnable centre for each class towards which its latents are pulled.

    The library has no centre loss (its users have asked for one), but torch has the squared distance. Source: Wen et
    al. 2016, eq. 2; the centres are learned like all weights, where the paper averages them.
    """

    def __init__(self, P: int, classes: int) -> None:
        super().__init__(P, classes)
        self.centers = nn.Parameter(torch.zeros(classes, P))

    def pull(self, z: Tensor, labels: Tensor) -> Tensor:
        """Half the mean squared distance of latents (N, P) to their classes' centres."""
        return F.mse_loss(z, self.centers[labels], reduction="sum") / (2 * len(z))


class SupCon(nn.Linear):
    """Supervised contrast, which knows no classifier, and a linear one that learns from the latents alone.

    Source: Khosla et al. 2020.
    """

    def __init__(self, P: int, classes: int) -> None:
        super().__init__(P, classes)
        self.loss = _losses().SupConLoss(temperature=TEMPERATURE)

    def forward(self, z: Tensor) -> Tensor:
        """(N, P) to logits (N, C); in training no gradient goes back to z."""
        return super().forward(z.detach() if self.training else z)

    def push(self, z: Tensor, labels: Tensor) -> Tensor:
        """How much nearer to each other samples of one class are than others, of unit vectors (N, P) and labels (N,).

        0 for a batch in which no class comes twice.
        """
        return self.loss(z, labels)


def _losses() -> ModuleType:
    try:
        from pytorch_metric_learning import losses
    except ImportError:
        raise KitError(
            "ArcFace and SupCon come from the library pytorch-metric-learning, which is not installed: "
            'pip install "binenc-kit[rivals]"'
        ) from None
    return losses
