#!/usr/bin/env python3
"""Seed corpus: `seeds.py CORPUS_DIR`. The beginnings of the runs and captures of tests/data, and the
messages that LiveKit's decoder has read."""

import gzip
import json
import pathlib
import struct
import sys

DATA = pathlib.Path(__file__).parents[1] / "data"
TARGETS = {"frames": "frames.csv", "prom": "prom.tsv", "events": "events.csv", "meta": "meta.env"}


def read(path):
    if path.exists():
        return path.read_bytes()
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.exists() else b""


def lines(data, count):
    return b"\n".join(data.split(b"\n")[:count]) + b"\n"


def datagrams(capture):
    """Time in microseconds and UDP payload of each packet of a pcap file of Ethernet and IPv4."""
    at = 24
    while at + 16 <= len(capture):
        seconds, micros, length, _ = struct.unpack_from("<IIII", capture, at)
        packet, at = capture[at + 16 : at + 16 + length], at + 16 + length
        yield seconds * 1_000_000 + micros, packet[14 + 20 + 8 :], at


def from_captures():
    """(target, name, bytes): the first packets, as streamgauge_fuzz::datagrams has them."""
    for path in sorted(DATA.glob("rtp/*.pcap.gz")):
        capture, name = gzip.decompress(path.read_bytes()), path.name.split(".")[0]
        parts, last = {"rtp": [], "rtcp": []}, {}
        for count, (at_us, payload, end) in enumerate(datagrams(capture)):
            if count == 8:
                yield "pcap", name, capture[:end]
            if len(payload) < 12 or payload[0] >> 6 != 2:
                continue
            target, most = ("rtcp", 255) if 192 <= payload[1] < 224 else ("rtp", 40)
            gap_ms = min(250, (at_us - last.get(target, at_us)) // 1000)
            last[target] = at_us
            parts[target].append(bytes((gap_ms, min(len(payload), most))) + payload[:most])
        for target, packets in parts.items():
            yield target, name, b"".join(packets[:60])


def from_livekit():
    encoded = json.loads((DATA.parent / "oracle/livekit/encoded.json").read_text(encoding="utf-8"))
    for name, text in encoded.items():
        yield "wire", name, bytes.fromhex(text)


def from_dumps():
    """The dumps of the vectors, the beginnings of the recorded ones, and single reports."""
    for path in sorted(DATA.parent.glob("vectors/T[34]*.json")):
        for i, op in enumerate(json.loads(path.read_text(encoding="utf-8"))["ops"]):
            if op["op"] == "dump.read":
                yield "webrtc", f"{path.stem}-{i}", b"\0" + op["args"]["text"].encode()
    for path in sorted(DATA.glob("webrtc/*.rtcstats.gz")):
        yield "webrtc", path.name.split(".")[0], b"\0" + lines(gzip.decompress(path.read_bytes()), 8)
    for path in sorted(DATA.glob("webrtc/getstats_*.json.gz")):
        reports = json.loads(gzip.decompress(path.read_bytes()))[2:6]
        text = "\n".join(json.dumps(report["stats"]) for report in reports)
        yield "webrtc", path.name.split(".")[0], b"\1" + text.encode()


# A byte that names the kind, and what the core wrote of it.
SUMMARIES = {
    "sketch": (
        "00097b14ae47e17a843f120d088b01120346d7021a030102011a05087e1a01012001310000000000168c404100000000"
        "00000cc0490000000000208c40"
    ),
    "rollup": (
        "010a9e02080a10081a531001190000000000000040290000000000000040310000000000000040410000000000000040"
        "4a2b099a9999999999b93f120508061a01013100000000000000404100000000000000404900000000000000401a5508"
        "0a100119000000000000f0bf29000000000000f0bf31000000000000f0bf381141000000000000f0bf4a29099a999999"
        "9999b93f1a031a010131000000000000f0bf41000000000000f0bf49000000000000f0bf1a57081e1001190000000000"
        "00124029000000000000124031000000000000124038224100000000000012404a2b099a9999999999b93f1205080e1a"
        "01013100000000000012404100000000000012404900000000000012401a130832100138334a0b099a9999999999b93f"
        "20010a79082810041a5e100319000000000000164029000000000000f0bf310000000000001240382241000000000000"
        "12404a34099a9999999999b93f120908061201041a0201011a031a010131000000000000164041000000000000f0bf49"
        "00000000000012401a130828100138334a0b099a9999999999b93f2001101e199a9999999999b93f20332804"
    ),
    "summary": (
        "020a050805108407100118012001280532107f0300000000000000000000000000003a1020830c000000000000000000"
        "00000000422c097b14ae47e17a843f120608a4031a010131000000000040504041000000000040504049000000000040"
        "50404a12010100000000000100000000ff060000b406"
    ),
}


def write(corpus, target, name, data):
    folder = pathlib.Path(corpus) / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def main(corpus):
    for target, name, data in [*from_captures(), *from_livekit(), *from_dumps()]:
        write(corpus, target, name, data)
    for name, text in SUMMARIES.items():
        write(corpus, "summaries", name, bytes.fromhex(text))
    runs = sorted(path.parent for path in DATA.glob("*/*/meta.env*")) + [DATA / "odd" / "only_frames"]
    for run in runs:
        parts = {target: lines(read(run / name), 24) for target, name in TARGETS.items()}
        parts["run"] = b"\x1e".join(parts.values())
        metrics = [line.split(b"\t") for line in parts["prom"].split(b"\n")]
        metrics = [fields for fields in metrics if len(fields) == 3]
        parts["exposition"] = b"\n".join(metric + b" " + value for _, metric, value in metrics)
        parts["labels"] = metrics[0][1] if metrics else b"m"
        for target, data in parts.items():
            write(corpus, target, f"{run.parent.name}-{run.name}", data)


if __name__ == "__main__":
    main(sys.argv[1])
