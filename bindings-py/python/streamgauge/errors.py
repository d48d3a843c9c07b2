"""Errors: one class for each kind, all under :class:`StreamgaugeError`."""

from __future__ import annotations

from typing import ClassVar, Optional


class StreamgaugeError(Exception):
    """Base of every error of this package.

    ``code`` is the stable name of the kind, the same in every language. Errors about input also say
    which ``file`` and ``line`` (counted from 1) they speak of, where that is known.
    """

    code: ClassVar[str] = "unknown"
    file: Optional[str]
    line: Optional[int]

    def __init__(self, message: str, *, file: Optional[str] = None, line: Optional[int] = None) -> None:
        super().__init__(message)
        self.file = file
        self.line = line

    @property
    def message(self) -> str:
        """The sentence, without file and line."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        place = [str(part) for part in (self.file, self.line) if part is not None]
        if self.file is None and self.line is not None:
            place = [f"line {self.line}"]
        return ": ".join([":".join(place), self.message]) if place else self.message


class InvalidArgumentError(StreamgaugeError, ValueError):
    """An argument has a value or a combination that makes no sense."""

    code = "invalid_argument"


class OutOfRangeError(StreamgaugeError, ValueError):
    """A number does not fit the range of its destination."""

    code = "out_of_range"


class TimeWentBackError(StreamgaugeError):
    """A timestamp lies before one that was already taken into account."""

    code = "time_went_back"


class CapacityExceededError(StreamgaugeError):
    """A stated limit was reached."""

    code = "capacity_exceeded"


class MalformedError(StreamgaugeError, ValueError):
    """Input bytes do not follow their format."""

    code = "malformed"


class LeaseLostError(StreamgaugeError):
    """A lease is held by somebody else, or ran out."""

    code = "lease_lost"


class UnsupportedError(StreamgaugeError):
    """The operation does not exist for this input or build."""

    code = "unsupported"


class StreamgaugeIOError(StreamgaugeError, OSError):
    """The operating system refused."""

    code = "io"


class ClosedError(StreamgaugeError):
    """The object was closed."""

    code = "closed"


class StaleCursorError(StreamgaugeError):
    """A cursor comes from an earlier epoch."""

    code = "stale_cursor"


class LaggedError(StreamgaugeError):
    """A reader fell behind its limit and its policy is to disconnect."""

    code = "lagged"


class NotFoundError(StreamgaugeError, LookupError):
    """No such item."""

    code = "not_found"


class AlreadyPendingError(StreamgaugeError):
    """The same operation is already under way."""

    code = "already_pending"


class NoSourcesError(StreamgaugeError):
    """There is no source left to serve from."""

    code = "no_sources"


class PreemptedError(StreamgaugeError):
    """Somebody with a higher priority took over."""

    code = "preempted"


class CancelledError(StreamgaugeError):
    """The caller cancelled."""

    code = "cancelled"


class TimedOutError(StreamgaugeError, TimeoutError):
    """The time limit ran out."""

    code = "timed_out"


class InternalError(StreamgaugeError):
    """A fault of this package itself, or of what it calls: please report it."""

    code = "internal"


#: The class of each code. ``busy`` is about handles in use on another thread: Python has none.
BY_CODE: dict[str, type[StreamgaugeError]] = {
    cls.code: cls
    for cls in (
        InvalidArgumentError,
        OutOfRangeError,
        TimeWentBackError,
        CapacityExceededError,
        MalformedError,
        LeaseLostError,
        UnsupportedError,
        StreamgaugeIOError,
        ClosedError,
        StaleCursorError,
        LaggedError,
        NotFoundError,
        AlreadyPendingError,
        NoSourcesError,
        PreemptedError,
        CancelledError,
        TimedOutError,
        InternalError,
    )
}
BY_CODE["busy"] = InternalError
