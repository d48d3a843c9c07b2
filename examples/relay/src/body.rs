//! A response body that is a cursor: chunks go from the ring to the socket without a copy.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::Frame;
use serde_json::json;
use streamgauge::ErrorKind;
use streamgauge::ring::{Batch, Cursor, EndReason};
use tokio::time::Sleep;

use crate::Relay;
use crate::timed::Connection;

/// Until the next try after a read that was refused.
const REFUSED_PAUSE: Duration = Duration::from_millis(10);

pub struct ReaderBody {
    /// Gone once the reader has left.
    cursor: Option<Cursor>,
    batch: Batch,
    queue: VecDeque<Bytes>,
    /// The next chunk is one that decoding starts with.
    starts: bool,
    ended: bool,
    preamble_bytes: u64,
    pause: Option<Pin<Box<Sleep>>>,
    /// When the connection was last given something.
    given: Option<Instant>,
    connection: Connection,
    relay: Arc<Relay>,
    id: u64,
}

impl ReaderBody {
    pub fn new(cursor: Cursor, connection: Connection, relay: Arc<Relay>) -> ReaderBody {
        let id = cursor.status().id;
        relay.accounts().addresses.insert(id, connection.peer);
        ReaderBody {
            cursor: Some(cursor),
            batch: Batch::new(),
            queue: VecDeque::new(),
            starts: true,
            ended: false,
            preamble_bytes: 0,
            pause: None,
            given: None,
            connection,
            relay,
            id,
        }
    }

    fn give(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, streamgauge::Error>>> {
        self.given = Some(Instant::now());
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl http_body::Body for ReaderBody {
    type Data = Bytes;
    type Error = streamgauge::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, streamgauge::Error>>> {
        let this = &mut *self;
        if let Some(bytes) = this.queue.pop_front() {
            return this.give(bytes);
        }
        let Some(cursor) = this.cursor.as_mut().filter(|_| !this.ended) else { return Poll::Ready(None) };
        if let Some(given) = this.given.take() {
            // Since then the connection did not want more.
            cursor.record_blocked_write(given.elapsed().as_micros() as u64, false);
        }
        loop {
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(context));
                this.pause = None;
            }
            let read = match ready!(cursor.poll_read(context, &mut this.batch)) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::CapacityExceeded => {
                    // Others hold too much, and nobody says when that is over.
                    this.pause = Some(Box::pin(tokio::time::sleep(REFUSED_PAUSE)));
                    continue;
                }
                Err(error) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            this.starts |= read.skipped.is_some();
            this.ended = read.closed.is_some();
            for chunk in std::mem::take(&mut this.batch).into_chunks() {
                if std::mem::take(&mut this.starts)
                    && let Some(preamble) = chunk.preamble()
                {
                    this.preamble_bytes += preamble.len() as u64;
                    this.queue.push_back(Bytes::copy_from_slice(preamble));
                }
                this.queue.push_back(Bytes::from_owner(chunk));
            }
            match this.queue.pop_front() {
                Some(bytes) => return this.give(bytes),
                None if this.ended => return Poll::Ready(None),
                None => {}
            }
        }
    }
}

impl Drop for ReaderBody {
    fn drop(&mut self) {
        let Some(mut cursor) = self.cursor.take() else { return };
        let blocked_us = self.given.map_or(0, |given| given.elapsed().as_micros() as u64);
        let timed_out = self.connection.timed_out();
        cursor.record_blocked_write(if timed_out { blocked_us } else { 0 }, timed_out);
        let account = cursor.finish(if timed_out { EndReason::WriteTimeout } else { EndReason::Left });
        let mut accounts = self.relay.accounts();
        accounts.addresses.remove(&self.id);
        accounts.preamble_bytes += self.preamble_bytes;
        drop(accounts);
        let unsent: usize = self.queue.iter().map(Bytes::len).sum();
        println!(
            "{}",
            json!({
                "reader": self.id,
                "peer": self.connection.peer,
                "end": account.end(),
                "preamble_bytes": self.preamble_bytes,
                "unsent_bytes": unsent,
                "account": account,
            })
        );
    }
}
