#!/usr/bin/env python3
"""Writes the vectors of getStats monitors and dumps; see rtp_vectors.py for the form. What is expected
is worked out by hand from W3C webrtc-stats and the file formats, with plain arithmetic.
"""

import datetime
import json

from rtp_vectors import HAND, Vector, counts

SECOND = 1_000_000


def inbound(ms, packets, payload, id="I1", ssrc=7, **more):
    """A received video stream, as its object is in a report."""
    return {"id": id, "type": "inbound-rtp", "timestamp": ms, "kind": "video", "trackIdentifier": "t",
            "ssrc": ssrc, "packetsReceived": packets, "bytesReceived": payload} | more  # fmt: skip


def outbound(ms, packets, payload, id="O1", ssrc=7, **more):
    return {"id": id, "type": "outbound-rtp", "timestamp": ms, "kind": "video", "mid": "0", "ssrc": ssrc,
            "packetsSent": packets, "bytesSent": payload} | more  # fmt: skip


class Call(Vector):
    """A vector about one monitor; reports are a second apart."""

    def __init__(self, name, why, **config):
        super().__init__(name, why, HAND)
        self.do("monitor.new", id="m", **config)
        self.second = 0

    def report(self, *objects, flags=(), at=None, monotonic=None, err=None):
        at = self.second if at is None else at
        more = {} if monotonic is None else {"monotonic_us": str(round(monotonic * SECOND))}
        want = None if err else list(flags)
        self.do("monitor.record", want, id="m", time_us=str(round(at * SECOND)), report=list(objects), err=err, **more)
        self.second += 1
        return self

    def track(self, want, name="t", flow="inbound"):
        return self.do("monitor.track", want, id="m", flow=flow, name=name)

    def totals(self, flow="inbound", **want):
        return self.do("monitor.totals", counts(**want), id="m", flow=flow)

    def connection(self, want):
        return self.do("monitor.connection", want, id="m")


def monitors():
    v = Call("T16_webrtc_ssrc", "A stream is replaced by one of another SSRC under the same track: a boundary, no "
             "spike, and the track goes on.")
    v.report(inbound(0, 10, 1000)).report(inbound(1000, 110, 126_000))
    v.report(inbound(2000, 50, 50_000, id="I2", ssrc=8))
    v.track({"flags": ["boundary"], "totals": counts(packets=150, payload_bytes=175_000),
             "row": {"payload_bitrate_bps": 400_000.0, "packets": 50.0}})
    v.report(inbound(3000, 60, 55_000, id="I2", ssrc=9))
    v.track({"flags": ["boundary"], "totals": counts(packets=210, payload_bytes=230_000)})
    v.write()

    v = Call("T16_webrtc_layers", "Frames of simulcast layers are those of the best layer; bytes add up.", from_start=True)
    def layers(ms, *counts):
        return [outbound(ms, c, 1000 * c, id=f"O{rid}", ssrc=i, rid=rid, framesEncoded=frames, frameWidth=width)
                for i, (rid, c, frames, width) in enumerate(counts)]  # fmt: skip
    v.report(*layers(0, ("q", 0, 0, 160), ("f", 0, 0, 640)))
    v.report(*layers(1000, ("q", 10, 30, 160), ("f", 20, 25, 640)))
    v.track({"row": {"frame_rate_per_s": 30.0, "frames": 30.0, "payload_bitrate_bps": 240_000.0, "width": 640.0},
             "totals": counts(frames=30, packets=30)}, name="0", flow="outbound")  # fmt: skip
    v.write()

    v = Call("T17_webrtc_vanishes", "An object leaves the report and comes back: totals do not fall, and what it counted "
             "meanwhile is there.")
    v.report(inbound(0, 10, 1000)).report(inbound(1000, 20, 2000)).report()
    v.track({"flags": ["absent"], "row": {"packets": None, "payload_bitrate_bps": None},
             "totals": counts(packets=10, payload_bytes=1000)})  # fmt: skip
    v.report(inbound(3000, 40, 6000))
    v.track({"flags": [], "row": {"packets": 20.0, "seconds": 2.0, "payload_bitrate_bps": 16_000.0}})
    v.totals(packets=30, payload_bytes=5000)
    v.write()

    v = Call("T18_webrtc_close", "After the close each track gives one last delta, and the monitor takes nothing.")
    v.report(inbound(0, 10, 1000)).report(inbound(1000, 20, 2000, jitter=0.002))
    v.do("monitor.take", [{"name": "t", "start_us": "0", "end_us": "1000000", "last": False, "jitter_us": "2000",
                           "rtt_us": None, "counts": counts(packets=10)}], id="m", now_us="1000000")  # fmt: skip
    v.do("monitor.take", [], id="m", now_us="1500000")
    v.report(inbound(2000, 25, 2500))
    v.do("monitor.close", True, id="m", now_us="2500000").do("monitor.close", False, id="m", now_us="2600000")
    v.do("monitor.take", [{"end_us": "2500000", "last": True, "counts": counts(packets=5)}], id="m", now_us="3000000")
    v.do("monitor.take", [], id="m", now_us="3000000")
    v.report(inbound(4000, 30, 3000), err="closed")
    v.write()

    v = Call("T19_webrtc_reset", "Packets and bytes fall: the whole stream restarted, and what it shows counts in full.")
    v.report(inbound(0, 100, 100_000, pliCount=4)).report(inbound(1000, 200, 200_000, pliCount=4))
    v.report(inbound(2000, 30, 30_000, pliCount=1), flags=["reset"])
    v.track({"flags": ["reset"], "row": {"payload_bitrate_bps": 240_000.0, "plis": 1.0},
             "totals": counts(packets=130, payload_bytes=130_000, plis=1)})  # fmt: skip
    v.connection({"counts": counts(resets=1)})
    v.write()

    v = Call("T20_webrtc_hidden_reset", "A stream restarted (its bytes fell) and its frames have outgrown what they were: "
             "these count in full too.")
    v.report(inbound(0, 100, 100_000, framesDecoded=2)).report(inbound(1000, 200, 200_000, framesDecoded=3))
    v.report(inbound(2000, 40, 40_000, framesDecoded=30), flags=["reset"])
    v.track({"row": {"frames": 30.0}, "totals": counts(frames=31)})
    v.write()

    v = Call("T19_webrtc_one_counter", "One counter alone falls: it restarted alone.")
    v.report(inbound(0, 100, 1000, freezeCount=5)).report(inbound(1000, 110, 2000, freezeCount=1), flags=["reset"])
    v.track({"row": {"packets": 10.0, "freezes": 1.0}, "totals": counts(packets=10, payload_bytes=1000, freezes=1)})
    v.write()

    v = Call("T22_webrtc_first", "What the first report shows was counted before; a stream that is new later began at zero.")
    v.report(inbound(0, 100, 1000))
    v.track({"flags": ["first"], "row": {"packets": None, "payload_bitrate_bps": None}, "totals": counts(packets=None)})
    v.report(inbound(1000, 100, 1000), inbound(1000, 30, 3000, id="I2", ssrc=8, trackIdentifier="u"))
    v.track({"flags": [], "row": {"packets": 30.0, "payload_bitrate_bps": 24_000.0}}, name="u")
    v.track({"row": {"packets": 0.0, "payload_bitrate_bps": 0.0}})
    v.write()

    v = Call("T22_webrtc_from_start", "A monitor that is there from the beginning counts the first report.", from_start=True)
    v.report(inbound(0, 100, 1000)).totals(packets=100, payload_bytes=1000)
    v.track({"flags": [], "row": {"packets": 100.0, "payload_bitrate_bps": None}})
    v.write()

    v = Call("T23_webrtc_member", "A member that is not there is absent, not 0; one that vanishes ends, and comes back at an "
             "unknown value.")
    v.report(inbound(0, 1, 1, nackCount=5)).report(inbound(1000, 2, 2)).report(inbound(2000, 3, 3, nackCount=9))
    v.track({"row": {"nacks": None, "plis": None, "packets": 1.0}})
    v.report(inbound(3000, 4, 4, nackCount=10)).track({"row": {"nacks": 1.0}, "totals": counts(nacks=1, plis=None)})
    v.write()

    v = Call("T23_webrtc_new_member", "A member that first appears in a stream watched from its beginning began at zero; so did "
             "what the other side says of a stream, when it comes.")
    remote = {"id": "R", "type": "remote-inbound-rtp", "timestamp": 2500, "kind": "video", "ssrc": 7, "localId": "O1",
              "packetsLost": 3, "roundTripTime": 0.05, "totalRoundTripTime": 0.08, "roundTripTimeMeasurements": 2}
    v.report().report(outbound(1000, 10, 10)).report(outbound(2000, 20, 20, qpSum=40, framesEncoded=4))
    v.track({"row": {"qp_mean": 10.0, "packets_lost": None, "rtt_us": None}}, name="0", flow="outbound")
    v.report(outbound(3000, 30, 30, qpSum=60, framesEncoded=6), remote)
    v.track({"row": {"packets_lost": 3.0, "rtt_us": 50_000.0, "rtt_mean_us": 40_000.0, "loss_ratio": 0.3},
             "totals": counts(packets_lost=3, rtt_measurements=2)}, name="0", flow="outbound")  # fmt: skip
    v.write()

    v = Call("T24_webrtc_times", "A report no later than the one before is not taken and loses nothing; the same timestamps give "
             "no rate.")
    v.report(inbound(0, 10, 1000)).report(inbound(1000, 20, 2000))
    v.report(inbound(500, 15, 1500), at=0.5, err="time_went_back")
    v.report(inbound(1000, 20, 2000), at=1, err="time_went_back")
    v.report(inbound(1000, 20, 2000), at=1.5)
    v.track({"row": {"packets": 0.0, "payload_bitrate_bps": None, "seconds": None}})
    v.report(inbound(3000, 40, 4000), at=3).totals(packets=30, payload_bytes=3000)
    v.connection({"counts": counts(reports=4, rejected_reports=2)})
    v.write()

    v = Call("T25_webrtc_suspend", "A suspend: the wall clock jumps an hour while the steady clock has a second; the rate is by "
             "the steady one, the row says gap and skew.")
    for i in range(4):
        v.report(inbound(1000 * i, 10 * i, 1000 * i), at=i, monotonic=i)
    v.report(inbound(4000, 40, 4000), at=3604, monotonic=4, flags=["gap", "skew"])
    v.track({"flags": ["gap", "skew"], "row": {"payload_bitrate_bps": 8000.0, "seconds": 1.0}})
    v.report(inbound(5000, 50, 5000), at=3605, monotonic=5)
    v.report(inbound(6000, 60, 6000), at=6, monotonic=6, flags=["gap", "skew"][1:])
    v.connection({"row": {"clock_skew_us": 0.0, "seconds": 1.0}, "counts": counts(gaps=1, skews=2)})
    v.write()

    v = Call("T27_webrtc_members", "Texts for numbers, negative and broken counts are absent and counted; signed loss is not "
             "one of them.")
    v.report(inbound(0, 10, 1000, packetsLost=5))
    v.report(inbound(1000, "20", -5, packetsLost=2, nackCount=1.5, mid=7, jitter="0.1"))
    v.track({"row": {"packets": None, "packets_lost": -3.0, "jitter_us": None}, "totals": counts(packets_lost=-3)})
    v.connection({"counts": counts(invalid_members=5)})
    v.do("monitor.record", err="malformed", id="m", time_us="2000000", report=5)
    v.write()

    v = Call("T28_webrtc_nothing", "Nothing received and nothing lost has no loss ratio; no frames have no time a frame.",
             from_start=True)  # fmt: skip
    v.report(inbound(0, 0, 0, packetsLost=0, framesDecoded=0, totalDecodeTime=0))
    v.report(inbound(1000, 0, 0, packetsLost=0, framesDecoded=0, totalDecodeTime=0))
    v.track({"row": {"loss_ratio": None, "codec_us_per_frame": None, "payload_bitrate_bps": 0.0, "frame_rate_per_s": 0.0}})
    v.write()

    v = Call("T29_webrtc_unknown", "A round-trip time of 0 that nothing was measured for is unknown; a jitter of 0 before the "
             "second packet too.")
    source = {"id": "R", "type": "remote-outbound-rtp", "kind": "video", "ssrc": 7, "localId": "I1", "timestamp": 0,
              "roundTripTime": 0, "totalRoundTripTime": 0, "roundTripTimeMeasurements": 0}
    v.report(inbound(0, 1, 1000, jitter=0), source).track({"row": {"rtt_us": None, "rtt_mean_us": None, "jitter_us": None}})
    v.report(inbound(1000, 2, 2000, jitter=0), source | {"roundTripTimeMeasurements": 1, "timestamp": 900})
    v.track({"row": {"rtt_us": 0.0, "rtt_mean_us": 0.0, "jitter_us": 0.0}})
    v.write()

    v = Call("T30_webrtc_round_trips", "The round-trip time of STUN is the connection's, that of RTCP the track's. The pair is the "
             "one the transport names.")
    def pair(ms, id, rtt, total, responses, bytes):
        return {"id": id, "type": "candidate-pair", "timestamp": ms, "nominated": True, "state": "succeeded",
                "localCandidateId": "L" + id, "currentRoundTripTime": rtt, "totalRoundTripTime": total,
                "responsesReceived": responses, "bytesSent": bytes, "bytesReceived": 0,
                "availableOutgoingBitrate": 300_000}  # fmt: skip
    def transport(ms, id, bytes):
        return {"id": "T", "type": "transport", "timestamp": ms, "selectedCandidatePairId": id, "bytesSent": bytes}
    candidates = [{"id": "LP1", "type": "local-candidate", "candidateType": "host", "address": "192.0.2.1"},
                  {"id": "LP2", "type": "local-candidate", "candidateType": "relay"}]  # fmt: skip
    rtcp = {"id": "R", "type": "remote-inbound-rtp", "kind": "video", "ssrc": 7, "localId": "O1", "timestamp": 900,
            "roundTripTime": 0.2, "totalRoundTripTime": 0.2, "roundTripTimeMeasurements": 1}
    for second, chosen in [(0, "P1"), (1, "P1"), (2, "P2")]:
        v.report(outbound(1000 * second, 10 * second, 10 * second), rtcp, transport(1000 * second, chosen, 1250 * second),
                 pair(1000 * second, "P1", 0.010, 0.01 * second, second, 0), *candidates,
                 pair(1000 * second, "P2", 0.030, 0.06, 2, 9_999_999))  # fmt: skip
        v.connection({"row": {"stun_rtt_us": 30_000.0 if chosen == "P2" else 10_000.0, "available_outgoing_bps": 300_000.0,
                              "sent_bitrate_bps": 10_000.0 if second else None,
                              "pair_changes": 1.0 if chosen == "P2" else 0.0},
                      "local_type": "relay" if chosen == "P2" else "host"})  # fmt: skip
    v.track({"row": {"rtt_us": 200_000.0}}, name="0", flow="outbound")
    v.write()

    v = Call("T43_webrtc_churn", "Tracks that come and go are bounded; what the forgotten ones counted stays in the totals.",
             max_tracks=1)  # fmt: skip
    v.report()
    for second in range(1, 7):
        v.report(inbound(1000 * second, 10, 100, id=f"I{second}", ssrc=second, trackIdentifier=f"t{second}"), flags=(
            ["truncated"] if second in (2, 4, 6) else []))
    v.connection({"tracks": "1", "counts": counts(rejected_streams=3, forgotten_tracks=2, truncated=3)})
    v.totals(packets=30, payload_bytes=300)
    v.write()


# Dumps


def rtcstats(*events, header={"fileFormat": 3}):
    return "\n".join(["RTCStatsDump", json.dumps(header), *map(json.dumps, events)]) + "\n"


def iso(ms):
    time = datetime.datetime.fromtimestamp(ms / 1e3, datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def internals(**objects):
    """`objects`: for each id the type and the series, each of (timestamp in ms of the first, values)."""
    stats = {}
    for id, (stat_type, times, series) in objects.items():
        for name, values in ({"timestamp": times} | series).items():
            start, end = values.pop("from", None) if isinstance(values, dict) else None, None
            if isinstance(values, dict):
                start, end, values = start, values.get("to"), values["values"]
            else:
                start, end = times[-len(values)], times[-1]
            stats[f"{id}-{name}"] = {"statsType": stat_type, "startTime": iso(start), "endTime": iso(end),
                                     "values": json.dumps(values)}  # fmt: skip
    return json.dumps({"UserAgent": "Chrome/156", "PeerConnections": {"7-1": {"stats": stats}}})


def dumps():
    ms = 1_795_000_000_000
    full = {"0": {"type": 1, "11": "video", "17": "t", "10": 7, "14": 10, "41": 1000, "42": 3, "61": "libvpx"},
            "1": {"type": "inbound-rtp", "kind": "audio", "trackIdentifier": "u", "ssrc": 8, "packetsReceived": 5,
                  "bytesReceived": 50}, "t": ms}  # fmt: skip
    v = Vector("T40_rtcstats_delta", "What did not change is left out; 0 and an empty text are values; a null object is gone, a "
               "null member too; names and types by number or in full; times relative.", HAND)
    events = [
        ["create", "PC_0", {}, ms],
        ["g", "PC_0", full, 0],
        ["getStats", "PC_0", {"0": {"14": 20, "41": 2000}, "1": {"packetsReceived": 7}, "t": ms + 1000}, 1000],
        [1, "PC_0", {"0": {"41": 3000, "42": None, "61": ""}, "1": None, "t": ms + 2000}, 1000],
        ["g", "PC_0", {"0": {"14": 0, "41": 0}, "t": ms + 3000}, 1000],
        [36, "PC_0", None, 5],
    ]
    video = {"name": "t", "totals": counts(packets=10, payload_bytes=2000, nacks=0),
             "payload_bitrate_bps": [None, 8000.0, 8000.0, 0.0], "rows": "4", "all_flags": ["first", "reset"],
             "row": {"nacks": None, "packets": 0.0}}  # fmt: skip
    audio = {"name": "u", "totals": counts(packets=2, payload_bytes=0), "rows": "3", "flags": ["absent"]}
    connection = {"id": "PC_0", "tracks": [video, audio], "events": ["create", "close"], "unclassified_objects": "0"}
    v.do("dump.read", {"format": "rtcstats", "truncated": False, "problem_count": "0", "connections": [connection]},
         text=rtcstats(*events)).write()  # fmt: skip

    v = Vector("T40_rtcstats_cut", "A dump that ends in the middle of a line, has a broken line, and a recorder that connected again "
               "(an absolute time): the rest is read, the places are named.", HAND)
    text = rtcstats(["g", "P", full, ms], ["g", "P", {"0": {"14": 20}, "t": ms + 1000}, 1000])
    text += "{broken\n" + json.dumps(["g", "P", {"0": {"14": 30}, "5": {"14": 1}, "t": ms + 2000}, ms + 2000])
    text += "\n" + '["g", "P", {"0": {"14": 4'
    v.do("dump.read", {"truncated": True, "problem_count": "2", "lines": ["5", "7"], "connections": [
        {"tracks": [{"totals": counts(packets=20)}, {"totals": counts(packets=0)}], "unclassified_objects": "1"}]},
         text=text).write()  # fmt: skip

    v = Vector("T40_rtcstats_legacy", "The older form: no first line, times absolute, a timestamp of 0 is that of the report.", HAND)
    def line(second, packets):
        stats = {"I1": {"type": "inbound-rtp", "kind": "video", "trackIdentifier": "t", "timestamp": 0,
                        "packetsReceived": packets}, "timestamp": ms + 1000 * second}  # fmt: skip
        return json.dumps(["getstats", "PC_0", stats, ms + 1000 * second])
    v.do("dump.read", {"format": "rtcstats_legacy", "connections": [
        {"tracks": [{"row": {"packet_rate_per_s": 25.0, "seconds": 2.0}, "totals": counts(packets=60)}]}]},
         text="\n".join([line(0, 10), line(1, 20), line(3, 70)]) + "\n").write()  # fmt: skip

    times = [ms + 1000 * i for i in range(5)]
    v = Vector("T39_internals_aligned", "A member that came later than its object is placed by the times of its first and last value; "
               "rates that the page worked out are left out.", HAND)
    series = {"kind": ["video"] * 5, "trackIdentifier": ["t"] * 5, "packetsReceived": [0, 10, 20, 30, 40],
              "[packetsReceived/s]": [0, 10, 10, 10, 10],
              "nackCount": {"from": times[1], "to": times[3], "values": [1, 3, 6]}}  # fmt: skip
    v.do("dump.read", {"format": "webrtc_internals", "truncated": False, "connections": [{"id": "7-1", "tracks": [
        {"name": "t", "all_flags": ["first"], "rows": "5", "totals": counts(packets=40, nacks=5),
         "row": {"nacks": None, "packets": 10.0}}]}]},
         text=internals(I1=("inbound-rtp", list(times), series))).write()  # fmt: skip

    v = Vector("T39_internals_inferred", "Where the times do not tell the place, values are counted from the end and the rows are marked.",
               HAND)  # fmt: skip
    series = {"kind": ["video"] * 5, "trackIdentifier": ["t"] * 5, "packetsReceived": [0, 10, 20, 30, 40],
              "nackCount": {"from": times[0] + 300, "to": times[4] + 300, "values": [1, 3, 6]}}  # fmt: skip
    v.do("dump.read", {"connections": [{"tracks": [
        {"flags": ["inferred"], "all_flags": ["first", "inferred"], "row": {"nacks": 3.0}, "totals": counts(nacks=5)}]}]},
         text=internals(I1=("inbound-rtp", list(times), series))).write()  # fmt: skip

    v = Vector("T39_internals_cut", "The page keeps 1,000 values: a series of that length has lost its beginning.", HAND)
    long = [ms + 1000 * i for i in range(1000)]
    series = {"kind": ["audio"] * 1000, "trackIdentifier": ["t"] * 1000, "packetsReceived": [5 * i for i in range(1000)]}
    v.do("dump.read", {"truncated": True, "connections": [{"tracks": [{"rows": "1000", "totals": counts(packets=4995)}]}]},
         text=internals(I1=("inbound-rtp", long, series))).write()  # fmt: skip

    v = Vector("T39_dump_malformed", "What is no dump says so, and where.", HAND)
    for text in ["", "hello", "\x00\x01\x02", '{"a": 1}', "{", "[]", '{"PeerConnections": {"1": {"stats": {]}', "RTCStatsDump\n",
                 "RTCStatsDump\n{}\nrubbish\nrubbish\n"]:
        v.do("dump.read", err="malformed", text=text)
    v.write()


if __name__ == "__main__":
    monitors()
    dumps()
