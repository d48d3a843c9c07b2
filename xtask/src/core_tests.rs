//! The core's own tests: natively in both feature sets, on wasm32, and its documentation.

use crate::doctor;
use crate::shell::{self, Cmd, Result, cargo, fail};
use crate::stages::Outcome;

/// Integration tests that need neither threads nor the feature `fs`.
const WASM_TESTS: [&str; 4] = ["ledger_properties", "rtp_captures", "rtp_properties", "webrtc_recordings"];

/// Unit, integration and documentation tests, of xtask too.
pub(crate) fn native() -> Result<Outcome> {
    let core = repeatable(cargo(["test", "-p", "streamgauge"])).run()?;
    let tasks = cargo(["test", "-p", "xtask"]).run()?;
    Ok(Outcome::of(&core).and(Outcome::of(&tasks)))
}

/// The unit tests without features but gzip, which they use: a feature adds, none changes an answer.
pub(crate) fn no_features() -> Result<Outcome> {
    let command =
        cargo(["test", "-p", "streamgauge", "--no-default-features", "--features", "gzip", "--lib"]);
    Ok(Outcome::of(&repeatable(command).run()?))
}

/// The same tests compiled for wasm32 and run by Node's WASI: floats agree with native in bits.
pub(crate) fn wasm() -> Result<Outcome> {
    doctor::rust_target("wasm32-wasip1")?;
    let runner = shell::root().join("xtask/src/wasi_runner.mjs");
    let features = ["--no-default-features", "--features", "serde,gzip,pcap,dumps"];
    let output = repeatable(cargo(["test", "-p", "streamgauge"]).args(features))
        .args(["--target", "wasm32-wasip1", "--lib"])
        .args(WASM_TESTS.iter().flat_map(|test| ["--test", test]))
        .env("CARGO_TARGET_WASM32_WASIP1_RUNNER", format!("node --no-warnings {}", runner.display()))
        .env("STREAMGAUGE_ROOT", shell::root())
        .run()?;
    Ok(Outcome::of(&output))
}

/// The property tests draw the same cases each time, so that what passes here passes elsewhere.
/// `PROPTEST_RNG_SEED` set by the caller draws others.
fn repeatable(command: Cmd) -> Cmd {
    const SEED: &str = "PROPTEST_RNG_SEED";
    match std::env::var_os(SEED) {
        Some(_) => command,
        None => command.env(SEED, "1"),
    }
}

/// The documentation builds without a warning.
pub(crate) fn doc() -> Result<Outcome> {
    cargo(["doc", "--workspace", "--no-deps", "--exclude", "xtask"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    Ok(Outcome::default())
}

/// The property tests of what counts, `cases` of each, drawn anew in every run; in a release build
/// of its own.
pub(crate) fn properties(cases: &str) -> Result<()> {
    if cases.parse::<u32>().is_err() {
        return fail("usage: properties [CASES]");
    }
    let tests = ["ledger_properties", "rtp_properties", "telemetry_properties"];
    cargo(["test", "--release", "-p", "streamgauge"])
        .args(tests.into_iter().flat_map(|test| ["--test", test]))
        .env("STREAMGAUGE_PROPERTY_CASES", cases)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_TARGET_DIR", shell::target().join("properties"))
        .show()
}
