//! A reader: its place in the ring, what happens when it is too slow, and its own account.

use std::future::Future;
use std::pin::Pin;
#[cfg(feature = "sync")]
use std::sync::Arc;
use std::task::{Context, Poll};

use super::chunk::Batch;
use super::position::{Join, Lag, LagLimit, Position};
use super::store::Store;
#[cfg(feature = "sync")]
use super::sync::Condvar;
use super::sync::MutexGuard;
use super::wait::{Canceller, Registration, Wakeup, cancelled};
use super::{ChunkRing, Read, State};
use crate::error::{Error, ErrorKind, Result};

/// What happens to a reader that is over its hard limit, or that the ring has overtaken. It happens
/// when the reader reads next: one that is stuck in a write needs a time limit on the write as well.
///
/// After a ring is closed nothing gets further away, so a reader then drains what is left: only
/// being overtaken acts, and a skip goes to the oldest chunk (or random-access point) there is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Policy {
    /// It goes on with the next chunk that is published.
    #[default]
    Skip,
    /// It goes on at the latest random-access point, if that is ahead of it and within its soft
    /// limit (its hard limit when it has no soft one), else at the next one that is published.
    SkipToRandomAccess,
    /// Its reads fail with [`ErrorKind::Lagged`].
    Disconnect,
}

/// How a cursor joins and what it puts up with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CursorConfig {
    /// Where it starts.
    pub join: Join,
    /// What happens when it is too slow.
    pub policy: Policy,
    /// Over this it is warned, until it is within half of it again.
    pub soft: LagLimit,
    /// Over this the policy acts. Being overtaken by the ring is always over it.
    pub hard: LagLimit,
    /// At most so many chunks a read; at least 1.
    pub max_read_chunks: usize,
    /// At most so many bytes a read, but always one chunk.
    pub max_read_bytes: u64,
}

impl Default for CursorConfig {
    /// Live, [`Policy::Skip`], no limits but the ring's, reads of up to 64 chunks and 1 MiB.
    fn default() -> CursorConfig {
        CursorConfig {
            join: Join::Live,
            policy: Policy::Skip,
            soft: LagLimit::default(),
            hard: LagLimit::default(),
            max_read_chunks: 64,
            max_read_bytes: 1 << 20,
        }
    }
}

/// A jump of a cursor over chunks it did not get.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Skip {
    /// Why.
    pub reason: SkipReason,
    /// What was left out.
    pub skipped: Lag,
}

/// Why a cursor jumped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[repr(i32)]
pub enum SkipReason {
    /// The ring had evicted its next chunk.
    Evicted = 1,
    /// It was over its hard limit.
    HardLimit = 2,
    /// It was waiting for a random-access point, which has come.
    AwaitedRandomAccess = 3,
}

/// Why a cursor is at its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[repr(i32)]
pub enum EndReason {
    /// It was dropped, or its owner left without a word.
    Left = 1,
    /// It read everything of a closed ring.
    Drained = 2,
    /// It lagged and its policy is [`Policy::Disconnect`].
    Lagged = 3,
    /// Its owner gave up on a write that took too long.
    WriteTimeout = 4,
    /// Its owner could not write any more.
    WriteFailed = 5,
}

impl EndReason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [EndReason; 5] = [
        EndReason::Left,
        EndReason::Drained,
        EndReason::Lagged,
        EndReason::WriteTimeout,
        EndReason::WriteFailed,
    ];
}

/// What a cursor did, or what all cursors of a ring did together.
///
/// For one cursor: where it joined + `delivered` + `skipped` + its lag is where the ring is, exactly,
/// in chunks, bytes and time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Account {
    /// Chunks, bytes and time that reads handed out.
    pub delivered: Lag,
    /// Chunks, bytes and time that skips left out.
    pub skipped: Lag,
    /// Skips by limit or eviction. Waiting for a random-access point belongs to the skip (or join)
    /// that began it.
    pub skip_events: u64,
    /// How often it went over its soft limit.
    pub warnings: u64,
    /// The largest lag, in each measure, that a read found.
    pub worst_lag: Lag,
    /// Reads that were refused because readers held too much.
    pub refused_reads: u64,
    /// Time that the owner says its writes were blocked, microseconds.
    pub blocked_write_us: u64,
    /// Writes that the owner says ran out of time.
    pub write_timeouts: u64,
    /// How many cursors are at an end, by [`EndReason`] in the order of their numbers; for one
    /// cursor all 0, or one 1.
    pub ended: [u64; EndReason::ALL.len()],
}

impl Account {
    /// Why this one cursor is at its end; absent while it is not.
    pub fn end(&self) -> Option<EndReason> {
        self.ended.iter().position(|count| *count > 0).map(|at| EndReason::ALL[at])
    }

    /// Adds what another cursor did.
    pub fn merge(&mut self, other: &Account) {
        self.delivered += other.delivered;
        self.skipped += other.skipped;
        self.worst_lag = self.worst_lag.max(other.worst_lag);
        let sums = [
            (&mut self.skip_events, other.skip_events),
            (&mut self.warnings, other.warnings),
            (&mut self.refused_reads, other.refused_reads),
            (&mut self.blocked_write_us, other.blocked_write_us),
            (&mut self.write_timeouts, other.write_timeouts),
        ];
        for (sum, more) in sums.into_iter().chain(self.ended.iter_mut().zip(other.ended)) {
            *sum = sum.saturating_add(more);
        }
    }

    fn end_with(&mut self, reason: EndReason) {
        self.ended = [0; EndReason::ALL.len()];
        self.ended[reason as usize - 1] = 1;
    }
}

/// A cursor as the ring sees it, for a status page.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CursorStatus {
    /// Number of the cursor, unique in its ring.
    pub id: u64,
    /// Where it joined.
    pub joined: Position,
    /// Where it is.
    pub position: Position,
    /// How far behind.
    pub lag: Lag,
    /// Whether its last read found it over its soft limit, and no read since within half of it.
    pub warning: bool,
    /// What it did.
    pub account: Account,
}

/// The cursors of a ring, and the folded account of those that left.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    opened: u64,
    left: Account,
}

impl Cursors {
    pub(super) fn active(&self) -> u64 {
        (self.entries.len() - self.free.len()) as u64
    }

    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    /// What all cursors did, those included that left.
    pub(super) fn total(&self) -> Account {
        let mut total = self.left;
        self.entries.iter().flatten().for_each(|entry| total.merge(&entry.account));
        total
    }

    pub(super) fn statuses(&self, store: &Store) -> Vec<CursorStatus> {
        let mut all: Vec<_> = self.entries.iter().flatten().map(|entry| entry.status(store)).collect();
        all.sort_by_key(|status| status.id);
        all
    }

    fn add(&mut self, store: &Store, config: CursorConfig) -> Result<usize> {
        if self.active() >= store.config.max_cursors as u64 {
            return Err(Error::new(
                ErrorKind::CapacityExceeded,
                format!("the ring has its {} cursors", store.config.max_cursors),
            ));
        }
        let joined = store.join(config.join);
        let entry = Entry {
            id: self.opened,
            config,
            joined: joined.position,
            position: joined.position,
            awaits_access: config.join == Join::RandomAccess && !joined.satisfied,
            warning: false,
            account: Account::default(),
        };
        self.opened += 1;
        Ok(match self.free.pop() {
            Some(key) => {
                self.entries[key] = Some(entry);
                key
            }
            None => {
                self.entries.push(Some(entry));
                self.entries.len() - 1
            }
        })
    }

    fn remove(&mut self, key: usize, reason: EndReason) -> Account {
        let mut entry = self.entries[key].take().expect("a cursor leaves once");
        self.free.push(key);
        if entry.account.end().is_none() {
            entry.account.end_with(reason);
        }
        self.left.merge(&entry.account);
        entry.account
    }

    fn entry(&self, key: usize) -> &Entry {
        self.entries[key].as_ref().expect("a cursor has its entry until it leaves")
    }

    fn entry_mut(&mut self, key: usize) -> &mut Entry {
        self.entries[key].as_mut().expect("a cursor has its entry until it leaves")
    }
}

#[derive(Debug)]
struct Entry {
    id: u64,
    config: CursorConfig,
    joined: Position,
    position: Position,
    /// Nothing is delivered before the next random-access point.
    awaits_access: bool,
    warning: bool,
    account: Account,
}

impl Entry {
    fn status(&self, store: &Store) -> CursorStatus {
        CursorStatus {
            id: self.id,
            joined: self.joined,
            position: self.position,
            lag: store.distance(self.position, store.head),
            warning: self.warning,
            account: self.account,
        }
    }

    /// Whether a read would do anything but find nothing.
    fn ready(&self, store: &Store) -> bool {
        let next = self.position.sequence;
        store.closed.is_some()
            || self.account.end().is_some()
            || if self.awaits_access { store.access_from(next).is_some() } else { store.head.sequence > next }
    }

    fn read(&mut self, store: &mut Store, batch: &mut Batch) -> Result<Read> {
        if self.account.end() == Some(EndReason::Lagged) {
            return Err(Error::new(ErrorKind::Lagged, "the reader was disconnected because it lagged"));
        }
        let requested = self.position;
        let skip = if self.awaits_access { None } else { self.keep_up(store)? };
        let skip = self.find_access(store).or(skip);
        let from = self.position;
        let limits = self.config;
        let taken = store.take(from, limits.max_read_chunks, limits.max_read_bytes, batch);
        if taken.is_err() {
            self.account.refused_reads += 1;
        }
        let next = taken?;
        self.account.delivered += store.distance(from, next);
        self.position = next;
        let report = store.report(requested, from, next, batch);
        if report.closed.is_some() && self.account.end().is_none() {
            self.account.end_with(EndReason::Drained);
        }
        Ok(Read { skipped: skip, warning: self.warning, ..report })
    }

    /// Warns, and acts on a reader that is too slow.
    fn keep_up(&mut self, store: &Store) -> Result<Option<Skip>> {
        let lag = store.distance(self.position, store.head);
        self.account.worst_lag = self.account.worst_lag.max(lag);
        if self.config.soft.exceeded_by(&lag) {
            self.account.warnings += u64::from(!self.warning);
            self.warning = true;
        } else if self.warning && !self.config.soft.half().exceeded_by(&lag) {
            self.warning = false;
        }
        let open = store.closed.is_none();
        let reason = if self.position.sequence < store.tail.sequence {
            SkipReason::Evicted
        } else if open && self.config.hard.exceeded_by(&lag) {
            SkipReason::HardLimit
        } else {
            return Ok(None);
        };
        let live = if open { store.head } else { store.tail };
        let target = match self.config.policy {
            Policy::Disconnect => {
                self.account.end_with(EndReason::Lagged);
                return Err(lagged(&lag, reason));
            }
            Policy::Skip => live,
            Policy::SkipToRandomAccess => match self.reachable_access(store) {
                Some(sequence) => store.position_of(sequence),
                None => {
                    self.awaits_access = true;
                    store.head
                }
            },
        };
        self.account.skip_events += 1;
        Ok(Some(self.jump(store, target, reason)))
    }

    /// The random-access point to skip to: one that is ahead, and not so old that the next read
    /// would find the reader too slow again.
    fn reachable_access(&self, store: &Store) -> Option<u64> {
        if store.closed.is_some() {
            return store.access_from(store.tail.sequence);
        }
        let latest = store.latest_access().filter(|latest| *latest > self.position.sequence)?;
        let lag = store.distance(store.position_of(latest), store.head);
        let too_old = self.config.soft.exceeded_by(&lag) || self.config.hard.exceeded_by(&lag);
        (!too_old).then_some(latest)
    }

    /// A reader that awaits a random-access point goes there if it has come, else to the end.
    fn find_access(&mut self, store: &Store) -> Option<Skip> {
        if !self.awaits_access {
            return None;
        }
        let found = store.access_from(self.position.sequence);
        self.awaits_access = found.is_none();
        let target = found.map_or(store.head, |sequence| store.position_of(sequence));
        let skip = self.jump(store, target, SkipReason::AwaitedRandomAccess);
        found.map(|_| skip)
    }

    fn jump(&mut self, store: &Store, target: Position, reason: SkipReason) -> Skip {
        let skipped = store.distance(self.position, target);
        self.account.skipped += skipped;
        self.position = target;
        Skip { reason, skipped }
    }
}

#[cold]
fn lagged(lag: &Lag, reason: SkipReason) -> Error {
    let why = if reason == SkipReason::Evicted { "the ring has overtaken it" } else { "over its hard limit" };
    Error::new(
        ErrorKind::Lagged,
        format!("the reader is {} chunks, {} bytes, {} us behind: {why}", lag.chunks, lag.bytes, lag.time_us),
    )
}

/// A reader of a [`ChunkRing`]. One thread or task at a time uses it; any number of cursors read a
/// ring at once.
#[derive(Debug)]
pub struct Cursor {
    registration: Registration,
    key: usize,
    ended: bool,
    #[cfg(feature = "sync")]
    condvar: Option<Arc<Condvar>>,
}

impl ChunkRing {
    /// A new reader. Also of a closed ring, which it then drains.
    ///
    /// # Errors
    /// `InvalidArgument` when a read could take no chunk; `CapacityExceeded` when the ring has its
    /// `max_cursors`.
    pub fn cursor(&self, config: CursorConfig) -> Result<Cursor> {
        if config.max_read_chunks == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "max_read_chunks is 0; at least 1 is needed"));
        }
        let registration = Registration::new(&self.shared);
        let state = &mut *self.shared.lock();
        let key = state.cursors.add(&state.store, config)?;
        Ok(Cursor {
            registration,
            key,
            ended: false,
            #[cfg(feature = "sync")]
            condvar: None,
        })
    }
}

impl Cursor {
    /// Reads what is there, without waiting: the chunks the batch held are released, new ones taken
    /// up to the cursor's read limits. No chunks and no `closed` in the answer: nothing new yet.
    ///
    /// # Errors
    /// `Lagged` when the cursor is too slow and its policy is to disconnect, also ever after;
    /// `CapacityExceeded` when readers hold too much (the cursor stays where it is).
    pub fn read(&mut self, batch: &mut Batch) -> Result<Read> {
        let mut state = self.begin(batch);
        state.read_cursor(self.key, batch)
    }

    /// As [`Cursor::read`], but when there is nothing yet, arranges for the task of `context` to be
    /// woken once there is. What the batch held is released either way.
    ///
    /// # Errors
    /// As [`Cursor::read`], and `Cancelled` after its [`Canceller`] was used.
    pub fn poll_read(&mut self, context: &mut Context<'_>, batch: &mut Batch) -> Poll<Result<Read>> {
        let mut state = self.begin(batch);
        if state.waiters.cancelled(self.registration.key) {
            return Poll::Ready(Err(cancelled()));
        }
        if state.ready(self.key) {
            return Poll::Ready(state.read_cursor(self.key, batch));
        }
        let old = state.arm(self.key, self.registration.key, Wakeup::Task(context.waker().clone()));
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// As [`Cursor::poll_read`], as a future. Dropping it loses nothing: chunks are taken only when
    /// it is ready.
    pub fn read_async<'a>(&'a mut self, batch: &'a mut Batch) -> ReadFuture<'a> {
        ReadFuture { cursor: self, batch, armed: false }
    }

    /// As [`Cursor::read`], but when there is nothing yet, blocks the thread until there is, for at
    /// most `timeout` when one is given.
    ///
    /// # Errors
    /// As [`Cursor::read`], `TimedOut`, and `Cancelled` after its [`Canceller`] was used.
    #[cfg(feature = "sync")]
    pub fn read_blocking(&mut self, batch: &mut Batch, timeout: Option<std::time::Duration>) -> Result<Read> {
        let condvar = Arc::clone(self.condvar.get_or_insert_with(|| Arc::new(Condvar::new())));
        // Declared before the lock, so that it is dropped after it.
        let _old;
        let (key, waiter) = (self.key, self.registration.key);
        let mut state = self.begin(batch);
        let awake = |state: &mut State| state.waiters.cancelled(waiter) || state.ready(key);
        if !awake(&mut state) {
            _old = state.arm(key, waiter, Wakeup::Thread(Arc::clone(&condvar)));
            state = super::wait::block(&condvar, state, timeout, awake);
            let _ = state.waiters.disarm(waiter);
        }
        if state.waiters.cancelled(waiter) {
            return Err(cancelled());
        }
        if !state.ready(key) {
            return Err(super::wait::timed_out());
        }
        state.read_cursor(key, batch)
    }

    /// A handle that ends this cursor's waits from any thread. The one given out before is void,
    /// and what it cancelled is forgotten.
    pub fn canceller(&mut self) -> Canceller {
        self.registration.canceller()
    }

    /// Where the cursor is, how far behind, and what it did.
    pub fn status(&self) -> CursorStatus {
        let state = self.registration.ring.lock();
        state.cursors.entry(self.key).status(&state.store)
    }

    /// Puts a write that was blocked for `blocked_us` into the account, and whether it ran out of
    /// time.
    pub fn record_blocked_write(&mut self, blocked_us: u64, timed_out: bool) {
        let mut state = self.registration.ring.lock();
        let account = &mut state.cursors.entry_mut(self.key).account;
        account.blocked_write_us = account.blocked_write_us.saturating_add(blocked_us);
        account.write_timeouts += u64::from(timed_out);
    }

    /// Leaves the ring and gives the final account. `reason` counts unless the cursor had come to
    /// its end already (drained or lagged).
    pub fn finish(mut self, reason: EndReason) -> Account {
        self.ended = true;
        self.registration.ring.lock().cursors.remove(self.key, reason)
    }

    /// Locks the ring and releases what `batch` held.
    fn begin(&self, batch: &mut Batch) -> MutexGuard<'_, State> {
        batch.attach(&self.registration.ring);
        let mut state = self.registration.ring.lock();
        let (first, count) = batch.take_range();
        state.store.unpin(first, count);
        state
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if !self.ended {
            self.registration.ring.lock().cursors.remove(self.key, EndReason::Left);
        }
    }
}

impl State {
    fn ready(&self, key: usize) -> bool {
        self.cursors.entry(key).ready(&self.store)
    }

    fn read_cursor(&mut self, key: usize, batch: &mut Batch) -> Result<Read> {
        self.cursors.entry_mut(key).read(&mut self.store, batch)
    }

    #[must_use]
    fn arm(&mut self, key: usize, waiter: usize, wakeup: Wakeup) -> Option<Wakeup> {
        self.waiters.arm(waiter, wakeup, self.cursors.entry(key).awaits_access)
    }
}

/// Future of [`Cursor::read_async`].
#[derive(Debug)]
pub struct ReadFuture<'a> {
    cursor: &'a mut Cursor,
    batch: &'a mut Batch,
    armed: bool,
}

impl Future for ReadFuture<'_> {
    type Output = Result<Read>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Read>> {
        let this = self.get_mut();
        let poll = this.cursor.poll_read(context, this.batch);
        this.armed = poll.is_pending();
        poll
    }
}

impl Drop for ReadFuture<'_> {
    fn drop(&mut self) {
        if self.armed {
            let registration = &self.cursor.registration;
            let old = registration.ring.lock().waiters.disarm(registration.key);
            drop(old);
        }
    }
}
