"""What the figure and the HTML report draw of a run: times in seconds from the start of its window,
rates with gaps where nothing was measured, and names that tell the runs apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from . import Buckets, Run

Mode = Literal["exact", "plot_fec"]
Floats = npt.NDArray[np.float64]

SECOND_US = 1_000_000

#: FEC packet states that are drawn: summary key and the word beside the line.
FEC_KEYS = (
    ("fec_received", "received"),
    ("fec_recovered", "recovered"),
    ("fec_recovery_failed", "recovery failed"),
    ("fec_unused", "unused"),
    ("fec_discarded", "discarded"),
)
#: NACKs and loss: summary key and the word beside the line.
LOSS_KEYS = (("nack_total", "NACKs"), ("packet_loss_total", "packets lost"))


@dataclass(frozen=True)
class Rate:
    """A rate per second: one value a bucket, at the middle of the bucket."""

    t_s: Floats
    #: NaN where less than half of the bucket was measured.
    per_s: Floats
    #: The last bucket is shorter than a second.
    last_partial: bool


@dataclass(frozen=True)
class RunView:
    """One run as it is drawn. All times are seconds from the start of its window."""

    label: str
    path: str
    meta: dict[str, str]
    summary: dict[str, Any]
    duration_s: float
    latency_s: Floats
    latency_ms: Floats
    gap_s: Floats
    #: Missing frames at each gap.
    gap_missing: Floats
    freeze_start_s: Floats
    freeze_duration_s: Floats
    #: `(start, end, open)`
    bursts: list[tuple[float, float, bool]]
    #: `(time, name)` of the other events.
    marks: list[tuple[float, str]]
    frame_rate: Rate
    #: By summary key; a counter that the run does not have is not in it.
    rates: dict[str, Rate]

    @property
    def has_frames(self) -> bool:
        """Whether any frame was received in the window."""
        return bool(np.nansum(self.frame_rate.per_s) > 0)

    @property
    def lost_text(self) -> str:
        """How many frames were lost; `≥` where frames without an id may stand for lost ones."""
        lost = self.summary.get("frames_lost")
        if lost is None:
            return "no frame ids"
        return f"{'≥' if self.summary.get('frames_lost_is_lower_bound') else ''}{lost:,} lost"


def views(runs: Iterable[Run], mode: Mode = "exact") -> list[RunView]:
    """One `RunView` a run, in the order given."""
    runs = list(runs)
    if not runs:
        raise ValueError("runs is empty: expected at least one run")
    return [_view(run, label, mode) for run, label in zip(runs, distinct_labels(runs))]


def _view(run: Run, label: str, mode: Mode) -> RunView:
    start_us, end_us = run.window.start_us, run.window.end_us
    exact = run.summary("exact")
    selectors = run.counter_selectors()
    rates = {}
    for key, _ in FEC_KEYS + LOSS_KEYS:
        if key in selectors:
            rates[key] = _rate(run.counter_rate(selectors[key], mode=mode), start_us, end_us)
    latency = run.latency(mode)
    gaps = run.gaps(mode)
    freezes = run.freezes()
    return RunView(
        label=label,
        path=str(run.path),
        meta=dict(run.meta),
        summary=dict(exact if mode == "exact" else run.summary(mode)),
        duration_s=(end_us - start_us) / SECOND_US,
        latency_s=_seconds(latency.t_us, start_us),
        latency_ms=np.asarray(latency.latency_ms, dtype=float),
        gap_s=_seconds(gaps.t_us, start_us),
        gap_missing=np.asarray(gaps.missing, dtype=float),
        freeze_start_s=_seconds(freezes.start_us, start_us),
        freeze_duration_s=np.asarray(freezes.duration_us, dtype=float) / SECOND_US,
        bursts=[
            ((b.start_us - start_us) / SECOND_US, (b.end_us - start_us) / SECOND_US, b.open)
            for b in run.bursts_of(mode)
        ],
        marks=[
            ((mark.t_us - start_us) / SECOND_US, mark.name)
            for mark in run.marks
            if start_us <= mark.t_us < end_us
        ],
        frame_rate=_rate(run.fps(mode), start_us, end_us),
        rates=rates,
    )


def _seconds(t_us: npt.NDArray[np.int64], start_us: int) -> Floats:
    # Subtracted as integers: microseconds since 1970 lose digits as floats.
    return (np.asarray(t_us, dtype=np.int64) - start_us) / SECOND_US


def _rate(buckets: Buckets, start_us: int, end_us: int) -> Rate:
    bucket_us = np.asarray(buckets.start_us, dtype=np.int64)
    length_us = np.clip(end_us - bucket_us, 1, SECOND_US)
    covered_us = np.minimum(np.asarray(buckets.covered_us, dtype=float), length_us)
    # The core's rate is over the whole bucket; what is shown is the rate while it was measured.
    # Of less than half a bucket no rate of it can be told.
    measured = covered_us * 2 >= length_us
    per_s = np.full(len(bucket_us), np.nan)
    np.divide(np.asarray(buckets.per_s) * length_us, covered_us, out=per_s, where=measured)
    middle_s = (bucket_us - start_us + length_us / 2) / SECOND_US
    return Rate(t_s=middle_s, per_s=per_s, last_partial=bool(buckets.last_partial))


def distinct_labels(runs: Sequence[Run]) -> list[str]:
    """The runs' names, made distinct by as much of the end of their paths as it takes; runs of one
    path are numbered."""
    names = {str(run.path): str(run.name) for run in runs}
    parts = {path: PurePath(path).parts for path in names}
    for depth in range(2, max(map(len, parts.values())) + 1):
        used = list(names.values())
        repeated = {name for name in used if used.count(name) > 1}
        names = {
            path: "/".join(part.strip("/") for part in parts[path][-depth:]) if name in repeated else name
            for path, name in names.items()
        }
    labels = [names[str(run.path)] for run in runs]
    seen = dict.fromkeys(labels, 0)
    for index, label in enumerate(list(labels)):
        if labels.count(label) > 1 or seen[label]:
            seen[label] += 1
            labels[index] = f"{label} #{seen[label]}"
    return labels


def listing(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`"""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def profile(meta: dict[str, str]) -> str:
    """The loss that was injected, and the codec, in words."""
    codec = meta.get("CODEC")
    return loss_profile(meta) + (f", codec {codec}" if codec else "")


def loss_profile(meta: dict[str, str]) -> str:
    """The loss that was injected, in words."""
    drop = meta.get("DEBUG_DROP", "0")
    if drop not in ("0", ""):
        return f"uniform {drop}% loss injected at SFU receive"
    if meta.get("SHAPING") == "0":
        return "no loss"
    if "BASE_LOSS" not in meta and "BURST_LOSS" not in meta:
        return "loss profile not stated"
    base, burst = meta.get("BASE_LOSS", "?"), meta.get("BURST_LOSS", "?")
    length, every = meta.get("BURST_LEN", "?"), meta.get("BURST_EVERY", "?")
    return f"base loss {base} / burst {burst} for {length}s every {every}s"


def profiles(run_views: Iterable[RunView]) -> list[tuple[str, list[str]]]:
    """`(profile, labels of the runs that have it)`, in order of first appearance."""
    found: dict[str, list[str]] = {}
    for view in run_views:
        found.setdefault(profile(view.meta), []).append(view.label)
    return list(found.items())


def merged_bursts(run_views: Iterable[RunView]) -> tuple[list[tuple[float, float]], bool]:
    """Where any run has a burst, and whether all runs have the same ones to half a second."""
    per_run = [[(start, end) for start, end, _ in view.bursts] for view in run_views]
    merged: list[tuple[float, float]] = []
    for start, end in sorted(span for spans in per_run for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    first = per_run[0]
    same = all(
        len(spans) == len(first)
        and all(abs(a - b) <= 0.5 for one, other in zip(spans, first) for a, b in zip(one, other))
        for spans in per_run
    )
    return merged, same


def latency_limits(latency_ms: Floats) -> tuple[float, float, bool]:
    """Lower and upper end of the axis, and whether values lie above it: the axis ends half the
    spread (p5 to p99.5) above p99.5 where that makes it less than half as long."""
    p5, p995 = np.quantile(latency_ms, [0.05, 0.995])
    largest, least = float(latency_ms.max()), float(latency_ms.min())
    # Where nearly all are the same there is no spread: then a twentieth of them, or 1 ms.
    top = float(p995 + max((p995 - p5) / 2, abs(p995) / 20, 1.0))
    low = min(0.0, least) if least < 0.4 * abs(top) else least
    clipped = low < top and largest - low > 2 * (top - low)
    high = top if clipped else largest
    margin = 0.04 * ((high - low) or 1.0)
    return low - (0 if low == 0 else margin), high + (0 if clipped else margin), clipped


def binned(t_s: Floats, values: Floats, bins: int, *reduce: Callable[[Floats], Any]) -> list[Floats]:
    """The middles of `bins` equal stretches of time, and what each of `reduce` makes of the values in
    them; NaN for a stretch without any."""
    edges = np.linspace(t_s[0], t_s[-1], bins + 1)
    parts = np.split(values, np.searchsorted(t_s, edges[1:-1]))
    parts = [part[~np.isnan(part)] for part in parts]
    reduced = [np.array([one(part) if part.size else np.nan for part in parts]) for one in reduce]
    return [(edges[1:] + edges[:-1]) / 2, *reduced]


def thin(t_s: Floats, values: Floats, points: int) -> tuple[Floats, Floats]:
    """At most about `points` of a series: the least and the largest value of each stretch of time,
    so that no spike is lost. A series that is short enough is returned as it is."""
    count = len(values)
    if count <= points:
        return t_s, values
    width = -(-count * 2 // points)
    starts = np.arange(0, count, width)
    padded = np.full(len(starts) * width, np.nan)
    padded[:count] = values
    stretches = padded.reshape(-1, width)
    # Where all of a stretch is NaN there is a gap, and NaN is what stays of it: its first value.
    lowest = np.argmin(np.where(np.isnan(stretches), np.inf, stretches), axis=1)
    largest = np.argmax(np.where(np.isnan(stretches), -np.inf, stretches), axis=1)
    kept = np.unique(np.concatenate([[0, count - 1], starts + lowest, starts + largest]))
    return t_s[kept], values[kept]
