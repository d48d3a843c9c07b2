//! Waiting: no missed wake-up, nobody woken who is behind, cancellation loses nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use streamgauge::ErrorKind;
use streamgauge::ring::{
    Batch, ChunkInfo, ChunkRing, CloseKind, CloseReason, CursorConfig, Join, RingConfig,
};

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counter {
    fn pair() -> (Arc<Counter>, Waker) {
        let counter = Arc::new(Counter::default());
        (Arc::clone(&counter), Waker::from(counter))
    }

    fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn ring() -> ChunkRing {
    ChunkRing::new(RingConfig::new(16, 1000)).unwrap()
}

fn end() -> CloseReason {
    CloseReason::new(CloseKind::End, "done")
}

#[test]
fn a_waiting_reader_is_woken_once_and_one_that_is_behind_never() {
    let ring = ring();
    let (mut waiting, mut behind) =
        (ring.cursor(CursorConfig::default()).unwrap(), ring.cursor(CursorConfig::default()).unwrap());
    let (mut first, mut second) = (Batch::new(), Batch::new());
    let (counter, waker) = Counter::pair();
    let (idle, idle_waker) = Counter::pair();
    let mut context = Context::from_waker(&waker);

    assert!(waiting.poll_read(&mut context, &mut first).is_pending());
    assert!(waiting.poll_read(&mut context, &mut first).is_pending());
    assert_eq!(ring.snapshot().waiting, 1);
    ring.publish(0, b"a").unwrap();
    assert_eq!(counter.wakes(), 1);
    ring.publish(0, b"b").unwrap();
    assert_eq!(counter.wakes(), 1, "it is behind now");

    assert!(behind.poll_read(&mut Context::from_waker(&idle_waker), &mut second).is_ready());
    ring.publish(0, b"c").unwrap();
    assert_eq!(idle.wakes(), 0);
    let Poll::Ready(Ok(read)) = waiting.poll_read(&mut context, &mut first) else {
        panic!("there are chunks")
    };
    assert_eq!(read.chunks, 3);
}

#[test]
fn close_wakes_everybody_and_readers_drain_first() {
    let ring = ring();
    let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
    let mut batch = Batch::new();
    let (counter, waker) = Counter::pair();
    let mut context = Context::from_waker(&waker);
    assert!(cursor.poll_read(&mut context, &mut batch).is_pending());
    ring.publish(0, b"a").unwrap();
    assert!(ring.close(end()));
    assert!(!ring.close(CloseReason::new(CloseKind::Failed, "too late")));
    assert_eq!(counter.wakes(), 1);
    let late = ring.cursor(CursorConfig { join: Join::Oldest, ..CursorConfig::default() });
    for mut cursor in [cursor, late.unwrap()] {
        let Poll::Ready(Ok(read)) = cursor.poll_read(&mut context, &mut batch) else { panic!("not drained") };
        assert_eq!((read.chunks, read.closed), (1, Some(end())));
        let Poll::Ready(Ok(read)) = cursor.poll_read(&mut context, &mut batch) else { panic!("closed") };
        assert_eq!((read.chunks, read.closed), (0, Some(end())));
    }
    assert_eq!(ring.publish(0, b"b").unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn dropping_the_future_loses_nothing() {
    let ring = ring();
    let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
    let mut batch = Batch::new();
    let (counter, waker) = Counter::pair();
    let mut context = Context::from_waker(&waker);
    {
        let mut future = pin!(cursor.read_async(&mut batch));
        assert!(future.as_mut().poll(&mut context).is_pending());
        assert_eq!(ring.snapshot().waiting, 1);
    }
    assert_eq!(ring.snapshot().waiting, 0);
    ring.publish(0, b"a").unwrap();
    assert_eq!(counter.wakes(), 0);
    {
        let mut future = pin!(cursor.read_async(&mut batch));
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Ready(Ok(read)) if read.chunks == 1));
    }
    let next = cursor.status().position;
    {
        let mut changed = pin!(ring.changed(next));
        assert!(changed.as_mut().poll(&mut context).is_pending());
        ring.publish(0, b"b").unwrap();
        assert_eq!(counter.wakes(), 1);
        assert!(changed.as_mut().poll(&mut context).is_ready());
    }
    drop(ring.changed(next));
    assert_eq!(ring.snapshot().waiting, 0);
}

#[test]
fn a_reader_that_awaits_random_access_sleeps_through_the_rest() {
    let ring = ring();
    let config = CursorConfig { join: Join::RandomAccess, ..CursorConfig::default() };
    let mut cursor = ring.cursor(config).unwrap();
    let mut batch = Batch::new();
    let (counter, waker) = Counter::pair();
    let mut context = Context::from_waker(&waker);
    assert!(cursor.poll_read(&mut context, &mut batch).is_pending());
    ring.publish(0, b"delta").unwrap();
    ring.publish_batch(0, &[b"delta", b"delta"]).unwrap();
    assert_eq!(counter.wakes(), 0);
    let access = ChunkInfo { random_access: true, preamble: Some(b"tables".as_slice().into()) };
    ring.publish_with(0, b"key", access).unwrap();
    assert_eq!(counter.wakes(), 1);
    let Poll::Ready(Ok(read)) = cursor.poll_read(&mut context, &mut batch) else { panic!("there is a key") };
    assert_eq!((read.chunks, read.behind.chunks), (1, 3));
    assert_eq!(batch.get(0).unwrap().preamble, Some(b"tables".as_slice()));
    let account = cursor.status().account;
    assert_eq!((account.skipped.bytes, account.skip_events), (15, 0));
}

#[test]
fn a_waker_that_owns_a_cursor_may_be_dropped_by_the_ring() {
    struct Owner(#[allow(dead_code)] streamgauge::ring::Cursor);
    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }
    let ring = ring();
    let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
    let mut batch = Batch::new();
    for _ in 0..3 {
        let waker = Waker::from(Arc::new(Owner(ring.cursor(CursorConfig::default()).unwrap())));
        assert!(cursor.poll_read(&mut Context::from_waker(&waker), &mut batch).is_pending());
    }
    assert_eq!(ring.snapshot().cursors, 2);
    ring.publish(0, b"a").unwrap();
    assert_eq!(ring.snapshot().cursors, 1);
}

#[test]
fn cancelling_ends_waits_until_a_new_canceller_is_made() {
    let ring = ring();
    let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
    let mut batch = Batch::new();
    let (counter, waker) = Counter::pair();
    let mut context = Context::from_waker(&waker);
    let old = cursor.canceller();
    let canceller = cursor.canceller();
    assert!(cursor.poll_read(&mut context, &mut batch).is_pending());
    old.cancel();
    assert_eq!(counter.wakes(), 0);
    canceller.cancel();
    assert_eq!(counter.wakes(), 1);
    let Poll::Ready(Err(error)) = cursor.poll_read(&mut context, &mut batch) else { panic!("cancelled") };
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    cursor.canceller();
    assert!(cursor.poll_read(&mut context, &mut batch).is_pending());
    drop(cursor);
    canceller.cancel();
    let mut other = ring.cursor(CursorConfig::default()).unwrap();
    canceller.cancel();
    assert!(other.poll_read(&mut context, &mut batch).is_pending(), "an old canceller means nobody else");
}

#[cfg(feature = "sync")]
mod blocking {
    use std::time::Duration;

    use super::*;

    const SHORT: Option<Duration> = Some(Duration::from_millis(5));
    const LONG: Option<Duration> = Some(Duration::from_secs(60));

    #[test]
    fn times_out_and_is_woken() {
        let ring = ring();
        let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
        let mut batch = Batch::new();
        let error = cursor.read_blocking(&mut batch, SHORT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let start = cursor.status().position;
        assert_eq!(ring.wait(start, SHORT).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(ring.snapshot().waiting, 0);
        std::thread::scope(|scope| {
            let token = scope.spawn(|| ring.wait(start, LONG));
            let reader = scope.spawn(|| cursor.read_blocking(&mut batch, None).unwrap().chunks);
            while ring.snapshot().waiting < 2 {
                std::thread::yield_now();
            }
            ring.publish(0, b"a").unwrap();
            assert_eq!(reader.join().unwrap(), 1);
            token.join().unwrap().unwrap();
        });
        let stale = streamgauge::ring::Position { epoch: 1, ..start };
        assert_eq!(ring.wait(stale, None).unwrap_err().kind(), ErrorKind::StaleCursor);
    }

    #[test]
    fn close_and_cancel_end_it() {
        let ring = ring();
        let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
        let mut batch = Batch::new();
        let canceller = cursor.canceller();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| cursor.read_blocking(&mut batch, None).unwrap_err().kind());
            while ring.snapshot().waiting < 1 {
                std::thread::yield_now();
            }
            canceller.cancel();
            assert_eq!(reader.join().unwrap(), ErrorKind::Cancelled);
        });
        cursor.canceller();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| cursor.read_blocking(&mut batch, LONG).unwrap().closed);
            while ring.snapshot().waiting < 1 {
                std::thread::yield_now();
            }
            ring.close(end());
            assert_eq!(reader.join().unwrap(), Some(end()));
        });
    }
}
