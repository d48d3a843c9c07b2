//! The viewer in `examples/viewer`: types, bundle and sizes, a smoke test in Chromium.

use std::path::{Path, PathBuf};

use crate::shell::{self, Result, cmd};
use crate::stages::Outcome;
use crate::{js, stamp};

/// The command that serves the page.
pub(crate) const SERVE: &str = "npm --prefix examples/viewer run preview";

/// prettier; types are checked by the build.
pub(crate) fn lint() -> Result<Outcome> {
    let prettier = js::tool("prettier")?;
    cmd(prettier, ["--check", "--log-level=warn", "."]).dir(folder()).run()?;
    Ok(Outcome::default())
}

/// The page that can be served from anywhere; gives its folder.
pub(crate) fn page() -> Result<PathBuf> {
    let (folder, package) = (folder(), shell::root().join("bindings-js"));
    js::build()?;
    let parts = |root: &Path, names: &[&str]| names.iter().map(|name| root.join(name)).collect::<Vec<_>>();
    let package = parts(&package, &["dist", "package.json"]);
    let manifest = parts(&folder, &["package.json", "package-lock.json", ".npmrc"]);
    let installed = folder.join("node_modules/.package-lock.json");
    stamp::once("viewer-npm", &[package.clone(), manifest].concat(), &[installed], || {
        cmd("npm", ["ci", "--no-audit", "--no-fund"]).dir(&folder).run().map(drop)
    })?;
    let sources = parts(&folder, &["src", "index.html", "package.json", "tsconfig.json", "vite.config.js"]);
    let samples = shell::root().join("tests/data/runs_real");
    let dist = folder.join("dist");
    let inputs = [package, sources, vec![samples]].concat();
    stamp::once("viewer-page", &inputs, &[dist.join("index.html")], || {
        cmd("npm", ["run", "build"]).dir(&folder).run().map(drop)
    })?;
    Ok(dist)
}

/// The page in headless Chromium: what it shows is what the package computes.
pub(crate) fn test() -> Result<Outcome> {
    let dist = page()?;
    Ok(js::node_test(&folder(), "tests/smoke.test.mjs")?.note(sizes(&dist)?))
}

/// What the page is made of, in kilobytes (1000) after gzip -9.
fn sizes(dist: &Path) -> Result<String> {
    let mut kinds = [("js", 0.0), ("css", 0.0), ("wasm", 0.0)];
    for file in std::fs::read_dir(dist.join("assets"))? {
        let file = file?.path();
        for (kind, kb) in &mut kinds {
            if file.extension().is_some_and(|extension| extension == *kind) {
                *kb += js::gzip_kb(&file)?;
            }
        }
    }
    let [(_, js), (_, css), (_, wasm)] = kinds;
    Ok(format!("viewer: {js:.1} kB of JavaScript, {css:.1} kB of CSS, {wasm:.1} kB of wasm, gzip"))
}

fn folder() -> PathBuf {
    shell::root().join("examples/viewer")
}
