"""From recordings to rows of results, curves over the epochs, and the choice of a learning rate."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError, require_known
from binenc_kit.measures.accuracy import accuracy
from binenc_kit.measures.binarity import code_agreement, distinct_codes, whole_code_agreement
from binenc_kit.measures.collapse import sigma_w, sigma_w_relative
from binenc_kit.recording import Recording, require_same

Runs = Mapping[Any, Recording] | Iterable[Recording]
LATENT_MEASURES = {
    "code_agreement": code_agreement,
    "whole_code_agreement": whole_code_agreement,
    "distinct_codes": distinct_codes,
    "sigma_w": sigma_w,
    "sigma_w_relative": sigma_w_relative,
}
COLUMNS = (
    "run", "data", "backbone", "head", "penalty", "P", "lr", "seed", "epochs", "gamma_last",
    "train_accuracy", "val_accuracy", "test_accuracy", *LATENT_MEASURES, "seconds",
)  # fmt: skip


def evaluate(recording: Recording, data: Any = None, backbone: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """Measure a run's last weights; returns one row, the COLUMNS of the results table; a finished run keeps its.

    Accuracies (0 to 1) are those of plain pictures; the measures of the latents look at the whole train split with its
    true labels. data, backbone: your own, where the run was made with them. Raises `KitError` where they do not fit.
    """
    kept = recording.results
    if kept is not None and tuple(kept) == COLUMNS and kept["epochs"] == recording.config.epochs:
        return kept
    predictions, latents, labels, epoch = _last_predictions(recording, data, backbone)
    config, metrics = recording.config, recording.metrics[:epoch]
    row = {
        "run": recording.folder.name,
        "data": recording.about["data"],
        "backbone": config.backbone,
        "head": config.head,
        "penalty": config.resolved_penalty,
        "P": latents.shape[1],
        "lr": config.lr,
        "seed": config.seed,
        "epochs": epoch,
        "gamma_last": metrics[-1]["gamma"],
        **{f"{split}_accuracy": accuracy(predictions[split], labels[split]) for split in predictions},
        **{name: measure(latents, labels["train"]) for name, measure in LATENT_MEASURES.items()},
        "seconds": round(sum(line["seconds"] for line in metrics), 2),
    }
    if recording.finished and epoch == config.epochs:
        with suppress(KitError):  # a folder that may only be read
            recording.save_results(row)
    return row


def results_table(runs: Runs, data: Any = None, backbone: Any = None) -> pd.DataFrame:  # noqa: ANN401
    """One row of results a run, in the order given; runs: recordings, or a dictionary of them."""
    shared, rows = {}, []
    for run in listed(runs):
        config = run.config
        kept = run.results is not None
        key = (config.data, config.train_limit, config.data_seed, config.device)
        if data is None and not kept and key not in shared:
            from binenc_kit.data import load_config_data

            shared[key] = load_config_data(_for_this_machine(config))
        rows.append(evaluate(run, shared.get(key, data), backbone))
    return pd.DataFrame(rows, columns=COLUMNS)


def by_epoch(recording: Recording, measures: Iterable[str] = tuple(LATENT_MEASURES)) -> pd.DataFrame:
    """A run's metrics with measures of the probe's latents, one row a complete epoch, indexed by epoch.

    measures: which of LATENT_MEASURES; each looks at every frame.
    """
    curves = pd.DataFrame(recording.metrics)
    if curves.empty:
        raise KitError(f"{recording.folder} has no complete epoch yet: wait for the first one")
    frames, labels = recording.latents[: len(curves)], recording.labels  # an epoch may have been added meanwhile
    for name in measures:
        require_known("measure", name, LATENT_MEASURES)
        curves[name] = [LATENT_MEASURES[name](frame, labels) for frame in frames]
    return curves.set_index("epoch")


def choose_lr(runs: Runs) -> dict[str, float]:
    """Each head's learning rate with the best mean validation accuracy, the smaller one of equals.

    It reads the recordings' last epoch only: the test split is not looked at. Keys are `RunConfig.label`.
    """
    rows = [(run.config.label, run.config.lr, run.metrics[-1]["val_accuracy"]) for run in listed(runs)]
    means = pd.DataFrame(rows, columns=["head", "lr", "val"]).groupby(["head", "lr"], sort=True)["val"].mean()
    return {head: float(of_head.idxmax()[1]) for head, of_head in means.groupby(level=0)}


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Mean ± standard deviation over the seeds of each head, as text, heads in the order of the table."""
    names = ["train_accuracy", "val_accuracy", "test_accuracy", *LATENT_MEASURES]
    groups = table.groupby(["data", "head", "penalty", "lr"], sort=False)
    rows = {}
    for key, group in groups:
        spread = group[names].std(ddof=1)
        rows[key] = {"runs": len(group)} | {
            name: _mean_and_spread(name, group[name].mean(), spread[name]) for name in names
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["data", "head", "penalty", "lr"]).reset_index()


def listed(runs: Runs) -> list[Recording]:
    """Recordings as a list, whether they came as a list, a dictionary, or a single one."""
    if isinstance(runs, Recording):
        return [runs]
    runs = list(runs.values() if isinstance(runs, Mapping) else runs)
    if not runs or not all(isinstance(run, Recording) for run in runs):
        raise KitError("no recordings were given: pass what train_heads returns, or [Recording(folder), ...]")
    return runs


def _for_this_machine(config: RunConfig) -> RunConfig:
    """A recording made on a GPU can be measured without one."""
    from binenc_kit.machine import choose_device

    try:
        choose_device(config.device)
    except KitError:
        return replace(config, device="auto")
    return config


def _mean_and_spread(name: str, mean: float, spread: float) -> str:
    fixed = ".1f" if name == "distinct_codes" else ".4f"
    of_mean, of_spread = (".3g", ".1g") if name.startswith("sigma_w") else (fixed, fixed)
    return f"{mean:{of_mean}}" + ("" if np.isnan(spread) else f" ± {spread:{of_spread}}")


def _last_predictions(recording: Recording, data: Any, backbone: Any) -> tuple[dict, np.ndarray, dict, int]:  # noqa: ANN401
    """Predicted classes and true labels of each split, the train split's latents, and the weights' epoch."""
    from binenc_kit.data import load_config_data  # tables of kept results open without torch
    from binenc_kit.machine import choose_device
    from binenc_kit.networks import build_network, predict, restore

    config = _for_this_machine(recording.config)
    device = choose_device(config.device)
    data = load_config_data(config, data).to(device)
    require_same(recording, recording.config, data.fingerprint)
    state = recording.checkpoint(device)
    network = build_network(config, data.shape, len(data.class_names), backbone).to(device)
    restore(network, state["network"], recording.folder)
    predictions, labels, latents = {}, {}, {}
    for split in ("train", "val", "test"):
        images, truth = getattr(data, split)
        logits, z = predict(network, data, images)
        predictions[split], labels[split] = logits.argmax(1).cpu().numpy(), truth.cpu().numpy()
        latents[split] = z.cpu().numpy()
    return predictions, latents["train"], labels, state["epoch"]
