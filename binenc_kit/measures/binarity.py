"""Is it a code? Bits are the signs of the latents; samples of one class should share theirs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.measures.arrays import latents_and_labels


def to_bits(z: ArrayLike) -> NDArray[np.bool_]:
    """The bit of each dimension: 1 where z > 0. z: any shape. Source: BinEnc-v3, Fig. 3."""
    return np.asarray(z) > 0


def bit_shares(z: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Share of each class's samples whose bit is 1, (classes present, P), classes in ascending order.

    0 or 1 everywhere is a perfect code. z: (N, P), labels: (N,).
    """
    z, labels = latents_and_labels(z, labels)
    bits = to_bits(z)
    return np.stack([bits[labels == label].mean(axis=0) for label in np.unique(labels)])


def code_agreement(z: ArrayLike, labels: ArrayLike) -> float:
    """Mean over classes and dimensions of max(f, 1 - f), f the share of the class's samples with bit 1.

    From 0.5 (coin flips) to 1 (every sample carries its class's bits). z: (N, P), labels: (N,).
    Source: BinEnc-v3, Fig. 3.
    """
    shares = bit_shares(z, labels)
    return float(np.maximum(shares, 1 - shares).mean())


def class_codes(z: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Each class's most common whole code, (classes present, P), and how many samples carry it, (classes present,).

    Ties go to the code that comes first as a binary number. z: (N, P), labels: (N,).
    """
    z, labels = latents_and_labels(z, labels)
    bits = to_bits(z)
    packed = np.packbits(bits, axis=1)  # a code becomes one value of a few bytes, which sort much faster than rows
    codes = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}")[:, 0]
    found, carriers = [], []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        _, first, counts = np.unique(codes[members], return_index=True, return_counts=True)
        found.append(bits[members[first[counts.argmax()]]])
        carriers.append(counts.max())
    return np.stack(found), np.array(carriers)


def whole_code_agreement(z: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples that carry all bits of their class's most common code; z: (N, P), labels: (N,)."""
    _, carriers = class_codes(z, labels)
    return float(carriers.sum() / len(np.asarray(labels)))


def distinct_codes(z: ArrayLike, labels: ArrayLike) -> int:
    """How many different codes the classes have, each class by its most common one; at most C.

    Fewer than C means that two classes share a vertex. z: (N, P), labels: (N,).
    """
    return len(np.unique(class_codes(z, labels)[0], axis=0))
