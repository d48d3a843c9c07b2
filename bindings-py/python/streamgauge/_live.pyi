"""The part of ``_native`` that counts live streams. Import what it has from ``streamgauge``."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Optional, Union, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

from ._native import Table, _Clocks
from ._packets import (
    Packet,
    Rate,
    RtcpTotals,
    SourceReport,
    Step,
    Steps,
    StreamDelta,
    StreamStats,
    StreamTotals,
    Unvalidated,
)
from ._telemetry import Stat, TelemetryCounts, TrackKey, TrackTotals
from ._webrtc import TrackDelta

__all__ = [
    "Counter",
    "Report",
    "RtcpStats",
    "RtpReader",
    "RtpStats",
    "Telemetry",
    "Track",
    "clamp_lost",
    "fraction_lost",
    "parse_packet",
    "rate",
]

_Items = Union[npt.NDArray[Any], Sequence[int], Sequence[float]]
_Direction = Literal["upstream", "downstream"]
_Role = Literal["edge", "relay"]

@final
class Counter:
    """Turns samples of a cumulative counter into deltas and a total that never falls.

    A counter that falls was reset and its value counts in full; with ``width_bits`` it may have wrapped
    instead; its first sample adds nothing unless ``origin_known``. Any number of threads may use it.
    """

    def __new__(
        cls,
        kind: Literal["u64", "f64"] = "u64",
        *,
        origin_known: bool = False,
        width_bits: Optional[int] = None,
        max_per_s: Optional[float] = None,
    ) -> Counter:
        """``u64`` counts whole numbers up to 2^64 - 1, exactly, ``f64`` floats. ``origin_known``: it began at
        0 within what is observed. ``width_bits``: 1 to 64. ``max_per_s``: a fall is a wrap only when the
        wrapped step is within this growth; without it, when it is under a quarter of the width's range.

        Raises ``InvalidArgumentError`` for a width or a growth out of range.
        """
    def record(self, at_us: int, value: Union[int, float], /, *, boundary: bool = False) -> Step:
        """Takes a sample. ``boundary``: the epoch changed (a new SSRC, codec or process), so the value counts
        in full even when it grew. A sample that cannot be (not finite, negative, wider than declared, back
        in time, a second value for a time) is ``rejected`` and counted.

        Raises ``OutOfRangeError`` where a ``u64`` counter gets what is none.
        """
    def record_many(
        self,
        times_us: _Items,
        values: _Items,
        /,
        *,
        boundaries: Optional[Union[npt.NDArray[np.bool_], Sequence[bool]]] = None,
    ) -> Steps:
        """As ``record``, many at a time: ``times_us`` int64 or datetime64[us], ``values`` uint64 (int64
        without a negative one) or float64, as the kind is; or sequences of numbers. An array of another
        dtype is a ``TypeError``. Nothing is taken where an argument is wrong.
        """
    @property
    def total(self) -> Union[int, float]:
        """Everything that was added. Never falls."""
    @property
    def last(self) -> Optional[tuple[int, Union[int, float]]]:
        """Time and value of the last sample taken."""
    @property
    def resets(self) -> int:
        """Samples that restarted the counter without being announced."""
    @property
    def wraps(self) -> int:
        """Samples that passed the end of the width."""
    @property
    def boundaries(self) -> int:
        """Samples that began an announced epoch."""
    @property
    def rejected(self) -> int:
        """Samples that were not taken."""
    def end(self) -> None:
        """Ends the series: the next sample is a first one. For a field that vanished."""

def rate(
    times_us: _Items,
    values: _Items,
    start_us: int,
    end_us: int,
    /,
    mode: Literal["raw", "prometheus", "anchored", "smoothed"] = "prometheus",
) -> Optional[Rate]:
    """Increase and rate of a counter over a window, both ends included, from samples in order of time
    (``times_us`` int64 or datetime64[us], ``values`` float64, or sequences of numbers).

    ``raw``: from the first to the last sample inside; ``prometheus``: as ``rate()``, extrapolated;
    ``anchored`` and ``smoothed``: as Prometheus's modifiers of these names. ``None``: nothing to measure.
    """

@final
class RtpStats:
    """Receiver statistics of RTP streams by SSRC: RFC 3550 A.1 validation, loss that can be corrected, A.8
    jitter, frames, bytes by class. Bounded, also under a flood of SSRCs. Any number of threads may use it."""

    def __new__(
        cls,
        *,
        clocks: Optional[_Clocks] = None,
        max_streams: Optional[int] = None,
        max_unvalidated: Optional[int] = None,
    ) -> RtpStats:
        """``clocks``: as for ``read_capture``. ``max_streams`` (65,536, at most 2^24): when there are more,
        one not heard of lately goes, and its counts stay in the totals. ``max_unvalidated`` (16,384): how
        many of these may be without two packets in sequence.

        Raises ``InvalidArgumentError`` for a limit or a clock out of range.
        """
    def record(self, packets: npt.NDArray[np.void], /) -> None:
        """Counts packets in the order of their arrival: an array of ``PACKET_DTYPE``, as ``packets()`` makes
        it. A contiguous one is not copied: leave it alone until this returns. Other fields are a
        ``TypeError``."""
    def record_raw(self, arrival_us: int, data: Buffer, /, *, flags: Optional[int] = None) -> None:
        """Reads and counts one raw packet, a whole UDP payload; ``flags`` (``PacketFlag``) adds what it does
        not tell itself. Raises ``MalformedError``."""
    def snapshot(self, ssrc: int, /) -> Optional[StreamStats]:
        """Everything known of a stream; ``None`` while the SSRC has no two packets in sequence."""
    def snapshots(self) -> Table:
        """All streams, a row each, by SSRC: the counts and measures of ``StreamStats`` under their names
        (frames and keyframes null for what is not video)."""
    def totals(self) -> StreamTotals:
        """Counts of all streams that are or were there."""
    def unvalidated(self) -> Unvalidated:
        """Packets that are not in the totals: of SSRCs that are no stream (yet)."""
    @property
    def evictions(self) -> int:
        """Streams that were evicted or removed."""
    @property
    def memory_bytes(self) -> int:
        """Memory that it takes, bytes; bounded by ``max_streams``."""
    def remove(self, ssrc: int, /) -> bool:
        """Ends a stream: its counts stay in the totals. ``False`` when there is none."""
    def settle(self) -> None:
        """Resolves what is held as a possible restart, at the end of the input."""
    def reader(self, now_us: Optional[int] = None) -> RtpReader:
        """A reader of everything from now on (``None``: the system's time). Raises ``CapacityExceededError``
        when there are 16."""
    def __len__(self) -> int:
        """Streams kept, those without two packets in sequence included."""

@final
class RtpReader:
    """A reader of an ``RtpStats``: takes deltas, independently of others. Their sum is the total."""

    def flush(self, now_us: Optional[int] = None) -> list[StreamDelta]:
        """Takes what is pending of every stream as delivered; streams without anything new are left out.
        By SSRC, those that went last. Raises ``AlreadyPendingError`` while a ``take`` is in flight."""
    def take(self, now_us: Optional[int] = None) -> list[StreamDelta]:
        """As ``flush``, but holds what was taken until ``ack`` or ``restore``."""
    def ack(self) -> None:
        """What was taken has arrived."""
    def restore(self) -> None:
        """What was taken was not delivered: it is pending again."""
    def pending(self) -> list[tuple[Optional[int], StreamTotals]]:
        """What was not taken, by SSRC; of streams that went last, under ``None``."""

@final
class RtcpStats:
    """Reads RTCP in both directions as it passes one point: round-trip times, remote loss, feedback. Any
    number of threads may use it."""

    def __new__(cls, *, max_sources: Optional[int] = None) -> RtcpStats:
        """``max_sources`` (1024): when there are more, the one not heard of for longest goes."""
    def record(self, at_us: int, data: Buffer, /) -> None:
        """Takes a compound packet that passed at ``at_us``, sent or received. Raises ``MalformedError`` for a
        malformed part; what stood before it counts."""
    def source(self, ssrc: int, /) -> Optional[SourceReport]:
        """What was said about a source."""
    def sources(self) -> list[SourceReport]:
        """All sources, by SSRC."""
    def totals(self) -> RtcpTotals:
        """Counts over all sources, those evicted included."""
    def take_max_rtt_us(self) -> Optional[int]:
        """The largest round-trip time since this was last asked; ``None`` when none was measured."""
    def __len__(self) -> int:
        """Sources kept."""

def parse_packet(data: Buffer, /, arrival_us: int, *, flags: Optional[int] = None) -> Packet:
    """Reads the header of a raw RTP packet, a whole UDP payload. Raises ``MalformedError``."""

def fraction_lost(expected: int, received: int, /) -> int:
    """Fraction lost as a receiver report has it, in 256ths (RFC 3550 A.3): 0 to 255."""

def clamp_lost(lost: int, /) -> int:
    """Cumulative loss as a receiver report can show it: 24 bits with sign, clamped."""

@final
class Telemetry:
    """Telemetry of one node: participants, their tracks, and what each reports. Any number of threads may use
    it; records lock their track and nothing else."""

    def __new__(
        cls,
        *,
        level: Literal["track", "participant"] = "track",
        bytes: Literal["payload", "wire"] = "payload",
        emit_idle: bool = False,
        grace_us: Optional[int] = None,
        max_tracks: Optional[int] = None,
        max_participants: Optional[int] = None,
        max_streams_per_track: Optional[int] = None,
        clocks: Optional[_Clocks] = None,
    ) -> Telemetry:
        """``level``: one stat a track, or one a participant and direction. ``bytes``: which bytes of RTP
        packets count. ``emit_idle``: a track without anything new gives zeros. ``grace_us`` (180 s): how
        long a participant without tracks is remembered. Limits: 2^20 tracks and participants, 64 SSRCs a
        track. ``clocks``: as for ``read_capture``.

        Raises ``InvalidArgumentError`` for a limit of 0 or an unknown word.
        """
    def open(
        self,
        key: Union[TrackKey, tuple[str, str, str, str, str, str, str, str]],
        /,
        now_us: Optional[int] = None,
        *,
        seed: Optional[TrackTotals] = None,
    ) -> Track:
        """Opens a track (``now_us``: the system's time without one), or one more handle to it; it closes when
        every handle has. ``seed``: what ``Track.export`` gave on another node; totals go on from it and it
        is not reported again.

        Raises ``CapacityExceededError`` past the limits, ``AlreadyPendingError`` while a closed track of the
        same key has not delivered its last interval, ``InvalidArgumentError`` for an unknown word.
        """
    def identify(
        self, participant: str, /, room_id: str, room_name: str = "", *, now_us: Optional[int] = None
    ) -> None:
        """Says in which room a participant is, before or after its bytes began. Until then its tracks record
        and are not reported."""
    def flush(self, now_us: Optional[int] = None) -> Report:
        """Takes what is pending of all tracks as delivered. Raises ``AlreadyPendingError`` while a report of
        ``take`` is in flight."""
    def take(self, now_us: Optional[int] = None) -> Report:
        """As ``flush``, but holds what was taken until ``ack`` or ``restore``."""
    def ack(self, now_us: Optional[int] = None) -> bool:
        """The report in flight has arrived. ``False`` when there was none."""
    def restore(self) -> bool:
        """The report in flight was not delivered: it comes merged with the next interval."""
    def delivery(self, now_us: Optional[int] = None) -> AbstractContextManager[Report]:
        """``with telemetry.delivery() as report:`` takes a report, acknowledges it when the block ends, and
        restores it when the block raises."""
    def totals(self, direction: _Direction, /, role: _Role = "edge") -> TrackTotals:
        """Totals over all tracks of a direction and role that are or were there."""
    def participant_totals(
        self, participant: str, direction: _Direction, /, role: _Role = "edge"
    ) -> Optional[TrackTotals]:
        """The same for one participant; ``None`` when it is not, or no longer, known."""
    def snapshot(self) -> list[tuple[TrackKey, TrackTotals]]:
        """Every track that is kept, with everything counted of it."""
    def to_prometheus(self, *, top: Optional[int] = None, openmetrics: bool = False) -> str:
        """Everything counted, in the Prometheus text format: each direction, role and kind, which never
        falls, and of each the ``top`` (100) tracks with the most bytes."""
    def to_otlp(
        self,
        now_us: Optional[int] = None,
        *,
        resource: Optional[Mapping[str, str]] = None,
        top: Optional[int] = None,
    ) -> bytes:
        """The same as OTLP metrics with cumulative temporality: an ``ExportMetricsServiceRequest`` as
        protobuf. ``resource``: its attributes instead of ``{"service.name": "streamgauge"}``."""
    def counts(self) -> TelemetryCounts:
        """What telemetry says of itself."""
    def __len__(self) -> int:
        """Tracks kept."""

@final
class Track:
    """A handle to a track, from ``Telemetry.open``. Any number of threads may use it. ``with`` closes it, and
    so does its end, at the time of its last record. What is recorded after the close is rejected and
    counted."""

    @staticmethod
    def disabled() -> Track:
        """A recorder of nothing, for where telemetry is switched off: every record is a no-op."""
    def record(self, packets: npt.NDArray[np.void], /) -> None:
        """Counts RTP packets, as ``RtpStats.record``."""
    def record_raw(self, arrival_us: int, data: Buffer, /, *, flags: Optional[int] = None) -> None:
        """Reads and counts one raw RTP packet. Raises ``MalformedError``."""
    def record_message(self, at_us: int, size_bytes: int, /) -> None:
        """Counts a message of a data or signal channel, after marshalling; one of no bytes is one."""
    def record_data(
        self,
        times_us: _Items,
        sequences: _Items,
        sizes_bytes: _Items,
        /,
        starts_frame: Optional[Union[npt.NDArray[np.bool_], Sequence[bool]]] = None,
    ) -> None:
        """Counts packets of a data track in order of arrival: int64, uint16, uint32 and bool arrays, or
        sequences."""
    def observe_totals(self, ssrc: int, /, packets: int, size_bytes: int) -> None:
        """Takes an SFU's own cumulative counters of an SSRC, which began at 0; a fall is a restart from 0."""
    def remove_ssrc(self, ssrc: int, /) -> None:
        """The SSRC went away: what it counted stays, and should it come back it starts from 0."""
    def record_rtcp(
        self,
        at_us: int,
        /,
        *,
        rtt_us: Optional[int] = None,
        jitter_us: Optional[int] = None,
        lost: Optional[int] = None,
        nacks: Optional[int] = None,
        plis: Optional[int] = None,
        firs: Optional[int] = None,
    ) -> None:
        """Counts what RTCP said of packets sent: the largest round-trip time and jitter of an interval are
        reported, of the rest the sums. ``lost`` is newly lost, negative as a correction."""
    def record_webrtc(self, delta: TrackDelta, /) -> None:
        """Counts what a browser's getStats said of a track, as ``Monitor.take`` gives it: packets and bytes
        without what was sent again, which counts apart. Who records the track's packets as well counts them
        twice."""
    def record_score(self, score: float, /) -> None:
        """Notes a quality score; one that is not above 0, or not finite, is no score."""
    def set_layer(self, ssrc: int, layer: int, /) -> None:
        """Says which simulcast layer an SSRC is, 0 the lowest; over 3 is 3."""
    def set_mime(self, mime: str, /) -> None:
        """The codec or content changed; a report shows the latest."""
    def totals(self) -> Optional[TrackTotals]:
        """Everything counted, reported or not; ``None`` for a recorder of nothing."""
    @property
    def key(self) -> Optional[TrackKey]:
        """Which track this is; ``None`` for a recorder of nothing."""
    def close(self, now_us: Optional[int] = None) -> bool:
        """Closes this handle, and with the last one the track: what is left comes in one last stat. ``False``
        when the handle was closed already."""
    def export(self, now_us: Optional[int] = None) -> TrackTotals:
        """Closes this handle and gives the ``seed`` with which another node goes on."""
    def __enter__(self) -> Track: ...
    def __exit__(self, *_exception: object) -> None: ...

@final
class Report:
    """What was taken of a ``Telemetry``."""

    @property
    def sequence(self) -> int:
        """Consecutive number, from 1."""
    @property
    def start_us(self) -> int:
        """When the report acknowledged before was taken; for the first, the earliest start of a stat."""
    @property
    def time_us(self) -> int:
        """When it was taken, microseconds since the Unix epoch."""
    @property
    def stats(self) -> list[Stat]:
        """One stat a track or participant, made anew at each call."""
    def to_livekit(self, node: str = "", /, *, next_id: Optional[Callable[[], str]] = None) -> bytes:
        """``livekit.AnalyticsStats`` as protobuf. Relay stats have no place there and are left out.
        ``next_id`` gives each stat its unique id; without one it is random."""
    def to_json(self) -> str:
        """The stats as a JSON array; what was not measured is null."""
    def to_otlp(self, *, resource: Optional[Mapping[str, str]] = None, top: Optional[int] = None) -> bytes:
        """What the report adds as OTLP metrics with delta temporality, as ``Telemetry.to_otlp``."""
    def __len__(self) -> int:
        """Number of stats."""
