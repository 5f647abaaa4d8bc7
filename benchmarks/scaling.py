"""How an epoch's time grows with the samples, beside a limit of our own: the kit's loop, as `train` calls it."""

import argparse
from collections.abc import Callable

from loops import kit_epoch, random_pictures
from turns import fastest, note, report_limit

from binenc_kit.config import RunConfig

TIMES = (1, 2, 4, 8)


def grow(name: str, config: RunConfig, shape: tuple[int, ...], base: int, rounds: int) -> None:
    """Time an epoch of 8 times `base` samples beside 2, 4 and 8 epochs of fewer, which are as many in all.

    Equally long, they are disturbed alike by whatever else the machine does.
    """
    ways = {
        f"{times}x": _repeated(kit_epoch(config, random_pictures(times * base, shape=shape)), TIMES[-1] // times)
        for times in TIMES
    }
    seconds, _ = fastest(ways, rounds)
    report_limit(f"epoch-{name}-8x-samples", seconds["8x"] / seconds["1x"], 1.15, "x")
    each = ", ".join(f"{times} {1e6 * took / (TIMES[-1] * base):.1f}" for times, took in seconds.items())
    note(f"{name}, microseconds a sample in epochs of {base:,} samples and more: {each}")


def _repeated(epoch: Callable[[], object], often: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(often):
            epoch()

    return run


def main() -> None:
    """Time 8 times as many samples: small pictures with the mlp, pictures of 32x32 pixels with the convnet."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer samples and rounds, to see that it runs")
    quick = parser.parse_args().quick
    mlp = RunConfig(data="custom:noise", device="cpu")
    convnet = RunConfig(data="custom:noise", backbone="convnet", batch_size=128, augment=True, device="cpu")
    grow("mlp", mlp, (8, 8), 160 if quick else 1280, rounds=1 if quick else 10)
    grow("convnet", convnet, (32, 32, 3), 128 if quick else 256, rounds=0 if quick else 3)


if __name__ == "__main__":
    main()
