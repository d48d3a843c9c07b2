"""Viewers, concurrency, streams and CDN edges, with sums of this file's own as the oracle."""

import copy
import json
import pickle

import numpy as np
import pytest
import streamgauge as sg
from streamgauge import errors

S = 1_000_000


def crowd(seed, viewers=200, span_s=600):
    """Intervals of views and an audience that was told them in order of time."""
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.integers(0, span_s * S, viewers))
    ends = starts + rng.integers(1, 120 * S, viewers)
    events = sorted(
        [(int(t), 1, i) for i, t in enumerate(starts)] + [(int(t), 0, i) for i, t in enumerate(ends)]
    )
    audience = sg.Audience(max_changes=10_000, keep_us=10_000 * S, reconnect_us=0)
    for at_us, joins, viewer in events:
        if joins:
            assert audience.join(f"{seed}-{viewer}", at_us) == "new"
        else:
            assert audience.leave(f"{seed}-{viewer}", at_us)
    return audience, list(zip(starts.tolist(), ends.tolist()))


def overlap(views, at_us):
    return sum(start <= at_us < end for start, end in views)


def test_concurrency_is_that_of_the_intervals():
    audience, views = crowd(1)
    end_us = max(end for _, end in views)
    summary = audience.summary(end_us + 5 * S)
    watched_us = sum(end - start for start, end in views)
    assert (summary.watched_us, summary.totals.watched_us) == (watched_us, watched_us)
    peak = max(overlap(views, start) for start, _ in views)
    peak_us = next(start for start, _ in views if overlap(views, start) == peak)
    assert (summary.peak_at_least, summary.peak_at_most, summary.peak_us) == (peak, peak, peak_us)
    assert (summary.start_us, summary.end_us) == (views[0][0], end_us + 5 * S)
    assert summary.mean_concurrency == watched_us / (summary.end_us - summary.start_us)
    steps = audience.steps()
    for at_us, viewers in list(steps)[::7]:
        assert viewers == overlap(views, at_us)
    start_us, until_us = 100 * S, 200 * S
    inside = audience.concurrency(start_us, until_us)
    area_us = sum(max(0, min(end, until_us) - max(start, start_us)) for start, end in views)
    assert (inside.start_us, inside.end_us, inside.area_us) == (start_us, until_us, area_us)
    assert inside.mean == area_us / (100 * S)
    moments = [start_us, *(start for start, _ in views if start_us <= start < until_us)]
    assert inside.peak == max(overlap(views, at_us) for at_us in moments)
    assert (
        audience.concurrency(until_us, start_us) is None
        or audience.concurrency(until_us, start_us).area_us == 0
    )


def test_summaries_merge_in_any_order():
    audiences = [crowd(seed)[0] for seed in range(5)]
    summaries = [audience.summary(1_000 * S) for audience in audiences]
    one, other = copy.copy(summaries[0]), copy.deepcopy(summaries[-1])
    for summary in summaries[1:]:
        one.merge(summary)
    for summary in summaries[-2::-1]:
        other.merge(pickle.loads(pickle.dumps(summary)))
    assert one == other
    assert one != summaries[0]
    assert one.watched_us == sum(summary.watched_us for summary in summaries)
    assert one.peak_at_least == max(summary.peak_at_least for summary in summaries)
    assert one.peak_at_most == sum(summary.peak_at_most for summary in summaries)
    assert one.peak_us is None
    assert one.totals.views == 1_000
    one.merge(one)
    assert one.totals.views == 2_000
    with pytest.raises(errors.InvalidArgumentError, match="relative_error"):
        one.merge(sg.Audience(relative_error=0.1).summary(0))


def test_a_view_from_join_to_leave():
    audience = sg.Audience(idle_timeout_us=60 * S, keep_us=50 * S)
    assert audience.join("a", 0, location="AT", user_agent="tv") == "new"
    assert audience.started("a", 2 * S)
    assert audience.bitrate("a", 2 * S, 1_000_000)
    assert audience.rebuffer_begins("a", 4 * S)
    assert audience.rebuffer_ends("a", 5 * S)
    assert audience.bitrate("a", 6 * S, 3_000_000)
    assert audience.rebuffered("a", 9 * S, S // 2)
    assert audience.heartbeat("a", 10 * S)
    assert audience.join("a", 10 * S) == "reconnected"
    viewer = audience.viewer("a", 10 * S)
    assert viewer == (True, 0, 10 * S, 1, 10 * S, 2 * S, 2, 3 * S // 2, 2e6, 1, "AT", "tv")
    assert not audience.leave("b", 10 * S)
    audience.join("c", 10 * S)
    audience.leave("c", 11 * S)
    audience.handle_time(200 * S)
    totals = audience.summary(200 * S).totals
    assert (totals.timed_out, totals.unknown, totals.reconnects) == (1, 1, 1)
    assert (totals.views, totals.started, totals.ended, totals.ended_before_start) == (2, 1, 2, 1)
    summary = audience.summary(200 * S)
    assert (summary.watching, summary.watched_us, summary.exit_before_start_ratio) == (0, 11 * S, 0.5)
    assert summary.rebuffer_ratio == 1.5 / 11
    assert summary.startup_us.max == 2 * S
    assert len(audience) == 0
    assert audience.viewer("nobody", 0) is None
    assert "2 views" in repr(summary)


def test_nobody():
    audience = sg.Audience()
    summary = audience.summary(0)
    names = ("start_us", "end_us", "peak_us", "mean_concurrency", "rebuffer_ratio", "mean_bitrate_bps")
    assert [getattr(summary, name) for name in names] == [None] * 6
    assert summary.exit_before_start_ratio is None
    assert audience.concurrency(0, 10) is None
    assert len(audience.steps()) == 0


def test_exports():
    audience, nobody = sg.Audience(), sg.Audience().summary(0)
    audience.join("anna", 0, location="AT")
    audience.started("anna", S // 2)
    summary = audience.summary(2 * S)
    found = json.loads(summary.to_json())
    assert (found["views"], found["watched_us"], found["startup_us_p50"]) == (1, 2 * S, S // 2)
    assert found["mean_bitrate_bps"] is None
    text = summary.to_prometheus(labels={"stream": 'a"b'})
    assert 'streamgauge_audience_views_total{stream="a\\"b"} 1\n' in text
    assert summary.to_prometheus(openmetrics=True).endswith("# EOF\n")
    many = sg.AudienceSummary.many_to_prometheus([({"stream": "a"}, summary), ({"stream": "b"}, nobody)])
    assert many.count("# TYPE streamgauge_audience_views_total counter") == 1
    assert 'streamgauge_audience_views_total{stream="b"} 0\n' in many
    data = summary.to_otlp(attributes={"stream": "a"}, resource={"service.name": "n1"})
    assert all(part in data for part in (b"streamgauge.audience.startup", b"stream", b"n1"))
    assert b"anna" not in data + text.encode()
    assert b"AT" not in data
    assert nobody.to_otlp() == b""
    with pytest.raises(TypeError):
        summary.to_otlp(attributes={"stream": 5})


def test_limits():
    audience = sg.Audience(max_viewers=1)
    audience.join("a", 0)
    with pytest.raises(errors.CapacityExceededError):
        audience.join("b", 1)
    assert audience.summary(2).totals.rejected == 1
    for wrong in ({"max_viewers": 0}, {"max_changes": 0}, {"idle_timeout_us": 0}, {"relative_error": 1.0}):
        with pytest.raises(errors.InvalidArgumentError):
            sg.Audience(**wrong)
    with pytest.raises(errors.OutOfRangeError, match="at_us is"):
        audience.leave("a", 2**63)
    with pytest.raises(errors.OutOfRangeError, match="duration_us is -1"):
        audience.rebuffered("a", 1, -1)
    with pytest.raises(TypeError):
        audience.join(5, 0)


def test_hostile_bytes():
    data = crowd(7)[0].summary(1_000 * S).to_bytes()
    assert sg.AudienceSummary.from_bytes(data).to_bytes() == data
    rng = np.random.default_rng(8)
    refused = 0
    for _ in range(500):
        bad = bytearray(data)
        for _ in range(rng.integers(1, 5)):
            bad[rng.integers(len(bad))] = rng.integers(256)
        if rng.random() < 0.3:
            bad = bad[: rng.integers(len(bad))]
        try:
            taken = sg.AudienceSummary.from_bytes(bytes(bad))
        except errors.MalformedError:
            refused += 1
        else:
            taken.merge(copy.copy(taken))
            assert taken.mean_concurrency is None or taken.mean_concurrency >= 0
            taken.to_bytes()
    assert refused > 100


def test_streams():
    rng = np.random.default_rng(9)
    streams = sg.Streams()
    times = np.arange(301) * 20_000
    sizes = rng.integers(500, 1500, 301).astype(np.uint32)
    frames = np.arange(301) % 2 == 0
    keyframes = np.arange(301) % 100 == 0
    latencies = rng.integers(-1000, 90_000, 301)
    durations = np.full(301, 20_000, np.uint32)
    durations[5] = 0
    options = {"durations_us": durations, "frames": frames, "keyframes": keyframes}
    streams.record("a", times, sizes, **options, latencies_us=latencies)
    streams.record("a", times, sizes // np.uint32(10), media="audio")
    streams.record_dropped_frames("a", 49)
    streams.record_lost_packets("b", 3)
    found = streams.snapshot("a")
    assert (found.start_us, found.end_us) == (0, 6 * S)
    assert found.video_bps == pytest.approx(int(sizes.sum()) * 8 / 6)
    assert found.audio_bps == pytest.approx(int((sizes // 10).sum()) * 8 / 6)
    assert found.metadata_bps in (0.0, None)
    assert found.frame_rate == pytest.approx(25.0)
    assert found.keyframe_interval_us == 2 * S
    assert (found.totals.frames, found.totals.keyframes) == (151, 4)
    assert found.totals.drop_ratio == 49 / 200
    timed = int(sizes.sum() - sizes[5])
    assert found.totals.video[:4] == (301, int(sizes.sum()), timed, 300 * 20_000)
    assert found.totals.video.media_bitrate_bps == pytest.approx(timed * 8 / 6)
    assert found.totals.audio.media_bitrate_bps is None
    exact = np.quantile(latencies, 0.9, method="lower")
    assert abs(found.latency_us.quantile(0.9) - exact) <= 0.01 * abs(exact) + 1e-9
    assert (streams.ids(), len(streams)) == (["a", "b"], 2)
    assert streams.totals().loss_ratio == 3 / 605
    assert streams.remove("a").totals == found.totals
    assert streams.remove("a") is None
    assert streams.snapshot("a") is None
    assert streams.totals().video.packets == 301


def test_streams_refuse():
    streams = sg.Streams(max_streams=1)
    streams.record("a", [0], [1])
    with pytest.raises(errors.CapacityExceededError):
        streams.record("b", [0], [1])
    with pytest.raises(errors.InvalidArgumentError, match='media is "text"'):
        streams.record("a", [0], [1], media="text")
    with pytest.raises(errors.InvalidArgumentError, match="times_us has 2 items, frames has 1"):
        streams.record("a", [0, 1], [1, 2], frames=[True])
    with pytest.raises(TypeError, match="sizes_bytes has dtype int64: expected uint32"):
        streams.record("a", [0], np.zeros(1, np.int64))
    with pytest.raises(errors.OutOfRangeError, match="sizes_bytes"):
        streams.record("a", [0], [2**32])
    with pytest.raises(errors.InvalidArgumentError):
        sg.Streams(max_streams=0)
    assert streams.totals().video.packets == 1


def test_cdn():
    rng = np.random.default_rng(10)
    cdns = [sg.Cdn(max_edges=4), sg.Cdn(max_edges=4)]
    seen = []
    for i in range(400):
        edge, hit, size = f"edge-{rng.integers(3)}", bool(rng.random() < 0.8), int(rng.integers(1, 10**6))
        cdns[i % 2].record(edge, i * S, hit=hit, size_bytes=size)
        seen.append((edge, hit, size))
    cdns[0].merge(cdns[1])
    edges = cdns[0].edges()
    for edge in ("edge-0", "edge-1", "edge-2"):
        own = [row for row in seen if row[0] == edge]
        hits = [size for _, hit, size in own if hit]
        assert edges[edge][:3] == (len(hits), len(own) - len(hits), sum(hits))
        assert edges[edge].hit_ratio == len(hits) / len(own)
        assert edges[edge].byte_hit_ratio == sum(hits) / sum(size for _, _, size in own)
    everything = sum(size for _, _, size in seen)
    assert cdns[0].total.hit_bytes + cdns[0].total.miss_bytes == everything
    assert cdns[0].bandwidth_bps == pytest.approx(everything * 8 / 399)
    assert (cdns[0].start_us, cdns[0].end_us) == (0, 399 * S)
    assert cdns[0].others == (0, 0, 0, 0, None, None)
    for name in ("x", "y", "z"):
        cdns[0].record(name, 0, hit=False, size_bytes=5)
    assert cdns[0].others[:2] == (0, 2)
    with pytest.raises(errors.OutOfRangeError, match="size_bytes is -1"):
        cdns[0].record("x", 0, hit=True, size_bytes=-1)
    with pytest.raises(errors.InvalidArgumentError):
        sg.Cdn(max_edges=0)
    assert sg.Cdn().bandwidth_bps is None
