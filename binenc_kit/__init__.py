"""Watch a neural network invent a binary code.

Names are imported when first used: recordings, tables of kept results and figures open without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from binenc_kit import figures as figures
    from binenc_kit.config import RunConfig as RunConfig
    from binenc_kit.data import load_data as load_data
    from binenc_kit.data import make_data as make_data
    from binenc_kit.errors import KitError as KitError
    from binenc_kit.recording import Recording as Recording
    from binenc_kit.rules import HEADS as HEADS
    from binenc_kit.rules import RIVALS as RIVALS
    from binenc_kit.tables import results_table as results_table
    from binenc_kit.training import train as train
    from binenc_kit.training import train_heads as train_heads
    from binenc_kit.widgets import EpochScrubber as EpochScrubber

_MODULES = {
    "EpochScrubber": "widgets",
    "HEADS": "rules",
    "RIVALS": "rules",
    "KitError": "errors",
    "Recording": "recording",
    "RunConfig": "config",
    "load_data": "data",
    "make_data": "data",
    "results_table": "tables",
    "train": "training",
    "train_heads": "training",
}
__all__ = ["HEADS", "RIVALS", "EpochScrubber", "KitError", "Recording", "RunConfig", "figures", "load_data", "make_data", "results_table", "train", "train_heads"]  # fmt: skip  # noqa: E501


def __getattr__(name: str) -> object:
    if name == "figures":
        return import_module("binenc_kit.figures")
    if name not in _MODULES:
        raise AttributeError(f"module 'binenc_kit' has no attribute {name!r}")
    try:
        return getattr(import_module(f"binenc_kit.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "torchvision"):
            raise
        from binenc_kit.errors import KitError

        sentence = f"{name} needs {error.name}, which is not installed here: python -m pip install torch torchvision"
        raise KitError(sentence) from None


def __dir__() -> list[str]:
    return __all__
