import pytest

from binenc_kit.errors import KitError
from binenc_kit.parameters import assigned_names, check_parameters

CELL = "# parameters: set them here\nheads = ['BinEnc']\nseeds = [0]\nbatch_size = 32"


def test_names_assigned_at_the_top_level_are_found_in_order() -> None:
    assert assigned_names("a = 1\nif a:\n    b = 2\nc = d = [3]\nprint(a)") == ["a", "c", "d"]


def test_right_parameters_pass() -> None:
    assert check_parameters(["", "import os", CELL, "# Parameters\nseeds = [1, 2]\n", "check_parameters(In)"]) == [
        "seeds"
    ]
    assert check_parameters(["", CELL]) == []


def test_a_misspelt_parameter_is_an_error_that_lists_the_right_ones() -> None:
    with pytest.raises(KitError) as caught:
        check_parameters([CELL, "# Parameters\nseed = [1]\n"])
    assert "unknown parameter 'seed': did you mean seeds?" in str(caught.value)
    assert "heads, seeds, batch_size" in str(caught.value)
