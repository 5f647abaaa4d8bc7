"""Our training loop against the textbook loop: same network, data, loss, batches, epochs and hardware.

The textbook loop is how most tutorials train: a DataLoader in the main process, torchvision's transforms sample by
sample, float32, loss and accuracy read with .item() after every step, accuracy evaluated on pictures augmented as in
training. "demo-12-runs" is the training of `make demo`, a fourth of its epochs: ours with all that `train` records,
probe, checkpoint and validation split; the rival with an evaluation of as many pictures, and nothing kept; each once,
for it takes minutes. The other comparisons are epochs without either; the ResNet18 that the textbook loop trains is
torchvision's.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from loops import Textbook, kit_epoch, kit_run, random_pictures, torchvision_resnet18
from turns import fastest, note, report

from binenc_kit.config import RunConfig, grid
from binenc_kit.data import Data, load_data
from binenc_kit.networks import Network, predict
from binenc_kit.rules import HEADS
from binenc_kit.training import train


def compare_epochs(name: str, goal: float | None, config: RunConfig, data: Data, rounds: int) -> None:
    """An epoch of both loops."""
    rival_network = torchvision_resnet18(config, data) if config.backbone == "resnet18" else None
    ways = {"rival": Textbook(config, data, rival_network).epoch, "ours": kit_epoch(config, data)}
    best, _ = fastest(ways, rounds)
    report(name, best["ours"], best["rival"], goal)


def compare_runs(name: str, goal: float, configs: Sequence[RunConfig], data: Data, rounds: int) -> None:
    """Whole runs of both, one after another."""

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for number, config in enumerate(configs):
                list(train(config, Path(folder) / str(number), data=data))

    def rival() -> None:
        for config in configs:
            textbook_run(config, data, watched=True)

    best, _ = fastest({"rival": rival, "ours": ours}, rounds)
    report(name, best["ours"], best["rival"], goal)


def textbook_run(config: RunConfig, data: Data, watched: bool = False) -> Network:
    """A whole run of the textbook loop."""
    loop = Textbook(config, data)
    for epoch in range(1, config.epochs + 1):
        loop.epoch(epoch)
        if watched:
            loop.evaluate()
    return loop.network


def tell_accuracies(config: RunConfig, data: Data, seeds: int) -> None:
    """Test accuracy after the same epochs, of the textbook loop and of ours in both precisions."""
    found: dict[str, list[float]] = {"the textbook loop": [], "ours in float32": [], "ours in bfloat16": []}
    for seed in range(seeds):
        one = replace(config, seed=seed)
        torch.manual_seed(seed)
        networks = [textbook_run(one, data)]
        for precision in ("float32", "bfloat16"):
            networks.append(kit_run(replace(one, precision=precision), data))
        for shares, network in zip(found.values(), networks, strict=True):
            logits, _ = predict(network, data, data.test[0])
            shares.append((logits.argmax(1) == data.test[1]).float().mean().item())
    told = ", ".join(f"{who} {np.mean(shares):.4f} ± {np.std(shares, ddof=1):.4f}" for who, shares in found.items())
    note(f"test accuracy of the {config.backbone} on {data.name} after {config.epochs} epochs, {seeds} seeds: {told}")


def main() -> None:
    """Print a line for each comparison."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pictures and rounds, to see that it runs")
    quick = parser.parse_args().quick
    digits, mlp = load_data("digits"), RunConfig(data="digits", device="cpu")
    compare_epochs("training-digits-mlp", 4.0, mlp, digits, rounds=1 if quick else 10)
    heads, seeds, epochs = (["BinEnc"], [0], 1) if quick else (list(HEADS), [0, 1, 2], 20)
    demo = grid(heads, [2e-3], seeds, data="digits", epochs=epochs, device="cpu")
    compare_runs("demo-12-runs", 4.0, demo, digits, rounds=0)
    small = RunConfig(data="custom:random", backbone="convnet", batch_size=128, augment=True, device="cpu")
    compare_epochs("training-32x32-convnet", 1.8, small, random_pictures(200 if quick else 6000), 1 if quick else 4)
    if not quick:
        deep = replace(small, backbone="resnet18")
        compare_epochs("training-32x32-resnet18", None, deep, random_pictures(256), rounds=1)
    tell_accuracies(RunConfig(backbone="convnet", epochs=1 if quick else 15, device="cpu"), digits, 2 if quick else 3)


if __name__ == "__main__":
    main()
