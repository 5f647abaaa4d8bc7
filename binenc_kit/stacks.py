"""Networks of one shape, stacked: each layer of all of them is one batched product."""

from collections.abc import Sequence
from itertools import groupby

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from binenc_kit.config import RunConfig
from binenc_kit.networks import Network
from binenc_kit.objectives import PENALTIES
from binenc_kit.schedules import gamma_at
from binenc_kit.steps import batch_sizes

STATISTICS = ("running_mean", "running_var")  # of a batch norm


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
        self.sizes = batch_sizes(len(labels), configs[0].batch_size)
        self.layers = [_stacked(alike) for alike in zip(*map(layers_of, networks), strict=True)]
        self.weights = [weight for _, weights, _ in self.layers for weight in weights]
        self.rows, self.optimizer = self._make_optimizer()

    def _make_optimizer(self) -> tuple[list[slice], torch.optim.Optimizer]:
        """The kit's AdamW, with a group of parameters for each stretch of runs with one learning rate and decay."""
        rows, groups = [], []
        for (lr, decay), stretch in groupby(range(len(self.configs)), lambda run: rates(self.configs[run])):
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
            for layer, (_, weights, statistics) in zip(layers_of(network), self.layers, strict=True):
                for own, stacked in zip(layer.parameters(), weights, strict=True):
                    own.copy_(stacked[run])
                if isinstance(layer, nn.BatchNorm1d):
                    for name, stacked in zip(STATISTICS, statistics, strict=True):
                        layer.get_buffer(name).copy_(stacked.view(len(self.networks), -1)[run])
                    layer.get_buffer("num_batches_tracked").add_(self.configs[run].epochs * len(self.sizes))


def rates(config: RunConfig) -> tuple[float, float]:
    """What the optimiser needs to know of a run: learning rate and weight decay."""
    return config.lr, config.weight_decay


def layers_of(network: Network) -> list[nn.Module]:
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
        (mean, variance), (scale, shift) = statistics, (weight.flatten() for weight in weights)
        momentum = layer.momentum or 0.0  # as torch itself reads None
        return F.batch_norm(flat, mean, variance, scale, shift, True, momentum, layer.eps).view_as(x)
    return layer(x)  # an activation
