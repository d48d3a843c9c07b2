//! The two code generators, as libraries pinned in the workspace's lock file.
//!
//! `codegen header CRATE_DIR OUT` writes a C header; `codegen wasm INPUT OUT_DIR NAME` writes the
//! JavaScript glue and the wasm of a compiled wasm-bindgen crate.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["header", crate_dir, out] => header(Path::new(crate_dir), Path::new(out)),
        ["wasm", input, out_dir, name] => wasm(Path::new(input), Path::new(out_dir), name),
        _ => Err("usage: codegen header CRATE_DIR OUT | wasm INPUT OUT_DIR NAME".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("codegen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn header(crate_dir: &Path, out: &Path) -> Result<(), String> {
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml"))?;
    let bindings = cbindgen::Builder::new()
        .with_crate(crate_dir)
        .with_config(config)
        .generate()
        .map_err(|e| e.to_string())?;
    bindings.write_to_file(out);
    Ok(())
}

fn wasm(input: &Path, out_dir: &Path, name: &str) -> Result<(), String> {
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(true);
    // The default wasm path is what lets `init()` run without an argument; only the command line
    // tool turns it on by itself.
    bindgen.omit_default_module_path(false);
    bindgen.web(true).and_then(|b| b.generate(out_dir)).map_err(|e| format!("{e:#}"))
}
