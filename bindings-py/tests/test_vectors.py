"""The vectors of ``tests/vectors`` in Python: operations in, results compared.

Of an object only the expected keys are compared; integers are decimal strings, floats are compared by
their bits.
"""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import streamgauge as sg
from audience_vectors import AudienceReplay
from series_vectors import SeriesReplay
from streamgauge import errors
from webrtc_vectors import WebrtcReplay

TESTS = Path(__file__).parents[2] / "tests"
VECTORS = sorted((TESTS / "vectors").glob("*.json"))
SKIPS = json.loads((TESTS / "skips.json").read_text()).get("py", {})

#: Fewer than these would be an empty folder, or one that is not the folder.
AT_LEAST = 100


def integer(args, key, default=None):
    return default if args.get(key) is None else int(args[key])


def options(args, *names):
    return {name: int(args[name]) for name in names if args.get(name) is not None}


class Replay(SeriesReplay, AudienceReplay, WebrtcReplay):
    """Runs the operations of one vector; the objects it makes, by id."""

    def __init__(self):
        self.made, self.readers, self.tracks, self.reads = {}, {}, {}, {}

    def run(self, op, args):
        return getattr(self, op.replace(".", "_"))(args)

    def counter_new(self, a):
        given = {name: a[name] for name in ("origin_known", "max_per_s") if a.get(name) is not None}
        self.made[a["id"]] = sg.Counter(a["kind"], **given, **options(a, "width_bits"))

    def counter_record(self, a):
        value = float(a["value"]) if isinstance(self.made[a["id"]].total, float) else int(a["value"])
        boundary = a.get("hint") == "boundary"
        return self.made[a["id"]].record(int(a["at_us"]), value, boundary=boundary)._asdict()

    def counter_end(self, a):
        self.made[a["id"]].end()

    def counter_totals(self, a):
        names = ("total", "resets", "wraps", "boundaries", "rejected")
        return {name: getattr(self.made[a["id"]], name) for name in names}

    def counter_rate(self, a):
        times = np.array([int(at) for at, _ in a["samples"]], np.int64)
        values = np.array([float(value) for _, value in a["samples"]], np.float64)
        found = sg.rate(times, values, int(a["start_us"]), int(a["end_us"]), a["mode"])
        return {"rate": found and found.per_s, "increase": found and found.increase}

    def rtp_new(self, a):
        clocks = {int(pt): (int(hz), kind) for pt, (hz, kind) in (a.get("clocks") or {}).items()}
        self.made[a["id"]] = sg.RtpStats(clocks=clocks)

    def rtp_record(self, a):
        self.made[a["id"]].record(packets(a))

    def rtp_snapshot(self, a):
        stats = self.made[a["id"]].snapshot(int(a["ssrc"]))
        return stats and {**stats.totals._asdict(), **stats._asdict()}

    def rtp_totals(self, a):
        return self.made[a["id"]].totals()._asdict()

    def rtp_unvalidated(self, a):
        return self.made[a["id"]].unvalidated()._asdict()

    def rtp_remove(self, a):
        return self.made[a["id"]].remove(int(a["ssrc"]))

    def rtp_reader(self, a):
        self.readers[a["id"], a["reader"]] = self.made[a["id"]].reader(int(a["now_us"]))

    def rtp_flush(self, a):
        return deltas(self.readers[a["id"], a["reader"]].flush(int(a["now_us"])))

    def rtp_take(self, a):
        return deltas(self.readers[a["id"], a["reader"]].take(int(a["now_us"])))

    def rtp_ack(self, a):
        self.readers[a["id"], a["reader"]].ack()

    def rtp_restore(self, a):
        self.readers[a["id"], a["reader"]].restore()

    def rtp_settle(self, a):
        self.made[a["id"]].settle()

    def rtp_fraction_lost(self, a):
        return sg.fraction_lost(int(a["expected"]), int(a["received"]))

    def rtcp_new(self, a):
        self.made[a["id"]] = sg.RtcpStats()

    def rtcp_record(self, a):
        self.made[a["id"]].record(int(a["at_us"]), bytes.fromhex(a["hex"]))

    def rtcp_source(self, a):
        source = self.made[a["id"]].source(int(a["ssrc"]))
        lost = source and source.remote and source.remote.cumulative_lost
        return source and {**source._asdict(), "cumulative_lost": lost}

    def rtcp_totals(self, a):
        return self.made[a["id"]].totals()._asdict()

    def rtcp_clamp_lost(self, a):
        return sg.clamp_lost(int(a["lost"]))

    def telemetry_new(self, a):
        given = {name: a[name] for name in ("emit_idle", "level") if a.get(name) is not None}
        self.made[a["id"]] = sg.Telemetry(**given)

    def telemetry_identify(self, a):
        room = {"room_id": a["room_id"], "room_name": a["room_name"]}
        self.made[a["id"]].identify(a["participant"], **room, now_us=int(a["now_us"]))

    def telemetry_open(self, a):
        key = sg.TrackKey(**a["key"])
        self.tracks[a["id"], a["handle"]] = self.made[a["id"]].open(key, int(a["now_us"]))

    def telemetry_flush(self, a):
        return stats(self.made[a["id"]].flush(int(a["now_us"])))

    def telemetry_take(self, a):
        return stats(self.made[a["id"]].take(int(a["now_us"])))

    def telemetry_ack(self, a):
        return self.made[a["id"]].ack(int(a["now_us"]))

    def telemetry_restore(self, a):
        return self.made[a["id"]].restore()

    def telemetry_totals(self, a):
        return self.made[a["id"]].totals(a.get("direction", "upstream"), a.get("role", "edge"))._asdict()

    def telemetry_counts(self, a):
        return self.made[a["id"]].counts()._asdict()

    def track_record(self, a):
        self.track(a).record(packets(a))

    def track_message(self, a):
        self.track(a).record_message(int(a["at_us"]), int(a["bytes"]))

    def track_rtcp(self, a):
        names = ("rtt_us", "jitter_us", "lost", "nacks", "plis", "firs")
        self.track(a).record_rtcp(int(a["at_us"]), **options(a["sample"], *names))

    def track_set_layer(self, a):
        self.track(a).set_layer(int(a["ssrc"]), int(a["layer"]))

    def track_set_mime(self, a):
        self.track(a).set_mime(a["mime"])

    def track_observe_totals(self, a):
        self.track(a).observe_totals(int(a["ssrc"]), int(a["packets"]), int(a["bytes"]))

    def track_remove_ssrc(self, a):
        self.track(a).remove_ssrc(int(a["ssrc"]))

    def track_close(self, a):
        return self.track(a).close(int(a["now_us"]))

    def track(self, a):
        return self.tracks[a["id"], a["handle"]]

    def ring_new(self, a):
        given = options(a, "epoch", "max_age_us", "max_held_bytes")
        self.made[a["id"]] = sg.ChunkRing(int(a["max_chunks"]), int(a["max_bytes"]), **given)

    def ring_publish(self, a):
        ring, access = self.made[a["id"]], a.get("random_access", False)
        return {"sequence": ring.publish(a["data"].encode(), now_us=int(a["now_us"]), random_access=access)}

    def ring_close(self, a):
        return {"first": self.made[a["id"]].close(a["kind"])}

    def ring_expire(self, a):
        self.made[a["id"]].expire(int(a["now_us"]))

    def ring_join(self, a):
        joined = self.made[a["id"]].join(a["join"], integer(a, "value", 0))
        return {"sequence": joined.position.sequence, "satisfied": joined.satisfied}

    def ring_read(self, a):
        at = sg.Position(int(a["epoch"]), int(a["sequence"]), int(a["offset_bytes"]), integer(a, "time_us"))
        # What the batch held is released before anything is read.
        self.reads.pop(a["batch"], None)
        limits = options(a, "max_chunks", "max_bytes")
        return self.answer(a, self.made[a["id"]].read(at, **limits))

    def ring_snapshot(self, a):
        s = self.made[a["id"]].snapshot()
        known = {**s._asdict(), "oldest": s.oldest.sequence, "next": s.next.sequence}
        return {**known, "buffered_bytes": s.buffered.bytes, "buffered_us": s.buffered.time_us}

    def cursor_new(self, a):
        given = options(a, "max_read_chunks")
        for name in ("soft", "hard"):
            if a.get(f"{name}_chunks"):
                given[name] = sg.LagLimit(int(a[f"{name}_chunks"]))
        join = {"join": a["join"], "join_amount": integer(a, "value", 0)}
        self.made[a["id"]] = self.made[a["ring"]].cursor(**join, policy=a["policy"], **given)

    def cursor_read(self, a):
        self.reads.pop(a["batch"], None)
        return self.answer(a, self.made[a["id"]].read())

    def cursor_status(self, a):
        s = self.made[a["id"]].status()
        out = {**s.account._asdict(), "end": next(iter(s.account.ended), None)}
        lags = {"lag": s.lag, "delivered": s.account.delivered, "skipped": s.account.skipped}
        for name, lag in {**lags, "worst": s.account.worst_lag}.items():
            out.update({f"{name}_chunks": lag.chunks, f"{name}_bytes": lag.bytes, f"{name}_us": lag.time_us})
        return out

    def batch_chunks(self, a):
        return {"chunks": [bytes(chunk).decode() for chunk in self.reads[a["batch"]].chunks]}

    def batch_release(self, a):
        self.reads.pop(a["batch"], None)

    def answer(self, a, read):
        self.reads[a["batch"]] = read
        skip = read.skipped or sg.Skip(None, sg.Lag(0, 0, 0))
        return {
            **self.batch_chunks(a),
            "next": read.next.sequence,
            "behind_chunks": read.behind.chunks,
            "lag_chunks": read.lag.chunks,
            "skipped": skip.reason,
            "skipped_chunks": skip.skipped.chunks,
            "skipped_bytes": skip.skipped.bytes,
            "warning": read.warning,
            "closed": read.closed and read.closed.kind,
        }

    def run_summary(self, a):
        names = {"frames": "frames.csv", "prom": "prom.tsv", "events": "events.csv", "meta": "meta.env"}
        files = {key: a["files"][name].encode() for key, name in names.items() if name in a["files"]}
        return sg.Run.from_bytes(**files).summary(a["mode"])

    def run_metric(self, a):
        """The metric as a run reads it, in the label grammar of ``prom.tsv``."""
        run = sg.Run.from_bytes(prom=f"1\t{a['text']}\t1\n".encode())
        if not run.families:
            raise errors.MalformedError("the line was dropped")
        (family,) = run.families
        (series,) = run.series(sg_quoted(family))
        return {"name": series.family, "labels": series.labels}

    def run_selector(self, a):
        """Whether a run with these labels has the series that the selector names."""
        escaped = {
            k: v.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            for k, v in a["labels"].items()
        }
        labels = ",".join(f'{label}="{value}"' for label, value in escaped.items())
        name = a["text"].split("{")[0]
        return bool(sg.Run.from_bytes(prom=f"1\t{name}{{{labels}}}\t1\n".encode()).series(a["text"]))


def sg_quoted(family):
    return f'{{"{family}"}}'


def packets(args):
    names = sg.PACKET_DTYPE.names
    order = ["arrival_us", "ssrc", "rtp_timestamp", "sequence", "wire_bytes", "header_bytes"]
    assert list(names) == [*order, "payload_type", "padding_bytes", "flags"]
    columns = zip(*args["packets"]) if args["packets"] else [()] * len(names)
    return sg.packets(**{name: [int(item) for item in column] for name, column in zip(names, columns)})


def deltas(taken):
    return [{**delta.totals._asdict(), **delta._asdict()} for delta in taken]


def stats(report):
    def one(stat):
        layer = stat.layer_totals or sg.LayerTotals(None, None, None)
        layers = {f"layer_{name}": value for name, value in layer._asdict().items()}
        return {**stat.totals._asdict(), **stat.key._asdict(), **layers, **stat._asdict()}

    return [one(stat) for stat in report.stats]


def knows(op):
    return hasattr(Replay, op.replace(".", "_"))


def same(got, expected, at):
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in got, f"{at}.{key} is not there"
            same(got[key], value, f"{at}.{key}")
    elif isinstance(expected, list):
        assert len(got) == len(expected), at
        for index, (left, right) in enumerate(zip(got, expected)):
            same(left, right, f"{at}[{index}]")
    elif isinstance(expected, (int, float)) and not isinstance(expected, bool):
        # A JSON number is a float; NaN is null there.
        assert type(got) is float, f"{at} is {got!r}"
        assert struct.pack("<d", got) == struct.pack("<d", expected), f"{at} is {got}, expected {expected}"
    elif isinstance(expected, str) and type(got) is int:
        assert str(got) == expected, at
    elif expected is None and type(got) is float:
        assert got != got, f"{at} is {got}, expected none"
    else:
        assert type(got) is type(expected), f"{at} is {got!r}, expected {expected!r}"
        assert got == expected, at


def load(path):
    return json.loads(path.read_text())


def test_there_are_vectors_and_every_skip_is_needed():
    assert len(VECTORS) - len(SKIPS) >= AT_LEAST
    for name in SKIPS:
        vector = load(TESTS / "vectors" / f"{name}.json")
        assert not all(knows(step["op"]) for step in vector["ops"]), f"{name} can be run"


@pytest.mark.parametrize(
    "path", [path for path in VECTORS if path.stem not in SKIPS], ids=lambda path: path.stem
)
def test_vectors(path):
    vector, replay = load(path), Replay()
    assert vector["name"] == path.stem
    assert len(vector["ops"]) == len(vector["expected"]) > 0
    for step, (op, expected) in enumerate(zip(vector["ops"], vector["expected"])):
        at = f"op {step}, {op['op']}"
        assert knows(op["op"]), at
        try:
            got = {"ok": replay.run(op["op"], op["args"])}
        except errors.StreamgaugeError as error:
            got = {"err": error.code}
        if expected is None:
            assert "err" not in got, f"{at}: {got}"
        else:
            same(got, expected, at)
