//! The examples, run.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::shell::{self, Cmd, Result, cargo, cmd, fail};
use crate::stages::Outcome;

/// Format, lints and tests of the relay: served over loopback, its accounts add up to the byte, and
/// `ffprobe` decodes what a late reader got.
pub(crate) fn relay() -> Result<Outcome> {
    relay_cargo(["fmt", "--check"]).run()?;
    relay_cargo(["clippy", "-q", "--all-targets", "--", "-D", "warnings"]).run()?;
    Ok(Outcome::of(&relay_cargo(["test", "--locked"]).run()?))
}

/// The minute with three curls, two of them throttled.
pub(crate) fn relay_minute() -> Result<Outcome> {
    Ok(Outcome::of(&relay_cargo(["test", "--locked", "--", "--ignored", "--nocapture"]).run()?))
}

/// The RTP meter on a capture whose losses are known, and on packets over loopback.
pub(crate) fn rtp_meter(program: &Path) -> Result<()> {
    let data = shell::root().join("tests/data/rtp/lossy.pcap.gz");
    let capture = shell::work().join("c-tests/lossy.pcap");
    let unpacked = std::fs::File::create(&capture)?;
    if !Command::new("gzip").arg("-dc").arg(&data).stdout(unpacked).status()?.success() {
        return fail(format!("gzip -dc {} failed", data.display()));
    }
    let json = cmd(program, ["--json", "--clock", "97=48000"]).args([&capture]).stdout()?;
    let counts = |received: u64, expected: u64, lost: u64, repeated: u64, late: u64| {
        format!(
            "\"packets_received\": {received}, \"packets_expected\": {expected}, \"packets_lost\": {lost}, \
             \"packets_lost_rfc3550\": {}, \"packets_duplicate\": {repeated}, \"packets_out_of_order\": {late}",
            lost - repeated
        )
    };
    // What the relay in the middle did, see tests/data/rtp/lossy.truth.json.
    for (ssrc, counts) in [
        (0x1111_1111, counts(965, 985, 33, 13, 13)),
        (0x2222_2222, counts(977, 1001, 30, 6, 13)),
        (0x3333_3333, counts(1844, 1874, 53, 23, 14)),
    ] {
        row(&json, ssrc, &counts)?;
    }
    if cmd(program, [&capture]).stdout()?.lines().count() != 4 {
        return fail("the table of the RTP meter has not 4 lines");
    }
    for wrong in [&["--seconds", "0", "5004"][..], &["--clock", "97", "5004"], &["/nowhere.pcap"], &[]] {
        if cmd(program, wrong.iter().copied()).run().is_ok() {
            return fail(format!("the RTP meter takes {wrong:?}"));
        }
    }
    row(&over_loopback(program)?, 7, &counts(100, 100, 1, 1, 0))
}

/// What the meter says of 99 packets of 100, one of them twice, that were sent to it.
fn over_loopback(program: &Path) -> Result<String> {
    let mut meter = Command::new(program)
        .args(["--json", "--seconds", "60", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    if let Some(stderr) = meter.stderr.take() {
        BufReader::new(stderr).read_line(&mut said)?;
    }
    let port = said.trim().strip_prefix("listening on UDP port ").and_then(|port| port.parse::<u16>().ok());
    let Some(port) = port else {
        meter.kill()?;
        meter.wait()?;
        return fail(format!("the RTP meter says {said:?}"));
    };
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    for sequence in (0..50_u16).chain([49]).chain(51..100) {
        let mut packet = vec![0x80, 96, 0, sequence as u8, 0, 0, 0, sequence as u8, 0, 0, 0, 7];
        packet.extend([0; 20]);
        socket.send_to(&packet, ("127.0.0.1", port))?;
    }
    // What was sent is in the socket, and is read before the meter ends.
    cmd("kill", ["-INT", &meter.id().to_string()]).run()?;
    let output = meter.wait_with_output()?;
    if !output.status.success() {
        return fail(format!("the RTP meter ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn row(json: &str, ssrc: u32, counts: &str) -> Result<()> {
    match json.lines().find(|line| line.contains(&format!("\"ssrc\": {ssrc},"))) {
        Some(line) if line.contains(counts) => Ok(()),
        line => fail(format!("the RTP meter says {line:?} of {ssrc}, expected {counts}")),
    }
}

fn relay_cargo<const N: usize>(args: [&str; N]) -> Cmd {
    cargo(args)
        .dir(shell::root().join("examples/relay"))
        .env("CARGO_TARGET_DIR", shell::target().join("relay"))
}
