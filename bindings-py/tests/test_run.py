"""Runs: equal to the script, views without copies, selectors, pickling, malformed input."""

import gzip
import json
import math
import multiprocessing
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamgauge
from streamgauge import Run, errors

DATA = Path(__file__).parents[2] / "tests" / "data"
EXPECTED = {
    DATA / folder / name: script
    for folder in ("runs", "runs_real")
    for name, script in json.loads((DATA / folder / "expected_plot_fec.json").read_text()).items()
}
FRAMES = (
    b"recv_wall_us,frame_id,user_timestamp_us,width,height\n1000000,1,990000,640,360\n1040000,,1030000,,\n"
)


def same(ours, script):
    if script is None:
        return math.isnan(ours)
    return ours == script or (isinstance(ours, float) and math.isclose(ours, script, rel_tol=1e-9))


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name)
def test_plot_fec_is_what_the_script_gives(path):
    script, run = EXPECTED[path], Run(path)
    ours = run.summary("plot_fec")
    assert list(ours) == list(script["summary"])
    for key, value in script["summary"].items():
        assert same(ours[key], value), key
    window = run.window_of("plot_fec")
    assert (window.start_us, window.end_us) == (script["t0_us"], script["t1_us"])
    assert window.end_inclusive

    def rel(t_us):
        return (np.asarray(t_us) - window.start_us) / 1e6

    bursts = [[float(rel(b.start_us)), float(rel(b.end_us))] for b in run.bursts_of("plot_fec")]
    np.testing.assert_allclose(bursts, script["bursts"], rtol=1e-9)
    gaps = run.gaps("plot_fec")
    np.testing.assert_allclose(np.column_stack([rel(gaps.t_us), gaps.missing]), script["gaps"], rtol=1e-9)
    rates = {
        "fps": run.fps("plot_fec"),
        "nack_rate": run.counter_rate("livekit_nack_total", mode="plot_fec"),
        "loss_rate": run.counter_rate("livekit_packet_loss_total", mode="plot_fec"),
        "fec_recovered_rate": run.counter_rate(
            "livekit_flexfec_packet_total", 'state="recovered"', mode="plot_fec"
        ),
    }
    for name, rate in rates.items():
        assert [list(rel(rate.start_us)), pytest.approx(list(rate.per_s))] == script[name], name
    assert len(run.latency("plot_fec")) == script["latency_n"]
    assert sorted(run.families) == sorted(script["families"])
    assert sum(len(run.series(family)) for family in run.families) == script["series_count"]


def test_twelve_runs_are_compared():
    assert len(EXPECTED) == 12


def test_exact_has_the_documented_keys():
    keys = streamgauge.keys()
    summary = Run(DATA / "runs" / "fec").summary()
    assert [key.name for key in keys] == list(summary)
    assert next(key for key in keys if key.name == "latency_p95_ms").unit == "ms"
    assert {key.better for key in keys} == {"lower", "higher", "neutral"}
    assert all(key.denominator is None or key.denominator in summary for key in keys)


def test_absent_is_none_and_not_zero():
    summary = Run(DATA / "runs_real" / "fec-1").summary()
    assert summary["fec_recovered"] is None
    assert summary["fec_received"] > 0


def test_columns_are_read_only_views_that_keep_the_run_alive():
    frames = Run.from_bytes(frames=FRAMES).frames
    recv, ids, width = frames.recv_us, frames.frame_id, frames.width
    del frames
    assert recv.dtype == np.int64
    assert recv.tolist() == [1_000_000, 1_040_000]
    assert width.dtype == np.int32
    assert ids.tolist() == [1, None]
    assert not recv.flags.owndata
    assert not recv.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        recv[0] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        recv.flags.writeable = True


def test_nulls_are_masked_and_full_columns_plain():
    frames = Run.from_bytes(frames=FRAMES).frames
    assert isinstance(frames.width, np.ma.MaskedArray)
    assert not isinstance(frames.user_timestamp_us, np.ma.MaskedArray)
    assert frames.valid("width").tolist() == [True, False]
    assert frames.valid("recv_us") is None
    assert frames["height"].filled(-1).tolist() == [360, -1]
    with pytest.raises(KeyError):
        frames["depth"]
    assert [row.frame_id for row in frames] == [1, None]


def test_selectors():
    run = Run(DATA / "runs" / "fec")
    family = "livekit_nack_total"
    every = run.counter_total(family)
    incoming = run.counter_total(family, direction="incoming")
    assert incoming == run.counter_total(family + '{direction=~"in.*"}')
    assert incoming == run.counter_total(family, 'direction="incoming"')
    others = run.counter_total(family + '{direction!~"in.*"}')
    assert others == run.counter_total(family + '{direction!="incoming"}')
    assert incoming + others == every
    assert incoming > 0
    assert run.counter_total("no_such_metric") is None
    assert run.counter_total("no_such_metric", mode="plot_fec") == 0
    counted = run.counter(family)
    assert (counted.total, counted.series) == (every, len(run.series(family)))
    assert {s.labels["direction"] for s in run.series(family, direction="incoming")} == {"incoming"}
    with pytest.raises(errors.InvalidArgumentError, match="byte 4"):
        run.series("m{a=b}")
    with pytest.raises(TypeError, match="label direction is int"):
        run.series(family, direction=1)
    with pytest.raises(errors.InvalidArgumentError, match="need a family"):
        run.samples(direction="incoming")


def test_rate_integrates_to_the_total():
    run = Run(DATA / "runs" / "reset")
    family = "livekit_nack_total"
    rate = run.counter_rate(family)
    last_s = (run.window.end_us - rate.start_us[-1]) / 1e6
    lengths = np.ones(len(rate))
    lengths[-1] = min(1.0, last_s)
    assert (rate.per_s * lengths).sum() == pytest.approx(run.counter_total(family))
    assert run.counter(family).resets > 0


def test_samples_hold_every_series():
    run = Run(DATA / "runs" / "odd_labels")
    samples = run.samples()
    series = [s for family in run.families for s in run.series(family)]
    assert len(samples) == sum(map(len, series))
    np.testing.assert_array_equal(samples["value"], np.concatenate([s.values for s in series]))
    assert samples["family"].tolist() == [s.family for s in series for _ in range(len(s))]
    for label in {label for s in series for label in s.labels}:
        expected = [s.labels.get(label) for s in series for _ in range(len(s))]
        assert samples[label].tolist() == expected, label


def test_expositions_leave_earlier_views_alone():
    run = Run(DATA / "runs" / "fec")
    before = run.series("livekit_nack_total")[0]
    count, copy = len(before), before.values.copy()
    text = b'# TYPE up gauge\nup{job="a b"} 1 123\nlivekit_nack_total{direction="x"} 5 # {id="1"} 2\n'
    start_us = run.window.start_us
    run.add_expositions([(start_us, text), (start_us + 1_000_000, text)])
    assert run.series("up")[0].values.tolist() == [1, 1]
    assert run.series("livekit_nack_total", direction="x")[0].t_us.tolist() == [
        start_us,
        start_us + 1_000_000,
    ]
    assert len(before) == count
    np.testing.assert_array_equal(before.values, copy)


def test_everything_pickles(tmp_path):
    path = tmp_path / "gone"
    shutil.copytree(DATA / "runs" / "malformed", path)
    run = Run(path, names={"nack": "my_nacks"})
    pickled = pickle.dumps(run)
    shutil.rmtree(path)
    back = pickle.loads(pickled)
    assert (back.path, back.names, back.problems) == (run.path, run.names, run.problems)
    assert repr(back.summary("plot_fec")) == repr(run.summary("plot_fec"))
    assert back.to_json() == run.to_json()
    tables = [run.frames, run.latency(), run.gaps(), run.freezes(), run.fps(), run.samples()]
    tables += run.series(run.families[0])
    others = [run.window, *run.bursts, *run.events, streamgauge.compare(run, run), streamgauge.keys()[0]]
    for result in tables + others:
        restored = pickle.loads(pickle.dumps(result))
        assert type(restored) is type(result)
        assert restored == result
    assert run.latency() != run.gaps()
    assert run.frames != Run.from_bytes(frames=FRAMES).frames
    with pytest.raises(errors.MalformedError, match="cut off"):
        streamgauge._native._decode(run.__reduce__()[1][0][:-3])


def total(run):
    return run.summary()["frames_received"]


def test_runs_travel_to_other_processes():
    runs = [Run(path) for path in EXPECTED]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(total, runs) == [total(run) for run in runs]


def test_html_and_repr():
    run = Run.from_bytes("<b>", frames=FRAMES)
    assert "<b>" not in run._repr_html_()
    assert "latency_p95_ms" in run._repr_html_()
    assert repr(run) == '<Run "<b>": 2 frames, 0 samples in 0 series, 0 events>'
    assert repr(run.frames).startswith("<Frames: 2 rows of recv_us, frame_id")
    assert "<td>640</td>" in run.frames._repr_html_()


def test_json():
    run = Run(DATA / "runs" / "odd_labels")
    found = json.loads(run.to_json("plot_fec", indent=1))
    assert list(found) == ["run", "name", "mode", "summary", "problems"]
    assert None in found["summary"].values()
    assert found["problems"] == run.problems
    assert json.loads(run.to_json())["summary"] == run.summary()


def test_names():
    run = Run(DATA / "runs" / "fec", names={"nack": "livekit_packet_loss_total", "signed": []})
    assert run.summary()["nack_total"] == run.counter_total("livekit_packet_loss_total")
    assert run.names["nack"] == "livekit_packet_loss_total"
    assert run.names["signed"] == []
    for names in ({"nacks": "x"}, {"nack": ["a", "b"]}, {"nack": ""}, {"nack": 1}):
        with pytest.raises(errors.InvalidArgumentError, match="names"):
            Run(DATA / "runs" / "fec", names=names)


ODD = {
    "empty": b"",
    "nul": b"\0" * 1000,
    "header": FRAMES[:53],
    "garbage": bytes(range(256)) * 40,
    "no newline": FRAMES.rstrip(),
    "crlf": FRAMES.replace(b"\n", b"\r\n"),
    "bom": b"\xef\xbb\xbf" + FRAMES,
    "gzip": gzip.compress(FRAMES),
    "cut gzip": gzip.compress(FRAMES)[:-9],
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("part", ["frames", "prom", "events", "meta"])
def test_odd_bytes_are_counted_and_never_raise(odd, part):
    run = Run.from_bytes(**{part: ODD[odd]})
    for mode in ("exact", "plot_fec"):
        run.summary(mode)
        run.gaps(mode)
        run.fps(mode)
    if part == "frames" and odd in ("no newline", "crlf", "bom", "gzip"):
        assert run.frames.frame_id.tolist() == [1, None]
    if part == "frames" and odd in ("nul", "garbage", "cut gzip"):
        assert run.problems["frames.csv"]["dropped"] or run.problems["frames.csv"]["kept"]


def test_missing_and_empty_files(tmp_path):
    run = Run(tmp_path)
    assert all(found["missing"] for found in run.problems.values())
    assert run.summary()["frames_received"] is None
    for file in ("frames.csv", "prom.tsv", "events.csv", "meta.env"):
        (tmp_path / file).touch()
    run = Run(tmp_path)
    assert not any(found["missing"] for found in run.problems.values())
    assert len(run.frames) == len(run.samples()) == 0
    assert Run(tmp_path, threads=1).summary() == Run(tmp_path, threads=4).summary()


@pytest.mark.parametrize("name", ["baseline", "fec", "odd_labels", "reset"])
def test_selectors_by_key_give_the_totals_of_the_summary(name):
    run = Run(DATA / "runs" / name)
    selectors, summary = run.counter_selectors(), run.summary()
    assert list(selectors.values()) == summary["labels_used"]
    assert "nack_total" in selectors
    assert {key: run.counter_total(selector) for key, selector in selectors.items()} == {
        key: summary[key] for key in selectors
    }


def test_bytes_are_not_cast():
    assert len(Run.from_bytes(frames=bytearray(FRAMES)).frames) == 2
    assert len(Run.from_bytes(frames=memoryview(FRAMES)).frames) == 2
    for wrong in (FRAMES.decode(), 5, [1]):
        with pytest.raises(TypeError, match="frames is"):
            Run.from_bytes(frames=wrong)


def test_quantile():
    values = np.arange(1.0, 101.0)
    assert streamgauge.quantile(values, 0.95) == pytest.approx(np.quantile(values, 0.95))
    assert streamgauge.quantile(values[::-2], 0.5) == pytest.approx(np.quantile(values[::-2], 0.5))
    assert streamgauge.quantile([1, 2], 0.5, method="floor_index") == 2
    assert streamgauge.quantile([], 0.5) is None
    for wrong, why in ((values.astype("f4"), "float32"), (np.arange(3), "int64"), (np.ones((2, 2)), "2 dim")):
        with pytest.raises(TypeError, match=why):
            streamgauge.quantile(wrong, 0.5)
    for call in (lambda: streamgauge.quantile([1.0], 2), lambda: streamgauge.quantile([math.nan], 0.5)):
        with pytest.raises(errors.InvalidArgumentError):
            call()
    with pytest.raises(errors.InvalidArgumentError, match="median"):
        streamgauge.quantile(values, 0.5, method="median")
