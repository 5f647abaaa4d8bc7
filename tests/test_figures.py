import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import roc_auc_score, roc_curve

from binenc_kit import figures
from binenc_kit.data import Data, make_data
from binenc_kit.display import in_words
from binenc_kit.errors import KitError
from binenc_kit.measures.binarity import codebook, hamming_distances
from binenc_kit.palette import STYLES, plain, styles
from binenc_kit.recording import Recording
from binenc_kit.tables import by_epoch
from binenc_kit.training import train_heads, train_one
from tests.conftest import tiny_config, tiny_splits

LABELS = ["BinEnc", "LinPen", "NonlinPen", "NoPen", "NonlinPen+quadratic"]
CURVES = [figures.accuracy_by_epoch, figures.sigma_w_by_epoch, figures.code_agreement_by_epoch]
CURVES += [figures.collapse_by_epoch]
ODD = ["a$\\frac$", "<script>", "$", "a name that is much longer than any picture is wide"]


@pytest.fixture
def runs(tiny_data: Data, tmp_path: Path) -> dict[str, Recording]:
    return train_heads(tiny_config(), LABELS, tmp_path, data=tiny_data, progress=False)


@pytest.mark.parametrize("draw", CURVES)
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


def test_the_colours_are_okabe_and_ito_s_and_a_grey() -> None:
    okabe_ito = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000"}
    assert {color for color, _ in STYLES.values()} == okabe_ito | {"#999999"}
    assert len({marker for _, marker in STYLES.values()}) == len(STYLES)


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


def drawn(figure: Figure) -> bytes:
    """The PNG; a figure that does not fit its page would warn, and a warning is an error here."""
    assert figure.get_label().endswith(".")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return figures.to_png(figure)


def test_binarity_shows_three_panels_with_what_perfect_points_reach(runs: dict[str, Recording]) -> None:
    two = {head: runs[head] for head in ("BinEnc", "LinPen")}
    figure = figures.binarity_by_epoch(two)
    columns = ("binarity_score", "binarity_std", "peak_distance")
    for axes, column, reach in zip(figure.axes, columns, (5.296, 1e-3, 2000), strict=True):
        *lines, dashed = axes.get_lines()
        for line, run in zip(lines, two.values(), strict=True):
            assert line.get_ydata() == pytest.approx(by_epoch(run, columns)[column])
        assert list(dashed.get_ydata()) == [reach, reach]
        assert axes.texts[0].get_text() == f"perfect two points: {reach:g}"
        assert axes.get_ylim()[0] < reach < axes.get_ylim()[1]
        ends = [by_epoch(run, columns)[column].iloc[-1] for run in two.values()]
        assert f"BinEnc {ends[0]:.3g}, LinPen {ends[1]:.3g}" in figure.get_label()
        assert f" {reach:g}" in figure.get_label()
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "log", "log"]
    assert drawn(figure)


def test_collapse_follows_three_measures(runs: dict[str, Recording]) -> None:
    figure = figures.collapse_by_epoch(runs["BinEnc"])
    curves = by_epoch(runs["BinEnc"], columns := ["nc1", "etf_error", "nc2_max_angle"])
    for axes, column in zip(figure.axes, columns, strict=True):
        assert axes.get_lines()[0].get_ydata() == pytest.approx(curves[column])
        assert f"BinEnc {curves[column].iloc[-1]:.3g}" in figure.get_label()
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "linear", "linear"]


def test_test_accuracies_stand_unfilled_after_the_last_epoch(runs: dict[str, Recording]) -> None:
    some = [runs["BinEnc"], runs["NoPen"]]
    rows = [
        (run.folder.name, run.config.head, "none", accuracy) for run, accuracy in zip(some, (0.5, 0.25), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["run", "head", "penalty", "test_accuracy"])
    figure = figures.accuracy_by_epoch((run for run in some), table)
    marks = [line for line in figure.axes[1].get_lines() if line.get_markerfacecolor() == "none"]
    assert [(mark.get_ydata()[0], mark.get_marker()) for mark in marks] == [(0.5, "o"), (0.25, "D")]
    assert all(3 < mark.get_xdata()[0] < figure.axes[1].get_xlim()[1] for mark in marks)
    assert figure.legends[0].get_texts()[-1].get_text() == "unfilled: test, after the last epoch"
    assert "test accuracy at the end: BinEnc 0.5, NoPen 0.25." in figure.get_label()
    assert drawn(figure)
    with pytest.raises(KitError, match=f"no row for {some[1].folder.name}"):
        figures.accuracy_by_epoch(some, table[:1])


def test_test_accuracies_are_means_over_seeds(tiny_data: Data, tmp_path: Path) -> None:
    seeds = [train_one(tiny_config(seed=seed), tmp_path, data=tiny_data, progress=False) for seed in (0, 1)]
    table = pd.DataFrame({"run": [run.folder.name for run in seeds] * 2, "test_accuracy": [0.25, 0.75] * 2})
    mark = figures.accuracy_by_epoch(seeds, table).axes[1].get_lines()[1]
    assert mark.get_ydata()[0] == 0.5


def test_histograms_show_the_dimensions_that_were_chosen(runs: dict[str, Recording]) -> None:
    wide = runs["NoPen"]
    figure = figures.latent_histograms([wide, runs["BinEnc"]], frames=[-1], dimensions=[7, 2])
    assert [axes.get_title() for axes in figure.axes[:2]] == ["dimension 7", "dimension 2"]
    for axes, dimension in zip(figure.axes, (7, 2), strict=False):
        counts, _ = np.histogram(
            wide.latents[-1][:, dimension - 1], bins=[bar.get_x() for bar in axes.patches] + [np.inf]
        )
        assert [bar.get_height() for bar in axes.patches] == counts.tolist()
    assert not figure.axes[2].axison  # BinEnc has no dimension 7
    assert "2 latent dimensions (7, 2)" in figure.get_label()
    for wrong in ([0], [9], [], [1, 2, 3, 4, 5], [1.5]):
        with pytest.raises(KitError, match="1 to 4 numbers from 1 to 8"):
            figures.latent_histograms(wide, dimensions=wrong)


def scores(seed: int, N: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wrong = rng.random(N) < 0.3
    wrong[:2] = True, False
    return rng.integers(0, 9, N) + 2.0 * wrong, wrong


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_roc_curves_and_areas_are_scikit_learn_s(seed: int) -> None:
    uncertainty, wrong = scores(seed)
    figure = figures.roc_curves({"mine": (uncertainty, wrong)})
    line = figure.axes[0].get_lines()[0]
    right_found, wrong_found, _ = roc_curve(wrong, uncertainty)
    assert line.get_xdata() == pytest.approx(right_found)
    assert line.get_ydata() == pytest.approx(wrong_found)
    written = figure.axes[0].get_legend().get_texts()[0].get_text()
    area = re.fullmatch(r"mine, (AUROC \d\.\d{3})", written).group(1)
    # both round to three digits, and an area such as 0.7225 differs in its last bit
    assert float(area.removeprefix("AUROC ")) == pytest.approx(roc_auc_score(wrong, uncertainty), abs=0.0005 + 1e-12)
    assert f"mine: {area}, {wrong.sum()} wrong of 60" in figure.get_label()


def test_infinite_uncertainties_come_first() -> None:
    wrong = np.array([True, True, False, False])
    figure = figures.roc_curves({"BinEnc": ([np.inf, 3, 2, -np.inf], wrong), "never seen": ([0, 0, np.inf, 0], wrong)})
    first, second, _ = figure.axes[0].get_lines()
    assert "BinEnc, AUROC 1.000" in first.get_label()
    assert "never seen, AUROC 0.250" in second.get_label()
    assert (first.get_color(), first.get_marker()) == STYLES["BinEnc"]
    assert (second.get_color(), second.get_marker()) != STYLES["BinEnc"]
    assert drawn(figure)


@pytest.mark.parametrize(
    ("given_scores", "sentence"),
    [
        ({}, "no scores"),
        ({"mine": ([1.0, 2.0], [False, False])}, "all 2 predictions of mine are right"),
        ({"mine": ([1.0, 2.0], [True, True])}, "all 2 predictions of mine are wrong"),
        ({"mine": ([1.0, np.nan], [True, False])}, "NaN"),
        ({"mine": ([1.0], [True, False])}, "do not fit"),
    ],
)
def test_scores_without_a_curve_are_refused(given_scores: dict, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        figures.roc_curves(given_scores)


def strips(**changes: object) -> dict:
    rng = np.random.default_rng(0)
    images = rng.random((3, 3, 8, 8))
    usual = {
        "images": images, "perturbation": (0.5 - images) * 0.01, "before": [0, 1, 2], "after": [3, 0, 2],
        "class_names": ODD, "relative": [0.1, 0.02, 0.3], "refined": [0.09, 0.02, np.nan],
    }  # fmt: skip
    return usual | changes


def test_strips_show_before_perturbation_and_after() -> None:
    given_arrays = strips()
    figure = figures.deepfool_strips(**given_arrays)
    shown = np.stack([np.asarray(axes.images[0].get_array()) for axes in figure.axes]).reshape(3, 3, 8, 8, 3)
    images, perturbation = (given_arrays[name].transpose(0, 2, 3, 1) for name in ("images", "perturbation"))
    factors = np.array([float(axes.get_xlabel().removeprefix("times ")) for axes in figure.axes[3:6]])
    assert shown[0] == pytest.approx(images)
    assert shown[1] == pytest.approx(0.5 + factors[:, None, None, None] * perturbation)
    assert shown[2] == pytest.approx(images + perturbation)
    assert (np.abs(shown[1] - 0.5).max(axis=(1, 2, 3)) > 0.4).all()
    assert figure.axes[6].get_xlabel() == "relative 0.1\nrefined 0.09"
    assert figure.axes[8].get_xlabel() == "relative 0.3\nno flip"
    assert "<script> to a$\\frac$, relative 0.02, refined 0.02" in figure.get_label()
    assert "a name that is much longer than any picture is wide, relative 0.1" in figure.get_label()
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["before", "perturbation\n(amplified)", "after"]
    assert drawn(figure)


def test_strips_take_grey_pictures_either_way_and_tensors() -> None:
    import torch

    grey = strips()["images"][:, 0]
    as_arrays = [
        figures.deepfool_strips(**strips(images=images, perturbation=images * 0, class_names=list("abcd")))
        for images in (grey, grey[:, None], grey[..., None], torch.tensor(grey[:, None], requires_grad=True))
    ]
    assert as_arrays[0].axes[0].get_title() == "a → d"
    assert as_arrays[0].axes[3].get_xlabel() == "times 1"
    assert (np.asarray(as_arrays[0].axes[3].images[0].get_array()) == 0.5).all()
    assert len({drawn(figure) for figure in as_arrays}) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"relative": [0.1]}, "same N pictures"),
        ({"perturbation": np.zeros((3, 3, 8, 9))}, "same N pictures"),
        ({"images": np.zeros((3, 2, 8, 8))}, "cannot be drawn"),
        ({"images": np.zeros((0, 8, 8))}, "cannot be drawn"),
        ({"images": np.full((3, 3, 8, 8), 200.0)}, "from 0 to 1"),
        ({"perturbation": np.full((3, 3, 8, 8), np.nan)}, "finite"),
        ({"after": [0, 1, 4]}, "whole numbers from 0 to 3"),
        ({"before": [0.0, 1.0, 2.0]}, "whole numbers from 0 to 3"),
    ],
)
def test_strips_refuse_what_does_not_fit(changes: dict, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        figures.deepfool_strips(**strips(**changes))


def test_more_pictures_than_a_projector_shows_are_refused() -> None:
    many = {name: np.repeat(value, 4, axis=0) for name, value in strips().items() if name != "class_names"}
    with pytest.raises(KitError, match="12 pictures, but room for 8"):
        figures.deepfool_strips(class_names=ODD, **many)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 14), st.integers(1, 6), st.integers(0, 10**6))
def test_the_class_means_tables_hold_cosines_and_hamming_distances(C: int, P: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, z = np.arange(4 * C) % C, rng.normal(size=(4 * C, P))
    figure = figures.class_means(z, labels, (ODD * 4)[:C])
    means = np.stack([z[labels == label].mean(axis=0) for label in range(C)])
    means -= means.mean(axis=0)
    cosines = means @ means.T / np.linalg.norm(means, axis=1) / np.linalg.norm(means, axis=1)[:, None]
    distances = hamming_distances(codebook(z, labels).bits)
    left, right = (axes.images[0] for axes in figure.axes[:2])
    assert np.asarray(left.get_array()) == pytest.approx(cosines)
    assert (np.asarray(right.get_array()) == distances).all()
    assert (left.norm.vmin, left.norm.vmax, right.norm.vmin, right.norm.vmax) == (-1, 1, 0, P)
    assert len(figure.axes[0].texts) == len(figure.axes[1].texts) == (C * C if C <= 12 else 0)
    assert f"-1/(C - 1) = {-1 / (C - 1):.2f}" in figure.axes[0].get_title()
    pairs = distances[np.triu_indices(C, 1)]
    assert f"of {P}: from {pairs.min()} to {pairs.max()}." in figure.get_label()
    assert drawn(figure)


def test_a_simplex_has_its_cosine_in_every_pair() -> None:
    figure = figures.class_means(np.eye(4), np.arange(4), ODD)
    table = np.asarray(figure.axes[0].images[0].get_array())
    assert table == pytest.approx(np.where(np.eye(4), 1, -1 / 3))
    assert "from -0.33 to -0.33; a simplex has -0.33 in every pair" in figure.get_label()
    assert figure.axes[0].texts[1].get_text() == "-0.33"


def test_absent_classes_leave_the_tables_and_many_are_named_in_part() -> None:
    rng = np.random.default_rng(0)
    figure = figures.class_means(rng.normal(size=(40, 3)), np.arange(40) % 4 * 2, list("abcdefg"))
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == list("aceg")
    figure = figures.class_means(rng.normal(size=(200, 7)), np.arange(200) % 100, [f"n{place}" for place in range(100)])
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == [f"n{place}" for place in range(0, 100, 4)]
    assert figure.axes[0].get_xlabel() == "class (one in 4 is named)"
    assert drawn(figure)


@pytest.mark.parametrize(
    ("z", "labels", "sentence"),
    [
        (np.eye(2), [0, 0], "one class"),
        (np.eye(2), [0, 4], "4 class names"),
        (np.eye(2), [-1, 0], "4 class names"),
        (np.ones((4, 2)), [0, 0, 1, 1], "no direction"),
        ([[-1.0], [0.0], [1.0]], [0, 1, 2], "mean of <script> lies at the mean"),
        (np.full((2, 2), np.nan), [0, 1], "NaN"),
    ],
)
def test_class_means_without_angles_are_refused(z: list, labels: list, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        figures.class_means(z, np.array(labels), ODD)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_the_same_input_gives_the_same_bytes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, labels, one = rng.normal(size=(20, 3)), np.arange(20) % 4, scores(seed)
    for draw in (
        lambda: figures.class_means(z, labels, ODD),
        lambda: figures.roc_curves({"$": one, "BinEnc": one}),
        lambda: figures.deepfool_strips(**strips()),
    ):
        assert drawn(draw()) == drawn(draw())


def test_curves_have_the_same_bytes_twice(runs: dict[str, Recording]) -> None:
    for draw in (figures.binarity_by_epoch, figures.collapse_by_epoch):
        assert drawn(draw(runs["BinEnc"])) == drawn(draw(runs["BinEnc"]))


def test_every_line_has_a_style_of_its_own() -> None:
    names = ["LinPen", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    given_styles = styles(names)
    assert given_styles["LinPen"] == STYLES["LinPen"]
    assert len(set(given_styles.values())) == len(names)
    assert given_styles["9"] == STYLES["SupCon"]  # yellow, the faintest
    assert len(set(styles([*STYLES, "BinEnc+l1"]).values())) == len(STYLES)


def test_long_names_keep_both_ends() -> None:
    assert plain("aquarium_fish_12", 9) == "aqua…h_12"
    assert plain("short", 5) == "short"
    assert plain("$") == r"\$"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 seconds"), (89, "89 seconds"), (91, "1.5 minutes"), (9000, "2.5 hours")]
)
def test_a_duration_is_told_in_its_unit(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
