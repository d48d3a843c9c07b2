#!/usr/bin/env python3
"""Side by side: rollups against polars and pandas, downsampling against tsdownsample; writes a report.

    series.py --out REPORT.md [--samples 10000000] [--repeats 5]

Each measurement is a fresh process, the rows take turns, and the median counts. The arrays are in
memory before the clock starts. Every way must give the same buckets.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

WIDTHS_S = (1, 10, 60)
COLUMNS = ("count", "sum", "mean", "min", "max", "last")
POINTS = 2_000


def rollup_streamgauge(times, values):
    import streamgauge

    started = time.perf_counter()
    rollup = streamgauge.Rollup([(width_s * 1_000_000, 1 << 20) for width_s in WIDTHS_S])
    rollup.record_many(times, values)
    tables = [rollup.buckets(level) for level in range(len(WIDTHS_S))]
    took_s = time.perf_counter() - started
    filled = [table["count"] > 0 for table in tables]
    return took_s, [{name: table[name][some].sum() for name in COLUMNS} for table, some in zip(tables, filled)]


def rollup_polars(times, values):
    import polars as pl

    frame = pl.DataFrame({"t": times.view("datetime64[us]"), "v": values})
    frame = frame.with_columns(pl.col("t").set_sorted())
    started = time.perf_counter()
    value = pl.col("v")
    aggregates = [value.len().alias("count"), value.sum().alias("sum"), value.mean().alias("mean")]
    aggregates += [value.min().alias("min"), value.max().alias("max"), value.last().alias("last")]
    queries = [frame.lazy().group_by_dynamic("t", every=f"{width_s}s").agg(aggregates) for width_s in WIDTHS_S]
    tables = pl.collect_all(queries)
    took_s = time.perf_counter() - started
    return took_s, [{name: table[name].sum() for name in COLUMNS} for table in tables]


def rollup_pandas(times, values):
    import pandas as pd

    series = pd.Series(values, index=pd.DatetimeIndex(times.view("datetime64[us]")))
    started = time.perf_counter()
    tables = [series.resample(f"{width_s}s").agg(list(COLUMNS)) for width_s in WIDTHS_S]
    took_s = time.perf_counter() - started
    return took_s, [{name: table[name].sum() for name in COLUMNS} for table in tables]


def downsample_streamgauge(times, values):
    import streamgauge

    started = time.perf_counter()
    drawn = streamgauge.downsample(times, values, POINTS)
    return time.perf_counter() - started, ends(drawn, values)


def downsample_tsdownsample(times, values, parallel=False):
    import tsdownsample

    sampler = tsdownsample.MinMaxLTTBDownsampler()
    started = time.perf_counter()
    drawn = sampler.downsample(times, values, n_out=POINTS, parallel=parallel)
    return time.perf_counter() - started, ends(drawn, values)


def downsample_tsdownsample_parallel(times, values):
    return downsample_tsdownsample(times, values, parallel=True)


def ends(drawn, values):
    """What both must have: the first and the last sample."""
    return [{"first": int(drawn[0]), "last": int(drawn[-1]), "few": len(drawn) <= POINTS}]


def rows():
    """(group, name, worker, extra environment); of each group the first is ours."""
    one, all_cores = {"POLARS_MAX_THREADS": "1"}, f"{os.cpu_count()} threads"
    group = f"rollup at {', '.join(f'{width_s} s' for width_s in WIDTHS_S)}"
    yield group, "streamgauge Rollup, 1 thread", rollup_streamgauge, {}
    yield group, "polars group_by_dynamic, 1 thread", rollup_polars, one
    yield group, f"polars group_by_dynamic, {all_cores}", rollup_polars, {}
    yield group, "pandas resample, 1 thread", rollup_pandas, {}
    group = f"MinMaxLTTB to {POINTS} points"
    yield group, "streamgauge downsample, 1 thread", downsample_streamgauge, {}
    yield group, "tsdownsample, 1 thread", downsample_tsdownsample, {}
    yield group, f"tsdownsample, {all_cores}", downsample_tsdownsample_parallel, {}


def worker(name, folder):
    import numpy as np

    times, values = (np.load(pathlib.Path(folder) / f"{part}.npy") for part in ("times", "values"))
    took_s, answer = globals()[name](times, values)
    print(json.dumps({"s": took_s, "answer": [{k: float(v) for k, v in part.items()} for part in answer]}))


def generate(folder, samples):
    import numpy as np

    rng = np.random.default_rng(1)
    # 2 ms apart on average, as packets are, with a gap now and then. No two at once: of those polars takes
    # the last that came, we the largest.
    steps = rng.integers(1, 4_000, samples)
    steps[rng.random(samples) < 1e-5] = 5_000_000
    np.save(folder / "times.npy", 1_790_000_000_000_000 + np.cumsum(steps))
    np.save(folder / "values.npy", rng.gamma(2.0, 30.0, samples))


def same(a, b):
    return len(a) == len(b) and all(
        math.isclose(one[key], other[key], rel_tol=1e-9) for one, other in zip(a, b) for key in one
    )


def report(found, samples, repeats):
    import platform

    lines = [
        "# Series: benchmarks",
        "",
        f"{samples:,} samples, median of {repeats} fresh processes, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}. Arrays in memory before the clock starts.",
        "",
    ]
    for group in dict.fromkeys(group for group, _ in found):
        own = [(name, times) for (of, name), times in found.items() if of == group]
        ours = statistics.median(own[0][1])
        lines += [f"## {group}", "", "| what | median | least to most | streamgauge is faster by |", "|---|---|---|---|"]
        for name, times in own:
            median = statistics.median(times)
            spread = f"{min(times) * 1e3:,.0f} to {max(times) * 1e3:,.0f} ms"
            lines.append(f"| {name} | {median * 1e3:,.0f} ms | {spread} | {median / ours:.2f} x |")
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(*args.worker)
        return
    found, answers = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        generate(pathlib.Path(folder), args.samples)
        for _ in range(args.repeats):
            for group, name, way, environment in rows():
                line = [sys.executable, __file__, "--worker", way.__name__, folder]
                done = subprocess.run(
                    line, env={**os.environ, **environment}, capture_output=True, text=True, check=False
                )
                if done.returncode:
                    sys.exit(f"{name}:\n{done.stderr}")
                result = json.loads(done.stdout)
                found.setdefault((group, name), []).append(result["s"])
                if not same(answers.setdefault(group, result["answer"]), result["answer"]):
                    sys.exit(f"{name} gives {result['answer']}, expected {answers[group]}")
    text = report(found, args.samples, args.repeats)
    print(text)
    if args.out:
        args.out.write_text(text)


if __name__ == "__main__":
    main()
