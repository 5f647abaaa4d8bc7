"""Is it a code? Bits are the signs of the latents; samples of one class should share theirs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.errors import KitError
from binenc_kit.measures.arrays import latents_and_labels, require_count


class Codebook(NamedTuple):
    """One code a class: classes (K,), bits (K, P), purity (K, P), from 0.5 to 1."""

    classes: NDArray[np.integer]
    bits: NDArray[np.bool_]
    purity: NDArray[np.float64]


def to_bits(z: ArrayLike) -> NDArray[np.bool_]:
    """The bit of each dimension: 1 where z > 0. z: any shape. Source: BinEnc-v3, Fig. 3."""
    return np.asarray(z) > 0


def code_keys(bits: NDArray[np.bool_]) -> NDArray[np.void]:
    """Each row's code as one value of a few bytes, (N,), which sort much faster than rows; bits: (N, P)."""
    packed = np.packbits(bits, axis=1)
    return np.ascontiguousarray(packed).view(f"V{packed.shape[1]}")[:, 0]


def bit_shares(z: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Share of each class's samples whose bit is 1, (classes present, P), classes in ascending order.

    0 or 1 everywhere is a perfect code. z: (N, P), labels: (N,). Raises `KitError` for arrays that do not fit.
    """
    z, labels = latents_and_labels(z, labels)
    bits = to_bits(z)
    return np.stack([bits[labels == label].mean(axis=0) for label in np.unique(labels)])


def code_agreement(z: ArrayLike, labels: ArrayLike) -> float:
    """Mean over classes and dimensions of max(f, 1 - f), f the share of the class's samples with bit 1.

    From 0.5 (coin flips) to 1 (every sample carries its class's bits). z: (N, P), labels: (N,).
    Raises `KitError` for arrays that do not fit. Source: BinEnc-v3, Fig. 3.
    """
    shares = bit_shares(z, labels)
    return float(np.maximum(shares, 1 - shares).mean())


def class_codes(z: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Each class's most common whole code, (classes present, P), and how many samples carry it, (classes present,).

    Ties go to the code that comes first as a binary number. z: (N, P), labels: (N,). Raises `KitError` for arrays that
    do not fit.
    """
    z, labels = latents_and_labels(z, labels)
    bits = to_bits(z)
    codes = code_keys(bits)
    found, carriers = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        _, first, counts = np.unique(codes[members], return_index=True, return_counts=True)
        found.append(bits[members[first[counts.argmax()]]])
        carriers.append(counts.max())
    return np.stack(found), np.array(carriers)


def whole_code_agreement(z: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples that carry all bits of their class's most common code; z: (N, P), labels: (N,).

    Raises `KitError` for arrays that do not fit.
    """
    _, carriers = class_codes(z, labels)
    return float(carriers.sum() / len(np.asarray(labels)))


def distinct_codes(z: ArrayLike, labels: ArrayLike) -> int:
    """How many different codes the classes have, each class by its most common one; at most C.

    Fewer than C means that two classes share a vertex. z: (N, P), labels: (N,). Raises `KitError` for arrays that do
    not fit.
    """
    return len(np.unique(class_codes(z, labels)[0], axis=0))


def codebook(z: ArrayLike, labels: ArrayLike) -> Codebook:
    """The majority bit of each class in each dimension, and the share of the class's samples that carry it.

    A tie gives bit 0 with purity 0.5. The mean purity is `code_agreement`. z: (N, P), labels: (N,).
    Raises `KitError` for latents and labels that do not fit. Source: BinEnc-v3, Fig. 3.
    """
    shares = bit_shares(z, labels)
    return Codebook(np.unique(np.asarray(labels)), shares > 0.5, np.maximum(shares, 1 - shares))


def hamming_distances(bits: ArrayLike) -> NDArray[np.int64]:
    """In how many bits each two codes differ, (K, K); bits: (K, P), True and False or 1 and 0.

    Raises `KitError` for anything but a table of bits. Source: Hamming, Bell Syst. Tech. J. 29 (1950).
    """
    bits = np.asarray(bits)
    if bits.ndim != 2 or not np.isin(bits, (0, 1)).all():
        raise KitError(f"codes of shape {bits.shape} and type {bits.dtype} do not fit: they must be (K, P) of bits")
    signs = np.where(bits.astype(bool), 1.0, -1.0)  # a matrix product in floats is fast, and exact for such numbers
    return ((bits.shape[1] - signs @ signs.T) / 2).astype(np.int64)


def rotation_baseline(z: ArrayLike, labels: ArrayLike, rotations: int = 20, seed: int = 0) -> float:
    """Mean `whole_code_agreement` after random rotations of z: what tight classes score in an unchosen orientation.

    The push and the quadratic pull are both unchanged by a common rotation, so only what exceeds this baseline is
    alignment with the axes. The rotations are uniform over the orthogonal group, reflections included; with P = 1
    there is only the sign. z: (N, P), labels: (N,). Raises `KitError` for latents and labels that do not fit.
    Source: Stewart, SIAM J. Numer. Anal. 17 (1980), for the rotations.
    """
    z, labels = latents_and_labels(z, labels)
    require_count("rotations", rotations)
    z = z / max(np.abs(z).max(), np.finfo(np.float64).tiny)  # products of tiny latents keep their sign
    rng = np.random.default_rng(seed)
    turned = (z @ _random_rotation(z.shape[1], rng) for _ in range(rotations))
    return float(np.mean([whole_code_agreement(other, labels) for other in turned]))


def _random_rotation(P: int, rng: np.random.Generator) -> NDArray[np.float64]:
    q, r = np.linalg.qr(rng.normal(size=(P, P)))
    return q * np.where(np.diag(r) < 0, -1.0, 1.0)  # without the signs, QR favours some orientations
