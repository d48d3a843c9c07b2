//! Modules use those below them only: every `crate::` path of the sources is read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// From the bottom up; within a layer there may be no circle.
const LAYERS: [&[&str]; 6] = [
    &["error", "ids", "math", "time"],
    &["counter", "ledger"],
    &["ring", "series"],
    &["audience", "rtp", "session", "webrtc"],
    &["run", "telemetry"],
    &["export", "wire"],
];

#[test]
fn modules_use_only_what_is_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = std::fs::read_to_string(root.join("lib.rs")).unwrap();
    let exports = exports(&lib);
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(&root) {
        let module = file.strip_prefix(&root).unwrap().iter().next().unwrap();
        let module = Path::new(module).file_stem().unwrap().to_str().unwrap().to_string();
        if module == "lib" {
            continue;
        }
        assert!(layer(&module).is_some(), "module {module} has no layer: add it in {}", file!());
        let text = std::fs::read_to_string(&file).unwrap();
        for name in crate_names(&text) {
            let used = exports.get(&name).cloned().unwrap_or(name);
            let Some(below) = layer(&used) else {
                panic!("{}: crate::{used} is in no layer", file.display());
            };
            assert!(below <= layer(&module).unwrap(), "{}: {module} uses {used} above it", file.display());
            if used != module {
                uses.entry(module.clone()).or_default().insert(used);
            }
        }
    }
    assert!(!uses.is_empty(), "no use was found");
    for module in uses.keys() {
        assert!(!reaches(&uses, module, module), "{module} uses itself through another module: {uses:?}");
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn reaches(uses: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for used in uses.get(module).into_iter().flatten() {
            if used == to {
                return true;
            }
            if seen.insert(used) {
                open.push(used);
            }
        }
    }
    false
}

/// `Error` -> `error` for every `pub use error::{Error, ...}` of lib.rs.
fn exports(lib: &str) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for statement in lib.split("pub use ").skip(1) {
        let statement = statement.split(';').next().unwrap();
        let (module, items) = statement.split_once("::").unwrap();
        for item in items.split(['{', '}', ',', ' ', '\n']).filter(|item| !item.is_empty()) {
            exports.insert(item.to_string(), module.to_string());
        }
    }
    exports
}

/// The first name after each `crate::`, of each branch of a `crate::{...}`, outside comments.
fn crate_names(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => names.push(identifier(rest)),
            Some(group) => {
                let mut depth = 0;
                let mut start = true;
                for (i, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && !c.is_whitespace() => {
                            names.push(identifier(&group[i..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn groups_and_nested_paths_are_read() {
    let text = "use crate::{error::{Error, Result}, math};\n// crate::run\nuse crate::time::Micros;\nlet x = crate::Error::new();";
    assert_eq!(crate_names(text), ["error", "math", "time", "Error"]);
    assert_eq!(exports("pub use error::{Error, Result};")["Result"], "error");
}
