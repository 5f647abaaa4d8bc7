"""Checks of notebook 07: the shortest step to a border, how long it is, and whether to believe it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from binenc_kit.checks.verdict import NOT_DONE, Slip, check, near, number, slip_of

if TYPE_CHECKING:
    from torch import Tensor

GRADIENTS = np.array([[0.5, 1.0, -0.2], [1.0, 0.5, 0.0], [-2.0, -1.5, 1.0], [3.5, 0.6, 2.0]])
PLACES = ((np.array([2.0, 3.0, 0.5, 1.8]), 1), (np.array([2.0, 3.0, 3.6, 1.8]), 2))  # logits, and the class they name
CASES = {  # what DeepFool and the strong attack say of two networks: the right word, and why
    "A": ("reversed", "DeepFool says gain, the strong attack says the opposite, and chance explains neither"),
    "B": ("survives", "both attacks see the gain, and chance explains neither"),
    "C": ("none", "chance alone often makes a difference like the weak attack's, so there was no gain to begin with"),
    "D": ("gone", "DeepFool says gain, but chance alone often makes a difference like the strong attack's"),
    "E": ("gone", "where the loss is flat PGD cannot even begin, and without gradients the networks fall alike"),
}


@check
def border_step(answer: Callable) -> str:
    """The shortest step to a border of linear logits, answer(logits, gradients, label): arrays (C,) and (C, D)."""
    for logits, label in PLACES:
        value = np.asarray(answer(logits.copy(), GRADIENTS.copy(), label), float)
        towards = {k: _towards(logits, label, k) for k in range(len(logits)) if k != label}
        nearest = min(towards, key=lambda k: np.linalg.norm(towards[k]))
        right = towards[nearest]
        if value.shape != right.shape:
            raise Slip(f"A step has one number a pixel, here the shape {right.shape}, but yours is {value.shape}.")
        if np.isnan(value).any():
            raise Slip("Your step is NaN: leave the class itself out, whose w_k - w_y is zero.")
        if near(value, right):
            continue
        runner_up = max(towards, key=lambda k: logits[k])
        slip_of(value, {
            "That goes to the runner-up's border: the nearest has the smallest |f_k - f_y| / ||w_k - w_y||.":
                towards[runner_up],
        } | _border_slips(logits, label, nearest))  # fmt: skip
        raise Slip(f"For the check's class {label} the shortest step is {_told(right)}, but yours is {_told(value)}.")
    return "Right: the nearest border in pixels, which need not be the runner-up's."


def _towards(logits: NDArray[np.float64], label: int, k: int) -> NDArray[np.float64]:
    """The shortest step to the border between two classes."""
    w = GRADIENTS[k] - GRADIENTS[label]
    return abs(logits[k] - logits[label]) * w / (w @ w)


def _border_slips(logits: NDArray[np.float64], label: int, nearest: int) -> dict[str, NDArray[np.float64]]:
    """Wrong steps towards the right class."""
    right, f, own = _towards(logits, label, nearest), abs(logits[nearest] - logits[label]), GRADIENTS[nearest]
    w = own - GRADIENTS[label]
    return {
        "That is 2 % too long, with the overshoot in it: the overshoot comes later.": 1.02 * right,
        "That leads away from the border: class k gains along w_k - w_y.": -right,
        "You forgot the square: divide by the squared norm, for w brings its own length along.":
            right * np.linalg.norm(w),
        "That is the direction alone: the length must be |f_k - f_y| / ||w_k - w_y||.": w / np.linalg.norm(w),
        "You used the gradient of class k alone: f_k - f_y grows along w_k - w_y.": f * own / (own @ own),
        "You took the sum of absolute values for the norm: it is the root of the sum of squares.":
            f * w / np.abs(w).sum() ** 2,
    }  # fmt: skip


def _told(vector: NDArray[np.float64]) -> str:
    return "(" + ", ".join(f"{entry:.3f}" for entry in vector) + ")"


@check
def relative_norm(answer: Callable) -> str:
    """The mean relative perturbation, answer(perturbation, images): tensors (N, channels, height, width)."""
    import torch

    generator = torch.Generator().manual_seed(0)
    images = torch.randn(3, 2, 4, 4, generator=generator) * torch.tensor([1.0, 2.0, 5.0])[:, None, None, None]
    perturbation = torch.randn(3, 2, 4, 4, generator=generator) * torch.tensor([0.9, 0.1, 0.3])[:, None, None, None]
    value = number(answer(perturbation, images), "mean_relative(perturbation, images)")
    flat = perturbation.flatten(1), images.flatten(1)
    (r, x), (r_sum, x_sum), (r_peak, x_peak) = ([part.norm(p=p, dim=1) for part in flat] for p in (2, 1, torch.inf))
    right = (r / x).mean().item()
    slip_of(value, {
        "That divides the norm of all perturbations by that of all pictures: divide picture by picture, then average.":
            r.norm() / x.norm(),
        "That divides two means: divide picture by picture, so that each counts alike.": r.mean() / x.mean(),
        "That is the mean of ||r|| alone: divide each by its own picture's ||x||.": r.mean(),
        "Those are squared norms: take the roots before you divide.": (r**2 / x**2).mean(),
        "That adds absolute values: the norm is the root of the sum of squares.": (r_sum / x_sum).mean(),
        "That looks at the largest pixel only: the norm is the root of the sum of squares.": (r_peak / x_peak).mean(),
        "That is upside down: the perturbation's norm over the picture's.": (x / r).mean(),
    })  # fmt: skip
    if not near(value, right):
        raise Slip(f"For the three pictures of the check it is {right:.4f}, but yours is {value:.4f}.")
    return "Right: each picture's ||r|| over its own ||x||, then the mean."


@check
def bisection(answer: Callable) -> str:
    """The smallest scale that fools, answer(is_fooled), to within 0.001; scale 0 does not fool, and scale 1 does."""
    for border in (0.3417, 0.7803, 0.0512):
        asked: list[float] = []

        def is_fooled(scale: float, border: float = border, asked: list[float] = asked) -> bool:
            asked.append(float(scale))
            return bool(scale >= border)

        value = number(answer(is_fooled), "refine(is_fooled)")
        if border - 2e-3 < value < border:
            raise Slip(f"{value:.4f} is just too short to fool, for the border is at {border}: return the upper end.")
        if min(abs(value), abs(value - 1)) < 2e-3:
            raise Slip(
                f"You end at {value:.4g}, but the border is at {border}: where the middle fools, go on with the lower "
                "half, else with the upper one."
            )
        if not border <= value <= border + 1e-3:
            raise Slip(f"The border is at {border}, but yours is {value:.4f}: halve until 0.001 is left.")
        if len(asked) > 100:
            raise Slip(f"That is the border, but you asked the network {len(asked)} times: ten halvings are enough.")
    return f"Right: {len(asked)} questions to the network, and the border is known to a thousandth."


@check
def blinded(answer: Callable) -> str:
    """A network whose loss has no gradient, answer(network): as network, a function from pictures to logits (N, C)."""
    import torch
    from torch.nn import functional as F

    generator = torch.Generator().manual_seed(0)
    first, second, bias = (torch.randn(*shape, generator=generator) for shape in ((16, 8), (8, 3), (8,)))
    images, shown = torch.randn(60, 1, 4, 4, generator=generator), []

    def network(images: "Tensor") -> "Tensor":
        shown.append(images)
        return (images.flatten(1) @ first / 4 + bias).tanh() @ second

    best, runner_up = network(images).topk(2, dim=1).values.T
    images = images[best - runner_up > 0.5].requires_grad_()
    masked, labels = answer(network), network(images).argmax(dim=1)
    if not callable(masked):
        raise Slip("Return a function from pictures to logits, such as `lambda images: ...`.")
    shown.clear()
    logits = masked(images)
    if any(given.shape == images.shape and not torch.allclose(given, images) for given in shown):
        raise Slip("Your network is shown other pictures than before: multiply the logits, not the pictures.")
    _require_same(logits, labels, images)
    [slope] = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), images)
    if slope.any():
        raise Slip(
            f"The loss still has a gradient at {slope.flatten(1).any(dim=1).float().mean():.0%} of the pictures, of "
            f"{slope.flatten(1).norm(dim=1).max():.2g} at most: tiny is not zero, for an attack divides by the length."
        )
    return "Right: the same predictions, and a loss that is flat in float32. Nothing has become harder to fool."


def _require_same(logits: "Tensor", labels: "Tensor", images: "Tensor") -> None:
    """Raise `Slip` unless these logits name the same classes and still depend on the pictures."""
    import torch

    if not logits.isfinite().all():
        raise Slip("Some of your logits are infinite or NaN: a smaller factor blinds as well.")
    if not torch.equal(logits.argmax(dim=1), labels):
        raise Slip("Your network names other classes than before: its predictions must stay the same.")
    if not logits.requires_grad or not torch.autograd.grad(logits[:, 0].sum(), images, retain_graph=True)[0].any():
        raise Slip("Your logits have no gradient themselves: hide the loss's from PGD, but leave theirs for DeepFool.")


@check
def contest_verdicts(answer: Mapping[str, str]) -> str:
    """What survives in each of five contests, a dict from A to E of survives, gone, reversed or none."""
    if not isinstance(answer, Mapping) or set(answer) != set(CASES):
        raise Slip(f"Give a dict with a word for each of {', '.join(CASES)}.")
    if any(word is ... for word in answer.values()):
        raise Slip(NOT_DONE)
    words = sorted({word for word, _ in CASES.values()})
    unknown = [word for word in answer.values() if word not in words]
    if unknown:
        raise Slip(f"{unknown[0]!r} is none of {', '.join(words)}.")
    wrong = [case for case, (word, _) in CASES.items() if answer[case] != word]
    if wrong:
        others = f" Of the other four, {len(wrong) - 1} need another look." if len(wrong) > 1 else ""
        raise Slip(f"{wrong[0]} is not {answer[wrong[0]]!r}: {CASES[wrong[0]][1]}.{others}")
    return "Right, all five: of four claims of a gain, one survives."
