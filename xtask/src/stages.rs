//! Stages: one line each with its time, output only on failure, a summary at the end.

use std::time::{Duration, Instant};

use crate::doctor::Tool;
use crate::shell::{Failure, Result};

/// One step of a task.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// Without these the stage is skipped; in CI their absence is a failure.
    pub(crate) needs: &'static [Tool],
    pub(crate) run: fn() -> Result<Outcome>,
}

/// What a stage has to tell: closing lines of its test runners, and how many tests ran.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) lines: Vec<String>,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Outcome {
    /// The closing lines that test runners printed in `output`, and their sums.
    pub(crate) fn of(output: &str) -> Outcome {
        let mut outcome = Outcome::default();
        for line in output.lines() {
            let Some((passed, failed)) = counts(line) else { continue };
            outcome.passed += passed;
            outcome.failed += failed;
            if passed + failed > 0 {
                outcome.lines.push(line.trim().to_string());
            }
        }
        outcome
    }

    /// A line of its own.
    #[must_use]
    pub(crate) fn note(mut self, line: impl Into<String>) -> Outcome {
        self.lines.push(line.into());
        self
    }

    /// Both outcomes.
    #[must_use]
    pub(crate) fn and(mut self, other: Outcome) -> Outcome {
        self.lines.extend(other.lines);
        self.passed += other.passed;
        self.failed += other.failed;
        self
    }
}

/// Passed and failed tests in the closing line of cargo test, pytest, `go test -v` (a line a
/// test), `node --test` (a line a number) or one of our C tests.
fn counts(line: &str) -> Option<(u64, u64)> {
    let words: Vec<&str> = line.trim().trim_matches('=').split_whitespace().collect();
    match words[..] {
        ["ℹ" | "#", "pass", n] => return Some((n.parse().ok()?, 0)),
        ["ℹ" | "#", "fail", n] => return Some((0, n.parse().ok()?)),
        _ => {}
    }
    let numbered = words.first().is_some_and(|w| w.bytes().all(|b| b.is_ascii_digit()));
    if !(line.starts_with("test result:") || line.starts_with("c: ") || numbered && line.contains(" in ")) {
        return None;
    }
    let number_before = |what: &str| {
        let at = words.iter().position(|w| w.trim_matches([';', ',', '.']) == what)?;
        words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
    };
    let (passed, failed) = (number_before("passed"), number_before("failed"));
    (passed.is_some() || failed.is_some()).then(|| (passed.unwrap_or(0), failed.unwrap_or(0)))
}

/// Runs `stages` in order and stops at the first failure.
pub(crate) fn run(stages: &[Stage]) -> Result<()> {
    let begin = Instant::now();
    let ci = std::env::var_os("CI").is_some();
    let (mut passed, mut skipped) = (0, 0);
    let mut times = Vec::new();
    for stage in stages {
        let missing: Vec<String> =
            stage.needs.iter().filter_map(|t| t.problem().map(|p| format!("{}: {p}", t.name))).collect();
        if !missing.is_empty() {
            let missing = missing.join("; ");
            if ci {
                println!("FAIL {:<28} {missing}", stage.name);
                return Err(format!("{} lacks a tool", stage.name).into());
            }
            println!("SKIP {:<28} {missing}", stage.name);
            skipped += 1;
            continue;
        }
        let start = Instant::now();
        let result = (stage.run)();
        let took = start.elapsed();
        times.push((stage.name, took));
        match result {
            Ok(outcome) if outcome.failed == 0 => {
                println!("ok   {:<28} {}", stage.name, seconds(took));
                for line in &outcome.lines {
                    println!("       {line}");
                }
                passed += outcome.passed;
            }
            Ok(outcome) => {
                return failed(stage.name, passed, Outcome::default(), outcome.lines.join("\n").into());
            }
            Err(failure) => return failed(stage.name, passed, Outcome::of(&failure.output), failure),
        }
    }
    let mut slow = times.clone();
    slow.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    let slow: Vec<String> =
        slow.iter().take(5).map(|(name, took)| format!("{name} {:.1}", took.as_secs_f64() / 60.0)).collect();
    println!("minutes: {:.1} in all; {}", begin.elapsed().as_secs_f64() / 60.0, slow.join(", "));
    let skips = if skipped == 0 { String::new() } else { format!(", {skipped} stages skipped") };
    println!("{passed} passed, 0 failed{skips} in {}", seconds(begin.elapsed()));
    Ok(())
}

fn failed(name: &str, passed: u64, outcome: Outcome, failure: Failure) -> Result<()> {
    println!("FAIL {name}");
    println!("{}", failure.output.trim_end());
    println!("{failure}");
    println!("{} passed, {} failed (stopped at: {name})", passed + outcome.passed, outcome.failed.max(1));
    Err(format!("stage {name} failed").into())
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_every_runner_are_counted() {
        let cases = [
            ("test result: ok. 12 passed; 1 failed; 0 ignored; finished in 0.1s", Some((12, 1))),
            ("===== 3 failed, 41 passed, 2 skipped in 1.20s =====", Some((41, 3))),
            ("12 passed in 0.31s", Some((12, 0))),
            ("# pass 7", Some((7, 0))),
            ("ℹ fail 2", Some((0, 2))),
            ("c: 5 passed, 0 failed (test_run)", Some((5, 0))),
            ("go: 4 passed, 1 failed", None),
            ("the test passed in time", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(counts(line), expected, "{line}");
        }
    }
}
