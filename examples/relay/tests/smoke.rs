//! The relay as its users see it. Every byte that a reader got must be in its account.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

struct Relay {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    address: SocketAddr,
}

impl Relay {
    fn start(arguments: &[&str]) -> Relay {
        let mut process = Command::new(env!("CARGO_BIN_EXE_relay"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let listening: Value = serde_json::from_str(&line).unwrap();
        let address = listening["listening"].as_str().unwrap().parse().unwrap();
        Relay { process, output, address }
    }

    fn get(&self, path: &str) -> TcpStream {
        get(self.address, path)
    }

    /// The accounts of its readers by peer, and the last line.
    fn end(mut self) -> (BTreeMap<SocketAddr, Value>, Value) {
        let mut readers = BTreeMap::new();
        for line in (&mut self.output).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if line["reader"].is_null() {
                assert!(self.process.wait().unwrap().success());
                return (readers, line);
            }
            readers.insert(line["peer"].as_str().unwrap().parse().unwrap(), line);
        }
        panic!("the relay ended without a last line");
    }
}

fn get(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // HTTP/1.0 has no chunked coding: the body is what comes until the end.
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    stream
}

/// Reads the answer to its end, not faster than `bytes_per_s`.
fn body(mut stream: TcpStream, bytes_per_s: u64) -> (SocketAddr, Vec<u8>) {
    let own = stream.local_addr().unwrap();
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        all.extend_from_slice(&buffer[..count]);
        std::thread::sleep(Duration::from_micros(count as u64 * 1_000_000 / bytes_per_s));
    }
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a header") + 4;
    assert!(all.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&all[..end]));
    (own, all.split_off(end))
}

fn text(relay: &Relay, path: &str) -> String {
    String::from_utf8(body(relay.get(path), u64::MAX).1).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// What a reader was given according to its account.
fn given(line: &Value) -> u64 {
    number(&line["account"]["delivered"]["bytes"]) + number(&line["preamble_bytes"])
        - number(&line["unsent_bytes"])
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/ts/h264_aac.ts")
}

/// The type and key flag of the first packet, and what complaints there were, if ffprobe is there.
fn probe(bytes: &[u8], name: &str) -> Option<(String, String)> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    let output = Command::new("ffprobe")
        .args(["-v", "warning", "-select_streams", "v", "-show_entries", "frame=key_frame,pict_type"])
        .args(["-of", "csv=p=0", "-read_intervals", "%+#1"])
        .arg(&path)
        .output()
        .ok()?;
    Some((
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    ))
}

#[test]
fn three_readers_get_what_their_accounts_say() {
    let file = std::fs::read(sample()).unwrap();
    let relay = Relay::start(&["--rate", "40000", "--delay-ms", "300", sample().to_str().unwrap()]);
    // No larger receive buffers than needed, or the slow reader is not slow.
    let early = relay.get("/live.ts?join=oldest&policy=disconnect");
    let slow = relay.get("/live.ts?join=oldest");
    let early = std::thread::spawn(move || body(early, u64::MAX));
    let slow = std::thread::spawn(move || body(slow, 30_000));
    // The first two key frames go by.
    std::thread::sleep(Duration::from_millis(1300));
    let late = relay.get("/live.ts");
    let late = std::thread::spawn(move || body(late, u64::MAX));
    std::thread::sleep(Duration::from_millis(200));

    let status: Value = serde_json::from_str(&text(&relay, "/status")).unwrap();
    assert_eq!(status["readers"].as_array().unwrap().len(), 3);
    let codecs: Vec<_> =
        status["streams"].as_array().unwrap().iter().map(|s| s["codec"].as_str().unwrap()).collect();
    assert_eq!(codecs, ["h264", "aac"]);
    let metrics = text(&relay, "/metrics");
    assert!(metrics.contains("\nrelay_readers 3\n"), "{metrics}");
    let refused = {
        let mut answer = String::new();
        relay.get("/live.ts?policy=nonsense").read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(refused.starts_with("HTTP/1.0 400"), "{refused}");

    let got = [early, slow, late].map(|reader| reader.join().unwrap());
    let (accounts, end) = relay.end();
    for (own, bytes) in &got {
        assert_eq!(accounts[own]["end"], "drained");
        assert_eq!(bytes.len() as u64, given(&accounts[own]), "to the byte");
    }
    let [(_, early), (_, slow), (_, late)] = &got;
    assert!(early == &file && slow == &file);
    let tables = 2 * 188;
    assert!(file.ends_with(&late[tables..]), "the tables, then the stream from a key frame on");
    let begin = file.len() - (late.len() - tables);
    assert!([19552, 40608].contains(&begin), "ffprobe has key frames there; it was {begin}");
    let delivered: u64 = accounts.values().map(|line| number(&line["account"]["delivered"]["bytes"])).sum();
    assert_eq!(number(&end["ring"]["account"]["delivered"]["bytes"]), delivered);
    assert_eq!(number(&end["pump"]["bytes_published"]), file.len() as u64);
    match probe(late, "late.ts") {
        Some((frames, complaints)) => {
            assert!(frames.trim().starts_with("1,I"), "{frames}");
            assert_eq!(complaints.trim(), "");
        }
        None => eprintln!("ffprobe is not here: what the late reader got was not decoded"),
    }
}

#[test]
fn a_reader_that_takes_nothing_is_given_up() {
    let rest = ["--buffer-bytes", "30000", "--send-buffer-bytes", "4096", "--write-timeout-ms", "400"];
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("long.ts");
    let long = std::fs::read(sample()).unwrap().repeat(100);
    std::fs::write(&path, long).unwrap();
    let relay = Relay::start(
        &[&rest[..], &["--rate", "4000000", "--delay-ms", "200", path.to_str().unwrap()]].concat(),
    );
    let stuck = relay.get("/live.ts?join=oldest");
    let own = stuck.local_addr().unwrap();
    let (accounts, end) = relay.end();
    assert_eq!(accounts[&own]["end"], "write_timeout");
    assert_eq!(number(&end["ring"]["account"]["write_timeouts"]), 1);
    assert_eq!(number(&end["ring"]["held_bytes"]), 0);
}

/// Three curls, two of them throttled, on a test picture for a minute: needs ffmpeg and curl.
#[test]
#[ignore = "takes a minute; needs ffmpeg and curl"]
fn a_minute_with_curl() {
    // The kernel keeps megabytes for curl before it looks slow, and curl reads in large pieces.
    let patient = ["--seconds", "60", "--send-buffer-bytes", "16384", "--write-timeout-ms", "40000"];
    let relay = Relay::start(&[&patient[..], &["test:"]].concat());
    let url = |query: &str| format!("http://{}/live.ts?{query}", relay.address);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let readers = [
        ("fast", url("join=live"), "10M"),
        ("skips", url("policy=skip_to_random_access&limit_bytes=1000000"), "200k"),
        ("leaves", url("policy=disconnect&limit_bytes=1000000"), "200k"),
    ];
    let curls: Vec<_> = readers
        .iter()
        .map(|(name, url, rate)| {
            let path = folder.join(format!("{name}.ts"));
            let format = "%{local_ip}:%{local_port} %{size_download}";
            let curl = Command::new("curl")
                .args(["-s", "--limit-rate", rate, "-w", format, "-o"])
                .arg(&path)
                .arg(url)
                .stdout(Stdio::piped())
                .spawn();
            (name, path, curl.unwrap())
        })
        .collect();
    let ended: Vec<_> =
        curls.into_iter().map(|(name, path, curl)| (name, path, curl.wait_with_output().unwrap())).collect();
    let (accounts, end) = relay.end();
    for (name, path, output) in ended {
        let said = String::from_utf8(output.stdout).unwrap();
        let (own, size) = said.split_once(' ').unwrap();
        let line = &accounts[&own.parse().unwrap()];
        eprintln!("{name}: {line}");
        let size: u64 = size.parse().unwrap();
        match *name {
            "leaves" => {
                assert_eq!(line["end"], "lagged");
                assert!(size <= given(line), "what was in flight when it was cut off is gone");
            }
            _ => {
                assert_eq!(line["end"], "drained");
                assert_eq!(size, given(line), "to the byte");
            }
        }
        assert_eq!(number(&line["account"]["skip_events"]) > 0, *name == "skips");
        let through =
            ["delivered", "skipped"].map(|key| number(&line["account"][key]["bytes"])).iter().sum::<u64>();
        if *name == "fast" {
            assert_eq!(through, number(&end["pump"]["bytes_published"]), "it was there from the first byte");
        }
        if let Some((frames, _)) = probe(&std::fs::read(path).unwrap(), &format!("{name}.probe.ts")) {
            assert!(frames.trim().starts_with("1,I"), "{name}: {frames}");
        }
    }
}
