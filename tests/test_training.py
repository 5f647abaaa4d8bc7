import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from binenc_kit.data import Data, load_config_data, make_data
from binenc_kit.errors import KitError
from binenc_kit.machine import few_threads, seeded
from binenc_kit.networks import build_network, predict
from binenc_kit.recording import Recording
from binenc_kit.rules import HEADS
from binenc_kit.schedules import gamma_at
from binenc_kit.steps import batch_sizes, batches
from binenc_kit.tables import results_table
from binenc_kit.training import train, train_heads, train_one
from tests.conftest import tiny_config, tiny_splits, write_pictures


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return Recording(folder).checkpoint()["network"]


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first | second)


def test_an_epoch_holds_what_the_recording_holds(tiny_data: Data, tmp_path: Path) -> None:
    epochs = list(train(tiny_config(), tmp_path / "run", data=tiny_data))
    run = Recording(tmp_path / "run")
    assert [epoch.index for epoch in epochs] == [1, 2, 3]
    assert run.finished
    for epoch, line, frame in zip(epochs, run.metrics, run.latents, strict=True):
        assert np.array_equal(epoch.latents, frame)
        assert line["epoch"] == epoch.index
        for name in ("gamma", "loss", "push", "pull", "probe_accuracy", "val_accuracy", "seconds"):
            assert line[name] == getattr(epoch, name)
        assert epoch.loss == pytest.approx(epoch.push + epoch.gamma * epoch.pull)
        assert epoch.gamma == gamma_at(run.config, epoch.index)
    assert epochs[-1].loss < epochs[0].loss
    assert epochs[0].latents.shape == (12, 2)


def test_the_loop_is_the_plain_one(tiny_data: Data, tmp_path: Path) -> None:
    """The same weights from a loop that anyone would write, but for the rounding of a fused step."""
    config = tiny_config(epochs=2, weight_decay=0.1)
    list(train(config, tmp_path / "run", data=tiny_data))
    with seeded(config.seed, 0):
        network = build_network(config, tiny_data.shape, 3)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=0.1, fused=True)
    images, labels = tiny_data.train
    with few_threads(config, 0):
        for epoch in (1, 2):
            network.train()
            with seeded(config.seed, epoch):
                order = torch.randperm(len(labels))
            for start in range(0, len(labels), config.batch_size):
                batch = order[start : start + config.batch_size]
                logits, z = network((images[batch].float() - tiny_data.mean) / tiny_data.std)
                loss = F.cross_entropy(logits, labels[batch]) + gamma_at(config, epoch) * (z**2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    for name, value in weights(tmp_path / "run").items():
        assert torch.allclose(value, network.state_dict()[name], atol=1e-6), name


def test_the_seed_alone_decides_the_weights(tiny_data: Data, tmp_path: Path) -> None:
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        for _ in train(tiny_config(seed=seed), tmp_path / name, data=tiny_data):
            torch.randn(7)  # whatever the caller draws in between changes nothing
    assert same(weights(tmp_path / "first"), weights(tmp_path / "again"))
    assert not same(weights(tmp_path / "first"), weights(tmp_path / "other"))
    assert np.array_equal(Recording(tmp_path / "first").latents, Recording(tmp_path / "again").latents)


@pytest.mark.usefixtures("two_threads")
def test_training_leaves_the_caller_s_random_numbers_and_threads_alone(tiny_data: Data, tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    list(train(tiny_config(augment=True), tmp_path / "run", data=tiny_data))
    assert torch.equal(torch.randn(4), expected)
    assert torch.get_num_threads() == threads


def test_stopped_and_started_again_it_ends_with_the_same_weights(tiny_data: Data, tmp_path: Path) -> None:
    config = tiny_config(augment=True, epochs=4)
    whole = [epoch.index for epoch in train(config, tmp_path / "whole", data=tiny_data)]
    pieces = []
    for _ in range(4):
        for epoch in train(config, tmp_path / "pieces", data=tiny_data):
            pieces.append(epoch.index)
            break
    assert pieces == whole == [1, 2, 3, 4]
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "pieces"))
    assert np.array_equal(Recording(tmp_path / "whole").latents, Recording(tmp_path / "pieces").latents)
    assert list(train(config, tmp_path / "pieces", data=tiny_data)) == []


def test_a_loss_that_is_not_finite_names_epoch_gamma_and_lr_and_keeps_the_rest(tiny_data: Data, tmp_path: Path) -> None:
    class Breaks(nn.Module):
        """Features that become NaN in the third epoch of training: 42 samples make 6 batches of 8."""

        def __init__(self) -> None:
            super().__init__()
            self.flat, self.count = nn.Flatten(), 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.count += self.training
            return self.flat(x) * (float("nan") if self.count > 12 else 1.0)

    config = tiny_config(backbone="custom:breaks", epochs=5, gamma_start=2, gamma_factor=3)
    with pytest.raises(
        KitError, match=r"nan in epoch 3 \(gamma 18, lr 0.002, the classifier's 0.002\).*2 epochs before it are kept"
    ):
        list(train(config, tmp_path / "run", data=tiny_data, backbone=Breaks))
    run = Recording(tmp_path / "run")
    assert run.epochs == 2
    assert not run.finished
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "run").values())


def test_a_gpu_that_is_not_there_is_refused_before_anything_is_written(tiny_data: Data, tmp_path: Path) -> None:
    absent = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(KitError, match=f"device='{absent}' was asked for, but this machine has none"):
        train(tiny_config(device=absent), tmp_path / "run", data=tiny_data)
    assert not (tmp_path / "run").exists()


def test_too_few_dimensions_are_refused_before_anything_is_written(tiny_data: Data, tmp_path: Path) -> None:
    with pytest.raises(KitError, match="use P >= 2"):
        train(tiny_config(P=1), tmp_path / "run", data=tiny_data)
    assert not (tmp_path / "run").exists()


def test_data_of_one_s_own_must_be_passed_along(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="pass it along"):
        train(tiny_config(), tmp_path / "run")


def test_bfloat16_trains_and_keeps_the_head_in_float32(tiny_data: Data, tmp_path: Path) -> None:
    epochs = list(train(tiny_config(precision="bfloat16"), tmp_path / "run", data=tiny_data))
    assert epochs[-1].loss < epochs[0].loss
    assert epochs[-1].latents.dtype == np.float32
    assert all(value.dtype != torch.bfloat16 for value in weights(tmp_path / "run").values())


def test_every_head_trains_and_the_four_are_the_default(tiny_data: Data, tmp_path: Path) -> None:
    runs = train_heads(tiny_config(), folder=tmp_path, data=tiny_data, progress=False)
    assert tuple(runs) == HEADS
    assert all(run.finished and run.config.head == head for head, run in runs.items())
    assert runs["BinEnc"].metrics[0]["pull"] > 0 == runs["LinPen"].metrics[0]["pull"]
    fifth = train_heads(tiny_config(), ["NonlinPen+quadratic"], tmp_path, data=tiny_data, progress=False)
    assert fifth["NonlinPen+quadratic"].metrics[0]["pull"] > 0


def test_an_unknown_head_stops_before_the_first_one_is_trained(tiny_data: Data, tmp_path: Path) -> None:
    with pytest.raises(KitError, match="did you mean LinPen"):
        train_heads(tiny_config(), ["BinEnc", "LinPenn"], tmp_path / "runs", data=tiny_data)
    assert not (tmp_path / "runs").exists()


def test_the_progress_bar_is_plain_text(tiny_data: Data, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    train_one(tiny_config(), tmp_path, data=tiny_data)
    shown = capsys.readouterr().out
    assert "BinEnc" in shown
    assert "3/3" in shown
    assert "val" in shown


def test_the_progress_bar_does_not_print_every_epoch(
    tiny_data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Who reads only at the end of a cell, as nbval does, must not lose prints among a thousand others."""
    monkeypatch.setattr("binenc_kit.epochs.tqdm", partial(tqdm, mininterval=3600))
    train_one(tiny_config(epochs=9), tmp_path, data=tiny_data)
    shown = capsys.readouterr().out
    assert not re.search("[1-8]/9", shown)
    assert "9/9" in shown


def test_wide_latents_without_a_penalty_are_recorded_in_half_the_bytes(tiny_data: Data, tmp_path: Path) -> None:
    wide = tiny_config(head="NoPen", width=65)
    list(train(wide, tmp_path / "wide", data=tiny_data))
    list(train(replace(wide, penalty="quadratic"), tmp_path / "pulled", data=tiny_data))
    assert Recording(tmp_path / "wide").latents.dtype == np.float16
    assert Recording(tmp_path / "pulled").latents.dtype == np.float32


@pytest.mark.parametrize(("n", "size", "sizes"), [(9, 4, [4, 5]), (8, 4, [4, 4]), (10, 4, [4, 4, 2]), (1, 4, [1])])
def test_a_last_batch_of_one_joins_its_neighbour(n: int, size: int, sizes: list[int]) -> None:
    assert batch_sizes(n, size) == sizes


@pytest.mark.parametrize("batch_size", [2, 3, 5, 7, 42, 43, 100])
def test_every_picture_is_in_one_batch_with_its_label(batch_size: int, tiny_data: Data) -> None:
    found = list(batches(tiny_config(batch_size=batch_size), tiny_data))
    assert [len(truth) for _, truth in found] == batch_sizes(43, batch_size)
    assert all(len(truth) > 1 for _, truth in found)
    seen = {
        (image.numpy().tobytes(), int(label))
        for images, truth in found
        for image, label in zip(images, truth, strict=True)
    }
    images, labels = tiny_data.normalise(tiny_data.train[0]), tiny_data.train[1]
    assert seen == {(image.numpy().tobytes(), int(label)) for image, label in zip(images, labels, strict=True)}


def test_predictions_do_not_depend_on_their_batches(tiny_data: Data) -> None:
    network = build_network(tiny_config(), tiny_data.shape, 3).train()
    whole = predict(network, tiny_data, tiny_data.train[0])
    parts = predict(network, tiny_data, tiny_data.train[0], batch_size=5)
    for first, second in zip(whole, parts, strict=True):
        assert torch.allclose(first, second, atol=1e-6)
    assert network.training


def test_two_classes_make_one_bit(tmp_path: Path) -> None:
    data = make_data(tiny_splits(classes=2), "ab")
    list(train(tiny_config(), tmp_path / "run", data=data))
    assert Recording(tmp_path / "run").latents.shape == (3, 12, 1)


@pytest.mark.parametrize("change", [{"data": "digits"}, {"train_limit": 10}, {"data_seed": 3}])
def test_data_that_the_config_does_not_ask_for_are_refused(change: dict, tiny_data: Data, tmp_path: Path) -> None:
    with pytest.raises(KitError, match="'tiny' with None and 0 came along"):
        train(tiny_config(**change), tmp_path / "run", data=tiny_data)


@pytest.mark.parametrize("spelling", ["folder:{}", "folder:{}/", "folder:{}/.", "folder:{}/../link"])
def test_a_folder_may_be_spelt_in_any_way(spelling: str, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets", {"train": {"cat": 20, "dog": 20}})
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    config = tiny_config(data=spelling.format(folder), epochs=1)
    runs = train_heads(config, ["BinEnc", "LinPen"], tmp_path / "runs", progress=False)
    assert results_table(runs)["data"].tolist() == ["pets", "pets"]


def test_a_relative_folder_may_lie_here_or_in_the_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pictures(tmp_path / "house" / "pets", {"train": {"cat": 20, "dog": 20}})
    write_pictures(tmp_path / "here" / "birds", {"train": {"owl": 20, "jay": 20}})
    monkeypatch.chdir(tmp_path / "here")
    for name in ("pets", "birds"):
        assert load_config_data(tiny_config(data=f"folder:{name}")).name == name


@pytest.mark.parametrize("size", [1, 2, 3, 40, 42, 43, 10_000])
def test_any_probe_size_will_do(size: int, tiny_data: Data, tmp_path: Path) -> None:
    list(train(tiny_config(probe_size=size, epochs=1), tmp_path / "run", data=tiny_data))
    assert len(Recording(tmp_path / "run").labels) == min(size, 43)


@pytest.mark.parametrize("heads", ["BinEnc", []])
def test_heads_must_be_a_list(heads: object, tiny_data: Data, tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"heads is .* needs a list"):
        train_heads(tiny_config(), heads, tmp_path, data=tiny_data)


def test_cudnn_stays_as_it_was_for_the_caller_and_on_for_us(tiny_data: Data, tmp_path: Path) -> None:
    seen = []

    class Looks(nn.Flatten):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                seen.append((torch.backends.cudnn.enabled, torch.backends.cudnn.deterministic))
            return super().forward(x)

    before = (torch.backends.cudnn.enabled, torch.backends.cudnn.deterministic)
    for _ in train(tiny_config(backbone="custom:looks"), tmp_path / "run", data=tiny_data, backbone=Looks):
        assert (torch.backends.cudnn.enabled, torch.backends.cudnn.deterministic) == before
    assert set(seen) == {(before[0], True)}


def test_features_beyond_half_precision_are_recorded_as_its_end(tiny_data: Data, tmp_path: Path) -> None:
    class Large(nn.Flatten):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x).repeat(1, 5) * 1e6

    config = tiny_config(backbone="custom:large", head="NoPen", epochs=1, lr=1e-9)
    list(train(config, tmp_path / "run", data=tiny_data, backbone=Large))
    latents = Recording(tmp_path / "run").latents
    assert latents.dtype == np.float16
    assert np.abs(latents).max() == 65504


def test_a_run_is_not_resumed_on_other_data_or_another_backbone(tiny_data: Data, tmp_path: Path) -> None:
    config = tiny_config(backbone="custom:mine")
    for _ in train(config, tmp_path / "run", data=tiny_data, backbone=nn.Flatten()):
        break
    with pytest.raises(KitError, match="do not fit the network"):
        next(train(config, tmp_path / "run", data=tiny_data, backbone=nn.Conv2d(1, 2, 3)))
    negative = make_data({"train": (255 - tiny_splits()["train"][0], tiny_splits()["train"][1])}, "abc", name="tiny")
    with pytest.raises(KitError, match="holds a run on other train pictures"):  # the labels are the same
        next(train(config, tmp_path / "run", data=negative, backbone=nn.Flatten()))


def test_exhausted_memory_gets_one_sentence(tiny_data: Data, tmp_path: Path) -> None:
    class Greedy(nn.Flatten):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 1000 GiB")
            return super().forward(x)

    config = tiny_config(backbone="custom:greedy")
    with pytest.raises(KitError, match="batch_size=8 does not fit into the memory of cpu: lower batch_size"):
        next(train(config, tmp_path / "run", data=tiny_data, backbone=Greedy))


def test_an_interrupt_frees_the_run(tiny_data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("binenc_kit.epochs.tqdm.set_postfix_str", interrupt)
        with pytest.raises(KeyboardInterrupt) as kept:  # the traceback stays alive, as it does in a notebook
            train_one(tiny_config(), tmp_path, data=tiny_data)
    assert kept.tb
    assert train_one(tiny_config(), tmp_path, data=tiny_data, progress=False).finished


def test_resuming_with_other_versions_warns(tiny_data: Data, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for _ in train(tiny_config(), folder, data=tiny_data):
        break
    described = folder / "config.json"
    described.write_text(described.read_text().replace(torch.__version__.split("+")[0], "1.0"))
    with pytest.warns(UserWarning, match="begun with other versions: its last bits may differ"):
        list(train(tiny_config(), folder, data=tiny_data))
