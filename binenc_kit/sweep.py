"""`sweep(configs, folder)`: many runs, spread over workers by Dask; whatever ends it, the next call does the rest."""

import heapq
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from tqdm import tqdm

from binenc_kit.clusters import DEATHS, Where, first_needed
from binenc_kit.config import RunConfig, require_list
from binenc_kit.errors import KitError
from binenc_kit.files import explained
from binenc_kit.recording import Recording
from binenc_kit.tasks import Outcome, Task, perform

if TYPE_CHECKING:
    from distributed import Client, Future

    from binenc_kit.training import Own

PAUSE = 1.0  # seconds until a run that another sweep is training is asked for again
AHEAD = 2  # tasks a worker: it finds the next one waiting, and the driver holds no more than these


@dataclass(frozen=True)
class Swept:
    """What became of a sweep: the configs that are done, in their order, and by its name why a run failed."""

    folder: Path
    done: tuple[RunConfig, ...]
    failed: dict[str, str]

    @property
    def recordings(self) -> list[Recording]:
        """The runs that are done, opened."""
        return [Recording(self.folder / config.name) for config in self.done]


def sweep(
    configs: Sequence[RunConfig],
    folder: str | Path,
    *,
    where: Where = None,
    modes: Sequence[str] = ("strict",),
    retry: bool = False,
    progress: bool = True,
    title: str = "runs",
    **own: "Unpack[Own]",
) -> Swept:
    """Train and measure every config in a folder of its own within `folder`, several at a time.

    What is there is not done again: finished runs are skipped, begun ones go on, and those that failed are listed, and
    tried again with `retry`. Two sweeps over one folder share the runs. Workers compute on one thread each; one that
    dies is replaced, and its run goes on elsewhere.
    where: as for `clusters.connected`: by default this machine, with one worker a GPU or core; 0: no workers, one run
    after another in this process. modes: in which to measure, as `evaluate`; none: only train. title: what the progress
    bar calls it. own: as for `train`.
    Raises `KitError` for a folder that cannot be written, a full disk, data or workers that cannot be had.
    """
    require_list("configs", configs)
    todo = _Todo(list(dict.fromkeys(configs)), Task.of(Path(folder), modes), retry, title)
    bar = tqdm(
        desc=todo.told, total=len(todo.configs), initial=todo.settled, file=sys.stdout, ncols=100,
        disable=not progress, smoothing=0, miniters=0,  # the clock goes on while nothing else does
        bar_format="{desc} |{bar}| {elapsed} so far, {remaining} to go",
    )  # fmt: skip
    with bar:
        if todo.waiting:
            with explained(f"write to {todo.task.folder}"):
                todo.task.folder.mkdir(parents=True, exist_ok=True)
                (todo.task.folder / ".data.lock").touch()
            with first_needed(where, configs[0].device) as place:
                if callable(place):
                    client = place()
                    with client.as_current():  # for as long as this, and for this thread
                        _spread(client, todo, own, bar)
                else:
                    _take_turns(todo, own, bar)
    done = tuple(config for config in todo.configs if config.name not in todo.failed)
    return Swept(todo.task.folder, done, todo.failed)


class _Todo:
    """Which runs are left and when to ask for them, how many are done, and which have failed."""

    def __init__(self, configs: Sequence[RunConfig], task: Task, retry: bool, title: str) -> None:
        self.configs, self.task, self.retry, self.title = configs, task, retry, title
        self.done, self.failed = 0, dict[str, str]()
        self.waiting = [(0.0, number) for number, config in enumerate(configs) if not self._settled(config)]

    def due(self, room: int) -> Iterator[int]:
        """Numbers of the next runs, so many at most; those that another sweep has settled meanwhile are passed over."""
        while room > 0 and self.waiting and self.waiting[0][0] <= time.monotonic():
            _, number = heapq.heappop(self.waiting)
            if not self._settled(self.configs[number]):
                room -= 1
                yield number

    def settle(self, number: int, outcome: Outcome) -> None:
        """Count a run that came back; raises `KitError` where no other run would fare better."""
        if outcome.kind == "hindered":
            raise KitError(outcome.sentence)
        if outcome.kind == "busy":
            heapq.heappush(self.waiting, (time.monotonic() + PAUSE, number))
        elif outcome.kind == "failed":
            self.failed[self.configs[number].name] = outcome.sentence
        else:
            self.done += 1

    @property
    def settled(self) -> int:
        """How many runs nothing is left to do for."""
        return self.done + len(self.failed)

    @property
    def told(self) -> str:
        """Where things stand."""
        left = len(self.configs) - self.settled
        return f"{self.title}: {self.done} done, {len(self.failed)} failed, {left} left"

    def show(self, bar: tqdm) -> None:
        """Bring the progress bar up to date."""
        bar.set_description_str(self.told, refresh=False)
        bar.update(self.settled - bar.n)

    def _settled(self, config: RunConfig) -> bool:
        if self.task.done(config):
            self.done += 1
        elif not self.retry and (sentence := self.task.failure(config)):
            self.failed[config.name] = sentence
        else:
            return False
        return True


def _take_turns(todo: _Todo, own: "Own", bar: tqdm) -> None:
    """Do one run after another in this process."""
    while todo.waiting:
        if (number := next(todo.due(1), None)) is None:  # others train what is left
            time.sleep(PAUSE / 10)
        else:
            todo.settle(number, perform(todo.configs[number], todo.task, own))
        todo.show(bar)


def _spread(client: "Client", todo: _Todo, own: "Own", bar: tqdm) -> None:
    """Keep every worker busy until nothing is left; only what the workers have at hand is submitted."""
    running: dict[Future, int] = {}
    shared = None
    try:
        while todo.waiting or running:
            if shared is None:
                shared = _share(client, own)
            for number in todo.due(AHEAD * max(1, len(client.nthreads())) - len(running)):
                running[client.submit(perform, todo.configs[number], todo.task, shared, pure=False)] = number
            for future in _ended(list(running)):
                if future.cancelled():  # the worker that held what is shared is gone
                    shared = None
                todo.settle(running.pop(future), _outcome(future))
            todo.show(bar)
    except OSError as error:
        raise KitError(
            f"lost the scheduler ({type(error).__name__}: {error}): start the sweep again, what was complete is kept"
        ) from error


def _share(client: "Client", own: "Own") -> "Future | Own":
    """What is the caller's own, once a worker instead of once a run."""
    if not own:
        return own
    client.wait_for_workers(1)
    return client.scatter([own], broadcast=True, hash=False)[0]


def _ended(futures: "list[Future]") -> "list[Future]":
    """Those that have ended, after a pause where there are none."""
    from distributed import wait

    if not futures:
        time.sleep(PAUSE / 10)
        return []
    with suppress(TimeoutError, CancelledError):  # or some have no end, since what they share is lost
        wait(futures, timeout=PAUSE, return_when="FIRST_COMPLETED")
    return [future for future in futures if future.done()]


def _outcome(future: "Future") -> Outcome:
    """What a task found, or what Dask says of one that came to no end."""
    from distributed import KilledWorker

    if future.cancelled():
        return Outcome("busy")
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, KilledWorker):
        return Outcome("failed", f"its worker died {DEATHS} times: give a run more memory, or take fewer workers")
    return Outcome("failed", f"{type(error).__name__}: {error}")
