//! Benchmarks: criterion for the core, then everything side by side on one directory.

use std::path::PathBuf;

use crate::shell::{self, Result, cargo, cmd};
use crate::{c, go, py};

/// Criterion for the core, and the comparison with the script, pandas and polars, which writes
/// `target/bench/report.md`. `core ARGS` and `compare ARGS` run one of the two, `go ARGS` those of the
/// Go module, `c` what recording costs through the C library.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    match args {
        ["core", args @ ..] => core(args),
        ["compare", args @ ..] => compare(args),
        ["c"] => c::bench(),
        ["go", args @ ..] => go::bench(args),
        args => {
            core(&[])?;
            compare(args)
        }
    }
}

fn core(args: &[&str]) -> Result<()> {
    let filter = if args.is_empty() { &["--noplot"] } else { args };
    cargo(["bench", "-p", "streamgauge", "--bench", "run", "--"]).args(filter).show()
}

fn compare(args: &[&str]) -> Result<()> {
    let rust = program("directory")?;
    let python = py::package()?.join("python");
    let out = shell::target().join("bench");
    std::fs::create_dir_all(&out)?;
    cmd(&python, [shell::root().join("tests/bench/compare.py")])
        .args(["--rust".as_ref(), rust.as_os_str(), "--out".as_ref(), out.join("report.md").as_os_str()])
        .args(args)
        .show()
}

/// Builds a benchmark of the core and gives the program's path.
fn program(name: &str) -> Result<PathBuf> {
    let messages =
        cargo(["bench", "-q", "-p", "streamgauge", "--no-run", "--message-format=json", "--bench"])
            .args([name])
            .stdout()?;
    let path = messages.lines().rev().find_map(|line| {
        let (_, path) = line.split_once("\"executable\":\"")?;
        Some(PathBuf::from(path.split_once('"')?.0))
    });
    path.ok_or_else(|| format!("cargo did not say where it put the benchmark {name}").into())
}
