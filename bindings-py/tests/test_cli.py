"""The command: what it prints, writes and exits with."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import streamgauge

DATA = Path(__file__).parents[2] / "tests" / "data"
REAL = DATA / "runs_real"
A, B = REAL / "baseline-1", REAL / "fec-1"

TABLE = """
metric                        baseline-1           fec-1
--------------------------------------------------------
frames_received                     1280            1352
frames_expected                     1493            1493
frames_lost                          213             141
gap_events                           125             105
latency_mean_ms                    134.3           169.0
latency_p50_ms                     104.5           111.5
latency_p95_ms                     342.8           661.7
latency_p99_ms                     676.8           886.7
fec_received                           0            4433
fec_recovery_attempts                  0               0
fec_recovered                          0               0
fec_recovery_failed                    0               0
fec_unused                             0               0
fec_invalid                            0               0
nack_total                           454             356
packet_loss_total                    409             479

frames lost reduced 213 -> 141 with FlexFEC
"""


def command(*args, cwd=None):
    line = [sys.executable, "-m", "streamgauge.cli", *map(str, args)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False, cwd=cwd)


def printed(*args):
    done = command(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(*args):
    done = command(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_report_is_the_scripts_own_form(tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "made" / "here"
    done = command("report", "--run", A, "--run", B, "--out", out)
    assert (done.returncode, done.stdout) == (0, f"report: {out}/fec_report.png\n{TABLE}")
    assert "no evidence" in done.stderr
    assert (out / "fec_report.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "fec_report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    found = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert [run["plot_fec"]["frames_lost"] for run in found["runs"]] == [213, 141]
    assert found["comparison"]["keys"]["frames_lost"]["effect"] == "no evidence"


def test_report_of_recovered_packets_same_names_and_no_frames(tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "x").mkdir()
    shutil.copytree(DATA / "runs" / "fec", tmp_path / "y" / "fec")
    (tmp_path / "x" / "fec").mkdir()
    runs = [tmp_path / "x" / "fec", tmp_path / "y" / "fec"]
    done = command("report", "--run", runs[0], "--run", runs[1], "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert f"warning: no frames recorded for {runs[0]}\n" in done.stderr
    assert "metric".ljust(24) + "x/fec".rjust(16) + "y/fec".rjust(16) in done.stdout.splitlines()
    assert done.stdout.endswith("\nSFU recovered 420 packets via FlexFEC\n")
    three = printed("report", "--json", "--run", A, "--run", A, "--run", B, "--out", tmp_path / "out")
    assert [run["label"] for run in json.loads(three)["runs"]] == ["baseline-1 #1", "baseline-1 #2", "fec-1"]


def test_report_needs_matplotlib_and_says_which_extra(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from streamgauge.cli import main\n"
        f"sys.exit(main(['report', '--run', {str(A)!r}, '--out', {str(tmp_path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'streamgauge[plot]'" in done.stderr


@pytest.mark.parametrize("mode", ["exact", "plot_fec"])
def test_summary_json(mode):
    paths = sorted(path for path in (DATA / "runs").iterdir() if path.is_dir())
    found = json.loads(printed("summary", "--json", "--mode", mode, *paths))
    assert [list(run) for run in found] == [["run", "mode", "summary", "problems"]] * len(paths)
    for path, run in zip(paths, found):
        ours = streamgauge.Run(path)
        assert (run["run"], run["mode"]) == (str(path), mode)
        assert run["problems"] == ours.problems
        assert run["summary"] == json.loads(ours.to_json(mode))["summary"]


def test_summary_keeps_the_path_as_given():
    done = command("summary", "--json", "fec-1/", cwd=REAL)
    assert json.loads(done.stdout)[0]["run"] == "fec-1/"


def test_summary_table_and_problems():
    text = printed("summary", DATA / "runs" / "malformed", A)
    lines = text.splitlines()
    assert lines[0].split() == ["metric", "malformed", "baseline-1"]
    assert any(line.split()[:1] == ["frames_lost"] for line in lines)
    assert "malformed/frames.csv: " in text
    assert ", first at line " in text


def test_compare_and_gates():
    sides = ["--a", A, REAL / "baseline-2", "--b", B, REAL / "fec-2"]
    text = printed("compare", *sides)
    row = next(line for line in text.splitlines() if line.startswith("latency_p95_ms "))
    assert row.endswith("worse")
    assert next(line for line in text.splitlines() if line.startswith("frames_lost ")).endswith("no evidence")
    found = json.loads(printed("compare", "--json", *sides, "--fail-if", "frames_lost > 99%"))
    assert (found["failed"], found["gates"][0]["outcome"]) == (False, "passed")
    assert found["keys"]["latency_p95_ms"]["effect"] == "worse"
    done = command("compare", A, B, "--fail-if", "frames_lost > 99%", "--fail-if", "frames_lost > 1%")
    assert done.returncode == 1
    assert "gate passed: frames_lost > 99%" in done.stdout
    assert "gate failed: frames_lost > 1%" in done.stdout
    # What cannot be told must not pass for good.
    done = command("compare", A, A, "--fail-if", "fec_recovered < 1")
    assert done.returncode == 1
    assert "gate unknown" in done.stdout


def test_seed_and_resamples():
    first = printed("compare", "--json", A, B, "--resamples", "200")
    assert first == printed("compare", "--json", A, B, "--resamples", "200", "--seed", "1")
    assert first != printed("compare", "--json", A, B, "--resamples", "200", "--seed", "2")


def test_sweep(tmp_path):
    for name in ("baseline", "fec"):
        shutil.copytree(DATA / "runs" / name, tmp_path / name)
    (tmp_path / "manifest.tsv").write_text(
        "leaf\tmode\tloss\tfec_rate\tfec_mask\n"
        "baseline\tbaseline\t0.02\t\t\nfec\tfec\t0.02\t30\tbursty\ngone\tfec\t0.02\t60\tbursty\n"
    )
    text = printed("sweep", tmp_path, "--resamples", "0")
    assert "missing: no such run directory" in text
    assert text.endswith("2 cells, 1 missing\n")
    found = json.loads(printed("sweep", "--json", tmp_path, "--resamples", "0"))
    assert [cell["missing"] for cell in found["cells"]] == [None, "no such run directory"]
    pytest.importorskip("matplotlib")
    printed("sweep", tmp_path, "--resamples", "0", "--out", tmp_path / "out")
    assert (tmp_path / "out" / "sweep.png").exists()
    assert json.loads((tmp_path / "out" / "sweep.json").read_text()) == found


def test_simulate_is_read_back_true(tmp_path):
    out = tmp_path / "a" / "run"
    made = json.loads(
        printed(
            "simulate", "--json", "--out", out, "--profile", "reordered", "--seed", "9", "--duration-s", "20"
        )
    )
    assert made["run"] == str(out)
    summary = streamgauge.Run(out).summary()
    for key, truth in made["truth"]["summary"].items():
        if isinstance(truth, int):
            assert summary[key] == truth, key
    assert "profile fec, seed 1" in printed("simulate", "--out", tmp_path / "b", "--duration-s", "5")
    assert "base_loss is 7" in refused("simulate", "--out", out, "--base-loss", "7")


def test_every_profile_and_its_defaults():
    for profile in streamgauge.profiles():
        made = streamgauge.simulate(profile, duration_s=5)
        made.run().summary()
        assert made.truth["profile"] == profile
    assert streamgauge.simulate(duration_s=5) == streamgauge.simulate(
        "fec", seed=1, start_us=1_781_700_000_000_000, duration_s=5, fps=30, packets_per_frame=4,
        base_loss=0.02, burst_loss=0.25, burst_every_s=15, burst_len_s=3, fec_rate=30, fec_mask="bursty",
        rtt_ms=40,
    )  # fmt: skip


@pytest.mark.parametrize("file_format", ["parquet", "csv", "arrow"])
def test_export(tmp_path, file_format):
    if file_format != "csv":
        pytest.importorskip("pyarrow")
    run = streamgauge.Run(DATA / "runs" / "partial_ids")
    tables = ["frames", "samples", "latency", "gaps", "freezes", "fps"]
    chosen = [word for table in tables for word in ("--table", table)]
    written = json.loads(
        printed("export", "--json", run.path, "--out", tmp_path, "--format", file_format, *chosen)
    )
    assert [file["table"] for file in written] == tables
    path = tmp_path / f"frames.{file_format}"
    if file_format == "csv":
        lines = path.read_text().splitlines()
        assert lines[0] == "recv_us,frame_id,user_timestamp_us,width,height"
        assert sum(line.split(",")[1] == "" for line in lines) == run.frames.frame_id.mask.sum()
        assert len(lines) == len(run.frames) + 1
        return
    pa = pytest.importorskip("pyarrow")
    if file_format == "parquet":
        read = pytest.importorskip("pyarrow.parquet").read_table(path)
    else:
        read = pa.ipc.open_file(path).read_all()
    assert read.equals(pa.table(run.frames))


def test_export_names_the_extra_that_is_missing(tmp_path):
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from streamgauge.cli import main\n"
        f"one = main(['export', {str(A)!r}, '--out', {str(tmp_path)!r}])\n"
        f"two = main(['export', {str(A)!r}, '--out', {str(tmp_path)!r}, '--format', 'csv'])\n"
        "sys.exit((one, two) != (2, 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "pip install 'streamgauge[parquet]'" in done.stderr


def test_metric_names(tmp_path):
    expected = streamgauge.Run(DATA / "runs" / "fec").counter_total("livekit_packet_loss_total")
    fec = DATA / "runs" / "fec"
    named = printed("summary", "--json", fec, "--name", "nack=livekit_packet_loss_total")
    assert json.loads(named)[0]["summary"]["nack_total"] == expected
    names = tmp_path / "names.json"
    names.write_text('{"nack": "livekit_packet_loss_total"}')
    assert printed("summary", "--json", fec, "--names", names) == named
    names.write_text('{\n"nack" "x"}')
    assert f"error: {names}:2: no JSON" in refused("summary", fec, "--names", names)
    names.write_text("[]")
    assert "expected an object" in refused("summary", fec, "--names", names)
    assert "expected NAME=METRIC" in refused("summary", fec, "--name", "nack")
    assert '"nacks" is none of' in refused("summary", fec, "--name", "nacks=x")


def test_errors_name_the_place_and_the_fix(tmp_path):
    error = refused("summary", tmp_path / "none")
    assert error.startswith(f"error: {tmp_path}/none: no such run directory\nfix: ")
    (tmp_path / "manifest.tsv").write_text("what\n")
    assert f"{tmp_path}" in refused("sweep", tmp_path / "none")
    assert f"error: {tmp_path}/manifest.tsv:1: " in refused("sweep", tmp_path)
    assert "did you mean frames_lost" in refused("compare", A, B, "--fail-if", "frames_lots > 1%")
    assert "expected 0, or 100 to 100000" in refused("compare", A, B, "--resamples", "3")
    for usage in ((), ("report",), ("compare", A), ("compare", A, B, "--a", A), ("export", A), ("none",)):
        assert "--help shows the usage" in refused(*usage)
    (tmp_path / "file").touch()
    assert str(tmp_path / "file") in refused("export", A, "--format", "csv", "--out", tmp_path / "file")


@pytest.mark.parametrize("name", ["report", "summary", "compare", "sweep", "simulate", "export"])
def test_help_teaches(name):
    text = printed(name, "--help")
    assert f"  streamgauge {name} " in text.split("examples:")[1]
    assert "exit codes: 0 done; 1 a gate failed" in text
    assert "--json" in text
    assert name in printed("--help")


def test_a_reader_that_goes_away_is_no_error():
    line = f"{sys.executable} -m streamgauge.cli summary {A} --json | head -c 1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[", "")


def test_progress_is_for_terminals_only(monkeypatch, capsys):
    from streamgauge import _progress

    def shown(terminal):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
        monkeypatch.setattr(_progress, "_DELAY_S", 0.01)
        for _ in _progress.each("reading", range(2)):
            _progress.time.sleep(0.4)
        return capsys.readouterr().err

    assert shown(False) == ""
    assert "reading: 1/2" in shown(True)
