"""Losses that users know, from the library pytorch-metric-learning, each with the classifier that it trains.

The constants are the defaults of the Latent Point Collapse code, which has ArcFace and SupCon as its rivals.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from binenc_kit.errors import KitError

try:
    from pytorch_metric_learning import losses
except ImportError:
    raise KitError(
        "ArcFace, SupCon and CenterLoss come from the library pytorch-metric-learning, which is not installed: "
        'pip install "binenc-kit[rivals]"'
    ) from None

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
        self.loss = losses.ArcFaceLoss(classes, P, margin=MARGIN, scale=SCALE)

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


def supervised_contrastive(z: Tensor, labels: Tensor) -> Tensor:
    """How much nearer samples of one class are than those of others. Source: Khosla et al. 2020."""
    return losses.SupConLoss(temperature=TEMPERATURE)(z, labels)
