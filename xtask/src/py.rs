//! The Python package: a virtual environment under `target/`, ruff, mypy, stubtest, pytest.

use std::path::{Path, PathBuf};

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

/// The virtual environment's `bin` with the package in it, made from a release wheel.
pub(crate) fn package() -> Result<PathBuf> {
    let bin = venv()?;
    let python = bin.join("python");
    let source = shell::root().join("bindings-py");
    let inputs: Vec<PathBuf> = ["Cargo.toml", "Cargo.lock", "core/Cargo.toml", "core/src"]
        .iter()
        .map(|part| shell::root().join(part))
        .chain(["Cargo.toml", "pyproject.toml", "README.md", "src", "python"].map(|part| source.join(part)))
        .collect();
    let installed = bin.join("streamgauge");
    // Its own folder: another wheel lying there would be installed as well.
    let wheels = shell::work().join("wheels");
    stamp::once("python-package", &inputs, &[installed], || {
        let _ = std::fs::remove_dir_all(&wheels);
        cmd(&python, ["-m", "maturin", "build", "--release", "-q", "-i"])
            .args([&python])
            .args([Path::new("--out"), &wheels])
            .args([Path::new("-m"), &source.join("Cargo.toml")])
            .run()?;
        let wheel = std::fs::read_dir(&wheels)?.next().transpose()?.map(|wheel| wheel.path());
        let Some(wheel) = wheel else { return shell::fail("maturin made no wheel") };
        cmd(&python, ["-m", "pip", "install", "-q", "--no-deps", "--force-reinstall"])
            .args([&wheel])
            .run()
            .map(drop)
    })?;
    Ok(bin)
}

/// Format and lint.
pub(crate) fn lint() -> Result<Outcome> {
    let ruff = venv()?.join("ruff");
    let what = ["--config", "bindings-py/pyproject.toml", "-q", "bindings-py", "examples/fleet"];
    cmd(&ruff, ["format", "--check"]).args(what).run()?;
    cmd(&ruff, ["check"]).args(what).run()?;
    Ok(Outcome::default())
}

/// pytest over the installed package, its stubs against the module, its types.
pub(crate) fn test() -> Result<Outcome> {
    let python = package()?.join("python");
    let here = shell::root().join("bindings-py");
    let in_package = |args: &[&str]| cmd(&python, args).dir(&here).run();
    let outcome = Outcome::of(&in_package(&["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"])?);
    let stubs =
        ["_native", "_audience", "_live", "_series", "_webrtc"].map(|name| format!("streamgauge.{name}"));
    cmd(&python, ["-m", "mypy.stubtest"]).args(&stubs).dir(&here).run()?;
    in_package(&["-m", "mypy"])?;
    Ok(outcome)
}
