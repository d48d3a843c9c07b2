"""Small results as named tuples."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from ._native import Sketch, Table


class Window(NamedTuple):
    """The measurement window of a run."""

    start_us: int
    """First microsecond inside, since the Unix epoch."""
    end_us: int
    """First microsecond behind it; in ``plot_fec`` the last one inside."""
    end_inclusive: bool
    """Whether ``end_us`` itself is inside: true in ``plot_fec``."""
    start_from: str
    """``meta`` (``T0_US``), ``data`` (the data's own extent) or ``default`` (the script's)."""
    end_from: str
    """As ``start_from``, for ``T1_US``."""


class Burst(NamedTuple):
    """A burst of loss, from ``burst_on`` to ``burst_off``."""

    start_us: int
    """When it began, microseconds since the Unix epoch."""
    end_us: int
    """When it ended."""
    open: bool
    """It has no ``burst_off``: the next ``burst_on`` or the end of the window ended it."""


class Event(NamedTuple):
    """A line of ``events.csv``."""

    t_us: int
    """When, microseconds since the Unix epoch."""
    name: str
    """``burst_on``, ``burst_off``, or any other text: a mark."""


class CounterTotal(NamedTuple):
    """What the counters of a family did over the window."""

    total: float
    """Sum over the selected series of what each counted."""
    series: int
    """Selected series with a usable sample in the window."""
    resets: int
    """How often a series fell, that is, began anew."""
    born: int
    """Series that appeared within the window and so began at 0."""


class KeyComparison(NamedTuple):
    """A key of the summary in A and in B."""

    key: str
    """The key."""
    unit: str
    """Its unit."""
    better: str
    """Which direction of change is an improvement: ``lower``, ``higher`` or ``neutral``."""
    a: Optional[float]
    """The value of A; ``None`` where no run has one."""
    b: Optional[float]
    """The value of B."""
    runs_a: int
    """Runs of A with a value."""
    runs_b: int
    """Runs of B with a value."""
    combined: str
    """How the values of several runs became one."""
    difference: Optional[float]
    """B - A."""
    relative: Optional[float]
    """(B - A) / |A|; ``None`` where A is 0."""
    interval: Optional[tuple[float, float]]
    """Low and high end of the 95 % bootstrap interval of the difference."""
    no_interval: Optional[str]
    """Why there is no interval."""
    effect: str
    """``better``, ``worse``, or ``no evidence``: the interval contains 0, or there is none."""


class GateResult(NamedTuple):
    """What a gate found."""

    gate: str
    """The condition as given."""
    outcome: str
    """``passed``, ``failed`` (the condition holds) or ``unknown`` (a value that it needs is absent)."""
    actual: Optional[float]
    """What the condition was tested on, in percent where it speaks of percent."""
    reason: str
    """A sentence for people."""


class Key(NamedTuple):
    """What a key of the ``exact`` summary is."""

    name: str
    """The key, with its unit where it has one."""
    unit: str
    """Its unit."""
    better: str
    """Which direction of change is an improvement: ``lower``, ``higher`` or ``neutral``."""
    formula: str
    """How it is computed."""
    null_when: str
    """When it is ``None``."""
    denominator: Optional[str]
    """The key that a percentage in a gate is a share of."""


class Level(NamedTuple):
    """One resolution of a ``Rollup``."""

    width_us: int
    """The width of a bucket. Buckets begin at multiples of it."""
    keep: int
    """How many of the latest buckets are kept, empty ones included."""


class RollupCounts(NamedTuple):
    """What a ``Rollup`` did with all its samples."""

    accepted: int
    """Samples taken."""
    too_late: int
    """Samples later than allowed."""
    not_finite: int
    """NaN or infinite values."""


class WindowCounts(NamedTuple):
    """What a ``SampleWindow`` did with all its samples."""

    accepted: int
    """Samples taken."""
    late: int
    """Of these, sorted in behind the newest."""
    too_late: int
    """Refused as too late."""
    repeated: int
    """Refused as a repeat."""
    not_finite: int
    """Refused as NaN or infinite."""
    evicted: int
    """Taken and since gone from the window."""


class ViewerTotals(NamedTuple):
    """Counts of an audience. Times are of spans that are over; in a summary also of those that go on."""

    viewers: int
    """Viewers that were new."""
    views: int
    """Views that began: joins but for reconnects."""
    reconnects: int
    """Joins of viewers who were there or had left a moment ago."""
    unknown: int
    """Leaves, heartbeats and other events of viewers who were not there."""
    timed_out: int
    """Viewers who left because nothing was heard of them."""
    rejected: int
    """Joins refused for want of room."""
    went_back: int
    """Events before the one they follow on; they count as if at its time."""
    started: int
    """Views whose first picture was reported."""
    ended: int
    """Views that are over for good."""
    ended_before_start: int
    """Of these, views that never started."""
    rebuffers: int
    """Times that playing stalled."""
    rebuffer_us: int
    """How long it did."""
    watched_us: int
    """Time watched, stalls included."""
    switches_up: int
    """Switches to a higher bitrate."""
    switches_down: int
    """Switches to a lower bitrate."""
    bitrate_us: int
    """Time of a known bitrate."""


class ViewerStats(NamedTuple):
    """One viewer up to a moment."""

    watching: bool
    """Whether it is watching."""
    first_us: int
    """When it came first."""
    last_us: int
    """Its last event."""
    views: int
    """Views, the current one included."""
    watched_us: int
    """Time watched, the current span included."""
    startup_us: Optional[int]
    """From the join of the latest view to its first picture; ``None`` before it."""
    rebuffers: int
    """Times that playing stalled."""
    rebuffer_us: int
    """How long, a stall that goes on included."""
    mean_bitrate_bps: Optional[float]
    """The mean bitrate weighted by time; ``None`` when none was told."""
    switches: int
    """Switches to another bitrate."""
    location: Optional[str]
    """Where it is, if told."""
    user_agent: Optional[str]
    """What it watches with, if told."""


class ConcurrencyStats(NamedTuple):
    """How many watched in an interval."""

    start_us: int
    """Its start: what was asked, or the earliest that is kept."""
    end_us: int
    """Its end."""
    peak: int
    """The most at once."""
    peak_us: int
    """When that was reached first."""
    area_us: int
    """The sum of time over all of them."""
    mean: Optional[float]
    """The mean weighted by time; ``None`` for an interval of no time."""


class ClassTotals(NamedTuple):
    """Counts of one class of media."""

    packets: int
    """Packets."""
    bytes: int
    """Their bytes."""
    timed_bytes: int
    """Bytes of the packets that hold media of a known duration."""
    duration_us: int
    """That duration."""
    media_bitrate_bps: Optional[float]
    """Bits for a second of media; ``None`` when no packet had a duration."""


class MediaTotals(NamedTuple):
    """Counts of a stream, or of many added up. Only grow."""

    video: ClassTotals
    """Pictures."""
    audio: ClassTotals
    """Sound."""
    metadata: ClassTotals
    """Anything else: captions, cues, tables."""
    frames: int
    """Video frames begun."""
    keyframes: int
    """Of these, key frames."""
    frames_dropped: int
    """Frames that were dropped."""
    packets_lost: int
    """Packets that were lost."""
    loss_ratio: Optional[float]
    """Packets lost of those sent; ``None`` when there were none."""
    drop_ratio: Optional[float]
    """Frames dropped of all frames; ``None`` when there were none."""


class MediaStats(NamedTuple):
    """One stream of ``Streams``."""

    totals: MediaTotals
    """All counts."""
    start_us: Optional[int]
    """Its first packet."""
    end_us: Optional[int]
    """Its last packet."""
    video_bps: Optional[float]
    """Bits per second that came, from the first to the last packet; ``None`` where no time passed."""
    audio_bps: Optional[float]
    """The same of audio."""
    metadata_bps: Optional[float]
    """The same of the rest."""
    frame_rate: Optional[float]
    """Video frames per second, from the first to the last; ``None`` where no time passed."""
    keyframe_interval_us: Optional[float]
    """The median of the latest intervals between key frames."""
    latency_us: Sketch
    """Latencies, as far as they were given."""


class EdgeTotals(NamedTuple):
    """Requests that an edge answered."""

    hits: int
    """Requests answered from the cache."""
    misses: int
    """Requests that went to the origin."""
    hit_bytes: int
    """Bytes of the hits."""
    miss_bytes: int
    """Bytes of the misses."""
    hit_ratio: Optional[float]
    """Hits of all requests; ``None`` without requests."""
    byte_hit_ratio: Optional[float]
    """Bytes of hits of all bytes; ``None`` without bytes."""


class MonitorTrackKey(NamedTuple):
    """Which track of a ``Monitor``."""

    flow: str
    """``inbound`` (received) or ``outbound``."""
    kind: str
    """``audio`` or ``video``."""
    name: str
    """Of a received track its ``trackIdentifier``, of a sent one its ``mid``."""


class SelectedPair(NamedTuple):
    """The candidate pair that a connection uses. Texts are empty when unknown; no address is kept."""

    id: str
    """Its id in the reports."""
    local_type: str
    """``host``, ``srflx``, ``prflx`` or ``relay``."""
    remote_type: str
    """The same of the other side."""
    protocol: str
    """``udp`` or ``tcp``."""
    relay_protocol: str
    """The protocol to the TURN server; empty without one."""
    network_type: str
    """``wifi``, ``ethernet``..."""
    state: str
    """``succeeded``, ``in-progress``..."""


class MemberProblem(NamedTuple):
    """A member of a report that could not be used."""

    object: str
    """The id of the object."""
    member: str
    """The member."""
    reason: str
    """What is wrong with it."""


class DumpProblem(NamedTuple):
    """Something of a dump that could not be read."""

    line: Optional[int]
    """The line, counted from 1; ``None`` where the file has but one."""
    reason: str
    """What is wrong."""


class DumpEvent(NamedTuple):
    """Something that happened to a connection besides its reports."""

    time_us: int
    """When, microseconds since the Unix epoch."""
    name: str
    """A method or an event, such as ``onconnectionstatechange``."""


def rows(names: list[str], columns: tuple[list[object], ...]) -> Iterator[tuple[object, ...]]:
    """The rows of a table, each a named tuple; fields whose name is no identifier are renamed."""
    row = collections.namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return map(row._make, zip(*columns))


def same_table(a: Table, b: Table) -> bool:
    """Whether two tables of one class hold the same: NaN equals NaN, null equals null."""
    import numpy as np

    (_, a_columns, a_attributes), (_, b_columns, b_attributes) = (t.__reduce__()[1] for t in (a, b))
    if a_attributes != b_attributes or len(a_columns) != len(b_columns):
        return False
    for (name_a, items_a, valid_a, nan_a), (name_b, items_b, valid_b, nan_b) in zip(a_columns, b_columns):
        floats = items_a.dtype.kind == "f" and items_b.dtype.kind == "f"
        if (name_a, nan_a) != (name_b, nan_b) or not np.array_equal(items_a, items_b, equal_nan=floats):
            return False
        if (valid_a is None) != (valid_b is None) or not np.array_equal(valid_a, valid_b):
            return False
    return True
