"""The commands ``rollup`` and ``quantile``: what they read, print, write and exit with."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from streamgauge.cli import main

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402

S = 1_000_000
DAY_US = 1_790_000_000 * S // (86_400 * S) * 86_400 * S


def command(*args):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(map(str, args)))
        except SystemExit as exit:
            code = exit.code
    return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())


def printed(*args):
    done = command(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*args):
    done = command(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(1)
    times = DAY_US + np.cumsum(rng.integers(0, 200_000, 4_000))
    times[2_000:] += 25 * S
    return times, np.round(rng.gamma(2.0, 30.0, 4_000), 3)


@pytest.fixture(scope="module")
def files(series, tmp_path_factory):
    """The same series in every form that can be read, out of order, with two nulls and a NaN."""
    folder = tmp_path_factory.mktemp("columns")
    times, values = series
    order = np.random.default_rng(2).permutation(len(times))
    times = [*times[order].tolist(), None, DAY_US, DAY_US]
    values = [*values[order].tolist(), 1.0, None, float("nan")]
    seconds = [None if t is None else t / S for t in times]
    table = pa.table(
        {"t": pa.array(times, pa.int64()), "v": values, "name": ["x"] * len(times), "s": seconds}
    )
    stamps = table.set_column(0, "t", table["t"].cast(pa.timestamp("us", tz="UTC")))
    paths = {name: folder / name for name in ("a.parquet", "stamps.parquet", "a.arrow", "a.csv", "half.csv")}
    parquet.write_table(table, paths["a.parquet"], row_group_size=1_000)
    parquet.write_table(stamps, paths["stamps.parquet"])
    with pa.OSFile(str(paths["a.arrow"]), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=999)
    for name, rows in (("a.csv", slice(None)), ("half.csv", slice(0, 2_000))):
        with paths[name].open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["t", "v", "name", "s"])
            for row in list(zip(times, values, ["x"] * len(times), seconds))[rows]:
                writer.writerow(["" if cell is None else cell for cell in row])
    return paths


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("a.parquet", ["--time", "t"]),
        ("a.parquet", ["--time", "s", "--unit", "s"]),
        ("stamps.parquet", ["--time", "t", "--unit", "s"]),
        ("a.arrow", ["--time", "t"]),
        ("a.csv", ["--time", "t"]),
    ],
)
def test_rollup_of_every_kind_of_file(files, series, name, time):
    args = [files[name], *time, "--value", "v", "--every", "1s", "--every", "1m", "-q", "0.5", "--json"]
    found = json.loads(printed("rollup", *args))
    assert (found["samples"], found["nulls"], found["not_finite"]) == (4_000, 2, 1)
    times, values = series
    for level, width_us in zip(found["levels"], (S, 60 * S)):
        buckets = level["buckets"]
        starts, counts = np.unique(times // width_us * width_us, return_counts=True)
        assert {b["start_us"]: b["count"] for b in buckets if b["count"]} == dict(zip(starts, counts))
        assert (level["width_us"], level["samples_left_out"]) == (width_us, 0)
        for bucket in buckets:
            inside = values[(times >= bucket["start_us"]) & (times < bucket["start_us"] + width_us)]
            if not len(inside):
                assert bucket["min"] is bucket["q0.5"] is bucket["last"] is None
                continue
            assert (bucket["min"], bucket["max"]) == (inside.min(), inside.max())
            assert bucket["mean"] == pytest.approx(inside.mean(), rel=1e-12)
            exact = np.quantile(inside, 0.5, method="lower")
            assert abs(bucket["q0.5"] - exact) <= 0.01 * exact * (1 + 1e-9)
    assert any(bucket["count"] == 0 for bucket in found["levels"][0]["buckets"])


def test_rollup_prints_writes_and_draws(files, tmp_path):
    pytest.importorskip("matplotlib")
    args = ["rollup", files["a.csv"], "--time", "t", "--value", "v", "--every", "1s", "--every", "90s"]
    done = command(*args, "--out", tmp_path / "new", "--plot", tmp_path / "p.png", "-q", "0.99")
    assert done.returncode == 0, done.stderr
    assert "note: left out: 2 rows null\nnote: left out: 1 row NaN or infinite" in done.stderr
    first, second = done.stdout.split("\n\n")
    assert "the last 40 of them" in first.splitlines()[0]
    assert len(first.splitlines()) == 42
    assert second.splitlines()[0].startswith("buckets of 90s: ")
    names = ["count", "sum", "mean", "min", "max", "last", "q0.99"]
    assert second.splitlines()[1].split() == ["start", "(UTC)", *names]
    assert "2026-09-21 00:00:00" in second
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    table = parquet.read_table(tmp_path / "new" / "rollup_1s.parquet")
    assert table.column_names[0] == "start_us"
    assert table["mean"].null_count > 0
    assert (tmp_path / "new" / "rollup_90s.parquet").exists()
    everything = printed(*args, "--all").split("\n\n")[0]
    assert len(everything.splitlines()) == table.num_rows + 2


def test_several_files_are_one_series(files):
    args = ["--time", "t", "--value", "v", "--json", "--every", "1h"]
    found = json.loads(printed("rollup", files["a.csv"], files["half.csv"], *args))
    assert found["samples"] == 6_000


def test_what_is_before_the_kept_buckets_is_said(tmp_path):
    path = tmp_path / "far.csv"
    path.write_text("t,v\n0,1\n1,2\n1800000000000000,3\n")
    done = command("rollup", path, "--time", "t", "--value", "v", "--every", "1s", "--json")
    assert "left out: 2 samples before the last 1048576 buckets of 1s" in done.stderr
    assert json.loads(done.stdout)["levels"][0]["samples_left_out"] == 2


METHODS = {
    "linear": "linear",
    "nearest_rank": "inverted_cdf",
    "averaged_rank": "averaged_inverted_cdf",
    "weibull": "weibull",
    "median_unbiased": "median_unbiased",
}


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.csv"])
@pytest.mark.parametrize("method", METHODS)
def test_quantile(files, series, name, method):
    args = [files[name], "--value", "v", "--method", method, "-q", "0.1", "-q", "0.95", "--json"]
    found = json.loads(printed("quantile", *args))
    # The null of the time is none of the value's.
    values = [*series[1], 1.0]
    assert (found["values"], found["nulls"], found["not_finite"]) == (4_001, 1, 1)
    for q in ("0.1", "0.95"):
        exact = np.quantile(values, float(q), method=METHODS[method])
        assert found["quantiles"][q] == pytest.approx(exact, rel=1e-12)


def test_quantile_by_a_sketch(files, series):
    args = ["quantile", files["a.parquet"], "--value", "v", "--relative-error", "0.02"]
    found = json.loads(printed(*args, "--json"))
    assert (found["method"], found["values"], found["not_finite"]) == ("sketch", 4_001, 1)
    for q, value in found["quantiles"].items():
        exact = np.quantile([*series[1], 1.0], float(q), method="lower")
        assert abs(value - exact) <= 0.02 * exact * (1 + 1e-9)
    assert printed(*args).splitlines()[0] == "4001 values, within 0.02"


def test_a_limit_decides_the_exit_code(files, tmp_path):
    args = ["quantile", files["a.csv"], "--value", "v"]
    assert command(*args, "--fail-above", "0.5=1000").returncode == 0
    done = command(*args, "--fail-above", "0.5=1", "--fail-above", "0.9=1e9", "--json")
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["failed"]) == 1
    assert "gate failed: q0.5 is " in done.stderr
    empty = tmp_path / "empty.csv"
    empty.write_text("v\n")
    done = command("quantile", empty, "--value", "v", "--fail-above", "0.5=1")
    assert done.returncode == 1
    assert "q0.5 is -, the limit 1" in done.stderr
    assert "note: no values" in done.stderr


@pytest.mark.parametrize(
    ("args", "wrong"),
    [
        (["rollup", "{csv}", "--time", "when", "--value", "v"], "no column 'when'; there are t, v, name, s"),
        (["rollup", "{parquet}", "--time", "t", "--value", "w"], "no column 'w'"),
        (["rollup", "{arrow}", "--time", "name", "--value", "v"], "column 'name' is string: expected times"),
        (
            ["rollup", "{parquet}", "--time", "t", "--value", "name"],
            "column 'name' is string: expected numbers",
        ),
        (["rollup", "{csv}", "--time", "t", "--value", "name"], "invalid value 'x'"),
        (["rollup", "{csv}", "--time", "t", "--value", "v", "--every", "0s"], "--every"),
        (["rollup", "{csv}", "--time", "t", "--value", "v", "--every", "1 week"], "expected a width such as"),
        (["rollup", "{csv}", "--time", "t", "--value", "v", "--every", "2s", "--every", "3s"], "no multiple"),
        (["rollup", "{csv}", "--time", "t", "--value", "v", "-q", "1.5"], "expected 0 to 1"),
        (["rollup", "{csv}", "--time", "t", "--value", "v", "--unit", "s"], "beyond int64"),
        (["rollup", "/no/such.csv", "--time", "t", "--value", "v"], "no such file"),
        (["quantile", "{bad}", "--value", "v"], "bad.parquet: "),
        (["quantile", "{csv}", "--value", "v", "--relative-error", "0.9"], "relative_error is 0.9"),
        (["quantile", "{csv}", "--value", "v", "--fail-above", "0.5"], "expected Q=LIMIT"),
        (["quantile", "{csv}", "--value", "v", "--fail-above", "0.5=nan"], "the limit is NaN"),
        (["quantile", "{csv}", "--value", "v", "--method", "median"], "invalid choice"),
    ],
)
def test_bad_input(files, tmp_path, args, wrong):
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"not parquet")
    paths = {"csv": files["a.csv"], "parquet": files["a.parquet"], "arrow": files["a.arrow"], "bad": bad}
    assert wrong in refused(*(arg.format(**paths) for arg in args))


def test_without_pyarrow_the_extra_is_named(files, tmp_path):
    (tmp_path / "pyarrow.py").write_text("raise ImportError('hidden')")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    line = [sys.executable, "-m", "streamgauge.cli", "quantile", str(files["a.csv"]), "--value", "v"]
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'streamgauge[parquet]'" in done.stderr
