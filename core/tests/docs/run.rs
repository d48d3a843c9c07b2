//! The keys of `exact`, and the vectors that show where it differs from the script.

use crate::root;
use serde_json::Value;
use std::fmt::Write;
use streamgauge::run::KEYS;

pub(crate) fn tables() -> [(&'static str, String); 2] {
    [("keys", keys()), ("differences", differences())]
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
