"""Where files go, and files that are either whole or not there."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from binenc_kit.errors import KitError


def house() -> Path:
    """The folder that `runs/` and `data/` live in: the nearest clone of the kit upwards from here, else here.

    The environment variable BINENC_KIT_HOME overrides it.
    """
    if chosen := os.environ.get("BINENC_KIT_HOME"):
        return Path(chosen)
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "binenc_kit" / "config.py").is_file()), here)


def shipped(name: str) -> Path:
    """A file that comes with the kit, by its path within data/; `KitError` where the kit was installed without it."""
    path = Path(__file__).parents[1] / "data" / name
    if not path.exists():
        raise KitError(f"{name} is not here: it comes with a clone of the kit, in its folder data/")
    return path


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            write(file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def explained(task: str) -> Iterator[None]:
    """Turn the system's errors about files (full disk, read-only folder) into one sentence."""
    try:
        yield
    except OSError as error:
        raise KitError(
            f"cannot {task}: {error.strerror or error}; free some space or choose another folder, "
            "what was complete is kept"
        ) from error
