"""What every attack on a network asks it for: classes, logits and their gradients, in evaluation mode."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from binenc_kit.errors import KitError

# Float pictures to logits (N, C), or to logits and the latents z (N, P) that they are computed from.
Classifier = Callable[[Tensor], Tensor | tuple[Tensor, Tensor]]
Box = tuple[float, float] | None


def require_images(images: Tensor, box: Box = None) -> None:
    """Raise `KitError` unless these are finite float pictures (N, channels, height, width), inside the box if any."""
    if images.ndim != 4 or not len(images) or not images.is_floating_point() or not images.isfinite().all():
        raise KitError(
            f"{images.dtype} of shape {tuple(images.shape)} are no pictures for a network: give finite floats "
            "(N, channels, height, width)"
        )
    if box is not None:
        low, high, slack = images.min().item(), images.max().item(), 1e-4 * (box[1] - box[0])
        if not box[0] - slack <= low <= high <= box[1] + slack:
            raise KitError(
                f"the pictures go from {low:.3g} to {high:.3g}, outside of the box {box[0]:g} to {box[1]:g}: give "
                "pixels (`PixelNetwork` normalises them itself), or another box"
            )


def require_labels(labels: Tensor, images: Tensor) -> None:
    """Raise `KitError` unless there is one whole number for each picture."""
    if labels.shape != images.shape[:1] or labels.is_floating_point():
        raise KitError(
            f"labels of shape {tuple(labels.shape)} and type {labels.dtype} do not fit: they must be whole numbers, "
            f"one for each of the {len(images)} pictures"
        )


def require_logits(logits: Tensor) -> None:
    """Raise `KitError` unless the logits of the pictures themselves are finite."""
    if not logits.isfinite().all():
        raise KitError("the network's logits hold NaN or infinity: the run broke down, look at its last epochs")


@contextmanager
def evaluating(network: Classifier) -> Iterator[None]:
    """Keep a network in evaluation mode while the block lasts; each of its modules gets its own mode back."""
    modes = [(part, part.training) for part in network.modules()] if isinstance(network, nn.Module) else []
    for part, _ in modes:
        part.training = False
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def logits_of(network: Classifier, images: Tensor) -> Tensor:
    """The logits (N, C), whether the network returns them alone or before the latents."""
    output = network(images)
    return output[0] if isinstance(output, tuple) else output


@torch.no_grad()
def classify(network: Classifier, images: Tensor, batch_size: int = 100) -> Tensor:
    """Predicted classes (N,) of pictures (N, channels, height, width); small batches stay in a CPU's cache."""
    return torch.cat([logits_of(network, batch).argmax(1) for batch in images.split(batch_size)])


@torch.no_grad()
def changed(network: Classifier, images: Tensor, original: Tensor, batch_size: int = 100) -> Tensor:
    """Whether each picture's class is no longer the original one, (N,); logits that are not finite name no class."""
    found = []
    for batch, before in zip(images.split(batch_size), original.split(batch_size), strict=True):
        logits = logits_of(network, batch)
        found.append((logits.argmax(1) != before) & logits.isfinite().all(1))
    return torch.cat(found)


def norms(vectors: Tensor) -> Tensor:
    """The Euclidean norm of each row or picture, (N,), in its own precision; squares of tiny numbers do not vanish."""
    vectors = vectors.flatten(1)
    peak = vectors.abs().amax(1)
    scaled = vectors / torch.where(peak > 0, peak, 1)[:, None]
    return peak * torch.linalg.vector_norm(scaled, dim=1)


@torch.enable_grad()
def logits_and_gradients(network: Classifier, images: Tensor, ranked: Tensor) -> tuple[Tensor, Tensor]:
    """The ranked classes' logits (N, classes) and their gradients (N, classes, pixels).

    Each row of a Jacobian is a way back through the whole network. Where P < classes, it is cheaper to go back from
    each latent, and from the logits to the latents by the chain rule. images must require gradients. Logits that do not
    depend on them, such as those of a detached network, have gradients of zero.
    """
    output = network(images)
    logits, z = output if isinstance(output, tuple) else (output, None)
    logits = logits.gather(1, ranked)
    if z is None or not z.requires_grad or z.shape[1] >= ranked.shape[1]:
        return logits, _jacobian(logits, images, materialize_grads=True)
    return logits, _jacobian(logits, z) @ _jacobian(z, images, materialize_grads=True)


def _jacobian(outputs: Tensor, inputs: Tensor, materialize_grads: bool = False) -> Tensor:
    """Gradients of (N, K) outputs, each row of which depends on one of N inputs: (N, K, size of an input)."""
    if not outputs.requires_grad:
        return inputs.new_zeros(*outputs.shape, inputs[0].numel())
    rows = [
        torch.autograd.grad(column.sum(), inputs, retain_graph=True, materialize_grads=materialize_grads)[0]
        for column in outputs.unbind(1)
    ]
    return torch.stack([row.flatten(1) for row in rows], 1)
