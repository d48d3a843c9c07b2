//! Conformance: the same cases in every language, run by the tests of `tests/harness`.

use crate::shell::{Result, cargo, fail, root};

/// Runs the harness with `args`.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let harness = root().join("tests/harness");
    if !harness.join("Cargo.toml").exists() {
        return fail("there is no tests/harness yet");
    }
    cargo(["run", "-q", "--manifest-path"]).args([harness.join("Cargo.toml")]).args(["--"]).args(args).show()
}
