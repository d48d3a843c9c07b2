"""What the figures of ``streamgauge.plot`` look like."""

from __future__ import annotations

import numpy as np

try:
    from matplotlib import colormaps
    from matplotlib.axes import Axes
    from matplotlib.colors import to_hex
except ImportError as missing:
    raise ImportError("streamgauge.plot needs matplotlib: pip install 'streamgauge[plot]'") from missing

#: One hue a run, told apart with any kind of colour blindness (Okabe and Ito 2008), the pairs that
#: differ most first.
RUN_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK = "#22262b"
FAINT = "#70777f"
GRID = "#dfe2e6"


def plain(text: str) -> str:
    """Text from outside as matplotlib draws it literally: `$` would begin a formula, and what begins
    with `_` would be left out of legends."""
    text = text.replace("$", r"\$")
    return " " + text if text.startswith("_") else text


def run_colours(count: int) -> list[str]:
    """One colour a run."""
    if count <= len(RUN_COLOURS):
        return list(RUN_COLOURS[:count])
    # Darkened, since the middle of the map is too pale for lines on white.
    shades = colormaps["turbo"](np.linspace(0.04, 0.96, count))[:, :3] * 0.82
    return [to_hex(shade) for shade in shades]


def style_axes(ax: Axes) -> None:
    ax.set_axisbelow(True)
    ax.grid(axis="y", color=GRID, linewidth=0.7)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color("#a9afb6")
    ax.tick_params(colors=INK, labelsize=9, color="#a9afb6")
    ax.yaxis.label.set_color(INK)
    ax.yaxis.label.set_fontsize(9.5)


def add_heading(ax: Axes, text: str) -> None:
    ax.set_title(text, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=6)


def add_note(ax: Axes, text: str) -> None:
    ax.set_yticks([])
    ax.text(
        0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=10, color=FAINT,
        style="italic",
    )  # fmt: skip


def add_aside(ax: Axes, text: str) -> None:
    """A remark at the right of the heading."""
    ax.set_title(plain(text), loc="right", fontsize=8.5, color=FAINT, pad=6, style="italic")
