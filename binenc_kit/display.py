"""Figures as PNG files and on a notebook's page, never without their alt text, which is a figure's label; durations."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

DPI = 140


def show(figure: Figure | Path) -> None:
    """Display a figure, or one that `save` has written, in a notebook: with its alt text, sharp on dense screens."""
    from IPython.display import display

    data, metadata = to_bundle(figure.read_bytes() if isinstance(figure, Path) else to_png(figure))
    display(data, raw=True, metadata=metadata)


def to_bundle(png: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a notebook keeps of a picture that `to_png` has made: data and metadata by MIME type, alt text included."""
    alt, width = alt_text(png), Image.open(io.BytesIO(png)).width * 80 // DPI
    return {"image/png": _with_a_palette(png), "text/plain": alt}, {"image/png": {"alt": alt, "width": width}}


def _with_a_palette(png: bytes) -> bytes:
    """The same picture in 256 colours, which halves a notebook; photographs stay as they were."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    small, buffer = image.quantize(256, dither=Image.Dither.NONE), io.BytesIO()
    if np.abs(np.asarray(small.convert("RGB"), float) - np.asarray(image)).mean() > 1:  # of 255 levels
        return png
    small.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def alt_text(png: bytes) -> str:
    """The alt text that `to_png` has put into the file's description."""
    return PngImageFile(io.BytesIO(png)).text["Description"]


def to_png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file, its alt text in the file's description; the same figure, the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Description": figure.get_label(), "Software": None})
    return buffer.getvalue()


def save(figures: dict[str, Figure], folder: Path) -> list[Path]:
    """Write each figure as folder/<name>.png; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png" for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        path.write_bytes(to_png(figure))
    return paths


def in_words(seconds: float) -> str:
    """A duration for people."""
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
