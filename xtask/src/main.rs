//! The one task program: `cargo xtask help` lists the tasks, the Makefile is its index.

mod bench;
mod c;
mod concurrency;
mod core_tests;
mod demo;
mod doctor;
mod examples;
mod fuzz;
mod gen_files;
mod go;
mod js;
mod lint;
mod mutants;
mod oracle;
mod py;
mod shell;
mod stages;
mod stamp;
mod viewer;
mod wasm;

use std::process::ExitCode;

use doctor::{CC, CHROMIUM, CJSON, FFMPEG, GO, NODE, PKG_CONFIG, PYTHON, VALGRIND};
use shell::{Result, fail};
use stages::{Outcome, Stage};

const HELP: &str = "\
tasks (make TASK, or cargo xtask TASK):
  check                     format, lints, core unit tests: the loop while editing
  test [WHAT]               everything, or one of rust, c, go, py, js, viewer
  gen [--check]             write (or compare) the header, symbols, layout and version files
  bench [WHAT [ARGS]]       ratios against what else there is, or one table; target/bench/report.md
  oracle [WHICH]            the peers asked again: scripts, tshark, livekit [--update]
  demo                      reports on the sample runs; target/demo/
  fuzz [TARGET [SECONDS]]   one fuzz target, or each for a minute (nightly)
  miri                      the unsafe code of the C library and the ring under Miri (nightly)
  loom [PREEMPTIONS]        interleavings of a few operations on ring and tracks, 3 preemptions
  tsan [SECONDS]            64 threads on the ring, 10,000 tracks, under ThreadSanitizer (nightly)
  properties [CASES]        the property tests of ledger, rtp, telemetry with a million cases each
  mutants                   wrong changes of ledger and receiver, each of which must fail a test
  soak                      the example relay for a minute with three curls
  install [PREFIX]          the C library, header, pkg-config and CMake files
  ci                        what CI runs: test, where a missing tool is a failure
  clean                     remove everything built
  doctor                    what this machine lacks and how to get it
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match task(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.output.trim().is_empty() {
                eprintln!("{}", failure.output.trim_end());
            }
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn task(args: &[&str]) -> Result<()> {
    match args {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["check"] => stages::run(&[RUSTFMT, SIZES, CLIPPY, CORE]),
        ["test"] | ["ci"] => test(None),
        ["test", lang] => test(Some(lang)),
        ["gen"] => gen_files::run(false).map(drop),
        ["gen", "--check"] => gen_files::run(true).map(drop),
        ["bench", rest @ ..] => bench::run(rest),
        ["oracle", rest @ ..] => oracle::run(rest),
        ["demo"] => demo::run(),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["miri"] => one("miri", concurrency::miri),
        ["loom"] => one("loom", || concurrency::loom("3")),
        ["loom", preemptions] => concurrency::loom(preemptions).map(say),
        ["tsan"] => one("tsan", || concurrency::tsan("10")),
        ["tsan", seconds] => concurrency::tsan(seconds).map(say),
        ["properties"] => core_tests::properties("1000000"),
        ["properties", cases] => core_tests::properties(cases),
        ["mutants"] => mutants::run().map(drop),
        ["soak"] => stages::run(&[Stage { name: "relay", needs: &[FFMPEG], run: examples::relay_minute }]),
        ["install"] => c::install("/usr/local".as_ref()),
        ["install", prefix] => c::install(prefix.as_ref()),
        ["clean"] => shell::cargo(["clean"]).show(),
        ["doctor"] => {
            doctor::provide()?;
            doctor::report()
        }
        _ => fail(format!("no task {:?}; these exist:\n{HELP}", args.join(" "))),
    }
}

fn say(outcome: Outcome) {
    outcome.lines.iter().for_each(|line| println!("{line}"));
}

fn one(name: &'static str, run: fn() -> Result<Outcome>) -> Result<()> {
    stages::run(&[Stage { name, needs: &[], run }])
}

const RUSTFMT: Stage = Stage { name: "rustfmt", needs: &[], run: lint::rustfmt };
const SIZES: Stage = Stage { name: "file sizes", needs: &[], run: lint::sizes };
const CLIPPY: Stage = Stage { name: "clippy", needs: &[], run: lint::clippy };
const CORE: Stage = Stage { name: "core tests", needs: &[], run: core_tests::native };

/// The stages of `lang`, of every language when `None`.
fn test(lang: Option<&str>) -> Result<()> {
    let rust = || {
        vec![
            CORE,
            Stage { name: "core tests, no features", needs: &[], run: core_tests::no_features },
            Stage { name: "core tests, wasm32", needs: &[NODE], run: core_tests::wasm },
            Stage { name: "loom", needs: &[], run: || concurrency::loom("3") },
            Stage { name: "documentation", needs: &[], run: core_tests::doc },
            Stage { name: "oracles", needs: &[PYTHON], run: oracle::exact },
        ]
    };
    let c = || {
        vec![
            Stage { name: "C header, symbols, layout", needs: &[CC], run: gen_files::check },
            Stage { name: "C tests", needs: &[CC, PKG_CONFIG, CJSON], run: c::test },
            Stage { name: "C tests, valgrind", needs: &[CC, PKG_CONFIG, CJSON, VALGRIND], run: c::valgrind },
            Stage { name: "C tests, sanitizers", needs: &[CC, PKG_CONFIG, CJSON], run: c::sanitizers },
        ]
    };
    let go = || {
        vec![
            Stage { name: "Go tests", needs: &[CC, PKG_CONFIG, GO], run: go::test },
            Stage { name: "Go SFU against Chromium", needs: &[CC, PKG_CONFIG, GO, CHROMIUM], run: go::sfu },
        ]
    };
    let py = || vec![Stage { name: "Python tests", needs: &[PYTHON, CC], run: py::test }];
    let js = || {
        vec![
            Stage { name: "JavaScript build, sizes", needs: &[NODE], run: js::build },
            Stage { name: "JavaScript tests, Node", needs: &[NODE], run: js::test_node },
            Stage { name: "JavaScript tests, Chromium", needs: &[NODE, CHROMIUM], run: js::test_browser },
        ]
    };
    let viewer =
        || vec![Stage { name: "example viewer, Chromium", needs: &[NODE, CHROMIUM], run: viewer::test }];
    let relay = || vec![Stage { name: "example relay", needs: &[FFMPEG], run: examples::relay }];
    let lint = || {
        vec![
            RUSTFMT,
            SIZES,
            CLIPPY,
            Stage { name: "gofmt, go vet", needs: &[GO, CC, PKG_CONFIG], run: go::lint },
            Stage { name: "ruff", needs: &[PYTHON], run: py::lint },
            Stage { name: "prettier, tsc", needs: &[NODE], run: js::lint },
            Stage { name: "prettier, viewer", needs: &[NODE], run: viewer::lint },
        ]
    };
    let stages = match lang {
        None => [lint(), rust(), c(), go(), py(), js(), relay(), viewer()].into_iter().flatten().collect(),
        Some("rust") => [rust(), relay()].into_iter().flatten().collect(),
        Some("c") => c(),
        Some("go") => go(),
        Some("py") => py(),
        Some("js") => [js(), viewer()].into_iter().flatten().collect(),
        Some("viewer") => viewer(),
        Some(other) => return fail(format!("no tests {other:?}: rust, c, go, py, js or viewer")),
    };
    doctor::provide()?;
    stages::run(&stages)
}
