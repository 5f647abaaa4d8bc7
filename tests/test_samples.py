from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from binenc_kit.errors import KitError
from binenc_kit.widgets.samples import as_array, checked_curves, named_labels, pictures_of

PICTURES = np.arange(4 * 2 * 2, dtype=np.uint8).reshape(4, 2, 2)


@pytest.mark.parametrize(
    ("labels", "class_names", "places", "names"),
    [
        ([7, 3, 7], None, [1, 0, 1], ("3", "7")),
        (["dog", "ant", "dog"], None, [1, 0, 1], ("ant", "dog")),
        (np.array(["dog", "ant", "dog"], object), None, [1, 0, 1], ("ant", "dog")),
        ([True, False, True], None, [1, 0, 1], ("False", "True")),
        ([2, 0, 2], ("a", "b", "c"), [2, 0, 2], ("a", "b", "c")),
        ([2, 0, 2], (name for name in "abc"), [2, 0, 2], ("a", "b", "c")),
        (torch.tensor([2, 0, 2]), np.array(["a", "b", "c"]), [2, 0, 2], ("a", "b", "c")),
        ([torch.tensor(2), torch.tensor(0), torch.tensor(2)], range(3), [2, 0, 2], ("0", "1", "2")),
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
        ([0, 1, 2], 3, "class_names is 3, but must be a list of names, one a class"),
        ([0, 1, 2], {0: "a", 1: "b", 2: "c"}, "class_names is {0: 'a', .*but must be a list"),
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


@pytest.mark.parametrize("given", [PICTURES[0, 0, 0], PICTURES[:3]])
def test_pictures_that_do_not_fit_get_one_sentence(given) -> None:
    with pytest.raises(KitError, match="pictures for 4 samples: give one a sample"):
        pictures_of(given, 4)
    with pytest.raises(KitError, match=r"the samples' places go up to 3: pass all train pictures"):
        pictures_of(given, 2, np.array([0, 3]))


def test_a_network_is_no_data_though_it_has_something_called_train() -> None:
    with pytest.raises(KitError, match="0 pictures for 4 samples"):
        pictures_of(torch.nn.Linear(1, 1), 4)


def test_tensors_of_all_kinds_become_arrays() -> None:
    halves = torch.full((2, 3), 0.5, requires_grad=True)
    for given in (halves, halves.bfloat16(), list(halves), [list(row) for row in halves], halves.detach().numpy()):
        assert np.array_equal(as_array(given, "halves"), np.full((2, 3), 0.5))


@pytest.mark.parametrize(
    "values",
    [
        [1, None, 3],
        np.array([1, np.nan, 3]),
        pd.Series([1, None, 3], index=[7, 8, 9]),
        torch.tensor([1, np.nan, 3], requires_grad=True),
        torch.tensor([1, np.nan, 3]).bfloat16(),
        [torch.tensor(1.0, requires_grad=True), None, 3.0],
    ],
)
def test_curves_go_by_position_and_a_missing_value_is_nan(values: object) -> None:
    for curves in ({"a": values}, {3: values}):
        (name,), (found,) = zip(*checked_curves(curves, 3).items(), strict=True)
        assert name in ("a", "3")
        assert all(isinstance(value, float) for value in found)
        assert np.array_equal(found, [1, np.nan, 3], equal_nan=True)


def test_a_table_of_curves_and_none_are_welcome() -> None:
    assert checked_curves(pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=[1, 2]), 2) == {"a": [1, 2], "b": [3, 4]}
    assert checked_curves(None, 2) == {}


@pytest.mark.parametrize(
    ("curves", "sentence"),
    [
        (np.zeros(3), "curves is of type ndarray, but must be a dictionary"),
        ([1, 2, 3], "curves is of type list"),
        ("abc", "curves is of type str"),
        (3, "curves is of type int"),
        ({"a": 3}, r"the curve 'a' has values of shape \(\)"),
        ({"a": "abc"}, r"the curve 'a' has values of shape \(\) and type <U3"),
        ({"a": ["x", "y", "z"]}, "type <U1: give one number an epoch"),
        ({"a": ["x", None, 2]}, "the curve 'a' holds what is no number"),
        ({"a": np.zeros((3, 2))}, r"values of shape \(3, 2\)"),
        ({"a": [[1], [2, 3], [4]]}, "the values of the curve 'a' are lists of different lengths"),
        ({"a": [1, 2]}, "the curve 'a' has 2 values for 3 epochs: give one an epoch"),
        ({"a": np.zeros(3, complex)}, "type complex128"),
    ],
)
def test_curves_that_do_not_fit_get_one_sentence(curves: object, sentence: str) -> None:
    with pytest.raises(KitError, match=sentence):
        checked_curves(curves, 3)


def test_pictures_of_other_data_get_one_sentence() -> None:
    data = SimpleNamespace(train=(PICTURES, None), fingerprint="other")
    with pytest.raises(KitError, match="the recording was made of other train pictures"):
        pictures_of(data, 4, np.arange(4), "f")
