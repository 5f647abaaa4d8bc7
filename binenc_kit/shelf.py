"""The recordings that come with the kit, in data/recordings/: trained elsewhere, opened here at once."""

from typing import TYPE_CHECKING

import numpy as np

from binenc_kit.errors import KitError, require_known
from binenc_kit.files import shipped
from binenc_kit.recording import AGAIN, Recording

if TYPE_CHECKING:  # recordings open without torch
    from binenc_kit.outputs import Outputs


def shipped_runs(name: str, *labels: str) -> dict[str, Recording]:
    """The shipped recordings of `name` (digits, cifar10) by the label of their head, all of them unless told which.

    How each was made stands in data/recordings/README.md. Raises `KitError` for a name or label that is not there.
    """
    shelf = shipped("recordings")
    require_known("set of recordings", name, sorted(entry.name for entry in shelf.iterdir() if entry.is_dir()))
    there = sorted(entry.parent.name for entry in (shelf / name).glob("*/config.json"))
    for label in labels:
        require_known("recording", label, there)
    return {label: Recording(shelf / name / label) for label in labels or there}


def shipped_outputs(recording: Recording, split: str) -> "Outputs":
    """What the trained network says of a stratified part of a split, train or test, as kept beside a recording.

    logits (N, C), latents z (N, P) and labels (N,). Raises `KitError` where none are kept.
    """
    from binenc_kit.outputs import Outputs

    require_known("split", split, ["train", "test"])
    path = recording.folder / "outputs.npz"
    if not path.exists():
        raise KitError(f"{recording.folder} keeps no outputs: open its network, open_network(recording), and ask it")
    try:
        with np.load(path, allow_pickle=False) as kept:
            logits, z, labels = (kept[f"{split}_{part}"] for part in ("logits", "z", "labels"))
    except Exception as error:  # a damaged archive fails in many ways
        raise KitError(f"{path} is damaged ({type(error).__name__}): {AGAIN}") from None
    return Outputs(logits.astype(np.float32), z.astype(np.float32), labels.astype(np.int64))
