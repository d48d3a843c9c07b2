"""The commands ``streamgauge rollup`` and ``streamgauge quantile``."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np

from . import _columns, _export, _extras, _text
from ._native import Table, quantile
from ._progress import each
from ._repr import number
from ._series import Rollup, Sketch
from .errors import CapacityExceededError, InvalidArgumentError

ROLLUP_HELP = "roll columns of times and values up into buckets of several widths"
ROLLUP_EPILOG = (
    "Parquet, Arrow and CSV files of any size, in one pass and bounded memory; several files are one\n"
    "series. Rows may come in any order. Nulls, NaN and infinities are left out and counted. Empty buckets\n"
    "are shown: their count and sum are 0, the rest is '-' (null in JSON). Needs pyarrow:\n"
    "pip install 'streamgauge[parquet]'.\n\n"
    "examples:\n"
    "  streamgauge rollup latency.parquet --time t_us --value latency_ms --every 1s --every 1m\n"
    "  streamgauge rollup day.csv --time ts --unit s --value rtt --every 1h --quantile 0.5 --quantile 0.99\n"
    "  streamgauge rollup latency.parquet --time t_us --value latency_ms --every 10s --out t --plot l.png"
)

QUANTILE_HELP = "quantiles of a column, exact or by a sketch"
QUANTILE_EPILOG = (
    "Parquet, Arrow and CSV files; several are one column. Nulls, NaN and infinities are left out and\n"
    "counted. Needs pyarrow: pip install 'streamgauge[parquet]'.\n\n"
    "methods: linear (numpy's default), nearest_rank, averaged_rank, weibull, median_unbiased,\n"
    "floor_index (the plotting script's). With --relative-error a sketch in bounded memory instead, right\n"
    "to within that of the value at rank floor(q (n - 1)).\n\n"
    "examples:\n"
    "  streamgauge quantile latency.parquet --value latency_ms\n"
    "  streamgauge quantile *.csv --value rtt -q 0.5 -q 0.999 --relative-error 0.01\n"
    "  streamgauge quantile latency.parquet --value latency_ms --fail-above 0.95=200   (exit code 1 if it is)"
)

FIXES = {
    "not_found": "check the path",
    "malformed": "give a Parquet file (.parquet), an Arrow file (.arrow, .feather) or CSV with a head line",
}

METHODS = ("linear", "nearest_rank", "averaged_rank", "weibull", "median_unbiased", "floor_index")
SUFFIXES_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}

#: Buckets of a level that are kept, and those of them that are printed.
KEEP = 1 << 20
SHOWN = 40


def rollup_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``rollup`` takes."""
    _file_arguments(parser)
    parser.add_argument("--time", required=True, metavar="COLUMN", help="times: timestamps, or numbers")
    parser.add_argument(
        "--unit",
        choices=list(_columns.UNITS),
        default="us",
        help="unit of times that are numbers (default us)",
    )
    parser.add_argument(
        "--every",
        action="append",
        type=_width_us,
        metavar="WIDTH",
        help="width of buckets, such as 500ms, 1s, 5m, 1h; repeat for more, each a multiple of the one "
        "before (default 1m)",
    )
    _quantile_argument(parser, "a column for this quantile, within 1 %%; repeat for more")
    parser.add_argument("--all", action="store_true", help=f"print every bucket, not only the last {SHOWN}")
    parser.add_argument("--out", metavar="DIR", help="also write rollup_1s.parquet and so on there")
    parser.add_argument(
        "--format", choices=_export.FORMATS, default="parquet", help="of these files (default parquet)"
    )
    parser.add_argument("--plot", metavar="FILE", help="also draw the widest buckets (PNG, SVG or PDF)")
    parser.set_defaults(fixes=FIXES)


def quantile_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``quantile`` takes."""
    _file_arguments(parser)
    _quantile_argument(parser, "a quantile, 0 to 1; repeat for more (default 0.5, 0.95, 0.99)")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--method", choices=METHODS, default="linear", help="(default linear)")
    ways.add_argument("--relative-error", type=float, metavar="E", help="by a sketch: 0.0001 to 0.5")
    parser.add_argument(
        "--fail-above",
        action="append",
        default=[],
        type=_limit,
        metavar="Q=LIMIT",
        help="exit with 1 where this quantile is above the limit, or there is none; repeat for more",
    )
    parser.set_defaults(fixes=FIXES)


def _file_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="Parquet, Arrow or CSV")
    parser.add_argument("--value", required=True, metavar="COLUMN", help="the values")


def _quantile_argument(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument(
        "-q", "--quantile", action="append", default=[], type=_share, metavar="Q", dest="quantiles", help=text
    )


def _width_us(text: str) -> int:
    found = re.fullmatch(r"(\d{1,15})(us|ms|s|m|h|d)", text)
    width_us = int(found[1]) * SUFFIXES_US[found[2]] if found else 0
    if not 0 < width_us < 2**53:
        raise argparse.ArgumentTypeError(f"{text}: expected a width such as 500ms, 1s, 5m, 1h, 1d")
    return width_us


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 0 to 1")
    return share


def _limit(text: str) -> tuple[float, float]:
    share, _, limit = text.partition("=")
    try:
        return _share(share), float(limit)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected Q=LIMIT, such as 0.95=200") from None


def rollup(args: argparse.Namespace) -> int:
    """Rolls up, prints, writes and draws."""
    if args.out:
        _export.check(args.format)
    plot = _extras.plot() if args.plot else None
    widths_us = list(dict.fromkeys(args.every or [60_000_000]))
    quantiles = list(dict.fromkeys(args.quantiles))
    rolled = Rollup(
        [(width_us, KEEP) for width_us in widths_us],
        late_us=2**63 - 1,
        relative_error=0.01 if quantiles else None,
    )
    nulls = 0
    for file in each("reading", args.file):
        for times, values, left_out in _columns.batches(file, args.value, args.time, args.unit):
            assert times is not None
            rolled.record_many(times, values)
            nulls += left_out
    counts = rolled.counts
    tables = [rolled.buckets(level, quantiles=quantiles) for level in range(len(widths_us))]
    kept = [int(table["count"].sum()) for table in tables]
    if plot is not None:
        figure = plot.rollup_figure(tables[-1], label=args.value, title=_title(args.value, widths_us[-1]))
        figure.savefig(args.plot, dpi=140)
    written = _write(args, widths_us, tables) if args.out else []
    if args.json:
        print(
            _json(
                {
                    "files": args.file,
                    "time": args.time,
                    "value": args.value,
                    "samples": counts.accepted,
                    "nulls": nulls,
                    "not_finite": counts.not_finite,
                    "levels": [
                        {
                            "width_us": width_us,
                            "samples_left_out": counts.accepted - inside,
                            "buckets": [dict(zip(table.keys(), row)) for row in table],
                        }
                        for width_us, inside, table in zip(widths_us, kept, tables)
                    ],
                }
            )
        )
    else:
        parts = [_shown(width_us, table, args.all) for width_us, table in zip(widths_us, tables)]
        print("\n\n".join(parts))
    sys.stdout.flush()
    _notes(counts.accepted, nulls, counts.not_finite)
    for width_us, inside in zip(widths_us, kept):
        if inside < counts.accepted:
            left = f"{counts.accepted - inside} samples before the last {KEEP} buckets of {_named(width_us)}"
            print(f"note: left out: {left}; choose wider ones", file=sys.stderr)
    for path in [*written, *([args.plot] if args.plot else [])]:
        print(f"written: {path}", file=sys.stderr)
    return 0


def _title(value: str, width_us: int) -> str:
    return f"{value}, buckets of {_named(width_us)}"


def _write(args: argparse.Namespace, widths_us: Sequence[int], tables: Sequence[Table]) -> list[str]:
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"rollup_{_named(width_us)}.{args.format}" for width_us in widths_us]
    for path, table in zip(paths, tables):
        _export.write(table, path, args.format)
    return [str(path) for path in paths]


def _named(width_us: int) -> str:
    """A width as it is given: the largest unit that it is a multiple of."""
    unit = next(unit for unit in reversed(SUFFIXES_US) if width_us % SUFFIXES_US[unit] == 0)
    return f"{width_us // SUFFIXES_US[unit]}{unit}"


def _shown(width_us: int, table: Table, everything: bool) -> str:
    names = [name for name in table.keys() if name not in ("start_us", "last_us")]  # noqa: SIM118
    rows = [["start (UTC)", *names]]
    body = list(table)
    for row in body if everything else body[-SHOWN:]:
        cells = dict(zip(table.keys(), row))
        rows.append([_when(cells["start_us"]), *(number(cells[name]) for name in names)])
    lines = [f"buckets of {_named(width_us)}: {len(body)}"]
    if not everything and len(body) > SHOWN:
        lines[0] += f", the last {SHOWN} of them (--all shows all)"
    return "\n".join([*lines, _text.columns(rows)])


def _when(at_us: Any) -> str:
    try:
        when = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=at_us)
    except OverflowError:
        return f"{at_us} us"
    return when.replace(tzinfo=None).isoformat(" ")


def _notes(samples: int, nulls: int, not_finite: int) -> None:
    if not samples:
        print("note: no values", file=sys.stderr)
    for count, what in ((nulls, "null"), (not_finite, "NaN or infinite")):
        if count:
            print(f"note: left out: {count} {'row' if count == 1 else 'rows'} {what}", file=sys.stderr)


def quantiles(args: argparse.Namespace) -> int:
    """Prints the quantiles, and fails on limits."""
    wanted = sorted({*(args.quantiles or (0.5, 0.95, 0.99)), *(q for q, _ in args.fail_above)})
    sketch = None if args.relative_error is None else Sketch(relative_error=args.relative_error)
    parts: list[Any] = []
    nulls = not_finite = 0
    for file in each("reading", args.file):
        for _, values, left_out in _columns.batches(file, args.value):
            nulls += left_out
            if sketch is not None:
                sketch.record_many(values)
                continue
            finite = values[np.isfinite(values)]
            not_finite += len(values) - len(finite)
            parts.append(finite)
    found: dict[str, Any] = {"files": args.file, "value": args.value}
    if sketch is not None:
        not_finite = sketch.rejected
        found |= {"method": "sketch", "relative_error": sketch.relative_error, "values": sketch.count}
        shares = {q: sketch.quantile(q) for q in wanted}
        if sketch.is_collapsed:
            raise CapacityExceededError(
                f"values lie too far apart for a relative error of {sketch.relative_error}: take a larger"
            )
    else:
        everything = np.concatenate(parts) if parts else np.empty(0)
        found |= {"method": args.method, "values": len(everything)}
        shares = {q: quantile(everything, q, args.method) for q in wanted}
    found |= {"nulls": nulls, "not_finite": not_finite}
    found["quantiles"] = {str(q): value for q, value in shares.items()}
    failed = [
        f"q{q} is {number(shares[q])}, the limit {number(limit)}"
        for q, limit in args.fail_above
        if not _within(shares[q], limit)
    ]
    if args.json:
        print(_json({**found, "failed": failed}))
    else:
        how = f"within {sketch.relative_error:g}" if sketch is not None else args.method
        rows = [["quantile", args.value]] + [[str(q), number(value)] for q, value in shares.items()]
        print(f"{found['values']} values, {how}\n{_text.columns(rows)}")
    sys.stdout.flush()
    _notes(found["values"], nulls, not_finite)
    for text in failed:
        print(f"gate failed: {text}", file=sys.stderr)
    return 1 if failed else 0


def _within(value: float | None, limit: float) -> bool:
    if math.isnan(limit):
        raise InvalidArgumentError("--fail-above: the limit is NaN")
    return value is not None and value <= limit


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
