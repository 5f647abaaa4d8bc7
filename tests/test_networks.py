import pytest
import torch
import torchvision
from torch import nn

from binenc_kit.backbones import resnet18, resnet50
from binenc_kit.config import RunConfig
from binenc_kit.errors import KitError
from binenc_kit.heads import fewest_bits
from binenc_kit.networks import build_network
from binenc_kit.rules import BACKBONES, HEADS

SHAPE = (3, 16, 16)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("head", [*HEADS, "NonlinPen+quadratic"])
def test_every_backbone_takes_every_head(backbone: str, head: str) -> None:
    network = build_network(RunConfig(backbone=backbone, width=4).with_head(head), SHAPE, 10).eval()
    logits, z = network(torch.randn(5, *SHAPE))
    assert logits.shape == (5, 10)
    assert z.shape == (5, network.classifier.in_features)
    assert z.shape[1] == 4 if head != "NoPen" else z.shape[1] >= 4


def test_the_heads_are_what_the_paper_says() -> None:
    build = {head: build_network(RunConfig(head=head, width=8), SHAPE, 10) for head in HEADS}
    assert isinstance(build["BinEnc"].penultimate, nn.Linear)
    assert isinstance(build["LinPen"].penultimate, nn.Linear)
    assert [type(layer) for layer in build["NonlinPen"].penultimate] == [nn.Linear, nn.SiLU]
    assert isinstance(build["NoPen"].penultimate, nn.Identity)
    assert all(network.classifier.bias is not None for network in build.values())


@pytest.mark.parametrize(("classes", "bits"), [(2, 1), (3, 2), (4, 2), (5, 3), (10, 4), (16, 4), (17, 5), (100, 7)])
def test_the_fewest_bits(classes: int, bits: int) -> None:
    assert fewest_bits(classes) == bits
    assert build_network(RunConfig(width=4), SHAPE, classes).classifier.in_features == bits


def test_too_few_dimensions_are_refused_unless_asked_for() -> None:
    with pytest.raises(KitError, match="3 bits make only 8 codes for 10 classes: use P >= 4"):
        build_network(RunConfig(P=3, width=4), SHAPE, 10)
    assert build_network(RunConfig(P=3, width=4, allow_small_P=True), SHAPE, 10).classifier.in_features == 3
    assert build_network(RunConfig(P=3, width=4, head="NoPen"), SHAPE, 10)


@pytest.mark.parametrize(("make", "reference"), [(resnet18, "resnet18"), (resnet50, "resnet50")])
def test_the_resnets_are_torchvision_s_with_another_stem_and_silu(make, reference: str) -> None:
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, reference)()
    theirs.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    theirs.maxpool = theirs.fc = nn.Identity()
    for module in theirs.modules():
        if hasattr(module, "relu"):
            module.relu = nn.SiLU()
    ours = make((3, 32, 32), width=64)
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(ours.eval()(images), theirs.eval()(images), atol=1e-5)


def test_the_head_stays_in_float32_under_autocast() -> None:
    network = build_network(RunConfig(backbone="convnet", width=4), SHAPE, 10)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network.backbone(torch.randn(2, *SHAPE)).dtype == torch.bfloat16
        logits, z = network(torch.randn(2, *SHAPE))
    assert logits.dtype == z.dtype == torch.float32


def test_a_module_of_one_s_own_is_copied_and_a_function_is_called() -> None:
    mine = nn.Sequential(nn.Flatten(), nn.Linear(768, 5), nn.Dropout(0.5))
    config = RunConfig(backbone="custom:mine")
    network = build_network(config, SHAPE, 10, mine)
    assert network.penultimate.in_features == 5
    assert network.backbone is not mine
    assert network.backbone.training
    assert build_network(config, SHAPE, 10, lambda: nn.Conv2d(3, 2, 3, padding=1)).penultimate.in_features == 512


@pytest.mark.parametrize(
    ("backbone", "module", "expected"),
    [
        ("custom:mine", None, "needs its module"),
        ("custom:mine", 5, "needs its module"),
        ("custom:mine", lambda: 5, "needs its module"),
        ("mlp", nn.Flatten(), "custom:mine"),
        ("custom:mine", nn.Linear(3, 2), "cannot turn pictures of shape"),
        ("custom:mine", nn.Flatten(0), "cannot turn pictures of shape"),
    ],
)
def test_a_backbone_that_cannot_be_used_gets_one_sentence(backbone: str, module: object, expected: str) -> None:
    with pytest.raises(KitError, match=expected):
        build_network(RunConfig(backbone=backbone), SHAPE, 10, module)


def test_asking_for_the_features_leaves_the_batch_statistics_alone() -> None:
    mine = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(768))
    network = build_network(RunConfig(backbone="custom:mine"), SHAPE, 10, mine)
    assert network.backbone[1].num_batches_tracked == 0
