//! Formatting, lints and file sizes.

use std::collections::BTreeSet;

use crate::shell::{self, Result, cargo, cmd};
use crate::stages::Outcome;
use crate::stamp;

/// A file over this many lines is two ideas.
const MAX_LINES: usize = 900;
/// Above this a file is named, so that it is split before it must be.
const SOFT_LINES: usize = 600;
/// Sources whose length is limited; generated files and recorded data (`.ts` is MPEG-TS there) are not.
const SOURCES: [&str; 8] = ["rs", "py", "pyi", "ts", "mjs", "js", "go", "c"];
const EXEMPT: [&str; 2] = ["core/src/wire/generated", "tests/data/"];
/// What the repository may hold at most in one file.
const MAX_BYTES: u64 = 1 << 20;

/// rustfmt.
pub(crate) fn rustfmt() -> Result<Outcome> {
    cargo(["fmt", "--all", "--check"]).run()?;
    Ok(Outcome::default())
}

/// clippy over everything, warnings are errors.
pub(crate) fn clippy() -> Result<Outcome> {
    cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]).run()?;
    // The same code without its features must not grow unused parts.
    cargo(["clippy", "-p", "streamgauge", "--no-default-features", "--", "-D", "warnings"]).run()?;
    Ok(Outcome::default())
}

/// Lines per source file, bytes per file.
pub(crate) fn sizes() -> Result<Outcome> {
    let root = shell::root();
    let mut files = BTreeSet::new();
    // Files that git does not know yet will be committed next.
    let listed = cmd("git", ["ls-files", "--cached", "--others", "--exclude-standard"]).stdout();
    match listed {
        Ok(list) => files.extend(list.lines().map(|l| root.join(l)).filter(|p| p.is_file())),
        Err(_) => stamp::walk(&root, &mut files)?,
    }
    let (mut outcome, mut wrong) = (Outcome::default(), Vec::new());
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).to_string_lossy().into_owned();
        let bytes = std::fs::metadata(file)?.len();
        if bytes > MAX_BYTES {
            wrong.push(format!("{name}: {bytes} bytes, the limit is {MAX_BYTES}"));
        }
        let source = file.extension().and_then(|e| e.to_str()).is_some_and(|e| SOURCES.contains(&e));
        if !source || EXEMPT.iter().any(|g| name.starts_with(g)) {
            continue;
        }
        let lines = shell::read(file)?.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{name}: {lines} lines, the limit is {MAX_LINES}"));
        } else if lines > SOFT_LINES {
            outcome = outcome.note(format!("{name}: {lines} lines, over the soft limit of {SOFT_LINES}"));
        }
    }
    if wrong.is_empty() { Ok(outcome) } else { shell::fail(wrong.join("\n")) }
}
