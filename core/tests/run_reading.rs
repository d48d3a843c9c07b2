//! Reading runs: odd bytes, compression, threads, expositions, windows, events.
#![cfg(all(feature = "fs", feature = "gzip"))]

use std::io::Write;
use std::path::{Path, PathBuf};
use streamgauge::ErrorKind;
use streamgauge::run::{Files, Mode, Options, Reason, Run, RunFile, RunReader, Selector, WindowEdge};

fn data(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(part)
}

fn from(files: &Files<'_>) -> Run {
    Run::from_bytes("test", files, &Options::default()).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A run's four files.
struct Bytes([Vec<u8>; 4]);

impl Bytes {
    fn of(run: &str) -> Bytes {
        let names = ["frames.csv", "prom.tsv", "events.csv", "meta.env"];
        Bytes(names.map(|name| std::fs::read(data(run).join(name)).unwrap()))
    }

    fn files(&self) -> Files<'_> {
        let [frames, prom, events, meta] = &self.0;
        Files { frames: Some(frames), prom: Some(prom), events: Some(events), meta: Some(meta) }
    }
}

#[test]
fn bytes_directory_and_gzip_give_the_same_run() {
    for name in ["runs/malformed", "runs/reordered", "runs_real/fec-1"] {
        let opened = Run::open(data(name), &Options::default()).unwrap();
        let bytes = Bytes::of(name);
        let packed = Bytes(bytes.0.each_ref().map(|bytes| gzip(bytes)));
        for run in [from(&bytes.files()), from(&packed.files())] {
            assert!(run.frames == opened.frames && run.prom == opened.prom);
            assert_eq!((&run.problems, &run.events), (&opened.problems, &opened.events));
            assert_eq!(run.summary(Mode::Exact), opened.summary(Mode::Exact));
        }
    }
}

/// A run read in pieces of the lengths that `length` gives, from each file in turn.
fn in_pieces(bytes: &Bytes, mut length: impl FnMut() -> usize) -> Run {
    let mut reader = RunReader::new("test", &Options::default());
    let files = [RunFile::Frames, RunFile::Prom, RunFile::Events, RunFile::Meta];
    let mut rests: Vec<(RunFile, &[u8])> =
        files.into_iter().zip(&bytes.0).map(|(file, bytes)| (file, &bytes[..])).collect();
    while !rests.is_empty() {
        for (file, rest) in &mut rests {
            let piece = rest.split_off(..length().min(rest.len())).unwrap();
            reader.push(*file, piece).unwrap();
        }
        rests.retain(|(_, rest)| !rest.is_empty());
    }
    reader.finish().unwrap()
}

#[test]
fn where_the_bytes_are_cut_changes_nothing() {
    let mut all: Vec<Bytes> =
        ["runs/malformed", "runs/reordered", "runs_real/fec-1"].map(Bytes::of).into_iter().collect();
    let marked = |bytes: &Vec<u8>| [b"\xef\xbb\xbf", &bytes[..]].concat();
    all.push(Bytes(all[0].0.each_ref().map(marked)));
    all.push(Bytes(all[1].0.each_ref().map(|bytes| gzip(bytes))));
    all.push(Bytes(all[1].0.each_ref().map(|bytes| {
        let packed = gzip(bytes);
        packed[..packed.len() * 2 / 3].to_vec()
    })));
    // Rows and fields over several lines, no newline at the end, and files of a byte or none.
    let quoted =
        b"recv_wall_us,frame_id,user_timestamp_us,width,height\n5,\"1\",3,1,1\n\"7\n\",2,4,1,1\n9,3,\"5\n";
    all.push(Bytes([quoted.to_vec(), b"1\ta 2\r\n\r\n2\ta 3".to_vec(), b"\n".to_vec(), Vec::new()]));
    for (case, bytes) in all.iter().enumerate() {
        let whole = from(&bytes.files());
        let mut seed = case as u64;
        let mut any = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % [3, 40, 5000][(seed >> 40) as usize % 3]
        };
        let mut lengths: Vec<Box<dyn FnMut() -> usize>> = vec![Box::new(|| usize::MAX), Box::new(&mut any)];
        lengths.extend([1_usize, 2, 7, 64, 4096].map(|n| Box::new(move || n) as Box<dyn FnMut() -> usize>));
        for (cut, length) in lengths.into_iter().enumerate() {
            let run = in_pieces(bytes, length);
            let at = format!("case {case}, cut {cut}");
            assert!(run.frames == whole.frames && run.prom == whole.prom, "{at}");
            assert_eq!(
                (&run.problems, &run.events, &run.meta),
                (&whole.problems, &whole.events, &whole.meta)
            );
            assert_eq!(run.encode(), whole.encode(), "{at}");
        }
    }
}

#[test]
fn a_file_of_which_no_piece_came_is_missing() {
    let mut reader = RunReader::new("test", &Options::default());
    reader.push(RunFile::Meta, b"").unwrap();
    let run = reader.finish().unwrap();
    let missing = run.problems.files().map(|(_, problems)| problems.missing);
    assert_eq!(missing, [true, true, true, false]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut bytes = Bytes::of("runs/malformed");
    let [frames, prom, ..] = &mut bytes.0;
    let (header, rows) = frames.split_at(frames.iter().position(|byte| *byte == b'\n').unwrap() + 1);
    *frames = [header, &rows.repeat(80)].concat();
    *prom = prom.repeat(60);
    let read = |threads| {
        Run::from_bytes("test", &bytes.files(), &Options { threads, ..Options::default() }).unwrap()
    };
    let one = read(1);
    assert!(one.frames.len() > 100_000);
    for threads in [2, 3, 8] {
        let many = read(threads);
        assert!(
            many.frames == one.frames && many.prom == one.prom && many.problems == one.problems,
            "{threads}"
        );
    }
    // A quoted field that crosses lines can only be read in one go.
    let at = bytes.0[0].len() / 2;
    bytes.0[0].splice(at..at, b"\n\"1781700000000009\n\",\"1\"\n".iter().copied());
    let read = |threads| {
        Run::from_bytes("test", &bytes.files(), &Options { threads, ..Options::default() }).unwrap()
    };
    assert!(read(1).frames == read(2).frames && read(1).problems == read(2).problems);
}

#[test]
fn nothing_is_not_zero() {
    let run = from(&Files::default());
    assert!(run.problems.frames.missing && run.problems.meta.missing);
    let summary = run.summary(Mode::Exact);
    for key in
        ["frames_received", "frames_lost", "latency_p50_ms", "nack_total", "fec_recovered", "loss_ratio"]
    {
        assert_eq!(summary.number(key), None, "{key}");
    }
    let script = run.summary(Mode::PlotFec);
    assert_eq!(script.number("frames_received"), Some(0.0));
    assert_eq!(script.number("latency_p50_ms"), None, "the script's NaN");
    let empty = Files { frames: Some(b""), prom: Some(b""), events: Some(b""), meta: Some(b"") };
    assert_eq!(from(&empty).summary(Mode::Exact).number("frames_received"), Some(0.0));
    let nul = Files {
        frames: Some(&[0; 1000]),
        prom: Some(&[0; 1000]),
        events: Some(&[0; 9]),
        meta: Some(&[0; 9]),
    };
    let run = from(&nul);
    assert_eq!(run.problems.frames.counts[&Reason::HeaderUnusable], 1);
    assert_eq!(run.problems.prom.counts[&Reason::FieldCount], 1);
}

#[test]
fn a_directory_that_is_not_there_is_an_error_that_names_it() {
    let error = Run::open(data("runs/nowhere"), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("runs/nowhere"), "{error}");
    let error = Run::open(data("runs/fec/meta.env"), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn windows_fall_back_to_the_data_and_say_so() {
    let frames = b"recv_wall_us,frame_id\n1000,1\n2000,2\n3000,3\n";
    let prom = b"900\tm\t1\n4000\tm\t2\n";
    for (meta, from_us, to_us, start, end, unusable) in [
        ("T0_US=1000\nT1_US=2000\n", 1000, 2000, WindowEdge::Meta, WindowEdge::Meta, 0),
        ("", 900, 4001, WindowEdge::Data, WindowEdge::Data, 0),
        ("T0_US=\nT1_US=2500\n", 900, 2500, WindowEdge::Data, WindowEdge::Meta, 1),
        ("T0_US=x\nT1_US=1e6\n", 900, 4001, WindowEdge::Data, WindowEdge::Data, 2),
        ("T0_US=2000\nT1_US=1000\n", 900, 4001, WindowEdge::Data, WindowEdge::Data, 1),
    ] {
        let files =
            Files { frames: Some(frames), prom: Some(prom), meta: Some(meta.as_bytes()), ..Files::default() };
        let run = from(&files);
        let window = run.window(Mode::Exact);
        assert_eq!((window.interval.start_us, window.interval.end_us), (from_us, to_us), "{meta:?}");
        assert_eq!((window.start, window.end), (start, end), "{meta:?}");
        assert_eq!(run.problems.meta.counts.get(&Reason::WindowUnusable).copied().unwrap_or(0), unusable);
        let notes = format!("{:?}", run.summary(Mode::Exact).get("notes"));
        assert_eq!(notes.contains("T0_US"), start == WindowEdge::Data, "{notes}");
    }
    let script = from(&Files { frames: Some(frames), ..Files::default() }).window(Mode::PlotFec);
    assert_eq!((script.interval.start_us, script.interval.end_us), (0, 1 << 62));
    assert!(script.contains(1 << 62), "the script takes both ends");
}

#[test]
fn windows_of_garbage_stay_bounded() {
    let frames = b"recv_wall_us,frame_id,user_timestamp_us\n-9223372036854775808,-9223372036854775808,9223372036854775807\n0,0,-1\n9223372036854775807,9223372036854775807,-9223372036854775808\n";
    let prom = b"-9223372036854775808\tlivekit_nack_total\t1\n9223372036854775807\tlivekit_nack_total\t1e308\n5\tlivekit_nack_total\t-1e308\n";
    let events = b"-9223372036854775808,burst_on\n9223372036854775807,burst_off\n";
    for meta in [
        "T0_US=-9223372036854775808\nT1_US=9223372036854775807\n",
        "T0_US=0\nT1_US=4611686018427387904\n",
        "",
    ] {
        let files = Files {
            frames: Some(frames),
            prom: Some(prom),
            events: Some(events),
            meta: Some(meta.as_bytes()),
        };
        let run = from(&files);
        for mode in [Mode::Exact, Mode::PlotFec] {
            run.summary(mode);
            run.gaps(mode);
            assert!(run.frame_rate(mode).start_us.len() <= streamgauge::run::BUCKETS_MAX);
            run.counter_rate(&Selector::new("livekit_nack_total"), mode);
        }
    }
}

#[test]
fn expositions_go_into_the_same_series_as_polled_samples() {
    let text = std::fs::read(data("prom/node_exporter.metrics.txt")).unwrap();
    let mut run = from(&Files::default());
    run.add_expositions(&[(1_000_000, &text), (2_000_000, &text)]);
    assert!(run.problems.prom.counts.is_empty(), "{:?}", run.problems.prom);
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty() && line[0] != b'#').count();
    assert_eq!(run.prom.series().len(), lines);
    assert!(run.prom.series().iter().all(|series| series.t_us == [1_000_000, 2_000_000]));

    let polled = std::fs::read(data("prom/node_exporter.prom.tsv")).unwrap();
    let run = from(&Files { prom: Some(&polled), ..Files::default() });
    assert!(run.problems.prom.counts.is_empty());
    assert_eq!(run.prom.sample_count(), polled.iter().filter(|byte| **byte == b'\n').count());
}

#[test]
fn openmetrics_timestamps_and_exemplars_are_not_taken_for_the_value() {
    let text = b"# TYPE foo counter\nfoo_total{a=\"x # {y=\\\"1\\\"} 2\"} 17.0 1520879607.789 # {trace_id=\"abc 9\"} 0.67 1520879607.2\nfoo_created{a=\"x\"} 1.5e9\n{\"with.dots\",b=\"c\"} 3\nbad{ 1\nnovalue{a=\"b\"}\n# EOF\n";
    let mut run = from(&Files::default());
    run.add_expositions(&[(7, text)]);
    let value = |family: &str| run.prom.series().iter().find(|s| s.family == family).map(|s| s.values[0]);
    assert_eq!(value("foo_total"), Some(17.0));
    assert_eq!(value("foo_created"), Some(1.5e9));
    assert_eq!(value("with.dots"), Some(3.0));
    assert_eq!(run.problems.prom.counts[&Reason::MetricMalformed], 1);
    assert_eq!(run.problems.prom.counts[&Reason::ValueNotNumber], 1);
}

#[test]
fn samples_out_of_order_repeated_and_under_reordered_labels_are_one_series() {
    let prom = b"3\tm{a=\"1\",b=\"2\"}\t30\n1\tm{a=\"1\",b=\"2\"}\t10\n2\tm{b=\"2\",a=\"1\"}\t20\n3\tm{a=\"1\",b=\"2\"}\t31\n";
    let run = from(&Files { prom: Some(prom), ..Files::default() });
    let [series] = run.prom.series() else { panic!("{:?}", run.prom) };
    assert_eq!((&series.t_us[..], &series.values[..]), (&[1, 2, 3][..], &[10.0, 20.0, 31.0][..]));
    let total = run.counter_total(&Selector::new("m"), Mode::Exact).unwrap();
    assert_eq!((total.total, total.resets, total.series), (21.0, 0, 1));
    // The script sees two label texts, and samples in file order.
    assert_eq!(run.counter_total(&Selector::new("m"), Mode::PlotFec).unwrap().total, 1.0);
}

#[test]
fn counters_reset_begin_and_may_be_signed() {
    let browser = "livekit_packet_loss_total{node_type=\"BROWSER\"}";
    let lines: String = [
        (0, "a", "100"),
        (0, browser, "5"),
        (1, "a", "150"),
        (1, "late", "7"),
        (1, browser, "9"),
        (2, "a", "20"),
        (2, "late", "9"),
        (2, browser, "6"),
        (3, "a", "NaN"),
        (3, "late", "9"),
        (4, "a", "30"),
    ]
    .iter()
    .map(|(s, metric, value)| format!("{}\t{metric}\t{value}\n", s * 1_000_000))
    .collect();
    let run = from(&Files { prom: Some(lines.as_bytes()), ..Files::default() });
    let total = |family: &str| run.counter_total(&Selector::new(family), Mode::Exact).unwrap();
    assert_eq!((total("a").total, total("a").resets), (80.0, 1));
    assert_eq!((total("late").total, total("late").born), (9.0, 1));
    assert_eq!(
        (total("livekit_packet_loss_total").total, total("livekit_packet_loss_total").resets),
        (1.0, 0)
    );
    assert_eq!(run.counter_total(&Selector::new("absent"), Mode::Exact), None);
    for family in ["a", "late"] {
        let rate = run.counter_rate(&Selector::new(family), Mode::Exact);
        let integral: f64 = rate.per_s[..4].iter().sum();
        assert!((integral - total(family).total).abs() < 1e-9, "{family}: {integral}");
    }
}

#[test]
fn bursts_and_marks() {
    let events = b"5,burst_on\n10,burst_off\nx,burst_on\nno comma\n20,note: restarted, twice\n25,burst_on\n30,burst_on\n";
    let run = from(&Files { events: Some(events), meta: Some(b"T0_US=6\nT1_US=40\n"), ..Files::default() });
    let spans = |mode| run.bursts(mode).iter().map(|b| (b.start_us, b.end_us, b.open)).collect::<Vec<_>>();
    assert_eq!(spans(Mode::Exact), [(6, 10, false), (25, 30, true), (30, 40, true)]);
    assert_eq!(spans(Mode::PlotFec), [(5, 10, false), (30, 40, true)]);
    assert_eq!(run.marks().map(|mark| mark.name.as_str()).collect::<Vec<_>>(), ["note: restarted, twice"]);
    assert_eq!(run.problems.events.dropped(), 2);
}

#[test]
fn a_byte_order_mark_spoils_the_first_line_for_the_script_only() {
    let marked = Bytes(
        [
            "recv_wall_us,frame_id\n5,1\n",
            "1\tm\t1\n2\tm\t3\n3\tm\t4\n",
            "1,burst_on\n2,burst_off\n",
            "T0_US=1\nT1_US=9\n",
        ]
        .map(|text| [b"\xef\xbb\xbf", text.as_bytes()].concat()),
    );
    let run = from(&marked.files());
    assert!(run.problems.is_empty());
    let m = Selector::new("m");
    for (mode, frames, total, bursts, start_us) in
        [(Mode::Exact, 1.0, 3.0, 1, 1), (Mode::PlotFec, 0.0, 1.0, 0, 0)]
    {
        assert_eq!(run.summary(mode).number("frames_received"), Some(frames));
        assert_eq!(run.counter_total(&m, mode).unwrap().total, total);
        assert_eq!(run.bursts(mode).len(), bursts);
        assert_eq!(run.window(mode).interval.start_us, start_us);
    }
}
