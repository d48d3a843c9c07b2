//! Benchmarks: criterion for the core, then everything side by side on one directory.

use std::path::PathBuf;

use crate::shell::{self, Result, cargo, cmd};
use crate::{c, go, js, py};

/// Benchmarks of the core that print tables of their own.
const TABLES: [&str; 3] = ["rtp", "telemetry", "ring"];

/// Criterion for the core; then, all in `target/bench/report.md`, the comparison with the script, pandas
/// and polars (`compare ARGS` alone), the core's tables (`rtp`, `telemetry`, `ring`), `series ARGS`
/// against sketch crates, polars, pandas and tsdownsample, `peers ARGS`, the Go module against
/// LiveKit, Pion and a plain ring, and `js`, a page's worker against plain JavaScript. Apart from these: `core ARGS` criterion, `instructions` counts
/// instead of timing, `go ARGS` the Go module's own benchmarks, `c` what recording costs through the C
/// library.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    match args {
        ["core", args @ ..] => core(args),
        ["compare", args @ ..] => compare(args),
        ["series", args @ ..] => series(args).map(drop),
        ["c"] => c::bench(),
        ["js"] => js::bench().map(drop),
        ["go", args @ ..] => go::bench(args),
        ["peers", args @ ..] => go::bench_peers(args).map(drop),
        ["instructions"] => instructions(),
        [name, args @ ..] if TABLES.contains(name) => table(name, args).map(drop),
        args => {
            core(&[])?;
            compare(args)?;
            let report = shell::target().join("bench/report.md");
            let mut text = shell::read(&report)?;
            for name in TABLES {
                text += "\n";
                text += &table(name, &[])?;
            }
            text += &series(&[])?;
            text += "\n";
            text += &go::bench_peers(&[])?;
            text += "\n";
            text += &js::bench()?;
            shell::write(&report, text)
        }
    }
}

/// Runs one of [`TABLES`] and shows what it prints.
fn table(name: &str, args: &[&str]) -> Result<String> {
    let text = cmd(program(name)?, args).stdout()?;
    println!("{text}");
    Ok(text)
}

/// Instructions under callgrind: two runs of a benchmark's `count`, the difference over what the
/// second does more. Other work on the machine changes nothing.
fn instructions() -> Result<()> {
    // Benchmark, case, rounds, what one round does so many times, and what that is.
    const CASES: [(&str, &str, [u64; 2], u64, &str); 19] = [
        ("rtp", "receiver", [90_000, 190_000], 1, "packet, one stream, a call each"),
        ("rtp", "one", [90_000, 190_000], 1, "packet, one stream"),
        ("rtp", "lossy", [90_000, 190_000], 1, "packet, one stream, 3 % lost, 1 % out of order"),
        ("rtp", "16", [90_000, 190_000], 1, "packet, 16 streams in turn"),
        ("rtp", "1000", [90_000, 190_000], 1, "packet, 1,000 streams in turn"),
        ("rtp", "1000-random", [90_000, 190_000], 1, "packet, 1,000 streams, any next"),
        ("telemetry", "1", [20, 60], 256, "packet through a track, batches of 1 (making it included)"),
        ("telemetry", "256", [20, 60], 256, "packet through a track, batches of 256 (making it included)"),
        ("telemetry", "feed", [2, 6], 1000, "8 packets recorded by a track"),
        ("telemetry", "flush", [2, 6], 1000, "the same, and a report of the track as LiveKit protobuf"),
        ("series", "window", [2, 6], 10_000, "push to a window of 1,024, then min, max and mean"),
        ("series", "scan", [1, 2], 10_000, "the same by a scan of a VecDeque"),
        ("series", "sketch", [2, 6], 10_000, "value added to a sketch"),
        ("series", "ddsketch", [2, 6], 10_000, "the same, sketches-ddsketch"),
        ("series", "hdrhistogram", [2, 6], 10_000, "the same, hdrhistogram"),
        ("series", "tdigest", [2, 6], 10_000, "the same, tdigest"),
        ("series", "rollup", [2, 6], 10_000, "sample rolled up at 1 s, 10 s and 60 s"),
        ("series", "downsample", [2, 6], 10_000, "sample looked at in downsampling"),
        ("ring", "", [10_000, 30_000], 1, "1316 bytes published to a ring and read by one reader in batches"),
    ];
    println!("| instructions | for |\n|---|---|");
    for (bench, case, rounds, times, what) in CASES {
        let program = program(bench)?;
        let mut counts = [0; 2];
        for (count, rounds) in counts.iter_mut().zip(rounds) {
            *count = cmd("valgrind", ["--tool=callgrind", "--callgrind-out-file=/dev/null"])
                .args([program.as_os_str(), "count".as_ref()])
                .args(Some(case).filter(|case| !case.is_empty()))
                .args([rounds.to_string()])
                .run()
                .and_then(|text| collected(&text))?;
        }
        let [less, more] = counts;
        let per = more.saturating_sub(less) as f64 / ((rounds[1] - rounds[0]) * times) as f64;
        println!("| {per:.1} | {what} |");
    }
    Ok(())
}

/// What callgrind says it counted.
fn collected(text: &str) -> Result<u64> {
    text.lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .ok_or_else(|| "callgrind did not say what it counted".into())
}

fn core(args: &[&str]) -> Result<()> {
    let filter = if args.is_empty() { &["--noplot"] } else { args };
    cargo(["bench", "-p", "streamgauge", "--bench", "run", "--"]).args(filter).show()
}

fn compare(args: &[&str]) -> Result<()> {
    let rust = program("directory")?;
    let python = py::package()?.join("python");
    let out = shell::target().join("bench");
    std::fs::create_dir_all(&out)?;
    cmd(&python, [shell::root().join("tests/bench/compare.py")])
        .args(["--rust".as_ref(), rust.as_os_str(), "--out".as_ref(), out.join("report.md").as_os_str()])
        .args(args)
        .show()
}

/// The core's own table, then rollups and downsampling in Python.
fn series(args: &[&str]) -> Result<String> {
    let core = table("series", &[])?;
    let python = py::package()?.join("python");
    let out = shell::target().join("bench/series.md");
    std::fs::create_dir_all(shell::target().join("bench"))?;
    cmd(&python, [shell::root().join("tests/bench/series.py")])
        .args(["--out".as_ref(), out.as_os_str()])
        .args(args)
        .show()?;
    Ok(format!("\n{core}\n{}", shell::read(&out)?))
}

/// Builds a benchmark of the core and gives the program's path.
fn program(name: &str) -> Result<PathBuf> {
    let messages =
        cargo(["bench", "-q", "-p", "streamgauge", "--no-run", "--message-format=json", "--bench"])
            .args([name])
            .stdout()?;
    let path = messages.lines().rev().find_map(|line| {
        let (_, path) = line.split_once("\"executable\":\"")?;
        Some(PathBuf::from(path.split_once('"')?.0))
    });
    path.ok_or_else(|| format!("cargo did not say where it put the benchmark {name}").into())
}
