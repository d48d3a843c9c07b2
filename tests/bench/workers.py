"""One measured piece of work in a fresh process: `workers.py NAME DIR [THREADS]` prints JSON.

Timed is reading a run directory and computing the script's 16 numbers (`exact`: ours); importing
libraries is not, for anyone. All of them must give the same numbers.
"""

import json
import math
import os
import pathlib
import re
import resource
import sys
import time

METRIC = re.compile(r"^([a-zA-Z0-9_]+)(?:\{(.*)\})?$")


def meta_of(directory):
    lines = (pathlib.Path(directory) / "meta.env").read_text().split()
    return {key: int(value) for key, _, value in (line.partition("=") for line in lines) if value.isdigit()}


def totals(by_metric):
    """{metric: (first, last, count)} to the counter totals of the summary."""

    def total(family, label_filter=""):
        result = 0.0
        for metric, (first, last, count) in by_metric.items():
            found = METRIC.match(metric)
            if found and found.group(1) == family and label_filter in (found.group(2) or "") and count >= 2:
                result += last - first
        return result

    def fec(state):
        return total("livekit_flexfec_packet_total", f'state="{state}"')

    return {
        "fec_received": fec("received"),
        "fec_recovery_attempts": fec("recovery_attempt"),
        "fec_recovered": fec("recovered"),
        "fec_recovery_failed": fec("recovery_failed"),
        "fec_unused": fec("unused"),
        "fec_invalid": fec("invalid"),
        "nack_total": total("livekit_nack_total"),
        "packet_loss_total": total("livekit_packet_loss_total"),
    }


def script():
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
    import script_like

    return lambda directory, _: script_like.Run(directory).summary()


def with_pandas():
    import numpy
    import pandas

    def work(directory, _):
        meta = meta_of(directory)
        t0, t1 = meta["T0_US"], meta["T1_US"]
        frames = pandas.read_csv(
            f"{directory}/frames.csv",
            dtype={"recv_wall_us": "int64", "frame_id": "float64", "user_timestamp_us": "float64"},
            usecols=["recv_wall_us", "frame_id", "user_timestamp_us"],
        )
        frames = frames[(frames.recv_wall_us >= t0) & (frames.recv_wall_us <= t1)]
        frames = frames.sort_values("recv_wall_us", kind="stable")
        # Microseconds since 1970 are below 2^53, so a float column with NaN for "none" is exact.
        ids = frames.frame_id.dropna().to_numpy().astype("int64")
        steps = numpy.diff(ids)
        steps = steps[steps > 1] - 1
        sent = frames.user_timestamp_us.to_numpy()
        known = ~numpy.isnan(sent) & (sent != 0)
        latency = (frames.recv_wall_us.to_numpy()[known] - sent[known].astype("int64")) / 1e3
        n = len(latency)
        at = [min(n - 1, int(n * q)) for q in (0.5, 0.95, 0.99)]
        p50, p95, p99 = numpy.partition(latency, at)[at]
        prom = pandas.read_csv(
            f"{directory}/prom.tsv",
            sep="\t",
            header=None,
            names=["t", "metric", "value"],
            dtype={"t": "int64", "metric": "category", "value": "float64"},
            quoting=3,
        )
        prom = prom[(prom.t >= t0) & (prom.t <= t1)]
        grouped = prom.groupby("metric", observed=True).value.agg(["first", "last", "count"])
        return {
            "frames_received": len(frames),
            "frames_expected": int(ids.max() - ids.min() + 1),
            "frames_lost": int(steps.sum()),
            "gap_events": len(steps),
            "latency_mean_ms": float(latency.mean()),
            "latency_p50_ms": float(p50),
            "latency_p95_ms": float(p95),
            "latency_p99_ms": float(p99),
            **totals({row.Index: (row.first, row.last, row.count) for row in rows(grouped)}),
        }

    def rows(grouped):
        grouped.columns = ["first", "last", "count_"]
        from collections import namedtuple

        row = namedtuple("Row", "Index first last count")
        return [row(metric, *values) for metric, values in zip(grouped.index, grouped.to_numpy())]

    return work


def with_polars():
    import polars as pl

    def work(directory, _):
        meta = meta_of(directory)
        t0, t1 = meta["T0_US"], meta["T1_US"]
        names = ["recv_wall_us", "frame_id", "user_timestamp_us", "width", "height"]
        frames = (
            pl.scan_csv(f"{directory}/frames.csv", schema={name: pl.Int64 for name in names})
            .select(names[:3])
            .filter(pl.col("recv_wall_us").is_between(t0, t1))
            .sort("recv_wall_us", maintain_order=True)
            .collect()
        )
        ids = frames["frame_id"].drop_nulls()
        steps = ids.diff().drop_nulls()
        steps = steps.filter(steps > 1) - 1
        known = frames.filter(pl.col("user_timestamp_us").fill_null(0) != 0)
        latency = (known["recv_wall_us"] - known["user_timestamp_us"]).cast(pl.Float64) / 1e3
        n = len(latency)
        in_order = latency.sort()
        p50, p95, p99 = (in_order[min(n - 1, int(n * q))] for q in (0.5, 0.95, 0.99))
        grouped = (
            pl.scan_csv(
                f"{directory}/prom.tsv",
                separator="\t",
                has_header=False,
                schema={"t": pl.Int64, "metric": pl.String, "value": pl.Float64},
                quote_char=None,
            )
            .filter(pl.col("t").is_between(t0, t1))
            .group_by("metric")
            .agg(pl.col("value").first().alias("first"), pl.col("value").last().alias("last"), pl.len())
            .collect()
        )
        return {
            "frames_received": len(frames),
            "frames_expected": ids.max() - ids.min() + 1,
            "frames_lost": steps.sum(),
            "gap_events": len(steps),
            "latency_mean_ms": latency.mean(),
            "latency_p50_ms": p50,
            "latency_p95_ms": p95,
            "latency_p99_ms": p99,
            **totals({metric: (first, last, count) for metric, first, last, count in grouped.iter_rows()}),
        }

    return work


def ours(mode):
    import streamgauge

    def work(directory, threads):
        return streamgauge.Run(directory, threads=threads).summary(mode)

    return work


WORKERS = {
    "script": script,
    "pandas": with_pandas,
    "polars": with_polars,
    "plot_fec": lambda: ours("plot_fec"),
    "exact": lambda: ours("exact"),
}


def main(name, directory, threads=0):
    work = WORKERS[name]()
    before, cpu = time.perf_counter(), os.times()
    summary = work(directory, int(threads))
    seconds, after = time.perf_counter() - before, os.times()
    summary = {key: value for key, value in dict(summary).items() if not isinstance(value, (dict, list, str))}
    result = {
        "seconds": seconds,
        "cpu": after.user + after.system - cpu.user - cpu.system,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "summary": {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in summary.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
