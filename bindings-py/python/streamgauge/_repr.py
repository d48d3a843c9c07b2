"""What notebooks show."""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
