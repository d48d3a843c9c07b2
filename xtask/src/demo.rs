//! The demo: reports on the committed sample runs into `target/demo/`.

use crate::shell::{Result, cmd};
use crate::{doctor, py};

/// Runs the command line tool on the sample runs.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    doctor::provide()?;
    let streamgauge = py::venv()?.join("streamgauge");
    cmd(streamgauge, ["report", "--out", "target/demo"]).args(args).show()
}
