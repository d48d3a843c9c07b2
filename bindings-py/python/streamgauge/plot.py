"""Figures of runs, sweeps, series and peer connections. Needs matplotlib: `pip install streamgauge[plot]`.

Every function returns a `matplotlib.figure.Figure` that belongs to no window and no pyplot state, so
that it works without a display and in threads; save it with `figure.savefig(path)`, or show it in a
notebook by naming it in the last line of a cell.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from . import _view
from ._plot_series import concurrency_figure, rollup_figure
from ._plot_style import FAINT, INK, add_aside, add_heading, add_note, plain, run_colours, style_axes
from ._plot_webrtc import webrtc_figure
from ._view import Floats, Mode, Rate, RunView

try:
    from matplotlib import colormaps
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, Rectangle
    from matplotlib.ticker import MaxNLocator
except ImportError as missing:
    raise ImportError("streamgauge.plot needs matplotlib: pip install 'streamgauge[plot]'") from missing

if TYPE_CHECKING:
    from . import Run, Sweep

__all__ = [
    "concurrency_figure",
    "report_figure",
    "rollup_figure",
    "save_report",
    "sweep_figure",
    "webrtc_figure",
]

BURST_COLOUR = "#5b6470"
#: More latencies, and gaps, than this cannot be told apart: then stretches of time are drawn instead.
POINTS_MAX = 20_000
#: The same for the seconds of a rate.
RATE_POINTS_MAX = 2_000
#: How many stretches.
BINS = 400
LONG_RATE = "long run, all rates: line mean, shade least to largest"
LABEL_MAX = 24

# Summary key -> line style: the hue tells the run, the style the quantity.
STYLES: dict[str, Any] = {
    "fec_received": "-",
    "fec_recovered": (0, (5, 1.6)),
    "fec_recovery_failed": (0, (1.2, 1.2)),
    "fec_unused": (0, (6, 1.5, 1.2, 1.5)),
    "fec_discarded": (0, (2.5, 2.5)),
    "nack_total": "-",
    "packet_loss_total": (0, (3, 1.3)),
}


#: What the sweep figure shows of what the summaries have: key, heading, format, whether more is bad.
SWEEP_KEYS = (
    ("loss_ratio", "Frames lost", "{:.1%}", True),
    ("latency_p95_ms", "Latency p95 (ms)", "{:,.0f}", True),
    ("freeze_total_ms", "Frozen (ms)", "{:,.0f}", True),
)


def save_report(
    runs: Iterable[Run], out_dir: str | os.PathLike[str], *, mode: Mode = "exact", dpi: float = 140
) -> Path:
    """Writes `report_figure(runs)` to `fec_report.png` in `out_dir`, which is made if need be, and
    returns the file's path."""
    path = Path(out_dir) / "fec_report.png"
    os.makedirs(out_dir, exist_ok=True)
    report_figure(runs, mode=mode).savefig(path, dpi=dpi)
    return path


def report_figure(runs: Iterable[Run], *, mode: Mode = "exact") -> Figure:
    """The four panels of any number of runs, overlaid by the time since the start of each run's
    window: latency with a strip of lost frames, FEC, NACKs and loss, frame rate with a strip of
    freezes. Each run has one hue in all of them; in a panel with several quantities the line style
    tells which.

    Rates are one point a second; where less than half of a second was measured there is none. Of runs
    too long for that (`RATE_POINTS_MAX`, `POINTS_MAX`) stretches of time are drawn, 400 in all: the
    mean rate with least and largest, the quantiles of latency with the largest.
    Latencies so far above the rest that they would flatten it are drawn as arrows at the upper edge.
    The bars at the right of the latency panel are each run's p5 to p95 and, thin, p99; the mark is p50.

    `mode` is `"exact"` or `"plot_fec"` and is passed on to the runs' series.
    """
    views = _view.views(runs, mode)
    colours = run_colours(len(views))
    figure, axes, strips = _layout(views)
    latency_axes, fec_axes, loss_axes, rate_axes = axes
    duration_s = max(view.duration_s for view in views) or 1.0
    for ax in axes:
        ax.set_xlim(-0.01 * duration_s, 1.01 * duration_s)
    _draw_latency(latency_axes, views, colours)
    _draw_gaps(strips[0], views, colours)
    _draw_counters(fec_axes, views, colours, _view.FEC_KEYS, "packets/s", "FEC packets at the SFU")
    _draw_counters(loss_axes, views, colours, _view.LOSS_KEYS, "per second", "NACKs and packet loss")
    _draw_frame_rate(rate_axes, views, colours)
    _draw_freezes(strips[1], views, colours)
    for ax in axes:
        _draw_bursts(ax, views)
    _draw_marks(axes, views, colours)
    _title(figure, views, colours)
    return figure


def _layout(views: list[RunView]) -> tuple[Figure, list[Axes], list[Axes]]:
    """The figure, its four panels, and the strips under the first and the last of them.

    Placed by hand, in inches: the parts have known heights, and so nothing moves with the data.
    """
    names_in = 0.062 * max(len(_short(view.label)) for view in views) + 0.15
    left_in, right_in = max(0.75, names_in), max(0.85, 0.5 + 0.13 * len(views))
    width_in = 8.4 + left_in + right_in
    strip_in = 0.17 * len(views) + 0.04
    panels_in = [(2.7, strip_in), (1.45, 0.0), (1.45, 0.0), (1.45, strip_in)]
    profile_lines = len(_view.profiles(views))
    legend_rows = -(-(len(views) + 1) // _legend_columns(views))
    head_in = 0.75 + 0.24 * profile_lines + 0.22 * legend_rows
    gap_in, foot_in = 0.42, 0.55
    height_in = head_in + sum(map(sum, panels_in)) + gap_in * 3 + foot_in
    figure = Figure(figsize=(width_in, height_in), facecolor="white")
    axes: list[Axes] = []
    strips: list[Axes] = []
    top_in = height_in - head_in
    for panel_in, under_in in panels_in:
        top_in -= panel_in
        box = (left_in / width_in, top_in / height_in, 8.4 / width_in, panel_in / height_in)
        ax = figure.add_axes(box, sharex=axes[0] if axes else None)
        style_axes(ax)
        axes.append(ax)
        if under_in:
            strips.append(_strip(ax, views, under_in / panel_in))
        top_in -= under_in + gap_in
    for ax in axes:
        ax.tick_params(labelbottom=False)
    # The last strip is the lowest part of the figure: the axis of time stands under it.
    strips[-1].tick_params(axis="x", labelbottom=True, labelsize=9, colors=INK)
    strips[-1].set_xlabel("seconds since the start of the measurement", color=INK, fontsize=9.5)
    return figure, axes, strips


def _legend_columns(views: list[RunView]) -> int:
    """How many labels fit beside one another above the panels."""
    return max(1, min(6, int(95 / (8 + max(len(view.label) for view in views)))))


def _short(label: str) -> str:
    """A label that fits beside a strip; the end tells runs apart."""
    return plain(label if len(label) <= LABEL_MAX else "…" + label[-(LABEL_MAX - 1) :])


def _title(figure: Figure, views: list[RunView], colours: Sequence[str]) -> None:
    profiles = _view.profiles(views)
    if len(profiles) == 1:
        lines = [profiles[0][0]]
    else:
        lines = [f"{_view.listing(labels)}: {text}" for text, labels in profiles]
    height_in = figure.get_figheight()
    figure.text(
        0.5, 1 - 0.16 / height_in, "FlexFEC publisher→SFU recovery", ha="center", va="top",
        fontsize=13, fontweight="bold", color=INK,
    )  # fmt: skip
    figure.text(
        0.5, 1 - 0.42 / height_in, plain("\n".join(lines)), ha="center", va="top", fontsize=10.5,
        color=INK, linespacing=1.45,
    )  # fmt: skip
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, linewidth=3, label=plain(view.label))
        for view, colour in zip(views, colours)
    ]
    merged, same = _view.merged_bursts(views)
    if merged:
        label = "loss burst" if same else "loss burst in some run (strips: in which)"
        handles.append(Patch(facecolor=BURST_COLOUR, alpha=0.16, label=label))
    figure.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, 1 - (0.44 + 0.23 * len(lines)) / height_in),
        ncols=min(len(handles), _legend_columns(views)), frameon=False, fontsize=10, labelcolor=INK,
        borderaxespad=0, columnspacing=2.2,
    )  # fmt: skip


def _draw_latency(ax: Axes, views: list[RunView], colours: Sequence[str]) -> None:
    add_heading(ax, "Frame latency, capture to receive")
    ax.set_ylabel("ms")
    everything = np.concatenate([view.latency_ms for view in views])
    if everything.size == 0:
        add_note(ax, "no frame with a user timestamp in the window")
        return
    low, high, clipped = _view.latency_limits(everything)
    for view, colour in zip(views, colours):
        t_s, ms = view.latency_s, view.latency_ms
        if len(ms) > POINTS_MAX:
            t_s, ms = _draw_latency_bands(ax, t_s, ms, colour)
        ax.plot(
            t_s, ms, linestyle="none", marker="o", markersize=2.1, markeredgewidth=0, alpha=0.62,
            color=colour, label=view.label, rasterized=True, zorder=3,
        )  # fmt: skip
        above = ms > high
        ax.plot(
            t_s[above], np.full(above.sum(), high), linestyle="none", marker="^", markersize=5,
            color=colour, clip_on=False, zorder=4, label="_above",
        )  # fmt: skip
    ax.set_ylim(low, high)
    if clipped:
        count = int((everything > high).sum())
        ax.text(
            0.995, 0.97, f"▲ {count} above {high:,.0f} ms, up to {everything.max():,.0f} ms",
            transform=ax.transAxes, ha="right", va="top", fontsize=8.5, color=INK,
        )  # fmt: skip
    remarks = [view.label for view in views if view.latency_ms.size == 0]
    remarks = ["no latency: " + _view.listing(remarks)] if remarks else []
    if any(len(view.latency_ms) > POINTS_MAX for view in views):
        remarks.append("long run: line p50, shade p5 to p95, dots the largest")
    add_aside(ax, "    ".join(remarks))
    _draw_quantiles(ax, views, colours)


def _draw_latency_bands(ax: Axes, t_s: Floats, ms: Floats, colour: str) -> tuple[Floats, Floats]:
    """Of more points than can be told apart their quantiles are drawn, and the largest of each stretch
    is left for the points."""
    at_s, p5, p50, p95, largest = _view.binned(
        t_s, ms, BINS, *(partial(np.quantile, q=q) for q in (0.05, 0.5, 0.95, 1.0))
    )
    ax.fill_between(at_s, p5, p95, color=colour, alpha=0.25, linewidth=0, zorder=2)
    ax.plot(at_s, p50, color=colour, linewidth=1.2, label="_p50", zorder=3)
    return at_s, largest


def _draw_quantiles(ax: Axes, views: list[RunView], colours: Sequence[str]) -> None:
    width = 0.016 * len(views) + 0.01
    side = ax.inset_axes((1.005, 0, width, 1), sharey=ax, label="quantiles")
    side.set_axis_off()
    side.set_xlim(-0.8, len(views) - 0.2)
    for row, (view, colour) in enumerate(zip(views, colours)):
        if view.latency_ms.size:
            p5, p50, p95, p99 = np.quantile(view.latency_ms, [0.05, 0.5, 0.95, 0.99])
            side.plot([row, row], [p5, p99], color=colour, linewidth=1.2, solid_capstyle="butt")
            side.plot([row, row], [p5, p95], color=colour, linewidth=3.6, solid_capstyle="butt")
            side.plot([row], [p50], marker="o", markersize=5, color="white", markeredgecolor=colour)
    side.text(
        1.02, 0, "○ p50   ▌p5 to p95   | to p99", transform=side.transAxes, rotation=90, va="bottom",
        fontsize=7.5, color=FAINT,
    )  # fmt: skip


def _strip(ax: Axes, views: list[RunView], height: float) -> Axes:
    """A row for each run right under a panel, with the run's own bursts shaded."""
    strip = ax.inset_axes((0, -height, 1, height), sharex=ax)
    strip.set_ylim(len(views) - 0.5, -0.5)
    strip.set_yticks(range(len(views)), [_short(view.label) for view in views])
    for tick, colour in zip(strip.get_yticklabels(), run_colours(len(views))):
        tick.set_color(colour)
    strip.tick_params(length=0, labelsize=7.5, labelbottom=False)
    for side in strip.spines.values():
        side.set_visible(False)
    for row, view in enumerate(views):
        spans = [(start_s, end_s - start_s) for start_s, end_s, _ in view.bursts]
        strip.broken_barh(
            spans, (row - 0.5, 1), facecolor=BURST_COLOUR, alpha=0.13, linewidth=0, label="_bursts"
        )
    return strip


def _say_row(strip: Axes, row: int, text: str, colour: str) -> None:
    """A row's total, at its right."""
    strip.text(
        1.006, row, text, transform=strip.get_yaxis_transform(), va="center", fontsize=7.5, color=colour
    )


def _draw_gaps(strip: Axes, views: list[RunView], colours: Sequence[str]) -> None:
    """One tick a gap; the more frames are missing, the taller."""
    strip.set_label("lost frames")
    for row, (view, colour) in enumerate(zip(views, colours)):
        # 1 missing frame is a third of the row, 7 and more all of it.
        gap_s, missing = _view.thin(view.gap_s, view.gap_missing, POINTS_MAX)
        tall = 0.86 * np.clip(np.log2(1 + missing) / 3, 0.33, 1.0)
        bottom = row + 0.43
        ticks = LineCollection(
            [[(t_s, bottom), (t_s, bottom - height)] for t_s, height in zip(gap_s, tall)],
            colors=[colour], linewidths=0.9, alpha=0.85, rasterized=True,
        )  # fmt: skip
        ticks.set_label(f"gaps {view.label}")
        strip.add_collection(ticks, autolim=False)
        _say_row(strip, row, view.lost_text, colour)


def _draw_freezes(strip: Axes, views: list[RunView], colours: Sequence[str]) -> None:
    strip.set_label("freezes")
    for row, (view, colour) in enumerate(zip(views, colours)):
        freezes = _view.thin(view.freeze_start_s, view.freeze_duration_s, POINTS_MAX)
        strip.broken_barh(
            list(zip(*freezes)), (row - 0.36, 0.72),
            facecolor=colour, edgecolor=colour, linewidth=0.8, label=f"freezes {view.label}",
        )  # fmt: skip
        if view.has_frames:
            frozen_s = view.freeze_duration_s.sum()
            text = f"frozen {frozen_s:.1f} s" if view.freeze_start_s.size else "no freeze"
            _say_row(strip, row, text, colour)


def _draw_counters(
    ax: Axes,
    views: list[RunView],
    colours: Sequence[str],
    keys: Sequence[tuple[str, str]],
    unit: str,
    heading: str,
) -> None:
    add_heading(ax, heading)
    ax.set_ylabel(unit)
    drawn = {}
    for view, colour in zip(views, colours):
        for key, word in keys:
            rate = view.rates.get(key)
            if rate is not None:
                _draw_rate(ax, rate, colour, STYLES[key], f"{view.label} {word}")
                drawn[key] = word
    if not drawn:
        add_note(ax, f"no counters of {heading} in the {'runs' if len(views) > 1 else 'run'}")
        return
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.yaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    handles = [
        Line2D([], [], color=FAINT, linestyle=STYLES[key], linewidth=1.6, label=word)
        for key, word in drawn.items()
    ]
    legend = ax.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(handles),
        frameon=False, fontsize=8.5, borderaxespad=0.1, handlelength=2.8, labelcolor=INK,
    )  # fmt: skip
    without = [view.label for view in views if not any(key in view.rates for key, _ in keys)]
    if without:
        # As many as there is room for beside the legend.
        named = _view.listing([_short(one) for one in without], 3 if len(handles) <= 2 else 1)
        ax.annotate(
            f"no counters: {named}", (0, 0.5), xycoords=legend, xytext=(-8, 0), va="center", ha="right",
            textcoords="offset points", fontsize=8.5, color=FAINT, style="italic",
        )  # fmt: skip


def _is_long(rate: Rate) -> bool:
    return len(rate.per_s) > RATE_POINTS_MAX


def _draw_rate(ax: Axes, rate: Rate, colour: str, style: Any, label: str) -> None:
    t_s, per_s = rate.t_s, rate.per_s
    if _is_long(rate):
        t_s, low, per_s, high = _view.binned(t_s, per_s, BINS, np.min, np.mean, np.max)
        ax.fill_between(t_s, low, high, color=colour, alpha=0.16, linewidth=0, zorder=2)
    elif rate.last_partial and len(per_s) and not np.isnan(per_s[-1]):
        ax.plot(
            t_s[-1:], per_s[-1:], marker="o", markersize=4.5, markerfacecolor="white", color=colour,
            linestyle="none", label="_partial", zorder=4,
        )  # fmt: skip
    ax.plot(t_s, per_s, color=colour, linestyle=style, linewidth=1.35, label=label, zorder=3)


def _draw_frame_rate(ax: Axes, views: list[RunView], colours: Sequence[str]) -> None:
    add_heading(ax, "Frame rate at the subscriber")
    ax.set_ylabel("frames/s")
    for view, colour in zip(views, colours):
        if view.has_frames:
            _draw_rate(ax, view.frame_rate, colour, "-", view.label)
    ax.set_ylim(0, max(1.0, ax.get_ylim()[1]))
    without = [view.label for view in views if not view.has_frames]
    if len(without) == len(views):
        add_note(ax, "no frame in the window")
        return
    remarks = ["no frames: " + _view.listing(without)] if without else []
    if any(_is_long(view.frame_rate) for view in views):
        remarks.append(LONG_RATE)
    elif any(view.frame_rate.last_partial for view in views):
        remarks.append("○ last bucket, shorter than a second")
    add_aside(ax, "    ".join(remarks))


def _draw_bursts(ax: Axes, views: list[RunView]) -> None:
    spans = [(start_s, end_s - start_s) for start_s, end_s in _view.merged_bursts(views)[0]]
    ax.broken_barh(
        spans, (0, 1), transform=ax.get_xaxis_transform(), color=BURST_COLOUR, alpha=0.13, linewidth=0,
        zorder=0, label="bursts",
    )  # fmt: skip


def _draw_marks(axes: Sequence[Axes], views: list[RunView], colours: Sequence[str]) -> None:
    marks = sorted((t_s, name, colour) for view, colour in zip(views, colours) for t_s, name in view.marks)
    near_s = 0.02 * (axes[0].get_xlim()[1] - axes[0].get_xlim()[0])
    free_from_s = [-np.inf, -np.inf]
    for t_s, name, colour in marks:
        for ax in axes:
            ax.axvline(t_s, color=colour, linewidth=0.9, linestyle=(0, (1, 2)), zorder=2)
        # Labels stand in two levels; where both are taken, the line has to do.
        level = next((level for level, from_s in enumerate(free_from_s) if t_s >= from_s), None)
        if level is not None:
            free_from_s[level] = t_s + near_s
            axes[0].annotate(
                plain(name if len(name) <= 20 else name[:19] + "…"), (t_s, 1 - level / 2),
                xycoords=("data", "axes fraction"), xytext=(2, -3), textcoords="offset points",
                rotation=90, va="top", fontsize=7.5, color=colour,
            )  # fmt: skip


def sweep_figure(sweep: Sweep | dict[str, Any]) -> Figure:
    """The grid of a sweep: one table a quantity, with a column for each loss and a row for each FEC
    rate and mask, the baselines above them. Dark is bad.

    `sweep` is the result of `streamgauge.sweep`, or the dict that its JSON is. Repeats of a cell are
    one value, with their number. Under a value stands its relative change from the baseline of the
    same loss: bold with ▲ or ▼ where the comparison calls it better or worse, in brackets where it
    is no evidence. A cell without a run is hatched and says why.
    """
    sweep = sweep if isinstance(sweep, dict) else sweep.to_dict()
    losses = sweep["losses"]
    if not losses:
        raise ValueError("the sweep has no baseline and no FEC row")
    settings = [(rate, mask) for rate in sweep["fec_rates"] for mask in sweep["fec_masks"]]
    names = ["baseline", *(_setting_text(*setting) for setting in settings)]
    summaries = [row["summary"] for row in sweep["rows"] if row["summary"]]
    chosen = [key for key in SWEEP_KEYS if any(key[0] in summary for summary in summaries)] or SWEEP_KEYS[:1]
    texts = [_level_text(loss) for loss in losses]
    cell_in = max(1.05, 0.2 + 0.09 * max(map(len, texts))), 0.56
    names_in, gap_in = 0.5 + 0.085 * max(map(len, names)), 0.35
    width_in, height_in = cell_in[0] * len(losses), cell_in[1] * len(names)
    size_in = max(8.0, names_in + (width_in + gap_in) * len(chosen) + 0.2), height_in + 1.45
    figure = Figure(figsize=size_in, facecolor="white")
    for index, (key, heading, shown, dark_is_high) in enumerate(chosen):
        left_in = names_in + index * (width_in + gap_in)
        box = (left_in / size_in[0], 0.65 / size_in[1], width_in / size_in[0], height_in / size_in[1])
        ax = figure.add_axes(box)
        add_heading(ax, heading)
        cells = _sweep_cells(sweep, settings, key)
        _draw_grid(ax, cells, shown, dark_is_high)
        ax.set_xticks(range(len(losses)), texts)
        ax.set_yticks(range(len(names)), names if index == 0 else [])
        ax.set_xlabel("loss", color=INK, fontsize=9.5)
    figure.text(
        0.1 / size_in[0], 0.1 / size_in[1],
        "▲ better, ▼ worse than the baseline of the same loss: the 95 % interval of the difference"
        " excludes 0; in brackets it does not",
        fontsize=7.5, color=FAINT,
    )  # fmt: skip
    used = sum(row["missing"] is None for row in sweep["rows"])
    title = f"Sweep: {used} of the {len(sweep['rows'])} runs of the manifest could be used"
    figure.text(
        0.1 / size_in[0], 1 - 0.12 / size_in[1], title, va="top", fontsize=12.5, fontweight="bold", color=INK
    )
    return figure


def _level_text(level: Any) -> str:
    return (
        "not stated"
        if level in (None, "")
        else plain(f"{level:g}" if isinstance(level, float) else str(level))
    )


def _setting_text(rate: Any, mask: str) -> str:
    return " ".join(["FEC", "" if rate is None else f"rate {_level_text(rate)}", plain(mask)]).strip()


#: Value, number of runs, comparison of the key, why the cell is missing.
_Cell = tuple[Optional[float], int, Optional[dict[str, Any]], Optional[str]]


def _sweep_cells(sweep: Any, settings: Sequence[tuple[Any, str]], key: str) -> list[list[_Cell]]:
    """The cells by row and column."""

    def cell(place: dict[str, Any], compared: dict[str, Any] | None) -> _Cell:
        values = [sweep["rows"][row]["summary"].get(key) for row in place["rows"]]
        values = [value for value in values if value is not None]
        value = compared["b"] if compared else np.mean(values) if values else None
        return value, len(place["rows"]), compared, place["missing"]

    places = iter(sweep["cells"])
    columns = []
    for baseline in sweep["baselines"]:
        found = [next(places) for _ in settings]
        compared = [(place["comparison"] or {}).get("keys", {}).get(key) for place in found]
        value, *rest = cell(baseline, None)
        # Of repeats the comparisons pool what they compare with: that is the value to show.
        value = next((one["a"] for one in compared if one), value)
        columns.append([(value, *rest), *map(cell, found, compared)])
    return [list(row) for row in zip(*columns)]


def _draw_grid(ax: Axes, cells: list[list[_Cell]], shown: str, dark_is_high: bool) -> None:
    values = np.array(
        [[np.nan if cell[0] is None else cell[0] for cell in row] for row in cells], dtype=float
    )
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    shade = np.nan_to_num((values - low) / ((high - low) or 1.0))
    colours = colormaps["YlOrBr"](0.7 * (shade if dark_is_high else 1 - shade))
    colours[~np.isfinite(values)] = 1.0
    ax.imshow(colours, aspect="auto")
    ax.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(values.shape[0] + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.tick_params(which="both", length=0, labelsize=9, colors=INK)
    for side in ax.spines.values():
        side.set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        _, runs, compared, missing = cells[row][column]
        if not np.isfinite(value):
            _draw_hole(ax, column, row, missing if missing and not runs else "no value")
            continue
        text = shown.format(value) + (f" (n={runs})" if runs > 1 else "")
        relative = compared["relative"] if compared else None
        ax.text(
            column, row, text, ha="center", va="bottom" if relative is not None else "center",
            fontsize=9, color=INK,
        )  # fmt: skip
        if relative is not None:
            sign = {"better": "▲ ", "worse": "▼ "}.get(compared["effect"])
            ax.text(
                column, row + 0.06, f"{sign}{relative:+.0%}" if sign else f"({relative:+.0%})", ha="center",
                va="top", fontsize=8.5, color=INK, fontweight="bold" if sign else "normal",
            )  # fmt: skip


def _draw_hole(ax: Axes, column: int, row: int, why: str) -> None:
    words = {"no such run directory": "missing", "not in the manifest": "not run"}
    ax.add_patch(
        Rectangle(
            (column - 0.46, row - 0.44), 0.92, 0.88, facecolor="white", edgecolor="#c3c8ce", hatch="////",
            linewidth=0,
        )
    )  # fmt: skip
    ax.text(
        column, row, plain(fill(words.get(why, why), 15, max_lines=3, placeholder="…")), ha="center",
        va="center", fontsize=7.5, color=FAINT, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )  # fmt: skip
