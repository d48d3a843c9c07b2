//! Reports and dumps from anywhere: what is read has finite values, and totals that never fall.
#![no_main]

use libfuzzer_sys::fuzz_target;
use streamgauge::ledger::Totals;
use streamgauge::webrtc::{Flow, Monitor, MonitorConfig, Report, StatType, TrackColumn, read_dump};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => {
            let Ok(dump) = read_dump(bytes) else { return };
            assert!(dump.problem_count >= dump.problems.len() as u64);
            dump.connections.iter().for_each(|connection| check(&connection.monitor));
        }
        1 => {
            let mut monitor = Monitor::new(MonitorConfig::default()).expect("the default");
            for (i, part) in bytes.split(|byte| *byte == b'\n').enumerate() {
                let Ok(report) = Report::from_json(part, i as i64 * 1_000_000) else { continue };
                let before = [Flow::Inbound, Flow::Outbound].map(|flow| *monitor.totals(flow));
                monitor.record(&report).expect("later than before");
                for (flow, before) in [Flow::Inbound, Flow::Outbound].into_iter().zip(before) {
                    assert!(!monitor.totals(flow).fell_below(&before));
                }
            }
            check(&monitor);
        }
        _ => {
            // A type, numbers of 8 bytes, and the rest as texts.
            let Some((types, rest)) = bytes.split_first() else { return };
            let types = [types % 16; 2];
            let wanted: usize = types.iter().filter_map(|t| StatType::ALL.get(usize::from(*t))).map(|t| t.numbers().len()).sum();
            let numbers: Vec<f64> = rest.chunks_exact(8).take(wanted).map(|b| f64::from_le_bytes(b.try_into().expect("8"))).collect();
            let Ok(texts) = std::str::from_utf8(&rest[numbers.len() * 8..]) else { return };
            let mut report = Report::new(0);
            if report.fill_packed(&types, &numbers, texts).is_ok() {
                let mut monitor = Monitor::new(MonitorConfig { from_start: true, ..MonitorConfig::default() }).expect("limits");
                monitor.record(&report).expect("the first");
                check(&monitor);
            }
        }
    }
});

fn check(monitor: &Monitor) {
    for track in monitor.tracks() {
        let history = track.history();
        for column in TrackColumn::ALL {
            assert_eq!(history.column(*column).len(), history.len());
            assert!(history.column(*column).iter().all(|value| !value.is_infinite()));
        }
        assert!(history.time_us().is_sorted());
    }
}
