import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import traitlets
from PIL import Image

import binenc_kit as bk
from binenc_kit.data import Data, make_data
from binenc_kit.display import to_png
from binenc_kit.errors import KitError
from binenc_kit.measures.binarity import code_agreement
from binenc_kit.recording import Recording, read_header
from binenc_kit.training import train
from binenc_kit.widgets import CodeExplorer, EpochScrubber
from tests.conftest import peak_bytes, tiny_config, tiny_splits, written
from tests.test_frames import unpack

PAGE = (Path(__file__).parents[1] / "docs" / "any-training.md").read_text()


def growing(epochs: int = 5, samples: int = 40, P: int = 4, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Latents that settle on their class's vertex, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(samples) % classes
    corners = np.where((np.arange(classes)[:, None] >> np.arange(P)) & 1, 1.0, -1.0)[labels]
    noise = rng.normal(size=(samples, P))
    return np.stack([corners * t + noise * (epochs - t) for t in range(1, epochs + 1)]), labels


def test_a_recording_is_sent_whole(tiny_run: Recording, tiny_data: Data) -> None:
    scrubber = EpochScrubber(tiny_run, pictures=tiny_data)
    (head,) = scrubber.content["heads"]
    values = unpack(head["latents"], tuple(head["shape"]))
    assert np.array_equal(values > 0, tiny_run.latents > 0)
    assert head["labels"] == tiny_run.labels.tolist()
    assert head["epochs"] == [1, 2, 3]
    assert head["title"] == "BinEnc"
    assert list(head["curves"]) == ["gamma", "accuracy (validation)", "code agreement", "Sigma_W"]
    assert head["curves"]["code agreement"][1] == code_agreement(tiny_run.latents[1], tiny_run.labels)
    assert scrubber.content["names"] == ["a", "b", "c"]
    assert scrubber.epoch == 1


def test_each_sample_finds_its_own_picture(tiny_run: Recording, tiny_data: Data) -> None:
    scrubber = EpochScrubber(tiny_run, pictures=tiny_data)
    sheet, (head,) = scrubber.content["sheet"], scrubber.content["heads"]
    image = np.asarray(Image.open(io.BytesIO(sheet["data"])))
    for sample, place in enumerate(head["pictures"]):
        row, column = divmod(place, sheet["columns"])
        tile = image[row * 4 : row * 4 + 4, column * 4 : column * 4 + 4]
        assert np.array_equal(tile, tiny_data.train[0][tiny_run.indices[sample], 0].numpy())


def test_two_heads_share_pictures_names_and_a_slider(tiny_run: Recording, tiny_data: Data, tmp_path: Path) -> None:
    list(train(tiny_config(head="LinPen", epochs=2), tmp_path / "other", data=tiny_data))
    other = Recording(tmp_path / "other")
    scrubber = EpochScrubber(tiny_run, other, pictures=tiny_data.train[0])
    assert [head["title"] for head in scrubber.content["heads"]] == ["BinEnc", "LinPen"]
    assert [head["epochs"] for head in scrubber.content["heads"]] == [[1, 2, 3], [1, 2]]
    assert scrubber.content["heads"][0]["pictures"] == scrubber.content["heads"][1]["pictures"]
    again = EpochScrubber(tiny_run, tiny_run)
    assert [head["title"] for head in again.content["heads"]] == ["1: BinEnc, seed 0", "2: BinEnc, seed 0"]


def test_the_epoch_goes_to_the_nearest_one_there_is() -> None:
    latents, labels = growing(epochs=50)
    scrubber = EpochScrubber(latents, labels=labels, frames=6)
    assert scrubber.content["heads"][0]["epochs"] == [1, 11, 21, 30, 40, 50]
    for asked, got in [(999, 50), (-3, 1), (24, 21), (30, 30)]:
        scrubber.epoch = asked
        assert scrubber.epoch == got
    with pytest.raises(traitlets.TraitError):
        scrubber.epoch = "last"


def test_a_recording_that_is_being_written_shows_what_is_there(tiny_data: Data, tmp_path: Path) -> None:
    epochs = train(tiny_config(epochs=4), tmp_path / "run", data=tiny_data)
    next(epochs)
    next(epochs)
    scrubber = EpochScrubber(Recording(tmp_path / "run"))
    assert scrubber.content["heads"][0]["epochs"] == [1, 2]
    scrubber.epoch = 2
    list(epochs)
    scrubber.refresh()
    assert scrubber.content["heads"][0]["epochs"] == [1, 2, 3, 4]
    assert scrubber.epoch == 2


def test_scrubbing_holds_one_frame_at_a_time(tmp_path: Path) -> None:
    frame = 2000 * 64 * 4
    runs = [written(tmp_path / str(epochs), epochs) for epochs in (10, 40)]
    for heads in ([(run, {}) for run in runs], [(run.latents, {"labels": run.labels}) for run in runs]):
        few, many = (
            peak_bytes(lambda head=head, told=told: EpochScrubber(head, **told, points=10)) for head, told in heads
        )
        assert frame < few
        assert abs(many - few) < 2 * frame


def test_scrubbing_reads_only_the_probe_and_a_step_nothing(tiny_run: Recording, tmp_path: Path) -> None:
    """Which files are opened, in an interpreter of its own: a hook that sees them can never be taken off again."""
    code = f"""
import shutil, sys
opened = []
sys.addaudithook(lambda event, told: opened.append(str(told[0])) if event == "open" else None)
import binenc_kit as bk
folder = {str(tiny_run.folder)!r}
scrubber = bk.EpochScrubber(bk.Recording(folder))
found = {{path.removeprefix(folder)[1:] for path in opened if path.startswith({str(tmp_path)!r})}}
assert found == {{"config.json", "metrics.jsonl", "latents.npy", "probe.npz"}}, found
shutil.rmtree(folder)
opened.clear()
scrubber.epoch = 3
assert scrubber.epoch == 3
assert "Epoch scrubber" in scrubber.to_html()
assert not [path for path in opened if path.startswith({str(tmp_path)!r})], opened
"""
    (tiny_run.folder / "checkpoint.pt").unlink()
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_scrubbing_reads_does_not_grow_with_the_train_pictures(tiny_run: Recording, tmp_path: Path) -> None:
    data = make_data(tiny_splits(each=200), ["a", "b", "c"], name="tiny")
    assert len(data.train[1]) > 5 * tiny_run.about["samples"]["train"]
    list(train(tiny_config(), tmp_path / "more", data=data))
    for name in ("latents.npy", "probe.npz"):
        assert (tmp_path / "more" / name).stat().st_size == (tiny_run.folder / name).stat().st_size


def test_a_recording_without_an_epoch_says_so(tiny_run: Recording, tmp_path: Path) -> None:
    (tiny_run.folder / "metrics.jsonl").write_text("")
    with pytest.raises(KitError, match="has no complete epoch yet"):
        EpochScrubber(tiny_run)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_recording_that_broke_down_is_shown_up_to_there(tiny_run: Recording, wrong: float) -> None:
    spoil(tiny_run, 3, wrong)
    scrubber = EpochScrubber(tiny_run)
    (head,) = scrubber.content["heads"]
    assert head["epochs"] == [1, 2]
    assert head["shape"][0] == len(head["curves"]["gamma"]) == len(head["curves"]["Sigma_W"]) == 2
    assert head["note"] == "latents are NaN or infinite from epoch 3 on"
    assert "at epoch 2" in scrubber.still().get_label()
    spoil(tiny_run, 1, wrong)
    with pytest.raises(KitError, match="NaN or infinite from epoch 1 on: train with a smaller rate"):
        EpochScrubber(tiny_run)


def spoil(run: Recording, epoch: int, wrong: float) -> None:
    """Write one wrong number into a run's latents after an epoch."""
    shape, dtype, offset = read_header(run.folder / "latents.npy")
    np.memmap(run.folder / "latents.npy", dtype, "r+", offset, shape)[epoch - 1, 0, 0] = wrong


def test_a_recording_that_does_not_say_what_it_was_made_of_has_pictures(tiny_run: Recording, tiny_data: Data) -> None:
    whole = EpochScrubber(tiny_run, pictures=tiny_data).content
    del tiny_run.about["fingerprint"]
    assert EpochScrubber(tiny_run, pictures=tiny_data).content == whole
    assert CodeExplorer(tiny_run, pictures=tiny_data).content["sheet"]
    Z, Y = growing()
    with pytest.raises(KitError, match="not with both at once"):
        EpochScrubber(tiny_run, Z, labels=Y, class_names=["a", "b", "c"], pictures=tiny_data)
    places = Z[:, : len(tiny_run.labels)], tiny_run.labels
    tiny_run.indices[:] = np.arange(len(tiny_run.labels))  # alike by number alone
    assert not EpochScrubber(tiny_run, places[0], labels=places[1], class_names="a b c".split()).content["aligned"]


def test_a_sample_has_the_same_number_here_and_in_the_explorer(tiny_run: Recording) -> None:
    latents, labels = growing(samples=40)
    own = EpochScrubber(latents, labels=labels, points=10).content["heads"][0]
    recorded = EpochScrubber(tiny_run, points=5).content["heads"][0]
    explored = CodeExplorer(tiny_run, points=5).content
    for head, z, y in ((own, latents, labels), (recorded, tiny_run.latents, tiny_run.labels)):
        assert len(head["samples"]) == head["shape"][1] < head["of"]
        assert head["labels"] == y[head["samples"]].tolist()
        last = unpack(head["latents"], tuple(head["shape"]))[-1]
        assert np.array_equal(last > 0, z[-1][head["samples"]] > 0)
    assert sorted(np.frombuffer(explored["numbers"], "<u4")) == recorded["samples"]
    assert EpochScrubber(tiny_run).content["heads"][0]["samples"] == list(range(len(tiny_run.labels)))


def test_what_is_told_of_arrays_alone_is_refused_beside_recordings_alone(tiny_run: Recording) -> None:
    latents, labels = growing()
    for told in ({"labels": labels}, {"class_names": ["a"]}, {"curves": {"loss": [1]}}):
        with pytest.raises(KitError, match=f"a recording brings its .*: leave {next(iter(told))} out"):
            EpochScrubber(tiny_run, tiny_run, **told)
    told = {"labels": labels, "class_names": ["a", "b", "c"], "curves": {"loss": [5, 4, 3, 2, 1]}}
    recorded, own = EpochScrubber(tiny_run, latents, **told).content["heads"]
    assert "loss" in own["curves"]
    assert "loss" not in recorded["curves"]


def test_curves_of_ones_own_are_never_replaced() -> None:
    latents, labels = growing()
    own = pd.DataFrame({"Sigma_W": range(5), "code agreement": [10, 20, 30, 40, 50], 3: [1, 2, None, 4, 5]})
    content = EpochScrubber(latents, labels=labels, curves=own).content
    curves = content["heads"][0]["curves"]
    assert list(curves) == ["Sigma_W", "code agreement", "3"]
    assert curves["Sigma_W"] == [0, 1, 2, 3, 4]
    assert curves["code agreement"] == [10, 20, 30, 40, 50]


def test_a_share_is_one_by_its_name_and_by_its_values() -> None:
    latents, labels = growing()
    given = {"test accuracy": [0.1, 0.2, np.nan, 0.5, 1.0], "train accuracy": [10, 20, 30, 40, 50], "loss": [0.5] * 5}
    panels = EpochScrubber(latents, labels=labels, curves=given).content["panels"]
    shares = {panel["name"]: panel["share"] for panel in panels}
    assert shares == {
        "test accuracy": True, "train accuracy": False, "loss": False, "code agreement": True, "Sigma_W": False
    }  # fmt: skip


def test_where_the_reader_first_stands_is_told_for_planes_too() -> None:
    latents, labels = growing()
    turned = EpochScrubber(latents, labels=labels).content["orientations"]
    assert turned.keys() == {"3", "4", "plane"}
    assert turned["plane"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_names_may_come_one_after_the_other_and_tensors_with_gradients() -> None:
    latents, labels = growing()
    tensors = [torch.tensor(frame, dtype=torch.bfloat16, requires_grad=True) for frame in latents]
    scrubber = EpochScrubber(
        tensors, latents, labels=torch.tensor(labels), class_names=(name for name in "abc"),
        titles=(name for name in "xy"),
    )  # fmt: skip
    assert scrubber.content["names"] == ["a", "b", "c"]
    assert [head["title"] for head in scrubber.content["heads"]] == ["x", "y"]
    scrubber.refresh()
    assert scrubber.content["names"] == ["a", "b", "c"]


def test_plain_arrays_have_their_measures_and_curves_of_their_own() -> None:
    latents, labels = growing()
    scrubber = EpochScrubber(latents, labels=np.array(["cat", "dog", "eel"])[labels], curves={"loss": [5, 4, 3, 2, 1]})
    (head,) = scrubber.content["heads"]
    assert scrubber.content["names"] == ["cat", "dog", "eel"]
    assert head["curves"]["loss"] == [5.0, 4.0, 3.0, 2.0, 1.0]
    assert head["curves"]["code agreement"][-1] == 1.0
    assert {panel["name"]: panel["log"] for panel in scrubber.content["panels"]}["Sigma_W"]


def test_large_latents_are_thinned_to_what_a_browser_holds() -> None:
    latents, labels = growing(epochs=100, samples=3000, P=128)
    head = EpochScrubber(latents.astype(np.float16), labels=labels).content["heads"][0]
    frames, samples, P = head["shape"]
    assert (frames, P, head["of"]) == (100, 128, 3000)
    assert 1000 < samples <= 1250
    assert frames * samples * P * 2 <= 32e6


@pytest.mark.parametrize(("samples", "P", "classes"), [(1, 4, 1), (2, 1, 2), (1000, 64, 1000), (30, 3, 3), (30, 2, 3)])
def test_odd_shapes_are_shown(samples: int, P: int, classes: int) -> None:
    latents, labels = growing(epochs=3, samples=samples, P=P, classes=classes)
    scrubber = EpochScrubber(latents, labels=labels)
    assert len(scrubber.content["names"]) == classes
    assert scrubber.still().get_label()
    assert len(scrubber.to_html()) > 10_000


def bad(sentence: str, *heads: object, **told: object) -> object:
    return pytest.param(heads, told, sentence, id=sentence)


Z, Y = growing()


@pytest.mark.parametrize(
    ("heads", "told", "sentence"),
    [
        bad("0 heads"),
        bad("1 to 4", *[Z] * 5, labels=Y),
        bad("there are no labels", Z),
        bad("labels of shape", Z, labels=Y[:-1]),
        bad("no epochs", Z[:0], labels=Y),
        bad("no epochs to show yet", []),
        bad("titles is 3, but must be a list of names, one a head", Z, labels=Y, titles=3),
        bad("titles is the text 'ab'", Z, Z, labels=Y, titles="ab"),
        bad("class_names is 3", Z, labels=Y, class_names=3),
        bad("curves is of type ndarray", Z, labels=Y, curves=np.zeros(5)),
        bad("0 pictures for 40 samples", Z, labels=Y, pictures=torch.nn.Linear(1, 1)),
        bad("NaN or infinity in frame 3", np.where(np.arange(5)[:, None, None] == 2, np.nan, Z), labels=Y),
        bad("2 titles for 1 heads", Z, labels=Y, titles=["a", "b"]),
        bad("has 2 values for 5 epochs", Z, labels=Y, curves={"loss": [1, 2]}),
        bad("different classes", Z, "run", labels=Y),
        bad("points is 0", Z, labels=Y, points=0),
        bad("frames is 1", Z, labels=Y, frames=1),
        bad("3 pictures for 40 samples", Z, labels=Y, pictures=np.zeros((3, 4, 4), np.uint8)),
        bad("not with both", Z, "run", labels=Y, class_names="abc"[:3], pictures=np.zeros((40, 4, 4), np.uint8)),
    ],
)
def test_bad_input_gets_one_sentence(heads: tuple, told: dict, sentence: str, tiny_run: Recording) -> None:
    heads = [tiny_run if isinstance(head, str) else head for head in heads]
    if isinstance(told.get("class_names"), str):
        told = told | {"class_names": list(told["class_names"])}
    with pytest.raises(KitError, match=re.escape(sentence)):
        EpochScrubber(*heads, **told)


def test_the_page_is_one_file(tiny_run: Recording, tmp_path: Path) -> None:
    scrubber = EpochScrubber(tiny_run)
    page = scrubber.to_html(tmp_path / "deep" / "page.html")
    assert (tmp_path / "deep" / "page.html").read_text() == page
    assert set(re.findall(r"https?://[^\"'\s)]+", page)) <= {"http://www.w3.org/2000/svg"}
    with pytest.raises(KitError, match="cannot write"):
        scrubber.to_html("/proc/nowhere/page.html")
    for path in (3, "", b"page.html"):
        with pytest.raises(KitError, match="must be that of a file"):
            scrubber.to_html(path)


def test_a_value_takes_at_most_two_bytes() -> None:
    labels = np.arange(1000) % 10
    noise = np.random.default_rng(0).normal(size=(60, 1000, 4)).astype(np.float32)
    (hardest,) = EpochScrubber(noise, labels=labels).content["heads"]  # no epoch tells anything of the next
    assert len(hardest["latents"]) <= 2 * noise.size  # as they are sent
    settling, labels = growing(epochs=60, samples=1000)
    (usual,) = EpochScrubber(settling, labels=labels).content["heads"]  # as a training goes
    assert len(usual["latents"]) * 4 / 3 <= 2 * settling.size  # in base64, as a page has them


def test_a_notebook_keeps_a_picture_with_its_alt_text(tiny_run: Recording) -> None:
    scrubber = EpochScrubber(tiny_run)
    data, metadata = scrubber._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert "epoch 3" in metadata["image/png"]["alt"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == scrubber.model_id
    assert repr(scrubber) == "Epoch scrubber"
    assert Image.open(io.BytesIO(to_png(scrubber.still()))).width > 500


def test_the_callback_of_the_page_makes_any_training_scrubbable() -> None:
    code = re.search(r"```python\n(frames = \[\].*?)```", PAGE, re.DOTALL).group(1)
    callback = re.search(r"def keep.*?(?=\n\S|\Z)", code, re.DOTALL).group(0)
    assert len([line for line in callback.splitlines() if line.strip()]) <= 6  # its name and five lines
    torch.manual_seed(0)
    images, labels = torch.randn(30, 8), torch.arange(30) % 3
    model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU(inplace=True), torch.nn.Linear(4, 3))
    loader = [(images, labels)]
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def train_one_epoch(*_: object) -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    names = {
        "torch": torch,
        "bk": bk,
        "model": model,
        "epochs": 4,
        "train_one_epoch": train_one_epoch,
        "loader": loader,
        "images": images,
    }
    names |= {"labels": labels, "layer": model[0]}
    exec(code, names)
    (head,) = names["scrubber"].content["heads"]
    assert head["shape"] == [4, 30, 4]
    assert model.training
    values = unpack(head["latents"], (4, 30, 4))
    assert np.array_equal(np.sign(values[-1]), np.sign(model[0](images).detach().numpy()))  # not what ReLU leaves of it
    json.dumps(head["curves"])
    assert not model[0]._forward_hooks
    names["keep"](model.eval(), model[0], images)
    assert not model.training
    assert len(names["frames"]) == 5


def test_missing_values_of_a_curve_reach_the_browser_as_nothing() -> None:
    latents, labels = growing()
    scrubber = EpochScrubber(latents, labels=labels, curves={"loss": [3, None, 2, np.nan, np.inf]})
    (head,) = scrubber.content["heads"]
    assert head["curves"]["loss"] == [3.0, None, 2.0, None, None]
    json.dumps({name: part for name, part in head.items() if name != "latents"}, allow_nan=False)
