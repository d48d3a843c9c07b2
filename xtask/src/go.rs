//! The Go modules over the installed C library: gofmt, vet, tests with the race detector.

use crate::shell::{self, Cmd, Failure, Result, cmd, fail};
use crate::stages::Outcome;
use crate::{c, doctor, stamp};

/// The module, and those on it.
const MODULES: [&str; 5] = [
    "bindings-c/go",
    "bindings-c/go/livekit",
    "bindings-c/go/pion",
    "bindings-c/go/prom",
    "examples/ring-go",
];

/// A program whose test needs a browser.
const SFU: &str = "examples/pion-sfu";

/// gofmt and go vet.
pub(crate) fn lint() -> Result<Outcome> {
    let unformatted = cmd("gofmt", ["-l", "tests/oracle", "tests/bench", SFU]).args(MODULES).stdout()?;
    if !unformatted.trim().is_empty() {
        return fail(format!(
            "run gofmt -w on: {}",
            unformatted.split_whitespace().collect::<Vec<_>>().join(" ")
        ));
    }
    for module in MODULES.into_iter().chain([SFU]) {
        go(&["vet", "./..."])?.dir(shell::root().join(module)).run()?;
    }
    Ok(Outcome::default())
}

/// The tests, against the shared and the static library, with the race detector and cgo's pointer checks.
pub(crate) fn test() -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for module in MODULES {
        outcome = outcome.and(tests(module, "shared", "")?);
    }
    Ok(outcome.and(tests(MODULES[0], "static", "streamgauge_static")?))
}

/// What Chromium sends to an SFU is what the SFU counts.
pub(crate) fn sfu() -> Result<Outcome> {
    tests(SFU, "shared", "")
}

fn tests(module: &str, linking: &str, tags: &str) -> Result<Outcome> {
    let lib = c::prefix()?.join("lib");
    let of = shell::root().join(module);
    let name = format!("{}-{linking}", module.rsplit('/').next().unwrap_or(module));
    // Compiled only when something changed: `go test` cannot see a new library behind cgo.
    let binary = shell::work().join(format!("go-tests-{name}"));
    let wrappers = shell::root().join(MODULES[0]);
    let inputs = [of.clone(), wrappers, lib.join("libstreamgauge.a"), lib.join("pkgconfig")];
    stamp::once(&format!("go-{name}"), &inputs, std::slice::from_ref(&binary), || {
        let path = binary.to_string_lossy();
        go(&["test", "-c", "-race", "-tags", tags, "-o", &path, "."])?.dir(&of).run().map(drop)
    })?;
    let mut test = cmd(&binary, ["-test.v", "-test.count=1"])
        .dir(&of)
        .env("LD_LIBRARY_PATH", &lib)
        .env("DYLD_LIBRARY_PATH", &lib)
        .env("STREAMGAUGE_ROOT", shell::root());
    if let Some(browser) = doctor::chromium() {
        test = test.env("CHROMIUM", browser);
    }
    let output = test.run()?;
    let passed = output.lines().filter(|l| l.trim_start().starts_with("--- PASS")).count() as u64;
    if passed == 0 {
        return Err(Failure { message: "no Go test ran".to_string(), output });
    }
    let outcome = Outcome { passed, ..Outcome::default() };
    Ok(outcome.note(format!("go: {passed} passed, 0 failed ({module}, {linking}, race detector)")))
}

/// The module's benchmarks on the release library; `args` are those of `go test`.
pub(crate) fn bench(args: &[&str]) -> Result<()> {
    let lib = c::prefix()?.join("lib");
    let args = if args.is_empty() { &["-bench=."] } else { args };
    go(&["test", "-run=^$", "-count=1"])?
        .args(args)
        .env("LD_LIBRARY_PATH", &lib)
        .env("DYLD_LIBRARY_PATH", &lib)
        .show()
}

/// The module against what Go servers use, as tables. Needs LiveKit's packages, so `make test` has
/// nothing of it.
pub(crate) fn bench_peers(args: &[&str]) -> Result<String> {
    let program = shell::work().join("bench-peers");
    let path = program.to_string_lossy();
    let build = ["build", "-tags", "streamgauge_static", "-o", &path, "."];
    go(&build)?.dir(shell::root().join("tests/bench/peers")).run()?;
    let text = cmd(&program, args).stdout()?;
    println!("{text}");
    Ok(text)
}

/// `go` in the module's folder, finding the C library.
fn go(args: &[&str]) -> Result<Cmd> {
    let prefix = c::prefix()?;
    Ok(cmd("go", args)
        .dir(shell::root().join("bindings-c/go"))
        .env("CGO_ENABLED", "1")
        .env("PKG_CONFIG_PATH", c::pkg_config_path(&prefix)))
}
