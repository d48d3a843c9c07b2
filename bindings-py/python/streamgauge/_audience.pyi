"""The part of ``_native`` about audiences. Import what it has from ``streamgauge``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Optional, Union, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

from ._native import Table
from ._series import Sketch, _Times
from ._types import ConcurrencyStats, EdgeTotals, MediaStats, MediaTotals, ViewerStats, ViewerTotals

__all__ = [
    "Audience",
    "AudienceSummary",
    "Cdn",
    "Streams",
]

_Flags = Union[npt.NDArray[np.bool_], Sequence[bool]]
_Counts = Union[npt.NDArray[np.uint32], Sequence[int]]

@final
class Audience:
    """The viewers of one stream, or of whatever shares an audience. Any number of threads may use it.

    Events may come more than once and out of order: a second join of one viewer is a reconnect, an event of a
    viewer who is not there is counted and does nothing.
    """

    def __new__(
        cls,
        *,
        idle_timeout_us: Optional[int] = None,
        reconnect_us: Optional[int] = None,
        keep_us: Optional[int] = None,
        max_viewers: Optional[int] = None,
        max_changes: Optional[int] = None,
        relative_error: float = 0.01,
    ) -> Audience:
        """``idle_timeout_us`` (1 h): a viewer not heard of for so long has left. ``reconnect_us`` (30 s): one
        who comes back within it goes on with the view it had. ``keep_us`` (1 h): how long who left is
        remembered. ``max_viewers`` (2^20) are remembered, ``max_changes`` (1000) of concurrency kept.
        ``relative_error``: of quantiles of startup times.

        Raises ``InvalidArgumentError`` for a negative time or a limit of 0.
        """
    def join(
        self, viewer: str, at_us: int, /, *, location: Optional[str] = None, user_agent: Optional[str] = None
    ) -> Literal["new", "reconnected"]:
        """A viewer begins to watch, or its connection does again. Raises ``CapacityExceededError`` when there
        is no room for one more."""
    def leave(self, viewer: str, at_us: int, /) -> bool:
        """A viewer stops watching. ``False`` when it was not there, which is counted."""
    def heartbeat(self, viewer: str, at_us: int, /) -> bool:
        """A viewer is still there. ``False`` when it is not, which is counted, as by all that follow."""
    def started(self, viewer: str, at_us: int, /) -> bool:
        """The first picture of a view is shown; later ones change nothing."""
    def rebuffer_begins(self, viewer: str, at_us: int, /) -> bool:
        """Playing stalls from here on."""
    def rebuffer_ends(self, viewer: str, at_us: int, /) -> bool:
        """Playing goes on."""
    def rebuffered(self, viewer: str, at_us: int, duration_us: int, /) -> bool:
        """Playing stalled for ``duration_us`` and goes on."""
    def bitrate(self, viewer: str, at_us: int, bitrate_bps: int, /) -> bool:
        """A viewer gets ``bitrate_bps`` from here on."""
    def handle_time(self, now_us: int, /) -> None:
        """Time is ``now_us``: who was not heard of for too long has left. Every event does the same."""
    def summary(self, now_us: int, /) -> AudienceSummary:
        """Everything up to ``now_us``, which is not before any event."""
    def viewer(self, viewer: str, now_us: int, /) -> Optional[ViewerStats]:
        """One viewer up to ``now_us``; ``None`` when it is not known, or no longer."""
    def concurrency(self, start_us: int, end_us: int, /) -> Optional[ConcurrencyStats]:
        """How many watched in an interval, as far back as changes are kept."""
    def steps(self) -> Table:
        """The changes of concurrency that are kept: ``viewers`` from each ``t_us`` on."""
    def __len__(self) -> int:
        """Viewers remembered, watching or not."""

@final
class AudienceSummary:
    """An audience in a few numbers, from ``Audience.summary``. Those of several nodes merge: counts and times
    exactly, the peak between two bounds, since nodes peak at different times."""

    def merge(self, other: AudienceSummary, /) -> None:
        """Adds the audience of another node. Raises ``InvalidArgumentError`` when relative errors differ."""
    @property
    def start_us(self) -> Optional[int]:
        """The first event; ``None`` when there was none."""
    @property
    def end_us(self) -> Optional[int]:
        """Up to when it is."""
    @property
    def totals(self) -> ViewerTotals:
        """Counts and times, spans that go on included."""
    @property
    def watching(self) -> int:
        """Viewers watching."""
    @property
    def peak_at_least(self) -> int:
        """The highest concurrency was not lower than this; exact for one node."""
    @property
    def peak_at_most(self) -> int:
        """Nor higher than this."""
    @property
    def peak_us(self) -> Optional[int]:
        """When it was; ``None`` without viewers, and for several nodes."""
    @property
    def watched_us(self) -> int:
        """Time watched by all viewers, stalls included."""
    @property
    def mean_concurrency(self) -> Optional[float]:
        """The mean concurrency weighted by time; ``None`` over no time."""
    @property
    def rebuffer_ratio(self) -> Optional[float]:
        """Stalled time of the time watched; ``None`` when nothing was watched."""
    @property
    def mean_bitrate_bps(self) -> Optional[float]:
        """The mean bitrate weighted by time; ``None`` when none was told."""
    @property
    def exit_before_start_ratio(self) -> Optional[float]:
        """Views that ended before their first picture, of those that ended; ``None`` when none ended or no
        first picture was ever reported."""
    @property
    def startup_us(self) -> Sketch:
        """From join to first picture."""
    def to_json(self) -> str:
        """A JSON object; what was not measured is null."""
    def to_prometheus(self, *, labels: Optional[Mapping[str, str]] = None, openmetrics: bool = False) -> str:
        """In the Prometheus text format, each sample with these labels. Keep them few: no viewer belongs
        there."""
    @staticmethod
    def many_to_prometheus(
        summaries: Iterable[tuple[Mapping[str, str], AudienceSummary]], /, *, openmetrics: bool = False
    ) -> str:
        """Several summaries, each with its labels, as one text: a family must not come twice in a scrape."""
    def to_otlp(
        self, *, attributes: Optional[Mapping[str, str]] = None, resource: Optional[Mapping[str, str]] = None
    ) -> bytes:
        """As OTLP metrics with cumulative temporality: an ``ExportMetricsServiceRequest`` as protobuf, empty
        when there was no event. Those of several summaries may be put one after the other.
        ``attributes``: of each data point; ``resource``: of the node, instead of
        ``{"service.name": "streamgauge"}``."""
    def to_bytes(self) -> bytes:
        """Its bytes: protobuf. The same in every language."""
    @staticmethod
    def from_bytes(data: Buffer, /) -> AudienceSummary:
        """A summary from its bytes, which may come from anywhere. Raises ``MalformedError``."""
    def __copy__(self) -> AudienceSummary: ...
    def __reduce__(self) -> Any: ...
    def __deepcopy__(self, _memo: Any, /) -> AudienceSummary: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Streams:
    """What many streams carry, by id. Any number of threads may use it; recording locks one stream."""

    def __new__(cls, *, max_streams: int = 65536, relative_error: float = 0.01) -> Streams:
        """``relative_error``: of quantiles of latency."""
    def record(
        self,
        stream: str,
        times_us: _Times,
        sizes_bytes: _Counts,
        /,
        *,
        media: Literal["video", "audio", "metadata"] = "video",
        durations_us: Optional[_Counts] = None,
        frames: Optional[_Flags] = None,
        keyframes: Optional[_Flags] = None,
        latencies_us: Optional[Union[npt.NDArray[np.int64], Sequence[int]]] = None,
    ) -> None:
        """Counts packets of one class: int64 or datetime64[us], uint32, bool and int64 arrays, or sequences.

        ``durations_us``: how much media each holds; one of 0 has no bitrate of its own. ``frames``: whether a
        frame begins in it, ``keyframes``: whether that is a key frame. ``latencies_us``: from capture to
        here, negative where clocks differ. Raises ``CapacityExceededError`` when there is no room for one
        more stream, ``InvalidArgumentError`` where lengths differ.
        """
    def record_dropped_frames(self, stream: str, frames: int, /) -> None:
        """Frames that were dropped before they were sent or shown."""
    def record_lost_packets(self, stream: str, packets: int, /) -> None:
        """Packets that never came."""
    def snapshot(self, stream: str, /) -> Optional[MediaStats]:
        """A stream as it is."""
    def remove(self, stream: str, /) -> Optional[MediaStats]:
        """Ends a stream; its counts stay in the totals. What it was, or ``None``."""
    def ids(self) -> list[str]:
        """The ids of all streams."""
    def totals(self) -> MediaTotals:
        """All streams that are or were there."""
    def __len__(self) -> int:
        """Streams that are there."""

@final
class Cdn:
    """Requests by edge. The number of edges is bounded: those beyond are counted together. Any number of
    threads may use it."""

    def __new__(cls, *, max_edges: int = 1024) -> Cdn: ...
    def record(self, edge: str, at_us: int, /, *, hit: bool, size_bytes: int) -> None:
        """A request that an edge answered."""
    def merge(self, other: Cdn, /) -> None:
        """Adds everything of another node."""
    def edges(self) -> dict[str, EdgeTotals]:
        """Every edge that is told apart."""
    @property
    def others(self) -> EdgeTotals:
        """All others together."""
    @property
    def total(self) -> EdgeTotals:
        """All edges together."""
    @property
    def bandwidth_bps(self) -> Optional[float]:
        """Bits per second from the first to the last request; ``None`` where no time passed between."""
    @property
    def start_us(self) -> Optional[int]:
        """The first request."""
    @property
    def end_us(self) -> Optional[int]:
        """The last request."""
