"""Two ways of doing the same work, timed in turns, and the lines from which `make bench` makes its tables."""

import time
from collections.abc import Callable, Mapping


def fastest(ways: Mapping[str, Callable[[], object]], rounds: int) -> tuple[dict[str, float], dict[str, object]]:
    """Seconds of each way's fastest round, and what its last one returned; rounds: so many after a first one.

    The first warms up, and counts like the others. They take turns, and the fastest round counts: whatever else the
    machine does can only make a round slower.
    """
    best, returned = dict.fromkeys(ways, float("inf")), {}
    for _ in range(rounds + 1):
        for who, way in ways.items():
            start = time.perf_counter()
            returned[who] = way()
            best[who] = min(best[who], time.perf_counter() - start)
    return best, returned


def report(name: str, ours: float, rival: float, goal: float | None, unit: str = "s") -> None:
    """Print a comparison: what ours took, what the rival took, and how many times as long that is."""
    aim = "none" if goal is None else f"{goal}x"
    print(f"{name} ours={ours:.4g}{unit} rival={rival:.4g}{unit} ratio={rival / ours:.2f}x goal={aim}", flush=True)


def report_limit(name: str, found: float, limit: float, unit: str) -> None:
    """Print a figure that may not be larger than its limit."""
    print(f"{name} found={found:.4g}{unit} limit={limit:g}{unit}", flush=True)


def note(text: str) -> None:
    """Print a sentence that belongs to the comparisons."""
    print(f"- {text}", flush=True)
