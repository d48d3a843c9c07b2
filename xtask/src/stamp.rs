//! Doing a step again only when its inputs changed.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::shell::{self, Result};

/// Runs `step` unless it ran before with the same `inputs` and all `outputs` still exist. An input
/// that is a folder stands for every file under it.
pub(crate) fn once(
    name: &str,
    inputs: &[PathBuf],
    outputs: &[PathBuf],
    step: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = shell::work().join("stamps").join(name);
    let before = std::fs::read_to_string(&stamp).unwrap_or_default();
    if before == hash(inputs)? && outputs.iter().all(|o| o.exists()) {
        return Ok(());
    }
    // A step that fails half-way must not look done.
    let _ = std::fs::remove_file(&stamp);
    step()?;
    // Hashed again: a step may have written a lock file that is one of its inputs.
    shell::write(&stamp, hash(inputs)?)
}

fn hash(inputs: &[PathBuf]) -> Result<String> {
    let mut files = BTreeSet::new();
    for input in inputs {
        walk(input, &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in &files {
        file.hash(&mut hasher);
        std::fs::read(file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Every file under `path`, or `path` itself; nothing where it does not exist. Skips what tools
/// leave behind.
pub(crate) fn walk(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    const SKIP: [&str; 6] = ["node_modules", "target", ".venv", "__pycache__", ".git", "dist"];
    if path.is_file() {
        files.insert(path.to_path_buf());
    } else if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?.path();
            let name = entry.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if !(entry.is_dir() && SKIP.contains(&name)) {
                walk(&entry, files)?;
            }
        }
    }
    Ok(())
}
