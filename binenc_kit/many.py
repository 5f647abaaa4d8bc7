"""`train_many(configs)`: many small networks trained at once, for maps of what settings do."""

import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby, repeat

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_config_data
from binenc_kit.errors import KitError
from binenc_kit.machine import choose_device, seeded
from binenc_kit.networks import Network, build_network
from binenc_kit.objectives import PENALTIES
from binenc_kit.rules import HEADS
from binenc_kit.schedules import gamma_at, lr_at
from binenc_kit.steps import _batch_sizes

MOST, FEWEST = 24, 6  # runs in a stack: more are no faster each, fewer leave Python's overhead unshared
WORKERS = 4  # stacks at work at once: more would wait for each other's Python
STATISTICS = ("running_mean", "running_var")  # of a batch norm
SHARED = ("data", "train_limit", "data_seed", "device")
ALLOWED = {
    "backbone": ("mlp",),
    "head": HEADS,
    "penalty": ("auto", *PENALTIES),
    "optimizer": ("adamw",),
    "augment": (False,),
    "precision": ("float32",),
}


class Stack:
    """Runs with networks of one shape, trained as one program: each weight is a tensor (R, ...), a slice for each run.

    Pictures are columns, (R, pixels, B): a linear layer of all runs is then one batched product, and their batch norms
    are one with R * features channels. No number of a run ever meets another run's.
    pictures: normalised, (N, pixels); labels: (N,).
    """

    def __init__(
        self, configs: Sequence[RunConfig], networks: Sequence[Network], pictures: Tensor, labels: Tensor
    ) -> None:
        self.configs, self.networks = configs, networks
        self.pictures, self.labels = pictures, labels
        self.sizes = _batch_sizes(len(labels), configs[0].batch_size)
        self.layers = [_stacked(alike) for alike in zip(*map(_layers, networks), strict=True)]
        self.weights = [weight for _, weights, _ in self.layers for weight in weights]
        self.rows, self.optimizer = self._make_optimizer()

    def _make_optimizer(self) -> tuple[list[slice], torch.optim.Optimizer]:
        """The kit's AdamW, with a group of parameters for each stretch of runs with one learning rate and decay."""
        rows, groups = [], []
        for (lr, decay), stretch in groupby(range(len(self.configs)), lambda run: _rates(self.configs[run])):
            runs = list(stretch)
            rows.append(slice(runs[0], runs[-1] + 1))
            views = [weight.detach()[rows[-1]] for weight in self.weights]
            groups.append({"params": views, "lr": lr, "weight_decay": decay})
        return rows, torch.optim.AdamW(groups, fused=self.labels.device.type in ("cpu", "cuda"))

    def epoch(self, index: int, orders: dict[int, Tensor]) -> None:
        """Train each run for one epoch; orders: how the samples are shuffled, by seed."""
        order = torch.stack([orders[config.seed] for config in self.configs])
        gammas = {name: self._gammas(name, index) for name in sorted({one.resolved_penalty for one in self.configs})}
        gammas = {name: gamma for name, gamma in gammas.items() if gamma.any()}
        for batch in order.split(self.sizes, dim=1):
            self._step(batch, gammas)

    def _gammas(self, penalty: str, index: int) -> Tensor:
        """gamma (R,) of the runs with this penalty, and 0 for the others."""
        gammas = [gamma_at(one, index) if one.resolved_penalty == penalty else 0.0 for one in self.configs]
        return torch.tensor(gammas, device=self.labels.device)

    def _step(self, batch: Tensor, gammas: dict[str, Tensor]) -> None:
        """One step of every run on its samples, indices (R, B); gammas: (R,), by penalty."""
        x = self.pictures.index_select(0, batch.flatten()).view(*batch.shape, -1).mT
        truth = self.labels.index_select(0, batch.flatten()).view_as(batch)
        for layer, weights, statistics in self.layers:
            z, x = x, _apply(layer, weights, statistics, x)  # in the end x are the logits and z what led to them
        loss = F.cross_entropy(x, truth, reduction="sum") / batch.shape[1]  # the runs' means, added
        for name, gamma in gammas.items():
            pull = torch.func.vmap(PENALTIES[name])(z.mT)
            loss = loss + torch.where(gamma > 0, gamma * pull, 0).sum()  # 0 * infinity would be NaN
        gradients = torch.autograd.grad(loss, self.weights)
        for rows, group in zip(self.rows, self.optimizer.param_groups, strict=True):
            for view, gradient in zip(group["params"], gradients, strict=True):
                view.grad = gradient[rows]
        self.optimizer.step()

    @torch.no_grad()
    def unstack(self) -> None:
        """Give every network its own weights and batch statistics."""
        for run, network in enumerate(self.networks):
            for layer, (_, weights, statistics) in zip(_layers(network), self.layers, strict=True):
                for own, stacked in zip(layer.parameters(), weights, strict=True):
                    own.copy_(stacked[run])
                if isinstance(layer, nn.BatchNorm1d):
                    for own, stacked in zip((layer.running_mean, layer.running_var), statistics, strict=True):
                        own.copy_(stacked.view(len(self.networks), -1)[run])
                    layer.num_batches_tracked += self.configs[run].epochs * len(self.sizes)


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
    # Plain text to stdout: a widget would leave committed notebooks with state that code hosts cannot show.
    total, label = sum(config.epochs for config in configs), f"{len(configs)} runs"
    bar = tqdm(total=total, desc=label, unit="epoch", file=sys.stdout, disable=not progress, ncols=100)
    with bar, _one_thread_each(workers) as pool:
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
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # Each worker must be told: a new thread's matrix products would take as many threads as there are cores.
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)


def _parts(configs: Sequence[RunConfig], networks: Sequence[Network], workers: int) -> Iterator[list[int]]:
    """Indices of the runs that share a stack, sorted by learning rate; as many stacks as keep all workers busy."""
    rounds = math.ceil(len(configs) / (workers * MOST))
    size = max(FEWEST, math.ceil(len(configs) / (workers * rounds)))
    alike: dict[object, list[int]] = {}
    for run in sorted(range(len(configs)), key=lambda run: _rates(configs[run])):
        shape = configs[run].batch_size, configs[run].epochs, str(networks[run])
        alike.setdefault(shape, []).append(run)
    for runs in alike.values():
        parts = math.ceil(len(runs) / size)
        yield from (runs[len(runs) * part // parts : len(runs) * (part + 1) // parts] for part in range(parts))


def _rates(config: RunConfig) -> tuple[float, float]:
    return config.lr, config.weight_decay


def _layers(network: Network) -> list[nn.Module]:
    """The layers from pixels to logits."""
    return [layer for layer in network.modules() if not list(layer.children()) and not isinstance(layer, nn.Flatten)]


def _stacked(alike: Sequence[nn.Module]) -> tuple[nn.Module, list[Tensor], list[Tensor]]:
    """One layer of all runs: the first run's, the weights (R, ...), and a batch norm's statistics (R * features,)."""
    weights = [
        torch.stack(own).detach().requires_grad_() for own in zip(*(one.parameters() for one in alike), strict=True)
    ]
    norm = isinstance(alike[0], nn.BatchNorm1d)
    return alike[0], weights, [torch.cat([getattr(one, name) for one in alike]) for name in STATISTICS if norm]


def _apply(layer: nn.Module, weights: list[Tensor], statistics: list[Tensor], x: Tensor) -> Tensor:
    """One layer of all runs, (R, features, B) to (R, features, B)."""
    if isinstance(layer, nn.Linear):
        weight, *bias = weights
        return torch.baddbmm(bias[0].unsqueeze(2), weight, x) if bias else torch.bmm(weight, x)
    if isinstance(layer, nn.BatchNorm1d):
        flat = x.reshape(1, -1, x.shape[2])
        scales = [weight.flatten() for weight in weights]
        return F.batch_norm(flat, *statistics, *scales, True, layer.momentum, layer.eps).view_as(x)
    return layer(x)  # an activation


def _check(configs: Sequence[RunConfig]) -> None:
    """Refuse what one program cannot train."""
    if not isinstance(configs, list | tuple) or not configs:
        raise KitError("there are no configs to train: pass a list with at least one, such as [RunConfig()]")
    for name in SHARED:
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
