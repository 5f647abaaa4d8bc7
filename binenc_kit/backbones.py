"""Backbones: networks from pictures (N, channels, height, width) to features h (N, features)."""

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:  # slow to import
    from torchvision.models import resnet


def mlp(shape: tuple[int, int, int], width: int = 128) -> nn.Module:
    """Two fully connected layers of `width`, each with batch norm and SiLU."""
    inputs = shape[0] * shape[1] * shape[2]
    layers: list[nn.Module] = [nn.Flatten()]
    for size in (inputs, width):
        layers += [nn.Linear(size, width, bias=False), nn.BatchNorm1d(width), nn.SiLU()]
    return nn.Sequential(*layers)


def convnet(shape: tuple[int, int, int], width: int = 32) -> nn.Module:
    """Three blocks of 3x3 convolution, 2x2 pooling, batch norm and SiLU, with `width`, 2 and 4 `width` channels.

    Pooling comes first after the convolution: what follows then has a quarter of the work.
    """
    layers, inputs = [], shape[0]
    for channels in (width, 2 * width, 4 * width):
        layers += [nn.Conv2d(inputs, channels, 3, padding=1, bias=False), nn.MaxPool2d(2, ceil_mode=True)]
        layers += [nn.BatchNorm2d(channels), nn.SiLU()]
        inputs = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def resnet18(shape: tuple[int, int, int], width: int = 64) -> nn.Module:
    """ResNet18 for small pictures: 8 basic blocks, `width` to 8 `width` channels, stem 3x3 without pooling, SiLU."""
    from torchvision.models.resnet import BasicBlock

    return _resnet(BasicBlock, (2, 2, 2, 2), shape[0], width)


def resnet50(shape: tuple[int, int, int], width: int = 64) -> nn.Module:
    """ResNet50 for small pictures: 16 bottleneck blocks, 4 `width` to 32 `width` channels, stem as resnet18, SiLU."""
    from torchvision.models.resnet import Bottleneck

    return _resnet(Bottleneck, (3, 4, 6, 3), shape[0], width)


def _resnet(
    block: "type[resnet.BasicBlock | resnet.Bottleneck]", depths: tuple[int, ...], inputs: int, width: int
) -> nn.Module:
    """He et al. 2016 for 32x32 pictures, from torchvision's residual blocks."""
    layers = [nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.SiLU()]
    channels = width
    for stage, depth in enumerate(depths):
        planes = width * 2**stage
        for index in range(depth):
            stride, outputs = (2 if stage and not index else 1), planes * block.expansion
            shortcut = None
            if stride != 1 or channels != outputs:
                shortcut = nn.Sequential(nn.Conv2d(channels, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            layers.append(block(channels, planes, stride, shortcut))
            layers[-1].relu = nn.SiLU()  # the papers' activation everywhere
            channels = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def mlp_v1(shape: tuple[int, int, int], width: int = 2048) -> nn.Module:
    """Three fully connected layers of `width` with ReLU, dropout 0.5 between them. Source: the code of BinEnc-v1."""
    inputs = shape[0] * shape[1] * shape[2]
    return nn.Sequential(nn.Flatten(), *_dense_v1(inputs, width))


def convnet_v1(shape: tuple[int, int, int], width: int = 1024) -> nn.Module:
    """Five 3x3 convolutions with 64 to 512 channels and ReLU, pooled three times, then `mlp_v1`.

    shape: at least 8 x 8 pixels. Source: the code of BinEnc-v1.
    """
    layers, inputs = [], shape[0]
    for channels, pooled in ((64, True), (128, True), (256, False), (256, True), (512, False)):
        layers += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU(), *([nn.MaxPool2d(2)] if pooled else [])]
        inputs = channels
    return nn.Sequential(*layers, nn.Flatten(), *_dense_v1(inputs * (shape[1] // 8) * (shape[2] // 8), width))


def _dense_v1(inputs: int, width: int) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Linear(inputs, width), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Dropout(0.5), nn.Linear(width, width), nn.ReLU()]
    return layers


MAKERS = {
    "mlp": mlp,
    "convnet": convnet,
    "resnet18": resnet18,
    "resnet50": resnet50,
    "mlp_v1": mlp_v1,
    "convnet_v1": convnet_v1,
}
