#!/usr/bin/env python3
"""Writes the vectors of the run module: `run_vectors.py DIR`.

Each shows one difference between the script and `exact`; what is expected of `plot_fec` comes from
script_like.py, what is expected of `exact` from exact.py, never from the core.
"""

import json
import math
import pathlib
import sys
import tempfile

import exact
import script_like

HEADER = "recv_wall_us,frame_id,user_timestamp_us,width,height\n"
T0 = 1_790_000_000_000_000
META = f"T0_US={T0}\nT1_US={T0 + 10_000_000}\n"


def frames(ids, latencies_us=None, step=40_000):
    rows = []
    for n, frame_id in enumerate(ids):
        sent = T0 + n * step
        recv = sent + (latencies_us[n] if latencies_us else 20_000)
        rows.append(f"{recv},{frame_id},{sent},640,360\n")
    return HEADER + "".join(rows)


def polls(metric, values, first=0):
    return "".join(f"{T0 + (first + n) * 1_000_000}\t{metric}\t{value}\n" for n, value in enumerate(values))


NACK = 'livekit_nack_total{direction="incoming"}'
LOSS = ("frames_received", "frames_expected", "frames_lost", "gap_events")


def cases():
    """(name, files, keys, what the script does, what exact does)."""
    yield (
        "T45_reordered_frames",
        {"frames.csv": frames([1, 2, 4, 3, 5, 6, 8, 9]), "meta.env": META},
        (*LOSS, "frames_reordered"),
        "a late frame counts as lost, twice",
        "ids that never arrived count",
    )
    yield (
        "T45_id_jump",
        {"frames.csv": frames([*range(1, 11), 10**12, *range(12, 21)]), "meta.env": META},
        (*LOSS, "discontinuities", "frames_outlier", "frames_lost_is_lower_bound"),
        "a jump of the id counts as that many lost frames",
        "an implausible jump is a discontinuity; an outlier unless the next frame confirms it",
    )
    yield (
        "T45_restart",
        {"frames.csv": frames([*range(5000, 5010), *range(1, 11)]), "meta.env": META},
        (*LOSS, "discontinuities", "segments"),
        "expected reaches over the restart",
        "a confirmed jump begins a segment; expected is summed over segments",
    )
    yield (
        "T45_duplicates",
        {"frames.csv": frames([1, 2, 3, 3, 4, 2, 5]), "meta.env": META},
        (*LOSS, "frames_duplicate"),
        "an old frame that comes again makes the next one a gap",
        "duplicates are counted apart",
    )
    yield (
        "T36_quantile_index",
        {"frames.csv": frames(range(1, 101), [n * 1000 for n in range(1, 101)], 200_000),
         "meta.env": f"T0_US={T0}\nT1_US={T0 + 60_000_000}\n"},
        ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms"),
        "percentile p is element floor(n p)",
        "linear interpolation at q (n - 1), and says so",
    )  # fmt: skip
    yield (
        "T19_run_counter_reset",
        {"prom.tsv": polls(NACK, [100, 110, 300, 3, 10]), "meta.env": META},
        ("nack_total", "counter_resets"),
        "a total is last minus first, negative after a reset",
        "a step down is a reset: the new value counts in full, and the reset is counted",
    )
    yield (
        "T22_run_late_series",
        {"prom.tsv": polls(NACK, [5, 6, 7, 8]) + polls(NACK.replace("incoming", "outgoing"), [4, 9], 2), "meta.env": META},
        ("nack_total",),
        "what a series held when it appeared is not counted",
        "a series that an earlier poll of the window did not have began at 0",
    )
    yield (
        "T23_run_absent_metric",
        {"frames.csv": frames([1, 2, 3]), "meta.env": META},
        ("nack_total", "packet_loss_total", "fec_received", "fec_recovered"),
        "a metric that is not there is 0",
        "a metric that is not there is null",
    )
    yield (
        "T27_run_nan_sample",
        {"prom.tsv": polls(NACK, ["5", "NaN", "9", "NaN"]), "meta.env": META},
        ("nack_total",),
        "a NaN at the end makes the total NaN",
        "samples that are not finite are skipped",
    )
    yield (
        "T24_run_unsorted_samples",
        {"prom.tsv": polls(NACK, [9, 12], 3) + polls(NACK, [1, 4, 6]), "meta.env": META},
        ("nack_total", "counter_resets"),
        "samples stand in the order of the file",
        "samples are sorted by time; of two of one time the later in the file counts",
    )
    # Least delay 12 ms, the receiver's clock 35 ms behind and running 80 ppm fast, a queue now and then.
    yield (
        "T26_clocks_of_two_hosts",
        {"frames.csv": frames(range(1, 121), [12_000 - 35_000 + n * 40 + n * n % 11 * 700 for n in range(120)], 500_000),
         "meta.env": f"T0_US={T0 - 1_000_000}\nT1_US={T0 + 61_000_000}\n"},
        ("frames_received", "latency_count", "latency_mean_ms", "latency_min_ms", "latency_p50_ms", "latency_p95_ms",
         "latency_max_ms", "clock_drift_ppm", "clock_drift_bound_ppm", "notes"),
        "says nothing of clocks: a negative delay is averaged like any other",
        "a negative delay is kept and flagged, the drift estimated with its bound, an offset not claimed from one direction",
    )  # fmt: skip
    yield (
        "T33_run_label_substring",
        {"prom.tsv": polls('livekit_flexfec_packet_total{state="recovered"}', [0, 7])
         + polls('livekit_flexfec_packet_total{last_state="recovered",state="unused"}', [0, 50]), "meta.env": META},
        ("fec_recovered", "fec_unused"),
        "a label is found as a substring of the label text",
        "labels are parsed and compared",
    )  # fmt: skip
    yield (
        "T33_run_label_order",
        {"prom.tsv": polls('livekit_nack_total{a="1",b="2"}', [5]) + polls('livekit_nack_total{b="2",a="1"}', [9], 1),
         "meta.env": META},
        ("nack_total",),
        "the same labels in another order are another series",
        "label sets are sets",
    )  # fmt: skip
    yield (
        "run_window_end",
        {"frames.csv": frames([1, 2, 3], [0, 0, 0]), "meta.env": f"T0_US={T0}\nT1_US={T0 + 80_000}\n"},
        ("frames_received", "frames_expected"),
        "both ends of the window are inside",
        "the window is half-open, so that windows that meet share nothing",
    )
    yield (
        "run_window_inverted",
        {"frames.csv": frames([1, 2, 4]), "meta.env": f"T0_US={T0}\nT1_US={T0 - 5}\n"},
        (*LOSS, "window_start_from", "window_end_from"),
        "an inverted window holds nothing",
        "a missing, unreadable or inverted window is replaced by the data's extent, and says so",
    )
    yield (
        "run_frame_without_readable_id",
        {"frames.csv": frames([1, 2, "three", 4]), "meta.env": META},
        (*LOSS, "frames_unidentified", "frames_lost_is_lower_bound"),
        "stops with an exception; plot_fec gives what it gives without the row",
        "the frame was received: counted without its id",
    )
    yield (
        "run_byte_order_mark",
        {"frames.csv": "\ufeff" + frames([1, 2, 4]), "meta.env": META},
        LOSS,
        "does not recognise the first column behind a byte order mark",
        "the mark is skipped",
    )


def summaries(files):
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            (pathlib.Path(directory) / name).write_text(text, encoding="utf-8", newline="")
        return script_like.Run(directory).summary(), exact.summarise(directory)


def as_vector(value):
    """Integers as decimal strings, what is no number as null."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [as_vector(inner) for inner in value]
    return {key: as_vector(inner) for key, inner in value.items()}


def main(folder):
    for name, files, keys, by_script, by_exact in cases():
        script, ours = summaries(files)
        expected = []
        for found in (script, ours):
            expected.append({"ok": {key: as_vector(found[key]) for key in keys if key in found}})
        vector = {
            "name": name,
            "why": f"The script: {by_script}. exact: {by_exact}.",
            "oracle": "tests/oracle/script_like.py (plot_fec) and tests/oracle/exact.py (exact), by run_vectors.py",
            "difference": {"plot_fec": by_script, "exact": by_exact},
            "ops": [
                {"op": "run.summary", "args": {"mode": mode, "files": files}} for mode in ("plot_fec", "exact")
            ],
            "expected": expected,
        }
        text = json.dumps(vector, indent=1, ensure_ascii=False)
        (pathlib.Path(folder) / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
