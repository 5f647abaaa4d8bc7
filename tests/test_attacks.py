import random
import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.attacks import Effort, Scaled, fooled, unit_scale

pytestmark = [pytest.mark.filterwarnings("error::RuntimeWarning"), pytest.mark.filterwarnings("error::UserWarning")]
WIDE = (-50.0, 50.0)
EFFORT = Effort(iterations=15, queries=30, directions=20)
ATTACKS = ["PGD", "strong attack", "random directions"]


class Linear(nn.Module):
    def __init__(self, classes: int, shape: tuple[int, ...] = (1, 8, 8), latents: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.latents = nn.Linear(int(np.prod(shape)), classes), latents

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        logits = self.layer(x.flatten(1))
        return (logits, x.flatten(1)) if self.latents else logits


def case(classes: int = 4, n: int = 40, shape: tuple[int, ...] = (1, 8, 8)) -> tuple[Linear, Tensor, Tensor]:
    network = Linear(classes, shape)
    images = torch.randn(n, *shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return network, images, network(images).argmax(1)


def distances(network: Linear, images: Tensor, labels: Tensor) -> np.ndarray:
    """Of each picture to the nearest border, by the formula."""
    weight, logits = network.layer.weight.detach(), network(images).detach()
    rows = torch.arange(len(images))
    margins = logits[rows, labels][:, None] - logits
    lengths = (weight[labels][:, None] - weight).norm(dim=2)
    ratio = margins / lengths
    ratio[rows, labels] = torch.inf
    return ratio.min(1).values.numpy()


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_strong_attack_fools_exactly_what_is_near_enough(classes: int) -> None:
    network, images, labels = case(classes)
    true = distances(network, images, labels)
    budget = float(np.median(true))
    found = fooled(network, images, labels, budget, WIDE, EFFORT)
    assert list(found) == ATTACKS
    assert all(flags.shape == (40,) and flags.dtype == bool for flags in found.values())
    assert found["strong attack"][true < 0.97 * budget].all()
    assert found["PGD"][true < 0.9 * budget].mean() > 0.9
    for flags in found.values():
        assert not flags[true > 1.002 * budget].any()


def test_random_directions_are_the_weakest() -> None:
    network, images, labels = case(n=60)
    true = distances(network, images, labels)
    found = fooled(network, images, labels, 3 * float(np.median(true)), WIDE, EFFORT)
    assert 0 < found["random directions"].mean() < found["strong attack"].mean()


def test_a_tiny_budget_fools_nothing() -> None:
    network, images, labels = case()
    for flags in fooled(network, images, labels, 1e-5, WIDE, EFFORT).values():
        assert not flags.any()


def test_the_box_holds_the_attacks_back() -> None:
    network, images, labels = case()
    images = images.clamp(-1, 1)
    with torch.no_grad():
        labels = network(images).argmax(1)
    budget = float(np.quantile(distances(network, images, labels), 0.9))
    free = fooled(network, images, labels, budget, WIDE, EFFORT)["strong attack"]
    boxed = fooled(network, images, labels, budget, (-1.0, 1.0), EFFORT)["strong attack"]
    assert boxed.sum() < free.sum()


def test_the_seed_decides_and_the_callers_random_numbers_stay() -> None:
    network, images, labels = case()
    budget = 0.9 * float(np.median(distances(network, images, labels)))
    states = np.random.get_state()[1].copy(), torch.get_rng_state(), random.getstate()  # noqa: NPY002
    one = fooled(network, images, labels, budget, WIDE, EFFORT)
    assert np.array_equal(states[0], np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(states[1], torch.get_rng_state())
    assert states[2] == random.getstate()
    np.random.seed(77), random.seed(77)  # noqa: NPY002
    other = fooled(network, images, labels, budget, WIDE, EFFORT)
    for name in ATTACKS:
        assert np.array_equal(one[name], other[name])


def test_square_is_seeded_too() -> None:
    # it alone works on logits without gradients, and draws from Python's own generator
    linear, images, labels = case(n=60)
    steps = nn.Module()
    steps.forward = lambda x: (linear(x) * 20).round()
    budget = 1.5 * float(np.median(distances(linear, images, labels)))
    found = []
    for state in (1, 2):
        random.seed(state)
        found.append(fooled(steps, images, labels, budget, WIDE, EFFORT._replace(queries=60))["strong attack"])
    assert 0 < found[0].mean() < 1
    assert np.array_equal(*found)


@pytest.mark.parametrize(
    "shape", [(1, 2, 2), (1, 3, 3), (1, 4, 4), (3, 5, 5), (1, 6, 6), (1, 7, 7), (1, 9, 9), (1, 4, 11), (1, 11, 4)]
)
def test_pictures_of_any_size(shape: tuple[int, ...]) -> None:
    network, images, labels = case(3, 12, shape)
    budget = float(np.median(distances(network, images, labels)))
    found = fooled(network, images, labels, budget, WIDE, EFFORT)
    assert found["strong attack"].any()


def test_the_networks_mode_and_statistics_stay() -> None:
    network, images, labels = case(n=8)
    network = nn.Sequential(nn.BatchNorm2d(1), network).train()
    before = network[0].running_mean.clone()
    fooled(network, images, labels, 0.1, WIDE, EFFORT)
    assert network.training
    assert network[0].training
    assert torch.equal(network[0].running_mean, before)


def test_scaled_changes_no_class_and_takes_the_logits_alone() -> None:
    images = case()[1]
    network = Linear(4, latents=True)
    with torch.no_grad():
        logits = network(images)[0]
        factor = unit_scale(network, images)
        assert Scaled(network, factor)(images).std().item() == pytest.approx(1)
        double = Scaled(network, dtype=torch.float64)(images)
    assert double.dtype == torch.float64
    assert double.float() == pytest.approx(logits, abs=1e-6)
    assert network.layer.weight.dtype == torch.float32  # a copy was converted


def test_no_factor_leaves_float32() -> None:
    images = torch.ones(2, 1, 1, 1)
    assert unit_scale(lambda x: torch.tensor([[0.0, 1e-43]]).expand(len(x), -1), images) == 1e38
    assert unit_scale(lambda x: torch.zeros(len(x), 2), images) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"images": torch.zeros(4, 1, 8, 8, dtype=torch.uint8)}, "no pictures"),
        ({"images": torch.full((4, 1, 8, 8), 70.0)}, "outside of the box"),
        ({"labels": torch.zeros(3, dtype=torch.int64)}, "one for each of the 4"),
        ({"budget": 0.0}, "the budget is 0"),
        ({"budget": float("nan")}, "the budget is nan"),
        ({"budget": float("inf")}, "the budget is inf"),
    ],
)
def test_bad_input_gets_one_sentence(changes: dict, expected: str) -> None:
    network, images, labels = case(n=4)
    settings = {"images": images, "labels": labels, "budget": 0.1, "box": WIDE} | changes
    with pytest.raises(KitError, match=expected):
        fooled(network, **settings, effort=EFFORT)


def test_a_missing_toolbox_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("art", "art.attacks", "art.estimators.classification"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(KitError, match=r"install binenc-kit\[attacks\]"):
        fooled(*case(n=4), 0.1, WIDE, EFFORT)
