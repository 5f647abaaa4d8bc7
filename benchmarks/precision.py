"""What 16 bits do to a code under a gamma that grows to a million: LPC on digits, its own schedule.

"ours" is the kit's precision="bfloat16": products of the backbone in bfloat16, the last two layers, latents and penalty
in float32. Mixed precision as it comes has latents and penalty in 16 bits, too; in halves all weights and the
optimiser's steps are rounded as well, which is how speed runs train. The limit is on what ours loses against float32.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from loops import fresh_network
from torch import Tensor
from turns import note, report_limit

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_data
from binenc_kit.machine import few_threads, halved, seeded
from binenc_kit.measures.binarity import code_agreement, distinct_codes
from binenc_kit.measures.collapse import collapse
from binenc_kit.networks import Network, predict
from binenc_kit.schedules import gamma_at
from binenc_kit.steps import batches, make_optimizer, set_lr

Forward = Callable[[Network, Tensor], tuple[Tensor, Tensor]]


def ours(network: Network, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """As the kit does it."""
    with halved(RunConfig(precision="bfloat16"), pictures.device.type):
        return network(pictures)


def mixed(kind: torch.dtype) -> Forward:
    """All three parts under autocast, which rounds the latents."""

    def forward(network: Network, pictures: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(pictures.device.type, kind):
            z = network.penultimate(network.backbone(pictures).flatten(1))
            return network.classifier(z), z

    return forward


def plain(network: Network, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """In whatever the weights are."""
    return network(pictures.to(next(network.parameters()).dtype))


WAYS: dict[str, tuple[Forward, torch.dtype]] = {
    "float32": (plain, torch.float32),
    "ours, bfloat16": (ours, torch.float32),
    "mixed precision, bfloat16": (mixed(torch.bfloat16), torch.float32),
    "mixed precision, float16": (mixed(torch.float16), torch.float32),
    "weights in bfloat16": (plain, torch.bfloat16),
    "weights in float16": (plain, torch.float16),
}


def run(config: RunConfig, data: Data, way: str) -> tuple[float, float, int, float]:
    """Train accuracy, code agreement, distinct codes and relative Sigma_W at the end; NaN for a run that broke down."""
    forward, kind = WAYS[way]
    network = fresh_network(config, data).to(kind)
    optimizer = make_optimizer(config, network)
    network.train()
    for index in range(1, config.epochs + 1):
        set_lr(config, optimizer, index)
        with seeded(config.seed, index):
            for pictures, truth in batches(config, data):
                optimizer.zero_grad(set_to_none=True)
                logits, z = forward(network, pictures)
                (F.cross_entropy(logits.float(), truth) + gamma_at(config, index) * penalty(way, z)).backward()
                optimizer.step()
    logits, z = predict(network.float(), data, data.train[0])
    labels, z = data.train[1].numpy(), z.numpy()
    if not np.isfinite(z).all():
        return np.nan, np.nan, 0, np.nan
    share = float((logits.argmax(1).numpy() == labels).mean())
    return share, code_agreement(z, labels), distinct_codes(z, labels), collapse(z, labels).sigma_w_relative


def penalty(way: str, z: Tensor) -> Tensor:
    """mean(z^2): of ours in float32, else in whatever z is."""
    return (z.float() if way.startswith("ours") else z).square().mean()


def main() -> None:
    """A line for each way, over the seeds, and the limit's."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="two epochs of one seed, to see that it runs")
    quick = parser.parse_args().quick
    data, usual = load_data("digits"), RunConfig(head="LPC", epochs=2 if quick else 160, device="cpu")
    agreement = {}
    with few_threads(usual, parameters=1):
        for way in WAYS:
            runs = [run(replace(usual, seed=seed), data, way) for seed in range(1 if quick else 3)]
            accuracies, agreements, codes, spreads = zip(*runs, strict=True)
            agreement[way] = np.mean(agreements)
            note(
                f"{way}: train accuracy {_told(accuracies)}, code agreement {_told(agreements)}, distinct codes "
                f"{_told(codes)}, relative Sigma_W {_told(spreads)}"
            )
    lost = 100 * (agreement["float32"] - agreement["ours, bfloat16"])
    report_limit("precision-agreement-lost", max(0.0, lost), 1, "%")


def _told(values: tuple[float, ...]) -> str:
    return ", ".join("nan" if np.isnan(value) else f"{value:.4g}" for value in values)


if __name__ == "__main__":
    main()
