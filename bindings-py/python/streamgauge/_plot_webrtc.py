"""The figure of peer connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import ROW_FLAGS
from ._native import Table
from ._plot_series import time_axis
from ._plot_style import FAINT, INK, add_aside, add_heading, add_note, plain, run_colours, style_axes
from ._webrtc import Connection, Dump, Monitor, MonitorTrack

try:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
except ImportError as missing:
    raise ImportError("streamgauge.plot needs matplotlib: pip install 'streamgauge[plot]'") from missing

#: More connections than these would be too small to read.
CONNECTIONS_MAX = 4
#: More tracks than these are drawn, but not named.
NAMED_MAX = 12
NAME_MAX = 12
INFERRED_DASH: Any = (0, (2.2, 1.4))
STUN_COLOUR = "#000000"
STUN_DASH: Any = (0, (1, 1.2))
GAP_COLOUR = "#5b6470"

_Bool = npt.NDArray[np.bool_]

#: Heading and the height in inches of each panel.
PANELS = (
    ("Payload bitrate", 2.1),
    ("Packets lost of each interval", 1.15),
    ("Jitter", 1.15),
    ("Round trips", 1.15),
    ("Frame rate", 1.4),
)


def webrtc_figure(source: Dump | Connection | Monitor | Sequence[Monitor], *, title: str = "") -> Figure:
    """Peer connections side by side, of a dump, one of them, or a live monitor, over time (UTC): payload
    bitrate, loss, jitter, round trips (RTCP of each track, STUN of the connection) and frame rate. Each track
    has one hue in all panels.

    Rates and loss are drawn as long as the interval that they are means over; where nothing was measured
    there is no line. A gap between reports is shaded, values that a dump had no times for are dashed, ▼ is
    where counters restarted, ◆ where a stream was replaced. Bars under the frame rate are freezes: how long
    they were, up to the report by which they had ended.

    Of more than four connections the first four are drawn.
    """
    connections = _connections(source)
    shown = connections[:CONNECTIONS_MAX]
    columns = max(len(shown), 1)
    named = max((min(len(one.tracks), NAMED_MAX + 1) for one in shown), default=0)
    head_in = 0.75 + 0.19 * ((named + 1) // 2 + any(isinstance(one, Connection) for one in shown))
    foot_in, gap_in, left_in = 0.75, 0.36, 0.7
    width_in = 5.6 if columns > 1 else 9.0
    size_in = left_in + columns * (width_in + 0.25), head_in + foot_in + sum(h + gap_in for _, h in PANELS)
    figure = Figure(figsize=size_in, facecolor="white")
    axes = _panels(figure, size_in, columns, width_in, left_in, head_in, gap_in)
    if not any(len(one.history) for one in shown):
        for column in axes:
            for ax in column:
                add_note(ax, "no report")
        return figure
    for connection, column in zip(shown, axes):
        _draw(connection, column)
    _scale(axes)
    heading = title or _title(source, len(connections))
    figure.text(
        0.12 / size_in[0], 1 - 0.12 / size_in[1], plain(heading), va="top", fontsize=12.5, fontweight="bold",
        color=INK,
    )  # fmt: skip
    _key(figure, size_in, shown)
    figure.align_ylabels(axes[0])
    return figure


def _connections(source: Any) -> list[Monitor]:
    if isinstance(source, Dump):
        return list(source.connections)
    return [source] if isinstance(source, Monitor) else list(source)


def _title(source: Any, count: int) -> str:
    what = f"{count} peer connection{'' if count == 1 else 's'}"
    if count > CONNECTIONS_MAX:
        what += f", the first {CONNECTIONS_MAX} of them"
    return f"{what}, dump of {source.format.replace('_', '-')}" if isinstance(source, Dump) else what


def _panels(
    figure: Figure,
    size_in: tuple[float, float],
    columns: int,
    width_in: float,
    left_in: float,
    head_in: float,
    gap_in: float,
) -> list[list[Axes]]:
    """Axes by connection and panel; times are shared by all, values by those of a panel."""
    axes: list[list[Axes]] = []
    for column in range(columns):
        top_in = size_in[1] - head_in
        panels: list[Axes] = []
        for row, (heading, height_in) in enumerate(PANELS):
            top_in -= height_in
            box = (
                (left_in + column * (width_in + 0.25)) / size_in[0], top_in / size_in[1],
                width_in / size_in[0], height_in / size_in[1],
            )  # fmt: skip
            first = axes[0][0] if axes else panels[0] if panels else None
            ax = figure.add_axes(box, sharex=first, sharey=axes[0][row] if axes else None)
            style_axes(ax)
            add_heading(ax, heading)
            ax.tick_params(labelbottom=row == len(PANELS) - 1, labelleft=column == 0)
            panels.append(ax)
            top_in -= gap_in
        axes.append(panels)
    for ax, unit in zip(axes[0], ("kbit/s", "%", "ms", "ms", "frames/s")):
        ax.set_ylabel(unit)
    return axes


def _draw(connection: Monitor, axes: Sequence[Axes]) -> None:
    bitrate, loss, jitter, rtt, frames = axes
    tracks = connection.tracks
    colours = run_colours(len(tracks))
    for place, (track, colour) in enumerate(zip(tracks, colours)):
        rows = track.history
        _draw_steps(bitrate, rows, rows["payload_bitrate_bps"] / 1e3, colour)
        _draw_steps(loss, rows, rows["loss_ratio"] * 100, colour)
        _draw_line(jitter, rows, rows["jitter_us"] / 1e3, colour)
        _draw_line(rtt, rows, rows["rtt_us"] / 1e3, colour)
        _draw_steps(frames, rows, rows["frame_rate_per_s"], colour)
        _draw_freezes(frames, rows, colour, place)
        _draw_restarts(bitrate, rows, colour)
    rows = connection.history
    _draw_line(rtt, rows, rows["stun_rtt_us"] / 1e3, STUN_COLOUR, linewidth=1.0, linestyle=STUN_DASH)
    for ax in axes:
        _draw_gaps(ax, rows)
    if not any(track.kind == "video" for track in tracks):
        add_aside(frames, "no video")
    _legend(bitrate, connection, tracks, colours)
    time_axis(frames)


def _has(rows: Table, *flags: str) -> _Bool:
    bits = sum(1 << ROW_FLAGS.index(flag) for flag in flags)
    found: _Bool = (rows["flags"] & bits) != 0
    return found


def _times(t_us: Any) -> Any:
    return np.asarray(t_us, np.int64).view("datetime64[us]")


def _draw_steps(ax: Axes, rows: Table, values: Any, colour: str) -> None:
    """Each value over the interval that it is a mean of."""
    end_us = rows["time_us"]
    measured = np.isfinite(values) & np.isfinite(rows["seconds"])
    start_us = end_us - np.where(measured, rows["seconds"] * 1e6, 0).astype(np.int64)
    # Ends of one interval and the start of the next are the same but for rounding and for the time that
    # the browser took to answer.
    follows = np.zeros(len(end_us), bool)
    follows[1:] = measured[:-1] & (np.abs(start_us[1:] - end_us[:-1]) < 0.25 * (end_us[1:] - start_us[1:]))
    inferred = _has(rows, "inferred")
    for chosen, style in ((measured & ~inferred, "-"), (measured & inferred, INFERRED_DASH)):
        t_us: list[int] = []
        y: list[float] = []
        for at in np.flatnonzero(chosen):
            if not (follows[at] and chosen[at - 1]):
                t_us += [int(start_us[at])] * 2
                y += [np.nan, float(values[at])]
            else:
                t_us.append(t_us[-1])
                y.append(float(values[at]))
            t_us.append(int(end_us[at]))
            y.append(float(values[at]))
        if t_us:
            ax.plot(_times(t_us), y, color=colour, linewidth=1.3, linestyle=style, zorder=3)


def _draw_line(ax: Axes, rows: Table, values: Any, colour: str, **style: Any) -> None:
    """Values that are true of the moment, joined where no report is missing in between."""
    t_us = rows["time_us"]
    inferred = _has(rows, "inferred")
    broken = np.flatnonzero(_has(rows, "gap"))
    look = {"linewidth": 1.3, "linestyle": "-", **style}
    for chosen, dash in ((~inferred, look["linestyle"]), (inferred, INFERRED_DASH)):
        y = np.insert(np.where(chosen, values, np.nan), broken, np.nan)
        t = np.insert(t_us, broken, t_us[broken])
        if np.isfinite(y).any():
            # One alone between two that are missing would be no line.
            alone = np.isfinite(y) & ~np.isfinite(np.r_[np.nan, y[:-1]]) & ~np.isfinite(np.r_[y[1:], np.nan])
            ax.plot(_times(t), y, color=colour, zorder=3, **{**look, "linestyle": dash})
            ax.plot(_times(t[alone]), y[alone], ".", color=colour, markersize=3, zorder=3)


def _draw_freezes(ax: Axes, rows: Table, colour: str, place: int) -> None:
    frozen = np.flatnonzero(np.nan_to_num(rows["freeze_us"]) > 0)
    for at in frozen:
        end_us, long_us = int(rows["time_us"][at]), float(rows["freeze_us"][at])
        ax.plot(
            _times([end_us - int(long_us), end_us]), [0.025 + 0.05 * place] * 2, color=colour, linewidth=4,
            solid_capstyle="butt", transform=ax.get_xaxis_transform(), zorder=4,
        )  # fmt: skip


def _draw_restarts(ax: Axes, rows: Table, colour: str) -> None:
    for flag, marker in (("reset", "v"), ("boundary", "D")):
        at = _times(rows["time_us"][_has(rows, flag)])
        ax.plot(
            at, np.full(len(at), 0.985), marker, color=colour, markersize=5, markeredgecolor="white",
            markeredgewidth=0.6, transform=ax.get_xaxis_transform(), clip_on=False, zorder=5,
        )  # fmt: skip


def _draw_gaps(ax: Axes, rows: Table) -> None:
    t_us = rows["time_us"]
    for at in np.flatnonzero(_has(rows, "gap")):
        if at > 0:
            start, end = _times(t_us[at - 1 : at + 1])
            ax.axvspan(start, end, color=GAP_COLOUR, alpha=0.13, linewidth=0, zorder=0)


def _scale(axes: list[list[Axes]]) -> None:
    """From 0 on, unless something is below it; and in Mbit/s where that reads better."""
    bitrate = axes[0][0]
    for ax in axes[0]:
        low, high = ax.get_ylim()
        # The margin of values that hardly differ is hardly one.
        ax.set_ylim(low if _drawn_below(axes, ax) else 0.0, max(high * 1.06, 1e-3))
    if not _drawn_below(axes, axes[0][1]) and axes[0][1].get_ylim()[1] < 1:
        # Nothing lost is a line at the bottom, not one in the middle of nothing.
        axes[0][1].set_ylim(0, 1)
    if bitrate.get_ylim()[1] > 2_500:
        bitrate.set_ylabel("Mbit/s")
        for column in axes:
            column[0].yaxis.set_major_formatter(lambda kbit, _: f"{kbit / 1e3:g}")


def _drawn_below(axes: list[list[Axes]], ax: Axes) -> bool:
    row = axes[0].index(ax)
    lines = (
        line for column in axes for line in column[row].lines if line.get_transform() == column[row].transData
    )
    return any(np.nanmin(np.append(np.asarray(line.get_ydata(), float), 0.0)) < 0 for line in lines)


def _legend(ax: Axes, connection: Monitor, tracks: Sequence[MonitorTrack], colours: Sequence[str]) -> None:
    """Above the first panel: which connection, and which hue is which track."""
    handles = [
        Line2D([], [], color=colour, linewidth=1.8, label=plain(_name(track)))
        for track, colour in list(zip(tracks, colours))[:NAMED_MAX]
    ]
    if len(tracks) > NAMED_MAX:
        handles.append(Line2D([], [], linestyle="none", label=f"and {len(tracks) - NAMED_MAX} more"))
    heading = f"Connection {connection.id or '(unnamed)'}" if isinstance(connection, Connection) else ""
    legend = ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1.1), ncols=2, frameon=False, fontsize=8.5,
        borderaxespad=0.1, borderpad=0.1, labelcolor=INK, title=plain(heading), alignment="left",
        handlelength=1.6, labelspacing=0.25,
    )  # fmt: skip
    legend.get_title().set_fontsize(9.5)
    legend.get_title().set_color(FAINT)


def _name(track: MonitorTrack) -> str:
    short = track.name.strip("{}")
    short = short if len(short) <= NAME_MAX else short[: NAME_MAX - 1] + "…"
    codec = track.mime.partition("/")[2]
    way = "sent" if track.flow == "outbound" else "received"
    return f"{way} {track.kind} {short}" + (f" ({codec})" if codec else "")


def _key(figure: Figure, size_in: tuple[float, float], shown: Sequence[Monitor]) -> None:
    """What the marks that are there mean, at the foot."""
    histories = [one.history for one in shown]
    tracks = [track.history for one in shown for track in one.tracks]

    def any_of(tables: Sequence[Table], flag: str) -> bool:
        return any(_has(rows, flag).any() for rows in tables)

    marks: list[tuple[bool, Line2D | Patch]] = [
        (
            any(np.isfinite(rows["stun_rtt_us"]).any() for rows in histories),
            Line2D([], [], color=STUN_COLOUR, linewidth=1.0, linestyle=STUN_DASH, label="STUN round trip"),
        ),
        (
            any_of(tracks, "inferred"),
            Line2D([], [], color=INK, linewidth=1.3, linestyle=INFERRED_DASH, label="time inferred"),
        ),
        (any_of(histories, "gap"), Patch(facecolor=GAP_COLOUR, alpha=0.13, label="gap between reports")),
        (any_of(tracks, "reset"), _marker("v", 5, "counters restarted")),
        (any_of(tracks, "boundary"), _marker("D", 4.5, "stream replaced")),
        (
            any((np.nan_to_num(rows["freeze_us"]) > 0).any() for rows in tracks),
            Line2D([], [], color=INK, linewidth=4, label="freezes"),
        ),
    ]
    handles = [handle for there, handle in marks if there]
    if handles:
        figure.legend(
            handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.08 / size_in[1]), ncols=6,
            frameon=False, fontsize=8.5, labelcolor=INK, columnspacing=1.4,
        )  # fmt: skip


def _marker(shape: str, size: float, label: str) -> Line2D:
    return Line2D([], [], color=INK, marker=shape, markersize=size, linestyle="none", label=label)
