//! Comparison and gates on the shared runs. Oracle: a bootstrap of its own in Python over the same
//! frames gives 95 % intervals of the change of p95 from 106..132 to 1,313..1,353 ms, by seed.
#![cfg(all(feature = "fs", feature = "serde"))]

use std::path::Path;
use streamgauge::ErrorKind;
use streamgauge::run::{
    Better, Combined, CompareOptions, Comparison, Effect, Files, Gate, GateOutcome, KEYS, Mode, Options,
    Reason, Run, compare, sweep, sweep_dir,
};

fn open(path: &str) -> Run {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(path);
    Run::open(path, &Options::default()).unwrap()
}

fn real(options: &CompareOptions) -> Comparison {
    let runs = ["baseline-1", "baseline-2", "fec-1", "fec-2"].map(|name| open(&format!("runs_real/{name}")));
    compare(&[&runs[0], &runs[1]], &[&runs[2], &runs[3]], options).unwrap()
}

fn made(a: &str, b: &str) -> Comparison {
    let (a, b) = (open(&format!("runs/{a}")), open(&format!("runs/{b}")));
    compare(&[&a], &[&b], &CompareOptions { resamples: 500, ..CompareOptions::default() }).unwrap()
}

#[test]
fn says_what_is_true_of_the_real_runs() {
    for seed in [1, 2] {
        let result = real(&CompareOptions { seed, ..CompareOptions::default() });
        let loss = result.get("loss_ratio").unwrap();
        assert_eq!(loss.effect, Effect::NoEvidence, "{loss:?}");
        let (low, high) = loss.interval.unwrap();
        assert!(low < 0.0 && high > 0.0);
        assert_eq!(result.get("frames_lost").unwrap().effect, Effect::NoEvidence);
        let p95 = result.get("latency_p95_ms").unwrap();
        assert_eq!((p95.effect, p95.better, p95.combined), (Effect::Worse, Better::Lower, Combined::Pooled));
        let (low, high) = p95.interval.unwrap();
        assert!((80.0..170.0).contains(&low) && (1250.0..1420.0).contains(&high), "{low} {high}");
        let difference = p95.difference.unwrap();
        assert!(low < difference && difference < high);
        assert!((difference - 487.34).abs() < 0.01, "pooled over both runs: {difference}");
        assert!(result.notes.iter().any(|note| note.contains("A is 2 runs")));
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let options = CompareOptions { resamples: 200, ..CompareOptions::default() };
    let first = real(&options);
    assert_eq!(first, real(&options));
    let other = real(&CompareOptions { seed: 2, ..options });
    assert_ne!(first.get("latency_p95_ms").unwrap().interval, other.get("latency_p95_ms").unwrap().interval);
    assert_eq!(first.get("latency_p95_ms").unwrap().b, other.get("latency_p95_ms").unwrap().b);
    assert_eq!(first.prng, "xoshiro256++");
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let result = made("fec", "fec");
    for key in &result.keys {
        assert_eq!(key.effect, Effect::NoEvidence, "{key:?}");
        assert!(key.difference.is_none_or(|difference| difference == 0.0), "{key:?}");
        assert_ne!(key.interval.is_some(), key.no_interval.is_some(), "{key:?}");
        if let Some((low, high)) = key.interval {
            assert!(low <= 0.0 && high >= 0.0, "{key:?}");
        }
    }
    assert!(result.notes[0].contains("A is one run"));
}

#[test]
fn repeats_of_one_run_have_its_values() {
    for name in ["runs/fec", "runs/partial_ids", "runs/odd_labels", "runs/unclosed_burst", "runs_real/fec-1"]
    {
        let run = open(name);
        let one = compare(&[&run], &[&run], &CompareOptions { resamples: 0, ..Default::default() }).unwrap();
        let two =
            compare(&[&run], &[&run, &run], &CompareOptions { resamples: 0, ..Default::default() }).unwrap();
        for (one, two) in one.keys.iter().zip(&two.keys) {
            let (one_b, two_b) = (one.b, two.b);
            let same = match (one_b, two_b) {
                // Quantiles of values that each stand twice lie elsewhere between their neighbours.
                (Some(_), Some(_)) if one.key.contains("latency_p") => true,
                (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs(),
                (a, b) => a == b,
            };
            assert!(same, "{name} {}: {one_b:?} {two_b:?}", one.key);
        }
    }
}

#[test]
fn finds_what_the_made_runs_differ_in() {
    let result = made("baseline", "fec");
    // Bursts fill a fifth of the window, so how many of them a resample holds swamps the loss of the
    // whole; within and outside them it is plain.
    let key = |key: &str| result.get(key).unwrap();
    for better in [
        "loss_ratio_in_bursts",
        "loss_ratio_outside_bursts",
        "latency_p95_ms",
        "freeze_total_ms",
        "fec_recovered",
    ] {
        assert_eq!(key(better).effect, Effect::Better, "{:?}", key(better));
    }
    assert_eq!(key("fec_overhead_ratio").effect, Effect::Worse);
    assert_eq!(key("latency_p999_ms").interval, None);
    assert!(key("latency_p999_ms").no_interval.as_ref().unwrap().contains("too few frames"));
    assert_eq!(key("frames_expected").no_interval.as_deref(), Some("neither direction is better"));
}

#[test]
fn counts_of_unequal_lengths_are_no_evidence() {
    let long = open("runs/baseline");
    let cut = |run: &Run| -> Run {
        let path = Path::new(&run.path);
        let meta = std::fs::read_to_string(path.join("meta.env")).unwrap();
        let t1_us = run.window(Mode::Exact).interval.end_us - 20_000_000;
        let meta = format!("{meta}T1_US={t1_us}\n");
        let read = |name: &str| std::fs::read(path.join(name)).unwrap();
        let (frames, prom, events) = (read("frames.csv"), read("prom.tsv"), read("events.csv"));
        let files = Files {
            frames: Some(&frames),
            prom: Some(&prom),
            events: Some(&events),
            meta: Some(meta.as_bytes()),
        };
        Run::from_bytes("short", &files, &Options::default()).unwrap()
    };
    let short = cut(&long);
    let options = CompareOptions { resamples: 100, ..CompareOptions::default() };
    let result = compare(&[&long], &[&short], &options).unwrap();
    let lost = result.get("frames_lost").unwrap();
    assert!(lost.difference.unwrap() < 0.0, "{lost:?}");
    assert_eq!((lost.interval, lost.effect), (None, Effect::NoEvidence));
    assert!(lost.no_interval.as_ref().unwrap().contains("unequal length"));
    assert!(result.get("loss_ratio").unwrap().interval.is_some());
    assert!(result.notes.iter().any(|note| note.contains("unequal length")));
}

#[test]
fn odd_input_is_refused_or_explained() {
    let run = open("runs/fec");
    let empty = Run::from_bytes("empty", &Files::default(), &Options::default()).unwrap();
    let options = CompareOptions { resamples: 100, ..CompareOptions::default() };
    assert_eq!(compare(&[], &[&run], &options).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let few = CompareOptions { resamples: 5, ..options };
    assert!(compare(&[&run], &[&run], &few).unwrap_err().message().contains("100 to 100000"));
    let result = compare(&[&run], &[&empty], &options).unwrap();
    let loss = result.get("loss_ratio").unwrap();
    assert_eq!((loss.b, loss.difference, loss.interval, loss.runs_b), (None, None, None, 0));
    assert!(loss.no_interval.is_some());
    let endless = b"T0_US=0\nT1_US=4611686018427387904\n";
    let endless = Files { meta: Some(endless), frames: Some(b"recv_wall_us\n5\n"), ..Files::default() };
    let endless = Run::from_bytes("endless", &endless, &Options::default()).unwrap();
    let result = compare(&[&endless], &[&endless], &options).unwrap();
    assert!(
        result.get("frames_received").unwrap().no_interval.as_ref().unwrap().contains("too many seconds")
    );
}

#[test]
fn plot_fec_claims_nothing() {
    let result = real(&CompareOptions { mode: Mode::PlotFec, ..CompareOptions::default() });
    assert_eq!(result.keys.len(), 16);
    assert!(result.keys.iter().all(|key| key.effect == Effect::NoEvidence && key.interval.is_none()));
    // The script's own figures: 213 and 180 lost frames, 141 and 222.
    let lost = result.get("frames_lost").unwrap();
    assert_eq!((lost.a, lost.b, lost.combined), (Some(196.5), Some(181.5), Combined::Mean));
}

#[test]
fn gates_speak_of_b_and_of_the_change() {
    let result = made("baseline", "fec");
    let value = |key: &str| result.get(key).unwrap();
    let (lost, expected) = (value("frames_lost").b.unwrap(), value("frames_expected").b.unwrap());
    let change = value("loss_ratio").relative.unwrap();
    let check = |gate: &str| Gate::parse(gate).unwrap().evaluate(&result);
    let outcome = |gate: &str| check(gate).outcome;
    assert_eq!(check("frames_lost > 1%").actual, Some(100.0 * lost / expected));
    assert_eq!(check("loss_ratio > 1%").actual, Some(100.0 * value("loss_ratio").b.unwrap()));
    assert_eq!(outcome("frames_lost > 1%"), GateOutcome::Failed);
    assert_eq!(outcome("frames_lost > 99%"), GateOutcome::Passed);
    assert_eq!(outcome(&format!("frames_lost == {lost}")), GateOutcome::Failed);
    assert_eq!(outcome(&format!("frames_lost != {lost}")), GateOutcome::Passed);
    assert_eq!(outcome(&format!("frames_lost >= {lost}")), GateOutcome::Failed);
    assert_eq!(outcome(&format!("frames_lost < {lost}")), GateOutcome::Passed);
    assert_eq!(check("delta(loss_ratio) >= 10%").actual, Some(100.0 * change));
    assert_eq!(outcome("delta(loss_ratio) <= 0"), GateOutcome::Failed);
    let unknown = check("delta(fec_discarded) > 1");
    assert_eq!(unknown.outcome, GateOutcome::Unknown);
    assert!(unknown.reason.contains("fec_discarded of B is null"), "{}", unknown.reason);
    let from_zero = check("delta(fec_received) > 1%");
    assert!(from_zero.reason.contains("of A is 0"), "{}", from_zero.reason);
    let script = real(&CompareOptions { mode: Mode::PlotFec, ..CompareOptions::default() });
    let absent = Gate::parse("loss_ratio > 1%").unwrap().evaluate(&script);
    assert!(absent.reason.contains("mode plot_fec has no loss_ratio"), "{}", absent.reason);
}

#[test]
fn every_number_of_the_summary_is_compared() {
    let result = made("baseline", "fec");
    let names: Vec<&str> = result.keys.iter().map(|key| key.key).collect();
    for key in KEYS {
        let parsed = Gate::parse(&format!("{} > 1", key.name));
        assert_eq!(names.contains(&key.name), parsed.is_ok(), "{}", key.name);
        if let Some(whole) = key.denominator {
            assert!(names.contains(&whole), "{whole}");
        }
    }
}

#[test]
fn json_has_the_documented_shape() {
    let json = serde_json::to_value(made("baseline", "fec")).unwrap();
    assert_eq!(json["keys"]["loss_ratio_in_bursts"]["effect"], "better");
    assert_eq!(json["keys"]["loss_ratio"]["better"], "lower");
    assert_eq!(json["keys"]["loss_ratio"]["combined"], "pooled");
    assert!(json["keys"]["loss_ratio_in_bursts"]["interval"][1].as_f64().unwrap() < 0.0);
    assert_eq!((&json["mode"], &json["confidence"]), (&"exact".into(), &0.95.into()));
    assert_eq!(json["a"]["duration_s"][0], 60.0);
    let gate = Gate::parse("frames_lost > 1%").unwrap().evaluate(&made("baseline", "fec"));
    assert_eq!(serde_json::to_value(gate).unwrap()["outcome"], "failed");
}

/// A sweep over the made and the real runs, which stand for repeats of one another.
fn leaf(leaf: &str) -> streamgauge::Result<Option<Run>> {
    Ok(match leaf {
        "none" => None,
        "broken" => return Err(streamgauge::Error::new(ErrorKind::Io, "the disk is gone")),
        "empty" => Some(Run::from_bytes(
            "empty",
            &Files { frames: Some(b""), ..Files::default() },
            &Options::default(),
        )?),
        "bare" => Some(Run::from_bytes("bare", &Files::default(), &Options::default())?),
        other => Some(open(other)),
    })
}

#[test]
fn a_sweep_shows_every_cell() {
    let manifest = "\u{feff}loss\tleaf\tnote\tmode\tfec_mask\tfec_rate\r\n\
        0.02\truns_real/baseline-1\tx\tbaseline\t\t\r\n\
        0.020\truns_real/baseline-2\t\tbaseline\t\t\r\n\
        2e-2\truns_real/fec-1\t\tfec\tbursty\t30\r\n\
        0.02\truns_real/fec-2\t\tfec\tbursty\t30.0\r\n\
        \r\n\
        0.02\tnone\t\tfec\trandom\t30\r\n\
        0.02\tempty\t\tfec\tbursty\t100\r\n\
        0.02\tbroken\t\tfec\trandom\t100\r\n\
        0.05\truns/fec\t\tfec\tbursty\t30\r\n\
        0.05\truns/fec\t\tfec\tbursty\t30\r\n\
        much\tbare\t\tother\t\t\r\n\
        0.05\t\t\tfec\tbursty\t30";
    let options = CompareOptions { resamples: 200, ..CompareOptions::default() };
    let found = sweep(manifest.as_bytes(), leaf, &options).unwrap();
    assert_eq!(found.losses.iter().map(|loss| loss.number.unwrap()).collect::<Vec<_>>(), [0.02, 0.05]);
    assert_eq!(found.fec_rates.iter().map(|rate| rate.number.unwrap()).collect::<Vec<_>>(), [30.0, 100.0]);
    assert_eq!(found.fec_masks, ["bursty", "random"]);
    assert_eq!((found.cells.len(), found.rows.len()), (8, 9));
    let missing: Vec<_> = found.cells.iter().map(|cell| cell.missing.as_deref().unwrap_or("")).collect();
    assert_eq!(
        missing,
        [
            "",
            "no such run directory",
            "the run's frames.csv has no frames",
            "the disk is gone",
            "the baseline of this loss: not in the manifest",
            "not in the manifest",
            "not in the manifest",
            "not in the manifest"
        ]
    );
    assert_eq!(found.missing().count(), 7);
    let runs = ["baseline-1", "baseline-2", "fec-1", "fec-2"].map(|name| open(&format!("runs_real/{name}")));
    let direct = compare(&[&runs[0], &runs[1]], &[&runs[2], &runs[3]], &options).unwrap();
    assert_eq!(found.cells[0].comparison.as_ref(), Some(&direct));
    assert_eq!((&found.cells[0].rows, &found.baselines[0].rows), (&vec![2, 3], &vec![0, 1]));
    assert_eq!(found.rows[0].extra, [("note".to_owned(), "x".to_owned())]);
    assert_eq!(found.rows[8].missing.as_deref(), Some("the run has no frames.csv"));
    let count = |reason| found.problems.counts.get(&reason).copied().unwrap_or(0);
    assert_eq!(found.problems.rows, 12);
    assert_eq!(
        [Reason::Blank, Reason::LeafRepeated, Reason::LeafMissing, Reason::ModeUnknown].map(count),
        [1; 4]
    );
    assert_eq!((count(Reason::LossNotNumber), found.problems.dropped()), (1, 3));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["cells"][0]["loss"], 0.02);
    assert_eq!(json["rows"][8]["loss"], "much");
    assert_eq!(json["rows"][0]["fec_rate"], serde_json::Value::Null);
    assert_eq!(json["cells"][0]["comparison"]["keys"]["loss_ratio"]["effect"], "no evidence");
}

#[test]
fn a_manifest_that_cannot_be_read_is_an_error() {
    let read = |manifest: &str| sweep(manifest.as_bytes(), leaf, &CompareOptions::default());
    assert!(read("").unwrap_err().to_string().contains("manifest.tsv:1: the manifest has no header"));
    let error = read("\n\nname\tmode\n").unwrap_err();
    assert_eq!((error.kind(), error.line()), (ErrorKind::Malformed, Some(3)));
    let many = (0..101).map(|n| format!("l{n}\tfec\t{n}\t{n}\t\n")).collect::<String>();
    let error = read(&format!("leaf\tmode\tloss\tfec_rate\tfec_mask\n{many}")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CapacityExceeded, "{error}");
    let only_header = read("leaf\tmode").unwrap();
    assert_eq!((only_header.cells.len(), only_header.problems.rows), (0, 0));
}

#[test]
fn a_sweep_directory_is_read() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/runs");
    let error = sweep_dir(&data, &Options::default(), &CompareOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sweep");
    std::fs::create_dir_all(&directory).unwrap();
    let leaf = |name: &str| data.join(name).canonicalize().unwrap().display().to_string();
    let manifest = format!(
        "leaf\tmode\tloss\tfec_rate\tfec_mask\n{}\tbaseline\t0.02\t\t\n{}\tfec\t0.02\t30\tbursty\nnowhere\tfec\t0.02\t50\tbursty\n",
        leaf("baseline"),
        leaf("fec")
    );
    std::fs::write(directory.join("manifest.tsv"), manifest).unwrap();
    let found = sweep_dir(&directory, &Options::default(), &CompareOptions::default()).unwrap();
    assert_eq!(found.cells[0].comparison.as_ref().unwrap().get("frames_lost").unwrap().b, Some(123.0));
    assert_eq!(found.cells[1].missing.as_deref(), Some("no such run directory"));
}
