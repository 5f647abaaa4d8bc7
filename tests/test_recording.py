import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from binenc_kit import writing as writing_module
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.evaluation import evaluate
from binenc_kit.recording import Recording
from binenc_kit.training import train
from tests.conftest import peak_bytes, tiny_config, written


def test_a_recording_opens_while_it_is_written(tiny_data: Data, tmp_path: Path) -> None:
    writing = train(tiny_config(), tmp_path / "run", data=tiny_data)
    for done in (1, 2, 3):
        epoch = next(writing)
        run = Recording(tmp_path / "run")
        assert run.epochs == len(run.latents) == done
        assert np.array_equal(run.latents[-1], epoch.latents)
        assert run.finished == (done == 3)


def test_an_open_recording_sees_what_is_added(tiny_data: Data, tmp_path: Path) -> None:
    writing = train(tiny_config(), tmp_path / "run", data=tiny_data)
    next(writing)
    run = Recording(tmp_path / "run")
    next(writing)
    assert run.epochs == len(run.latents) == 2


def test_the_files_are_those_of_the_design_and_hold_no_pickle(tiny_run: Recording) -> None:
    names = {path.name for path in tiny_run.folder.iterdir()} - {".lock"}
    assert names == {"config.json", "metrics.jsonl", "latents.npy", "probe.npz", "checkpoint.pt", "finished"}
    plain = np.load(tiny_run.folder / "latents.npy", allow_pickle=False)  # any reader of .npy can open it
    assert plain.shape == (3, 12, 2)
    assert np.array_equal(plain, tiny_run.latents)
    assert isinstance(tiny_run.latents, np.memmap)
    assert not tiny_run.latents.flags.writeable
    assert set(torch.load(tiny_run.folder / "checkpoint.pt", weights_only=True)) == {"epoch", "network", "optimizer"}


def test_the_probe_is_a_stratified_part_of_the_train_split(tiny_run: Recording, tiny_data: Data) -> None:
    assert np.array_equal(tiny_run.labels, tiny_data.train[1].numpy()[tiny_run.indices])
    assert np.bincount(tiny_run.labels).tolist() == [4, 4, 4]
    assert len(set(tiny_run.indices)) == 12


def test_what_the_run_was_made_of_is_written_down(tiny_run: Recording) -> None:
    assert tiny_run.config == tiny_config()
    assert tiny_run.class_names == ("a", "b", "c")
    assert tiny_run.about["samples"] == {"train": 43, "val": 5, "test": 12}
    assert tiny_run.about["versions"]["torch"] == torch.__version__.split("+")[0]
    assert "tiny" in repr(tiny_run)


def test_a_half_written_line_is_not_an_epoch(tiny_run: Recording) -> None:
    with (tiny_run.folder / "metrics.jsonl").open("ab") as file:
        file.write(b'{"epoch": 4, "gam')
    assert Recording(tiny_run.folder).epochs == 3


# memory

FRAME = 2000 * 64 * 4  # bytes of an epoch as `written` makes it


def test_writing_holds_no_more_for_more_epochs(tmp_path: Path) -> None:
    few, many = (peak_bytes(lambda epochs=epochs: written(tmp_path / str(epochs), epochs)) for epochs in (10, 40))
    assert FRAME < few
    assert abs(many - few) < 2 * FRAME


def test_opening_a_recording_and_choosing_a_frame_reads_no_latents(tmp_path: Path) -> None:
    run = written(tmp_path / "run", 10)
    assert peak_bytes(lambda: run.latents[5]) < FRAME / 10
    assert isinstance(run.latents[5], np.memmap)
    assert peak_bytes(lambda: np.array(run.latents[5])) > FRAME  # which a copy would show


# damage


def truncate(path: Path, share: float = 0.6) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def replace_line(path: Path) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:10], lines[2]]) + "\n")


def object_array(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def flip_a_bit(path: Path) -> None:
    """In the middle of a tensor, where nothing but a checksum notices."""
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda info: info.file_size)
    content = bytearray(path.read_bytes())
    content[largest.header_offset + 200 + largest.file_size // 2] ^= 1
    path.write_bytes(content)


def read_everything(folder: Path) -> tuple:
    run = Recording(folder)
    return run.latents, run.labels, run.checkpoint()


@pytest.mark.parametrize(
    ("name", "spoil", "expected"),
    [
        ("latents.npy", truncate, r"latents\.npy is truncated, it holds [12] of 3 epochs"),
        ("latents.npy", lambda path: truncate(path, 0.02), r"latents\.npy is missing or damaged"),
        ("latents.npy", Path.unlink, r"latents\.npy is missing or damaged"),
        ("latents.npy", lambda path: np.save(path, np.zeros(5)), r"latents\.npy is missing or damaged"),
        ("latents.npy", object_array, r"latents\.npy is missing or damaged"),
        ("metrics.jsonl", replace_line, r"metrics\.jsonl is damaged in line 2"),
        ("config.json", truncate, r"config\.json is damaged"),
        ("config.json", lambda path: path.write_text("{}"), r"config\.json is damaged"),
        ("config.json", lambda path: path.write_text("[]"), r"config\.json is damaged"),
        ("config.json", Path.unlink, r"is not a recording"),
        ("probe.npz", truncate, r"probe\.npz is missing or damaged"),
        ("probe.npz", Path.unlink, r"probe\.npz is missing or damaged"),
        ("checkpoint.pt", truncate, r"checkpoint\.pt is not a checkpoint of this kit"),
        ("checkpoint.pt", Path.unlink, r"has no checkpoint yet"),
        ("checkpoint.pt", flip_a_bit, r"checkpoint\.pt is not a checkpoint of this kit.*"),
    ],
)
def test_damage_is_named_in_one_sentence(tiny_run: Recording, name: str, spoil, expected: str) -> None:
    spoil(tiny_run.folder / name)
    with pytest.raises(KitError, match=expected) as caught:
        read_everything(tiny_run.folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("finished", [True, False])
def test_a_damaged_run_is_not_trained_over(finished: bool, tiny_data: Data, tiny_run: Recording) -> None:
    truncate(tiny_run.folder / "latents.npy")
    if not finished:
        (tiny_run.folder / "finished").unlink()
    before = (tiny_run.folder / "metrics.jsonl").read_bytes()
    with pytest.raises(KitError, match="truncated"):
        list(train(tiny_config(), tiny_run.folder, data=tiny_data))
    assert (tiny_run.folder / "metrics.jsonl").read_bytes() == before


class Bomb:
    """Unpickled carelessly, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple:
        return (os.mkdir, (self.path,))


def test_a_checkpoint_that_is_a_pickle_bomb_is_refused_and_not_executed(
    tiny_data: Data, tiny_run: Recording, tmp_path: Path
) -> None:
    checkpoint, crater = tiny_run.folder / "checkpoint.pt", tmp_path / "crater"
    for plant in (
        lambda bomb: torch.save(bomb, checkpoint),
        lambda bomb: checkpoint.write_bytes(pickle.dumps(bomb, protocol=2)),
    ):
        plant({"epoch": 3, "network": Bomb(crater), "optimizer": None})
        with pytest.raises(KitError, match="was not loaded"):
            tiny_run.checkpoint()
        (tiny_run.folder / "finished").unlink(missing_ok=True)  # a finished run is not resumed, so not loaded either
        with pytest.raises(KitError, match="was not loaded"):
            list(train(tiny_config(), tiny_run.folder, data=tiny_data))
        assert not crater.exists()
    pickle.loads(checkpoint.read_bytes())
    assert crater.exists()  # the bomb was a live one


# one writer


def test_a_second_writer_is_kept_out(tiny_data: Data, tmp_path: Path) -> None:
    first = train(tiny_config(), tmp_path / "run", data=tiny_data)
    next(first)
    with pytest.raises(KitError, match="is being written already"):
        next(train(tiny_config(), tmp_path / "run", data=tiny_data))
    first.close()
    assert [epoch.index for epoch in train(tiny_config(), tmp_path / "run", data=tiny_data)] == [2, 3]


def test_a_folder_of_another_run_is_left_alone(tiny_data: Data, tiny_run: Recording) -> None:
    before = {path.name: path.read_bytes() for path in tiny_run.folder.iterdir()}
    with pytest.raises(KitError, match="holds a run of another configuration"):
        list(train(tiny_config(lr=0.5), tiny_run.folder, data=tiny_data))
    assert {path.name: path.read_bytes() for path in tiny_run.folder.iterdir()} == before


def test_what_a_killed_writer_left_is_cleared_away(tiny_data: Data, tmp_path: Path) -> None:
    writing = train(tiny_config(), tmp_path / "run", data=tiny_data)
    next(writing)
    writing.close()
    (tmp_path / "run" / ".checkpoint.pt.1.part").write_bytes(b"half")
    list(train(tiny_config(), tmp_path / "run", data=tiny_data))
    assert not list((tmp_path / "run").glob(".*.part"))


def test_whoever_has_the_latents_mapped_keeps_them_while_the_run_is_resumed(tiny_data: Data, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    writing = train(tiny_config(), folder, data=tiny_data)
    next(writing)
    first = (folder / "checkpoint.pt").read_bytes()
    next(writing)
    writing.close()
    (folder / "checkpoint.pt").write_bytes(first)  # as if killed before the second checkpoint
    mapped = Recording(folder).latents
    kept = mapped.copy()
    next(train(tiny_config(), folder, data=tiny_data))
    assert np.array_equal(mapped, kept)


@pytest.mark.parametrize("killed", [True, False])
def test_checkpoints_that_take_long_are_fewer_and_cost_no_bits(
    killed: bool, tiny_data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, folder = tiny_config(epochs=4), tmp_path / "run"
    list(train(config, tmp_path / "undisturbed", data=tiny_data))
    monkeypatch.setattr(writing_module, "CHEAP", 0)
    monkeypatch.setattr(writing_module, "SHARE", 1e-9)  # as if one took years
    epochs = train(config, folder, data=tiny_data)
    for _ in range(3):
        next(epochs)
    assert Recording(folder).epochs == 3
    assert Recording(folder).checkpoint()["epoch"] == 1
    if killed:
        shutil.copytree(folder, tmp_path / "left", ignore=lambda *_: [".lock"])
    epochs.close()  # who closes it loses nothing
    assert Recording(folder).checkpoint()["epoch"] == 3
    folder = tmp_path / "left" if killed else folder
    assert [epoch.index for epoch in train(config, folder, data=tiny_data)] == ([2, 3, 4] if killed else [4])
    ours, theirs = (Recording(path) for path in (folder, tmp_path / "undisturbed"))
    assert np.array_equal(ours.latents, theirs.latents)
    ours, theirs = ours.checkpoint()["network"], theirs.checkpoint()["network"]
    assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)


def test_a_checkpoint_is_due_when_it_is_cheap_or_long_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(writing_module.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(torch, "save", lambda state, file: now.append(now.pop() + state["takes"]))
    with writing_module.Writer(tmp_path / "run", tiny_config(), {}) as writer:
        assert writer.due()
        for took, later, due in ((0.04, 0.0, True), (1.0, 49.0, False), (1.0, 51.0, True)):
            writer.save({"epoch": 1, "takes": took})
            now[0] += later
            assert writer.due() == due


# disks


def open_up(tmp_path: Path) -> None:
    """Let others than root reach a test's folder."""
    for folder in (tmp_path, *tmp_path.parents):
        if os.geteuid() == 0 and folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)


@contextmanager
def nobody() -> Iterator[None]:
    """Root may write anywhere, so let go of it while a read-only folder is tried."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has other rights")
def test_a_read_only_folder_gets_one_sentence(tiny_data: Data, tmp_path: Path) -> None:
    open_up(tmp_path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with nobody(), pytest.raises(KitError, match=r"cannot write to .*closed.*(Permission denied|Read-only)"):
        list(train(tiny_config(), closed / "run", data=tiny_data))
    assert not list(closed.iterdir())


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has other rights")
def test_a_finished_run_can_be_used_from_a_read_only_folder(
    tiny_data: Data, tiny_run: Recording, tmp_path: Path
) -> None:
    open_up(tmp_path)
    tiny_run.folder.chmod(0o555)
    for path in tiny_run.folder.iterdir():
        path.chmod(0o444)
    with nobody():
        assert list(train(tiny_config(), tiny_run.folder, data=tiny_data)) == []
        assert evaluate(tiny_run, tiny_data)["epochs"] == 3
    assert tiny_run.results is None
    tiny_run.folder.chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_gets_one_sentence_and_loses_nothing(tiny_data: Data, tmp_path: Path) -> None:
    config = tiny_config()
    writing = train(config, tmp_path / "run", data=tiny_data)
    next(writing)
    metrics = tmp_path / "run" / "metrics.jsonl"
    kept = metrics.read_bytes()
    metrics.unlink()
    metrics.symlink_to("/dev/full")
    with pytest.raises(KitError, match=r"cannot write epoch 2 .*No space left on device.*what was complete is kept"):
        next(writing)
    metrics.unlink()
    metrics.write_bytes(kept)  # space has been made
    assert Recording(tmp_path / "run").epochs == 1
    assert [epoch.index for epoch in train(config, tmp_path / "run", data=tiny_data)] == [2, 3]
    list(train(config, tmp_path / "undisturbed", data=tiny_data))
    assert np.array_equal(Recording(tmp_path / "run").latents, Recording(tmp_path / "undisturbed").latents)


def test_a_checkpoint_that_finds_no_space_leaves_the_old_one(
    tiny_data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = train(tiny_config(), tmp_path / "run", data=tiny_data)
    next(writing)

    def fill_the_disk(_: object, file: object) -> None:
        file.write(b"half of it")
        raise RuntimeError("[enforce fail at inline_container.cc] . PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", fill_the_disk)
    with pytest.raises(KitError, match="cannot write the checkpoint of epoch 2"):
        next(writing)
    assert Recording(tmp_path / "run").checkpoint()["epoch"] == 1
    assert not list((tmp_path / "run").glob("*.part"))


def test_results_are_kept_as_json(tiny_run: Recording) -> None:
    assert tiny_run.results is None
    tiny_run.save_results({"accuracy": 0.5})
    assert Recording(tiny_run.folder).results == {"accuracy": 0.5}
    assert json.loads((tiny_run.folder / "results.json").read_text()) == {"accuracy": 0.5}
