"""Checks of notebook 00: bits, codes, and how far apart they are."""

from collections.abc import Callable

import numpy as np

from binenc_kit.checks.verdict import Slip, check

BOOK = {"cat": "01111", "dog": "10000", "owl": "11001", "fox": "00110", "bee": "10110"}
CLASSES = (10, 16, 17, 1000)


@check
def code(answer: Callable) -> str:
    """The code of one picture, answer(z): a string with a 1 for each latent above zero and a 0 for the others."""
    slips = {
        "0010": "Your bits are the wrong way round: 1 where z is positive, 0 where it is not.",
        "1011": "That is the code from right to left: begin with the first latent.",
        "0101": "Positive means above zero, however little: 0.1 is a 1, too.",
        "0111": "The sign decides, not the size: -0.7 is a 0.",
        "1111": "The sign decides, not the size: -0.7 is a 0.",
    }
    for latents, right in [([0.1, 1.2, -0.7, 2.0], "1101"), ([-0.3, 0.0, 0.2, -0.1], "0010"), ([-3.0, 0.2], "01")]:
        found = answer(np.array(latents))
        bits = "".join(character for character in str(found) if character in "01")
        if not isinstance(found, str) and bits == right:
            raise Slip('The bits are right, but the code should be a string such as "1101": join them.')
        if not isinstance(found, str):
            raise Slip(f'code(z) should be a string such as "1101", but is of type {type(found).__name__}.')
        if right == "1101" and found in slips:
            raise Slip(slips[found])
        if found == "0110":
            raise Slip("A latent of exactly 0 is not positive: its bit is 0.")
        if found != right:
            raise Slip(f'The latents {latents} have the code "{right}", but yours is "{found[:60]}".')
    return "Right: the signs of the latents are the code."


@check
def fewest(answer: list[int]) -> str:
    """The fewest bits for 10, 16, 17 and 1,000 classes: a list of four numbers."""
    values = np.asarray(answer)
    if values.shape != (4,) or values.dtype.kind not in "iuf":
        raise Slip("That should be a list of four numbers, one for each number of classes.")
    slips = {
        (3, 4, 4, 9): "You rounded down: 2 to the power of P must reach the number of classes, so round up.",
        (4, 5, 5, 10): "Nearly: 4 bits make 16 codes, which is just enough for 16 classes.",
        (5, 8, 9, 500): "One bit tells two classes apart, but two bits four, and three bits eight: they multiply.",
        (10, 16, 17, 1000): "One bit a class always does, but the classes can share bits: P of them make 2^P codes.",
    }
    right = tuple((count - 1).bit_length() for count in CLASSES)
    given = tuple(values.tolist())
    if given in slips:
        raise Slip(slips[given])
    for count, bits, mine in zip(CLASSES, right, given, strict=True):
        if mine != bits:
            raise Slip(f"{mine:g} bits make {2.0**mine:,.0f} codes; the fewest for {count:,} classes are {bits}.")
    return "Right: every further bit doubles the number of codes."


@check
def nearest_codes(answer: tuple[str, str, int]) -> str:
    """The two classes of BOOK with the nearest codes, and in how many bits these differ."""
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        raise Slip('That should be two names and a number, such as ("cat", "owl", 3).')
    first, second, bits = answer
    for name in (first, second):
        if name not in BOOK:
            raise Slip(f"There is no class {str(name)[:20]!r} in this codebook: it has {', '.join(BOOK)}.")
    if first == second:
        raise Slip("Those are one class: choose two.")
    pair = {first, second}
    if pair == {"cat", "dog"}:
        raise Slip("15 and 16 are neighbours as numbers, but these codes differ in all 5 bits: compare bit by bit.")
    apart = sum(one != other for one, other in zip(BOOK[first], BOOK[second], strict=True))
    if pair != {"fox", "bee"}:
        raise Slip(f"The codes of {first} and {second} differ in {apart}; two others are nearer.")
    if bits != apart:
        raise Slip("The right pair, but count again in how many places their codes differ.")
    return "Right: one wrong bit turns a fox into a bee; between all others it takes two or more."
