#!/usr/bin/env python3
"""Side by side: the script's way, pandas, polars and us on one run directory; writes a report.

    compare.py --rust PROGRAM --out REPORT.md [--megabytes 100] [--repeats 5]

Each measurement is a fresh process, the rows take turns, and the median counts. The directory is
generated, and in the page cache. Every way must give the same 16 numbers.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def rows(rust, have_package):
    """(name, command, extra environment)."""
    python = [sys.executable, str(HERE / "workers.py")]
    cores = os.cpu_count() or 1
    one = {"POLARS_MAX_THREADS": "1"}
    out = [
        ("plain Python (csv, re)", [*python, "script"], {}),
        ("pandas", [*python, "pandas"], {}),
        ("polars, 1 thread", [*python, "polars"], one),
        (f"polars, {cores} threads", [*python, "polars"], {}),
    ]
    for mode in ("plot_fec", "exact"):
        for threads in (1, cores):
            threads_text = f"{threads} thread" + ("s" if threads > 1 else "")
            if have_package:
                name = f"streamgauge (Python) {mode}, {threads_text}"
                out.append((name, [*python, mode, "{dir}", str(threads)], {}))
            out.append((f"streamgauge (Rust) {mode}, {threads_text}", [rust, mode, "{dir}", str(threads)], {}))
    out.append(("newline count, 1 thread", [rust, "newlines"], {}))
    return out


def measure(command, directory, environment):
    command = [part.replace("{dir}", directory) for part in command]
    if directory not in command:
        command.append(directory)
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr}")
    return json.loads(done.stdout)


def same(a, b):
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-9)


def check_equal(results):
    """Every summary by the script's definitions is the script's."""
    found = {name: runs[0]["summary"] for name, runs in results.items() if "summary" in runs[0]}
    expected = found["plain Python (csv, re)"]
    compared = 0
    for name, summary in found.items():
        if "exact" in name:
            continue
        wrong = [key for key in expected if not same(expected[key], summary.get(key))]
        if wrong or len(summary) != len(expected):
            sys.exit(f"{name} differs from plain Python in {wrong}")
        compared += 1
    return compared


def report(results, directory, repeats, compared):
    median = {name: statistics.median(run["seconds"] for run in runs) for name, runs in results.items()}
    megabytes = sum(path.stat().st_size for path in pathlib.Path(directory).iterdir()) / 1e6
    script = median["plain Python (csv, re)"]
    polars = median["polars, 1 thread"]
    limit = median["newline count, 1 thread"]
    lines = [
        "# Reading a run and summarising it",
        "",
        f"{megabytes:.0f} MB (frames.csv and prom.tsv), median of {repeats} fresh processes in turn, page cache",
        f"warm, imports not timed, {os.cpu_count()} cores. {compared} summaries were compared and are equal.",
        "Made by `make bench`.",
        "",
        "| | ms (least to most) | MB/s | x plain Python | x polars, 1 thread | x newline count | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        seconds = [run["seconds"] for run in runs]
        peak = statistics.median(run["peak_mb"] for run in runs)
        lines.append(
            f"| {name} | {median[name] * 1e3:.0f} ({min(seconds) * 1e3:.0f} to {max(seconds) * 1e3:.0f}) "
            f"| {megabytes / median[name]:.0f} | {script / median[name]:.1f} | {polars / median[name]:.1f} "
            f"| {median[name] / limit:.1f} | {peak:.0f} |"
        )
    lines += [
        "",
        "`x plain Python` and `x polars`: how many times faster. `x newline count`: how many times the",
        "time that reading the files and counting newlines takes. Memory is that of the whole process,",
        "for Python with its libraries loaded.",
        "",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rust", required=True, help="the built benchmark program `directory`")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()

    directory = args.out.parent / f"run-{args.megabytes}"
    if not (directory / "meta.env").exists():
        print(f"generating {directory}", file=sys.stderr)
        subprocess.run([sys.executable, HERE / "generate.py", directory, str(args.megabytes)], check=True)
    have_package = subprocess.run([sys.executable, "-c", "import streamgauge"], capture_output=True).returncode == 0
    if not have_package:
        print("the Python package is not installed: its rows are left out", file=sys.stderr)
    ways = rows(args.rust, have_package)
    results = {name: [] for name, _, _ in ways}
    # The first turn warms the page cache and does not count.
    for turn in range(args.repeats + 1):
        for name, command, environment in ways:
            result = measure(command, str(directory), environment)
            if turn:
                results[name].append(result)
        print(f"turn {turn} of {args.repeats}", file=sys.stderr)
    text = report(results, directory, args.repeats, check_equal(results))
    args.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
