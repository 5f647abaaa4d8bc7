"""Checks of notebook 09: energies on the sphere, and HUG."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from binenc_kit.checks.verdict import Slip, check, near, number, slip_of

SHAPES = {  # of C points in P dimensions
    (4, 3): "simplex", (6, 3): "cross-polytope", (10, 2): "polygon", (10, 5): "cross-polytope", (10, 16): "simplex",
}  # fmt: skip
ANGLES = np.radians([0.0, 70.0, 200.0])
U = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
CHORDS = 2 * np.sin(np.radians([35.0, 100.0, 65.0]))  # between points of a circle, from half their angle


@check
def riesz(answer: Callable) -> str:
    """Energy of unit vectors, answer(u, s): mean over the pairs of distance^-s, and of -log distance for s = 0."""
    value = answer(U, 1)
    if near(value, math.inf):
        raise Slip("The energy is infinite: leave out each vector's distance to itself.")
    value = number(value, "energy(u, s)")
    slip_of(value, {
        "That is the sum over the pairs: take their mean.": (1 / CHORDS).sum(),
        "That counts each pair twice, in a sum: take the mean over the pairs.": 2 * (1 / CHORDS).sum(),
        "That uses squared distances: take the root first.": (CHORDS**-2).mean(),
        "That grows with distance: the exponent is -s.": CHORDS.mean(),
        "That is 1 over the mean distance: take the power of each distance first, then the mean.": 1 / CHORDS.mean(),
        "You divided by all n * n pairs, each vector with itself among them: there are n (n - 1) / 2.":
            2 * (1 / CHORDS).sum() / 9,
    })  # fmt: skip
    rights = {1: (1 / CHORDS).mean(), 2: (CHORDS**-2).mean(), 0.5: (CHORDS**-0.5).mean()}
    for s, right in rights.items():
        if not near(value := number(answer(U, s), "energy(u, s)"), right):
            raise Slip(f"For the three vectors of the check and s = {s} the energy is {right:.4g}, not {value:.4g}.")
    value = number(answer(U, 0), "energy(u, 0)")
    slip_of(value, {
        "For s = 0 every distance^-s is 1, which tells nothing apart: take -log of the distance instead.": 1.0,
        "For s = 0 the sign is turned: -log, so that near pairs cost more.": np.log(CHORDS).mean(),
    })  # fmt: skip
    if not near(value, -np.log(CHORDS).mean()):
        raise Slip(f"For s = 0 the energy is {-np.log(CHORDS).mean():.4g}, the mean of -log distance, not {value:.4g}.")
    return "Right: the nearer two vectors are, the more they cost, and for s = 0 with a logarithm."


@check
def best_shape(answer: Mapping) -> str:
    """Which arrangement has the least energy: a dictionary from (C, P), the keys of SHAPES, to a name."""
    if not isinstance(answer, Mapping) or set(answer) != set(SHAPES):
        raise Slip(f"Give a dictionary with a name for each of {', '.join(map(str, SHAPES))}.")
    why = {
        "simplex": "C points fit into C - 1 dimensions as a simplex, and more dimensions are no help",
        "polygon": "in two dimensions there is only a circle",
        "cross-polytope": "2 P points lie on the P axes, one on each side",
    }
    for pair, right in SHAPES.items():
        given = str(answer[pair]).strip().lower()
        if given not in why:
            raise Slip(f"{given!r} is no name of a shape here: use {', '.join(why)}.")
        if given != right:
            raise Slip(f"Not a {given} for {pair[0]} points in {pair[1]} dimensions: {why[right]}.")
    return "Right, all five: the shape follows from the number of classes and the number of dimensions."


@check
def hug_loss(answer: Callable) -> str:
    """HUG's loss (MHE), answer(proxies, z, labels, alpha, beta): alpha times push plus beta times pull."""
    import torch

    proxies = torch.tensor([[2.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], dtype=torch.float64, requires_grad=True)
    z = torch.tensor([[3.0, 1], [1, 3], [0.5, 0.5], [-1, 0.2]], dtype=torch.float64, requires_grad=True)
    labels, alpha, beta = torch.tensor([0, 0, 0, 1]), 0.5, 2.0
    given = answer(proxies, z, labels, alpha, beta)
    if torch.is_tensor(given) and given.isnan().any():
        raise Slip("It is nan: a class without pictures in the batch has no mean. Go over the classes that are there.")
    value = number(given, "hug(proxies, z, labels, alpha, beta)")
    _slips_of_hug(value, proxies.detach().numpy(), z.detach().numpy(), labels.numpy(), alpha, beta)
    if not getattr(given, "requires_grad", False):
        raise Slip("The number is right, but no gradient can flow through it: use torch's functions, no .item().")
    to_proxies, to_z = torch.autograd.grad(given, (proxies, z), allow_unused=True)
    if to_z is None or not to_z.abs().sum() > 0:
        raise Slip("The pull does not reach the latents: stop the gradient of the proxies only.")
    u = proxies / proxies.norm(dim=1, keepdim=True)
    first, second = torch.triu_indices(3, 3, 1)
    (push_alone,) = torch.autograd.grad(alpha * ((u[first] - u[second]).norm(dim=1) ** -2).mean(), proxies)
    if to_proxies is None:
        raise Slip("No gradient reaches the proxies: the push must move them. Detach them in the pull only.")
    if not near(to_proxies, push_alone):
        raise Slip("The number is right, but the pull moves the proxies, too: stop its gradient there with .detach().")
    return "Right, the number and its gradient: the push moves the proxies, the pull moves the latents alone."


@check
def nearest_proxy(answer: Callable) -> str:
    """The class of each latent, answer(z, proxies): the proxy with the largest cosine."""
    z = np.array([[2.0, 1.9], [-0.1, 0.3], [-0.02, -0.01], [5.0, 0.5]])
    proxies = np.array([[1.0, 0.0], [0.0, 9.0], [-1.0, -1.0]])
    found = np.asarray(answer(z, proxies))
    if found.shape == (4, 3):
        raise Slip("Those are a number for each class: for each row take the place of the largest.")
    if found.shape != (4,):
        raise Slip(f"There are 4 latents, so 4 classes are asked for, but your answer has the shape {found.shape}.")
    slip_of(found, {
        "That takes the proxy farthest away: largest cosine, smallest distance.": [2, 2, 0, 2],
        "A long proxy has won because it is long: divide the proxies by their lengths.": [1, 1, 2, 0],
        "That measures distances without dividing by the lengths: on the sphere only directions count.": [0, 0, 0, 0],
    })  # fmt: skip
    if not near(found, [0, 1, 2, 0]):
        raise Slip(
            f"For the four latents of the check the nearest proxies are 0, 1, 2, 0, not {', '.join(map(str, found))}."
        )
    return "Right: lengths do not matter, the proxy at the smallest angle wins."


def _slips_of_hug(value: float, proxies: NDArray, z: NDArray, labels: NDArray, alpha: float, beta: float) -> None:
    """Raise the `Slip` that a wrong value of the loss looks like."""
    u, x = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (proxies, z))
    chords, far = _chords(u), np.linalg.norm(x - u[labels], axis=1)
    push, pull = (chords**-2).mean(), _of_classes(far)
    right = alpha * push + beta * pull
    _slips_of_lengths(value, proxies, z, labels, alpha, beta)
    slip_of(value, {
        "The pull is a mean over all samples: first take each class's mean, then the mean of the classes.":
            alpha * push + beta * far.mean(),
        "The push uses the distance^-1: here the exponent is -2.": alpha * (1 / chords).mean() + beta * pull,
        "The push is a sum over the pairs: take their mean.": alpha * (chords**-2).sum() + beta * pull,
        "The pull squares the distances: here they are not squared.":
            alpha * push + beta * _of_classes(far**2),
        "That is the push alone.": alpha * push,
        "That is the pull alone.": beta * pull,
        "alpha and beta are missing.": push + pull,
        "alpha and beta have changed places: alpha weighs the push, beta the pull.": beta * push + alpha * pull,
        "The pull is a mean over three classes, but only two are in the batch.":
            alpha * push + beta * pull * 2 / 3,
    })  # fmt: skip
    if not near(value, right):
        raise Slip(f"For the batch of the check the loss is {right:.4f}, but yours is {value:.4f}.")


def _slips_of_lengths(value: float, proxies: NDArray, z: NDArray, labels: NDArray, alpha: float, beta: float) -> None:
    """Raise the `Slip` of a loss in which some vectors have kept their lengths."""
    u, x = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (proxies, z))

    def loss(pushed: NDArray, pulling: NDArray, pulled: NDArray) -> float:
        far = np.linalg.norm(pulled - pulling[labels], axis=1)
        return alpha * (_chords(pushed) ** -2).mean() + beta * _of_classes(far)

    slip_of(value, {
        "Nothing is on the sphere yet: divide proxies and latents by their lengths.": loss(proxies, proxies, z),
        "The proxies are not on the sphere yet: divide them by their lengths, too.": loss(proxies, proxies, x),
        "The latents are not on the sphere yet: divide them by their lengths, too.": loss(u, u, z),
        "In the push the proxies are not on the sphere yet: divide them by their lengths.": loss(proxies, u, x),
        "In the pull the proxies are not on the sphere yet: divide them by their lengths.": loss(u, proxies, x),
    })  # fmt: skip


def _of_classes(far: NDArray) -> float:
    """Mean of the two classes' means: the check's batch has three latents of one and one of another."""
    return (far[:3].mean() + far[3]) / 2


def _chords(u: NDArray) -> NDArray:
    """Distances between three vectors."""
    return np.array([np.linalg.norm(u[i] - u[j]) for i, j in ((0, 1), (0, 2), (1, 2))])
