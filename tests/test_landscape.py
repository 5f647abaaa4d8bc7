import base64
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from binenc_kit.display import alt_text, to_png
from binenc_kit.errors import KitError
from binenc_kit.wells import well
from binenc_kit.widgets.landscape import PushPullLandscape

JS = Path(__file__).parents[1] / "binenc_kit" / "widgets" / "js"


def test_its_page_holds_the_values_and_asks_nothing_of_the_network(tmp_path: Path) -> None:
    page = PushPullLandscape(gamma=0.7, weight=3, linear=False).to_html(tmp_path / "landscape.html")
    assert (tmp_path / "landscape.html").read_text() == page
    values = json.loads(re.search(r'id="bk-values">(.*?)</script>', page)[1])
    assert values == {"gamma": 0.7, "weight": 3.0, "linear": False}
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "<title>Push and pull in one latent dimension</title>" in page
    still = base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", page)[1])
    assert f'alt="{alt_text(still)}"' in page


def test_traits_take_plain_and_numpy_numbers() -> None:
    widget = PushPullLandscape(gamma=np.float32(0.5), weight=1, linear=np.bool_(False))
    assert (widget.gamma, widget.weight, widget.linear) == (0.5, 1.0, False)
    assert [type(getattr(widget, name)) for name in widget.KEPT] == [float, float, bool]
    for gamma in (0, 0.01, 100):  # 0: no bottom, which is worth a look
        widget.gamma = gamma
        assert widget.gamma == gamma
    assert repr(widget) == widget.TITLE


@pytest.mark.parametrize("bad", [-1, 1e-5, 0.0099, 101, math.nan, math.inf, "0.3", None, True, False, [0.3]])
def test_a_bad_gamma_is_refused_and_the_old_one_stays(bad: object) -> None:
    sentence = r"gamma is .*, but must be 0, or a number from 0.01 to 100$"
    with pytest.raises(KitError, match=sentence):
        PushPullLandscape(gamma=bad)
    widget = PushPullLandscape()
    with pytest.raises(KitError, match=sentence):
        widget.gamma = bad
    assert widget.gamma == 0.3


@pytest.mark.parametrize("bad", [0, 0.09, 20.1, "2"])
def test_a_bad_weight_is_refused_and_the_old_one_stays(bad: object) -> None:
    widget = PushPullLandscape()
    with pytest.raises(KitError, match=r"weight is .*, but must be a number from 0.1 to 20$"):
        widget.weight = bad
    assert widget.weight == 2


@pytest.mark.parametrize("bad", [1, "SiLU", None])
def test_linear_is_true_or_false(bad: object) -> None:
    widget = PushPullLandscape()
    with pytest.raises(KitError, match=r"linear is .*, but must be True or False"):
        widget.linear = bad
    assert widget.linear is True


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(TypeError, match="gama"):
        PushPullLandscape(gama=1)


def test_the_still_figure_shows_two_wells_become_one() -> None:
    figure = PushPullLandscape(gamma=7, weight=2, linear=False).still()
    assert len(figure.axes) == 4
    assert len({line.get_linestyle() for line in figure.axes[0].get_lines()[:3]}) == 3  # not by colour alone
    for axes, gamma in zip(figure.axes, (0.05, 0.3, 1, 3), strict=True):
        push, pull, total, ball = axes.get_lines()
        assert ball.get_xdata()[0] == well(gamma, 2)
        np.testing.assert_allclose(push.get_ydata() + pull.get_ydata(), total.get_ydata())
        lowest = np.abs(total.get_xdata()[total.get_ydata().argmin()])
        assert lowest == pytest.approx(well(gamma, 2), abs=0.01)
    assert [text.get_text() for text in figure.legends[0].texts] == ["push", "pull", "sum", "ball"]
    assert "0.79 at gamma 0.3" in figure.get_label()
    assert alt_text(to_png(figure)) == figure.get_label()


def test_the_browser_module_starts_nothing_by_itself_and_fetches_nothing() -> None:
    code = "".join(file.read_text() for file in JS.glob("landscape*.js"))
    assert not re.search(r"\bfetch\(|XMLHttpRequest|import\(|innerHTML|setInterval|https?:", code)
