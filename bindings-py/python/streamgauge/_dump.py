"""The command ``streamgauge webrtc``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from . import _extras, _text
from ._progress import working
from ._repr import number
from ._webrtc import Connection, Dump, Monitor, MonitorTrack, read_dump
from .errors import InvalidArgumentError

HELP = "statistics of every peer connection in a dump of getStats reports"

EPILOG = (
    "Reads rtcstats dumps, chrome://webrtc-internals dumps and JSON arrays of\n"
    '{"t": ms, "peer": name, "stats": [...]}, gzipped or not. loss: signed, what came late is taken back.\n'
    "RTT is that of RTCP; that of STUN is the connection's. What was not measured is '-' (null in JSON).\n"
    "flags: gap, skew, reset, boundary, first, truncated, inferred, absent; see docs/webrtc.md.\n\n"
    "examples:\n"
    "  streamgauge webrtc rtcstats_dump.txt\n"
    "  streamgauge webrtc webrtc_internals_dump.txt --connection 17-1 --plot call.png\n"
    "  streamgauge webrtc --json call.json.gz | jq '.connections[].tracks[] | [.name, .loss_ratio]'"
)

FIXES = {
    "not_found": "check the path",
    "io": "check that the path is a file that can be read",
    "malformed": "give a dump of rtcstats or chrome://webrtc-internals, or an array of reports with times",
}

#: Quantiles of jitter and round-trip times in JSON.
QUANTILES = (0.5, 0.95, 0.99)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", metavar="DUMP", help="the dump")
    parser.add_argument(
        "--connection", action="append", metavar="ID", help="only this connection; repeat for more"
    )
    parser.add_argument("--plot", metavar="FILE", help="also draw the connections (PNG, SVG or PDF)")
    parser.set_defaults(fixes=FIXES)


def run(args: argparse.Namespace) -> int:
    """Prints the connections on stdout, and on stderr what of the dump could not be read."""
    plot = _extras.plot() if args.plot else None
    with working("reading"):
        dump = read_dump(args.file)
    chosen = _chosen(dump, args.connection)
    if plot is not None:
        with working("drawing"):
            plot.webrtc_figure(chosen).savefig(args.plot, dpi=140)
    if args.json:
        print(json.dumps(summary(dump, chosen), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print("\n\n".join(map(text, chosen)))
    sys.stdout.flush()
    for problem in dump.problems:
        place = "" if problem.line is None else f", line {problem.line}"
        print(f"problem: {args.file}{place}: {problem.reason}", file=sys.stderr)
    if dump.problem_count > len(dump.problems):
        print(f"problem: {dump.problem_count - len(dump.problems)} more", file=sys.stderr)
    for connection in chosen:
        for note in notes(connection):
            print(f"note: connection {connection.id}: {note}", file=sys.stderr)
    if args.plot:
        print(f"written: {args.plot}", file=sys.stderr)
    return 0


def _chosen(dump: Dump, ids: Sequence[str] | None) -> list[Connection]:
    if ids is None:
        return dump.connections
    by_id = {connection.id: connection for connection in dump.connections}
    for wanted in ids:
        if wanted not in by_id:
            raise InvalidArgumentError(f"no connection {wanted!r}; there are {', '.join(map(repr, by_id))}")
    return [by_id[wanted] for wanted in dict.fromkeys(ids)]


def summary(dump: Dump, connections: Sequence[Connection]) -> dict[str, Any]:
    """Everything that is known of a dump but the rows."""
    return {
        "format": dump.format,
        "truncated": dump.truncated,
        "problem_count": dump.problem_count,
        "problems": [problem._asdict() for problem in dump.problems],
        "connections": [_connection(connection) for connection in connections],
    }


def _connection(connection: Connection) -> dict[str, Any]:
    pair, start_us, end_us = connection.selected_pair, *_ends(connection)
    return {
        "id": connection.id,
        "start_us": start_us,
        "end_us": end_us,
        "selected_pair": pair and pair._asdict(),
        "totals": connection.connection_totals,
        "inbound": connection.totals("inbound"),
        "outbound": connection.totals("outbound"),
        "latest": connection.latest,
        "tracks": [_track(track) for track in connection.tracks],
        "counts": connection.counts,
        "unclassified_objects": connection.unclassified_objects,
        "invalid_members": connection.invalid_members,
        "problems": [problem._asdict() for problem in connection.problems],
        "events": [event._asdict() for event in connection.events],
    }


def _track(track: MonitorTrack) -> dict[str, Any]:
    sketches = {"jitter_us": track.jitter_us, "rtt_us": track.rtt_us}
    return {
        **track.key._asdict(),
        "mime": track.mime or None,
        "implementation": track.implementation or None,
        "measured_us": track.measured_us,
        "mean_bitrate_bps": track.mean_bitrate_bps,
        "mean_frame_rate_per_s": track.mean_frame_rate_per_s,
        "loss_ratio": track.loss_ratio,
        **{
            name: {
                "count": sketch.count,
                "mean": sketch.mean,
                "max": sketch.max,
                **{f"p{100 * q:g}": sketch.quantile(q) for q in QUANTILES},
            }
            for name, sketch in sketches.items()
        },
        "flags": track.flags,
        "totals": track.totals,
        "latest": track.latest,
    }


def _ends(monitor: Monitor) -> tuple[int | None, int | None]:
    time_us = monitor.history["time_us"]
    return (int(time_us[0]), int(time_us[-1])) if len(time_us) else (None, None)


def text(connection: Connection) -> str:
    """A head line, and a row for each track."""
    start_us, end_us = _ends(connection)
    said = [f"connection {connection.id}: {connection.counts['reports']} reports"]
    if start_us is not None and end_us is not None:
        said[0] += f" in {(end_us - start_us) / 1e6:.1f} s"
    pair = connection.selected_pair
    if pair is not None:
        ends = f"{pair.local_type or '?'} to {pair.remote_type or '?'}"
        said.append(" ".join(filter(None, [ends, pair.protocol, pair.relay_protocol and "by relay"])))
    counted = connection.connection_totals
    for name, flow in (("bytes_sent", "sent"), ("bytes_received", "received")):
        if counted[name] is not None:
            said.append(f"{counted[name]} bytes {flow}")
    head = ["flow", "kind", "name", "codec", "duration s", "kbit/s", "lost", "loss", "jitter p95 ms"]
    head += ["RTT p95 ms", "frames/s", "freezes", "flags"]
    rows = [head]
    for track in connection.tracks:
        totals = track.totals
        loss = track.loss_ratio
        rows.append(
            [
                track.flow,
                track.kind,
                track.name,
                track.mime.partition("/")[2] or "-",
                f"{track.measured_us / 1e6:.1f}",
                _thousandth(track.mean_bitrate_bps, 1),
                number(totals["packets_lost"]),
                "-" if loss is None else f"{loss:.2%}",
                _thousandth(track.jitter_us.quantile(0.95), 2),
                _thousandth(track.rtt_us.quantile(0.95), 2),
                _rounded(track.mean_frame_rate_per_s),
                number(totals["freezes"]),
                " ".join(track.flags) or "-",
            ]
        )
    table = _text.columns(rows, left=4) if len(rows) > 1 else "no RTP stream"
    return ", ".join(said) + "\n" + table


def _thousandth(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value / 1000:.{digits}f}"


def _rounded(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


#: Counts of a connection that a reader of the table should know of, with what they count.
_NOTABLE = {
    "rejected_reports": "reports no later than the one before, not taken",
    "gaps": "gaps: reports after more time than usual",
    "skews": "steps of a clock",
    "resets": "counters that restarted",
    "truncated": "reports that were cut off",
    "invalid_members": "members that could not be used",
    "unidentified": "objects without id, type or kind",
    "rejected_streams": "streams for which there was no room",
    "forgotten_tracks": "tracks forgotten for newer ones",
}


def notes(connection: Connection) -> list[str]:
    """What a reader of the table should know of how the numbers came about."""
    counts = dict(connection.counts)
    counts["invalid_members"] += connection.invalid_members
    said = [f"{counts[name]} {what}" for name, what in _NOTABLE.items() if counts[name]]
    if connection.unclassified_objects:
        said.append(f"{connection.unclassified_objects} objects of unknown type")
    return said
