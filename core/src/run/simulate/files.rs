//! The files of a simulated run.

use super::SimulateOptions;
use super::channel::{Event, Stream};
use super::profile::{Plan, Profile};
use super::shape::{EVENTS, FRAMES, META, PROM, Poll, RowId, RowUser, Shaped};
use std::fmt::Write as _;
use std::io::Write as _;

/// Rows that cannot be used, for profile `malformed`: each counts as one dropped row.
pub(super) const FRAME_JUNK: [&str; 8] = [
    "",
    ",,,,",
    "soon,7,1781700000000000,1280,720",
    "1781700000000500.5,7,1781700000000000,1280,720",
    "99999999999999999999,7,1781700000000000,1280,720",
    "17817000\u{0}0000500,7,1781700000000000,1280,720",
    "\"never, or later\",7,1781700000000000,1280,720",
    "-,7",
];
pub(super) const PROM_JUNK: [&str; 9] = [
    "",
    "no tabs",
    "1781700000000500\tlivekit_nack_total{direction=\"incoming\"}",
    "1781700000000500\tlivekit_nack_total{direction=\"incoming\"}\t5\t6",
    "soon\tlivekit_nack_total{direction=\"incoming\"}\t5",
    "99999999999999999999\tlivekit_nack_total{direction=\"incoming\"}\t5",
    "1781700000000500\tlivekit_nack_total{direction=incoming}\t5",
    "1781700000000500\tlivekit_nack_total{direction=\"incoming\t5",
    "1781700000000500\tlivekit_nack_total{direction=\"incoming\"}\tmany",
];
pub(super) const EVENT_JUNK: [&str; 4] =
    ["no comma", "soon,burst_on", ",burst_on", "99999999999999999999,burst_off"];
pub(super) const META_JUNK: [&str; 2] = ["nothing here", "# a comment"];

const NAMES: [&str; 4] = ["frames.csv", "prom.tsv", "events.csv", "meta.env"];

/// The four files, without those that the profile leaves out.
pub(super) fn render(
    options: &SimulateOptions,
    plan: &Plan,
    stream: &Stream,
    shaped: &Shaped,
) -> Vec<(String, Vec<u8>)> {
    let mut texts: [String; 4] = Default::default();
    if shaped.written[FRAMES] {
        texts[FRAMES] = frames(options, stream, shaped);
    }
    if shaped.written[PROM] {
        texts[PROM] = prom(options, shaped);
    }
    if shaped.written[EVENTS] {
        texts[EVENTS] = events(options, plan);
    }
    if shaped.written[META] {
        texts[META] = meta(options, plan);
    }
    let mut files = Vec::new();
    for (file, (name, text)) in NAMES.into_iter().zip(texts).enumerate() {
        if !shaped.exists[file] {
            continue;
        }
        files.push(match options.profile {
            Profile::Gzip => (format!("{name}.gz"), gzip(text.as_bytes())),
            Profile::CrlfBom => {
                let text = text.trim_end().replace('\n', "\r\n");
                (name.to_owned(), format!("\u{feff}{text}").into_bytes())
            }
            _ => (name.to_owned(), text.into_bytes()),
        });
    }
    files
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // The header has no time and no name: the same bytes everywhere.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("memory takes all bytes")
}

/// Where a piece of junk goes: spread over the lines, none before the first.
fn junk_before(line: usize, lines: usize, junk: usize) -> std::ops::Range<usize> {
    let upto = |line: usize| junk * line / lines.max(1);
    upto(line)..upto(line + 1)
}

fn frames(options: &SimulateOptions, stream: &Stream, shaped: &Shaped) -> String {
    let mut text = String::from("recv_wall_us,frame_id,user_timestamp_us,width,height\n");
    for (index, row) in shaped.rows.iter().enumerate() {
        let frame = &stream.frames[row.frame];
        let id = match row.id {
            RowId::True => frame.id.to_string(),
            RowId::Off(by) => (frame.id + by).to_string(),
            RowId::Text(text) => text.to_owned(),
        };
        let user = match row.user_us {
            RowUser::True => frame.capture_us.to_string(),
            RowUser::Text(text) => text.to_owned(),
        };
        let (recv, mut width) = (row.recv_us.to_string(), "1280");
        if options.profile == Profile::Malformed {
            for junk in junk_before(index, shaped.rows.len(), FRAME_JUNK.len()) {
                text.push_str(FRAME_JUNK[junk]);
                text.push('\n');
            }
            if index % 41 == 40 {
                let _ = writeln!(text, "\"{recv}\",\"{id}\",\"{user}\",{width},\"720\"");
                continue;
            }
            if index % 53 == 52 {
                width = "wide";
            }
        }
        let _ = writeln!(text, "{recv},{id},{user},{width},720");
    }
    // With too few rows to stand between, what is left stands at the end.
    if options.profile == Profile::Malformed && shaped.rows.is_empty() {
        FRAME_JUNK.iter().for_each(|junk| {
            let _ = writeln!(text, "{junk}");
        });
    }
    text
}

/// How a counter's value at a poll is made.
#[derive(Clone, Copy)]
enum Part {
    All(Event),
    /// One of two servers that share the work.
    Half(Event, u64),
    /// A browser's packets lost: those that came after all are taken off.
    NotYetThere,
    Decoy,
}

impl Part {
    fn value(self, poll: &Poll) -> i64 {
        let at = |event: Event| poll.values[event as usize] as i64;
        match self {
            Part::All(event) => at(event),
            Part::Half(event, 0) => at(event) - at(event) / 2,
            Part::Half(event, _) => at(event) / 2,
            Part::NotYetThere => at(Event::Lost) - at(Event::Retransmitted),
            Part::Decoy => poll.values[Event::Received as usize] as i64 * 3 + 7,
        }
    }
}

const STATES: [(&str, Event); 6] = [
    ("received", Event::FecReceived),
    ("recovery_attempt", Event::FecAttempt),
    ("recovered", Event::FecRecovered),
    ("recovery_failed", Event::FecFailed),
    ("unused", Event::FecUnused),
    ("invalid", Event::FecInvalid),
];

/// The label sets of a profile, in the order of a poll.
fn series(profile: Profile) -> Vec<(String, Part)> {
    use Part::All;
    let media = "source=\"CAMERA\",type=\"VIDEO\"";
    if profile == Profile::Browser {
        let node = "node_id=\"chromium\",node_type=\"BROWSER\"";
        let packets = |transmission: &str| {
            format!(
                "livekit_packet_total{{country=\"\",direction=\"incoming\",{node},transmission=\"{transmission}\"}}"
            )
        };
        return vec![
            (format!("livekit_flexfec_packet_total{{{node},state=\"received\"}}"), All(Event::FecReceived)),
            (
                format!("livekit_nack_total{{country=\"\",direction=\"incoming\",{node}}}"),
                All(Event::NackOut),
            ),
            (
                format!("livekit_packet_loss_total{{country=\"\",direction=\"incoming\",{node},{media}}}"),
                Part::NotYetThere,
            ),
            (packets("initial"), All(Event::Received)),
            (packets("retransmit"), All(Event::Retransmitted)),
        ];
    }
    let node = "node_id=\"ND_simulated\",node_type=\"SERVER\"";
    let mut series = Vec::new();
    if profile == Profile::NewerNames {
        for (kind, event) in [
            ("received", Event::FecReceived),
            ("recovered", Event::FecRecovered),
            ("discarded", Event::FecUnused),
        ] {
            let labels = format!("direction=\"incoming\",{node},type=\"{kind}\"");
            series.push((format!("livekit_fec_packets{{{labels}}}"), All(event)));
            series.push((format!("livekit_fec_bytes{{{labels}}}"), Part::Decoy));
        }
    } else {
        for (state, event) in STATES {
            series.push((format!("livekit_flexfec_packet_total{{{node},state=\"{state}\"}}"), All(event)));
        }
    }
    for (labels, event) in [
        (format!("livekit_nack_total{{country=\"\",direction=\"incoming\",{node}}}"), Event::NackIn),
        (format!("livekit_nack_total{{country=\"US\",direction=\"outgoing\",{node}}}"), Event::NackOut),
        (
            format!("livekit_packet_loss_total{{country=\"\",direction=\"incoming\",{node},{media}}}"),
            Event::Lost,
        ),
        (
            format!(
                "livekit_packet_total{{country=\"\",direction=\"incoming\",{node},transmission=\"initial\"}}"
            ),
            Event::Received,
        ),
        (
            format!(
                "livekit_packet_total{{country=\"\",direction=\"incoming\",{node},transmission=\"retransmit\"}}"
            ),
            Event::Retransmitted,
        ),
        (
            format!(
                "livekit_packet_total{{country=\"\",direction=\"outgoing\",{node},transmission=\"initial\"}}"
            ),
            Event::Sent,
        ),
        (
            format!(
                "livekit_packet_out_of_order_total{{country=\"\",direction=\"incoming\",{node},{media}}}"
            ),
            Event::OutOfOrder,
        ),
    ] {
        series.push((labels, All(event)));
    }
    if profile != Profile::OddLabels {
        return series;
    }
    let mut odd = Vec::new();
    for (metric, part) in series {
        let All(event) = part else { continue };
        let with = |label: &str| metric.replace("ND_simulated", label);
        odd.push((with(r#"a,b={c}#d \"q\" \\ \n}"#), Part::Half(event, 0)));
        odd.push((
            with("second node").replace('}', ",}").replace(",direction", " , direction"),
            Part::Half(event, 1),
        ));
    }
    for decoy in [
        r#"livekit_flexfec_packet_total{note="state=\"recovered\"",state="recovered_not"}"#,
        r#"livekit_nack_total_created{direction="incoming"}"#,
        r#"livekit:nack_total{direction="incoming"}"#,
        "livekit_nack",
        r#"{"livekit.nack.total",direction="incoming"}"#,
    ] {
        odd.push((decoy.to_owned(), Part::Decoy));
    }
    odd
}

fn prom(options: &SimulateOptions, shaped: &Shaped) -> String {
    let series = series(options.profile);
    let mut born = vec![options.profile != Profile::LateSeries; series.len()];
    let mut text = String::new();
    let lines = shaped.polls.len() * series.len();
    for (index, poll) in shaped.polls.iter().enumerate() {
        for (number, (metric, part)) in series.iter().enumerate() {
            if options.profile == Profile::Malformed {
                for junk in junk_before(index * series.len() + number, lines, PROM_JUNK.len()) {
                    text.push_str(PROM_JUNK[junk]);
                    text.push('\n');
                }
            }
            let value = part.value(poll);
            born[number] |= value != 0;
            // A sample between two others that is no number leaves the total as it is.
            let between = index > 0 && index + 1 < shaped.polls.len();
            let spoilt = options.profile == Profile::Malformed && between && (index + number) % 7 == 3;
            if spoilt {
                let _ = writeln!(text, "{}\t{metric}\t{}", poll.at_us, ["NaN", "+Inf", "-Inf"][number % 3]);
            } else if born[number] {
                let _ = writeln!(text, "{}\t{metric}\t{value}", poll.at_us);
            }
        }
    }
    text
}

fn events(options: &SimulateOptions, plan: &Plan) -> String {
    let mut lines = Vec::new();
    for burst in &plan.bursts {
        lines.push(format!("{},burst_on", burst.interval.start_us));
        if burst.closed {
            lines.push(format!("{},burst_off", burst.interval.end_us));
        }
    }
    match options.profile {
        Profile::Marks => {
            for (after_us, mark) in
                [(2_000_000, "camera moved"), (1_000_000, "note, with a comma"), (500_000, "burst")]
            {
                lines.push(format!("{},{mark}", plan.window.start_us + after_us));
            }
            lines.reverse();
        }
        Profile::Malformed => lines.extend(EVENT_JUNK.map(str::to_owned)),
        _ => {}
    }
    lines.into_iter().fold(String::new(), |text, line| text + &line + "\n")
}

fn meta(options: &SimulateOptions, plan: &Plan) -> String {
    let baseline = options.profile == Profile::Baseline || options.fec_rate == 0;
    let (start_us, end_us) = match options.profile {
        Profile::InvertedWindow => (plan.window.end_us, plan.window.start_us),
        _ => (plan.window.start_us, plan.window.end_us),
    };
    let edge = |key: &str, at_us: i64| match options.profile {
        Profile::NoWindow => String::new(),
        _ => format!("{key}={at_us}\n"),
    };
    let mut text = format!("MODE={}\n", if baseline { "baseline" } else { "fec" });
    text.push_str(&edge("T0_US", start_us));
    let _ = write!(
        text,
        "DURATION_S={}\nBASE_LOSS={}\nBURST_LOSS={}\nBURST_EVERY={}\nBURST_LEN={}\nSHAPING=1\nDEBUG_DROP=0\nFEC_RATE={}\nFEC_MASK_TYPE={}\nCODEC=vp8\n",
        options.duration_s,
        options.base_loss,
        options.burst_loss,
        options.burst_every_s,
        options.burst_len_s,
        options.fec_rate,
        options.fec_mask.name(),
    );
    text.push_str(&edge("T1_US", end_us));
    if options.profile == Profile::Malformed {
        text.push_str(&META_JUNK.join("\n"));
        text.push('\n');
    }
    text
}
