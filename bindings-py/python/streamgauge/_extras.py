"""Modules that need an extra of the package."""

from __future__ import annotations

from typing import Any

from .errors import UnsupportedError


def plot() -> Any:
    """``streamgauge.plot``, or what to install for it."""
    try:
        from . import plot
    except ImportError as missing:
        raise UnsupportedError("drawing needs matplotlib: pip install 'streamgauge[plot]'") from missing
    return plot
