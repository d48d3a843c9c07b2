"""Packets for RTP statistics, and what these and counters answer, as named tuples."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from .errors import InvalidArgumentError, OutOfRangeError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class PacketFlag(enum.IntFlag):
    """What the ``flags`` of a packet say."""

    MARKER = 1
    """The marker bit."""
    KEYFRAME = 2
    """Part of a key frame."""
    RTX = 4
    """A retransmission on its own SSRC."""
    FEC = 8
    """Forward error correction."""


class Packet(NamedTuple):
    """One RTP packet, its fields as in ``PACKET_DTYPE``: ``np.array([packet], dtype=PACKET_DTYPE)``."""

    arrival_us: int
    """When it arrived or was sent, microseconds since the Unix epoch."""
    ssrc: int
    """Synchronisation source."""
    rtp_timestamp: int
    """RTP timestamp, ticks of the payload type's clock."""
    sequence: int
    """RTP sequence number, 0 to 65,535."""
    wire_bytes: int
    """The whole UDP payload."""
    header_bytes: int
    """Fixed header, CSRCs and extensions."""
    payload_type: int
    """Payload type, 0 to 127."""
    padding_bytes: int
    """Padding at the end, its count byte included."""
    flags: int
    """A ``PacketFlag``."""


def packets(**columns: Union[int, npt.ArrayLike]) -> npt.NDArray[np.void]:
    """An array of packets from columns by the names of ``PACKET_DTYPE``, for ``RtpStats.record``.

    A column is an array or a sequence of integers, or one number for all packets; ``arrival_us`` may be
    ``datetime64[us]``. A column that is left out is 0.

    >>> from streamgauge import packets
    >>> packets(arrival_us=[0, 20_000], ssrc=7, sequence=[1, 2], wire_bytes=1200)["sequence"].tolist()
    [1, 2]

    Raises ``InvalidArgumentError`` for a name that is none or columns of different lengths,
    ``TypeError`` for a column that is not of integers, ``OutOfRangeError`` for a number that its field
    cannot hold.
    """
    import numpy as np

    from ._native import _packet_dtype

    dtype = _packet_dtype()
    names = dtype.names or ()
    taken = {}
    for name, given in columns.items():
        if name not in names:
            raise InvalidArgumentError(f"{name} is no column: expected some of {', '.join(names)}")
        taken[name] = _column(name, np.asarray(given), dtype[name])
    lengths = {name: len(column) for name, column in taken.items() if column.ndim}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InvalidArgumentError(f"columns differ in length: {told}")
    made = np.zeros(next(iter(lengths.values()), 1), dtype)
    for name, column in taken.items():
        made[name] = column
    return made


def _column(
    name: str, column: npt.NDArray[np.generic], dtype: np.dtype[np.generic]
) -> npt.NDArray[np.generic]:
    import numpy as np

    if column.ndim > 1:
        raise TypeError(f"{name} has {column.ndim} dimensions: expected at most 1")
    if name == "arrival_us" and column.dtype == np.dtype("M8[us]"):
        if np.isnat(column).any():
            raise OutOfRangeError(f"{name} has NaT, which is no time")
        return column.view(np.int64)
    if column.size == 0:
        return column.astype(dtype)
    # Numbers over 64 bits make an array of objects.
    objects = column.dtype.kind == "O" and all(type(item) is int for item in column.ravel().tolist())
    if column.dtype.kind not in "iu" and not objects:
        raise TypeError(f"{name} has dtype {column.dtype}: expected integers")
    limits = np.iinfo(dtype.name)
    low, high = int(column.min()), int(column.max())
    if low < limits.min or high > limits.max:
        wrong = low if low < limits.min else high
        raise OutOfRangeError(f"{name} has {wrong}: expected {limits.min} to {limits.max}")
    return column


class Step(NamedTuple):
    """What one sample of a counter added."""

    kind: str
    """``first``, ``advance``, ``wrap``, ``reset``, ``boundary``, ``repeat`` or ``rejected``."""
    delta: Union[int, float]
    """What it added to the total; never negative."""
    start_us: Optional[int]
    """Time of the sample before, microseconds; ``None`` for a first, a repeated and a rejected one."""
    end_us: Optional[int]
    """Time of this sample, or ``None``."""


class Steps(NamedTuple):
    """What many samples of a counter added."""

    deltas: npt.NDArray[np.generic]
    """What each added: uint64 or float64, as the counter's kind."""
    kinds: npt.NDArray[np.uint8]
    """The kind of each step: a place in ``STEP_KINDS``."""


class Rate(NamedTuple):
    """An increase over a window."""

    increase: float
    """What was added, resets accounted for."""
    seconds: float
    """What ``per_s`` divides by; above 0."""
    resets: int
    """Resets among the samples used."""
    per_s: float
    """Increase per second."""


class StreamTotals(NamedTuple):
    """Cumulative counts of one or more RTP streams, or what was added to them.

    All only grow, but for ``expected``, ``lost`` and ``lost_rfc3550``. Bytes come in three views: wire
    (UDP payload), header, and payload = wire - header - padding.
    """

    packets: int
    """All arrivals: late, repeated, padding, RTX and FEC included."""
    wire_bytes: int
    """Wire bytes of all arrivals."""
    header_bytes: int
    """Header bytes of all arrivals."""
    padding_bytes: int
    """Padding bytes of all arrivals."""
    payload_bytes: int
    """Payload bytes of all arrivals."""
    media_packets: int
    """Arrivals that are neither RTX, FEC nor padding alone."""
    media_wire_bytes: int
    """Their wire bytes."""
    media_payload_bytes: int
    """Their payload bytes."""
    rtx_packets: int
    """Arrivals of class RTX."""
    rtx_wire_bytes: int
    """Their wire bytes."""
    rtx_overhead_bytes: int
    """Their header and padding bytes."""
    fec_packets: int
    """Arrivals of class FEC."""
    fec_wire_bytes: int
    """Their wire bytes."""
    fec_overhead_bytes: int
    """Their header and padding bytes."""
    padding_packets: int
    """Arrivals with padding and no payload, of class media."""
    padding_packet_wire_bytes: int
    """Their wire bytes."""
    expected: int
    """Sequence numbers from the lowest to the highest of each segment between restarts."""
    unique: int
    """First arrivals: all but the repeated, too old and implausible ones."""
    lost: int
    """Sequence numbers that never arrived; falls when one comes late, so an interval's may be negative."""
    lost_rfc3550: int
    """Expected less received, where repeated packets are received."""
    missing: int
    """Sequence numbers that were skipped when a later one arrived."""
    recovered_late: int
    """Of these, those that came after all."""
    duplicates: int
    """Arrivals of sequence numbers that had arrived before."""
    out_of_order: int
    """First arrivals after a later sequence number."""
    too_old: int
    """Arrivals too far behind to tell late from repeated."""
    implausible: int
    """Single arrivals too far ahead, which nothing confirmed."""
    discontinuities: int
    """Restarts of the sequence; no loss is counted for them."""
    frames: int
    """Distinct timestamps of video."""
    keyframes: int
    """Of these, frames with a packet flagged as key frame."""


class StreamStats(NamedTuple):
    """Everything known of one RTP stream; ``None``: not measured."""

    ssrc: int
    """Synchronisation source."""
    payload_type: Optional[int]
    """Payload type of the latest media packet."""
    clock_hz: Optional[int]
    """Ticks per second of the timestamps; ``None`` while the payload type has no clock."""
    totals: StreamTotals
    """Cumulative counts."""
    frames: Optional[int]
    """Distinct timestamps; ``None`` for what is not video."""
    extended_highest: Optional[int]
    """Extended highest sequence number; the first cycle begins at 65,536."""
    extended_timestamp: Optional[int]
    """The highest timestamp, extended to 64 bits."""
    first_arrival_us: Optional[int]
    """First arrival, microseconds since the Unix epoch."""
    last_arrival_us: Optional[int]
    """Latest arrival."""
    jitter_us: Optional[float]
    """RFC 3550 A.8 over every media packet, now, microseconds."""
    jitter_ticks: Optional[float]
    """The same in ticks."""
    mean_jitter_us: Optional[float]
    """Its mean over all steps."""
    max_jitter_us: Optional[float]
    """Its maximum."""
    frame_jitter_us: Optional[float]
    """A.8 over the first packet of each timestamp."""
    frame_jitter_ticks: Optional[float]
    """The same in ticks."""
    max_delta_us: Optional[int]
    """The longest time between two arrivals of media."""
    bitrate_bps: Optional[float]
    """Wire bits per second from the first to the latest arrival."""
    loss_bursts: dict[int, int]
    """Runs of consecutive losses by their least length: 1 to 10 each, 11 to 100 under 11, more under
    101."""
    timestamp_discontinuities: int
    """Timestamps more than 10 s away from what the arrivals say."""
    arrivals_went_back: int
    """Arrivals with a time before that of the one before."""


class StreamDelta(NamedTuple):
    """What a reader took of one stream."""

    ssrc: Optional[int]
    """The stream; ``None`` for what streams had pending when they went."""
    totals: StreamTotals
    """What was added in the interval."""
    max_jitter_us: Optional[float]
    """The highest jitter within it, microseconds."""
    start_us: int
    """Start of the interval."""
    end_us: int
    """Its end."""
    last: bool
    """Whether the stream is gone and this is all that is left."""


class Unvalidated(NamedTuple):
    """Arrivals that are of no stream (yet): without two in sequence, or padding before the start."""

    packets: int
    """Packets."""
    wire_bytes: int
    """Their wire bytes."""


class ReportBlock(NamedTuple):
    """What somebody receives of one source, as an RTCP report has it."""

    ssrc: int
    """The source reported on."""
    fraction_lost: int
    """Fraction lost since the report before, in 256ths."""
    cumulative_lost: int
    """Packets lost in all; negative when repeats outnumber losses."""
    extended_highest: int
    """Extended highest sequence number, modulo 2^32."""
    jitter_ticks: int
    """Interarrival jitter in ticks."""
    last_sr: int
    """Middle 32 bits of the NTP time of the last sender report received; 0: none yet."""
    delay_since_last_sr: int
    """Time since then, in 65,536ths of a second."""


class SourceReport(NamedTuple):
    """What RTCP said about one source; ``None``: not said, or not measured."""

    ssrc: int
    """The source."""
    heard_us: int
    """When it was last heard of."""
    remote: Optional[ReportBlock]
    """The latest report block about it."""
    rtt_us: Optional[int]
    """The latest round-trip time by a report block (SR, then LSR and DLSR), microseconds."""
    max_rtt_us: Optional[int]
    """The largest so far."""
    total_rtt_us: int
    """The sum of all."""
    rtt_measurements: int
    """How many were measured."""
    xr_rtt_us: Optional[int]
    """The latest round-trip time by its receiver reference time (XR: RRTR, then DLRR)."""
    nacks: int
    """NACK messages about it."""
    nack_packets: int
    """Packets these asked for."""
    plis: int
    """Picture loss indications about it."""
    firs: int
    """Full intra requests about it."""
    ntp: Optional[int]
    """NTP time of its latest sender report, 32.32 bits."""
    rtp_timestamp: Optional[int]
    """The same moment in the stream's clock."""
    sender_reports: int
    """Sender reports from it."""
    sent_packets: Optional[int]
    """Packets it says it sent, extended past 32 bits."""
    sent_bytes: Optional[int]
    """Payload bytes it says it sent, extended past 32 bits."""
    left: bool
    """Whether it said goodbye."""


class RtcpTotals(NamedTuple):
    """What RTCP came, by kind. Never falls."""

    compounds: int
    """Compound packets."""
    malformed: int
    """Compound packets with a malformed part."""
    sender_reports: int
    """Sender reports."""
    report_blocks: int
    """Report blocks in sender and receiver reports."""
    nacks: int
    """NACK messages."""
    nack_packets: int
    """Packets that NACK messages asked for."""
    plis: int
    """Picture loss indications."""
    firs: int
    """Full intra requests, repeats left out."""
    rtt_measurements: int
    """Round-trip times measured."""
    rtt_negative: int
    """Round-trip times that came out negative, not used."""
    byes: int
    """Goodbyes."""
    evicted: int
    """Sources evicted."""
