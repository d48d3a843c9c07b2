//! What each key of the `exact` summary is: once, for documentation, comparison and gates.

/// Which direction of change is an improvement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither.
    Neutral,
}

impl Better {
    /// `"lower"`, `"higher"` or `"neutral"`.
    pub const fn name(self) -> &'static str {
        match self {
            Better::Lower => "lower",
            Better::Higher => "higher",
            Better::Neutral => "neutral",
        }
    }
}

/// A key of the `exact` summary.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key, with its unit where it has one.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// When it is null.
    pub null_when: &'static str,
    /// Which direction is an improvement.
    pub better: Better,
    /// The key that a percentage in a gate is a share of.
    pub denominator: Option<&'static str>,
}

use Better::{Higher, Lower, Neutral};

const NEVER: &str = "never";
const NO_FRAMES_FILE: &str = "there is no frames.csv";
const NO_IDS: &str = "no frame in the window has an id";
const NO_FRAMES: &str = "no frame in the window";
const NO_LATENCY: &str = "no frame in the window has a user timestamp";
const NO_METRIC: &str = "the metric has no sample in the window";
const NO_BURSTS: &str = "no burst, no time in this part, or null for the whole window";

const fn key(
    name: &'static str,
    unit: &'static str,
    better: Better,
    null_when: &'static str,
    formula: &'static str,
) -> Key {
    Key { name, unit, formula, null_when, better, denominator: None }
}

const fn share(key: Key, denominator: &'static str) -> Key {
    Key { denominator: Some(denominator), ..key }
}

/// Every key of the `exact` summary, in order.
pub const KEYS: &[Key] = &[
    key("window_start_us", "us", Neutral, NEVER, "`T0_US`, else the first time of frames and samples"),
    key(
        "window_end_us",
        "us",
        Neutral,
        NEVER,
        "`T1_US`, else just after the last time of frames and samples; not inside the window",
    ),
    key(
        "window_start_from",
        "text",
        Neutral,
        NEVER,
        "`meta`, or `data` where `T0_US` is missing or unusable",
    ),
    key("window_end_from", "text", Neutral, NEVER, "`meta`, or `data` where `T1_US` is missing or unusable"),
    key("duration_s", "s", Neutral, NEVER, "length of the window"),
    share(
        key("frames_received", "frames", Higher, NO_FRAMES_FILE, "rows with a valid time in the window"),
        "frames_expected",
    ),
    key("frames_expected", "frames", Neutral, NO_IDS, "sum over segments of last id - first id + 1"),
    share(
        key(
            "frames_lost",
            "frames",
            Lower,
            NO_IDS,
            "expected - unique ids - unidentified - outliers, not below 0",
        ),
        "frames_expected",
    ),
    key(
        "frames_lost_is_lower_bound",
        "flag",
        Neutral,
        NEVER,
        "frames without a usable id were received, and may stand for any id",
    ),
    key(
        "gap_events",
        "gaps",
        Lower,
        NO_IDS,
        "places between received ids of a segment where ids are missing",
    ),
    share(
        key(
            "frames_unidentified",
            "frames",
            Neutral,
            NO_FRAMES_FILE,
            "rows without an id, or with one that cannot be read",
        ),
        "frames_received",
    ),
    share(
        key(
            "frames_duplicate",
            "frames",
            Lower,
            NO_FRAMES_FILE,
            "rows whose id was received before in its segment",
        ),
        "frames_received",
    ),
    share(
        key(
            "frames_reordered",
            "frames",
            Lower,
            NO_FRAMES_FILE,
            "rows, no duplicates, whose id is below one received before in its segment",
        ),
        "frames_received",
    ),
    share(
        key(
            "frames_outlier",
            "frames",
            Neutral,
            NO_FRAMES_FILE,
            "rows whose id jumped and whose successor does not confirm the jump",
        ),
        "frames_received",
    ),
    key(
        "discontinuities",
        "jumps",
        Lower,
        NO_FRAMES_FILE,
        "steps of the id larger than 3 x elapsed x nominal rate + 30",
    ),
    key("segments", "segments", Neutral, NEVER, "runs of ids between confirmed discontinuities"),
    key("loss_ratio", "ratio", Lower, NO_IDS, "frames_lost / frames_expected"),
    key("loss_ratio_numerator", "frames", Neutral, NO_IDS, "frames_lost"),
    key("loss_ratio_denominator", "frames", Neutral, NO_IDS, "frames_expected"),
    key(
        "frame_rate_nominal_per_s",
        "1/s",
        Neutral,
        NO_IDS,
        "1 / median time per id between neighbouring rows, by user timestamps where there are any; between 0.1 and 1000; 30 where it cannot be told",
    ),
    key("frame_rate_mean_per_s", "1/s", Higher, NO_FRAMES_FILE, "frames_received / duration_s"),
    key(
        "freeze_count",
        "freezes",
        Lower,
        NO_FRAMES,
        "frame intervals >= max(3 mean, mean + 150 ms), mean over the last 30 intervals including it, from the fifth frame on; the open one at the end too",
    ),
    key("freeze_total_ms", "ms", Lower, NO_FRAMES, "sum of the freezes' intervals"),
    key("freeze_longest_ms", "ms", Lower, NO_FRAMES, "the longest of them, 0 without a freeze"),
    key("latency_count", "frames", Neutral, NEVER, "frames with a user timestamp that is not 0"),
    key("latency_mean_ms", "ms", Lower, NO_LATENCY, "mean of receive time - user timestamp"),
    key("latency_min_ms", "ms", Neutral, NO_LATENCY, "least"),
    key("latency_p50_ms", "ms", Lower, NO_LATENCY, "quantile 0.5, linear (Hyndman-Fan 7)"),
    key("latency_p95_ms", "ms", Lower, NO_LATENCY, "quantile 0.95, linear"),
    key("latency_p99_ms", "ms", Lower, NO_LATENCY, "quantile 0.99, linear"),
    key("latency_p999_ms", "ms", Lower, NO_LATENCY, "quantile 0.999, linear"),
    key("latency_max_ms", "ms", Lower, NO_LATENCY, "largest"),
    key("latency_stdev_ms", "ms", Lower, "fewer than two latencies", "sample standard deviation (n - 1)"),
    key("quantile_method", "text", Neutral, NEVER, "`linear`"),
    key(
        "clock_drift_ppm",
        "ppm",
        Neutral,
        "fewer than 6 of 12 blocks have a latency",
        "median slope of the least latency of 12 blocks (Theil-Sen)",
    ),
    key(
        "clock_drift_bound_ppm",
        "ppm",
        Neutral,
        "as clock_drift_ppm",
        "the drift may be this far off: range of the 12 least latencies around its slope / half their time",
    ),
    key("fec_received", "packets", Neutral, NO_METRIC, "counter total of state `received`"),
    key("fec_recovery_attempts", "packets", Neutral, NO_METRIC, "counter total of state `recovery_attempt`"),
    key("fec_recovered", "packets", Higher, NO_METRIC, "counter total of state `recovered`"),
    key("fec_recovery_failed", "packets", Lower, NO_METRIC, "counter total of state `recovery_failed`"),
    key("fec_unused", "packets", Neutral, NO_METRIC, "counter total of state `unused`"),
    key("fec_invalid", "packets", Lower, NO_METRIC, "counter total of state `invalid`"),
    key("fec_discarded", "packets", Neutral, NO_METRIC, "counter total of type `discarded` (newer naming)"),
    key("nack_total", "nacks", Lower, NO_METRIC, "counter total over all label sets"),
    key("nack_incoming", "nacks", Lower, NO_METRIC, "counter total of direction `incoming`"),
    key("nack_outgoing", "nacks", Lower, NO_METRIC, "counter total of direction `outgoing`"),
    key(
        "packet_loss_total",
        "packets",
        Lower,
        NO_METRIC,
        "counter total over all label sets; last - first where declared signed",
    ),
    share(
        key("packet_loss_incoming", "packets", Lower, NO_METRIC, "counter total of direction `incoming`"),
        "residual_loss_ratio_denominator",
    ),
    key("packet_loss_outgoing", "packets", Lower, NO_METRIC, "counter total of direction `outgoing`"),
    key("packets_out_of_order", "packets", Lower, NO_METRIC, "counter total over all label sets"),
    key(
        "packets_received",
        "packets",
        Neutral,
        NO_METRIC,
        "counter total of direction `incoming`, transmission `initial`; includes retransmitted ones where these are counted beside it",
    ),
    key(
        "packets_retransmitted",
        "packets",
        Neutral,
        NO_METRIC,
        "counter total of direction `incoming`, transmission `retransmit`",
    ),
    key(
        "residual_loss_ratio",
        "ratio",
        Lower,
        "a part is null, nothing was sent, or more packets were repaired than lost",
        "packets neither received, retransmitted nor recovered / packets sent",
    ),
    key(
        "residual_loss_ratio_numerator",
        "packets",
        Neutral,
        "as residual_loss_ratio",
        "packet_loss_incoming - packets_retransmitted - fec_recovered, of these what is counted",
    ),
    key(
        "residual_loss_ratio_denominator",
        "packets",
        Neutral,
        NO_METRIC,
        "packets_received - packets_retransmitted + packet_loss_incoming",
    ),
    key(
        "recovery_probability",
        "ratio",
        Higher,
        "recovered or failed is null, or both are 0",
        "fec_recovered / (fec_recovered + fec_recovery_failed)",
    ),
    key("recovery_probability_numerator", "packets", Neutral, NO_METRIC, "fec_recovered"),
    key(
        "recovery_probability_denominator",
        "packets",
        Neutral,
        NO_METRIC,
        "fec_recovered + fec_recovery_failed",
    ),
    key(
        "fec_overhead_ratio",
        "ratio",
        Lower,
        "a part is null, or no media packet",
        "FEC packets / media packets, both as received",
    ),
    key("fec_overhead_ratio_numerator", "packets", Neutral, NO_METRIC, "fec_received"),
    key(
        "fec_overhead_ratio_denominator",
        "packets",
        Neutral,
        NO_METRIC,
        "packets_received - packets_retransmitted",
    ),
    key("burst_count", "bursts", Neutral, NEVER, "bursts of loss that meet the window"),
    key("burst_s", "s", Neutral, NEVER, "time of the window within bursts"),
    key(
        "covered_s_in_bursts",
        "s",
        Neutral,
        NO_BURSTS,
        "time within bursts between the first and the last poll",
    ),
    key("frames_received_in_bursts", "frames", Higher, NO_BURSTS, "as frames_received"),
    key(
        "frames_lost_in_bursts",
        "frames",
        Lower,
        NO_BURSTS,
        "as frames_lost, a missing frame standing evenly between its neighbours",
    ),
    key("loss_ratio_in_bursts", "ratio", Lower, NO_BURSTS, "lost / (missing + unique ids) within bursts"),
    key("freeze_count_in_bursts", "freezes", Lower, NO_BURSTS, "freezes that begin within bursts"),
    key("freeze_total_ms_in_bursts", "ms", Lower, NO_BURSTS, "frozen time within bursts"),
    key("latency_p50_ms_in_bursts", "ms", Lower, NO_BURSTS, "of frames received within bursts"),
    key("latency_p95_ms_in_bursts", "ms", Lower, NO_BURSTS, "of frames received within bursts"),
    key("latency_p99_ms_in_bursts", "ms", Lower, NO_BURSTS, "of frames received within bursts"),
    key(
        "nack_total_in_bursts",
        "nacks",
        Lower,
        NO_BURSTS,
        "each step of a counter spread evenly over its time",
    ),
    key(
        "packet_loss_total_in_bursts",
        "packets",
        Lower,
        NO_BURSTS,
        "each step of a counter spread evenly over its time",
    ),
    key(
        "residual_loss_ratio_in_bursts",
        "ratio",
        Lower,
        NO_BURSTS,
        "as residual_loss_ratio, of the amounts within bursts",
    ),
    key(
        "recovery_probability_in_bursts",
        "ratio",
        Higher,
        NO_BURSTS,
        "as recovery_probability, of the amounts within bursts",
    ),
    key(
        "fec_overhead_ratio_in_bursts",
        "ratio",
        Lower,
        NO_BURSTS,
        "as fec_overhead_ratio, of the amounts within bursts",
    ),
    key("covered_s_outside_bursts", "s", Neutral, NO_BURSTS, "as inside, for the rest of the window"),
    key(
        "frames_received_outside_bursts",
        "frames",
        Higher,
        NO_BURSTS,
        "as inside, for the rest of the window",
    ),
    key("frames_lost_outside_bursts", "frames", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key("loss_ratio_outside_bursts", "ratio", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key("freeze_count_outside_bursts", "freezes", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key("freeze_total_ms_outside_bursts", "ms", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key("latency_p50_ms_outside_bursts", "ms", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key("latency_p95_ms_outside_bursts", "ms", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key("latency_p99_ms_outside_bursts", "ms", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key("nack_total_outside_bursts", "nacks", Lower, NO_BURSTS, "as inside, for the rest of the window"),
    key(
        "packet_loss_total_outside_bursts",
        "packets",
        Lower,
        NO_BURSTS,
        "as inside, for the rest of the window",
    ),
    key(
        "residual_loss_ratio_outside_bursts",
        "ratio",
        Lower,
        NO_BURSTS,
        "as inside, for the rest of the window",
    ),
    key(
        "recovery_probability_outside_bursts",
        "ratio",
        Higher,
        NO_BURSTS,
        "as inside, for the rest of the window",
    ),
    key(
        "fec_overhead_ratio_outside_bursts",
        "ratio",
        Lower,
        NO_BURSTS,
        "as inside, for the rest of the window",
    ),
    key(
        "counter_resets",
        "resets",
        Neutral,
        NEVER,
        "falls of the counters above, by family; families without one are left out",
    ),
    key("rows_dropped", "rows", Neutral, NEVER, "rows that are not used, by file"),
    key("labels_used", "text", Neutral, NEVER, "the selectors of the counters above that have samples"),
    key("notes", "text", Neutral, NEVER, "what a reader should know before believing a number"),
];
