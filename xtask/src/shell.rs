//! Running other programs: output is captured, and shown only when they fail.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong, in a line or two, and what the failed program printed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) output: String,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure { message, output: String::new() }
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Failure {
        message.to_string().into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        error.to_string().into()
    }
}

/// `message` as a failure.
pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(message.into().into())
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// The build directory.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Where the tasks keep what they make: `target/xtask`.
pub(crate) fn work() -> PathBuf {
    target().join("xtask")
}

/// Reads a text file; the failure names it.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).or_else(|e| fail(format!("{}: {e}", path.display())))
}

/// Writes a file and the folders above it; the failure names it.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(path, content))
        .or_else(|e| fail(format!("{}: {e}", path.display())))
}

/// A program to run, from the root of the repository.
pub(crate) struct Cmd {
    command: Command,
    line: String,
}

/// `program` with `args`, to run from the root of the repository.
pub(crate) fn cmd<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, args: impl IntoIterator<Item = A>) -> Cmd {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root());
    // Variables that the outer `cargo run` sets for xtask alone.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_BIN_NAME"] {
        command.env_remove(name);
    }
    Cmd { command, line: program.as_ref().to_string_lossy().into_owned() }.args(args)
}

/// `cargo` with `args`, the cargo that runs this program.
pub(crate) fn cargo<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Cmd {
    cmd(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args)
}

impl Cmd {
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Cmd {
        for arg in args {
            self.line.push(' ');
            self.line.push_str(&arg.as_ref().to_string_lossy());
            self.command.arg(arg);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Cmd {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Cmd {
        self.command.current_dir(dir);
        self
    }

    /// Runs it without input and gives what it printed, both streams in the order of printing.
    pub(crate) fn run(mut self) -> Result<String> {
        let (mut reader, writer) = std::io::pipe()?;
        self.command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = match self.command.spawn() {
            Ok(child) => child,
            Err(e) => return fail(format!("cannot run `{}`: {e}", self.line)),
        };
        // The command holds the write ends: without this the pipe never closes.
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        let status = child.wait()?;
        let output = String::from_utf8_lossy(&bytes).into_owned();
        if status.success() {
            Ok(output)
        } else {
            Err(Failure { message: format!("`{}`: {status}", self.line), output })
        }
    }

    /// Runs it without input and gives what it printed on standard output.
    pub(crate) fn stdout(mut self) -> Result<String> {
        let out = self.command.stdin(Stdio::null()).output();
        match out {
            Err(e) => fail(format!("cannot run `{}`: {e}", self.line)),
            Ok(out) if out.status.success() => Ok(String::from_utf8_lossy(&out.stdout).into_owned()),
            Ok(out) => Err(Failure {
                message: format!("`{}`: {}", self.line, out.status),
                output: String::from_utf8_lossy(&out.stderr).into_owned(),
            }),
        }
    }

    /// Runs it with this program's own input and output.
    pub(crate) fn show(mut self) -> Result<()> {
        match self.command.status() {
            Err(e) => fail(format!("cannot run `{}`: {e}", self.line)),
            Ok(status) if status.success() => Ok(()),
            Ok(status) => fail(format!("`{}`: {status}", self.line)),
        }
    }
}
