//! What is said of a ring and its readers across the boundary, and how it maps to the core.

use sg_core::ring::{
    Account, CloseKind, CursorConfig, CursorStatus, EndReason, Join, Lag, LagLimit, Policy, Position, Read,
    RingConfig, Snapshot,
};

use crate::buf::start;
use crate::guard::Fault;
use crate::sg_str;
use crate::sized::{Plain, fitted};

/// No chunk: where a sequence number is absent.
pub const SG_NO_SEQUENCE: u64 = 0xffff_ffff_ffff_ffff;

/// Join: with the next chunk that is published.
pub const SG_JOIN_LIVE: i32 = 0;
/// Join: at the oldest chunk in the ring.
pub const SG_JOIN_OLDEST: i32 = 1;
/// Join: at the newest chunk from which at least so many bytes are buffered, else at the oldest one. 0 or
/// less is `SG_JOIN_LIVE`.
pub const SG_JOIN_LAG_BYTES: i32 = 2;
/// Join: at the newest chunk that is at least so many microseconds older than the newest one, else at the
/// oldest one. 0 or less is `SG_JOIN_LIVE`.
pub const SG_JOIN_LAG_TIME: i32 = 3;
/// Join: at the latest random-access point; a cursor waits for the next one when there is none.
pub const SG_JOIN_RANDOM_ACCESS: i32 = 4;

/// Policy for a reader that is too slow: it goes on with the next chunk that is published.
pub const SG_POLICY_SKIP: i32 = 0;
/// Policy for a reader that is too slow: it goes on at a random-access point, the latest if that is within
/// its limits, else the next.
pub const SG_POLICY_SKIP_TO_RANDOM_ACCESS: i32 = 1;
/// Policy for a reader that is too slow: its reads fail with `SG_LAGGED`.
pub const SG_POLICY_DISCONNECT: i32 = 2;

/// Closed because the source came to its end.
pub const SG_CLOSE_END: i32 = 1;
/// Closed because somebody stopped it.
pub const SG_CLOSE_CANCELLED: i32 = 2;
/// Closed because the source failed; the message says how.
pub const SG_CLOSE_FAILED: i32 = 3;

/// A cursor jumped because the ring had evicted its next chunk.
pub const SG_SKIP_EVICTED: i32 = 1;
/// A cursor jumped because it was over its hard limit.
pub const SG_SKIP_HARD_LIMIT: i32 = 2;
/// A cursor went to the random-access point that it waited for.
pub const SG_SKIP_AWAITED_RANDOM_ACCESS: i32 = 3;

/// A cursor is at its end: its owner left without a word.
pub const SG_END_LEFT: i32 = 1;
/// A cursor is at its end: it read everything of a closed ring.
pub const SG_END_DRAINED: i32 = 2;
/// A cursor is at its end: it lagged and its policy is `SG_POLICY_DISCONNECT`.
pub const SG_END_LAGGED: i32 = 3;
/// A cursor is at its end: its owner gave up on a write that took too long.
pub const SG_END_WRITE_TIMEOUT: i32 = 4;
/// A cursor is at its end: its owner could not write any more.
pub const SG_END_WRITE_FAILED: i32 = 5;

/// Bounds of a ring. Zero the struct, then set at least the first two.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_ring_config {
    /// At most so many chunks; at least 1.
    pub max_chunks: u64,
    /// At most so many bytes; at least 1. A single larger chunk is kept alone.
    pub max_bytes: u64,
    /// At most so old, microseconds; 0 for no bound.
    pub max_age_us: i64,
    /// Reads are refused once readers hold so many distinct bytes; 0 for as many as `max_bytes`.
    pub max_held_bytes: u64,
    /// At most so many cursors at a time; 0 for 65,536.
    pub max_cursors: u64,
    /// Tells this ring's positions from those of another ring of the same stream.
    pub epoch: u64,
    /// Expected chunk size, bytes: buffers for up to 256 chunks and 4 MiB are made ahead of time; 0 makes
    /// none.
    pub payload_hint_bytes: u64,
}

// SAFETY: numbers.
unsafe impl Plain for sg_ring_config {}

impl sg_ring_config {
    pub(super) fn to_core(self) -> Result<RingConfig, Fault> {
        let mut config = RingConfig::new(fitted(self.max_chunks, 0, "max_chunks")?, self.max_bytes);
        config.max_age_us = (self.max_age_us != 0).then_some(self.max_age_us);
        if self.max_held_bytes != 0 {
            config.max_held_bytes = self.max_held_bytes;
        }
        config.max_cursors = fitted(self.max_cursors, config.max_cursors, "max_cursors")?;
        config.epoch = self.epoch;
        config.payload_hint_bytes = fitted(self.payload_hint_bytes, 0, "payload_hint_bytes")?;
        Ok(config)
    }
}

/// Bytes that somebody else owns.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_bytes {
    /// First byte; NULL when empty.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

impl sg_bytes {
    pub(super) fn of(bytes: &[u8]) -> sg_bytes {
        sg_bytes { data: start(bytes), len: bytes.len() }
    }
}

/// What a publisher says of a chunk besides its bytes. All zero is an ordinary chunk.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_chunk_info {
    /// What a decoder must see before the chunk (MPEG-TS: PAT and PMT); at most 64 KiB, copied, and only
    /// with `random_access`.
    pub preamble: sg_bytes,
    /// Not 0 when a decoder can start at the chunk.
    pub random_access: u8,
}

// SAFETY: numbers and pointers.
unsafe impl Plain for sg_chunk_info {}

/// A chunk that a batch holds, without a copy.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_chunk {
    /// The payload; never empty.
    pub bytes: sg_bytes,
    /// At a random-access point: what a decoder must see before it; else empty.
    pub preamble: sg_bytes,
    /// Sequence number, counted from 0 per epoch.
    pub sequence: u64,
    /// When it was published, microseconds; never before the chunk before it.
    pub time_us: i64,
    /// Whether a decoder can start here.
    pub random_access: bool,
}

/// A place in a ring's stream: what has gone by before it.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_position {
    /// The epoch of the ring.
    pub epoch: u64,
    /// Sequence number of the next chunk, counted from 0.
    pub sequence: u64,
    /// Bytes published before that chunk.
    pub offset_bytes: u64,
    /// Publish time of the chunk before it, microseconds; 0 at the start of the ring.
    pub time_us: i64,
    /// 0 at the start of the ring, else 1.
    pub has_time: u8,
}

impl sg_position {
    pub(super) fn of(position: Position) -> sg_position {
        sg_position {
            epoch: position.epoch,
            sequence: position.sequence,
            offset_bytes: position.offset_bytes,
            time_us: position.time_us.unwrap_or(0),
            has_time: u8::from(position.time_us.is_some()),
        }
    }

    pub(super) fn to_core(self) -> Position {
        Position {
            epoch: self.epoch,
            sequence: self.sequence,
            offset_bytes: self.offset_bytes,
            time_us: (self.has_time != 0).then_some(self.time_us),
        }
    }
}

/// A distance between two positions, exact in each measure.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_lag {
    /// Chunks in between.
    pub chunks: u64,
    /// Bytes in between.
    pub bytes: u64,
    /// Time in between, microseconds.
    pub time_us: i64,
}

impl sg_lag {
    pub(super) fn of(lag: Lag) -> sg_lag {
        sg_lag { chunks: lag.chunks, bytes: lag.bytes, time_us: lag.time_us }
    }

    fn to_limit(self) -> LagLimit {
        LagLimit {
            chunks: (self.chunks != 0).then_some(self.chunks),
            bytes: (self.bytes != 0).then_some(self.bytes),
            time_us: (self.time_us != 0).then_some(self.time_us),
        }
    }
}

/// How a cursor joins and what it puts up with. All zero is: live, skip, no limits but the ring's.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_cursor_config {
    /// Where it starts: `SG_JOIN_...`.
    pub join: i32,
    /// What happens when it is too slow: `SG_POLICY_...`.
    pub policy: i32,
    /// Bytes or microseconds, for those joins that need them.
    pub join_amount: i64,
    /// Over this it is warned, until it is within half of it again; 0 sets no limit in that measure.
    pub soft: sg_lag,
    /// Over this the policy acts; 0 sets no limit in that measure. Being overtaken by the ring is always
    /// over it.
    pub hard: sg_lag,
    /// At most so many chunks a read; 0 for 64.
    pub max_read_chunks: u64,
    /// At most so many bytes a read, but always one chunk; 0 for 1 MiB.
    pub max_read_bytes: u64,
}

// SAFETY: numbers.
unsafe impl Plain for sg_cursor_config {}

impl sg_cursor_config {
    pub(super) fn to_core(self) -> Result<CursorConfig, Fault> {
        let mut config = CursorConfig {
            join: join(self.join, self.join_amount)?,
            policy: match self.policy {
                SG_POLICY_SKIP => Policy::Skip,
                SG_POLICY_SKIP_TO_RANDOM_ACCESS => Policy::SkipToRandomAccess,
                SG_POLICY_DISCONNECT => Policy::Disconnect,
                other => return Err(Fault::invalid(format!("policy is {other}: expected 0 to 2"))),
            },
            soft: self.soft.to_limit(),
            hard: self.hard.to_limit(),
            ..CursorConfig::default()
        };
        if self.max_read_chunks != 0 {
            config.max_read_chunks = usize::try_from(self.max_read_chunks).unwrap_or(usize::MAX);
        }
        if self.max_read_bytes != 0 {
            config.max_read_bytes = self.max_read_bytes;
        }
        Ok(config)
    }
}

pub(super) fn join(mode: i32, amount: i64) -> Result<Join, Fault> {
    match mode {
        SG_JOIN_LIVE => Ok(Join::Live),
        SG_JOIN_OLDEST => Ok(Join::Oldest),
        SG_JOIN_LAG_BYTES => Ok(Join::LagBytes(amount)),
        SG_JOIN_LAG_TIME => Ok(Join::LagTime(amount)),
        SG_JOIN_RANDOM_ACCESS => Ok(Join::RandomAccess),
        other => Err(Fault::invalid(format!("join is {other}: expected 0 to 4"))),
    }
}

pub(super) fn close_kind(kind: i32) -> Result<CloseKind, Fault> {
    match kind {
        SG_CLOSE_END => Ok(CloseKind::End),
        SG_CLOSE_CANCELLED => Ok(CloseKind::Cancelled),
        SG_CLOSE_FAILED => Ok(CloseKind::Failed),
        other => Err(Fault::invalid(format!("kind is {other}: expected 1 to 3"))),
    }
}

pub(super) fn end_reason(reason: i32) -> Result<EndReason, Fault> {
    EndReason::ALL
        .into_iter()
        .find(|known| *known as i32 == reason)
        .ok_or_else(|| Fault::invalid(format!("reason is {reason}: expected 1 to {}", EndReason::ALL.len())))
}

/// Answer to a read.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_read {
    /// Where the reader wanted to read.
    pub requested: sg_position,
    /// Where it is to read next; also its wait token.
    pub next: sg_position,
    /// The chunks, `chunks` of them, oldest first: valid until the batch is released, freed or used for
    /// the next read. NULL when there are none, and for `sg_cursor_read_into`.
    pub views: *const sg_chunk,
    /// Chunks read.
    pub chunks: u64,
    /// Bytes read.
    pub bytes: u64,
    /// How far `requested` was behind the first chunk that could be read.
    pub behind: sg_lag,
    /// How far `next` is behind the newest chunk.
    pub lag: sg_lag,
    /// Sequence number of the oldest chunk in the ring, or of the next one while it is empty.
    pub oldest: u64,
    /// Sequence number of the newest chunk in the ring, or `SG_NO_SEQUENCE`.
    pub newest: u64,
    /// Chunks in the ring.
    pub buffered_chunks: u64,
    /// Bytes in the ring.
    pub buffered_bytes: u64,
    /// What the jump before this read left out, if `skip_reason` names one.
    pub skipped: sg_lag,
    /// Why the cursor jumped before this read, `SG_SKIP_...`; 0 when it did not.
    pub skip_reason: i32,
    /// Why the ring was closed, `SG_CLOSE_...`; 0 until everything was read.
    pub closed: i32,
    /// The sentence given with it; lives as long as the handle that was read from.
    pub close_message: sg_str,
    /// Whether the cursor is over its soft limit.
    pub warning: bool,
    /// Only from `sg_cursor_poll_read`: there is nothing yet, and the callback will be called.
    pub pending: bool,
}

const NO_TEXT: sg_str = sg_str { data: std::ptr::null(), len: 0 };

impl sg_read {
    pub(super) fn of(read: &Read, views: &[sg_chunk]) -> sg_read {
        let none = Lag::default();
        sg_read {
            requested: sg_position::of(read.requested),
            next: sg_position::of(read.next),
            views: start(views),
            chunks: read.chunks as u64,
            bytes: read.bytes,
            behind: sg_lag::of(read.behind),
            lag: sg_lag::of(read.lag),
            oldest: read.oldest,
            newest: read.newest.unwrap_or(SG_NO_SEQUENCE),
            buffered_chunks: read.buffered_chunks,
            buffered_bytes: read.buffered_bytes,
            skipped: sg_lag::of(read.skipped.map_or(none, |skip| skip.skipped)),
            skip_reason: read.skipped.map_or(0, |skip| skip.reason as i32),
            closed: read.closed.as_ref().map_or(0, |reason| reason.kind as i32),
            // The ring keeps its reason, which is set once, as long as any handle to it lives.
            close_message: read.closed.as_ref().map_or(NO_TEXT, |reason| sg_str::of(&reason.message)),
            warning: read.warning,
            pending: false,
        }
    }

    /// Nothing yet.
    pub(super) fn pending() -> sg_read {
        let none = sg_lag::of(Lag::default());
        let nowhere = sg_position { epoch: 0, sequence: 0, offset_bytes: 0, time_us: 0, has_time: 0 };
        sg_read {
            requested: nowhere,
            next: nowhere,
            views: std::ptr::null(),
            chunks: 0,
            bytes: 0,
            behind: none,
            lag: none,
            oldest: 0,
            newest: SG_NO_SEQUENCE,
            buffered_chunks: 0,
            buffered_bytes: 0,
            skipped: none,
            skip_reason: 0,
            closed: 0,
            close_message: NO_TEXT,
            warning: false,
            pending: true,
        }
    }
}

/// What a cursor did, or what all cursors of a ring did together. For one cursor: where it joined +
/// `delivered` + `skipped` + its lag is where the ring is, exactly.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_account {
    /// Chunks, bytes and time that reads handed out.
    pub delivered: sg_lag,
    /// Chunks, bytes and time that skips left out.
    pub skipped: sg_lag,
    /// Skips by limit or eviction.
    pub skip_events: u64,
    /// How often it went over its soft limit.
    pub warnings: u64,
    /// The largest lag, in each measure, that a read found.
    pub worst_lag: sg_lag,
    /// Reads that were refused because readers held too much.
    pub refused_reads: u64,
    /// Time that the owner says its writes were blocked, microseconds.
    pub blocked_write_us: u64,
    /// Writes that the owner says ran out of time.
    pub write_timeouts: u64,
    /// How many cursors are at an end, by `SG_END_...`; element 0 and those beyond are 0.
    pub ended: [u64; 8],
}

impl sg_account {
    pub(super) fn of(account: &Account) -> sg_account {
        let mut ended = [0; 8];
        ended[1..=account.ended.len()].copy_from_slice(&account.ended);
        sg_account {
            delivered: sg_lag::of(account.delivered),
            skipped: sg_lag::of(account.skipped),
            skip_events: account.skip_events,
            warnings: account.warnings,
            worst_lag: sg_lag::of(account.worst_lag),
            refused_reads: account.refused_reads,
            blocked_write_us: account.blocked_write_us,
            write_timeouts: account.write_timeouts,
            ended,
        }
    }
}

/// A cursor as the ring sees it.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_cursor_state {
    /// Number of the cursor, unique in its ring.
    pub id: u64,
    /// Where it joined.
    pub joined: sg_position,
    /// Where it is.
    pub position: sg_position,
    /// How far behind.
    pub lag: sg_lag,
    /// What it did.
    pub account: sg_account,
    /// Whether its last read found it over its soft limit, and no read since within half of it.
    pub warning: bool,
}

impl sg_cursor_state {
    pub(super) fn of(status: &CursorStatus) -> sg_cursor_state {
        sg_cursor_state {
            id: status.id,
            joined: sg_position::of(status.joined),
            position: sg_position::of(status.position),
            lag: sg_lag::of(status.lag),
            account: sg_account::of(&status.account),
            warning: status.warning,
        }
    }
}

/// One consistent look at a ring.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sg_ring_state {
    /// The position of the oldest chunk.
    pub oldest: sg_position,
    /// The position of the next chunk: its sequence and offset are what was published so far.
    pub next: sg_position,
    /// What is buffered, in chunks, bytes and time.
    pub buffered: sg_lag,
    /// Random-access points that are buffered.
    pub random_access_points: u64,
    /// Sequence number of the latest of them, or `SG_NO_SEQUENCE`.
    pub latest_random_access: u64,
    /// Distinct chunks that readers hold, buffered or evicted.
    pub held_chunks: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Those of them that were evicted.
    pub evicted_held_chunks: u64,
    /// Their bytes, which are not in `buffered`.
    pub evicted_held_bytes: u64,
    /// Capacity of the buffers that wait for reuse, bytes.
    pub pooled_bytes: u64,
    /// Publishes whose time was before the one before them, and was taken to be the same.
    pub times_went_back: u64,
    /// Cursors there are.
    pub cursors: u64,
    /// Cursors there have been, those included that left.
    pub cursors_opened: u64,
    /// Readers that wait for the next chunk.
    pub waiting: u64,
    /// What all cursors did together, those included that left.
    pub account: sg_account,
    /// The sentence given when the ring was closed; lives as long as the ring's handle.
    pub close_message: sg_str,
    /// Why the ring was closed, `SG_CLOSE_...`; 0 while it is open.
    pub closed: i32,
}

impl sg_ring_state {
    pub(super) fn of(snapshot: &Snapshot) -> sg_ring_state {
        sg_ring_state {
            oldest: sg_position::of(snapshot.oldest),
            next: sg_position::of(snapshot.next),
            buffered: sg_lag::of(snapshot.buffered),
            random_access_points: snapshot.random_access_points,
            latest_random_access: snapshot.latest_random_access.unwrap_or(SG_NO_SEQUENCE),
            held_chunks: snapshot.held_chunks,
            held_bytes: snapshot.held_bytes,
            evicted_held_chunks: snapshot.evicted_held_chunks,
            evicted_held_bytes: snapshot.evicted_held_bytes,
            pooled_bytes: snapshot.pooled_bytes,
            times_went_back: snapshot.times_went_back,
            cursors: snapshot.cursors,
            cursors_opened: snapshot.cursors_opened,
            waiting: snapshot.waiting,
            account: sg_account::of(&snapshot.account),
            // The ring keeps its reason, which is set once, as long as any handle to it lives.
            close_message: snapshot.closed.as_ref().map_or(NO_TEXT, |reason| sg_str::of(&reason.message)),
            closed: snapshot.closed.as_ref().map_or(0, |reason| reason.kind as i32),
        }
    }
}
