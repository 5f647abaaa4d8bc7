import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.attacks import Effort
from binenc_kit.measures.contest import contest

BOX = (-10.0, 10.0)
FEW = Effort(directions=5)


class Border(nn.Module):
    """Two classes, the sign of the first pixel less an offset: every picture is as far from the border as it looks."""

    def __init__(self, at: float, plateau: float = 0.0) -> None:
        super().__init__()
        self.at, self.plateau = at, plateau

    def forward(self, images: Tensor) -> Tensor:
        margin = images[:, 0, 0, 0] - self.at
        if self.plateau:  # flat far from the border: a linear step lands far behind it
            margin = torch.tanh(self.plateau * margin)
        return torch.stack([-margin, margin], dim=1)


def pictures(n: int) -> tuple[Tensor, Tensor]:
    """Pictures of class 1, from 1 to 2 in every pixel, 4x4."""
    images = torch.linspace(1, 2, n)[:, None, None, None].expand(n, 1, 4, 4).contiguous()
    return images, torch.ones(n, dtype=torch.int64)


def test_the_harder_network_wins_by_every_attack() -> None:
    images, labels = pictures(40)
    found = contest({"far": Border(-2.0), "near": Border(0.0)}, images, labels, box=BOX, effort=FEW)
    assert found.pictures == 40
    assert found.budget == pytest.approx(1.5, abs=0.01)  # the median distance from the near border
    assert found.shares["DeepFool, refined"] == {"far": 0.0, "near": 0.5}
    assert found.shares["strong attack"]["far"] == 0
    assert found.shares["strong attack"]["near"] == pytest.approx(0.5, abs=0.03)
    assert found.chance["DeepFool, refined"] == pytest.approx(binomtest(0, 20).pvalue)
    assert found.verdict.startswith("DeepFool's gain survives under the strong attack")


def test_a_gain_that_is_deepfool_s_alone_is_gone() -> None:
    images, labels = pictures(40)
    networks = {"flat": Border(0.0, plateau=1.5), "plain": Border(0.0)}  # one border, two slopes
    found = contest(networks, images, labels, box=BOX, effort=FEW)
    assert found.shares["DeepFool, as it says"]["flat"] < found.shares["DeepFool, as it says"]["plain"]
    assert found.shares["DeepFool, refined"]["flat"] == pytest.approx(0.5, abs=0.05)
    assert found.verdict.startswith("DeepFool's gain is gone under the strong attack")


def test_equal_networks_have_no_gain_and_few_pictures_prove_nothing() -> None:
    images, labels = pictures(40)
    same = contest({"one": Border(0.0), "other": Border(0.0)}, images, labels, box=BOX, effort=FEW)
    assert same.verdict.startswith("DeepFool itself sees no gain beyond chance")
    assert set(same.chance.values()) == {1.0}
    few = contest({"far": Border(-2.0), "near": Border(0.0)}, *pictures(6), box=BOX, effort=FEW)
    assert few.shares["DeepFool, refined"] == {"far": 0.0, "near": 0.5}
    assert few.chance["DeepFool, refined"] == pytest.approx(0.25)  # 3 of 3 the same way
    assert few.verdict.startswith("DeepFool itself sees no gain beyond chance")


@pytest.mark.parametrize(
    ("plateau", "verdict"),
    [(1.5, "DeepFool's gain is reversed"), (0.6, "DeepFool itself sees no gain beyond chance")],
)
def test_a_network_that_is_easier_for_the_strong_attack_is_told(plateau: float, verdict: str) -> None:
    networks = {
        "flat": Border(0.0, plateau=plateau),
        "plain": Border(-0.6),
    }  # a plateau hides that its border is nearer
    found = contest(networks, *pictures(40), box=BOX, effort=FEW)
    assert found.chance["strong attack"] < 0.05
    assert found.shares["strong attack"]["flat"] > found.shares["strong attack"]["plain"]
    assert found.verdict.startswith(verdict)
    assert "by strong attack" in found.verdict


def test_only_pictures_that_both_get_right_compete_and_modes_are_given_back() -> None:
    images, labels = pictures(40)
    networks = {"one": Border(0.0).train(), "other": Border(1.5)}  # the second is wrong about the nearer half
    found = contest(networks, images, labels, box=BOX, effort=FEW)
    assert found.pictures == 20
    assert networks["one"].training
    with pytest.raises(KitError, match="no picture that both networks get right"):
        contest({"one": Border(0.0), "other": Border(5.0)}, images, labels, box=BOX)
    with pytest.raises(KitError, match="between two networks"):
        contest({"one": Border(0.0)}, images, labels, box=BOX)


def test_a_network_that_never_flips_gives_no_budget() -> None:
    class Constant(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.stack([images.sum((1, 2, 3)) * 0, images.sum((1, 2, 3)) * 0 + 1], dim=1)

    images, labels = pictures(5)
    with pytest.raises(KitError, match="gives no budget"):
        contest({"one": Border(0.0), "other": Constant()}, images, labels, box=BOX)
    found = contest({"one": Constant(), "other": Border(0.0)}, images, labels, box=BOX, effort=FEW)
    assert not np.any([found.shares[attack]["one"] for attack in found.shares])
