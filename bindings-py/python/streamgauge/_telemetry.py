"""Small values of telemetry as named tuples, and the delivery of its reports."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from ._native import Report, Telemetry


class TrackKey(NamedTuple):
    """Which track of whom. Participant, track, direction and role tell tracks apart; the rest describes."""

    participant: str
    """The participant: the publisher upstream, the subscriber downstream."""
    track: str
    """The track: the publisher's id in both directions."""
    direction: str
    """``upstream`` (from a publisher to the server) or ``downstream`` (to a subscriber)."""
    kind: str
    """``audio``, ``video``, ``data`` or ``signal``."""
    role: str = "edge"
    """``edge`` (a client) or ``relay`` (another server; never added to edge traffic)."""
    source: str = ""
    """Where it comes from: camera, microphone, screen share."""
    mime: str = ""
    """Its codec or content."""
    country: str = ""
    """The participant's country."""


class StatsKey(NamedTuple):
    """What a stat is about."""

    room_id: str
    """The room."""
    room_name: str
    """Its name."""
    participant: str
    """The participant."""
    track: str
    """The track; empty where a stat is of a whole participant."""
    direction: str
    """As in ``TrackKey``; so are the rest."""
    kind: str
    """What it carries."""
    role: str
    """Who is at the other end."""
    source: str
    """Where it comes from."""
    mime: str
    """The latest codec or content."""
    country: str
    """The participant's country."""


class LayerTotals(NamedTuple):
    """Counts of one simulcast layer."""

    packets: int = 0
    """Media packets."""
    bytes: int = 0
    """Their bytes."""
    frames: int = 0
    """Frames."""


class TrackTotals(NamedTuple):
    """Counts of a track, or of many added up. All only grow but ``packets_lost``.

    From ``Track.export`` it is the seed of the track on another node.
    """

    primary_packets: int = 0
    """Media packets, FEC included, retransmissions and padding apart."""
    primary_bytes: int = 0
    """Their bytes; of data and signal tracks all bytes."""
    retransmit_packets: int = 0
    """Retransmitted packets."""
    retransmit_bytes: int = 0
    """Their bytes."""
    padding_packets: int = 0
    """Packets of padding alone."""
    padding_bytes: int = 0
    """Padding bytes, those at the end of other packets included."""
    fec_packets: int = 0
    """Of the primary packets, those of FEC."""
    packets_out_of_order: int = 0
    """Packets out of order."""
    packets_duplicate: int = 0
    """Packets that came again."""
    frames: int = 0
    """Frames; of simulcast those of the best layer of each interval."""
    nacks: int = 0
    """NACKs."""
    plis: int = 0
    """Picture loss indications."""
    firs: int = 0
    """Full intra requests."""
    messages: int = 0
    """Messages of data and signal tracks, those of no bytes included."""
    packets_lost: int = 0
    """Sequence numbers lost; falls when a packet comes late."""
    layers: tuple[LayerTotals, ...] = ()
    """By simulcast layer, where layers were set."""


class Scores(NamedTuple):
    """Quality scores of an interval."""

    mean: float
    """Their mean."""
    min: float
    """The lowest."""
    median: float
    """The middle one."""
    count: int  # type: ignore[assignment]
    """How many there were."""


class DataSummary(NamedTuple):
    """What a data track was, at its close."""

    duration_us: int
    """From its first to its last packet."""
    packets: int
    """Packets, repeated ones included."""
    packets_lost: int
    """Sequence numbers lost."""
    packets_out_of_order: int
    """Packets out of order."""
    packets_duplicate: int
    """Packets that came again."""
    frames: int
    """Frames begun."""
    frame_rate: Optional[float]
    """Frames per second of its duration; ``None`` when that is 0."""


class Stat(NamedTuple):
    """What one track, or one participant in one direction, did in an interval; ``None``: not measured."""

    key: StatsKey
    """What it is about."""
    time_us: int
    """When it was taken, microseconds since the Unix epoch."""
    start_us: int
    """Start of the interval: the end of the one before, or the opening."""
    end_us: int
    """Its end."""
    totals: TrackTotals
    """What was added. The loss is negative when late packets corrected more than was lost."""
    packets_lost_to_report: int
    """The loss for a format without signs: corrections are held back against it."""
    packets_lost_held_back: int
    """Corrections still held back, 0 or less."""
    rtt_us: Optional[int]
    """The largest round-trip time, microseconds."""
    jitter_us: Optional[int]
    """The largest jitter, microseconds."""
    scores: Optional[Scores]
    """Quality scores."""
    layer: Optional[int]
    """The highest simulcast layer that had packets."""
    layer_totals: Optional[LayerTotals]
    """Its counts."""
    last: bool
    """Whether the track is closed and this is all that is left."""
    merged_intervals: int
    """How many earlier intervals, whose report failed, are part of this one."""
    tracks: int
    """How many tracks this is the sum of."""
    data: Optional[DataSummary]
    """What a data track was, at its close."""


class TelemetryCounts(NamedTuple):
    """What telemetry says of itself. All but the first two only grow."""

    tracks: int
    """Tracks kept, closed ones that are not delivered included."""
    participants: int
    """Participants kept."""
    tracks_opened: int
    """Tracks opened."""
    tracks_dropped: int
    """Tracks closed and dropped."""
    participants_dropped: int
    """Participants dropped after their grace period."""
    rejected_after_close: int
    """Records that came after their track's close."""
    intervals_merged: int
    """Intervals merged into the next one because their report failed."""


@contextlib.contextmanager
def delivery(telemetry: Telemetry, now_us: Optional[int]) -> Iterator[Report]:
    """Takes a report; acknowledges it when the block ends, restores it when the block raises."""
    report = telemetry.take(now_us)
    try:
        yield report
    except BaseException:
        telemetry.restore()
        raise
    telemetry.ack(now_us)


def next_id() -> str:
    """A unique id for a stat."""
    return f"AS_{uuid.uuid4().hex}"
