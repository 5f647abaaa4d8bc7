"""Errors a person can act on: one sentence that says what was wrong, what is allowed, and what to try."""

from collections.abc import Iterable
from difflib import get_close_matches


class KitError(ValueError):
    """Anything the kit refuses, explained in one sentence, on one line whatever it quotes."""

    def __init__(self, sentence: str) -> None:
        super().__init__(" ".join(sentence.split()))


class BusyError(KitError):
    """A run that somebody else is writing just now: asking again later helps."""


def require_known(kind: str, name: object, allowed: Iterable[str]) -> None:
    """Raise `KitError` unless `name` is one of `allowed`; the sentence offers the nearest right names.

    `kind` is what the name names: "head", "backbone", "setting".
    """
    allowed = list(allowed)
    if name in allowed:
        return
    lower = {known.lower(): known for known in allowed}
    near = [lower[match] for match in get_close_matches(str(name).lower(), lower, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise KitError(f"unknown {kind} {name!r}: {hint}allowed are {', '.join(allowed)}")
