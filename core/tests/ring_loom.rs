//! The interleavings of a few operations, with up to 3 preemptions each (without the bound, over 4
//! minutes): `cargo xtask loom`.
#![cfg(loom)]

use loom::future::block_on;
use loom::thread;
use streamgauge::ErrorKind;
use streamgauge::ring::{
    Batch, ChunkRing, CloseKind, CloseReason, Cursor, CursorConfig, Join, Read, RingConfig,
};

fn ring(max_chunks: usize) -> ChunkRing {
    ChunkRing::new(RingConfig::new(max_chunks, 1000)).unwrap()
}

fn end() -> CloseReason {
    CloseReason::new(CloseKind::End, "")
}

async fn next(cursor: &mut Cursor, batch: &mut Batch) -> Read {
    cursor.read_async(batch).await.unwrap()
}

/// Reads to the end; a missed wake-up would be a deadlock, which loom reports.
fn drain(mut cursor: Cursor) -> (u64, u64) {
    block_on(async move {
        let mut batch = Batch::new();
        while next(&mut cursor, &mut batch).await.closed.is_none() {
            assert!(batch.iter().all(|chunk| chunk.bytes == [chunk.sequence as u8 + 1]));
        }
        let account = cursor.status().account;
        (account.delivered.chunks, account.skipped.chunks)
    })
}

#[test]
fn publish_wait_close() {
    loom::model(|| {
        let ring = ring(4);
        let cursor = ring.cursor(CursorConfig::default()).unwrap();
        let reader = thread::spawn(move || drain(cursor));
        ring.publish(0, &[1]).unwrap();
        ring.publish(0, &[2]).unwrap();
        ring.close(end());
        assert_eq!(reader.join().unwrap(), (2, 0));
    });
}

#[test]
fn two_readers_are_both_woken() {
    loom::model(|| {
        let ring = ring(4);
        let readers = [0, 1].map(|_| {
            let cursor = ring.cursor(CursorConfig::default()).unwrap();
            thread::spawn(move || drain(cursor))
        });
        ring.publish(0, &[1]).unwrap();
        ring.close(end());
        for reader in readers {
            assert_eq!(reader.join().unwrap(), (1, 0));
        }
    });
}

#[test]
fn eviction_under_a_held_read() {
    loom::model(|| {
        let ring = ring(1);
        ring.publish(0, &[1]).unwrap();
        let mut cursor = ring.cursor(CursorConfig { join: Join::Oldest, ..CursorConfig::default() }).unwrap();
        let publisher = {
            let ring = ring.clone();
            thread::spawn(move || {
                ring.publish(0, &[2]).unwrap();
                ring.publish(0, &[3]).unwrap();
                ring.close(end());
            })
        };
        let mut batch = Batch::new();
        let read = cursor.read(&mut batch).unwrap();
        for chunk in batch.iter() {
            assert_eq!(chunk.bytes, [chunk.sequence as u8 + 1]);
        }
        assert!(read.chunks == 1 || read.skipped.is_some());
        let chunk = std::mem::take(&mut batch).into_chunks().next();
        publisher.join().unwrap();
        if let Some(chunk) = &chunk {
            assert_eq!(chunk.bytes(), [chunk.sequence() as u8 + 1]);
        }
        drop(chunk);
        let snapshot = ring.snapshot();
        assert_eq!((snapshot.held_bytes, snapshot.evicted_held_bytes), (0, 0));
    });
}

#[test]
fn cancel_races_publish() {
    loom::model(|| {
        let ring = ring(4);
        let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
        let canceller = cursor.canceller();
        let reader = thread::spawn(move || {
            let mut batch = Batch::new();
            let first = block_on(cursor.read_async(&mut batch)).map(|read| read.chunks);
            cursor.canceller();
            match first {
                Ok(chunks) => assert_eq!(chunks, 1),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Cancelled);
                    // What was published is not lost by it.
                    assert_eq!(block_on(cursor.read_async(&mut batch)).unwrap().chunks, 1);
                }
            }
        });
        canceller.cancel();
        ring.publish(0, &[1]).unwrap();
        reader.join().unwrap();
    });
}

#[test]
fn a_cursor_leaves_while_it_is_woken() {
    loom::model(|| {
        let ring = ring(4);
        let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
        let publisher = {
            let ring = ring.clone();
            thread::spawn(move || ring.publish(0, &[1]).unwrap())
        };
        let mut batch = Batch::new();
        let read = cursor.read(&mut batch).unwrap();
        drop((cursor, batch));
        publisher.join().unwrap();
        let snapshot = ring.snapshot();
        assert_eq!((snapshot.cursors, snapshot.held_chunks), (0, 0));
        assert_eq!(snapshot.account.delivered.chunks, read.chunks as u64);
    });
}

#[cfg(feature = "sync")]
#[test]
fn blocking_reads_are_woken() {
    loom::model(|| {
        let ring = ring(4);
        let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
        let reader = thread::spawn(move || {
            let mut batch = Batch::new();
            let mut chunks = 0;
            loop {
                let read = cursor.read_blocking(&mut batch, None).unwrap();
                chunks += read.chunks;
                if read.closed.is_some() {
                    return chunks;
                }
            }
        });
        ring.publish(0, &[1]).unwrap();
        ring.close(end());
        assert_eq!(reader.join().unwrap(), 1);
    });
}
