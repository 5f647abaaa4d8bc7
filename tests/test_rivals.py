"""What the other papers claim, on digits. A failure here is a finding: never loosen a bound to get green."""

from pathlib import Path

import numpy as np
import pytest

from binenc_kit.config import RunConfig
from binenc_kit.data import load_data
from binenc_kit.measures.collapse import collapse
from binenc_kit.measures.equilibrium import balance
from binenc_kit.measures.uniformity import best_energy, riesz_energy, unit
from binenc_kit.outputs import Outputs, open_network, outputs
from binenc_kit.training import train_one


def trained(folder: Path, label: str, **settings: object) -> tuple[Outputs, Outputs, np.ndarray]:
    """The train and test outputs of a run on digits, and its classifier's weight."""
    config = RunConfig(data="digits", device="cpu", **settings).with_head(label)
    data = load_data("digits")
    network, data, _ = open_network(train_one(config, folder, data=data, progress=False), data)
    shown = [outputs(network, data, split) for split in ("train", "test")]
    return *shown, network.classifier.weight.detach().numpy()


def accuracy(seen: Outputs) -> float:
    return float((seen.predicted == seen.labels).mean())


def test_a_gamma_of_a_million_keeps_the_code_and_the_accuracy_in_float32(tmp_path: Path) -> None:
    train, test, weight = trained(tmp_path, "LPC", epochs=160)
    plain, plain_test, _ = trained(tmp_path, "LinPen", epochs=160)
    found, other = collapse(train.z, train.labels), collapse(plain.z, plain.labels)
    assert train.z.dtype == np.float32
    assert found.sigma_w < 1e-6 * other.sigma_w
    assert found.sigma_w_relative < 0.5 * other.sigma_w_relative  # not by scale alone
    assert accuracy(train) >= 0.999
    assert accuracy(test) >= accuracy(plain_test) - 0.01
    balanced = balance(train.z, train.logits, train.labels, weight, 1e6)
    assert balanced.ratio == pytest.approx(1, abs=0.1)
    assert balanced.slope == pytest.approx(1, abs=0.1)
    assert balanced.cosine > 0.97
    assert balanced.radius_variation < 0.15


@pytest.mark.parametrize("P", [2, 3, 5, 9])
def test_hug_s_proxies_find_the_best_arrangement_and_the_classes_follow(P: int, tmp_path: Path) -> None:
    train, _, weight = trained(tmp_path, "HUG", P=P)
    means = unit(np.stack([train.z[train.labels == label].mean(axis=0) for label in range(10)]))
    for vectors in (unit(weight), means):
        assert riesz_energy(vectors, s=1) < 1.05 * best_energy(10, P, s=1)
        if P == 9:
            cosines = (vectors @ vectors.T)[np.triu_indices(10, 1)]
            assert cosines == pytest.approx(-1 / 9, abs=0.03)
    assert accuracy(train) >= 0.99
    assert collapse(train.z, train.labels).sigma_w_relative < 0.01


def test_the_penalty_reaches_the_simplex_where_plain_cross_entropy_does_not(tmp_path: Path) -> None:
    settings = {"P": 16, "epochs": 40, "gamma_schedule": "constant", "gamma_start": 10.0}
    errors = {}
    for label in ("BinEnc+exp_mean", "BinEnc+mean_exp", "LinPen", "NoPen"):
        train, *_ = trained(tmp_path, label, **settings)
        errors[label] = collapse(train.z, train.labels).etf_error
    assert max(errors["BinEnc+exp_mean"], errors["BinEnc+mean_exp"]) < min(errors["LinPen"], errors["NoPen"])
