"""Widgets that live in the browser, with a kernel and without one."""

from binenc_kit.widgets.explorer import CodeExplorer as CodeExplorer
from binenc_kit.widgets.landscape import PushPullLandscape as PushPullLandscape
from binenc_kit.widgets.scrubber import EpochScrubber as EpochScrubber

__all__ = ["CodeExplorer", "EpochScrubber", "PushPullLandscape"]
