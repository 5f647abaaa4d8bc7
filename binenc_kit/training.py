"""`train(config)`: a generator that yields one `Epoch` at a time, records it, and resumes after any crash."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypedDict, Unpack

import torch
from torch import Tensor

from binenc_kit.compiling import Forward, make_forward
from binenc_kit.config import RunConfig, require_list
from binenc_kit.data import Data, load_config_data
from binenc_kit.epochs import Epoch, Loop, progress_bar, run_epoch
from binenc_kit.errors import KitError
from binenc_kit.files import house
from binenc_kit.machine import choose_device, describe, enough_memory, few_threads, same_bits, seeded, threads_for
from binenc_kit.networks import Backbone, Network, build_network, restore
from binenc_kit.objectives import Penalty, make_objective
from binenc_kit.recording import Recording, check_frames, require_same
from binenc_kit.rules import HEADS
from binenc_kit.schedules import Gamma, gamma_at
from binenc_kit.splits import subset
from binenc_kit.steps import make_optimizer
from binenc_kit.writing import Writer


class Own(TypedDict, total=False):
    """What may be yours, as for `train`."""

    data: Data | None
    backbone: Backbone | None
    penalty: Penalty | None
    gamma: Gamma | None


def train(
    config: RunConfig,
    folder: str | Path | None = None,
    *,
    data: Data | None = None,
    backbone: Backbone | None = None,
    penalty: Penalty | None = None,
    gamma: Gamma | None = None,
) -> Generator[Epoch, None, None]:
    """Train one network and record it in `folder` (runs/<name>); yields one `Epoch` at a time.

    Started again on the same folder, it goes on after the last complete epoch and ends with the same weights as an
    undisturbed run, bit for bit on the same machine; a finished run yields nothing.
    data: loaded from the config unless given; yours, from `make_data`, when config.data is "custom:LABEL".
    backbone, penalty, gamma: yours, where the config says "custom:LABEL": a module, or a function that makes one; a
    function of the latents z; a function of the epoch.
    Raises `KitError` for whatever cannot work: unknown device, too few dimensions, a locked folder, a loss that is NaN.
    """
    for name in unused(config, {"penalty": penalty, "gamma": gamma}):
        _refuse(name, config)
    device = choose_device(config.device)
    with enough_memory(config, device):
        data = load_config_data(config, data).to(device)
        with seeded(config.seed, 0):
            network = build_network(config, data.shape, len(data.class_names), backbone).to(device)
        network = network.to(memory_format=torch.channels_last)  # twice as fast for convolutions, on CPUs too
    gammas = [gamma_at(config, epoch, gamma) for epoch in range(1, config.epochs + 1)]
    loop = Loop(make_objective(config, network, penalty), make_optimizer(config, network), gammas)
    return _epochs(config, Path(folder) if folder else house() / "runs" / config.name, data, network, loop)


def train_heads(
    config: RunConfig,
    heads: Sequence[str] = HEADS,
    folder: str | Path | None = None,
    *,
    progress: bool = True,
    **own: Unpack[Own],
) -> dict[str, Recording]:
    """Train the same config with each of `heads`, one progress bar each; returns the recordings by head.

    heads: of HEADS and RIVALS, with a penalty after a plus where it is not the head's own: "BinEnc+mean_exp",
    "HUG+mgd"; "NonlinPen+quadratic" is the fifth combination, which the paper leaves out. own: as for `train`.
    Each run lands in `folder` (runs/) under its own name; runs found there are finished, not repeated.
    Raises `KitError` as `train` does, and for functions of yours that no head asks for.
    """
    require_list("heads", heads)
    folder = Path(folder) if folder else house() / "runs"
    configs = [config.with_head(head) for head in heads]
    own = own | {"data": load_config_data(config, own.get("data"))}
    every: list[dict[str, Any]] = [
        {name: one for name, one in own.items() if name not in unused(one_config, own)} for one_config in configs
    ]
    for name in set(own).difference(*every):
        _refuse(name, config)
    return {
        one.label: train_one(one, folder, progress=progress, **of_one)
        for one, of_one in zip(configs, every, strict=True)
    }


def train_one(config: RunConfig, folder: str | Path, *, progress: bool = True, **own: Unpack[Own]) -> Recording:
    """Train one config to its end under a progress bar, into a folder of its own within `folder`."""
    folder = Path(folder) / config.name
    label = f"{config.label:9} seed {config.seed} lr {config.lr:g}"
    bar = progress_bar(config.epochs, label, progress)
    with bar, closing(train(config, folder, **own)) as epochs:  # an interrupt frees the lock
        bar.set_postfix_str("starting")
        for epoch in epochs:
            bar.set_postfix_str(f"val {epoch.val_accuracy:.3f}", refresh=False)  # by update, which knows how often
            bar.update(epoch.index - bar.n)
        bar.update(config.epochs - bar.n)
        bar.set_postfix_str(f"val {Recording(folder).metrics[-1]['val_accuracy']:.3f}")
    return Recording(folder)


def unused(config: RunConfig, own: Mapping[str, object]) -> list[str]:
    """Which functions of one's own a config does not ask for; those that are None are not there."""
    asked = {"penalty": config.resolved_penalty, "gamma": config.gamma_schedule}
    return [name for name, value in asked.items() if own.get(name) is not None and not value.startswith("custom:")]


def _refuse(name: str, config: RunConfig) -> NoReturn:
    setting = "penalty" if name == "penalty" else "gamma_schedule"
    raise KitError(
        f"a {name} of your own came with {setting}={getattr(config, setting)!r}, which would not use it: give it a "
        f"name, {setting}='custom:mine'"
    )


def _epochs(config: RunConfig, folder: Path, data: Data, network: Network, loop: Loop) -> Generator[Epoch, None, None]:
    """The loop behind `train`: an epoch, a look at the probe, a line in the recording, a checkpoint."""
    probe = _probe(config, data)
    if (folder / "finished").exists():  # reading needs no lock and no right to write
        require_same(Recording(folder), config, data.fingerprint)
        check_frames(folder / "latents.npy", config.epochs)
        return
    with _computing(config, data, network):
        forward = make_forward(config, data, network)
    with Writer(folder, config, _about(config, data, network, forward)) as writer:
        P = network.classifier.in_features
        writer.start(probe.cpu().numpy(), data.train[1][probe].cpu().numpy(), P, _dtype(config, P))
        for index in range(_resume(writer, data, network, loop) + 1, config.epochs + 1):
            with _computing(config, data, network):
                epoch = run_epoch(config, data, network, loop, forward, probe, index)
            scalars = {name: value for name, value in vars(epoch).items() if name not in ("index", "latents")}
            writer.append({"epoch": index, **scalars}, epoch.latents)
            done = index == config.epochs
            if due := done or writer.due():
                writer.save(_state(network, loop, index, done))
            if done:
                writer.finish()
            try:
                yield epoch
            except GeneratorExit:  # nobody asks for the next epoch, but this one shall not be lost
                if not due:
                    writer.save(_state(network, loop, index, done))
                raise
        writer.finish()  # again, for a run that was killed between its last checkpoint and this


@contextmanager
def _computing(config: RunConfig, data: Data, network: Network) -> Iterator[None]:
    """How the kit computes: on few threads where they are enough, the same bits every time, an explanation at hand."""
    device = str(data.train[0].device)
    with few_threads(config, _count(network)), enough_memory(config, device), same_bits():
        yield


def _resume(writer: Writer, data: Data, network: Network, loop: Loop) -> int:
    """Give network and optimiser what the last checkpoint holds, and tell its epoch; 0 at the very start."""
    state = writer.resume(str(data.train[0].device))
    if state:
        restore(network, state["network"], writer.folder)
    if state and state["optimizer"]:
        loop.optimizer.load_state_dict(state["optimizer"])
    return state["epoch"] if state else 0


def _state(network: Network, loop: Loop, epoch: int, done: bool) -> dict[str, Any]:
    """A checkpoint; the optimiser's memory is twice the weights, and a finished run needs none."""
    optimizer = None if done else loop.optimizer.state_dict()
    return {"epoch": epoch, "network": network.state_dict(), "optimizer": optimizer}


def _probe(config: RunConfig, data: Data) -> Tensor:
    """Indices of the probe within the train split: a stratified subset, in ascending order."""
    labels = data.train[1].cpu().numpy()
    return torch.from_numpy(subset(labels, config.probe_size, config.data_seed)).to(data.train[0].device)


def _dtype(config: RunConfig, P: int) -> str:
    """Half the bytes for wide latents that nothing shrinks (NoPen's features); a penalised z needs float32's range."""
    return "<f2" if P > 64 and config.resolved_penalty == "none" else "<f4"


def _count(network: Network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _about(config: RunConfig, data: Data, network: Network, forward: Forward) -> dict[str, Any]:
    """What a run was made of and with, for people and reports: nothing is decided by it."""
    parameters = _count(network)
    return {
        "data": data.name,
        "fingerprint": data.fingerprint,
        "class_names": list(data.class_names),
        "shape": list(data.shape),
        "samples": {split: len(getattr(data, split)[1]) for split in ("train", "val", "test")},
        "parameters": parameters,
        "compiled": forward is not network,
        **describe(str(data.train[0].device), threads_for(config, parameters)),
    }
