"""Checks of notebook 05: collapse, the simplex, and the cube."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.checks.verdict import Slip, check, near, number, slip_of
from binenc_kit.measures.collapse import collapse

FACTORS = {"sigma_w": 0.01, "sigma_w_relative": 1.0, "nc1": 1.0, "etf_error": 1.0}  # of z / 10
WHY = {  # why each changes as it does
    "sigma_w": "it is made of squares of z",
    "sigma_w_relative": "it divides one square of z by another",
    "nc1": "it divides one square of z by another",
    "etf_error": "both matrices were brought to size 1 first, so the length of z no longer counts",
}
# Three classes of two in three dimensions; their means differ in two of them only, so Sigma_B has no inverse. They lie
# away from the origin, so a Sigma_B that does not take away mu_G is another one.
Z = np.array([[5.0, 0, 4], [3, 0, 2], [1, 1, 3.5], [1, -1, 2.5], [1, -2, 5], [1, -4, 1]])
LABELS = np.array([0, 0, 1, 1, 2, 2])


@check
def nc1(answer: Callable) -> str:
    """Variability collapse, answer(z, labels): Tr(Sigma_W pinv(Sigma_B)) / C."""
    within, between = _covariances(Z, LABELS)
    try:
        value = number(answer(Z, LABELS), "nc1(z, labels)")
    except np.linalg.LinAlgError:
        raise Slip(
            "Sigma_B has no inverse: its rank is at most C - 1. Use the pseudo-inverse, np.linalg.pinv."
        ) from None
    right = collapse(Z, LABELS).nc1
    slip_of(value, _slips_of_nc1(within, between))
    if not near(value, right):
        raise Slip(f"For the six latents of the check NC1 is {right:.4g}, but yours is {value:.4g}.")
    if not near(answer(100 * Z, LABELS), right):
        raise Slip("The number is right, but it changes when all latents grow a hundredfold: NC1 has no unit.")
    return "Right: spread within the classes, measured by the spread between them, direction by direction."


@check
def rescaled(answer: dict) -> str:
    """The factor by which each measure of FACTORS changes when all z are divided by 10: a dictionary."""
    if not isinstance(answer, dict) or set(answer) != set(FACTORS):
        raise Slip(f"Give a dictionary with a factor for each of {', '.join(FACTORS)}.")
    given = {name: number(value, f"the factor of {name}") for name, value in answer.items()}
    slip_of(given["sigma_w"], {
        "sigma_w is made of squares: a tenth of z gives not a tenth of it.": 0.1,
        "sigma_w is in units of z squared, so it cannot stay.": 1.0,
        "Upside down: smaller latents have a smaller sigma_w.": 100.0,
    })  # fmt: skip
    for name, right in FACTORS.items():
        if not near(given[name], right):
            raise Slip(f"Not {given[name]:g} for {name}: {WHY[name]}.")
    return "Right: of the four only the absolute sigma_w changes, to a hundredth, and nothing has collapsed."


@check
def simplex(answer: Callable) -> str:
    """C unit vectors with all cosines -1/(C-1), answer(C): an array (C, d) with d of at least C - 1."""
    for C in (4, 2, 3, 10):
        vectors = _vectors(answer(C), C)
        lengths = np.linalg.norm(vectors, axis=1)
        if near(vectors, np.eye(C)):
            raise Slip(
                "Those are the axes: their cosines are 0, and they all lie on one side. Take away their mean first."
            )
        if near(vectors, np.eye(C) - 1 / C):
            raise Slip(f"The directions are right, but the lengths are {lengths[0]:.4g} for C = {C}: divide by them.")
        if not near(lengths, np.ones(C)):
            raise Slip(f"For C = {C} the lengths go from {lengths.min():.4g} to {lengths.max():.4g}, not 1.")
        cosines = (vectors @ vectors.T)[np.triu_indices(C, 1)]
        if not near(cosines, np.full(len(cosines), -1 / (C - 1))):
            raise Slip(
                f"For C = {C} each cosine should be {-1 / (C - 1):.4g}, but yours go from {cosines.min():.4g} to "
                f"{cosines.max():.4g}."
            )
    return "Right for 2, 3, 4 and 10 classes: equal lengths, equal angles, and as wide as angles can be."


@check
def vertex_cosine(answer: Callable) -> str:
    """Cosine between two vertices of the cube (-1, 1)^P whose codes differ in d bits, answer(d, P)."""
    value = number(answer(1, 5), "vertex_cosine(d, P)")
    slip_of(value, {
        "That is the share of equal bits: an equal bit adds 1 to the product, but a different one adds -1.": 0.8,
        "That is the share of different bits.": 0.2,
        "The sign is turned: vertices that agree in most bits point nearly the same way.": -0.6,
        "That is the inner product: divide by both lengths, each the root of P.": 3.0,
        "Divide by both lengths, each the root of P: that is by P.": 3 / 5**0.5,
    })  # fmt: skip
    for d, P in [(1, 5), (0, 3), (3, 3), (2, 3), (10, 18)]:
        value = number(answer(d, P), "vertex_cosine(d, P)")
        one, other = np.ones(P), np.where(np.arange(P) < d, -1.0, 1.0)
        right = one @ other / P
        if not near(value, right):
            raise Slip(f"Two codes that differ in {d} of {P} bits have the cosine {right:.4g}, not {value:.4g}.")
    return "Right: 1 - 2d/P, from 1 for the same vertex to -1 for the one opposite."


@check
def fewest_seeds(answer: int) -> str:
    """How many seeds, all on one side, bring a two-sided sign test below 0.05."""
    value = number(answer, "the number of seeds")
    slip_of(value, {
        "Five give 2 / 32 = 0.0625, which is not below 0.05.": 5,
        "Four give 2 / 16 = 0.125; even one-sided it would be 0.0625.": 4,
        "Twenty seeds are on one side in far fewer than one of twenty cases: p halves with each seed.": 20,
    })  # fmt: skip
    if value != 6:
        raise Slip(
            f"Not {value:g}: with n seeds on one side p is 2 / 2^n. Which n is the first to bring it below 0.05?"
        )
    return "Right: six seeds give 2 / 64 = 0.031. Five that agree are a good sign, and no proof."


def _slips_of_nc1(within: NDArray[np.float64], between: NDArray[np.float64]) -> dict[str, float]:
    """What NC1 of the check's latents is after each likely slip."""
    ratio, means = within @ np.linalg.pinv(between, rcond=1e-12), Z.reshape(3, 2, 3).mean(axis=1)
    raw = np.trace(within @ np.linalg.pinv(means.T @ means / 3, rcond=1e-12)) / 3
    not_centred = "Your Sigma_B is made of the class means as they are: take away mu_G, the mean of them all, first."
    return {
        "That is C times NC1: divide by the number of classes.": np.trace(ratio),
        "That divides one trace by the other, which is the relative Sigma_W: multiply first, then take the trace.":
            np.trace(within) / np.trace(between),
        "That divides one trace by the other, and by C: multiply by the pseudo-inverse first, then take the trace.":
            np.trace(within) / np.trace(between) / 3,
        "That is upside down: Sigma_W above, the pseudo-inverse of Sigma_B below.":
            np.trace(between @ np.linalg.pinv(within)) / 3,
        "That is N times NC1. Is your Sigma_W a sum over the samples? Divide it by N. Or are both matrices sums, and "
        "the trace not divided by C?": np.trace(ratio) / 3 * len(Z),
        "Your Sigma_B is a sum over the classes: divide by C.": np.trace(ratio) / 9,
        "Both of your matrices are sums: divide Sigma_W by N, and Sigma_B by C.": np.trace(ratio) / 3 * len(Z) / 3,
        not_centred: raw,
        f"{not_centred} And both of your matrices are sums: divide by N, and by C.": raw * len(Z) / 3,
        "That is the mean over all entries of the product, not its trace over C.": ratio.mean(),
    }  # fmt: skip


def _covariances(
    z: NDArray[np.float64], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sigma_W and Sigma_B of classes of equal size."""
    means = np.stack([z[labels == label].mean(axis=0) for label in np.unique(labels)])
    inside, between = z - means[labels], means - means.mean(axis=0)
    return inside.T @ inside / len(z), between.T @ between / len(means)


def _vectors(answer: ArrayLike, C: int) -> NDArray[np.float64]:
    """An answer as C vectors with room for a simplex; raises `Slip`."""
    vectors = np.asarray(answer, dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) != C or not np.isfinite(vectors).all():
        raise Slip(f"simplex({C}) should be an array with {C} rows, one a vector, but its shape is {vectors.shape}.")
    if vectors.shape[1] < C - 1:
        raise Slip(f"{C} vectors with these angles need {C - 1} dimensions, but yours have {vectors.shape[1]}.")
    return vectors
