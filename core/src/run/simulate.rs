//! Simulated runs: a seeded channel with bursts of loss, FEC and retransmission, written as the
//! files of a run in every odd shape that real ones have, beside the truth about them.

mod channel;
mod files;
mod profile;
mod shape;
mod truth;

pub use profile::Profile;

use crate::error::{Error, ErrorKind, Result};
use crate::time::{Interval, Micros};

/// Which media packets an FEC packet protects.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FecMask {
    /// Each protects a random half of the frame's packets: good against single losses.
    Random,
    /// Neighbouring packets are protected by different ones: good against bursts.
    #[default]
    Bursty,
}

impl FecMask {
    /// `"random"` or `"bursty"`.
    pub const fn name(self) -> &'static str {
        match self {
            FecMask::Random => "random",
            FecMask::Bursty => "bursty",
        }
    }
}

impl std::str::FromStr for FecMask {
    type Err = Error;

    fn from_str(text: &str) -> Result<FecMask> {
        [FecMask::Random, FecMask::Bursty].into_iter().find(|mask| mask.name() == text).ok_or_else(|| {
            let text = format!("fec mask is {text:?}: expected \"random\" or \"bursty\"");
            Error::new(ErrorKind::InvalidArgument, text)
        })
    }
}

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulateOptions {
    /// The shape of the run.
    pub profile: Profile,
    /// The same seed gives the same bytes on every machine.
    pub seed: u64,
    /// Start of the window, `T0_US`, at least 1,000,000,000,000,000 (2001) so that times have 16
    /// digits, and at most 9,000,000,000,000,000.
    pub start_us: Micros,
    /// Length of the window, 5 to 86,400 s.
    pub duration_s: f64,
    /// Frames per second, 1 to 240.
    pub fps: f64,
    /// Mean media packets a frame, 1 to 50; a key frame every 3 s has three times as many.
    pub packets_per_frame: u32,
    /// Packet loss outside bursts, 0 to 0.5.
    pub base_loss: f64,
    /// Packet loss in bursts, 0 to 0.5.
    pub burst_loss: f64,
    /// A burst ends every so many seconds, at least 0.1; more than the run has gives none.
    pub burst_every_s: f64,
    /// Length of a burst in seconds, 0 to `burst_every_s`.
    pub burst_len_s: f64,
    /// FEC packets in percent of the media packets of a frame, 0 to 100; profile `baseline` has none.
    pub fec_rate: u32,
    /// Which packets an FEC packet protects.
    pub fec_mask: FecMask,
    /// Round-trip time, 0 to 1000 ms.
    pub rtt_ms: u32,
}

impl Default for SimulateOptions {
    /// A minute as the test harness runs it: 2 % loss, 25 % in bursts of 3 s every 15 s.
    fn default() -> SimulateOptions {
        SimulateOptions {
            profile: Profile::Fec,
            seed: 1,
            start_us: 1_781_700_000_000_000,
            duration_s: 60.0,
            fps: 30.0,
            packets_per_frame: 4,
            base_loss: 0.02,
            burst_loss: 0.25,
            burst_every_s: 15.0,
            burst_len_s: 3.0,
            fec_rate: 30,
            fec_mask: FecMask::Bursty,
            rtt_ms: 40,
        }
    }
}

/// More frames than this are not simulated: their packets are held in memory.
const FRAMES_MAX: f64 = 2_000_000.0;

impl SimulateOptions {
    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        if !(1_000_000_000_000_000..=9_000_000_000_000_000).contains(&self.start_us) {
            return wrong(format!("start_us is {}: expected 10^15 to 9 * 10^15", self.start_us));
        }
        let every = self.burst_every_s;
        let packets = f64::from(self.packets_per_frame);
        for (name, value, low, high) in [
            ("duration_s", self.duration_s, 5.0, 86_400.0),
            ("fps", self.fps, 1.0, 240.0),
            ("packets_per_frame", packets, 1.0, 50.0),
            ("base_loss", self.base_loss, 0.0, 0.5),
            ("burst_loss", self.burst_loss, 0.0, 0.5),
            ("burst_every_s", every, 0.1, 1e9),
            ("burst_len_s", self.burst_len_s, 0.0, every),
            ("fec_rate", f64::from(self.fec_rate), 0.0, 100.0),
            ("rtt_ms", f64::from(self.rtt_ms), 0.0, 1000.0),
        ] {
            if !(low..=high).contains(&value) {
                return wrong(format!("{name} is {value}: expected {low} to {high}"));
            }
        }
        let frames = self.duration_s * self.fps;
        if frames > FRAMES_MAX || frames * packets > 5.0 * FRAMES_MAX {
            let text = format!(
                "{frames} frames of {packets} packets: the limit is {FRAMES_MAX} frames and 10,000,000 packets"
            );
            return Err(Error::new(ErrorKind::CapacityExceeded, text));
        }
        Ok(())
    }

    /// The window, `[T0_US, T1_US)`.
    fn window(&self) -> Interval {
        let duration_s = if self.profile == Profile::Short { SHORT_S } else { self.duration_s };
        Interval::new(self.start_us, self.start_us + (duration_s * 1e6) as Micros)
    }
}

/// Length of the window in profile `short`.
const SHORT_S: f64 = 0.15;

/// A simulated run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Simulated {
    /// Name and bytes of each file: `frames.csv`, `prom.tsv`, `events.csv`, `meta.env` (with `.gz`
    /// behind them in profile `gzip`; less of them in `missing_files`), then `truth.json`.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Simulated {
    /// The bytes of a file; `None` where the profile has no such file.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes.as_slice())
    }

    /// Writes the files into a directory, which is made where it does not exist. Files of the same
    /// name are replaced.
    ///
    /// # Errors
    /// `Io` where the operating system refuses.
    #[cfg(feature = "fs")]
    pub fn write(&self, directory: impl AsRef<std::path::Path>) -> Result<()> {
        let directory = directory.as_ref();
        let failed = |path: &std::path::Path, why: std::io::Error| {
            Error::new(ErrorKind::Io, why.to_string()).in_file(path.display().to_string())
        };
        std::fs::create_dir_all(directory).map_err(|why| failed(directory, why))?;
        for (name, bytes) in &self.files {
            let path = directory.join(name);
            std::fs::write(&path, bytes).map_err(|why| failed(&path, why))?;
        }
        Ok(())
    }
}

/// Simulates a run.
///
/// Frames of a few packets pass a queue in front of a link, a Gilbert-Elliott channel with bursts of
/// loss, FEC by XOR over masks, and retransmission on request; what is whole in time is received in
/// order. Beside the files stands `truth.json`: `profile`, `seed`, and `summary` with each key of the
/// `exact` summary that the channel itself knows, counted there before any file exists. Counters
/// speak of the time from the first to the last poll.
///
/// # Errors
/// `InvalidArgument` for an option out of its range, `CapacityExceeded` for more than 2,000,000
/// frames or 10,000,000 packets.
///
/// ```
/// use streamgauge::run::{Files, Mode, Options, Run, SimulateOptions, simulate};
/// let made = simulate(&SimulateOptions { duration_s: 10.0, ..SimulateOptions::default() })?;
/// let files = Files { frames: made.file("frames.csv"), meta: made.file("meta.env"), ..Files::default() };
/// let run = Run::from_bytes("simulated", &files, &Options::default())?;
/// let received = run.summary(Mode::Exact).number("frames_received").unwrap();
/// let truth = String::from_utf8_lossy(made.file("truth.json").unwrap()).into_owned();
/// assert!(truth.contains(&format!("\"frames_received\": {received},")));
/// # Ok::<(), streamgauge::Error>(())
/// ```
pub fn simulate(options: &SimulateOptions) -> Result<Simulated> {
    options.check()?;
    let plan = profile::Plan::new(options);
    let stream = channel::transmit(options, &plan);
    let shaped = shape::Shaped::new(options, &plan, &stream);
    let truth = truth::json(options, &plan, &stream, &shaped);
    let mut files = files::render(options, &plan, &stream, &shaped);
    files.push(("truth.json".into(), truth.into_bytes()));
    Ok(Simulated { files })
}
