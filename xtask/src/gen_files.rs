//! Generated and committed files: the C header, its symbols and the layout of its structs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::shell::{self, Result, cargo, cmd, fail};
use crate::stages::Outcome;
use crate::stamp;

/// Writes the files, or with `check` fails when a committed one differs.
pub(crate) fn run(check: bool) -> Result<Outcome> {
    let crate_dir = shell::root().join("bindings-c");
    let made = shell::work().join("gen");
    let header = made.join("streamgauge.h");
    let inputs = ["src", "cbindgen.toml", "../Cargo.toml", "../xtask/src"].map(|p| crate_dir.join(p));
    stamp::once("header", &inputs, std::slice::from_ref(&header), || {
        std::fs::create_dir_all(&made)?;
        codegen(&["header".as_ref(), &crate_dir, &header])?;
        let text = with_version_macros(&shell::read(&header)?)?;
        shell::write(&header, text)
    })?;
    let text = shell::read(&header)?;
    let abi = abi_version(&text)?;
    let symbols = symbols(&text);
    let layout = layout(&text, &header)?;
    let listing = |items: &[String]| format!("abi {abi}\n{}\n", items.join("\n"));

    let out = |path: &str| crate_dir.join(path);
    frozen(&out("abi/symbols.txt"), abi, &symbols)?;
    frozen(&out("abi/layout.txt"), abi, &layout)?;
    let files = [
        (out("include/streamgauge.h"), text),
        (out("abi/symbols.txt"), listing(&symbols)),
        (out("abi/layout.txt"), listing(&layout)),
    ];
    for (path, content) in files {
        if !check {
            shell::write(&path, content)?;
        } else if std::fs::read_to_string(&path).unwrap_or_default() != content {
            return fail(format!("{} is out of date: run `cargo xtask gen` and commit it", path.display()));
        }
    }
    Ok(Outcome::default().note(format!("c: {} functions, ABI {abi}", symbols.len())))
}

/// The stage: nothing has drifted, and the library exports what the header declares.
pub(crate) fn check() -> Result<Outcome> {
    let outcome = run(true)?;
    let prefix = crate::c::prefix()?;
    let header = shell::read(&prefix.join("include/streamgauge.h"))?;
    let declared: BTreeSet<String> = symbols(&header).into_iter().collect();
    let dynamic = cmd("nm", ["-D", "--defined-only", "--format=posix"])
        .args([prefix.join("lib/libstreamgauge.so")])
        .stdout()?;
    let exported: BTreeSet<String> =
        dynamic.lines().filter_map(|l| l.split_whitespace().next()).map(str::to_string).collect();
    if declared != exported {
        let only = |a: &BTreeSet<String>, b| a.difference(b).cloned().collect::<Vec<_>>().join(" ");
        return fail(format!(
            "header and library differ: only declared: [{}], only exported: [{}]",
            only(&declared, &exported),
            only(&exported, &declared)
        ));
    }
    Ok(outcome)
}

/// Runs the code generators, see `bin/codegen.rs`.
pub(crate) fn codegen(args: &[&Path]) -> Result<()> {
    cargo([
        "run",
        "-q",
        "--profile",
        "codegen",
        "-p",
        "xtask",
        "--features",
        "codegen",
        "--bin",
        "codegen",
        "--",
    ])
    .args(args)
    .run()
    .map(drop)
}

/// Within one ABI version, items may be added to a frozen listing and none may change or go.
fn frozen(path: &Path, abi: u32, items: &[String]) -> Result<()> {
    let Ok(before) = std::fs::read_to_string(path) else { return Ok(()) };
    let mut lines = before.lines();
    if lines.next() != Some(&format!("abi {abi}")) {
        return Ok(());
    }
    let gone: Vec<&str> = lines.filter(|line| !items.iter().any(|i| i == line)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    fail(format!(
        "{}: [{}] changed or vanished within ABI {abi}: raise SG_ABI_VERSION in bindings-c/src/version.rs",
        path.display(),
        gone.join(", ")
    ))
}

/// The header with the package's version as macros after the ABI version.
fn with_version_macros(header: &str) -> Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    let numbers: Vec<&str> = version.split(['.', '-']).collect();
    let [major, minor, patch, ..] = numbers[..] else { return fail(format!("odd version {version}")) };
    let Some(at) = header.find("#define SG_ABI_VERSION ") else {
        return fail("the header has no SG_ABI_VERSION");
    };
    let end = header[at..].find('\n').map_or(header.len(), |n| at + n + 1);
    let macros = format!(
        "\n/**\n * The version this header belongs to.\n */\n\
         #define SG_VERSION \"{version}\"\n#define SG_VERSION_MAJOR {major}\n\
         #define SG_VERSION_MINOR {minor}\n#define SG_VERSION_PATCH {patch}\n"
    );
    Ok(format!("{}{macros}{}", &header[..end], &header[end..]))
}

pub(crate) fn abi_version(header: &str) -> Result<u32> {
    let number = header.lines().find_map(|l| l.strip_prefix("#define SG_ABI_VERSION "));
    number.and_then(|n| n.trim().parse().ok()).ok_or_else(|| "the header has no SG_ABI_VERSION".into())
}

/// Names of the functions that a header declares, sorted.
fn symbols(header: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    for line in header.lines().filter(|l| !l.trim_start().starts_with(['*', '/', '#'])) {
        for (at, _) in line.match_indices('(') {
            let name = line[..at].rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next();
            names.extend(name.filter(|n| n.starts_with("sg_")).map(str::to_string));
        }
    }
    names.into_iter().collect()
}

/// Size and field offsets of every struct of a header, measured by the C compiler (64-bit).
fn layout(header: &str, path: &Path) -> Result<Vec<String>> {
    let items: Vec<String> = structs(header)
        .into_iter()
        .flat_map(|(name, fields)| {
            std::iter::once(name.clone()).chain(fields.into_iter().map(move |f| format!("{name}.{f}")))
        })
        .collect();
    let mut program = format!("#include \"{}\"\n#include <stdio.h>\nint main(void) {{\n", path.display());
    for item in &items {
        let value = match item.split_once('.') {
            Some((name, field)) => format!("offsetof({name}, {field})"),
            None => format!("sizeof({item})"),
        };
        program.push_str(&format!("  printf(\"{item} %zu\\n\", (size_t){value});\n"));
    }
    program.push_str("  return 0;\n}\n");
    let dir = shell::work().join("gen");
    let (source, binary) = (dir.join("layout.c"), dir.join("layout"));
    let listing = dir.join("layout.out");
    if std::fs::read_to_string(&source).unwrap_or_default() != program {
        shell::write(&source, &program)?;
        let _ = std::fs::remove_file(&listing);
    }
    let inputs: [PathBuf; 2] = [source.clone(), path.to_path_buf()];
    stamp::once("layout", &inputs, std::slice::from_ref(&listing), || {
        cmd("cc", ["-std=c99", "-o"]).args([&binary, &source]).run()?;
        shell::write(&listing, cmd::<&str>(&binary, []).stdout()?)
    })?;
    Ok(shell::read(&listing)?.lines().map(str::to_string).collect())
}

/// Structs with fields, in the order of the header.
fn structs(header: &str) -> Vec<(String, Vec<String>)> {
    let (mut found, mut fields) = (Vec::new(), None::<Vec<String>>);
    for line in header.lines().map(str::trim) {
        if line.starts_with("typedef struct") && line.ends_with('{') {
            fields = Some(Vec::new());
        } else if let Some(name) = line.strip_prefix("} ").and_then(|l| l.strip_suffix(';')) {
            if let Some(fields) = fields.take() {
                found.push((name.to_string(), fields));
            }
        } else if let (Some(fields), Some(field)) = (&mut fields, line.strip_suffix(';')) {
            let name = field.rsplit([' ', '*']).next().unwrap_or_default();
            fields.push(name.split('[').next().unwrap_or_default().to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_structs_are_found_in_a_header() {
        let header = "#define SG_ABI_VERSION 7\n/**\n * see sg_comment(x);\n */\ntypedef struct sg_str {\n  \
                      const uint8_t *data;\n  size_t len;\n  uint8_t pad[6];\n} sg_str;\ntypedef struct sg_run sg_run;\n\
                      sg_status sg_a(const sg_str *x,\n               sg_buf *out);\nstruct sg_str sg_b(void);\n";
        assert_eq!(symbols(header), ["sg_a", "sg_b"]);
        assert_eq!(
            structs(header),
            [("sg_str".to_string(), vec!["data".into(), "len".into(), "pad".into()])]
        );
        assert_eq!(abi_version(header).unwrap(), 7);
        assert!(with_version_macros(header).unwrap().contains("#define SG_VERSION_MAJOR"));
    }
}
