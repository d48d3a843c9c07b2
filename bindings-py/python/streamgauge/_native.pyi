"""The native module. Import what it has from ``streamgauge``."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from typing import Any, Literal, Optional, Union, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer, CapsuleType, disjoint_base

from ._audience import Audience, AudienceSummary, Cdn, Streams
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
from ._ring import (
    Account,
    CloseReason,
    CursorStatus,
    Joined,
    Lag,
    Position,
    RingSnapshot,
    Skip,
)
from ._series import Rollup, SampleWindow, Sketch, downsample
from ._types import Burst, CounterTotal, Event, GateResult, Key, Window
from ._webrtc import Connection, Dump, Monitor, MonitorTrack, TrackDelta, read_dump

_Mode = Literal["exact", "plot_fec"]
_Method = Literal["linear", "nearest_rank", "floor_index", "averaged_rank", "weibull", "median_unbiased"]
_Int64 = npt.NDArray[np.int64]
_Float64 = npt.NDArray[np.float64]

__all__ = [
    "Audience",
    "AudienceSummary",
    "Buckets",
    "Cdn",
    "Chunk",
    "ChunkRing",
    "Connection",
    "Counter",
    "Cursor",
    "Dump",
    "Frames",
    "Freezes",
    "Gaps",
    "Latency",
    "Monitor",
    "MonitorTrack",
    "Read",
    "Report",
    "Rollup",
    "RtcpStats",
    "RtpReader",
    "RtpStats",
    "Run",
    "SampleWindow",
    "Series",
    "Sketch",
    "Streams",
    "Table",
    "Telemetry",
    "Track",
    "TrackDelta",
    "__version__",
    "_check_gate",
    "_compare",
    "_decode",
    "_error_kinds",
    "_gate",
    "_packet_dtype",
    "_raise",
    "_restore",
    "_row_flags",
    "_simulate",
    "_step_kinds",
    "_sweep",
    "clamp_lost",
    "downsample",
    "fraction_lost",
    "keys",
    "parse_packet",
    "profiles",
    "quantile",
    "rate",
    "read_capture",
    "read_dump",
]

__version__: str

@disjoint_base
class Table:
    """Columns of equal length: numpy arrays by name, Arrow as a whole, both without copies.

    Arrays are read-only views of the table's memory, which they keep alive; a column with nulls is a
    ``numpy.ma.MaskedArray`` (the memory of masked items holds 0), or, of a monitor's history, has NaN there.
    ``pl.DataFrame(table)``,
    ``pa.table(table)`` and DuckDB read the columns as they are; so do
    ``pd.DataFrame.from_arrow(table)`` (pandas 3) and ``pd.DataFrame(dict(table))``.
    Iteration gives rows as named tuples, with ``None`` for null, so ``pd.DataFrame(table)`` works too,
    but slowly. Tables pickle, and compare by what they hold.
    """

    __hash__: None  # type: ignore[assignment]
    def __len__(self) -> int:
        """Number of rows."""
    def keys(self) -> list[str]:
        """Names of the columns, in order."""
    def __getitem__(self, name: str, /) -> npt.NDArray[Any]:
        """The column ``name``; ``KeyError`` where there is none."""
    def __contains__(self, name: object, /) -> bool: ...
    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Rows as named tuples, with ``None`` for null."""
    def valid(self, name: str) -> Optional[npt.NDArray[np.bool_]]:
        """Which items of a column are not null; ``None`` where all are."""
    def __arrow_c_stream__(self, requested_schema: Optional[CapsuleType] = None) -> CapsuleType:
        """The Arrow C stream of one batch over the table's own memory."""
    def __arrow_c_schema__(self) -> CapsuleType:
        """The Arrow C schema."""
    def _repr_html_(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Frames(Table):
    """Received frames in order of receipt; rows with the same time keep the order of the file."""

    @property
    def recv_us(self) -> _Int64:
        """When each frame was received, microseconds since the Unix epoch; int64, shape (n,)."""
    @property
    def frame_id(self) -> _Int64:
        """The frame's number; int64, masked where the row has none."""
    @property
    def user_timestamp_us(self) -> _Int64:
        """When the sender took the frame, microseconds since the Unix epoch; 0 means unknown."""
    @property
    def width(self) -> npt.NDArray[np.int32]:
        """Width in pixels; int32, masked where unknown."""
    @property
    def height(self) -> npt.NDArray[np.int32]:
        """Height in pixels; int32, masked where unknown."""

@final
class Series(Table):
    """One label set of a family with its samples."""

    @property
    def family(self) -> str:
        """The metric's name."""
    @property
    def labels(self) -> dict[str, str]:
        """The labels, sorted by name."""
    @property
    def t_us(self) -> _Int64:
        """When each sample was polled, strictly increasing, microseconds since the Unix epoch."""
    @property
    def values(self) -> _Float64:
        """The samples; may hold NaN and infinities."""

@final
class Latency(Table):
    """One-way latency, a row for each frame in the window that has a user timestamp."""

    @property
    def t_us(self) -> _Int64:
        """When the frame was received, microseconds since the Unix epoch."""
    @property
    def latency_ms(self) -> _Float64:
        """Receive time minus user timestamp, milliseconds. The offset of two clocks is in it: it may be
        negative."""

@final
class Gaps(Table):
    """Places where frames are missing."""

    @property
    def t_us(self) -> _Int64:
        """When the frame behind the gap was received, microseconds since the Unix epoch."""
    @property
    def missing(self) -> _Int64:
        """How many frame ids are missing before it."""

@final
class Freezes(Table):
    """Frozen video, as libwebrtc counts it."""

    @property
    def start_us(self) -> _Int64:
        """When the last frame before the freeze was received, microseconds since the Unix epoch."""
    @property
    def duration_us(self) -> _Int64:
        """Microseconds until the next frame."""
    @property
    def last_open(self) -> bool:
        """The last freeze is not over at the end of the window."""

@final
class Buckets(Table):
    """A rate in buckets of one second, counted from the start of the window."""

    @property
    def start_us(self) -> _Int64:
        """Start of each bucket, microseconds since the Unix epoch."""
    @property
    def per_s(self) -> _Float64:
        """Per second, over the length of the bucket."""
    @property
    def covered_us(self) -> _Int64:
        """How much of each bucket was measured, microseconds; 0: the rate is unknown rather than 0."""
    @property
    def last_partial(self) -> bool:
        """The last bucket is shorter than a second; its rate is over its own length."""
    @property
    def truncated(self) -> bool:
        """The window is longer than a million seconds and was cut."""

@final
class Run:
    """A test run: a directory with ``frames.csv``, ``prom.tsv``, ``events.csv``, ``meta.env``.

    Each file may be missing or end in ``.gz``. What cannot be used is counted in ``problems``; nothing
    of it raises. A selector is a family's name or PromQL with matchers,
    ``'livekit_nack_total{direction=~"in.*"}'`` (``=``, ``!=``, ``=~``, ``!~``; regular expressions are
    anchored at both ends); labels given by keyword are compared for equality.
    """

    def __new__(
        cls,
        path: Union[str, os.PathLike[str]],
        /,
        *,
        names: Optional[Mapping[str, Union[str, Sequence[str]]]] = None,
        threads: int = 0,
    ) -> Run:
        """Reads a run directory.

        ``names`` gives the metric names of the SFU under test where they differ from the default (see
        ``Run.names``). ``threads``: 0 takes what the machine has; it never changes a result.

        Raises ``NotFoundError`` where there is no such directory, ``InvalidArgumentError`` where it is
        a file or a name is wrong, ``StreamgaugeIOError`` where the system refuses a file.
        """
    @classmethod
    def from_bytes(
        cls,
        name: str = "run",
        /,
        *,
        frames: Optional[Buffer] = None,
        prom: Optional[Buffer] = None,
        events: Optional[Buffer] = None,
        meta: Optional[Buffer] = None,
        names: Optional[Mapping[str, Union[str, Sequence[str]]]] = None,
        threads: int = 1,
    ) -> Run:
        """Reads a run from the bytes of its files (gzip is recognised); ``None``: no such file."""
    @property
    def path(self) -> str:
        """The path as given, or the name given with bytes."""
    @property
    def name(self) -> str:
        """The last part of the path."""
    @property
    def names(self) -> dict[str, Union[str, list[str]]]:
        """The metric names this run is summarised by: ``fec_packets``, ``fec_state_label``,
        ``fec_packets_new``, ``nack``, ``packet_loss``, ``out_of_order``, ``packets``, and the selectors
        of ``signed`` counters, whose total is last minus first."""
    @property
    def frames(self) -> Frames:
        """All received frames, also those outside the window; no copy."""
    @property
    def families(self) -> list[str]:
        """Names of all metrics in ``prom.tsv``, in order of first appearance."""
    @property
    def meta(self) -> dict[str, str]:
        """``meta.env`` in file order."""
    @property
    def events(self) -> list[Event]:
        """``events.csv`` in file order."""
    @property
    def marks(self) -> list[Event]:
        """Events that are neither ``burst_on`` nor ``burst_off``."""
    @property
    def bursts(self) -> list[Burst]:
        """Bursts of loss, cut to the window, in order of time."""
    @property
    def window(self) -> Window:
        """The measurement window, start included, end not."""
    def bursts_of(self, mode: _Mode, /) -> list[Burst]:
        """Bursts as ``mode`` sees them."""
    def window_of(self, mode: _Mode, /) -> Window:
        """The window as ``mode`` sees it."""
    @property
    def problems(self) -> dict[str, dict[str, Any]]:
        """What could not be used. For each file: ``missing``, ``rows`` seen, ``dropped`` and ``kept``
        (in part) rows by reason, and the ``first`` 100 as ``{"line", "reason"}``."""
    def series(self, family: str, /, contains: Optional[str] = None, **labels: str) -> list[Series]:
        """The series that a selector names, each over the run's own memory.

        ``contains``: the text between the braces, as it stands in the file, must contain this (the
        script's filter). Raises ``InvalidArgumentError`` where the selector cannot be read.
        """
    def samples(
        self, family: Optional[str] = None, /, contains: Optional[str] = None, **labels: str
    ) -> Table:
        """Every sample (of a selector) as one table: ``t_us``, ``value``, ``family``, ``labels`` (as
        text), and a column for each label, null where a series does not have it. A copy.

        Raises ``CapacityExceededError`` where the series have more than 100 label names.
        """
    def latency(self, mode: _Mode = "exact") -> Latency:
        """Latency of each frame in the window whose user timestamp is known."""
    def gaps(self, mode: _Mode = "exact") -> Gaps:
        """Places where frame ids are missing. ``plot_fec`` takes a reordered frame for a lost one.

        Raises ``OutOfRangeError`` where a gap is of more than 2^63 frames.
        """
    def freezes(self) -> Freezes:
        """Freezes in the window: a frame interval of at least ``max(3 mean, mean + 150 ms)``, the mean
        over the last 30 intervals including it, from the fifth frame on; an open one at the end too."""
    def fps(self, mode: _Mode = "exact") -> Buckets:
        """Received frames per second. ``plot_fec`` leaves out empty seconds."""
    def counter_rate(
        self, family: str, /, contains: Optional[str] = None, mode: _Mode = "exact", **labels: str
    ) -> Buckets:
        """Rate of the selected counters, summed. ``exact`` spreads a step over the time between its
        polls, so that the integral is the total."""
    def counter_total(
        self, family: str, /, contains: Optional[str] = None, mode: _Mode = "exact", **labels: str
    ) -> Optional[float]:
        """What the selected counters counted over the window; ``None`` where no such series has a sample
        in it (``plot_fec``: 0)."""
    def counter(
        self, family: str, /, contains: Optional[str] = None, mode: _Mode = "exact", **labels: str
    ) -> Optional[CounterTotal]:
        """``counter_total`` with the number of series, of resets, and of series born in the window."""
    def counter_selectors(self) -> dict[str, str]:
        """The selector behind each total of counters in an exact summary, by key; without those that have no
        samples in the window."""
    def summary(self, mode: _Mode = "exact") -> dict[str, Any]:
        """The summary, keys in documented order (see ``streamgauge.keys``). What was not measured is
        ``None``. ``plot_fec``: the script's 16 keys, where NaN stays a float NaN."""
    def to_json(self, mode: _Mode = "exact", *, indent: Optional[int] = None) -> str:
        """``{"run", "name", "mode", "summary", "problems"}`` as JSON; NaN becomes null."""
    def add_expositions(self, polls: Sequence[tuple[int, Buffer]], /) -> None:
        """Adds raw Prometheus expositions (text 0.0.4 or OpenMetrics), each with the time in microseconds
        at which it was polled. Arrays taken from the run before stay as they are."""
    def _repr_html_(self) -> str: ...
    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the run by what it holds, not by its path."""

_Limit = tuple[Optional[int], Optional[int], Optional[int]]
_Join = Literal["live", "oldest", "lag_bytes", "lag_time", "random_access"]

@final
class ChunkRing:
    """A bounded ring of chunks: one live stream to many readers. Publishing never blocks on a reader, and
    what a reader holds is never overwritten. Any number of threads may use it."""

    def __new__(
        cls,
        max_chunks: int,
        max_bytes: int,
        *,
        max_age_us: Optional[int] = None,
        max_held_bytes: Optional[int] = None,
        max_cursors: int = 65536,
        epoch: int = 0,
        payload_hint_bytes: int = 0,
    ) -> ChunkRing:
        """``max_age_us``: no bound without one. ``max_held_bytes``: reads are refused once readers hold so
        many distinct bytes; ``max_bytes`` without one. ``epoch`` tells this ring's positions from those of
        another. ``payload_hint_bytes``: buffers of this size are made ahead of time.

        Raises ``InvalidArgumentError`` for a bound below 1.
        """
    def publish(
        self,
        data: Buffer,
        /,
        *,
        now_us: Optional[int] = None,
        random_access: bool = False,
        preamble: Optional[Buffer] = None,
    ) -> Optional[int]:
        """Copies ``data`` in as one chunk and gives its sequence number; no bytes are no chunk: ``None``.

        ``now_us``: the system's time without one. ``random_access``: a decoder can start here;
        ``preamble`` is what it must see before (at most 64 KiB). Raises ``ClosedError`` after ``close``.
        """
    def publish_batch(self, chunks: Sequence[Buffer], /, *, now_us: Optional[int] = None) -> int:
        """Copies many chunks in under one lock and wakes readers once; gives how many."""
    def close(self, kind: Literal["end", "cancelled", "failed"] = "end", message: str = "") -> bool:
        """Ends publishing; readers see the reason once they have read what is left. Only the first call
        counts; says whether this was it."""
    def expire(self, now_us: int, /) -> None:
        """Evicts what is older than ``max_age_us``; publishing does so too."""
    def join(self, join: _Join = "live", amount: int = 0) -> Joined:
        """Where a reader that joins in this way starts; ``amount`` is bytes or microseconds."""
    def lag(self, position: Union[Position, tuple[int, int, int, Optional[int]]], /) -> Lag:
        """How far a position is behind the newest chunk. Raises ``StaleCursorError`` for one of another
        epoch, or one this ring has not come to."""
    def read(
        self,
        position: Union[Position, tuple[int, int, int, Optional[int]]],
        /,
        *,
        max_chunks: int = 64,
        max_bytes: int = 1 << 20,
    ) -> Read:
        """Reads from a position without a cursor and without waiting, from the oldest chunk on when it was
        evicted. Raises ``StaleCursorError`` as ``lag``, ``CapacityExceededError`` when too much is held."""
    def wait(
        self,
        position: Union[Position, tuple[int, int, int, Optional[int]]],
        /,
        *,
        timeout_s: Optional[float] = None,
    ) -> None:
        """Blocks until there is something at a position or the ring is closed. Raises ``TimedOutError``."""
    def snapshot(self) -> RingSnapshot:
        """One consistent look at everything but the single cursors."""
    def cursors(self) -> list[CursorStatus]:
        """Every cursor there is, in the order in which they came."""
    def cursor(
        self,
        *,
        join: _Join = "live",
        join_amount: int = 0,
        policy: Literal["skip", "skip_to_random_access", "disconnect"] = "skip",
        soft: Optional[_Limit] = None,
        hard: Optional[_Limit] = None,
        max_read_chunks: int = 64,
        max_read_bytes: int = 1 << 20,
    ) -> Cursor:
        """A new reader. ``soft`` (a ``LagLimit``) warns, ``hard`` makes the policy act; being overtaken by
        the ring always does. Raises ``CapacityExceededError`` when the ring has its ``max_cursors``."""

@final
class Cursor:
    """A reader of a ring: iterate over it, in a thread or with ``async for``, until the ring is closed. One
    thread or task at a time: others get ``AlreadyPendingError``. ``with`` closes it."""

    def read(self) -> Read:
        """Reads what is there, without waiting. Raises ``LaggedError`` when it is too slow and its policy is
        to disconnect, ``CapacityExceededError`` when readers hold too much (it stays where it is)."""
    def read_blocking(self, timeout_s: Optional[float] = None) -> Read:
        """As ``read``, but waits while there is nothing; after a jump there may be no chunks. Other threads
        and signals go on. Raises also ``TimedOutError`` and, after ``cancel``, ``CancelledError``."""
    def read_async(self) -> Awaitable[Read]:
        """As ``read_blocking``, for asyncio: no thread waits. A task that is cancelled loses nothing."""
    def _poll(self, event_loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any]) -> Optional[Read]: ...
    def cancel(self) -> None:
        """Ends waits, now and ever after, from any thread."""
    def status(self) -> CursorStatus:
        """Where it is, how far behind, and what it did."""
    def record_blocked_write(self, blocked_us: int, /, *, timed_out: bool = False) -> None:
        """Puts a write that was blocked for so long into the account."""
    def finish(
        self, reason: Literal["left", "drained", "lagged", "write_timeout", "write_failed"] = "left"
    ) -> Account:
        """Leaves the ring and gives the final account. ``reason`` counts unless it had come to its end."""
    def close(self) -> None:
        """Ends a wait of another thread and leaves the ring; later reads raise ``ClosedError``."""
    def __enter__(self) -> Cursor: ...
    def __exit__(self, *_exception: object) -> None: ...
    def __iter__(self) -> Iterator[Chunk]: ...
    def __aiter__(self) -> AsyncIterator[Chunk]: ...

@final
class Read:
    """Answer to a read. The chunks are held for as long as this, they or their views live."""

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks, oldest first."""
    @property
    def bytes(self) -> int:
        """Bytes read."""
    @property
    def requested(self) -> Position:
        """Where the reader wanted to read."""
    @property
    def next(self) -> Position:
        """Where it is to read next."""
    @property
    def behind(self) -> Lag:
        """How far ``requested`` was behind the first chunk that could be read."""
    @property
    def lag(self) -> Lag:
        """How far ``next`` is behind the newest chunk."""
    @property
    def oldest(self) -> int:
        """Sequence number of the oldest chunk in the ring, or of the next one while it is empty."""
    @property
    def newest(self) -> Optional[int]:
        """Sequence number of the newest chunk in the ring."""
    @property
    def buffered_chunks(self) -> int:
        """Chunks in the ring."""
    @property
    def buffered_bytes(self) -> int:
        """Bytes in the ring."""
    @property
    def skipped(self) -> Optional[Skip]:
        """The jump before this read, if there was one: then write the first chunk's preamble first."""
    @property
    def warning(self) -> bool:
        """Whether the cursor is over its soft limit."""
    @property
    def closed(self) -> Optional[CloseReason]:
        """Why the ring was closed, once everything was read."""

@final
class Chunk:
    """A chunk that is held: ``bytes(chunk)`` copies it, ``chunk.view`` does not."""

    @property
    def sequence(self) -> int:
        """Sequence number, counted from 0 per epoch."""
    @property
    def time_us(self) -> int:
        """When it was published, microseconds."""
    @property
    def random_access(self) -> bool:
        """Whether a decoder can start here."""
    @property
    def view(self) -> npt.NDArray[np.uint8]:
        """The payload as a read-only array over the ring's own memory, which it holds. ``ClosedError`` after
        ``release``."""
    @property
    def preamble(self) -> Optional[bytes]:
        """At a random-access point: what a decoder must see before it."""
    def release(self) -> None:
        """Lets go of the chunk now instead of at collection; views of it hold it on. Again is nothing."""
    def __bytes__(self) -> bytes: ...
    def __len__(self) -> int: ...

def quantile(
    values: Union[_Float64, Sequence[float]], q: float, /, method: _Method = "linear"
) -> Optional[float]:
    """The ``q`` quantile (0 to 1); ``None`` of nothing.

    ``linear`` is Hyndman-Fan 7 (numpy's default), ``nearest_rank`` 1, ``averaged_rank`` 2, ``weibull`` 6,
    ``median_unbiased`` 8, ``floor_index`` what the plotting script does. An array must be float64 with one
    dimension (else ``TypeError``); a contiguous one is not copied by numpy. Raises
    ``InvalidArgumentError`` on NaN and on ``q`` outside 0 to 1.
    """

def keys() -> list[Key]:
    """Every key of the ``exact`` summary, in order: unit, formula, when ``None``, which way is better."""

_Clocks = Mapping[int, Union[int, tuple[int, Literal["audio", "video"]]]]

def read_capture(
    source: Union[str, os.PathLike[str], Buffer], /, *, clocks: Optional[_Clocks] = None
) -> dict[str, Any]:
    """Statistics of every RTP stream in a capture: pcap or pcapng with UDP over IPv4 or IPv6 on Ethernet,
    loopback or Linux cooked. ``source`` is a path or the bytes of the file, which is read into memory.

    ``clocks`` is the rate in Hz (1 to 10,000,000) of payload types (0 to 127); a type at 90,000 is video
    (14 stays audio), at another rate audio, unless it says so:
    ``{97: (8000, "video")}``. Without it the static types have theirs, 109, 111 and 63 are audio at 48,000,
    and the rest from 96 on video at 90,000.

    - ``streams``: a dict for each SSRC between two ports, by SSRC. What was not measured is ``None``.

      - ``ssrc``, ``source``, ``destination``, ``payload_type``, ``clock_hz``
      - ``packets_received``: all arrivals; ``packets_expected``: from the lowest to the highest sequence
        number
      - ``packets_lost``: never arrived, a repeated packet refunds nothing; ``packets_lost_rfc3550``:
        expected less received
      - ``packets_duplicate``, ``packets_out_of_order``, ``bytes_received`` (UDP payload)
      - ``jitter_us`` at the end, ``mean_jitter_us``, ``max_jitter_us``: RFC 3550 A.8 over every packet;
        ``frame_jitter_us``: over the first packet of each timestamp; ``None`` without a clock
      - ``max_delta_us``: longest time between two arrivals; ``bitrate_bps``: from the first to the last
      - ``frames``: distinct timestamps, ``None`` for audio
      - ``discontinuities``: restarts of the sequence; ``first_arrival_us``, ``last_arrival_us``
      - by RTCP: ``rtt_us``, ``remote_packets_lost``, ``sender_packets``

    - ``counts``: ``packets``, ``datagrams``, ``other``, ``fragments``, ``malformed`` in the file, and
      ``truncated``: whether it ends within a packet
    - ``unvalidated_packets``: RTP packets of SSRCs without two in sequence; ``datagrams_not_followed``: of
      more than 4096 pairs of ports; ``rtcp``: how much RTCP of each kind

    Raises ``MalformedError`` for what is no capture, ``NotFoundError``, ``StreamgaugeIOError``, and
    ``InvalidArgumentError`` for a clock out of its range.
    """

def _step_kinds() -> list[str]: ...
def _row_flags() -> list[str]: ...
def _packet_dtype() -> np.dtype[np.void]: ...
def _compare(a: list[Run], b: list[Run], mode: str, seed: int, resamples: int) -> dict[str, Any]: ...
def _sweep(
    path: Union[str, os.PathLike[str]],
    names: Optional[Mapping[str, Union[str, Sequence[str]]]],
    threads: int,
    mode: str,
    seed: int,
    resamples: int,
) -> dict[str, Any]: ...
def _check_gate(gate: str) -> None: ...
def _gate(gate: str, compared: dict[str, Any]) -> GateResult: ...
def profiles() -> list[str]:
    """The names of the profiles that ``streamgauge.simulate`` takes."""

def _simulate(profile: str, options: dict[str, Any]) -> dict[str, bytes]: ...
def _decode(bytes: bytes) -> Run: ...
def _restore(class_: type[Table], columns: list[Any], attributes: dict[str, Any]) -> Table: ...
def _raise(code: str, file: Optional[str] = None, line: Optional[int] = None) -> None: ...
def _error_kinds() -> list[tuple[str, int]]: ...
