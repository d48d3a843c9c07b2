#!/usr/bin/env python3
"""Writes the vectors of the ring (tests/vectors/T41_*.json).

What is expected is worked out here by hand, without the library; the form is that of
rtp_vectors.py. A chunk is given as its text. Run it after a change and look at the difference; a
second run changes nothing.
"""
from rtp_vectors import HAND, Vector, counts


def ring(name, why, **config):
    limits = {"max_chunks": 100, "max_bytes": 1000, "epoch": 1, **config}
    return Vector(name, why, HAND).do("ring.new", id="ring", **counts(**limits))


def publish(v, text, now_us, sequence, random_access=False):
    want = {"sequence": None if sequence is None else str(sequence)}
    v.do("ring.publish", want, id="ring", data=text, now_us=str(now_us), random_access=random_access)


def read(v, want, cursor="c", batch="b", err=None):
    v.do("cursor.read", want, err=err, id=cursor, batch=batch)


def cursor(v, id="c", join="live", policy="skip", **limits):
    v.do("cursor.new", id=id, ring="ring", join=join, policy=policy, **limits)


def snapshot(v, **fields):
    v.do("ring.snapshot", counts(**fields), id="ring")


def times():
    v = ring("T41_constant_time", "With a clock that stands still the age limit never acts, the others do.",
             max_chunks=3, max_age_us=10)
    for n in range(5):
        publish(v, "abcd", 100, n)
    snapshot(v, oldest=2, next=5, buffered_bytes=12, buffered_us=0, times_went_back=0)
    v.write()
    v = ring("T41_backward_time", "A time before the last one is taken to be the same and counted: age and lag "
             "never run backwards.", max_age_us=50)
    cursor(v, join="oldest")
    for n, now_us in enumerate((100, 40, 120, 90, 170)):
        publish(v, "abcd", now_us, n)
    # Taken as 100, 100, 120, 120, 170: at 170 those of 100 are over 50 old.
    snapshot(v, oldest=2, next=5, buffered_bytes=12, buffered_us=50, times_went_back=2)
    v.do("cursor.status", counts(lag_chunks=5, lag_bytes=20, lag_us=70), id="c")
    v.do("ring.expire", id="ring", now_us="171")
    snapshot(v, oldest=4, next=5, buffered_bytes=4, buffered_us=0)
    v.do("ring.expire", id="ring", now_us="1000")
    snapshot(v, oldest=5, next=5, buffered_bytes=0, buffered_us=0)
    v.write()


def bounds():
    v = ring("T41_chunk_over_budget", "A chunk over the byte limit is kept alone; the next one takes its place.",
             max_bytes=10)
    publish(v, "aaaa", 0, 0)
    publish(v, "bbbbbbbbbbbbbbbb", 0, 1)
    snapshot(v, oldest=1, next=2, buffered_bytes=16)
    publish(v, "cccc", 0, 2)
    publish(v, "dddddd", 0, 3)
    snapshot(v, oldest=2, next=4, buffered_bytes=10)
    publish(v, "e", 0, 4)
    snapshot(v, oldest=3, next=5, buffered_bytes=7)
    v.write()
    v = ring("T41_nothing_published", "An empty publish is nothing; after close any is an error, and the first "
             "reason stands.")
    cursor(v)
    publish(v, "", 0, None)
    snapshot(v, oldest=0, next=0, buffered_bytes=0)
    read(v, {"chunks": [], "closed": None})
    publish(v, "a", 0, 0)
    v.do("ring.close", {"first": True}, id="ring", kind="end")
    v.do("ring.close", {"first": False}, id="ring", kind="failed")
    v.do("ring.publish", err="closed", id="ring", data="b", now_us="0", random_access=False)
    v.do("ring.publish", err="closed", id="ring", data="", now_us="0", random_access=False)
    read(v, {"chunks": ["a"], "closed": "end"})
    read(v, {"chunks": [], "closed": "end"})
    v.do("cursor.status", {"end": "drained"}, id="c")
    v.write()


def epochs():
    v = ring("T41_earlier_epoch", "A position of another epoch, or one the ring has not come to, is refused, not "
             "waited for.", epoch=2)
    publish(v, "abcd", 0, 0)
    at = {"id": "ring", "batch": "b", "max_chunks": "10", "max_bytes": "100", "time_us": "0"}
    v.do("ring.read", err="stale_cursor", epoch="1", sequence="0", offset_bytes="0", **at)
    v.do("ring.read", err="stale_cursor", epoch="2", sequence="2", offset_bytes="8", **at)
    v.do("ring.read", {"chunks": ["abcd"], **counts(next=1)}, epoch="2", sequence="0", offset_bytes="0", **at)
    v.do("ring.read", {"chunks": [], **counts(next=1)}, epoch="2", sequence="1", offset_bytes="4", **at)
    v.write()


def holds():
    v = ring("T41_eviction_under_a_held_read", "What is held stays as it was read and counts as held; over the limit "
             "reads are refused, the publisher goes on, and a release is the end of it.",
             max_chunks=2, max_held_bytes=8)
    cursor(v, "slow")
    cursor(v, "late")
    publish(v, "aaaa", 0, 0)
    publish(v, "bbbb", 0, 1)
    read(v, {"chunks": ["aaaa", "bbbb"]}, "slow", "held")
    snapshot(v, held_chunks=2, held_bytes=8, evicted_held_chunks=0, evicted_held_bytes=0)
    publish(v, "cccc", 0, 2)
    publish(v, "dddd", 0, 3)
    v.do("batch.chunks", {"chunks": ["aaaa", "bbbb"]}, batch="held")
    snapshot(v, oldest=2, next=4, held_chunks=2, held_bytes=8, evicted_held_chunks=2, evicted_held_bytes=8)
    v.do("cursor.read", err="capacity_exceeded", id="slow", batch="more")
    v.do("cursor.status", counts(refused_reads=1, lag_chunks=2), id="slow")
    v.do("batch.release", batch="held")
    v.do("batch.release", batch="held")
    snapshot(v, held_chunks=0, held_bytes=0, evicted_held_chunks=0, evicted_held_bytes=0)
    read(v, {"chunks": ["cccc", "dddd"]}, "slow", "more")
    # Two of its chunks are gone: it skips to the live end.
    read(v, {"chunks": [], "skipped": "evicted", **counts(skipped_chunks=4, skipped_bytes=16)}, "late", "b")
    v.write()
    v = ring("T41_a_large_chunk_may_be_held", "The limit refuses what comes after it was reached: a chunk over it "
             "can still be read.", max_held_bytes=3)
    cursor(v)
    publish(v, "abcdef", 0, 0)
    publish(v, "gh", 0, 1)
    read(v, {"chunks": ["abcdef"]})
    snapshot(v, held_chunks=1, held_bytes=6)
    read(v, {"chunks": ["gh"]})
    v.write()


def joins():
    v = ring("T41_join", "By bytes: the newest start from which at least as many are buffered, else the oldest; by "
             "time alike; 0 or less is the live end.", max_chunks=4)
    for n, (text, now_us) in enumerate([("xx", 0), ("aaaa", 10), ("bbb", 20), ("cc", 20), ("d", 45)]):
        publish(v, text, now_us, n, random_access=n in (0, 2))
    # Buffered from 1 on: 4 + 3 + 2 + 1 bytes at 10, 20, 20, 45.
    for mode, value, sequence, satisfied in [
        ("live", 0, 5, True), ("oldest", 0, 1, True),
        ("lag_bytes", 0, 5, True), ("lag_bytes", -3, 5, True), ("lag_bytes", 1, 4, True), ("lag_bytes", 2, 3, True),
        ("lag_bytes", 3, 3, True), ("lag_bytes", 4, 2, True), ("lag_bytes", 10, 1, True), ("lag_bytes", 11, 1, False),
        ("lag_time", 0, 5, True), ("lag_time", 1, 3, True), ("lag_time", 25, 3, True), ("lag_time", 26, 1, True),
        ("lag_time", 35, 1, True), ("lag_time", 36, 1, False), ("random_access", 0, 2, True),
    ]:
        want = {"satisfied": satisfied, **counts(sequence=sequence)}
        v.do("ring.join", want, id="ring", join=mode, value=str(value))
    v.write()


def policies():
    v = ring("T41_skip_to_live", "Over the hard limit a cursor goes to the live end, not to the edge of falling "
             "behind again; the account adds up.")
    cursor(v, hard_chunks="3", soft_chunks="2")
    for n in range(4):
        publish(v, "abcd", n * 10, n)
    read(v, {"chunks": [], "skipped": "hard_limit", "warning": True,
             **counts(skipped_chunks=4, skipped_bytes=16, lag_chunks=0)})
    publish(v, "efgh", 40, 4)
    read(v, {"chunks": ["efgh"], "skipped": None, "warning": False})
    v.do("cursor.status", counts(delivered_chunks=1, delivered_bytes=4, delivered_us=10, skipped_chunks=4,
                                 skipped_bytes=16, skipped_us=30, skip_events=1, warnings=1, worst_chunks=4,
                                 worst_bytes=16, worst_us=30, lag_chunks=0), id="c")
    v.write()
    v = ring("T41_hysteresis", "A warning is raised once over the soft limit and stands until half of it.")
    cursor(v, soft_chunks="4", max_read_chunks="1")
    for n in range(5):
        publish(v, "a", n, n)
    for warning in (True, True, True, False, False):
        read(v, {"chunks": ["a"], "warning": warning})
    v.do("cursor.status", counts(warnings=1, worst_chunks=5), id="c")
    v.write()
    v = ring("T41_skip_to_random_access", "A cursor that is too slow goes on at the latest random-access point, or "
             "waits for the next one when that is too old as well.")
    cursor(v, policy="skip_to_random_access", hard_chunks="3")
    for n, text in enumerate(["p0", "p1", "K2", "p3"]):
        publish(v, text, n, n, random_access=text[0] == "K")
    read(v, {"chunks": ["K2", "p3"], "skipped": "hard_limit", **counts(skipped_chunks=2, skipped_bytes=4)})
    for n, text in enumerate(["K4", "p5", "p6", "p7"], 4):
        publish(v, text, n, n, random_access=text[0] == "K")
    # K4 is 4 chunks behind, over the limit of 3.
    read(v, {"chunks": [], "skipped": "hard_limit", **counts(skipped_chunks=4, skipped_bytes=8)})
    publish(v, "p8", 8, 8)
    read(v, {"chunks": [], "skipped": None})
    publish(v, "K9", 9, 9, random_access=True)
    read(v, {"chunks": ["K9"], "skipped": "awaited_random_access"})
    v.do("cursor.status", counts(delivered_chunks=3, skipped_chunks=7, skip_events=2), id="c")
    v.write()
    v = ring("T41_disconnect", "A cursor with the policy to disconnect fails, for good, and says why.", max_chunks=2)
    cursor(v, policy="disconnect")
    for n in range(3):
        publish(v, "abcd", n, n)
    read(v, None, err="lagged")
    read(v, None, err="lagged")
    v.do("cursor.status", {"end": "lagged", **counts(delivered_chunks=0, skipped_chunks=0, lag_chunks=3)}, id="c")
    v.write()
    v = ring("T41_late_limits_after_close", "After close nothing gets further away: a reader over its limit still "
             "gets all that is left.")
    cursor(v, policy="disconnect", hard_chunks="1")
    for n in range(3):
        publish(v, "a", n, n)
    v.do("ring.close", {"first": True}, id="ring", kind="cancelled")
    read(v, {"chunks": ["a", "a", "a"], "closed": "cancelled"})
    v.write()


if __name__ == "__main__":
    for write in (times, bounds, epochs, holds, joins, policies):
        write()
