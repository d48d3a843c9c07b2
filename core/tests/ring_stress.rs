//! Real threads: many readers of every kind against two publishers, each checking every byte it
//! gets and, at the end, that its account adds up. `STREAMGAUGE_STRESS_SECONDS` sets how long
//! (default 1); under ThreadSanitizer 10 is a good length.
#![cfg(all(feature = "sync", not(loom), not(miri)))]

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use streamgauge::ErrorKind;
use streamgauge::ring::{
    Batch, ChunkInfo, ChunkRef, ChunkRing, CloseKind, CloseReason, CursorConfig, EndReason, Join, LagLimit,
    Policy, RingConfig,
};

/// Every chunk names its length and is filled with a byte that follows from it, so that a reader
/// sees when it was given anything else than what was published.
fn fill(buffer: &mut Vec<u8>, seed: u64) {
    let len = 8 + (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53) as usize;
    buffer.clear();
    buffer.resize(len, seed as u8);
    buffer[..8].copy_from_slice(&seed.to_le_bytes());
}

fn check(chunk: &ChunkRef<'_>) {
    let seed = u64::from_le_bytes(chunk.bytes[..8].try_into().unwrap());
    assert_eq!(chunk.bytes.len(), 8 + (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53) as usize);
    assert!(chunk.bytes[8..].iter().all(|byte| *byte == seed as u8), "chunk {}", chunk.sequence);
}

fn read_all(ring: &ChunkRing, index: usize) {
    let policy = [Policy::Skip, Policy::SkipToRandomAccess, Policy::Disconnect][index % 3];
    let config = CursorConfig {
        join: [Join::Live, Join::Oldest, Join::LagBytes(10_000), Join::RandomAccess][index % 4],
        policy,
        soft: LagLimit { chunks: Some(64), ..LagLimit::default() },
        hard: LagLimit { bytes: (index.is_multiple_of(5)).then_some(100_000), ..LagLimit::default() },
        max_read_chunks: 1 + index % 7,
        ..CursorConfig::default()
    };
    let mut kept = std::collections::VecDeque::new();
    loop {
        let mut cursor = ring.cursor(config).unwrap();
        let mut batch = Batch::new();
        let (mut chunks, mut bytes, mut last) = (0, 0, None);
        let end = loop {
            match cursor.read_blocking(&mut batch, Some(Duration::from_secs(30))) {
                Ok(read) => {
                    for chunk in batch.iter() {
                        assert!(last < Some(chunk.sequence), "in order, each once");
                        last = Some(chunk.sequence);
                        check(&chunk);
                    }
                    chunks += read.chunks as u64;
                    bytes += read.bytes;
                    if index % 8 == 7 {
                        kept.extend(
                            std::mem::take(&mut batch).into_chunks().flat_map(|chunk| [chunk.clone(), chunk]),
                        );
                        while kept.len() > 20 {
                            kept.pop_front();
                        }
                    }
                    if read.closed.is_some() {
                        break EndReason::Drained;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Lagged => break EndReason::Lagged,
                Err(error) if error.kind() == ErrorKind::CapacityExceeded => {
                    kept.clear();
                    std::thread::yield_now();
                }
                Err(error) => panic!("{error}"),
            }
            if index % 16 == 3 {
                std::thread::sleep(Duration::from_micros(200));
            }
        };
        let status = cursor.status();
        let account = cursor.finish(EndReason::Left);
        assert_eq!(account.end(), Some(end));
        assert_eq!((account.delivered.chunks, account.delivered.bytes), (chunks, bytes));
        let through = account.delivered.bytes + account.skipped.bytes;
        assert_eq!(status.joined.offset_bytes + through, status.position.offset_bytes);
        if end == EndReason::Drained {
            return;
        }
    }
}

#[test]
fn sixty_four_threads() {
    let seconds = std::env::var("STREAMGAUGE_STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    let ring = ChunkRing::new(RingConfig {
        max_age_us: Some(50_000),
        payload_hint_bytes: 1316,
        ..RingConfig::new(256, 200_000)
    })
    .unwrap();
    let stop = AtomicBool::new(false);
    let clock = AtomicI64::new(0);
    let published = std::thread::scope(|scope| {
        for index in 0..62 {
            let ring = &ring;
            scope.spawn(move || read_all(ring, index));
        }
        let publishers = [0u64, 1].map(|which| {
            let (ring, stop, clock) = (&ring, &stop, &clock);
            scope.spawn(move || {
                let (mut buffer, mut bytes, mut seed) = (Vec::new(), 0, which);
                while !stop.load(Ordering::Relaxed) {
                    fill(&mut buffer, seed);
                    bytes += buffer.len() as u64;
                    let now_us = clock.fetch_add(20, Ordering::Relaxed);
                    let info = ChunkInfo { random_access: seed % 50 < 2, preamble: None };
                    if seed.is_multiple_of(3) {
                        ring.publish_owned(now_us, buffer.clone(), info).unwrap();
                    } else {
                        ring.publish_with(now_us, &buffer, info).unwrap();
                    }
                    seed += 2;
                    if seed % 64 < 2 {
                        std::thread::yield_now();
                    }
                }
                bytes
            })
        });
        std::thread::sleep(Duration::from_secs(seconds.unwrap_or(1)));
        stop.store(true, Ordering::Relaxed);
        let published: u64 = publishers.into_iter().map(|publisher| publisher.join().unwrap()).sum();
        ring.close(CloseReason::new(CloseKind::End, ""));
        published
    });
    let snapshot = ring.snapshot();
    assert_eq!(snapshot.next.offset_bytes, published);
    assert_eq!((snapshot.cursors, snapshot.held_chunks, snapshot.waiting), (0, 0, 0));
    assert_eq!(snapshot.account.ended[EndReason::Drained as usize - 1], 62);
    assert_eq!(snapshot.account.ended.iter().sum::<u64>(), snapshot.cursors_opened);
}

#[test]
fn readers_that_never_release_bound_memory_and_do_not_stop_the_publisher() {
    let config = RingConfig { max_held_bytes: 50_000, ..RingConfig::new(64, 100_000) };
    let ring = ChunkRing::new(config).unwrap();
    let mut held = Vec::new();
    let mut refused = 0u64;
    let mut cursors: Vec<_> = (0..8).map(|_| ring.cursor(CursorConfig::default()).unwrap()).collect();
    for at in 0..2_000 {
        ring.publish(at, &[at as u8; 1316]).unwrap();
        for cursor in &mut cursors {
            let mut batch = Batch::new();
            match cursor.read(&mut batch) {
                Ok(_) => held.push(batch),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::CapacityExceeded);
                    refused += 1;
                }
            }
        }
        let snapshot = ring.snapshot();
        assert!(snapshot.held_bytes < 50_000 + 1316);
        assert!(snapshot.buffered.bytes + snapshot.evicted_held_bytes < 150_000 + 1316);
    }
    let snapshot = ring.snapshot();
    assert_eq!(snapshot.next.sequence, 2_000);
    assert_eq!(snapshot.account.refused_reads, refused);
    assert!(refused > 0);
    for batch in &held {
        assert!(batch.iter().all(|chunk| chunk.bytes == [chunk.time_us as u8; 1316]));
    }
    drop(held);
    assert_eq!(ring.snapshot().held_bytes, 0);
    assert!(cursors[0].read(&mut Batch::new()).is_ok());
}
