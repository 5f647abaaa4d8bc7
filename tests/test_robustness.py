import contextlib
import io
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from art.attacks import evasion
from art.estimators.classification import PyTorchClassifier
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.robustness import BISECTIONS, SCAN, DeepFool, deepfool, first_flip
from tests.conftest import trained_digits

pytestmark = [pytest.mark.filterwarnings("error::RuntimeWarning"), pytest.mark.filterwarnings("error::UserWarning")]
PRECISION = 1.01 / SCAN / 2**BISECTIONS  # of the whole perturbation, and a little for rounding
Case = tuple[nn.Module, Tensor]


def linear(weight: Tensor, bias: float | Tensor = 0.0) -> Callable[[Tensor], Tensor]:
    return lambda x: x.flatten(1) @ weight.T + bias


def on_a_line(*curves: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A network of one pixel, a curve for each logit."""
    return lambda x: torch.stack([curve(x[:, 0, 0, 0]) for curve in curves], 1)


def pixel(*values: float) -> Tensor:
    return torch.tensor(values)[:, None, None, None]


def convnet(latents: bool = False) -> nn.Module:
    """Random weights, 2 latents and 6 classes, with everything that has a mode."""
    torch.manual_seed(3)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers = [nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten()]
            self.trunk = nn.Sequential(*layers, nn.Dropout(0.3), nn.Linear(72, 2))
            self.classifier = nn.Linear(2, 6)
            with torch.no_grad():
                self.classifier.weight *= 5

        def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
            z = self.trunk(x)
            return (self.classifier(z), z) if latents else self.classifier(z)

    return Net()


def noise(n: int = 24) -> Tensor:
    return torch.rand(n, 2, 6, 6, generator=torch.Generator().manual_seed(4))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A small network that knows its digits, and 24 of them."""
    network, data = trained_digits(tmp_path_factory.mktemp("digits"), epochs=6)
    return network, data.normalise(data.test[0][:24])


@pytest.fixture(params=["convnet", "trained"])
def case(request: pytest.FixtureRequest) -> Case:
    return request.getfixturevalue("trained") if request.param == "trained" else (convnet().eval(), noise())


def require_same(found: DeepFool, expected: DeepFool, tolerance: float = 1e-4) -> None:
    assert found.relative == pytest.approx(expected.relative, rel=tolerance)
    assert found.refined == pytest.approx(expected.refined, rel=10 * tolerance, nan_ok=True)
    for name in ("success", "steps", "zero_gradient"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()


def test_a_linear_classifier_by_hand() -> None:
    weight, bias = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([0.0, -10.0])
    images = torch.tensor([[[[1.0, 1.0]]], [[[2.0, 2.0]]]])  # 3 below the border, and 4 above: over a norm of 5
    found = deepfool(linear(weight, bias), images)
    lengths = np.array([(0.6 + 1e-4) * 1.02, (0.8 + 1e-4) * 1.02])
    size = np.array([math.sqrt(2), math.sqrt(8)])
    assert found.relative == pytest.approx(lengths / size, rel=1e-6)
    assert found.refined == pytest.approx(np.array([0.6, 0.8]) / size, abs=PRECISION)
    direction = found.perturbation.flatten(1).numpy() / lengths[:, None]
    assert direction == pytest.approx(np.array([[0.6, 0.8], [-0.6, -0.8]]), rel=1e-5)
    assert found.success.all()
    assert found.steps.tolist() == [1, 1]
    assert found.zero_gradient_share == 0
    assert found.relative.dtype == found.refined.dtype == np.float64
    unrefined = deepfool(linear(weight, bias), images, refine=False)
    assert np.isnan(unrefined.refined).all()
    assert unrefined.relative.tolist() == found.relative.tolist()


@given(seed=st.integers(0, 10_000), C=st.integers(2, 6))
def test_the_nearest_of_many_linear_borders(seed: int, C: int) -> None:
    rng = np.random.default_rng(seed)
    weight, bias, x = rng.normal(size=(C, 8)), rng.normal(size=C), rng.normal(size=(5, 8))
    found = deepfool(linear(torch.tensor(weight), torch.tensor(bias)), torch.tensor(x).reshape(5, 1, 2, 4))
    logits = x @ weight.T + bias
    nearest = []
    for row, top in zip(logits, logits.argmax(1), strict=True):
        rest = [c for c in range(C) if c != top]
        nearest.append(min((row[top] - row[c]) / np.linalg.norm(weight[top] - weight[c]) for c in rest))
    size = np.linalg.norm(x, axis=1)
    assert found.relative == pytest.approx((np.array(nearest) + 1e-4) * 1.02 / size)
    assert found.refined == pytest.approx(np.array(nearest) / size, abs=2 * PRECISION * found.relative.max())


def test_only_the_likeliest_classes_are_tried() -> None:
    # class 2 is nearer than class 1, but less likely
    network = on_a_line(lambda x: 0 * x, lambda x: x - 1, lambda x: -20 * x - 3)
    assert deepfool(network, pixel(0.1)).perturbation.item() == pytest.approx(-(0.25 + 1e-4) * 1.02)
    assert deepfool(network, pixel(0.1), classes=2).perturbation.item() == pytest.approx((0.9 + 1e-4) * 1.02)


def one_by_one(network: nn.Module, image: Tensor, overshoot: float = 0.02, most: int = 50) -> tuple[float, int]:
    """Algorithm 2 of Moosavi-Dezfooli et al. 2016, a picture and a class at a time, in numpy's float64 outside."""

    def at(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = torch.from_numpy(point).float()[None].requires_grad_()
        output = network(x)
        logits = (output[0] if isinstance(output, tuple) else output)[0]
        slopes = [torch.autograd.grad(logit, x, retain_graph=True)[0][0].double().numpy() for logit in logits]
        return logits.detach().double().numpy(), np.stack(slopes)

    x0 = image.double().numpy()
    total, taken = np.zeros_like(x0), 0
    logits, slopes = at(x0)
    first = int(logits.argmax())
    while logits.argmax() == first and taken < most:
        best, step = math.inf, None
        for k in range(len(logits)):
            if k != first:
                w, f = slopes[k] - slopes[first], logits[k] - logits[first]
                if abs(f) / np.linalg.norm(w) < best:
                    best = abs(f) / np.linalg.norm(w)
                    step = (best + 1e-4) * w / np.linalg.norm(w)
        total, taken = total + step, taken + 1
        logits, slopes = at(x0 + (1 + overshoot) * total)
    return (1 + overshoot) * float(np.linalg.norm(total) / np.linalg.norm(x0)), taken


def test_batches_do_what_the_paper_does_picture_by_picture(case: Case) -> None:
    network, images = case
    found = deepfool(network, images)
    relative, steps = zip(*[one_by_one(network, image) for image in images], strict=True)
    assert found.relative == pytest.approx(np.array(relative), rel=1e-4)
    assert found.steps.tolist() == list(steps)
    assert found.success.all()
    assert max(steps) > 1


def test_the_toolbox_agrees_within_its_own_conventions(case: Case) -> None:
    # It overshoots once at the end, not in each step, and adds no 1e-4 to a step; so it walks by other points.
    network, images = case

    class Logits(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            output = network(x)
            return output[0] if isinstance(output, tuple) else output

    classes = Logits()(images).shape[1]
    wrapped = PyTorchClassifier(Logits(), nn.CrossEntropyLoss(), tuple(images.shape[1:]), classes, device_type="cpu")
    attack = evasion.DeepFool(wrapped, max_iter=50, epsilon=0.02, nb_grads=classes, batch_size=1, verbose=False)
    moved = torch.from_numpy(attack.generate(images.numpy()))
    theirs = ((moved - images).flatten(1).norm(dim=1) / images.flatten(1).norm(dim=1)).numpy()
    found = deepfool(network, images)
    ratios = found.relative / theirs
    assert np.median(ratios) == pytest.approx(1, abs=0.02)
    assert np.mean(np.abs(ratios - 1) < 0.05) >= 0.9
    assert np.all(found.refined <= 1.05 * theirs)


def test_latents_give_the_same_as_logits_alone() -> None:
    require_same(deepfool(convnet(latents=True).eval(), noise()), deepfool(convnet().eval(), noise()))


def test_batches_order_and_training_mode_do_not_matter() -> None:
    network, images, order = convnet().eval(), noise(), torch.randperm(24, generator=torch.Generator().manual_seed(0))
    expected = deepfool(network, images)
    require_same(deepfool(network, images, batch_size=5), expected)
    turned = deepfool(network, images[order])
    assert turned.relative == pytest.approx(expected.relative[order], rel=1e-4)
    assert turned.refined == pytest.approx(expected.refined[order], rel=1e-3)
    network.train()
    network.trunk[1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    require_same(deepfool(network, images), expected)
    assert torch.equal(
        first_flip(network, images, expected.perturbation), first_flip(network, images, expected.perturbation)
    )
    assert network.training
    assert not network.trunk[1].training
    assert network.trunk[5].training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_neither_the_callers_pictures_nor_its_gradients_are_touched() -> None:
    network, images = convnet().eval(), noise(4).requires_grad_()
    before = images.detach().clone()
    with torch.no_grad():
        found = deepfool(network, images)
    assert torch.equal(images.detach(), before)
    assert images.grad is None
    assert all(weight.grad is None for weight in network.parameters())
    assert not found.perturbation.requires_grad


def test_the_box_is_kept() -> None:
    images = noise()
    free, boxed = deepfool(convnet(), images), deepfool(convnet(), images, box=(0.0, 1.0))
    assert ((images + free.perturbation).min() < 0) | ((images + free.perturbation).max() > 1)
    assert -1e-6 < (images + boxed.perturbation).min() <= (images + boxed.perturbation).max() < 1 + 1e-6
    assert boxed.success.mean() > 0.8
    wide = deepfool(convnet(), images, box=(-100.0, 100.0))
    require_same(wide, free)


def test_a_wall_leaves_what_the_other_pixels_can_do() -> None:
    # the first pixel is the steepest, but stands at the wall: the second has to go the whole way, in more steps
    weight, bias = torch.tensor([[0.0, 0.0], [4.0, 3.0]]), torch.tensor([0.0, -5.0])
    found = deepfool(linear(weight, bias), torch.tensor([[[[1.0, 0.0]]]]), box=(0.0, 1.0))
    assert found.success.all()
    assert found.steps.item() > 1
    assert found.perturbation.flatten().tolist() == [0, pytest.approx(1 / 3, rel=0.05)]
    assert found.refined.item() == pytest.approx(1 / 3, abs=PRECISION)


def test_out_of_steps_is_no_success() -> None:
    slow = on_a_line(lambda x: 0 * x, lambda x: torch.log(x / 8))  # the slope promises a nearer border
    found = deepfool(slow, pixel(1.0), max_steps=1)
    assert (found.success.item(), found.steps.item(), found.zero_gradient.item()) == (False, 1, False)
    assert found.relative.item() == pytest.approx((math.log(8) + 1e-4) * 1.02)
    assert math.isnan(found.refined.item())
    enough = deepfool(slow, pixel(1.0))
    assert enough.success.item()
    assert enough.steps.item() > 1
    assert enough.refined.item() == pytest.approx(7, abs=20 * PRECISION)


def test_a_border_passed_on_the_way_counts_though_the_end_is_no_success() -> None:
    bump = on_a_line(lambda x: 0 * x, lambda x: torch.exp(-2 * (x - 1) ** 2) - 0.5)  # from 0.41 to 1.59
    found = deepfool(bump, pixel(-0.5), max_steps=1)
    assert not found.success.item()
    assert found.relative.item() > 10
    border = 1 - math.sqrt(math.log(2) / 2)
    assert found.refined.item() == pytest.approx((border + 0.5) / 0.5, abs=found.relative.item() * PRECISION)


def test_on_a_plateau_deepfool_overshoots_and_the_refined_norm_does_not() -> None:
    found = deepfool(on_a_line(lambda x: 0 * x, lambda x: torch.tanh(2 * (x - 2))), pixel(1.0))
    assert found.success.item()
    assert found.steps.item() == 1
    assert found.relative.item() == pytest.approx(math.tanh(2) * math.cosh(2) ** 2 / 2 * 1.02, rel=1e-3)  # 6.96
    assert found.refined.item() == pytest.approx(1, abs=7 * PRECISION)


def test_a_thin_class_on_the_way_is_the_first_flip() -> None:
    network = on_a_line(lambda x: 0 * x, lambda x: 0.15 - (x - 1.1).abs(), lambda x: x - 3)
    assert first_flip(network, pixel(0.0), pixel(4.0)).item() == pytest.approx(0.95 / 4, abs=PRECISION)
    assert first_flip(network, pixel(1.3), pixel(2.7)).item() == pytest.approx(1.7 / 2.7, abs=PRECISION)
    assert math.isnan(first_flip(network, pixel(0.0), pixel(0.9)).item())
    assert first_flip(network, pixel(0.0, 1.1), pixel(0.0, 0.3)).isnan().tolist() == [True, False]


@given(border=st.floats(0.01, 0.99))
def test_the_first_flip_is_a_flip_and_a_little_less_is_none(border: float) -> None:
    network = on_a_line(lambda x: 0 * x, lambda x: x - border)
    share = first_flip(network, pixel(0.0), pixel(1.0)).item()
    assert share > border - 1e-6
    assert share - border < PRECISION


@pytest.mark.parametrize("C", [2, 10, 100])  # of many equal logits, sorting may put another first than argmax does
@pytest.mark.parametrize("detached", [False, True])
def test_a_constant_network_stands_still(C: int, detached: bool) -> None:
    constant = nn.Linear(8, C)
    nn.init.zeros_(constant.weight)
    nn.init.zeros_(constant.bias)
    images = torch.cat([torch.ones(2, 1, 2, 4), torch.zeros(1, 1, 2, 4)])

    def network(x: Tensor) -> Tensor:
        logits = constant(x.flatten(1))
        return logits.detach() if detached else logits

    found = deepfool(network, images)
    assert not found.perturbation.any()
    assert found.relative.tolist() == [0, 0, 0]
    assert np.isnan(found.refined).all()
    assert not found.success.any()
    assert found.steps.tolist() == [0, 0, 0]
    assert found.zero_gradient_share == 1


@pytest.mark.parametrize("scale", [1e-25, 1e-36, 1e25])
@pytest.mark.parametrize("latents", [False, True])
def test_the_scale_of_the_logits_does_not_matter(scale: float, latents: bool) -> None:
    network = convnet(latents).eval()

    def scaled(x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        output = network(x)
        return (output[0] * scale, output[1]) if latents else output * scale

    require_same(deepfool(scaled, noise()), deepfool(network, noise()))


def test_a_border_out_of_reach_is_no_border() -> None:
    # float32 would take the picture, and its logits, to infinity and call that a success
    found = deepfool(on_a_line(lambda x: 0 * x, lambda x: 1e-30 * x - 1), pixel(1.0))
    assert (found.success.item(), found.zero_gradient.item(), found.relative.item()) == (False, True, 0)
    broken = on_a_line(lambda x: 0 * x, lambda x: torch.where(x > 1, torch.nan, x - 2))
    assert not deepfool(broken, pixel(0.5)).success.item()


def test_a_black_picture_has_no_relative_norm() -> None:
    found = deepfool(linear(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([0.0, -10])), torch.zeros(1, 1, 1, 2))
    assert found.success.item()
    assert found.relative.item() == found.refined.item() == math.inf


@pytest.mark.parametrize(
    ("images", "settings", "expected"),
    [
        (torch.zeros(2, 1, 2, 2, dtype=torch.uint8), {}, "no pictures"),
        (torch.zeros(1, 2, 2), {}, "no pictures"),
        (torch.full((1, 1, 2, 2), torch.nan), {}, "finite"),
        (torch.zeros(0, 1, 2, 2), {}, "no pictures"),
        (torch.full((1, 1, 2, 2), 1.5), {"box": (0.0, 1.0)}, "outside of the box"),
        (torch.ones(1, 1, 2, 2), {"classes": 1}, "classes is 1"),
        (torch.ones(1, 1, 2, 2), {"max_steps": 0}, "max_steps is 0"),
        (torch.ones(1, 1, 2, 2), {"batch_size": 0}, "batch_size is 0"),
        (torch.full((1, 1, 2, 2), 7.0), {}, "the run broke down"),
    ],
)
def test_bad_input_gets_one_sentence(images: Tensor, settings: dict, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        deepfool(linear(torch.full((3, 4), math.inf)), images, **settings)


def test_nothing_is_printed() -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        deepfool(convnet(), noise(3))
    assert not out.getvalue()
