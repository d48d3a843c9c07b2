//! A wasm module of the npm package: compiled, bound to JavaScript, optimised.

use std::path::{Path, PathBuf};

use crate::gen_files::codegen;
use crate::shell::{self, Result, cargo, cmd, fail};
use crate::{doctor, stamp};

/// Builds the module `name` of `package`, with one feature and the core at `opt_level`, and gives the path of
/// its wasm.
pub(crate) fn build(package: &Path, name: &str, feature: &str, opt_level: &str) -> Result<PathBuf> {
    let triple = "wasm32-unknown-unknown";
    let out = package.join("dist/wasm").join(name);
    let wasm = out.join("streamgauge_bg.wasm");
    let inputs = [
        "Cargo.lock",
        "Cargo.toml",
        "rust-toolchain.toml",
        "core/Cargo.toml",
        "core/src",
        "bindings-js/Cargo.toml",
        "bindings-js/rust",
        "xtask/src/bin",
        "xtask/src/wasm.rs",
    ];
    let inputs = inputs.map(|path| shell::root().join(path));
    stamp::once(&format!("js-wasm-{name}"), &inputs, std::slice::from_ref(&wasm), || {
        doctor::rust_source()?;
        let built = shell::target().join(triple).join("wasm");
        let compiled = built.join("streamgauge_js.wasm");
        // The modules share all that is built but the last step, whose file has one name for all.
        for old in [&compiled, &built.join("deps/streamgauge_js.wasm")] {
            let _ = std::fs::remove_file(old);
        }
        // The standard library is compiled for size and without panic messages, a quarter of the module:
        // a panic in wasm is a trap either way. Stable rustc has the options behind this variable.
        cargo(["build", "-p", "streamgauge-js", "--target", triple, "--profile", "wasm"])
            .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
            .args(["--no-default-features", "--features", feature, "--config"])
            .args([format!("profile.wasm.package.streamgauge.opt-level={opt_level}")])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Zunstable-options -Cpanic=immediate-abort")
            .run()?;
        codegen(&["wasm".as_ref(), &compiled, &out, "streamgauge".as_ref()])?;
        cmd("npx", ["--no-install", "wasm-opt", "-Oz"])
            .args([&wasm, Path::new("-o"), &wasm])
            .dir(package)
            .run()?;
        let imports = "const m = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));\
                       console.log(WebAssembly.Module.imports(m).map((i) => i.module).join('\\n'))";
        let imports = cmd("node", ["-e", imports]).args([&wasm]).stdout()?;
        match imports.lines().find(|from| *from != "./streamgauge_bg.js") {
            Some(from) => fail(format!("{} imports from {from:?}", wasm.display())),
            None => Ok(()),
        }
    })?;
    Ok(wasm)
}
