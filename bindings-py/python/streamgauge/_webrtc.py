"""The part of ``_native`` about getStats reports and dumps of them."""

from ._native import (
    Connection,
    Dump,
    Monitor,
    MonitorTrack,
    TrackDelta,
    read_dump,
)

__all__ = [
    "Connection",
    "Dump",
    "Monitor",
    "MonitorTrack",
    "TrackDelta",
    "read_dump",
]
