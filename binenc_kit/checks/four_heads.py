"""Checks of notebook 02: heads from parts, how to read an ablation, and whether a code is mirrored."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from binenc_kit.checks.verdict import Slip, check, near, number, slip_of

if TYPE_CHECKING:
    from torch import Tensor, nn

# In what each network of the exercise's table differs from A.
TABLE = {
    "b": ("pull",),
    "c": ("pull", "linear"),
    "d": ("linear",),
    "e": ("few",),
    "f": ("pull", "few"),
}


@check
def penultimate(answer: Callable) -> str:
    """The layer that makes a head, answer(head, features, P), for the four heads by name."""
    import torch
    from torch import nn

    h = torch.linspace(-2, 2, 30).reshape(6, 5).sin() * 2
    for head in ("BinEnc", "LinPen", "NonlinPen", "NoPen"):
        layer = answer(head, 5, 3)
        if not isinstance(layer, nn.Module):
            raise Slip(f"For {head} that should be a torch.nn layer, but is of type {type(layer).__name__}.")
        if head != "NoPen":
            _examine(head, layer, h)
        elif [*layer.parameters()] or not torch.equal(layer(h), h):
            raise Slip("NoPen has no such layer: nn.Identity() hands the features on as they are.")
    return "Right: two heads share a layer, one adds a SiLU, one has none."


def _examine(head: str, layer: "nn.Module", h: "Tensor") -> None:
    """One linear layer from 5 features to 3 latents with a bias, and SiLU behind it in NonlinPen alone."""
    import torch.nn.functional as F
    from torch import nn

    linears = [part for part in layer.modules() if isinstance(part, nn.Linear)]
    if len(linears) != 1:
        raise Slip(f"{head} has one linear layer, but yours has {len(linears)}.")
    linear = linears[0]
    if (linear.in_features, linear.out_features) != (5, 3):
        raise Slip(f"{head}'s layer goes from features to P, but yours from {linear.in_features} inputs, asked for 5, "
                   f"to {linear.out_features} outputs, asked for 3.")  # fmt: skip
    if linear.bias is None:
        raise Slip(f"{head}'s layer has a bias: z = W1 h + b1.")
    z, u = layer(h), linear(h)
    if head == "NonlinPen":
        slip_of(z, {
            "NonlinPen is not linear: SiLU is missing behind its layer.": u,
            "NonlinPen has SiLU behind its linear layer, not before.": linear(F.silu(h)),
            "That is ReLU: the activation here is SiLU.": F.relu(u),
        })  # fmt: skip
    else:
        slip_of(z, {f"{head} stays linear: no SiLU behind its layer.": F.silu(u)})
    if not near(z, F.silu(u) if head == "NonlinPen" else u):
        raise Slip(f"{head}'s layer does something else than {'SiLU of ' if head == 'NonlinPen' else ''}W1 h + b1.")


@check
def ablation(answer: tuple[str, str, str, str]) -> str:
    """What stands beside A: the networks without pull, linear layer, few dimensions, and what the code cannot miss."""
    if not isinstance(answer, tuple | list) or len(answer) != 4:
        raise Slip('That should be three letters and an ingredient, such as ("F", "F", "F", "pull").')
    *letters, needed = [str(given).strip().lower() for given in answer]
    wanted = {"pull": "b", "linear": "d", "few": "e"}
    for (ingredient, right), letter in zip(wanted.items(), letters, strict=True):
        if letter not in TABLE:
            raise Slip(f"There is no network {letter[:20]!r} to put beside A: choose one of B to F.")
        if letter == right:
            continue
        if len(missing := TABLE[letter]) > 1:
            raise Slip(
                f"{letter.upper()} differs from A in two things, {' and '.join(missing)}: which made the change?"
            )
        raise Slip(f"{letter.upper()} differs from A in one thing, but that is {missing[0]}, not {ingredient}.")
    if needed in ("few", "dimensions", "few dimensions"):
        raise Slip("40 bits must all agree in E, which is harder than 5: its .38 stands beside .05 after rotations.")
    if needed == "linear":
        raise Slip("D has no linear layer, and still .91, beside .68 after rotations: that is a code.")
    if needed != "pull":
        raise Slip("The last one should be an ingredient: pull, linear or few.")
    return "Right: without the pull, B is no better than after a random rotation; D and E are."


@check
def mirror(answer: Callable) -> str:
    """How alike the two sides of zero are, answer(z) for latents (N, P): 1 for mirror images, 0 for one side alone."""
    z = np.array([[1.0, 6.0], [3.0, 2.0], [2.0, 1.0], [-1.0, -1.0], [-7.0, -0.5]])
    up, down = np.array([2.0, 3.0]), np.array([4.0, 0.75])
    value = number(answer(z.copy()), "mirror(z)")
    if value < 0:
        raise Slip("Sizes, not signs: the mean of the left side is negative, so take its absolute value.")
    medians = np.array([2.0, 2.0]) / np.array([4.0, 0.75])
    slip_of(value, {
        "Not the larger over the smaller, but the smaller over the larger, so that it ends at 1.":
            np.mean([2.0, 4.0]),
        "Divide the smaller side by the larger one, whichever it is: here one dimension leans left, one right.":
            (up / down).mean(),
        "Divide the smaller side by the larger one in each dimension, not always left by right.": (down / up).mean(),
        "That takes both dimensions together, and lets one lean make up for the other: one by one, then the mean.":
            2.375 / 2.5,
        "Those are medians: take means.": np.minimum(medians, 1 / medians).mean(),
        "That is the sum over the dimensions: take their mean.": 0.75,
    })  # fmt: skip
    if not near(value, 0.375):
        raise Slip(f"For the latents of the check it is 0.375, but yours is {value:.4g}.")
    if not near(number(answer(np.abs(z)), "mirror(z) without a left side"), 0.0):
        raise Slip("Right where both sides are there; a dimension with an empty side counts 0.")
    if not near(answer(-z), 0.375):
        raise Slip("Right for these latents, but not for their mirror image.")
    return "Right: 1 where the sides are mirror images, near 0 where one side hugs zero."
