"""Widgets that live in the browser, with a kernel and without one."""

from binenc_kit.widgets.scrubber import EpochScrubber as EpochScrubber

__all__ = ["EpochScrubber"]
