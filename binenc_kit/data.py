"""`load_data(name)`: pictures as uint8 tensors on a device, split into train, validation and test."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import train_test_split
from torch import Tensor

from binenc_kit.config import DATASETS, RunConfig
from binenc_kit.errors import KitError, require_known
from binenc_kit.files import house
from binenc_kit.folders import Split, read_folder
from binenc_kit.machine import choose_device
from binenc_kit.sources import read_digits, read_torchvision

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Data:
    """Pictures (N, channels, height, width), uint8, and labels (N,), int64, of the three splits, on one device.

    mean, std: (channels, 1, 1), of the train split, in units of pixel values from 0 to 255.
    """

    name: str
    class_names: tuple[str, ...]
    train: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    mean: Tensor
    std: Tensor

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one picture."""
        return tuple(self.train[0].shape[1:])

    def normalise(self, images: Tensor) -> Tensor:
        """Turn uint8 pictures into float32 with the train split's mean 0 and standard deviation 1 per channel."""
        return (images.float() - self.mean) / self.std

    def to(self, device: str | torch.device) -> "Data":
        """Move every tensor to a device."""
        moved = {split: tuple(part.to(device) for part in getattr(self, split)) for split in SPLITS}
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
    Raises `KitError` for an unknown name, data that cannot be had or read, or a limit that cannot be drawn.
    """
    if name.startswith("folder:"):
        folder = Path(name.removeprefix("folder:")).expanduser()
        folder = (folder if folder.is_dir() else house() / folder).resolve()
        name, (splits, class_names) = folder.name, read_folder(folder, cache=house() / "data" / "cache")
    elif name == "digits":
        splits, class_names = read_digits()
    else:
        require_known("data", name, [*DATASETS, "folder:PATH"])
        splits, class_names = read_torchvision(name, Path(root) if root else house() / "data" / "downloads")
    return make_data(splits, class_names, name=name, train_limit=train_limit, seed=seed).to(device)


def load_config_data(config: RunConfig, data: Data | None = None) -> Data:
    """The data of a config, on its device, to be shared by several runs; or `data`, if the config names them.

    Raises `KitError` for custom:LABEL without data of your own, and for data that have another name than the config's.
    """
    if data is None and config.data.startswith("custom:"):
        raise KitError(f"data={config.data!r} is your own: pass it along, data=make_data(...)")
    if data is None:
        return load_data(
            config.data, device=choose_device(config), train_limit=config.train_limit, seed=config.data_seed
        )
    named = Path(config.data).name if config.data.startswith("folder:") else config.data
    if not named.startswith("custom:") and data.name != named:  # results must not carry another data set's name
        raise KitError(f"data={config.data!r}, but {data.name!r} came along: pass the right data, or none")
    return data


def make_data(
    splits: dict[str, tuple[ArrayLike, ArrayLike]],
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
    splits = {split: _checked(split, *pair, classes=len(class_names)) for split, pair in splits.items()}
    require_known("split", "train", splits)
    if "test" not in splits:
        splits["train"], splits["test"] = _split(*splits["train"], 0.2, seed, "a test split")
    if "val" not in splits:
        splits["train"], splits["val"] = _split(*splits["train"], 0.1, seed, "a validation split")
    if train_limit is not None:
        splits["train"] = limit(*splits["train"], train_limit, seed)
    tensors = {split: (_channels_first(images), torch.from_numpy(labels)) for split, (images, labels) in splits.items()}
    mean, std = _pixel_statistics(tensors["train"][0])
    return Data(name, tuple(map(str, class_names)), mean=mean, std=std, **tensors)


def limit(images: NDArray[Any], labels: NDArray[Any], size: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """A stratified subset of `size` samples, drawn with `seed`; all of them where there are no more."""
    if size >= len(labels):
        return images, labels
    return _split(images, labels, len(labels) - size, seed, f"train_limit={size}")[0]


def augment(batch: Tensor, generator: torch.Generator | None = None, padding: int = 4) -> Tensor:
    """Flip each picture left to right with chance 1/2 and crop it at a random place after zero padding.

    batch: (N, channels, height, width), normalised, so that the padding is the mean colour; each sample has its own
    draw. Returns the same shape. Source: BinEnc-v3, Setup; the settings are those of the authors' code.
    """
    n, _, height, width = batch.shape
    device = batch.device
    draw = {"generator": generator, "device": device}
    top = torch.randint(2 * padding + 1, (n, 1), **draw)
    left = torch.randint(2 * padding + 1, (n, 1), **draw)
    flip = torch.randint(2, (n, 1), **draw).bool()
    rows = top + torch.arange(height, device=device)
    columns = left + torch.arange(width, device=device)
    columns = torch.where(flip, columns.flip(1), columns)
    padded = F.pad(batch, (padding,) * 4).permute(0, 2, 3, 1)  # channels last: one copy moves a whole pixel
    sample = torch.arange(n, device=device)[:, None, None]
    return padded[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _checked(split: str, images: ArrayLike, labels: ArrayLike, classes: int) -> Split:
    """Refuse arrays that cannot be pictures with labels."""
    images, labels = np.asarray(images), np.asarray(labels)
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise KitError(
            f"the {split} images are {images.dtype} of shape {images.shape}, but must be uint8 of shape "
            "(N, height, width) or (N, height, width, channels)"
        )
    if labels.shape != images.shape[:1] or not len(labels):
        raise KitError(f"{split} has {len(images)} images and labels of shape {labels.shape}: give one label an image")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= classes:
        raise KitError(
            f"the {split} labels run from {labels.min()} to {labels.max()} ({labels.dtype}), but with {classes} "
            f"class names must be whole numbers from 0 to {classes - 1}"
        )
    return images, labels.astype(np.int64)


def _split(
    images: NDArray[Any], labels: NDArray[Any], size: float, seed: int, what: str
) -> tuple[tuple[NDArray[Any], NDArray[Any]], ...]:
    """Set a stratified share (or number) of samples aside: (kept, set aside)."""
    try:
        kept, aside = train_test_split(np.arange(len(labels)), test_size=size, stratify=labels, random_state=seed)
    except ValueError as error:
        classes = len(np.unique(labels))
        raise KitError(
            f"{what} cannot be drawn from {len(labels)} pictures of {classes} classes so that every class is in it "
            f"({error}): give more pictures a class"
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
