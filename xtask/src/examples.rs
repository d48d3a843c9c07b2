//! The examples that are packages of their own.

use crate::shell::{self, Cmd, Result, cargo};
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

fn relay_cargo<const N: usize>(args: [&str; N]) -> Cmd {
    cargo(args)
        .dir(shell::root().join("examples/relay"))
        .env("CARGO_TARGET_DIR", shell::target().join("relay"))
}
