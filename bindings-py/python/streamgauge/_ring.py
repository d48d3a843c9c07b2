"""Small values of the chunk ring as named tuples, and its iterators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

if TYPE_CHECKING:
    from ._native import Chunk, Cursor, Read


class Position(NamedTuple):
    """A place in a ring's stream: what has gone by before it."""

    epoch: int
    """The epoch of the ring."""
    sequence: int
    """Sequence number of the next chunk, counted from 0."""
    offset_bytes: int
    """Bytes published before that chunk."""
    time_us: Optional[int] = None
    """Publish time of the chunk before it, microseconds; ``None`` at the start of the ring."""


class Lag(NamedTuple):
    """A distance between two positions, exact in each measure."""

    chunks: int
    """Chunks in between."""
    bytes: int
    """Bytes in between."""
    time_us: int
    """Time in between, microseconds."""


class LagLimit(NamedTuple):
    """A bound on a lag; ``None`` sets none in that measure."""

    chunks: Optional[int] = None
    """At most so many chunks."""
    bytes: Optional[int] = None
    """At most so many bytes."""
    time_us: Optional[int] = None
    """At most so long, microseconds."""


class Joined(NamedTuple):
    """Where a reader that joins starts."""

    position: Position
    """Where."""
    satisfied: bool
    """Whether the ring had what was asked for."""


class Skip(NamedTuple):
    """A jump of a cursor over chunks it did not get."""

    reason: str
    """``evicted``, ``hard_limit`` or ``awaited_random_access``."""
    skipped: Lag
    """What was left out."""


class CloseReason(NamedTuple):
    """Why a ring was closed."""

    kind: str
    """``end``, ``cancelled`` or ``failed``."""
    message: str
    """A sentence for people; may be empty."""


class Account(NamedTuple):
    """What a cursor did, or what all cursors of a ring did together.

    For one cursor: where it joined + ``delivered`` + ``skipped`` + its lag is where the ring is, exactly.
    """

    delivered: Lag
    """What reads handed out."""
    skipped: Lag
    """What skips left out."""
    skip_events: int
    """Skips by limit or eviction."""
    warnings: int
    """How often it went over its soft limit."""
    worst_lag: Lag
    """The largest lag, in each measure, that a read found."""
    refused_reads: int
    """Reads that were refused because readers held too much."""
    blocked_write_us: int
    """Time that the owner says its writes were blocked, microseconds."""
    write_timeouts: int
    """Writes that the owner says ran out of time."""
    ended: dict[str, int]
    """How many cursors are at an end, by ``left``, ``drained``, ``lagged``, ``write_timeout`` and
    ``write_failed``; those that are 0 are absent."""


class CursorStatus(NamedTuple):
    """A cursor as its ring sees it."""

    id: int
    """Number of the cursor, unique in its ring."""
    joined: Position
    """Where it joined."""
    position: Position
    """Where it is."""
    lag: Lag
    """How far behind."""
    warning: bool
    """Whether its last read found it over its soft limit, and no read since within half of it."""
    account: Account
    """What it did."""


class RingSnapshot(NamedTuple):
    """One consistent look at a ring."""

    random_access_points: int
    """Random-access points that are buffered."""
    held_chunks: int
    """Distinct chunks that readers hold, buffered or evicted."""
    held_bytes: int
    """Their bytes."""
    evicted_held_chunks: int
    """Those of them that were evicted."""
    evicted_held_bytes: int
    """Their bytes, which are not in ``buffered``."""
    pooled_bytes: int
    """Capacity of the buffers that wait for reuse, bytes."""
    times_went_back: int
    """Publishes whose time was before the one before them, and was taken to be the same."""
    cursors: int
    """Cursors there are."""
    cursors_opened: int
    """Cursors there have been, those included that left."""
    waiting: int
    """Readers that wait for the next chunk."""
    oldest: Position
    """The position of the oldest chunk."""
    next: Position
    """The position of the next chunk: its sequence and offset are what was published so far."""
    buffered: Lag
    """What is buffered, in chunks, bytes and time."""
    latest_random_access: Optional[int]
    """Sequence number of the latest random-access point that is buffered."""
    account: Account
    """What all cursors did together, those included that left."""
    closed: Optional[CloseReason]
    """Why the ring was closed; ``None`` while it is open."""


def chunks(cursor: Cursor) -> Iterator[Chunk]:
    """Chunk after chunk until the ring is closed and everything was read."""
    read = cursor.read_blocking()
    while True:
        # Nothing but the consumer keeps a chunk that it has seen.
        remaining = list(reversed(read.chunks))
        closed = read.closed
        del read
        while remaining:
            yield remaining.pop()
        if closed is not None:
            return
        read = cursor.read_blocking()


async def chunks_async(cursor: Cursor) -> AsyncIterator[Chunk]:
    """As ``chunks``, without blocking the thread."""
    read = await read_async(cursor)
    while True:
        remaining = list(reversed(read.chunks))
        closed = read.closed
        del read
        while remaining:
            yield remaining.pop()
        if closed is not None:
            return
        read = await read_async(cursor)


async def read_async(cursor: Cursor) -> Read:
    """Reads, and sleeps while there is nothing; no thread waits meanwhile."""
    loop = asyncio.get_running_loop()
    while True:
        future = loop.create_future()
        read = cursor._poll(loop, future)
        if read is not None:
            return read
        await future


def resolve(future: asyncio.Future[Any]) -> None:
    """Runs in the loop once the ring called back; a wait that was given up is left alone."""
    if not future.done():
        future.set_result(None)
