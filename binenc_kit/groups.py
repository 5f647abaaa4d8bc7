"""Every measure of a network by group: the columns of a row of results."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from binenc_kit.measures.accuracy import accuracy
from binenc_kit.measures.binarity import code_agreement, distinct_codes, rotation_baseline, whole_code_agreement
from binenc_kit.measures.collapse import collapse
from binenc_kit.measures.information import code_information, latent_information
from binenc_kit.measures.mixtures import mixture_scores
from binenc_kit.measures.reliability import auroc, mahalanobis_auroc
from binenc_kit.measures.simplex import mean_directions
from binenc_kit.measures.smoothness import distance_margin, knn_entropy, margins, norm_variation
from binenc_kit.measures.uniformity import best_energy, best_separation, riesz_energy, separation
from binenc_kit.splits import subset
from binenc_kit.views import ATTACKED, View, attack, baselines


def measure(view: View) -> dict[str, Any]:
    """Every measure of MEASURES."""
    row: dict[str, Any] = {}
    for group in (_accuracies, _latents, _uniformity, _reliability, _robustness, _smoothness, _information):
        row |= group(view)
    return row


def _accuracies(view: View) -> dict[str, float]:
    shown = {"train": view.train, "val": view.val, "test": view.test}
    return {f"{split}_accuracy": accuracy(seen.predicted, seen.labels) for split, seen in shown.items()}


def codes(z: ArrayLike, labels: ArrayLike) -> dict[str, float]:
    """Whether the signs of the latents are a code; z: (N, P), labels: (N,)."""
    measures = (code_agreement, whole_code_agreement, distinct_codes)
    return {measure.__name__: measure(z, labels) for measure in measures}


def mixture(z: ArrayLike, labels: ArrayLike, mode: str = "strict") -> dict[str, float]:
    """Whether each dimension has two narrow peaks, whatever the labels; z: (N, P)."""
    scores = mixture_scores(z, mode)
    measured = {"binarity_score": scores.score, "binarity_std": scores.std, "peak_distance": scores.peak_distance}
    return measured | {"at_ceiling": scores.at_ceiling}


def geometry(z: ArrayLike, labels: ArrayLike) -> dict[str, float]:
    """How far the classes have collapsed, and onto what, as far as the latents alone can tell; z: (N, P)."""
    measured = collapse(z, labels)._asdict()
    return {name: value for name, value in measured.items() if name not in ("etf_floor", "nc3", "nc4")}


def _latents(view: View) -> dict[str, float]:
    from binenc_kit.outputs import classifier_weight

    z, classes, bias = view.train.z, view.classes, view.network.classifier.bias
    weight, bias = classifier_weight(view.network), None if bias is None else bias.detach().cpu().numpy()
    row = codes(z, classes) | {"whole_code_rotated": rotation_baseline(z, classes, rotations=5)}
    return row | mixture(z, classes, view.mode) | collapse(z, classes, weight, bias, view.mode)._asdict()


def _uniformity(view: View) -> dict[str, float]:
    """Of the directions in which the class means lie from their own mean, beside the best that is known, if any is."""
    u = mean_directions(view.train.z, view.classes)
    if len(u) < 2 or not u.any(axis=1).all():
        return dict.fromkeys(GROUPS["uniformity"], np.nan)
    count, dimensions = u.shape
    best = best_separation(count, dimensions), best_energy(count, dimensions, s=1)
    known = [np.nan if value is None else value for value in best]
    found = separation(u), riesz_energy(u, s=1)
    return dict(zip(GROUPS["uniformity"], (found[0], known[0], found[1], known[1]), strict=True))


def _reliability(view: View) -> dict[str, float]:
    train, test, mode = view.train, view.test, view.mode
    found = mahalanobis_auroc(
        train.z, train.labels, train.predicted, test.z, test.labels, test.predicted, mode
    )  # fmt: skip
    aurocs = {f"auroc_{name}": auroc(values, view.wrong, mode) for name, values in baselines(view).items()}
    return {"auroc": found.auroc, "mahalanobis_rank": found.rank} | aurocs


def _robustness(view: View) -> dict[str, float]:
    """DeepFool as it says and refined, as means over the same pictures.

    strict: those that it fools. paper: all; where no flip is found, DeepFool's own norm counts as the refined one, too.
    Pictures that are black, which have no relative norm, are left out.
    """
    attacked = attack(view)
    if attacked is None:
        return dict.fromkeys(GROUPS["robustness"], np.nan)
    result = attacked[2]
    counted = np.isfinite(result.relative) & (result.success | (view.mode == "paper"))
    refined = np.where(np.isnan(result.refined), result.relative, result.refined)
    return {
        "deepfool_relative": _mean(result.relative[counted]),
        "deepfool_refined": _mean(refined[counted]),
        "deepfool_success": float(result.success.mean()),
        "deepfool_zero_gradient": result.zero_gradient_share,
    }


def _smoothness(view: View) -> dict[str, float]:
    images, labels = view.data.test
    some = subset(view.test.labels, ATTACKED, seed=0)
    pictures, z = view.data.normalise(images[some]), view.train.z
    found = margins(view.network, pictures, labels[some])
    lengths = pictures.flatten(1).norm(dim=1).cpu().numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        linear = np.where(found.values == 0, 0, found.values / found.slopes / lengths)  # on the border, however flat
    return {
        "margin_gradient_mean": float(found.slopes.mean()),
        "margin_gradient_max": float(found.slopes.max()),
        "margin_distance": float(np.quantile(linear, 0.5, method="higher")),  # no mean of infinities
        "knn_entropy": knn_entropy(z[view.some]) if len(view.some) > 3 else np.nan,
        "distance_margin": distance_margin(z, view.classes),
        "norm_variation": norm_variation(z),
    }


def _information(view: View) -> dict[str, float]:
    z, classes, some = view.train.z, view.classes, view.some
    found = code_information(z, classes)
    return {
        "code_entropy": found.code_entropy,
        "code_information": found.information,
        "code_conditional_entropy": found.conditional_entropy,
        "bits_used": found.bits_used,
        "latent_information": latent_information(z[some], classes[some]),
    }


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")


GROUPS = {
    "accuracy": ("train_accuracy", "val_accuracy", "test_accuracy"),
    "code": ("code_agreement", "whole_code_agreement", "whole_code_rotated", "distinct_codes"),
    "binarity": ("binarity_score", "binarity_std", "peak_distance", "at_ceiling"),
    "collapse": (
        "sigma_w", "sigma_w_relative", "nc1", "cdnv", "nc2_equinorm", "nc2_equiangular", "nc2_max_angle", "etf_error",
        "etf_floor", "nc3", "nc4",
    ),
    "uniformity": ("mean_separation", "best_separation", "mean_energy", "best_energy"),
    "reliability": ("auroc", "mahalanobis_rank", "auroc_softmax", "auroc_energy", "auroc_knn"),
    "robustness": ("deepfool_relative", "deepfool_refined", "deepfool_success", "deepfool_zero_gradient"),
    "smoothness": (
        "margin_gradient_mean", "margin_gradient_max", "margin_distance", "knn_entropy", "distance_margin",
        "norm_variation",
    ),
    "information": (
        "code_entropy", "code_information", "code_conditional_entropy", "bits_used", "latent_information",
    ),
}  # fmt: skip
MEASURES = tuple(name for names in GROUPS.values() for name in names)
