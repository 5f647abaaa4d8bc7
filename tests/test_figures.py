from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from binenc_kit import figures
from binenc_kit.data import Data, make_data
from binenc_kit.errors import KitError
from binenc_kit.recording import Recording
from binenc_kit.training import train_heads, train_one
from tests.conftest import tiny_config, tiny_splits

LABELS = ["BinEnc", "LinPen", "NonlinPen", "NoPen", "NonlinPen+quadratic"]


@pytest.fixture
def runs(tiny_data: Data, tmp_path: Path) -> dict[str, Recording]:
    return train_heads(tiny_config(), LABELS, tmp_path, data=tiny_data, progress=False)


@pytest.mark.parametrize("draw", [figures.accuracy_by_epoch, figures.sigma_w_by_epoch, figures.code_agreement_by_epoch])
def test_curves_show_every_head_with_colour_and_marker(draw, runs: dict[str, Recording]) -> None:
    figure = draw(runs)
    for axes in figure.axes:
        assert axes.get_xlabel() == "epoch"
        assert axes.get_ylabel()
        lines = axes.get_lines()
        assert [line.get_label() for line in lines] == LABELS
        assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == len(LABELS)
    assert all(label in figure.get_label() for label in LABELS)


def test_curves_are_means_over_seeds_with_their_span(tiny_data: Data, tmp_path: Path) -> None:
    seeds = [train_one(tiny_config(seed=seed), tmp_path, data=tiny_data, progress=False) for seed in (0, 1, 2)]
    figure = figures.accuracy_by_epoch(seeds)
    values = np.array([[line["val_accuracy"] for line in run.metrics] for run in seeds])
    axes = figure.axes[1]
    assert axes.get_lines()[0].get_ydata() == pytest.approx(values.mean(0))
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(values.min())
    assert band.max() == pytest.approx(values.max())
    assert "3 seeds" in figure.get_label()


def test_the_colours_are_okabe_and_ito_s() -> None:
    okabe_ito = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000"}
    assert {color for color, _ in [*figures.STYLES.values(), *figures.OTHERS]} == okabe_ito


def test_histograms_count_every_probe_sample(runs: dict[str, Recording]) -> None:
    figure = figures.latent_histograms({"BinEnc": runs["BinEnc"]})
    panels = [axes for axes in figure.axes if axes.patches]
    assert len(panels) == 4  # two frames of two dimensions
    assert all(sum(bar.get_height() for bar in axes.patches) == 12 for axes in panels)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["dimension 1", "dimension 2"]


def test_wide_latents_show_their_first_dimensions(runs: dict[str, Recording]) -> None:
    figure = figures.latent_histograms([runs["BinEnc"], runs["NoPen"]])
    assert "4 of 8 dimensions" in figure.axes[-4].get_ylabel()


def test_the_codebook_prints_the_bits(runs: dict[str, Recording], tiny_data: Data, tmp_path: Path) -> None:
    trained = train_one(tiny_config(epochs=40, lr=0.01), tmp_path, data=tiny_data, progress=False)
    figure = figures.codebook(trained)
    image = figure.axes[0].images[0].get_array()
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == image.size == 6
    for text, share in zip(texts, np.ravel(image), strict=True):
        assert text == (str(int(share > 0.5)) if max(share, 1 - share) >= 0.95 else f"{100 * share:.0f} %")
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["a", "b", "c"]
    assert "a: " in figure.get_label()


def test_the_bits_can_be_read_on_their_ground(runs: dict[str, Recording]) -> None:
    axes = figures.codebook(runs["BinEnc"]).axes[0]
    image = axes.images[0]
    for text, value in zip(axes.texts, np.ravel(image.get_array()), strict=True):
        ground, ink = (
            0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (image.to_rgba(value)[:3], to_rgb(text.get_color()))
        )
        assert abs(ground - ink) > 0.35


def test_a_frame_that_is_not_there_is_refused(runs: dict[str, Recording]) -> None:
    for draw in (figures.codebook, lambda run, frame: figures.latent_histograms(run, [frame])):
        for frame in (3, -4):
            with pytest.raises(KitError, match="use 0 to 2"):
                draw(runs["BinEnc"], frame)


def test_figures_are_saved_with_their_alt_text_and_the_same_bytes(runs: dict[str, Recording], tmp_path: Path) -> None:
    first, again = (figures.save({"book": figures.codebook(runs["BinEnc"])}, tmp_path / name)[0] for name in "ab")
    assert first.read_bytes() == again.read_bytes()
    assert Image.open(first).text["Description"].startswith("Codebook of BinEnc after epoch 3")


def test_samples_show_each_class(tiny_data: Data) -> None:
    figure = figures.samples(tiny_data)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["a", "b", "c"]
    assert sum(bool(axes.images) for axes in figure.axes) == 6


def test_shown_figures_carry_their_alt_text(runs: dict[str, Recording], capsys: pytest.CaptureFixture) -> None:
    figures.show(figures.codebook(runs["BinEnc"]))
    assert "Codebook of BinEnc" in capsys.readouterr().out  # outside a notebook, IPython prints the text


def test_runs_that_differ_in_more_than_their_seed_are_not_averaged(tiny_data: Data, tmp_path: Path) -> None:
    mixed = [train_one(tiny_config(lr=lr), tmp_path, data=tiny_data, progress=False) for lr in (0.01, 0.02)]
    with pytest.raises(KitError, match="the runs of BinEnc differ in lr"):
        figures.accuracy_by_epoch(mixed)


def test_a_dollar_in_a_class_name_is_no_formula(tmp_path: Path) -> None:
    data = make_data(tiny_splits(), ["a$\\frac$", "$", "c"], name="tiny")
    run = train_one(tiny_config(), tmp_path, data=data, progress=False)
    for figure in (figures.codebook(run), figures.samples(data)):
        assert figures.to_png(figure)


def test_a_large_codebook_fits_a_page(runs: dict[str, Recording], tiny_data: Data, tmp_path: Path) -> None:
    wide = train_one(tiny_config(P=100), tmp_path, data=tiny_data, progress=False)
    figure = figures.codebook(wide)
    assert figure.get_figwidth() < 14
    assert not figure.axes[0].texts
    assert figures.to_png(figure)
