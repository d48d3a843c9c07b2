//! `plot_fec` gives what the plotting script gives: integers exactly, floats to 1e-9 relative, on
//! every shared run, the odd ones too. Oracle: the script's own results, recorded beside the runs.
#![cfg(all(feature = "fs", feature = "serde"))]

use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use streamgauge::run::{Buckets, Mode, Options, Run, Selector};

fn data(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(part)
}

fn same(ours: Option<f64>, script: &Json) -> bool {
    match (ours, script.as_f64()) {
        (None, None) => script.is_null(),
        (Some(a), Some(b)) => a == b || (a - b).abs() <= 1e-9 * b.abs(),
        _ => false,
    }
}

fn list(script: &Json) -> &[Json] {
    script.as_array().expect("an array")
}

fn assert_series(what: &str, ours: &[(f64, f64)], xs: &[Json], ys: &[Json]) {
    assert_eq!((ours.len(), ours.len()), (xs.len(), ys.len()), "{what}");
    for ((x, y), (script_x, script_y)) in ours.iter().zip(xs.iter().zip(ys)) {
        assert!(
            same(Some(*x), script_x) && same(Some(*y), script_y),
            "{what}: {x} {y}, script {script_x} {script_y}"
        );
    }
}

fn check(directory: &str) -> usize {
    let expected = std::fs::read(data(directory).join("expected_plot_fec.json")).unwrap();
    let expected: Json = serde_json::from_slice(&expected).unwrap();
    for (name, script) in expected.as_object().unwrap() {
        let run = Run::open(data(directory).join(name), &Options::default()).unwrap();
        let summary = run.summary(Mode::PlotFec);
        let keys = script["summary"].as_object().unwrap();
        assert_eq!(summary.values.len(), keys.len());
        for (key, value) in keys {
            assert!(same(summary.number(key), value), "{name} {key}: {:?}, script {value}", summary.get(key));
        }
        let window = run.window(Mode::PlotFec);
        assert_eq!(window.interval.start_us, script["t0_us"].as_i64().unwrap());
        assert_eq!(window.interval.end_us, script["t1_us"].as_i64().unwrap());
        let relative = |at: &i64| window.relative_s(*at);

        let bursts = run.bursts(Mode::PlotFec);
        let bursts: Vec<_> = bursts.iter().map(|b| (relative(&b.start_us), relative(&b.end_us))).collect();
        let (starts, ends): (Vec<_>, Vec<_>) =
            list(&script["bursts"]).iter().map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
        assert_series("bursts", &bursts, &starts, &ends);

        let gaps = run.gaps(Mode::PlotFec);
        let gaps: Vec<_> =
            gaps.t_us.iter().map(relative).zip(gaps.missing.iter().map(|n| *n as f64)).collect();
        let (at, missing): (Vec<_>, Vec<_>) =
            list(&script["gaps"]).iter().map(|pair| (pair[0].clone(), pair[1].clone())).unzip();
        assert_series("gaps", &gaps, &at, &missing);

        let rates = |buckets: Buckets| -> Vec<(f64, f64)> {
            buckets.start_us.iter().map(relative).zip(buckets.per_s.iter().copied()).collect()
        };
        let fec = |state: &str| {
            Selector::new("livekit_flexfec_packet_total").containing(format!("state=\"{state}\""))
        };
        for (key, buckets) in [
            ("fps", run.frame_rate(Mode::PlotFec)),
            ("nack_rate", run.counter_rate(&Selector::new("livekit_nack_total"), Mode::PlotFec)),
            ("loss_rate", run.counter_rate(&Selector::new("livekit_packet_loss_total"), Mode::PlotFec)),
            ("fec_received_rate", run.counter_rate(&fec("received"), Mode::PlotFec)),
            ("fec_recovered_rate", run.counter_rate(&fec("recovered"), Mode::PlotFec)),
        ] {
            assert_series(key, &rates(buckets), list(&script[key][0]), list(&script[key][1]));
        }

        let latency = run.latency(Mode::PlotFec);
        assert_eq!(latency.t_us.len() as u64, script["latency_n"].as_u64().unwrap());
        let points: Vec<_> =
            latency.t_us.iter().map(relative).zip(latency.latency_ms.iter().copied()).collect();
        for (key, part) in [("latency_first", &points[..3]), ("latency_last", &points[points.len() - 3..])] {
            assert_series(key, part, list(&script[key][0]), list(&script[key][1]));
        }
        let families: std::collections::BTreeSet<_> = run.prom.families().into_iter().collect();
        let script_families: std::collections::BTreeSet<_> =
            list(&script["families"]).iter().map(|family| family.as_str().unwrap()).collect();
        assert_eq!(families, script_families, "{name}");
        assert_eq!(run.prom.series().len() as u64, script["series_count"].as_u64().unwrap(), "{name}");
    }
    expected.as_object().unwrap().len()
}

#[test]
fn equals_the_script_on_made_runs() {
    assert_eq!(check("runs"), 8);
}

#[test]
fn equals_the_script_on_real_runs() {
    assert_eq!(check("runs_real"), 4);
}
