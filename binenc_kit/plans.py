"""What a reproduction will train, from the parameters of reproduce.ipynb; and budgets that thin it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binenc_kit.config import RunConfig, grid, require_list
from binenc_kit.errors import require_known
from binenc_kit.recording import Recording
from binenc_kit.tables import choose_lr

# Of each budget: learning rates, seeds, and by what the epochs are divided; None: all of them.
BUDGETS = {"quick": (3, 2, 10), "day": (6, 3, 2), "full": (None, None, 1)}
OTHERS = ("heads", "lrs", "seeds", "paper_mode")  # parameters of a reproduction that are no settings of a run


@dataclass(frozen=True)
class Plan:
    """What a reproduction will train: heads by their labels, and the settings that all runs share.

    paper_mode: measure as the authors' code does, too: all runs of the first stage, or the first seed where all heads
    have one learning rate.
    """

    heads: Sequence[str]
    lrs: Sequence[float]
    seeds: Sequence[int]
    settings: Mapping[str, Any]
    paper_mode: bool = True

    @property
    def candidates(self) -> list[RunConfig]:
        """Stage one: every head with every learning rate, first seed; empty where there is nothing to choose."""
        return grid(self.heads, self.lrs, self.seeds[:1], **self.settings) if len(self.lrs) > 1 else []

    def finals(self, best_lr: Mapping[str, float]) -> list[RunConfig]:
        """Stage two: every head with every seed, at its learning rate, or the first of all where it has none yet."""
        heads = [RunConfig(**self.settings).with_head(head).label for head in self.heads]
        grids = (grid([head], [best_lr.get(head, self.lrs[0])], self.seeds, **self.settings) for head in heads)
        return [config for configs in grids for config in configs]

    @property
    def paper(self) -> tuple[str, ...]:
        """The mode paper, if it was asked for."""
        return ("paper",) if self.paper_mode else ()

    def jobs(self, folder: str | Path) -> dict[RunConfig, tuple[str, ...]]:
        """Every run of both stages with its modes; heads whose learning rate is not chosen yet count with the first."""
        folder, candidates = Path(folder), self.candidates
        finals = self.finals(choose_lr(done) if (done := _finished(candidates, folder)) else {})
        jobs = dict.fromkeys(candidates, self.paper)
        for config in finals:
            also = () if candidates or config.seed != self.seeds[0] else self.paper
            jobs[config] = (*jobs.get(config, also), "strict")
        return jobs


def make_plan(parameters: Mapping[str, Any], budget: str = "full") -> Plan:
    """A plan from the parameters of reproduce.ipynb or of a file of settings, thinned out to a budget.

    quick: three learning rates spread over the grid, two seeds, a tenth of the epochs. day: six, three, a half. full:
    all. Schedules shrink with the epochs, so that gamma ends where it would have.
    Raises `KitError` for an unknown budget or parameter.
    """
    require_known("budget", budget, BUDGETS)
    settings = {name: value for name, value in parameters.items() if name not in OTHERS}
    for name in ("heads", "lrs", "seeds"):
        require_list(name, parameters.get(name))
    rates, seeds, by = BUDGETS[budget]
    lrs = [RunConfig(lr=lr).lr for lr in parameters["lrs"]]  # YAML reads 1e-05 as text
    kept = {"lrs": _spread(lrs, rates), "seeds": list(parameters["seeds"])[:seeds]}
    settings = settings if by == 1 else shortened(RunConfig(**settings), by, settings)
    return Plan(list(parameters["heads"]), **kept, settings=settings, paper_mode=parameters.get("paper_mode", True))


def shortened(config: RunConfig, by: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with a part of the epochs, and with schedules of as many times fewer steps to the same ends."""
    epochs = min(config.epochs, max(2, round(config.epochs / by)))
    step = max(1, min(round(config.gamma_step / by), epochs - 1))
    before, after = (config.epochs - 1) // config.gamma_step, (epochs - 1) // step
    growth = before / after if after else 1.0
    return {
        **settings,
        "epochs": epochs,
        "gamma_step": step,
        "gamma_factor": round(config.gamma_factor**growth, 6),
        "gamma_factor_2": round(config.gamma_factor_2**growth, 6),
        "lr_hold": round(config.lr_hold / by),
        "lr_period": max(1, round(config.lr_period / by)),
    }


def _finished(configs: Sequence[RunConfig], folder: Path) -> list[Recording]:
    """The runs that are trained to the end."""
    return [Recording(folder / config.name) for config in configs if (folder / config.name / "finished").exists()]


def _spread(values: Sequence[float], many: int | None) -> list[float]:
    """So many values, evenly spread over the sorted ones and around their middle."""
    if many is None or many >= len(values):
        return list(values)
    values = sorted(values)
    return [values[int((place + 0.5) * len(values) / many)] for place in range(many)]
