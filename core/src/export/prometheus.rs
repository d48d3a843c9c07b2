//! The Prometheus text format 0.0.4, and OpenMetrics 1.0 where it is asked for.

use super::counters::{COUNTERS, LOST, largest};
use super::{direction_code, role_code};
use crate::ledger::Totals;
use crate::telemetry::{Account, Group, TrackKey, TrackTotals};
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
            self.text.push(before);
            // One bad name would have the whole scrape refused.
            let allowed = |(i, c): (usize, char)| match c {
                'a'..='z' | 'A'..='Z' | '_' => c,
                '0'..='9' if i > 0 => c,
                _ => '_',
            };
            self.text.extend(label.chars().enumerate().map(allowed));
            let _ = write!(self.text, "=\"{}\"", escape_label(value));
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
/// A track that moves between the two, or that is dropped, makes sums fall: for sums that do not,
/// see [`account_text`]. Loss is signed and so a gauge.
pub fn tracks_text(tracks: &[(TrackKey, TrackTotals)], top: usize, openmetrics: bool) -> String {
    let groups = largest(tracks, top, |(key, totals)| {
        (Group::of(key), totals.primary_bytes, (&key.participant, &key.track))
    });
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (group, named, rest) in groups {
        rows.extend(named.iter().map(|(key, totals)| Row { key: Some(key), group, totals: *totals }));
        if !rest.is_empty() {
            let mut sum = TrackTotals::default();
            rest.iter().for_each(|(_, totals)| sum.add(totals));
            rows.push(Row { key: None, group, totals: sum });
        }
    }
    let mut out = Exposition::new(openmetrics);
    families(&mut out, "streamgauge_track", &rows, Row::labels);
    out.finish()
}

/// Cumulative counts of every direction, role and kind (`streamgauge_bytes_total` and so on), which
/// never fall, and of the `top` tracks with the most bytes in each (`streamgauge_track_bytes_total`
/// and so on). A sum is that of the groups; a track's own series ends when it is dropped or others
/// pass it, so tracks are for a closer look. Loss is signed and so a gauge.
pub fn account_text(account: &Account, top: usize, openmetrics: bool) -> String {
    let mut out = Exposition::new(openmetrics);
    let groups: Vec<Row<'_>> = account
        .groups
        .iter()
        .map(|group| Row { key: None, group: group.group, totals: group.totals })
        .collect();
    families(&mut out, "streamgauge", &groups, Row::group_labels);
    let tracks = largest(&account.tracks, top, |track| {
        (Group::of(&track.key), track.totals.primary_bytes, (&track.key.participant, &track.key.track))
    });
    let tracks: Vec<Row<'_>> = tracks
        .into_iter()
        .flat_map(|(group, named, _)| {
            named.into_iter().map(move |track| Row { key: Some(&track.key), group, totals: track.totals })
        })
        .collect();
    families(&mut out, "streamgauge_track", &tracks, Row::labels);
    out.finish()
}

fn families<'a, const N: usize>(
    out: &mut Exposition,
    prefix: &str,
    rows: &'a [Row<'a>],
    labels: fn(&'a Row<'a>) -> [(&'a str, &'a str); N],
) {
    for counter in &COUNTERS {
        let samples = rows.iter().filter_map(|row| {
            let value = counter.of(Some(row.group.kind), &row.totals)?;
            Some((labels(row), value))
        });
        out.counter(&format!("{prefix}_{}_total", counter.name), counter.help, samples);
    }
    let lost = rows.iter().map(|row| (labels(row), Some(row.totals.packets_lost as f64)));
    out.gauge(&format!("{prefix}_{}", LOST.0), LOST.1, lost);
}

struct Row<'a> {
    /// Absent for a sum of tracks.
    key: Option<&'a TrackKey>,
    group: Group,
    totals: TrackTotals,
}

impl<'a> Row<'a> {
    fn labels(&'a self) -> [(&'a str, &'a str); 5] {
        let [direction, role, kind] = self.group_labels();
        [
            ("participant", self.key.map_or(OTHER, |key| &key.participant)),
            ("track", self.key.map_or(OTHER, |key| &key.track)),
            direction,
            role,
            kind,
        ]
    }

    fn group_labels(&'a self) -> [(&'a str, &'a str); 3] {
        [
            ("direction", direction_code(self.group.direction)),
            ("role", role_code(self.group.role)),
            ("kind", self.group.kind.code()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{Direction, Role, Telemetry, TelemetryConfig, Track, TrackKind, TrackSeed};

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

    #[test]
    fn sums_do_not_fall_when_a_track_goes() {
        let telemetry = Telemetry::new(TelemetryConfig::default()).unwrap();
        telemetry.identify("PA", "RM", "", 0).unwrap();
        let open = |name: &str, seed| {
            let key = TrackKey { participant: "PA".into(), ..track(name, 0).0 };
            telemetry.open_seeded(key, 3, seed).unwrap()
        };
        let totals = TrackTotals { primary_bytes: 1000, ..TrackTotals::default() };
        let tracks: [Track; 3] = [
            open("t1", TrackSeed::default()),
            open("t2", TrackSeed { totals }),
            open("t3", TrackSeed::default()),
        ];
        for (track, bytes) in tracks.iter().zip([5, 7, 1]) {
            track.record_message(4, bytes);
        }
        let lines = || {
            let text = account_text(&telemetry.account(), 1, false);
            let bytes = |line: &&str| line.contains("_bytes_total{") && !line.contains("_padding_");
            let values = text.lines().filter(bytes).filter(|line| !line.contains("retransmit"));
            values.map(str::to_owned).collect::<Vec<_>>()
        };
        let labels = r#"direction="upstream",role="edge",kind="audio""#;
        let sum = format!("streamgauge_bytes_total{{{labels}}} 13");
        let of = |name: &str, bytes| {
            format!(r#"streamgauge_track_bytes_total{{participant="PA",track="{name}",{labels}}} {bytes}"#)
        };
        // What t2 counted elsewhere is in the account of that node.
        assert_eq!(lines(), [sum.clone(), of("t2", 7)]);
        tracks[1].close(5);
        assert_eq!(lines(), [sum.clone(), of("t2", 7)]);
        telemetry.flush(6).unwrap();
        assert_eq!(lines(), [sum, of("t1", 5)]);
        assert_eq!(telemetry.totals(Direction::Upstream, Role::Edge).primary_bytes, 1013);
    }

    #[test]
    fn what_a_kind_cannot_have_is_absent() {
        let text = tracks_text(&[track("t1", 5)], 2, false);
        assert!(!text.contains("streamgauge_track_frames_total{"));
        assert!(!text.contains("streamgauge_track_messages_total{"));
        assert!(text.contains("streamgauge_track_nacks_total{"));
    }
}
