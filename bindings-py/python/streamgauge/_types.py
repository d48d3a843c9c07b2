"""Small results as named tuples."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from ._native import Table


class Window(NamedTuple):
    """The measurement window of a run."""

    start_us: int
    """First microsecond inside, since the Unix epoch."""
    end_us: int
    """First microsecond behind it; in ``plot_fec`` the last one inside."""
    end_inclusive: bool
    """Whether ``end_us`` itself is inside: true in ``plot_fec``."""
    start_from: str
    """``meta`` (``T0_US``), ``data`` (the data's own extent) or ``default`` (the script's)."""
    end_from: str
    """As ``start_from``, for ``T1_US``."""


class Burst(NamedTuple):
    """A burst of loss, from ``burst_on`` to ``burst_off``."""

    start_us: int
    """When it began, microseconds since the Unix epoch."""
    end_us: int
    """When it ended."""
    open: bool
    """It has no ``burst_off``: the next ``burst_on`` or the end of the window ended it."""


class Event(NamedTuple):
    """A line of ``events.csv``."""

    t_us: int
    """When, microseconds since the Unix epoch."""
    name: str
    """``burst_on``, ``burst_off``, or any other text: a mark."""


class CounterTotal(NamedTuple):
    """What the counters of a family did over the window."""

    total: float
    """Sum over the selected series of what each counted."""
    series: int
    """Selected series with a usable sample in the window."""
    resets: int
    """How often a series fell, that is, began anew."""
    born: int
    """Series that appeared within the window and so began at 0."""


class KeyComparison(NamedTuple):
    """A key of the summary in A and in B."""

    key: str
    """The key."""
    unit: str
    """Its unit."""
    better: str
    """Which direction of change is an improvement: ``lower``, ``higher`` or ``neutral``."""
    a: Optional[float]
    """The value of A; ``None`` where no run has one."""
    b: Optional[float]
    """The value of B."""
    runs_a: int
    """Runs of A with a value."""
    runs_b: int
    """Runs of B with a value."""
    combined: str
    """How the values of several runs became one."""
    difference: Optional[float]
    """B - A."""
    relative: Optional[float]
    """(B - A) / |A|; ``None`` where A is 0."""
    interval: Optional[tuple[float, float]]
    """Low and high end of the 95 % bootstrap interval of the difference."""
    no_interval: Optional[str]
    """Why there is no interval."""
    effect: str
    """``better``, ``worse``, or ``no evidence``: the interval contains 0, or there is none."""


class GateResult(NamedTuple):
    """What a gate found."""

    gate: str
    """The condition as given."""
    outcome: str
    """``passed``, ``failed`` (the condition holds) or ``unknown`` (a value that it needs is absent)."""
    actual: Optional[float]
    """What the condition was tested on, in percent where it speaks of percent."""
    reason: str
    """A sentence for people."""


class Key(NamedTuple):
    """What a key of the ``exact`` summary is."""

    name: str
    """The key, with its unit where it has one."""
    unit: str
    """Its unit."""
    better: str
    """Which direction of change is an improvement: ``lower``, ``higher`` or ``neutral``."""
    formula: str
    """How it is computed."""
    null_when: str
    """When it is ``None``."""
    denominator: Optional[str]
    """The key that a percentage in a gate is a share of."""


class Level(NamedTuple):
    """One resolution of a ``Rollup``."""

    width_us: int
    """The width of a bucket. Buckets begin at multiples of it."""
    keep: int
    """How many of the latest buckets are kept, empty ones included."""


class RollupCounts(NamedTuple):
    """What a ``Rollup`` did with all its samples."""

    accepted: int
    """Samples taken."""
    too_late: int
    """Samples later than allowed."""
    not_finite: int
    """NaN or infinite values."""


class WindowCounts(NamedTuple):
    """What a ``SampleWindow`` did with all its samples."""

    accepted: int
    """Samples taken."""
    late: int
    """Of these, sorted in behind the newest."""
    too_late: int
    """Refused as too late."""
    repeated: int
    """Refused as a repeat."""
    not_finite: int
    """Refused as NaN or infinite."""
    evicted: int
    """Taken and since gone from the window."""


def rows(names: list[str], columns: tuple[list[object], ...]) -> Iterator[tuple[object, ...]]:
    """The rows of a table, each a named tuple; fields whose name is no identifier are renamed."""
    row = collections.namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return map(row._make, zip(*columns))


def same_table(a: Table, b: Table) -> bool:
    """Whether two tables of one class hold the same: NaN equals NaN, null equals null."""
    import numpy as np

    (_, a_columns, a_attributes), (_, b_columns, b_attributes) = (t.__reduce__()[1] for t in (a, b))
    if a_attributes != b_attributes or len(a_columns) != len(b_columns):
        return False
    for (name_a, items_a, valid_a), (name_b, items_b, valid_b) in zip(a_columns, b_columns):
        floats = items_a.dtype.kind == "f" and items_b.dtype.kind == "f"
        if name_a != name_b or not np.array_equal(items_a, items_b, equal_nan=floats):
            return False
        if (valid_a is None) != (valid_b is None) or not np.array_equal(valid_a, valid_b):
            return False
    return True
