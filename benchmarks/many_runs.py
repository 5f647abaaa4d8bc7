"""Many small runs as one program against the same runs one after another: same networks, batches, epochs and hardware.

The rival is the kit's own loop, on one thread, as `train` calls it, without recording. `train_many` is timed whole:
building and stacking the networks is part of it. It uses all cores, which is part of its gain; the line "one-core"
shows what batching alone brings.
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from loops import kit_run
from turns import fastest, report

from binenc_kit.config import RunConfig
from binenc_kit.data import Data, load_data
from binenc_kit.machine import on_threads
from binenc_kit.many import train_many
from binenc_kit.networks import Network
from binenc_kit.outputs import outputs

CLOSE = 0.05  # of the logits' standard deviation, root mean square: rounding grows from step to step


def one_by_one(configs: Sequence[RunConfig], data: Data) -> list[Network]:
    """Every run with the kit's loop, one after another."""
    return [kit_run(config, data).eval() for config in configs]


def require_close(ours: Sequence[Network], rivals: Sequence[Network], data: Data) -> None:
    """Stop where the two ways lead to other networks."""
    for run, (one, other) in enumerate(zip(ours, rivals, strict=True)):
        logits, theirs = (outputs(network, data, "val").logits for network in (one, other))
        difference = np.sqrt(np.square(logits - theirs).mean()) / theirs.std()
        if not difference < CLOSE:
            raise SystemExit(f"run {run} came out different: by {difference:.3g} of the logits' standard deviation")


def compare(name: str, goal: float, configs: Sequence[RunConfig], data: Data, rounds: int) -> None:
    """Time both in turns, check that they agree, and print the comparison's line."""
    ways: dict[str, Callable[[], list[Network]]] = {
        "rival": lambda: one_by_one(configs, data),
        "ours": lambda: train_many(configs, data, progress=False),
    }
    best, networks = fastest(ways, rounds)
    require_close(networks["ours"], networks["rival"], data)
    report(name, best["ours"], best["rival"], goal)


def runs(lrs: int, growths: int, seeds: int, **settings: object) -> list[RunConfig]:
    """A map's cells: learning rates, each with growth rates of gamma, each with seeds."""
    cells = product(np.geomspace(5e-4, 4e-3, lrs), np.geomspace(1.01, 1.2, growths), range(seeds))
    return [RunConfig(lr=lr, gamma_factor=growth, seed=seed, device="cpu", **settings) for lr, growth, seed in cells]


def main() -> None:
    """Seconds for all runs: 12, 48 and 108 of digits with the mlp, three epochs each, and 48 on one core."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, epochs and rounds, to see that it runs")
    quick = parser.parse_args().quick
    data = load_data("digits")
    if quick:
        return compare("many-12-runs", 3.0, runs(2, 2, 3, epochs=1), data, rounds=1)
    compare("many-12-runs", 3.0, runs(2, 2, 3, epochs=3), data, rounds=8)
    compare("many-48-runs", 6.0, runs(4, 4, 3, epochs=3), data, rounds=8)
    compare("many-108-runs", 6.0, runs(6, 6, 3, epochs=3), data, rounds=3)
    with on_threads(1):
        compare("many-48-runs-one-core", 3.0, runs(4, 4, 3, epochs=3), data, rounds=3)
    return None


if __name__ == "__main__":
    main()
