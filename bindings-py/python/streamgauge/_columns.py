"""Columns of Parquet, CSV and Arrow files, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from .errors import InvalidArgumentError, MalformedError, NotFoundError, UnsupportedError

#: Microseconds in a unit; below 1, how many of the unit make one.
UNITS = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}

_Times = npt.NDArray[np.int64]
Batch = tuple[Optional[_Times], npt.NDArray[np.float64], int]


def batches(path: str, value: str, time: str | None = None, unit: str = "us") -> Iterator[Batch]:
    """Times in microseconds (``None`` without ``time``), values, and how many rows were left out for a null,
    batch after batch of the file ``path``: Parquet, Arrow or, with any other ending, CSV."""
    pa = _pyarrow()
    if not Path(path).is_file():
        raise NotFoundError("no such file", file=path)
    wanted = [value] if time is None else list(dict.fromkeys([time, value]))
    try:
        for batch in _read(pa, path, wanted, value):
            yield _split(pa, batch, value, time, unit, path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        raise MalformedError(str(error).splitlines()[0], file=path) from None


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as missing:
        raise UnsupportedError(
            "reading columns needs pyarrow: pip install 'streamgauge[parquet]'"
        ) from missing
    return pyarrow


def _read(pa: Any, path: str, wanted: Sequence[str], value: str) -> Iterator[Any]:
    ending = Path(path).suffix
    if ending == ".parquet":
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            _check(path, wanted, file.schema_arrow.names)
            yield from file.iter_batches(columns=list(wanted))
    elif ending in (".arrow", ".feather"):
        with pa.memory_map(path) as source, pa.ipc.open_file(source) as file:
            _check(path, wanted, file.schema.names)
            for index in range(file.num_record_batches):
                yield file.get_batch(index)
    else:
        from pyarrow import csv

        # The names first: what is not there would be an error of another kind, without them.
        with csv.open_csv(path) as reader:
            _check(path, wanted, reader.schema.names)
        # Else the first block would settle that all values are whole.
        types = {value: pa.float64()}
        # NaN is a value, if none that counts, and not null as pyarrow has it.
        options = csv.ConvertOptions(
            include_columns=list(wanted), column_types=types, null_values=["", "null", "NULL", "NA", "None"]
        )
        with csv.open_csv(path, convert_options=options) as reader:
            yield from reader


def _check(path: str, wanted: Sequence[str], names: Sequence[str]) -> None:
    for name in wanted:
        if name not in names:
            shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise InvalidArgumentError(f"no column {name!r}; there are {shown}", file=path)


def _split(pa: Any, batch: Any, value: str, time: str | None, unit: str, path: str) -> Batch:
    from pyarrow import compute

    valid = batch.column(value).is_valid()
    if time is not None:
        valid = compute.and_(valid, batch.column(time).is_valid())
    nulls = batch.num_rows - (valid.true_count if batch.num_rows else 0)
    if nulls:
        batch = batch.filter(valid)
    kind = batch.schema.field(value).type
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not numbers:
        raise InvalidArgumentError(f"column {value!r} is {kind}: expected numbers", file=path)
    values = batch.column(value).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if time is None:
        return None, values, nulls
    return _times(pa, batch, time, unit, path), values, nulls


def _times(pa: Any, batch: Any, time: str, unit: str, path: str) -> _Times:
    column, kind = batch.column(time), batch.schema.field(time).type
    scale = UNITS[kind.unit if pa.types.is_timestamp(kind) else unit]
    times: _Times
    if pa.types.is_floating(kind):
        scaled = column.cast(pa.float64()).to_numpy(zero_copy_only=False) * scale
        fits = bool(np.all(np.abs(scaled) < 2.0**63))
        times = np.rint(np.where(np.abs(scaled) < 2.0**63, scaled, 0)).astype(np.int64)
    elif pa.types.is_timestamp(kind) or pa.types.is_integer(kind):
        ticks = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
        largest = (2**63 - 1) // max(1, int(scale))
        fits = not len(ticks) or bool(-largest <= ticks.min() and ticks.max() <= largest)
        times = ticks // 1000 if scale < 1 else ticks * int(scale)
    else:
        raise InvalidArgumentError(f"column {time!r} is {kind}: expected times or numbers", file=path)
    if not fits:
        raise InvalidArgumentError(f"column {time!r} has a time beyond int64 microseconds", file=path)
    return times
