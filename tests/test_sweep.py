"""Runs spread over Dask's workers: the same bits, nothing done twice, nothing lost, whatever ends a sweep."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import psutil
import pytest
import torch
from dask.system import cpu_count

from binenc_kit import sweep as sweep_module
from binenc_kit.clusters import connected, first_needed, workers_of
from binenc_kit.config import RunConfig
from binenc_kit.data import Data
from binenc_kit.errors import KitError
from binenc_kit.plans import make_plan
from binenc_kit.recording import Recording
from binenc_kit.stages import announce, gathered, two_stages
from binenc_kit.sweep import sweep
from binenc_kit.tasks import Outcome, Task
from binenc_kit.training import train, train_one
from binenc_kit.writing import alone
from tests.chaos import TINY, assert_equal, start_driver, tiny_grid, undisturbed
from tests.conftest import tiny_config
from tests.test_recording import nobody, open_up

if TYPE_CHECKING:
    from distributed import Client, Worker

NOWHERE = "tcp://127.0.0.1:1"  # whoever asks for workers there fails
needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no such signals")
Where = Callable[[], "Client"]


@pytest.fixture(scope="module")
def where() -> Iterator[Where]:
    """Two workers for the whole file, for their start takes seconds."""
    with first_needed(2) as client:
        yield client


def test_every_number_is_the_one_without_dask(where: Where, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    configs = tiny_grid(epochs=3, seeds=[0])
    swept = sweep(configs, tmp_path / "swept", where=where)
    assert swept.done == tuple(configs)
    assert not swept.failed
    assert_equal(swept.recordings, undisturbed(configs, tmp_path / "alone"))
    assert "runs: 4 done, 0 failed, 0 left" in capsys.readouterr().out
    again = sweep([*reversed(configs), configs[0]], tmp_path / "swept", where=NOWHERE, progress=False)
    assert again.done == tuple(reversed(configs))  # nothing was left, so nobody was asked


def test_without_workers_runs_take_turns_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dask", "dask.system", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    configs = tiny_grid(epochs=2, seeds=[0], heads=["BinEnc", "NoPen"])
    swept = sweep(configs, tmp_path / "swept", where=0, progress=False)
    assert_equal(swept.recordings, undisturbed(configs, tmp_path / "alone"))
    assert workers_of(None, "cpu") == 0
    with pytest.raises(KitError, match="workers need Dask, which is not installed here"):
        sweep(configs, tmp_path / "other", where=2, progress=False)


def test_the_environment_says_how_many_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workers_of(None, "cpu") == cpu_count()
    monkeypatch.setenv("BINENC_KIT_WORKERS", "0")
    assert workers_of(None) == 0
    assert workers_of(3) == 3
    monkeypatch.setenv("BINENC_KIT_WORKERS", "many")
    with pytest.raises(KitError, match="cannot reach workers at many"):
        workers_of(None)


def test_a_begun_run_goes_on(where: Where, tmp_path: Path) -> None:
    config = tiny_grid(epochs=4)[0]
    with closing(train(config, tmp_path / config.name)) as epochs:
        for _ in range(2):
            next(epochs)
    begun = Recording(tmp_path / config.name).metrics
    assert len(begun) == 2
    swept = sweep([config], tmp_path, where=where, modes=(), progress=False)
    assert swept.recordings[0].metrics[:2] == begun  # the seconds that they took, too
    assert swept.recordings[0].results is None
    rows = sweep([config], tmp_path, where=where, modes=("strict", "paper"), progress=False).recordings[0].results
    assert set(rows) == {"strict", "paper"}


def test_what_failed_is_listed_and_tried_again_on_request(where: Where, tmp_path: Path) -> None:
    good, bad = tiny_grid(epochs=2)[:2]
    lost = replace(bad, optimizer="sgd", lr=100.0)
    swept = sweep([lost, good], tmp_path, where=where, progress=False)
    assert swept.done == (good,)
    assert list(swept.failed) == [lost.name]
    assert "the loss became" in swept.failed[lost.name]
    kept = json.loads((tmp_path / lost.name / "failed.json").read_text())
    assert kept == {"sentence": swept.failed[lost.name], "epoch": 0}
    assert sweep([lost, good], tmp_path, where=NOWHERE, progress=False) == swept
    assert sweep([lost], tmp_path, where=where, retry=True, progress=False).failed == swept.failed
    (tmp_path / good.name / "finished").unlink()  # a run that failed once, and would not any more
    (tmp_path / good.name / "failed.json").write_text('{"sentence": "once", "epoch": 1}')
    assert sweep([good], tmp_path, where=NOWHERE, progress=False).failed == {good.name: "once"}
    assert sweep([good], tmp_path, where=where, retry=True, progress=False).done == (good,)
    assert not (tmp_path / good.name / "failed.json").exists()


def test_a_run_that_another_is_training_is_waited_for(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "PAUSE", 0.1)
    configs = tiny_grid(epochs=2, heads=["BinEnc"])
    task = Task.of(tmp_path, ("strict",))
    with ThreadPoolExecutor() as pool:
        with alone(tmp_path / configs[0].name):
            swept = pool.submit(sweep, configs, tmp_path, where=where, progress=False)
            while not task.done(configs[1]):
                assert not swept.done()
                time.sleep(0.05)
            time.sleep(0.3)
            assert not swept.done()
        assert swept.result(timeout=30).done == tuple(configs)


@needs_signals
def test_two_sweeps_share_one_folder(tmp_path: Path) -> None:
    configs = tiny_grid(epochs=20)
    drivers = [start_driver(configs, tmp_path / "swept", workers=1) for _ in range(2)]
    assert [driver.communicate(timeout=120)[0].split() for driver in drivers] == [["8", "{}"]] * 2
    runs = [Recording(tmp_path / "swept" / config.name) for config in configs]
    assert_equal(runs, undisturbed(configs, tmp_path / "alone"))


@needs_signals
def test_an_interrupt_ends_all_and_keeps_whole_epochs(where: Where, tmp_path: Path) -> None:
    configs = tiny_grid(epochs=400, seeds=[0])
    driver = start_driver(configs, tmp_path, workers=2)
    while not any(path.stat().st_size for path in tmp_path.glob("*/metrics.jsonl")):
        assert driver.poll() is None
        time.sleep(0.05)
    workers = psutil.Process(driver.pid).children(recursive=True)
    for _ in range(3):  # Python drops one that comes while it cleans up an object: people press again
        os.killpg(driver.pid, signal.SIGINT)  # as a terminal does, to the workers, too
        with suppress(subprocess.TimeoutExpired):
            driver.wait(timeout=7)
            break
    assert driver.poll() not in (None, 0)
    assert not psutil.wait_procs(workers, timeout=10)[1]
    begun = [config for config in configs if (tmp_path / config.name / "metrics.jsonl").exists()]
    for config in begun:
        run = Recording(tmp_path / config.name)
        assert run.epochs == len(run.latents)
    swept = sweep(begun[:1], tmp_path, where=where, progress=False)
    assert_equal(swept.recordings, undisturbed(begun[:1], tmp_path / "alone"))


@needs_signals
def test_data_and_functions_of_one_s_own_survive_the_workers(where: Where, tiny_data: Data, tmp_path: Path) -> None:
    configs = [tiny_config(penalty="custom:quartic", epochs=150, seed=seed) for seed in range(2)]
    own = {"data": tiny_data, "penalty": quartic}
    with ThreadPoolExecutor() as pool:
        swept = pool.submit(sweep, [*configs, tiny_config(head="NoPen")], tmp_path, where=where, progress=False, **own)
        while not all((tmp_path / config.name / "checkpoint.pt").exists() for config in configs):
            assert not swept.done()
            time.sleep(0.02)
        for pid in where().run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)  # both that held the data
        assert len(swept.result(timeout=60).done) == 3
    alone_run = train_one(configs[0], tmp_path / "alone", progress=False, **own)
    ours = Recording(tmp_path / configs[0].name).checkpoint()["network"]
    assert all(torch.equal(weight, ours[name]) for name, weight in alone_run.checkpoint()["network"].items())


def quartic(z: torch.Tensor) -> torch.Tensor:
    return z.pow(4).mean()


# disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "small", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root on Linux can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("room", [0, 3_000, 12_000, 60_000])
def test_a_full_disk_ends_a_sweep_with_one_sentence(where: Where, small_disk: Path, tmp_path: Path, room: int) -> None:
    configs = tiny_grid(epochs=3, heads=["BinEnc"])
    with closing(train(configs[0], small_disk / configs[0].name)) as epochs:
        next(epochs)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(small_disk).free - room))
    with pytest.raises(KitError, match=r"No space left on device.*what was complete is kept"):
        sweep(configs, small_disk, where=where, progress=False)
    assert not list(small_disk.glob("*/failed.json"))  # it is not the run's fault
    ballast.unlink()
    swept = sweep(configs, small_disk, where=where, progress=False)
    assert_equal(swept.recordings, undisturbed(configs, tmp_path / "alone"))


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has other rights")
def test_a_read_only_folder_gets_one_sentence(tmp_path: Path) -> None:
    open_up(tmp_path)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with nobody(), pytest.raises(KitError, match=r"cannot write to .*closed.*(Permission denied|Read-only)"):
        sweep(tiny_grid(epochs=2), closed, where=NOWHERE, progress=False)
    assert not list(closed.iterdir())


# where


def test_nothing_listens_to_other_machines(where: Where) -> None:
    where()
    me = psutil.Process()
    listening = [
        connection.laddr.ip
        for process in (me, *me.children(recursive=True))
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 4
    assert set(listening) == {"127.0.0.1"}


def test_a_running_scheduler_is_used_by_its_address(where: Where, tmp_path: Path) -> None:
    address = where().scheduler.address
    assert workers_of(address) == 2
    assert len(sweep(tiny_grid(epochs=2)[:1], tmp_path, where=address, progress=False).done) == 1
    assert len(where().nthreads()) == 2  # which a sweep does not end


def profiled(dask_worker: "Worker") -> bool:
    return "profile" in dask_worker.periodic_callbacks


def test_no_profiler_of_dask_s_slows_a_run_down(where: Where) -> None:
    assert not any(where().run(profiled).values())


@pytest.mark.parametrize("wrong", [-1, True, False, "", 1.5, {}])
def test_a_place_that_is_none_gets_one_sentence(wrong: object) -> None:
    with pytest.raises(KitError, match=r"where is .* must be a number of workers"), connected(wrong):
        pass


def test_data_that_cannot_be_had_end_a_sweep_at_once(where: Where, tmp_path: Path) -> None:
    configs = [tiny_config(data=f"folder:{tmp_path / 'nothing'}", seed=seed) for seed in range(3)]
    with pytest.raises(KitError, match="nothing"):
        sweep(configs, tmp_path / "swept", where=where, progress=False)
    assert not list((tmp_path / "swept").glob("*/failed.json"))


def test_a_script_without_a_guard_gets_one_sentence(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from binenc_kit.config import RunConfig\nfrom binenc_kit.sweep import sweep\n"
        f"sweep([RunConfig(epochs=1)], {str(tmp_path / 'swept')!r}, where=1, progress=False)\n"
    )
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "put the call under if __name__ == '__main__':" in result.stderr


def test_it_works_within_a_notebook(tmp_path: Path) -> None:
    from nbclient import NotebookClient

    code = f"""
from binenc_kit.config import RunConfig
from binenc_kit.sweep import sweep
print(len(sweep([RunConfig(epochs=2, **{TINY!r})], {str(tmp_path)!r}, where=1).done), "in the end")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    told = "".join(output.text for output in notebook.cells[0].outputs)
    assert "1 in the end" in told
    assert "1 done, 0 failed, 0 left" in told
    assert {output.name for output in notebook.cells[0].outputs} == {"stdout"}


# drivers


def pretend(config: RunConfig, task: Task, own: dict) -> Outcome:
    """A run of no work."""
    return Outcome("done")


def test_the_driver_s_memory_does_not_grow_with_the_runs(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "perform", pretend)
    peaks = {}
    for runs in (36, 36, 360):  # the first warms up
        configs = [RunConfig(seed=seed, device="cpu") for seed in range(runs)]
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        assert len(sweep(configs, tmp_path, where=where, progress=False).done) == runs
        peaks[runs] = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert peaks[360] - peaks[36] < 324 * 4096  # which runs there are is known, half of this each, and no more


def test_two_stages_choose_by_validation_and_train_every_seed(where: Where, tmp_path: Path) -> None:
    parameters = {"heads": ["BinEnc", "NoPen"], "lrs": [1e-5, 4e-3], "seeds": [0, 1], "epochs": 4, **TINY}
    plan = make_plan(parameters)
    stages = two_stages(plan, tmp_path, where=where, progress=False)
    assert stages.best_lr == {"BinEnc": 4e-3, "NoPen": 4e-3}
    assert [run.config.lr for run in stages.tried] == [1e-5, 4e-3] * 2
    assert all(set(run.results) >= {"paper"} for run in stages.tried)
    assert [(run.config.head, run.config.seed) for run in stages.runs] == [
        (head, seed) for head in ("BinEnc", "NoPen") for seed in (0, 1)
    ]
    assert all("strict" in run.results for run in stages.runs)
    assert not stages.missing
    again = two_stages(plan, tmp_path, where=NOWHERE, progress=False)
    assert [run.folder for run in again.runs] == [run.folder for run in stages.runs]
    assert announce(plan, tmp_path, 2) == "2 heads, 2 learning rates, 2 seeds, 4 epochs: 6 runs, all of them done"


def test_what_is_there_is_gathered_and_what_is_missing_told(where: Where, tmp_path: Path) -> None:
    parameters = {"heads": ["BinEnc", "NoPen"], "lrs": [1e-5, 4e-3], "seeds": [0, 1], "epochs": 2, **TINY}
    plan = make_plan(parameters)
    with pytest.raises(KitError, match=r"none of these runs is done in .* yet"):
        gathered(plan, tmp_path)
    stages = two_stages(plan, tmp_path, where=where, progress=False)
    lost, failed = stages.runs[1].config, stages.runs[3].config
    shutil.rmtree(tmp_path / lost.name)
    (tmp_path / failed.name / "finished").unlink()
    (tmp_path / failed.name / "failed.json").write_text('{"sentence": "it burnt", "epoch": 1}')
    there = gathered(plan, tmp_path)
    assert [run.config for run in there.runs] == [stages.runs[0].config, stages.runs[2].config]
    assert there.best_lr == stages.best_lr
    assert there.missing == [
        f"BinEnc, learning rate 0.004, seed 1 ({lost.name}): not done yet",
        f"NoPen, learning rate 0.004, seed 1 ({failed.name}): it burnt",
    ]
    told = two_stages(plan, tmp_path, where=where, progress=False)
    assert told.missing == there.missing[1:]
    assert len(told.runs) == 3


def test_without_a_choice_the_first_seed_is_measured_as_the_paper_does(where: Where, tmp_path: Path) -> None:
    plan = make_plan({"heads": ["BinEnc"], "lrs": [2e-3], "seeds": [0, 1], "epochs": 2, **TINY})
    stages = two_stages(plan, tmp_path, where=where, progress=False)
    assert stages.best_lr == {"BinEnc": 2e-3}
    assert not stages.tried
    assert [set(run.results) for run in stages.runs] == [{"strict", "paper"}, {"strict"}]


def test_a_head_all_of_whose_rates_fail_gets_one_sentence(where: Where, tmp_path: Path) -> None:
    parameters = {"heads": ["NoPen", "BinEnc"], "lrs": [50.0, 100.0], "seeds": [0], "epochs": 2, "optimizer": "sgd"}
    with pytest.raises(KitError, match="no learning rate of BinEnc could be trained: the loss became"):
        two_stages(make_plan(parameters | TINY), tmp_path, where=where, progress=False)


def test_the_command_line_runs_a_file_of_settings(tmp_path: Path) -> None:
    settings = {"out": "unused", "heads": ["BinEnc"], "lrs": [2e-3], "seeds": [0], "epochs": 20, **TINY}
    (tmp_path / "settings.yaml").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "binenc_kit", "sweep", "settings.yaml", "--out", "runs", "--budget", "quick"]
    environment = os.environ | {"BINENC_KIT_HOME": str(tmp_path)}
    result = subprocess.run(
        [*command, "--workers", "1"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert "1 head, 1 learning rate, 1 seed, 2 epochs: 1 run, about" in result.stdout
    assert "learning rates: BinEnc 0.002" in result.stdout
    assert len(list((tmp_path / "runs").glob("*/finished"))) == 1
    (tmp_path / "settings.yaml").write_text(json.dumps(settings | {"epoch": 3}))
    result = subprocess.run([*command, "--estimate"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("unknown setting 'epoch': did you mean epochs?")
