"""The part of ``_native`` about series. Import what it has from ``streamgauge``."""

from collections.abc import Sequence
from typing import Any, Literal, Optional, Union, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

from ._native import Table, _Float64, _Int64
from ._types import Level, RollupCounts, WindowCounts

__all__ = [
    "Rollup",
    "SampleWindow",
    "Sketch",
    "downsample",
]

_Times = Union[npt.NDArray[np.int64], npt.NDArray[np.datetime64], Sequence[int]]
_Values = Union[_Float64, Sequence[float]]

@final
class SampleWindow:
    """The samples of the last while, bounded in time and number (``Window`` in the other languages). In order
    a sample costs amortised O(1), whatever is asked in between. Any number of threads may use it."""

    def __new__(
        cls,
        *,
        span_us: Optional[int] = ...,
        max_samples: int = 1000,
        late_us: int = ...,
        same_time: Literal["keep", "reject"] = "keep",
    ) -> SampleWindow:
        """``span_us``: how far it reaches back from the newest time (300 s; ``None``: no bound).
        ``max_samples``: how many it keeps. ``late_us``: how far behind the newest sample one may come
        (without one, any). ``same_time``: whether a second sample of one time is kept.

        Raises ``InvalidArgumentError`` for bounds below 1 and a negative ``late_us``.
        """
    def record(
        self, at_us: int, value: float, /
    ) -> Literal["in_order", "late", "too_late", "repeated", "not_finite"]:
        """Takes a sample, drops what it puts out of bounds, and says what became of it."""
    def record_many(self, times_us: _Times, values: _Values, /) -> None:
        """Takes samples: arrays of int64 or datetime64[us] and of float64, or sequences. Raises
        ``InvalidArgumentError`` where their lengths differ or a time is NaT; nothing is taken then."""
    def expire(self, now_us: int, /) -> None:
        """Time went on to ``now_us`` without a sample: drops what is out of the span."""
    def __len__(self) -> int: ...
    @property
    def min(self) -> Optional[float]:
        """The smallest value; ``None`` without samples, as are all that follow."""
    @property
    def max(self) -> Optional[float]:
        """The largest value."""
    @property
    def sum(self) -> Optional[float]:
        """The sum, to within a rounding of the largest value; ``None``, too, past the range of float."""
    @property
    def mean(self) -> Optional[float]:
        """The mean of the samples, each weighing the same."""
    @property
    def rate_per_s(self) -> Optional[float]:
        """From the first to the last sample, the change in a second; ``None`` where no time passed."""
    @property
    def first(self) -> Optional[tuple[int, float]]:
        """Time and value of the oldest sample."""
    @property
    def last(self) -> Optional[tuple[int, float]]:
        """Time and value of the newest sample."""
    def samples(self) -> Table:
        """Every sample by time: ``t_us``, ``value``."""
    @property
    def counts(self) -> WindowCounts:
        """What became of all samples so far."""

@final
class Sketch:
    """Quantiles of any number of values in bounded memory.

    A quantile is within ``relative_error`` of the value at rank ``floor(q (n - 1))`` of the sorted values;
    the smallest and the largest value are exact. Merging gives the same bins in any order. Any number of
    threads may use it. Sketches are equal when bins and extremes are; sums may differ by the order of adding.
    """

    def __new__(cls, values: Optional[_Values] = None, /, *, relative_error: float = 0.01) -> Sketch:
        """A sketch of ``values``. Raises ``InvalidArgumentError`` when ``relative_error`` is not 0.0001 to
        0.5."""
    def record(self, value: float, /, count: Optional[int] = None) -> None:
        """Adds a value, ``count`` (1) times. NaN and infinities are rejected and counted."""
    def record_many(self, values: _Values, /) -> None:
        """Adds the values of a float64 array or a sequence."""
    def merge(self, other: Sketch, /) -> None:
        """Adds everything of another sketch. Raises ``InvalidArgumentError`` when relative errors differ."""
    def quantile(self, q: float, /) -> Optional[float]:
        """The ``q`` quantile (0 to 1, else ``InvalidArgumentError``); ``None`` without values."""
    def clear(self) -> None:
        """Forgets every value."""
    @property
    def count(self) -> int:
        """Values added."""
    @property
    def zeros(self) -> int:
        """Values that were zero."""
    @property
    def rejected(self) -> int:
        """Values rejected as NaN or infinite."""
    @property
    def sum(self) -> Optional[float]:
        """Their sum; ``None`` without values, and past the range of float."""
    @property
    def mean(self) -> Optional[float]:
        """Their mean."""
    @property
    def min(self) -> Optional[float]:
        """The smallest value."""
    @property
    def max(self) -> Optional[float]:
        """The largest value."""
    @property
    def relative_error(self) -> float:
        """The promised relative error."""
    @property
    def is_collapsed(self) -> bool:
        """Whether magnitudes lay so far apart that the smallest were put together: quantiles among those are
        too large."""
    @property
    def memory_bytes(self) -> int:
        """The memory it takes."""
    def bins(self) -> Table:
        """Its bins by value, empty ones left out: ``lower``, ``upper``, ``count``. A bin has its end nearer
        to zero; zeros are a bin of their own."""
    def to_bytes(self) -> bytes:
        """Its bytes: protobuf. The same in every language."""
    @staticmethod
    def from_bytes(data: Buffer, /) -> Sketch:
        """A sketch from its bytes, which may come from anywhere. Raises ``MalformedError``."""
    def __copy__(self) -> Sketch: ...
    def __reduce__(self) -> Any: ...
    def __deepcopy__(self, _memo: Any, /) -> Sketch: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Rollup:
    """Counts, sums, extremes and, where asked for, quantiles of a series in buckets of several widths, in one
    pass. Memory is bounded by what the levels keep. Any number of threads may use it."""

    def __new__(
        cls,
        levels: Optional[Sequence[Union[Level, tuple[int, int]]]] = None,
        /,
        *,
        late_us: int = 60_000_000,
        relative_error: Optional[float] = None,
    ) -> Rollup:
        """``levels``: width in microseconds and number of buckets kept, from the finest on, each width a
        multiple of the one before; without them an hour of seconds, six hours of 10 seconds and a day of
        minutes. ``late_us``: how far behind the newest sample one may come. ``relative_error``: of a sketch
        for each bucket, for quantiles; ``None`` for none.

        Raises ``InvalidArgumentError`` where these are not so.
        """
    def record(self, at_us: int, value: float, /) -> bool:
        """Takes a sample. ``False`` when it is too late or not finite, which is counted."""
    def record_many(self, times_us: _Times, values: _Values, /) -> None:
        """Takes samples: arrays of int64 or datetime64[us] and of float64, or sequences. Raises
        ``InvalidArgumentError`` where their lengths differ or a time is NaT; nothing is taken then."""
    def merge(self, other: Rollup, /) -> None:
        """Adds everything of another rollup. ``InvalidArgumentError`` where levels or sketches differ."""
    def buckets(self, level: int = 0, *, quantiles: Sequence[float] = ...) -> Table:
        """The buckets of a level, from the oldest kept on, empty ones included: ``start_us``, ``count``,
        ``sum``, ``mean``, ``min``, ``max``, ``last_us``, ``last``, and a column such as ``q0.99`` for each
        quantile. In an empty bucket ``count`` and ``sum`` are 0 and the rest is null.

        Raises ``OutOfRangeError`` when there is no such level, ``InvalidArgumentError`` for quantiles that
        are not 0 to 1, and for any without sketches.
        """
    @property
    def levels(self) -> list[Level]:
        """Its resolutions."""
    @property
    def late_us(self) -> int:
        """How far behind the newest sample one may come."""
    @property
    def relative_error(self) -> Optional[float]:
        """The relative error of its sketches; ``None`` without."""
    @property
    def newest_us(self) -> Optional[int]:
        """The time of the newest sample."""
    @property
    def final_until_us(self) -> Optional[int]:
        """Up to when nothing can change any more: buckets that end at or before it are final."""
    @property
    def counts(self) -> RollupCounts:
        """What became of all samples so far."""
    def to_bytes(self) -> bytes:
        """Its bytes: protobuf. The same in every language."""
    @staticmethod
    def from_bytes(data: Buffer, /) -> Rollup:
        """A rollup from its bytes, which may come from anywhere. Raises ``MalformedError``."""
    def __copy__(self) -> Rollup: ...
    def __reduce__(self) -> Any: ...
    def __deepcopy__(self, _memo: Any, /) -> Rollup: ...

def downsample(times_us: _Times, values: _Values, /, points: int, *, gap_us: Optional[int] = None) -> _Int64:
    """Indices of at most ``points`` samples that look the same on a chart (MinMaxLTTB), ascending.

    First, last, smallest and largest sample are among them, and both sides of gaps: where more than
    ``gap_us`` lies between two samples, or a value that is not finite, which itself is never drawn. Raises
    ``TimeWentBackError`` when times fall, ``InvalidArgumentError`` where lengths differ.
    """
