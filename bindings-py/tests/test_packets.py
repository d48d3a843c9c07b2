"""Counters, packets, RTP and RTCP statistics: batches, what is refused, threads."""

import pickle
import struct
import sys
import threading

import numpy as np
import pytest
import streamgauge as sg
from streamgauge import errors

U64_MAX = 2**64 - 1
I64_MAX = 2**63 - 1


def video(n, first=0, ssrc=7):
    """``n`` packets in sequence, a frame of 3,000 ticks each."""
    i = np.arange(first, first + n)
    return sg.packets(
        arrival_us=i * 33_333,
        ssrc=ssrc,
        rtp_timestamp=i * 3000,
        sequence=i % 65_536,
        wire_bytes=1012,
        header_bytes=12,
        payload_type=96,
    )


def raw(sequence, ssrc=7, payload=b"payload"):
    return struct.pack(">BBHII", 0x80, 0x80 | 96, sequence, 90, ssrc) + payload


class TestCounter:
    def test_steps(self):
        counter = sg.Counter()
        assert counter.record(0, 500) == sg.Step("first", 0, None, None)
        assert counter.record(1_000_000, 700) == sg.Step("advance", 200, 0, 1_000_000)
        assert counter.record(1_000_000, 700).kind == "repeat"
        assert counter.record(2_000_000, 30).kind == "reset"
        assert counter.record(3_000_000, 40, boundary=True) == sg.Step("boundary", 40, 2_000_000, 3_000_000)
        assert counter.record(1, 50).kind == "rejected"
        assert (counter.total, counter.last, counter.resets) == (270, (3_000_000, 40), 1)
        assert (counter.wraps, counter.boundaries, counter.rejected) == (0, 1, 1)
        counter.end()
        assert counter.last is None
        assert "270" in repr(counter)

    def test_whole_numbers_are_exact_to_the_end(self):
        counter = sg.Counter(origin_known=True)
        assert counter.record(0, U64_MAX).delta == U64_MAX
        assert counter.record(1, 5).kind == "rejected"
        assert counter.total == U64_MAX
        steps = sg.Counter(origin_known=True).record_many([0, 1], np.array([2**53 + 1, U64_MAX], np.uint64))
        assert steps.deltas.tolist() == [2**53 + 1, U64_MAX - 2**53 - 1]
        assert steps.deltas.dtype == np.uint64

    def test_a_batch_is_as_single_samples(self):
        rng = np.random.default_rng(5)
        times = np.cumsum(rng.integers(0, 3, 500))
        values = rng.integers(0, 1000, 500)
        boundaries = rng.random(500) < 0.1
        single, batch = sg.Counter(width_bits=10), sg.Counter(width_bits=10)
        expected = [
            single.record(int(t), int(v), boundary=bool(b)) for t, v, b in zip(times, values, boundaries)
        ]
        steps = batch.record_many(times, values, boundaries=boundaries)
        assert steps.deltas.tolist() == [step.delta for step in expected]
        assert [sg.STEP_KINDS[kind] for kind in steps.kinds] == [step.kind for step in expected]
        assert set(sg.STEP_KINDS) == {step.kind for step in expected} | {"repeat"}
        assert batch.total == single.total == int(steps.deltas.sum())
        stamped = sg.Counter(width_bits=10)
        again = stamped.record_many(times.astype("M8[us]"), values, boundaries=boundaries)
        assert again.deltas.tolist() == steps.deltas.tolist()
        # The same with gaps between the items, and backwards in memory.
        strided = sg.Counter(width_bits=10)
        again = strided.record_many(
            np.repeat(times, 2)[::2], values[::-1].copy()[::-1], boundaries=boundaries
        )
        assert again.deltas.tolist() == steps.deltas.tolist()

    def test_floats(self):
        counter = sg.Counter("f64")
        steps = counter.record_many([0, 1, 2, 3, 4], [0.5, 2.0, float("nan"), float("inf"), 1.25])
        assert steps.deltas.tolist() == [0.0, 1.5, 0.0, 0.0, 1.25]
        assert [sg.STEP_KINDS[kind] for kind in steps.kinds][2:] == ["rejected", "rejected", "reset"]
        assert counter.record(5, -1.0).kind == "rejected"
        assert (counter.total, counter.rejected) == (2.75, 3)

    @pytest.mark.parametrize("value", [-1, U64_MAX + 1, 10**5000], ids=["negative", "over", "huge"])
    def test_a_whole_number_out_of_range(self, value):
        counter = sg.Counter()
        with pytest.raises(errors.OutOfRangeError, match="value is"):
            counter.record(0, value)
        with pytest.raises(errors.OutOfRangeError, match="values"):
            counter.record_many([0], [value])
        with pytest.raises(errors.OutOfRangeError, match="at_us is"):
            counter.record(2**63, 0)
        assert counter.last is None

    @pytest.mark.parametrize(
        ("times", "values", "wrong"),
        [
            (np.zeros(1, np.int32), np.zeros(1, np.uint64), "int32"),
            (np.zeros(1, np.int64), np.zeros(1), "float64"),
            (np.zeros(1, np.int64), np.zeros(1, ">u8"), ">u8"),
            (np.zeros((1, 1), np.int64), np.zeros(1, np.uint64), "2 dimensions"),
            ([0], "5", "str"),
            (None, [5], "NoneType"),
            ([0], [0.5], "values"),
        ],
    )
    def test_arrays_of_another_type(self, times, values, wrong):
        with pytest.raises(TypeError, match=wrong):
            sg.Counter().record_many(times, values)

    def test_nothing_is_taken_of_a_wrong_batch(self):
        counter = sg.Counter()
        with pytest.raises(errors.OutOfRangeError, match=r"values\[2\] is -3"):
            counter.record_many(np.arange(3), np.array([1, 2, -3]))
        with pytest.raises(errors.InvalidArgumentError, match="times_us has 3 items, values has 2"):
            counter.record_many([0, 1, 2], [5, 6])
        with pytest.raises(errors.InvalidArgumentError, match="boundaries has 1"):
            counter.record_many([0, 1], [5, 6], boundaries=[True])
        assert counter.last is None
        assert counter.record_many([], []).deltas.tolist() == []

    def test_configuration(self):
        for wrong in ({"kind": "u32"}, {"width_bits": 65}, {"max_per_s": float("nan")}):
            with pytest.raises(errors.InvalidArgumentError):
                sg.Counter(**wrong)

    def test_rate(self):
        times, values = np.arange(6) * 15_000_000 + 5_000_000, 100.0 + 15 * np.arange(6)
        found = sg.rate(times, values, 0, 60_000_000)
        assert (found.increase, found.seconds, found.resets, found.per_s) == (60.0, 60.0, 0, 1.0)
        assert sg.rate(times, values, 0, 60_000_000, "raw").increase == 45.0
        assert sg.rate([], [], 0, 1) is None
        assert sg.rate(times, values, 5, 5) is None
        with pytest.raises(errors.InvalidArgumentError, match="mode"):
            sg.rate(times, values, 0, 1, "mean")
        with pytest.raises(errors.InvalidArgumentError, match="values has 5"):
            sg.rate(times, values[1:], 0, 1)


class TestPackets:
    def test_columns(self):
        made = sg.packets(arrival_us=np.array([1, 2], "M8[us]"), ssrc=2**32 - 1, sequence=[65_535, 0])
        assert made.dtype == sg.PACKET_DTYPE
        assert made["arrival_us"].tolist() == [1, 2]
        assert made["ssrc"].tolist() == [2**32 - 1] * 2
        assert made["wire_bytes"].tolist() == [0, 0]
        assert len(sg.packets(ssrc=[])) == 0
        assert len(sg.packets()) == 1
        assert sg.PACKET_DTYPE.itemsize == 32

    @pytest.mark.parametrize(
        ("columns", "error", "told"),
        [
            ({"sequence": [1, 65_536]}, errors.OutOfRangeError, "sequence has 65536: expected 0 to 65535"),
            ({"ssrc": -1}, errors.OutOfRangeError, "ssrc has -1"),
            ({"arrival_us": [2**63]}, errors.OutOfRangeError, "arrival_us has 9223372036854775808"),
            ({"flags": [2**70]}, errors.OutOfRangeError, "flags has 1180591620717411303424"),
            ({"arrival_us": np.array(["NaT"], "M8[us]")}, errors.OutOfRangeError, "NaT"),
            ({"arrival_us": np.array([1], "M8[s]")}, TypeError, "datetime64"),
            ({"sequence": [1.0]}, TypeError, "sequence has dtype float64"),
            ({"sequence": [True]}, TypeError, "bool"),
            ({"sequence": ["1"]}, TypeError, "sequence has dtype <U1"),
            ({"sequence": [[1]]}, TypeError, "2 dimensions"),
            ({"sequence": [1], "ssrc": [1, 2]}, errors.InvalidArgumentError, "sequence has 1, ssrc has 2"),
            ({"seq": [1]}, errors.InvalidArgumentError, "seq is no column"),
        ],
    )
    def test_wrong_columns(self, columns, error, told):
        with pytest.raises(error, match=told):
            sg.packets(**columns)

    def test_a_raw_packet(self):
        packet = sg.parse_packet(raw(3, ssrc=2**32 - 1), 99, flags=sg.PacketFlag.KEYFRAME)
        assert packet == (99, 2**32 - 1, 90, 3, 19, 12, 96, 0, sg.PacketFlag.MARKER | sg.PacketFlag.KEYFRAME)
        # Its fields are those of the dtype.
        array = np.array([packet], sg.PACKET_DTYPE)
        assert array["wire_bytes"].tolist() == [19]
        for data in (b"", b"\x80" * 11, b"\x40" * 12, b"\x80" * 70_000):
            with pytest.raises(errors.MalformedError):
                sg.parse_packet(data, 0)
        with pytest.raises(TypeError, match="data is str"):
            sg.parse_packet("text", 0)
        with pytest.raises(errors.OutOfRangeError, match="flags is 256: expected 0 to 255"):
            sg.parse_packet(raw(1), 0, flags=256)
        with pytest.raises(TypeError, match="arrival_us is float"):
            sg.parse_packet(raw(1), 0.5)

    def test_fraction_and_clamp(self):
        assert [sg.fraction_lost(4, 3), sg.fraction_lost(0, 0), sg.fraction_lost(10, 0)] == [64, 0, 255]
        assert sg.fraction_lost(I64_MAX, -I64_MAX) == 255
        assert [sg.clamp_lost(2**40), sg.clamp_lost(-(2**40))] == [2**23 - 1, -(2**23)]
        with pytest.raises(errors.OutOfRangeError, match="expected"):
            sg.fraction_lost(2**63, 0)

    def test_numpy_is_loaded_when_it_is_needed(self):
        code = "import streamgauge, sys; assert 'numpy' not in sys.modules; streamgauge.PACKET_DTYPE"
        import subprocess

        subprocess.run([sys.executable, "-c", code], check=True)


class TestRtpStats:
    def test_loss_late_and_repeated(self):
        stats = sg.RtpStats()
        packets = video(100)
        stats.record(np.delete(packets, [40, 41, 42, 60]))
        found = stats.snapshot(7)
        assert (found.totals.packets, found.totals.expected, found.totals.lost) == (96, 100, 4)
        assert found.loss_bursts[1] == found.loss_bursts[3] == 1
        assert sum(found.loss_bursts.values()) == 2
        stats.record(packets[[41, 41]])
        totals = stats.snapshot(7).totals
        assert (totals.lost, totals.duplicates, totals.recovered_late) == (3, 1, 1)
        assert totals.lost_rfc3550 == 2
        assert (found.frames, found.clock_hz, found.payload_type) == (96, 90_000, 96)
        assert stats.snapshot(8) is None
        assert len(stats) == 1
        assert "1 streams" in repr(stats)
        assert pickle.loads(pickle.dumps(found)) == found

    def test_any_layout_of_the_array_counts_the_same(self):
        packets = video(200)
        backwards = packets[::-1].copy()[::-1]
        spread = np.repeat(packets, 3)[::3]
        moved = np.frombuffer(b"\0" + packets.tobytes(), sg.PACKET_DTYPE, offset=1)
        frozen = packets.copy()
        frozen.flags.writeable = False
        of_rows = np.array(packets.tolist(), sg.PACKET_DTYPE)
        joined = np.concatenate([packets[:90], packets[90:]])
        packed = packets.astype([(name, sg.PACKET_DTYPE[name]) for name in sg.PACKET_DTYPE.names])
        swapped = packets.astype(np.dtype({**fields(), "offsets": [0, 12, 8, *fields()["offsets"][3:]]}))
        assert (joined.dtype, packed.dtype.itemsize) == (sg.PACKET_DTYPE, 25)
        expected = sg.RtpStats()
        expected.record(packets)
        assert moved.ctypes.data % 8
        for array in (backwards, spread, moved, frozen, of_rows, joined, packed, swapped):
            stats = sg.RtpStats()
            stats.record(array)
            assert stats.snapshot(7) == expected.snapshot(7)
        stats.record(packets[:0])
        assert stats.totals() == expected.totals()

    def test_arrays_of_another_type(self):
        stats = sg.RtpStats()
        renamed = np.dtype({**fields(), "names": ["x", *sg.PACKET_DTYPE.names[1:]]})
        shorter = np.dtype(fields()["formats"][0])
        signed = np.dtype({**fields(), "formats": ["i8", "i4", *fields()["formats"][2:]]})
        for dtype in (np.uint8, renamed, shorter, signed, sg.PACKET_DTYPE.newbyteorder(), "V32", "O"):
            with pytest.raises(TypeError, match=r"packets has dtype .*PACKET_DTYPE"):
                stats.record(np.zeros(2, dtype))
        for given in ([sg.Packet(*[0] * 9)], b"\0" * 32, None, video(2).tobytes()):
            with pytest.raises(TypeError, match="PACKET_DTYPE"):
                stats.record(given)
        with pytest.raises(TypeError, match="2 dimensions"):
            stats.record(video(4).reshape(2, 2))
        with pytest.raises(TypeError, match="0 dimensions"):
            stats.record(video(1).reshape(()))
        assert stats.totals().packets == 0

    def test_any_bits_are_counted(self):
        noise = np.random.default_rng(3).integers(0, 256, 32 * 5000, np.uint8).view(sg.PACKET_DTYPE)
        hostile = sg.packets(
            arrival_us=[I64_MAX, -I64_MAX - 1] * 100,
            ssrc=9,
            sequence=np.arange(200),
            wire_bytes=0,
            header_bytes=65_535,
            padding_bytes=255,
            payload_type=255,
            flags=np.arange(200),
        )
        stats = sg.RtpStats(max_streams=8, max_unvalidated=4)
        for array in (noise, hostile, noise):
            stats.record(array)
        stats.settle()
        assert len(stats) <= 8
        assert 0 < stats.memory_bytes < 100_000
        counted = stats.totals().packets + stats.unvalidated().packets
        assert counted == 2 * len(noise) + len(hostile)
        assert len(stats.snapshots()) <= 8

    def test_raw_packets(self):
        stats = sg.RtpStats(clocks={96: (8000, "video")})
        for sequence in (1, 2, 4):
            stats.record_raw(sequence * 1000, raw(sequence))
        assert stats.snapshot(7).totals.lost == 1
        assert stats.snapshot(7).clock_hz == 8000
        with pytest.raises(errors.MalformedError, match="rtp packet of 3 bytes"):
            stats.record_raw(0, b"abc")
        assert stats.totals().packets == 3

    def test_readers_are_independent_and_exact(self):
        stats = sg.RtpStats()
        first = stats.reader(0)
        stats.record(video(10))
        second = stats.reader(400_000)
        stats.record(np.delete(video(10, 10), 5))
        (delta,) = first.take(1_000_000)
        assert (delta.ssrc, delta.totals.packets, delta.totals.lost) == (7, 19, 1)
        assert (delta.start_us, delta.end_us, delta.last) == (0, 1_000_000, False)
        assert delta.max_jitter_us >= 0
        with pytest.raises(errors.AlreadyPendingError):
            first.flush(1_000_001)
        first.restore()
        stats.record(video(10, 10)[5:6])
        (delta,) = first.flush(2_000_000)
        assert (delta.totals.packets, delta.totals.lost) == (20, 0)
        assert first.flush(3_000_000) == []
        assert stats.remove(7)
        assert not stats.remove(7)
        assert second.pending()[-1][1].packets == 10
        (delta,) = second.take(3_000_000)
        assert (delta.ssrc, delta.totals.packets, delta.last) == (None, 10, True)
        second.ack()
        assert second.flush(4_000_000) == []
        assert (stats.evictions, stats.totals().packets) == (1, 20)
        for _ in range(14):
            stats.reader(0)
        with pytest.raises(errors.CapacityExceededError):
            stats.reader(0)

    def test_a_table_of_all_streams(self):
        stats = sg.RtpStats()
        audio = video(50, ssrc=9)
        audio["payload_type"] = 111
        stats.record(np.concatenate([video(100), audio]))
        table = stats.snapshots()
        assert table["ssrc"].tolist() == [7, 9]
        assert table["packets"].tolist() == [100, 50]
        assert table["frames"].tolist() == [100, None]
        rows = list(table)
        for row in rows:
            stream = stats.snapshot(row.ssrc)
            known = {**stream.totals._asdict(), **stream._asdict(), "keyframes": row.keyframes}
            assert row._asdict() == {name: known[name] for name in table.keys()}  # noqa: SIM118
        assert pickle.loads(pickle.dumps(table)) == table
        assert len(sg.RtpStats().snapshots()) == 0
        pa = pytest.importorskip("pyarrow")
        assert pa.table(table)["lost"].to_pylist() == [0, 0]

    def test_two_threads_lose_nothing(self):
        stats, rounds, seen = sg.RtpStats(), 200, []
        reader = stats.reader(0)

        def work(ssrc):
            for i in range(rounds):
                stats.record(video(50, i * 50, ssrc=ssrc))

        threads = [threading.Thread(target=work, args=(ssrc,)) for ssrc in (1, 2)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            seen += reader.flush(1)
        for thread in threads:
            thread.join()
        seen += reader.flush(2)
        for ssrc in (1, 2):
            assert stats.snapshot(ssrc).totals.packets == rounds * 50
            assert stats.snapshot(ssrc).totals.lost == 0
            assert sum(delta.totals.packets for delta in seen if delta.ssrc == ssrc) == rounds * 50

    def test_configuration(self):
        for wrong in (
            {"max_streams": 0},
            {"max_streams": 2**24 + 1},
            {"max_unvalidated": 0},
            {"clocks": {128: 8000}},
            {"clocks": {96: 0}},
            {"clocks": {96: (8000, "text")}},
            {"clocks": {"96": 8000}},
        ):
            with pytest.raises(errors.InvalidArgumentError):
                sg.RtpStats(**wrong)
        with pytest.raises(errors.OutOfRangeError, match="max_streams is -1"):
            sg.RtpStats(max_streams=-1)
        for ssrc in (-1, 2**32):
            with pytest.raises(errors.OutOfRangeError, match=r"ssrc is .*: expected 0 to 4294967295"):
                sg.RtpStats().snapshot(ssrc)


def fields():
    dtype = sg.PACKET_DTYPE
    formats = [dtype[name] for name in dtype.names]
    offsets = [dtype.fields[name][1] for name in dtype.names]
    return {"names": list(dtype.names), "formats": formats, "offsets": offsets, "itemsize": 32}


class TestRtcpStats:
    def test_round_trip(self):
        stats = sg.RtcpStats()
        report = struct.pack(">BBHIQIII", 0x80, 200, 6, 1, 0x0001_0002_0003_0004, 0, 10, 900)
        block = struct.pack(">IIIIII", 1, (32 << 24) | (2**24 - 3), 5, 6, 0x0002_0003, 32_768)
        stats.record(1_000_000, report)
        stats.record(1_600_000, struct.pack(">BBHI", 0x81, 201, 7, 99) + block)
        source = stats.source(1)
        assert (source.rtt_us, source.sent_packets, source.ntp) == (100_000, 10, 0x0001_0002_0003_0004)
        assert (source.remote.cumulative_lost, source.remote.fraction_lost) == (-3, 32)
        assert (source.xr_rtt_us, source.left) == (None, False)
        assert (stats.take_max_rtt_us(), stats.take_max_rtt_us()) == (100_000, None)
        assert [source.ssrc for source in stats.sources()] == [1]
        assert len(stats) == 1
        assert stats.source(2) is None

    def test_malformed(self):
        stats = sg.RtcpStats()
        for data in (b"", b"\x81", b"\x81\xc9\xff\xff", b"\xff" * 8):
            with pytest.raises(errors.MalformedError):
                stats.record(0, data)
        assert stats.totals().malformed == stats.totals().compounds == 4
        with pytest.raises(TypeError, match="data is int"):
            stats.record(0, 5)
        with pytest.raises(errors.InvalidArgumentError):
            sg.RtcpStats(max_sources=0)
