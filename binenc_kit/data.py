"""`load_data(name)`: pictures as uint8 tensors on a device, split into train, validation and test."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError, require_known
from binenc_kit.files import house
from binenc_kit.folders import read_folder
from binenc_kit.machine import choose_device
from binenc_kit.rules import DATASETS
from binenc_kit.sources import read_digits, read_torchvision
from binenc_kit.splits import SPLITS, check_splits, subset
from binenc_kit.validation import checked


@dataclass(frozen=True)
class Data:
    """Pictures (N, channels, height, width), uint8, and labels (N,), int64, of the three splits, on one device.

    mean, std: (channels, 1, 1), of the train split, in units of pixel values from 0 to 255. train_limit, seed: what the
    splits were drawn with. fingerprint: a hash of the train split; two runs on the same data have the same.
    """

    name: str
    class_names: tuple[str, ...]
    train: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    mean: Tensor
    std: Tensor
    train_limit: int | None
    seed: int
    fingerprint: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one picture."""
        _, channels, height, width = self.train[0].shape
        return channels, height, width

    def normalise(self, images: Tensor) -> Tensor:
        """Turn uint8 pictures into float32 with the train split's mean 0 and standard deviation 1 per channel."""
        return (images.float() - self.mean) / self.std

    def to(self, device: str | torch.device) -> "Data":
        """Move every tensor to a device."""
        moved: dict[str, Any] = {split: tuple(part.to(device) for part in getattr(self, split)) for split in SPLITS}
        return replace(self, mean=self.mean.to(device), std=self.std.to(device), **moved)


def load_data(
    name: str,
    *,
    device: str = "cpu",
    train_limit: int | None = None,
    seed: int = 0,
    root: str | Path | None = None,
) -> Data:
    """Load a data set by name; its validation split and `train_limit` are stratified and drawn with `seed`.

    name: digits (embedded), mnist, fashion_mnist, svhn, cifar10, cifar100 (torchvision, downloaded into `root`,
    by default data/downloads, on first use), or folder:PATH with PATH/train/<class>/* and optional val/ and test/.
    device: auto, cpu, cuda or mps.
    Raises `KitError` for an unknown name, data that cannot be had or read, or a limit that cannot be drawn.
    """
    device, name = choose_device(device), str(name)
    if name.startswith("folder:"):
        folder = resolve_folder(name)
        name, (splits, class_names) = folder.name, read_folder(folder, cache=house() / "data" / "cache")
    elif name == "digits":
        splits, class_names = read_digits()
    else:
        require_known("data", name, [*DATASETS, "folder:PATH"])
        splits, class_names = read_torchvision(name, Path(root) if root else house() / "data" / "downloads")
    return make_data(splits, class_names, name=name, train_limit=train_limit, seed=seed).to(device)


def resolve_folder(name: str) -> Path:
    """The folder of "folder:PATH": PATH from here if it is there, else from the kit's clone."""
    folder = Path(name.removeprefix("folder:")).expanduser()
    return (folder if folder.is_dir() else house() / folder).resolve()


def load_config_data(config: RunConfig, data: Data | None = None) -> Data:
    """The data of a config, on its device, to be shared by several runs; or `data`, if they are what the config says.

    Raises `KitError` for custom:LABEL without data of your own, and for data of another name, limit or seed.
    """
    if data is None and config.data.startswith("custom:"):
        raise KitError(f"data={config.data!r} is your own: pass it along, data=make_data(...)")
    if data is None:
        return load_data(config.data, device=config.device, train_limit=config.train_limit, seed=config.data_seed)
    named = resolve_folder(config.data).name if config.data.startswith("folder:") else config.data
    named = data.name if named.startswith("custom:") else named
    asked, got = (named, config.train_limit, config.data_seed), (data.name, data.train_limit, data.seed)
    if asked != got:  # results must not carry the name of other data
        raise KitError(
            "the config asks for data {!r} with train_limit={} and data_seed={}, but ".format(*asked)
            + "{!r} with {} and {} came along: load them alike, or pass none".format(*got)
        )
    return data


def make_data(
    splits: Mapping[str, tuple[ArrayLike, ArrayLike]],
    class_names: Sequence[str],
    *,
    name: str = "custom",
    train_limit: int | None = None,
    seed: int = 0,
) -> Data:
    """Build `Data` from arrays of your own: {"train": (images, labels)} and, if you have them, "val" and "test".

    images: uint8, (N, height, width) or (N, height, width, channels); labels: whole numbers from 0 to C-1.
    A missing test split is a fifth of train, a missing validation split a tenth of what is left, both stratified.
    Raises `KitError` for images or labels that cannot be used.
    """
    train_limit, seed = checked("train_limit", int | None, train_limit), checked("data_seed", int, seed)
    splits = check_splits(splits, len(class_names))
    if "test" not in splits:
        splits["train"], splits["test"] = _set_aside(*splits["train"], 0.2, seed, "a test split")
    if "val" not in splits:
        splits["train"], splits["val"] = _set_aside(*splits["train"], 0.1, seed, "a validation split")
    if train_limit is not None:
        splits["train"] = _limited(*splits["train"], train_limit, seed, len(class_names))
    tensors = {split: (_channels_first(images), torch.from_numpy(labels)) for split, (images, labels) in splits.items()}
    mean, std = _pixel_statistics(tensors["train"][0])
    fingerprint = hashlib.sha256(b"".join(part.numpy().tobytes() for part in tensors["train"])).hexdigest()[:16]
    return Data(
        name, tuple(map(str, class_names)), mean=mean, std=std, train_limit=train_limit, seed=seed,
        fingerprint=fingerprint, **tensors,
    )  # fmt: skip


def augment(batch: Tensor, generator: torch.Generator | None = None, padding: int = 4) -> Tensor:
    """Flip each picture left to right with chance 1/2 and crop it at a random place after zero padding.

    batch: (N, channels, height, width), normalised, so that the padding is the mean colour; each sample has its own
    draw. Returns the same shape. Source: BinEnc-v3, Setup; the settings are those of the authors' code.
    """
    n, _, height, width = batch.shape
    device = batch.device
    draw: dict[str, Any] = {"generator": generator, "device": device}
    top = torch.randint(2 * padding + 1, (n, 1), **draw)
    left = torch.randint(2 * padding + 1, (n, 1), **draw)
    flip = torch.randint(2, (n, 1), **draw).bool()
    rows = top + torch.arange(height, device=device)
    columns = left + torch.arange(width, device=device)
    columns = torch.where(flip, columns.flip(1), columns)
    padded = F.pad(batch, (padding,) * 4).permute(0, 2, 3, 1)  # channels last: one copy moves a whole pixel
    sample = torch.arange(n, device=device)[:, None, None]
    return padded[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _limited(
    images: NDArray[Any], labels: NDArray[Any], size: int, seed: int, classes: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """A stratified subset of the train split."""
    if size < classes:
        raise KitError(f"train_limit={size} is too small for {classes} classes: give at least one picture a class")
    kept = subset(labels, size, seed)
    return images[kept], labels[kept]


def _set_aside(
    images: NDArray[Any], labels: NDArray[Any], share: float, seed: int, what: str
) -> tuple[tuple[NDArray[Any], NDArray[Any]], ...]:
    """Set a stratified share of the samples aside: (kept, set aside)."""
    from sklearn.model_selection import train_test_split  # slow to import, and given splits do without it

    try:
        kept, aside = train_test_split(np.arange(len(labels)), test_size=share, stratify=labels, random_state=seed)
    except ValueError:  # scikit-learn's words are about its own arguments
        raise KitError(
            f"{what} of every class cannot be drawn from {len(labels)} pictures of {len(np.unique(labels))} classes: "
            "give more pictures a class, or that split itself"
        ) from None
    return (images[kept], labels[kept]), (images[aside], labels[aside])


def _channels_first(images: NDArray[np.uint8]) -> Tensor:
    """(N, height, width[, channels]) to a tensor (N, channels, height, width)."""
    images = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(images))


def _pixel_statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, exact in float64 from the counts of the 256 levels."""
    levels = torch.arange(256, dtype=torch.float64)
    counts = torch.stack([torch.bincount(channel.flatten(), minlength=256) for channel in images.unbind(1)]).double()
    share = counts / counts.sum(1, keepdim=True)
    mean = share @ levels
    std = (share @ levels.square() - mean.square()).clamp_min(0).sqrt()
    std = torch.where(std > 0, std, torch.ones_like(std))  # a channel of one colour stays at zero
    return mean.float()[:, None, None], std.float()[:, None, None]
