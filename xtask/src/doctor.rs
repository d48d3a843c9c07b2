//! What a machine lacks and how to get it, before anything is built.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::shell::{self, Result, cmd};

/// A program that some stage needs.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// Which part of the work needs it.
    needed_for: &'static str,
    /// Its version line, or what is wrong.
    check: fn() -> std::result::Result<String, String>,
    /// How to get it.
    get: &'static str,
    /// The Debian package that has it in a version that is new enough.
    apt: Option<&'static str>,
}

pub(crate) const RUST: Tool = Tool {
    name: "rust",
    needed_for: "everything",
    check: rust,
    get: "install rustup from https://rustup.rs, then `rustup toolchain install` here",
    apt: None,
};
pub(crate) const PYTHON: Tool = Tool {
    name: "python3 >= 3.9 with venv",
    needed_for: "the Python package, make demo",
    check: python,
    get: "https://www.python.org, or the packages python3 and python3-venv",
    apt: Some("python3-venv"),
};
pub(crate) const NODE: Tool = Tool {
    name: "node >= 20 with npm",
    needed_for: "the JavaScript package, core tests on wasm32",
    check: node,
    get: "https://nodejs.org (version 20 or later)",
    apt: None,
};
pub(crate) const GO: Tool = Tool {
    name: "go >= 1.24",
    needed_for: "the Go module",
    check: go,
    get: "https://go.dev/dl (version 1.24 or later)",
    apt: None,
};
pub(crate) const CC: Tool = Tool {
    name: "C and C++ compiler",
    needed_for: "linking Rust, the C and Go tests",
    check: cc,
    get: "gcc and g++, or clang",
    apt: Some("build-essential"),
};
pub(crate) const PKG_CONFIG: Tool = Tool {
    name: "pkg-config",
    needed_for: "the C and Go tests",
    check: || version("pkg-config", &["--version"]),
    get: "the package pkg-config",
    apt: Some("pkg-config"),
};
pub(crate) const CJSON: Tool = Tool {
    name: "libcjson",
    needed_for: "the vectors in C",
    check: || version("pkg-config", &["--modversion", "libcjson"]),
    get: "the package libcjson-dev",
    apt: Some("libcjson-dev"),
};
pub(crate) const VALGRIND: Tool = Tool {
    name: "valgrind",
    needed_for: "the C tests",
    check: || version("valgrind", &["--version"]),
    get: "the package valgrind",
    apt: Some("valgrind"),
};
pub(crate) const CHROMIUM: Tool = Tool {
    name: "chromium",
    needed_for: "the JavaScript tests in a browser",
    check: || {
        let path = chromium().ok_or("not found (set CHROMIUM to its path if it is somewhere else)")?;
        version(path.to_string_lossy().as_ref(), &["--version"])
    },
    get: "the package chromium, or Google Chrome",
    apt: Some("chromium"),
};
pub(crate) const FFMPEG: Tool = Tool {
    name: "ffmpeg with ffprobe",
    needed_for: "the example relay",
    check: || version("ffprobe", &["-version"]).and_then(|_| version("ffmpeg", &["-version"])),
    get: "the package ffmpeg",
    apt: Some("ffmpeg"),
};

/// Only for the oracles: not among [`ALL`].
pub(crate) const TSHARK: Tool = Tool {
    name: "tshark",
    needed_for: "make oracle",
    check: || version("tshark", &["--version"]),
    get: "the package tshark",
    apt: Some("tshark"),
};

const ALL: [Tool; 10] = [RUST, CC, PYTHON, NODE, GO, PKG_CONFIG, CJSON, VALGRIND, CHROMIUM, FFMPEG];

impl Tool {
    /// What is wrong with it, `None` when it can be used.
    pub(crate) fn problem(&self) -> Option<String> {
        (self.check)().err()
    }
}

/// Lists every tool and, for those that are missing, how to get it.
pub(crate) fn report() -> Result<()> {
    let mut missing = 0;
    for tool in &ALL {
        match (tool.check)() {
            Ok(version) => println!("ok       {:<26} {version}", tool.name),
            Err(problem) => {
                missing += 1;
                println!("MISSING  {:<26} {problem}", tool.name);
                println!("         for {}; get it: {}", tool.needed_for, tool.get);
            }
        }
    }
    match missing {
        0 => Ok(()),
        n => shell::fail(format!("{n} tools are missing or too old")),
    }
}

/// Installs what is missing and can be had here: parts of the Rust toolchain through rustup, and
/// Debian packages where this runs as root. Says what it does; the rest is for [`report`].
pub(crate) fn provide() -> Result<()> {
    provide_also(&[])
}

/// As [`provide`], with tools that only some tasks need.
pub(crate) fn provide_also(more: &[Tool]) -> Result<()> {
    if RUST.problem().is_some() && version("rustup", &["--version"]).is_ok() {
        println!("installing the Rust toolchain of rust-toolchain.toml");
        cmd("rustup", ["toolchain", "install"]).run()?;
    }
    let packages: Vec<&str> =
        ALL.iter().chain(more).filter(|t| t.problem().is_some()).filter_map(|t| t.apt).collect();
    let root = cmd("id", ["-u"]).stdout().is_ok_and(|id| id.trim() == "0");
    if packages.is_empty() || !root || version("apt-get", &["--version"]).is_err() {
        return Ok(());
    }
    println!("installing Debian packages: {}", packages.join(" "));
    let install = || {
        cmd("apt-get", ["install", "-y", "-qq", "--no-install-recommends"])
            .args(&packages)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .run()
    };
    // The package lists may be old or absent, so a failure is retried with new ones.
    if install().is_err() {
        cmd("apt-get", ["update", "-qq"]).run()?;
        if let Err(failure) = install() {
            // Not fatal here: the stages that need the tool say so.
            println!("{failure}\n{}", failure.output.trim_end());
        }
    }
    Ok(())
}

/// Makes sure that the Rust target `triple` can be compiled for.
pub(crate) fn rust_target(triple: &str) -> Result<()> {
    let dir = cmd("rustc", ["--print", "target-libdir", "--target", triple]).stdout()?;
    if PathBuf::from(dir.trim()).exists() {
        return Ok(());
    }
    cmd("rustup", ["target", "add", triple]).run().map(drop)
}

/// Makes sure that the source of the standard library is there.
pub(crate) fn rust_source() -> Result<()> {
    let sysroot = cmd("rustc", ["--print", "sysroot"]).stdout()?;
    if PathBuf::from(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").exists() {
        return Ok(());
    }
    cmd("rustup", ["component", "add", "rust-src"]).run().map(drop)
}

/// Makes sure that there is a nightly toolchain with `components`.
pub(crate) fn nightly(components: &[&str]) -> Result<()> {
    if version("cargo", &["+nightly", "--version"]).is_err() {
        cmd("rustup", ["toolchain", "install", "nightly", "--profile", "minimal"]).run()?;
    }
    // Does nothing, in a moment, when they are there.
    cmd("rustup", ["component", "add", "--toolchain", "nightly"]).args(components).run().map(drop)
}

/// The browser: `$CHROMIUM`, or the first of the usual names in the path.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].into_iter().find_map(find)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|p| p.is_file())
}

/// The first line that `program args` prints.
fn version(program: &str, args: &[&str]) -> std::result::Result<String, String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .current_dir(shell::root())
        .output()
        .map_err(|_| format!("{program} not found"))?;
    let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    let text = String::from_utf8_lossy(text);
    let line = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().trim().to_string();
    if output.status.success() { Ok(line) } else { Err(format!("{program} fails: {line}")) }
}

/// `text` when the first number pair in it is at least `least`.
fn at_least(least: (u32, u32), text: String) -> std::result::Result<String, String> {
    let digits = text.find(|c: char| c.is_ascii_digit()).map_or("", |at| &text[at..]);
    let mut numbers = digits.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found >= least { Ok(text) } else { Err(format!("{text} is older than {}.{}", least.0, least.1)) }
}

fn rust() -> std::result::Result<String, String> {
    let rustc = version("rustc", &["--version"])?;
    version("cargo", &["clippy", "--version"])?;
    version("cargo", &["fmt", "--version"])?;
    Ok(rustc)
}

fn python() -> std::result::Result<String, String> {
    let version_line = at_least((3, 9), version("python3", &["--version"])?)?;
    version("python3", &["-c", "import venv, ensurepip"])
        .map_err(|_| "the module venv is missing".to_string())?;
    Ok(version_line)
}

fn node() -> std::result::Result<String, String> {
    let line = at_least((20, 0), version("node", &["--version"])?)?;
    version("npm", &["--version"])?;
    Ok(line)
}

fn go() -> std::result::Result<String, String> {
    // `go version go1.26.8 linux/amd64`
    at_least((1, 24), version("go", &["version"])?)
}

fn cc() -> std::result::Result<String, String> {
    version("c++", &["--version"])?;
    version("cc", &["--version"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(at_least((1, 24), "go version go1.26.8 linux/amd64".to_string()).is_ok());
        assert!(at_least((3, 9), "Python 3.11.7".to_string()).is_ok());
        assert!(at_least((20, 0), "v18.2.0".to_string()).is_err());
        assert!(at_least((3, 9), "Python 3.8.10".to_string()).is_err());
        assert!(at_least((20, 0), "nothing".to_string()).is_err());
    }
}
