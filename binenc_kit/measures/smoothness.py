"""How steep is the network, and how much room do the classes leave each other?"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma, gammaln

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import latents_and_labels

if TYPE_CHECKING:  # the measures of latents open without torch
    from torch import Tensor

    from binenc_kit.measures.gradients import Classifier


def margin_gradient_norms(
    network: "Classifier", images: "Tensor", labels: "Tensor", batch_size: int = 100
) -> NDArray[np.float64]:
    """||grad_x (f_y - max_(j != y) f_j)||_2 of each picture, (N,): how fast its margin can change with its pixels.

    network, images: as for `deepfool`; labels: (N,), the classes y. Its largest value over the pictures is a lower
    bound of the margin's Lipschitz constant. Source: Latent Point Collapse, robustness.
    """
    import torch

    from binenc_kit.measures.gradients import evaluating, logits_and_gradients, logits_of, require_images

    require_images(images)
    found = []
    with evaluating(network):
        for batch, y in zip(images.split(batch_size), labels.split(batch_size), strict=True):
            with torch.no_grad():
                rivals = logits_of(network, batch).scatter(1, y[:, None], -torch.inf).argmax(1)
            pair = torch.stack([y, rivals], 1)
            _, gradients = logits_and_gradients(network, batch.detach().clone().requires_grad_(), pair)
            difference = gradients[:, 0] - gradients[:, 1]
            found.append(torch.linalg.vector_norm(difference, dim=1, dtype=torch.float64))
    return torch.cat(found).cpu().numpy()


def knn_entropy(z: ArrayLike, k: int = 3) -> float:
    """Differential entropy of the latents in nats, estimated from the distance of each to its k-th nearest neighbour.

    z: (N, P), N > k. Minus infinity as soon as k + 1 latents coincide: points have no volume. It falls by P log 10
    when z shrinks tenfold. Finding neighbours costs more than linear in N at large P: pass a subset.
    Raises `KitError` for too few samples. Source: Kozachenko and Leonenko 1987; Latent Point Collapse.
    """
    z, _ = latents_and_labels(z, np.zeros(len(np.atleast_1d(z)), int))
    n, P = z.shape
    if n <= k:
        raise KitError(f"the {k}-th nearest neighbour needs at least {k + 1} samples, there are {n}")
    distances = cKDTree(z.astype(np.float64)).query(z, k=[k + 1])[0][:, 0]  # the nearest of all is the sample itself
    if not distances.all():
        return -np.inf
    log_unit_ball = P / 2 * np.log(np.pi) - gammaln(P / 2 + 1)
    return float(digamma(n) - digamma(k) + log_unit_ball + P * np.log(distances).mean())


def distance_margin(z: ArrayLike, labels: ArrayLike) -> float:
    """Median over the samples of: distance to the nearest other class mean over distance to the own class mean.

    1 is on the fence; infinity once half of the samples sit on their class mean; NaN with fewer than two classes.
    z: (N, P), labels: (N,). Free of the scale of z. Source: Latent Point Collapse.
    """
    z, labels = latents_and_labels(z, labels)
    z = z.astype(np.float64)
    classes, own = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        return float("nan")
    means = np.stack([z[own == index].mean(axis=0) for index in range(len(classes))])
    distances = np.stack([np.linalg.norm(z - mean, axis=1) for mean in means], axis=1)
    rows = np.arange(len(z))
    to_own = distances[rows, own]
    distances[rows, own] = np.inf
    to_other = distances.min(axis=1)
    ratio = np.full(len(z), np.inf)
    np.divide(to_other, to_own, out=ratio, where=to_own > 0)
    ratio[(to_own == 0) & (to_other == 0)] = np.nan  # all in one point: no room, and none needed
    return float(np.median(ratio))


def norm_variation(z: ArrayLike) -> float:
    """Coefficient of variation of ||z||: standard deviation over mean; 0 when all latents lie on one sphere.

    z: (N, P). NaN when all are zero. Source: Latent Point Collapse, the sphere of equal radius.
    """
    z, _ = latents_and_labels(z, np.zeros(len(np.atleast_1d(z)), int))
    lengths = np.linalg.norm(z.astype(np.float64), axis=1)
    return float(lengths.std() / lengths.mean()) if lengths.any() else float("nan")
