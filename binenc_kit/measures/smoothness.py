"""How steep is the network, and how much room do the classes leave each other?"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma, gammaln

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import latents_and_labels, require_count, rows

if TYPE_CHECKING:  # the measures of latents open without torch
    from torch import Tensor

    from binenc_kit.measures.gradients import Classifier


class Margins(NamedTuple):
    """Each picture's margin f_y - max_(j != y) f_j, (N,), and its slope, the norm of the margin's gradient, (N,).

    Their ratio is the distance to the border if the slope stayed the same, and does not change with the logits' scale.
    """

    values: NDArray[np.float64]
    slopes: NDArray[np.float64]


def margins(network: "Classifier", images: "Tensor", labels: "Tensor", batch_size: int = 100) -> Margins:
    """How far each picture is from being misread, and ||grad_x of that||_2: how fast it can change with the pixels.

    network, images: as for `deepfool`; labels: (N,), the classes y. The largest slope over the pictures is a lower
    bound of the margin's Lipschitz constant; small logits alone make slopes small, so look at the ratio, too.
    Raises `KitError` for pictures or labels that are none, and for a network that gives no finite logits.
    Source: Latent Point Collapse, robustness.
    """
    import torch

    from binenc_kit.measures import gradients as tools

    tools.require_images(images)
    tools.require_labels(labels, images)
    labels, values, slopes = labels.long(), [], []
    with tools.evaluating(network):
        for batch, y in zip(images.split(batch_size), labels.split(batch_size), strict=True):
            with torch.no_grad():
                logits = tools.logits_of(network, batch)
            tools.require_logits(logits)
            pair = torch.stack([y, logits.scatter(1, y[:, None], -torch.inf).argmax(1)], 1)
            two, gradients = tools.logits_and_gradients(network, batch.detach().clone().requires_grad_(), pair)
            values.append((two[:, 0] - two[:, 1]).detach())
            slopes.append(tools.norms(gradients[:, 0] - gradients[:, 1]))
    return Margins(*(torch.cat(parts).cpu().double().numpy() for parts in (values, slopes)))


def knn_entropy(z: ArrayLike, k: int = 3) -> float:
    """Differential entropy of the latents in nats, estimated from the distance of each to its k-th nearest neighbour.

    z: (N, P), N > k. Minus infinity as soon as k + 1 latents coincide: points have no volume. It falls by P log 10
    when z shrinks tenfold. Finding neighbours costs more than linear in N at large P: pass a subset.
    Raises `KitError` for too few samples. Source: Kozachenko and Leonenko 1987; Latent Point Collapse.
    """
    z = rows(z).astype(np.float64)
    require_count("k", k)
    n, P = z.shape
    if n <= k:
        raise KitError(f"the {k}-th nearest neighbour needs at least {k + 1} samples, there are {n}")
    distances = cKDTree(z).query(z, k=[k + 1])[0][:, 0]  # the nearest of all is the sample itself
    if not distances.all():
        return -np.inf
    log_unit_ball = P / 2 * np.log(np.pi) - gammaln(P / 2 + 1)
    return float(digamma(n) - digamma(k) + log_unit_ball + P * np.log(distances).mean())


def distance_margin(z: ArrayLike, labels: ArrayLike) -> float:
    """Median over the samples of: distance to the nearest other class mean over distance to the own class mean.

    1 is on the fence; infinity once more than half of the samples sit on their class mean; NaN with fewer than two
    classes, or where a sample sits on the means of two, as when all latents are equal.
    z: (N, P), labels: (N,). Free of the scale of z. Raises `KitError` for arrays that do not fit.
    Source: Latent Point Collapse.
    """
    z, labels = latents_and_labels(z, labels)
    z = z.astype(np.float64)
    classes, first, own = np.unique(labels, return_index=True, return_inverse=True)
    if len(classes) < 2:
        return float("nan")
    # The mean as an offset from a sample of the class: exact where the class is one point.
    means = np.stack([z[at] + (z[own == index] - z[at]).mean(axis=0) for index, at in enumerate(first)])
    distances = np.stack([np.linalg.norm(z - mean, axis=1) for mean in means], axis=1)
    samples = np.arange(len(z))
    to_own = distances[samples, own]
    distances[samples, own] = np.inf
    to_other = distances.min(axis=1)
    ratio = np.full(len(z), np.inf)
    np.divide(to_other, to_own, out=ratio, where=to_own > 0)
    ratio[(to_own == 0) & (to_other == 0)] = np.nan  # all in one point: no room, and none needed
    return float(np.median(ratio))


def norm_variation(z: ArrayLike) -> float:
    """Coefficient of variation of ||z||: standard deviation over mean; 0 when all latents lie on one sphere.

    z: (N, P). NaN when all are zero. Raises `KitError` for other shapes, NaN and infinity.
    Source: Latent Point Collapse, the sphere of equal radius.
    """
    lengths = np.linalg.norm(rows(z).astype(np.float64), axis=1)
    return float(lengths.std() / lengths.mean()) if lengths.any() else float("nan")
