import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from binenc_kit.errors import KitError
from binenc_kit.measures.attacks import Effort
from binenc_kit.measures.masking import FALLBACK, MaskingReport, gradient_masking_report
from binenc_kit.networks import PixelNetwork
from tests.conftest import trained_digits

pytestmark = [pytest.mark.filterwarnings("error::RuntimeWarning"), pytest.mark.filterwarnings("error::UserWarning")]
EFFORT = Effort(iterations=15, queries=100, directions=30)
Case = tuple[nn.Module, Tensor, Tensor]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A small network that knows its digits, in pixels from 0 to 1, with 50 of them."""
    network, data = trained_digits(tmp_path_factory.mktemp("digits"), epochs=10)
    images, labels = data.test
    return PixelNetwork(network, data).eval(), images[:50].float() / 255, labels[:50]


class Around(nn.Module):
    """A network with something done to its pixels, and its logits times factors."""

    def __init__(self, network: nn.Module, before: object = None, factors: tuple[float, ...] = ()) -> None:
        super().__init__()
        self.network, self.before, self.factors = network, before, factors

    def forward(self, pixels: Tensor) -> Tensor:
        logits, _ = self.network(self.before(pixels) if self.before else pixels)
        for factor in self.factors:
            logits = logits * factor
        return logits


def quantised(pixels: Tensor) -> Tensor:
    return (pixels * 8).round() / 8


def rippled(pixels: Tensor) -> Tensor:
    return pixels + 0.02 * torch.sin(500 * pixels)  # slopes from -9 to 11, though no pixel moves by more than 0.02


def report(network: nn.Module, case: Case, effort: Effort = EFFORT, **settings: object) -> MaskingReport:
    return gradient_masking_report(network, *case[1:], effort=effort, **settings)


def test_an_honest_network_is_not_masked(trained: Case) -> None:
    found = report(trained[0], trained)
    checks = found.checks
    assert found.masked is False
    assert found.verdict.startswith("no sign of masking: with half of DeepFool's median budget the strong attack fools")
    assert found.verdict.endswith("DeepFool stops close behind the border")
    assert 40 < checks["pictures"] <= 50
    assert checks["fooled by DeepFool at the budget"] == pytest.approx(0.5, abs=0.02)  # the median
    assert checks["fooled by strong attack at the budget"] == pytest.approx(0.5, abs=0.1)
    assert checks["zero gradient of the margin"] == checks["DeepFool lost"] == 0
    norms = [checks[f"DeepFool refined norm{name}"] for name in ("", ", rescaled logits", ", float64")]
    assert norms == pytest.approx([norms[0]] * 3, rel=0.01)
    assert all(0 <= share <= 1 for name, share in checks.items() if name.startswith(("fooled", "zero", "random")))


def test_the_report_is_repeated_by_its_seed(trained: Case) -> None:
    assert report(trained[0], trained) == report(trained[0], trained)


def test_quantised_pixels_are_masked_by_zero_gradients(trained: Case) -> None:
    found = report(Around(trained[0], quantised), trained)
    assert found.masked
    assert "the margin's gradient vanishes at 100% of the pictures" in found.verdict
    assert found.verdict.endswith("DeepFool does not flip most of the pictures")
    # no DeepFool gives a budget, in no precision: a tenth of the pictures' norm
    _, images, labels = trained
    right = trained[0](quantised(images))[0].argmax(1) == labels
    expected = FALLBACK * images[right].flatten(1).norm(dim=1).median().item()
    assert found.checks["budget"] == pytest.approx(expected)
    assert found.checks["fooled by strong attack at the budget"] > 0.1  # Square needs no gradient
    assert found.checks["fooled by PGD at the budget"] == 0


def test_a_detached_network_is_masked_too(trained: Case) -> None:
    found = report(Around(trained[0], lambda pixels: pixels.detach()), trained)
    assert found.masked
    assert "vanishes at 100%" in found.verdict


def test_shattered_gradients_are_masked_by_a_deepfool_that_is_lost(trained: Case) -> None:
    network = Around(trained[0], rippled)
    found = report(network, trained)
    assert found.masked
    assert "DeepFool follows gradients without finding a border at" in found.verdict
    assert "vanishes" not in found.verdict
    assert found.checks["DeepFool lost"] > 0.5
    assert (
        found.checks["fooled by strong attack at the budget"] > found.checks["fooled by DeepFool at the budget"] + 0.1
    )


def test_a_deepfool_that_goes_the_long_way_is_masked_by_the_strong_attack() -> None:
    # class 1 begins at 4 along x, where a slope leads; class 2 begins at 1 along y, a cliff without a slope
    class Decoy(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            x, y = pixels[:, 0, 0, 0], pixels[:, 0, 0, 1]
            return torch.stack([0 * x, x - 4, torch.where(y > 1, 9.0, -9.0)], 1)

    images = torch.zeros(20, 1, 4, 4)
    images[:, 0, 0, 0] = torch.linspace(0.1, 0.5, 20)
    case = (Decoy(), images, torch.zeros(20, dtype=torch.int64))
    found = report(Decoy(), case, box=(-10.0, 10.0), effort=EFFORT._replace(queries=300, directions=200))
    assert found.masked
    assert found.checks["DeepFool lost"] == found.checks["zero gradient of the margin"] == 0
    assert "half of the budget lets a strong attack fool" in found.verdict
    assert "random directions fool" in found.verdict


def test_gradients_that_leave_float32_are_masked_and_rescaled_logits_say_so(trained: Case) -> None:
    # the logits are around 1e-35, which float32 holds; on the way back comes 1e-60 first, which it does not
    found = report(Around(trained[0], factors=(1e25, 1e-30, 1e-30)), trained)
    assert found.masked
    assert "vanishes at 100%" in found.verdict
    assert "with rescaled logits DeepFool itself flips most, without it few" in found.verdict
    assert "with float64 DeepFool itself flips most, without it few" in found.verdict
    honest = report(trained[0], trained)
    for name in ("rescaled logits", "float64"):
        norm = found.checks[f"DeepFool refined norm, {name}"]
        assert norm == pytest.approx(honest.checks["DeepFool refined norm"], rel=0.01)
    assert found.checks["budget"] == pytest.approx(honest.checks["budget"], rel=0.01)


def test_logits_of_1e_minus_40_do_not_fool_this_deepfool(trained: Case) -> None:
    # PGD is blind there, for cross-entropy has no slope; DeepFool and the strong attack are free of the scale
    found, honest = report(Around(trained[0], factors=(1e-40,)), trained), report(trained[0], trained)
    assert not found.masked
    assert found.checks["fooled by PGD at the budget"] < 0.1
    assert found.checks["fooled by strong attack at the budget"] > 0.4
    assert found.checks["DeepFool refined norm"] == pytest.approx(honest.checks["DeepFool refined norm"], rel=0.01)


def test_huge_logits_blind_pgd_but_not_the_report(trained: Case) -> None:
    found = report(Around(trained[0], factors=(1e4,)), trained)
    assert not found.masked
    assert found.checks["zero gradient of the loss"] > 0.9  # softmax is 1.0 sharp
    assert found.checks["zero gradient of the margin"] == 0
    assert found.checks["fooled by PGD at the budget"] < 0.1
    assert found.checks["fooled by strong attack at the budget"] > 0.4


def test_an_overshoot_is_told_but_is_no_masking() -> None:
    class Plateau(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            x = pixels.flatten(1).mean(1)
            return torch.stack([0 * x, torch.tanh(4 * (x - 0.6))], 1)

    images = 0.05 + 0.1 * torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    case = (Plateau(), images, torch.zeros(30, dtype=torch.int64))
    found = report(Plateau(), case, box=(-100.0, 100.0))
    assert not found.masked
    assert "DeepFool steps past the border: its own norm is" in found.verdict
    assert found.checks["DeepFool relative norm"] > 3 * found.checks["DeepFool refined norm"]


def test_mode_and_statistics_stay_and_wrong_or_black_pictures_do_no_harm(trained: Case) -> None:
    network, images, labels = trained
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images, labels = images.clone(), labels.clone()
    images[0], labels[1] = 0, (labels[1] + 1) % 10
    labels[0] = network.eval()(images[:1])[0].argmax(1)
    network.train()
    found = gradient_masking_report(network, images, labels, effort=Effort(5, 10, 3))
    assert network.training
    network.eval()
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert found.checks["pictures"] < 50
    assert np.isfinite(found.checks["budget"])


def test_bad_input_gets_one_sentence(trained: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    network, images, labels = trained
    with pytest.raises(KitError, match="not one of these pictures is classified right"):
        gradient_masking_report(network, images, network(images)[0].argmin(1))
    with pytest.raises(KitError, match="outside of the box 0 to 1"):
        gradient_masking_report(network, 2 * images - 1, labels)
    with pytest.raises(KitError, match="no pictures"):
        gradient_masking_report(network, (255 * images).byte(), labels)
    with pytest.raises(KitError, match="one for each"):
        gradient_masking_report(network, images, labels[:3])
    monkeypatch.setitem(sys.modules, "art", None)
    monkeypatch.setitem(sys.modules, "art.attacks", None)
    with pytest.raises(KitError, match="adversarial-robustness-toolbox"):
        gradient_masking_report(network, images, labels)
