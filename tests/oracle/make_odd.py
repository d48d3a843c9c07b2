#!/usr/bin/env python3
"""Writes the small odd runs of tests/data/odd: `make_odd.py DIR`. Same bytes every time.

Each run has one oddity (its name), on 12 seconds of 25 frames and one poll a second. What is true of
them is in expected_exact.json beside them, computed by exact.py.
"""

import gzip
import pathlib
import random
import sys

T0 = 1_790_000_000_000_000
SECONDS, RATE = 12, 25
HEADER = ["recv_wall_us", "frame_id", "user_timestamp_us", "width", "height"]


def frames(rng, lost=0.05):
    """[recv, id, sent, width, height], some lost, in order of receipt."""
    rows = []
    for n in range(SECONDS * RATE):
        sent = T0 + n * 1_000_000 // RATE
        delay = 20_000 + rng.randrange(9_000) + (60_000 if rng.random() < 0.05 else 0)
        if rng.random() >= lost:
            rows.append([sent + delay, 1000 + n, sent, 640, 360])
    return sorted(rows)


SERIES = {
    'livekit_flexfec_packet_total{node_id="n",state="received"}': 20,
    'livekit_flexfec_packet_total{node_id="n",state="recovered"}': 3,
    'livekit_flexfec_packet_total{node_id="n",state="recovery_failed"}': 1,
    'livekit_nack_total{direction="incoming"}': 4,
    'livekit_nack_total{direction="outgoing"}': 2,
    'livekit_packet_loss_total{direction="incoming",node_type="SERVER"}': 9,
    'livekit_packet_total{direction="incoming",transmission="initial"}': 120,
    'livekit_packet_total{direction="incoming",transmission="retransmit"}': 5,
}


def polls(rng, series=None):
    """[time, metric, value]: counters that begin somewhere and grow."""
    values = {name: float(rng.randrange(1000)) for name in series or SERIES}
    rows = []
    for second in range(SECONDS):
        at = T0 + second * 1_000_000 + 3_000
        for name, step in (series or SERIES).items():
            rows.append([at, name, values[name]])
            values[name] += rng.randrange(2 * step + 1)
    return rows


def number(value):
    return str(int(value)) if value == value and abs(value) < 1e15 and value == int(value) else repr(value)


class Run:
    """The four files as lists; `write` makes them."""

    def __init__(self, rng):
        self.frames, self.prom = frames(rng), polls(rng)
        self.events = [[T0 + 3_000_000, "burst_on"], [T0 + 5_500_000, "burst_off"], [T0 + 9_000_000, "burst_on"]]
        self.meta = {"MODE": "fec", "T0_US": T0, "T1_US": T0 + SECONDS * 1_000_000}
        self.header, self.newline, self.bom, self.gzip = HEADER, "\n", False, False

    def write(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        texts = {
            "frames.csv": [self.header] + self.frames,
            "events.csv": self.events,
        }
        out = {name: self.newline.join(",".join(map(str, row)) for row in rows) for name, rows in texts.items()}
        out["prom.tsv"] = self.newline.join(
            f"{at}\t{name}\t{value if isinstance(value, str) else number(value)}" for at, name, value in self.prom
        )
        out["meta.env"] = self.newline.join(f"{key}={value}" for key, value in self.meta.items())
        for name, text in out.items():
            if text == "" and name != "prom.tsv":
                continue
            data = (("\ufeff" if self.bom and name != "prom.tsv" else "") + text + self.newline).encode()
            if self.gzip:
                (directory / (name + ".gz")).write_bytes(gzip.compress(data, mtime=0))
            else:
                (directory / name).write_bytes(data)


def id_jump(run, rng):
    run.frames[40][1] += 10**12
    run.frames[90][1] = 5


def restart(run, rng):
    for row in run.frames[150:]:
        row[1] -= 1100


def late_series(run, rng):
    late = [name for name in SERIES if "recovered" in name or 'direction="outgoing"' in name]
    run.prom = [row for row in run.prom if row[1] not in late or row[0] > T0 + 5_000_000]


def signed_loss(run, rng):
    name = 'livekit_packet_loss_total{direction="incoming",node_type="BROWSER"}'
    run.prom = [row for row in run.prom if "packet_loss" not in row[1]]
    for second, value in enumerate([5, 9, 14, 12, 11, 20, 26, 25, 30, 31, 29, 33]):
        run.prom.append([T0 + second * 1_000_000 + 3_000, name, float(value)])


def counter_reset(run, rng):
    for row in run.prom:
        if row[0] > T0 + 6_000_000 and "nack" in row[1]:
            row[2] = (row[0] - T0) // 1_000_000 * 3.0


def nan_samples(run, rng):
    names = list(SERIES)
    for row in run.prom:
        if rng.random() < 0.1:
            row[2] = rng.choice(["NaN", "+Inf", "-Inf", "nan"])
        if row[1] == names[0] and row[0] < T0 + 2_000_000:
            row[2] = "NaN"


def duplicate_polls(run, rng):
    run.prom = [copy for row in run.prom for copy in ([row[0], row[1], row[2] - 1.0], row)]


def unsorted_samples(run, rng):
    rng.shuffle(run.prom)
    rng.shuffle(run.frames)


def merged_labels(run, rng):
    def turned(name, at):
        family, _, inside = name.rstrip("}").partition("{")
        labels = inside.split(",")
        return family + "{" + ",".join(reversed(labels)) + "}" if at // 1_000_000 % 2 else name

    run.prom = [[at, turned(name, at), value] for at, name, value in run.prom]


def two_exporters(run, rng):
    second = polls(rng, {name.replace('"n"', '"m"'): step for name, step in SERIES.items() if '"n"' in name})
    second = [[at + 180_000, name, value] for at, name, value in second if at > T0 + 1_000_000 or "received" in name]
    run.prom = sorted(run.prom + second, key=lambda row: row[0])


def missing_window(run, rng):
    del run.meta["T0_US"], run.meta["T1_US"]


def inverted_window(run, rng):
    run.meta["T1_US"] = T0 - 1


def unreadable_window(run, rng):
    run.meta["T0_US"] = "soon"


def narrow_window(run, rng):
    run.meta["T0_US"] = T0 + 4_000_000
    run.meta["T1_US"] = T0 + 9_500_000


def bom_crlf_quotes(run, rng):
    run.bom, run.newline = True, "\r\n"
    run.header = ["frame_id", "extra", "recv_wall_us", "user_timestamp_us", "height"]
    run.frames = [[f'"{row[1]}"', '"a,""b"""', row[0], row[2], row[4]] for row in run.frames]


def gzipped(run, rng):
    run.gzip = True


def reordered(run, rng):
    for n in range(20, 240, 17):
        a, b = run.frames[n], run.frames[n + 3]
        a[1], b[1] = b[1], a[1]
    for n in range(15, 200, 31):
        run.frames.insert(n, list(run.frames[n - rng.randrange(1, 9)][:0]) + list(run.frames[n]))


def unidentified(run, rng):
    for row in run.frames:
        if rng.random() < 0.2:
            row[1] = ""
        if rng.random() < 0.1:
            row[2] = rng.choice(["", 0])


def dropped_rows(run, rng):
    bad = [[], ["x", 1, 2, 3, 4], ["", 1, 2, 3, 4], [2**70, 1, 2, 3, 4], ["12\0", 1]]
    bad += [[T0 + 777_000, "seven", T0, 640, 360], [T0 + 778_000, 2**64, 1.5, -1, ""]]
    for row in bad:
        run.frames.insert(rng.randrange(len(run.frames)), row)
    run.prom += [[T0, "m{a=}", 1.0], ["x", "m", 1.0], [T0, "m", "many"], [T0, 'm{a="1"} 3', 1.0], [T0, "m\tx", 1.0]]
    run.events += [["never"], ["soon", "burst_off"], [T0 + 2_000_000, "camera off"]]
    run.meta["no equals sign"] = ""


def frozen(run, rng):
    run.frames = [row for row in run.frames if not T0 + 3_200_000 < row[0] < T0 + 4_900_000]
    run.frames = [row for row in run.frames if row[0] < T0 + 11_000_000]
    for row in run.frames[-20:]:
        row[0] -= 700_000


def newer_naming(run, rng):
    kinds = ("received", "recovered", "discarded")
    names = {f'livekit_fec_packets{{direction="incoming",type="{kind}"}}': 10 for kind in kinds}
    run.prom = [row for row in run.prom if "flexfec" not in row[1]] + polls(rng, names)


def hard_labels(run, rng):
    name = r'livekit_nack_total{direction="incoming",room="a,b}c{\"d\" \\ # \n=",}'
    run.prom += [[at, name, value] for at, other, value in run.prom if "nack" in other and "incoming" in other]
    run.prom += [[T0 + 3_000, '{"livekit_nack_total","label.x"="größe"}', 5.0]]
    run.prom += [[T0 + 1_003_000, '{"livekit_nack_total", "label.x"="größe"}', 9.5]]


def no_frames(run, rng):
    run.frames, run.header = [], []


def only_frames(run, rng):
    run.prom, run.events, run.meta = [], [], {}


PROFILES = [
    bom_crlf_quotes, counter_reset, dropped_rows, duplicate_polls, frozen, gzipped, hard_labels, id_jump,
    inverted_window, late_series, merged_labels, missing_window, nan_samples, narrow_window, newer_naming,
    no_frames, only_frames, reordered, restart, signed_loss, two_exporters, unidentified, unreadable_window,
    unsorted_samples,
]  # fmt: skip


def main(parent):
    for profile in PROFILES:
        rng = random.Random(profile.__name__)
        run = Run(rng)
        profile(run, rng)
        run.write(pathlib.Path(parent) / profile.__name__)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
