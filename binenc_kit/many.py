"""`train_many(configs)`: many small networks trained at once, for maps of what settings do."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat

import torch
from torch import Tensor
from tqdm import tqdm

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_config_data
from binenc_kit.epochs import progress_bar
from binenc_kit.errors import KitError
from binenc_kit.machine import choose_device, on_threads, seeded
from binenc_kit.networks import Network, build_network
from binenc_kit.objectives import PENALTIES
from binenc_kit.rules import HEADS, LOADING
from binenc_kit.schedules import lr_at
from binenc_kit.stacks import Stack, rates

MOST, FEWEST = 64, 6  # runs in a stack: more would hardly be faster each, fewer leave Python's overhead unshared
WORKERS = 4  # stacks at work at once: more would wait for each other's Python
ALLOWED = {
    "backbone": ("mlp",),
    "head": HEADS,
    "penalty": ("auto", *PENALTIES),
    "optimizer": ("adamw",),
    "augment": (False,),
    "precision": ("float32",),
}


def train_many(configs: Sequence[RunConfig], data: Data | None = None, progress: bool = True) -> list[Network]:
    """Train many small networks at once and record nothing; returns them in evaluation mode, in the configs' order.

    Each is what `train` makes of its config, but for rounding, which thousands of steps can make large. Runs may differ
    in every number and in whatever `ALLOWED` lists; those with one P, width, batch_size and number of epochs share a
    program. A run whose loss becomes NaN stops no other, and its network comes back with NaN for weights.
    data: loaded from the configs unless given.
    Raises `KitError` for no configs, for configs of different data or devices, and for what only `train` can do.
    """
    _check(configs)
    device = choose_device(configs[0].device)
    workers = min(WORKERS, torch.get_num_threads()) if device == "cpu" else 1
    total, label = sum(config.epochs for config in configs), f"{len(configs)} runs"
    with progress_bar(total, label, progress) as bar, _one_thread_each(workers) as pool:
        data = load_config_data(configs[0], data).to(device)
        networks = [_first(config, data).to(device) for config in configs]
        pictures, labels = data.normalise(data.train[0]).flatten(1), data.train[1]
        stacks = [
            Stack([configs[run] for run in runs], [networks[run] for run in runs], pictures, labels)
            for runs in _parts(configs, networks, workers)
        ]
        _run(stacks, pool, bar)
        lost = sum(not all(weight.isfinite().all() for weight in network.parameters()) for network in networks)
        bar.set_postfix_str(f"{lost} became NaN" if lost else "")
    return [network.eval() for network in networks]


def _first(config: RunConfig, data: Data) -> Network:
    """The network that `train` begins with."""
    with seeded(config.seed, 0):
        return build_network(config, data.shape, len(data.class_names))


def _run(stacks: Sequence[Stack], pool: ThreadPoolExecutor, bar: tqdm) -> None:
    """Train all stacks, epoch by epoch, so that an interrupt waits for no more than one."""
    for index in range(1, max(stack.configs[0].epochs for stack in stacks) + 1):
        busy = [stack for stack in stacks if index <= stack.configs[0].epochs]
        seeds = {config.seed for stack in busy for config in stack.configs}
        orders = {seed: _order(seed, index, busy[0].labels) for seed in seeds}
        for stack, _ in zip(busy, pool.map(Stack.epoch, busy, repeat(index), repeat(orders)), strict=True):
            bar.update(len(stack.configs))
    for stack in stacks:
        stack.unstack()


def _order(seed: int, epoch: int, labels: Tensor) -> Tensor:
    """The order that `train` shuffles the samples into."""
    with seeded(seed, epoch):
        return torch.randperm(len(labels)).to(labels.device)


@contextmanager
def _one_thread_each(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Workers that compute on one thread each: none waits for another, as the threads of one small product would."""
    # Each worker must be told: a new thread's matrix products would take as many threads as there are cores.
    with on_threads(1), ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield pool


def _parts(configs: Sequence[RunConfig], networks: Sequence[Network], workers: int) -> Iterator[list[int]]:
    """Indices of the runs that share a stack, sorted by learning rate; as many stacks as keep all workers busy."""
    rounds = math.ceil(len(configs) / (workers * MOST))
    size = max(FEWEST, math.ceil(len(configs) / (workers * rounds)))
    alike: dict[object, list[int]] = {}
    for run in sorted(range(len(configs)), key=lambda run: rates(configs[run])):
        shape = configs[run].batch_size, configs[run].epochs, str(networks[run])
        alike.setdefault(shape, []).append(run)
    for runs in alike.values():
        parts = math.ceil(len(runs) / size)
        yield from (runs[len(runs) * part // parts : len(runs) * (part + 1) // parts] for part in range(parts))


def _check(configs: Sequence[RunConfig]) -> None:
    """Refuse what one program cannot train."""
    if not isinstance(configs, list | tuple) or not configs:
        raise KitError("there are no configs to train: pass a list with at least one, such as [RunConfig()]")
    for name in LOADING:
        values = list(dict.fromkeys(getattr(config, name) for config in configs))
        if len(values) > 1:
            raise KitError(f"these configs differ in {name} ({values[0]!r}, {values[1]!r}): call train_many for each")
    for config in configs:
        for name, allowed in ALLOWED.items():
            if getattr(config, name) not in allowed:
                raise KitError(
                    f"train_many cannot train {name}={getattr(config, name)!r}: allowed are "
                    f"{', '.join(map(repr, allowed))}; train_heads can do more"
                )
        if config.gamma_schedule.startswith("custom:"):
            raise KitError(
                "train_many knows no gamma schedule of your own: use train_heads, which takes gamma=FUNCTION"
            )
        if {lr_at(config, epoch) for epoch in range(1, config.epochs + 1)} != {(config.lr, config.lr)}:
            raise KitError("train_many needs one learning rate for all weights and epochs: use train_heads for others")
