"""Our training loop against the textbook loop: same network, data, loss, batches, epochs and hardware, in one run.

The textbook loop is how most tutorials train: a DataLoader in the main process, torchvision's transforms sample by
sample, and the loss and the accuracy read with .item() after every step. Each comparison takes turns, rival and ours,
and keeps the fastest round of each: whatever else the machine does can only make a round slower.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_data, make_data
from binenc_kit.machine import few_threads, seeded
from binenc_kit.networks import Network, build_network
from binenc_kit.objectives import make_objective
from binenc_kit.steps import make_optimizer, train_epoch


class Pictures(Dataset):
    """Pictures and labels one at a time, each through torchvision's transforms."""

    def __init__(self, data: Data, augmented: bool) -> None:
        images, labels = data.train
        self.pictures = [Image.fromarray(image.squeeze()) for image in images.permute(0, 2, 3, 1).numpy()]
        self.labels = labels.tolist()
        mean, std = ((part.flatten() / 255).tolist() for part in (data.mean, data.std))
        steps = [transforms.ToTensor(), transforms.Normalize(mean, std)]
        if augmented:
            steps += [transforms.RandomHorizontalFlip(), transforms.RandomCrop(data.shape[1], padding=4)]
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.pictures[index]), self.labels[index]


def textbook(config: RunConfig, data: Data) -> Callable[[], object]:
    """An epoch of the textbook loop, ready to be timed."""
    loader = DataLoader(Pictures(data, config.augment), config.batch_size, shuffle=True)
    network = fresh_network(config, data)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=config.weight_decay)

    def epoch() -> None:
        network.train()
        total, right = 0.0, 0
        for images, labels in loader:
            logits, z = network(images)
            loss = F.cross_entropy(logits, labels) + config.gamma_start * z.square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
            right += (logits.argmax(1) == labels).sum().item()

    return epoch


def ours(config: RunConfig, data: Data) -> Callable[[], object]:
    """An epoch of the kit's loop, as `train` calls it."""
    network = fresh_network(config, data).to(memory_format=torch.channels_last)
    optimizer = make_optimizer(config, network)
    parameters = sum(parameter.numel() for parameter in network.parameters())

    def epoch() -> None:
        with few_threads(config, parameters), seeded(0, 1):
            train_epoch(config, data, network, optimizer, config.gamma_start, make_objective(config, network))

    return epoch


def fresh_network(config: RunConfig, data: Data) -> Network:
    """The same first weights for both."""
    with seeded(config.seed, 0):
        return build_network(config, data.shape, len(data.class_names))


def compare(name: str, goal: float, config: RunConfig, data: Data, rounds: int) -> None:
    """Time both in turns and print the comparison's line."""
    rivals = {"rival": textbook(config, data), "ours": ours(config, data)}
    best = dict.fromkeys(rivals, float("inf"))
    for _ in range(rounds + 1):  # the first round warms up and can only be slower
        for who, epoch in rivals.items():
            start = time.perf_counter()
            epoch()
            best[who] = min(best[who], time.perf_counter() - start)
    ratio = best["rival"] / best["ours"]
    print(f"{name} ours={best['ours']:.3f}s rival={best['rival']:.3f}s ratio={ratio:.2f}x goal={goal}x", flush=True)


def random_pictures(n: int) -> Data:
    """Pictures of CIFAR's size; their content has no influence on the time."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    return make_data({"train": (images, np.arange(n) % 10)}, "0123456789")


def main() -> None:
    """Two comparisons, seconds an epoch: digits with the mlp, pictures of 32x32 pixels with the convnet."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pictures and rounds, to see that it runs")
    quick = parser.parse_args().quick
    digits = RunConfig(data="digits", device="cpu")
    pictures = RunConfig(data="custom:random", backbone="convnet", batch_size=128, augment=True, device="cpu")
    compare("training-digits-mlp", 4.0, digits, load_data("digits"), rounds=1 if quick else 10)
    compare("training-32x32-convnet", 1.8, pictures, random_pictures(600 if quick else 6000), rounds=1 if quick else 4)


if __name__ == "__main__":
    main()
