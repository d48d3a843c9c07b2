//! A thread that reports at a cadence.

use super::{Report, Telemetry};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Micros;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Takes a report at every interval and hands it to a callback; a report that the callback refuses is
/// restored and comes again with the next one. Stopping makes a final report.
#[derive(Debug)]
pub struct Reporter {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Starts the thread. `now` tells the time; `deliver` answers whether the report arrived. No lock
    /// is held while it runs.
    ///
    /// # Errors
    /// `InvalidArgument` when the interval is not above 0, `Unsupported` when no thread can be had.
    pub fn start(
        telemetry: Telemetry,
        interval_us: Micros,
        now: impl Fn() -> Micros + Send + 'static,
        mut deliver: impl FnMut(&Report) -> bool + Send + 'static,
    ) -> Result<Reporter> {
        let interval = u64::try_from(interval_us)
            .ok()
            .filter(|us| *us > 0)
            .map(Duration::from_micros)
            .ok_or_else(|| {
                Error::new(ErrorKind::InvalidArgument, format!("interval_us is {interval_us}, at least 1"))
            })?;
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let signal = stop.clone();
        let thread = std::thread::Builder::new()
            .name("streamgauge-report".into())
            .spawn(move || {
                loop {
                    let stopped = signal.0.lock().unwrap_or_else(PoisonError::into_inner);
                    let (stopped, _) = signal
                        .1
                        .wait_timeout_while(stopped, interval, |stopped| !*stopped)
                        .unwrap_or_else(PoisonError::into_inner);
                    let last = *stopped;
                    drop(stopped);
                    // Somebody else's report may be in flight; then this interval joins the next.
                    if let Ok(report) = telemetry.take(now()) {
                        if report.stats.is_empty() || deliver(&report) {
                            telemetry.ack(report.time_us);
                        } else {
                            telemetry.restore();
                        }
                    }
                    if last {
                        return;
                    }
                }
            })
            .map_err(|error| Error::new(ErrorKind::Unsupported, format!("no thread: {error}")))?;
        Ok(Reporter { stop, thread: Some(thread) })
    }

    /// Makes a final report and waits for its delivery.
    pub fn stop(mut self) {
        self.join();
    }

    fn join(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A callback that panicked took its thread with it; there is nothing left to report.
            let _ = thread.join();
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.join();
    }
}
