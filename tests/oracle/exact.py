#!/usr/bin/env python3
"""The `exact` summary of a run directory, by brute force.

Plain Python, standard library only, no code in common with the core: clear rather than fast. Written
from the definitions in docs/run.md; each function says which of them it follows.

    exact.py DIR...             prints {name: summary}
    exact.py --write PARENT...  writes PARENT/expected_exact.json for the runs in PARENT
    exact.py --check PARENT...  fails where that file is not what would be written
"""

import bisect
import collections
import csv
import gzip
import io
import json
import math
import pathlib
import re
import statistics
import sys

FILES = ("frames.csv", "prom.tsv", "events.csv", "meta.env")
INT_64 = range(-(2**63), 2**63)


# --- reading ---------------------------------------------------------------------------------


def read_bytes(directory, name):
    """The file, or the one with `.gz` behind its name; None where there is none."""
    for candidate in (directory / name, directory / (name + ".gz")):
        if candidate.exists():
            data = candidate.read_bytes()
            return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    return None


def text_of(data):
    return (data or b"").decode("utf-8", "replace").removeprefix("\ufeff")


def to_int(text):
    """An integer of 64 bits by Python's rules, ASCII digits only; None where it is none."""
    if not re.fullmatch(r"[ \t\n\r\f]*[+-]?[0-9]+(_[0-9]+)*[ \t\n\r\f]*", text):
        return None
    value = int(text)
    return value if value in INT_64 else None


def to_float(text):
    try:
        return float(text) if text.isascii() else None
    except ValueError:
        return None


Frame = collections.namedtuple("Frame", "recv id sent")


def read_frames(data):
    """Rows with a receive time, in order of receipt, and how many rows are not used."""
    csv.field_size_limit(2**31 - 1)
    rows = csv.reader(io.StringIO(text_of(data), newline=""))
    frames, dropped, header = [], 0, None
    for row in rows:
        if header is None:
            if not row:
                continue
            header = {name.strip(): index for index, name in enumerate(row)}
            if "recv_wall_us" not in header:
                dropped += 1
            continue
        if "recv_wall_us" not in header:
            dropped += 1 if row else 0
            continue

        def field(name):
            index = header.get(name)
            return to_int(row[index]) if index is not None and index < len(row) else None

        recv = field("recv_wall_us")
        if recv is None:
            dropped += 1
        else:
            frames.append(Frame(recv, field("frame_id"), field("user_timestamp_us")))
    return sorted(frames, key=lambda frame: frame.recv), dropped


class BadMetric(ValueError):
    pass


def parse_metric(text):
    """`name{label="value",...}` to (name, {label: value}); quoted names too."""
    position = 0

    def blanks():
        nonlocal position
        while position < len(text) and text[position] in " \t":
            position += 1

    def word(pattern):
        nonlocal position
        found = re.compile(pattern).match(text, position)
        position = found.end()
        return found.group()

    def quoted():
        nonlocal position
        if position >= len(text) or text[position] != '"':
            raise BadMetric("no quote")
        position += 1
        value = ""
        while True:
            if position >= len(text):
                raise BadMetric("quote never closed")
            char = text[position]
            position += 1
            if char == '"':
                return value
            if char == "\\" and position < len(text) and text[position] in '\\"n':
                char = {"\\": "\\", '"': '"', "n": "\n"}[text[position]]
                position += 1
            value += char

    name = word("[A-Za-z0-9_:]*")
    if name[:1].isdigit():
        raise BadMetric("name begins with a digit")
    end_of_name = position
    blanks()
    labels = {}
    if position < len(text) and text[position] == "{":
        position += 1
        count = 0
        while True:
            blanks()
            if position < len(text) and text[position] == "}":
                position += 1
                break
            is_quoted = position < len(text) and text[position] == '"'
            label = quoted() if is_quoted else word("[A-Za-z0-9_]*")
            if not is_quoted and (label == "" or label[0].isdigit()):
                raise BadMetric("no label name")
            blanks()
            following = text[position : position + 1]
            if is_quoted and following in (",", "}") and following and name == "" and count == 0:
                name = label
            else:
                if following != "=":
                    raise BadMetric("no equals sign")
                position += 1
                blanks()
                value = quoted()
                if label in labels:
                    raise BadMetric("label twice")
                labels[label] = value
                count += 1
            blanks()
            if text[position : position + 1] == ",":
                position += 1
            elif text[position : position + 1] != "}":
                raise BadMetric("no comma")
    else:
        position = end_of_name
    if position != len(text) or name == "":
        raise BadMetric("text behind the metric, or no name")
    return name, labels


class Series:
    """One label set: the last sample of each time, in order of time."""

    def __init__(self, family, labels):
        self.family, self.labels, self.by_time = family, labels, {}

    @property
    def samples(self):
        return sorted(self.by_time.items())


def read_prom(data):
    """Series by (family, labels), and how many lines are not used."""
    series, dropped = {}, 0
    text = (data or b"").decode("utf-8", "replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    for line in lines:
        fields = line.split("\t")
        if len(fields) != 3:
            dropped += 1
            continue
        at, value = to_int(fields[0]), to_float(fields[2])
        try:
            family, labels = parse_metric(fields[1].strip())
        except BadMetric:
            dropped += 1
            continue
        if at is None or value is None:
            dropped += 1
            continue
        key = (family, tuple(sorted(labels.items())))
        if key not in series:
            series[key] = Series(family, labels)
        series[key].by_time[at] = value
    return list(series.values()), dropped


def read_events(data):
    events, dropped = [], 0
    for line in text_of(data).split("\n"):
        line = line.strip(" \t\r\f")
        if not line:
            continue
        time, comma, name = line.partition(",")
        at = to_int(time)
        if comma and at is not None:
            events.append((at, name))
        else:
            dropped += 1
    return events, dropped


def read_meta(data):
    meta, dropped = {}, 0
    for line in text_of(data).split("\n"):
        line = line.strip()
        if not line:
            continue
        key, equals, value = line.partition("=")
        if equals:
            meta[key] = value
        else:
            dropped += 1
    return meta, dropped


# --- definitions -----------------------------------------------------------------------------


def find_window(meta, frames, series):
    """[T0_US, T1_US), the data's extent for what is missing, for both where they are inverted."""
    start, end = to_int(meta.get("T0_US", "")), to_int(meta.get("T1_US", ""))
    if start is not None and end is not None and end < start:
        start = end = None
    times = [frame.recv for frame in frames] + [at for one in series for at, _ in one.samples]
    first, last = (min(times), max(times) + 1) if times else (0, 0)
    came_from = tuple("data" if edge is None else "meta" for edge in (start, end))
    start = first if start is None else start
    end = last if end is None else end
    return start, max(start, end), came_from


def quantile(values, q):
    """Hyndman-Fan 7: linear between the two nearest of n sorted values, at q (n - 1)."""
    values = sorted(values)
    if not values:
        return None
    at = q * (len(values) - 1)
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def nominal_rate(frames):
    """1 / median time per id of neighbouring rows, 0.1 to 1000, 30 where it cannot be told."""
    per_id = []
    for a, b in zip(frames, frames[1:]):
        if a.id is None or b.id is None:
            continue
        if a.sent and b.sent:
            elapsed = b.sent - a.sent
        else:
            elapsed = b.recv - a.recv
        if b.id > a.id and elapsed > 0:
            per_id.append(elapsed / (b.id - a.id))
    if not per_id:
        return 30.0
    return min(max(1e6 / statistics.median(per_id), 0.1), 1000.0)


class Ids:
    """Segments of ids between confirmed discontinuities."""

    def __init__(self, frames):
        self.rate = nominal_rate(frames)
        self.segments, self.discontinuities = [], 0
        self.unidentified = [frame.recv for frame in frames if frame.id is None]
        self.outliers = []
        known = [frame for frame in frames if frame.id is not None]
        current, index = [], 0
        while index < len(known):
            frame = known[index]
            if not current or self.plausible(current[-1], frame):
                current.append(frame)
                index += 1
                continue
            self.discontinuities += 1
            confirmed = index + 1 < len(known) and self.plausible(frame, known[index + 1])
            if confirmed:
                self.segments.append(current)
                current = [frame, known[index + 1]]
                index += 2
            else:
                self.outliers.append(frame.recv)
                index += 1
                # The frame behind an outlier is judged by the last good one.
        if current:
            self.segments.append(current)

    def plausible(self, a, b):
        return abs(b.id - a.id) <= 3 * ((b.recv - a.recv) / 1e6) * self.rate + 30

    def first_times(self, segment):
        """When each id was first received, by id."""
        times = {}
        for frame in segment:
            times.setdefault(frame.id, frame.recv)
        return dict(sorted(times.items()))

    @property
    def expected(self):
        return sum(max(f.id for f in s) - min(f.id for f in s) + 1 for s in self.segments)

    @property
    def unique(self):
        return sum(len(self.first_times(segment)) for segment in self.segments)

    @property
    def duplicates(self):
        return sum(len(segment) - len(self.first_times(segment)) for segment in self.segments)

    @property
    def reordered(self):
        count = 0
        for segment in self.segments:
            seen = set()
            for frame in segment:
                if frame.id not in seen and seen and frame.id < max(seen):
                    count += 1
                seen.add(frame.id)
        return count

    def holes(self):
        """(id, time) before and after each run of missing ids."""
        for segment in self.segments:
            times = list(self.first_times(segment).items())
            for before, after in zip(times, times[1:]):
                if after[0] - before[0] > 1:
                    yield before, after

    @property
    def without_id(self):
        return self.unidentified + self.outliers


def find_freezes(frames, end):
    """libwebrtc: interval >= max(3 mean, mean + 150 ms), mean over the last 30 with this one."""
    times = [frame.recv for frame in frames]
    intervals = [(a, b) for a, b in zip(times, times[1:])]
    if times:
        intervals.append((times[-1], end))
    freezes = []
    for index, (a, b) in enumerate(intervals):
        recent = [y - x for x, y in intervals[max(0, index - 29) : index + 1]]
        total, count = sum(recent), len(recent)
        # In whole numbers: interval >= max(3 total, total + 150 ms count) / count.
        if index >= 3 and (b - a) * count >= max(3 * total, total + 150_000 * count):
            freezes.append((a, b))
    return freezes


def find_bursts(events, start, end):
    """burst_on to burst_off in order of time, cut to the window; another burst_on ends one."""
    switches = sorted((e for e in events if e[1] in ("burst_on", "burst_off")), key=lambda e: e[0])
    bursts, began = [], None
    for at, name in switches + [(end, "burst_off")]:
        if began is not None:
            a, b = max(began, start), min(at, end)
            if a < b:
                bursts.append((a, b))
        began = at if name == "burst_on" else None
    return bursts


def within(spans, at):
    return any(a <= at < b for a, b in spans)


def overlap(spans, start, end):
    return sum(max(0, min(b, end) - max(a, start)) for a, b in spans)


def find_drift(latencies):
    """Theil-Sen slope over the least delay of each of 12 blocks, and how far off it may be."""
    if not latencies:
        return None, None
    first, last = latencies[0][0], latencies[-1][0]
    blocks = {}
    for at, ms in latencies:
        block = (at - first) * 12 // (last - first + 1)
        if block not in blocks or ms < blocks[block][1]:
            blocks[block] = ((at - first) / 1e6, ms)
    points = [blocks[block] for block in sorted(blocks)]
    if len(points) < 6:
        return None, None
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1 :]]
    slope = statistics.median(slopes)
    around = [ms - slope * at for at, ms in points]
    bound = (max(around) - min(around)) / ((points[-1][0] - points[0][0]) / 2)
    return slope * 1e3, bound * 1e3


# --- counters --------------------------------------------------------------------------------


class Counters:
    """What the counters did in the window, by definition of the `run` section."""

    SIGNED = ("livekit_packet_loss_total", {"node_type": "BROWSER"})

    def __init__(self, series, start, end):
        self.series, self.start, self.end = series, start, end
        self.used, self.resets = [], {}
        polls = {at for one in series for at, _ in one.samples if start <= at < end}
        self.polls = sorted(polls)
        self.shortest = {id(one): self.shortest_interval(one) for one in series}
        known = [interval for interval in self.shortest.values() if interval is not None]
        self.shortest_of_all = min(known, default=None)

    @staticmethod
    def shortest_interval(one):
        times = [at for at, _ in one.samples]
        return min((b - a for a, b in zip(times, times[1:])), default=None)

    def poll_without(self, one, first):
        """The last poll before the series appeared: at least half an interval before."""
        interval = self.shortest[id(one)]
        interval = self.shortest_of_all if interval is None else interval
        latest = min(first - (interval or 0) // 2, first - 1)
        index = bisect.bisect_right(self.polls, latest)
        return self.polls[index - 1] if index else None

    def select(self, family, labels):
        """[(from, to, amount)] of the series with these labels; None where none has a sample."""
        steps, resets, found = [], 0, False
        for one in self.series:
            if one.family != family or any(one.labels.get(k, "") != v for k, v in labels.items()):
                continue
            signed = family == self.SIGNED[0] and all(
                one.labels.get(k, "") == v for k, v in self.SIGNED[1].items()
            )
            inside = [(at, v) for at, v in one.samples if self.start <= at < self.end]
            usable = [(at, value) for at, value in inside if math.isfinite(value)]
            if not usable:
                continue
            found = True
            # A sample that is no number still says that the series was there.
            absent_before = one.samples[0][0] == usable[0][0]
            previous = None
            if absent_before and not signed:
                poll = self.poll_without(one, usable[0][0])
                previous = None if poll is None else (poll, 0.0)
            for at, value in usable:
                if previous is not None:
                    step = value - previous[1]
                    if step < 0 and not signed:
                        resets += 1
                        step = max(value, 0.0)
                    steps.append((previous[0], at, step))
                previous = (at, value)
        if not found:
            return None
        text = ",".join(f'{label}="{value}"' for label, value in labels.items())
        self.used.append(family + ("{" + text + "}" if text else ""))
        return steps, resets

    def count_resets(self, family, selected):
        if selected is not None and selected[1]:
            self.resets[family] = self.resets.get(family, 0) + selected[1]


def total(selected):
    return None if selected is None else math.fsum(step for _, _, step in selected[0])


def amount_in(selected, spans):
    """Each step spread evenly over its time."""
    if selected is None:
        return None
    parts = []
    for a, b, step in selected[0]:
        share = overlap(spans, a, b) / (b - a) if b > a else float(within(spans, b))
        parts.append(step * share)
    return math.fsum(parts)


STATES = ("received", "recovery_attempt", "recovered", "recovery_failed", "unused", "invalid", "discarded")


def select_all(counters):
    old = any(one.family == "livekit_flexfec_packet_total" for one in counters.series)
    fec_family = "livekit_flexfec_packet_total" if old else "livekit_fec_packets"
    chosen = {}
    for state in STATES:
        labels = {"state": state} if old else {"direction": "incoming", "type": state}
        chosen["fec", state] = counters.select(fec_family, labels)
    for short, family in (("nack", "livekit_nack_total"), ("loss", "livekit_packet_loss_total")):
        chosen[short, "all"] = counters.select(family, {})
        for direction in ("incoming", "outgoing"):
            chosen[short, direction] = counters.select(family, {"direction": direction})
    chosen["out_of_order"] = counters.select("livekit_packet_out_of_order_total", {})
    packets = "livekit_packet_total"
    for transmission in ("initial", "retransmit"):
        labels = {"direction": "incoming", "transmission": transmission}
        chosen["packets", transmission] = counters.select(packets, labels)
    for state in STATES:
        counters.count_resets(fec_family, chosen["fec", state])
    counters.count_resets("livekit_nack_total", chosen["nack", "all"])
    counters.count_resets("livekit_packet_loss_total", chosen["loss", "all"])
    counters.count_resets("livekit_packet_out_of_order_total", chosen["out_of_order"])
    for transmission in ("initial", "retransmit"):
        counters.count_resets(packets, chosen["packets", transmission])
    return chosen


def divide(numerator, denominator):
    if numerator is None or denominator is None or denominator <= 0:
        return None
    return numerator / denominator


def shares(amount):
    """(residual, recovery, overhead), each with numerator and denominator."""
    lost, received = amount("loss", "incoming"), amount("packets", "initial")
    again, recovered = amount("packets", "retransmit"), amount("fec", "recovered")
    failed, fec = amount("fec", "recovery_failed"), amount("fec", "received")
    media = None if received is None else received - (again or 0)
    sent = None if media is None or lost is None else media + lost
    residual = None if lost is None else lost - ((again or 0) + (recovered or 0))
    if residual is not None and residual < 0:
        residual = None
    tried = None if recovered is None or failed is None else recovered + failed
    pairs = ((residual, sent), (recovered, tried), (fec, media))
    return [(divide(n, d), n, d) for n, d in pairs]


# --- the summary -----------------------------------------------------------------------------


def summarise(directory):
    directory = pathlib.Path(directory)
    data = {name: read_bytes(directory, name) for name in FILES}
    all_frames, frames_dropped = read_frames(data["frames.csv"])
    series, prom_dropped = read_prom(data["prom.tsv"])
    events, events_dropped = read_events(data["events.csv"])
    meta, meta_dropped = read_meta(data["meta.env"])
    start, end, (start_from, end_from) = find_window(meta, all_frames, series)

    frames = [frame for frame in all_frames if start <= frame.recv < end]
    have_file = data["frames.csv"] is not None
    ids = Ids(frames)
    have_ids = bool(ids.segments)
    duration = (end - start) / 1e6
    lost = max(0, ids.expected - ids.unique - len(ids.without_id))
    out = {
        "window_start_us": start,
        "window_end_us": end,
        "window_start_from": start_from,
        "window_end_from": end_from,
        "duration_s": duration,
        "frames_received": len(frames) if have_file else None,
        "frames_expected": ids.expected if have_ids else None,
        "frames_lost": lost if have_ids else None,
        "frames_lost_is_lower_bound": bool(ids.without_id),
        "gap_events": len(list(ids.holes())) if have_ids else None,
        "frames_unidentified": len(ids.unidentified) if have_file else None,
        "frames_duplicate": ids.duplicates if have_file else None,
        "frames_reordered": ids.reordered if have_file else None,
        "frames_outlier": len(ids.outliers) if have_file else None,
        "discontinuities": ids.discontinuities if have_file else None,
        "segments": len(ids.segments),
        "loss_ratio": lost / ids.expected if have_ids else None,
        "loss_ratio_numerator": float(lost) if have_ids else None,
        "loss_ratio_denominator": float(ids.expected) if have_ids else None,
        "frame_rate_nominal_per_s": ids.rate if have_ids else None,
        "frame_rate_mean_per_s": len(frames) / duration if have_file and duration > 0 else None,
    }

    freezes = find_freezes(frames, end)
    lengths = [b - a for a, b in freezes]
    out["freeze_count"] = len(freezes) if frames else None
    out["freeze_total_ms"] = sum(lengths) / 1e3 if frames else None
    out["freeze_longest_ms"] = max(lengths, default=0) / 1e3 if frames else None

    latencies = [(f.recv, (f.recv - f.sent) / 1e3) for f in frames if f.sent]
    ms = [latency for _, latency in latencies]
    out["latency_count"] = len(ms)
    out["latency_mean_ms"] = math.fsum(ms) / len(ms) if ms else None
    out["latency_min_ms"] = min(ms, default=None)
    for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)):
        out[f"latency_{name}_ms"] = quantile(ms, q)
    out["latency_max_ms"] = max(ms, default=None)
    out["latency_stdev_ms"] = statistics.stdev(ms) if len(ms) > 1 else None
    out["quantile_method"] = "linear"
    out["clock_drift_ppm"], out["clock_drift_bound_ppm"] = find_drift(latencies)

    counters = Counters(series, start, end)
    chosen = select_all(counters)
    keys = ("received", "recovery_attempts", "recovered", "recovery_failed", "unused", "invalid", "discarded")
    for key, state in zip(keys, STATES):
        out[f"fec_{key}"] = total(chosen["fec", state])
    for short, name in (("nack", "nack"), ("loss", "packet_loss")):
        for which, suffix in (("all", "total"), ("incoming", "incoming"), ("outgoing", "outgoing")):
            out[f"{name}_{suffix}"] = total(chosen[short, which])
    out["packets_out_of_order"] = total(chosen["out_of_order"])
    out["packets_received"] = total(chosen["packets", "initial"])
    out["packets_retransmitted"] = total(chosen["packets", "retransmit"])
    names = ("residual_loss_ratio", "recovery_probability", "fec_overhead_ratio")
    whole = shares(lambda *key: total(chosen[key]))
    for name, (ratio, numerator, denominator) in zip(names, whole):
        out[name] = ratio
        out[name + "_numerator"] = numerator
        out[name + "_denominator"] = denominator

    bursts = find_bursts(events, start, end)
    in_bursts = overlap(bursts, start, end)
    out["burst_count"] = len(bursts)
    out["burst_s"] = in_bursts / 1e6
    edges = [start] + [edge for burst in bursts for edge in burst] + [end]
    outside = [(a, b) for a, b in zip(edges[::2], edges[1::2]) if a < b]
    covered = [
        step
        for key, selected in chosen.items()
        if selected is not None and key not in ("out_of_order", ("packets", "retransmit"))
        for step in selected[0]
    ]
    missing_times = []
    for (id_a, at_a), (id_b, at_b) in ids.holes():
        steps, low, span = id_b - id_a, min(at_a, at_b), abs(at_b - at_a)
        missing_times += [low + span * k // steps for k in range(1, steps)]
    first_seen = [at for s in ids.segments for at in ids.first_times(s).values()]
    for suffix, spans, length in (
        ("_in_bursts", bursts, in_bursts),
        ("_outside_bursts", outside, end - start - in_bursts),
    ):
        part = {}
        part["covered_s"] = 0.0
        if covered:
            part["covered_s"] = overlap(spans, min(a for a, _, _ in covered), max(b for _, b, _ in covered)) / 1e6
        part["frames_received"] = sum(within(spans, frame.recv) for frame in frames)
        missing = sum(within(spans, at) for at in missing_times)
        part_lost = max(0, missing - sum(within(spans, at) for at in ids.without_id))
        part_expected = missing + sum(within(spans, at) for at in first_seen)
        part["frames_lost"] = part_lost if have_ids else None
        part["loss_ratio"] = divide(part_lost, part_expected) if have_ids else None
        part["freeze_count"] = sum(within(spans, a) for a, _ in freezes) if frames else None
        frozen = sum(overlap(spans, a, b) for a, b in freezes)
        part["freeze_total_ms"] = frozen / 1e3 if frames else None
        part_ms = [latency for at, latency in latencies if within(spans, at)]
        for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            part[f"latency_{name}_ms"] = quantile(part_ms, q)
        part["nack_total"] = amount_in(chosen["nack", "all"], spans)
        part["packet_loss_total"] = amount_in(chosen["loss", "all"], spans)
        for name, (ratio, _, _) in zip(names, shares(lambda *key: amount_in(chosen[key], spans))):
            part[name] = ratio
        known = bool(bursts) and length > 0
        out.update({key + suffix: value if known else None for key, value in part.items()})

    out["counter_resets"] = dict(sorted(counters.resets.items()))
    out["rows_dropped"] = dict(zip(FILES, (frames_dropped, prom_dropped, events_dropped, meta_dropped)))
    out["labels_used"] = counters.used
    notes = []
    for edge, origin in (("T0_US", start_from), ("T1_US", end_from)):
        if origin == "data":
            notes.append(f"{edge} of meta.env is missing or unusable: the data's own extent was taken")
    if ids.without_id:
        notes.append("frames without a usable id were received: frames_lost is a lower bound")
    if chosen["loss", "incoming"] is not None and out["residual_loss_ratio_numerator"] is None:
        notes.append(
            "more packets were retransmitted or recovered than lost: residual_loss_ratio cannot be known"
        )
    if any(latency < 0 for latency in ms):
        notes.append(
            "frames were received before they were sent: the receiver's clock is behind the sender's by at least "
            "-latency_min_ms, so latencies show change, not delay"
        )
    out["notes"] = notes
    return out


def of_parent(parent):
    runs = sorted(path for path in parent.iterdir() if path.is_dir())
    return {path.name: summarise(path) for path in runs}


def to_text(summaries):
    return json.dumps(summaries, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def same(a, b):
    """Equal; floats to 1e-12, since the last bits of a square root are the platform's."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-12)
    return type(a) is type(b) and a == b


def main(arguments):
    if arguments[:1] == ["--write"]:
        for parent in map(pathlib.Path, arguments[1:]):
            text = to_text(of_parent(parent))
            (parent / "expected_exact.json").write_text(text, encoding="utf-8")
        return 0
    if arguments[:1] == ["--check"]:
        stale = []
        for parent in map(pathlib.Path, arguments[1:]):
            kept = json.loads((parent / "expected_exact.json").read_text(encoding="utf-8"))
            if not same(kept, of_parent(parent)):
                stale.append(parent)
        for parent in stale:
            print(f"{parent}/expected_exact.json is stale: exact.py --write {parent}", file=sys.stderr)
        return 1 if stale else 0
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    print(to_text({pathlib.Path(path).name: summarise(path) for path in arguments}), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
