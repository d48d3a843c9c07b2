//! Benchmarks: criterion for the core.

use crate::shell::{Result, cargo};

/// `cargo bench` of the core with `args`.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    cargo(["bench", "-p", "streamgauge"]).args(args).show()
}
