"""The data sets that have names: scikit-learn's digits, and torchvision's, downloaded on first use."""

from pathlib import Path

import numpy as np

from binenc_kit.errors import KitError
from binenc_kit.splits import Split

NAMES = {
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "svhn": "SVHN",
    "cifar10": "CIFAR10",
    "cifar100": "CIFAR100",
}


def read_digits() -> tuple[dict[str, Split], list[str]]:
    """The 1,797 digits of 8x8 pixels that come with scikit-learn; their 17 grey levels spread over 0 to 255."""
    from sklearn.datasets import load_digits  # slow to import, and other pictures do without it

    digits = load_digits()
    return {"train": (np.round(digits.images * 255 / 16).astype(np.uint8), digits.target)}, list("0123456789")


def read_torchvision(name: str, root: Path) -> tuple[dict[str, Split], list[str]]:
    """One of torchvision's data sets, downloaded on first use; `KitError` where it cannot be had."""
    from torchvision import datasets  # slow to import, and digits and folders do without it

    make = getattr(datasets, NAMES[name])
    asked = {split: {"split": split} if name == "svhn" else {"train": split == "train"} for split in ("train", "test")}
    try:
        root.mkdir(parents=True, exist_ok=True)
        parts = {split: make(root / name, download=True, **how) for split, how in asked.items()}
    except (OSError, RuntimeError) as error:  # no network, a full disk, a broken download
        raise KitError(
            f"{name} is not in {root / name} and could not be downloaded ({type(error).__name__}: {error}): go online "
            "once, put torchvision's files there, or use data='digits', which needs no network"
        ) from None
    splits = {}
    for split, part in parts.items():
        images = np.asarray(part.data)
        labels = np.asarray(part.labels if name == "svhn" else part.targets)
        splits[split] = (images.transpose(0, 2, 3, 1) if name == "svhn" else images, labels)
    return splits, list(getattr(parts["train"], "classes", "0123456789"))
