//! Reading a run from pieces of its files, as they come.

use super::frames::FramesParser;
use super::input::{Completeness, Lines, gunzip, is_gzip};
use super::problems::FileProblems;
use super::prom::PromParser;
use super::read::{Parts, Small};
use super::{Options, Run};
use crate::error::Result;

/// One of a run's files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RunFile {
    /// `frames.csv`
    Frames,
    /// `prom.tsv`
    Prom,
    /// `events.csv`
    Events,
    /// `meta.env`
    Meta,
}

/// Reads a run whose files come in pieces, cut anywhere: nothing but an unfinished line is kept of
/// their bytes (of gzipped ones all). The run is the one that [`Run::from_bytes`] gives.
///
/// ```
/// use streamgauge::run::{Mode, Options, RunFile, RunReader};
/// let mut reader = RunReader::new("demo", &Options::default());
/// reader.push(RunFile::Frames, b"recv_wall_us,frame_id,user_timest")?;
/// reader.push(RunFile::Frames, b"amp_us\n1000,1,500\n3000,4,2500\n")?;
/// assert_eq!(reader.finish()?.summary(Mode::Exact).number("frames_lost"), Some(2.0));
/// # Ok::<(), streamgauge::Error>(())
/// ```
#[derive(Debug)]
pub struct RunReader {
    name: String,
    options: Options,
    frames: FramesParser,
    prom: PromParser,
    events: Vec<u8>,
    meta: Vec<u8>,
    pieces: [Pieces; 4],
}

impl RunReader {
    /// A reader of nothing yet; `name` is the run's.
    pub fn new(name: &str, options: &Options) -> RunReader {
        RunReader {
            name: name.to_owned(),
            options: options.clone(),
            frames: FramesParser::default(),
            prom: PromParser::default(),
            events: Vec::new(),
            meta: Vec::new(),
            pieces: Default::default(),
        }
    }

    /// Takes the next piece of `file`. An empty one says that the file exists.
    ///
    /// # Errors
    /// `Unsupported` where the file is gzipped and this build has no gzip.
    pub fn push(&mut self, file: RunFile, piece: &[u8]) -> Result<()> {
        let pieces = &mut self.pieces[file as usize];
        match file {
            RunFile::Frames => pieces.push(piece, |block| self.frames.feed(block)),
            RunFile::Prom => pieces.push(piece, |block| self.prom.feed(block)),
            RunFile::Events => pieces.push(piece, |block| Small::extend(&mut self.events, block)),
            RunFile::Meta => pieces.push(piece, |block| Small::extend(&mut self.meta, block)),
        }
    }

    /// The run, once every piece was pushed.
    ///
    /// # Errors
    /// As [`RunReader::push`].
    pub fn finish(mut self) -> Result<Run> {
        let missing = self.pieces.each_ref().map(|pieces| matches!(pieces, Pieces::Missing));
        let [frames, prom, events, meta] = self.pieces;
        let of_frames = frames.finish(|block| self.frames.feed(block))?;
        let of_prom = prom.finish(|block| self.prom.feed(block))?;
        let of_events = events.finish(|block| Small::extend(&mut self.events, block))?;
        let of_meta = meta.finish(|block| Small::extend(&mut self.meta, block))?;
        Ok(Parts {
            frames: noted(self.frames.finish(), of_frames),
            prom: noted(self.prom.finish(), of_prom),
            events: Small { bytes: self.events, completeness: of_events },
            meta: Small { bytes: self.meta, completeness: of_meta },
            missing,
        }
        .run(&self.name, &self.options))
    }
}

fn noted<T>((columns, mut problems): (T, FileProblems), of: Completeness) -> (T, FileProblems) {
    of.note(&mut problems);
    (columns, problems)
}

/// What came of one file.
#[derive(Debug, Default)]
enum Pieces {
    #[default]
    Missing,
    /// Too few bytes to know what they are.
    Start(Vec<u8>),
    Plain(Lines),
    /// Compressed bytes.
    Gzip(Vec<u8>),
}

/// So many bytes tell whether a file is gzipped.
const MAGIC_BYTES: usize = 2;

impl Pieces {
    fn push(&mut self, piece: &[u8], take: impl FnMut(&[u8])) -> Result<()> {
        match self {
            Pieces::Plain(lines) => lines.push(piece, take),
            Pieces::Gzip(packed) => packed.extend_from_slice(piece),
            Pieces::Missing => {
                *self = Pieces::Start(Vec::new());
                return self.push(piece, take);
            }
            Pieces::Start(start) if start.len() + piece.len() < MAGIC_BYTES => start.extend_from_slice(piece),
            Pieces::Start(start) => {
                let (head, tail) = piece.split_at(MAGIC_BYTES - start.len());
                start.extend_from_slice(head);
                let start = std::mem::take(start);
                return self.begin(&start, tail, take);
            }
        }
        Ok(())
    }

    /// The first bytes are known.
    fn begin(&mut self, start: &[u8], tail: &[u8], mut take: impl FnMut(&[u8])) -> Result<()> {
        if is_gzip(start) {
            #[cfg(not(feature = "gzip"))]
            gunzip(start, take)?;
            *self = Pieces::Gzip([start, tail].concat());
        } else {
            let mut lines = Lines::default();
            lines.push(start, &mut take);
            lines.push(tail, take);
            *self = Pieces::Plain(lines);
        }
        Ok(())
    }

    fn finish(self, mut take: impl FnMut(&[u8])) -> Result<Completeness> {
        match self {
            Pieces::Missing => {}
            Pieces::Start(start) if start.is_empty() => {}
            Pieces::Start(start) => take(&start),
            Pieces::Plain(lines) => lines.finish(take),
            Pieces::Gzip(packed) => return gunzip(&packed[..], take),
        }
        Ok(Completeness::Whole)
    }
}
