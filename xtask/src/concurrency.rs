//! What only shows between threads, or under `unsafe`: Miri, loom, ThreadSanitizer.

use crate::doctor;
use crate::shell::{self, Cmd, Result, cargo, cmd, fail};
use crate::stages::Outcome;

/// The `unsafe` of the C library, and that of the ring, under Miri (nightly). In a build directory
/// of their own: Miri's would push out the usual one.
pub(crate) fn miri() -> Result<Outcome> {
    doctor::nightly(&["miri", "rust-src"])?;
    let miri = |args: &[&str]| -> Result<Outcome> {
        let output = cmd("cargo", ["+nightly", "miri", "test"])
            .args(args)
            .env("MIRIFLAGS", "-Zmiri-disable-isolation")
            .env("CARGO_TARGET_DIR", shell::target().join("miri"))
            .run()?;
        Ok(Outcome::of(&output))
    };
    let c = miri(&["-p", "streamgauge-c", "--lib"])?;
    Ok(c.and(miri(&["-p", "streamgauge", "--test", "ring_model", "--test", "ring_wait"])?))
}

/// The interleavings of a few operations on the ring and on a track, with at most `preemptions`
/// each: 3 run in seconds, more in minutes.
pub(crate) fn loom(preemptions: &str) -> Result<Outcome> {
    if preemptions.parse::<u8>().is_err() {
        return fail("usage: loom [PREEMPTIONS]");
    }
    let output =
        cargo(["test", "--release", "-p", "streamgauge", "--test", "ring_loom", "--test", "telemetry_loom"])
            .env("RUSTFLAGS", "--cfg loom")
            .env("LOOM_MAX_PREEMPTIONS", preemptions)
            .env("CARGO_TARGET_DIR", shell::target().join("loom"))
            // One unit with link-time optimisation takes longer to build than to run.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .run()?;
    Ok(Outcome::of(&output))
}

/// Real threads under ThreadSanitizer (nightly): 64 on one ring for `seconds`, and 10,000 tracks
/// that record while reports are taken.
pub(crate) fn tsan(seconds: &str) -> Result<Outcome> {
    if seconds.parse::<u32>().is_err() {
        return fail("usage: tsan [SECONDS]");
    }
    doctor::nightly(&["rust-src"])?;
    let tests = ["ring_stress", "telemetry_threads"].into_iter().flat_map(|test| ["--test", test]);
    let host = host()?;
    let command: Cmd =
        cmd("cargo", ["+nightly", "test", "-Zbuild-std", "--target", &host, "-p", "streamgauge"]);
    let output = command
        .args(tests)
        .env("RUSTFLAGS", "-Zsanitizer=thread")
        .env("STREAMGAUGE_STRESS_SECONDS", seconds)
        .env("CARGO_TARGET_DIR", shell::target().join("tsan"))
        .run()?;
    if output.contains("WARNING: ThreadSanitizer") {
        return Err(shell::Failure { message: "a data race".into(), output });
    }
    Ok(Outcome::of(&output))
}

fn host() -> Result<String> {
    let version = cmd("rustc", ["-vV"]).stdout()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc names no host".into())
}
