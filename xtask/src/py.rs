//! The Python package: a virtual environment under `target/`, ruff, pytest.

use std::path::PathBuf;

use crate::shell::{self, Result, cmd};
use crate::stages::Outcome;
use crate::stamp;

/// The virtual environment's `bin`, with everything in `requirements-dev.txt`.
pub(crate) fn venv() -> Result<PathBuf> {
    let dir = shell::target().join("venv");
    let requirements = shell::root().join("bindings-py/requirements-dev.txt");
    stamp::once("venv", std::slice::from_ref(&requirements), &[dir.join("bin/python")], || {
        cmd("python3", ["-m", "venv"]).args([&dir]).run()?;
        cmd(dir.join("bin/python"), ["-m", "pip", "install", "-q", "-r"])
            .args([&requirements])
            .run()
            .map(drop)
    })?;
    Ok(dir.join("bin"))
}

/// Format and lint.
pub(crate) fn lint() -> Result<Outcome> {
    let ruff = venv()?.join("ruff");
    cmd(&ruff, ["format", "--check", "-q", "bindings-py"]).run()?;
    cmd(&ruff, ["check", "-q", "bindings-py"]).run()?;
    Ok(Outcome::default())
}

/// pytest over the installed package.
pub(crate) fn test() -> Result<Outcome> {
    let python = venv()?.join("python");
    Ok(Outcome::of(&cmd(python, ["-m", "pytest", "-q", "bindings-py/tests"]).run()?))
}
