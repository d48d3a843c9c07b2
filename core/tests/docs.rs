//! The tables of `docs/` are in step with the core. With `STREAMGAUGE_WRITE_DOCS` set, they are written
//! instead.
#![cfg(all(feature = "serde", not(target_family = "wasm")))]

mod docs {
    pub(crate) mod run;
    pub(crate) mod webrtc;
}

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text with the lines between `<!-- begin name -->` and `<!-- end name -->` replaced.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end}"));
    format!("{before}{begin}\n{table}\n{end}{after}")
}

fn check(page: &str, tables: &[(&str, String)]) {
    let path = root().join("docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let wanted = tables.iter().fold(text.clone(), |text, (name, table)| with_table(&text, name, table));
    if std::env::var_os("STREAMGAUGE_WRITE_DOCS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        assert!(
            text == wanted,
            "write docs/{page} again: STREAMGAUGE_WRITE_DOCS=1 cargo test -p streamgauge --test docs"
        );
    }
}

#[test]
fn run_is_in_step() {
    check("run.md", &docs::run::tables());
}

#[test]
fn webrtc_is_in_step() {
    check("webrtc.md", &docs::webrtc::tables());
}
