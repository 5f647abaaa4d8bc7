"""HUG, the hyperspherical uniformity gap: push the classes' proxies apart on the sphere, pull samples to their proxy.

u are the proxies as unit vectors (C, P), x the latents as unit vectors (N, P), labels the classes (N,), whole numbers
from 0 to C - 1. Source: Liu et al. 2023 (arXiv 2303.06484). Only MHE with means was read in the authors' published
code; MHS, MGD and every "sum" are our reading. Each class gives one number to the pull and each pair one to the push,
and `reduction` says whether these are averaged or added: so no weight depends on the size of the batch.
"""

import torch
from torch import Tensor

from binenc_kit.errors import KitError, require_known
from binenc_kit.rules import FORMS, REDUCTIONS

SHORTEST = 1e-18  # vectors below have no direction: a gradient grows as 1 / length, and Adam squares it in float32
NEAREST = 1e-6  # proxies nearer than this are one: float32 knows a unit vector to 1e-7, so their direction is rounding


def directions(x: Tensor) -> Tensor:
    """Each row (N, P) over its length, in float32 at least; zeros, without gradient, where no entry exceeds 1e-18."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    largest = x.detach().abs().amax(dim=1, keepdim=True)
    there = ~(largest <= SHORTEST)  # so that NaN stays NaN
    x = torch.where(there, x, 0) / torch.where(there, largest, 1)  # no square vanishes or overflows
    return x / torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_min(0.5)  # 1 or more, unless x is zero


def mhe(u: Tensor, reduction: str = "mean") -> Tensor:
    """Energy of the pairs, ||u_i - u_j||^-2: their mean or sum, at most 1e12 a pair.

    Its gradient grows as distance^-3. With P = 2 some random proxies lie so near that Adam, which remembers squared
    gradients, then hardly moves for thousands of steps: clip the gradient's norm. Raises `KitError`. Source: HUG.
    """
    energies = _pair_distances(u).clamp_min(NEAREST) ** -2
    return energies.mean() if _averages(reduction) else energies.sum()


def mhs(u: Tensor, reduction: str = "mean") -> Tensor:
    """Minus the smallest distance between two proxies, whatever the reduction, for it is one number.

    Equally near pairs share the gradient. Raises `KitError`. Source: HUG, our reading.
    """
    _averages(reduction)
    return -_pair_distances(u).amin()


def mgd(u: Tensor, reduction: str = "mean", epsilon: float = 1.0, jitter: float = 1e-6) -> Tensor:
    """Minus log det G, G_ij = exp(-epsilon^2 ||u_i - u_j||^2) and `jitter` more on its diagonal; "mean" is per proxy.

    epsilon: in units of 1/distance; jitter: above 0, it keeps the value finite where proxies coincide. Computed in
    float64, for the smallest eigenvalues decide. Raises `KitError`. Source: HUG, our reading.
    """
    if not (epsilon > 0 and jitter > 0):
        raise KitError(f"epsilon is {epsilon!r} and jitter {jitter!r}, but both must be above 0: try 1 and 1e-6")
    _require_pairs(u)
    where = "cpu" if u.device.type == "mps" else u.device  # a Mac's GPU has no float64
    exact = u.to(where, torch.float64)
    gram = torch.exp(-(epsilon**2) * (exact[:, None] - exact).square().sum(dim=2))
    gram = gram + jitter * torch.eye(len(u), dtype=gram.dtype, device=where)
    factor, _ = torch.linalg.cholesky_ex(gram)  # cholesky alone would wait for the GPU to ask whether it went well
    value = -2 * factor.diagonal().log().sum()
    return (value / len(u) if _averages(reduction) else value).to(u)


def mean_pull(u: Tensor, x: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    """Mean distance, not squared, of each class's samples to its proxy: mean or sum over the classes in the batch.

    No gradient reaches the proxies. Raises `KitError`. Source: HUG (MHE).
    """
    distances, own = _to_proxies(u.detach(), x, labels)
    return _over_classes((distances * own).sum(dim=1) / own.sum(dim=1).clamp_min(1), own, reduction)


def max_pull(u: Tensor, x: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    """Largest distance of each class's samples to its proxy: mean or sum over the classes in the batch.

    The proxies feel it too. Raises `KitError`. Source: HUG (MHS), our reading.
    """
    distances, own = _to_proxies(u, x, labels)
    return _over_classes((distances * own).amax(dim=1), own, reduction)


PUSHES = {"mhe": mhe, "mhs": mhs, "mgd": mgd}
PULLS = {"mhe": mean_pull, "mhs": max_pull, "mgd": mean_pull}  # the last is our reading


def hug_terms(proxies: Tensor, z: Tensor, labels: Tensor, form: str, reduction: str = "mean") -> tuple[Tensor, Tensor]:
    """The two terms of the loss, alpha * push + beta * pull, without their weights.

    proxies (C, P) and latents z (N, P) of any length, labels (N,) from 0 to C - 1; a latent of zeros is at distance 1
    from every proxy. Everything stays finite where vectors coincide, but equal proxies do not part: see
    `require_distinct`. Raises `KitError` for one class, for shapes that do not fit, and for other forms and reductions.
    Source: HUG; the forms are in `FORMS`.
    """
    require_known("form of HUG", form, FORMS)
    u, x = directions(proxies), directions(z)
    return PUSHES[form](u, reduction), PULLS[form](u, x, labels, reduction)


def require_room(C: int, P: int, head: str = "HUG") -> None:
    """Raise `KitError` unless a sphere in P dimensions can hold C proxies that differ."""
    if C < 2:
        raise KitError(f"there are {C} classes, but {head} pushes classes apart: use 2 or more")
    if P < 1 or (P == 1 and C > 2):
        raise KitError(f"P is {P}, where a sphere has {2 * P} points for {C} classes: use P >= {1 if C == 2 else 2}")


def require_distinct(proxies: Tensor) -> None:
    """Raise `KitError` where two of the proxies (C, P) have one direction or one has none: ask once, not every step."""
    u = directions(proxies.detach())
    if not u.isfinite().all():
        raise KitError("the proxies hold NaN or infinity: start them again from random numbers")
    for c in (u == 0).all(dim=1).nonzero()[:1, 0].tolist():
        raise KitError(f"the proxy of class {c} is zero and has no direction: start it from random numbers")
    first, second = torch.triu_indices(len(u), len(u), offset=1, device=u.device)
    for pair in (_pair_distances(u) < NEAREST).nonzero()[:1, 0].tolist():
        raise KitError(
            f"the proxies of classes {first[pair]} and {second[pair]} have one direction and would never part: "
            "start them from other random numbers"
        )


def _pair_distances(u: Tensor) -> Tensor:
    """All C (C - 1) / 2 distances, from differences, as a matrix product loses the tiny ones; slope 0 at distance 0."""
    _require_pairs(u)
    first, second = torch.triu_indices(len(u), len(u), offset=1, device=u.device)
    return torch.linalg.vector_norm(u[first] - u[second], dim=1)


def _to_proxies(u: Tensor, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Each sample's distance (N,) to its class's proxy, and which samples are each class's own (C, N)."""
    if x.ndim != 2 or not len(x) or x.shape[1:] != u.shape[1:] or labels.shape != x.shape[:1]:
        raise KitError(
            f"proxies of shape {tuple(u.shape)}, latents of shape {tuple(x.shape)} and labels of shape "
            f"{tuple(labels.shape)} do not fit: they must be (C, P), (N, P) and (N,), with N at least 1"
        )
    own = labels == torch.arange(len(u), device=labels.device)[:, None]
    return torch.linalg.vector_norm(x - u[labels], dim=1), own


def _over_classes(values: Tensor, own: Tensor, reduction: str) -> Tensor:
    """Mean or sum of the classes' values (C,), where a class without samples has the value 0 and does not count."""
    return values.sum() / own.any(dim=1).sum() if _averages(reduction) else values.sum()


def _averages(reduction: str) -> bool:
    require_known("reduction", reduction, REDUCTIONS)
    return reduction == "mean"


def _require_pairs(u: Tensor) -> None:
    if u.ndim != 2 or len(u) < 2:
        raise KitError(f"proxies of shape {tuple(u.shape)} do not fit: they must be (C, P), with C at least 2")
