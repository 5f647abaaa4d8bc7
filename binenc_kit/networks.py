"""The network: a backbone, a penultimate layer and a classifier."""

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from binenc_kit.backbones import MAKERS
from binenc_kit.config import RunConfig
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.heads import build_head, check_room, fewest_bits
from binenc_kit.measures.gradients import evaluating

Backbone = nn.Module | Callable[[], nn.Module]


class Network(nn.Module):
    """Backbone h(x), penultimate layer z = z(h), classifier f = W2 z + b2. Source: BinEnc-v3, eq. 4 and 5."""

    classifier: Any  # an nn.Linear, or a head's own, which may also have a push or a pull

    def __init__(self, backbone: nn.Module, penultimate: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.penultimate = penultimate
        self.classifier = classifier

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images (N, channels, height, width) to logits (N, C) and latents z (N, P)."""
        h = self.backbone(images).flatten(1)
        # bfloat16 has 8 bits of precision; latents, whose spread is measured, and their penalty stay in float32.
        halved = torch.is_autocast_enabled(h.device.type)
        with torch.autocast(h.device.type, enabled=False) if halved else nullcontext():
            z = self.penultimate(h.float() if halved else h)  # a network in float64 stays there
            return self.classifier(z), z


class PixelNetwork(nn.Module):
    """A network that takes pixels from 0 to 1 and normalises them itself, so that an attack can keep to that box."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, data: Data) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", data.mean / 255)
        self.register_buffer("std", data.std / 255)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (N, channels, height, width) to what the network returns."""
        return self.network((pixels - self.mean) / self.std)


def build_network(
    config: RunConfig, shape: tuple[int, int, int], classes: int, backbone: Backbone | None = None
) -> Network:
    """Build the network of a config for pictures of `shape` (channels, height, width) and C classes.

    backbone: for config.backbone = "custom:LABEL", a module (copied) or a function that makes one, from pictures to
    features. Weights come from torch's global generator. Raises `KitError` when 2^P < C unless `allow_small_P`.
    """
    P = config.P or fewest_bits(classes)
    check_room(config, P, classes)
    trunk = _own(config, backbone) if config.backbone.startswith("custom:") else _known(config, backbone, shape)
    features = _count_features(trunk, shape)
    return Network(trunk, *build_head(config, features, P, classes))


@torch.inference_mode()
def predict(
    network: Network,
    data: Data,
    images: Tensor,
    transform: Callable[[Tensor], Tensor] | None = None,
    batch_size: int = 1000,
) -> tuple[Tensor, Tensor]:
    """Logits (N, C) and latents (N, P) of uint8 pictures (N, channels, height, width), in evaluation mode, float32.

    transform: what is done to each batch of normalised pictures before the network sees it, such as `augment`.
    """
    batches = (data.normalise(batch) for batch in images.split(batch_size))
    with evaluating(network):
        parts = [network(transform(batch) if transform else batch) for batch in batches]
    return torch.cat([logits for logits, _ in parts]), torch.cat([z for _, z in parts])


def restore(network: Network, weights: dict[str, Tensor], folder: object) -> None:
    """Give a network its recorded weights; raises `KitError` when they are another network's."""
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise KitError(
            f"the weights in {folder} do not fit the network of its configuration: was it trained with another "
            "backbone or other data?"
        ) from None


def _known(config: RunConfig, backbone: Backbone | None, shape: tuple[int, int, int]) -> nn.Module:
    """One of the kit's backbones."""
    if backbone is not None:
        raise KitError(
            f"a backbone of your own came with backbone={config.backbone!r}: give it a name, backbone='custom:mine'"
        )
    return MAKERS[config.backbone](shape, **({"width": config.width} if config.width else {}))


def _own(config: RunConfig, backbone: Backbone | None) -> nn.Module:
    """A copy of the user's module, or a new one from the user's function."""
    module = copy.deepcopy(backbone) if isinstance(backbone, nn.Module) else callable(backbone) and backbone()
    if not isinstance(module, nn.Module):
        raise KitError(
            f"{config.backbone} needs its module: pass backbone=MODULE, or a function without arguments that makes one"
        )
    return module


def _count_features(backbone: nn.Module, shape: tuple[int, int, int]) -> int:
    """How many features the backbone gives, asked with two black pictures; its batch statistics stay untouched."""
    was_training = backbone.training
    try:
        with torch.no_grad():
            return backbone.eval()(torch.zeros(2, *shape)).flatten(1).shape[1]
    except Exception as error:  # whatever a module of somebody's own may raise
        raise KitError(
            f"the backbone cannot turn pictures of shape {shape} into features (N, features): {type(error).__name__} "
            f"{error}"
        ) from None
    finally:
        backbone.train(was_training)
