"""Where a sweep computes: Dask's workers on this machine, behind a running scheduler, or as jobs of Slurm."""

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from binenc_kit.errors import KitError

if TYPE_CHECKING:
    from distributed import Client

Place = int | str | Mapping[str, Any] | None
Where = Place | Callable[[], "Client"]  # the latter is what `first_needed` gives
DEATHS = 20  # of workers while they train one run: more, and it is the run that kills them
JOBS = 16  # of Slurm, unless told otherwise
DASK = {
    "distributed.scheduler.allowed-failures": DEATHS,
    "distributed.admin.low-level-log-length": 50,  # logs for Dask's own developers: they grow with the runs, up to this
    "distributed.diagnostics.computations.max-history": 1,
    "distributed.worker.profile.enabled": False,  # looks at a run a hundred times a second, and slows it by 5 to 10 %
}
PROLOGUE = "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False"  # a job does not hear of what stands above


def workers_of(where: Place, device: str = "auto") -> int:
    """How many workers there will be at a place, as for `connected`; 0: none, runs take turns in this process.

    By default BINENC_KIT_WORKERS, a variable of the environment, or one a GPU of this machine where the device is one,
    else one a core. Raises `KitError` for what is no place.
    """
    if where is None and (told := os.environ.get("BINENC_KIT_WORKERS")):
        where = int(told) if told.isdecimal() else told
    if where is None:
        return _gpus(device) or _cores()
    _check(where)
    if isinstance(where, int):
        return where
    if isinstance(where, Mapping):
        return where.get("jobs", JOBS) * where.get("processes", 1)
    with connected(where) as client:
        return max(1, len(client.nthreads()))


def _cores() -> int:
    """How many cores this process may use, in a container, too; 0 where there is no Dask to use them."""
    try:
        from dask.system import cpu_count
    except ModuleNotFoundError:
        return 0
    return cpu_count()


def _gpus(device: str) -> int:
    if device == "cpu":
        return 0
    import torch

    from binenc_kit.machine import choose_device

    return torch.cuda.device_count() if choose_device(device) == "cuda" else 0


@contextmanager
def connected(where: Place = None, device: str = "auto") -> "Iterator[Client]":
    """A client of Dask's, and the cluster behind it unless that runs already; what was started ends with the block.

    where: so many workers on this machine, reached from nowhere else, by default `workers_of(None, device)`; or the
    address of a running scheduler, "tcp://host:8786"; or settings of dask_jobqueue.SLURMCluster and, under "jobs", how
    many jobs to keep running, by default 16. Raises `KitError` where they cannot be had.
    """
    _check(where)
    try:
        from dask import config
        from distributed import Client
    except ModuleNotFoundError:
        raise KitError(
            "workers need Dask, which is not installed here: python -m pip install distributed dask-jobqueue, or take "
            "workers=0, which trains one run after another"
        ) from None
    with ExitStack() as stack:
        stack.enter_context(config.set(DASK))
        try:
            if isinstance(where, Mapping):
                where = stack.enter_context(_slurm(dict(where)))
            elif not isinstance(where, str):
                where = stack.enter_context(_local(where or max(1, workers_of(None, device))))
            client = Client(where, timeout="20s", set_as_default=False)  # nobody's but ours, whichever thread ends it
            stack.callback(client.close)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise KitError(
                f"cannot reach workers at {where or 'this machine'} ({type(error).__name__}: {error}): give a number, "
                "the address of a running scheduler, or settings for Slurm"
            ) from error
        yield client


@contextmanager
def first_needed(where: Where = None, device: str = "auto") -> "Iterator[Callable[[], Client] | int]":
    """One client for several sweeps after one another, as a function that connects at its first call; or 0 workers."""
    if callable(where):
        yield where
        return
    _check(where)
    if where in (None, 0) and not workers_of(where, device):
        yield 0
        return
    with ExitStack() as stack:
        yield cache(lambda: stack.enter_context(connected(where, device)))


@contextmanager
def _local(workers: int) -> Iterator[Any]:
    """Processes of one thread each on this machine, which nothing outside it can reach."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        memory_limit=0,  # Dask would pause or kill a worker, and write to disk with pickle
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster


@contextmanager
def _slurm(settings: dict[str, Any]) -> Iterator[Any]:
    """Jobs of Slurm; those whose time is over are replaced."""
    from dask_jobqueue import SLURMCluster

    jobs = settings.pop("jobs", JOBS)
    settings["job_script_prologue"] = [*settings.pop("job_script_prologue", ()), PROLOGUE]
    extra = [*settings.pop("worker_extra_args", ()), "--memory-limit", "0"]  # as in `_local`; Slurm has its own limit
    scheduler = {"dashboard": False, "dashboard_address": "127.0.0.1:0", **settings.pop("scheduler_options", {})}
    with SLURMCluster(**settings, worker_extra_args=extra, scheduler_options=scheduler) as cluster:
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)
        yield cluster


def _check(where: object) -> None:
    """Refuse what is no place, and a script without a guard, which would start a cluster in each of its workers."""
    number = isinstance(where, int) and not isinstance(where, bool) and where >= 0
    if not number and where is not None and not (where and isinstance(where, str | Mapping)):
        raise KitError(
            f"where is {where!r}, but must be a number of workers, the address of a running scheduler such as "
            "tcp://host:8786, or settings for Slurm"
        )
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # what multiprocessing itself asks
        raise KitError("a worker imported the script that started it: put the call under if __name__ == '__main__':")
