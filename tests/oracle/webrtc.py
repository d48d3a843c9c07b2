#!/usr/bin/env python3
"""Recorded getStats reports, by brute force, and the same calls as dumps.

Plain Python, standard library only, no code in common with the core.

    webrtc.py --write DIR  writes DIR/expected.json, and the dumps made of the recordings in DIR
    webrtc.py --check DIR  fails where these are not what would be written
"""

import datetime
import gzip
import json
import pathlib
import sys

COUNTS = {
    "inbound-rtp": {
        "packets": "packetsReceived",
        "payload_bytes": "bytesReceived",
        "header_bytes": "headerBytesReceived",
        "nacks": "nackCount",
        "plis": "pliCount",
        "frames": "framesDecoded",
        "key_frames": "keyFramesDecoded",
        "concealed_samples": "concealedSamples",
        "retransmitted_packets": "retransmittedPacketsReceived",
        "samples": "totalSamplesReceived",
    },
    "outbound-rtp": {
        "packets": "packetsSent",
        "payload_bytes": "bytesSent",
        "header_bytes": "headerBytesSent",
        "nacks": "nackCount",
        "plis": "pliCount",
        "frames": "framesEncoded",
        "key_frames": "keyFramesEncoded",
    },
}
SECONDS = {
    "inbound-rtp": {"codec_time_us": "totalDecodeTime", "jitter_buffer_delay_us": "jitterBufferDelay"},
    "outbound-rtp": {"codec_time_us": "totalEncodeTime", "delay_us": "totalPacketSendDelay"},
}
REMOTE = {"inbound-rtp": "remote-outbound-rtp", "outbound-rtp": "remote-inbound-rtp"}
BEST_LAYER = ("frames", "key_frames")


def track_of(stat):
    """The name of a track: the received track's identifier, or the mid of what is sent."""
    if stat["type"] == "inbound-rtp":
        return "inbound", stat["kind"], stat["trackIdentifier"]
    return "outbound", stat["kind"], stat["mid"]


def snapshot(stat, by_local):
    """The counters of a stream at a report; times in whole microseconds."""
    shown = {name: stat[w3c] for name, w3c in COUNTS[stat["type"]].items() if w3c in stat}
    shown |= {name: round(stat[w3c] * 1e6) for name, w3c in SECONDS[stat["type"]].items() if w3c in stat}
    remote = by_local.get((REMOTE[stat["type"]], stat["id"]))
    if remote and "totalRoundTripTime" in remote:  # Firefox has none of a received stream
        shown["rtt_total_us"] = round(remote["totalRoundTripTime"] * 1e6)
        shown["rtt_measurements"] = remote["roundTripTimeMeasurements"]
    lost = stat if stat["type"] == "inbound-rtp" else remote
    if lost and "packetsLost" in lost:
        shown["packets_lost"] = lost["packetsLost"]
    return shown


def replay(reports):
    """Totals of each track, and the payload bitrate of each track at each report, in bits per second."""
    before, totals, bitrates, newest = {}, {}, {}, []
    for number, report in enumerate(reports):
        newest.append(max(s["timestamp"] for s in report["stats"] if not s["type"].startswith("remote-")))
        by_local = {(s["type"], s["localId"]): s for s in report["stats"] if "localId" in s}
        added, rate = {}, {}
        for stat in report["stats"]:
            if stat["type"] not in COUNTS:
                continue
            shown, track = snapshot(stat, by_local), track_of(stat)
            mark, mark_ms = before.get(stat["id"], ({}, newest[number - 1]))
            new = stat["id"] not in before
            steps = added.setdefault(track, {})
            for name, value in shown.items():
                if name not in mark and number == 0:
                    continue  # it began at an unknown value; what is new later began at 0
                step = value - mark.get(name, 0)
                assert step >= 0 or name == "packets_lost", "these recordings have no reset"
                old = steps.get(name, 0)
                steps[name] = max(old, step) if name in BEST_LAYER else old + step
                if name == "payload_bytes":
                    took_ms = stat["timestamp"] - mark_ms
                    if took_ms > 0:
                        rate[track] = rate.get(track, 0) + step * 8e3 / took_ms
            kept = {name: value for name, value in mark.items() if name not in shown and not new}
            before[stat["id"]] = (kept | shown, stat["timestamp"])
        for track, steps in added.items():
            total = totals.setdefault(track, {})
            for name, step in steps.items():
                total[name] = total.get(name, 0) + step
            bitrates.setdefault(track, []).append(rate.get(track))
    return [
        {"flow": flow, "kind": kind, "name": name, "totals": totals[track], "payload_bitrate_bps": bitrates[track]}
        for track in totals
        for flow, kind, name in [track]
    ]


def wire_bytes(reports):
    """Bytes sent and received under the tracks: Chromium counts them by transport, Firefox by pair."""
    sums = {"bytes_sent": 0, "bytes_received": 0}
    by_transport = any("bytesSent" in s for report in reports for s in report["stats"] if s["type"] == "transport")
    before = {}
    for number, report in enumerate(reports):
        for stat in report["stats"]:
            if stat["type"] != ("transport" if by_transport else "candidate-pair"):
                continue
            for name, w3c in (("bytes_sent", "bytesSent"), ("bytes_received", "bytesReceived")):
                if w3c in stat:
                    new_from = stat[w3c] if number == 0 else 0
                    sums[name] += stat[w3c] - before.get((stat["id"], w3c), new_from)
                    before[stat["id"], w3c] = stat[w3c]
    return sums


# --- the same calls as dumps -------------------------------------------------------------------

PROPERTIES = {
    "ssrc": 10, "kind": 11, "codecId": 12, "packetsReceived": 14, "packetsLost": 15, "jitter": 16,
    "trackIdentifier": 17, "mid": 18, "remoteId": 19, "framesDecoded": 20, "keyFramesDecoded": 21,
    "framesDropped": 22, "frameWidth": 23, "frameHeight": 24, "framesPerSecond": 25, "qpSum": 26,
    "totalDecodeTime": 27, "pauseCount": 30, "totalPausesDuration": 31, "freezeCount": 32,
    "totalFreezesDuration": 33, "headerBytesReceived": 35, "packetsDiscarded": 36, "fecPacketsReceived": 37,
    "fecPacketsDiscarded": 38, "bytesReceived": 41, "nackCount": 42, "firCount": 43, "pliCount": 44,
    "totalProcessingDelay": 45, "jitterBufferDelay": 47, "jitterBufferTargetDelay": 48,
    "jitterBufferEmittedCount": 49, "totalSamplesReceived": 51, "concealedSamples": 52,
    "silentConcealedSamples": 53, "concealmentEvents": 54, "insertedSamplesForDeceleration": 55,
    "removedSamplesForAcceleration": 56, "framesReceived": 60, "decoderImplementation": 61,
    "retransmittedPacketsReceived": 68, "retransmittedBytesReceived": 69, "localId": 74, "roundTripTime": 75,
    "totalRoundTripTime": 76, "fractionLost": 77, "roundTripTimeMeasurements": 78, "packetsSent": 79,
    "bytesSent": 80, "mediaSourceId": 81, "rid": 82, "headerBytesSent": 84, "retransmittedPacketsSent": 85,
    "retransmittedBytesSent": 86, "targetBitrate": 87, "framesSent": 89, "framesEncoded": 91,
    "keyFramesEncoded": 92, "totalEncodeTime": 93, "totalPacketSendDelay": 94, "qualityLimitationReason": 95,
    "qualityLimitationDurations": 96, "qualityLimitationResolutionChanges": 97, "encoderImplementation": 98,
    "active": 100, "label": 115, "state": 118, "messagesSent": 119, "messagesReceived": 120,
    "selectedCandidatePairId": 125, "selectedCandidatePairChanges": 132, "candidateType": 136,
    "localCandidateId": 148, "remoteCandidateId": 149, "nominated": 150, "currentRoundTripTime": 152,
    "availableOutgoingBitrate": 153, "responsesReceived": 158, "transportId": 5, "mimeType": 6, "protocol": 116,
}  # fmt: skip
TYPES = {
    "inbound-rtp": 1, "outbound-rtp": 2, "remote-inbound-rtp": 3, "remote-outbound-rtp": 4, "transport": 5,
    "candidate-pair": 6, "local-candidate": 7, "remote-candidate": 8, "data-channel": 9, "peer-connection": 10,
    "media-source": 12, "media-playout": 13, "codec": 14,
}  # fmt: skip


def rtcstats(recording):
    """File format 3: what changed, ids and names by number, times relative."""
    lines = ["RTCStatsDump", json.dumps({"fileFormat": 3, "startTime": 4102444800000})]
    now_ms, state = 0, {}
    for peer in sorted({report["peer"] for report in recording}):
        first = next(report for report in recording if report["peer"] == peer)
        now = round(first["t"] - 500)
        lines.append(json.dumps([39, "PC_" + peer, {"iceServers": []}, now - now_ms], separators=(",", ":")))
        now_ms = now
    for report in recording:
        ids, base = state.setdefault(report["peer"], ({}, {}))
        stats = {s["id"]: s for s in report["stats"] if s["type"] != "certificate"}
        latest = max(s["timestamp"] for s in stats.values())
        for stat_id in stats:
            ids.setdefault(stat_id, str(len(ids)))
        delta = {}
        for stat_id, stat in stats.items():
            old = base.get(stat_id, {})
            out = {}
            for name, value in stat.items():
                if name == "id" or old.get(name) == value or name == "timestamp" and value == latest:
                    continue
                if isinstance(value, dict):
                    value = {key: part for key, part in value.items() if old.get(name, {}).get(key) != part}
                if name == "type":
                    value = TYPES[value]
                if name.endswith("Id"):
                    value = ids.get(value)
                    if value is None:
                        continue
                out["t" if name == "timestamp" else str(PROPERTIES.get(name, name))] = value
            if out:
                delta[ids[stat_id]] = dict(sorted(out.items(), key=lambda item: (not item[0].isdigit(), item[0])))
        delta |= {ids[stat_id]: None for stat_id in base if stat_id not in stats}
        delta["t"] = latest
        now = round(report["t"])
        lines.append(json.dumps(["g", "PC_" + report["peer"], delta, now - now_ms], separators=(",", ":")))
        now_ms = now
        base.clear()
        base.update(stats)
    lines.append(json.dumps([36, "PC_a", None, 12], separators=(",", ":")))
    return "\n".join(lines) + "\n"


def iso(ms):
    time = datetime.datetime.fromtimestamp(ms / 1e3, datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def internals(recording):
    """A series for each member, values only; the page keeps the times of first and last."""
    connections = {}
    for report in recording:
        stats = connections.setdefault("1-" + report["peer"], {"url": "", "stats": {}, "updateLog": []})["stats"]
        for stat in report["stats"]:
            for name, value in stat.items():
                if name in ("id", "type") or isinstance(value, dict):
                    continue
                series = stats.setdefault(stat["id"] + "-" + name, {"statsType": stat["type"], "values": []})
                series.setdefault("startTime", iso(stat["timestamp"]))
                series["endTime"] = iso(stat["timestamp"])
                series["values"].append(value)
            if "bytesSent" in stat:
                rate = stats.setdefault(stat["id"] + "-[bytesSent/s]", {"statsType": stat["type"], "values": []})
                rate["values"].append(0)
    for connection in connections.values():
        for series in connection["stats"].values():
            series["values"] = json.dumps(series["values"], separators=(",", ":"))
    return json.dumps({"getUserMedia": [], "PeerConnections": connections, "UserAgent": "Chrome/156"}, indent=1)


def outputs(directory):
    expected, wire, files = {}, {}, {}
    for path in sorted(directory.glob("getstats_*.json.gz")):
        recording = json.loads(gzip.decompress(path.read_bytes()))
        name = path.name.removeprefix("getstats_").removesuffix(".json.gz")
        peers = sorted({report["peer"] for report in recording})
        expected[name] = {peer: replay([r for r in recording if r["peer"] == peer]) for peer in peers}
        wire[name] = {peer: wire_bytes([r for r in recording if r["peer"] == peer]) for peer in peers}
        files[f"{name}.rtcstats.gz"] = rtcstats(recording).encode()
        if name != "firefox":  # which has no such page
            files[f"{name}.internals.json.gz"] = internals(recording).encode()
    expected["wire_bytes"] = wire
    files["expected.json"] = (json.dumps(expected, indent=1) + "\n").encode()
    return files


def main(mode, directory):
    directory = pathlib.Path(directory)
    different = []
    for name, content in outputs(directory).items():
        path = directory / name
        there = path.read_bytes() if path.exists() else b""
        if (gzip.decompress(there) if name.endswith(".gz") and there else there) == content:
            continue
        different.append(name)
        if mode == "--write":
            path.write_bytes(gzip.compress(content, 9, mtime=0) if name.endswith(".gz") else content)
    if mode == "--check" and different:
        sys.exit(f"not what would be written: {' '.join(different)}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("--write", "--check"):
        sys.exit(__doc__)
    main(*sys.argv[1:])
