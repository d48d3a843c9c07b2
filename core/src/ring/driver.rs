//! A pump on a blocking source: one thread reads, another sees to it that nothing waits too long.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::pump::{Pump, Sink};
use super::{CloseKind, CloseReason};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;

/// Bytes asked of the source at a time.
const READ_BYTES: usize = 64 << 10;

/// Reads `source` to its end (or until `stop` is set) through `pump` into `sink`, publishing in
/// time also while the source is silent. Says whether it ended or was stopped; either way what is
/// left is published and the sink closed.
///
/// `stop` is looked at after every read: to stop a source that is silent, close it, or give it a
/// read timeout. `clock` gives the time, in microseconds since the Unix epoch.
///
/// # Errors
/// `Io` when the source fails, after which the sink is closed with that as the reason; those of
/// the sink.
pub fn pump_reader(
    mut source: impl Read,
    pump: &mut Pump,
    sink: &mut (impl Sink + Send),
    clock: impl Fn() -> Micros + Sync,
    stop: &AtomicBool,
) -> Result<CloseKind> {
    let shared = Mutex::new(Shared { pump, sink, failed: None, done: false });
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        scope.spawn(|| flush_in_time(&shared, &changed, &clock));
        // Also when the source panics, the other thread must end.
        let _end = EndOnDrop { shared: &shared, changed: &changed };
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let read = source.read(&mut buffer);
            let now_us = clock();
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(error) = shared.failed.take() {
                return Err(error);
            }
            let Shared { pump, sink, .. } = &mut *shared;
            match read {
                Ok(0) => {
                    pump.finish(now_us, *sink, CloseReason::new(CloseKind::End, ""))?;
                    return Ok(CloseKind::End);
                }
                Ok(count) => {
                    let idle = pump.poll_deadline().is_none();
                    pump.handle_bytes(now_us, &buffer[..count], *sink)?;
                    if idle && pump.poll_deadline().is_some() {
                        changed.notify_one();
                    }
                }
                Err(error) if is_temporary(error.kind()) => {}
                Err(error) => {
                    let message = format!("source: {error}");
                    pump.finish(now_us, *sink, CloseReason::new(CloseKind::Failed, &message))?;
                    return Err(Error::new(ErrorKind::Io, message));
                }
            }
            if stop.load(Ordering::Relaxed) {
                pump.finish(now_us, *sink, CloseReason::new(CloseKind::Cancelled, "stopped"))?;
                return Ok(CloseKind::Cancelled);
            }
        }
    })
}

struct Shared<'a, S> {
    pump: &'a mut Pump,
    sink: &'a mut S,
    failed: Option<Error>,
    done: bool,
}

struct EndOnDrop<'a, 'b, S> {
    shared: &'a Mutex<Shared<'b, S>>,
    changed: &'a Condvar,
}

impl<S> Drop for EndOnDrop<'_, '_, S> {
    fn drop(&mut self) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).done = true;
        self.changed.notify_one();
    }
}

fn is_temporary(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(kind, Interrupted | TimedOut | WouldBlock)
}

fn flush_in_time<S: Sink>(shared: &Mutex<Shared<'_, S>>, changed: &Condvar, clock: &impl Fn() -> Micros) {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    while !shared.done {
        let Shared { pump, sink, .. } = &mut *shared;
        let Some(deadline_us) = pump.poll_deadline() else {
            shared = changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let now_us = clock();
        if now_us < deadline_us {
            let left = Duration::from_micros((deadline_us - now_us).unsigned_abs());
            let woken = changed.wait_timeout(shared, left);
            shared = woken.unwrap_or_else(PoisonError::into_inner).0;
        } else if let Err(error) = pump.handle_tick(now_us, *sink) {
            // The reading thread gives it to the caller; the pump is at its end.
            shared.failed = Some(error);
        }
    }
}
