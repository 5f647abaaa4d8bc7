import pytest
from sklearn.metrics import accuracy_score

from binenc_kit.errors import KitError
from binenc_kit.measures.accuracy import accuracy


def test_accuracy_by_hand_and_by_scikit_learn() -> None:
    assert accuracy([1, 2, 3, 4], [1, 2, 0, 0]) == 0.5 == accuracy_score([1, 2, 0, 0], [1, 2, 3, 4])


def test_predictions_that_do_not_fit_are_refused() -> None:
    for predicted, labels in (([1], [1, 2]), ([], [])):
        with pytest.raises(KitError, match="do not fit"):
            accuracy(predicted, labels)
