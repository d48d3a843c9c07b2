#!/usr/bin/env python3
"""Writes the vectors of telemetry (tests/vectors/T*.json); see rtp_vectors.py for the form. What is
expected is worked out by hand, from the samples that stand in the vector."""
from rtp_vectors import HAND, Vector, counts, pkt, seqs

LIVEKIT = "LiveKit's StatsWorker (pkg/telemetry/statsworker.go: coalesce), by hand"


def telemetry(name, why, oracle=HAND, **config):
    v = Vector(name, why, oracle).do("telemetry.new", id="t", **config)
    return v.do("telemetry.identify", id="t", participant="PA_1", room_id="RM_1", room_name="room", now_us="0")


def open_track(v, handle, track="TR_1", now_us=0, err=None, **key):
    fields = dict(participant="PA_1", track=track, direction="upstream", role="edge", kind="video", source="",
                  mime="video/VP8", country="")
    return v.do("telemetry.open", None, err, id="t", handle=handle, now_us=str(now_us), key={**fields, **key})


def record(v, handle, packets):
    return v.do("track.record", id="t", handle=handle, packets=packets)


def message(v, handle, size, at_us=0):
    return v.do("track.message", id="t", handle=handle, at_us=str(at_us), bytes=str(size))


def rtcp(v, handle, **sample):
    return v.do("track.rtcp", id="t", handle=handle, at_us="0", sample={k: str(x) for k, x in sample.items()})


def flush(v, now_us, *stats, op="flush"):
    """`stats` as far as they are to be compared."""
    return v.do("telemetry." + op, [counts(**s) if all(not isinstance(x, (bool, str)) for x in s.values()) else
                                    {k: (x if isinstance(x, (bool, str)) or x is None else str(x)) for k, x in s.items()}
                                    for s in stats], id="t", now_us=str(now_us))


def main():
    v = telemetry("T13_bytes_without_new_highest", "Late and repeated packets only: the interval has their bytes, and the "
                  "correction is held back where no sign can be shown.")
    open_track(v, "a")
    record(v, "a", seqs(1, 2, 5))
    flush(v, 5_000_000, dict(primary_packets=3, primary_bytes=3000, packets_lost=2, packets_lost_to_report=2))
    record(v, "a", [pkt(3), pkt(2)])
    flush(v, 10_000_000, dict(primary_packets=2, primary_bytes=2000, packets_lost=-1, packets_duplicate=1,
                              packets_lost_to_report=0, packets_lost_held_back=-1))
    record(v, "a", [pkt(6, 9000, 450), pkt(9, 10_000, 540)])
    flush(v, 15_000_000, dict(packets_lost=2, packets_lost_to_report=1, packets_lost_held_back=0))
    v.write()

    v = telemetry("T14_message_of_no_bytes", "A message of no bytes counts in its own interval; an interval without traffic "
                  "says nothing.")
    open_track(v, "a", kind="data")
    message(v, "a", 0)
    flush(v, 5_000_000, dict(messages=1, primary_bytes=0))
    flush(v, 10_000_000)
    message(v, "a", 7)
    flush(v, 15_000_000, dict(messages=1, primary_bytes=7))
    v.write()

    v = telemetry("T14_idle_track", "Zeros when asked to.", emit_idle=True)
    open_track(v, "a")
    flush(v, 5_000_000, dict(primary_packets=0, primary_bytes=0, rtt_us=None, jitter_us=None))
    v.write()

    v = telemetry("T15_one_cut", "Bytes and messages of one event come in one interval.")
    open_track(v, "a", kind="signal")
    for n in range(3):
        message(v, "a", 100 + n)
    flush(v, 1, dict(messages=3, primary_bytes=303))
    v.write()

    v = telemetry("T16_simulcast", "Frames are those of the best layer, not the sum; bytes add up; the highest layer is named.",
                  LIVEKIT)
    open_track(v, "a")
    for layer, every in ((0, 4), (1, 3), (2, 2)):
        v.do("track.set_layer", id="t", handle="a", ssrc=str(100 + layer), layer=str(layer))
        record(v, "a", [pkt(n, n * 10_000, n // every * 3000, ssrc=100 + layer) for n in range(12)])
    flush(v, 5_000_000, dict(primary_packets=36, primary_bytes=36_000, frames=6, layer=2, layer_packets=12,
                             layer_bytes=12_000, layer_frames=6))
    v.write()

    v = telemetry("T16_codec_change", "A new SSRC with a new codec under the same track: one track, the latest codec.")
    open_track(v, "a")
    record(v, "a", seqs(1, 2))
    v.do("track.set_mime", id="t", handle="a", mime="video/AV1")
    record(v, "a", seqs(50_000, 50_001, ssrc=8))
    flush(v, 5_000_000, dict(primary_packets=4, packets_lost=0, mime="video/AV1"))
    v.write()

    v = telemetry("T17_pulled_totals", "An SSRC that is removed and comes back before a report loses nothing; one that shows "
                  "less restarted; records after the close are rejected and counted.")
    open_track(v, "a")
    for ssrc, packets, size in ((7, 100, 10_000), (8, 5, 500)):
        v.do("track.observe_totals", id="t", handle="a", ssrc=str(ssrc), packets=str(packets), bytes=str(size))
    v.do("track.remove_ssrc", id="t", handle="a", ssrc="7")
    for ssrc, packets, size in ((7, 30, 3000), (8, 2, 100)):
        v.do("track.observe_totals", id="t", handle="a", ssrc=str(ssrc), packets=str(packets), bytes=str(size))
    v.do("telemetry.totals", counts(primary_packets=137, primary_bytes=13_600), id="t", direction="upstream", role="edge")
    v.do("track.close", True, id="t", handle="a", now_us="1000")
    v.do("track.observe_totals", id="t", handle="a", ssrc="7", packets="31", bytes="3100")
    flush(v, 2000, dict(primary_packets=137, primary_bytes=13_600, last=True))
    v.do("telemetry.totals", counts(primary_packets=137, primary_bytes=13_600), id="t", direction="upstream", role="edge")
    v.do("telemetry.counts", counts(rejected_after_close=1, tracks_dropped=1), id="t")
    v.write()

    v = telemetry("T18_close", "The tail comes in one last stat, again while it is not acknowledged; a second close is nothing; "
                  "a track with two handles closes with the second.")
    open_track(v, "a")
    open_track(v, "b")
    message(v, "a", 10)
    v.do("track.close", True, id="t", handle="a", now_us="1000").do("track.close", False, id="t", handle="a", now_us="1001")
    flush(v, 2000, dict(primary_bytes=10, last=False))
    message(v, "b", 5)
    v.do("track.close", True, id="t", handle="b", now_us="3000")
    open_track(v, "c", now_us=3000, err="already_pending")
    flush(v, 4000, dict(primary_bytes=5, last=True, end_us=3000), op="take")
    v.do("telemetry.take", None, "already_pending", id="t", now_us="4001")
    v.do("telemetry.restore", True, id="t").do("telemetry.restore", False, id="t")
    flush(v, 5000, dict(primary_bytes=5, last=True, merged_intervals=1), op="take")
    v.do("telemetry.ack", True, id="t", now_us="5000").do("telemetry.ack", False, id="t", now_us="5000")
    flush(v, 6000)
    open_track(v, "d", now_us=7000)
    message(v, "d", 1)
    flush(v, 8000, dict(primary_bytes=1, start_us=7000))
    v.do("telemetry.totals", counts(primary_bytes=16), id="t", direction="upstream", role="edge")
    v.write()

    v = telemetry("T29_largest_of_what_was_measured", "Round-trip time and jitter are the largest of the interval, and absent "
                  "when none was measured; an interval with RTCP only is one.", LIVEKIT)
    open_track(v, "a")
    rtcp(v, "a", rtt_us=9000, nacks=1)
    rtcp(v, "a", rtt_us=500, jitter_us=70, plis=2, firs=1, nacks=1)
    flush(v, 5_000_000, dict(rtt_us=9000, jitter_us=70, nacks=2, plis=2, firs=1, primary_packets=0))
    rtcp(v, "a", nacks=1)
    flush(v, 10_000_000, dict(rtt_us=None, jitter_us=None, nacks=1))
    v.write()

    v = telemetry("T31_relay", "A hop between servers has its own role and is not added to edge traffic.")
    open_track(v, "edge")
    open_track(v, "relay", role="relay")
    message(v, "edge", 10)
    message(v, "relay", 1000)
    v.do("telemetry.totals", counts(primary_bytes=10), id="t", direction="upstream", role="edge")
    v.do("telemetry.totals", counts(primary_bytes=1000), id="t", direction="upstream", role="relay")
    flush(v, 1, dict(role="edge", primary_bytes=10), dict(role="relay", primary_bytes=1000))
    v.write()

    v = telemetry("T14_participant_level", "One stat for each participant, direction and role.", LIVEKIT, level="participant")
    open_track(v, "a", "TR_1")
    open_track(v, "b", "TR_2")
    open_track(v, "c", "TR_1", direction="downstream")
    message(v, "a", 100)
    message(v, "b", 20)
    message(v, "c", 3)
    rtcp(v, "a", rtt_us=5)
    rtcp(v, "b", rtt_us=8)
    flush(v, 1, dict(direction="upstream", track="", primary_bytes=120, messages=2, rtt_us=8),
          dict(direction="downstream", track="TR_1", primary_bytes=3, rtt_us=None))
    v.write()

    v = telemetry("T18_room_known_later", "Bytes from before the room was known are reported once it is.")
    open_track(v, "a", participant="PA_9")
    message(v, "a", 4)
    flush(v, 1)
    v.do("telemetry.identify", id="t", participant="PA_9", room_id="RM_9", room_name="later", now_us="2")
    flush(v, 3, dict(room_id="RM_9", primary_bytes=4, start_us=0))
    v.write()


if __name__ == "__main__":
    main()
