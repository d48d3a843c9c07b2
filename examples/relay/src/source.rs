//! Where the stream comes from, and the pump on tokio.

use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use streamgauge::ring::{ChunkRing, CloseKind, CloseReason, Pump};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::Instant;

const USAGE: &str = "usage: relay [OPTIONS] SOURCE
  SOURCE                an MPEG-TS file, - for standard input, or test: for a test picture by ffmpeg
  --listen ADDRESS      default 127.0.0.1:8080; port 0 takes a free one
  --rate BYTES_PER_S    speed at which a file is played; default: as fast as it can be read
  --seconds N           length of the test picture; default: endless
  --delay-ms N          wait so long before the source begins; default 0
  --buffer-bytes N      size of the ring; default 16777216
  --send-buffer-bytes N what the kernel keeps for each reader; default 131072
  --write-timeout-ms N  give up on a reader that takes nothing for so long; default 10000";

pub struct Options {
    source: String,
    pub listen: SocketAddr,
    rate: Option<u64>,
    seconds: Option<u64>,
    pub delay: Duration,
    pub buffer_bytes: u64,
    pub write_timeout: Duration,
    pub send_buffer_bytes: u32,
}

impl Options {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            source: String::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            rate: None,
            seconds: None,
            delay: Duration::ZERO,
            buffer_bytes: 16 << 20,
            write_timeout: Duration::from_secs(10),
            send_buffer_bytes: 128 << 10,
        };
        while let Some(name) = arguments.next() {
            if !name.starts_with("--") {
                if !std::mem::replace(&mut options.source, name).is_empty() {
                    return Err(format!("more than one source\n{USAGE}"));
                }
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
            let number =
                || value.parse::<u64>().map_err(|_| format!("{name} {value}: not a whole number\n{USAGE}"));
            match &*name {
                "--listen" => {
                    options.listen =
                        value.parse().map_err(|_| format!("--listen {value}: not an address and port"))?;
                }
                "--rate" => options.rate = Some(number()?.max(1)),
                "--seconds" => options.seconds = Some(number()?),
                "--delay-ms" => options.delay = Duration::from_millis(number()?),
                "--buffer-bytes" => options.buffer_bytes = number()?,
                "--send-buffer-bytes" => {
                    options.send_buffer_bytes =
                        number()?.try_into().map_err(|_| format!("{name} {value}: too large"))?;
                }
                "--write-timeout-ms" => options.write_timeout = Duration::from_millis(number()?),
                _ => return Err(format!("{name}: no such option\n{USAGE}")),
            }
        }
        if options.source.is_empty() { Err(USAGE.to_owned()) } else { Ok(options) }
    }
}

pub struct Source {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    rate: Option<u64>,
    /// Killed when dropped.
    child: Option<Child>,
}

impl Source {
    pub async fn open(options: &Options) -> Result<Source, String> {
        let mut child = None;
        let reader: Pin<Box<dyn AsyncRead + Send>> = match &*options.source {
            "-" => Box::pin(tokio::io::stdin()),
            "test:" => {
                let mut process = test_picture(options.seconds)?;
                let output = process.stdout.take().ok_or("ffmpeg has no output")?;
                child = Some(process);
                Box::pin(output)
            }
            path => Box::pin(tokio::fs::File::open(path).await.map_err(|error| format!("{path}: {error}"))?),
        };
        Ok(Source { reader, rate: options.rate, child })
    }

    /// The pump on tokio: reads, and flushes in time while there is nothing to read.
    pub async fn pump_into(&mut self, mut pump: Pump, mut ring: ChunkRing) -> Result<(), String> {
        let mut buffer = vec![0; 64 << 10];
        let (begin, mut total) = (Instant::now(), 0u64);
        loop {
            let deadline = pump.poll_deadline();
            let wait = deadline
                .map_or(Duration::MAX, |at_us| Duration::from_micros((at_us - now_us()).max(0) as u64));
            let piece = self.rate.map_or(buffer.len(), |rate| (rate / 50).clamp(188, 64 << 10) as usize);
            let due = self.rate.map_or(begin, |rate| begin + Duration::from_micros(total * 1_000_000 / rate));
            let reading = async {
                tokio::time::sleep_until(due).await;
                self.reader.read(&mut buffer[..piece]).await
            };
            let read = tokio::select! {
                read = reading => read,
                () = tokio::time::sleep(wait), if deadline.is_some() => {
                    pump.handle_tick(now_us(), &mut ring).map_err(|error| error.to_string())?;
                    continue;
                }
            };
            let (done, reason) = match read {
                Ok(0) => match self.failure().await {
                    None => (Ok(()), CloseReason::new(CloseKind::End, "")),
                    Some(message) => (Err(message.clone()), CloseReason::new(CloseKind::Failed, &message)),
                },
                Ok(count) => {
                    total += count as u64;
                    pump.handle_bytes(now_us(), &buffer[..count], &mut ring)
                        .map_err(|error| error.to_string())?;
                    continue;
                }
                Err(error) => {
                    (Err(format!("source: {error}")), CloseReason::new(CloseKind::Failed, &error.to_string()))
                }
            };
            pump.finish(now_us(), &mut ring, reason).map_err(|error| error.to_string())?;
            return done;
        }
    }

    /// Why the process at the other end ended badly, if it did.
    async fn failure(&mut self) -> Option<String> {
        match self.child.as_mut()?.wait().await {
            Ok(status) if status.success() => None,
            Ok(status) => Some(format!("ffmpeg: {status}")),
            Err(error) => Some(format!("ffmpeg: {error}")),
        }
    }
}

/// A test picture and a tone at 4 Mbit/s, in real time, with a key frame each second.
fn test_picture(seconds: Option<u64>) -> Result<Child, String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi"]);
    command.args(["-i", "testsrc2=size=640x360:rate=25", "-f", "lavfi", "-i", "sine=frequency=440"]);
    if let Some(seconds) = seconds {
        command.args(["-t", &seconds.to_string()]);
    }
    // A constant rate, so that what a slow reader misses does not depend on the picture.
    let video =
        "-c:v libx264 -preset ultrafast -tune zerolatency -g 25 -b:v 4M -minrate 4M -maxrate 4M -bufsize 1M";
    command.args(video.split(' ')).args(["-x264-params", "nal-hrd=cbr", "-c:a", "aac"]);
    command.args(["-f", "mpegts", "-flush_packets", "1", "pipe:1"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().map_err(|error| format!("ffmpeg: {error}"))
}

/// The time, in microseconds since the Unix epoch.
pub fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}
