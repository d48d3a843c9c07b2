//! The ring beside `tokio::sync::broadcast<Bytes>`: `cargo bench -p streamgauge --bench ring`.
//!
//! Arguments: `quick` for fewer repeats; `count N` publishes N chunks of 1316 bytes and nothing else,
//! for instruction counts under callgrind (the difference of two runs, over the difference of N).
//!
//! Both sides copy every chunk in (`Bytes::copy_from_slice`, `publish`), keep 256 chunks, and hand
//! readers references. Repeats of all sides alternate, and the best of each counts. At 64 KiB the
//! allocator and the place of source and destination within a page decide what broadcast costs, so
//! the allocator is named above the table and broadcast is shown in two variants.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark reads the clock"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use streamgauge::ring::{Batch, ChunkRing, CloseKind, CloseReason, CursorConfig, RingConfig};
use tokio::sync::broadcast;

const CAPACITY: usize = 256;
const BURST: usize = 64;

fn ring(size: usize) -> ChunkRing {
    let mut config = RingConfig::new(CAPACITY, (CAPACITY * size) as u64);
    config.payload_hint_bytes = size;
    ChunkRing::new(config).unwrap()
}

/// Nanoseconds per publish and per chunk read, on one thread: 64 published, each reader reads them.
fn sequential_ring(size: usize, readers: usize, rounds: usize) -> [f64; 2] {
    let ring = ring(size);
    let payload = vec![7u8; size];
    let mut cursors: Vec<_> = (0..readers)
        .map(|_| {
            (
                ring.cursor(CursorConfig { max_read_bytes: u64::MAX, ..CursorConfig::default() }).unwrap(),
                Batch::new(),
            )
        })
        .collect();
    let (mut publish, mut read) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        let begin = Instant::now();
        for _ in 0..BURST {
            ring.publish(0, black_box(&payload)).unwrap();
        }
        let middle = Instant::now();
        for (cursor, batch) in &mut cursors {
            let mut left = BURST;
            while left > 0 {
                left -= cursor.read(batch).unwrap().chunks;
                batch.iter().for_each(|chunk| {
                    black_box(chunk.bytes[0]);
                });
            }
            batch.release();
        }
        publish += middle - begin;
        read += middle.elapsed();
    }
    per_chunk(publish, read, readers, rounds)
}

fn sequential_broadcast(size: usize, readers: usize, rounds: usize, how: CopyIn) -> [f64; 2] {
    let (sender, receiver) = broadcast::channel(CAPACITY);
    let payload = vec![7u8; size];
    let mut receivers: Vec<_> = (0..readers).map(|_| sender.subscribe()).collect();
    drop(receiver);
    let (mut publish, mut read) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        let begin = Instant::now();
        for _ in 0..BURST {
            sender.send(copy_in(black_box(&payload), how)).unwrap();
        }
        let middle = Instant::now();
        for receiver in &mut receivers {
            for _ in 0..BURST {
                black_box(receiver.try_recv().unwrap()[0]);
            }
        }
        publish += middle - begin;
        read += middle.elapsed();
    }
    per_chunk(publish, read, readers, rounds)
}

fn per_chunk(publish: Duration, read: Duration, readers: usize, rounds: usize) -> [f64; 2] {
    let published = (rounds * BURST) as f64;
    [publish.as_nanos() as f64 / published, read.as_nanos() as f64 / (published * readers as f64)]
}

/// Nanoseconds per `memcpy` of `size` bytes: into one place, and into as many in turn as the ring
/// keeps buffers. Source and destinations lie so that no destination follows its source closely
/// within a page, where `rep movsb` is many times slower.
fn memcpy(size: usize, copies: usize) -> [f64; 2] {
    let stride = size.next_multiple_of(4096) + 1088;
    [1, CAPACITY].map(|places| {
        let mut memory = vec![1u8; stride * (places + 1)];
        let (from, to) = memory.split_at_mut(stride);
        let begin = Instant::now();
        for at in 0..copies {
            let to = &mut to[at % places * stride..][..size];
            to.copy_from_slice(black_box(&from[..size]));
            black_box(to);
        }
        begin.elapsed().as_nanos() as f64 / copies as f64
    })
}

/// What a user writes, or the same without the slow case of `rep movsb`, as the ring copies.
#[derive(Clone, Copy)]
enum CopyIn {
    Whole,
    Pieces,
}

fn copy_in(bytes: &[u8], how: CopyIn) -> Bytes {
    match how {
        CopyIn::Whole => Bytes::copy_from_slice(bytes),
        CopyIn::Pieces => {
            let mut copy = Vec::with_capacity(bytes.len());
            bytes.chunks(2048).for_each(|piece| copy.extend_from_slice(piece));
            copy.into()
        }
    }
}

/// Keeps a publisher from overtaking its readers, for both sides alike, so that everything is
/// delivered.
struct Progress(Vec<Padded>);

#[repr(align(128))]
struct Padded(AtomicU64);

impl Progress {
    fn new(readers: usize) -> Arc<Progress> {
        Arc::new(Progress((0..readers).map(|_| Padded(AtomicU64::new(0))).collect()))
    }

    fn add(&self, reader: usize, chunks: usize) {
        self.0[reader].0.fetch_add(chunks as u64, Ordering::Relaxed);
    }

    async fn wait(&self, published: u64) {
        let least = |all: &[Padded]| all.iter().map(|one| one.0.load(Ordering::Relaxed)).min().unwrap_or(0);
        while least(&self.0) + (CAPACITY / 2) as u64 <= published {
            tokio::task::yield_now().await;
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// Nanoseconds per published chunk until all readers, each a task, have read everything.
fn concurrent_ring(size: usize, readers: usize, chunks: u64, max_read_chunks: usize) -> f64 {
    let (runtime, ring, progress) = (runtime(), ring(size), Progress::new(readers));
    let config = CursorConfig { max_read_chunks, max_read_bytes: u64::MAX, ..CursorConfig::default() };
    let tasks: Vec<_> = (0..readers)
        .map(|reader| {
            let (mut cursor, progress) = (ring.cursor(config).unwrap(), Arc::clone(&progress));
            runtime.spawn(async move {
                let mut batch = Batch::new();
                loop {
                    let read = cursor.read_async(&mut batch).await.unwrap();
                    assert_eq!(read.behind.chunks, 0);
                    batch.iter().for_each(|chunk| {
                        black_box(chunk.bytes[0]);
                    });
                    batch.release();
                    progress.add(reader, read.chunks);
                    if read.closed.is_some() {
                        return;
                    }
                }
            })
        })
        .collect();
    let payload = vec![7u8; size];
    let begin = Instant::now();
    runtime.block_on(async {
        let publisher = runtime.spawn(async move {
            for published in 0..chunks {
                if published % 32 == 0 {
                    progress.wait(published + 32).await;
                }
                ring.publish(0, black_box(&payload)).unwrap();
            }
            ring.close(CloseReason::new(CloseKind::End, ""));
        });
        publisher.await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
    });
    begin.elapsed().as_nanos() as f64 / chunks as f64
}

fn concurrent_broadcast(size: usize, readers: usize, chunks: u64, how: CopyIn) -> f64 {
    let (runtime, progress) = (runtime(), Progress::new(readers));
    let (sender, receiver) = broadcast::channel::<Bytes>(CAPACITY);
    let tasks: Vec<_> = (0..readers)
        .map(|reader| {
            let (mut receiver, progress) = (sender.subscribe(), Arc::clone(&progress));
            runtime.spawn(async move {
                loop {
                    match receiver.recv().await {
                        Ok(bytes) => {
                            black_box(bytes[0]);
                            drop(bytes);
                            progress.add(reader, 1);
                        }
                        Err(broadcast::error::RecvError::Closed) => return,
                        Err(lagged) => panic!("{lagged}"),
                    }
                }
            })
        })
        .collect();
    drop(receiver);
    let payload = vec![7u8; size];
    let begin = Instant::now();
    runtime.block_on(async {
        let publisher = runtime.spawn(async move {
            for published in 0..chunks {
                if published % 32 == 0 {
                    progress.wait(published + 32).await;
                }
                sender.send(copy_in(black_box(&payload), how)).unwrap();
            }
        });
        publisher.await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
    });
    begin.elapsed().as_nanos() as f64 / chunks as f64
}

/// Microseconds from before a publish until a waiting reader has the chunk: p50 and p99.
fn wake_up(kind: &str, publishes: u64) -> [f64; 2] {
    let (ring, runtime) = (ring(1316), runtime());
    let (sender, mut receiver) = broadcast::channel::<Bytes>(CAPACITY);
    let start = Instant::now();
    let sent = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
    let took = {
        let sent = Arc::clone(&sent);
        move || start.elapsed().as_nanos() as u64 - sent.load(Ordering::Acquire)
    };
    let reader: Box<dyn FnOnce() -> Vec<u64> + Send> = match kind {
        "ring, blocking" => Box::new(move || {
            let mut batch = Batch::new();
            (0..publishes)
                .map(|_| {
                    cursor.read_blocking(&mut batch, None).unwrap();
                    took()
                })
                .collect()
        }),
        "ring, async" => {
            let task = runtime.spawn(async move {
                let mut batch = Batch::new();
                let mut all = Vec::new();
                for _ in 0..publishes {
                    cursor.read_async(&mut batch).await.unwrap();
                    all.push(took());
                }
                all
            });
            let handle = runtime.handle().clone();
            Box::new(move || handle.block_on(task).unwrap())
        }
        _ => {
            let task = runtime.spawn(async move {
                let mut all = Vec::new();
                for _ in 0..publishes {
                    receiver.recv().await.unwrap();
                    all.push(took());
                }
                all
            });
            let handle = runtime.handle().clone();
            Box::new(move || handle.block_on(task).unwrap())
        }
    };
    let publisher = {
        let stop = Arc::clone(&stop);
        let broadcast = kind.starts_with("broadcast");
        std::thread::spawn(move || {
            let payload = [7u8; 1316];
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_micros(300));
                sent.store(start.elapsed().as_nanos() as u64, Ordering::Release);
                if broadcast {
                    let _ = sender.send(Bytes::copy_from_slice(&payload));
                } else {
                    ring.publish(0, &payload).unwrap();
                }
            }
        })
    };
    let mut all = reader();
    stop.store(true, Ordering::Relaxed);
    publisher.join().unwrap();
    all.sort_unstable();
    [all.len() / 2, all.len() * 99 / 100].map(|at| all[at] as f64 / 1000.0)
}

/// The smallest of what each side gives, all run in turns: what the machine does besides only adds.
fn alternate<const N: usize>(
    repeats: usize,
    mut sides: Vec<Box<dyn FnMut() -> [f64; N] + '_>>,
) -> Vec<[f64; N]> {
    let mut least = vec![[f64::INFINITY; N]; sides.len()];
    for _ in 0..repeats {
        for (side, least) in sides.iter_mut().zip(&mut least) {
            let result = side();
            *least = std::array::from_fn(|at| least[at].min(result[at]));
        }
    }
    least
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|text| text != "--bench").collect();
    if let [command, count] = &arguments[..]
        && command == "count"
    {
        let (ring, payload) = (ring(1316), [7u8; 1316]);
        let mut cursor = ring.cursor(CursorConfig::default()).unwrap();
        let mut batch = Batch::new();
        for at in 0..count.parse().expect("a number of chunks") {
            ring.publish(at, black_box(&payload)).unwrap();
            if at % 64 == 63 {
                cursor.read(&mut batch).unwrap();
            }
        }
        return;
    }
    let repeats = if arguments.iter().any(|text| text == "quick") { 3 } else { 7 };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let settings: Vec<String> = std::env::vars()
        .filter(|(name, _)| name.starts_with("MALLOC_"))
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    println!("## Ring, against tokio::sync::broadcast<Bytes>\n");
    let settings = if settings.is_empty() { " default settings".to_owned() } else { settings.concat() };
    println!("Allocator: the system's malloc (glibc on Linux),{settings}; {cores} cores; best of {repeats}.");
    println!("Broadcast copies in with `Bytes::copy_from_slice` / in pieces of 2 KiB, as the ring does.\n");
    println!("One thread, 64 chunks published, then read by each reader; ns.\n");
    println!(
        "| chunk | readers | publish: broadcast | ring | over memcpy | read: broadcast | ring | memcpy, 1 / {CAPACITY} places | GB/s: ring in | memcpy |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for size in [1316, 65536] {
        for readers in [1, 8, 64, 1000] {
            let rounds = (if size > 10_000 { 300 } else { 6_000 } / readers).max(8);
            let copies = rounds * BURST;
            let best = alternate(
                repeats,
                vec![
                    Box::new(|| sequential_broadcast(size, readers, rounds, CopyIn::Whole)),
                    Box::new(|| sequential_broadcast(size, readers, rounds, CopyIn::Pieces)),
                    Box::new(|| sequential_ring(size, readers, rounds)),
                    Box::new(|| memcpy(size, copies)),
                ],
            );
            let [whole, pieces, ring, memcpy] = [best[0], best[1], best[2], best[3]];
            println!(
                "| {size} | {readers} | {:.0} / {:.0} | {:.0} | {:.2}x | {:.1} | {:.1} | {:.0} / {:.0} | {:.1} | {:.1} |",
                whole[0],
                pieces[0],
                ring[0],
                ring[0] / memcpy[1],
                whole[1].min(pieces[1]),
                ring[1],
                memcpy[0],
                memcpy[1],
                size as f64 / ring[0],
                size as f64 / memcpy[1]
            );
        }
    }

    println!(
        "\nConcurrent: publisher and readers are tasks on 2 worker threads, nothing is lost; ns per published chunk.\n"
    );
    println!("| chunk | readers | broadcast | ring | ratio | ring, one chunk a read | ring delivers, GB/s |");
    println!("|---|---|---|---|---|---|---|");
    for size in [1316, 65536] {
        for readers in [1, 8, 64, 1000] {
            let chunks =
                (400_000 / (readers as u64 + 3)).clamp(2_000, 60_000) / if size > 10_000 { 2 } else { 1 };
            let best = alternate(
                repeats,
                vec![
                    Box::new(|| [concurrent_broadcast(size, readers, chunks, CopyIn::Whole)]),
                    Box::new(|| [concurrent_broadcast(size, readers, chunks, CopyIn::Pieces)]),
                    Box::new(|| [concurrent_ring(size, readers, chunks, 64)]),
                    Box::new(|| [concurrent_ring(size, readers, chunks, 1)]),
                ],
            );
            let [[whole], [pieces], [ring], [single]] = [best[0], best[1], best[2], best[3]];
            println!(
                "| {size} | {readers} | {whole:.0} / {pieces:.0} | {ring:.0} | {:.1}x / {:.1}x | {single:.0} | {:.1} |",
                whole / ring,
                pieces / ring,
                (size * readers) as f64 / ring
            );
        }
    }

    println!("\nFrom publish to a sleeping reader having the chunk; us.\n");
    println!("| reader | p50 | p99 |");
    println!("|---|---|---|");
    for kind in ["broadcast, async", "ring, async", "ring, blocking"] {
        let best = alternate(repeats.min(3), vec![Box::new(|| wake_up(kind, 1_000))]);
        println!("| {kind} | {:.1} | {:.1} |", best[0][0], best[0][1]);
    }
}
