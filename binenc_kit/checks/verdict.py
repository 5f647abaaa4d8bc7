"""What every check shares: stubs, errors and slips are told apart, and one line is printed."""

import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

NOT_DONE = "Not done yet: replace the stub with your answer, then run the cell again."


class Slip(AssertionError):  # noqa: N818  it is no error of the kit
    """An answer that does not hold, explained in one sentence that names the likely slip."""


def check(examine: Callable[..., str]) -> Callable[..., None]:
    """Make a check of `examine`, which raises `Slip` or says in one sentence what is right.

    The check takes the same arguments and prints one line. With the environment variable BINENC_KIT_CHECKS=strict it
    raises `Slip` where the answer does not hold.
    """

    @wraps(examine)
    def checked(*answers: Any) -> None:  # noqa: ANN401  learners may pass anything
        if any(answer is ... for answer in answers):
            return _refuse(NOT_DONE)
        try:
            said = examine(*answers)
        except NotImplementedError:  # what a stub of a function raises
            return _refuse(NOT_DONE)
        except Slip as slip:
            return _refuse(str(slip))
        except Exception as error:  # whatever a learner's function raises
            return _refuse(f"Your answer raised {type(error).__name__}: {error}")
        print(f"\N{HEAVY CHECK MARK} {said}")

    return checked


def _refuse(sentence: str) -> None:
    if os.environ.get("BINENC_KIT_CHECKS") == "strict":
        raise Slip(sentence)
    print(f"\N{BALLOT X} {sentence}")


def array(answer: object, kind: DTypeLike | None = None) -> NDArray:
    """An answer as an array, of that kind of number if told; a tensor, whatever its device and gradient, too."""
    return np.asarray(answer.detach().cpu() if hasattr(answer, "detach") else answer, kind)


def number(answer: object, what: str) -> float:
    """An answer as a float; raises `Slip` where it is not one finite number."""
    value = array(answer)
    if value.ndim or value.dtype.kind not in "iuf" or not np.isfinite(value):
        raise Slip(f"{what} should be one number, but is {' '.join(str(answer).split())[:60]}.")
    return float(value)


def near(value: ArrayLike, right: ArrayLike, relative: float = 1e-3) -> bool:
    """Whether two answers agree up to `relative`, whatever their type."""
    value, right = array(value, np.float64), array(right, np.float64)
    return value.shape == right.shape and bool(np.allclose(value, right, rtol=relative, atol=1e-9))


def slip_of(value: ArrayLike, slips: Mapping[str, ArrayLike], relative: float = 1e-3) -> None:
    """Raise the `Slip` whose wrong value the answer is; nothing where it is none of them."""
    for sentence, wrong in slips.items():
        if near(value, wrong, relative):
            raise Slip(sentence)
