//! One measurement of one run directory in a fresh process, for `tests/bench/compare.py`:
//! `directory newlines|plot_fec|exact DIR [THREADS]` prints JSON.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark reads the clock"
)]

use std::fs::File;
use std::io::Read;
use std::time::Instant;
use streamgauge::run::{Mode, Options, Run};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (what, directory, threads) = match args[..] {
        [what, directory] => (what, directory, 1),
        [what, directory, threads] => (what, directory, threads.parse().expect("a number of threads")),
        // `cargo bench` and `cargo test --benches` run every benchmark without arguments.
        _ => return,
    };
    let start = Instant::now();
    let rows = match what.parse::<Mode>() {
        Ok(mode) => {
            let run = Run::open(directory, &Options { threads, ..Options::default() }).expect("a run");
            run.summary(mode).number("frames_received").expect("frames") as usize
        }
        Err(_) => newlines(directory),
    };
    let seconds = start.elapsed().as_secs_f64();
    println!(r#"{{"seconds": {seconds}, "peak_mb": {}, "rows": {rows}}}"#, peak_mb());
}

/// The least that a reader of both files can do: read them in blocks and look at every byte.
fn newlines(directory: &str) -> usize {
    let mut buffer = vec![0; 512 * 1024];
    let mut count = 0;
    for name in ["frames.csv", "prom.tsv"] {
        let mut file = File::open(format!("{directory}/{name}")).expect("a run directory");
        loop {
            let read = file.read(&mut buffer).expect("a readable file");
            if read == 0 {
                break;
            }
            count += memchr::memchr_iter(b'\n', &buffer[..read]).count();
        }
    }
    count
}

/// The most memory the process had at once; 0 where the system does not tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
