#!/usr/bin/env python3
"""All that the plotting script does before it plots, in plain Python: read, derive, summarise.

Written from the description of what the script computes, the way such a script is usually written
(csv.DictReader, a regular expression a line, lists of tuples), and made no slower than that. It is
the benchmark's measure and a second oracle of `plot_fec`. Rows on which the script would stop with
an exception are left out.

    script_like.py DIR...    prints {name: {"summary": ..., series}} as JSON
"""

import csv
import json
import math
import os
import re
import sys
from collections import defaultdict

METRIC = re.compile(r"^([a-zA-Z0-9_]+)(?:\{(.*)\})?$", re.DOTALL)


class Run:
    def __init__(self, path):
        self.path = path
        self.meta = self._read_meta()
        self.t0 = self._edge("T0_US", 0)
        self.t1 = self._edge("T1_US", 2**62)
        self.frames = self._read_frames()
        self.prom = self._read_prom()
        self.events = self._read_events()

    def _open(self, name):
        path = os.path.join(self.path, name)
        return open(path, newline="", encoding="utf-8", errors="replace") if os.path.exists(path) else None

    def _read_meta(self):
        meta = {}
        file = self._open("meta.env")
        if file:
            with file:
                for line in file:
                    key, equals, value = line.strip().partition("=")
                    if equals:
                        meta[key] = value
        return meta

    def _edge(self, key, default):
        try:
            return int(self.meta.get(key, default))
        except ValueError:
            return default

    def _read_frames(self):
        frames = []
        file = self._open("frames.csv")
        if file:
            with file:
                for row in csv.DictReader(file):
                    try:
                        recv = int(row["recv_wall_us"])
                    except (KeyError, TypeError, ValueError):
                        continue
                    try:
                        frame_id = int(row["frame_id"]) if row.get("frame_id") else None
                        sent = int(row["user_timestamp_us"]) if row.get("user_timestamp_us") else None
                    except ValueError:
                        continue
                    frames.append((recv, frame_id, sent))
        frames.sort(key=lambda frame: frame[0])
        return [frame for frame in frames if self.t0 <= frame[0] <= self.t1]

    def _read_prom(self):
        families = defaultdict(lambda: defaultdict(list))
        file = self._open("prom.tsv")
        if file:
            match = METRIC.match
            with file:
                for line in file:
                    parts = line.rstrip("\r\n").split("\t")
                    if len(parts) != 3:
                        continue
                    found = match(parts[1])
                    if not found:
                        continue
                    try:
                        sample = (int(parts[0]), float(parts[2]))
                    except ValueError:
                        continue
                    families[found.group(1)][found.group(2) or ""].append(sample)
        return families

    def _read_events(self):
        events = []
        file = self._open("events.csv")
        if file:
            with file:
                for line in file:
                    time, comma, name = line.strip().partition(",")
                    try:
                        events.append((int(time), name if comma else 1 // 0))
                    except (ValueError, ZeroDivisionError):
                        continue
        return events

    def rel(self, at):
        return (at - self.t0) / 1e6

    @property
    def bursts(self):
        bursts, start = [], None
        for at, name in self.events:
            if name == "burst_on":
                start = at
            elif name == "burst_off" and start is not None:
                bursts.append((self.rel(start), self.rel(at)))
                start = None
        if start is not None:
            bursts.append((self.rel(start), self.rel(self.t1 if self.t1 < 2**62 else start)))
        return bursts

    def latency_series(self):
        frames = [(recv, sent) for recv, _, sent in self.frames if sent]
        return [self.rel(recv) for recv, _ in frames], [(recv - sent) / 1e3 for recv, sent in frames]

    def frame_gaps(self):
        gaps, previous = [], None
        for recv, frame_id, _ in self.frames:
            if frame_id is None:
                continue
            if previous is not None and frame_id > previous + 1:
                gaps.append((self.rel(recv), frame_id - previous - 1))
            previous = frame_id
        return gaps

    def fps_series(self):
        counts = defaultdict(int)
        for recv, _, _ in self.frames:
            counts[int(self.rel(recv))] += 1
        seconds = sorted(counts)
        return seconds, [counts[second] for second in seconds]

    def _samples(self, family, label_filter):
        t0, t1 = self.t0, self.t1
        for labels, samples in self.prom.get(family, {}).items():
            if label_filter in labels:
                yield [sample for sample in samples if t0 <= sample[0] <= t1]

    def counter_rate(self, family, label_filter=""):
        rates = defaultdict(float)
        for samples in self._samples(family, label_filter):
            for (at_a, a), (at_b, b) in zip(samples, samples[1:]):
                elapsed = (at_b - at_a) / 1e6
                if elapsed > 0:
                    rates[int(self.rel(at_b))] += max(0.0, b - a) / elapsed
        seconds = sorted(rates)
        return seconds, [rates[second] for second in seconds]

    def counter_total(self, family, label_filter=""):
        total = 0.0
        for samples in self._samples(family, label_filter):
            if len(samples) >= 2:
                total += samples[-1][1] - samples[0][1]
        return total

    def flexfec_state_total(self, state):
        return self.counter_total("livekit_flexfec_packet_total", f'state="{state}"')

    def flexfec_state_rate(self, state):
        return self.counter_rate("livekit_flexfec_packet_total", f'state="{state}"')

    def summary(self):
        ids = [frame_id for _, frame_id, _ in self.frames if frame_id is not None]
        gaps = self.frame_gaps()
        latency = sorted(self.latency_series()[1])
        n = len(latency)

        def percentile(p):
            return latency[min(n - 1, int(n * p))] if n else float("nan")

        return {
            "frames_received": len(self.frames),
            "frames_expected": max(ids) - min(ids) + 1 if ids else 0,
            "frames_lost": sum(missing for _, missing in gaps),
            "gap_events": len(gaps),
            "latency_mean_ms": math.fsum(latency) / n if n else float("nan"),
            "latency_p50_ms": percentile(0.5),
            "latency_p95_ms": percentile(0.95),
            "latency_p99_ms": percentile(0.99),
            "fec_received": self.flexfec_state_total("received"),
            "fec_recovery_attempts": self.flexfec_state_total("recovery_attempt"),
            "fec_recovered": self.flexfec_state_total("recovered"),
            "fec_recovery_failed": self.flexfec_state_total("recovery_failed"),
            "fec_unused": self.flexfec_state_total("unused"),
            "fec_invalid": self.flexfec_state_total("invalid"),
            "nack_total": self.counter_total("livekit_nack_total"),
            "packet_loss_total": self.counter_total("livekit_packet_loss_total"),
        }


def everything(path):
    run = Run(path)
    return {
        "summary": run.summary(),
        "bursts": run.bursts,
        "gaps": run.frame_gaps(),
        "fps": run.fps_series(),
        "nack_rate": run.counter_rate("livekit_nack_total"),
        "loss_rate": run.counter_rate("livekit_packet_loss_total"),
        "fec_received_rate": run.flexfec_state_rate("received"),
        "fec_recovered_rate": run.flexfec_state_rate("recovered"),
    }


def without_nan(value):
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(inner) for inner in value]
    return value


if __name__ == "__main__":
    runs = {os.path.basename(os.path.normpath(path)): everything(path) for path in sys.argv[1:]}
    print(json.dumps(without_nan(runs), indent=1))
