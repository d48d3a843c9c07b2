"""Telemetry: what is reported, delivery, many threads on one track, what is refused."""

import json
import pickle
import threading

import numpy as np
import pytest
import streamgauge as sg
from streamgauge import errors

KEY = sg.TrackKey("PA_1", "TR_1", "upstream", "video", source="camera", mime="video/VP8", country="NL")


def opened(**config):
    telemetry = sg.Telemetry(**config)
    telemetry.identify("PA_1", "RM_1", "a room", now_us=0)
    return telemetry, telemetry.open(KEY, 0)


def video(n, first=0, ssrc=7):
    i = np.arange(first, first + n)
    return sg.packets(
        arrival_us=i * 10_000,
        ssrc=ssrc,
        rtp_timestamp=i * 900,
        sequence=i % 65_536,
        wire_bytes=1012,
        header_bytes=12,
        payload_type=96,
    )


def test_a_stat_says_what_was_counted_once():
    telemetry, track = opened()
    track.record(np.delete(video(100), 50))
    track.record_rtcp(1, rtt_us=300, nacks=2, plis=1)
    track.record_rtcp(2, rtt_us=100, jitter_us=5, firs=1)
    for score in (4.0, 3.0, float("nan"), -1.0):
        track.record_score(score)
    report = telemetry.flush(5_000_000)
    (stat,) = report.stats
    assert (report.sequence, report.time_us, len(report)) == (1, 5_000_000, 1)
    assert stat.key == sg.StatsKey(
        "RM_1", "a room", "PA_1", "TR_1", "upstream", "video", "edge", "camera", "video/VP8", "NL"
    )
    assert (stat.time_us, stat.start_us, stat.end_us) == (5_000_000, 0, 5_000_000)
    totals = stat.totals
    assert (totals.primary_packets, totals.primary_bytes, totals.packets_lost) == (99, 99_000, 1)
    assert (totals.nacks, totals.plis, totals.firs, stat.rtt_us) == (2, 1, 1, 300)
    assert stat.scores == sg.Scores(3.5, 3.0, 3.5, 2)
    assert (stat.layer, stat.layer_totals, stat.data, stat.last, stat.tracks) == (None, None, None, False, 1)
    assert telemetry.flush(6_000_000).stats == []
    assert track.totals() == telemetry.totals("upstream") == telemetry.snapshot()[0][1] == totals
    assert telemetry.participant_totals("PA_1", "upstream") == totals
    assert telemetry.participant_totals("PA_2", "upstream") is None
    assert telemetry.snapshot()[0][0] == track.key == KEY
    assert pickle.loads(pickle.dumps(stat)) == stat
    assert "TR_1" in repr(track)
    assert "1 tracks of 1" in repr(telemetry)
    assert "1 stats" in repr(report)


def test_what_was_not_measured_is_none():
    telemetry, track = opened()
    track.record_message(0, 0)
    (stat,) = telemetry.flush(1).stats
    assert (stat.rtt_us, stat.jitter_us, stat.scores) == (None, None, None)
    assert (stat.totals.messages, stat.totals.primary_bytes) == (1, 0)
    (row,) = json.loads(telemetry_json(telemetry, track))
    assert row["rtt_us"] is None


def telemetry_json(telemetry, track):
    track.record_message(0, 5)
    return telemetry.flush(2).to_json()


def test_whole_numbers_are_exact():
    telemetry, track = opened()
    track.observe_totals(1, 2**64 - 1, 2**64 - 1)
    report = telemetry.flush(1)
    assert report.stats[0].totals.primary_bytes == 2**64 - 1
    assert json.loads(report.to_json())[0]["primary_packets"] == 2**64 - 1
    lines = [line for line in telemetry.to_prometheus().splitlines() if "_bytes_total{" in line]
    assert f"{2**64 - 1}" in {line.split()[-1] for line in lines if 'track="TR_1"' in line}
    assert f"{2**64 - 1}" in {line.split()[-1] for line in lines if "track=" not in line}


def test_delivery():
    telemetry, track = opened()
    track.record_message(0, 5)
    with pytest.raises(ConnectionError), telemetry.delivery(1):
        raise ConnectionError("the collector is down")
    track.record_message(2, 6)
    with telemetry.delivery(3) as report:
        (stat,) = report.stats
        assert (stat.totals.primary_bytes, stat.merged_intervals) == (11, 1)
        with pytest.raises(errors.AlreadyPendingError):
            telemetry.flush(3)
    assert telemetry.counts().intervals_merged == 1
    assert telemetry.flush(4).stats == []
    assert (telemetry.ack(5), telemetry.restore()) == (False, False)
    telemetry.take()
    assert telemetry.ack()


def test_close_gives_what_is_left_once():
    telemetry, track = opened()
    again = telemetry.open(KEY, 0)
    with track:
        track.record(video(10))
    assert not track.close(2)
    again.record(video(5, 10))
    track.record(video(1, 15))
    assert again.close(3)
    again.record(video(3, 15))
    assert telemetry.counts().rejected_after_close == 4
    with pytest.raises(errors.AlreadyPendingError):
        telemetry.open(KEY, 4)
    (stat,) = telemetry.take(5).stats
    assert (stat.totals.primary_packets, stat.last) == (15, True)
    assert telemetry.ack(5)
    assert telemetry.flush(6).stats == []
    assert len(telemetry) == 0
    assert telemetry.totals("upstream").primary_packets == 15
    assert telemetry.open(KEY, 7).totals().primary_packets == 0


def test_a_handle_that_is_dropped_closes():
    telemetry, track = opened()
    track.record_message(0, 5)
    del track
    assert telemetry.flush(1).stats[0].last


def test_a_track_goes_on_elsewhere():
    telemetry, track = opened()
    track.set_layer(7, 2)
    track.record(video(10))
    seed = track.export(1)
    assert seed.layers[2].packets == 10
    assert telemetry.flush(2).stats[0].last
    other = sg.Telemetry()
    other.identify("PA_1", "RM_1", now_us=0)
    moved = other.open(KEY, 3, seed=pickle.loads(pickle.dumps(seed)))
    assert moved.totals() == seed
    assert other.flush(4).stats == []
    moved.record(video(10, 10))
    (stat,) = other.flush(5).stats
    assert stat.totals.primary_packets == 10
    assert moved.totals().primary_packets == 20
    for wrong in (seed._replace(frames=-1), seed._replace(primary_bytes=2**64)):
        with pytest.raises(errors.OutOfRangeError):
            other.open(KEY._replace(track="TR_2"), 0, seed=wrong)
    with pytest.raises(errors.InvalidArgumentError, match="5 layers"):
        other.open(KEY._replace(track="TR_2"), 0, seed=seed._replace(layers=(sg.LayerTotals(),) * 5))


def test_data_tracks():
    telemetry, track = opened()
    times, sequences = np.arange(5) * 100_000, np.array([1, 2, 2, 5, 4], np.uint16)
    track.record_data(times, sequences, np.full(5, 70_000, np.uint32), [True, False, False, True, False])
    track.record_data([], [], [])
    with pytest.raises(errors.InvalidArgumentError, match="sequences has 1"):
        track.record_data([1, 2], [1], [1, 2])
    with pytest.raises(TypeError, match="sequences has dtype int64: expected uint16"):
        track.record_data(times, np.arange(5), np.full(5, 1, np.uint32))
    with pytest.raises(errors.OutOfRangeError, match="sequences"):
        track.record_data([1], [65_536], [1])
    track.close(500_000)
    (stat,) = telemetry.flush(500_000).stats
    assert stat.totals.primary_bytes == 5 * 70_000
    assert stat.data == sg.DataSummary(400_000, 5, 1, 1, 1, 2, 5.0)


def test_a_disabled_track_is_a_no_op():
    track = sg.Track.disabled()
    track.record(video(5))
    track.record_raw(0, b"\x80" + b"\0" * 11)
    track.record_message(0, 5)
    track.record_rtcp(0, rtt_us=5)
    assert (track.totals(), track.key) == (None, None)
    assert track.close()
    assert "disabled" in repr(track)


def test_livekit_protobuf():
    telemetry, track = opened()
    relay = telemetry.open(KEY._replace(role="relay"), 0)
    track.record(video(10))
    relay.record(video(10))
    report = telemetry.flush(2_000_000)
    assert len(report) == 2
    ids = iter(["AS_1"])
    fields = protobuf(protobuf(report.to_livekit("ND_1", next_id=lambda: next(ids)))[1][0])
    assert (fields[4], fields[5], fields[7], fields[8]) == ([b"ND_1"], [b"RM_1"], [b"PA_1"], [b"TR_1"])
    assert fields[14] == [b"AS_1"]
    stream = protobuf(fields[10][0])
    assert (stream[2], stream[3]) == ([10], [10_000])
    made = [protobuf(protobuf(report.to_livekit())[1][0])[14][0] for _ in range(2)]
    assert made[0] != made[1]
    with pytest.raises(ZeroDivisionError):
        report.to_livekit(next_id=lambda: 1 // 0)
    with pytest.raises(TypeError):
        report.to_livekit(next_id=lambda: 5)


def test_otlp():
    telemetry, track = opened()
    track.record_message(0, 5)
    report = telemetry.flush(2)
    assert (report.start_us, report.time_us) == (0, 2)
    for data in (report.to_otlp(resource={"service.name": "n1"}), telemetry.to_otlp(3, top=0)):
        metrics = protobuf(data)[1][0]
        assert [protobuf(scope)[2] for scope in protobuf(metrics)[2]]
    assert b"n1" in report.to_otlp(resource={"service.name": "n1"})
    assert b"TR_1" in telemetry.to_otlp(3)
    assert b"TR_1" not in telemetry.to_otlp(3, top=0)


def protobuf(data):
    """The fields of a message: varints and bytes by number."""
    fields, at = {}, 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag % 8 == 0:
            value = varint()
        else:
            size = {1: 8, 5: 4}.get(tag % 8) or varint()
            value, at = data[at : at + size], at + size
        fields.setdefault(tag // 8, []).append(value)
    return fields


def test_prometheus_text():
    telemetry, track = opened()
    track.record_message(0, 5)
    telemetry.open(KEY._replace(track='a "quoted"\nname'), 0).record_message(0, 7)
    text = telemetry.to_prometheus(openmetrics=True)
    assert text.endswith("# EOF\n")
    assert r'track="a \"quoted\"\nname"' in text
    assert "TR_1" in text
    assert "TR_1" not in telemetry.to_prometheus(top=1)
    with pytest.raises(errors.OutOfRangeError, match="top is -1"):
        telemetry.to_prometheus(top=-1)


def test_participant_level_and_zeros():
    telemetry, track = opened(level="participant", bytes="wire", emit_idle=True)
    telemetry.open(KEY._replace(track="TR_2"), 0)
    track.record(video(10))
    (stat,) = telemetry.flush(1).stats
    assert (stat.key.track, stat.tracks, stat.totals.primary_bytes) == ("", 2, 10_120)
    assert telemetry.flush(2).stats[0].totals.primary_bytes == 0


def test_many_threads_on_one_track():
    telemetry, track = opened()
    rounds, seen = 300, []

    def media(ssrc):
        for i in range(rounds):
            track.record(video(20, i * 20, ssrc=ssrc))

    def messages():
        with telemetry.open(KEY, 0) as handle:
            for _ in range(rounds):
                handle.record_message(0, 3)

    threads = [threading.Thread(target=media, args=(ssrc,)) for ssrc in (1, 2, 3)]
    threads.append(threading.Thread(target=messages))
    for thread in threads:
        thread.start()
    now_us = 0
    while any(thread.is_alive() for thread in threads):
        now_us += 1
        try:
            with telemetry.delivery(now_us) as report:
                if now_us % 3 == 0:
                    raise ConnectionError
                seen += report.stats
        except ConnectionError:
            pass
    track.record_message(now_us + 1, 3)
    track.close(now_us + 1)
    seen += telemetry.flush(now_us + 1).stats
    packets = sum(stat.totals.primary_packets for stat in seen)
    assert packets == telemetry.totals("upstream").primary_packets == 3 * rounds * 20
    assert sum(stat.totals.messages for stat in seen) == rounds + 1
    assert sum(stat.last for stat in seen) == 1


def test_what_is_refused():
    telemetry, track = opened(max_tracks=2, max_participants=2)
    for key, told in [
        (KEY._replace(direction="up"), 'direction is "up": expected one of upstream, downstream'),
        (KEY._replace(kind="text"), "kind is"),
        (KEY._replace(role="core"), "role is"),
    ]:
        with pytest.raises(errors.InvalidArgumentError, match=told):
            telemetry.open(key, 0)
    with pytest.raises(ValueError, match="tuple of length 8"):
        telemetry.open(("PA", "TR"), 0)
    telemetry.open(KEY._replace(track="TR_2"), 0)
    with pytest.raises(errors.AlreadyPendingError):
        telemetry.open(KEY._replace(track="TR_2"), 0)
    with pytest.raises(errors.CapacityExceededError, match="2 tracks"):
        telemetry.open(KEY._replace(track="TR_3"), 0)
    telemetry.identify("PA_2", "RM_1")
    with pytest.raises(errors.CapacityExceededError, match="2 participants"):
        telemetry.identify("PA_3", "RM_1")
    for record in (
        lambda: track.record_message(0, -1),
        lambda: track.record_message(2**63, 1),
        lambda: track.observe_totals(2**32, 0, 0),
        lambda: track.observe_totals(0, 2**64, 0),
        lambda: track.record_rtcp(0, rtt_us=2**32),
        lambda: track.set_layer(0, 256),
        lambda: telemetry.flush(2**63),
    ):
        with pytest.raises(errors.OutOfRangeError, match="expected"):
            record()
    for record in (
        lambda: track.record([1]),
        lambda: track.record_rtcp(0.5),
        lambda: track.record_score("x"),
    ):
        with pytest.raises(TypeError):
            record()
    track.set_layer(1, 255)
    for wrong in ({"max_tracks": 0}, {"grace_us": -1}, {"level": "room"}, {"bytes": "header"}):
        with pytest.raises(errors.InvalidArgumentError):
            sg.Telemetry(**wrong)
    assert track.totals() == sg.TrackTotals(layers=(sg.LayerTotals(),) * 4)
