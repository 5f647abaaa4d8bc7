"""A reproduction in two stages on Dask's workers.

    python -m binenc_kit sweep SETTINGS.yaml [--budget quick] [--workers N | --scheduler tcp://... | --slurm FILE.yaml]

chooses a learning rate for each head, then trains every seed.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from binenc_kit.clusters import Place, Where, first_needed, workers_of
from binenc_kit.config import RunConfig
from binenc_kit.display import in_words
from binenc_kit.errors import KitError
from binenc_kit.files import house
from binenc_kit.plans import BUDGETS, Plan, make_plan
from binenc_kit.recording import Recording
from binenc_kit.sweep import Swept, sweep
from binenc_kit.tables import choose_lr
from binenc_kit.tasks import Task

if TYPE_CHECKING:
    from binenc_kit.training import Own


@dataclass(frozen=True)
class Stages:
    """What came of a reproduction: learning rates by head, the runs they come from, every seed's runs.

    missing: a sentence for each planned run that is not there, with what is known of why.
    """

    best_lr: dict[str, float]
    tried: list[Recording]
    runs: list[Recording]
    missing: list[str]


def announce(plan: Plan, folder: str | Path, where: Place = None) -> str:
    """One sentence: how many runs are planned, and how long those that are left will take on workers like this machine.

    It times each kind of run, as `estimate` does.
    """
    from binenc_kit.estimates import estimate  # which imports torch

    jobs = plan.jobs(folder)
    workers = workers_of(where, next(iter(jobs)).device)
    seconds = estimate(jobs, folder, workers)
    counts = {"head": len(plan.heads), "learning rate": len(plan.lrs), "seed": len(plan.seeds)}
    counts |= {"epoch": next(iter(jobs)).epochs}
    told = ", ".join(_counted(count, what) for what, count in counts.items())
    how = f"on {_counted(workers, 'worker')}" if workers else "one after another"
    left = f"about {in_words(seconds)} {how}" if seconds else "all of them done"
    return f"{told}: {_counted(len(jobs), 'run')}, {left}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def two_stages(
    plan: Plan,
    folder: str | Path,
    *,
    where: Where = None,
    retry: bool = False,
    progress: bool = True,
    **own: "Unpack[Own]",
) -> Stages:
    """Choose each head's learning rate on the validation split, then train every seed with it; as `sweep` otherwise.

    A rate whose run failed is not chosen. Raises `KitError` for a head all of whose rates failed.
    """
    how: dict[str, Any] = {"retry": retry, "progress": progress, **own}
    candidates, best_lr, tried = plan.candidates, {}, Swept(Path(folder), (), {})
    with first_needed(where, plan.finals({})[0].device) as place:
        if candidates:
            tried = sweep(candidates, folder, where=place, modes=plan.paper, title="learning rates", **how)
            best_lr = choose_lr(tried.recordings) if tried.done else {}
            if lost := [label for label in dict.fromkeys(c.label for c in candidates) if label not in best_lr]:
                raise KitError(
                    f"no learning rate of {', '.join(lost)} could be trained: {next(iter(tried.failed.values()))}"
                )
        finals = plan.finals(best_lr)
        runs = sweep(finals, folder, where=place, modes=("strict",), title="seeds", **how)
        first = [config for config in runs.done if config.seed == plan.seeds[0]]
        if first and plan.paper and not candidates:
            sweep(first, folder, where=place, modes=plan.paper, title="mode paper", **how)
    failed = tried.failed | runs.failed
    missing = [
        _told(config, failed[config.name]) for config in dict.fromkeys(candidates + finals) if config.name in failed
    ]
    return Stages({config.label: config.lr for config in finals}, tried.recordings, runs.recordings, missing)


def gathered(plan: Plan, folder: str | Path) -> Stages:
    """What is there of a reproduction that others train, however far it is; nothing is trained or measured.

    Heads choose among the learning rates that are done. Raises `KitError` where no run with its seed is done yet.
    """
    tried, lost = _found(plan.candidates, Task.of(Path(folder), plan.paper))
    finals = plan.finals(choose_lr(tried) if tried else {})
    runs, also = _found(finals, Task.of(Path(folder), ("strict",)))
    if not runs:
        raise KitError(
            f"none of these runs is done in {folder} yet: train them first, or name the folder that has them"
        )
    return Stages({config.label: config.lr for config in finals}, tried, runs, list(dict.fromkeys(lost + also)))


def _found(configs: Sequence[RunConfig], task: Task) -> tuple[list[Recording], list[str]]:
    """The runs that are done, and a sentence for each of the others."""
    done = {config: task.done(config) for config in configs}
    missing = [_told(config, task.failure(config) or "not done yet") for config in configs if not done[config]]
    return [Recording(task.folder / config.name) for config in configs if done[config]], missing


def _told(config: RunConfig, why: str) -> str:
    return f"{config.label}, learning rate {config.lr:g}, seed {config.seed} ({config.name}): {why}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both stages from a file of settings."""
    parser = argparse.ArgumentParser(prog="python -m binenc_kit sweep", description=main.__doc__)
    parser.add_argument("settings", type=Path, help="YAML, as papermill takes it: notebooks/settings/*.yaml")
    parser.add_argument("--out", help="folder for everything, instead of the settings' own")
    parser.add_argument("--scheduler", help="address of a running Dask scheduler, such as tcp://host:8786")
    parser.add_argument("--slurm", type=Path, help="YAML with settings of dask_jobqueue.SLURMCluster, and jobs: N")
    parser.add_argument("--workers", type=int, help="on this machine, by default one a GPU or core; 0: take turns")
    parser.add_argument("--budget", default="full", help=f"of {', '.join(BUDGETS)}")
    parser.add_argument("--retry", action="store_true", help="try those that failed again")
    parser.add_argument("--estimate", action="store_true", help="only say how long it will take")
    asked = parser.parse_args(arguments)
    try:
        _run(asked, _read(asked.settings), _read(asked.slurm) if asked.slurm else None)
    except KitError as error:
        sys.exit(str(error))


def _run(asked: argparse.Namespace, parameters: dict[str, Any], slurm: dict[str, Any] | None) -> None:
    out = parameters.pop("out", "runs/reproduce")
    folder, where = house() / (asked.out or out), asked.scheduler or slurm or asked.workers
    plan = make_plan(parameters, asked.budget)
    print(f"{asked.budget}: timing each kind of run ...", flush=True)
    print(announce(plan, folder, where), flush=True)
    if asked.estimate:
        return
    stages = two_stages(plan, folder, where=where, retry=asked.retry)
    print("learning rates:", ", ".join(f"{head} {lr:g}" for head, lr in stages.best_lr.items()))
    print(f"{len(stages.runs)} runs with all seeds are in {folder}")
    for sentence in stages.missing:
        print(f"missing: {sentence}")
    sys.exit(bool(stages.missing))


def _read(path: Path) -> dict[str, Any]:
    """A file of settings."""
    import yaml

    try:
        settings = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise KitError(f"cannot read {path} ({error}): give a YAML file of settings") from None
    if not isinstance(settings, dict):
        raise KitError(f"{path} holds no settings: give lines such as heads: [BinEnc, NoPen]")
    return settings
