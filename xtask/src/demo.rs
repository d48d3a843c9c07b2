//! The demo: reports on the committed real runs and on a simulated pair, into `target/demo/`, and the
//! viewer.

use std::path::Path;

use crate::shell::{self, Result, cmd};
use crate::{doctor, py, viewer};

/// Runs the command line tool as a user would, and says what to look at.
pub(crate) fn run() -> Result<()> {
    doctor::provide()?;
    println!("building the Python package (a few minutes the first time)");
    let streamgauge = py::package()?.join("streamgauge");
    let run = |args: &[&str]| cmd(&streamgauge, args).show();
    let demo = shell::target().join("demo");
    let at = |part: &str| demo.join(part).display().to_string();

    let real =
        ["baseline-1", "baseline-2", "fec-1", "fec-2"].map(|name| format!("tests/data/runs_real/{name}"));
    println!("\n== two real runs, without and with FlexFEC");
    run(&["report", "--run", &real[0], "--run", &real[2], "--out", &at("real")])?;
    println!("\n== all four real runs: is a difference evidence?");
    run(&["compare", "--a", &real[0], &real[1], "--b", &real[2], &real[3]])?;

    println!("\n== a simulated pair: 120 ms round trip, so that retransmission is slow");
    for profile in ["baseline", "fec"] {
        let out = at(&format!("runs/{profile}"));
        run(&["simulate", "--profile", profile, "--seed", "7", "--rtt-ms", "120", "--out", &out])?;
    }
    run(&["report", "--run", &at("runs/baseline"), "--run", &at("runs/fec"), "--out", &at("simulated")])?;

    println!("\n== the viewer: the same in a browser");
    viewer::page()?;

    println!("\nlook at:");
    for part in ["real", "simulated"] {
        for file in ["fec_report.png", "fec_report.html", "summary.json"] {
            let path = Path::new(&demo).join(part).join(file);
            if !path.is_file() {
                return shell::fail(format!("{} was not written", path.display()));
            }
            println!("  {}", path.display());
        }
    }
    println!("\nserve the viewer, and drop target/demo/runs/ on it:\n  {}", viewer::SERVE);
    Ok(())
}
