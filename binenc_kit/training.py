"""`train(config)`: a generator that yields one `Epoch` at a time, records it, and resumes after any crash."""

import math
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from binenc_kit.config import HEADS, RunConfig, require_list
from binenc_kit.data import Data, augment, load_config_data
from binenc_kit.errors import KitError
from binenc_kit.files import house
from binenc_kit.machine import choose_device, describe, enough_memory, few_threads, same_bits, seeded, threads_for
from binenc_kit.networks import Backbone, Network, build_network, predict, restore
from binenc_kit.objectives import gamma_at, push_and_pull
from binenc_kit.recording import Recording, check_frames, require_same
from binenc_kit.splits import subset
from binenc_kit.writing import Writer

BATCHES_AT_ONCE = 8


@dataclass(frozen=True)
class Epoch:
    """One epoch of training, as `train` yields it.

    loss, push, pull: means over the epoch's batches. probe_accuracy, val_accuracy: after the epoch, on plain pictures,
    from 0 to 1. seconds: what the epoch took. latents: the probe's latents z after the epoch, (probe size, P).
    """

    index: int
    gamma: float
    loss: float
    push: float
    pull: float
    probe_accuracy: float
    val_accuracy: float
    seconds: float
    latents: NDArray[np.floating]


def train(
    config: RunConfig, folder: str | Path | None = None, *, data: Data | None = None, backbone: Backbone | None = None
) -> Generator[Epoch, None, None]:
    """Train one network and record it in `folder` (runs/<name>); yields one `Epoch` at a time.

    Started again on the same folder, it goes on after the last complete epoch and ends with the same weights as an
    undisturbed run, bit for bit on the same machine; a finished run yields nothing.
    data: loaded from the config unless given; yours, from `make_data`, when config.data is "custom:LABEL".
    backbone: yours, when config.backbone is "custom:LABEL".
    Raises `KitError` for whatever cannot work: unknown device, too few dimensions, a locked folder, a loss that is NaN.
    """
    device = choose_device(config.device)
    with enough_memory(config, device):
        data = load_config_data(config, data).to(device)
        with seeded(config.seed, 0):
            network = build_network(config, data.shape, len(data.class_names), backbone).to(device)
        network = network.to(memory_format=torch.channels_last)  # twice as fast for convolutions, on CPUs too
    return _epochs(config, Path(folder) if folder else house() / "runs" / config.name, data, network)


def train_heads(
    config: RunConfig,
    heads: Sequence[str] = HEADS,
    folder: str | Path | None = None,
    *,
    data: Data | None = None,
    backbone: Backbone | None = None,
    progress: bool = True,
) -> dict[str, Recording]:
    """Train the same config with each of `heads`, one progress bar each; returns the recordings by head.

    heads: of HEADS; "NonlinPen+quadratic" is the fifth combination, which the paper leaves out.
    Each run lands in `folder` (runs/) under its own name; runs found there are finished, not repeated.
    """
    require_list("heads", heads)
    folder = Path(folder) if folder else house() / "runs"
    configs = [config.with_head(head) for head in heads]
    data = load_config_data(config, data)
    return {one.label: train_one(one, folder, data=data, backbone=backbone, progress=progress) for one in configs}


def train_one(
    config: RunConfig,
    folder: str | Path,
    *,
    data: Data | None = None,
    backbone: Backbone | None = None,
    progress: bool = True,
) -> Recording:
    """Train one config to its end under a progress bar, into a folder of its own within `folder`."""
    folder = Path(folder) / config.name
    label = f"{config.label:9} seed {config.seed} lr {config.lr:g}"
    # Plain text to stdout: a widget would leave committed notebooks with state that code hosts cannot show.
    bar = tqdm(total=config.epochs, desc=label, unit="epoch", file=sys.stdout, disable=not progress, ncols=100)
    with bar, closing(train(config, folder, data=data, backbone=backbone)) as epochs:  # an interrupt frees the lock
        bar.set_postfix_str("starting")
        for epoch in epochs:
            bar.update(epoch.index - bar.n)
            bar.set_postfix_str(f"val {epoch.val_accuracy:.3f}")
        bar.update(config.epochs - bar.n)
        bar.set_postfix_str(f"val {Recording(folder).metrics[-1]['val_accuracy']:.3f}")
    return Recording(folder)


def _epochs(config: RunConfig, folder: Path, data: Data, network: Network) -> Generator[Epoch, None, None]:
    """The loop behind `train`: an epoch, a look at the probe, a line in the recording, a checkpoint."""
    device = str(data.train[0].device)
    optimizer = make_optimizer(config, network)
    probe = _probe(config, data)
    about = _about(config, data, network, device)
    if (folder / "finished").exists():  # reading needs no lock and no right to write
        require_same(Recording(folder), config, data.fingerprint)
        check_frames(folder / "latents.npy", config.epochs)
        return
    with Writer(folder, config, about) as writer:
        P = network.classifier.in_features
        writer.start(probe.cpu().numpy(), data.train[1][probe].cpu().numpy(), P, _dtype(config, P))
        state = writer.resume(device)
        if state:
            restore(network, state["network"], folder)
        if state and state["optimizer"]:
            optimizer.load_state_dict(state["optimizer"])
        for index in range(state["epoch"] + 1 if state else 1, config.epochs + 1):
            with few_threads(config, about["parameters"]), enough_memory(config, device), same_bits():
                epoch = _epoch(config, data, network, optimizer, probe, index)
            scalars = {name: value for name, value in vars(epoch).items() if name not in ("index", "latents")}
            writer.append({"epoch": index, **scalars}, epoch.latents)
            done = index == config.epochs  # the optimiser's memory is twice the weights: a finished run needs none
            network_state, optimizer_state = network.state_dict(), None if done else optimizer.state_dict()
            writer.save({"epoch": index, "network": network_state, "optimizer": optimizer_state})
            if done:
                writer.finish()
            yield epoch
        writer.finish()  # again, for a run that was killed between its last checkpoint and this


def _epoch(
    config: RunConfig, data: Data, network: Network, optimizer: torch.optim.Optimizer, probe: Tensor, index: int
) -> Epoch:
    """Train for one epoch, then look at the probe and the validation split."""
    start = time.perf_counter()
    gamma = gamma_at(config, index)
    with seeded(config.seed, index, str(data.train[0].device)):
        push, pull = train_epoch(config, data, network, optimizer, gamma)
    loss = push + gamma * pull
    logits, latents = predict(network, data, data.train[0][probe])
    if not math.isfinite(loss) or not latents.isfinite().all():  # the last step of an epoch can spoil the weights alone
        raise KitError(
            f"the loss became {loss if not math.isfinite(loss) else 'nan'} in epoch {index} (gamma {gamma:g}, lr "
            f"{config.lr:g}): lower lr, or let gamma grow more slowly; the {index - 1} epochs before it are kept"
        )
    val_logits, _ = predict(network, data, data.val[0])
    return Epoch(
        index, gamma, loss, push, pull,
        probe_accuracy=_share_right(logits, data.train[1][probe]),
        val_accuracy=_share_right(val_logits, data.val[1]),
        seconds=round(time.perf_counter() - start, 4),
        latents=latents.cpu().numpy(),
    )  # fmt: skip


def make_optimizer(config: RunConfig, network: Network) -> torch.optim.AdamW:
    """AdamW with its default betas, as the paper's, in one fused step for all weights."""
    fused = next(network.parameters()).device.type in ("cpu", "cuda")  # not on every Mac's torch
    return torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=config.weight_decay, fused=fused)


def train_epoch(
    config: RunConfig, data: Data, network: Network, optimizer: torch.optim.Optimizer, gamma: float
) -> tuple[float, float]:
    """One pass over the shuffled train split; returns the mean push and pull. Draws from torch's global generator."""
    images, labels = data.train
    network.train()
    totals = torch.zeros(2, device=images.device)
    half = config.precision == "bfloat16"
    for pictures, truth in _batches(config, data):
        with torch.autocast(images.device.type, torch.bfloat16) if half else nullcontext():
            logits, z = network(pictures)
        push, pull = push_and_pull(logits, z, truth, config.resolved_penalty)
        optimizer.zero_grad(set_to_none=True)
        (push + gamma * pull).backward()
        optimizer.step()
        totals += torch.stack([push.detach(), pull.detach()]) * len(truth)  # read once an epoch: no wait for a GPU
    push, pull = (totals / len(labels)).tolist()
    return push, pull


def _batches(config: RunConfig, data: Data) -> Iterator[tuple[Tensor, Tensor]]:
    """The train split once, shuffled: batches of normalised pictures, augmented if the config says so, and labels.

    They are prepared several at a time, since small steps cost more for being many than for being large.
    """
    images, labels = data.train
    order = torch.randperm(len(labels)).to(labels.device)  # drawn on the CPU: the same order on every device
    every = _batch_sizes(len(labels), config.batch_size)
    groups = [every[first : first + BATCHES_AT_ONCE] for first in range(0, len(every), BATCHES_AT_ONCE)]
    for sizes, several in zip(groups, order.split([sum(sizes) for sizes in groups]), strict=True):
        pictures = data.normalise(images[several])
        if config.augment:
            pictures = augment(pictures)
        yield from zip(pictures.split(sizes), labels[several].split(sizes), strict=True)


def _batch_sizes(n: int, size: int) -> list[int]:
    """Sizes of the batches of n samples; a last batch of one joins its neighbour, as batch norm needs two."""
    sizes = [size] * (n // size) + [n % size] * (n % size > 0)
    return [*sizes[:-2], size + 1] if len(sizes) > 1 and sizes[-1] == 1 else sizes


def _probe(config: RunConfig, data: Data) -> Tensor:
    """Indices of the probe within the train split: a stratified subset, in ascending order."""
    labels = data.train[1].cpu().numpy()
    return torch.from_numpy(subset(labels, config.probe_size, config.data_seed)).to(data.train[0].device)


def _share_right(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()


def _dtype(config: RunConfig, P: int) -> str:
    """Half the bytes for wide latents that nothing shrinks (NoPen's features); a penalised z needs float32's range."""
    return "<f2" if P > 64 and config.resolved_penalty == "none" else "<f4"


def _about(config: RunConfig, data: Data, network: Network, device: str) -> dict[str, Any]:
    """What a run was made of and with, for people and reports: nothing is decided by it."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return {
        "data": data.name,
        "fingerprint": data.fingerprint,
        "class_names": list(data.class_names),
        "shape": list(data.shape),
        "samples": {split: len(getattr(data, split)[1]) for split in ("train", "val", "test")},
        "parameters": parameters,
        **describe(device, threads_for(config, parameters)),
    }
