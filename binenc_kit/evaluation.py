"""One row of results: everything the papers measure, of one network, in the mode `strict` or `paper`."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from binenc_kit.errors import KitError, require_known
from binenc_kit.groups import MEASURES, measure
from binenc_kit.measures.arrays import MODES
from binenc_kit.recording import Recording
from binenc_kit.views import look

if TYPE_CHECKING:  # kept results open without torch
    from binenc_kit.data import Data
    from binenc_kit.networks import Backbone, Network

SETTINGS = (
    "run", "mode", "data", "train_samples", "backbone", "parameters", "head", "penalty", "P", "lr", "augment", "seed",
    "epochs", "gamma_last",
)  # fmt: skip
COLUMNS = (*SETTINGS, *MEASURES, "seconds")


def evaluate(
    source: "Recording | Network",
    data: "Data | None" = None,
    backbone: "Backbone | None" = None,
    mode: str = "strict",
) -> dict[str, Any]:
    """Measure a recording's last weights, or a network with its data: one row, the COLUMNS of the results table.

    strict: plain pictures and true labels, DeepFool on right predictions, in pixel space within the pixels' range.
    paper: as the authors' code: train pictures with flips and crops where training had them (of a bare network:
    always), predicted labels, DeepFool on all pictures after normalising, failures counted. Shares are from 0 to 1.
    A finished recording keeps its row, and a bare network has none of the settings. data, backbone: your own, where
    the run was made with them. Raises `KitError` where they do not fit.
    """
    require_known("mode", mode, MODES)
    if not isinstance(source, Recording):
        return _of_network(source, data, mode)
    if kept := kept_row(source, mode):
        return kept
    from binenc_kit.machine import few_threads
    from binenc_kit.outputs import open_network

    network, data, epoch = open_network(source, data, backbone)
    with few_threads(source.config, source.about["parameters"]):  # as in training, so that bits and waits are few, too
        view = look(network, data, mode, augmented=mode == "paper" and source.config.augment)
        row = _settings(source, mode, epoch) | measure(view)
    row = {name: row[name] for name in COLUMNS}
    if source.finished and epoch == source.config.epochs:
        with suppress(KitError):  # a folder that may only be read
            source.save_results((source.results or {}) | {mode: row})
    return row


def kept_row(recording: Recording, mode: str) -> dict[str, Any] | None:
    """The row that a finished recording has kept, or None where it is to be measured, or measured anew."""
    row = (recording.results or {}).get(mode)
    return row if row is not None and tuple(row) == COLUMNS and row["epochs"] == recording.config.epochs else None


def _of_network(network: "Network", data: "Data | None", mode: str) -> dict[str, Any]:
    """The row of a bare network, whose settings are not known."""
    from binenc_kit.networks import Network

    if not isinstance(network, Network) or data is None:
        raise KitError(
            "evaluate takes a recording, or a network of the kit together with its data, from build_network and "
            "data=load_data(...)"
        )
    data = data.to(next(network.parameters()).device)
    row = dict.fromkeys(COLUMNS) | {"data": data.name, "mode": mode}
    return row | measure(look(network, data, mode, augmented=mode == "paper"))


def _settings(recording: Recording, mode: str, epoch: int) -> dict[str, Any]:
    """What was trained, and how."""
    config, metrics = recording.config, recording.metrics[:epoch]
    return {
        "run": recording.folder.name,
        "mode": mode,
        "data": recording.about["data"],
        "train_samples": recording.about["samples"]["train"],
        "backbone": config.backbone,
        "parameters": recording.about["parameters"],
        "head": config.head,
        "penalty": config.resolved_penalty,
        "P": recording.latents.shape[2],
        "lr": config.lr,
        "augment": config.augment,
        "seed": config.seed,
        "epochs": epoch,
        "gamma_last": metrics[-1]["gamma"],
        "seconds": round(sum(line["seconds"] for line in metrics), 2),
    }
