"""A network and what it says about the data, as the mode `strict` or `paper` looks at it."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from binenc_kit.measures.reliability import energy, knn_distance, mahalanobis_distances, softmax_uncertainty
from binenc_kit.splits import subset

if TYPE_CHECKING:  # kept results open without torch
    from torch import Tensor

    from binenc_kit.data import Data
    from binenc_kit.measures.robustness import DeepFool
    from binenc_kit.networks import Network
    from binenc_kit.outputs import Outputs

ATTACKED = 1000  # test pictures that DeepFool tries, as in the paper
NEIGHBOURS = 2000  # latents among which neighbours are sought: that costs more than linear in their number


class View(NamedTuple):
    """A network and what it says about the three splits, as one mode looks at them."""

    network: "Network"
    data: "Data"
    mode: str
    train: "Outputs"
    val: "Outputs"
    test: "Outputs"

    @property
    def classes(self) -> NDArray[np.int64]:
        """The class of each train sample: the true label, and in the mode paper the predicted one."""
        return self.train.predicted if self.mode == "paper" else self.train.labels

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which test predictions are wrong, (N,)."""
        return self.test.predicted != self.test.labels

    @property
    def some(self) -> NDArray[np.int64]:
        """Indices of a stratified subset of the train samples, for what costs more than linear in their number."""
        return subset(self.train.labels, NEIGHBOURS, seed=0)


def look(network: "Network", data: "Data", mode: str = "strict", augmented: bool = False) -> View:
    """Show a network all three splits; augmented: the train pictures with flips and crops."""
    from binenc_kit.outputs import outputs

    shown = {"train": outputs(network, data, "train", augmented)}
    return View(network, data, mode, **shown | {split: outputs(network, data, split) for split in ("val", "test")})


def uncertainties(view: View) -> dict[str, NDArray[np.float64]]:
    """How unsure the network is of each test prediction, (N,), by the Mahalanobis distance and three baselines.

    Infinity or, in the mode paper, NaN where a predicted class has too few right train samples for a Gaussian.
    """
    train, test = view.train, view.test
    distances, _ = mahalanobis_distances(
        train.z, train.labels, train.predicted, test.z, test.predicted, view.mode
    )  # fmt: skip
    return {"mahalanobis": distances} | baselines(view)


def attack(view: View, size: int = ATTACKED) -> "tuple[NDArray[np.int64], Tensor, DeepFool] | None":
    """DeepFool on a stratified subset of the test pictures: their indices, the pictures attacked, what it did.

    strict: only pictures that are classified right, in pixels from 0 to 1 that stay there; None where there are none.
    paper: all of them, after normalising.
    """
    from binenc_kit.measures.robustness import deepfool
    from binenc_kit.networks import PixelNetwork

    some = subset(view.test.labels, size, seed=0)
    network, box, pictures = view.network, None, view.data.normalise(view.data.test[0][some])
    if view.mode == "strict":
        some = some[view.test.predicted[some] == view.test.labels[some]]
        network, box, pictures = PixelNetwork(view.network, view.data), (0.0, 1.0), view.data.test[0][some] / 255
    if not len(some):
        return None
    return some, pictures, deepfool(network, pictures, min(10, len(view.data.class_names)), box=box)


def baselines(view: View) -> dict[str, NDArray[np.float64]]:
    """How unsure the network is of each test prediction, (N,), by what a reader would try first."""
    neighbours, logits = view.train.z[view.some], view.test.logits
    near = knn_distance(neighbours, view.test.z, min(10, len(neighbours)))
    return {"softmax": softmax_uncertainty(logits), "energy": energy(logits), "knn": near}
