import numpy as np
import pytest
import torch
import torch.nn.functional as F

from binenc_kit.errors import KitError
from binenc_kit.measures.equilibrium import balance


def settled(gamma: float, P: int = 3, classes: int = 4) -> tuple[np.ndarray, ...]:
    """Latents that gradient descent has brought to rest against a fixed classifier, each sample on its own."""
    rng = torch.Generator().manual_seed(0)
    weight = torch.randn(classes, P, generator=rng, dtype=torch.float64)
    labels = torch.arange(12) % classes
    z = torch.zeros(12, P, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([z], max_iter=500, tolerance_grad=1e-14, tolerance_change=1e-18)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = 12 * (F.cross_entropy(z @ weight.T, labels) + gamma * z.square().mean())
        value.backward()
        return value

    optimizer.step(loss)
    z = z.detach()
    return z.numpy(), (z @ weight.T).numpy(), labels.numpy(), weight.numpy()


@pytest.mark.parametrize("gamma", [0.01, 1.0, 1e6])
def test_where_gradient_descent_rests_push_and_pull_are_equal(gamma: float) -> None:
    z, logits, labels, weight = settled(gamma)
    found = balance(z, logits, labels, weight, gamma)
    assert found.ratio == pytest.approx(1, abs=1e-3)
    assert found.ratio_spread == pytest.approx(0, abs=1e-3)
    assert found.slope == pytest.approx(1, abs=1e-3)
    assert found.cosine == pytest.approx(1, abs=1e-6)
    assert found.radius_variation == pytest.approx(0, abs=1e-3)  # one rest for each class: a point


def test_away_from_the_balance_it_says_so() -> None:
    z, logits, labels, weight = settled(1.0)
    assert balance(z, logits, labels, weight, 2.0).ratio == pytest.approx(0.5, abs=1e-3)
    assert balance(-z, logits, labels, weight, 1.0).cosine == pytest.approx(-1, abs=1e-6)
    stretched = z * np.linspace(0.5, 1.5, len(z))[:, None]
    assert balance(stretched, logits, labels, weight, 1.0).radius_variation > 0.1


def test_numbers_known_by_hand() -> None:
    weight = np.array([[1.0], [-1.0]])
    z, logits = np.array([[0.5]]), np.zeros((1, 2))  # push 1 - (1 - 1) / 2 = 1, pull 2 * 4 * 0.5
    found = balance(z, logits, [0], weight, 4.0)
    assert found == pytest.approx((0.25, 0.0, 0.25, 1.0, 0.5, 0.0))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gamma": 0.0}, "without a pull"),
        ({"weight": np.ones((2, 2))}, "do not fit"),
        ({"logits": np.ones((3, 4))}, "do not fit"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, expected: str) -> None:
    z, logits, labels, weight = settled(1.0)
    arguments = {"z": z, "logits": logits, "labels": labels, "weight": weight, "gamma": 1.0} | change
    with pytest.raises(KitError, match=expected):
        balance(**arguments)


def test_latents_of_zero_have_no_direction() -> None:
    found = balance(np.zeros((2, 2)), np.zeros((2, 3)), [0, 1], np.ones((3, 2)), 1.0)
    assert np.isnan(found.ratio)
    assert found.radius == 0
