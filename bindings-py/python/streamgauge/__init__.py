"""Statistics of media-server test runs: parse, summarise, compare, plot.

>>> import streamgauge
>>> run = streamgauge.Run("runs/fec-1")           # doctest: +SKIP
>>> run.summary()["latency_p95_ms"]               # doctest: +SKIP

Times are microseconds since the Unix epoch (``numpy.datetime64[us]`` as it is). What was not measured
is ``None``, never 0. Two modes: ``exact`` (the default) is right by the documented definitions,
``plot_fec`` gives what the plotting script gives, to the digit.
"""

from . import errors
from ._compare import Comparison, Sweep, compare, sweep
from ._native import (
    Buckets,
    Chunk,
    ChunkRing,
    Cursor,
    Frames,
    Freezes,
    Gaps,
    Latency,
    Read,
    Run,
    Series,
    Table,
    __version__,
    keys,
    profiles,
    quantile,
    read_capture,
)
from ._ring import Account, CloseReason, CursorStatus, Joined, Lag, LagLimit, Position, RingSnapshot, Skip
from ._simulate import Simulated, simulate
from ._types import Burst, CounterTotal, Event, GateResult, Key, KeyComparison, Window
from .errors import StreamgaugeError

__all__ = [
    "Account",
    "Buckets",
    "Burst",
    "Chunk",
    "ChunkRing",
    "CloseReason",
    "Comparison",
    "CounterTotal",
    "Cursor",
    "CursorStatus",
    "Event",
    "Frames",
    "Freezes",
    "Gaps",
    "GateResult",
    "Joined",
    "Key",
    "KeyComparison",
    "Lag",
    "LagLimit",
    "Latency",
    "Position",
    "Read",
    "RingSnapshot",
    "Run",
    "Series",
    "Simulated",
    "Skip",
    "StreamgaugeError",
    "Sweep",
    "Table",
    "Window",
    "__version__",
    "compare",
    "errors",
    "keys",
    "profiles",
    "quantile",
    "read_capture",
    "simulate",
    "sweep",
]


def __getattr__(name: str) -> object:
    # Matplotlib is an extra and slow to load, so only whoever draws loads it.
    if name == "plot":
        import importlib

        return importlib.import_module("streamgauge.plot")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
