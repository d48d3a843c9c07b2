//! The oracles: scripts and programs that share no code with the core, asked again. What they
//! answered is committed, and `make test` compares the core with that.

use std::collections::BTreeMap;

use crate::doctor::{self, GO, PYTHON, TSHARK};
use crate::shell::{self, Failure, Result, cargo, cmd, fail, root};
use crate::stages::{self, Outcome, Stage};

const SCRIPTS: Stage = Stage { name: "vectors, by script", needs: &[PYTHON], run: vectors };
const RUNS: Stage = Stage { name: "summaries, by script", needs: &[PYTHON], run: exact };
const CAPTURES: Stage = Stage { name: "tshark on the captures", needs: &[TSHARK], run: captures };
const LIVEKIT: Stage = Stage { name: "LiveKit's worker", needs: &[GO], run: livekit };

/// Asks all, or one of `scripts`, `tshark` and `livekit`. Any difference from what is committed is a
/// failure; `livekit --update` writes it instead.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let stages: &[Stage] = match args {
        [] => &[SCRIPTS, RUNS, CAPTURES, LIVEKIT],
        ["scripts"] => &[SCRIPTS, RUNS],
        ["tshark"] => &[CAPTURES],
        ["livekit"] => &[LIVEKIT],
        ["livekit", "--update"] => return update_livekit(),
        _ => return fail("oracle takes nothing, scripts, tshark, livekit or livekit --update"),
    };
    doctor::provide_also(&[TSHARK])?;
    stages::run(stages)
}

/// What `tests/oracle/exact.py` computes is what is committed beside the runs.
pub(crate) fn exact() -> Result<Outcome> {
    let data = root().join("tests/data");
    let parents = ["runs", "runs_real", "odd"].map(|name| data.join(name));
    cmd("python3", [root().join("tests/oracle/exact.py")]).args(["--check"]).args(parents).run()?;
    let calls = [data.join("webrtc")];
    cmd("python3", [root().join("tests/oracle/webrtc.py")]).args(["--check"]).args(calls).run()?;
    Ok(Outcome::default())
}

/// The scripts that write vectors write what is there.
fn vectors() -> Result<Outcome> {
    let before = contents("tests/vectors")?;
    let mut scripts = 0;
    for path in contents("tests/oracle")?.into_keys().filter(|name| name.ends_with("_vectors.py")) {
        scripts += 1;
        cmd("python3", [root().join("tests/oracle").join(path), root().join("tests/vectors")]).run()?;
    }
    let after = contents("tests/vectors")?;
    let names = before.keys().chain(after.keys());
    let mut changed: Vec<&str> =
        names.filter(|name| before.get(*name) != after.get(*name)).map(String::as_str).collect();
    changed.dedup();
    if scripts == 0 || !changed.is_empty() {
        return fail(format!("{scripts} scripts; now different in tests/vectors: {}", changed.join(" ")));
    }
    Ok(Outcome::default().note(format!("{scripts} scripts, {} vectors, no difference", after.len())))
}

/// The files of a folder of the repository.
fn contents(folder: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root().join(folder))? {
        let path = entry?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(files)
}

/// tshark's tables of the captures are those beside them.
fn captures() -> Result<Outcome> {
    let data = root().join("tests/data/rtp");
    for name in ["clean", "lossy"] {
        let capture = data.join(format!("{name}.pcap.gz"));
        let now = cmd("tshark", ["-q", "-z", "rtp,streams", "-r"]).args([&capture]).stdout()?;
        let recorded = shell::read(&data.join(format!("{name}.rtp_streams.txt")))?;
        if now.trim_end() != recorded.trim_end() {
            let output = format!("recorded:\n{recorded}\nnow:\n{now}");
            return Err(Failure { message: format!("tshark says otherwise of {name}"), output });
        }
    }
    let version = cmd("tshark", ["--version"]).stdout()?;
    Ok(Outcome::default().note(format!("2 tables, no difference: {}", version.lines().next().unwrap_or(""))))
}

const LIVEKIT_DIR: &str = "tests/oracle/livekit";

/// LiveKit's code answers as recorded, and our core's bytes are those it was given.
fn livekit() -> Result<Outcome> {
    cargo(["test", "-q", "-p", "streamgauge", "--test", "livekit"]).run()?;
    let recorded = shell::read(&root().join(LIVEKIT_DIR).join("answers.json"))?;
    let now = ask_livekit()?;
    if now == recorded {
        return Ok(Outcome::default().note("LiveKit's answers are those recorded"));
    }
    let different: Vec<&str> = now.lines().filter(|line| !recorded.contains(*line)).collect();
    Err(Failure { message: "LiveKit answers otherwise".to_string(), output: different.join("\n") })
}

fn update_livekit() -> Result<()> {
    cargo(["test", "-q", "-p", "streamgauge", "--test", "livekit", "livekit_reads_what_we_wrote"])
        .env("STREAMGAUGE_UPDATE", "1")
        .run()?;
    shell::write(&root().join(LIVEKIT_DIR).join("answers.json"), ask_livekit()?)
}

fn ask_livekit() -> Result<String> {
    let program = shell::work().join("livekit-oracle");
    let path = program.to_string_lossy();
    cmd("go", ["build", "-o", &path, "."]).dir(root().join(LIVEKIT_DIR)).run()?;
    cmd(&program, [] as [&str; 0]).dir(root().join(LIVEKIT_DIR)).stdout()
}
