//! `exact` gives the true values on every profile: what the simulated channel counted, before any
//! file existed, against what the reader makes of the files.
#![cfg(feature = "gzip")]

use proptest::prelude::*;
use serde_json::Value as Json;
use streamgauge::run::{
    CompareOptions, Effect, FecMask, Files, Mode, Options, Profile, Run, SimulateOptions, Simulated, Summary,
    Value, compare, simulate,
};

fn read(made: &Simulated) -> Run {
    let file = |name: &str| made.file(name).or_else(|| made.file(&format!("{name}.gz")));
    let files = Files {
        frames: file("frames.csv"),
        prom: file("prom.tsv"),
        events: file("events.csv"),
        meta: file("meta.env"),
    };
    Run::from_bytes("simulated", &files, &Options::default()).unwrap()
}

/// Whole numbers exactly, others to 1e-9.
fn same(ours: &Value, truth: &Json) -> bool {
    match (ours, truth) {
        (Value::Null, Json::Null) => true,
        (Value::Int(count), Json::Number(truth)) => truth.as_i64().map(i128::from) == Some(*count),
        (Value::Float(value), Json::Number(truth)) => match truth.as_i64() {
            Some(truth) if value.fract() == 0.0 => *value == truth as f64,
            _ => truth.as_f64().is_some_and(|truth| (value - truth).abs() <= 1e-9 * truth.abs()),
        },
        (Value::Bool(flag), Json::Bool(truth)) => flag == truth,
        (Value::Text(text), Json::String(truth)) => text == truth,
        (Value::Counts(counts), Json::Object(truth)) => {
            counts.len() == truth.len()
                && counts
                    .iter()
                    .all(|(name, count)| truth.get(name).and_then(Json::as_i64) == Some(*count as i64))
        }
        _ => false,
    }
}

fn differences(summary: &Summary, truth: &Json) -> Vec<String> {
    let truth = truth["summary"].as_object().unwrap();
    assert!(truth.len() > 60, "{}", truth.len());
    let differs = |(key, truth): (&String, &Json)| {
        let ours = summary.get(key).unwrap_or_else(|| panic!("no key {key}"));
        (!same(ours, truth)).then(|| format!("{key}: {ours:?}, truth {truth}"))
    };
    truth.iter().filter_map(differs).collect()
}

fn check(options: &SimulateOptions) {
    let made = simulate(options).unwrap();
    let truth: Json = serde_json::from_slice(made.file("truth.json").unwrap()).unwrap();
    let summary = read(&made).summary(Mode::Exact);
    let found = differences(&summary, &truth);
    assert!(found.is_empty(), "{options:?}\n{}", found.join("\n"));
}

fn quick(profile: Profile, seed: u64) -> SimulateOptions {
    SimulateOptions {
        profile,
        seed,
        duration_s: 12.0,
        burst_every_s: 5.0,
        burst_len_s: 1.5,
        ..SimulateOptions::default()
    }
}

#[test]
fn exact_gives_the_truth_on_every_profile() {
    for profile in Profile::ALL {
        for seed in 0..16 {
            check(&quick(profile, seed));
        }
    }
}

/// What each profile is for is there, and its files are as odd as they say.
#[test]
fn profiles_are_what_they_say() {
    let made = |profile| simulate(&quick(profile, 4)).unwrap();
    let number = |profile, key: &str| read(&made(profile)).summary(Mode::Exact).number(key);
    let some = |profile, key: &str| number(profile, key).is_some_and(|count| count > 0.0);
    assert!(some(Profile::PartialIds, "frames_unidentified"));
    assert!(some(Profile::Malformed, "frames_unidentified"));
    assert!(some(Profile::Reordered, "frames_reordered"));
    assert!(some(Profile::Duplicates, "frames_duplicate"));
    assert!(some(Profile::IdJump, "frames_outlier"));
    assert!(some(Profile::Fec, "fec_recovered"));
    assert_eq!(number(Profile::Restart, "segments"), Some(2.0));
    assert_eq!(number(Profile::Baseline, "fec_received"), Some(0.0));
    assert_eq!(number(Profile::LateSeries, "fec_invalid"), None);
    assert_eq!(number(Profile::NewerNames, "fec_recovery_attempts"), None);
    assert!(some(Profile::NewerNames, "fec_discarded"));
    assert_eq!(number(Profile::Browser, "fec_recovered"), None);
    assert_eq!(number(Profile::Empty, "frames_received"), Some(0.0));
    assert!(number(Profile::Short, "frames_received").unwrap() < 8.0);
    let resets = read(&made(Profile::Reset)).summary(Mode::Exact).get("counter_resets").cloned();
    assert!(matches!(resets, Some(Value::Counts(counts)) if counts.len() == 5));
    let freezes = read(&made(Profile::Freeze)).freezes();
    assert!(freezes.last_open && freezes.start_us.len() >= 2);
    let run = read(&made(Profile::UnclosedBurst));
    let bursts = run.bursts(Mode::Exact);
    assert_eq!(bursts.iter().map(|burst| burst.open).collect::<Vec<_>>(), [false, true]);
    assert_eq!(read(&made(Profile::Marks)).marks().count(), 3);
    assert_eq!(made(Profile::Gzip).files.len(), 5);
    assert!(
        made(Profile::Gzip).files[..4].iter().all(|(name, bytes)| name.ends_with(".gz") && bytes[0] == 0x1f)
    );
    assert!(made(Profile::Empty).files[..4].iter().all(|(_, bytes)| bytes.is_empty()));
    assert!(made(Profile::MissingFiles).files.len() < 5);
    assert!(made(Profile::CrlfBom).file("frames.csv").unwrap().starts_with(b"\xef\xbb\xbfrecv"));
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
        // The script's definitions survive every shape as well.
        assert_eq!(read(&made(profile)).summary(Mode::PlotFec).values.len(), 16);
    }
    assert!("fex".parse::<Profile>().unwrap_err().message().contains("odd_labels"));
}

/// FEC alone changes; the runs have the same frames, and it does what it is for.
#[test]
fn fec_repairs_what_the_channel_loses() {
    let run = |profile| {
        let options = SimulateOptions { profile, seed: 9, duration_s: 300.0, ..SimulateOptions::default() };
        read(&simulate(&options).unwrap())
    };
    let (baseline, fec) = (run(Profile::Baseline), run(Profile::Fec));
    let result = compare(&[&baseline], &[&fec], &CompareOptions::default()).unwrap();
    assert!(result.get("loss_ratio_in_bursts").unwrap().difference.unwrap() < 0.0);
    for key in ["nack_outgoing", "latency_mean_ms"] {
        assert_eq!(result.get(key).unwrap().effect, Effect::Better, "{:?}", result.get(key));
    }
    assert_eq!(result.get("fec_overhead_ratio").unwrap().effect, Effect::Worse);
    let loss = result.get("residual_loss_ratio_denominator").unwrap().a.unwrap();
    let share = result.get("packet_loss_incoming").unwrap().a.unwrap() / loss;
    // 2 % for 240 s and 25 % for 60 s.
    assert!((0.04..0.10).contains(&share), "{share}");
}

/// FNV-1a of all files: the same on every target. A change of the simulation changes it.
#[test]
fn the_same_seed_gives_the_same_bytes() {
    let hash = |options: &SimulateOptions| {
        let bytes = simulate(options).unwrap().files.into_iter().flat_map(|(_, bytes)| bytes);
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        })
    };
    let options = quick(Profile::Malformed, 7);
    assert_eq!(hash(&options), hash(&options));
    assert_ne!(hash(&options), hash(&quick(Profile::Malformed, 8)));
    assert_eq!(format!("{:016x}", hash(&options)), "a3352fd8f3a46d86");
}

#[test]
fn options_out_of_range_are_refused() {
    let plain = SimulateOptions::default();
    for (options, part) in [
        (SimulateOptions { duration_s: f64::NAN, ..plain.clone() }, "duration_s is NaN: expected 5 to 86400"),
        (SimulateOptions { fps: 0.0, ..plain.clone() }, "fps is 0"),
        (SimulateOptions { packets_per_frame: 0, ..plain.clone() }, "packets_per_frame is 0"),
        (SimulateOptions { base_loss: 0.6, ..plain.clone() }, "base_loss is 0.6: expected 0 to 0.5"),
        (SimulateOptions { burst_len_s: 16.0, ..plain.clone() }, "burst_len_s is 16: expected 0 to 15"),
        (SimulateOptions { fec_rate: 101, ..plain.clone() }, "fec_rate is 101"),
        (SimulateOptions { start_us: 0, ..plain.clone() }, "start_us is 0"),
        (
            SimulateOptions { duration_s: 86_400.0, fps: 240.0, ..plain.clone() },
            "the limit is 2000000 frames",
        ),
    ] {
        let error = simulate(&options).unwrap_err();
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn a_written_run_is_read_back() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulated/gzip");
    simulate(&quick(Profile::Gzip, 1)).unwrap().write(&directory).unwrap();
    let run = Run::open(&directory, &Options::default()).unwrap();
    let truth: Json = serde_json::from_slice(&std::fs::read(directory.join("truth.json")).unwrap()).unwrap();
    assert_eq!(differences(&run.summary(Mode::Exact), &truth), Vec::<String>::new());
}

fn cases() -> u32 {
    std::env::var("STREAMGAUGE_PROPERTY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exact_gives_the_truth_for_any_options(
        profile in 0..Profile::ALL.len(),
        seed: u64,
        duration_s in 5.0..20.0_f64,
        fps in prop_oneof![Just(25.0), Just(30.0), Just(59.94), 2.0..120.0_f64],
        packets_per_frame in 1..8_u32,
        base_loss in 0.0..0.2_f64,
        burst_loss in 0.0..0.5_f64,
        (burst_every_s, burst_share) in (1.0..12.0_f64, 0.0..1.0_f64),
        fec_rate in 0..=100_u32,
        random_mask: bool,
        rtt_ms in 0..300_u32,
    ) {
        check(&SimulateOptions {
            profile: Profile::ALL[profile],
            seed,
            duration_s,
            fps,
            packets_per_frame,
            base_loss,
            burst_loss,
            burst_every_s,
            burst_len_s: burst_every_s * burst_share,
            fec_rate,
            fec_mask: if random_mask { FecMask::Random } else { FecMask::Bursty },
            rtt_ms,
            ..SimulateOptions::default()
        });
    }
}
