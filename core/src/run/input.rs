//! Bytes of a file in blocks of whole lines: from memory, from a file, through gzip, in parts.

use crate::error::Result;
#[cfg(any(feature = "fs", feature = "gzip"))]
use std::io;
use std::io::Read;
use std::ops::Range;

/// Some editors put it before a text. The script does not know it: it spoils the first line for it.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes read at once: small enough to stay in the second-level cache.
const BLOCK_BYTES: usize = if cfg!(fuzzing) { 128 } else { 512 * 1024 };
/// A line longer than this is cut: no file can make a block grow without bound.
const LINE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Below this a file is not worth a second thread.
#[cfg(feature = "sync")]
const PART_MIN_BYTES: u64 = if cfg!(fuzzing) { 16 } else { 2 * 1024 * 1024 };

/// Where a file's bytes come from.
#[derive(Clone, Debug)]
pub(super) enum Input<'a> {
    /// The file does not exist.
    Missing,
    /// All of them are in memory.
    Bytes(&'a [u8]),
    /// A file of so many bytes.
    #[cfg(feature = "fs")]
    File { path: std::path::PathBuf, len: u64, gzip: bool },
}

/// Whether all bytes could be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Completeness {
    /// Yes.
    Whole,
    /// A gzip stream broke off.
    GzipDamaged,
}

impl<'a> Input<'a> {
    /// The bytes of a file, where it exists.
    pub(super) fn from_bytes(bytes: Option<&'a [u8]>) -> Input<'a> {
        bytes.map_or(Input::Missing, Input::Bytes)
    }

    /// `name` in `directory`, or `name` with `.gz` behind it.
    #[cfg(feature = "fs")]
    pub(super) fn open(directory: &std::path::Path, name: &str) -> Result<Input<'static>> {
        for candidate in [name.to_owned(), format!("{name}.gz")] {
            let path = directory.join(candidate);
            let mut magic = [0; 2];
            match std::fs::File::open(&path) {
                Ok(mut file) => {
                    let metadata = file.metadata().map_err(|why| io_error(&path, &why))?;
                    if metadata.is_dir() {
                        return Err(io_error(&path, &io::Error::other("is a directory, not a file")));
                    }
                    let gzip = file.read_exact(&mut magic).is_ok() && is_gzip(&magic);
                    return Ok(Input::File { path, len: metadata.len(), gzip });
                }
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                Err(why) => return Err(io_error(&path, &why)),
            }
        }
        Ok(Input::Missing)
    }

    /// Hands all bytes to `take`, in blocks of whole lines; only the last block may lack a newline
    /// at its end.
    pub(super) fn feed(&self, take: impl FnMut(&[u8])) -> Result<Completeness> {
        match self {
            Input::Missing => Ok(Completeness::Whole),
            Input::Bytes(bytes) if is_gzip(bytes) => gunzip(*bytes, take),
            Input::Bytes(bytes) => self.feed_part(0..bytes.len() as u64, take),
            #[cfg(feature = "fs")]
            Input::File { path, gzip: true, .. } => {
                let file = std::fs::File::open(path).map_err(|why| io_error(path, &why))?;
                gunzip(file, take)
            }
            #[cfg(feature = "fs")]
            Input::File { len, .. } => self.feed_part(0..*len, take),
        }
    }

    /// Hands the bytes of `part`, one of [`Input::parts`], to `take`.
    pub(super) fn feed_part(&self, part: Range<u64>, mut take: impl FnMut(&[u8])) -> Result<Completeness> {
        match self {
            Input::Missing => {}
            Input::Bytes(bytes) => {
                let bytes = &bytes[part.start as usize..part.end as usize];
                if !bytes.is_empty() {
                    take(bytes);
                }
            }
            #[cfg(feature = "fs")]
            Input::File { path, len, .. } => {
                use std::io::{Seek, SeekFrom};
                let wrong = |why: io::Error| io_error(path, &why);
                let mut file = std::fs::File::open(path).map_err(wrong)?;
                file.seek(SeekFrom::Start(part.start)).map_err(wrong)?;
                // The last part takes what a writer may have appended meanwhile.
                let limit = if part.end == *len { u64::MAX } else { part.end - part.start };
                blocks(file.take(limit), &mut take).map_err(wrong)?;
            }
        }
        Ok(Completeness::Whole)
    }

    /// Number of bytes, where they are there and not compressed.
    #[cfg(feature = "sync")]
    pub(super) fn plain_len(&self) -> Option<u64> {
        match self {
            Input::Bytes(bytes) => (!is_gzip(bytes)).then_some(bytes.len() as u64),
            #[cfg(feature = "fs")]
            Input::File { len, gzip: false, .. } => Some(*len),
            _ => None,
        }
    }

    /// At most `threads` parts of about the same size that each begin at a line, or `None` where
    /// the bytes can only be read, or are best read, in one go.
    #[cfg(feature = "sync")]
    pub(super) fn parts(&self, threads: usize) -> Result<Option<Vec<Range<u64>>>> {
        let Some(len) = self.plain_len() else { return Ok(None) };
        let count = (threads as u64).min(len / PART_MIN_BYTES);
        if count < 2 {
            return Ok(None);
        }
        let mut starts = vec![0];
        for part in 1..count {
            if let Some(start) = self.line_start_after(len * part / count)?
                && start > starts[starts.len() - 1]
                && start < len
            {
                starts.push(start);
            }
        }
        let ends = starts.iter().skip(1).copied().chain([len]).collect::<Vec<_>>();
        Ok(Some(starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()))
    }

    /// Where the first line after `at` begins, if a newline is near.
    #[cfg(feature = "sync")]
    fn line_start_after(&self, at: u64) -> Result<Option<u64>> {
        const NEAR_BYTES: usize = 64 * 1024;
        let newline = |bytes: &[u8]| memchr::memchr(b'\n', bytes).map(|step| at + step as u64 + 1);
        match self {
            Input::Missing => Ok(None),
            Input::Bytes(bytes) => {
                Ok(newline(&bytes[at as usize..bytes.len().min(at as usize + NEAR_BYTES)]))
            }
            #[cfg(feature = "fs")]
            Input::File { path, .. } => {
                use std::io::{Seek, SeekFrom};
                let read = || -> io::Result<Vec<u8>> {
                    let mut near = Vec::new();
                    let mut file = std::fs::File::open(path)?;
                    file.seek(SeekFrom::Start(at))?;
                    file.take(NEAR_BYTES as u64).read_to_end(&mut near)?;
                    Ok(near)
                };
                Ok(newline(&read().map_err(|why| io_error(path, &why))?))
            }
        }
    }
}

/// Cuts bytes that come in pieces into blocks of whole lines, the same lines however they are cut.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line that is not at its end.
    rest: Vec<u8>,
}

impl Lines {
    /// Hands the lines that `piece` ends to `take`.
    pub(super) fn push(&mut self, piece: &[u8], mut take: impl FnMut(&[u8])) {
        for piece in piece.chunks(BLOCK_BYTES) {
            let mut at = 0;
            if !self.rest.is_empty() {
                at = memchr::memchr(b'\n', piece).map_or(piece.len(), |newline| newline + 1);
                self.extend(&piece[..at], &mut take);
                if self.rest.last() == Some(&b'\n') {
                    take(&self.rest);
                    self.rest.clear();
                }
            }
            let end = memchr::memrchr(b'\n', &piece[at..]).map_or(at, |newline| at + newline + 1);
            if end > at {
                take(&piece[at..end]);
            }
            self.extend(&piece[end..], &mut take);
        }
    }

    /// Hands a last line without newline to `take`.
    pub(super) fn finish(self, mut take: impl FnMut(&[u8])) {
        if !self.rest.is_empty() {
            take(&self.rest);
        }
    }

    fn extend(&mut self, more: &[u8], take: &mut impl FnMut(&[u8])) {
        let (now, later) = more.split_at(more.len().min(LINE_MAX_BYTES - self.rest.len()));
        self.rest.extend_from_slice(now);
        if !later.is_empty() {
            take(&self.rest);
            self.rest.clear();
            self.rest.extend_from_slice(later);
        }
    }
}

/// Decompresses; what comes before damage is kept.
#[cfg(feature = "gzip")]
pub(super) fn gunzip(source: impl Read, mut take: impl FnMut(&[u8])) -> Result<Completeness> {
    match blocks(flate2::read::MultiGzDecoder::new(source), &mut take) {
        Ok(()) => Ok(Completeness::Whole),
        Err(_) => Ok(Completeness::GzipDamaged),
    }
}

/// Says that this build cannot.
#[cfg(not(feature = "gzip"))]
pub(super) fn gunzip(_: impl Read, _: impl FnMut(&[u8])) -> Result<Completeness> {
    let message = "a file is gzipped and this build has no gzip: decompress it first";
    Err(crate::Error::new(crate::ErrorKind::Unsupported, message))
}

pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

/// Reads to the end through one buffer. On an error, what had been read is handed over first.
#[cfg(any(feature = "fs", feature = "gzip"))]
fn blocks(mut source: impl Read, take: &mut impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK_BYTES];
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            if filled >= LINE_MAX_BYTES {
                take(&buffer);
                filled = 0;
            } else {
                buffer.resize(buffer.len() * 2, 0);
            }
        }
        let read = match source.read(&mut buffer[filled..]) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            other => other,
        };
        let count = *read.as_ref().unwrap_or(&0);
        if count == 0 {
            if filled > 0 {
                take(&buffer[..filled]);
            }
            return read.map(|_| ());
        }
        let before = filled;
        filled += count;
        if let Some(last) = memchr::memrchr(b'\n', &buffer[before..filled]) {
            let end = before + last + 1;
            take(&buffer[..end]);
            buffer.copy_within(end..filled, 0);
            filled -= end;
        }
    }
}

#[cfg(feature = "fs")]
fn io_error(path: &std::path::Path, why: &io::Error) -> crate::Error {
    crate::Error::new(crate::ErrorKind::Io, why.to_string()).in_file(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "gzip")]
    use std::io::Write;

    fn collect(input: &Input<'_>) -> (Vec<u8>, Completeness) {
        let mut all = Vec::new();
        let completeness = input.feed(|block| all.extend_from_slice(block)).unwrap();
        (all, completeness)
    }

    fn lines(count: usize) -> Vec<u8> {
        (0..count).flat_map(|n| format!("line {n}\n").into_bytes()).collect()
    }

    #[cfg(not(feature = "gzip"))]
    #[test]
    fn gzip_is_refused_where_it_cannot_be_read() {
        let error = Input::Bytes(b"\x1f\x8b\x08").feed(|_| ()).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn gzip_is_told_by_its_magic_and_damage_keeps_what_came_before() {
        let plain = lines(100_000);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&plain).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(collect(&Input::Bytes(&packed)), (plain.clone(), Completeness::Whole));
        let (kept, completeness) = collect(&Input::Bytes(&packed[..packed.len() / 2]));
        assert_eq!(completeness, Completeness::GzipDamaged);
        assert!(!kept.is_empty() && plain.starts_with(&kept));
    }

    #[test]
    fn blocks_end_at_newlines() {
        let plain = lines(200_000);
        let mut all = Vec::new();
        let mut take = |block: &[u8]| {
            assert!(block.ends_with(b"\n"));
            all.extend_from_slice(block);
        };
        blocks(&plain[..], &mut take).unwrap();
        assert_eq!(all, plain);
    }

    #[test]
    fn a_line_without_end_does_not_grow_the_buffer_without_bound() {
        let mut largest = 0;
        blocks(io::repeat(b'x').take(3 * LINE_MAX_BYTES as u64), &mut |block: &[u8]| {
            largest = largest.max(block.len());
        })
        .unwrap();
        assert_eq!(largest, LINE_MAX_BYTES);
    }

    // Node 20 crashes at its end after the memory that this takes in wasm.
    #[cfg(not(target_family = "wasm"))]
    #[test]
    fn pieces_make_the_lines_that_one_read_makes() {
        let long = vec![b'x'; LINE_MAX_BYTES + 3];
        let plain = [b"a\n\n", &lines(100_000)[..], &long, b"\nb\n", &long[3..], b"\n", b"c"].concat();
        let mut expected = Vec::new();
        blocks(&plain[..], &mut |block: &[u8]| split(block, &mut expected)).unwrap();
        for size in [plain.len(), 1_000_003, 65_536, 4097] {
            let (mut got, mut cut) = (Vec::new(), Lines::default());
            plain.chunks(size).for_each(|piece| cut.push(piece, |block| split(block, &mut got)));
            cut.finish(|block| split(block, &mut got));
            assert!(got == expected, "pieces of {size}");
        }
    }

    #[cfg(not(target_family = "wasm"))]
    fn split(block: &[u8], lines: &mut Vec<Vec<u8>>) {
        lines.extend(block.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }

    #[cfg(feature = "sync")]
    #[test]
    fn parts_begin_at_lines_and_cover_everything() {
        let plain = lines(1_000_000);
        let input = Input::Bytes(&plain);
        let parts = input.parts(3).unwrap().unwrap();
        assert_eq!(parts.len(), 3);
        assert_eq!((parts[0].start, parts[2].end), (0, plain.len() as u64));
        for pair in parts.windows(2) {
            assert_eq!(pair[0].end, pair[1].start);
            assert_eq!(plain[pair[1].start as usize - 1], b'\n');
        }
        assert_eq!(Input::Bytes(b"small").parts(8).unwrap(), None);
    }
}
