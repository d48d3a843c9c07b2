//! Who waits for the next chunk, and how they are told: once each, and outside the lock.
//!
//! A reader arms its waiter under the same lock under which it saw that there is nothing to read,
//! so no chunk can slip in between; firing takes it out again, so no reader that is behind (and
//! therefore not armed) is ever woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::position::Position;
#[cfg(feature = "sync")]
use super::sync::Condvar;
use super::{ChunkRing, Shared};
use crate::error::{Error, ErrorKind, Result};

/// How to wake one reader.
#[derive(Debug)]
pub(super) enum Wakeup {
    Task(Waker),
    #[cfg(feature = "sync")]
    Thread(Arc<Condvar>),
}

impl Wakeup {
    fn wake(self) {
        match self {
            Wakeup::Task(waker) => waker.wake(),
            #[cfg(feature = "sync")]
            Wakeup::Thread(condvar) => condvar.notify_all(),
        }
    }
}

/// Everybody who may wait on a ring.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    entries: Vec<Waiter>,
    free: Vec<usize>,
    /// Keys of armed entries; may name disarmed ones, each at most once.
    armed: Vec<usize>,
    last_token: u64,
}

#[derive(Debug, Default)]
struct Waiter {
    wakeup: Option<Wakeup>,
    random_access_only: bool,
    listed: bool,
    /// The canceller whose word counts; 0 for none.
    token: u64,
    cancelled: bool,
}

impl Waiters {
    pub(super) fn add(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.entries.push(Waiter::default());
            self.entries.len() - 1
        })
    }

    /// What is returned here and below is to be dropped outside the lock: a waker may own a task
    /// that owns a cursor of this ring.
    #[must_use]
    pub(super) fn remove(&mut self, key: usize) -> Option<Wakeup> {
        let waiter = std::mem::take(&mut self.entries[key]);
        self.entries[key].listed = waiter.listed;
        self.free.push(key);
        waiter.wakeup
    }

    /// Asks for `wakeup` at the next chunk (or random-access point), at close, or when cancelled.
    #[must_use]
    pub(super) fn arm(&mut self, key: usize, wakeup: Wakeup, random_access_only: bool) -> Option<Wakeup> {
        let waiter = &mut self.entries[key];
        waiter.random_access_only = random_access_only;
        if !waiter.listed {
            waiter.listed = true;
            self.armed.push(key);
        }
        waiter.wakeup.replace(wakeup)
    }

    #[must_use]
    pub(super) fn disarm(&mut self, key: usize) -> Option<Wakeup> {
        self.entries[key].wakeup.take()
    }

    /// Whether anybody may have to be woken.
    pub(super) fn any_armed(&self) -> bool {
        !self.armed.is_empty()
    }

    /// Moves to `wake` everybody whom a new chunk concerns.
    pub(super) fn fire(&mut self, random_access: bool, wake: &mut WakeList) {
        let entries = &mut self.entries;
        self.armed.retain(|key| {
            let waiter = &mut entries[*key];
            if waiter.random_access_only && !random_access && waiter.wakeup.is_some() {
                return true;
            }
            waiter.listed = false;
            wake.extend(waiter.wakeup.take());
            false
        });
    }

    /// Moves everybody to `wake`.
    pub(super) fn fire_all(&mut self, wake: &mut WakeList) {
        self.fire(true, wake);
    }

    pub(super) fn waiting(&self) -> u64 {
        self.armed.iter().filter(|key| self.entries[**key].wakeup.is_some()).count() as u64
    }

    /// A token for a new canceller of this waiter; the one before it is void.
    fn new_token(&mut self, key: usize) -> u64 {
        self.last_token += 1;
        self.entries[key].token = self.last_token;
        self.entries[key].cancelled = false;
        self.last_token
    }

    fn cancel(&mut self, key: usize, token: u64, wake: &mut WakeList) {
        let waiter = &mut self.entries[key];
        if waiter.token == token {
            waiter.cancelled = true;
            wake.extend(waiter.wakeup.take());
        }
    }

    pub(super) fn cancelled(&self, key: usize) -> bool {
        self.entries[key].cancelled
    }
}

/// Those who are to be woken, once the lock is released.
#[derive(Debug, Default)]
pub(super) struct WakeList {
    one: Option<Wakeup>,
    more: Vec<Wakeup>,
}

impl WakeList {
    fn extend(&mut self, wakeup: Option<Wakeup>) {
        if self.one.is_none() {
            self.one = wakeup;
        } else {
            self.more.extend(wakeup);
        }
    }

    pub(super) fn wake(self) {
        if let Some(one) = self.one {
            one.wake();
            self.more.into_iter().for_each(Wakeup::wake);
        }
    }
}

/// A place among a ring's waiters, given back when dropped.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) ring: Arc<Shared>,
    pub(super) key: usize,
}

impl Registration {
    pub(super) fn new(ring: &Arc<Shared>) -> Registration {
        let key = ring.lock().waiters.add();
        Registration { ring: Arc::clone(ring), key }
    }

    pub(super) fn canceller(&self) -> Canceller {
        let token = self.ring.lock().waiters.new_token(self.key);
        Canceller { ring: Arc::clone(&self.ring), key: self.key, token }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let wakeup = self.ring.lock().waiters.remove(self.key);
        drop(wakeup);
    }
}

/// Ends the waits of one cursor from any thread: they fail with [`ErrorKind::Cancelled`], now and
/// until the cursor gives out a new canceller.
#[derive(Clone, Debug)]
pub struct Canceller {
    ring: Arc<Shared>,
    key: usize,
    token: u64,
}

impl Canceller {
    /// Cancels. Does nothing when the cursor is gone or has given out a newer canceller.
    pub fn cancel(&self) {
        let mut wake = WakeList::default();
        self.ring.lock().waiters.cancel(self.key, self.token, &mut wake);
        wake.wake();
    }
}

pub(super) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the wait was cancelled")
}

#[cfg(feature = "sync")]
pub(super) fn timed_out() -> Error {
    Error::new(ErrorKind::TimedOut, "nothing was published within the time limit")
}

impl ChunkRing {
    /// Waits, without blocking the thread, until there is something at `position` (a wait token is
    /// the position [`Read::next`](super::Read::next) names) or the ring is closed. Dropping the
    /// future cancels the wait.
    pub fn changed(&self, position: Position) -> Changed {
        Changed { registration: Registration::new(&self.shared), position }
    }

    /// Blocks the thread until there is something at `position` or the ring is closed, for at most
    /// `timeout` when one is given.
    ///
    /// # Errors
    /// `TimedOut`; `StaleCursor` for a position of another ring.
    #[cfg(feature = "sync")]
    pub fn wait(&self, position: Position, timeout: Option<std::time::Duration>) -> Result<()> {
        let registration = Registration::new(&self.shared);
        let condvar = Arc::new(Condvar::new());
        let mut state = self.shared.lock();
        state.store.check(position)?;
        let ready = |state: &mut super::State| state.store.has_after(position);
        if !ready(&mut state) {
            let _ = state.waiters.arm(registration.key, Wakeup::Thread(Arc::clone(&condvar)), false);
            state = block(&condvar, state, timeout, ready);
        }
        let done = ready(&mut state);
        drop(state);
        if done { Ok(()) } else { Err(timed_out()) }
    }
}

/// Future of [`ChunkRing::changed`].
#[derive(Debug)]
pub struct Changed {
    registration: Registration,
    position: Position,
}

impl Future for Changed {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.registration.ring.lock();
        state.store.check(self.position)?;
        if state.store.has_after(self.position) {
            return Poll::Ready(Ok(()));
        }
        let waker = Wakeup::Task(context.waker().clone());
        let old = state.waiters.arm(self.registration.key, waker, false);
        drop(state);
        drop(old);
        Poll::Pending
    }
}

/// Sleeps on `condvar` until `ready` or until `timeout` ran out; the caller looks which.
#[cfg(feature = "sync")]
pub(super) fn block<'a>(
    condvar: &Condvar,
    mut state: super::sync::MutexGuard<'a, super::State>,
    timeout: Option<std::time::Duration>,
    mut ready: impl FnMut(&mut super::State) -> bool,
) -> super::sync::MutexGuard<'a, super::State> {
    #[cfg(not(loom))]
    if let Some(timeout) = timeout {
        return condvar
            .wait_timeout_while(state, timeout, |state| !ready(state))
            .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
    }
    // Loom knows no time: there a time limit never runs out.
    #[cfg(loom)]
    let _ = timeout;
    while !ready(&mut state) {
        state = condvar.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
    }
    state
}
