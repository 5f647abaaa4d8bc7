"""The loops that are compared: the textbook's, a speed run's, and the kit's, each as an epoch ready to be timed."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import models, transforms

from binenc_kit.compiling import make_forward
from binenc_kit.config import RunConfig
from binenc_kit.data import Data, make_data
from binenc_kit.machine import few_threads, same_bits, seeded
from binenc_kit.networks import Network, build_network
from binenc_kit.objectives import make_objective
from binenc_kit.schedules import gamma_at
from binenc_kit.steps import make_optimizer, train_epoch


def random_pictures(n: int, classes: int = 10, shape: tuple[int, ...] = (32, 32, 3)) -> Data:
    """Train pictures, n of them, of CIFAR's size unless told; their content has no influence on the time."""
    rng = np.random.default_rng(0)
    splits = {
        split: (rng.integers(0, 256, (many, *shape), dtype=np.uint8), np.arange(many) % classes)
        for split, many in (("train", n), ("val", max(classes, n // 10)), ("test", classes))
    }
    return make_data(splits, [str(label) for label in range(classes)])


def fresh_network(config: RunConfig, data: Data) -> Network:
    """The same first weights for all loops, on the data's device."""
    with seeded(config.seed, 0):
        return build_network(config, data.shape, len(data.class_names)).to(data.train[0].device)


def torchvision_resnet18(config: RunConfig, data: Data) -> Network:
    """torchvision's ResNet18 as tutorials fit it to small pictures, stem 3x3 and no pooling, with the same head."""
    backbone = models.resnet18()
    backbone.conv1, backbone.maxpool, backbone.fc = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity(), nn.Identity()
    config = replace(config, backbone="custom:torchvision")
    return build_network(config, data.shape, len(data.class_names), backbone).to(data.train[0].device)


class Pictures(Dataset):
    """One split's pictures and labels one at a time, each through torchvision's transforms."""

    def __init__(self, data: Data, split: str, augmented: bool) -> None:
        images, labels = getattr(data, split)
        self.pictures = [Image.fromarray(image.squeeze()) for image in images.permute(0, 2, 3, 1).cpu().numpy()]
        self.labels = labels.tolist()
        mean, std = ((part.flatten() / 255).tolist() for part in (data.mean, data.std))
        steps = [transforms.ToTensor(), transforms.Normalize(mean, std)]
        if augmented:
            steps += [transforms.RandomHorizontalFlip(), transforms.RandomCrop(data.shape[1], padding=4)]
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.pictures[index]), self.labels[index]


class Textbook:
    """How most tutorials train: a DataLoader in the main process, transforms picture by picture, .item() every step."""

    def __init__(self, config: RunConfig, data: Data, network: Network | None = None) -> None:
        self.config, self.network = config, network or fresh_network(config, data)
        self.device = data.train[0].device
        train, val = (Pictures(data, split, config.augment) for split in ("train", "val"))
        self.loader = DataLoader(train, config.batch_size, shuffle=True)
        some = Subset(train, range(min(config.probe_size, len(train))))
        self.watched = [DataLoader(part, config.batch_size) for part in (some, val)]
        weights = self.network.parameters()
        self.optimizer = torch.optim.AdamW(weights, lr=config.lr, weight_decay=config.weight_decay)

    def epoch(self, index: int = 1) -> None:
        """A pass over the train split, from 1 on."""
        gamma = gamma_at(self.config, index)
        self.network.train()
        total, right = 0.0, 0
        for images, labels in self.loader:
            images, labels = images.to(self.device), labels.to(self.device)
            logits, z = self.network(images)
            pull = 0 if self.config.head == "NoPen" else z.square().mean()
            loss = F.cross_entropy(logits, labels) + gamma * pull
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item()
            right += (logits.argmax(1) == labels).sum().item()

    @torch.no_grad()
    def evaluate(self) -> list[float]:
        """Accuracy on as many train pictures as the kit's probe has, augmented where training is, and on val's."""
        self.network.eval()
        shares = []
        for loader in self.watched:
            right = 0
            for images, labels in loader:
                logits, _ = self.network(images.to(self.device))
                right += (logits.argmax(1) == labels.to(self.device)).sum().item()
            shares.append(right / len(loader.dataset))
        return shares


def kit_epoch(config: RunConfig, data: Data, network: Network | None = None) -> Callable[..., object]:
    """An epoch of the kit's loop, by its index from 1 on, as `train` calls it."""
    network = (network or fresh_network(config, data)).to(memory_format=torch.channels_last)
    optimizer, device = make_optimizer(config, network), str(data.train[0].device)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    with few_threads(config, parameters), same_bits():
        forward = make_forward(config, data, network)

    objective = make_objective(config, network)

    def epoch(index: int = 1) -> None:
        with few_threads(config, parameters), same_bits(), seeded(config.seed, index, device):
            train_epoch(config, data, network, optimizer, gamma_at(config, index), objective, forward)

    return epoch


def kit_run(config: RunConfig, data: Data) -> Network:
    """A whole run of the kit's loop."""
    network = fresh_network(config, data)
    epoch = kit_epoch(config, data, network)
    for index in range(1, config.epochs + 1):
        epoch(index)
    return network


def speedrun_epoch(config: RunConfig, data: Data) -> Callable[[], object]:
    """An epoch in the style of the speed runs for CIFAR-10, such as airbench (Jordan 2024, arXiv 2404.00498).

    Pictures normalised once, on the device, in half precision and channels-last; flips and crops of whole batches;
    weights in half precision but for batch norm's; SGD; compiled; nothing is read back.
    """
    device = data.train[0].device
    half = torch.float16 if device.type == "cuda" else torch.bfloat16
    network = fresh_network(config, data).to(half, memory_format=torch.channels_last)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.float()
    program = torch.compile(network, mode="max-autotune") if device.type == "cuda" else network
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True)
    images = F.pad(data.normalise(data.train[0]).to(half), (4,) * 4).contiguous(memory_format=torch.channels_last)
    labels, size = data.train[1], config.batch_size

    def epoch() -> None:
        network.train()
        pictures = flipped_crops(images, data.shape[1])
        for batch in torch.randperm(len(labels), device=device).split(size)[: max(1, len(labels) // size)]:
            logits, z = program(pictures[batch])
            loss = F.cross_entropy(logits, labels[batch]) + config.gamma_start * z.square().mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return epoch


def flipped_crops(padded: Tensor, size: int) -> Tensor:
    """A random crop of each padded picture, half of them flipped: first rows, then columns, one shift after another."""
    n, room = len(padded), padded.shape[-1] - size
    rows = padded.new_empty(n, padded.shape[1], size, padded.shape[-1])
    shifts = torch.randint(room + 1, (2, n), device=padded.device)
    for shift in range(room + 1):
        chosen = shifts[0] == shift
        rows[chosen] = padded[chosen][:, :, shift : shift + size]
    crops = padded.new_empty(n, padded.shape[1], size, size)
    for shift in range(room + 1):
        chosen = shifts[1] == shift
        crops[chosen] = rows[chosen][:, :, :, shift : shift + size]
    flip = torch.rand(n, device=padded.device) < 0.5
    return torch.where(flip[:, None, None, None], crops.flip(-1), crops).contiguous(memory_format=torch.channels_last)
