//! Summaries of audiences as Prometheus text and JSON.

use super::Exposition;
use crate::audience::{Summary, ViewerTotals};

/// A count of a summary, as Prometheus and OTLP name it.
pub(super) struct Count {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// In UCUM, as OTLP wants it.
    #[cfg_attr(not(feature = "proto"), allow(dead_code))]
    pub(super) unit: &'static str,
    pub(super) of: fn(&ViewerTotals) -> u64,
}

const fn count(
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    of: fn(&ViewerTotals) -> u64,
) -> Count {
    Count { name, help, unit, of }
}

pub(super) const COUNTS: [Count; 13] = [
    count("viewers", "Viewers that were new.", "{viewer}", |t| t.viewers),
    count("views", "Views that began.", "{view}", |t| t.views),
    count("reconnects", "Joins that went on with a view.", "{join}", |t| t.reconnects),
    count("unknown", "Events of viewers who were not there.", "{event}", |t| t.unknown),
    count("timed_out", "Viewers who left because nothing was heard of them.", "{viewer}", |t| t.timed_out),
    count("rejected", "Joins refused for want of room.", "{join}", |t| t.rejected),
    count("went_back", "Events before the one they follow on.", "{event}", |t| t.went_back),
    count("started", "Views whose first picture was reported.", "{view}", |t| t.started),
    count("ended", "Views that are over for good.", "{view}", |t| t.ended),
    count("ended_before_start", "Of these, views that never started.", "{view}", |t| t.ended_before_start),
    count("rebuffers", "Times that playing stalled.", "{stall}", |t| t.rebuffers),
    count("switches_up", "Switches to a higher bitrate.", "{switch}", |t| t.switches_up),
    count("switches_down", "Switches to a lower bitrate.", "{switch}", |t| t.switches_down),
];

/// Times in microseconds. They include spans that go on, and a viewer who turns out to have left some
/// time ago takes them back, so they can fall.
pub(super) const TIMES: [Count; 3] = [
    count("rebuffer", "How long playing stalled.", "s", |t| t.rebuffer_us),
    count("watched", "Time watched, stalls included.", "s", |t| t.watched_us),
    count("bitrate", "Time of a known bitrate.", "s", |t| t.bitrate_us),
];

/// What is no sum, and absent where it was not measured.
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    #[cfg_attr(not(feature = "proto"), allow(dead_code))]
    pub(super) unit: &'static str,
    pub(super) of: fn(&Summary) -> Option<f64>,
}

const fn measure(
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    of: fn(&Summary) -> Option<f64>,
) -> Measure {
    Measure { name, help, unit, of }
}

pub(super) const MEASURES: [Measure; 6] = [
    measure("peak_at_least", "The most viewers at once: this or more.", "{viewer}", |summary| {
        Some(summary.peak_at_least as f64)
    }),
    measure("peak_at_most", "The most viewers at once: this or fewer.", "{viewer}", |summary| {
        Some(summary.peak_at_most as f64)
    }),
    measure("mean_concurrency", "Viewers at once, weighted by time.", "{viewer}", Summary::mean_concurrency),
    measure("rebuffer_ratio", "Stalled time of the time watched.", "1", Summary::rebuffer_ratio),
    measure("mean_bitrate_bps", "Weighted by time.", "bit/s", Summary::mean_bitrate_bps),
    measure("exit_before_start_ratio", "Of the views that ended.", "1", Summary::exit_before_start_ratio),
];

/// Quantiles of startup times that are shown.
pub(super) const QUANTILES: [(&str, f64); 3] = [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99)];

/// Summaries with the labels of each, such as its stream: counters `streamgauge_audience_views_total`
/// and so on, gauges for what can fall. What was not measured has no sample. Keep labels few: no
/// viewer belongs there.
pub fn summaries_text(summaries: &[(Vec<(&str, &str)>, &Summary)], openmetrics: bool) -> String {
    let mut out = Exposition::new(openmetrics);
    if summaries.is_empty() {
        return out.finish();
    }
    for Count { name, help, of, .. } in COUNTS {
        let samples = summaries.iter().map(|(labels, summary)| (labels.iter().copied(), of(&summary.totals)));
        out.counter(&format!("streamgauge_audience_{name}_total"), help, samples);
    }
    let mut gauge = |name: &str, help: &str, of: &dyn Fn(&Summary) -> Option<f64>| {
        let samples = summaries.iter().map(|(labels, summary)| (labels.iter().copied(), of(summary)));
        out.gauge(&format!("streamgauge_audience_{name}"), help, samples);
    };
    for Count { name, help, of, .. } in TIMES {
        gauge(&format!("{name}_us"), help, &|summary| Some(of(&summary.totals) as f64));
    }
    gauge("watching", "Viewers now.", &|summary| Some(summary.watching as f64));
    for Measure { name, help, of, .. } in MEASURES {
        gauge(name, help, &of);
    }
    let startup = summaries.iter().flat_map(|(labels, summary)| {
        QUANTILES.map(|(name, q)| {
            (labels.iter().copied().chain([("quantile", name)]), summary.startup_us.quantile(q))
        })
    });
    out.gauge("streamgauge_audience_startup_us", "From join to first picture.", startup);
    out.finish()
}

/// A summary as a JSON object; what was not measured is null.
#[cfg(feature = "serde")]
pub fn summary_json(summary: &Summary) -> String {
    use serde_json::{Value, json};
    let mut object = json!({
        "start_us": summary.interval.map(|interval| interval.start_us),
        "end_us": summary.interval.map(|interval| interval.end_us),
        "watching": summary.watching,
        "peak_at_least": summary.peak_at_least,
        "peak_at_most": summary.peak_at_most,
        "peak_us": summary.peak_us,
        "mean_concurrency": summary.mean_concurrency(),
        "rebuffer_ratio": summary.rebuffer_ratio(),
        "mean_bitrate_bps": summary.mean_bitrate_bps(),
        "exit_before_start_ratio": summary.exit_before_start_ratio(),
    });
    if let Value::Object(fields) = &mut object {
        fields.extend(summary.totals.fields().map(|(name, count)| (name.to_owned(), json!(count))));
        fields.extend(
            QUANTILES.map(|(_, q)| {
                (format!("startup_us_p{:.0}", q * 100.0), json!(summary.startup_us.quantile(q)))
            }),
        );
    }
    object.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::{Audience, AudienceConfig};

    fn summary() -> Summary {
        let mut audience = Audience::new(AudienceConfig::default()).unwrap();
        audience.join("somebody", 0, None).unwrap();
        audience.started("somebody", 500_000);
        audience.rebuffered("somebody", 1_000_000, 250_000);
        audience.join("somebody else", 1_000_000, None).unwrap();
        audience.summary(2_000_000)
    }

    #[test]
    fn an_exposition_has_no_viewers_in_it() {
        let summary = summary();
        let text = summaries_text(&[(vec![("stream.id", "a\"b")], &summary)], false);
        for line in [
            "streamgauge_audience_views_total{stream_id=\"a\\\"b\"} 2",
            "streamgauge_audience_watched_us{stream_id=\"a\\\"b\"} 3000000",
            "streamgauge_audience_mean_concurrency{stream_id=\"a\\\"b\"} 1.5",
            "streamgauge_audience_startup_us{stream_id=\"a\\\"b\",quantile=\"0.5\"} 500000",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("somebody") && !text.contains("bitrate_bps{"), "{text}");
        assert_eq!(summaries_text(&[], true), "# EOF\n");
    }

    #[test]
    fn every_count_is_shown() {
        let totals = ViewerTotals::from_fields(&(1..=16).collect::<Vec<u64>>());
        let shown: Vec<(String, u64)> = COUNTS
            .iter()
            .map(|count| (count.name.to_owned(), (count.of)(&totals)))
            .chain(TIMES.iter().map(|time| (format!("{}_us", time.name), (time.of)(&totals))))
            .collect();
        let fields = totals.fields().map(|(name, count)| (name.to_owned(), count));
        assert!(fields.iter().all(|field| shown.contains(field)) && shown.len() == fields.len());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn json_has_null_for_what_was_not_measured() {
        let json: serde_json::Value = serde_json::from_str(&summary_json(&summary())).unwrap();
        assert_eq!(json["views"], 2);
        assert_eq!(json["rebuffer_ratio"], 250.0 / 3000.0);
        assert_eq!(
            (&json["startup_us_p50"], &json["startup_us_p99"]),
            (&500_000.0.into(), &500_000.0.into())
        );
        assert!(json["mean_bitrate_bps"].is_null() && json["exit_before_start_ratio"].is_null());
    }
}
