#!/usr/bin/env python3
"""A fleet summed up on Dask: run directories and node summaries, merged in a tree.

Every run directory and every node becomes a `Part`: counts, rollups, sketches and an audience. Parts
merge in any order, so the tree's shape, the number of workers and the order in which they finish
leave no trace, and `--check` proves it against one process that merges one after the other.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamgauge as sg

#: Summary keys of runs that add up.
COUNTS = ("frames_received", "frames_expected", "frames_lost", "nack_total", "fec_recovered")
#: One second and one minute; a day of the first, a week of the second.
LEVELS = ((1_000_000, 86_400), (60_000_000, 10_080))
START_US = 1_790_000_000_000_000
#: How many parts become one in a step of the tree.
FAN_IN = 16
#: Compensated sums differ by no more than this, relatively, in whatever order they are added.
SUM_TOLERANCE = 1e-12


@dataclass
class Part:
    """What some runs and nodes amount to. Everything in it merges."""

    runs: int = 0
    nodes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    latency_ms: sg.Sketch = field(default_factory=sg.Sketch)
    latency_over_time: sg.Rollup = field(default_factory=lambda: new_rollup())
    rtt_ms: sg.Sketch = field(default_factory=sg.Sketch)
    bitrate_over_time: sg.Rollup = field(default_factory=lambda: new_rollup())
    audience: sg.AudienceSummary | None = None

    def add(self, other: Part) -> None:
        """Adds another part, which stays as it is."""
        self.runs += other.runs
        self.nodes += other.nodes
        for key, count in other.counts.items():
            self.counts[key] = self.counts.get(key, 0) + count
        self.latency_ms.merge(other.latency_ms)
        self.latency_over_time.merge(other.latency_over_time)
        self.rtt_ms.merge(other.rtt_ms)
        self.bitrate_over_time.merge(other.bitrate_over_time)
        if self.audience is None:
            self.audience = copy.copy(other.audience)
        elif other.audience is not None:
            self.audience.merge(other.audience)


def new_rollup() -> sg.Rollup:
    return sg.Rollup(LEVELS, late_us=2**62)


def of_run(path: str) -> Part:
    """The part of one run directory."""
    run = sg.Run(path, threads=1)
    summary, latency = run.summary(), run.latency()
    part = Part(runs=1, counts={key: int(summary[key] or 0) for key in COUNTS if key in summary})
    part.latency_ms.record_many(latency.latency_ms)
    part.latency_over_time.record_many(latency.t_us, latency.latency_ms)
    return part


def of_node(path: str) -> Part:
    """The part of one node, from the bytes that it wrote in whatever language."""
    folder = Path(path)
    return Part(
        nodes=1,
        rtt_ms=sg.Sketch.from_bytes((folder / "rtt_ms.pb").read_bytes()),
        bitrate_over_time=sg.Rollup.from_bytes((folder / "bitrate.pb").read_bytes()),
        audience=sg.AudienceSummary.from_bytes((folder / "audience.pb").read_bytes()),
    )


def part_of(path: str) -> Part:
    return of_node(path) if (Path(path) / "rtt_ms.pb").exists() else of_run(path)


def merged(parts: list[Part]) -> Part:
    """One part of several."""
    whole = Part()
    for part in parts:
        whole.add(part)
    return whole


def on_cluster(paths: list[str], address: str | None, workers: int) -> Part:
    """The part of all paths, read and merged by the workers; only the last one comes here."""
    from distributed import Client, LocalCluster

    cluster = None
    if address is None:
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        )
    try:
        with Client(cluster or address) as client:
            level = client.map(part_of, paths, pure=False)
            while len(level) > 1:
                groups = [level[i : i + FAN_IN] for i in range(0, len(level), FAN_IN)]
                level = client.map(merged, groups, pure=False)
            return level[0].result() if level else Part()
    finally:
        if cluster is not None:
            cluster.close()


def make(data: Path, runs: int, nodes: int) -> list[str]:
    """Makes what is missing of so many runs (of `streamgauge simulate`) and node summaries."""
    simulated = min(runs, 20)
    for i in range(runs):
        path = data / "runs" / f"run-{i:04}"
        if path.exists():
            continue
        if i < simulated:
            profile = "fec" if i % 2 else "baseline"
            bursts = {"burst_loss": 0.45, "burst_every_s": 2.5, "burst_len_s": 1.0}
            made = sg.simulate(
                profile, seed=i + 1, duration_s=5.0, start_us=START_US + i * 7_000_000, **bursts
            )
            made.write(path)
        else:
            shutil.copytree(data / "runs" / f"run-{i % simulated:04}", path)
    for i in range(nodes):
        path = data / "nodes" / f"node-{i:04}"
        if not path.exists():
            write_node(path, seed=i)
    kinds = (("runs", "run", runs), ("nodes", "node", nodes))
    return [str(data / kind / f"{name}-{i:04}") for kind, name, count in kinds for i in range(count)]


def write_node(path: Path, seed: int) -> None:
    """What an edge node would write at the end of a minute."""
    rng = np.random.default_rng(seed)
    times = START_US + np.sort(rng.integers(0, 60_000_000, 2_000))
    bitrate, rtt_ms = new_rollup(), sg.Sketch(rng.lognormal(3.5, 0.8, 2_000))
    bitrate.record_many(times, rng.normal(3e6, 4e5, 2_000))
    audience = sg.Audience()
    for viewer, at_us in enumerate(times[:40].tolist()):
        audience.join(f"{seed}-{viewer}", at_us)
        audience.started(f"{seed}-{viewer}", at_us + int(rng.integers(100_000, 2_000_000)))
    path.mkdir(parents=True)
    (path / "rtt_ms.pb").write_bytes(rtt_ms.to_bytes())
    (path / "bitrate.pb").write_bytes(bitrate.to_bytes())
    (path / "audience.pb").write_bytes(audience.summary(START_US + 70_000_000).to_bytes())


def shown(part: Part) -> dict[str, Any]:
    """What a person wants to know of it."""
    audience = part.audience
    return {
        "runs": part.runs,
        "nodes": part.nodes,
        **part.counts,
        **{f"latency_p{q}_ms": part.latency_ms.quantile(q / 100) for q in (50, 95, 99)},
        **{f"rtt_p{q}_ms": part.rtt_ms.quantile(q / 100) for q in (50, 95, 99)},
        "bitrate_mean_bps": mean(part.bitrate_over_time),
        "views": audience.totals.views if audience else None,
        "watched_us": audience.watched_us if audience else None,
        "peak_viewers": [audience.peak_at_least, audience.peak_at_most] if audience else None,
    }


def mean(rollup: sg.Rollup) -> float | None:
    buckets = rollup.buckets(1)
    count = int(buckets["count"].sum())
    return math.fsum(buckets["sum"]) / count if count else None


def differences(a: Part, b: Part) -> list[str]:
    """Where two parts differ: in whole numbers, bins and extremes at all, in sums beyond rounding."""
    found = [
        f"{name}: {getattr(a, name)} and {getattr(b, name)}"
        for name in ("runs", "nodes", "counts", "latency_ms", "rtt_ms", "audience")
        if getattr(a, name) != getattr(b, name)
    ]
    for name in ("latency_ms", "rtt_ms"):
        if not close(getattr(a, name).sum, getattr(b, name).sum):
            found.append(f"{name}: sums differ")
    for name in ("latency_over_time", "bitrate_over_time"):
        for level in range(len(LEVELS)):
            one, other = getattr(a, name).buckets(level), getattr(b, name).buckets(level)
            for column in ("start_us", "count", "min", "max", "last_us", "last"):
                if one[column].tolist() != other[column].tolist():
                    found.append(f"{name}: {column} of level {level} differs")
            if not all(map(close, one["sum"].tolist(), other["sum"].tolist())):
                found.append(f"{name}: sums of level {level} differ")
    return found


def close(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=SUM_TOLERANCE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path("fleet-data"), help="where runs and nodes are, or are made"
    )
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument(
        "--address", help="a scheduler, such as tcp://10.0.0.1:8786; else a cluster on this machine"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes of the cluster on this machine")
    parser.add_argument(
        "--check", action="store_true", help="compare with one process; exit code 1 if it differs"
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    paths = make(args.data.resolve(), args.runs, args.nodes)
    started = time.perf_counter()
    whole = on_cluster(paths, args.address, args.workers)
    took_s = time.perf_counter() - started
    result = shown(whole)
    print(json.dumps(result, indent=1) if args.json else "\n".join(f"{k}: {v}" for k, v in result.items()))
    print(f"{len(paths)} parts merged in {took_s:.1f} s", file=sys.stderr)
    if not args.check:
        return 0
    wrong = differences(whole, merged([part_of(path) for path in paths]))
    print("\n".join(wrong) if wrong else "one process gives the same", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
