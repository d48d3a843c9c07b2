"""The chunk ring: views without copies, policies, waits in threads and in asyncio."""

import asyncio
import gc
import signal
import threading
import time

import numpy as np
import pytest
import streamgauge as sg
from streamgauge import errors


def test_publish_and_read():
    ring = sg.ChunkRing(4, 100, epoch=7)
    cursor = ring.cursor()
    assert ring.publish(b"one", now_us=1_000_000) == 0
    assert ring.publish(b"") is None
    assert ring.publish_batch([b"two", b"", bytearray(b"three")], now_us=1_000_005) == 2
    assert ring.publish(memoryview(b"four"), now_us=2_000_000, random_access=True, preamble=b"PAT") == 3
    read = cursor.read()
    assert [bytes(chunk) for chunk in read.chunks] == [b"one", b"two", b"three", b"four"]
    assert (read.bytes, read.next) == (15, sg.Position(7, 4, 15, 2_000_000))
    assert read.requested == sg.Position(7, 0, 0, None)
    assert (read.oldest, read.newest, read.buffered_chunks, read.buffered_bytes) == (0, 3, 4, 15)
    assert (read.behind, read.lag, read.skipped, read.warning, read.closed) == (
        (0,) * 3,
        (0,) * 3,
        None,
        False,
        None,
    )
    last = read.chunks[3]
    assert (last.sequence, last.time_us, last.random_access, last.preamble, len(last)) == (
        3,
        2_000_000,
        True,
        b"PAT",
        4,
    )
    assert ring.lag(read.requested) == sg.Lag(4, 15, 1_000_000)
    assert "4 chunks" in repr(read)
    assert "random access" in repr(last)
    assert "15 bytes" in repr(ring)


def test_views_hold_their_chunk_without_a_copy():
    ring = sg.ChunkRing(2, 100)
    cursor = ring.cursor()
    ring.publish(b"held")
    (chunk,) = cursor.read().chunks
    view = chunk.view
    assert view.dtype == np.uint8
    assert not view.flags.writeable
    assert not view.flags.owndata
    assert chunk.view.ctypes.data == view.ctypes.data
    for _ in range(5):
        ring.publish(b"more")
    chunk.release()
    chunk.release()
    with pytest.raises(errors.ClosedError):
        bytes(chunk)
    assert bytes(view) == b"held"
    assert ring.snapshot().evicted_held_bytes == 4
    del view
    gc.collect()
    assert ring.snapshot().held_chunks == 0


def test_iteration_ends_with_the_ring():
    ring = sg.ChunkRing(64, 1000)
    cursor = ring.cursor()
    ring.publish_batch([b"a", b"b", b"c"])
    assert ring.close("failed", "cable cut")
    assert not ring.close()
    assert [bytes(chunk) for chunk in cursor] == [b"a", b"b", b"c"]
    assert ring.snapshot().held_chunks == 0
    assert cursor.read().closed == sg.CloseReason("failed", "cable cut")
    with pytest.raises(errors.ClosedError, match="cable cut"):
        ring.publish(b"x")
    assert cursor.finish().ended == {"drained": 1}
    with pytest.raises(errors.ClosedError):
        cursor.read()


def test_refusals():
    for bad in [(0, 1), (1, 0)]:
        with pytest.raises(errors.InvalidArgumentError):
            sg.ChunkRing(*bad)
    ring = sg.ChunkRing(2, 100, max_held_bytes=4, max_cursors=1)
    cursor = ring.cursor(policy="disconnect")
    with pytest.raises(errors.CapacityExceededError):
        ring.cursor()
    for bad in [{"policy": "x"}, {"join": "x"}, {"max_read_chunks": 0}]:
        with pytest.raises(errors.InvalidArgumentError):
            ring.cursor(**bad)
    with pytest.raises(TypeError):
        ring.publish("text")
    with pytest.raises(errors.InvalidArgumentError):
        ring.publish(b"x", preamble=b"PAT")
    with pytest.raises(errors.InvalidArgumentError):
        cursor.read_blocking(-1)
    with pytest.raises(errors.InvalidArgumentError):
        ring.close("x")
    ring.publish(b"held")
    held = cursor.read()
    ring.publish(b"more")
    with pytest.raises(errors.CapacityExceededError):
        cursor.read()
    del held
    for _ in range(3):
        ring.publish(b"over")
    for _ in range(2):
        with pytest.raises(errors.LaggedError):
            cursor.read()
    (status,) = ring.cursors()
    assert status.account.ended == {"lagged": 1}
    assert status.account.refused_reads == 1
    with pytest.raises(errors.StaleCursorError):
        ring.read(sg.Position(9, 0, 0))


def test_blocking_wait_times_out_wakes_and_is_cancelled():
    ring = sg.ChunkRing(8, 100)
    cursor = ring.cursor()
    with pytest.raises(errors.TimedOutError):
        cursor.read_blocking(0.01)
    with pytest.raises(TimeoutError):
        ring.wait(ring.join().position, timeout_s=0.01)
    threading.Timer(0.02, ring.publish, [b"late"]).start()
    assert bytes(cursor.read_blocking(10).chunks[0]) == b"late"
    caught = []

    def wait():
        try:
            cursor.read_blocking()
        except errors.StreamgaugeError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while ring.snapshot().waiting == 0:
        time.sleep(0.001)
    cursor.cancel()
    thread.join(10)
    assert isinstance(caught[0], errors.CancelledError)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_a_signal_ends_a_blocking_wait():
    cursor = sg.ChunkRing(8, 100).cursor()

    def interrupt(_signal, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            cursor.read_blocking(30)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_asyncio_without_threads():
    async def main():
        ring = sg.ChunkRing(64, 10_000)
        cursors = [ring.cursor() for _ in range(20)]
        threads = threading.active_count()

        async def collect(cursor):
            return [bytes(chunk) async for chunk in cursor]

        tasks = [asyncio.ensure_future(collect(cursor)) for cursor in cursors]
        await asyncio.sleep(0.01)
        assert ring.snapshot().waiting == 20
        assert threading.active_count() == threads
        ring.publish(b"loop")
        await asyncio.sleep(0)
        publisher = threading.Thread(target=lambda: [ring.publish(b"thread"), ring.close()])
        publisher.start()
        got = await asyncio.wait_for(asyncio.gather(*tasks), 10)
        publisher.join()
        return got

    assert asyncio.run(main()) == [[b"loop", b"thread"]] * 20


def test_asyncio_cancellation_loses_nothing():
    async def main():
        ring = sg.ChunkRing(64, 10_000)
        cursor = ring.cursor()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(cursor.read_async(), 0.01)
        waiting = asyncio.ensure_future(cursor.read_async())
        await asyncio.sleep(0)
        with pytest.raises(errors.AlreadyPendingError):
            await cursor.read_async()
        ring.publish(b"x")
        read = await asyncio.wait_for(waiting, 10)
        assert bytes(read.chunks[0]) == b"x"
        waiting = asyncio.ensure_future(cursor.read_async())
        await asyncio.sleep(0)
        cursor.cancel()
        with pytest.raises(errors.CancelledError):
            await asyncio.wait_for(waiting, 10)

    asyncio.run(main())


def test_context_manager_and_account():
    ring = sg.ChunkRing(4, 100)
    with ring.cursor(hard=sg.LagLimit(chunks=2)) as cursor:
        ring.publish_batch([b"1", b"2", b"3"])
        read = cursor.read()
        assert read.skipped == sg.Skip("hard_limit", sg.Lag(3, 3, 0))
        cursor.record_blocked_write(40, timed_out=True)
        status = cursor.status()
        assert status.account.skip_events == 1
        assert status.joined == sg.Position(0, 0, 0)
    snapshot = ring.snapshot()
    assert snapshot.cursors == 0
    assert snapshot.account.blocked_write_us == 40
    assert snapshot.account.ended == {"left": 1}
