from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_data
from binenc_kit.errors import KitError
from binenc_kit.machine import few_threads, seeded
from binenc_kit.many import Stack, _first, _order, _parts, train_many
from binenc_kit.networks import Network
from binenc_kit.objectives import PENALTIES
from binenc_kit.outputs import open_network, outputs
from binenc_kit.recording import Recording
from binenc_kit.rules import HEADS
from binenc_kit.schedules import gamma_at
from binenc_kit.steps import make_optimizer, train_epoch
from binenc_kit.training import train
from tests.conftest import tiny_config

pytestmark = pytest.mark.usefixtures("two_threads")  # with one, there would be one worker and nothing beside it


def one_by_one(config: RunConfig, data: Data, folder: Path) -> Network:
    """What `train` makes of a config."""
    folder = folder / config.name
    list(train(config, folder, data=data))
    return open_network(Recording(folder), data)[0]


def far(first: Network, second: Network) -> float:
    """The largest difference between two networks' weights and statistics."""
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return max((one.double() - other.double()).abs().max().item() for one, other in pairs)


def varied(config: RunConfig) -> list[RunConfig]:
    """Runs that differ in whatever a map may vary."""
    return [
        config,
        replace(config, seed=1, lr=1e-3, weight_decay=0.3),
        replace(config, head="LinPen"),
        replace(config, lr=1e-3, gamma_factor=3.0, P=5),
        replace(config, lr=3e-3, gamma_schedule="constant", gamma_start=7.0),
        replace(config, P=5),
        replace(config, batch_size=5, epochs=2),
        replace(config, width=6, head="NonlinPen", penalty="quadratic"),
        replace(config, head="NoPen"),
        replace(config, seed=2, penalty="exp_mean"),
        replace(config, seed=2, penalty="l1"),
    ]


def test_many_runs_are_what_train_makes_of_each_in_the_same_order(tiny_data: Data, tmp_path: Path) -> None:
    configs = varied(tiny_config())
    for config, network in zip(configs, train_many(configs, tiny_data, progress=False), strict=True):
        assert not network.training
        assert far(network, one_by_one(config, tiny_data, tmp_path)) < 1e-4, config


@pytest.mark.parametrize(("head", "tolerance"), [("LinPen", 1e-7), ("NoPen", 1e-7), ("BinEnc", 1e-5)])
def test_in_float64_only_the_rounding_of_a_penalty_in_float32_is_left(head: str, tolerance: float) -> None:
    data = load_data("digits", train_limit=300)
    data = replace(data, mean=data.mean.double(), std=data.std.double())
    base = RunConfig(data="digits", train_limit=300, epochs=3, width=32, head=head, lr=3e-3, device="cpu")
    configs = [base, replace(base, seed=1, weight_decay=0.3), replace(base, lr=1e-2, gamma_factor=2.0)]
    configs = [configs[run] for run in (1, 0, 2)]
    stacked, alone = ([_first(config, data).double() for config in configs] for _ in range(2))
    stack = Stack(configs, stacked, data.normalise(data.train[0]).flatten(1), data.train[1])
    with few_threads(base, 0):
        for epoch in (1, 2, 3):
            stack.epoch(epoch, {seed: _order(seed, epoch, data.train[1]) for seed in (0, 1)})
    stack.unstack()
    for config, network, other in zip(configs, stacked, alone, strict=True):
        _train_plainly(config, other, data)
        assert far(network, other) < tolerance, config
        assert far(network, _first(config, data)) > 1e-2


def _train_plainly(config: RunConfig, network: Network, data: Data) -> None:
    """The kit's loop with a cross-entropy that keeps float64."""

    def objective(logits: Tensor, z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        return F.cross_entropy(logits, labels), PENALTIES[config.resolved_penalty](z)

    optimizer = make_optimizer(config, network)
    for epoch in range(1, config.epochs + 1):
        with few_threads(config, 0), seeded(config.seed, epoch):
            train_epoch(config, data, network, optimizer, gamma_at(config, epoch), objective)


def test_digits_come_out_alike_and_every_measure_can_use_them(tmp_path: Path) -> None:
    """Outputs are compared: a pixel that is always black has gradients of rounding alone, which Adam makes large."""
    data = load_data("digits")
    base = RunConfig(epochs=2, lr=3e-4, device="cpu")
    configs = [base.with_head(head) for head in HEADS]
    for config, network in zip(configs, train_many(configs, data, progress=False), strict=True):
        ours, theirs = (outputs(one, data, "train") for one in (network, one_by_one(config, data, tmp_path)))
        assert abs(ours.logits - theirs.logits).max() < 0.01
        assert abs(ours.z - theirs.z).max() < 0.01
        assert (ours.predicted == theirs.predicted).mean() > 0.995
        assert (ours.predicted == ours.labels).mean() > 0.3


def test_company_changes_nothing(tiny_data: Data) -> None:
    config = tiny_config()
    alone = train_many([config], tiny_data, progress=False)[0]
    for others in (varied(config), [replace(config, seed=seed, lr=0.1 * seed) for seed in range(1, 30)]):
        assert far(train_many([*others, config], tiny_data, progress=False)[-1], alone) < 1e-5


def test_the_same_call_gives_the_same_bits_and_leaves_random_numbers_and_threads_alone(tiny_data: Data) -> None:
    torch.manual_seed(0)
    expected, threads = torch.randn(4), torch.get_num_threads()
    torch.manual_seed(0)
    configs = [tiny_config(seed=seed) for seed in range(14)]
    first, again = (train_many(configs, tiny_data, progress=False) for _ in range(2))
    assert all(far(one, other) == 0 for one, other in zip(first, again, strict=True))
    assert torch.equal(torch.randn(4), expected)
    assert torch.get_num_threads() == threads


def test_a_run_that_becomes_nan_stays_nan_and_spoils_no_other(tiny_data: Data, capsys: pytest.CaptureFixture) -> None:
    fine = [tiny_config(), tiny_config(seed=1), tiny_config(head="LinPen")]
    broken = tiny_config(lr=100, weight_decay=10)  # weights grow 1000-fold a step
    network, *others = train_many([broken, *fine], tiny_data)
    shown = capsys.readouterr().out
    assert "4 runs" in shown
    assert "1 became NaN" in shown
    assert not all(weight.isfinite().all() for weight in network.parameters())
    assert outputs(network, tiny_data, "train").z.shape == (43, 2)
    for one, other in zip(others, train_many(fine, tiny_data, progress=False), strict=True):
        assert far(one, other) < 1e-5


def test_gamma_zero_is_no_penalty(tiny_data: Data) -> None:
    without, free = train_many([tiny_config(gamma_start=0.0), tiny_config(head="LinPen")], tiny_data, progress=False)
    assert far(without, free) == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"backbone": "convnet"}, "cannot train backbone='convnet': allowed are 'mlp'; train_heads"),
        ({"backbone": "custom:mine"}, "cannot train backbone='custom:mine'"),
        ({"head": "HUG"}, "cannot train head='HUG'"),
        ({"penalty": "custom:mine"}, "cannot train penalty='custom:mine'"),
        ({"augment": True}, "cannot train augment=True"),
        ({"precision": "bfloat16"}, "cannot train precision='bfloat16'"),
        ({"optimizer": "sgd"}, "cannot train optimizer='sgd'"),
        ({"gamma_schedule": "custom:mine"}, "no gamma schedule of your own"),
        ({"lr_schedule": "cosine"}, "one learning rate for all weights and epochs"),
        ({"classifier_lr": 0.1}, "one learning rate for all weights and epochs"),
        ({"data": "digits"}, r"differ in data \('custom:tiny', 'digits'\)"),
        ({"train_limit": 20}, "differ in train_limit"),
        ({"data_seed": 1}, "differ in data_seed"),
        ({"P": 1}, "use P >= 2"),
    ],
)
def test_what_cannot_be_trained_together_is_refused(settings: dict, sentence: str, tiny_data: Data) -> None:
    with pytest.raises(KitError, match=sentence):
        train_many([tiny_config(), tiny_config(**settings)], tiny_data)


@pytest.mark.parametrize("configs", [[], tiny_config()])
def test_no_list_of_configs_is_refused(configs: object) -> None:
    with pytest.raises(KitError, match=r"no configs to train.*\[RunConfig\(\)\]"):
        train_many(configs)


SIZES = [(3, 2, [3]), (12, 2, [6, 6]), (48, 2, [24, 24]), (108, 2, [54, 54]), (260, 2, [43, 43, 44, 43, 43, 44])]


@pytest.mark.parametrize(("runs", "workers", "sizes"), SIZES)
def test_stacks_keep_every_worker_busy(runs: int, workers: int, sizes: list[int], tiny_data: Data) -> None:
    configs = [tiny_config(seed=seed, lr=0.1 / (1 + seed % 4)) for seed in range(runs)]
    parts = list(_parts(configs, [_first(configs[0], tiny_data)] * runs, workers))
    assert [len(part) for part in parts] == sizes
    assert sorted(run for part in parts for run in part) == list(range(runs))
    rates = [configs[run].lr for part in parts for run in part]
    assert rates == sorted(rates)
