"""Colours, marker shapes and names, the same in every figure.

Colours are Okabe and Ito's, which colour-blind readers tell apart, and every line has a marker of its own.
"""

from collections.abc import Iterable

Style = tuple[str, str]  # a colour and a marker

STYLES = {
    "BinEnc": ("#0072B2", "o"),
    "LinPen": ("#E69F00", "s"),
    "NonlinPen": ("#009E73", "^"),
    "NoPen": ("#CC79A7", "D"),
    "NonlinPen+quadratic": ("#D55E00", "v"),
}
OTHERS = (("#56B4E9", "P"), ("#000000", "X"), ("#F0E442", "*"))


def styles(names: Iterable[str]) -> dict[str, Style]:
    """A style for each name: a head's own, and for other names what is left, yellow last, as it is faint on white.

    Only from the ninth name on do styles come back.
    """
    names = list(dict.fromkeys(names))
    free = [*OTHERS[:-1], *(style for head, style in STYLES.items() if head not in names), OTHERS[-1]]
    strangers = [name for name in names if name not in STYLES]
    given = {name: free[number % len(free)] for number, name in enumerate(strangers)}
    return {name: STYLES.get(name) or given[name] for name in names}


def plain(name: str, longest: int | None = None) -> str:
    """A name as it is, for a dollar would begin a formula; where it is longer than `longest`, "…" in its middle."""
    if longest is not None and len(name) > longest:
        name = name[: longest // 2] + "…" + name[longest // 2 + 1 - longest :]  # names often differ at their end
    return name.replace("$", r"\$")
