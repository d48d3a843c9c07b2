//! The oracles: scripts that share no code with the core, asked again.

use crate::shell::{Result, cmd, root};
use crate::stages::Outcome;

/// What `tests/oracle/exact.py` computes is what is committed beside the runs.
pub(crate) fn exact() -> Result<Outcome> {
    let data = root().join("tests/data");
    let parents = ["runs", "runs_real", "odd"].map(|name| data.join(name));
    cmd("python3", [root().join("tests/oracle/exact.py")]).args(["--check"]).args(parents).run()?;
    Ok(Outcome::default())
}
