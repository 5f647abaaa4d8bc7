import numpy as np
import pytest

from binenc_kit.widgets.snapshots import EPOCHS, MOST_POINTS, Filmed, snapshots
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
    head = filmed(samples=5 * MOST_POINTS)
    figure = snapshots([head], "abc")
    assert all(marks(axes) == MOST_POINTS for axes in figure.axes)
    few = filmed("few", epochs=2)
    both = snapshots([head, few], "abc")
    assert len(both.axes) == 2 * EPOCHS
    assert [axes.axison for axes in both.axes[EPOCHS:]] == [True] * 2 + [False] * 4


def test_far_samples_are_in_view_at_the_end() -> None:
    latents, labels = growing(epochs=6, samples=90, P=2)
    latents[-1, labels == 1] *= 4  # one class far out, as without a pull
    last = snapshots([Filmed("LinPen", latents, labels, [1, 2, 3, 4, 5, 6])], "abc").axes[-1]
    points = np.concatenate([line.get_xydata() for line in last.lines if line.get_linestyle() == "None"])
    assert (np.abs(points) < last.get_xlim()[1] - 0.06).all()
