#!/usr/bin/env python3
"""Writes the vectors of series: windows, rollups, sketches, downsampling and quantiles; see
rtp_vectors.py for the form. What is expected is worked out here with fractions, `math.fsum` and
sorted lists, without the library; the bytes of a sketch by a protobuf writer of this file's own.

Values that JSON has no number for are the texts "NaN", "inf" and "-inf".
"""
import math
import random
import struct
from decimal import Decimal, getcontext
from fractions import Fraction

from rtp_vectors import HAND, Vector, counts

SORTED = "tests/oracle/series_vectors.py: sorted lists, fractions and math.fsum"
WIRE = "tests/oracle/series_vectors.py: bins by the documented formula in 60 digits, protobuf written by hand"
HYNDMAN = "Hyndman and Fan 1996, in fractions (tests/oracle/series_vectors.py)"
getcontext().prec = 60


def samples(pairs):
    return [[str(at_us), value] for at_us, value in pairs]


# Quantiles


def hyndman_fan(values, q, method):
    """The quantile as the definition of its type has it, exactly."""
    values, n, q = sorted(map(Fraction, values)), len(values), Fraction(q)
    if method == "floor_index":
        return float(values[min(n - 1, math.floor(n * q))])
    if method in ("nearest_rank", "averaged_rank"):
        rank = n * q
        low = min(max(math.ceil(rank), 1), n)
        if method == "averaged_rank" and rank == math.floor(rank) and 1 <= rank < n:
            return float((values[int(rank) - 1] + values[int(rank)]) / 2)
        return float(values[low - 1])
    third = Fraction(1, 3)
    at = {"linear": 1 + (n - 1) * q, "weibull": (n + 1) * q, "median_unbiased": (n + third) * q + third}[method]
    at = min(max(at, 1), n)
    low = math.floor(at)
    share = at - low
    return float(values[low - 1] + (share * (values[low] - values[low - 1]) if share else 0))


METHODS = ("linear", "nearest_rank", "averaged_rank", "weibull", "median_unbiased", "floor_index")


def t36():
    v = Vector("T36_quantile_methods", "On the same data each method gives another answer, and it is named; there "
               "is none of nothing, and NaN has no rank.", HYNDMAN)
    # Values whose interpolations doubles hold exactly.
    lists = ([8.0], [3.0, -5.0], [4.0, 64.0, 16.0, 0.0, -32.0], [float(3 * i % 31) for i in range(31)])
    for values in lists:
        for method in METHODS:
            # Thirds are not held by doubles, so the one that has them is asked where they cancel.
            qs = (0.0, 0.5, 1.0) if method == "median_unbiased" else (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)
            for q in qs:
                v.do("quantile", {"value": hyndman_fan(values, q, method)}, values=values, q=q, method=method)
    for method in METHODS:
        v.do("quantile", {"value": None}, values=[], q=0.5, method=method)
    v.do("quantile", None, "invalid_argument", values=[1.0, "NaN"], q=0.5, method="linear")
    v.do("quantile", None, "invalid_argument", values=[1.0], q=1.5, method="linear")
    v.do("quantile", None, "invalid_argument", values=[1.0], q=-0.5, method="floor_index")
    v.do("quantile", None, "invalid_argument", values=[1.0], q="NaN", method="linear")
    v.do("quantile", None, "invalid_argument", values=[1.0], q=0.5, method="median")
    v.write()


# Windows


def window(name, why, oracle=HAND, **config):
    return Vector(name, why, oracle).do("window.new", id="w", **config)


def push(v, at_us, value, pushed):
    return v.do("window.record", {"pushed": pushed}, id="w", at_us=str(at_us), value=value)


def state(kept, **more):
    """What a window of these samples, by time, says of itself."""
    values = [value for _, value in kept]
    total = math.fsum(values) if values else None
    (first_us, first), (last_us, last) = (kept[0], kept[-1]) if kept else ((None, None), (None, None))
    return {
        **counts(len=len(kept), first_us=first_us, last_us=last_us, **more),
        "min": min(values, default=None), "max": max(values, default=None), "sum": total,
        "mean": total / len(values) if values else None, "first": first, "last": last,
    }


def windows():
    v = window("T28_window_of_nothing", "Nothing measured is absent, not 0; no rate over no time; zeros are values.")
    v.do("window.state", {**state([], accepted=0), "rate_per_s": None}, id="w")
    kept = []
    # The last step is a power of two, so that the rate is exact.
    for at_us, value, rate in ((5, 0.0, None), (5, 4.0, None), (5 + 2**19, 8.0, 8 / 2**19 * 1_000_000)):
        push(v, at_us, value, "in_order")
        kept.append((at_us, value))
        v.do("window.state", {**state(kept, accepted=len(kept)), "rate_per_s": rate}, id="w")
    v.do("window.expire", None, id="w", now_us=str(10**12))
    v.do("window.state", {**state([], accepted=3, evicted=3), "rate_per_s": None}, id="w")
    v.write()

    v = window("T24_window_times", "A late sample is sorted in where it may, a repeat refused where one is enough.",
               span_us="100", late_us="20", max_samples="1000", same_time="reject")
    for at_us, value, pushed in [(100, 4.0, "in_order"), (100, 8.0, "repeated"), (150, 1.0, "in_order"),
                                 (135, 16.0, "late"), (135, 2.0, "repeated"), (129, 2.0, "too_late"),
                                 (130, 2.0, "late"), (200, 32.0, "in_order"), (99, 1.0, "too_late")]:
        push(v, at_us, value, pushed)
    kept = [(130, 2.0), (135, 16.0), (150, 1.0), (200, 32.0)]
    v.do("window.state", state(kept, accepted=5, late=2, too_late=2, repeated=2, not_finite=0, evicted=1), id="w")
    push(v, 235, 64.0, "in_order")
    v.do("window.state", state([(150, 1.0), (200, 32.0), (235, 64.0)], evicted=3), id="w")
    v.write()

    v = window("T43_window_bound", "As many samples as are asked for, whatever comes; what went is counted.",
               span_us=None, max_samples="3", late_us=str(2**63 - 1), same_time="keep")
    rng, kept, evicted = random.Random(43), [], 0
    for i in range(60):
        # Times are unique, so that order is no question.
        at_us, value = rng.randrange(1000) * 100 + i, float(rng.randrange(-500, 500))
        if kept and at_us < kept[-1][0]:
            pushed = "too_late" if len(kept) == 3 and at_us < kept[0][0] else "late"
        else:
            pushed = "in_order"
        push(v, at_us, value, pushed)
        if pushed != "too_late":
            kept = sorted([*kept, (at_us, value)])
            if len(kept) > 3:
                kept, evicted = kept[1:], evicted + 1
        v.do("window.state", state(kept, evicted=evicted), id="w")
    v.write()

    v = window("T44_window_sum", "A large value that left takes no small ones with it; a sum past the range of double "
               "is absent.", SORTED, span_us=None, max_samples="3", late_us="0", same_time="keep")
    kept = []
    for at_us, value in enumerate([1e300, 1.0, 2.0, 4.0, 1e16, 1.0, -1e16, 0.5, 0.25, 0.125]):
        push(v, at_us, value, "in_order")
        kept = [*kept, (at_us, value)][-3:]
        largest = max(abs(one) for _, one in kept)
        if largest < 1e10:
            v.do("window.state", state(kept), id="w")
    for at_us, value in enumerate([1.7e308, 1.7e308], 100):
        push(v, at_us, value, "in_order")
    v.do("window.state", {"sum": None, "mean": None, "max": 1.7e308}, id="w")
    for at_us in range(200, 203):
        push(v, at_us, 0.1, "in_order")
    v.do("window.state", state([(at_us, 0.1) for at_us in range(200, 203)]), id="w")
    v.write()


# Rollups


def floor(at_us, width_us):
    return at_us // width_us * width_us


def columns(pairs, width_us, keep=10**9):
    """Every bucket from the first kept one to the last."""
    groups = {}
    for at_us, value in pairs:
        groups.setdefault(floor(at_us, width_us), []).append((at_us, value))
    if not groups:
        return {name: [] for name in ("start_us", "count", "sum", "mean", "min", "max", "last_us", "last")}
    last = max(groups)
    kept = [start for start in groups if start > last - width_us * keep]
    starts = range(min(kept), last + 1, width_us)
    found = [groups.get(start, []) for start in starts]
    sums = [math.fsum(value for _, value in group) for group in found]
    latest = [max(group) if group else (None, None) for group in found]
    return {
        "start_us": [str(start) for start in starts], "count": [str(len(group)) for group in found], "sum": sums,
        "mean": [total / len(group) if group else None for total, group in zip(sums, found)],
        "min": [min((value for _, value in group), default=None) for group in found],
        "max": [max((value for _, value in group), default=None) for group in found],
        "last_us": [None if at_us is None else str(at_us) for at_us, _ in latest],
        "last": [value for _, value in latest],
    }


def rollup(v, levels, late_us=2**62, id="r", **more):
    return v.do("rollup.new", id=id, levels=[[str(width), str(keep)] for width, keep in levels],
                late_us=str(late_us), **more)


def record(v, pairs, id="r"):
    return v.do("rollup.record", id=id, samples=samples(pairs))


def rollups():
    levels = [(10, 1000), (30, 1000), (300, 1000)]
    rng = random.Random(28)
    pairs = [(rng.choice([-1, 1]) * rng.randrange(2000), rng.randrange(-4000, 4000) / 8) for _ in range(120)]
    v = rollup(Vector("T28_rollup_empty_buckets", "Buckets without a sample are there, with no extremes; buckets begin at "
                      "multiples of the width also before 1970.", SORTED), levels)
    for level in range(3):
        v.do("rollup.columns", columns([], 10), id="r", level=str(level), quantiles=[])
    record(v, pairs)
    for level, (width_us, _) in enumerate(levels):
        v.do("rollup.columns", columns(pairs, width_us), id="r", level=str(level), quantiles=[])
    v.do("rollup.columns", None, "out_of_range", id="r", level="3", quantiles=[])
    v.do("rollup.columns", None, "invalid_argument", id="r", level="0", quantiles=[0.5])
    v.write()

    v = rollup(Vector("T37_rollup_merge", "Rollups of parts are the rollup of all, in any order; different ones are "
                      "refused.", SORTED), levels)
    for id, part in (("a", pairs[:50]), ("b", pairs[50:110]), ("c", pairs[110:])):
        rollup(v, levels, id=id)
        record(v, part, id)
    for id in ("r", "s"):
        if id == "s":
            rollup(v, levels, id=id)
        for other in ("a", "b", "c") if id == "r" else ("c", "a", "b"):
            v.do("rollup.merge", id=id, other=other)
        for level, (width_us, _) in enumerate(levels):
            v.do("rollup.columns", columns(pairs, width_us), id=id, level=str(level), quantiles=[])
        v.do("rollup.counts", counts(accepted=120, too_late=0, not_finite=0), id=id)
    v.do("rollup.round_trip", id="r", into="t")
    v.do("rollup.columns", columns(pairs, 30), id="t", level="1", quantiles=[])
    rollup(v, [(10, 1000), (30, 999), (300, 1000)], id="u")
    v.do("rollup.merge", None, "invalid_argument", id="r", other="u")
    rollup(v, levels, id="v", relative_error=0.01)
    v.do("rollup.merge", None, "invalid_argument", id="r", other="v")
    v.do("rollup.counts", counts(accepted=120), id="r")
    v.do("rollup.decode", None, "malformed", id="x", hex="08")
    v.do("rollup.decode", None, "malformed", id="x", hex="")
    v.write()

    v = Vector("T43_rollup_bound", "As many buckets as are asked for, however far apart samples lie; one that is "
               "behind by more than allowed is counted.", HAND)
    rollup(v, [(10, 3), (20, 2)], late_us=25)
    seen = [(5, 1.0), (15, 2.0), (25, 4.0), (35, 8.0), (14, 16.0), (9, 32.0)]
    record(v, seen)
    v.do("rollup.counts", counts(accepted=5, too_late=1, not_finite=0), id="r")
    v.do("rollup.columns", columns(seen[:5], 10, 3), id="r", level="0", quantiles=[])
    v.do("rollup.columns", columns(seen[:5], 20, 2), id="r", level="1", quantiles=[])
    far = [(10**15, 7.0), (10**15 + 1, 9.0)]
    record(v, far)
    v.do("rollup.columns", columns(far, 10), id="r", level="0", quantiles=[])
    v.do("rollup.counts", counts(accepted=7, too_late=1), id="r")
    for wrong in ([], [(0, 1)], [(10, 0)], [(10, 1), (25, 1)], [(10, 1), (10, 1)], [(10, 2**23)]):
        v.do("rollup.new", None, "invalid_argument", id="x", late_us="0",
             levels=[[str(width), str(keep)] for width, keep in wrong])
    v.do("rollup.new", None, "invalid_argument", id="x", late_us="-1", levels=[["1", "1"]])
    v.write()

    v = rollup(Vector("T44_rollup_sum", "Sums keep what is small beside what is large, in any order, also when merged; "
                      "past the range of double there is none.", SORTED), [(1000, 10)])
    values = [1e16, 1.0, -1e16, 1.0, 0.1, 0.2, 0.3, -0.6]
    record(v, list(enumerate(values)))
    rollup(v, [(1000, 10)], id="s")
    record(v, list(enumerate(values, 500)), "s")
    v.do("rollup.columns", {"sum": [math.fsum(values)]}, id="r", level="0", quantiles=[])
    v.do("rollup.merge", id="r", other="s")
    v.do("rollup.columns", {"sum": [math.fsum(values * 2)], "count": ["16"]}, id="r", level="0", quantiles=[])
    record(v, [(1000, 1.7e308), (1001, 1.7e308)])
    v.do("rollup.columns", {"sum": [math.fsum(values * 2), None], "max": [1e16, 1.7e308]}, id="r", level="0", quantiles=[])
    v.write()

    v = Vector("T27_series_not_finite", "NaN and infinities are rejected and counted, wherever they come.", HAND)
    v.do("window.new", id="w")
    rollup(v, [(10, 10)])
    v.do("sketch.new", id="s", relative_error=0.01)
    for at_us, value in enumerate(["NaN", "inf", "-inf"]):
        push(v, at_us, value, "not_finite")
    record(v, list(enumerate(["NaN", 1.0, "inf", "-inf"])))
    v.do("sketch.record", id="s", values=["NaN", 1.0, "inf", "-inf"])
    v.do("window.state", state([], accepted=0, not_finite=3), id="w")
    v.do("rollup.counts", counts(accepted=1, too_late=0, not_finite=3), id="r")
    v.do("rollup.columns", columns([(1, 1.0)], 10), id="r", level="0", quantiles=[])
    v.do("sketch.state", {**counts(count=1, rejected=3, zeros=0), "min": 1.0, "max": 1.0, "sum": 1.0}, id="s")
    v.write()


# Sketches


def bin_index(magnitude, relative_error):
    """The formula of the documentation: a cubic in the significand plus the exponent, scaled by the
    logarithm of gamma. No value here lies so near the edge of a bin that a double could fall off."""
    significand, exponent = math.frexp(magnitude)
    s = Decimal(significand) * 2 - 1
    log = ((Decimal(6) / 35 * s - Decimal(3) / 5) * s + Decimal(10) / 7) * s + exponent - 1
    e = Decimal(relative_error)
    scaled = log * Decimal("0.7") / ((1 + e) / (1 - e)).ln()
    index = math.floor(scaled)
    assert Decimal("1e-9") < scaled - index < 1 - Decimal("1e-9"), magnitude
    return index


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(tag, wire, body):
    return varint(tag << 3 | wire) + body


def double(tag, x):
    return field(tag, 1, struct.pack("<d", x)) if struct.pack("<d", x) != bytes(8) else b""


def uint(tag, n):
    return field(tag, 0, varint(n)) if n else b""


def block(tag, body):
    return field(tag, 2, varint(len(body)) + body)


def bins_message(bins, collapsed=False):
    """`bins` by index."""
    order = sorted(bins)
    steps = [b - a for a, b in zip(order, order[1:])]
    zigzag = order[0] * 2 if order[0] >= 0 else -order[0] * 2 - 1
    packed = lambda ns: b"".join(map(varint, ns))  # noqa: E731
    return (uint(1, zigzag) + (block(2, packed(steps)) if steps else b"")
            + block(3, packed(bins[index] for index in order)) + uint(4, collapsed))


def sketch_bytes(values, e, **other):
    """The bytes of a sketch of finite values, with parts replaced by those given."""
    parts = {"positive": {}, "negative": {}, "zeros": 0, "rejected": 0, "error": e}
    for value in values:
        if value:
            bins = parts["positive" if value > 0 else "negative"]
            index = bin_index(abs(value), e)
            bins[index] = bins.get(index, 0) + 1
        else:
            parts["zeros"] += 1
    total = math.fsum(values)
    parts |= {"sum": total, "rest": 0.0, "min": min(values, default=0.0), "max": max(values, default=0.0)} | other
    out = double(1, parts["error"])
    for tag, name in ((2, "positive"), (3, "negative")):
        if parts[name]:
            out += block(tag, bins_message(parts[name]))
    return (out + uint(4, parts["zeros"]) + uint(5, parts["rejected"]) + double(6, parts["sum"])
            + double(7, parts["rest"]) + double(8, parts["min"]) + double(9, parts["max"])).hex()


def lower(values, q):
    values = sorted(values)
    return values[math.floor(Fraction(q) * (len(values) - 1))]


def sketches():
    rng = random.Random(37)
    # Eighths, whose sums doubles hold exactly.
    values = [rng.choice([-1, 1]) * rng.randrange(1, 80_000) / 8 for _ in range(300)] + [0.0] * 20 + [-0.0] * 5
    parts = [values[:100], values[100:101], values[101:]]
    v = Vector("T37_sketch_merge", "Negatives, zeros, min and max survive; any order gives the same bins and bytes; "
               "different parameters are refused and change nothing.", WIRE)
    for id, part in (("all", values), *zip("abc", parts)):
        v.do("sketch.new", id=id, relative_error=0.01)
        v.do("sketch.record", id=id, values=part)
    whole = {**counts(count=325, zeros=25, rejected=0), "min": min(values), "max": max(values), "sum": math.fsum(values),
             "mean": math.fsum(values) / 325, "is_collapsed": False}
    v.do("sketch.state", whole, id="all")
    v.do("sketch.bytes", {"hex": sketch_bytes(values, 0.01)}, id="all")
    for id, order in (("x", "abc"), ("y", "cba")):
        v.do("sketch.new", id=id, relative_error=0.01)
        for other in order:
            v.do("sketch.merge", id=id, other=other)
        v.do("sketch.state", whole, id=id)
        v.do("sketch.bytes", {"hex": sketch_bytes(values, 0.01)}, id=id)
    v.do("sketch.new", id="z", relative_error=0.02)
    v.do("sketch.merge", None, "invalid_argument", id="x", other="z")
    v.do("sketch.bytes", {"hex": sketch_bytes(values, 0.01)}, id="x")
    for q in (0.0, 0.01, 0.1, 0.25, 0.46875, 0.5, 0.75, 0.99, 1.0):
        v.do("sketch.within", {"within": True}, id="y", q=q, exact=lower(values, q))
    v.do("sketch.quantile", {"value": min(values)}, id="y", q=0.0)
    v.do("sketch.quantile", {"value": max(values)}, id="y", q=1.0)
    v.do("sketch.quantile", None, "invalid_argument", id="y", q=1.5)
    v.do("sketch.quantile", None, "invalid_argument", id="y", q="NaN")
    for wrong in (0.0, -0.01, 0.6, "NaN"):
        v.do("sketch.new", None, "invalid_argument", id="n", relative_error=wrong)
    v.write()

    v = Vector("T28_sketch_of_nothing", "No values, no quantile; zeros alone are values.", HAND)
    v.do("sketch.new", id="s", relative_error=0.01)
    v.do("sketch.state", {**counts(count=0, zeros=0), "min": None, "max": None, "sum": None, "mean": None}, id="s")
    v.do("sketch.quantile", {"value": None}, id="s", q=0.5)
    v.do("sketch.bytes", {"hex": sketch_bytes([], 0.01)}, id="s")
    v.do("sketch.record", id="s", values=[-0.0, 0.0])
    v.do("sketch.state", {**counts(count=2, zeros=2), "min": 0.0, "max": 0.0, "sum": 0.0, "mean": 0.0}, id="s")
    v.do("sketch.quantile", {"value": 0.0}, id="s", q=0.5)
    v.write()

    v = Vector("T37_sketch_bytes", "Bytes come from anywhere: what is no sketch is refused, what is one works.", WIRE)
    some = [-3.0, 0.0, 1.5, 100.0, 100.0]
    good = sketch_bytes(some, 0.01)
    v.do("sketch.decode", id="s", hex=good)
    v.do("sketch.state", {**counts(count=5, zeros=1), "min": -3.0, "max": 100.0, "sum": 198.5}, id="s")
    v.do("sketch.bytes", {"hex": good}, id="s")
    v.do("sketch.decode", None, "malformed", id="x", hex="")
    v.do("sketch.decode", None, "malformed", id="x", hex=good[:-2])
    v.do("sketch.decode", None, "malformed", id="x", hex=good[:40])
    v.do("sketch.decode", None, "malformed", id="x", hex="ff" * 20)
    up = {bin_index(1.5, 0.01): 1, bin_index(100.0, 0.01): 2}
    for wrong in (
        {"error": 0.0}, {"error": float("nan")}, {"error": 0.9},
        {"min": float("nan")}, {"max": float("inf")}, {"min": 100.0, "max": -3.0}, {"min": -5.0}, {"max": 90.0},
        {"min": -3.0, "negative": {}}, {"zeros": 2**64 - 1}, {"sum": float("nan")}, {"rest": float("inf")},
        {"positive": {**up, bin_index(100.0, 0.01): 0}}, {"positive": {**up, 2_000_000_000: 1}},
        {"positive": {index * 10_000: 1 for index in range(5)}},
        {"positive": {-(2**31): 1, 2**31 - 1: 1}},
        {"positive": {**up, bin_index(1.5, 0.01): 2**64 - 1}},
    ):
        v.do("sketch.decode", None, "malformed", id="x", hex=sketch_bytes(some, 0.01, **wrong))
    v.do("sketch.state", counts(count=5), id="s")
    v.write()

    v = Vector("T44_sketch_sum", "The sum of a sketch keeps what is small beside what is large, also when merged.", SORTED)
    values = [1e16, 1.0, -1e16, 1.0, 0.1, 0.2, 0.3, -0.6]
    for id in ("s", "t"):
        v.do("sketch.new", id=id, relative_error=0.01)
        v.do("sketch.record", id=id, values=values)
    v.do("sketch.state", {"sum": math.fsum(values)}, id="s")
    v.do("sketch.merge", id="s", other="t")
    v.do("sketch.state", {"sum": math.fsum(values * 2)}, id="s")
    v.write()


# Downsampling


def draw(v, times, values, points, want=None, err=None, gap_us=None):
    args = dict(times_us=[str(at_us) for at_us in times], values=values, points=str(points),
                gap_us=None if gap_us is None else str(gap_us))
    return v.do("downsample", None if want is None else {"indices": [str(i) for i in want]}, err, **args)


def keeps(v, times, values, points, must, gap_us=None):
    """The drawn points are ascending, at most so many, at least half as many, and these are among them."""
    return v.do("downsample.keeps", {"keeps": True}, times_us=[str(at_us) for at_us in times], values=values,
                points=str(points), gap_us=None if gap_us is None else str(gap_us), must=[str(i) for i in must])


def t38():
    v = Vector("T38_downsample_few", "With fewer points than there is to keep, ends go before extremes; with as many "
               "points as samples all stay; nothing of nothing.", HAND)
    times, values = [0, 10, 20, 30, 40], [1.0, 2.0, 9.0, 0.0, 5.0]
    for points, want in ((0, []), (1, [0]), (2, [0, 4]), (3, [0, 3, 4]), (4, [0, 2, 3, 4]), (5, [0, 1, 2, 3, 4]),
                         (100, [0, 1, 2, 3, 4])):
        draw(v, times, values, points, want)
    draw(v, [], [], 10, [])
    draw(v, [3], [7.0], 10, [0])
    draw(v, [1, 2, 3], ["NaN", "inf", "-inf"], 10, [])
    draw(v, [1, 2, 3, 4], [1.0, "NaN", 2.0, 3.0], 10, [0, 2, 3])
    draw(v, [2, 1], [0.0, 0.0], 10, err="time_went_back")
    draw(v, [1, 2], [0.0], 10, err="invalid_argument")
    v.write()

    rng = random.Random(38)
    times, values = [], []
    at_us = 1_790_000_000_000_000
    for i in range(600):
        at_us += 50_000_000 if i in (100, 350, 351) else rng.randrange(1, 2000)
        times.append(at_us)
        values.append(float(rng.randrange(-1000, 1000)))
    values[77], values[410], values[200] = 5000.0, -5000.0, "NaN"
    must = [0, 77, 99, 100, 199, 201, 349, 350, 351, 410, 599]
    v = Vector("T38_downsample_keeps", "First, last, smallest, largest and both sides of every gap are drawn; a value that "
               "is not finite is a gap.", HAND)
    for points in (11, 20, 100, 400):
        keeps(v, times, values, points, must, gap_us=10_000_000)
    keeps(v, times, values, 50, [0, 77, 199, 201, 410, 599])
    v.write()

    v = Vector("T38_downsample_equal", "All times equal, or all values: still as many points as asked for, at most, the "
               "ends among them.", HAND)
    keeps(v, [7] * 100, [float(i % 13) for i in range(100)], 20, [0, 12, 99])
    keeps(v, list(range(100)), [3.0] * 100, 20, [0, 99])
    keeps(v, [7] * 100, [3.0] * 100, 20, [0, 99])
    keeps(v, [-(2**63), 0, 2**63 - 1] , [1.7e308, -1.7e308, 0.0], 3, [0, 1, 2])
    v.write()


if __name__ == "__main__":
    t36()
    windows()
    rollups()
    sketches()
    t38()
