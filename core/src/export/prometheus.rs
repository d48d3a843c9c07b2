//! The Prometheus text format 0.0.4, and OpenMetrics 1.0 where it is asked for.

use crate::ledger::Totals;
use crate::telemetry::{Direction, Role, TrackKey, TrackKind, TrackTotals};
use std::fmt::Write;

/// Writes metric families; a family's samples stand together, as the format wants it.
#[derive(Clone, Debug)]
pub struct Exposition {
    text: String,
    openmetrics: bool,
}

impl Exposition {
    /// Nothing yet. OpenMetrics names a counter family without `_total` and ends with `# EOF`.
    pub fn new(openmetrics: bool) -> Exposition {
        Exposition { text: String::new(), openmetrics }
    }

    /// A counter family: `name` ends in `_total`. Samples are labels and value.
    pub fn counter<'a, L>(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (L, u64)>)
    where
        L: IntoIterator<Item = (&'a str, &'a str)>,
    {
        let family = if self.openmetrics { name.strip_suffix("_total").unwrap_or(name) } else { name };
        self.head(family, help, "counter");
        for (labels, value) in samples {
            self.labels(name, labels);
            let _ = writeln!(self.text, " {value}");
        }
    }

    /// A gauge family. A value that is absent or not finite gives no sample.
    pub fn gauge<'a, L>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (L, Option<f64>)>,
    ) where
        L: IntoIterator<Item = (&'a str, &'a str)>,
    {
        self.head(name, help, "gauge");
        for (labels, value) in samples {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                self.labels(name, labels);
                let _ = writeln!(self.text, " {value}");
            }
        }
    }

    fn head(&mut self, family: &str, help: &str, kind: &str) {
        // A help text escapes backslash and newline; OpenMetrics the quote as well.
        let mut help = help.replace('\\', "\\\\").replace('\n', "\\n");
        if self.openmetrics {
            help = help.replace('"', "\\\"");
        }
        let _ = writeln!(self.text, "# HELP {family} {help}\n# TYPE {family} {kind}");
    }

    fn labels<'a>(&mut self, name: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.text.push_str(name);
        let mut before = '{';
        for (label, value) in labels {
            let _ = write!(self.text, "{before}{label}=\"{}\"", escape_label(value));
            before = ',';
        }
        if before == ',' {
            self.text.push('}');
        }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        if self.openmetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

/// A label value with backslash, quote and newline escaped.
pub fn escape_label(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

/// The label under which everything beyond the largest tracks is added up.
const OTHER: &str = "other";

/// Cumulative counts of tracks, the `top` with the most bytes by name and the others added up under
/// `track="other"`, so that there are at most `top` + 1 samples for each direction, role and kind.
/// A track that moves between the two makes its own series, and `other`, fall: sum over all for a
/// total. Loss leaves as two: what is signed is a gauge.
pub fn tracks_text(tracks: &[(TrackKey, TrackTotals)], top: usize, openmetrics: bool) -> String {
    let rows = fold(tracks, top);
    let mut out = Exposition::new(openmetrics);
    let counters: [CounterFamily; 10] = [
        ("streamgauge_track_packets_total", "Media packets, FEC included.", |t| t.primary_packets),
        ("streamgauge_track_bytes_total", "Their bytes.", |t| t.primary_bytes),
        ("streamgauge_track_retransmit_packets_total", "Retransmitted packets.", |t| t.retransmit_packets),
        ("streamgauge_track_retransmit_bytes_total", "Their bytes.", |t| t.retransmit_bytes),
        ("streamgauge_track_padding_bytes_total", "Padding bytes.", |t| t.padding_bytes),
        ("streamgauge_track_frames_total", "Frames; of simulcast those of the best layer.", |t| t.frames),
        ("streamgauge_track_nacks_total", "NACKs.", |t| t.nacks),
        ("streamgauge_track_plis_total", "Picture loss indications.", |t| t.plis),
        ("streamgauge_track_firs_total", "Full intra requests.", |t| t.firs),
        ("streamgauge_track_messages_total", "Messages of data and signal tracks.", |t| t.messages),
    ];
    for (name, help, value) in counters {
        out.counter(name, help, rows.iter().map(|row| (row.labels(), value(&row.totals))));
    }
    let lost = rows.iter().map(|row| (row.labels(), Some(row.totals.packets_lost as f64)));
    out.gauge("streamgauge_track_packets_lost", "Packets lost; falls when one comes late.", lost);
    out.finish()
}

/// Name, help and value of a counter.
type CounterFamily = (&'static str, &'static str, fn(&TrackTotals) -> u64);

struct Row<'a> {
    key: Option<&'a TrackKey>,
    direction: Direction,
    role: Role,
    kind: TrackKind,
    totals: TrackTotals,
}

impl Row<'_> {
    fn labels(&self) -> [(&str, &str); 5] {
        [
            ("participant", self.key.map_or(OTHER, |key| &key.participant)),
            ("track", self.key.map_or(OTHER, |key| &key.track)),
            (
                "direction",
                match self.direction {
                    Direction::Upstream => "upstream",
                    Direction::Downstream => "downstream",
                },
            ),
            (
                "role",
                match self.role {
                    Role::Edge => "edge",
                    Role::Relay => "relay",
                },
            ),
            ("kind", self.kind.code()),
        ]
    }
}

/// The largest tracks of each direction, role and kind, and one row for the rest of each.
fn fold(tracks: &[(TrackKey, TrackTotals)], top: usize) -> Vec<Row<'_>> {
    let group = |key: &TrackKey| (key.direction, key.role, key.kind);
    let mut sorted: Vec<&(TrackKey, TrackTotals)> = tracks.iter().collect();
    sorted.sort_by(|(a, a_totals), (b, b_totals)| {
        let by_bytes = b_totals.primary_bytes.cmp(&a_totals.primary_bytes);
        let by_name = || (&a.participant, &a.track).cmp(&(&b.participant, &b.track));
        group(a).cmp(&group(b)).then(by_bytes).then_with(by_name)
    });
    let mut rows: Vec<Row<'_>> = Vec::new();
    for chunk in sorted.chunk_by(|a, b| group(&a.0) == group(&b.0)) {
        let (direction, role, kind) = group(&chunk[0].0);
        let row = |key, totals| Row { key, direction, role, kind, totals };
        rows.extend(chunk.iter().take(top).map(|(key, totals)| row(Some(key), *totals)));
        if chunk.len() > top {
            let mut rest = TrackTotals::default();
            chunk[top..].iter().for_each(|(_, totals)| rest.add(totals));
            rows.push(row(None, rest));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(track: &str, bytes: u64) -> (TrackKey, TrackTotals) {
        let key = TrackKey {
            participant: "a \"b\"\\\nc".into(),
            track: track.into(),
            direction: Direction::Upstream,
            role: Role::Edge,
            kind: TrackKind::Audio,
            source: String::new(),
            mime: String::new(),
            country: String::new(),
        };
        (key, TrackTotals { primary_bytes: bytes, packets_lost: -2, ..TrackTotals::default() })
    }

    #[test]
    fn largest_by_name_and_the_rest_in_one() {
        let tracks = [track("t1", 5), track("t2", 50), track("t3", 7), track("t4", 1)];
        let text = tracks_text(&tracks, 2, false);
        let bytes: Vec<&str> =
            text.lines().filter(|line| line.starts_with("streamgauge_track_bytes_total{")).collect();
        let labels = r#"direction="upstream",role="edge",kind="audio""#;
        assert_eq!(
            bytes,
            [
                format!(
                    r#"streamgauge_track_bytes_total{{participant="a \"b\"\\\nc",track="t2",{labels}}} 50"#
                ),
                format!(
                    r#"streamgauge_track_bytes_total{{participant="a \"b\"\\\nc",track="t3",{labels}}} 7"#
                ),
                format!(r#"streamgauge_track_bytes_total{{participant="other",track="other",{labels}}} 6"#),
            ]
        );
        assert!(text.contains("# TYPE streamgauge_track_packets_lost gauge\n"));
        assert!(text.contains("kind=\"audio\"} -4\n"));
        assert!(!text.contains("# EOF"));
    }

    #[test]
    fn openmetrics_names_families_and_ends() {
        let text = tracks_text(&[], 2, true);
        assert!(text.contains("# TYPE streamgauge_track_bytes counter\n"));
        assert!(text.ends_with("# EOF\n"));
        let mut out = Exposition::new(true);
        out.gauge("x", "a \"b\"\\\n", [([], Some(1.5)), ([], None), ([], Some(f64::NAN))]);
        assert_eq!(out.finish(), "# HELP x a \\\"b\\\"\\\\\\n\n# TYPE x gauge\nx 1.5\n# EOF\n");
    }
}
