from pathlib import Path

import numpy as np
import pytest

from binenc_kit import figures
from binenc_kit.circle import _apart
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.measures.uniformity import unit
from binenc_kit.outputs import classifier_weight, open_network
from binenc_kit.recording import Recording
from binenc_kit.training import train_one
from tests.conftest import tiny_config


def test_classes_and_proxies_stand_on_the_circle(tiny_data: Data, tmp_path: Path) -> None:
    config = tiny_config(P=2, epochs=4, lr=0.02).with_head("HUG")
    run = train_one(config, tmp_path, data=tiny_data, progress=False)
    figure = figures.circle(run, tiny_data)
    first, last = figure.axes
    assert [axes.get_title() for axes in (first, last)] == ["after epoch 1", "after epoch 4"]
    for axes, frame in ((first, 0), (last, -1)):
        drawn = {line.get_label(): line.get_xydata() for line in axes.lines}
        for label, name in enumerate(run.class_names):
            assert drawn[name] == pytest.approx(unit(run.latents[frame][run.labels == label]), abs=1e-6)
    (arrows,) = (part for part in last.collections if hasattr(part, "U"))
    proxies = classifier_weight(open_network(run, tiny_data)[0])
    assert np.stack([arrows.U, arrows.V], axis=1) == pytest.approx(proxies, abs=1e-6)
    labels = np.array([text.get_position() for text in last.texts])
    assert np.linalg.norm(labels, axis=1) == pytest.approx(1.17)
    assert "degrees apart" in figure.get_label()
    figures.save({"circle": figure}, tmp_path)


def test_labels_that_would_meet_move_apart_and_keep_their_order() -> None:
    moved = _apart([179, 10, -179, 11, 12, -90])
    order = np.argsort(np.mod(moved[[1, 3, 4, 0, 2, 5]], 360))
    assert order.tolist() == [0, 1, 2, 3, 4, 5]
    gaps = np.diff(np.sort(np.mod(moved, 360)))
    assert gaps.min() > 6.9
    assert moved[5] == -90
    assert _apart([20.0]).tolist() == [20]


def test_another_number_of_dimensions_is_no_circle(tiny_data: Data, tmp_path: Path) -> None:
    run: Recording = train_one(tiny_config(P=3, epochs=1), tmp_path, data=tiny_data, progress=False)
    with pytest.raises(KitError, match="has P = 3: train with P=2"):
        figures.circle(run, tiny_data)
