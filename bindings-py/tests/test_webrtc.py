"""getStats reports and dumps of them: recorded calls, every form of a report, bad input, tables."""

import gzip
import json
import math
import pickle
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import streamgauge as sg
from streamgauge import errors

DATA = Path(__file__).parents[2] / "tests" / "data" / "webrtc"
EXPECTED = json.loads((DATA / "expected.json").read_text())
NAMES = ["loopback", "simulcast", "firefox"]
START_US = 1_700_000_000_000_000


def recording(name, peer):
    reports = json.loads(gzip.decompress((DATA / f"getstats_{name}.json.gz").read_bytes()))
    return [report for report in reports if report["peer"] == peer]


def inbound(second, **members):
    """A report of one received stream that gets 1,000 packets of 1,000 bytes a second."""
    n = second + 1
    counts = {"packetsReceived": 1000 * n, "bytesReceived": 1_000_000 * n, "packetsLost": 0}
    stream = {"id": "I1", "type": "inbound-rtp", "kind": "video", "trackIdentifier": "cam", **counts}
    return [{**stream, **members}]


def record(monitor, second, report):
    return monitor.record(report, START_US + second * 1_000_000)


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_call_is_what_the_oracle_says(name):
    dump = sg.read_dump(DATA / f"getstats_{name}.json.gz")
    assert (dump.format, dump.truncated, dump.problem_count, dump.problems) == ("reports", False, 0, [])
    assert [connection.id for connection in dump.connections] == list(EXPECTED[name])
    for connection in dump.connections:
        wire = EXPECTED["wire_bytes"][name][connection.id]
        assert {key: connection.connection_totals[key] for key in wire} == wire
        for expected in EXPECTED[name][connection.id]:
            track = connection.track(expected["flow"], expected["name"])
            assert track.key == (expected["flow"], expected["kind"], expected["name"])
            assert {key: track.totals[key] for key in expected["totals"]} == expected["totals"]
            rows = track.history
            present = (rows["flags"] & (1 << sg.ROW_FLAGS.index("absent"))) == 0
            theirs = np.array(expected["payload_bitrate_bps"], np.float64)
            assert np.allclose(rows["payload_bitrate_bps"][present], theirs, rtol=1e-6, equal_nan=True)


def shapes(stats):
    yield "list", stats
    yield "tuple", tuple(stats)
    yield "by id", {stat["id"]: stat for stat in stats}
    yield "pairs", [[stat["id"], stat] for stat in stats]
    yield "wrapped", {"t": 5, "stats": stats}
    yield "text", json.dumps(stats)
    yield "bytes", json.dumps(stats).encode()
    yield "buffer", memoryview(bytearray(json.dumps(stats).encode()))


def test_every_form_of_a_report_is_the_same():
    monitors = {}
    for report in recording("loopback", "b"):
        for form, shape in shapes(report["stats"]):
            monitor = monitors.setdefault(form, sg.Monitor())
            monitor.record(shape, round(report["t"] * 1000))
    first = monitors["text"]
    assert len(first.tracks) == 3
    assert len(monitors) == 8
    for form, monitor in monitors.items():
        assert monitor.counts == first.counts, form
        assert monitor.history == first.history, form
        assert monitor.totals("inbound") == first.totals("inbound"), form
        for a, b in zip(monitor.tracks, first.tracks):
            assert (a.key, a.history, a.totals, a.mime) == (b.key, b.history, b.totals, b.mime), form


def test_nested_members_of_dicts_are_read():
    monitor = sg.Monitor()
    for second in range(2):
        durations = {"none": 1.0 * second, "cpu": 3.0 * second}
        stream = {"id": "O", "type": "outbound-rtp", "kind": "video", "mid": "1", "active": True}
        record(monitor, second, [{**stream, "qualityLimitationDurations": durations, "fmtp": [1, 2]}])
    assert monitor.track("outbound", "1").latest["limited_ratio"] == 0.75
    assert monitor.counts["invalid_members"] == 0


def test_the_three_kinds_of_dump_agree():
    plain = sg.read_dump(DATA / "getstats_loopback.json.gz")
    for file, kind in (
        ("loopback.rtcstats.gz", "rtcstats"),
        ("loopback.internals.json.gz", "webrtc_internals"),
    ):
        packed = (DATA / file).read_bytes()
        dumps = [sg.read_dump(source) for source in (DATA / file, str(DATA / file), packed)]
        dumps.append(sg.read_dump(bytearray(gzip.decompress(packed))))
        for dump in dumps:
            assert dump.format == kind
            for ours, theirs in zip(plain.connections, dump.connections):
                sums = [{t.key: t.totals["packets"] for t in one.tracks} for one in (ours, theirs)]
                assert sums[0] == sums[1]
    events = sg.read_dump(DATA / "loopback.rtcstats.gz").connections[0].events
    assert [event.name for event in events] == ["create", "close"]


def test_what_a_track_says():
    (a, b) = sg.read_dump(DATA / "getstats_loopback.json.gz").connections
    assert a.selected_pair.protocol == "udp"
    assert a.selected_pair.local_type == "host"
    audio = a.tracks[0]
    assert (audio.flow, audio.kind, audio.name, audio.mime) == ("outbound", "audio", "0", "audio/opus")
    assert audio.flags == ("first",)
    assert audio.totals["frames"] is None
    assert audio.mean_frame_rate_per_s is None
    assert audio.loss_ratio == 0.0
    assert audio.measured_us == pytest.approx(30e6, rel=1e-3)
    assert audio.mean_bitrate_bps == audio.totals["payload_bytes"] * 8e6 / audio.measured_us
    assert audio.rtt_us.count == audio.totals["rtt_measurements"]
    video = b.tracks[1]
    assert video.implementation == "libvpx"
    assert video.latest["time_us"] == video.history["time_us"][-1]
    assert isinstance(video.latest["flags"], tuple)
    assert video.jitter_us.quantile(0.95) == pytest.approx(
        np.quantile(video.history["jitter_us"][1:], 0.95, method="lower"), rel=0.011
    )
    assert b.track("inbound", "nobody") is None
    with pytest.raises(errors.InvalidArgumentError, match="inbound, outbound"):
        b.totals("sideways")


def test_histories_are_tables():
    (a, _) = sg.read_dump(DATA / "getstats_loopback.json.gz").connections
    for rows in (a.history, a.tracks[1].history):
        assert rows["time_us"].dtype == np.int64
        assert rows["flags"].dtype == np.uint16
        floats = rows.keys()[2:]
        assert {rows[name].dtype for name in floats} == {np.dtype(np.float64)}
        assert not any(np.ma.isMaskedArray(rows[name]) for name in floats)
        frame = pl.DataFrame(rows)
        assert frame.columns == rows.keys()
        assert frame["flags"].dtype == pl.UInt16
        table = pa.table(rows)
        assert table.schema.field("flags").type == pa.uint16()
        for name in floats:
            assert frame[name].null_count() == table[name].null_count == np.isnan(rows[name]).sum()
            assert frame[name].is_nan().sum() == 0
        pandas = pd.DataFrame(dict(rows))
        assert pandas["flags"].dtype == np.uint16
        assert pandas.isna().sum().sum() == sum(np.isnan(rows[name]).sum() for name in floats) > 0
        assert len(list(rows)) == len(rows)
        assert not any(isinstance(value, float) and math.isnan(value) for row in rows for value in row)
        back = pickle.loads(pickle.dumps(rows))
        assert back == rows
        assert np.array_equal(back["flags"], rows["flags"])
        assert not np.ma.isMaskedArray(back[floats[-1]])


def test_an_empty_history_is_a_table_too():
    monitor = sg.Monitor()
    assert (monitor.latest, monitor.tracks, monitor.selected_pair) == (None, [], None)
    assert pl.DataFrame(monitor.history).shape == (0, len(monitor.history.keys()))
    assert set(monitor.totals("inbound").values()) == {None}


def test_deltas_become_telemetry():
    monitor, telemetry = sg.Monitor(from_start=True), sg.Telemetry()
    key = sg.TrackKey("PA_1", "TR_1", "downstream", "video")
    telemetry.identify("PA_1", room_id="RM_1", now_us=START_US)
    with telemetry.open(key, now_us=START_US) as track:
        for second in range(5):
            lost = {"packetsLost": 3 * second, "nackCount": second, "jitter": 0.002}
            again = {
                "retransmittedPacketsReceived": 10 * second,
                "retransmittedBytesReceived": 10_000 * second,
            }
            record(monitor, second, inbound(second, **lost, **again))
            for delta in monitor.take(START_US + second * 1_000_000):
                assert delta.key.name == "cam"
                assert delta.last is False
                track.record_webrtc(delta)
        assert monitor.close(START_US + 5_000_000) is True
        assert monitor.close(START_US + 5_000_000) is False
        (last,) = monitor.take(START_US + 5_000_000)
        assert last.last
        assert (last.start_us, last.end_us) == (START_US + 4_000_000, START_US + 5_000_000)
        track.record_webrtc(last)
        totals = track.totals()
        assert totals.primary_packets == 5000 - 40
        assert totals.primary_bytes == 5_000_000 - 40_000
        assert (totals.retransmit_packets, totals.packets_lost, totals.nacks) == (40, 12, 4)
        (stat,) = telemetry.flush(START_US + 5_000_000).stats
        assert (stat.jitter_us, stat.rtt_us) == (2000, None)
    assert monitor.take(START_US + 6_000_000) == []
    with pytest.raises(errors.ClosedError):
        record(monitor, 9, inbound(9))
    with pytest.raises(TypeError):
        sg.Track.disabled().record_webrtc(5)


def test_totals_survive_resets_and_objects_that_vanish():
    monitor = sg.Monitor(from_start=True)
    assert record(monitor, 0, inbound(0)) == ()
    assert record(monitor, 1, []) == ()
    assert monitor.tracks[0].latest["flags"] == ("absent",)
    assert monitor.tracks[0].latest["payload_bitrate_bps"] is None
    assert record(monitor, 2, inbound(0, packetsReceived=7, bytesReceived=70)) == ("reset",)
    assert monitor.totals("inbound")["packets"] == 1007
    assert record(monitor, 3, inbound(3)) == ()
    assert "gap" in record(monitor, 60, inbound(60))
    assert monitor.counts["resets"] == monitor.counts["gaps"] == 1
    with pytest.raises(errors.TimeWentBackError):
        record(monitor, 59, inbound(61))
    assert monitor.counts["rejected_reports"] == 1


def test_rates_are_taken_over_the_steady_clock():
    monitor = sg.Monitor()
    for second in range(2):
        monitor.record(inbound(second), START_US + second * 7_000_000, second * 1_000_000)
    assert monitor.tracks[0].latest["payload_bitrate_bps"] == 8e6
    assert monitor.latest["clock_skew_us"] == 6e6


def test_without_a_time_the_clock_is_asked():
    monitor = sg.Monitor()
    monitor.record(inbound(0))
    assert monitor.latest["time_us"] > START_US


def test_limits():
    monitor = sg.Monitor(max_rows=3, max_tracks=1, max_streams=4)
    for second in range(10):
        record(monitor, second, inbound(second))
    assert monitor.history["time_us"].tolist() == [START_US + s * 1_000_000 for s in (7, 8, 9)]
    (cam,) = monitor.tracks
    for second in range(10, 14):
        record(monitor, second, inbound(second, id="I2", trackIdentifier="screen"))
    assert [track.name for track in monitor.tracks] == ["screen"]
    assert monitor.counts["forgotten_tracks"] == 1
    with pytest.raises(errors.NotFoundError, match="cam"):
        cam.totals  # noqa: B018
    for wrong in ({"max_tracks": 0}, {"max_streams": 0}, {"max_skew_us": -1}):
        with pytest.raises(errors.InvalidArgumentError):
            sg.Monitor(**wrong)
    with pytest.raises(errors.OutOfRangeError):
        sg.Monitor(max_rows=-1)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("packetsReceived", "3000"),
        ("packetsReceived", math.nan),
        ("packetsReceived", -math.inf),
        ("packetsReceived", 10**400),
        ("packetsReceived", 2**60),
        ("packetsReceived", -1),
        ("packetsReceived", 1.5),
        ("packetsReceived", b"3000"),
        ("packetsReceived", object()),
        ("packetsReceived", "\ud800"),
        ("trackIdentifier", 5),
        ("trackIdentifier", b"cam"),
    ],
)
def test_a_member_of_the_wrong_type_is_counted_and_the_rest_taken(member, value):
    monitor = sg.Monitor(from_start=True)
    record(monitor, 0, inbound(0, **{member: value}))
    assert monitor.counts["invalid_members"] == 1
    (track,) = monitor.tracks
    assert track.totals["payload_bytes"] == 1_000_000
    assert track.totals["packets"] == (None if member == "packetsReceived" else 1000)
    # What is no whole number, or too large, is a number to the report and no count to the monitor.
    for problem in monitor.problems:
        assert (problem.object, problem.member) == ("I1", member)
        assert problem.reason


def test_numbers_of_numpy_are_numbers():
    monitor = sg.Monitor(from_start=True)
    record(monitor, 0, inbound(0, packetsReceived=np.uint32(12), bytesReceived=np.float32(8), jitter=None))
    assert (monitor.tracks[0].totals["packets"], monitor.counts["invalid_members"]) == (12, 0)


def test_objects_that_cannot_be_used_are_counted():
    monitor = sg.Monitor()
    whole = [{"id": "C", "type": "certificate"}, {"type": "inbound-rtp"}, {"id": "x"}, 5, None, ["x"]]
    record(monitor, 0, [*whole, {"id": 7, "type": "inbound-rtp"}, {"id": "k", "type": "inbound-rtp"}])
    assert (monitor.counts["other_types"], monitor.counts["unidentified"]) == (1, 7)
    assert monitor.tracks == []


def test_a_report_of_10_000_objects_is_cut_and_says_so():
    many = [
        {"id": f"I{i}", "type": "inbound-rtp", "kind": "audio", "packetsReceived": i} for i in range(10_000)
    ]
    for report in (many, json.dumps(many)):
        monitor = sg.Monitor(from_start=True)
        assert record(monitor, 0, report) == ("truncated",)
        assert len(monitor.tracks) == 256
        assert monitor.counts["truncated"] == 1


@pytest.mark.parametrize(
    ("report", "line"),
    [("", 1), ("[\n{\n]", 3), (b"\xff\xfe\x00", 1), ("5", None), ("[] []", 1), ("[NaN]", 1)],
)
def test_what_is_no_json_has_a_line(report, line):
    monitor = sg.Monitor()
    with pytest.raises(errors.MalformedError) as raised:
        record(monitor, 0, report)
    assert raised.value.line == line
    assert monitor.counts["reports"] == 0


def test_what_is_no_report_is_refused():
    monitor = sg.Monitor()
    for wrong in (5, None, {1, 2}, object()):
        with pytest.raises(TypeError, match="report is"):
            monitor.record(wrong, START_US)
    with pytest.raises(errors.InvalidArgumentError):
        monitor.record("\ud800", START_US)
    with pytest.raises(errors.OutOfRangeError):
        monitor.record([], 2**63)
    around = {}
    around["more"] = around
    with pytest.raises(errors.MalformedError, match="nested"):
        record(monitor, 0, inbound(0, deep=around))
    assert monitor.counts["reports"] == 0


def test_a_cut_dump_keeps_what_is_there(tmp_path):
    text = gzip.decompress((DATA / "loopback.rtcstats.gz").read_bytes())
    cut = text[: len(text) // 2]
    dump = sg.read_dump(cut)
    assert dump.truncated
    assert dump.problems[-1].line == cut.count(b"\n") + 1
    whole = sg.read_dump(text)
    assert 0 < len(dump.connections[0].history) < len(whole.connections[0].history)
    packed = (DATA / "loopback.rtcstats.gz").read_bytes()
    path = tmp_path / "cut.gz"
    path.write_bytes(packed[: len(packed) // 2])
    dump = sg.read_dump(path)
    assert dump.truncated
    assert "gzip" in dump.problems[0].reason
    assert len(dump.connections[0].history) > 0


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00\x01\x02\xff" * 1000, b"\x1f\x8b garbage", b"hello", b"{}", b"[", b"[]", b"{" * 10_000],
)
def test_garbage_is_refused(garbage, tmp_path):
    with pytest.raises(errors.MalformedError) as raised:
        sg.read_dump(garbage)
    assert raised.value.file is None
    path = tmp_path / "dump"
    path.write_bytes(garbage)
    with pytest.raises(errors.MalformedError) as raised:
        sg.read_dump(path)
    assert raised.value.file == str(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(errors.NotFoundError) as raised:
        sg.read_dump(tmp_path / "nothing")
    assert raised.value.file == str(tmp_path / "nothing")
    with pytest.raises(errors.StreamgaugeIOError):
        sg.read_dump(tmp_path)
    with pytest.raises(TypeError, match="source is"):
        sg.read_dump(5)


def test_any_number_of_threads_may_use_a_monitor():
    monitor = sg.Monitor(from_start=True)
    taken, done = [], threading.Event()

    def take():
        while not done.is_set():
            taken.extend(monitor.take(START_US))
            assert len(monitor.history.keys()) == 18

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for second in range(300):
        record(monitor, second, inbound(second))
    done.set()
    for thread in threads:
        thread.join()
    monitor.close(START_US)
    taken += monitor.take(START_US)
    assert sum(delta.counts["packets"] for delta in taken) == 300_000


def test_they_say_what_they_are():
    dump = sg.read_dump(DATA / "getstats_firefox.json.gz")
    assert repr(dump) == "<Dump reports: 2 connections>"
    assert repr(dump.connections[0]) == "<Connection: 2 tracks, 22 reports>"
    assert repr(dump.connections[0].tracks[0]) == '<MonitorTrack outbound audio "0">'
    (delta, _) = dump.connections[0].take(0)
    assert repr(delta) == '<TrackDelta outbound audio "0">'
