//! Summaries of audiences as OTLP metrics.

use super::message::{
    Data, KeyValue, NumberDataPoint, QuantileValue, Summary as Quantiles, SummaryDataPoint, Temporality,
    Value,
};
use super::{Metrics, OtlpConfig, OtlpMetrics, count, key_value, nanos, point};
use crate::audience::Summary;
use crate::export::audience::{COUNTS, MEASURES, QUANTILES, TIMES};
use crate::time::Interval;

/// Summaries with the attributes of each, such as its stream, with cumulative temporality since its
/// first event: monotonic sums `streamgauge.audience.views` and so on, sums that are not monotonic for
/// the viewers who watch and for times (in seconds), gauges for means, ratios and bounds of the peak,
/// a summary for startup times with their least, their median, p90, p99 and their greatest. What was
/// not measured has no data point, nor has an audience without an event. Keep attributes few: no
/// viewer belongs there.
pub fn otlp_summaries(summaries: &[(Vec<(&str, &str)>, &Summary)], config: &OtlpConfig) -> OtlpMetrics {
    let mut metrics = Metrics::new(Temporality::Cumulative);
    for (labels, summary) in summaries {
        let Some(interval) = summary.interval else { continue };
        let attributes: Vec<KeyValue> = labels.iter().map(|(key, value)| key_value(key, value)).collect();
        metrics.audience(summary, &attributes, interval);
    }
    metrics.finish(config)
}

impl Metrics {
    fn audience(&mut self, summary: &Summary, attributes: &[KeyValue], interval: Interval) {
        let name = |name: &str| format!("streamgauge.audience.{name}");
        let whole = |value: u64| point(attributes, interval, count(value));
        for counter in COUNTS {
            let value = whole((counter.of)(&summary.totals));
            self.sum(&name(counter.name), counter.help, counter.unit, true, value);
        }
        for time in TIMES {
            let value = Some(Value::Double(seconds((time.of)(&summary.totals) as f64)));
            let value = NumberDataPoint { value, ..whole(0) };
            self.sum(&name(&format!("{}_time", time.name)), time.help, time.unit, false, value);
        }
        self.sum(&name("watching"), "Viewers now.", "{viewer}", false, whole(summary.watching));
        for measure in MEASURES {
            let value = (measure.of)(summary);
            self.gauge(&name(measure.name), measure.help, measure.unit, attributes, interval, value);
        }
        self.startup(summary, attributes, interval);
    }

    fn startup(&mut self, summary: &Summary, attributes: &[KeyValue], interval: Interval) {
        let sketch = &summary.startup_us;
        let Some(sum) = sketch.sum() else { return };
        let quantiles = [0.0].into_iter().chain(QUANTILES.map(|(_, q)| q)).chain([1.0]);
        let value = |quantile| Some(QuantileValue { quantile, value: seconds(sketch.quantile(quantile)?) });
        let point = SummaryDataPoint {
            start_time_unix_nano: nanos(interval.start_us),
            time_unix_nano: nanos(interval.end_us),
            count: sketch.count(),
            sum: seconds(sum),
            quantile_values: quantiles.filter_map(value).collect(),
            attributes: attributes.to_vec(),
        };
        let empty = || Data::Summary(Quantiles { data_points: Vec::new() });
        let metric = self.metric("streamgauge.audience.startup", "From join to first picture.", "s", empty);
        if let Some(Data::Summary(startup)) = &mut metric.data {
            startup.data_points.push(point);
        }
    }
}

fn seconds(us: f64) -> f64 {
    us / 1e6
}
