#!/usr/bin/env python3
"""Writes the vectors of counters and RTP (tests/vectors/T*.json).

What is expected is worked out here, from the RFCs and by hand, without the library. Run it after a
change and look at the difference; a second run changes nothing.

A vector: name, why, oracle, ops, expected. `ops` is a list of {"op", "args"}; `expected` has one
entry for each: null (not compared), {"ok": value} or {"err": kind}. Of an object only the keys that
stand in the expected one are compared. Integers are decimal strings, floats JSON numbers compared
by their bits, absent values null.
"""
import json
import struct
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "vectors"
RFC_A1 = "RFC 3550 appendix A.1, worked out by hand"
RFC_A8 = "RFC 3550 appendix A.8, in tests/oracle/rtp_vectors.py (jitter)"
HAND = "worked out by hand"


class Vector:
    def __init__(self, name, why, oracle):
        self.doc = {"name": name, "why": why, "oracle": oracle, "ops": [], "expected": []}

    def do(self, op, want=None, /, err=None, **args):
        self.doc["ops"].append({"op": op, "args": args})
        if err:
            self.doc["expected"].append({"err": err})
        else:
            self.doc["expected"].append(None if want is None else {"ok": want})
        return self

    def write(self):
        path = OUT / (self.doc["name"] + ".json")
        lines = [json.dumps(k) + ": " + json.dumps(self.doc[k]) for k in ("name", "why", "oracle")]
        for key in ("ops", "expected"):
            body = ",\n  ".join(json.dumps(x) for x in self.doc[key])
            lines.append(f'"{key}": [\n  {body}\n ]')
        path.write_text("{\n " + ",\n ".join(lines) + "\n}\n")


def pkt(sequence, at_us=0, ts=0, ssrc=7, wire=1012, header=12, pt=96, padding=0, flags=0):
    """A packet as the ops have it: all numbers as decimal strings, in the order of `sg_packet`."""
    return [str(x) for x in (at_us, ssrc, ts, sequence % 65536, wire, header, pt, padding, flags)]


def seqs(*numbers, **more):
    """Packets of the given numbers, a millisecond and 90 ticks apart."""
    return [pkt(n, at_us=i * 1000, ts=i * 90, **more) for i, n in enumerate(numbers)]


def counts(**fields):
    return {key: (None if value is None else str(value)) for key, value in fields.items()}


def rtp(name, why, oracle):
    return Vector(name, why, oracle).do("rtp.new", id="r")


def record(vector, packets):
    return vector.do("rtp.record", id="r", packets=packets)


def snapshot(vector, expected, ssrc=7):
    return vector.do("rtp.snapshot", expected, id="r", ssrc=str(ssrc))


def jitter(arrivals_us, timestamps, clock):
    """A.8 in millionths of a tick, J times 16 as the RFC's integer version keeps it; the result and
    the maximum in microseconds. Timestamps are taken as they are, unwrapped."""
    j, worst = 0, 0
    for i in range(1, len(arrivals_us)):
        d = (arrivals_us[i] - arrivals_us[i - 1]) * clock - (timestamps[i] - timestamps[i - 1]) * 1_000_000
        j += abs(d) - ((j + 8) >> 4)
        worst = max(worst, j)
    return ((j + 8) >> 4) / clock, ((worst + 8) >> 4) / clock


def t01():
    v = rtp("T01_sequence_wrap", "The sequence goes round, amid loss and reordering; no value is a sentinel.", RFC_A1)
    record(v, seqs(65533, 65534, 1, 65535, 2, 4))
    # 65533, 65534, 65535, [0], 1, 2, [3], 4
    snapshot(v, counts(packets=6, expected=8, lost=2, missing=3, recovered_late=1, out_of_order=1,
                       duplicates=0, discontinuities=0, extended_highest=65536 + 65536 + 4))
    v.write()
    v = rtp("T01_first_is_zero", "A first packet of number 0 is like any other.", RFC_A1)
    record(v, seqs(0, 1, 2))
    snapshot(v, counts(packets=3, expected=3, lost=0, extended_highest=65536 + 2))
    v.write()
    v = rtp("T01_first_is_65535", "A first packet of number 65535 is like any other.", RFC_A1)
    record(v, seqs(65535, 0, 1))
    snapshot(v, counts(packets=3, expected=3, lost=0, extended_highest=2 * 65536 + 1))
    v.write()


def t02():
    v = rtp("T02_before_the_first", "A packet a little older than the first moves the start back; what lies between "
            "is missing until it comes.", RFC_A1)
    record(v, seqs(10, 11))
    record(v, [pkt(7)])
    snapshot(v, counts(packets=3, expected=5, lost=2, out_of_order=1, too_old=0))
    record(v, [pkt(8), pkt(9), pkt(9)])
    snapshot(v, counts(packets=6, expected=5, lost=0, out_of_order=3, duplicates=1))
    v.write()
    v = rtp("T02_before_zero", "The same where the number falls below 0: no difference of u64 goes round.", RFC_A1)
    record(v, seqs(0, 1))
    record(v, [pkt(65534)])
    snapshot(v, counts(packets=3, expected=4, lost=1, extended_highest=65537))
    v.write()
    v = rtp("T02_far_before_the_first", "A single packet far older than the first is too old, and corrects nothing.",
            RFC_A1)
    record(v, seqs(2000, 2001))
    record(v, [pkt(500)] + [pkt(2002)])
    snapshot(v, counts(packets=4, expected=3, lost=0, too_old=1, discontinuities=0))
    v.write()


def t03():
    v = rtp("T03_jump", "A jump over 3000 that the next packet confirms is a restart: counted, without loss.", RFC_A1)
    record(v, seqs(10, 11, 12))
    record(v, [pkt(20_000, at_us=3000, ts=270), pkt(20_001, at_us=4000, ts=360)])
    snapshot(v, counts(packets=5, expected=5, lost=0, discontinuities=1, implausible=0))
    v.write()
    v = rtp("T03_jump_not_confirmed", "A single packet far ahead that nothing confirms changes nothing.", RFC_A1)
    record(v, seqs(10, 11, 12))
    record(v, [pkt(20_000), pkt(13)])
    snapshot(v, counts(packets=5, expected=4, lost=0, discontinuities=0, implausible=1))
    v.write()
    v = rtp("T03_largest_dropout", "2999 ahead is loss, 3000 is a jump.", RFC_A1)
    record(v, seqs(10, 11))
    record(v, [pkt(11 + 2999)])
    snapshot(v, counts(packets=3, expected=3001, lost=2998, discontinuities=0))
    record(v, [pkt(3010 + 3000), pkt(3011)])
    snapshot(v, counts(packets=5, expected=3002, lost=2998, discontinuities=0, implausible=1))
    v.write()
    for hours in (8, 100):
        ticks = hours * 3600 * 90_000
        v = rtp(f"T03_silence_of_{hours}_hours", "After a long silence the arrival time says how often the timestamp "
                "went round: no jitter, no discontinuity.", HAND)
        record(v, [pkt(1, 0, 5), pkt(2, 10_000, 905)])
        us = hours * 3600 * 1_000_000
        record(v, [pkt(3, 10_000 + us, (905 + ticks) % 2**32)])
        snapshot(v, {**counts(packets=3, lost=0, timestamp_discontinuities=0, extended_timestamp=905 + ticks,
                              frames=3), "jitter_us": 0.0, "max_jitter_us": 0.0})
        v.write()


def t04():
    start = 2**32 - 4000
    at = [i * 20_000 for i in range(6)]
    stamps = [start + i * 1800 for i in range(6)]
    order = [0, 1, 3, 2, 4, 5]
    v = rtp("T04_timestamp_wrap", "The timestamp goes round while packets change places: no spike of 2^32 ticks.",
            RFC_A8)
    record(v, [pkt(100 + n, at[i], stamps[n] % 2**32) for i, n in enumerate(order)])
    now, worst = jitter(at, [stamps[n] for n in order], 90_000)
    snapshot(v, {**counts(packets=6, lost=0, frames=6, timestamp_discontinuities=0),
                 "jitter_us": now, "max_jitter_us": worst})
    v.write()


def t05():
    v = rtp("T05_jitter_constant", "A constant |D| of 1 ms converges to 1 ms, not to 0: D is the first difference.",
            RFC_A8)
    n = 400
    record(v, [pkt(i, i * 21_000, i * 1800) for i in range(n)])
    now, worst = jitter([i * 21_000 for i in range(n)], [i * 1800 for i in range(n)], 90_000)
    assert now == 1000.0
    snapshot(v, {"jitter_us": now, "max_jitter_us": worst, "jitter_ticks": 90.0})
    v.write()
    v = rtp("T05_jitter_of_frames", "Packets of one frame share a timestamp: over every packet their spread is jitter, "
            "over the first of each frame it is not.", RFC_A8)
    packets, arrivals, stamps = [], [], []
    for frame in range(50):
        for part in range(3):
            arrivals.append(frame * 40_000 + part * 1000)
            stamps.append(frame * 3600)
            packets.append(pkt(len(packets), arrivals[-1], stamps[-1]))
    record(v, packets)
    snapshot(v, {**counts(frames=50), "jitter_us": jitter(arrivals, stamps, 90_000)[0], "frame_jitter_us": 0.0,
                 "frame_jitter_ticks": 0.0})
    v.write()
    v = Vector("T05_clock_change", "Another clock rate starts the estimate anew.", RFC_A8)
    v.do("rtp.new", id="r", clocks={"96": ["90000", "video"], "97": ["48000", "audio"]})
    record(v, [pkt(0, 0, 0), pkt(1, 50_000, 900)])
    snapshot(v, {"jitter_us": jitter([0, 50_000], [0, 900], 90_000)[0]})
    record(v, [pkt(2, 60_000, 5_000_000, pt=97)])
    snapshot(v, {"jitter_us": None, "mean_jitter_us": None, **counts(clock_hz=48_000, frames=None)})
    record(v, [pkt(3, 80_000, 5_000_960, pt=97)])
    snapshot(v, {"jitter_us": 0.0, **counts(packets=4, timestamp_discontinuities=0)})
    v.write()
    v = rtp("T05_no_clock", "A payload type without a known clock has no jitter, rather than one of 0.", HAND)
    record(v, [pkt(0, 0, 0, pt=70), pkt(1, 50_000, 900, pt=70)])
    snapshot(v, {"jitter_us": None, "jitter_ticks": None, "clock_hz": None, "frames": None})
    v.write()


def t06():
    at = [0, 20_000, 40_000, 45_000, 60_000]
    stamps = [1000, 2800, 4600, 1000 + 900, 6400]
    v = rtp("T06_late_timestamp", "A late packet's older timestamp is a signed step back, not a wrap.", RFC_A8)
    # Number 12 came late, with a timestamp between the first and the second frame.
    record(v, [pkt(n, a, s) for n, a, s in zip([10, 11, 13, 12, 14], at, stamps)])
    now, worst = jitter(at, stamps, 90_000)
    snapshot(v, {**counts(packets=5, lost=0, out_of_order=1, frames=5, timestamp_discontinuities=0,
                          extended_timestamp=6400), "jitter_us": now, "max_jitter_us": worst})
    v.write()
    v = rtp("T06_decoding_order", "Frames in order of decoding go back in time (I P B B, two packets each): every one "
            "counts, and none is a wrap.", RFC_A8)
    stamps = [1000 + 3000 * frame for frame in (0, 3, 1, 2, 6, 4, 5) for _ in (0, 1)]
    at = [33_000 * (n // 2) + 500 * (n % 2) for n in range(len(stamps))]
    record(v, [pkt(10 + n, at[n], stamps[n]) for n in range(len(stamps))])
    now, worst = jitter(at, stamps, 90_000)
    snapshot(v, {**counts(packets=14, lost=0, out_of_order=0, frames=7, timestamp_discontinuities=0,
                          extended_timestamp=19_000), "jitter_us": now, "max_jitter_us": worst})
    v.write()


def t07():
    v = rtp("T07_duplicate", "A repeated packet is counted apart and refunds no loss; RFC 3550's cumulative lost, "
            "where it does, is another number.", RFC_A1)
    record(v, seqs(1, 2, 4, 4, 4, 2))
    snapshot(v, counts(packets=6, expected=4, lost=1, lost_rfc3550=-2, duplicates=3, out_of_order=0))
    v.write()


def t08():
    v = rtp("T08_late_arrival", "A packet that comes after its interval was reported corrects the loss with a negative "
            "delta; for every reader the deltas add up to the total.", HAND)
    v.do("rtp.reader", id="r", reader="fast", now_us="0").do("rtp.reader", id="r", reader="slow", now_us="0")
    record(v, seqs(1, 2, 8))
    v.do("rtp.flush", [counts(ssrc=7, packets=3, lost=5, expected=8, missing=5, recovered_late=0)],
         id="r", reader="fast", now_us="10000")
    record(v, [pkt(n, 20_000, 180) for n in (3, 4, 5)])
    v.do("rtp.flush", [counts(ssrc=7, packets=3, lost=-3, expected=0, missing=0, recovered_late=3)],
         id="r", reader="fast", now_us="30000")
    v.do("rtp.flush", [], id="r", reader="fast", now_us="40000")
    v.do("rtp.flush", [counts(ssrc=7, packets=6, lost=2, expected=8)], id="r", reader="slow", now_us="40000")
    snapshot(v, counts(packets=6, lost=2, expected=8))
    v.write()
    v = rtp("T08_taken_back", "A delta whose report failed is pending again.", HAND)
    v.do("rtp.reader", id="r", reader="a", now_us="0")
    record(v, seqs(1, 2, 4))
    v.do("rtp.take", [counts(packets=3, lost=1)], id="r", reader="a", now_us="1")
    v.do("rtp.take", err="already_pending", id="r", reader="a", now_us="2")
    v.do("rtp.restore", id="r", reader="a")
    record(v, [pkt(3, 5000, 360)])
    v.do("rtp.take", [counts(packets=4, lost=0)], id="r", reader="a", now_us="3")
    v.do("rtp.ack", id="r", reader="a")
    v.do("rtp.take", [], id="r", reader="a", now_us="4")
    v.write()


def t09():
    v = Vector("T09_fraction_lost", "Loss of the interval over expected in 256ths: none when more came than expected, "
               "255 at most, over 256 and not 255.", "RFC 3550 appendix A.3")
    for expected, received in [(10, 11), (0, 0), (600, 599), (4, 3), (100, 1), (10, 0), (-5, 3), (256, 255)]:
        lost = expected - received
        value = 0 if expected <= 0 or lost <= 0 else min(255, lost * 256 // expected)
        v.do("rtp.fraction_lost", str(value), expected=str(expected), received=str(received))
    v.write()


def rr(about, cumulative, last_sr=0, delay=0, fraction=0):
    return struct.pack(">BBHI", 0x81, 201, 7, 99) + struct.pack(
        ">IIIIII", about, (fraction << 24) | (cumulative & 0xFFFFFF), 0, 0, last_sr, delay)


def sr(ssrc, ntp, packets=0, octets=0, ts=0):
    return struct.pack(">BBHIQIII", 0x80, 200, 6, ssrc, ntp, ts, packets, octets)


def t10():
    v = Vector("T10_signed_loss", "The 24 bits of cumulative loss have a sign.", "RFC 3550 section 6.4.1")
    v.do("rtcp.new", id="c")
    for value in (0, 1, -1, 0x7FFFFF, -0x800000, -1234):
        v.do("rtcp.record", id="c", at_us="0", hex=rr(5, value).hex())
        v.do("rtcp.source", counts(cumulative_lost=value), id="c", ssrc="5")
    v.write()
    v = Vector("T10_clamped_out", "What does not fit into 24 bits is clamped, not cut.", "RFC 3550 section 6.4.1")
    for value in (0, 8_388_607, 8_388_608, -8_388_608, -8_388_609, 2**62, -(2**62)):
        v.do("rtcp.clamp_lost", str(max(-(2**23), min(2**23 - 1, value))), lost=str(value))
    v.write()


def t11():
    v = rtp("T11_padding", "Padding alone is expected, is no media and no loss, and starts no stream.", HAND)
    probe = dict(wire=267, padding=255)
    record(v, [pkt(n, **probe) for n in (5, 6, 7)])
    v.do("rtp.unvalidated", counts(packets=3, wire_bytes=3 * 267), id="r")
    snapshot(v, None)
    record(v, seqs(20, 21))
    record(v, [pkt(22, 2000, 180, **probe), pkt(23, 3000, 180, **probe), pkt(24, 4000, 270)])
    snapshot(v, counts(packets=5, expected=5, lost=0, padding_packets=2, padding_packet_wire_bytes=2 * 267,
                       media_packets=3, media_wire_bytes=3 * 1012, frames=3))
    v.write()


def t12():
    v = rtp("T12_classes", "Retransmission and FEC on their own SSRC: classes apart, three views of bytes.", HAND)
    record(v, [pkt(n, wire=1000, header=20) for n in (1, 2)])
    record(v, [pkt(n, ssrc=8, wire=500, header=12, pt=97, flags=4) for n in (1, 2, 3)])
    record(v, [pkt(n, ssrc=9, wire=300, header=16, padding=4, pt=98, flags=8) for n in (1, 2)])
    snapshot(v, counts(packets=2, media_packets=2, wire_bytes=2000, header_bytes=40, payload_bytes=1960, rtx_packets=0))
    snapshot(v, counts(packets=3, media_packets=0, rtx_packets=3, rtx_wire_bytes=1500, payload_bytes=1464,
                       media_wire_bytes=0, frames=None), ssrc=8)
    snapshot(v, counts(packets=2, media_packets=0, fec_packets=2, fec_wire_bytes=600, padding_bytes=8,
                       payload_bytes=560, media_payload_bytes=0), ssrc=9)
    v.do("rtp.totals", counts(packets=7, wire_bytes=4100, media_wire_bytes=2000, media_payload_bytes=1960), id="r")
    v.write()


def t13():
    v = rtp("T13_no_new_highest", "An interval with late and repeated packets only: their bytes are reported.", HAND)
    v.do("rtp.reader", id="r", reader="a", now_us="0")
    record(v, seqs(1, 2, 5))
    v.do("rtp.flush", [counts(packets=3, wire_bytes=3036, lost=2)], id="r", reader="a", now_us="5000")
    record(v, [pkt(3), pkt(2)])
    v.do("rtp.flush", [counts(packets=2, wire_bytes=2024, lost=-1, duplicates=1, expected=0)],
         id="r", reader="a", now_us="10000")
    v.write()


def t16():
    v = rtp("T16_new_timeline", "The sender restarts its timestamps: a counted discontinuity, no spike.", HAND)
    record(v, [pkt(n, n * 20_000, n * 1800) for n in range(5)])
    record(v, [pkt(n, n * 20_000, 3_000_000_000 + n * 1800) for n in range(5, 10)])
    snapshot(v, {**counts(packets=10, lost=0, frames=10, timestamp_discontinuities=1), "max_jitter_us": 0.0})
    v.write()
    v = rtp("T16_restart", "The sender restarts sequence and timestamps: a new segment, no loss, no spike.", RFC_A1)
    record(v, [pkt(60_000 + n, n * 20_000, n * 1800) for n in range(5)])
    record(v, [pkt(30_000 + n, n * 20_000, 3_000_000_000 + n * 1800) for n in range(5, 10)])
    snapshot(v, {**counts(packets=10, expected=10, lost=0, discontinuities=1, frames=10, timestamp_discontinuities=0),
                 "max_jitter_us": 0.0})
    v.write()


def t17():
    v = rtp("T17_stream_removed", "A stream goes: the totals stay, what a reader had pending comes under no SSRC.", HAND)
    v.do("rtp.reader", id="r", reader="a", now_us="0")
    record(v, seqs(1, 2, 3))
    record(v, seqs(1, 2, ssrc=8))
    v.do("rtp.flush", [counts(ssrc=7, packets=3), counts(ssrc=8, packets=2)], id="r", reader="a", now_us="10")
    record(v, [pkt(4, 5000, 360)])
    v.do("rtp.remove", True, id="r", ssrc="7").do("rtp.remove", False, id="r", ssrc="7")
    v.do("rtp.totals", counts(packets=6), id="r")
    v.do("rtp.flush", [counts(ssrc=None, packets=1)], id="r", reader="a", now_us="20")
    record(v, seqs(9, 10))
    v.do("rtp.totals", counts(packets=8), id="r")
    v.do("rtp.flush", [counts(ssrc=7, packets=2)], id="r", reader="a", now_us="30")
    v.write()


def counter(name, why, oracle, samples, totals, kind="u64", **config):
    v = Vector(name, why, oracle)
    v.do("counter.new", id="c", kind=kind, **config)
    for at, value, step, delta, *hint in samples:
        text = (lambda x: str(x)) if kind == "u64" else (lambda x: x)
        v.do("counter.record", {"kind": step, "delta": text(delta)}, id="c", at_us=str(at), value=text(value),
             hint=hint[0] if hint else "none")
    v.do("counter.totals", {k: (str(x) if kind == "u64" or k != "total" else x) for k, x in totals.items()}, id="c")
    v.write()


def t19_to_t24():
    counter("T19_reset", "A counter that falls was reset: what it shows counts in full, and nothing is negative.",
            "Prometheus: increase() adds the value after a reset in full",
            [(0, 100, "first", 0), (1, 150, "advance", 50), (2, 30, "reset", 30), (3, 30, "advance", 0),
             (4, 0, "reset", 0), (5, 7, "advance", 7)],
            dict(total=87, resets=2, wraps=0, boundaries=0, rejected=0))
    counter("T20_hidden_reset", "A reset hidden by growth is seen only by who caused it: a boundary counts in full.", HAND,
            [(0, 100, "first", 0), (1, 150, "boundary", 150, "boundary"), (2, 170, "advance", 20)],
            dict(total=170, resets=0, wraps=0, boundaries=1, rejected=0))
    counter("T21_wrap_of_32_bits", "With a declared width a small wrapped step is a wrap.", HAND,
            [(0, 4_294_967_000, "first", 0), (1_000_000, 500, "wrap", 796)],
            dict(total=796, resets=0, wraps=1), width_bits="32")
    counter("T21_reset_not_wrap", "The wrapped step would be 1.3 thousand million: a reset.", HAND,
            [(0, 3_000_000_000, "first", 0), (1_000_000, 500, "reset", 500)],
            dict(total=500, resets=1, wraps=0), width_bits="32")
    counter("T21_no_width", "Without a declared width nothing wraps.", HAND,
            [(0, 4_294_967_000, "first", 0), (1_000_000, 500, "reset", 500)], dict(total=500, resets=1, wraps=0))
    counter("T21_plausible_by_rate", "A stated fastest growth decides instead.", HAND,
            [(0, 4_294_967_000, "first", 0), (1_000_000, 500, "reset", 500)],
            dict(total=500, resets=1, wraps=0), width_bits="32", max_per_s=700.0)
    counter("T22_first_sample", "The first sample adds nothing.", HAND,
            [(0, 7, "first", 0), (1, 9, "advance", 2)], dict(total=2))
    counter("T22_known_origin", "Unless the counter is known to have started at 0.", HAND,
            [(0, 7, "first", 7), (1, 9, "advance", 2)], dict(total=9), origin_known=True)
    counter("T24_times", "The same sample again is nothing; another value for the same time, or a time before, is rejected "
            "and counted.", HAND,
            [(10, 5, "first", 0), (20, 8, "advance", 3), (20, 8, "repeat", 0), (20, 9, "rejected", 0),
             (15, 9, "rejected", 0), (30, 9, "advance", 1)],
            dict(total=4, rejected=2))
    v = Vector("T24_no_rate_over_no_time", "There is no rate over no time, nor from one sample.", HAND)
    for mode in ("raw", "prometheus", "anchored", "smoothed"):
        v.do("counter.rate", {"rate": None}, mode=mode, start_us="5", end_us="5", samples=[["0", 1.0], ["9", 2.0]])
        v.do("counter.rate", {"rate": None}, mode=mode, start_us="0", end_us="9", samples=[["0", 1.0]])
    v.write()
    counter("T27_not_finite", "What is not finite, or negative, is rejected and counted; the counter is as it was.", HAND,
            [(0, 5.0, "first", 0.0), (1, "NaN", "rejected", 0.0), (1, "Infinity", "rejected", 0.0),
             (1, "-Infinity", "rejected", 0.0), (1, -1.0, "rejected", 0.0), (1, 7.5, "advance", 2.5)],
            dict(total=2.5, rejected=4), kind="f64")


def t28_t29_t30():
    v = rtp("T28_nothing_measured", "A ratio or mean of nothing is absent.", HAND)
    record(v, [pkt(1), pkt(2)])
    snapshot(v, {"bitrate_bps": None})
    snapshot(v, None, ssrc=99)
    v.write()
    v = Vector("T29_unknown_rtt", "A report that answers nothing, or a report that was not seen, gives no round-trip time; one of 0 is one; "
               "a negative one is counted and not used.", "RFC 3550 section 6.4.1 (LSR, DLSR)")
    v.do("rtcp.new", id="c")
    ntp = 0x0001_0002_0003_0004
    v.do("rtcp.record", id="c", at_us="1000000", hex=sr(5, ntp, packets=3).hex())
    v.do("rtcp.record", id="c", at_us="1100000", hex=rr(5, 0).hex())
    v.do("rtcp.record", id="c", at_us="1100000", hex=rr(5, 0, last_sr=77).hex())
    v.do("rtcp.source", {"rtt_us": None, **counts(rtt_measurements=0, sent_packets=3)}, id="c", ssrc="5")
    v.do("rtcp.record", id="c", at_us="1250000", hex=rr(5, 0, last_sr=0x00020003, delay=65536 // 4).hex())
    v.do("rtcp.source", counts(rtt_us=0, rtt_measurements=1), id="c", ssrc="5")
    v.do("rtcp.record", id="c", at_us="1250000", hex=rr(5, 0, last_sr=0x00020003, delay=65536).hex())
    v.do("rtcp.source", counts(rtt_us=0, rtt_measurements=1), id="c", ssrc="5")
    v.do("rtcp.totals", counts(rtt_negative=1, rtt_measurements=1), id="c")
    v.write()
    v = Vector("T29_extended_counts", "A sender's 32-bit counts go round and are extended.", "RFC 3550 section 6.4.1")
    v.do("rtcp.new", id="c")
    for i, (packets, octets) in enumerate([(2**32 - 6, 2**32 - 100), (4, 50), (14, 2000)]):
        v.do("rtcp.record", id="c", at_us=str(i * 1_000_000), hex=sr(5, i + 1, packets, octets).hex())
    v.do("rtcp.source", counts(sent_packets=2**32 + 14, sent_bytes=2**32 + 2000), id="c", ssrc="5")
    v.write()
    v = Vector("T29_feedback", "NACK, PLI and FIR in one compound; the same FIR again is one; what is malformed is counted and takes "
               "nothing away.", "RFC 4585 section 6.2.1, RFC 5104 section 4.3.1")
    nack = struct.pack(">BBHIIHH", 0x81, 205, 3, 1, 5, 7, 0x8001)
    pli = struct.pack(">BBHII", 0x81, 206, 2, 1, 5)
    fir = struct.pack(">BBHIIIB3x", 0x84, 206, 4, 1, 0, 5, 9)
    v.do("rtcp.new", id="c")
    v.do("rtcp.record", id="c", at_us="0", hex=(nack + pli + fir).hex())
    v.do("rtcp.record", err="malformed", id="c", at_us="1", hex=(fir + nack[:9]).hex())
    v.do("rtcp.source", counts(nacks=1, nack_packets=3, plis=1, firs=1), id="c", ssrc="5")
    v.do("rtcp.totals", counts(compounds=2, malformed=1), id="c")
    v.write()
    v = Vector("T30_two_round_trips", "The round trip by sender reports and the one by receiver reference times are two fields.",
               "RFC 3611 sections 4.4 and 4.5")
    rrtr = struct.pack(">BBHIBBHQ", 0x80, 207, 4, 6, 4, 0, 2, 0x0000_0009_0000_0000)
    dlrr = struct.pack(">BBHIBBHIII", 0x80, 207, 5, 5, 5, 0, 3, 6, 0x0009_0000, 65536 // 2)
    v.do("rtcp.new", id="c")
    v.do("rtcp.record", id="c", at_us="1000000", hex=rrtr.hex())
    v.do("rtcp.record", id="c", at_us="1580000", hex=dlrr.hex())
    v.do("rtcp.source", {"rtt_us": None, **counts(xr_rtt_us=80_000)}, id="c", ssrc="6")
    v.write()


def t23_t25():
    v = Vector("T23_field_gone", "A field that vanishes ends its series: what it shows when it comes back adds nothing.", HAND)
    v.do("counter.new", id="c", kind="u64")
    for op, at, value, step, delta in [(0, 10, 100, "first", 0), (0, 20, 150, "advance", 50), (1, 0, 0, "", 0),
                                       (0, 40, 900, "first", 0), (0, 50, 901, "advance", 1)]:
        if op:
            v.do("counter.end", id="c")
        else:
            v.do("counter.record", {"kind": step, "delta": str(delta)}, id="c", at_us=str(at), value=str(value), hint="none")
    v.do("counter.totals", counts(total=51, resets=0), id="c")
    v.write()
    v = rtp("T25_clock_step", "The clock of the arrivals steps an hour ahead and back: two discontinuities and a time "
            "that went back, no jitter and no loss.", HAND)
    hour = 3600 * 1_000_000
    record(v, [pkt(n, n * 20_000 + (hour if 3 <= n < 6 else 0), n * 1800) for n in range(9)])
    snapshot(v, {**counts(packets=9, lost=0, frames=9, timestamp_discontinuities=2, arrivals_went_back=1),
                 "max_jitter_us": 0.0})
    v.write()


def t32():
    v = Vector("T32_type_is_explicit", "A lost count may fall whatever it is called: the two that do not are missing and "
               "recovered late, and the difference is signed.", HAND)
    v.do("rtp.new", id="r").do("rtp.reader", id="r", reader="a", now_us="0")
    record(v, seqs(1, 2, 4))
    v.do("rtp.flush", [counts(missing=1, recovered_late=0, lost=1)], id="r", reader="a", now_us="1")
    record(v, [pkt(3, 9000, 180)])
    v.do("rtp.flush", [counts(missing=0, recovered_late=1, lost=-1)], id="r", reader="a", now_us="2")
    v.write()


def main():
    OUT.mkdir(exist_ok=True)
    for make in (t01, t02, t03, t04, t05, t06, t07, t08, t09, t10, t11, t12, t13, t16, t17, t19_to_t24, t28_t29_t30, t23_t25, t32):
        make()


if __name__ == "__main__":
    main()
