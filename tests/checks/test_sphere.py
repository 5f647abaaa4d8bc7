"""Checks of notebook 09: right answers pass, and each likely slip is named."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial.distance import cdist, pdist
from torch import Tensor

from binenc_kit import checks
from binenc_kit.hug import hug_terms


def right_energy(u: np.ndarray, s: float) -> float:
    return float((pdist(u) ** -s).mean() if s else -np.log(pdist(u)).mean())


def with_itself(u: np.ndarray, s: float) -> float:
    with np.errstate(divide="ignore"):
        return float((cdist(u, u) ** -s).mean())


def all_pairs(u: np.ndarray, s: float) -> float:
    """Over n * n, each vector with itself as zero."""
    return float(2 * (pdist(u) ** -s).sum() / len(u) ** 2)


def right_hug(proxies: Tensor, z: Tensor, labels: Tensor, alpha: float, beta: float) -> Tensor:
    u, x = (a / a.norm(dim=1, keepdim=True) for a in (proxies, z))
    return alpha * push(u) + beta * pull(u.detach(), x, labels)


def push(u: Tensor) -> Tensor:
    return torch.stack([1 / (u[i] - u[j]).square().sum() for i in range(len(u)) for j in range(i)]).mean()


def pull(u: Tensor, x: Tensor, labels: Tensor, power: int = 1) -> Tensor:
    far = (x - u[labels]).norm(dim=1) ** power
    return torch.stack([far[labels == c].mean() for c in labels.unique()]).mean()


def of_all_classes(u: Tensor, x: Tensor, labels: Tensor) -> Tensor:
    """nan, for a class that the batch does not have."""
    far = (x - u[labels]).norm(dim=1)
    return torch.stack([far[labels == c].mean() for c in range(len(u))]).mean()


def on(a: Tensor) -> Tensor:
    """The rows, put on the sphere."""
    return a / a.norm(dim=1, keepdim=True)


def variant(form: Callable) -> Callable:
    """A loss made otherwise of unit proxies u, unit latents x, and the rest."""

    def loss(proxies: Tensor, z: Tensor, labels: Tensor, alpha: float, beta: float) -> Tensor:
        u, x = (a / a.norm(dim=1, keepdim=True) for a in (proxies, z))
        return form(u, x, labels, alpha, beta)

    return loss


def of_the_kit(proxies: Tensor, z: Tensor, labels: Tensor, alpha: float, beta: float) -> Tensor:
    pushed, pulled = hug_terms(proxies, z, labels, "mhe")
    return alpha * pushed + beta * pulled


def right_nearest(z: np.ndarray, proxies: np.ndarray) -> np.ndarray:
    return cdist(z, proxies, "cosine").argmin(axis=1)


SHAPES = {
    (4, 3): "simplex", (6, 3): "cross-polytope", (10, 2): "polygon", (10, 5): "cross-polytope", (10, 16): "simplex",
}  # fmt: skip
HUG_SLIPS = [
    (lambda u, x, y, a, b: a * push(u) + b * (x - u[y]).norm(dim=1).mean(), "first take each class's mean"),
    (lambda u, x, y, a, b: a * (1 / torch.pdist(u)).mean() + b * pull(u, x, y), "here the exponent is -2"),
    (lambda u, x, y, a, b: 3 * a * push(u) + b * pull(u, x, y), "push is a sum"),
    (lambda u, x, y, a, b: a * push(u) + b * pull(u, x, y, 2), "pull squares the distances"),
    (lambda u, x, y, a, b: a * push(u), "the push alone"),
    (lambda u, x, y, a, b: b * pull(u, x, y), "the pull alone"),
    (lambda u, x, y, a, b: push(u) + pull(u, x, y), "alpha and beta are missing"),
    (lambda u, x, y, a, b: b * push(u) + a * pull(u, x, y), "changed places"),
    (lambda u, x, y, a, b: a * push(u) + b * of_all_classes(u, x, y), "a class without pictures in the batch"),
    (lambda u, x, y, a, b: a * push(u) + b * pull(u, x, y) * 2 / 3, "only two are in the batch"),
    (lambda u, x, y, a, b: a * push(u) - b * pull(u, x, y), "For the batch of the check the loss"),
    (lambda u, x, y, a, b: (a * push(u) + b * pull(u, x, y)).item(), "no gradient can flow"),
    (lambda u, x, y, a, b: a * push(u) + b * pull(u, x.detach(), y), "does not reach the latents"),
    (lambda u, x, y, a, b: a * push(u.detach()) + b * pull(u.detach(), x, y), "No gradient reaches"),
    (lambda u, x, y, a, b: a * push(u) + b * pull(u, x, y), "the pull moves the proxies, too"),
]
RIGHT = [
    (checks.riesz, right_energy),
    (checks.best_shape, SHAPES),
    (checks.best_shape, {pair: f" {name.title()} " for pair, name in SHAPES.items()}),
    (checks.hug_loss, right_hug),
    (checks.hug_loss, of_the_kit),
    (checks.nearest_proxy, right_nearest),
    (checks.nearest_proxy, lambda z, proxies: torch.tensor(right_nearest(z, proxies))),
]
SLIPS = [
    (checks.riesz, with_itself, "leave out each vector's distance to itself"),
    (checks.riesz, lambda u, s: (pdist(u) ** -s).sum(), "sum over the pairs: take"),
    (checks.riesz, lambda u, s: 2 * (pdist(u) ** -s).sum(), "counts each pair twice"),
    (checks.riesz, lambda u, s: right_energy(u, 2 * s), "uses squared distances"),
    (checks.riesz, lambda u, s: right_energy(u, -s), "the exponent is -s"),
    (checks.riesz, lambda u, s: pdist(u).mean() ** -s, "1 over the mean distance"),
    (checks.riesz, all_pairs, "all n * n pairs"),
    (checks.riesz, lambda u, s: right_energy(u, 1), "and s = 2 the energy is"),
    (checks.riesz, lambda u, s: (pdist(u) ** -s).mean(), "every distance^-s is 1"),
    (checks.riesz, lambda u, s: right_energy(u, s) * (1 if s else -1), "the sign is turned"),
    (checks.riesz, lambda u, s: right_energy(u, s) if s else 0.5, "For s = 0 the energy is"),
    (checks.riesz, lambda u, s: pdist(u), "should be one number"),
    (checks.best_shape, "simplex", "Give a dictionary"),
    (checks.best_shape, SHAPES | {(10, 2): "decagon"}, "'decagon' is no name"),
    (checks.best_shape, SHAPES | {(10, 2): "simplex"}, "there is only a circle"),
    (checks.best_shape, SHAPES | {(6, 3): "simplex"}, "2 P points lie on the P axes"),
    (checks.best_shape, SHAPES | {(10, 16): "cross-polytope"}, "more dimensions are no help"),
    *((checks.hug_loss, variant(form), sentence) for form, sentence in HUG_SLIPS),
    (checks.hug_loss, lambda p, z, y, a, b: a * push(p) + b * pull(p.detach(), z, y), "Nothing is on the sphere"),
    (checks.hug_loss, lambda p, z, y, a, b: a * push(p) + b * pull(p.detach(), on(z), y), "The proxies are not on"),
    (checks.hug_loss, lambda p, z, y, a, b: a * push(on(p)) + b * pull(on(p).detach(), z, y), "The latents are not on"),
    (
        checks.hug_loss,
        lambda p, z, y, a, b: a * push(p) + b * pull(on(p).detach(), on(z), y),
        "In the push the proxies",
    ),
    (
        checks.hug_loss,
        lambda p, z, y, a, b: a * push(on(p)) + b * pull(p.detach(), on(z), y),
        "In the pull the proxies",
    ),
    (checks.nearest_proxy, lambda z, proxies: 1 - cdist(z, proxies, "cosine"), "Those are a number for each class"),
    (checks.nearest_proxy, lambda z, proxies: 0, "4 classes are asked for"),
    (checks.nearest_proxy, lambda z, proxies: cdist(z, proxies, "cosine").argmax(axis=1), "proxy farthest away"),
    (checks.nearest_proxy, lambda z, proxies: (z @ proxies.T).argmax(axis=1), "A long proxy has won"),
    (checks.nearest_proxy, lambda z, proxies: cdist(z, proxies).argmin(axis=1), "without dividing by the lengths"),
    (
        checks.nearest_proxy,
        lambda z, proxies: np.zeros(4, int) + 1,
        "the nearest proxies are 0, 1, 2, 0, not 1, 1, 1, 1",
    ),
]
