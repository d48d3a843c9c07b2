//! `docs/run.md` is in step with the keys of `exact` and with the vectors that show where it differs
//! from the script. With `STREAMGAUGE_WRITE_DOCS` set, the tables are written instead.
#![cfg(all(feature = "serde", not(target_family = "wasm")))]

use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use streamgauge::run::KEYS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn keys() -> String {
    let mut table = String::from("| key | unit | formula | null when |\n|---|---|---|---|\n");
    for key in KEYS {
        writeln!(table, "| `{}` | {} | {} | {} |", key.name, key.unit, key.formula, key.null_when).unwrap();
    }
    table
}

fn differences() -> String {
    let mut files: Vec<_> =
        std::fs::read_dir(root().join("tests/vectors")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut table = String::from("| the script, and `plot_fec` | `exact` | shown by |\n|---|---|---|\n");
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let vector: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        if let (Some(script), Some(exact)) =
            (vector["difference"]["plot_fec"].as_str(), vector["difference"]["exact"].as_str())
        {
            writeln!(table, "| {script} | {exact} | `{}` |", vector["name"].as_str().unwrap()).unwrap();
        }
    }
    table
}

/// The text with the lines between `<!-- begin name -->` and `<!-- end name -->` replaced.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
    format!("{before}{begin}\n{table}\n{end}{after}")
}

#[test]
fn tables_are_in_step() {
    let path = root().join("docs/run.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let wanted = with_table(&with_table(&text, "keys", &keys()), "differences", &differences());
    if std::env::var_os("STREAMGAUGE_WRITE_DOCS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        assert!(
            text == wanted,
            "write docs/run.md again: STREAMGAUGE_WRITE_DOCS=1 cargo test --test run_docs"
        );
    }
}
