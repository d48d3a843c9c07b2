"""Statistics of media-server test runs: parse, summarise, compare, plot.

>>> import streamgauge
>>> run = streamgauge.Run("runs/fec-1")           # doctest: +SKIP
>>> run.summary()["latency_p95_ms"]               # doctest: +SKIP

Times are microseconds since the Unix epoch (``numpy.datetime64[us]`` as it is). What was not measured
is ``None``, never 0. Two modes: ``exact`` (the default) is right by the documented definitions,
``plot_fec`` gives what the plotting script gives, to the digit.
"""

from typing import TYPE_CHECKING

from . import errors
from ._audience import Audience, AudienceSummary, Cdn, Streams
from ._compare import Comparison, Sweep, compare, sweep
from ._live import (
    Counter,
    Report,
    RtcpStats,
    RtpReader,
    RtpStats,
    Telemetry,
    Track,
    clamp_lost,
    fraction_lost,
    parse_packet,
    rate,
)
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
    _row_flags,
    _step_kinds,
    keys,
    profiles,
    quantile,
    read_capture,
)
from ._packets import (
    Packet,
    PacketFlag,
    Rate,
    ReportBlock,
    RtcpTotals,
    SourceReport,
    Step,
    Steps,
    StreamDelta,
    StreamStats,
    StreamTotals,
    Unvalidated,
    packets,
)
from ._ring import Account, CloseReason, CursorStatus, Joined, Lag, LagLimit, Position, RingSnapshot, Skip
from ._series import Rollup, SampleWindow, Sketch, downsample
from ._simulate import Simulated, simulate
from ._telemetry import (
    DataSummary,
    LayerTotals,
    Scores,
    Stat,
    StatsKey,
    TelemetryCounts,
    TrackKey,
    TrackTotals,
)
from ._types import (
    Burst,
    ClassTotals,
    ConcurrencyStats,
    CounterTotal,
    DumpEvent,
    DumpProblem,
    EdgeTotals,
    Event,
    GateResult,
    Key,
    KeyComparison,
    Level,
    MediaStats,
    MediaTotals,
    MemberProblem,
    MonitorTrackKey,
    RollupCounts,
    SelectedPair,
    ViewerStats,
    ViewerTotals,
    Window,
    WindowCounts,
)
from ._webrtc import Connection, Dump, Monitor, MonitorTrack, TrackDelta, read_dump
from .errors import StreamgaugeError

if TYPE_CHECKING:
    import numpy as np

    PACKET_DTYPE: np.dtype[np.void]

#: The kinds of steps of a counter, at the places that ``Steps.kinds`` gives.
STEP_KINDS = tuple(_step_kinds())

#: The flags of rows of a ``Monitor``; in a column of flags bit i stands for the one at place i.
ROW_FLAGS = tuple(_row_flags())

__all__ = [
    "PACKET_DTYPE",
    "ROW_FLAGS",
    "STEP_KINDS",
    "Account",
    "Audience",
    "AudienceSummary",
    "Buckets",
    "Burst",
    "Cdn",
    "Chunk",
    "ChunkRing",
    "ClassTotals",
    "CloseReason",
    "Comparison",
    "ConcurrencyStats",
    "Connection",
    "Counter",
    "CounterTotal",
    "Cursor",
    "CursorStatus",
    "DataSummary",
    "Dump",
    "DumpEvent",
    "DumpProblem",
    "EdgeTotals",
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
    "LayerTotals",
    "Level",
    "MediaStats",
    "MediaTotals",
    "MemberProblem",
    "Monitor",
    "MonitorTrack",
    "MonitorTrackKey",
    "Packet",
    "PacketFlag",
    "Position",
    "Rate",
    "Read",
    "Report",
    "ReportBlock",
    "RingSnapshot",
    "Rollup",
    "RollupCounts",
    "RtcpStats",
    "RtcpTotals",
    "RtpReader",
    "RtpStats",
    "Run",
    "SampleWindow",
    "Scores",
    "SelectedPair",
    "Series",
    "Simulated",
    "Sketch",
    "Skip",
    "SourceReport",
    "Stat",
    "StatsKey",
    "Step",
    "Steps",
    "StreamDelta",
    "StreamStats",
    "StreamTotals",
    "StreamgaugeError",
    "Streams",
    "Sweep",
    "Table",
    "Telemetry",
    "TelemetryCounts",
    "Track",
    "TrackDelta",
    "TrackKey",
    "TrackTotals",
    "Unvalidated",
    "ViewerStats",
    "ViewerTotals",
    "Window",
    "WindowCounts",
    "__version__",
    "clamp_lost",
    "compare",
    "downsample",
    "errors",
    "fraction_lost",
    "keys",
    "packets",
    "parse_packet",
    "profiles",
    "quantile",
    "rate",
    "read_capture",
    "read_dump",
    "simulate",
    "sweep",
]


def __getattr__(name: str) -> object:
    # Matplotlib is an extra and slow to load, so only whoever draws loads it.
    if name == "plot":
        import importlib

        return importlib.import_module("streamgauge.plot")
    # Numpy is slow to load as well.
    if name == "PACKET_DTYPE":
        from ._native import _packet_dtype

        return _packet_dtype()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), "PACKET_DTYPE", "plot"]
