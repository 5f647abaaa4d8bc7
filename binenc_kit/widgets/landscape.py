"""Push, pull and their sum in one latent dimension: sliders, a ball that rolls into a well, two wells becoming one.

The model and its closed form stand in `binenc_kit.wells`.
"""

import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from binenc_kit.errors import KitError
from binenc_kit.wells import energy, require_number, well
from binenc_kit.widgets.base import Widget
from binenc_kit.widgets.page import source

GAMMA, WEIGHT = (0.01, 100.0), (0.1, 20.0)  # what the sliders reach; gamma's has a place for 0, too
PARTS = ("wells", "texts", "plots", "names", "branches", "ball")  # of the browser's module
STYLES = {"push": ("#D55E00", "--", 1.8), "pull": ("#0072B2", ":", 2.2), "sum": ("#009E73", "-", 3.2)}


class Number(traitlets.Float):
    """A number within limits, or 0 where that is allowed; else a `KitError`, and the old value stays."""

    def __init__(self, default: float, limits: tuple[float, float], or_zero: bool = False) -> None:
        super().__init__(default)
        self.limits, self.or_zero = limits, or_zero

    def validate(self, obj: object, value: object) -> float:
        """The value as a plain float."""
        return require_number(str(self.name), value, *self.limits, self.or_zero)


class Switch(traitlets.Bool):
    """True or False; anything else is a `KitError`, and the old value stays."""

    def validate(self, obj: object, value: object) -> bool:
        """The value as a plain bool."""
        if not isinstance(value, bool | np.bool_):
            raise KitError(f"{self.name} is {value!r}, but must be True or False")
        return bool(value)


class PushPullLandscape(Widget):
    """One latent dimension between push and pull, computed in the browser; `gamma`, `weight` and `linear` are live.

    gamma: 0, or 0.01 to 100: at less, the wells would lie outside the picture. weight: 0.1 to 20, the output weight per
    unit of z. linear: False makes the layer a SiLU, whose pre-activation u is then the horizontal axis. Raises
    `KitError` for others, also when they are assigned later.
    """

    TITLE, HEIGHT, KEPT = "Push and pull in one latent dimension", 600, ("gamma", "weight", "linear")
    _esm = source("common.js", *(f"landscape-{part}.js" for part in PARTS), "landscape.js")
    _css = source("common.css", "landscape.css")
    gamma = Number(0.3, GAMMA, or_zero=True).tag(sync=True)
    weight = Number(2.0, WEIGHT).tag(sync=True)
    linear = Switch(True).tag(sync=True)

    def __init__(self, gamma: float = 0.3, weight: float = 2.0, linear: bool = True) -> None:
        super().__init__(gamma=gamma, weight=weight, linear=linear)

    def still(self) -> Figure:
        """Four panels with the linear layer and this weight, gamma growing, and in each a ball in its well."""
        gammas = [self.weight * share for share in (0.025, 0.15, 0.5, 1.5)]
        reach = 1.5 * well(gammas[0], self.weight)
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        for axes, gamma in zip(figure.subplots(1, 4, sharey=True), gammas, strict=True):
            _panel(axes, gamma, self.weight, reach)
        figure.suptitle(f"A linear layer, output weight {self.weight:.3g}")
        figure.axes[0].set_ylabel("energy (nats)")
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
        places = [f"{well(gamma, self.weight):.2f} at gamma {gamma:.3g}" for gamma in gammas[:3]]
        figure.set_label(
            f"Push, pull and their sum against one latent z, for output weight {self.weight:.3g} and gamma growing in "
            f"four panels. The sum has two wells, mirrored at 0, that move inwards: |z| = {', '.join(places)}. At "
            f"gamma {gammas[3]:.3g}, above the output weight, one well is left, at 0. A ball lies in the right well."
        )
        return figure


def _panel(axes: Axes, gamma: float, weight: float, reach: float) -> None:
    z = np.linspace(-reach, reach, 401)
    for values, (name, (color, line, width)) in zip(energy(z, gamma, weight), STYLES.items(), strict=True):
        axes.plot(z, values, line, color=color, linewidth=width, label=name)
    bottom = well(gamma, weight)
    height = energy(bottom, gamma, weight).total
    axes.plot(bottom, height + 0.05, "o", color="#E69F00", markeredgecolor="black", markersize=11, label="ball")
    axes.set(xlim=(-reach, reach), ylim=(0, 1.2), xlabel="latent z")
    axes.set_title(f"gamma = {gamma:.3g}\n" + (f"two wells, z = ±{bottom:.2f}" if bottom else "one well, z = 0"))
