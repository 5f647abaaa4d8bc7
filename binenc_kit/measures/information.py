"""How much do the code and the latents tell of the class? The reading of the information bottleneck, in bits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from binenc_kit.measures.arrays import latents_and_labels, require_count
from binenc_kit.measures.binarity import class_codes, code_keys, to_bits


class CodeInformation(NamedTuple):
    """Entropies in bits; bits_used is how many of the P dimensions tell classes apart."""

    code_entropy: float
    label_entropy: float
    information: float
    conditional_entropy: float
    noise: float
    bits_used: int


def code_information(z: ArrayLike, labels: ArrayLike) -> CodeInformation:
    """Entropies of the whole code and of the label, and what they share, from the frequencies in the sample.

    code_entropy: H(code); label_entropy: H(label); information: I(code; label); conditional_entropy: H(label | code),
    what the code leaves open; noise: H(code | label), what the code says beyond the label; bits_used: in how many
    dimensions the classes' most common codes are not all equal. Frequencies understate H(code) when there are few
    samples to a code, and overstate I. z: (N, P), labels: (N,). Raises `KitError` for latents and labels that do not
    fit. Source: Cover and Thomas 2006, theorem 2.4.1; Tishby et al. 1999, for the reading.
    """
    z, labels = latents_and_labels(z, labels)
    _, codes = np.unique(code_keys(to_bits(z)), return_inverse=True)
    classes, own = np.unique(labels, return_inverse=True)
    of_code, of_label, joint = _entropy(codes), _entropy(own), _entropy(codes * len(classes) + own)
    common, _ = class_codes(z, labels)
    return CodeInformation(
        code_entropy=of_code,
        label_entropy=of_label,
        information=max(0.0, of_code + of_label - joint),  # rounding may leave -1e-16
        conditional_entropy=max(0.0, joint - of_code),
        noise=max(0.0, joint - of_label),
        bits_used=int((common != common[0]).any(axis=0).sum()),
    )


def latent_information(z: ArrayLike, labels: ArrayLike, k: int = 3) -> float:
    """Estimate of I(z; label) in bits from the k nearest neighbours of each latent within its class.

    Distances are largest coordinate differences (Chebyshev) of the raw latents, so dimensions of larger scale weigh
    more. Neighbours as far as the k-th count with it, so that collapsed classes, full of equal latents, come out right;
    the estimate is kept between 0 and H(label). Classes with one sample are left out; NaN when no class is left.
    Cost grows faster than N at large P, almost as N squared: pass a subset of a few thousand samples.
    z: (N, P), labels: (N,), k at least 1. Raises `KitError` otherwise. Source: Ross 2014 (PLoS ONE 9(2));
    Gao et al. 2017, for equal distances.
    """
    z, labels = latents_and_labels(z, labels)
    require_count("k", k)
    _, own, counts = np.unique(labels, return_inverse=True, return_counts=True)
    kept = counts[own] > 1
    z, own = z[kept].astype(np.float64), own[kept]
    if not len(z):
        return float("nan")
    radius, near = np.empty(len(z)), np.empty(len(z))
    for label in np.unique(own):
        members = z[own == label]
        tree = cKDTree(members)
        reach = tree.query(members, k=[min(k, len(members) - 1) + 1], p=np.inf)[0][:, 0]  # +1: itself
        radius[own == label] = reach
        near[own == label] = _others(tree, members, reach)
    around = _others(cKDTree(z), z, radius)
    nats = digamma(len(z)) + np.mean(digamma(near) - digamma(counts[own]) - digamma(around))
    return float(np.clip(nats / np.log(2), 0, _entropy(own)))


def _others(tree: cKDTree, points: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.integer]:
    """How many of the tree's samples lie as near as the radius, the point itself not counted."""
    return tree.query_ball_point(points, radius, p=np.inf, return_length=True) - 1


def _entropy(values: NDArray[np.integer]) -> float:
    _, counts = np.unique(values, return_counts=True)
    shares = counts / len(values)
    return max(0.0, float(-(shares * np.log2(shares)).sum()))  # never -0
