"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._compare import Comparison
from ._repr import number
from ._types import GateResult

#: What is shown of a comparison also without an effect.
HEADLINES = (
    "frames_received",
    "frames_lost",
    "loss_ratio",
    "freeze_count",
    "freeze_total_ms",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "nack_total",
    "packet_loss_total",
    "fec_recovered",
    "fec_overhead_ratio",
)


def columns(rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Rows in columns as wide as they need to be; the first ``left`` columns flush left."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = (
        "  ".join(
            text.ljust(width) if at < left else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def summaries(labels: Sequence[str], found: Sequence[Mapping[str, Any]]) -> str:
    """A row for each key, a column for each run; tables and texts below."""
    keys = list(found[0])
    short = [key for key in keys if not any(isinstance(s[key], (dict, list)) for s in found)]
    rows = [["metric", *labels]] + [[key, *(number(s[key]) for s in found)] for key in short]
    parts = [columns(rows)]
    for key in (key for key in keys if key not in short):
        lines = [f"\n{key}"]
        for label, summary in zip(labels, found):
            value = summary[key]
            items = value if isinstance(value, list) else [f"{k}: {n}" for k, n in value.items()]
            lines += [f"  {label}: {item}" for item in items or ["-"]]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def script_table(labels: Sequence[str], found: Sequence[Mapping[str, Any]]) -> str:
    """The table and the verdict of the plotting script, letter for letter."""
    lines = ["metric".ljust(24) + "".join(label.rjust(16) for label in labels)]
    lines.append("-" * len(lines[0]))
    for key in found[0]:
        shown = "{:.1f}" if key.startswith("latency_") else "{:.0f}"
        lines.append(key.ljust(24) + "".join(shown.format(summary[key]).rjust(16) for summary in found))
    if len(found) == 2:
        a, b = found
        lines.append("")
        if b["frames_lost"] < a["frames_lost"]:
            lines.append(f"frames lost reduced {a['frames_lost']} -> {b['frames_lost']} with FlexFEC")
        if b["fec_recovered"] > 0:
            lines.append(f"SFU recovered {b['fec_recovered']:.0f} packets via FlexFEC")
    return "\n".join(lines)


def comparison(compared: Comparison, *, everything: bool) -> str:
    """A row for each key with what the comparison says of it."""
    rows = [["key", "A", "B", "B - A", "relative", "95 % interval", "effect of B"]]
    hidden = 0
    for key in compared:
        row = compared[key]
        if row.a is None and row.b is None:
            continue
        if not everything and key not in HEADLINES and row.effect == "no evidence":
            hidden += 1
            continue
        relative = "-" if row.relative is None else f"{row.relative:+.1%}"
        interval = "-" if row.interval is None else f"{row.interval[0]:.6g} to {row.interval[1]:.6g}"
        shown = [number(row.a), number(row.b), _signed(row.difference)]
        rows.append([key, *shown, relative, interval, row.effect])
    sides = [f"{side}: {', '.join(runs)}" for side, runs in (("A", compared.runs_a), ("B", compared.runs_b))]
    parts = ["\n".join(sides), columns(rows)]
    if hidden:
        parts.append(f"{hidden} more keys without evidence of an effect: --all shows them.")
    if compared.notes:
        parts.append("\n".join(f"note: {note}" for note in compared.notes))
    return "\n\n".join(parts)


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.6g}"


def gate(result: GateResult) -> str:
    """A line for a gate."""
    return f"gate {result.outcome}: {result.gate} ({result.reason})"


def sweep(found: Mapping[str, Any]) -> str:
    """The grid of a sweep, every cell with its loss and latency against the baseline."""
    rows = [["loss", "FEC rate", "FEC mask", "runs", "frame loss", "effect", "latency p95", "effect"]]
    for cell in found["cells"]:
        where = [
            "-" if cell[axis] in ("", None) else str(cell[axis]) for axis in ("loss", "fec_rate", "fec_mask")
        ]
        keys = (cell["comparison"] or {}).get("keys")
        if keys is None:
            rows.append([*where, str(len(cell["rows"])), f"missing: {cell['missing']}", "", "", ""])
            continue
        loss, late = keys.get("loss_ratio") or keys["frames_lost"], keys["latency_p95_ms"]
        rows.append(
            [*where, str(len(cell["rows"]))]
            + [
                text
                for row in (loss, late)
                for text in (f"{number(row['a'])} -> {number(row['b'])}", row["effect"])
            ]
        )
    missing = sum(cell["comparison"] is None for cell in found["cells"])
    return columns(rows, left=3) + f"\n\n{len(found['cells'])} cells, {missing} missing"
