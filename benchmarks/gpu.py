"""On a GPU: ResNet18 on pictures of CIFAR-10's size, and ResNet50 of CIFAR-100's, with the BinEnc head.

Rivals are the textbook loop in float32 on the same card, and a loop in the style of the speed runs: pictures on the
device, augmented in batches, channels-last, weights in half precision, compiled. The ceiling is what a product of two
large matrices in bfloat16 reaches; a network's share of it counts the operations of its products and convolutions,
forwards and back. Pictures are random: their content has no influence on the time. Without a GPU nothing is measured,
and `--quick` rehearses everything with a tiny network on the CPU.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from loops import (
    Textbook,
    fresh_network,
    kit_epoch,
    kit_run,
    random_pictures,
    speedrun_epoch,
    torchvision_resnet18,
)
from torch.utils.flop_counter import FlopCounterMode
from training import tell_accuracies
from turns import note, report, report_limit

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_data
from binenc_kit.measures.collapse import collapse
from binenc_kit.measures.reliability import mahalanobis_distances
from binenc_kit.networks import predict
from binenc_kit.rules import HEADS
from binenc_kit.training import train

CEILING = 0.35  # the share of the ceiling that the best batch is to reach
CHILD = "import sys, gpu; gpu.train_alone(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))"


def seconds(work: Callable[[], object], device: str, rounds: int = 2) -> float:
    """Seconds of the fastest of `rounds` and a first one, which warms up; the device has finished at each reading."""
    best = float("inf")
    for _ in range(rounds + 1):
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best


def ceiling(device: str, size: int) -> float:
    """Operations a second of a product of two square matrices in bfloat16."""
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * size**3 * 10 / seconds(lambda: [a @ b for _ in range(10)], device)


def operations(config: RunConfig, data: Data) -> int:
    """Operations of the products and convolutions of one picture's training step."""
    network, pictures = fresh_network(config, data), data.normalise(data.train[0][:8])
    with FlopCounterMode(display=False) as counter:
        logits, z = network(pictures)
        (logits.sum() + z.sum()).backward()
    return counter.get_total_flops() // len(pictures)


def sweep_batches(config: RunConfig, data: Data, sizes: list[int], top: float) -> tuple[int, float]:
    """An epoch at each size of batch; returns the best size and its seconds."""
    n, work, found = len(data.train[1]), operations(config, data), {}
    for size in sizes:
        torch.compiler.reset()
        found[size] = taken = seconds(kit_epoch(replace(config, batch_size=size), data), data.train[0].device.type)
        note(
            f"{config.backbone}, batch {size}: {taken:.2f} s an epoch of {n:,} pictures, {n / taken:,.0f} a second, "
            f"{work * n / taken / top:.1%} of the ceiling of {top / 1e12:.0f} Tflop/s"
        )
    best = min(found, key=found.get)
    report_limit(f"gpu-{config.backbone}-ceiling-over-best-batch", top * found[best] / (work * n), 1 / CEILING, "x")
    return best, found[best]


def compare_loops(config: RunConfig, data: Data, some: Data, best: int) -> None:
    """The published batch against the textbook loop, on some pictures only, and both batches against a speed run."""
    device = config.device
    full = replace(config, precision="float32")
    rival_network = torchvision_resnet18(full, some) if config.backbone == "resnet18" else None
    rival = seconds(Textbook(full, some, rival_network).epoch, device, rounds=1) / len(some.train[1])
    ours = seconds(kit_epoch(config, data), device) / len(data.train[1])
    report(f"gpu-{config.backbone}-batch-128-a-picture", ours * 1e6, rival * 1e6, 20.0, "us")
    for size in dict.fromkeys((config.batch_size, best)):
        one = replace(config, batch_size=size)
        torch.compiler.reset()
        speedrun, kit = (seconds(way(one, data), device) for way in (speedrun_epoch, kit_epoch))
        report(f"gpu-{config.backbone}-batch-{size}-speedrun", kit, speedrun, 1.0)


def share_of_looking(config: RunConfig, data: Data, epochs: int) -> None:
    """What `train` does besides training: probe, validation split, recording and checkpoints."""
    with tempfile.TemporaryDirectory() as folder:
        start, lines = 0.0, []
        for epoch in train(replace(config, epochs=epochs), Path(folder) / "run", data=data):
            start = start or time.perf_counter()  # the first epoch warms up
            lines.append(epoch.index)
        whole = (time.perf_counter() - start) / (len(lines) - 1)
    alone = seconds(kit_epoch(config, data), config.device)
    report_limit("gpu-looking-and-recording", max(0.0, 100 * (whole / alone - 1)), 5, "%")


def heads_at_once(heads: Sequence[str], config: RunConfig, pictures: int, epochs: int) -> None:
    """A process for each head on one card, against the same ones one after another."""

    def start(head: str) -> subprocess.Popen:
        told = [config.with_head(head).to_json(), str(pictures), str(epochs)]
        return subprocess.Popen([sys.executable, "-c", CHILD, *told], cwd=Path(__file__).parent)  # noqa: S603  our own

    begun = time.perf_counter()
    for head in heads:
        start(head).wait()
    one_by_one, begun = time.perf_counter() - begun, time.perf_counter()
    for child in [start(head) for head in heads]:
        child.wait()
    report(f"gpu-{len(heads)}-heads-at-once", time.perf_counter() - begun, one_by_one, None)


def train_alone(config: str, pictures: int, epochs: int) -> None:
    """What each of the four processes does."""
    one = replace(RunConfig.from_json(config), epochs=epochs)
    kit_run(one, random_pictures(pictures).to(one.device))


def trips_to_the_host(config: RunConfig, data: Data) -> None:
    """What measuring on the host costs: moving logits and latents there, and two measures of them."""
    network = fresh_network(config, data)
    logits, z = predict(network, data, data.train[0])
    moved = seconds(lambda: (logits.cpu(), z.cpu()), config.device)
    latents, labels = z.cpu().numpy(), data.train[1].cpu().numpy()
    measured = seconds(lambda: collapse(latents, labels), "cpu")
    measured += seconds(lambda: mahalanobis_distances(latents, labels, labels, latents, labels), "cpu")
    trip = f"moving {len(z):,} logits and latents to the host takes {moved:.4f} s"
    note(f"{trip}, measuring collapse and Mahalanobis distances there {measured:.3f} s")


def measure(device: str, quick: bool) -> None:
    """Everything, on one device."""
    top = ceiling(device, 256 if quick else 8192)
    usual = {"batch_size": 16 if quick else 128, "precision": "bfloat16", "augment": True, "device": device}
    usual |= {"width": 4} if quick else {}
    sizes, n, few = ([16], 48, 16) if quick else ([128, 256, 512, 1024, 2048], 50_000, 1024)
    for backbone, classes in (("resnet18", 10), ("resnet50", 100))[: 1 if quick else 2]:
        config = RunConfig(data="custom:random", backbone=backbone, **usual)
        data, some = (random_pictures(many, min(classes, many // 4)).to(device) for many in (n, few))
        best, _ = sweep_batches(config, data, sizes, top)
        compare_loops(config, data, some, best)
        if backbone == "resnet18":
            share_of_looking(config, data, epochs=2 if quick else 8)
            if not quick:  # four starts of torch, for nothing that a rehearsal could show
                heads_at_once(HEADS, config, 20_000, epochs=5)
            trips_to_the_host(config, data)
    small = RunConfig(backbone="convnet", epochs=1 if quick else 15, device=device)
    tell_accuracies(small, load_data("digits", device=device), seeds=2 if quick else 3)


def main() -> None:
    """Print a line for each comparison."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a rehearsal: tiny networks, on the CPU if need be")
    quick = parser.parse_args().quick
    there = torch.cuda.is_available()
    if not there and not quick:
        return note("no GPU was at hand, so nothing of this was measured")
    if not there:
        note("a rehearsal on the CPU: its figures mean nothing")
    return measure("cuda" if there else "cpu", quick)


if __name__ == "__main__":
    main()
