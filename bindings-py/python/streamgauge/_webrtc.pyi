"""The part of ``_native`` about getStats reports and dumps of them. Import what it has from
``streamgauge``."""

import os
from collections.abc import Sequence
from typing import Any, Literal, Optional, Union, final

from typing_extensions import Buffer, disjoint_base

from ._native import Table
from ._series import Sketch
from ._types import DumpEvent, DumpProblem, MemberProblem, MonitorTrackKey, SelectedPair

__all__ = [
    "Connection",
    "Dump",
    "Monitor",
    "MonitorTrack",
    "TrackDelta",
    "read_dump",
]

_Flow = Literal["inbound", "outbound"]
_Report = Union[str, Buffer, Sequence[Any], dict[str, Any]]

@disjoint_base
class Monitor:
    """Watches one peer connection through its getStats reports, of Chromium, Firefox or Safari. Any number of
    threads may use it.

    Totals never fall: not when an object leaves the report, nor when its counters restart. What was not
    measured is ``None``, and NaN in a column. Columns, counters and their units: ``docs/webrtc.md``.
    """

    def __new__(
        cls,
        *,
        from_start: bool = False,
        max_rows: Optional[int] = None,
        max_tracks: Optional[int] = None,
        max_streams: Optional[int] = None,
        max_skew_us: Optional[int] = None,
    ) -> Monitor:
        """``from_start``: whether the connection is watched from its beginning, so that what the first report
        shows was counted from zero. ``max_rows``: rows kept of each track and of the connection (3,600).
        ``max_tracks`` (256), ``max_streams`` (1,024): those that are gone included; for a new one the longest
        gone is forgotten. ``max_skew_us``: by how much clocks may move apart without a flag (1 s).

        Raises ``InvalidArgumentError`` for a limit of 0 tracks or streams, and a negative skew.
        """
    def record(
        self, report: _Report, /, time_us: Optional[int] = None, monotonic_us: Optional[int] = None
    ) -> tuple[str, ...]:
        """Takes a report: JSON as text or bytes, a list of dicts (or of pairs of an id and a dict), or a dict
        of dicts by id. Gives the flags of the connection's row, some of ``ROW_FLAGS``. Members of the wrong
        type are counted, see ``counts`` and ``problems``; the rest is taken.

        ``time_us`` is when it was asked for by the wall clock (now), ``monotonic_us`` the same by a clock
        that never steps, such as ``performance.now()``, which tells where the timestamps of objects stepped.

        Raises ``MalformedError``, with the line, for what is no JSON; ``TimeWentBackError`` for a report no
        later than the one before, which is counted and loses nothing; ``ClosedError`` after ``close``.
        """
    def take(self, now_us: Optional[int] = None) -> list[TrackDelta]:
        """What each track added since this was called last, for ``Track.record_webrtc``; tracks that added
        nothing are left out. The sum of all deltas is the total."""
    def close(self, now_us: Optional[int] = None) -> bool:
        """Ends the monitor: ``take`` then gives the last delta of each track, once. ``False`` when it was
        closed already."""
    @property
    def tracks(self) -> list[MonitorTrack]:
        """The tracks, in the order in which they appeared."""
    def track(self, flow: _Flow, name: str, /) -> Optional[MonitorTrack]:
        """The track of this name; ``None`` where there is none."""
    def totals(self, flow: _Flow, /) -> dict[str, Optional[int]]:
        """What all tracks of a flow counted, also those that are gone, by counter. None ever falls but
        ``packets_lost``."""
    @property
    def connection_totals(self) -> dict[str, Optional[int]]:
        """What transports and data channels counted."""
    @property
    def selected_pair(self) -> Optional[SelectedPair]:
        """The candidate pair in use; ``None`` before there is one."""
    @property
    def latest(self) -> Optional[dict[str, Any]]:
        """The connection's row of the latest report: ``time_us``, ``flags`` (names) and every column."""
    @property
    def history(self) -> Table:
        """The connection's rows: ``time_us`` (int64), ``flags`` (uint16; bit i is ``ROW_FLAGS[i]``) and every
        column as float64, NaN where nothing was measured (null in Arrow). A copy."""
    @property
    def counts(self) -> dict[str, int]:
        """What happened so far: reports, rejected ones, resets, gaps, members that could not be used..."""
    @property
    def problems(self) -> list[MemberProblem]:
        """The first members that could not be used; ``counts["invalid_members"]`` has all."""

@final
class MonitorTrack:
    """A track of a ``Monitor``: the RTP streams that carry it, at a time or one after another. Shows what the
    monitor has now; once it is forgotten for newer ones, ``NotFoundError``."""

    @property
    def key(self) -> MonitorTrackKey:
        """Which track: ``flow``, ``kind``, ``name``."""
    @property
    def flow(self) -> _Flow:
        """Which way it goes, seen from the browser."""
    @property
    def kind(self) -> Literal["audio", "video"]:
        """What it carries."""
    @property
    def name(self) -> str:
        """Of a received track its ``trackIdentifier``, of a sent one its ``mid``; where a browser gives
        neither, what tells it from others."""
    @property
    def mime(self) -> str:
        """Its codec, such as ``video/VP8``; empty when unknown."""
    @property
    def implementation(self) -> str:
        """Its decoder or encoder; empty when unknown."""
    @property
    def totals(self) -> dict[str, Optional[int]]:
        """Everything counted since the monitor began, by counter; ``None`` where no report had it."""
    @property
    def loss_ratio(self) -> Optional[float]:
        """Lost of all packets that should have come; ``None`` where none should."""
    @property
    def latest(self) -> Optional[dict[str, Any]]:
        """The row of the latest report: ``time_us``, ``flags`` (names) and every column."""
    @property
    def history(self) -> Table:
        """The rows of reports, as ``Monitor.history``."""
    @property
    def flags(self) -> tuple[str, ...]:
        """Every flag that any row had."""
    @property
    def rtt_us(self) -> Sketch:
        """RTCP round-trip times in microseconds, each once. A copy."""
    @property
    def jitter_us(self) -> Sketch:
        """Jitter at every report in microseconds. A copy."""
    @property
    def measured_us(self) -> int:
        """Microseconds that reports cover."""
    @property
    def mean_bitrate_bps(self) -> Optional[float]:
        """Payload bits per second over that time."""
    @property
    def mean_frame_rate_per_s(self) -> Optional[float]:
        """Frames per second over that time; ``None`` without frames."""

@final
class TrackDelta:
    """What a track added since it was taken last, from ``Monitor.take``."""

    @property
    def key(self) -> MonitorTrackKey:
        """Which track."""
    @property
    def mime(self) -> str:
        """Its codec; empty when unknown."""
    @property
    def start_us(self) -> int:
        """When it was taken last."""
    @property
    def end_us(self) -> int:
        """When it was taken."""
    @property
    def counts(self) -> dict[str, Optional[int]]:
        """What was added, by counter."""
    @property
    def rtt_us(self) -> Optional[int]:
        """The largest RTCP round-trip time; ``None`` when none was measured."""
    @property
    def jitter_us(self) -> Optional[int]:
        """The largest jitter; ``None`` when none was measured."""
    @property
    def last(self) -> bool:
        """Whether the monitor is closed and this is all that is left."""

@final
class Dump:
    """A dump, read."""

    @property
    def format(self) -> Literal["rtcstats", "rtcstats_legacy", "webrtc_internals", "reports"]:
        """Who wrote it."""
    @property
    def truncated(self) -> bool:
        """Whether its end, or the beginning of its series, was cut off."""
    @property
    def problem_count(self) -> int:
        """How many things could not be read."""
    @property
    def problems(self) -> list[DumpProblem]:
        """The first of them."""
    @property
    def connections(self) -> list[Connection]:
        """Its peer connections, in order of appearance."""

@final
class Connection(Monitor):
    """A peer connection of a dump: a monitor that has taken its reports and is closed."""

    @property
    def id(self) -> str:
        """Its id in the dump."""
    @property
    def events(self) -> list[DumpEvent]:
        """What else happened to it, the first 10,000."""
    @property
    def unclassified_objects(self) -> int:
        """Objects whose type the dump does not say."""
    @property
    def invalid_members(self) -> int:
        """Members of the wrong type."""

def read_dump(source: Union[str, os.PathLike[str], Buffer], /) -> Dump:
    """Reads a dump of getStats reports: rtcstats, ``chrome://webrtc-internals``, or a JSON array of
    ``{"t": ms, "peer": name, "stats": [...]}``; told by its contents, gzipped or not. ``source`` is a path or
    the bytes of the file, which is read into memory. What cannot be read is listed in ``problems``.

    Raises ``MalformedError``, with the line where that is known, for what is none of these;
    ``NotFoundError``, ``StreamgaugeIOError``; ``CapacityExceededError`` for more than 256 connections, or
    1 GiB of gzip.
    """
