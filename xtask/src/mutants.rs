//! Seeded mutants: each small wrong change of the ledger or the receiver must fail a test.

use std::path::{Path, PathBuf};

use crate::shell::{self, Cmd, Result, cargo, fail};
use crate::stages::Outcome;

/// A change that makes the code wrong.
struct Mutant {
    /// Below `core/src/`.
    file: &'static str,
    /// Stands there once.
    text: &'static str,
    becomes: &'static str,
    /// What goes wrong.
    why: &'static str,
}

const MUTANTS: [Mutant; 18] = [
    Mutant {
        file: "ledger.rs",
        text: "        slot.taken = total;\n",
        becomes: "",
        why: "what was taken stays pending, and is counted twice",
    },
    Mutant {
        file: "ledger.rs",
        text: "        slot.taken = slot.taken.since(&held.value);\n",
        becomes: "",
        why: "what was restored is lost",
    },
    Mutant {
        file: "ledger.rs",
        text: "        slot.peak.merge(&held.peak);\n",
        becomes: "",
        why: "the peak of a restored interval is lost",
    },
    Mutant {
        file: "ledger.rs",
        text: "        if delta.is_some_and(|delta| delta.last) {\n",
        becomes: "        if delta.is_some_and(|delta| delta.last && delta.value.is_zero()) {\n",
        why: "the last delta comes again",
    },
    Mutant {
        file: "ledger.rs",
        text: "            self.rejected += 1;\n            return false;\n",
        becomes: "            self.rejected += 1;\n            self.total.add(delta);\n            return false;\n",
        why: "what comes after the close is counted",
    },
    Mutant {
        file: "ledger.rs",
        text: "        self.add_reader(self.total, now_us)\n",
        becomes: "        self.add_reader(T::default(), now_us)\n",
        why: "a reader from now gets what was before",
    },
    Mutant {
        file: "ledger/retiring.rs",
        text: "            *mark = T::default();\n",
        becomes: "",
        why: "what a child counted after a restart is lost",
    },
    Mutant {
        file: "ledger/retiring.rs",
        text: "        self.observe(key, totals) && self.folded.remove(key).is_some()\n",
        becomes: "        let _ = totals;\n        self.folded.remove(key).is_some()\n",
        why: "the tail of a retired child is lost",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "            self.ledger.total_mut().missing += skipped;\n",
        becomes: "            self.ledger.total_mut().missing += skipped + 1;\n",
        why: "a gap loses one packet too many",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "                self.ledger.total_mut().duplicates += 1;\n",
        becomes: "                self.ledger.total_mut().recovered_late += 1;\n",
        why: "a repeated packet refunds a loss",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "                self.ledger.total_mut().recovered_late += 1;\n",
        becomes: "",
        why: "a late packet stays lost",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "for skipped in 1..u64::from(by) {",
        becomes: "for skipped in 2..u64::from(by) {",
        why: "a late packet is taken for the one of 1024 numbers ago",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "missing += self.base - sequence - 1;",
        becomes: "missing += self.base - sequence;",
        why: "a packet before the first invents a loss",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "if ahead != 0 && ahead < MAX_DROPOUT {",
        becomes: "if ahead != 0 && ahead <= MAX_DROPOUT {",
        why: "a jump counts as loss",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "        self.ledger.total_mut().discontinuities += 1;\n",
        becomes: "",
        why: "a restart goes unnoticed",
    },
    Mutant {
        file: "rtp/timing.rs",
        text: "i64::from(timestamp_step as i32) * MICRO",
        becomes: "i64::from(timestamp_step) * MICRO",
        why: "a late timestamp is a wrap, and jitter jumps",
    },
    Mutant {
        file: "rtp/timing.rs",
        text: "Some((_, difference)) if ticks as i32 > 0 =>",
        becomes: "Some((_, difference)) if ticks > 0 =>",
        why: "a late frame of a run in step is the highest",
    },
    Mutant {
        file: "rtp/receiver.rs",
        text: "        self.set_arrived_run(self.highest + 1, count);\n",
        becomes: "",
        why: "a packet of a run in step that comes again is late",
    },
];

/// What must find them: properties and vectors, with fewer random cases than usual. Unit tests, which
/// know the code, are not asked.
const TESTS: [&str; 4] = ["ledger_properties", "rtp_properties", "telemetry_properties", "vectors"];
const CASES: &str = "300";

impl Mutant {
    fn path(&self, core: &Path) -> PathBuf {
        core.join("src").join(self.file)
    }

    /// The source with the change in it.
    fn apply(&self, source: &str) -> Result<String> {
        match source.matches(self.text).count() {
            1 => Ok(source.replace(self.text, self.becomes)),
            n => fail(format!(
                "{}: the text of {:?} stands there {n} times: {:?}",
                self.file, self.why, self.text
            )),
        }
    }
}

/// Applies each to a copy of the core under `target/`, and fails when its tests pass.
pub(crate) fn run() -> Result<Outcome> {
    let copy = copy_of_core()?;
    // What fails without a change says nothing about one.
    tests(&copy).run()?;
    println!("ok        without a change");
    let mut survived = Vec::new();
    for mutant in &MUTANTS {
        let path = mutant.path(&copy.join("core"));
        let source = shell::read(&path)?;
        shell::write(&path, mutant.apply(&source)?)?;
        tests(&copy).args(["--no-run"]).run()?;
        let result = tests(&copy).run();
        shell::write(&path, source)?;
        match result {
            Ok(_) => {
                println!("SURVIVED  {}: {}", mutant.file, mutant.why);
                survived.push(mutant.why);
            }
            Err(failure) => {
                println!("killed    {}: {} (by {})", mutant.file, mutant.why, killers(&failure.output));
            }
        }
    }
    println!("{} killed, {} survived", MUTANTS.len() - survived.len(), survived.len());
    if survived.is_empty() { Ok(Outcome::default()) } else { fail("a mutant survived") }
}

/// A workspace of the core alone, with what its tests read.
fn copy_of_core() -> Result<PathBuf> {
    let (root, copy) = (shell::root(), shell::work().join("mutants"));
    let _ = std::fs::remove_dir_all(&copy);
    let manifest = shell::read(&root.join("Cargo.toml"))?;
    let (before, after) = manifest.split_once("members = [").ok_or("no members in Cargo.toml")?;
    let after = after.split_once(']').ok_or("no end of members in Cargo.toml")?.1;
    shell::write(&copy.join("Cargo.toml"), format!("{before}members = [\"core\"]{after}"))?;
    let listed =
        shell::cmd("git", ["ls-files", "Cargo.lock", "core", "tests/vectors", "tests/data"]).stdout()?;
    for name in listed.lines() {
        shell::write(&copy.join(name), std::fs::read(root.join(name))?)?;
    }
    Ok(copy)
}

/// The tests of the copy, in a build directory of their own: to cargo the copy is the same package.
fn tests(copy: &Path) -> Cmd {
    let names = TESTS.iter().flat_map(|test| ["--test", test]);
    cargo(["test", "-p", "streamgauge", "--no-fail-fast"])
        .args(names)
        .dir(copy)
        .env("CARGO_TARGET_DIR", shell::target().join("mutants"))
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .env("STREAMGAUGE_PROPERTY_CASES", CASES)
        .env("PROPTEST_RNG_SEED", "1")
        .env("RUST_BACKTRACE", "0")
}

/// The tests that failed.
fn killers(output: &str) -> String {
    let failed: Vec<&str> = output
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(|name| name.rsplit("::").next().unwrap_or(name))
        .collect();
    match failed.as_slice() {
        [] => "a test program that stopped".to_owned(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_stands_in_its_file_once() {
        assert!(MUTANTS.len() >= 10);
        for mutant in &MUTANTS {
            let source = shell::read(&mutant.path(&shell::root().join("core"))).unwrap();
            let mutated = mutant.apply(&source).unwrap_or_else(|failure| panic!("{failure}"));
            assert_ne!(mutated, source);
        }
    }
}
