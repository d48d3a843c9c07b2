"""Tables of a run as files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from ._native import Run, Table
from .errors import UnsupportedError

#: Each table by name.
TABLES: dict[str, Callable[[Run], Table]] = {
    "frames": lambda run: run.frames,
    "samples": lambda run: run.samples(),
    "latency": lambda run: run.latency(),
    "gaps": lambda run: run.gaps(),
    "freezes": lambda run: run.freezes(),
    "fps": lambda run: run.fps(),
}

FORMATS = ("parquet", "csv", "arrow")


def check(file_format: str) -> None:
    """Raises ``UnsupportedError``, naming the extra, where a format cannot be written here."""
    if file_format != "csv":
        try:
            import pyarrow  # noqa: F401
        except ImportError as missing:
            raise UnsupportedError(
                f"{file_format} needs pyarrow: pip install 'streamgauge[{file_format}]', or choose csv"
            ) from missing


def write(table: Table, path: Path, file_format: str) -> None:
    """Writes ``table`` to the file ``path``."""
    if file_format == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(table.keys())
            writer.writerows(table)
        return
    import pyarrow as pa

    if file_format == "parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(pa.table(table), path)
    else:
        columns = pa.table(table)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, columns.schema) as writer:
            writer.write_table(columns)
