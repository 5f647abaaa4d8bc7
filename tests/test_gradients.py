import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.gradients import (
    changed,
    classify,
    evaluating,
    logits_and_gradients,
    norms,
    require_images,
    require_labels,
    require_logits,
)

pytestmark = [pytest.mark.filterwarnings("error::RuntimeWarning"), pytest.mark.filterwarnings("error::UserWarning")]
ALL = torch.arange(5).expand(4, -1)


class Small(nn.Module):
    """Two dimensions between 12 pixels and 5 classes, with everything that has a mode."""

    def __init__(self, latents: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        layers = [nn.Conv2d(3, 6, 2, padding=1), nn.BatchNorm2d(6), nn.SiLU(), nn.Flatten(), nn.Dropout(0.5)]
        self.trunk, self.classifier, self.latents = nn.Sequential(*layers, nn.Linear(54, 2)), nn.Linear(2, 5), latents

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        z = self.trunk(images)
        return (self.classifier(z), z) if self.latents else self.classifier(z)


def pictures(n: int = 4, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(n, 3, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)


def gradients_of(network: nn.Module, images: Tensor, ranked: Tensor = ALL) -> tuple[Tensor, Tensor]:
    return logits_and_gradients(network, images.clone().requires_grad_(), ranked)


def test_a_linear_networks_gradients_are_its_rows() -> None:
    weight = torch.tensor([[1.0, 2, 0, 0], [0, 3, 0, 1], [5, 0, 0, 0]])
    images, ranked = torch.ones(2, 1, 2, 2), torch.tensor([[2, 0], [1, 2]])
    logits, gradients = gradients_of(lambda x: x.flatten(1) @ weight.T, images, ranked)
    assert logits.tolist() == [[5, 3], [4, 5]]
    assert torch.equal(gradients, weight[ranked])


def test_the_way_through_the_latents_is_the_direct_one() -> None:
    direct, through = (gradients_of(Small(latents).double().eval(), pictures()) for latents in (False, True))
    for one, other in zip(direct, through, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("latents", [False, True])
def test_gradients_are_finite_differences(latents: bool) -> None:
    network, images, step = Small(latents).double().eval(), pictures(), 1e-6
    _, gradients = gradients_of(network, images)
    for pixel in range(12):
        moved = torch.zeros_like(images).flatten(1)
        moved[:, pixel] = step
        moved = moved.reshape(images.shape)
        sides = [logits_and_gradients(network, (images + s * moved).requires_grad_(), ALL)[0] for s in (1, -1)]
        torch.testing.assert_close(gradients[..., pixel], (sides[0] - sides[1]) / (2 * step), rtol=1e-5, atol=1e-8)


def test_gradients_are_there_even_where_the_caller_switched_them_off() -> None:
    with torch.no_grad():
        _, gradients = gradients_of(Small().double().eval(), pictures())
    assert gradients.abs().min() > 0


@pytest.mark.parametrize("latents", [False, True])
def test_what_does_not_depend_on_the_pixels_has_no_gradient(latents: bool) -> None:
    network = Small(latents).double().eval()
    _, gradients = gradients_of(lambda x: network(x.detach()), pictures())  # the weights still have theirs
    assert gradients.shape == (4, 5, 12)
    assert not gradients.any()
    _, gradients = gradients_of(lambda x: torch.zeros(len(x), 5), pictures())
    assert not gradients.any()


def test_latents_cut_off_from_the_logits_do_not_hide_the_gradients() -> None:
    network = Small(latents=True).double().eval()

    def cut(x: Tensor) -> tuple[Tensor, Tensor]:
        logits, z = network(x)
        return logits, z.detach()

    torch.testing.assert_close(gradients_of(cut, pictures())[1], gradients_of(network, pictures())[1])


def test_every_module_gets_its_own_mode_back() -> None:
    network = Small().train()
    network.trunk[1].eval()  # frozen statistics
    before = [part.training for part in network.modules()]

    def fail() -> None:
        with evaluating(network):
            assert not any(part.training for part in network.modules())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [part.training for part in network.modules()] == before
    with evaluating(lambda x: x):  # a function has no mode
        pass


def test_classes_do_not_depend_on_batches_or_on_latents() -> None:
    images = pictures(23, torch.float32)
    expected = Small().eval()(images).argmax(1)
    assert torch.equal(classify(Small(latents=True).eval(), images, batch_size=5), expected)
    assert not changed(Small().eval(), images, expected, batch_size=4).any()
    assert changed(Small().eval(), images, (expected + 1) % 5, batch_size=4).all()


def test_logits_that_are_not_finite_name_no_class() -> None:
    logits = torch.tensor([[0.0, 1.0], [torch.nan, 1.0], [0.0, torch.inf], [1.0, 0.0]])
    found = changed(lambda x: logits, torch.zeros(4, 1, 1, 1), torch.zeros(4, dtype=torch.int64))
    assert found.tolist() == [True, False, False, False]


def test_backbones_may_view_coloured_pictures() -> None:
    # what comes in another memory format has no such view
    network = nn.Linear(12, 5)
    assert len(classify(lambda x: network(x.view(len(x), -1)), pictures(4, torch.float32))) == 4


@given(exponent=st.integers(-40, 30), seed=st.integers(0, 1000))
def test_norms_are_numpys_at_any_scale(exponent: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(5, 2, 3, 3)) * 10.0**exponent
    expected = np.linalg.norm(vectors.reshape(5, -1), axis=1)
    found = norms(torch.from_numpy(vectors).float()).double().numpy()
    assert found == pytest.approx(expected, rel=1e-5 if exponent > -36 else 1e-3)


def test_norms_by_hand() -> None:
    assert norms(torch.tensor([[3.0, -4.0], [0.0, 0.0]])).tolist() == [5, 0]


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), "torch.uint8 of shape"),
        (torch.zeros(1, 4, 4), "no pictures"),
        (torch.full((1, 1, 2, 2), torch.nan), "finite"),
        (torch.zeros(0, 1, 2, 2), "no pictures"),
        (torch.full((1, 1, 2, 2), -0.5), "from -0.5 to -0.5, outside of the box 0 to 1"),
        (torch.full((1, 1, 2, 2), 1.5), "outside of the box"),
    ],
)
def test_bad_pictures_get_one_sentence(images: Tensor, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        require_images(images, (0.0, 1.0))


def test_bad_labels_and_logits_get_one_sentence() -> None:
    with pytest.raises(KitError, match="one for each of the 4 pictures"):
        require_labels(torch.zeros(3, dtype=torch.int64), pictures())
    with pytest.raises(KitError, match="whole numbers"):
        require_labels(torch.zeros(4), pictures())
    with pytest.raises(KitError, match="the run broke down"):
        require_logits(torch.tensor([[1.0, torch.nan]]))
    require_images(pictures() * (1 + 1e-5) - 1e-6, (0.0, 1.0))  # rounding is forgiven
