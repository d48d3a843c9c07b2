//! The vectors of `tests/vectors/` in Rust: operations in, results compared. Of an object only the
//! expected keys are compared; integers are decimal strings, floats are compared by their bits.

#![cfg(feature = "serde")]

#[path = "vectors/audience.rs"]
mod audience;
#[path = "vectors/packets.rs"]
mod packets;
#[path = "vectors/ring.rs"]
mod ring;
#[path = "vectors/run.rs"]
mod run;
#[path = "vectors/series.rs"]
mod series;
#[path = "vectors/tracks.rs"]
mod tracks;
#[cfg(feature = "dumps")]
#[path = "vectors/webrtc.rs"]
mod webrtc;

use serde_json::{Map, Value, json};
use std::path::PathBuf;
use streamgauge::{Error, ErrorKind, Result};

/// What an operation answers: a value, or `None` when the adapter does not know it.
type Answer = Option<Result<Value>>;

#[test]
fn every_vector_holds() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let vector: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Some(ops) = vector["ops"].as_array() else { continue };
        if !ops.iter().all(|op| knows(op["op"].as_str().unwrap_or_default())) {
            continue;
        }
        assert_eq!(vector["name"], name.as_str());
        assert!(
            !vector["oracle"].as_str().unwrap().is_empty() && !vector["why"].as_str().unwrap().is_empty()
        );
        let expected = vector["expected"].as_array().unwrap();
        assert_eq!(ops.len(), expected.len(), "{name}");
        let mut audience = audience::Adapter::default();
        let mut packets = packets::Adapter::default();
        let mut ring = ring::Adapter::default();
        let mut series = series::Adapter::default();
        let mut tracks = tracks::Adapter::default();
        #[cfg(feature = "dumps")]
        let mut webrtc = webrtc::Adapter::default();
        count += 1;
        for (i, (op, expected)) in ops.iter().zip(expected).enumerate() {
            let (name_of_op, args) = (op["op"].as_str().unwrap(), &op["args"]);
            let answer = packets.run(name_of_op, args).or_else(|| ring.run(name_of_op, args));
            let answer = answer.or_else(|| tracks.run(name_of_op, args));
            let answer = answer.or_else(|| series.run(name_of_op, args));
            let answer = answer.or_else(|| audience.run(name_of_op, args));
            #[cfg(feature = "dumps")]
            let answer = answer.or_else(|| webrtc.run(name_of_op, args));
            let answer = answer.or_else(|| run::answer(name_of_op, args));
            let answer = answer.expect("a known operation");
            if let Err(difference) = compare(&answer, expected) {
                wrong.push(format!("{name}, op {i} ({}): {difference}", op["op"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 100, "only {count} vectors of {}", files.len());
}

fn knows(op: &str) -> bool {
    #[cfg(feature = "dumps")]
    if webrtc::knows(op) {
        return true;
    }
    [audience::knows, packets::knows, ring::knows, run::knows, series::knows, tracks::knows]
        .iter()
        .any(|knows| knows(op))
}

fn compare(answer: &Result<Value>, expected: &Value) -> std::result::Result<(), String> {
    match (answer, expected) {
        (Err(error), Value::Null) => Err(format!("{error}")),
        (Ok(_), Value::Null) => Ok(()),
        (Ok(value), expected) if expected.get("ok").is_some() => same(value, &expected["ok"], "ok"),
        (Err(error), expected) if expected.get("err").is_some() => {
            same(&json!(error.kind().code()), &expected["err"], "err")
        }
        (Ok(value), _) => Err(format!("{value}, expected {expected}")),
        (Err(error), _) => Err(format!("{error}, expected {expected}")),
    }
}

fn same(value: &Value, expected: &Value, at: &str) -> std::result::Result<(), String> {
    let differ = || Err(format!("{at} is {value}, expected {expected}"));
    match (value, expected) {
        (Value::Object(value), Value::Object(expected)) => expected.iter().try_for_each(|(key, expected)| {
            let value = value.get(key).ok_or_else(|| format!("{at}.{key} is not there"))?;
            same(value, expected, &format!("{at}.{key}"))
        }),
        (Value::Array(value), Value::Array(expected)) if value.len() == expected.len() => {
            value.iter().zip(expected).try_for_each(|(value, expected)| same(value, expected, at))
        }
        (Value::Number(value), Value::Number(expected)) => {
            let bits = |n: &serde_json::Number| n.as_f64().map(f64::to_bits);
            if bits(value) == bits(expected) { Ok(()) } else { differ() }
        }
        _ if value == expected => Ok(()),
        _ => differ(),
    }
}

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("vector argument {what}"))
}

fn text<'a>(args: &'a Value, key: &str) -> Result<&'a str> {
    args[key].as_str().ok_or_else(|| bad(key))
}

fn int<T: std::str::FromStr>(args: &Value, key: &str) -> Result<T> {
    text(args, key)?.parse().map_err(|_| bad(key))
}

/// Integers as decimal strings, absent ones null.
fn ints<'a>(fields: impl IntoIterator<Item = (&'a str, Option<i128>)>) -> Map<String, Value> {
    let text = |n: Option<i128>| n.map_or(Value::Null, |n| Value::String(n.to_string()));
    fields.into_iter().map(|(key, n)| (key.to_owned(), text(n))).collect()
}
