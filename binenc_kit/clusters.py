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

Where = int | str | Mapping[str, Any] | Callable[[], "Client"] | None
DEATHS = 20  # of workers while they train one run: more, and it is the run that kills them
JOBS = 16  # of Slurm, unless told otherwise
DASK = {
    "distributed.scheduler.allowed-failures": DEATHS,
    "distributed.admin.low-level-log-length": 50,  # logs for Dask's own developers: they grow with the runs, up to this
    "distributed.diagnostics.computations.max-history": 1,
}


def workers_of(where: Where, device: str = "auto") -> int:
    """How many workers there will be: one a GPU of this machine where the device is one, else one a core."""
    if not callable(where):
        _check(where)
    if isinstance(where, int):
        return where
    if isinstance(where, Mapping):
        return where.get("jobs", JOBS) * where.get("processes", 1)
    if where is not None:
        with connected(where) as client:
            return max(1, len(client.nthreads()))
    if device != "cpu":
        import torch

        from binenc_kit.machine import choose_device

        if choose_device(device) == "cuda":
            return torch.cuda.device_count()
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def connected(where: Where = None, device: str = "auto") -> "Iterator[Client]":
    """A client of Dask's, and the cluster behind it unless that runs already; what was started ends with the block.

    where: so many workers on this machine, reached from nowhere else, by default `workers_of(None, device)`; or the
    address of a running scheduler, "tcp://host:8786"; or settings of dask_jobqueue.SLURMCluster and, under "jobs", how
    many jobs to keep running, by default 16; or what `first_needed` gives. Raises `KitError` where they cannot be had.
    """
    if callable(where):
        yield where()
        return
    _check(where)
    from dask import config
    from distributed import Client

    with ExitStack() as stack:
        stack.enter_context(config.set(DASK))
        try:
            if isinstance(where, Mapping):
                where = stack.enter_context(_slurm(dict(where)))
            elif not isinstance(where, str):
                where = stack.enter_context(_local(workers_of(where, device)))
            client = stack.enter_context(Client(where, timeout="20s"))
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise KitError(
                f"cannot reach workers at {where or 'this machine'} ({type(error).__name__}: {error}): give a number, "
                "the address of a running scheduler, or settings for Slurm"
            ) from error
        yield client


@contextmanager
def first_needed(where: Where = None, device: str = "auto") -> "Iterator[Callable[[], Client]]":
    """One client for several sweeps after one another, as a function that connects at its first call."""
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
    extra = [*settings.pop("worker_extra_args", ()), "--memory-limit", "0"]  # as in `_local`; Slurm has its own limit
    scheduler = {"dashboard": False, "dashboard_address": "127.0.0.1:0", **settings.pop("scheduler_options", {})}
    with SLURMCluster(**settings, worker_extra_args=extra, scheduler_options=scheduler) as cluster:
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)
        yield cluster


def _check(where: object) -> None:
    """Refuse what is no place, and a script without a guard, which would start a cluster in each of its workers."""
    right = where is None or (bool(where) and isinstance(where, int | str | Mapping) and not isinstance(where, bool))
    if not right or (isinstance(where, int) and where < 1):
        raise KitError(
            f"where is {where!r}, but must be a number of workers from 1, the address of a running scheduler such as "
            "tcp://host:8786, or settings for Slurm"
        )
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # what multiprocessing itself asks
        raise KitError("a worker imported the script that started it: put the call under if __name__ == '__main__':")
