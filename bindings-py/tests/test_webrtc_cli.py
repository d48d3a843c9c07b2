"""The command ``streamgauge webrtc`` and the figure of connections."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import streamgauge as sg
from matplotlib.dates import num2date
from streamgauge import plot

DATA = Path(__file__).parents[2] / "tests" / "data" / "webrtc"
EXPECTED = json.loads((DATA / "expected.json").read_text())
LOOPBACK = DATA / "getstats_loopback.json.gz"


def command(*args):
    line = [sys.executable, "-m", "streamgauge.cli", "webrtc", *map(str, args)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def refused(*args):
    done = command(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    return done.stderr


def strict(text):
    def constant(name):
        raise AssertionError(f"{name} in JSON")

    return json.loads(text, parse_constant=constant)


def test_the_table_has_a_row_for_each_track():
    done = command(LOOPBACK)
    assert (done.returncode, done.stderr) == (0, "")
    a, b = done.stdout.split("\n\n")
    for shown, peer in ((a, "a"), (b, "b")):
        head, columns, *rows = shown.splitlines()
        assert head.startswith(f"connection {peer}: 31 reports in 30.0 s, host to host udp, ")
        assert columns.split()[:4] == ["flow", "kind", "name", "codec"]
        assert len(rows) == len(EXPECTED["loopback"][peer]) == 3
        for row, track in zip(rows, EXPECTED["loopback"][peer]):
            assert row.split()[:3] == [track["flow"], track["kind"], track["name"]]
    sent = " ".join(a.splitlines()[3].split())
    assert sent == "outbound video 1 VP8 30.0 199.6 0 0.00% 1.45 1.54 9.1 - first"


@pytest.mark.parametrize("name", ["loopback", "simulcast", "firefox"])
def test_json_has_everything_and_null_for_what_is_absent(name):
    done = command("--json", DATA / f"getstats_{name}.json.gz")
    assert (done.returncode, done.stderr) == (0, "")
    found = strict(done.stdout)
    assert (found["format"], found["truncated"], found["problems"]) == ("reports", False, [])
    dump = sg.read_dump(DATA / f"getstats_{name}.json.gz")
    for shown, connection in zip(found["connections"], dump.connections):
        expected = EXPECTED[name][connection.id]
        assert [track["name"] for track in shown["tracks"]] == [track["name"] for track in expected]
        for track, theirs, ours in zip(shown["tracks"], expected, connection.tracks):
            assert {key: track["totals"][key] for key in theirs["totals"]} == theirs["totals"]
            assert set(track["totals"]) == set(ours.totals)
            assert set(track["latest"]) == {"time_us", "flags", *ours.history.keys()}
            assert track["rtt_us"]["p95"] == ours.rtt_us.quantile(0.95)
            assert (track["mean_frame_rate_per_s"] is None) == (track["kind"] == "audio")
        assert shown["totals"] == connection.connection_totals
        assert shown["counts"]["reports"] == len(connection.history)
        assert shown["selected_pair"]["protocol"] == "udp"


def test_one_connection_of_several():
    done = command(LOOPBACK, "--connection", "b", "--json")
    assert [connection["id"] for connection in strict(done.stdout)["connections"]] == ["b"]
    assert "there are 'a', 'b'" in refused(LOOPBACK, "--connection", "c")


def test_what_cannot_be_read_is_listed_with_its_line(tmp_path):
    text = gzip.decompress((DATA / "loopback.rtcstats.gz").read_bytes()).decode()
    lines = text.splitlines()
    lines[9] = "{ no JSON"
    path = tmp_path / "dump.txt"
    path.write_text("\n".join(lines)[:-5])
    done = command(path)
    assert done.returncode == 0
    assert len(done.stdout.split("\n\n")) == 2
    problems = [line for line in done.stderr.splitlines() if line.startswith("problem: ")]
    assert problems[0].startswith(f"problem: {path}, line 10: ")
    assert problems[1] == f"problem: {path}, line {len(lines)}: the file ends in the middle of this line"
    found = strict(command("--json", path).stdout)
    assert (found["truncated"], [problem["line"] for problem in found["problems"]]) == (
        True,
        [10, len(lines)],
    )


def test_more_problems_than_are_listed_are_counted(tmp_path):
    path = tmp_path / "dump.txt"
    path.write_text("RTCStatsDump\n" + "{\n" * 150 + '["create","PC_1",{},1700000000000]\n')
    done = command(path)
    assert (done.returncode, done.stdout.count("no RTP stream")) == (0, 1)
    assert "problem: 50 more" in done.stderr


def test_notes_say_how_numbers_came_about(tmp_path):
    stream = {"id": "I", "type": "inbound-rtp", "kind": "audio", "packetsLost": "3", "packetsReceived": 5}
    path = tmp_path / "reports.json"
    path.write_text(json.dumps([{"t": 1000 * t, "peer": "p", "stats": [stream, {}]} for t in range(3)]))
    done = command(path)
    assert done.returncode == 0
    assert "note: connection p: 3 members that could not be used" in done.stderr
    assert "note: connection p: 3 objects without id, type or kind" in done.stderr


def test_bad_files_are_refused(tmp_path):
    path = tmp_path / "garbage"
    path.write_bytes(b"\x00\xff" * 500)
    assert f"error: {path}:1: no dump" in refused(path)
    assert "fix: give a dump" in refused(path)
    assert "fix: check the path" in refused(tmp_path / "nothing")
    assert "fix: check that the path is a file" in refused(tmp_path)


def test_the_figure_is_written(tmp_path):
    out = tmp_path / "call.png"
    done = command(LOOPBACK, "--plot", out)
    assert done.returncode == 0
    assert done.stderr == f"written: {out}\n"
    assert out.read_bytes().startswith(b"\x89PNG")


def lines(ax):
    """The lines of data: marks stand in the coordinates of the panel."""
    return [line for line in ax.lines if line.get_transform() == ax.transData]


def test_the_figure_draws_every_measured_value():
    dump = sg.read_dump(LOOPBACK)
    figure = plot.webrtc_figure(dump)
    assert len(figure.axes) == 10
    for at, connection in enumerate(dump.connections):
        bitrate, _, jitter, rtt, frames = figure.axes[5 * at : 5 * at + 5]
        assert len(lines(bitrate)) == 3
        assert len({line.get_color() for line in lines(bitrate)}) == 3
        for line, track in zip(lines(bitrate), connection.tracks):
            rows = track.history
            measured = rows["payload_bitrate_bps"][np.isfinite(rows["payload_bitrate_bps"])] / 1e3
            drawn = line.get_ydata()
            assert set(drawn[np.isfinite(drawn)]) == set(measured)
        stun = [line for line in lines(rtt) if line.get_color() == "#000000"]
        assert np.array_equal(stun[0].get_ydata(), connection.history["stun_rtt_us"] / 1e3, equal_nan=True)
        assert len(lines(jitter)) >= 3
        assert len(lines(frames)) == 2
    assert "2 peer connections" in figure.texts[0].get_text()


def crafted():
    """A gap before second 10, loss, freezes, a restart at 20, another SSRC at 25, nothing measured at 28."""
    monitor = sg.Monitor(from_start=True)
    for second in range(30):
        n = second + 1 - (20 if second >= 20 else 0)
        stream = {"id": "I1", "type": "inbound-rtp", "kind": "video", "trackIdentifier": "_$cam", "ssrc": 1}
        stream |= {"packetsReceived": 100 * n, "bytesReceived": 100_000 * n, "framesDecoded": 25 * n}
        stream |= {"packetsLost": -3 * n, "freezeCount": n // 5, "totalFreezesDuration": 0.5 * (n // 5)}
        if second >= 25:
            stream["ssrc"] = 2
        at_s = second + (5 if second >= 10 else 0)
        monitor.record([] if second == 28 else [stream], at_s * 1_000_000, at_s * 1_000_000)
    return monitor


def test_gaps_restarts_and_freezes_are_marked():
    monitor = crafted()
    figure = plot.webrtc_figure(monitor)
    bitrate, loss, _, _, frames = figure.axes
    for ax in figure.axes:
        (shaded,) = ax.patches
        start, end = shaded.get_x(), shaded.get_x() + shaded.get_width()
        assert [num2date(edge).timestamp() for edge in (start, end)] == [pytest.approx(9), pytest.approx(15)]
    marks = {line.get_marker(): line.get_xdata() for line in bitrate.lines if line not in lines(bitrate)}
    assert [at.astype("datetime64[s]").astype(int).tolist() for at in (marks["v"], marks["D"])] == [
        [25],
        [30],
    ]
    (line,) = lines(bitrate)
    drawn = line.get_ydata()
    assert np.isnan(drawn).sum() >= 2
    assert 100_000 * 8 / 6 / 1e3 in drawn
    assert loss.get_ylim()[0] < 0
    freezes = [line for line in frames.lines if line not in lines(frames)]
    (track,) = monitor.tracks
    assert len(freezes) == (track.history["freeze_us"] > 0).sum() >= 5
    names = {text.get_text() for text in figure.legends[0].get_texts()}
    assert names == {"gap between reports", "counters restarted", "stream replaced", "freezes"}
    figure.canvas.draw()


def test_what_is_inferred_is_dashed():
    figure = plot.webrtc_figure(sg.read_dump(DATA / "simulcast.internals.json.gz"))
    assert "time inferred" in {text.get_text() for text in figure.legends[0].get_texts()}
    styles = {line.get_linestyle() for line in lines(figure.axes[5])}
    assert styles == {"-", "--"}


def test_odd_sources_can_be_drawn():
    assert len(plot.webrtc_figure(sg.Monitor()).axes) == 5
    assert len(plot.webrtc_figure([]).axes) == 5
    assert len(plot.webrtc_figure([crafted()] * 6, title="six").axes) == 20
    many = sg.Monitor(from_start=True)
    for second in range(2):
        names = [f"{name:02}" for name in range(40)]
        stream = {"type": "inbound-rtp", "kind": "audio", "packetsReceived": second, "bytesReceived": second}
        many.record([{**stream, "id": n, "trackIdentifier": n} for n in names], second * 1_000_000)
    figure = plot.webrtc_figure(many)
    assert "and 28 more" in {text.get_text() for text in figure.axes[0].get_legend().get_texts()}
    figure.canvas.draw()
