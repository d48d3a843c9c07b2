"""The interactive report: one HTML file that holds everything it needs and asks no network."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _view
from ._view import Mode, Rate, RunView

if TYPE_CHECKING:
    from . import Comparison, Key, Run

#: Points of a series in the page; of a longer one the least and largest of each stretch of time.
POINTS_MAX = 4000
#: Marks of a run in the page.
MARKS_MAX = 200

# The hues of the figure, and lighter ones for a dark page.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#A64D8F", "#B27A00", "#3A8FC8", "#555555")
COLOURS_DARK = ("#56B4E9", "#FF8A4C", "#2FD6A4", "#E79AC9", "#F2BE4A", "#9AD0F5", "#D0D0D0")

# Summary key -> dashes of its line in CSS pixels.
DASHES = {
    "fec_recovered": [9, 4],
    "fec_recovery_failed": [2, 3],
    "fec_unused": [10, 3, 2, 3],
    "fec_discarded": [4, 4],
    "packet_loss_total": [5, 4],
}

#: What is compared first; the rest is one click away.
HEADLINE_KEYS = (
    "frames_received", "frames_lost", "loss_ratio", "loss_ratio_in_bursts", "freeze_count",
    "freeze_total_ms", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "frame_rate_mean_per_s",
    "nack_total", "packet_loss_total", "residual_loss_ratio", "fec_received", "fec_recovered",
    "recovery_probability", "fec_overhead_ratio",
)  # fmt: skip

ASSETS = Path(__file__).with_name("assets")


def write_report(
    path: str | os.PathLike[str],
    runs: Sequence[Run],
    comparison: Comparison | dict[str, Any] | None = None,
    *,
    mode: Mode = "exact",
) -> Path:
    """Writes the report on `runs` to the file `path`, and returns the path.

    With `comparison` (the result of `streamgauge.compare`) its table comes first. The page opens
    from disk, offline; a content security policy forbids it every request.
    """
    runs = list(runs)
    views = _view.views(runs, mode)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(runs, views, comparison), encoding="utf-8", newline="\n")
    return path


def page(
    runs: Sequence[Run], views: list[RunView], comparison: Comparison | dict[str, Any] | None = None
) -> str:
    """The report as text."""
    scripts = [_asset("uPlot.iife.min.js"), _asset("report.js")]
    styles = [_asset("uPlot.min.css"), _asset("report.css")]
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src {' '.join(map(_hash, scripts))}; style-src {' '.join(map(_hash, styles))}"
    )
    panels = _panels(views)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape('FEC report: ' + _view.listing([view.label for view in views]))}</title>",
        *(f"<style>{style}</style>" for style in styles),
        "</head><body>",
        _header(views),
        _comparison(comparison) if comparison is not None else "",
        _charts(views, panels),
        _summaries(views),
        _problems(runs, views),
        _notes(views, comparison, panels),
        f'<script id="data" type="application/json">{_json(_payload(views, panels))}</script>',
        *(f"<script>{script}</script>" for script in scripts),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _json(value: Any) -> str:
    """JSON that can stand in a script element: no `<` or `&` in it can end or begin anything."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _payload(views: list[RunView], panels: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "duration_s": max(max(view.duration_s for view in views), 1e-3),
        "runs": [
            {
                "label": view.label,
                "colour": COLOURS[index % len(COLOURS)],
                "colour_dark": COLOURS_DARK[index % len(COLOURS)],
                "bursts": [[start_s, end_s, bool(is_open)] for start_s, end_s, is_open in view.bursts],
                "marks": [[t_s, name] for t_s, name in view.marks[:MARKS_MAX]],
            }
            for index, view in enumerate(views)
        ],
        "panels": panels,
    }


def _panels(views: list[RunView]) -> list[dict[str, Any]]:
    """What the charts show, in their order."""
    latencies = np.concatenate([view.latency_ms for view in views])
    limit = _view.latency_limits(latencies) if latencies.size else (0.0, 0.0, False)
    frames = [view.frame_rate if view.has_frames else None for view in views]
    panels = [
        _panel("latency", "Frame latency, capture to receive", "points", "ms", 0.5, [
            _series(run, "", view.latency_s, view.latency_ms) for run, view in enumerate(views)
        ]),
        _panel("lost", "Lost frames: a tick a gap, taller the more are missing", "sticks", "lost", 0.0, [
            _series(run, "", view.gap_s, view.gap_missing) for run, view in enumerate(views)
        ]),
        _panel("fec", "FEC packets at the SFU", "lines", "/s", 0.75, _rates(views, _view.FEC_KEYS)),
        _panel("loss", "NACKs and packet loss", "lines", "/s", 0.75, _rates(views, _view.LOSS_KEYS)),
        _panel("freezes", "Freezes", "spans", "s", 0.0, [
            _series(run, "", view.freeze_start_s, view.freeze_duration_s)
            for run, view in enumerate(views)
        ]),
        _panel("rate", "Frame rate at the subscriber", "lines", "/s", 0.75, [
            _rate(run, "", rate) for run, rate in enumerate(frames) if rate
        ]),
    ]  # fmt: skip
    if limit[2]:
        panels[0]["limit"] = limit[1]
        panels[0]["title"] += f" (▲ above {limit[1]:,.0f} ms, up to {latencies.max():,.0f} ms)"
    return panels


def _panel(
    name: str, title: str, kind: str, unit: str, reach_s: float, series: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    series = [one for one in series if one["t"]]
    return {
        "id": name,
        "title": title,
        "kind": kind,
        "unit": unit,
        "reach_s": reach_s,
        "quantities": len({one["quantity"] for one in series}),
        "series": series,
    }


def _rates(views: list[RunView], keys: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        _rate(run, word, view.rates[key], DASHES.get(key, []))
        for run, view in enumerate(views)
        for key, word in keys
        if key in view.rates
    ]


def _rate(run: int, quantity: str, rate: Rate, dash: Sequence[int] = ()) -> dict[str, Any]:
    return {**_series(run, quantity, rate.t_s, rate.per_s, dash), "partial": rate.last_partial}


def _series(run: int, quantity: str, t_s: Any, values: Any, dash: Sequence[int] = ()) -> dict[str, Any]:
    shown_s, shown = _view.thin(np.asarray(t_s, dtype=float), np.asarray(values, dtype=float), POINTS_MAX)
    return {
        "run": run,
        "quantity": quantity,
        "dash": list(dash),
        "of": len(values),
        "t": [round(float(t), 6) for t in shown_s],
        "v": [_number_or_none(value) for value in shown],
    }


def _number_or_none(value: Any) -> float | None:
    value = float(value)
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _header(views: list[RunView]) -> str:
    profiles = _view.profiles(views)
    lines = [text if len(profiles) == 1 else f"{', '.join(labels)}: {text}" for text, labels in profiles]
    return (
        "<header><h1>FlexFEC publisher→SFU recovery</h1>"
        + "".join(f"<p>{escape(line)}</p>" for line in lines)
        + '<p id="failure" role="alert"></p></header>'
    )


def _charts(views: list[RunView], panels: list[dict[str, Any]]) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" data-run="{run}" checked>'
        f'<span class="swatch" data-run="{run}"></span>'
        f'<span title="{escape(view.path)}">{escape(view.label)}</span></label>'
        for run, view in enumerate(views)
    )
    buttons = "".join(
        f'<button type="button" data-do="{action}" aria-label="{name}" title="{name}">{sign}</button> '
        for action, name, sign in (
            ("left", "earlier", "◀"),
            ("in", "zoom in", "+"),
            ("out", "zoom out", "&minus;"),
            ("right", "later", "▶"),
            ("reset", "show everything", "all"),
        )
    )
    bursts = any(view.bursts for view in views)
    shade = '<span><span class="swatch burst"></span>loss burst</span>' if bursts else ""
    parts = [
        "<h2>Over time</h2>",
        f'<div class="controls"><fieldset><legend>Runs</legend>{boxes}</fieldset>{shade}'
        f"<span>{buttons}</span></div>",
        '<p class="faint">Drag to zoom, Shift-drag to pan, Ctrl-wheel to zoom, double-click for everything.'
        " With a chart focused: ← → move the cursor, Shift with them pans, + and &minus; zoom, 0 shows"
        " everything.</p><noscript><p>The charts need JavaScript; the tables do not.</p></noscript>",
    ]
    for panel in panels:
        title = escape(panel["title"])
        chart = (
            f'<div class="chart" id="chart-{panel["id"]}" tabindex="0" role="group"'
            f' aria-label="{title}"></div>'
            if panel["series"]
            else f'<div class="none">{escape(_nothing(panel["id"]))}</div>'
        )
        without = _without(panel, views)
        parts.append(f'<section class="panel"><h3>{title}{without}</h3>{chart}</section>')
    return "\n".join(parts)


def _nothing(name: str) -> str:
    return {
        "latency": "No frame with a user timestamp in the window.",
        "lost": "No gap between the frame ids.",
        "fec": "No FEC counters in these runs.",
        "loss": "No NACK or loss counters in these runs.",
        "freezes": "No freeze.",
        "rate": "No frame in the window.",
    }[name]


def _without(panel: dict[str, Any], views: list[RunView]) -> str:
    """Which runs a chart does not have, where that means that something was not measured."""
    have = {series["run"] for series in panel["series"]}
    missing = [view.label for run, view in enumerate(views) if run not in have]
    if not have or not missing or panel["id"] in ("lost", "freezes"):
        return ""
    return f' <span class="faint">(not measured: {escape(_view.listing(missing))})</span>'


def _summaries(views: list[RunView]) -> str:
    definitions = _definitions()
    known = [key for key in views[0].summary if key not in ("notes", "labels_used")]
    parts = (
        ("Summary", [key for key in known if not key.endswith(("_in_bursts", "_outside_bursts"))]),
        (
            "Inside and outside bursts",
            [key for key in known if key.endswith(("_in_bursts", "_outside_bursts"))],
        ),
    )
    head = "".join(f'<th class="number" scope="col">{escape(view.label)}</th>' for view in views)
    out = []
    for title, keys in parts:
        if not keys:
            continue
        rows = []
        for key in keys:
            about = definitions.get(key)
            # A point in time is no amount: without separators it can be copied and searched for.
            found = [view.summary.get(key) for view in views]
            shown = [str(value) if key.startswith("window_") else value for value in found]
            values = "".join(f'<td class="number">{format_value(value)}</td>' for value in shown)
            unit, formula = (about.unit, about.formula) if about else ("", "")
            if about and about.null_when != "never":
                formula += f"; none when {about.null_when}"
            rows.append(
                f'<tr><th scope="row">{escape(key)}</th>{values}<td>{escape(unit)}</td>'
                f'<td class="formula">{_code(formula)}</td></tr>'
            )
        out.append(
            f'<h2>{title}</h2><div class="scroll"><table><thead><tr><th scope="col">key</th>{head}'
            '<th scope="col">unit</th><th scope="col">what it is</th></tr></thead><tbody>'
            + "".join(rows)
            + "</tbody></table></div>"
        )
    return "\n".join(out)


def _code(text: str) -> str:
    """Text as HTML, with what stands between backticks as code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(text))


def _definitions() -> dict[str, Key]:
    from . import keys

    return {about.name: about for about in keys()}


def format_value(value: Any) -> str:
    """A value for reading, as HTML: a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "&ndash;"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        size = abs(value)
        if value == int(value) if math.isfinite(value) else False:
            return f"{value:,.0f}"
        return f"{value:,.1f}" if size >= 100 else f"{value:,.2f}" if size >= 10 else f"{value:.4g}"
    if isinstance(value, dict):
        counts = [f"{escape(str(name))}: {count:,}" for name, count in value.items() if count]
        return "<br>".join(counts) or "none"
    if isinstance(value, (list, tuple)):
        return "<br>".join(escape(str(item)) for item in value) or "none"
    return escape(str(value))


def _comparison(comparison: Comparison | dict[str, Any]) -> str:
    compared = as_dict(comparison)
    rows = compared["keys"]
    rows = list(rows.items()) if isinstance(rows, dict) else [(row["key"], row) for row in rows]
    # A key without a value on either side compares nothing.
    rows = [(key, row) for key, row in rows if row["a"] is not None or row["b"] is not None]
    first = [(key, row) for key, row in rows if key in HEADLINE_KEYS or row["effect"] != "no evidence"]
    first_keys = {key for key, _ in first}
    rest = [(key, row) for key, row in rows if key not in first_keys]
    sides = [escape(", ".join(compared[side]["runs"])) for side in "ab"]
    runs = f"<p><b>A</b>: {sides[0]}<br><b>B</b>: {sides[1]}</p>"
    method = (
        '<p class="faint">Difference is B &minus; A, with its'
        f" {compared.get('confidence', 0.95):.0%} bootstrap interval"
        f" ({compared['resamples']:,} resamples of runs and one-second blocks, seed {compared['seed']})."
        " Better or worse is said only where the interval excludes 0.</p>"
    )
    parts = ["<h2>Comparison</h2>", runs, method, _comparison_table(first)]
    if rest:
        parts.append(f"<details><summary>{len(rest)} more keys</summary>{_comparison_table(rest)}</details>")
    return "\n".join(parts)


def as_dict(comparison: Comparison | dict[str, Any]) -> dict[str, Any]:
    """A comparison as the dict that its JSON is."""
    return comparison if isinstance(comparison, dict) else comparison.to_dict()


def _comparison_table(rows: Iterable[tuple[str, dict[str, Any]]]) -> str:
    head = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in (
            ("key", ""),
            ("A", ' class="number"'),
            ("B", ' class="number"'),
            ("difference", ' class="number"'),
            ("relative", ' class="number"'),
            ("95 % interval", ' class="number"'),
            ("", ""),
            ("effect of B", ""),
        )
    )
    body = "".join(_comparison_row(key, row) for key, row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _comparison_row(key: str, row: dict[str, Any]) -> str:
    effect = row["effect"]
    sign = {"better": "▲ better", "worse": "▼ worse"}.get(effect, "· no evidence")
    kind = effect if effect in ("better", "worse") else ""
    interval = row["interval"]
    if interval:
        text = f"{_signed(interval[0])} … {_signed(interval[1])}"
    else:
        text = f'<span class="faint" title="{escape(row.get("no_interval") or "")}">none</span>'
    relative = "&ndash;" if row["relative"] is None else f"{row['relative']:+.1%}"
    unit = escape(row.get("unit") or "")
    return (
        f'<tr><th scope="row">{escape(key)} <span class="faint">{unit}</span></th>'
        f'<td class="number">{format_value(row["a"])}</td><td class="number">{format_value(row["b"])}</td>'
        f'<td class="number">{_signed(row["difference"])}</td><td class="number">{relative}</td>'
        f'<td class="number">{text}</td><td>{_interval_bar(row, kind)}</td>'
        f'<td class="effect {kind}">{sign}</td></tr>'
    )


def _signed(value: Any) -> str:
    if value is None:
        return "&ndash;"
    return ("+" if value > 0 else "") + format_value(value).replace("-", "&minus;")


def _interval_bar(row: dict[str, Any], kind: str) -> str:
    """The interval as a bar around a line at 0, scaled to itself."""
    interval = row["interval"]
    if not interval:
        return ""
    size = max(abs(interval[0]), abs(interval[1]), abs(row["difference"] or 0.0)) or 1.0
    low, high, point = (f"{60 + 55 * value / size:.1f}" for value in (*interval, row["difference"] or 0.0))
    return (
        f'<svg class="interval {kind}" width="120" height="14" aria-hidden="true">'
        '<line class="zero" x1="60" x2="60" y1="0" y2="14"/>'
        f'<line class="span" x1="{low}" x2="{high}" y1="7" y2="7"/>'
        f'<circle class="point" cx="{point}" cy="7" r="3"/></svg>'
    )


def _problems(runs: Sequence[Run], views: list[RunView]) -> str:
    rows: list[tuple[str, str, str, str, list[int]]] = []
    for run, view in zip(runs, views):
        for name, file in dict(run.problems).items():
            if file.get("missing"):
                rows.append((view.label, name, "the file is missing", "", []))
            for effect in ("dropped", "kept"):
                what = "not used" if effect == "dropped" else "used in part"
                for reason, count in (file.get(effect) or {}).items():
                    lines = [p["line"] for p in file.get("first", []) if p["reason"] == reason]
                    rows.append((view.label, name, f"{reason}, {what}", f"{count:,}", lines))
    if not rows:
        return "<h2>Problems</h2><p>Every row of every file was used.</p>"
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td>{escape(name)}</td><td>{escape(what)}</td>'
        f'<td class="number">{count}</td><td class="formula">{_lines(lines)}</td></tr>'
        for label, name, what, count, lines in rows
    )
    return (
        '<h2>Problems</h2><div class="scroll"><table><thead><tr><th scope="col">run</th>'
        '<th scope="col">file</th><th scope="col">what</th><th class="number" scope="col">rows</th>'
        '<th scope="col">first lines</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _lines(lines: Sequence[int]) -> str:
    return escape(", ".join(map(str, lines[:12])) + (", …" if len(lines) > 12 else ""))


def _notes(
    views: list[RunView], comparison: Comparison | dict[str, Any] | None, panels: list[dict[str, Any]]
) -> str:
    notes = []
    for view in views:
        notes += [f"{view.label}: {note}" for note in view.summary.get("notes") or []]
        used = view.summary.get("labels_used") or []
        if used:
            notes.append(f"{view.label}: counters read from {'; '.join(used)}.")
        if len(view.marks) > MARKS_MAX:
            notes.append(f"{view.label}: of {len(view.marks):,} marks the first {MARKS_MAX} are drawn.")
    if comparison is not None:
        notes += as_dict(comparison).get("notes") or []
    thinned = [panel["title"] for panel in panels if any(len(s["t"]) < s["of"] for s in panel["series"])]
    if thinned:
        notes.append(
            f"Thinned for display ({'; '.join(thinned)}): of a series of more than {POINTS_MAX:,} points the"
            " least and the largest of each stretch of time are shown, so that no peak is lost. The tables"
            " are computed from everything."
        )
    notes.append(
        "Rates are one point a second, at the middle of the second. A second of which less than half was"
        " measured has none; of the others the rate is over what was measured. The last one may be shorter."
    )
    notes.append("Times are seconds since the start of each run's own window.")
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<h2>Notes</h2><ul>{items}</ul>"
