"""RTP in capture files: against what the relay did and what tshark says, and with bad input."""

import gzip
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import streamgauge

DATA = Path(__file__).parents[2] / "tests" / "data" / "rtp"
CAPTURES = ["clean", "lossy"]
# SSRC and the relay's input port.
PORTS = {0x11111111: 6004, 0x22222222: 6006, 0x33333333: 6008}
FIELDS = {
    "ssrc",
    "payload_type",
    "packets_received",
    "packets_expected",
    "packets_lost",
    "packets_lost_rfc3550",
    "packets_duplicate",
    "packets_out_of_order",
    "bytes_received",
    "jitter_us",
    "mean_jitter_us",
    "max_jitter_us",
    "frame_jitter_us",
    "max_delta_us",
    "bitrate_bps",
    "frames",
}


def capture(name):
    return gzip.decompress((DATA / f"{name}.pcap.gz").read_bytes())


def packets(pcap):
    """Seconds, microseconds, bytes on the wire and captured bytes of each packet."""
    at = 24
    while at < len(pcap):
        seconds, micros, captured, wire = struct.unpack_from("<4I", pcap, at)
        yield seconds, micros, wire, pcap[at + 16 : at + 16 + captured]
        at += 16 + captured


def as_pcapng(pcap):
    link = struct.unpack_from("<I", pcap, 20)[0]
    blocks = [struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)]
    blocks.append(struct.pack("<IIHHII", 1, 20, link, 0, 0, 20))
    for seconds, micros, wire, data in packets(pcap):
        ticks = seconds * 1_000_000 + micros
        padded = data + bytes(-len(data) % 4)
        length = 32 + len(padded)
        head = struct.pack("<7I", 6, length, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), wire)
        blocks.append(head + padded + struct.pack("<I", length))
    return b"".join(blocks)


def command(*args):
    line = [sys.executable, "-m", "streamgauge.cli", "rtp", *map(str, args)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


def refused(*args):
    done = command(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(params=CAPTURES)
def name(request):
    return request.param


@pytest.fixture
def file(tmp_path, name):
    path = tmp_path / f"{name}.pcap"
    path.write_bytes(capture(name))
    return path


def rows(file, *args):
    done = command("--json", "--clock", "97=48000", *args, file)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_json_is_an_array_of_objects_with_the_fields(file):
    found = rows(file)
    assert [row["ssrc"] for row in found] == list(PORTS)
    assert [row["payload_type"] for row in found] == [96, 97, 0]
    assert [row["clock_hz"] for row in found] == [90_000, 48_000, 8_000]
    for row in found:
        assert set(row) >= FIELDS
        assert [key for key in FIELDS - {"frames"} if row[key] is None] == []
        seconds = (row["last_arrival_us"] - row["first_arrival_us"]) / 1e6
        assert row["bitrate_bps"] == pytest.approx(row["bytes_received"] * 8 / seconds)
    assert found == streamgauge.read_capture(file, clocks={97: 48_000})["streams"]


def test_every_drop_delay_and_repeat_of_the_relay_is_found(file, name):
    truth = {relay["port"]: relay for relay in json.loads((DATA / f"{name}.truth.json").read_text())}
    for row in rows(file):
        relay = truth[PORTS[row["ssrc"]]]
        assert row["packets_expected"] == relay["recv"]
        assert row["packets_received"] == relay["sent"]
        assert row["packets_lost"] == len(relay["dropped"])
        assert row["packets_duplicate"] == len(relay["duplicated"])
        assert row["packets_out_of_order"] == len(relay["reordered"])


def tshark(name):
    """Packets, lost, and longest delta, mean and longest jitter in ms, by SSRC."""
    found = {}
    for line in (DATA / f"{name}.rtp_streams.txt").read_text().splitlines():
        fields = re.sub(r"\([^)]*%\)", "", line).split()
        if len(fields) > 6 and fields[6].startswith("0x"):
            _, packets, lost, _, _, delta, _, mean, longest = fields[7:16]
            numbers = int(packets), int(lost), float(delta), float(mean), float(longest)
            found[int(fields[6], 16)] = numbers
    return found


def test_tshark_says_the_same(file, name):
    theirs = tshark(name)
    assert set(theirs) == set(PORTS)
    for row in rows(file):
        received, lost, delta, mean, longest = theirs[row["ssrc"]]
        assert row["packets_received"] == received
        assert row["packets_lost_rfc3550"] == lost
        if row["ssrc"] == 0x22222222:
            continue  # It does not analyse audio whose packets are all marked, as ffmpeg's Opus is.
        assert row["max_delta_us"] / 1000 == pytest.approx(delta, abs=0.0015)
        assert row["max_jitter_us"] / 1000 == pytest.approx(longest, abs=0.0015)
        if row["ssrc"] == 0x33333333:  # Of video it weights the packets of one frame in another way.
            assert row["mean_jitter_us"] / 1000 == pytest.approx(mean, abs=0.0015)


def test_the_table_shows_the_same(file, name):
    done = command(file, "--clock", "97=48000")
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = done.stdout.splitlines()
    assert head.split()[:6] == ["SSRC", "source", "destination", "type", "packets", "expected"]
    for line, row in zip(lines, rows(file)):
        cells = line.split()
        assert cells[0] == f"0x{row['ssrc']:08x}"
        assert cells[1:3] == [row["source"], row["destination"]]
        assert cells[4] == str(row["packets_received"])
        assert cells[6] == str(row["packets_lost"])
        assert cells[-1] == ("-" if row["frames"] is None else str(row["frames"]))
    assert len(lines) == 3


def test_pcapng_bytes_and_paths_give_the_same(file, name):
    pcap = file.read_bytes()
    whole = streamgauge.read_capture(str(file))
    assert whole == streamgauge.read_capture(pcap) == streamgauge.read_capture(memoryview(pcap))
    assert whole == streamgauge.read_capture(as_pcapng(pcap))
    assert whole["counts"]["truncated"] is False
    assert whole["counts"]["packets"] == len(list(packets(pcap)))
    assert whole["rtcp"]["sender_reports"] == 15


def test_a_clock_scales_jitter_and_tells_audio_from_video():
    pcap = capture("clean")
    video = streamgauge.read_capture(pcap)["streams"][1]
    audio = streamgauge.read_capture(pcap, clocks={97: 48_000})["streams"][1]
    assert (video["clock_hz"], audio["clock_hz"]) == (90_000, 48_000)
    assert video["frames"] == video["packets_received"]  # One timestamp each.
    assert audio["frames"] is None
    assert audio["mean_jitter_us"] < video["mean_jitter_us"]


def test_what_a_reader_should_know_is_noted(tmp_path):
    pcap = bytearray(capture("clean"))
    at = 24
    for *_, data in packets(bytes(pcap)):
        rtp = at + 16 + 14 + 20 + 8  # Ethernet, IPv4, UDP.
        if data[23] == 17 and data[42] >> 6 == 2 and data[43] & 0x7F == 97:
            pcap[rtp + 1] = 40  # Unassigned.
        at += 16 + len(data)
    file = tmp_path / "unassigned.pcap"
    file.write_bytes(pcap)
    done = command("--json", file)
    assert done.returncode == 0
    row = json.loads(done.stdout)[1]
    assert (row["payload_type"], row["clock_hz"], row["jitter_us"], row["frames"]) == (40, None, None, None)
    assert done.stderr == "note: no clock known of payload type 40, so no jitter: --clock 40=RATE\n"


def test_a_capture_without_rtp_is_an_empty_array(tmp_path):
    file = tmp_path / "empty.pcap"
    file.write_bytes(capture("clean")[:24])
    done = command("--json", file)
    assert (done.returncode, done.stdout) == (0, "[]\n")
    assert "no RTP stream in 0 packets" in done.stderr


def test_a_capture_that_breaks_off_prints_what_is_there_and_fails(tmp_path):
    file = tmp_path / "cut.pcap"
    file.write_bytes(capture("clean")[:100_007])
    done = command("--json", file)
    assert done.returncode == 2
    assert [row["ssrc"] for row in json.loads(done.stdout)] == list(PORTS)
    assert re.match(
        rf"error: {re.escape(str(file))}: breaks off or makes no sense after \d+ packets", done.stderr
    )
    assert "fix: " in done.stderr
    assert streamgauge.read_capture(file)["counts"]["truncated"] is True


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither a pcap nor a pcapng file"),
        (b"time,frame\n1,2\n", "neither a pcap nor a pcapng file"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "its header has 24"),
        (gzip.compress(b"x"), "gzip"),
    ],
)
def test_what_is_no_capture_is_refused(tmp_path, content, said):
    file = tmp_path / "file.pcap"
    file.write_bytes(content)
    stderr = refused(file)
    assert f"error: {file}: " in stderr
    assert said in stderr
    assert "fix: give a whole pcap or pcapng file" in stderr
    with pytest.raises(streamgauge.errors.MalformedError, match=said) as caught:
        streamgauge.read_capture(file)
    assert caught.value.file == str(file)
    with pytest.raises(streamgauge.errors.MalformedError, match=said):
        streamgauge.read_capture(content)


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    assert (
        refused(tmp_path / "none.pcap") == f"error: {tmp_path}/none.pcap: no such file\nfix: check the path\n"
    )
    assert f"error: {tmp_path}: " in refused(tmp_path)
    with pytest.raises(streamgauge.errors.NotFoundError):
        streamgauge.read_capture(tmp_path / "none.pcap")
    with pytest.raises(streamgauge.errors.StreamgaugeIOError):
        streamgauge.read_capture(tmp_path)
    with pytest.raises(TypeError, match="expected bytes"):
        streamgauge.read_capture(7)


@pytest.mark.parametrize("clock", ["97", "97=", "opus=48000", "97=48kHz", "128=90000", "-1=8000", "97=0"])
def test_a_clock_that_makes_no_sense_is_refused(tmp_path, clock):
    file = tmp_path / "clean.pcap"
    file.write_bytes(capture("clean"))
    assert refused(f"--clock={clock}", file).startswith("error: ")


@pytest.mark.parametrize("clocks", [{128: 1}, {-1: 1}, {97: 0}, {97: 10_000_001}, {97: 1 << 70}, {"97": 1}])
def test_clocks_out_of_their_range_are_refused(clocks):
    with pytest.raises(streamgauge.errors.InvalidArgumentError):
        streamgauge.read_capture(capture("clean"), clocks=clocks)
