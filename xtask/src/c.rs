//! The C library: an installed tree, tests against it plain, under valgrind and with sanitizers.

use std::path::{Path, PathBuf};

use crate::examples;
use crate::gen_files::abi_version;
use crate::shell::{self, Failure, Result, cargo, cmd, fail};
use crate::stages::Outcome;
use crate::stamp;

const WARNINGS: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"];
/// What `rustc --print native-static-libs` names for a static library on Linux.
const STATIC_LIBS: &str = "-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc";

/// Builds the release library and installs it under `prefix`.
pub(crate) fn install(prefix: &Path) -> Result<()> {
    let output = cargo(["build", "--release", "-p", "streamgauge-c", "--message-format=short"]).run();
    output.map(drop)?;
    let target = shell::target().join("release");
    let source = shell::root().join("bindings-c");
    let header = shell::read(&source.join("include/streamgauge.h"))?;
    let abi = abi_version(&header)?;
    let prefix = std::path::absolute(prefix)?;
    let (lib, include) = (prefix.join("lib"), prefix.join("include"));
    shell::write(&include.join("streamgauge.h"), &header)?;
    copy(&target.join("libstreamgauge.a"), &lib.join("libstreamgauge.a"))?;
    if cfg!(target_os = "macos") {
        copy(&target.join("libstreamgauge.dylib"), &lib.join("libstreamgauge.dylib"))?;
    } else {
        let soname = format!("libstreamgauge.so.{abi}");
        copy(&target.join("libstreamgauge.so"), &lib.join(&soname))?;
        let link = lib.join("libstreamgauge.so");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(&soname, &link)?;
    }
    let prefix_text = prefix.display().to_string();
    let fill = |text: String| {
        text.replace("@PREFIX@", &prefix_text)
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
            .replace("@STATIC_LIBS@", STATIC_LIBS)
    };
    for (template, to) in [
        ("streamgauge.pc.in", lib.join("pkgconfig/streamgauge.pc")),
        ("streamgauge-config.cmake.in", lib.join("cmake/streamgauge/streamgauge-config.cmake")),
        (
            "streamgauge-config-version.cmake.in",
            lib.join("cmake/streamgauge/streamgauge-config-version.cmake"),
        ),
    ] {
        shell::write(&to, fill(shell::read(&source.join("dist").join(template))?))?;
    }
    Ok(())
}

/// Where the tests find the library: installed under `target/`.
pub(crate) fn prefix() -> Result<PathBuf> {
    let prefix = shell::work().join("c");
    install(&prefix)?;
    Ok(prefix)
}

/// A variable that lets pkg-config find the library that the tests use.
pub(crate) fn pkg_config_path(prefix: &Path) -> PathBuf {
    prefix.join("lib/pkgconfig")
}

/// Every program in `tests/`, against the shared and the static library; the header as C++.
pub(crate) fn test() -> Result<Outcome> {
    let prefix = prefix()?;
    let mut outcome = Outcome::default();
    for linking in [Linking::Shared, Linking::Static] {
        for program in programs(&prefix, &linking)? {
            outcome = outcome.and(run(cmd::<&str>(&program, []), &program)?);
        }
    }
    // It exits with 0 when the accounts add up.
    let example = compile(&prefix, &Linking::Shared, &shell::root().join("examples/ring-c/main.c"))?;
    cmd::<&str>(&example, []).run()?;
    let meter = compile(&prefix, &Linking::Shared, &shell::root().join("examples/rtp-meter/main.c"))?;
    examples::rtp_meter(&meter)?;
    readme(&prefix)?;
    // The debug build refuses a handle that was freed.
    cargo(["build", "-p", "streamgauge-c"]).run()?;
    let debug =
        compile(&prefix, &Linking::Debug, &shell::root().join("bindings-c/tests/debug/freed_handle.c"))?;
    outcome = outcome.and(run(cmd::<&str>(&debug, []), &debug)?);
    let unit = cargo(["test", "-p", "streamgauge-c"]).run()?;
    cpp_header(&prefix)?;
    Ok(outcome.and(Outcome::of(&unit)))
}

/// The same programs under valgrind: no leak, no invalid access.
pub(crate) fn valgrind() -> Result<Outcome> {
    let prefix = prefix()?;
    let mut outcome = Outcome::default();
    for program in programs(&prefix, &Linking::Shared)? {
        let valgrind = cmd("valgrind", ["-q", "--leak-check=full", "--error-exitcode=9"]).args([&program]);
        outcome = outcome.and(run(valgrind, &program)?);
    }
    Ok(outcome)
}

/// The same programs with the address and undefined behaviour sanitizers, which `nm` must show.
pub(crate) fn sanitizers() -> Result<Outcome> {
    let prefix = prefix()?;
    let mut outcome = Outcome::default();
    for program in programs(&prefix, &Linking::Sanitized)? {
        let symbols = cmd("nm", [&program]).stdout()?;
        if !symbols.contains("__asan_init") || !symbols.contains("__ubsan_handle") {
            return fail(format!("{} was built without the sanitizers", program.display()));
        }
        outcome =
            outcome.and(run(cmd::<&str>(&program, []).env("ASAN_OPTIONS", "detect_leaks=1"), &program)?);
    }
    Ok(outcome)
}

enum Linking {
    Shared,
    Static,
    Sanitized,
    Debug,
    Optimized,
}

impl Linking {
    fn name(&self) -> &'static str {
        match self {
            Linking::Shared => "shared",
            Linking::Static => "static",
            Linking::Sanitized => "sanitized",
            Linking::Debug => "debug",
            Linking::Optimized => "optimized",
        }
    }
}

/// Compiles every C test, with the files of the folder that has its name; gives the programs.
fn programs(prefix: &Path, linking: &Linking) -> Result<Vec<PathBuf>> {
    let sources = c_files(&shell::root().join("bindings-c/tests"))?;
    sources.iter().map(|source| compile(prefix, linking, source)).collect()
}

fn c_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "c") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn compile(prefix: &Path, linking: &Linking, source: &Path) -> Result<PathBuf> {
    // An example is main.c in a folder of its name.
    let named = if source.ends_with("main.c") { source.parent().unwrap_or(source) } else { source };
    let name = named.file_stem().and_then(|n| n.to_str()).unwrap_or("test");
    let program = shell::work().join("c-tests").join(linking.name()).join(name);
    std::fs::create_dir_all(program.parent().unwrap_or(prefix))?;
    let lib = match linking {
        Linking::Debug => shell::target().join("debug"),
        _ => prefix.join("lib"),
    };
    let tests = shell::root().join("bindings-c/tests");
    let parts = source.with_extension("");
    let mut sources = vec![source.to_path_buf()];
    if parts.is_dir() {
        sources.extend(c_files(&parts)?);
    }
    let inputs = [
        source.to_path_buf(),
        parts.clone(),
        tests.join("check.h"),
        prefix.join("include"),
        lib.join("libstreamgauge.a"),
    ];
    stamp::once(&format!("c-{}-{name}", linking.name()), &inputs, std::slice::from_ref(&program), || {
        let pkg_config = |flags: &[&str], package: &str| -> Result<Vec<String>> {
            let out = cmd("pkg-config", flags.iter().copied())
                .args([package])
                .env("PKG_CONFIG_PATH", pkg_config_path(prefix))
                .stdout()?;
            Ok(out.split_whitespace().map(str::to_string).collect())
        };
        let mut cc = cmd("cc", WARNINGS)
            .args(["-g", "-I"])
            .args([&tests])
            .args(pkg_config(&["--cflags"], "streamgauge")?);
        if matches!(linking, Linking::Sanitized) {
            cc = cc.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
        }
        if matches!(linking, Linking::Optimized) {
            cc = cc.args(["-O2"]);
        }
        cc = cc.args(&sources).args(["-o"]).args([&program]);
        cc = match linking {
            Linking::Shared => cc
                .args(pkg_config(&["--libs"], "streamgauge")?)
                .args([format!("-Wl,-rpath,{}", lib.display())]),
            _ => cc.args([lib.join("libstreamgauge.a")]).args(STATIC_LIBS.split(' ')),
        };
        if name == "vectors" {
            cc = cc.args(pkg_config(&["--cflags", "--libs"], "libcjson")?);
        }
        cc.run().map(drop)
    })?;
    Ok(program)
}

/// Runs a test program, which ends with a line `c: N passed, M failed`.
fn run(command: shell::Cmd, program: &Path) -> Result<Outcome> {
    let output = command.env("STREAMGAUGE_ROOT", shell::root()).run()?;
    let outcome = Outcome::of(&output);
    if outcome.passed == 0 {
        let message = format!("{} ran no test", program.display());
        return Err(Failure { message, output });
    }
    Ok(outcome)
}

/// Nanoseconds a packet, and a sample, through the library.
pub(crate) fn bench() -> Result<()> {
    let prefix = prefix()?;
    for name in ["record.c", "ring.c", "series.c"] {
        let source = shell::root().join("bindings-c/benches").join(name);
        cmd::<&str>(&compile(&prefix, &Linking::Optimized, &source)?, []).show()?;
    }
    Ok(())
}

/// The programs of the README build and run as they stand there.
fn readme(prefix: &Path) -> Result<()> {
    let text = shell::read(&shell::root().join("bindings-c/README.md"))?;
    let mut programs = 0;
    for (number, block) in text.split("```c\n").skip(1).enumerate() {
        let source = shell::work().join(format!("c-tests/readme/readme_{number}.c"));
        shell::write(&source, block.split("```").next().unwrap_or_default())?;
        let program = compile(prefix, &Linking::Shared, &source)?;
        // The first one reads the run that it is given.
        let run = (number == 0).then(|| shell::root().join("tests/data/runs_real/fec-1"));
        if cmd::<&str>(&program, []).args(run).stdout()?.trim().is_empty() {
            return fail(format!("program {number} of the README says nothing"));
        }
        programs += 1;
    }
    if programs < 5 { fail(format!("the README has {programs} programs, expected 5")) } else { Ok(()) }
}

/// The header compiles as C++17.
fn cpp_header(prefix: &Path) -> Result<()> {
    let source = shell::work().join("c-tests/header.cpp");
    let text =
        "#include <streamgauge.h>\nint main() { return sg_abi_version() == SG_ABI_VERSION ? 0 : 1; }\n";
    shell::write(&source, text)?;
    cmd("c++", ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-I"])
        .args([prefix.join("include"), source])
        .run()
        .map(drop)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    // Unchanged files keep their time, so that nothing is linked again.
    let content = std::fs::read(from).or_else(|e| fail(format!("{}: {e}", from.display())))?;
    if std::fs::read(to).is_ok_and(|old| old == content) { Ok(()) } else { shell::write(to, content) }
}
