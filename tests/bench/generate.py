#!/usr/bin/env python3
"""Writes one large run directory for the benchmark: `generate.py DIR [MEGABYTES]`. Seeded.

Frames and samples in the proportion of a long test (a fifth of the bytes are frames), 76 series of
an SFU with label texts of the usual length, values as Go prints them: whole numbers, fractions, and
exponents from a million on. Some ids are missing, some frames arrive in another order in bursts.
"""

import pathlib
import random
import sys

T0 = 1_790_000_000_000_000
FRAME_BYTES, SAMPLE_BYTES = 50.4, 150.0
FRAMES_PER_SAMPLE = 2 / 3


def series():
    """(metric, step of its counter, printed as a fraction) of 76 series."""
    node = 'node_id="ND_ku5b9v7fvf5a",node_type="SERVER"'
    out = []
    states = ("received", "recovery_attempt", "recovered", "recovery_failed", "unused", "invalid")
    out += [(f'livekit_flexfec_packet_total{{{node},state="{state}"}}', 3, False) for state in states]
    for direction in ("incoming", "outgoing"):
        country = f'country="",direction="{direction}",{node}'
        out.append((f"livekit_nack_total{{{country}}}", 2, False))
        for source, kind in (("CAMERA", "VIDEO"), ("MICROPHONE", "AUDIO"), ("SCREEN_SHARE", "VIDEO")):
            track = f'{country},source="{source}",type="{kind}"'
            out.append((f"livekit_packet_loss_total{{{track}}}", 2, False))
            out.append((f"livekit_packet_out_of_order_total{{{track}}}", 1, False))
            for sent in ("initial", "retransmit"):
                out.append((f'livekit_packet_total{{{track},transmission="{sent}"}}', 90, False))
                out.append((f'livekit_packet_bytes{{{track},transmission="{sent}"}}', 90_000, False))
            out.append((f"livekit_jitter_us_sum{{{track}}}", 700, True))
            out.append((f"livekit_rtt_ms_sum{{{track}}}", 40, True))
            out.append((f"livekit_forward_latency_seconds_count{{{track}}}", 90, False))
    for index in range(76 - len(out)):
        quantile = (0.5, 0.9, 0.99)[index % 3]
        metric = f'livekit_service_operation{{{node},operation="op_{index}",quantile="{quantile}",room="r"}}'
        out.append((metric, 5, index % 4 == 0))
    return out


def as_go(value):
    """Shortest form, with an exponent from 1e6 on... unless it is whole and short."""
    if value < 1e6:
        return str(int(value)) if value == int(value) else repr(value)
    mantissa, _, exponent = f"{value:.15e}".partition("e")
    for digits in range(16):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            return text
    return mantissa + "e" + exponent


def write_frames(path, count, rng):
    rows, late = [], []
    for n in range(count):
        sent = T0 + n * 33_333
        if rng.random() < 0.02:
            continue
        jitter = int(rng.random() * 9_000) + 18_000
        if n % 900 < 40 and rng.random() < 0.5:
            jitter += int(rng.random() * 120_000)
            late.append(len(rows))
        identity = "" if rng.random() < 0.0005 else str(1000 + n)
        rows.append(f"{sent + jitter},{identity},{sent},1280,720\n")
    # In order of receipt within each burst, as the harness writes.
    for index in late:
        low = max(0, index - 6)
        rows[low : index + 7] = sorted(rows[low : index + 7])
    with open(path, "w", newline="") as file:
        file.write("recv_wall_us,frame_id,user_timestamp_us,width,height\n")
        file.writelines(rows)


def write_prom(path, count, rng):
    all_series = series()
    values = [float(rng.randrange(5000)) for _ in all_series]
    heads = [metric for metric, _, _ in all_series]
    with open(path, "w", newline="") as file:
        for poll in range(count // len(all_series)):
            at = T0 + poll * 1_030_000 + rng.randrange(3000)
            lines = []
            for index, (_, step, fraction) in enumerate(all_series):
                if rng.random() < 0.7:
                    values[index] += rng.random() * step if fraction else int(rng.random() * 2 * step)
                    if fraction:
                        values[index] = round(values[index], 3)
                lines.append(f"{at}\t{heads[index]}\t{as_go(values[index])}\n")
            file.writelines(lines)
        return at


def main(directory, megabytes):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    samples = int(megabytes * 1e6 / (SAMPLE_BYTES + FRAME_BYTES * FRAMES_PER_SAMPLE))
    frames = int(samples * FRAMES_PER_SAMPLE)
    write_frames(directory / "frames.csv", frames, rng)
    end = max(write_prom(directory / "prom.tsv", samples, rng), T0 + frames * 33_333) + 1
    with open(directory / "events.csv", "w") as file:
        for at in range(T0 + 12_000_000, end - 3_000_000, 15_000_000):
            file.write(f"{at},burst_on\n{at + 3_000_000},burst_off\n")
    (directory / "meta.env").write_text(f"MODE=fec\nT0_US={T0 + 2_000_000}\nT1_US={end - 2_000_000}\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) == 3 else 100)
