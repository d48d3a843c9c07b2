"""The figure of a report and of a sweep: what is drawn equals what the core says."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamgauge

plot = pytest.importorskip("streamgauge.plot", reason="needs matplotlib")
_view = plot._view

DATA = Path(__file__).parents[2] / "tests" / "data"
REAL = DATA / "runs_real"
ODD = sorted(path for path in (DATA / "runs").iterdir() if path.is_dir())


def run(*parts):
    return streamgauge.Run(REAL.joinpath(*parts))


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}


def strip(ax, label):
    return next(child for child in ax.child_axes if child.get_label() == label)


def ticks(ax, label):
    """Times and heights of a run's gap ticks."""
    collection = next(c for c in strip(ax, "lost frames").collections if c.get_label() == label)
    segments = np.array(collection.get_segments())
    return segments[:, 0, 0], segments[:, 0, 1] - segments[:, 1, 1]


@pytest.fixture(scope="module")
def pair():
    runs = [run("baseline-1"), run("fec-1")]
    return runs, plot.report_figure(runs)


def test_four_panels_with_headings(pair):
    _, figure = pair
    headings = [ax.get_title(loc="left") for ax in figure.axes]
    assert headings == [
        "Frame latency, capture to receive",
        "FEC packets at the SFU",
        "NACKs and packet loss",
        "Frame rate at the subscriber",
    ]
    assert len({ax.get_xlim() for ax in figure.axes}) == 1


def test_title_states_profile_codec_and_runs(pair):
    _, figure = pair
    texts = [text.get_text() for text in figure.texts]
    assert "base loss 0.02 / burst 0.25 for 3s every 15s, codec vp8" in texts
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["baseline-1", "fec-1", "loss burst"]


def test_latency_points_are_the_series(pair):
    runs, figure = pair
    for one in runs:
        latency = one.latency()
        line = lines(figure.axes[0])[one.name]
        seconds = (latency.t_us - one.window.start_us) / 1e6
        np.testing.assert_allclose(line.get_xdata(), seconds, atol=1e-9)
        np.testing.assert_array_equal(line.get_ydata(), latency.latency_ms)
        assert line.get_ydata().max() < figure.axes[0].get_ylim()[1]


def test_each_gap_is_a_tick_by_its_size(pair):
    runs, figure = pair
    for one in runs:
        gaps = one.gaps()
        at_s, heights = ticks(figure.axes[0], f"gaps {one.name}")
        np.testing.assert_allclose(at_s, (gaps.t_us - one.window.start_us) / 1e6, atol=1e-9)
        order = np.argsort(np.asarray(gaps.missing), kind="stable")
        assert (np.diff(heights[order]) >= -1e-9).all()
        assert heights.max() > heights.min()
    texts = [text.get_text() for text in strip(figure.axes[0], "lost frames").texts]
    assert texts == ["213 lost", "141 lost"]


def test_frame_rate_line_is_the_core_s_buckets(pair):
    runs, figure = pair
    for one in runs:
        buckets = one.fps()
        line = lines(figure.axes[3])[one.name]
        np.testing.assert_allclose(line.get_ydata(), buckets.per_s, rtol=1e-12)
        assert len(line.get_xdata()) == 60
        assert buckets.last_partial
    hollow = [line for line in figure.axes[3].get_lines() if line.get_label() == "_partial"]
    assert len(hollow) == 2


def test_counter_lines_have_gaps_where_nothing_was_measured(pair):
    runs, figure = pair
    found = lines(figure.axes[2])
    assert set(found) == {f"{one.name} {word}" for one in runs for word in ("NACKs", "packets lost")}
    for one in runs:
        buckets = one.counter_rate("livekit_nack_total")
        shown = np.asarray(found[f"{one.name} NACKs"].get_ydata())
        assert np.isnan(shown[-1]), "the poll at the end covers 5 ms of the last second"
        whole = np.asarray(buckets.covered_us) == 1_000_000
        np.testing.assert_allclose(shown[whole], np.asarray(buckets.per_s)[whole], rtol=1e-12)


def test_only_counters_that_a_run_has_are_drawn(pair):
    _, figure = pair
    assert list(lines(figure.axes[1])) == ["fec-1 received"]
    remarks = [text.get_text() for text in figure.axes[1].texts]
    assert remarks == ["no counters: baseline-1"]


def test_hue_tells_the_run_and_style_the_quantity(pair):
    _, figure = pair
    found = lines(figure.axes[2])
    assert found["fec-1 NACKs"].get_color() == found["fec-1 packets lost"].get_color()
    assert found["fec-1 NACKs"].get_color() != found["baseline-1 NACKs"].get_color()
    assert found["fec-1 NACKs"].get_linestyle() != found["fec-1 packets lost"].get_linestyle()


def test_freezes_are_bars_of_their_length(pair):
    runs, figure = pair
    freezes = runs[0].freezes()
    bars = next(
        c for c in strip(figure.axes[3], "freezes").collections if c.get_label() == "freezes baseline-1"
    )
    spans = [path.get_extents() for path in bars.get_paths()]
    assert len(spans) == len(freezes.start_us) > 0
    np.testing.assert_allclose(
        [span.width for span in spans], np.asarray(freezes.duration_us) / 1e6, atol=1e-9
    )


def test_bursts_are_shaded_in_every_panel(pair):
    runs, figure = pair
    for ax in figure.axes:
        shade = next(c for c in ax.collections if c.get_label() == "bursts")
        assert len(shade.get_paths()) == len(runs[0].bursts) == 4


def test_no_fec_counters_is_said():
    figure = plot.report_figure([run("baseline-1")])
    assert "no counters of FEC packets at the SFU in the run" in [t.get_text() for t in figure.axes[1].texts]
    assert not figure.axes[1].get_lines()


@pytest.mark.parametrize("path", ODD, ids=lambda path: path.name)
@pytest.mark.parametrize("mode", ["exact", "plot_fec"])
def test_odd_runs_are_drawn(path, mode, tmp_path):
    figure = plot.report_figure([streamgauge.Run(path)], mode=mode)
    assert len(figure.axes) == 4
    assert len(lines(figure.axes[0])) == 1
    figure.savefig(tmp_path / "figure.png", dpi=40)


@pytest.mark.parametrize("left_out", ["frames.csv", "prom.tsv", "events.csv", "meta.env"])
def test_runs_without_one_of_the_files_are_drawn(left_out, tmp_path):
    shutil.copytree(REAL / "fec-1", tmp_path / "part")
    (tmp_path / "part" / left_out).unlink()
    figure = plot.report_figure([streamgauge.Run(tmp_path / "part"), run("baseline-1")])
    figure.savefig(tmp_path / "figure.png", dpi=40)
    if left_out == "frames.csv":
        assert figure.axes[0].get_title(loc="right") == "no latency: part"
        assert figure.axes[3].get_title(loc="right").startswith("no frames: part")
    if left_out == "prom.tsv":
        assert "no counters: part" in [text.get_text() for text in figure.axes[2].texts]


def test_a_directory_without_any_file_is_drawn(tmp_path):
    (tmp_path / "empty").mkdir()
    figure = plot.report_figure([streamgauge.Run(tmp_path / "empty")])
    figure.savefig(tmp_path / "figure.png", dpi=40)
    assert [len(ax.texts) for ax in figure.axes] == [1, 1, 1, 1]


def test_empty_seconds_are_zero_and_frozen(tmp_path):
    one = holed(tmp_path)
    figure = plot.report_figure([one])
    shown = lines(figure.axes[3])["holed"].get_ydata()
    assert list(shown[21:24]) == [0, 0, 0]
    assert strip(figure.axes[3], "freezes").texts[0].get_text() == "frozen 4.0 s"


def holed(tmp_path):
    """25 frames a second for a minute, none from 20 to 24 s."""
    directory = tmp_path / "holed"
    directory.mkdir()
    rows = [
        f"{1_000_000_000 + n * 40_000 + 30_000},{n},{1_000_000_000 + n * 40_000}"
        for n in range(1500)
        if not 20 <= n / 25 < 24
    ]
    (directory / "frames.csv").write_text("recv_wall_us,frame_id,user_timestamp_us\n" + "\n".join(rows))
    (directory / "meta.env").write_text("T0_US=1000000000\nT1_US=1060000000\nDEBUG_DROP=3\n")
    (directory / "events.csv").write_text("1005000000,price is $5 and $6\n")
    return streamgauge.Run(directory)


def test_marks_are_drawn_with_their_text_as_it_is(tmp_path):
    one = holed(tmp_path)
    figure = plot.report_figure([one])
    figure.savefig(tmp_path / "figure.png", dpi=40)
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert r"price is \$5 and \$6" in labels
    assert "uniform 3% loss injected at SFU receive" in [text.get_text() for text in figure.texts]


def test_labels_of_marks_do_not_cover_one_another(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "meta.env").write_text("T0_US=0\nT1_US=60000000\n")
    events = [(10.0, "a"), (10.2, "b"), (10.4, "c"), (30.0, "d" * 40)]
    (tmp_path / "run" / "events.csv").write_text("".join(f"{int(t * 1e6)},{name}\n" for t, name in events))
    ax = plot.report_figure([streamgauge.Run(tmp_path / "run")]).axes[0]
    found = {text.get_text(): text.xy[1] for text in ax.texts if hasattr(text, "xy")}
    assert found == {"a": 1.0, "b": 0.5, "d" * 19 + "…": 1.0}
    assert len(ax.get_lines()) == len(events)


def test_one_far_outlier_does_not_flatten_the_rest(tmp_path):
    shutil.copytree(REAL / "fec-1", tmp_path / "far")
    path = tmp_path / "far" / "frames.csv"
    rows = path.read_text().splitlines()
    fields = rows[700].split(",")
    fields[2] = str(int(fields[2]) - 60_000_000)
    rows[700] = ",".join(fields)
    path.write_text("\n".join(rows))
    ax = plot.report_figure([streamgauge.Run(tmp_path / "far")]).axes[0]
    assert 900 < ax.get_ylim()[1] < 2000
    arrows = next(line for line in ax.get_lines() if line.get_label() == "_above")
    assert len(arrows.get_xdata()) == 1
    assert any(text.get_text().startswith("▲ 1 above") for text in ax.texts)


def test_runs_of_one_name_are_told_apart(tmp_path):
    for side in ("left", "right"):
        shutil.copytree(REAL / "fec-1", tmp_path / side / "same")
    runs = [streamgauge.Run(tmp_path / side / "same") for side in ("left", "right", "left")]
    assert _view.distinct_labels(runs) == ["left/same #1", "right/same", "left/same #2"]
    assert _view.distinct_labels([run("fec-1"), run("fec-2")]) == ["fec-1", "fec-2"]


@pytest.mark.parametrize(
    ("meta", "text"),
    [
        ({"DEBUG_DROP": "5", "SHAPING": "0"}, "uniform 5% loss injected at SFU receive"),
        ({"DEBUG_DROP": "0", "SHAPING": "0"}, "no loss"),
        ({"DEBUG_DROP": "", "SHAPING": "0", "CODEC": "h264"}, "no loss, codec h264"),
        ({}, "loss profile not stated"),
    ],
)
def test_loss_profiles(meta, text):
    assert _view.profile(meta) == text


def test_many_runs_have_different_colours():
    runs = [run(name) for name in ("baseline-1", "fec-1", "baseline-2", "fec-2")] * 3
    figure = plot.report_figure(runs)
    assert len({line.get_color() for line in lines(figure.axes[3]).values()}) == 12


def test_report_is_written_and_no_window_state_is_touched(tmp_path):
    import sys

    path = plot.save_report([run("fec-2")], tmp_path / "new" / "dir")
    assert path.name == "fec_report.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules


def test_no_run_is_an_error():
    with pytest.raises(ValueError, match="at least one run"):
        plot.report_figure([])


def test_thinning_keeps_extremes_ends_and_gaps():
    t = np.arange(100_000.0)
    values = np.sin(t)
    values[12_345], values[54_321] = 99.0, -99.0
    values[60_000:70_000] = np.nan
    thin_t, thin = _view.thin(t, values, 1000)
    assert len(thin) < 1100
    assert (np.nanmax(thin), np.nanmin(thin)) == (99.0, -99.0)
    assert (thin_t[0], thin_t[-1]) == (t[0], t[-1])
    assert np.isnan(thin[(thin_t > 60_500) & (thin_t < 69_500)]).all()
    assert (np.diff(thin_t) > 0).all()


MANIFEST = """leaf\tmode\tloss\tfec_rate\tfec_mask
baseline-1\tbaseline\t2\t\t
baseline-2\tbaseline\t2\t\t
fec-1\tfec\t2\t20\trandom
fec-2\tfec\t2\t20\trandom
gone\tfec\t2\t100\trandom
away\tbaseline\t10\t\t
late\tfec\t10\t20\trandom
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sweep")
    for name in ("baseline-1", "baseline-2", "fec-1", "fec-2"):
        shutil.copytree(REAL / name, directory / name)
    shutil.copytree(REAL / "fec-1", directory / "late")
    (directory / "manifest.tsv").write_text(MANIFEST)
    return streamgauge.sweep(directory)


def test_sweep_grid_shows_every_cell(swept, tmp_path):
    figure = plot.sweep_figure(swept)
    figure.savefig(tmp_path / "sweep.png", dpi=40)
    lost, latency, _ = figure.axes
    assert [tick.get_text() for tick in lost.get_xticklabels()] == ["2", "10"]
    names = [tick.get_text() for tick in lost.get_yticklabels()]
    assert names == ["baseline", "FEC rate 20 random", "FEC rate 100 random"]
    cells = {}
    for text in lost.texts:
        column, row = text.get_position()
        cells.setdefault((column, int(row)), []).append(text.get_text())
    assert cells[0, 0] == ["13.2% (n=2)"]
    value, change = cells[0, 1]
    assert value.endswith("(n=2)")
    assert change.startswith("("), "no evidence stands in brackets"
    assert cells[1, 0] == ["missing"]
    assert cells[1, 1] == ["9.4%"], "a cell without its baseline is shown, and compared with nothing"
    assert cells[0, 2] == ["missing"]
    assert cells[1, 2] == ["not run"]
    assert any(text.get_text().startswith("▼ +") for text in latency.texts)
    assert figure.texts[-1].get_text() == "Sweep: 5 of the 7 runs of the manifest could be used"


def test_sweep_without_a_grid_is_an_error():
    empty = {"rows": [], "losses": [], "fec_rates": [], "fec_masks": [], "baselines": [], "cells": []}
    with pytest.raises(ValueError, match="no baseline and no FEC row"):
        plot.sweep_figure(empty)


@pytest.mark.parametrize(
    ("latency_ms", "limits"),
    [
        ([100.0] * 1000, (99.96, 100.04, False)),
        ([-900.0, -500.0, -480.0], (-916.8, -463.2, False)),
        ([30.0, 500.0, 1000.0], (0.0, 1040.0, False)),
        ([100.0 + n % 7 for n in range(999)] + [9000.0], (99.548, 111.3, True)),
    ],
)
def test_the_latency_axis_holds_all_but_far_outliers(latency_ms, limits):
    assert _view.latency_limits(np.array(latency_ms)) == pytest.approx(limits)


def test_a_long_run_is_drawn_by_its_quantiles(tmp_path):
    directory = tmp_path / "long"
    directory.mkdir()
    ms = np.random.default_rng(1).integers(20, 120, 30_000)
    ms[12_345] = 150
    rows = [f"{n * 100_000 + late * 1000},{n},{n * 100_000}" for n, late in enumerate(ms, 1)]
    (directory / "frames.csv").write_text("recv_wall_us,frame_id,user_timestamp_us\n" + "\n".join(rows))
    figure = plot.report_figure([streamgauge.Run(directory)])
    figure.savefig(tmp_path / "figure.png", dpi=40)
    median = next(line for line in figure.axes[0].get_lines() if line.get_label() == "_p50")
    assert len(median.get_xdata()) == plot.BINS
    assert abs(np.mean(median.get_ydata()) - 70) < 3
    assert lines(figure.axes[0])["long"].get_ydata().max() == 150
    rate = lines(figure.axes[3])["long"].get_ydata()
    assert len(rate) == plot.BINS
    assert np.mean(rate) == pytest.approx(10, rel=0.01)
    assert figure.axes[3].get_title(loc="right") == plot.LONG_RATE


def rolled(late=0.0):
    rollup = streamgauge.Rollup([(1_000_000, 100)], relative_error=0.01)
    rollup.record_many([0, 100_000, 4_000_000, 4_500_000], [late + v for v in (1.0, 3.0, 8.0, 2.0)])
    return rollup.buckets(quantiles=[0.5, 0.99])


def test_a_rollup_is_drawn_with_its_holes():
    figure = plot.rollup_figure(rolled(), label="rtt (ms)", title="$rtt_1$")
    values, counts = figure.axes
    steps = {patch.get_label(): patch.get_data() for patch in values.patches if patch.get_data().values.ndim}
    assert steps["mean"].values[[0, 4]].tolist() == [2.0, 5.0]
    assert np.isnan(steps["mean"].values[1:4]).all()
    # Days, as matplotlib has dates.
    assert steps["mean"].edges * 86_400 == pytest.approx(range(6))
    assert counts.patches[0].get_data().values.tolist() == [2, 0, 0, 0, 2]
    texts = [text.get_text() for text in values.get_legend().get_texts()]
    assert texts == ["mean", "quantile 0.5", "quantile 0.99", "least to largest"]
    assert values.get_ylabel() == "rtt (ms)"
    figure.savefig(io.BytesIO())


def test_rollups_are_drawn_over_one_another():
    figure = plot.rollup_figure(
        {"edge-1": rolled(), "_edge": rolled(5.0), "none": streamgauge.Rollup().buckets()}
    )
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts[:3] == ["edge-1", " _edge", "none"]
    figure.savefig(io.BytesIO())
    plot.rollup_figure({}).savefig(io.BytesIO())


def watched(*changes):
    audience = streamgauge.Audience(reconnect_us=0)
    for at_us, viewer, joins in changes:
        (audience.join if joins else audience.leave)(viewer, at_us)
    return audience.steps()


def test_concurrency_is_drawn_in_steps_with_its_peak():
    steps = watched((0, "a", True), (10, "b", True), (20, "a", False), (30, "c", True))
    figure = plot.concurrency_figure(steps, end_us=60)
    line, peak = figure.axes[0].get_lines()
    assert line.get_drawstyle() == "steps-post"
    assert line.get_ydata().tolist() == [1, 2, 1, 2, 2]
    assert line.get_xdata().astype("int64").tolist() == [0, 10, 20, 30, 60]
    assert (peak.get_ydata().tolist(), peak.get_xdata().astype("int64").tolist()) == ([2], [10])
    figure.savefig(io.BytesIO())
    several = plot.concurrency_figure(
        {"edge-1": steps, "edge-2": watched(), "edge-3": watched((5, "a", True))}
    )
    assert [text.get_text() for text in several.axes[0].get_legend().get_texts()] == ["edge-1", "edge-3"]
    several.savefig(io.BytesIO())
    plot.concurrency_figure(watched()).savefig(io.BytesIO())
