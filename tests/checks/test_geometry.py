"""Checks of notebook 05: right answers pass, and each likely slip is named."""

from collections.abc import Callable

import numpy as np

from binenc_kit import checks


def covariances(z: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    means = np.stack([z[labels == c].mean(axis=0) for c in np.unique(labels)])
    within = sum(np.outer(one, one) for one in z - means[labels]) / len(z)
    centred = means - means.mean(axis=0)
    return within, sum(np.outer(one, one) for one in centred) / len(means)


def right_nc1(z: np.ndarray, labels: np.ndarray) -> float:
    within, between = covariances(z, labels)
    return float(np.trace(within @ np.linalg.pinv(between, rcond=1e-12)) / len(between))


def not_centred(z: np.ndarray, labels: np.ndarray) -> float:
    """NC1 with a Sigma_B whose means are not taken from their own mean."""
    means = np.stack([z[labels == c].mean(axis=0) for c in np.unique(labels)])
    between = sum(np.outer(one, one) for one in means) / len(means)
    return float(np.trace(covariances(z, labels)[0] @ np.linalg.inv(between)) / len(means))


def changed(form: Callable) -> Callable:
    """NC1 made of the two covariances in another way."""
    return lambda z, labels: form(*covariances(z, labels))


def pinv(matrix: np.ndarray) -> np.ndarray:
    return np.linalg.pinv(matrix, rcond=1e-12)


def right_simplex(C: int) -> np.ndarray:
    return (np.eye(C) - 1 / C) * np.sqrt(C / (C - 1))


def in_fewer(C: int) -> np.ndarray:
    """The same in C - 1 dimensions."""
    values, vectors = np.linalg.eigh(right_simplex(C) @ right_simplex(C).T)
    return vectors[:, 1:] * np.sqrt(values[1:])


def of_four(C: int) -> np.ndarray:
    """Right for four classes only."""
    return right_simplex(C) if C == 4 else np.eye(C)[:, ::-1]


FACTORS = {"sigma_w": 0.01, "sigma_w_relative": 1, "nc1": 1, "etf_error": 1}
RIGHT = [
    (checks.nc1, right_nc1),
    (checks.nc1, lambda z, labels: np.float32(right_nc1(z, labels))),
    (checks.rescaled, FACTORS),
    (checks.rescaled, FACTORS | {"sigma_w": 1 / 10**2, "nc1": 1.0}),
    (checks.simplex, right_simplex),
    (checks.simplex, in_fewer),
    (checks.vertex_cosine, lambda d, P: 1 - 2 * d / P),
    (checks.fewest_seeds, 6),
    (checks.fewest_seeds, 6.0),
]
SLIPS = [
    (checks.nc1, lambda z, labels: 3 * right_nc1(z, labels), "That is C times NC1"),
    (checks.nc1, changed(lambda w, b: np.trace(w) / np.trace(b)), "which is the relative Sigma_W"),
    (checks.nc1, changed(lambda w, b: np.trace(w) / np.trace(b) / 3), "one trace by the other, and by C"),
    (checks.nc1, changed(lambda w, b: np.trace(b @ pinv(w)) / 3), "upside down"),
    (checks.nc1, changed(lambda w, b: np.trace(6 * w @ pinv(b)) / 3), "Is your Sigma_W a sum over the samples?"),
    (checks.nc1, changed(lambda w, b: np.trace(6 * w @ pinv(3 * b))), "Or are both matrices sums"),
    (checks.nc1, changed(lambda w, b: np.trace(w @ pinv(3 * b)) / 3), "Your Sigma_B is a sum"),
    (checks.nc1, changed(lambda w, b: np.trace(6 * w @ pinv(3 * b)) / 3), "Both of your matrices are sums"),
    (checks.nc1, not_centred, "take away mu_G"),
    (checks.nc1, lambda z, labels: 2 * not_centred(z, labels), "first. And both of your matrices are sums"),
    (checks.nc1, changed(lambda w, b: (w @ pinv(b)).mean()), "mean over all entries"),
    (checks.nc1, changed(lambda w, b: np.trace(w @ np.linalg.inv(b)) / 3), "Sigma_B has no inverse"),
    (checks.nc1, lambda z, labels: 0.5, "For the six latents of the check NC1 is"),
    (checks.nc1, lambda z, labels: right_nc1(z, labels) * (1 + np.abs(z).max() // 50), "grow a hundredfold"),
    (checks.nc1, lambda z, labels: z, "should be one number"),
    (checks.rescaled, 0.01, "Give a dictionary"),
    (checks.rescaled, {"sigma_w": 0.01}, "Give a dictionary"),
    (checks.rescaled, FACTORS | {"sigma_w": 0.1}, "not a tenth of it"),
    (checks.rescaled, FACTORS | {"sigma_w": 1}, "it cannot stay"),
    (checks.rescaled, FACTORS | {"sigma_w": 100}, "Upside down"),
    (checks.rescaled, FACTORS | {"sigma_w": 0.5}, "Not 0.5 for sigma_w: it is made of squares"),
    (checks.rescaled, FACTORS | {"nc1": 0.01}, "Not 0.01 for nc1: it divides one square of z by another"),
    (checks.rescaled, FACTORS | {"etf_error": 0.1}, "Not 0.1 for etf_error: both matrices were brought to size 1"),
    (checks.rescaled, FACTORS | {"sigma_w_relative": 0.1}, "sigma_w_relative: it divides one square"),
    (checks.rescaled, FACTORS | {"nc1": "less"}, "the factor of nc1 should be one number"),
    (checks.simplex, np.eye, "Those are the axes"),
    (checks.simplex, lambda C: np.eye(C) - 1 / C, "The directions are right, but the lengths are 0.866"),
    (checks.simplex, lambda C: 2 * right_simplex(C), "the lengths go from 2 to 2, not 1"),
    (checks.simplex, lambda C: np.eye(C)[:, ::-1], "each cosine should be -0.3333, but yours go from 0 to 0"),
    (checks.simplex, of_four, "For C = 2 each cosine should be -1"),
    (checks.simplex, lambda C: right_simplex(C)[:, :1], "need 3 dimensions"),
    (checks.simplex, lambda C: right_simplex(C)[0], "should be an array with 4 rows"),
    (checks.vertex_cosine, lambda d, P: 1 - d / P, "share of equal bits"),
    (checks.vertex_cosine, lambda d, P: d / P, "share of different bits"),
    (checks.vertex_cosine, lambda d, P: 2 * d / P - 1, "sign is turned"),
    (checks.vertex_cosine, lambda d, P: P - 2 * d, "That is the inner product"),
    (checks.vertex_cosine, lambda d, P: (P - 2 * d) / P**0.5, "that is by P"),
    (checks.vertex_cosine, lambda d, P: 0.6, "Two codes that differ in 0 of 3 bits have the cosine 1, not 0.6"),
    (checks.fewest_seeds, 5, "0.0625, which is not below"),
    (checks.fewest_seeds, 4, "even one-sided"),
    (checks.fewest_seeds, 20, "p halves with each seed"),
    (checks.fewest_seeds, 7, "Not 7"),
    (checks.fewest_seeds, "six", "should be one number"),
]
