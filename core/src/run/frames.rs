//! `frames.csv`: one row a received frame, into columns.

use super::column::Column;
use super::input::BYTE_ORDER_MARK;
#[cfg(feature = "sync")]
use super::input::Input;
use super::number::{self, NotInt, RecentHigh};
use super::problems::{FileProblems, Reason};
#[cfg(feature = "sync")]
use crate::error::Result;
use crate::time::Micros;

/// A quoted field that is longer is taken to be never closed.
const QUOTED_MAX_BYTES: usize = 1024 * 1024;

/// Received frames in order of receipt; rows with the same time keep the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frames {
    /// When the frame was received, microseconds since the Unix epoch.
    pub recv_us: Vec<Micros>,
    /// The frame's number; null where the row has none.
    pub frame_id: Column<i64>,
    /// When the sender took the frame, microseconds since the Unix epoch; 0 means unknown.
    pub user_timestamp_us: Column<i64>,
    /// Width in pixels.
    pub width: Column<i32>,
    /// Height in pixels.
    pub height: Column<i32>,
    /// Rows on which the script would stop: `plot_fec` leaves them out.
    pub(super) script_stops_at: Vec<u32>,
    /// The script finds no receive time under this header.
    pub(super) script_sees_nothing: bool,
}

impl Frames {
    /// Number of frames.
    pub fn len(&self) -> usize {
        self.recv_us.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.recv_us.is_empty()
    }

    /// Whether the script would have read this row.
    pub(super) fn script_reads(&self, row: usize) -> bool {
        !self.script_sees_nothing
            && (self.script_stops_at.is_empty() || self.script_stops_at.binary_search(&(row as u32)).is_err())
    }

    fn push(
        &mut self,
        recv_us: Micros,
        frame_id: Option<i64>,
        user_timestamp_us: Option<i64>,
        (width, height): (Option<i32>, Option<i32>),
    ) {
        self.recv_us.push(recv_us);
        self.frame_id.push(frame_id);
        self.user_timestamp_us.push(user_timestamp_us);
        self.width.push(width);
        self.height.push(height);
    }

    /// Brings rows into order of receipt, stably.
    fn sort(&mut self) {
        if self.recv_us.is_sorted() {
            return;
        }
        let order = stable_order(&self.recv_us);
        self.recv_us = order.iter().map(|row| self.recv_us[*row as usize]).collect();
        self.frame_id = self.frame_id.reordered(&order);
        self.user_timestamp_us = self.user_timestamp_us.reordered(&order);
        self.width = self.width.reordered(&order);
        self.height = self.height.reordered(&order);
        if !self.script_stops_at.is_empty() {
            let stops = std::mem::take(&mut self.script_stops_at);
            let moved = order.iter().enumerate().filter(|(_, row)| stops.binary_search(row).is_ok());
            self.script_stops_at = moved.map(|(new, _)| new as u32).collect();
        }
    }

    #[cfg(feature = "sync")]
    fn append(&mut self, later: Frames) {
        let offset = self.len() as u32;
        self.recv_us.extend_from_slice(&later.recv_us);
        self.frame_id.append(later.frame_id);
        self.user_timestamp_us.append(later.user_timestamp_us);
        self.width.append(later.width);
        self.height.append(later.height);
        self.script_stops_at.extend(later.script_stops_at.iter().map(|row| row + offset));
    }
}

/// The order that sorts `times` stably. Frames that come late come a few rows late: those are moved
/// one by one, and only a file in disorder is sorted as a whole.
fn stable_order(times: &[Micros]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    let mut moves_left = times.len() * 4;
    for index in 1..order.len() {
        let row = order[index];
        let at_us = times[row as usize];
        let mut place = index;
        while place > 0 && times[order[place - 1] as usize] > at_us {
            order[place] = order[place - 1];
            place -= 1;
        }
        order[place] = row;
        match moves_left.checked_sub(index - place) {
            Some(left) => moves_left = left,
            None => {
                order.sort_by_key(|row| times[*row as usize]);
                break;
            }
        }
    }
    order
}

/// The five columns, in the order the harness writes them.
const NAMES: [&str; 5] = ["recv_wall_us", "frame_id", "user_timestamp_us", "width", "height"];
const RECV: usize = 0;

/// Which column of the file holds what.
#[derive(Clone, Debug)]
struct Header {
    /// For each column of the file, its index in [`NAMES`].
    slots: Vec<Option<usize>>,
    /// The columns are just those of [`NAMES`], in order.
    plain: bool,
    script_sees_nothing: bool,
}

impl Header {
    fn read(fields: &[&[u8]], after_oddity: bool) -> Option<Header> {
        let trimmed = |field: &[u8]| String::from_utf8_lossy(field.trim_ascii()).into_owned();
        let mut slots: Vec<_> =
            fields.iter().map(|f| NAMES.iter().position(|name| *name == trimmed(f))).collect();
        // Of a repeated name the last counts, as in a dict.
        for index in 0..slots.len() {
            if slots[index].is_some() && slots[index + 1..].contains(&slots[index]) {
                slots[index] = None;
            }
        }
        slots.contains(&Some(RECV)).then(|| Header {
            plain: slots.iter().copied().eq((0..NAMES.len()).map(Some)),
            script_sees_nothing: after_oddity || !fields.contains(&NAMES[RECV].as_bytes()),
            slots,
        })
    }
}

/// Reads blocks of whole lines.
#[derive(Debug, Default)]
pub(super) struct FramesParser {
    frames: Frames,
    problems: FileProblems,
    header: Option<Header>,
    header_unusable: bool,
    line: u64,
    /// A row whose quoted field goes on in the next line, and the line it began in.
    open_row: Option<(QuotedRow, u64)>,
    /// A quoted field crossed a line, so that the file cannot be read in parts.
    crossed_lines: bool,
    tail: Tail,
    /// Of receive time and user timestamp.
    recent: [RecentHigh; 2],
}

/// The end of the last plain row, from width to newline: most rows end alike.
#[derive(Debug, Default)]
struct Tail {
    bytes: u128,
    mask: u128,
    len: usize,
    width: i32,
    height: i32,
}

impl Tail {
    fn learn(&mut self, bytes: &[u8], width: i32, height: i32) {
        if !bytes.is_empty() && bytes.len() <= 16 {
            let mut padded = [0; 16];
            padded[..bytes.len()].copy_from_slice(bytes);
            let mask = u128::MAX >> (128 - 8 * bytes.len());
            *self = Tail { bytes: u128::from_le_bytes(padded), mask, len: bytes.len(), width, height };
        }
    }
}

/// Bytes that the fast path may look at beyond the start of a row.
const LOOKAHEAD: usize = 80;

impl FramesParser {
    /// A parser that has read the first lines of a file, for [`FramesParser::for_next_part`].
    #[cfg(feature = "sync")]
    pub(super) fn with_header_of(input: &Input<'_>) -> Result<FramesParser> {
        const HEADER_MAX_BYTES: u64 = 64 * 1024;
        let mut parser = FramesParser::default();
        if let Some(len) = input.plain_len() {
            input.feed_part(0..len.min(HEADER_MAX_BYTES), |block| parser.feed(block))?;
        }
        Ok(parser)
    }

    /// A parser for a later part of the same file.
    #[cfg(feature = "sync")]
    pub(super) fn for_next_part(&self) -> FramesParser {
        FramesParser {
            header: self.header.clone(),
            header_unusable: self.header_unusable,
            ..FramesParser::default()
        }
    }

    /// Takes in one block.
    pub(super) fn feed(&mut self, block: &[u8]) {
        let mut at = 0;
        if self.frames.is_empty() {
            // One allocation for a file of one block, a start for others.
            self.reserve(block.len() / 40);
        }
        while at < block.len() {
            if self.header.as_ref().is_some_and(|header| header.plain) && self.open_row.is_none() {
                at = self.plain_rows(block, at);
                if at == block.len() {
                    return;
                }
            }
            let end = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |step| at + step + 1);
            self.any_line(&block[at..end]);
            at = end;
        }
    }

    fn reserve(&mut self, rows: usize) {
        self.frames.recv_us.reserve(rows);
        self.frames.frame_id.values.reserve(rows);
        self.frames.user_timestamp_us.values.reserve(rows);
        self.frames.width.values.reserve(rows);
        self.frames.height.values.reserve(rows);
    }

    /// Takes rows of the plain form until one is not, and gives where it begins.
    fn plain_rows(&mut self, block: &[u8], mut at: usize) -> usize {
        let mut batch = Batch::default();
        let mut rows = 0;
        while let Some(row) = block.get(at..at + LOOKAHEAD) {
            let Some(row) = plain_row(row, &self.tail, &mut self.recent) else { break };
            at += row.length;
            rows += 1;
            match row {
                PlainRow { recv_us, frame_id: Some(id), user_timestamp_us: Some(user), .. } => {
                    batch.push(recv_us, id, user);
                    if batch.len == BATCH {
                        self.flush(&mut batch);
                    }
                }
                PlainRow { recv_us, frame_id, user_timestamp_us, .. } => {
                    self.flush(&mut batch);
                    let size = (Some(self.tail.width), Some(self.tail.height));
                    self.frames.push(recv_us, frame_id, user_timestamp_us, size);
                }
            }
        }
        self.flush(&mut batch);
        self.line += rows;
        self.problems.rows += rows;
        at
    }

    fn flush(&mut self, batch: &mut Batch) {
        let rows = batch.len;
        self.frames.recv_us.extend_from_slice(&batch.recv_us[..rows]);
        self.frames.frame_id.extend_valid(&batch.frame_id[..rows]);
        self.frames.user_timestamp_us.extend_valid(&batch.user_timestamp_us[..rows]);
        self.frames.width.extend_valid(&[self.tail.width; BATCH][..rows]);
        self.frames.height.extend_valid(&[self.tail.height; BATCH][..rows]);
        batch.len = 0;
    }

    /// Takes any line: the header, odd rows, the last rows of a block.
    fn any_line(&mut self, line: &[u8]) {
        self.line += 1;
        if let Some((row, started)) = self.open_row.take() {
            self.quoted_line(row, started, line);
            return;
        }
        let text = without_newline(line);
        if text.contains(&b'"') {
            self.quoted_line(QuotedRow::default(), self.line, line);
        } else if memchr::memchr(b'\r', text).is_some() {
            for (index, part) in text.split(|byte| *byte == b'\r').enumerate() {
                self.line += u64::from(index > 0);
                self.row(&part.split(|byte| *byte == b',').collect::<Vec<_>>(), self.line, &[]);
            }
        } else {
            let mut fields = [&[] as &[u8]; 8];
            let count =
                text.split(|byte| *byte == b',').zip(&mut fields).map(|(field, slot)| *slot = field).count();
            if count < fields.len() {
                self.row(&fields[..count], self.line, line);
            } else {
                self.row(&text.split(|byte| *byte == b',').collect::<Vec<_>>(), self.line, &[]);
            }
        }
    }

    /// Takes a line of a row with quotes, and the row if it ends there.
    fn quoted_line(&mut self, mut row: QuotedRow, started: u64, line: &[u8]) {
        if row.feed(line) {
            let fields: Vec<&[u8]> = row.fields.iter().map(Vec::as_slice).collect();
            self.row(&fields, started, &[]);
        } else if row.bytes < QUOTED_MAX_BYTES {
            self.crossed_lines = true;
            self.open_row = Some((row, started));
        } else {
            self.unclosed(started);
        }
    }

    fn unclosed(&mut self, line: u64) {
        self.problems.rows += 1;
        self.problems.add(line, Reason::QuoteUnclosed);
    }

    /// Takes one row. `line` is the whole line where its end may be learnt from.
    fn row(&mut self, fields: &[&[u8]], number: u64, line: &[u8]) {
        let blank = matches!(fields, [] | [[]]);
        if self.header.is_none() {
            if !self.header_unusable && !blank {
                self.read_header(fields, number);
            } else if !blank {
                self.problems.rows += 1;
                self.problems.add(number, Reason::HeaderUnusable);
            }
            return;
        }
        self.problems.rows += 1;
        if blank {
            self.problems.add(number, Reason::Blank);
            return;
        }
        let mut found: [Option<&[u8]>; 5] = [None; 5];
        let header = self.header.as_ref().expect("read above");
        for (field, slot) in fields.iter().zip(&header.slots) {
            if let Some(slot) = slot {
                found[*slot] = Some(field);
            }
        }
        let Some(recv) = found[RECV] else {
            self.problems.add(number, Reason::ShortRow);
            return;
        };
        let recv_us = match number::int(recv) {
            Ok(recv_us) => recv_us,
            Err(why) => {
                self.problems.add(number, why.time_reason());
                return;
            }
        };
        let mut script_stops = false;
        let mut nullable = |field: Option<&[u8]>, not_integer: Reason, out_of_range: Reason| {
            // An empty field is null; one of white space only is no integer to the script.
            let field = field.filter(|field| !field.is_empty())?;
            let reason = match number::int(field) {
                Ok(value) => return Some(value),
                Err(NotInt::OutOfRange) => out_of_range,
                Err(_) => not_integer,
            };
            script_stops = true;
            self.problems.add(number, reason);
            None
        };
        let id = nullable(found[1], Reason::FrameIdNotInteger, Reason::FrameIdOutOfRange);
        let user = nullable(found[2], Reason::UserTimestampNotInteger, Reason::UserTimestampOutOfRange);
        let mut size = |field: Option<&[u8]>| -> Option<i32> {
            let field = field.filter(|field| !field.is_empty())?;
            let pixels = number::int(field).ok().and_then(|pixels| i32::try_from(pixels).ok());
            let pixels = pixels.filter(|pixels| *pixels >= 0);
            if pixels.is_none() {
                self.problems.add(number, Reason::SizeNotInteger);
            }
            pixels
        };
        let (width, height) = (size(found[3]), size(found[4]));
        if script_stops {
            self.frames.script_stops_at.push(self.frames.len() as u32);
        }
        self.frames.push(recv_us, id, user, (width, height));
        if let (true, Some(width), Some(height), true) =
            (header_is_plain(&self.header), width, height, line.ends_with(b"\n"))
        {
            let after: usize = fields[..3].iter().map(|field| field.len() + 1).sum();
            self.tail.learn(&line[after..], width, height);
        }
    }

    fn read_header(&mut self, fields: &[&[u8]], number: u64) {
        let first = fields[0];
        let bom = first.strip_prefix(BYTE_ORDER_MARK);
        let mut fields = fields.to_vec();
        fields[0] = bom.unwrap_or(first);
        self.header = Header::read(&fields, bom.is_some() || number > 1);
        if self.header.is_none() {
            self.header_unusable = true;
            self.problems.add(number, Reason::HeaderUnusable);
        }
    }

    /// Whether the parts of the file can be read apart.
    #[cfg(feature = "sync")]
    pub(super) fn can_be_split(&self) -> bool {
        !self.crossed_lines && self.open_row.is_none()
    }

    /// Takes over what the parser of the next part found.
    #[cfg(feature = "sync")]
    pub(super) fn append(&mut self, later: FramesParser) {
        self.problems.append(&later.problems, self.line);
        self.line += later.line;
        self.frames.append(later.frames);
    }

    /// The frames in order of receipt.
    pub(super) fn finish(mut self) -> (Frames, FileProblems) {
        if let Some((_, started)) = self.open_row {
            self.unclosed(started);
        }
        self.frames.script_sees_nothing =
            self.header.as_ref().is_none_or(|header| header.script_sees_nothing);
        self.frames.sort();
        (self.frames, self.problems)
    }
}

fn header_is_plain(header: &Option<Header>) -> bool {
    header.as_ref().is_some_and(|header| header.plain)
}

/// Plain rows without nulls on their way into the columns, many at a time.
struct Batch {
    recv_us: [Micros; BATCH],
    frame_id: [i64; BATCH],
    user_timestamp_us: [i64; BATCH],
    len: usize,
}

const BATCH: usize = 64;

impl Default for Batch {
    fn default() -> Batch {
        Batch { recv_us: [0; BATCH], frame_id: [0; BATCH], user_timestamp_us: [0; BATCH], len: 0 }
    }
}

impl Batch {
    #[inline(always)]
    fn push(&mut self, recv_us: Micros, frame_id: i64, user_timestamp_us: i64) {
        let at = self.len % BATCH;
        self.recv_us[at] = recv_us;
        self.frame_id[at] = frame_id;
        self.user_timestamp_us[at] = user_timestamp_us;
        self.len += 1;
    }
}

struct PlainRow {
    recv_us: Micros,
    frame_id: Option<i64>,
    user_timestamp_us: Option<i64>,
    length: usize,
}

/// A row `16 digits,id,16 digits,` with the known tail behind it; the id has up to 15 digits, and
/// id and user timestamp may be empty.
#[inline(always)]
fn plain_row(row: &[u8], tail: &Tail, recent: &mut [RecentHigh; 2]) -> Option<PlainRow> {
    let row: &[u8; LOOKAHEAD] = row.first_chunk()?;
    let recv_us = recent[0].sixteen_digits(row, 0)?;
    if row[16] != b',' {
        return None;
    }
    let (mut digits, mut id) = number::leading_digits(number::load(row, 17));
    if digits == 8 {
        let (more, rest) = number::leading_digits(number::load(row, 25));
        digits += more;
        id = id * number::POWERS_OF_TEN[more] + rest;
    }
    let user_at = 17 + digits + 1;
    if digits > 15 || row[user_at - 1] != b',' {
        return None;
    }
    let (user_timestamp_us, tail_at) = match row[user_at] {
        b',' => (None, user_at + 1),
        _ if row[user_at + 16] == b',' => (Some(recent[1].sixteen_digits(row, user_at)?), user_at + 17),
        _ => return None,
    };
    let end = u128::from_le_bytes(row[tail_at..tail_at + 16].try_into().expect("16 bytes"));
    let same = tail.len > 0 && (end ^ tail.bytes) & tail.mask == 0;
    let frame_id = (digits > 0).then_some(id as i64);
    same.then_some(PlainRow { recv_us, frame_id, user_timestamp_us, length: tail_at + tail.len })
}

fn without_newline(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A row with quoted fields, which may go on over several lines. Takes the same texts as Python's
/// `csv`: a doubled quote stands for one, what follows a closing quote belongs to the field.
#[derive(Debug, Default)]
struct QuotedRow {
    fields: Vec<Vec<u8>>,
    bytes: usize,
    inside: bool,
    /// The last byte was a quote inside quotes: the next byte tells what it meant.
    after_quote: bool,
}

impl QuotedRow {
    /// Takes in a line, and tells whether the row ends with it.
    fn feed(&mut self, line: &[u8]) -> bool {
        let mut at_start = self.fields.is_empty();
        if at_start {
            self.fields.push(Vec::new());
        }
        self.bytes += line.len();
        for &byte in without_newline(line) {
            let closed = std::mem::take(&mut self.after_quote);
            if closed && byte != b'"' {
                self.inside = false;
            }
            let field = self.fields.last_mut().expect("pushed above");
            match byte {
                b'"' if closed => field.push(b'"'),
                b'"' if self.inside => self.after_quote = true,
                b'"' if at_start => self.inside = true,
                b',' if !self.inside => {
                    self.fields.push(Vec::new());
                    at_start = true;
                    continue;
                }
                other => field.push(other),
            }
            at_start = false;
        }
        if std::mem::take(&mut self.after_quote) {
            self.inside = false;
        }
        if self.inside {
            self.fields.last_mut().expect("pushed above").push(b'\n');
        }
        !self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> (Frames, FileProblems) {
        let mut parser = FramesParser::default();
        parser.feed(text);
        parser.finish()
    }

    const HEADER: &str = "recv_wall_us,frame_id,user_timestamp_us,width,height\n";

    /// Rows of the plain form, enough that the fast path is taken.
    fn plain(rows: usize) -> String {
        let row = |n: usize| {
            format!(
                "{},{},{},1280,720\n",
                1_781_700_000_000_000_u64 + n as u64 * 33_333,
                n,
                1_781_699_999_980_000_u64 + n as u64 * 33_333
            )
        };
        HEADER.to_owned() + &(0..rows).map(row).collect::<String>()
    }

    #[test]
    fn fast_and_general_path_agree() {
        let text = plain(500);
        let (fast, problems) = parse(text.as_bytes());
        assert_eq!((fast.len(), problems.rows, problems.counts.len()), (500, 500, 0));
        let mut parser = FramesParser::default();
        text.as_bytes().split_inclusive(|byte| *byte == b'\n').for_each(|line| parser.feed(line));
        assert_eq!(parser.finish(), (fast.clone(), problems));
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(parse(crlf.as_bytes()).0, fast);
        let quoted = text.replace(",1280,", ",\"1280\",");
        assert_eq!(parse(quoted.as_bytes()).0, fast);
        assert_eq!(parse(text.trim_end().as_bytes()).0, fast);
        assert_eq!(parse(text.replace('\n', "\r").as_bytes()).0, fast);
    }

    #[test]
    fn odd_rows_between_plain_ones() {
        let mut text = plain(300);
        let odd = "\n12x,5,6,1,1\n,,,,\nshort\n1781700000000500,x,,1,1\n1781700000000501,99999999999999999999,0,-1,\n99999999999999999999,1,1,1,1\n1781700000000502\n\"1781700000000503\",\"7\",\"\",\"1\n\",2\n1\0,2,3,4,5\n";
        text.insert_str(plain(100).len(), odd);
        let (frames, problems) = parse(text.as_bytes());
        assert_eq!(frames.len(), 300 + 4);
        let count = |reason| problems.counts.get(&reason).copied().unwrap_or(0);
        assert_eq!(count(Reason::Blank), 1);
        assert_eq!(count(Reason::TimeNotInteger), 3);
        assert_eq!(count(Reason::TimeMissing), 1);
        assert_eq!(count(Reason::TimeOutOfRange), 1);
        assert_eq!(count(Reason::FrameIdNotInteger), 1);
        assert_eq!(count(Reason::FrameIdOutOfRange), 1);
        assert_eq!(count(Reason::SizeNotInteger), 1);
        assert_eq!(problems.first[0], super::super::Problem { line: 102, reason: Reason::Blank });
        assert_eq!(problems.first.last().unwrap().line, 112);
        assert_eq!(problems.rows, 310);
        assert_eq!(frames.script_stops_at.len(), 2);
        assert!(frames.recv_us.is_sorted());
        let row = frames.recv_us.iter().position(|at| *at == 1_781_700_000_000_503).unwrap();
        assert_eq!((frames.frame_id.get(row), frames.user_timestamp_us.get(row)), (Some(7), None));
    }

    #[test]
    fn columns_follow_the_header() {
        let (frames, _) = parse(b"\xef\xbb\xbfheight,frame_id,extra,recv_wall_us\n720,5,zz,100\n");
        assert_eq!(
            (frames.recv_us[0], frames.frame_id.get(0), frames.height.get(0)),
            (100, Some(5), Some(720))
        );
        assert_eq!(frames.width.get(0), None);
        assert!(!frames.script_reads(0), "the script trips over the byte order mark");
        let (frames, problems) = parse(b"a,b\n1,2\n");
        assert!(frames.is_empty());
        assert_eq!(problems.counts[&Reason::HeaderUnusable], 2);
        assert_eq!(parse(b"").1, FileProblems::default());
    }

    #[test]
    fn an_unclosed_quote_is_bounded_and_counted() {
        let mut text = plain(2);
        text.push_str("\"17");
        text.push_str(&"\"\"\n".repeat(600_000));
        let (frames, problems) = parse(text.as_bytes());
        assert_eq!(frames.len(), 2);
        assert!(problems.counts[&Reason::QuoteUnclosed] >= 1);
    }

    #[cfg(feature = "sync")]
    #[test]
    fn parts_give_what_the_whole_gives() {
        let text = plain(400).replace(",7,", ",x,").replace(",300,", ",,");
        let cut = text[..text.len() / 2].rfind('\n').unwrap() + 1;
        let mut first = FramesParser::default();
        first.feed(&text.as_bytes()[..cut]);
        let mut second = first.for_next_part();
        second.feed(&text.as_bytes()[cut..]);
        assert!(first.can_be_split() && second.can_be_split());
        first.append(second);
        assert_eq!(first.finish(), parse(text.as_bytes()));
    }
}
