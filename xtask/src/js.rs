//! The npm package: its wasm modules and their sizes, the TypeScript facade, tests of the packed
//! tarball in Node and in Chromium.

use std::path::{Path, PathBuf};

use crate::shell::{self, Cmd, Result, cmd, fail};
use crate::stages::Outcome;
use crate::{doctor, stamp, wasm};

/// A wasm module: the Cargo feature of its name, and how many kilobytes (1000) it may have after gzip -9: a
/// ceiling over what it has now, so that growth is noticed, beside the budget of the design.
struct Module {
    name: &'static str,
    feature: &'static str,
    /// Of the core, as TOML has it: for size, but where a page waits for every call for speed, a tenth larger.
    opt_level: &'static str,
    limit_kb: f64,
    budget: &'static str,
}

const MODULES: [Module; 5] = [
    Module { name: "full", feature: "full", opt_level: "'z'", limit_kb: 135.0, budget: "150, goal 120" },
    Module { name: "slim", feature: "runs", opt_level: "'z'", limit_kb: 93.0, budget: "60, goal 45" },
    // Together with `full` it would be 190 kB.
    Module { name: "live", feature: "live", opt_level: "'z'", limit_kb: 98.0, budget: "150, goal 120" },
    Module { name: "webrtc", feature: "webrtc", opt_level: "3", limit_kb: 108.0, budget: "150, goal 120" },
    Module { name: "series", feature: "series", opt_level: "'z'", limit_kb: 88.0, budget: "150, goal 120" },
];

/// prettier; types are checked by the build.
pub(crate) fn lint() -> Result<Outcome> {
    npm()?;
    cmd("npx", ["--no-install", "prettier", "--check", "--log-level=warn", "."]).dir(package()).run()?;
    Ok(Outcome::default())
}

/// All modules, the facade, the tarball, and a project that has it installed.
pub(crate) fn build() -> Result<Outcome> {
    npm()?;
    version_agrees()?;
    let mut outcome = Outcome::default();
    for module in &MODULES {
        outcome = outcome.note(self::module(module)?);
    }
    let (package, dist) = (package(), package().join("dist"));
    let sources = ["src", "tsconfig.json", "package-lock.json"].map(|p| package.join(p));
    let wasm_types = MODULES.map(|m| dist.join("wasm").join(m.name));
    let inputs = [sources.as_slice(), &wasm_types].concat();
    stamp::once("js-tsc", &inputs, &[dist.join("index.js")], || {
        for old in std::fs::read_dir(&dist)? {
            let old = old?.path();
            if old.is_file() {
                std::fs::remove_file(old)?;
            }
        }
        cmd("npx", ["--no-install", "tsc", "--project", "."]).dir(&package).run().map(drop)
    })?;
    consumer()?;
    Ok(outcome)
}

/// The tests in Node, and the types as a strict consumer sees them.
pub(crate) fn test_node() -> Result<Outcome> {
    let dir = consumer()?;
    cmd(package().join("node_modules/.bin/tsc"), ["--project", "."]).dir(&dir).run()?;
    let tests = ["node.test.mjs", "vectors.test.mjs", "memory.test.mjs"];
    tests.iter().try_fold(Outcome::default(), |all, test| Ok(all.and(node_test(&dir, test)?)))
}

/// The same tests in headless Chromium, and the package with Vite and in plain pages.
pub(crate) fn test_browser() -> Result<Outcome> {
    let dir = consumer()?;
    let tests = ["browser.test.mjs", "packaging.test.mjs", "summaries.test.mjs", "webrtc_call.test.mjs"];
    tests.iter().try_fold(Outcome::default(), |all, test| Ok(all.and(node_test(&dir, test)?)))
}

/// A large run in a page's worker and a large report in a monitor against plain JavaScript, and what a first
/// load costs.
pub(crate) fn bench() -> Result<String> {
    build()?;
    let mut tables = String::new();
    for script in ["bench.mjs", "bench_monitor.mjs"] {
        tables += &node(&consumer()?, &[script]).stdout()?;
    }
    println!("{tables}");
    Ok(tables)
}

/// Runs a file of tests in Node.
pub(crate) fn node_test(dir: &Path, file: &str) -> Result<Outcome> {
    let output = node(dir, &["--test", "--test-reporter=tap", file]).run()?;
    let outcome = Outcome::of(&output);
    if outcome.passed == 0 {
        return Err(shell::Failure { message: format!("{file} ran no test"), output });
    }
    Ok(outcome)
}

/// Node in `dir` with the development tools and the browser at hand.
fn node(dir: &Path, args: &[&str]) -> Cmd {
    let node = cmd("node", args)
        .dir(dir)
        .env("STREAMGAUGE_ROOT", shell::root())
        .env("STREAMGAUGE_JS_TOOLS", package().join("node_modules"));
    match doctor::chromium() {
        Some(chromium) => node.env("CHROMIUM", chromium),
        None => node,
    }
}

/// A program among the development tools.
pub(crate) fn tool(name: &str) -> Result<PathBuf> {
    npm()?;
    Ok(package().join("node_modules/.bin").join(name))
}

/// The development tools of `package-lock.json`.
fn npm() -> Result<()> {
    let lock = package().join("package-lock.json");
    let modules = package().join("node_modules/.package-lock.json");
    stamp::once("npm", &[lock, package().join("package.json")], &[modules], || {
        cmd("npm", ["ci", "--no-audit", "--no-fund"]).dir(package()).run().map(drop)
    })
}

/// Builds and weighs one module; gives the line about its size.
fn module(module: &Module) -> Result<String> {
    let Module { name, feature, opt_level, limit_kb, budget } = module;
    let wasm = wasm::build(&package(), name, feature, opt_level)?;
    let kb = gzip_kb(&wasm)?;
    let raw_kb = std::fs::metadata(&wasm)?.len() as f64 / 1e3;
    let line =
        format!("{name} wasm: {kb:.1} kB gzip, {raw_kb:.0} kB raw (limit {limit_kb}; budget {budget})");
    if kb > *limit_kb { fail(line) } else { Ok(line) }
}

/// What a file has after gzip -9, in kilobytes (1000).
pub(crate) fn gzip_kb(file: &Path) -> Result<f64> {
    let script = "const z = require('zlib').gzipSync(require('fs').readFileSync(process.argv[1]), {level: 9});\
                  console.log(z.length)";
    let bytes = cmd("node", ["-e", script]).args([file]).stdout()?;
    Ok(bytes.trim().parse::<f64>().unwrap_or(f64::MAX) / 1e3)
}

/// A project that has the packed tarball installed, with the tests in it.
fn consumer() -> Result<PathBuf> {
    let dir = shell::work().join("js/consumer");
    let package = package();
    let tarball = shell::work().join(format!("js/streamgauge-{}.tgz", env!("CARGO_PKG_VERSION")));
    // `stamp` skips folders named dist, except when they are named themselves.
    let inputs = ["dist", "tests", "package.json", "README.md"].map(|p| package.join(p));
    stamp::once("js-consumer", &inputs, &[tarball.clone(), dir.join("node_modules")], || {
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        shell::write(&dir.join("package.json"), "{\"type\": \"module\", \"private\": true}\n")?;
        let to = tarball.parent().unwrap_or(&dir);
        cmd("npm", ["pack", "--pack-destination"]).args([to]).dir(&package).run()?;
        cmd("npm", ["install", "--offline", "--no-audit", "--no-fund"]).args([&tarball]).dir(&dir).run()?;
        for test in std::fs::read_dir(package.join("tests"))? {
            let test = test?;
            std::fs::copy(test.path(), dir.join(test.file_name()))?;
        }
        Ok(())
    })?;
    Ok(dir)
}

fn version_agrees() -> Result<()> {
    let line = format!("\"version\": \"{}\",", env!("CARGO_PKG_VERSION"));
    match shell::read(&package().join("package.json"))?.contains(&line) {
        true => Ok(()),
        false => {
            fail(format!("bindings-js/package.json has another version than {}", env!("CARGO_PKG_VERSION")))
        }
    }
}

fn package() -> PathBuf {
    shell::root().join("bindings-js")
}
