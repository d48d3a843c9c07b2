//! `truth.json`: what the channel knows, counted plainly and never through the reader of runs.

use super::SimulateOptions;
use super::channel::{Event, Stream};
use super::files::{EVENT_JUNK, FRAME_JUNK, META_JUNK, PROM_JUNK};
use super::profile::{Plan, Profile};
use super::shape::{EVENTS, FRAMES, META, PROM, Row, RowId, RowUser, Shaped};
use crate::math::Sum;
use crate::time::{Interval, Micros};

/// A true value. Counts are whole; what cannot exist is null.
enum True {
    Null,
    Int(i64),
    Float(f64),
    Flag(bool),
    Text(&'static str),
    Counts(Vec<(&'static str, u64)>),
}

impl From<Option<i64>> for True {
    fn from(count: Option<i64>) -> True {
        count.map_or(True::Null, True::Int)
    }
}

impl From<Option<f64>> for True {
    fn from(value: Option<f64>) -> True {
        value.map_or(True::Null, True::Float)
    }
}

/// The text of `truth.json`.
pub(super) fn json(options: &SimulateOptions, plan: &Plan, stream: &Stream, shaped: &Shaped) -> String {
    let window = shaped.window(options, plan);
    let mut rows: Vec<&Row> = shaped.rows.iter().collect();
    rows.sort_by_key(|row| row.recv_us);
    rows.retain(|row| shaped.written[FRAMES] && window.contains(row.recv_us));
    let mut bursts: Vec<Interval> = Vec::new();
    if shaped.written[EVENTS] {
        bursts.extend(plan.bursts.iter().map(|burst| burst.interval.intersection(&window)));
        bursts.retain(|burst| burst.duration_us() > 0);
    }
    let mut truth = Truth { options, plan, stream, shaped, window, rows, bursts, out: Vec::new() };
    truth.about_the_window();
    truth.frames();
    truth.freezes();
    truth.latency();
    truth.counters();
    truth.dropped();
    truth.text()
}

struct Truth<'a> {
    options: &'a SimulateOptions,
    plan: &'a Plan,
    stream: &'a Stream,
    shaped: &'a Shaped,
    window: Interval,
    /// Those in the window, in order of receipt.
    rows: Vec<&'a Row>,
    bursts: Vec<Interval>,
    out: Vec<(&'static str, True)>,
}

impl Truth<'_> {
    fn set(&mut self, key: &'static str, value: impl Into<True>) {
        self.out.push((key, value.into()));
    }

    fn in_bursts(&self, at_us: Micros) -> bool {
        let begun = self.bursts.partition_point(|burst| burst.start_us <= at_us);
        begun > 0 && self.bursts[begun - 1].contains(at_us)
    }

    fn about_the_window(&mut self) {
        let window = self.window;
        let from = if window == self.plan.window { "meta" } else { "data" };
        let burst_us: Micros = self.bursts.iter().map(Interval::duration_us).sum();
        self.set("window_start_us", Some(window.start_us));
        self.set("window_end_us", Some(window.end_us));
        self.set("window_start_from", True::Text(from));
        self.set("window_end_from", True::Text(from));
        self.set("duration_s", Some(window.duration_us() as f64 / 1e6));
        self.set("burst_count", Some(self.bursts.len() as i64));
        self.set("burst_s", Some(burst_us as f64 / 1e6));
    }

    fn frames(&mut self) {
        let exists = self.shaped.exists[FRAMES];
        let of_file = |count: usize| exists.then_some(count as i64);
        let received = self.rows.len();
        let unidentified = self.rows.iter().filter(|row| matches!(row.id, RowId::Text(_))).count();
        let mut outliers = self.rows.iter().filter(|row| matches!(row.id, RowId::Off(_))).count();
        let frames = &self.stream.frames;
        let mut seen = vec![false; frames.len()];
        let (mut duplicates, mut reordered) = (0, 0);
        // Of each segment, the first and the last frame with an id, and the highest so far.
        let mut ends: [Option<(usize, usize)>; 2] = [None; 2];
        for row in self.rows.iter().filter(|row| row.id == RowId::True) {
            let end = &mut ends[frames[row.frame].segment as usize];
            if std::mem::replace(&mut seen[row.frame], true) {
                duplicates += 1;
            } else if end.is_some_and(|(_, highest)| row.frame < highest) {
                reordered += 1;
            }
            let (low, high) = end.unwrap_or((row.frame, row.frame));
            *end = Some((low.min(row.frame), high.max(row.frame)));
        }
        // One frame after a new beginning is no beginning yet: nothing confirms it.
        if let [Some(_), Some((first, last))] = ends
            && first == last
        {
            ends[1] = None;
            outliers += 1;
        }
        let spans: Vec<(usize, usize)> = ends.into_iter().flatten().collect();
        let between = || spans.iter().flat_map(|(first, last)| *first..=*last);
        let expected = between().count();
        let lost = between().filter(|index| frames[*index].whole_us.is_none()).count();
        // A gap begins where an id is missing behind one that is there.
        let gaps = between().filter(|index| !seen[*index] && seen[index - 1]).count();
        let any = !spans.is_empty();
        let some = |count: usize| any.then_some(count as i64);
        let jumps = outliers + spans.len().saturating_sub(1);
        let seconds = self.window.duration_us() as f64 / 1e6;
        let in_bursts = self.rows.iter().filter(|row| self.in_bursts(row.recv_us)).count();
        let parts = self.has_parts();
        self.set("frames_received", of_file(received));
        self.set("frames_expected", some(expected));
        self.set("frames_lost", some(lost));
        self.set("frames_lost_is_lower_bound", True::Flag(unidentified + outliers > 0));
        self.set("gap_events", some(gaps));
        self.set("frames_unidentified", of_file(unidentified));
        self.set("frames_duplicate", of_file(duplicates));
        self.set("frames_reordered", of_file(reordered));
        self.set("frames_outlier", of_file(outliers));
        self.set("discontinuities", of_file(jumps));
        self.set("segments", Some(spans.len() as i64));
        self.set("loss_ratio", any.then(|| lost as f64 / expected as f64));
        self.set("loss_ratio_numerator", some(lost));
        self.set("loss_ratio_denominator", some(expected));
        self.set("frame_rate_mean_per_s", (exists && seconds > 0.0).then(|| received as f64 / seconds));
        let interval_us = 1e6 / self.options.fps;
        if expected > 3 && interval_us.fract() == 0.0 {
            self.set("frame_rate_nominal_per_s", Some(self.options.fps));
        }
        self.set("frames_received_in_bursts", parts.0.then_some(in_bursts as i64));
        self.set("frames_received_outside_bursts", parts.1.then_some((received - in_bursts) as i64));
    }

    /// Whether there is time within and outside bursts to speak of.
    fn has_parts(&self) -> (bool, bool) {
        let burst_us: Micros = self.bursts.iter().map(Interval::duration_us).sum();
        (burst_us > 0, burst_us > 0 && burst_us < self.window.duration_us())
    }

    fn freezes(&mut self) {
        let mut ends: Vec<Micros> = self.rows.iter().map(|row| row.recv_us).collect();
        let measured = !ends.is_empty();
        ends.push(self.window.end_us);
        let mut freezes: Vec<Interval> = Vec::new();
        for at in 4..ends.len() {
            let recent: Vec<Micros> =
                (at.saturating_sub(29).max(1)..=at).map(|index| ends[index] - ends[index - 1]).collect();
            let (count, sum) = (recent.len() as Micros, recent.iter().sum::<Micros>());
            let last = ends[at] - ends[at - 1];
            // last >= max(3 mean, mean + 150 ms)
            if last * count >= 3 * sum && last * count >= sum + 150_000 * count {
                freezes.push(Interval::new(ends[at - 1], ends[at]));
            }
        }
        let some = |value: i64| measured.then_some(value);
        let ms = |us: Micros| measured.then_some(us as f64 / 1e3);
        let lengths = || freezes.iter().map(Interval::duration_us);
        let in_bursts = freezes.iter().filter(|freeze| self.in_bursts(freeze.start_us)).count() as i64;
        let in_burst = |freeze: &Interval| -> Micros {
            let from = self.bursts.partition_point(|burst| burst.end_us <= freeze.start_us);
            let meeting = self.bursts[from..].iter().take_while(|burst| burst.start_us < freeze.end_us);
            meeting.map(|burst| burst.intersection(freeze).duration_us()).sum()
        };
        let frozen_in_bursts: Micros = freezes.iter().map(in_burst).sum();
        let parts = self.has_parts();
        let count = freezes.len() as i64;
        self.set("freeze_count", some(count));
        self.set("freeze_total_ms", ms(lengths().sum()));
        self.set("freeze_longest_ms", ms(lengths().max().unwrap_or(0)));
        self.set("freeze_count_in_bursts", some(in_bursts).filter(|_| parts.0));
        self.set("freeze_count_outside_bursts", some(count - in_bursts).filter(|_| parts.1));
        self.set("freeze_total_ms_in_bursts", ms(frozen_in_bursts).filter(|_| parts.0));
        self.set(
            "freeze_total_ms_outside_bursts",
            ms(lengths().sum::<Micros>() - frozen_in_bursts).filter(|_| parts.1),
        );
    }

    fn latency(&mut self) {
        let of = |wanted: &dyn Fn(Micros) -> bool| -> Vec<f64> {
            let known = self.rows.iter().filter(|row| row.user_us == RowUser::True && wanted(row.recv_us));
            let late = known.map(|row| (row.recv_us - self.stream.frames[row.frame].capture_us) as f64 / 1e3);
            let mut late: Vec<f64> = late.collect();
            late.sort_by(f64::total_cmp);
            late
        };
        let all = of(&|_| true);
        let (inside, outside) = (of(&|at_us| self.in_bursts(at_us)), of(&|at_us| !self.in_bursts(at_us)));
        let parts = self.has_parts();
        let n = all.len() as f64;
        let mean = all.iter().copied().collect::<Sum>().value() / n;
        let squares = all.iter().map(|ms| (ms - mean) * (ms - mean)).collect::<Sum>().value();
        self.set("latency_count", Some(all.len() as i64));
        self.set("latency_mean_ms", (!all.is_empty()).then_some(mean));
        self.set("latency_min_ms", all.first().copied());
        self.set("latency_max_ms", all.last().copied());
        self.set("latency_stdev_ms", (all.len() > 1).then(|| (squares / (n - 1.0)).sqrt()));
        for (key, q) in [
            ("latency_p50_ms", 0.5),
            ("latency_p95_ms", 0.95),
            ("latency_p99_ms", 0.99),
            ("latency_p999_ms", 0.999),
        ] {
            self.set(key, quantile(&all, q));
        }
        for (key, sorted, q) in [
            ("latency_p50_ms_in_bursts", &inside, 0.5),
            ("latency_p95_ms_in_bursts", &inside, 0.95),
            ("latency_p99_ms_in_bursts", &inside, 0.99),
        ] {
            self.set(key, quantile(sorted, q).filter(|_| parts.0));
        }
        for (key, sorted, q) in [
            ("latency_p50_ms_outside_bursts", &outside, 0.5),
            ("latency_p95_ms_outside_bursts", &outside, 0.95),
            ("latency_p99_ms_outside_bursts", &outside, 0.99),
        ] {
            self.set(key, quantile(sorted, q).filter(|_| parts.1));
        }
        self.set("quantile_method", True::Text("linear"));
    }

    /// The first and the last poll of the window.
    fn polled(&self) -> Option<(Micros, Micros)> {
        let polls = self.shaped.polls.iter().map(|poll| poll.at_us);
        let inside: Vec<Micros> = polls.filter(|at_us| self.window.contains(*at_us)).collect();
        let found = Some((*inside.first()?, *inside.last()?));
        found.filter(|_| self.shaped.written[PROM])
    }

    /// What happened between the first and the last poll; `None` where no counter shows it.
    fn happened(&self, event: Event) -> Option<f64> {
        let (first_us, last_us) = self.polled()?;
        let times = self.stream.at(event);
        let shown = match self.options.profile {
            Profile::LateSeries => times.iter().any(|at_us| *at_us <= last_us),
            Profile::Browser => matches!(
                event,
                Event::FecReceived | Event::NackOut | Event::Lost | Event::Received | Event::Retransmitted
            ),
            Profile::NewerNames => {
                !matches!(event, Event::FecAttempt | Event::FecFailed | Event::FecInvalid | Event::FecUnused)
            }
            _ => true,
        };
        shown.then(|| times.iter().filter(|at_us| first_us < **at_us && **at_us <= last_us).count() as f64)
    }

    fn counters(&mut self) {
        let browser = self.options.profile == Profile::Browser;
        let plus = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + b);
        let received = self.happened(Event::FecReceived);
        let (recovered, failed) = (self.happened(Event::FecRecovered), self.happened(Event::FecFailed));
        let unused = self.happened(Event::FecUnused);
        // By the newer names an FEC packet that was not needed is discarded.
        let discarded = match self.options.profile {
            Profile::NewerNames => self.polled().map(|(first_us, last_us)| {
                let times = self.stream.at(Event::FecUnused);
                times.iter().filter(|at_us| first_us < **at_us && **at_us <= last_us).count() as f64
            }),
            _ => None,
        };
        self.set("fec_received", received);
        self.set("fec_recovery_attempts", self.happened(Event::FecAttempt));
        self.set("fec_recovered", recovered);
        self.set("fec_recovery_failed", failed);
        self.set("fec_unused", unused);
        self.set("fec_invalid", self.happened(Event::FecInvalid));
        self.set("fec_discarded", discarded);
        // A browser asks its peer, and says so as an incoming count.
        let (nack_in, nack_out) = match browser {
            true => (self.happened(Event::NackOut), None),
            false => (self.happened(Event::NackIn), self.happened(Event::NackOut)),
        };
        let either = match (nack_in, nack_out) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
        };
        self.set("nack_total", either);
        self.set("nack_incoming", nack_in);
        self.set("nack_outgoing", nack_out);
        let (lost, again) = (self.happened(Event::Lost), self.happened(Event::Retransmitted));
        let shown = if browser { lost.zip(again).map(|(lost, again)| lost - again) } else { lost };
        self.set("packet_loss_total", shown);
        self.set("packet_loss_incoming", shown);
        self.set("packet_loss_outgoing", True::Null);
        self.set("packets_out_of_order", self.happened(Event::OutOfOrder));
        let arrived = self.happened(Event::Received);
        self.set("packets_received", arrived);
        self.set("packets_retransmitted", again);
        let originals = arrived.map(|arrived| arrived - again.unwrap_or(0.0));
        self.ratio(
            ["recovery_probability", "recovery_probability_numerator", "recovery_probability_denominator"],
            recovered,
            plus(recovered, failed),
        );
        self.ratio(
            ["fec_overhead_ratio", "fec_overhead_ratio_numerator", "fec_overhead_ratio_denominator"],
            received,
            originals,
        );
        // A browser's loss has the repaired packets taken off already.
        if !browser {
            let repaired = again.unwrap_or(0.0) + recovered.unwrap_or(0.0);
            let residual = lost.map(|lost| lost - repaired).filter(|residual| *residual >= 0.0);
            self.ratio(
                ["residual_loss_ratio", "residual_loss_ratio_numerator", "residual_loss_ratio_denominator"],
                residual,
                plus(originals, lost),
            );
        }
        if let Some((first_us, last_us)) = self.polled().filter(|(first_us, last_us)| first_us < last_us) {
            let parts = self.has_parts();
            let covered = Interval::new(first_us, last_us);
            let inside: Micros =
                self.bursts.iter().map(|burst| burst.intersection(&covered).duration_us()).sum();
            let seconds = |us: Micros| us as f64 / 1e6;
            self.set("covered_s_in_bursts", parts.0.then(|| seconds(inside)));
            self.set("covered_s_outside_bursts", parts.1.then(|| seconds(last_us - first_us - inside)));
        }
    }

    fn ratio(&mut self, keys: [&'static str; 3], numerator: Option<f64>, denominator: Option<f64>) {
        let ratio = numerator.zip(denominator).filter(|(_, b)| *b > 0.0).map(|(a, b)| a / b);
        self.set(keys[0], ratio);
        self.set(keys[1], numerator);
        self.set(keys[2], denominator);
    }

    fn dropped(&mut self) {
        let junk = self.options.profile == Profile::Malformed;
        let of = |file: usize, count: usize| {
            if junk && self.shaped.written[file] { count as u64 } else { 0 }
        };
        let dropped = vec![
            ("frames.csv", of(FRAMES, FRAME_JUNK.len())),
            ("prom.tsv", of(PROM, PROM_JUNK.len())),
            ("events.csv", of(EVENTS, EVENT_JUNK.len())),
            ("meta.env", of(META, META_JUNK.len())),
        ];
        self.set("rows_dropped", True::Counts(dropped));
        let mut resets: Vec<(&'static str, u64)> = Vec::new();
        if let Some(after) = self.shaped.reset_after {
            let values = &self.shaped.polls[after].values;
            let began_anew =
                |events: &[Event]| events.iter().filter(|event| values[**event as usize] > 0).count() as u64;
            use Event::{FecAttempt, FecFailed, FecReceived, FecRecovered, FecUnused};
            // In order of name.
            for (family, events) in [
                (
                    "livekit_flexfec_packet_total",
                    &[FecReceived, FecAttempt, FecRecovered, FecFailed, FecUnused][..],
                ),
                ("livekit_nack_total", &[Event::NackIn, Event::NackOut]),
                ("livekit_packet_loss_total", &[Event::Lost]),
                ("livekit_packet_out_of_order_total", &[Event::OutOfOrder]),
                ("livekit_packet_total", &[Event::Received, Event::Retransmitted]),
            ] {
                resets.push((family, began_anew(events)));
            }
            resets.retain(|(_, count)| *count > 0);
        }
        self.set("counter_resets", True::Counts(resets));
    }

    fn text(&self) -> String {
        let value = |value: &True| match value {
            True::Null => "null".to_owned(),
            True::Int(count) => count.to_string(),
            True::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
            True::Float(value) => format!("{value:?}"),
            True::Flag(flag) => flag.to_string(),
            True::Text(text) => format!("\"{text}\""),
            True::Counts(counts) => {
                let counts = counts.iter().map(|(name, count)| format!("\"{name}\": {count}"));
                format!("{{{}}}", counts.collect::<Vec<_>>().join(", "))
            }
        };
        let lines = self.out.iter().map(|(key, of)| format!("    \"{key}\": {}", value(of)));
        format!(
            "{{\n  \"profile\": \"{}\",\n  \"seed\": {},\n  \"prng\": \"{}\",\n  \"summary\": {{\n{}\n  }}\n}}\n",
            self.options.profile.name(),
            self.options.seed,
            crate::run::random::PRNG,
            lines.collect::<Vec<_>>().join(",\n"),
        )
    }
}

/// Linear interpolation between the sorted values around `q (n - 1)`.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let at = q * (sorted.len().checked_sub(1)? as f64);
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    Some(sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64))
}
