"""The operations of monitors and dumps in the vectors."""

import json

import pytest
import streamgauge as sg


class WebrtcReplay:
    """Operations on ``self.made``, the objects of a vector by id. Each monitor has a twin that takes the same
    reports as dicts, and must come to the same."""

    def monitor_new(self, a):
        given = {name: a[name] for name in ("from_start", "max_tracks") if a.get(name) is not None}
        self.made[a["id"]], self.made[a["id"], "twin"] = sg.Monitor(**given), sg.Monitor(**given)

    def monitor_record(self, a):
        times = [int(a["time_us"])] + ([int(a["monotonic_us"])] if a.get("monotonic_us") else [])
        monitor, twin = self.made[a["id"]], self.made[a["id"], "twin"]
        try:
            flags = monitor.record(json.dumps(a["report"]), *times)
        except sg.StreamgaugeError as error:
            if isinstance(a["report"], (dict, list)):
                with pytest.raises(type(error)):
                    twin.record(a["report"], *times)
            raise
        assert twin.record(a["report"], *times) == flags
        assert twin.counts == monitor.counts
        return list(flags)

    def monitor_track(self, a):
        track = self.made[a["id"]].track(a["flow"], a["name"])
        twin = self.made[a["id"], "twin"].track(a["flow"], a["name"])
        assert twin.history == track.history
        assert twin.totals == track.totals
        return track_of(track)

    def monitor_totals(self, a):
        return self.made[a["id"]].totals(a["flow"])

    def monitor_connection(self, a):
        monitor = self.made[a["id"]]
        return {
            "flags": list(monitor.latest["flags"]),
            "row": row_of(monitor.latest),
            "totals": monitor.connection_totals,
            "local_type": monitor.selected_pair and monitor.selected_pair.local_type,
            "counts": monitor.counts,
            "tracks": len(monitor.tracks),
        }

    def monitor_take(self, a):
        def one(delta):
            names = ("start_us", "end_us", "counts", "rtt_us", "jitter_us", "last")
            return {"name": delta.key.name, **{name: getattr(delta, name) for name in names}}

        return [one(delta) for delta in self.made[a["id"]].take(int(a["now_us"]))]

    def monitor_close(self, a):
        self.made[a["id"], "twin"].close(int(a["now_us"]))
        return self.made[a["id"]].close(int(a["now_us"]))

    def dump_read(self, a):
        dump = sg.read_dump(a["text"].encode())
        return {
            "format": dump.format,
            "truncated": dump.truncated,
            "problem_count": dump.problem_count,
            "lines": [problem.line for problem in dump.problems],
            "connections": [connection_of(connection) for connection in dump.connections],
        }


def row_of(row):
    return {name: value for name, value in row.items() if name not in ("time_us", "flags")}


def track_of(track):
    return {
        "kind": track.kind,
        "mime": track.mime,
        "flags": list(track.latest["flags"]),
        "row": row_of(track.latest),
        "totals": track.totals,
        "rows": len(track.history),
    }


def connection_of(connection):
    def one(track):
        bitrate = track.history["payload_bitrate_bps"].tolist()
        key = {"name": track.name, "flow": track.flow, "all_flags": list(track.flags)}
        return {**track_of(track), **key, "payload_bitrate_bps": bitrate}

    names = ("id", "counts", "unclassified_objects", "invalid_members")
    return {
        **{name: getattr(connection, name) for name in names},
        "tracks": [one(track) for track in connection.tracks],
        "events": [event.name for event in connection.events],
    }
