"""A sweep of eight runs through a Slurm of one node, started here from Debian's packages and ended here.

    BINENC_KIT_SLURM=install python -m pytest tests/slurm

installs `slurm-wlm` and `munge` with apt-get first where they are missing, as root. Without that, and wherever they
cannot be had or started, the test skips and says why. Slurm, munge and all that they write live in the test's folder
and end with it; where a munge runs already, that one is used.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from binenc_kit.clusters import connected
from binenc_kit.sweep import sweep
from tests.chaos import assert_equal, tiny_grid, undisturbed
from tests.test_sweep import profiled

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "scancel")
CONFIG = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
SlurmctldPort={control}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=4000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Slurm of one node, up and idle."""
    _have_programs()
    folder = tmp_path / "slurm"
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    host = socket.gethostname().partition(".")[0]
    ports = dict(zip(("control", "node"), _free_ports(2), strict=True))
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(host=host, folder=folder, cores=os.cpu_count(), **ports))
    monkeypatch.setenv("SLURM_CONF", str(config))
    with ExitStack() as stack:
        stack.enter_context(_munge())
        stack.enter_context(_running(["slurmctld", "-D", "-f", str(config)]))
        stack.enter_context(_running(["slurmd", "-D", "-f", str(config), "-N", host]))
        _wait("the node to be idle", lambda: "idle" in _says("sinfo", "--noheader", "--format=%T"))
        yield


@pytest.mark.usefixtures("slurm")
def test_eight_runs_through_slurm(tmp_path: Path) -> None:
    configs = tiny_grid(epochs=3)
    where = {"queue": "debug", "cores": 1, "processes": 1, "memory": "1GB", "walltime": "00:10:00", "interface": "lo"}
    where |= {"jobs": 2, "log_directory": str(tmp_path / "logs"), "local_directory": str(tmp_path / "local")}
    with connected(where) as client:
        _wait("a job", client.nthreads)
        job = client.run(lambda: os.environ["SLURM_JOB_ID"])
        assert all(job.values())
        assert not any(client.run(profiled).values())
        subprocess.run(["scancel", next(iter(job.values()))], check=True)  # a machine gone: another job takes its place
        swept = sweep(configs, tmp_path / "swept", where=lambda: client, progress=False)
        assert swept.done == tuple(configs)
    assert_equal(swept.recordings, undisturbed(configs, tmp_path / "alone"))
    _wait("Slurm's queue to be empty", lambda: not _says("squeue", "--noheader"))


def _have_programs() -> None:
    """Skip where Slurm is not, and may or can not be installed."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if os.geteuid() != 0:
        pytest.skip("only root can start Slurm's daemons")
    if missing and os.environ.get("BINENC_KIT_SLURM") == "install" and shutil.which("apt-get"):
        command = ["apt-get", "install", "-y", "--no-install-recommends", "slurm-wlm", "munge"]
        result = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        )
        if result.returncode:
            pytest.skip(f"Slurm cannot be installed: {result.stderr.strip().splitlines()[-1:]}")
        missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        pytest.skip(
            f"{', '.join(missing)} are not installed: BINENC_KIT_SLURM=install, as root on Debian, installs them"
        )


@contextmanager
def _munge() -> Iterator[None]:
    """What Slurm's programs know each other by."""
    if not subprocess.run(["munge", "--no-input"], capture_output=True).returncode:
        yield
        return
    user, rundir = pwd.getpwnam("munge"), Path("/run/munge")
    rundir.mkdir(exist_ok=True, mode=0o755)
    os.chown(rundir, user.pw_uid, user.pw_gid)
    with _running(["munged", "--foreground"], user="munge"):
        _wait("munge", lambda: not subprocess.run(["munge", "--no-input"], capture_output=True).returncode)
        yield


@contextmanager
def _running(command: list[str], user: str | None = None) -> Iterator[None]:
    """A daemon for as long as the block."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user) as daemon:
        try:
            time.sleep(0.5)
            if daemon.poll() is not None:
                pytest.skip(f"{command[0]} cannot be started here: it ended with {daemon.returncode}")
            yield
        finally:
            daemon.terminate()


def _wait(what: str, there: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.2)


def _says(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def _free_ports(many: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(many)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
