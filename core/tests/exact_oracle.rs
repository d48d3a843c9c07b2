//! `exact` gives what a brute-force script computes that shares no code with it: integers exactly,
//! floats to 1e-9 relative. Oracle: `tests/oracle/exact.py`, whose results stand beside the runs.
#![cfg(all(feature = "fs", feature = "serde"))]

use serde_json::Value as Json;
use std::path::Path;
use streamgauge::run::{KEYS, Mode, Options, Run};

fn same(ours: &Json, oracle: &Json) -> bool {
    match (ours, oracle) {
        (Json::Number(a), Json::Number(b)) if a.is_f64() || b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|b| same(value, b)))
        }
        _ => ours == oracle,
    }
}

/// Compares every run of a directory; gives how many there are.
fn check(directory: &str) -> usize {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(directory);
    let expected = std::fs::read(directory.join("expected_exact.json")).unwrap();
    let expected: Json = serde_json::from_slice(&expected).unwrap();
    let runs = expected.as_object().unwrap();
    let mut wrong = Vec::new();
    for (name, oracle) in runs {
        let run = Run::open(directory.join(name), &Options::default()).unwrap();
        let ours = serde_json::to_value(run.summary(Mode::Exact)).unwrap();
        let oracle = oracle.as_object().unwrap();
        assert_eq!(oracle.len(), KEYS.len(), "{name}: the oracle knows every key");
        for (key, expected) in oracle {
            if !same(&ours[key], expected) {
                wrong.push(format!("{name} {key}: {}, oracle {expected}", ours[key]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    runs.len()
}

#[test]
fn made_runs() {
    assert_eq!(check("runs"), 8);
}

#[test]
fn real_runs() {
    assert_eq!(check("runs_real"), 4);
}

#[test]
fn odd_runs() {
    assert_eq!(check("odd"), 24);
}
