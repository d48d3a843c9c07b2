"""Random odd run directories: `plot_fec` gives what a plain-Python reader of the script's kind gives."""

from __future__ import annotations

import importlib.util
import math
import random
from pathlib import Path

import pytest
import streamgauge

ORACLE = Path(__file__).parents[2] / "tests" / "oracle" / "script_like.py"
T0 = 1_781_700_000_000_000
FAMILIES = [
    "livekit_flexfec_packet_total",
    "livekit_nack_total",
    "livekit_packet_loss_total",
    "livekit_other",
]


@pytest.fixture(scope="module")
def script_like():
    spec = importlib.util.spec_from_file_location("script_like", ORACLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def frames(rng: random.Random) -> str:
    header = ["recv_wall_us", "frame_id", "user_timestamp_us", "width", "height"]
    if rng.random() < 0.2:
        rng.shuffle(header)
    lines, frame_id = [",".join(header)], rng.choice([0, 1000, 4_294_967_290])
    for n in range(rng.choice([0, 1, 2, 40, 400])):
        frame_id += rng.choice([1] * 20 + [0, 2, 5, -3, 10**12, -(10**12)])
        recv = T0 + n * 33_333 + rng.randrange(-40_000, 40_000)
        row = {
            "recv_wall_us": rng.choice(
                [str(recv)] * 30 + ["", "x", f" {recv} ", f"+{recv}", "1_000", f"{recv}.0", '"7"']
            ),
            "frame_id": rng.choice([str(frame_id)] * 30 + ["", "seven", f'"{frame_id}"', "-1", "1e3", "0"]),
            "user_timestamp_us": rng.choice([str(recv - 20_000)] * 20 + ["", "0", "none", str(recv + 5)]),
            "width": rng.choice(["1280"] * 20 + ["", "wide", '"1\n2"', '"a""b"']),
            "height": "720",
        }
        lines.append(",".join(row[name] for name in header))
        odd = rng.random()
        if odd < 0.02:
            lines.append(rng.choice(["", ",,,,", "a", "1,2", "é,1,2,3,4", f"{recv},1,2,3,4,5,6,7,8,9", " "]))
    return rng.choice(["\n", "\n", "\r\n"]).join(lines) + rng.choice(["", "\n"])


def samples(rng: random.Random) -> str:
    states = ["received", "recovered", "recovery_attempt", "recovery_failed", "unused", "invalid"]
    names = [f'{FAMILIES[0]}{{node="n",state="{state}"}}' for state in states]
    names += [
        FAMILIES[1],
        f'{FAMILIES[1]}{{a="1",b="2"}}',
        f'{FAMILIES[1]}{{b="2",a="1"}}',
        f"{FAMILIES[2]}{{}}",
    ]
    names += [f'{FAMILIES[3]}{{x="a\\"b,}}{{"}}', f"{FAMILIES[2]}{{not labels}}", f'9{FAMILIES[3]}{{a="1"}}']
    lines, values = [], dict.fromkeys(names, 0.0)
    for poll in range(rng.choice([0, 1, 2, 30])):
        at = T0 + poll * 1_000_000 + rng.choice([0, rng.randrange(-400_000, 400_000)])
        for name in names if rng.random() < 0.8 else rng.sample(names, len(names)):
            values[name] += rng.choice([0, 1, 17, 0.25, 1e6])
            if rng.random() < 0.02:
                values[name] = 0.0
            text = rng.choice(
                [f"{values[name]:g}", repr(values[name]), f"{values[name]:e}", str(int(values[name]))]
            )
            text = rng.choice([text] * 40 + ["NaN", "+Inf", "", "x", f" {text}", "1_0", "1 2", "0x10"])
            time = rng.choice([str(at)] * 40 + ["oops", f" {at}", str(at - 5_000_000)])
            lines.append(f"{time}\t{name}\t{text}")
        if rng.random() < 0.2:
            lines.append(
                rng.choice(["", "\t\t", "1\t2", f"{at}\tbad-name\t1", f"{at}\t{{a}}\t1", f"{at}\tm{{\t1\t2"])
            )
    return rng.choice(["\n", "\r\n"]).join(lines) + rng.choice(["", "\n"])


def events(rng: random.Random) -> str:
    odd = [
        "burst_on",
        "x,burst_on",
        f"{T0},note, with comma",
        "",
        f" {T0 + 5} ,burst_off",
        f"{T0 + 9}, burst_on",
    ]
    lines = []
    for n in range(rng.randrange(8)):
        lines.append(f"{T0 + n * 5_000_000},{rng.choice(['burst_on', 'burst_off'])}")
        if rng.random() < 0.3:
            lines.append(rng.choice(odd))
    return "\n".join(lines)


def meta(rng: random.Random) -> str:
    window = [
        f"T0_US={T0 + rng.choice([0, 0, 3_000_000])}",
        f"T1_US={T0 + rng.choice([60, 9, 0, -5]) * 1_000_000}",
    ]
    rng.shuffle(window)
    return "\n".join([*window[: rng.choice([2, 2, 2, 1, 0])], "MODE=fec", "no equals", "A=b=c"])


def write(directory: Path, rng: random.Random) -> None:
    for name, make in [
        ("frames.csv", frames),
        ("prom.tsv", samples),
        ("events.csv", events),
        ("meta.env", meta),
    ]:
        if rng.random() > 0.04:
            (directory / name).write_bytes(make(rng).encode())


def same(ours: float, script: float) -> bool:
    if math.isnan(ours) or math.isnan(script):
        return math.isnan(ours) and math.isnan(script)
    return ours == script or math.isclose(ours, script, rel_tol=1e-9)


def assert_same(what: str, ours: list[float], script: list[float]) -> None:
    assert len(ours) == len(script), what
    for a, b in zip(ours, script):
        assert same(a, b), f"{what}: {a} {b}"


@pytest.mark.parametrize("seed", range(150))
def test_random_directories(seed: int, tmp_path: Path, script_like) -> None:
    write(tmp_path, random.Random(seed))
    run, script = streamgauge.Run(tmp_path), script_like.Run(str(tmp_path))
    ours, theirs = run.summary("plot_fec"), script.summary()
    for key, value in theirs.items():
        assert same(ours[key], value), f"{key}: {ours[key]}, script {value}"

    def relative(times) -> list[float]:
        return [(int(at) - script.t0) / 1e6 for at in times]

    latency = run.latency("plot_fec")
    xs, ys = script.latency_series()
    assert_same("latency times", relative(latency.t_us), xs)
    assert_same("latency", list(latency.latency_ms), ys)
    gaps = run.gaps("plot_fec")
    assert_same("gap times", relative(gaps.t_us), [at for at, _ in script.frame_gaps()])
    assert_same("gaps", list(gaps.missing), [missing for _, missing in script.frame_gaps()])
    bursts = [
        (at - script.t0) / 1e6 for burst in run.bursts_of("plot_fec") for at in (burst.start_us, burst.end_us)
    ]
    assert_same("bursts", bursts, [at for pair in script.bursts for at in pair])
    for family in FAMILIES:
        rate = run.counter_rate(family, mode="plot_fec")
        xs, ys = script.counter_rate(family)
        assert_same(f"{family} seconds", relative(rate.start_us), xs)
        assert_same(family, list(rate.per_s), ys)
