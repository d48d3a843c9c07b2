//! What the relay adds to the library's accounts, and all of it as Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write;

use streamgauge::ring::{CursorStatus, EndReason, PumpStats, Snapshot};

use crate::Address;

#[derive(Default)]
pub struct Accounts {
    /// Who is behind a cursor's number.
    pub addresses: BTreeMap<u64, Address>,
    /// Tables sent ahead of random-access points: bytes on the wire besides what cursors delivered.
    pub preamble_bytes: u64,
}

/// Sums over all readers, those included that left, and the lag of the worst; one line per reader
/// would have no bound.
pub fn metrics(pump: &PumpStats, ring: &Snapshot, cursors: &[CursorStatus]) -> String {
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: u64| {
        // Writing to a String does not fail.
        let _ =
            writeln!(text, "# HELP relay_{name} {help}\n# TYPE relay_{name} {kind}\nrelay_{name} {value}");
    };
    metric("source_bytes_total", "counter", "Bytes read from the source.", pump.bytes_read);
    metric("source_garbage_bytes_total", "counter", "Bytes that belong to no packet.", pump.garbage_bytes);
    metric("source_resyncs_total", "counter", "Times packets had to be found again.", pump.resyncs);
    metric("published_bytes_total", "counter", "Bytes published to the ring.", ring.next.offset_bytes);
    metric("published_chunks_total", "counter", "Chunks published to the ring.", ring.next.sequence);
    metric("buffered_bytes", "gauge", "Bytes in the ring.", ring.buffered.bytes);
    metric("held_bytes", "gauge", "Bytes that readers hold.", ring.held_bytes);
    metric("readers", "gauge", "Readers connected.", ring.cursors);
    metric("readers_total", "counter", "Readers that ever came.", ring.cursors_opened);
    let sums = &ring.account;
    metric("delivered_bytes_total", "counter", "Bytes handed to readers.", sums.delivered.bytes);
    metric("skipped_bytes_total", "counter", "Bytes that readers missed.", sums.skipped.bytes);
    metric("skips_total", "counter", "Times a reader was too slow.", sums.skip_events);
    metric("warnings_total", "counter", "Times a reader went over its soft limit.", sums.warnings);
    metric(
        "blocked_write_us_total",
        "counter",
        "Time readers would not take more, us.",
        sums.blocked_write_us,
    );
    metric("write_timeouts_total", "counter", "Readers given up on.", sums.write_timeouts);
    let worst = cursors.iter().map(|cursor| cursor.lag.bytes).max();
    if let Some(worst) = worst {
        metric("worst_lag_bytes", "gauge", "Lag of the reader that is furthest behind.", worst);
    }
    let _ = writeln!(
        text,
        "# HELP relay_ended_total Readers that left, by reason.\n# TYPE relay_ended_total counter"
    );
    for (reason, count) in EndReason::ALL.iter().zip(sums.ended) {
        let reason = serde_json::to_string(reason).unwrap_or_default();
        let _ = writeln!(text, "relay_ended_total{{reason={reason}}} {count}");
    }
    text
}
