from types import SimpleNamespace

import numpy as np
import pytest
import torch

from binenc_kit.errors import KitError
from binenc_kit.widgets.samples import named_labels, pictures_of

PICTURES = np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2)


@pytest.mark.parametrize(
    ("labels", "class_names", "places", "names"),
    [
        ([7, 3, 7], None, [1, 0, 1], ("3", "7")),
        (["dog", "ant", "dog"], None, [1, 0, 1], ("ant", "dog")),
        (np.array(["dog", "ant", "dog"], object), None, [1, 0, 1], ("ant", "dog")),
        ([True, False, True], None, [1, 0, 1], ("False", "True")),
        ([2, 0, 2], ("a", "b", "c"), [2, 0, 2], ("a", "b", "c")),
        (["dog", "ant", "dog"], ["dog", "ant", "bee"], [0, 1, 0], ("dog", "ant", "bee")),
    ],
)
def test_labels_become_places_in_the_names(labels, class_names, places, names) -> None:
    found, called = named_labels(labels, 3, class_names)
    assert found.dtype == np.int64
    assert found.tolist() == places
    assert called == names


@pytest.mark.parametrize(
    ("labels", "class_names", "sentence"),
    [
        (None, None, "there are no labels: give one for each of the 3 samples"),
        ([1, 2], None, r"labels of shape \(2,\) do not fit"),
        ([[1, 2, 3]], None, r"labels of shape \(1, 3\) do not fit"),
        ([[1], [2, 3]], None, "the labels are lists of different lengths"),
        ([1.5, 2, 3], None, "the labels are float64, but must be whole numbers or texts"),
        (["a", None, "b"], None, "the labels are object"),
        ([0, 1, 3], ["a", "b", "c"], "the labels go from 0 to 3, but there are 3 class names"),
        ([0, 1, -1], ["a", "b", "c"], "the labels go from -1 to 1"),
        ([0, 1, 2], "abc", "class_names is the text 'abc', but must be a list"),
        (["dog", "ant", "god"], ["dog", "ant"], "unknown class 'god'.*allowed are dog, ant"),
    ],
)
def test_labels_that_do_not_fit_get_one_sentence(labels, class_names, sentence) -> None:
    with pytest.raises(KitError, match=sentence):
        named_labels(labels, 3, class_names)


def test_no_samples_get_one_sentence() -> None:
    with pytest.raises(KitError, match="there are no samples"):
        named_labels([], 0)


def test_pictures_come_from_an_array_a_tensor_or_the_data() -> None:
    data = SimpleNamespace(train=(torch.from_numpy(PICTURES), None), fingerprint="f")
    for given in (PICTURES, PICTURES.tolist(), torch.from_numpy(PICTURES), data):
        assert np.array_equal(pictures_of(given, 4), PICTURES)
        assert np.array_equal(pictures_of(given, 2, np.array([3, 1]), "f"), PICTURES[[3, 1]])
    assert pictures_of(None, 4) is None


@pytest.mark.parametrize("given", [PICTURES[0, 0, 0], PICTURES[:3]])
def test_pictures_that_do_not_fit_get_one_sentence(given) -> None:
    with pytest.raises(KitError, match="pictures for 4 samples: give one a sample"):
        pictures_of(given, 4)
    with pytest.raises(KitError, match=r"the samples' places go up to 3: pass all train pictures"):
        pictures_of(given, 2, np.array([0, 3]))


def test_pictures_of_other_data_get_one_sentence() -> None:
    data = SimpleNamespace(train=(PICTURES, None), fingerprint="other")
    with pytest.raises(KitError, match="the recording was made of other train pictures"):
        pictures_of(data, 4, np.arange(4), "f")
