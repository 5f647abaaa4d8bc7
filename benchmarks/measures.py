"""Our measures against the loops they replace, same work and hardware in one run, and how their time grows with N.

DeepFool's rival is the way of its authors' code and of most tutorials: a picture at a time, a backward pass a class.
That of the Mahalanobis distance calls scipy's for each sample, with the inverse covariances at hand. That of the
mixtures is the authors' and the mode paper: scikit-learn's GaussianMixture, a dimension at a time. All run on as many
threads as numpy and torch take by themselves; with OMP_NUM_THREADS=1 scipy's small products and scikit-learn's k-means
are much quicker.
"""

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import distance
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from turns import fastest, note, report

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, make_data
from binenc_kit.groups import codes, geometry, mixture
from binenc_kit.machine import seeded
from binenc_kit.measures.binarity import rotation_baseline
from binenc_kit.measures.information import code_information, latent_information
from binenc_kit.measures.mixtures import mixture_scores
from binenc_kit.measures.reliability import knn_distance, mahalanobis_auroc, mahalanobis_distances
from binenc_kit.measures.robustness import deepfool
from binenc_kit.measures.smoothness import distance_margin, knn_entropy, norm_variation
from binenc_kit.networks import Network, build_network
from binenc_kit.objectives import make_objective
from binenc_kit.steps import make_optimizer, train_epoch
from binenc_kit.views import NEIGHBOURS


def striped_pictures(n: int) -> Data:
    """Pictures of CIFAR's size in ten classes of noisy stripes, which a small network learns in a few epochs."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 10
    waves = np.sin(np.arange(32)[None] * (1 + np.arange(10)[:, None]) / 5)  # (class, column)
    images = 128 + 30 * waves[labels][:, None, :, None] + rng.normal(0, 40, (n, 32, 32, 3))
    return make_data({"train": (images.clip(0, 255).astype(np.uint8), labels)}, "0123456789")


def trained(head: str, data: Data, epochs: int) -> Network:
    """The small convnet, trained for a few epochs."""
    config = RunConfig(data="custom:stripes", backbone="convnet", head=head, batch_size=128, device="cpu")
    with seeded(0, 0):
        network = build_network(config, data.shape, 10).to(memory_format=torch.channels_last)
        optimizer = make_optimizer(config, network)
        for _ in range(epochs):
            train_epoch(config, data, network, optimizer, 1.0, make_objective(config, network))
    return network.eval()


def deepfool_of_one(network: Network, image: Tensor, classes: int = 10, overshoot: float = 0.02) -> float:
    """The textbook's DeepFool on one picture: its relative norm. Source: Moosavi-Dezfooli et al. 2016."""
    x = image[None].clone().requires_grad_()
    logits = network(x)[0][0]
    ranked = logits.argsort(descending=True)[:classes].tolist()
    total = np.zeros(image.shape, np.float32)
    for _ in range(50):
        gradients = []
        for label in ranked:
            x.grad = None
            logits[label].backward(retain_graph=True)
            gradients.append(x.grad[0].numpy().copy())
        nearest, step = np.inf, 0.0
        for label, gradient in zip(ranked[1:], gradients[1:], strict=True):
            w = gradient - gradients[0]
            length = np.linalg.norm(w)
            far = abs((logits[label] - logits[ranked[0]]).item()) / length
            if far < nearest:
                nearest, step = far, (far + 1e-4) * w / length
        total += step
        x = (image + (1 + overshoot) * torch.from_numpy(total))[None].requires_grad_()
        logits = network(x)[0][0]
        if logits.argmax().item() != ranked[0]:
            break
    return float(np.linalg.norm((1 + overshoot) * total) / np.linalg.norm(image.numpy()))


def mahalanobis_of_each(z: NDArray, labels: NDArray, points: NDArray, predicted: NDArray) -> NDArray[np.float64]:
    """The authors' recipe: a one-component mixture a class, then scipy's distance for one sample after another."""
    scaler = StandardScaler().fit(z)
    z, points = scaler.transform(z), scaler.transform(points)
    found = np.empty(len(points))
    for label in np.unique(labels):
        fitted = GaussianMixture(1).fit(z[labels == label])
        inverse = np.linalg.inv(fitted.covariances_[0])
        own = np.flatnonzero(predicted == label)
        found[own] = [distance.mahalanobis(point, fitted.means_[0], inverse) for point in points[own]]
    return found


def latents(n: int, P: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Latents around the vertices of a hypercube, ten classes."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 10
    return rng.choice([-1.0, 1.0], (10, P))[labels] + rng.normal(0, 0.3, (n, P)), labels


def compare(name: str, goal: float, ours: Callable[[], NDArray], rival: Callable[[], NDArray], rounds: int) -> None:
    """Print the comparison's line; both must give the same numbers to 1e-4."""
    best, found = fastest({"ours": ours, "rival": rival}, rounds)
    off = float(np.abs(found["ours"] - found["rival"]).max())
    if off > 1e-4:
        raise SystemExit(f"{name}: ours and the rival's numbers differ by {off:.2g}")
    report(name, best["ours"], best["rival"], goal)


def growth(P: int, sizes: tuple[int, int]) -> None:
    """Time each measure of P-dimensional latents at two numbers of samples."""
    timed = {"codes": codes, "mixture": mixture, "collapse": geometry, "code_information": code_information}
    timed |= {"distance_margin": distance_margin, "norm_variation": lambda z, y: norm_variation(z)}
    timed["rotation_baseline"] = lambda z, y: rotation_baseline(z, y, rotations=5)
    timed["mahalanobis"] = lambda z, y: mahalanobis_auroc(z, y, y, z[:10_000], y[:10_000], np.roll(y[:10_000], 5))
    few = f"on {NEIGHBOURS} of them"
    timed[f"latent_information {few}"] = lambda z, y: latent_information(z[:NEIGHBOURS], y[:NEIGHBOURS])
    timed[f"knn_entropy {few}"] = lambda z, y: knn_entropy(z[:NEIGHBOURS])
    timed[f"knn_distance of 10,000 {few}"] = lambda z, y: knn_distance(z[:NEIGHBOURS], z[-10_000:])
    problems = [latents(n, P) for n in sizes]
    for name, measure in timed.items():
        ways = {size: partial(measure, *problem) for size, problem in zip(sizes, problems, strict=True)}
        few_s, many_s = fastest(ways, 1)[0].values()
        note(
            f"P={P} {name}: {sizes[0]:,} samples {few_s:.3f} s, {sizes[1]:,} samples {many_s:.3f} s, "
            f"{many_s / few_s:.1f} times for {sizes[1] // sizes[0]} times the samples"
        )


def distances_and_mixtures(quick: bool, rounds: int) -> None:
    """Mahalanobis distances and mixtures against theirs."""
    z, labels = latents(2000 if quick else 20_000, 64)
    half = len(z) // 2
    train, test = (z[:half], labels[:half]), (z[half:], labels[half:])
    compare(
        f"mahalanobis-{half}x64", 50.0,
        lambda: mahalanobis_distances(*train, train[1], *test, mode="paper")[0],
        lambda: mahalanobis_of_each(*train, *test), rounds,
    )  # fmt: skip
    for P, n, goal in ((128, 100 if quick else 1000, 10.0), (64, 1000 if quick else 50_000, 2.0)):
        z, _ = latents(n, P)
        compare(
            f"mixture-{P}x{n}", goal,
            lambda z=z: np.array(mixture_scores(z)), lambda z=z: np.array(mixture_scores(z, mode="paper")), rounds,
        )  # fmt: skip


def main() -> None:
    """What has a rival against it; then all measures of latents at 50,000 and 200,000 samples."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pictures, samples and rounds, to see that it runs")
    quick = parser.parse_args().quick
    count, rounds = (20, 1) if quick else (1000, 3)
    data = striped_pictures(400 if quick else 6000)
    images = data.normalise(data.test[0][:count])
    for head in ("BinEnc", "NoPen"):
        network = trained(head, data, 1 if quick else 3)
        compare(
            f"deepfool-{count}-{head}", 8.0,
            lambda network=network: deepfool(network, images, refine=False).relative,
            lambda network=network: np.array([deepfool_of_one(network, image) for image in images]), rounds,
        )  # fmt: skip
    distances_and_mixtures(quick, rounds)
    for P in (4, 64):
        growth(P, (500, 1000) if quick else (50_000, 200_000))


if __name__ == "__main__":
    main()
