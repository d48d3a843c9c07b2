"""The part of ``_native`` about series."""

from ._native import (
    Rollup,
    SampleWindow,
    Sketch,
    downsample,
)

__all__ = [
    "Rollup",
    "SampleWindow",
    "Sketch",
    "downsample",
]
