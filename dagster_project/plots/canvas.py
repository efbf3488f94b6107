"""What every plot shares: figure, colours, number format, PNG, Markdown.

Colours are those of Okabe and Ito, which colour-blind readers can distinguish, and each thing also
differs by shape or place. Matplotlib is imported inside the functions: definitions load fast.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, LIGHT = "#0072B2", "#D55E00", "#009E73", "#767676", "#DDDDDD"
MAX_REPS = 30
_PALETTE = 256


def as_markdown(png: bytes, alt: str) -> str:
    """Wrap a picture as Markdown that needs no file.

    Args:
        png: The picture.
        alt: What it shows, for those who cannot see it.

    Returns:
        A Markdown image with the picture inside.
    """
    return f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"


def amount(value: float) -> str:
    """Write an amount with three digits: 950, 12.3k, 3.45M, 1.2bn."""
    for unit, sign in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{sign}"
    return f"{value:.3g}"


def format_amounts(*many: Axes) -> None:
    """Write amounts along the horizontal axes."""
    for axes in many:
        axes.xaxis.set_major_formatter(lambda value, _: amount(value))


def figure_of(width: float, height: float) -> Figure:
    """Start a figure without pyplot, whose global state is not safe between threads."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=90, layout="constrained")


def to_png(figure: Figure) -> bytes:
    """Finish the figure and compress it."""
    from PIL import Image

    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    # Few colours are in use: a palette halves the bytes that the run history keeps.
    Image.open(drawn).convert("RGB").quantize(_PALETTE).save(small, format="png")
    return small.getvalue()
