"""Windows, rollups, sketches, downsampling and quantiles, with numpy and polars as oracles."""

import collections
import copy
import math
import pickle
import sys
import threading

import numpy as np
import pytest
import streamgauge as sg
from streamgauge import errors

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

S = 1_000_000
LEVELS = [(S, 5_000), (10 * S, 500), (60 * S, 100)]


def walk(seed, n=20_000, late_us=0):
    """Times some 0.1 s apart, with gaps, later than in order by up to ``late_us``; values of both signs."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, 200_000, n)
    steps[rng.random(n) < 0.001] = 30 * S
    times = 1_790_000_000 * S + np.cumsum(steps)
    order = np.argsort(times + rng.integers(0, late_us + 1, n), kind="stable")
    return times[order], np.round(rng.normal(0, 1000, n), 2)


@pytest.mark.parametrize("late_us", [0, 20 * S])
def test_rollup_is_what_polars_groups(late_us):
    times, values = walk(1, late_us=late_us)
    rollup = sg.Rollup(LEVELS, late_us=60 * S)
    rollup.record_many(times, values)
    assert rollup.counts == (len(times), 0, 0)
    frame = pl.DataFrame({"t": times, "v": values}).with_columns(pl.from_epoch("t", time_unit="us"))
    frame = frame.sort("t", "v")
    for level, (width_us, _) in enumerate(LEVELS):
        groups = frame.group_by_dynamic("t", every=f"{width_us}us").agg(
            pl.len().cast(pl.Int64).alias("count"),
            *(getattr(pl.col("v"), name)().alias(name) for name in ("sum", "mean", "min", "max", "last")),
            pl.col("t").last().dt.epoch("us").alias("last_us"),
        )
        groups = groups.with_columns(pl.col("t").dt.epoch("us").alias("start_us"))
        buckets = pl.DataFrame(rollup.buckets(level))
        assert np.all(np.diff(buckets["start_us"].to_numpy()) == width_us)
        filled = buckets.filter(pl.col("count") > 0)
        for name in ("start_us", "count", "min", "max", "last", "last_us"):
            assert filled[name].to_list() == groups[name].to_list(), name
        for name in ("sum", "mean"):
            np.testing.assert_allclose(filled[name], groups[name], rtol=1e-12, atol=1e-9)
        empty = buckets.filter(pl.col("count") == 0)
        assert (len(empty) > 0) == (width_us < 30 * S)
        assert empty["sum"].to_list() == [0.0] * len(empty)
        for name in ("mean", "min", "max", "last", "last_us"):
            assert empty[name].null_count() == len(empty), name


def test_rollup_tables_are_read_by_arrow_and_pickle():
    rollup = sg.Rollup([(10, 100)], relative_error=0.01)
    rollup.record_many(np.array([1, 2, 35]), np.array([1.0, 3.0, 5.0]))
    table = rollup.buckets(quantiles=[0.0, 0.5, 1.0])
    arrow = pa.table(table)
    arrow.validate(full=True)
    assert arrow["start_us"].to_pylist() == [0, 10, 20, 30]
    assert arrow["mean"].to_pylist() == [2.0, None, None, 5.0]
    assert arrow["last_us"].to_pylist() == [2, None, None, 35]
    assert arrow["q1"].to_pylist() == [3.0, None, None, 5.0]
    assert arrow["count"].null_count == 0
    assert pickle.loads(pickle.dumps(table)) == table
    assert table["min"].tolist() == [1.0, None, None, 5.0]


def test_a_sum_past_the_range_of_float_is_null():
    rollup = sg.Rollup([(10, 100)])
    rollup.record_many([0, 1, 10], [1.7e308, 1.7e308, 2.0])
    assert rollup.buckets()["sum"].tolist() == [None, 2.0]
    assert rollup.buckets()["mean"].tolist() == [None, 2.0]
    assert rollup.buckets()["max"].tolist() == [1.7e308, 2.0]


def test_rollup_quantiles_are_those_of_numpy_within_the_error():
    times, values = walk(2)
    rollup = sg.Rollup(LEVELS, relative_error=0.01)
    rollup.record_many(times, values)
    buckets = pl.DataFrame(rollup.buckets(2, quantiles=[0.1, 0.5, 0.99])).filter(pl.col("count") > 0)
    for row in buckets.iter_rows(named=True):
        inside = values[(times >= row["start_us"]) & (times < row["start_us"] + 60 * S)]
        for q in (0.1, 0.5, 0.99):
            exact = np.quantile(inside, q, method="lower")
            assert abs(row[f"q{q}"] - exact) <= 0.01 * abs(exact) * (1 + 1e-9)


def test_rollups_merge_into_one_of_everything():
    times, values = walk(3, late_us=5 * S)
    whole = sg.Rollup(LEVELS, relative_error=0.02)
    whole.record_many(times, values)
    parts = []
    for part in range(7):
        rollup = sg.Rollup(LEVELS, relative_error=0.02)
        rollup.record_many(times[part::7], values[part::7])
        parts.append(rollup)
    forwards, backwards = copy.copy(parts[0]), copy.deepcopy(parts[-1])
    for part in parts[1:]:
        forwards.merge(part)
    for part in parts[-2::-1]:
        backwards.merge(sg.Rollup.from_bytes(part.to_bytes()))
    assert forwards.counts == backwards.counts == whole.counts
    assert parts[0].counts.accepted == len(times[::7])
    for level in range(3):
        tables = [pl.DataFrame(r.buckets(level, quantiles=[0.5])) for r in (whole, forwards, backwards)]
        for table in tables[1:]:
            for name in ("start_us", "count", "min", "max", "last", "last_us", "q0.5"):
                assert table[name].to_list() == tables[0][name].to_list(), (level, name)
            np.testing.assert_allclose(table["sum"], tables[0]["sum"], rtol=1e-12, atol=1e-9)
    with pytest.raises(errors.InvalidArgumentError, match="differ"):
        forwards.merge(sg.Rollup(LEVELS))
    twice = copy.copy(parts[0])
    twice.merge(twice)
    assert twice.counts.accepted == 2 * parts[0].counts.accepted


def test_rollup_states():
    rollup = sg.Rollup()
    assert rollup.levels[0] == sg.Level(S, 3_600)
    assert (rollup.newest_us, rollup.final_until_us, rollup.relative_error) == (None, None, None)
    assert len(rollup.buckets()) == 0
    assert rollup.record(100 * S, 1.0)
    assert not rollup.record(39 * S, 1.0)
    assert not rollup.record(100 * S, math.nan)
    assert rollup.counts == sg.RollupCounts(1, 1, 1)
    assert (rollup.newest_us, rollup.final_until_us, rollup.late_us) == (100 * S, 40 * S, 60 * S)
    assert "1 samples" in repr(rollup)


@pytest.mark.parametrize(
    ("levels", "options", "wrong"),
    [
        ([], {}, "levels is empty"),
        ([(0, 1)], {}, "width_us is 0"),
        ([(1, 0)], {}, "keep is 0"),
        ([(1, 2**40)], {}, "keep is 1099511627776"),
        ([(2, 1), (3, 1)], {}, "no multiple"),
        ([(1, 1)], {"late_us": -1}, "late_us is -1"),
        ([(1, 1)], {"relative_error": math.nan}, "relative_error is NaN"),
    ],
)
def test_rollup_bounds(levels, options, wrong):
    with pytest.raises(errors.InvalidArgumentError, match=wrong):
        sg.Rollup(levels, **options)


def test_rollup_arguments():
    rollup = sg.Rollup(relative_error=0.1)
    with pytest.raises(errors.OutOfRangeError, match="level is 3: there are 3"):
        rollup.buckets(3)
    with pytest.raises(errors.InvalidArgumentError, match="expected 0 to 1"):
        rollup.buckets(quantiles=[2.0])
    with pytest.raises(errors.InvalidArgumentError, match="twice"):
        rollup.buckets(quantiles=[0.5, 0.5])
    with pytest.raises(errors.InvalidArgumentError, match="quantiles need sketches"):
        sg.Rollup().buckets(quantiles=[0.5])
    with pytest.raises((OverflowError, errors.OutOfRangeError)):
        rollup.buckets(-1)
    with pytest.raises(errors.InvalidArgumentError, match="3 times and 2 values"):
        rollup.record_many([1, 2, 3], [1.0, 2.0])
    assert rollup.counts.accepted == 0


@pytest.mark.parametrize("make", [sg.Rollup, sg.SampleWindow])
def test_times_are_int64_or_datetimes_of_microseconds(make):
    made = make()
    made.record_many(np.array(["2026-11-21T00:00:01", "2026-11-21T00:00:02"], "datetime64[us]"), np.ones(2))
    made.record_many(np.arange(10)[::5], np.ones(4)[::2])
    raw = bytearray(b"x") + (7).to_bytes(8, "little") * 3
    made.record_many(np.frombuffer(raw, np.int64, 2, offset=1), np.frombuffer(raw, np.float64, 2, offset=1))
    assert sum(made.counts) >= 6
    day = np.array(["2026-11-21"], "datetime64[D]")
    for wrong, text in [
        (day, r"datetime64\[D\]: expected int64 or datetime64\[us\]"),
        (day.astype("datetime64[ns]"), r"datetime64\[ns\]"),
        (day.astype(">M8[us]"), "expected int64"),
        (np.zeros(1, np.int32), "times_us has dtype int32"),
        (np.zeros((1, 1), "datetime64[us]"), "2 dimensions"),
        ("x", "times_us is str"),
        (None, "times_us is NoneType"),
    ]:
        with pytest.raises(TypeError, match=text):
            made.record_many(wrong, np.zeros(1))
    with pytest.raises(TypeError, match="values has dtype float32"):
        made.record_many(np.zeros(1, np.int64), np.zeros(1, np.float32))
    with pytest.raises(errors.OutOfRangeError, match="times_us has an item beyond"):
        made.record_many([2**63], [1.0])
    with pytest.raises(errors.InvalidArgumentError, match=r"times_us\[1\] is NaT"):
        made.record_many(np.array(["2030-01-01", "NaT"], "datetime64[us]"), np.zeros(2))
    with pytest.raises(errors.OutOfRangeError, match="at_us is"):
        made.record(2**63, 1.0)
    for extreme in (-(2**63), 2**63 - 1):
        made.record(extreme, 1.0)
    made.record_many([], [])


class Scan:
    """A window as a list that is searched."""

    def __init__(self, span_us, max_samples):
        self.kept, self.span_us, self.max_samples = collections.deque(), span_us, max_samples

    def record(self, at_us, value):
        self.kept.append((at_us, value))
        while self.kept[0][0] <= at_us - self.span_us or len(self.kept) > self.max_samples:
            self.kept.popleft()


def test_window_is_what_a_scan_finds():
    times, values = walk(4, n=3_000)
    window, scan = sg.SampleWindow(span_us=20 * S, max_samples=150), Scan(20 * S, 150)
    for at_us, value in zip(times.tolist(), values.tolist()):
        assert window.record(at_us, value) == "in_order"
        scan.record(at_us, value)
        kept = [value for _, value in scan.kept]
        assert (len(window), window.min, window.max) == (len(kept), min(kept), max(kept))
        assert window.sum == pytest.approx(math.fsum(kept), rel=1e-12, abs=1e-9)
        assert window.mean == pytest.approx(math.fsum(kept) / len(kept), rel=1e-12, abs=1e-9)
        assert (window.first, window.last) == (scan.kept[0], scan.kept[-1])
    table = pl.DataFrame(window.samples())
    assert table.rows() == list(scan.kept)
    assert window.counts.evicted == len(times) - len(scan.kept)


def test_window_is_what_polars_rolls():
    times, values = walk(5, n=5_000)
    frame = pl.DataFrame({"t": times, "v": values}).with_columns(pl.from_epoch("t", time_unit="us"))
    # Of equal times polars looks ahead to the last, a window has seen only the first.
    frame = frame.unique("t", keep="first", maintain_order=True)
    rolled = frame.rolling("t", period="5s").agg(
        pl.col("v").min().alias("min"), pl.col("v").max().alias("max"), pl.len().alias("n")
    )
    window = sg.SampleWindow(span_us=5 * S)
    for at_us, value, expected in zip(
        frame["t"].dt.epoch("us").to_list(), frame["v"].to_list(), rolled.iter_rows(named=True)
    ):
        window.record(at_us, value)
        assert (window.min, window.max, len(window)) == (expected["min"], expected["max"], expected["n"])


def test_window_states():
    window = sg.SampleWindow(span_us=10, max_samples=3, late_us=5, same_time="reject")
    assert [getattr(window, name) for name in ("min", "max", "sum", "mean", "first", "last")] == [None] * 6
    assert window.rate_per_s is None
    said = [window.record(*s) for s in [(0, 1), (8, 3), (4, 2), (8, 9), (1, 1), (9, math.inf), (10, 7)]]
    assert said == ["in_order", "in_order", "late", "repeated", "too_late", "not_finite", "in_order"]
    assert window.counts == sg.WindowCounts(4, 1, 1, 1, 1, 1)
    assert window.rate_per_s == 5e6 / 6
    window.expire(18)
    assert window.samples()["t_us"].tolist() == [10]
    assert "1 samples" in repr(window)
    for wrong in ({"span_us": 0}, {"max_samples": 0}, {"late_us": -1}, {"same_time": "sum"}):
        with pytest.raises(errors.InvalidArgumentError):
            sg.SampleWindow(**wrong)


SHAPES = {
    "both signs": lambda rng: rng.normal(0, 1, 5_000),
    "heavy tail": lambda rng: rng.pareto(1.0, 5_000) + 1e-9,
    "whole numbers": lambda rng: rng.integers(-5, 6, 5_000).astype(float),
    "magnitudes": lambda rng: 10 ** rng.uniform(-16, 16, 5_000) * rng.choice([-1, 1], 5_000),
    "one value": lambda rng: np.full(100, -3.25),
}


@pytest.mark.parametrize("relative_error", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("shape", SHAPES)
def test_sketch_quantiles_are_those_of_numpy_within_the_error(shape, relative_error):
    values = SHAPES[shape](np.random.default_rng(6))
    sketch = sg.Sketch(values, relative_error=relative_error)
    assert not sketch.is_collapsed
    for q in [*np.random.default_rng(7).random(50), 0.0, 0.5, 0.999, 1.0]:
        exact = np.quantile(values, q, method="lower")
        assert abs(sketch.quantile(q) - exact) <= relative_error * abs(exact) * (1 + 1e-9), q
    assert (sketch.min, sketch.max, sketch.count) == (values.min(), values.max(), len(values))
    assert sketch.sum == pytest.approx(math.fsum(values), rel=1e-12, abs=1e-9)
    assert sketch.zeros == np.count_nonzero(values == 0)
    bins = sketch.bins()
    inside = [
        np.count_nonzero(
            (values > low) & (values <= high)
            if high <= 0 and low < high
            else (values >= low) & (values < high)
        )
        if low < high
        else np.count_nonzero(values == 0)
        for low, high in zip(bins["lower"], bins["upper"])
    ]
    assert bins["count"].tolist() == inside


def test_sketches_merge_in_any_order():
    rng = np.random.default_rng(8)
    values = np.concatenate([rng.normal(0, 5, 10_000), np.zeros(7)])
    whole = sg.Sketch(values)
    parts = [sg.Sketch(part) for part in np.array_split(rng.permutation(values), 9)]
    forwards, backwards = sg.Sketch(), sg.Sketch()
    for part in parts:
        forwards.merge(part)
    for part in reversed(parts):
        backwards.merge(pickle.loads(pickle.dumps(part)))
    assert forwards == backwards == whole
    assert forwards.sum == pytest.approx(whole.sum, rel=1e-12)
    forwards.record(1.0)
    assert forwards != whole
    assert whole != "a sketch"
    whole.merge(whole)
    assert whole.count == 2 * len(values)
    with pytest.raises(errors.InvalidArgumentError, match=r"relative_error is 0\.01 in one"):
        whole.merge(sg.Sketch(relative_error=0.02))
    with pytest.raises(TypeError):
        whole.merge(values)


def test_merging_two_sketches_into_one_another_from_two_threads_does_not_wait_for_ever():
    a, b = sg.Sketch(np.ones(1)), sg.Sketch(np.ones(1))

    def merge(into, other):
        for _ in range(30):
            into.merge(other)

    threads = [threading.Thread(target=merge, args=pair, daemon=True) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_sketch_states():
    sketch = sg.Sketch()
    assert (sketch.quantile(0.5), sketch.min, sketch.sum, sketch.mean, sketch.count) == (None,) * 4 + (0,)
    sketch.record_many([1.0, math.nan, -math.inf, 0.0, -0.0])
    sketch.record(5.0, 3)
    assert (sketch.count, sketch.rejected, sketch.zeros) == (6, 2, 2)
    assert sketch.mean == 16 / 6
    sketch.record(1.0, 0)
    for wrong in (-1, 2**64):
        with pytest.raises(errors.OutOfRangeError, match="count is"):
            sketch.record(1.0, wrong)
    for q in (-0.1, 1.1, math.nan):
        with pytest.raises(errors.InvalidArgumentError, match="q is"):
            sketch.quantile(q)
    for relative_error in (0.0, 0.6, math.nan):
        with pytest.raises(errors.InvalidArgumentError, match="relative_error is"):
            sg.Sketch(relative_error=relative_error)
    assert sketch.memory_bytes > 0
    assert not sketch.is_collapsed
    sketch.record_many([1e-300, 1e300])
    assert sketch.is_collapsed
    copied = copy.copy(sketch)
    sketch.clear()
    assert (sketch.count, copied.count) == (0, 8)
    sketch.record(1.0, 2**63)
    with pytest.raises(errors.OutOfRangeError, match="beyond int64"):
        sketch.bins()
    with pytest.raises(TypeError, match="unhashable"):
        hash(sketch)


@pytest.mark.parametrize("kind", [sg.Sketch, sg.Rollup])
def test_hostile_bytes(kind):
    made = kind(relative_error=0.01)
    if kind is sg.Sketch:
        made.record_many(np.random.default_rng(9).normal(0, 1, 100))
    else:
        made.record_many(np.arange(100) * S, np.random.default_rng(9).normal(0, 1, 100))
    data = made.to_bytes()
    again = kind.from_bytes(data)
    assert again.to_bytes() == data
    assert kind.from_bytes(memoryview(data)).to_bytes() == data
    rng = np.random.default_rng(10)
    refused = 0
    for _ in range(500):
        bad = bytearray(data)
        for _ in range(rng.integers(1, 5)):
            bad[rng.integers(len(bad))] = rng.integers(256)
        if rng.random() < 0.3:
            bad = bad[: rng.integers(len(bad))]
        try:
            taken = kind.from_bytes(bytes(bad))
        except errors.MalformedError:
            refused += 1
        else:
            # What is taken works.
            taken.merge(copy.copy(taken))
            taken.to_bytes()
    assert refused > 200
    with pytest.raises(TypeError, match="data is str"):
        kind.from_bytes("text")


def test_downsampling_keeps_ends_extremes_and_gaps():
    times, values = walk(11)
    values[500] = math.nan
    drawn = sg.downsample(times, values, 400, gap_us=10 * S)
    assert drawn.dtype == np.int64
    assert 300 <= len(drawn) <= 400
    assert np.all(np.diff(drawn) > 0)
    finite = np.flatnonzero(np.isfinite(values))
    kept = {0, len(values) - 1, int(np.nanargmin(values)), int(np.nanargmax(values)), 499, 501}
    sides = np.flatnonzero(np.diff(times[finite]) > 10 * S)
    kept |= set(finite[sides].tolist()) | set(finite[sides + 1].tolist())
    assert len(kept) > 20
    assert kept <= set(drawn.tolist())
    assert 500 not in drawn
    assert sg.downsample(times.view("datetime64[us]"), values, 400, gap_us=10 * S).tolist() == drawn.tolist()
    assert sg.downsample(times, values, 10**9).tolist() == finite.tolist()
    assert sg.downsample([], [], 5).tolist() == []
    assert len(sg.downsample(times, values, 0)) == 0


def test_downsampling_refuses():
    with pytest.raises(errors.TimeWentBackError, match="sample 1 at 1"):
        sg.downsample([2, 1], [0.0, 0.0], 5)
    with pytest.raises(errors.InvalidArgumentError, match="2 times and 1 values"):
        sg.downsample([1, 2], [0.0], 5)
    with pytest.raises(OverflowError):
        sg.downsample([1], [0.0], -1)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize(
    ("method", "numpy_method"),
    [
        ("linear", "linear"),
        ("nearest_rank", "inverted_cdf"),
        ("averaged_rank", "averaged_inverted_cdf"),
        ("weibull", "weibull"),
        ("median_unbiased", "median_unbiased"),
    ],
)
def test_quantile_methods_are_those_of_numpy(method, numpy_method, n):
    rng = np.random.default_rng(n)
    values = rng.normal(0, 100, n)
    # Ranks that fall on a value and between two, and what lies outside all of them.
    for q in [*rng.random(50), 0.0, 0.25, 0.5, 0.75, 1.0, *(np.arange(1, n, 17) / n)]:
        exact = np.quantile(values, q, method=numpy_method)
        assert sg.quantile(values, q, method) == pytest.approx(exact, rel=1e-12, abs=1e-12), q


@pytest.mark.parametrize("n", [1, 2, 10, 101])
def test_floor_index_is_the_element_that_the_script_takes(n):
    values = np.random.default_rng(n).normal(0, 100, n)
    for q in np.linspace(0, 1, 41):
        assert sg.quantile(values, q, "floor_index") == sorted(values)[min(n - 1, int(n * q))]


def test_the_interpreter_is_free_while_large_arrays_are_recorded():
    rollup = sg.Rollup(relative_error=0.01)
    times, values = np.arange(3_000_000) * 100, np.random.default_rng(12).normal(0, 1, 3_000_000)
    started, done = threading.Event(), threading.Event()

    def record():
        started.set()
        rollup.record_many(times, values)
        done.set()

    thread = threading.Thread(target=record)
    interval = sys.getswitchinterval()
    # No thread is made to give way: this one goes on only where the other lets go by itself.
    sys.setswitchinterval(1000)
    try:
        thread.start()
        started.wait()
        done_before_this_one_went_on = done.is_set()
    finally:
        sys.setswitchinterval(interval)
    thread.join()
    assert not done_before_this_one_went_on
    assert rollup.counts.accepted == len(times)
