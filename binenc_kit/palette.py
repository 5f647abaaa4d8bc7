"""Colours, marker shapes and names, the same in every figure.

Colours are Okabe and Ito's, which colour-blind readers tell apart, and a grey; every line has a marker of its own.
"""

from collections.abc import Iterable

Style = tuple[str, str]  # a colour and a marker

STYLES = {
    "BinEnc": ("#0072B2", "o"),
    "LinPen": ("#E69F00", "s"),
    "NonlinPen": ("#009E73", "^"),
    "NoPen": ("#CC79A7", "D"),
    "NonlinPen+quadratic": ("#D55E00", "v"),
    "LPC": ("#56B4E9", "P"),
    "HUG": ("#000000", "X"),
    "ArcFace": ("#D55E00", ">"),
    "CenterLoss": ("#999999", "h"),
    "SupCon": ("#F0E442", "*"),
}


def styles(names: Iterable[str]) -> dict[str, Style]:
    """A style for each name: a head's own, and for other names what is left, yellow last, as it is faint on white.

    Only from the eleventh name on do styles come back.
    """
    names = list(dict.fromkeys(names))
    free = [STYLES[head] for head in ("LPC", "HUG", *STYLES) if head not in names]
    free = list(dict.fromkeys(free)) or list(STYLES.values())
    strangers = [name for name in names if name not in STYLES]
    given = {name: free[number % len(free)] for number, name in enumerate(strangers)}
    return {name: STYLES.get(name) or given[name] for name in names}


def plain(name: str, longest: int | None = None) -> str:
    """A name as it is, for a dollar would begin a formula; where it is longer than `longest`, "…" in its middle."""
    return shortened(name, longest or len(name)).replace("$", r"\$")


def shortened(name: str, longest: int) -> str:
    """A name with "…" in its middle where it is longer than `longest`."""
    if len(name) <= longest:
        return name
    return name[: longest // 2] + "…" + name[longest // 2 + 1 - longest :]  # names often differ at their end


def class_styles(count: int) -> list[Style]:
    """A style for each class: the first ten as `styles` gives them, then the same colours with other markers.

    A hundred classes differ; after that styles come back.
    """
    first = list(styles(map(str, range(min(count, 10)))).values())
    markers = [marker for _, marker in first]
    return [(first[i % 10][0], markers[(i + i // 10) % len(markers)]) for i in range(count)]
