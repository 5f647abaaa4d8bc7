"""What a trained network says about data: logits, latents and labels as arrays, and the networks of recordings."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, augment, load_config_data
from binenc_kit.errors import KitError
from binenc_kit.machine import choose_device, seeded
from binenc_kit.networks import Backbone, Network, build_network, predict, restore
from binenc_kit.recording import Recording, require_same


class Outputs(NamedTuple):
    """One split as a network sees it: logits (N, C), latents z (N, P), true labels (N,)."""

    logits: NDArray[np.float32]
    z: NDArray[np.float32]
    labels: NDArray[np.int64]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Predicted classes, (N,)."""
        return self.logits.argmax(axis=1)


def outputs(network: Network, data: Data, split: str, augmented: bool = False, seed: int = 0) -> Outputs:
    """Show a network one split: train, val or test.

    augmented: with flips and crops drawn with `seed`, as training sees the pictures, instead of plain.
    """
    images, labels = getattr(data, split)
    with seeded(seed, 0, str(images.device)):
        logits, z = predict(network, data, images, augment if augmented else None)
    return Outputs(logits.cpu().numpy(), z.cpu().numpy(), labels.cpu().numpy())


def classifier_weight(network: Network) -> NDArray[np.float32]:
    """The classifier's rows (C, P), of HUG and ArcFace as unit vectors."""
    return network.classifier.weight.detach().cpu().numpy()


def open_network(
    recording: Recording, data: Data | None = None, backbone: Backbone | None = None
) -> tuple[Network, Data, int]:
    """A recording's network with its last weights, in evaluation mode, its data, and the weights' epoch.

    data, backbone: your own, where the run was made with them. Raises `KitError` where they do not fit.
    """
    config = for_this_machine(recording.config)
    device = choose_device(config.device)
    data = load_config_data(config, data).to(device)
    require_same(recording, recording.config, data.fingerprint)
    state = recording.checkpoint(device)
    network = build_network(config, data.shape, len(data.class_names), backbone)
    network = network.to(device).to(memory_format=torch.channels_last).eval()
    restore(network, state["network"], recording.folder)
    return network, data, state["epoch"]


def for_this_machine(config: RunConfig) -> RunConfig:
    """A recording made on a GPU can be measured without one."""
    try:
        choose_device(config.device)
    except KitError:
        return replace(config, device="auto")
    return config
