"""What a large recording holds in memory while it is written and scrubbed, beside a limit of our own.

Each is measured in a process of its own, beyond what that held before, imports done: anonymous pages only (RssAnon of
Linux, looked at from outside every millisecond), since pages of the mapped recording belong to the file and are given
back whenever someone else needs them.
"""

import argparse
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from turns import note, report_limit

from binenc_kit.config import RunConfig
from binenc_kit.recording import Recording
from binenc_kit.widgets import EpochScrubber
from binenc_kit.writing import Writer

P, CLASSES = 64, 10


def record(folder: str, epochs: int, samples: int) -> None:
    """Write a recording as training does, frame by frame; each sample settles at its class's vertex."""
    config = RunConfig(data="custom:noise", P=P, epochs=epochs, probe_size=samples, device="cpu")
    about = {"data": "noise", "fingerprint": "none", "class_names": list("0123456789")}
    rng, labels = np.random.default_rng(0), np.arange(samples) % CLASSES
    corners = rng.choice(np.array([-1, 1], np.float32), (CLASSES, P))
    noise = rng.standard_normal((samples, P), np.float32)
    with Writer(Path(folder), config, about) as writer:
        writer.start(np.arange(samples), labels, P, "<f4")
        for epoch in range(1, epochs + 1):
            latents = noise / np.float32(epoch)
            latents += corners[labels]
            writer.append({"epoch": epoch, "gamma": 1.0, "probe_accuracy": 1.0, "val_accuracy": 1.0}, latents)
        writer.finish()


def look(folder: str) -> None:
    """Read the first, the middle and the last frame of a recording."""
    run = Recording(folder)
    for epoch in (0, run.epochs // 2, -1):
        run.latents[epoch].sum()


def scrub(folder: str) -> None:
    """Open a recording in the scrubber, and write its page when the recording is gone."""
    scrubber = EpochScrubber(Recording(folder))
    shutil.rmtree(folder)
    scrubber.to_html()


def watched(task: Callable[..., None], *arguments: object) -> tuple[float, float]:
    """Megabytes that a task holds at its peak, in a process of its own, beyond what was there before; and seconds."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_work, args=(there, task, *arguments))
    process.start()
    there.close()  # the child's own end closes with the child
    here.recv()
    before = peak = _anonymous(process.pid)
    start = time.perf_counter()
    here.send("go")
    while not here.poll(0.001):
        peak = max(peak, _anonymous(process.pid))
    seconds = time.perf_counter() - start
    process.join()
    if process.exitcode:
        raise SystemExit(f"{task.__name__} failed")
    return peak - before, seconds


def _work(parent: Connection, task: Callable[..., None], *arguments: object) -> None:
    """What the process of `watched` does, once it is told to: until then it has imported this module."""
    parent.send("ready")
    parent.recv()
    task(*arguments)
    parent.send("done")


def _anonymous(process: int) -> float:
    """Megabytes of a process that no file holds; 0 once it has ended."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("RssAnon")), 0.0)


def remember(epochs: int, samples: int) -> None:
    """Record and scrub so much, and see what is held in memory."""
    gigabytes = epochs * samples * P * 4 / 1e9
    if not Path("/proc/self/status").exists():
        return note("memory was not measured: only Linux tells which pages belong to no file")
    if shutil.disk_usage(tempfile.gettempdir()).free < 1.2e9 * gigabytes:
        return note(f"memory was not measured: {tempfile.gettempdir()} has no room for {gigabytes:.2f} GB")
    with tempfile.TemporaryDirectory() as folder:
        run = str(Path(folder) / "run")
        written, looked, scrubbed = watched(record, run, epochs, samples), watched(look, run), watched(scrub, run)
    report_limit("recording-memory", written[0], 300, "MB")
    report_limit("scrubber-memory", scrubbed[0], 300, "MB")
    what = f"{epochs} epochs of {samples:,} x {P} latents, {gigabytes:.2f} GB"
    note(f"{what}: written in {written[1]:.1f} s, opened in the scrubber in {scrubbed[1]:.1f} s")
    return note(f"three of its frames are read in {1000 * looked[1]:.0f} ms with {looked[0]:.1f} MB of memory")


def main() -> None:
    """Megabytes for a recording of 200 epochs of 50,000 latents, being written, and in the scrubber."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="5 epochs of 2,000 latents, to see that it runs")
    quick = parser.parse_args().quick
    remember(*(5, 2000) if quick else (200, 50_000))


if __name__ == "__main__":
    main()
