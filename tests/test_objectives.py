import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.networks import build_network
from binenc_kit.objectives import PENALTIES, STRAIGHT, make_objective, push_and_pull
from binenc_kit.rules import HEADS, PENALTY_NAMES, RIVALS

HEADS_OF_ALL_KINDS = [*HEADS, *RIVALS, "HUG+mhs", "HUG+mgd", "BinEnc+exp_mean", "BinEnc+mean_exp", "BinEnc+l1"]


def test_push_and_pull_of_numbers_known_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    push, pull = push_and_pull(logits, torch.tensor([[1.0, -1.0], [3.0, 1.0]]), torch.tensor([0, 1]), "quadratic")
    assert push.item() == pytest.approx(0.6931472)  # log 2: two classes, no idea which
    assert pull.item() == 3.0  # (1 + 1 + 9 + 1) / 4
    assert push_and_pull(logits, torch.ones(2, 2), torch.tensor([0, 1]), "none")[1].item() == 0.0


def test_the_penalty_pulls_towards_the_origin() -> None:
    z = torch.tensor([[2.0, -4.0]], requires_grad=True)
    PENALTIES["quadratic"](z).backward()
    assert z.grad.tolist() == [[2.0, -4.0]]  # 2 z / (N P)


def test_the_penalty_is_computed_in_float32() -> None:
    z = torch.full((4, 2), 1e-3, dtype=torch.bfloat16)
    penalty = PENALTIES["quadratic"](z)
    assert penalty.dtype == torch.float32
    assert penalty.item() == pytest.approx(z.float()[0, 0].item() ** 2, rel=1e-6)


def test_every_penalty_of_numbers_known_by_hand() -> None:
    z = torch.tensor([[1.0, -1.0], [2.0, 0.0]])
    expected = {
        "quadratic": 1.5,
        "exp_mean": math.exp(1.5),
        "mean_exp": (2 * math.e + math.exp(4) + 1) / 4,
        "l1": 1.0,
        "none": 0.0,
    }
    assert set(expected) == set(PENALTY_NAMES) == set(PENALTIES)
    for name, value in expected.items():
        assert PENALTIES[name](z).item() == pytest.approx(value, rel=1e-6), name


@pytest.mark.parametrize("name", PENALTY_NAMES)
@pytest.mark.parametrize("size", [0.0, 1e-20, 1.0, 5.0, 1e3, 1e9])
def test_no_penalty_overflows(name: str, size: float) -> None:
    z = torch.full((3, 2), size, requires_grad=True)
    value = PENALTIES[name](z)
    assert value.isfinite()
    if name != "none":
        value.backward()
        assert z.grad.isfinite().all()
        assert (z.grad >= 0).all()
        assert z.grad.square().isfinite().all() or size > 5  # what Adam does to it


@pytest.mark.parametrize("name", ["exp_mean", "mean_exp"])
def test_beyond_its_limit_the_exponential_goes_on_along_its_tangent(name: str) -> None:
    def value(square: float) -> float:
        return PENALTIES[name](torch.tensor([[math.sqrt(square)]])).item()

    assert value(STRAIGHT - 1) == pytest.approx(math.exp(STRAIGHT - 1), rel=1e-5)
    slope = math.exp(STRAIGHT)
    assert value(STRAIGHT + 10) - value(STRAIGHT) == pytest.approx(10 * slope, rel=1e-4)


def test_the_two_readings_of_the_exponential_differ() -> None:
    z = torch.tensor([[3.0, 0.0, 0.0, 0.0]], requires_grad=True)
    PENALTIES["mean_exp"](z).backward()
    each = z.grad.clone()
    z.grad = None
    PENALTIES["exp_mean"](z).backward()
    assert each[0, 0] > 100 * z.grad[0, 0]  # exp(9) for the one that is far, not exp of the mean


@pytest.mark.parametrize("label", HEADS_OF_ALL_KINDS)
@pytest.mark.parametrize("one_class", [False, True])
def test_every_objective_gives_gradients_to_every_weight(label: str, one_class: bool) -> None:
    torch.manual_seed(0)
    config = RunConfig(width=8, P=5).with_head(label)
    network = build_network(config, (1, 4, 4), 4).train()
    labels = torch.zeros(16, dtype=torch.long) if one_class else torch.arange(16) % 4
    logits, z = network(torch.randn(16, 1, 4, 4))
    push, pull = make_objective(config, network)(logits, z, labels)
    assert push.ndim == pull.ndim == 0
    (push + 0.5 * pull).backward()
    gradients = {name: weight.grad for name, weight in network.named_parameters()}
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients.values())
    if not one_class:
        assert gradients["backbone.1.weight"].abs().sum() > 0
        assert all(gradient.abs().sum() > 0 for name, gradient in gradients.items() if "classifier" in name)


def test_hug_s_push_and_pull_are_weighted_as_the_config_says() -> None:
    config = RunConfig(head="HUG", hug_alpha=2.0, P=2, width=4)
    network = build_network(config, (1, 4, 4), 2).eval()
    network.classifier.proxies.data = torch.tensor([[3.0, 0.0], [0.0, 5.0]])  # of any length
    z = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    logits = network.classifier(z)
    assert logits.tolist() == [[1.0, 0.0], [1.0, 0.0]]
    push, pull = make_objective(config, network)(logits, z, torch.tensor([0, 1]))
    assert push.item() == pytest.approx(2.0 / 2)  # ||w_0 - w_1||^2 = 2
    assert pull.item() == pytest.approx(math.sqrt(2) / 2)  # one on its proxy, one sqrt 2 away


def test_contrast_shapes_the_latents_and_its_reader_only_reads() -> None:
    config = RunConfig(head="SupCon", width=4, P=3)
    network = build_network(config, (1, 4, 4), 3).train()
    logits, _ = network(torch.randn(6, 1, 4, 4))
    F.cross_entropy(logits, torch.arange(6) % 3).backward()
    assert all(weight.grad is None for weight in network.backbone.parameters())
    assert network.classifier.weight.grad is not None
    images = torch.randn(2, 1, 4, 4, requires_grad=True)
    network.eval()(images)[0].sum().backward()  # attacks do see a gradient
    assert images.grad.abs().sum() > 0


def test_a_batch_in_which_no_class_comes_twice_has_nothing_to_contrast() -> None:
    config = RunConfig(head="SupCon", width=4, P=3)
    network = build_network(config, (1, 4, 4), 3).train()
    logits, z = network(torch.randn(3, 1, 4, 4))
    push, _ = make_objective(config, network)(logits, z, torch.arange(3))
    assert push.item() == pytest.approx(F.cross_entropy(logits, torch.arange(3)).item())
    push.backward()


@pytest.mark.parametrize("head", ["ArcFace", "SupCon"])
def test_without_their_library_the_rivals_say_what_to_install(head: str) -> None:
    code = f"""
import sys
sys.modules["pytorch_metric_learning"] = None
from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.networks import build_network
build_network(RunConfig(head="CenterLoss", width=4, P=4), (1, 4, 4), 3)
try:
    build_network(RunConfig(head={head!r}, width=4, P=4), (1, 4, 4), 3)
except KitError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "binenc-kit[rivals]"' in result.stdout


def test_the_margin_of_arcface_is_for_training_only() -> None:
    config = RunConfig(head="ArcFace", width=4, P=3)
    network = build_network(config, (1, 4, 4), 3).eval()
    z = torch.randn(5, 3)
    cosines = F.normalize(z) @ F.normalize(network.classifier.loss.W, dim=0)
    assert torch.allclose(network.classifier(z), 32 * cosines, atol=1e-5)
    assert torch.allclose(network.classifier.weight.norm(dim=1), torch.ones(3))


def test_the_centre_loss_of_numbers_known_by_hand() -> None:
    config = RunConfig(head="CenterLoss", width=4, P=2)
    network = build_network(config, (1, 4, 4), 2)
    network.classifier.centers.data = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    z = torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    logits = torch.zeros(2, 2)
    push, pull = make_objective(config, network)(logits, z, torch.tensor([0, 1]))
    assert push.item() == pytest.approx(math.log(2))
    assert pull.item() == pytest.approx((4 + 9) / 2 / 2)


def test_a_penalty_of_one_s_own() -> None:
    config = RunConfig(penalty="custom:quartic", width=4)
    network = build_network(config, (1, 4, 4), 3)
    z = torch.tensor([[2.0, 1.0]])
    objective = make_objective(config, network, lambda z: z.pow(4).mean())
    assert objective(torch.zeros(1, 3), z, torch.tensor([0]))[1].item() == 8.5
    with pytest.raises(KitError, match="pass it along, penalty=FUNCTION"):
        make_objective(config, network)
    for bad in (lambda z: z.square(), lambda z: 3.0, lambda z: z.detach().sum()):
        with pytest.raises(KitError, match="must give a tensor with one number"):
            make_objective(config, network, bad)
