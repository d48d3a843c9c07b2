"""The command ``streamgauge rtp``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from . import _text
from ._native import read_capture
from .errors import InvalidArgumentError, MalformedError

HELP = "statistics of every RTP stream in a capture, pcap or pcapng"

EPILOG = (
    "UDP over IPv4 or IPv6 on Ethernet, loopback or Linux cooked. lost: never arrived, a repeated packet\n"
    "refunds nothing. jitter: RFC 3550 A.8 over every packet, mean and maximum. What was not measured is\n"
    "'-' (null in JSON). Static payload types have their clocks; 109, 111 and 63 are audio at 48000, the\n"
    "rest from 96 on video at 90000. A type given another clock than 90000 is audio and has no frames.\n"
    "Of a capture that breaks off what is there is printed, and the exit code is 2.\n\n"
    "examples:\n"
    "  streamgauge rtp call.pcapng\n"
    "  streamgauge rtp --clock 97=48000 --clock 98=90000 call.pcap\n"
    "  streamgauge rtp --json call.pcap | jq '.[] | [.ssrc, .packets_lost]'"
)

FIXES = {
    "not_found": "check the path",
    "io": "check that the path is a file that can be read",
    "malformed": "give a whole pcap or pcapng file, as tcpdump -w, dumpcap or editcap write it",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", metavar="FILE", help="the capture")
    parser.add_argument(
        "--clock",
        action="append",
        default=[],
        metavar="PT=RATE",
        help="clock rate in Hz of a payload type; repeat for more",
    )
    parser.set_defaults(fixes=FIXES)


def run(args: argparse.Namespace) -> int:
    """Prints the streams on stdout, and on stderr what of the capture is in none of them."""
    found = read_capture(args.file, clocks=_clocks(args.clock))
    streams = found["streams"]
    if args.json:
        print(json.dumps(streams, indent=1, allow_nan=False))
    elif streams:
        print(table(streams))
    sys.stdout.flush()
    for note in notes(found):
        print(f"note: {note}", file=sys.stderr)
    if found["counts"]["truncated"]:
        raise MalformedError(
            f"breaks off or makes no sense after {found['counts']['packets']} packets; these are counted",
            file=args.file,
        )
    return 0


def _clocks(given: Sequence[str]) -> dict[int, int]:
    clocks = {}
    for text in given:
        payload_type, _, rate = text.partition("=")
        try:
            clocks[int(payload_type)] = int(rate)
        except ValueError:
            raise InvalidArgumentError(f"--clock {text}: expected PT=RATE, such as 111=48000") from None
    return clocks


def table(streams: Sequence[Mapping[str, Any]]) -> str:
    """A row for each stream."""
    head = ["SSRC", "source", "destination", "type", "packets", "expected", "lost", "loss", "repeated"]
    head += ["reordered", "mean jitter ms", "max jitter ms", "max gap ms", "kbit/s", "frames"]
    rows = [head]
    for row in streams:
        expected = row["packets_expected"]
        rows.append(
            [
                f"0x{row['ssrc']:08x}",
                row["source"],
                row["destination"],
                *(_count(row[key]) for key in ("payload_type", "packets_received", "packets_expected")),
                _count(row["packets_lost"]),
                f"{row['packets_lost'] / expected:.2%}" if expected > 0 else "-",
                *(_count(row[key]) for key in ("packets_duplicate", "packets_out_of_order")),
                *(_thousandth(row[key], 3) for key in ("mean_jitter_us", "max_jitter_us", "max_delta_us")),
                _thousandth(row["bitrate_bps"], 1),
                _count(row["frames"]),
            ]
        )
    return _text.columns(rows, left=3)


def _count(value: int | None) -> str:
    return "-" if value is None else str(value)


def _thousandth(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value / 1000:.{digits}f}"


def notes(found: Mapping[str, Any]) -> list[str]:
    """What a reader of the table should know: what was not counted, and why."""
    counts = found["counts"]
    said = []
    if not found["streams"]:
        said.append(f"no RTP stream in {counts['packets']} packets, {counts['datagrams']} of them UDP")
    unknown = sorted({row["payload_type"] for row in found["streams"] if row["clock_hz"] is None} - {None})
    said += [f"no clock known of payload type {pt}, so no jitter: --clock {pt}=RATE" for pt in unknown]
    left_out = {
        "RTP packets not counted: of SSRCs without two in sequence": found["unvalidated_packets"],
        "datagrams not counted: past the limit of pairs of ports": found["datagrams_not_followed"],
        "IP fragments not put together": counts["fragments"],
        "packets not counted: headers cut off or contradictory": counts["malformed"],
        "RTCP packets with a malformed part": found["rtcp"]["malformed"],
    }
    return said + [f"{count} {what}" for what, count in left_out.items() if count]
