"""What every attack on a network asks it for: classes, logits and their gradients, in evaluation mode."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from binenc_kit.errors import KitError

# Float pictures to logits (N, C), or to logits and the latents z (N, P) that they are computed from.
Classifier = Callable[[Tensor], Tensor | tuple[Tensor, Tensor]]


def require_images(images: Tensor) -> None:
    """Raise `KitError` unless these are finite float pictures (N, channels, height, width)."""
    if images.ndim != 4 or not len(images) or not images.is_floating_point() or not images.isfinite().all():
        raise KitError(
            f"{images.dtype} of shape {tuple(images.shape)} are no pictures for a network: give finite floats "
            "(N, channels, height, width)"
        )


@contextmanager
def evaluating(network: Classifier) -> Iterator[None]:
    """Keep a network in evaluation mode while the block lasts."""
    was_training = isinstance(network, nn.Module) and network.training
    if was_training:
        network.eval()
    try:
        yield
    finally:
        if was_training:
            network.train()


def logits_of(network: Classifier, images: Tensor) -> Tensor:
    """The logits (N, C), whether the network returns them alone or before the latents."""
    output = network(images)
    return output[0] if isinstance(output, tuple) else output


@torch.no_grad()
def classify(network: Classifier, images: Tensor, batch_size: int = 100) -> Tensor:
    """Predicted classes (N,) of pictures (N, channels, height, width); small batches stay in a CPU's cache."""
    images = images.contiguous(memory_format=torch.channels_last)
    return torch.cat([logits_of(network, batch).argmax(1) for batch in images.split(batch_size)])


def norms(images: Tensor) -> Tensor:
    """The Euclidean norm of each picture, (N,), float64."""
    return torch.linalg.vector_norm(images.flatten(1), dim=1, dtype=torch.float64)


def logits_and_gradients(network: Classifier, images: Tensor, ranked: Tensor) -> tuple[Tensor, Tensor]:
    """The ranked classes' logits (N, classes) and their gradients (N, classes, pixels).

    Each row of a Jacobian is a way back through the whole network. Where P < classes, it is cheaper to go back from
    each latent, and from the logits to the latents by the chain rule.
    """
    output = network(images)
    logits, z = output if isinstance(output, tuple) else (output, None)
    logits = logits.gather(1, ranked)
    if z is None or z.shape[1] >= ranked.shape[1]:
        return logits, _jacobian(logits, images)
    return logits, _jacobian(logits, z) @ _jacobian(z, images)


def _jacobian(outputs: Tensor, inputs: Tensor) -> Tensor:
    """Gradients of (N, K) outputs, each row of which depends on one of N inputs: (N, K, size of an input)."""
    rows = [torch.autograd.grad(column.sum(), inputs, retain_graph=True)[0] for column in outputs.unbind(1)]
    return torch.stack([row.flatten(1) for row in rows], 1)
