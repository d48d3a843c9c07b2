//! Fuzzing with cargo-fuzz on nightly: targets live in `tests/fuzz`.

use crate::doctor;
use crate::shell::{Result, cmd, fail};

/// One target for some seconds, or every target for a minute each.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    doctor::nightly(&["rust-src"])?;
    if cmd("cargo", ["fuzz", "--version"]).run().is_err() {
        cmd("cargo", ["install", "cargo-fuzz", "--locked"]).show()?;
    }
    cmd("python3", ["tests/fuzz/seeds.py", "tests/fuzz/corpus"]).run()?;
    let fuzz = |target: &str, seconds: &str| {
        cmd("cargo", ["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz", target, "--"])
            .args([format!("-max_total_time={seconds}")])
            .show()
    };
    match args {
        [] => {
            let targets = cmd("cargo", ["+nightly", "fuzz", "list", "--fuzz-dir", "tests/fuzz"]).stdout()?;
            targets.split_whitespace().try_for_each(|target| fuzz(target, "60"))
        }
        [target] => fuzz(target, "60"),
        [target, seconds] if seconds.parse::<u32>().is_ok() => fuzz(target, seconds),
        _ => fail("usage: fuzz [TARGET [SECONDS]]"),
    }
}
