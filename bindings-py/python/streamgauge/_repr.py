"""What notebooks show."""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._compare import Comparison, Sweep
    from ._native import Run, Table

_ROWS = 20


def _table(head: list[str], body: list[list[str]], caption: str) -> str:
    def cells(tag: str, texts: list[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts) + "</tr>"

    rows = "".join(cells("td", texts) for texts in body)
    return f"<table><caption>{escape(caption)}</caption>{cells('th', head)}{rows}</table>"


def number(value: object) -> str:
    """A value as people read it: six digits, ``-`` for what was not measured."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {count}" for key, count in value.items()) or "-"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "-"
    return str(value)


def run_html(run: Run) -> str:
    """The summary of a run."""
    body = [[key, number(value)] for key, value in run.summary().items()]
    return _table(["key", "value"], body, repr(run)[1:-1])


def table_html(table: Table) -> str:
    """The first rows of a table."""
    body = [[number(value) for value in row] for row in islice(table, _ROWS)]
    return _table(table.keys(), body, repr(table)[1:-1])


def comparison_html(comparison: Comparison) -> str:
    """Every key with its interval and effect."""
    body = []
    for key in comparison:
        row = comparison[key]
        ends = "-" if row.interval is None else " … ".join(map(number, row.interval))
        body.append([key, number(row.a), number(row.b), number(row.difference), ends, row.effect])
    head = ["key", "A", "B", "difference", "95 % interval", "effect of B"]
    return _table(head, body, repr(comparison)[1:-1])


def sweep_html(sweep: Sweep) -> str:
    """Every cell with its lost frames, or why it is missing."""
    body = []
    for cell in sweep.to_dict()["cells"]:
        keys = (cell["comparison"] or {}).get("keys", {})
        lost = keys.get("loss_ratio") or keys.get("frames_lost") or {}
        where = [str(cell[axis]) for axis in ("loss", "fec_rate", "fec_mask")]
        values = [number(lost.get("a")), number(lost.get("b")), lost.get("effect", cell["missing"] or "-")]
        body.append(where + values)
    head = ["loss", "FEC rate", "FEC mask", "frame loss, baseline", "frame loss, FEC", "effect"]
    return _table(head, body, repr(sweep)[1:-1])
