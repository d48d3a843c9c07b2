//! Summaries of audiences as Prometheus text and JSON.

use super::Exposition;
use crate::audience::Summary;

/// Times among the counts of an audience. They include spans that go on, and a viewer who turns out
/// to have left some time ago takes them back, so they are gauges.
const TIMES: [&str; 3] = ["rebuffer_us", "watched_us", "bitrate_us"];

/// Quantiles of startup times that are shown.
const QUANTILES: [(&str, f64); 3] = [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99)];

/// Summaries with the labels of each, such as its stream: counters `streamgauge_audience_views_total`
/// and so on, gauges for what can fall. What was not measured has no sample. Keep labels few: no
/// viewer belongs there.
pub fn summaries_text(summaries: &[(Vec<(&str, &str)>, &Summary)], openmetrics: bool) -> String {
    let mut out = Exposition::new(openmetrics);
    let Some((_, first)) = summaries.first() else { return out.finish() };
    for (i, (name, _)) in first.totals.fields().into_iter().enumerate() {
        let samples =
            summaries.iter().map(|(labels, summary)| (labels.iter().copied(), summary.totals.fields()[i].1));
        if TIMES.contains(&name) {
            let samples = samples.map(|(labels, value)| (labels, Some(value as f64)));
            out.gauge(&format!("streamgauge_audience_{name}"), "Spans that go on included.", samples);
        } else {
            let family = format!("streamgauge_audience_{name}_total");
            out.counter(&family, "Since the start.", samples);
        }
    }
    type Of = fn(&Summary) -> Option<f64>;
    let gauges: [(&str, &str, Of); 6] = [
        ("watching", "Viewers now.", |summary| Some(summary.watching as f64)),
        ("peak", "The most viewers at once, or more.", |summary| Some(summary.peak_at_least as f64)),
        ("mean_concurrency", "Viewers at once, weighted by time.", Summary::mean_concurrency),
        ("rebuffer_ratio", "Stalled time of the time watched.", Summary::rebuffer_ratio),
        ("mean_bitrate_bps", "Weighted by time.", Summary::mean_bitrate_bps),
        ("exit_before_start_ratio", "Of the views that ended.", Summary::exit_before_start_ratio),
    ];
    for (name, help, of) in gauges {
        let samples = summaries.iter().map(|(labels, summary)| (labels.iter().copied(), of(summary)));
        out.gauge(&format!("streamgauge_audience_{name}"), help, samples);
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
        let text = summaries_text(&[(vec![("stream", "a\"b")], &summary)], false);
        for line in [
            "streamgauge_audience_views_total{stream=\"a\\\"b\"} 2",
            "streamgauge_audience_watched_us{stream=\"a\\\"b\"} 3000000",
            "streamgauge_audience_mean_concurrency{stream=\"a\\\"b\"} 1.5",
            "streamgauge_audience_startup_us{stream=\"a\\\"b\",quantile=\"0.5\"} 500000",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("somebody") && !text.contains("bitrate_bps{"), "{text}");
        assert_eq!(summaries_text(&[], true), "# EOF\n");
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
