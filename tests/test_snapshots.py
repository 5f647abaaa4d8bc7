import numpy as np
import pytest

from binenc_kit.measures.binarity import bit_shares
from binenc_kit.portraits import PURE
from binenc_kit.splits import subset
from binenc_kit.widgets.snapshots import EPOCHS, MOST_POINTS, Filmed, percent, snapshots
from tests.test_scrubber import growing


def filmed(title: str = "BinEnc", epochs: int = 20, samples: int = 90, P: int = 4, classes: int = 3) -> Filmed:
    latents, labels = growing(epochs, samples, P, classes)
    return Filmed(title, latents, labels, list(range(1, epochs + 1)))


def marks(axes: object) -> int:
    return sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() not in ("None", None))


def test_six_epochs_are_drawn_and_told_with_what_is_pure() -> None:
    figure = snapshots([filmed()], "abc")
    assert [axes.get_title().split("\n")[0] for axes in figure.axes] == [f"epoch {e}" for e in (1, 5, 9, 12, 16, 20)]
    assert figure.axes[-1].get_title().endswith("100 % of bits pure")
    assert "100 % at epoch 20" in figure.get_label()
    assert all(marks(axes) == 90 for axes in figure.axes)


@pytest.mark.parametrize(("P", "edges"), [(2, 4), (3, 12), (4, 32), (5, 0)])
def test_up_to_four_dimensions_stand_in_their_hypercube(P: int, edges: int) -> None:
    axes = snapshots([filmed(P=P)], "abc").axes[0]
    assert sum(line.get_linestyle() == "-" for line in axes.lines) == edges


def test_a_settled_class_stands_on_its_vertex() -> None:
    last = snapshots([filmed(P=2)], "abc").axes[-1]
    places = {tuple(np.round(line.get_xydata()[0], 6)) for line in last.lines if line.get_linestyle() == "None"}
    assert places == {(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0)}


def test_purity_counts_all_samples_where_few_are_drawn() -> None:
    head = filmed(epochs=2, samples=5 * MOST_POINTS)
    drawn = subset(head.labels, MOST_POINTS, seed=0)
    others = np.setdiff1d(np.arange(len(head.labels)), drawn)
    astray = others[head.labels[others] == 0][::5]  # 16 % of one class are on the other side, and none of them is drawn
    head.latents[-1, astray] *= -1
    figure = snapshots([head], "abc")
    assert all(marks(axes) == MOST_POINTS for axes in figure.axes)
    of_all, of_drawn = pure(head, slice(None)), pure(head, drawn)
    assert of_all != of_drawn
    assert figure.axes[-1].get_title().endswith(f"\n{of_all} % of bits pure")
    assert figure.get_label().endswith(f"{of_all} % at epoch 2.")


def pure(head: Filmed, some: object) -> int:
    """How many percent of the bits are pure in the last frame, counted on some samples."""
    shares = bit_shares(head.latents[-1][some], head.labels[some])
    return round(100 * ((shares >= PURE) | (shares <= 1 - PURE)).mean())


@pytest.mark.parametrize(
    ("share", "told"), [(0.0, 0), (1.0, 100), (6399 / 6400, 99), (1 / 6400, 1), (0.5, 50), (0.994, 99), (0.006, 1)]
)
def test_all_percent_are_all_and_none_are_none(share: float, told: int) -> None:
    assert percent(share) == told
    assert isinstance(percent(np.float64(share)), int)


def test_one_bit_that_is_not_pure_keeps_the_rest_from_being_all() -> None:
    labels = np.repeat(np.arange(100), 2)
    latents = np.ones((1, 200, 64))
    latents[0, 0, 0] = -1
    figure = snapshots([Filmed("BinEnc", latents, labels, [7])], [str(label) for label in range(100)])
    assert figure.axes[0].get_title() == "epoch 7\n99 % of bits pure"
    assert "99 % at epoch 7" in figure.get_label()


def test_an_epoch_and_a_head_fewer_leave_panels_empty() -> None:
    head, few = filmed(), filmed("few", epochs=2)
    both = snapshots([head, few], "abc")
    assert len(both.axes) == 2 * EPOCHS
    assert [axes.axison for axes in both.axes[EPOCHS:]] == [True] * 2 + [False] * 4


def test_far_samples_are_in_view_at_the_end() -> None:
    latents, labels = growing(epochs=6, samples=90, P=2)
    latents[-1, labels == 1] *= 4  # one class far out, as without a pull
    last = snapshots([Filmed("LinPen", latents, labels, [1, 2, 3, 4, 5, 6])], "abc").axes[-1]
    points = np.concatenate([line.get_xydata() for line in last.lines if line.get_linestyle() == "None"])
    assert (np.abs(points) < last.get_xlim()[1] - 0.06).all()


def test_a_panel_says_how_many_samples_lie_outside_of_it() -> None:
    latents, labels = growing(epochs=6, samples=90, P=2)
    latents[0, 0] *= 40
    first, *_, last = snapshots([Filmed("BinEnc", latents, labels, [1, 2, 3, 4, 5, 6])], "abc").axes
    points = np.concatenate([line.get_xydata() for line in first.lines if line.get_linestyle() == "None"])
    on_border = np.isclose(np.abs(points), first.get_xlim()[1] - 0.05).any(axis=1).mean()
    assert 0 < on_border < 1
    assert first.get_xlabel() == f"{percent(on_border)} % outside, on the border"
    assert last.get_xlabel() == ""
