"""Figures of series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ._native import Table
from ._plot_style import INK, add_heading, add_note, plain, run_colours, style_axes

try:
    from matplotlib.axes import Axes
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.ticker import MaxNLocator
except ImportError as missing:
    raise ImportError("streamgauge.plot needs matplotlib: pip install 'streamgauge[plot]'") from missing

#: Of several quantiles the styles of their lines.
DASHES: tuple[Any, ...] = ((0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (2.5, 2.5)))


def rollup_figure(
    buckets: Table | Mapping[str, Table], *, label: str = "value", title: str = "Rollup"
) -> Figure:
    """The buckets of a rollup's level (`Rollup.buckets`), or of several series by name: the mean of each
    bucket as a step, least to largest shaded, each quantile column dashed; below them how many samples each
    bucket has. In an empty bucket there is no line.

    `label` stands at the axis of values.
    """
    tables = {"": buckets} if isinstance(buckets, Table) else dict(buckets)
    figure = Figure(figsize=(10.0, 4.9), facecolor="white")
    values, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    figure.subplots_adjust(left=0.085, right=0.975, top=0.925, bottom=0.1, hspace=0.3)
    for ax in (values, counts):
        style_axes(ax)
    add_heading(values, plain(title))
    values.set_ylabel(plain(label))
    add_heading(counts, "Samples in each bucket")
    if not any(len(table) for table in tables.values()):
        add_note(values, "no bucket")
        add_note(counts, "")
        return figure
    styles: dict[str, Any] = {}
    for colour, (name, table) in zip(run_colours(len(tables)), tables.items()):
        if len(table):
            _draw_buckets(values, table, colour, name, styles)
            # Filled, one would hide the others.
            one = len(tables) == 1
            counts.stairs(
                table["count"], _edges(table), baseline=0, color=colour, fill=one, alpha=0.45 if one else 1.0,
                linewidth=0.0 if one else 1.1,
            )  # fmt: skip
    counts.set_ylim(bottom=0)
    _legend(values, list(tables), styles)
    time_axis(counts)
    return figure


def concurrency_figure(
    steps: Table | Mapping[str, Table], *, end_us: int | None = None, title: str = "Viewers at once"
) -> Figure:
    """How many watched at each moment (`Audience.steps`), of one audience or of several by name. The dot is
    the peak, and how high it was stands beside it.

    `end_us` is up to when the last step lasts; without it the lines end where it begins.
    """
    tables = {"": steps} if isinstance(steps, Table) else dict(steps)
    figure = Figure(figsize=(10.0, 3.4), facecolor="white")
    ax = figure.add_axes((0.085, 0.14, 0.89, 0.74))
    style_axes(ax)
    add_heading(ax, plain(title))
    ax.set_ylabel("viewers")
    if not any(len(table) for table in tables.values()):
        add_note(ax, "no change is kept")
        return figure
    for colour, (name, table) in zip(run_colours(len(tables)), tables.items()):
        if len(table):
            _draw_steps(ax, table, colour, name, end_us)
    ax.set_ylim(bottom=0)
    ax.margins(y=0.12)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    if len(tables) > 1:
        ax.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=min(len(tables), 6), frameon=False, fontsize=8.5,
            borderaxespad=0.1, labelcolor=INK,
        )  # fmt: skip
    time_axis(ax)
    return figure


def _draw_steps(ax: Axes, table: Table, colour: str, name: str, end_us: int | None) -> None:
    t_us, viewers = table["t_us"], table["viewers"]
    if end_us is not None and end_us > t_us[-1]:
        t_us, viewers = np.append(t_us, end_us), np.append(viewers, viewers[-1])
    at = t_us.view("datetime64[us]")
    ax.fill_between(at, viewers, step="post", color=colour, alpha=0.12, linewidth=0)
    ax.step(at, viewers, where="post", color=colour, linewidth=1.3, label=plain(name or "viewers"))
    top = int(np.argmax(viewers))
    ax.plot(at[top : top + 1], viewers[top : top + 1], marker="o", markersize=5, color=colour, label="_peak")
    ax.annotate(
        f"{viewers[top]}", (at[top], viewers[top]), xytext=(5, 3), textcoords="offset points", fontsize=8.5,
        color=colour,
    )  # fmt: skip


def _draw_buckets(ax: Axes, table: Table, colour: str, name: str, styles: dict[str, Any]) -> None:
    edges = _edges(table)
    low, mean, high = (_with_holes(table, column) for column in ("min", "mean", "max"))
    ax.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=0.17, linewidth=0)
    ax.stairs(mean, edges, baseline=None, color=colour, linewidth=1.4, label=plain(name or "mean"))
    for column in (column for column in table.keys() if column.startswith("q")):  # noqa: SIM118
        dash = styles.setdefault(column, DASHES[len(styles) % len(DASHES)])
        ax.stairs(
            _with_holes(table, column), edges, baseline=None, color=colour, linewidth=1.1, linestyle=dash
        )


def _edges(table: Table) -> Any:
    """Where buckets begin and the last one ends; one alone is drawn a second wide."""
    start_us = table["start_us"]
    width_us = start_us[1] - start_us[0] if len(start_us) > 1 else 1_000_000
    return np.append(start_us, start_us[-1] + width_us).view("datetime64[us]")


def _with_holes(table: Table, column: str) -> Any:
    return np.ma.filled(table[column], np.nan)


def _legend(ax: Axes, names: list[str], styles: dict[str, Any]) -> None:
    colours = run_colours(len(names))
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, linewidth=1.6, label=plain(name or "mean"))
        for name, colour in zip(names, colours)
    ]
    handles += [
        Line2D([], [], color=INK, linewidth=1.2, linestyle=dash, label=f"quantile {column[1:]}")
        for column, dash in styles.items()
    ]
    handles.append(Patch(facecolor=INK, alpha=0.17, label="least to largest"))
    ax.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=min(len(handles), 5), frameon=False,
        fontsize=8.5, borderaxespad=0.1, handlelength=2.8, labelcolor=INK,
    )  # fmt: skip


def time_axis(ax: Axes) -> None:
    """UTC, with as little of the date as is needed."""
    locator: Any = AutoDateLocator()  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
