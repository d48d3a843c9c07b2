//! Reading a run: from bytes, or from a directory (feature `fs`).

use super::bursts::parse_events;
use super::frames::FramesParser;
use super::input::{Completeness, Input};
use super::problems::{FileProblems, Reason};
use super::prom::PromParser;
use super::{Event, Files, Frames, Meta, Options, Problems, Prom, Run};
use crate::error::Result;
use crate::time::Micros;

/// `meta.env` and `events.csv` are small; of a larger one the rest is not read.
const SMALL_FILE_MAX_BYTES: usize = 64 * 1024 * 1024;

impl Run {
    /// Reads a run from the bytes of its files. Bytes that cannot be used are counted in
    /// [`Run::problems`].
    ///
    /// ```
    /// use streamgauge::run::{Files, Mode, Options, Run};
    /// let frames = b"recv_wall_us,frame_id,user_timestamp_us\n1000,1,500\n2000,2,1400\n3000,4,2500\n";
    /// let run = Run::from_bytes("demo", &Files { frames: Some(frames), ..Files::default() }, &Options::default());
    /// let summary = run.unwrap().summary(Mode::Exact);
    /// assert_eq!(summary.number("frames_lost"), Some(1.0));
    /// assert_eq!(summary.number("nack_total"), None); // no counters: absent, not 0
    /// ```
    pub fn from_bytes(name: &str, files: &Files<'_>, options: &Options) -> Result<Run> {
        let inputs = Inputs {
            frames: Input::from_bytes(files.frames),
            prom: Input::from_bytes(files.prom),
            events: Input::from_bytes(files.events),
            meta: Input::from_bytes(files.meta),
        };
        Run::read(name, &inputs, options)
    }

    /// Reads a run directory. A file may be missing, or end in `.gz`.
    ///
    /// # Errors
    /// `NotFound` where `path` does not exist, `InvalidArgument` where it is no directory, `Io`
    /// where the operating system refuses a file.
    #[cfg(feature = "fs")]
    pub fn open(path: impl AsRef<std::path::Path>, options: &Options) -> Result<Run> {
        use crate::error::{Error, ErrorKind};
        let path = path.as_ref();
        let shown = path.display().to_string();
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let text =
                    "is a file: expected a run directory with frames.csv, prom.tsv, events.csv, meta.env";
                return Err(Error::new(ErrorKind::InvalidArgument, text).in_file(shown));
            }
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::new(ErrorKind::NotFound, "no such run directory").in_file(shown));
            }
            Err(why) => return Err(Error::new(ErrorKind::Io, why.to_string()).in_file(shown)),
        }
        let inputs = Inputs {
            frames: Input::open(path, "frames.csv")?,
            prom: Input::open(path, "prom.tsv")?,
            events: Input::open(path, "events.csv")?,
            meta: Input::open(path, "meta.env")?,
        };
        Run::read(&shown, &inputs, options)
    }

    /// Adds raw Prometheus exposition texts (format 0.0.4 or OpenMetrics), each with the time it
    /// was polled, to a run's series. What cannot be used is counted under `prom.tsv`, lines being
    /// counted over all texts.
    pub fn add_expositions(&mut self, polls: &[(Micros, &[u8])]) {
        let mut parser = PromParser::default();
        polls.iter().for_each(|(t_us, text)| parser.feed_exposition(*t_us, text));
        let (prom, problems) = parser.finish();
        self.prom.merge(prom);
        self.problems.prom.append(&problems, 0);
        self.problems.prom.missing = false;
    }

    fn read(path: &str, inputs: &Inputs<'_>, options: &Options) -> Result<Run> {
        let missing = |input: &Input<'_>| matches!(input, Input::Missing);
        let (frames, prom) = read_large(inputs, options)?;
        let parts = Parts {
            frames,
            prom,
            events: Small::read(&inputs.events)?,
            meta: Small::read(&inputs.meta)?,
            missing: [&inputs.frames, &inputs.prom, &inputs.events, &inputs.meta].map(missing),
        };
        Ok(parts.run(path, options))
    }
}

/// What was read of the four files.
pub(super) struct Parts {
    pub(super) frames: (Frames, FileProblems),
    pub(super) prom: (Prom, FileProblems),
    pub(super) events: Small,
    pub(super) meta: Small,
    /// In the order of [`super::RunFile`].
    pub(super) missing: [bool; 4],
}

impl Parts {
    /// The run that they make.
    pub(super) fn run(self, path: &str, options: &Options) -> Run {
        let ((frames, of_frames), (prom, of_prom)) = (self.frames, self.prom);
        let mut problems = Problems { frames: of_frames, prom: of_prom, ..Problems::default() };
        self.meta.completeness.note(&mut problems.meta);
        let meta = Meta::parse(&self.meta.bytes, &mut problems.meta);
        self.events.completeness.note(&mut problems.events);
        let events: Vec<Event> = parse_events(&self.events.bytes, 0, &mut problems.events);
        let [frames_missing, prom_missing, events_missing, meta_missing] = self.missing;
        problems.frames.missing = frames_missing;
        problems.prom.missing = prom_missing;
        problems.events.missing = events_missing;
        problems.meta.missing = meta_missing;
        let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
        let names = options.names.clone();
        let mut run = Run { path: path.to_owned(), name, frames, prom, events, meta, problems, names };
        run.check_window();
        run
    }
}

/// The bytes of a file that is small.
pub(super) struct Small {
    pub(super) bytes: Vec<u8>,
    pub(super) completeness: Completeness,
}

impl Small {
    fn read(input: &Input<'_>) -> Result<Small> {
        let mut bytes = Vec::new();
        let completeness = input.feed(|block| Small::extend(&mut bytes, block))?;
        Ok(Small { bytes, completeness })
    }

    /// Appends a block, as far as there is room.
    pub(super) fn extend(bytes: &mut Vec<u8>, block: &[u8]) {
        let room = SMALL_FILE_MAX_BYTES - bytes.len();
        bytes.extend_from_slice(&block[..block.len().min(room)]);
    }
}

/// Where the four files come from.
struct Inputs<'a> {
    frames: Input<'a>,
    prom: Input<'a>,
    events: Input<'a>,
    meta: Input<'a>,
}

impl Completeness {
    /// What it adds to the problems of a file.
    pub(super) fn note(self, problems: &mut FileProblems) {
        if self == Completeness::GzipDamaged {
            problems.add(0, Reason::GzipDamaged);
        }
    }
}

type Large = ((Frames, FileProblems), (Prom, FileProblems));

fn read_large(inputs: &Inputs<'_>, options: &Options) -> Result<Large> {
    #[cfg(feature = "sync")]
    {
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        if threads > 1
            && let Some(read) = parallel::read(inputs, threads)?
        {
            return Ok(read);
        }
    }
    let _ = options;
    Ok((read_frames(&inputs.frames)?, read_prom(&inputs.prom)?))
}

fn read_frames(input: &Input<'_>) -> Result<(Frames, FileProblems)> {
    let mut parser = FramesParser::default();
    let completeness = input.feed(|block| parser.feed(block))?;
    let (frames, mut problems) = parser.finish();
    completeness.note(&mut problems);
    Ok((frames, problems))
}

fn read_prom(input: &Input<'_>) -> Result<(Prom, FileProblems)> {
    let mut parser = PromParser::default();
    let completeness = input.feed(|block| parser.feed(block))?;
    let (prom, mut problems) = parser.finish();
    completeness.note(&mut problems);
    Ok((prom, problems))
}

/// Both large files in parts that begin at lines, a thread each. Gives what reading in one go
/// gives, or nothing where a file can only be read in one go.
#[cfg(feature = "sync")]
mod parallel {
    use super::*;
    use std::ops::Range;
    use std::thread;

    pub(super) fn read(inputs: &Inputs<'_>, threads: usize) -> Result<Option<Large>> {
        let (frames, prom) = (inputs.frames.parts(threads)?, inputs.prom.parts(threads)?);
        if frames.is_none() && prom.is_none() {
            return Ok(None);
        }
        // What cannot be split is read as a whole by the first thread.
        let part = |parts: &Option<Vec<Range<u64>>>, thread: usize| match parts {
            Some(parts) => parts.get(thread).cloned(),
            None => None,
        };
        let start = FramesParser::with_header_of(&inputs.frames)?;
        let read_part = |thread: usize| -> Result<(FramesParser, PromParser)> {
            let (mut frames_parser, mut prom_parser) = match thread {
                0 => (FramesParser::default(), PromParser::default()),
                _ => (start.for_next_part(), PromParser::default()),
            };
            if let Some(part) = part(&frames, thread) {
                inputs.frames.feed_part(part, |block| frames_parser.feed(block))?;
            }
            if let Some(part) = part(&prom, thread) {
                inputs.prom.feed_part(part, |block| prom_parser.feed(block))?;
            }
            Ok((frames_parser, prom_parser))
        };
        let count = [&frames, &prom].into_iter().flatten().map(Vec::len).max().unwrap_or(1);
        let mut read = thread::scope(|scope| -> Result<Vec<_>> {
            let others: Vec<_> = (1..count).map(|thread| scope.spawn(move || read_part(thread))).collect();
            let first = read_part(0)?;
            let others = others.into_iter().map(|other| other.join().expect("parsers do not panic"));
            [Ok(first)].into_iter().chain(others).collect()
        })?
        .into_iter();
        let (mut frames_parser, mut prom_parser) = read.next().expect("at least one thread");
        let mut splittable = frames_parser.can_be_split();
        for (later_frames, later_prom) in read {
            splittable &= later_frames.can_be_split();
            frames_parser.append(later_frames);
            prom_parser.append(later_prom);
        }
        let frames = match frames.is_some() && splittable {
            true => frames_parser.finish(),
            false => read_frames(&inputs.frames)?,
        };
        let prom = match prom.is_some() {
            true => prom_parser.finish(),
            false => read_prom(&inputs.prom)?,
        };
        Ok(Some((frames, prom)))
    }
}
