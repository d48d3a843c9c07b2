//! Every operation of the ring against a plain model that keeps all chunks ever published in a
//! `Vec` and works everything out by looking at all of them.

use proptest::prelude::*;
use streamgauge::ErrorKind;
use streamgauge::ring::{
    Account, Batch, Chunk, ChunkInfo, ChunkRing, CloseKind, CloseReason, Cursor, CursorConfig, EndReason,
    Join, Lag, LagLimit, Policy, Position, Read, RingConfig, SkipReason,
};

#[derive(Clone, Debug)]
enum Op {
    Publish { step_us: i64, len: usize, access: bool, owned: bool },
    PublishBatch { step_us: i64, lens: Vec<usize> },
    Expire { ahead_us: i64 },
    Close,
    Open { config: CursorConfig },
    Read { cursor: usize, batch: usize },
    ReadAt { sequence: u64, max_chunks: usize, max_bytes: u64, batch: usize },
    Release { batch: usize },
    Split { batch: usize, keep: usize },
    CloneChunk { chunk: usize },
    DropChunk { chunk: usize },
    Finish { cursor: usize, timed_out: bool },
    Join { join: Join },
}

const BATCHES: usize = 3;

struct Held {
    first: u64,
    count: usize,
}

struct ModelChunk {
    bytes: Vec<u8>,
    time_us: i64,
    access: bool,
}

struct ModelCursor {
    config: CursorConfig,
    joined: u64,
    next: u64,
    awaiting: bool,
    warning: bool,
    ended: Option<EndReason>,
    delivered: Lag,
    skipped: Lag,
    worst: Lag,
    skip_events: u64,
    warnings: u64,
    refused: u64,
}

struct Model {
    config: RingConfig,
    all: Vec<ModelChunk>,
    oldest: u64,
    closed: bool,
    held: Vec<Held>,
    went_back: u64,
}

impl Model {
    fn head(&self) -> u64 {
        self.all.len() as u64
    }

    fn offset(&self, sequence: u64) -> u64 {
        self.all[..sequence as usize].iter().map(|chunk| chunk.bytes.len() as u64).sum()
    }

    fn time(&self, sequence: u64) -> i64 {
        self.all.get(sequence.saturating_sub(1) as usize).map_or(0, |chunk| chunk.time_us)
    }

    fn position(&self, sequence: u64) -> Position {
        Position {
            epoch: self.config.epoch,
            sequence,
            offset_bytes: self.offset(sequence),
            time_us: (sequence > 0).then(|| self.time(sequence)),
        }
    }

    fn lag(&self, from: u64, to: u64) -> Lag {
        Lag {
            chunks: to - from,
            bytes: self.offset(to) - self.offset(from),
            time_us: self.time(to) - self.time(from),
        }
    }

    fn publish(&mut self, now_us: i64, bytes: Vec<u8>, access: bool) {
        let last_us = self.all.last().map_or(i64::MIN, |chunk| chunk.time_us);
        self.went_back += u64::from(now_us < last_us);
        let time_us = now_us.max(last_us);
        self.all.push(ModelChunk { bytes, time_us, access });
        let head = self.head();
        let too_old = |chunk: &ModelChunk| {
            self.config.max_age_us.is_some_and(|max_age_us| time_us - chunk.time_us > max_age_us)
        };
        while self.oldest < head - 1
            && (head - self.oldest > self.config.max_chunks as u64
                || self.offset(head) - self.offset(self.oldest) > self.config.max_bytes
                || too_old(&self.all[self.oldest as usize]))
        {
            self.oldest += 1;
        }
    }

    fn is_held(&self, sequence: u64) -> bool {
        self.held.iter().any(|held| held.first <= sequence && sequence < held.first + held.count as u64)
    }

    fn held_bytes(&self) -> u64 {
        (0..self.head()).filter(|s| self.is_held(*s)).map(|s| self.all[s as usize].bytes.len() as u64).sum()
    }

    fn accesses(&self) -> impl DoubleEndedIterator<Item = u64> {
        (self.oldest..self.head()).filter(|s| self.all[*s as usize].access)
    }

    fn join(&self, join: Join) -> (u64, bool) {
        let newest_where = |enough: &dyn Fn(u64) -> bool| {
            let found = (self.oldest..self.head()).rev().find(|s| enough(*s));
            (found.unwrap_or(self.oldest), found.is_some())
        };
        match join {
            Join::Live => (self.head(), true),
            Join::Oldest => (self.oldest, true),
            Join::LagBytes(amount) | Join::LagTime(amount) if amount <= 0 => (self.head(), true),
            Join::LagBytes(bytes) => newest_where(&|s| self.lag(s, self.head()).bytes >= bytes as u64),
            Join::LagTime(time_us) => {
                newest_where(&|s| self.time(self.head()) - self.all[s as usize].time_us >= time_us)
            }
            Join::RandomAccess => {
                let latest = self.accesses().next_back();
                (latest.unwrap_or(self.head()), latest.is_some())
            }
        }
    }

    /// Takes chunks into a batch; `None` when the read is refused.
    fn take(&mut self, from: u64, max_chunks: usize, max_bytes: u64, batch: usize) -> Option<u64> {
        self.held[batch] = Held { first: from, count: 0 };
        for sequence in from..self.head() {
            let taken = self.held[batch].count;
            let bytes = self.offset(sequence + 1) - self.offset(from);
            if taken >= max_chunks || (taken > 0 && bytes > max_bytes) {
                break;
            }
            if !self.is_held(sequence) && self.held_bytes() >= self.config.max_held_bytes {
                if taken == 0 {
                    return None;
                }
                break;
            }
            self.held[batch].count += 1;
        }
        Some(from + self.held[batch].count as u64)
    }

    /// Moves a cursor to where it reads from and says why it jumped; `None` when it is cut off.
    fn keep_up(&self, cursor: &mut ModelCursor) -> Option<Option<SkipReason>> {
        let (was, head) = (cursor.next, self.head());
        let (soft, hard) = (cursor.config.soft, cursor.config.hard);
        let mut reason = None;
        if !cursor.awaiting {
            let lag = self.lag(was, head);
            cursor.worst = cursor.worst.max(lag);
            let half = LagLimit {
                chunks: soft.chunks.map(|n| n / 2),
                bytes: soft.bytes.map(|n| n / 2),
                time_us: soft.time_us.map(|n| n / 2),
            };
            if soft.exceeded_by(&lag) {
                cursor.warnings += u64::from(!cursor.warning);
                cursor.warning = true;
            } else if !half.exceeded_by(&lag) {
                cursor.warning = false;
            }
            if was < self.oldest {
                reason = Some(SkipReason::Evicted);
            } else if !self.closed && hard.exceeded_by(&lag) {
                reason = Some(SkipReason::HardLimit);
            }
        }
        if reason.is_some() {
            if cursor.config.policy == Policy::Disconnect {
                cursor.ended = Some(EndReason::Lagged);
                return None;
            }
            cursor.skip_events += 1;
            if cursor.config.policy == Policy::Skip {
                cursor.next = if self.closed { self.oldest } else { head };
            } else {
                let fresh = |s: &u64| {
                    let lag = self.lag(*s, head);
                    *s > was && !soft.exceeded_by(&lag) && !hard.exceeded_by(&lag)
                };
                let target = if self.closed {
                    self.accesses().next()
                } else {
                    self.accesses().next_back().filter(fresh)
                };
                cursor.awaiting = target.is_none();
                cursor.next = target.unwrap_or(head);
            }
        }
        if cursor.awaiting {
            let target = self.accesses().find(|s| *s >= cursor.next);
            cursor.awaiting = target.is_none();
            cursor.next = target.unwrap_or(head);
            reason = target.map(|_| SkipReason::AwaitedRandomAccess).or(reason);
        }
        cursor.skipped += self.lag(was, cursor.next);
        Some(reason)
    }
}

fn limit() -> impl Strategy<Value = LagLimit> {
    let some = |top: u64| proptest::option::weighted(0.3, 1..top);
    (some(12), some(300), some(60)).prop_map(|(chunks, bytes, time_us)| LagLimit {
        chunks,
        bytes,
        time_us: time_us.map(|t| t as i64),
    })
}

fn join() -> impl Strategy<Value = Join> {
    prop_oneof![
        Just(Join::Live),
        Just(Join::Oldest),
        (-2i64..300).prop_map(Join::LagBytes),
        (-2i64..80).prop_map(Join::LagTime),
        Just(Join::RandomAccess),
    ]
}

fn cursor_config() -> impl Strategy<Value = CursorConfig> {
    let policy = prop_oneof![Just(Policy::Skip), Just(Policy::SkipToRandomAccess), Just(Policy::Disconnect)];
    (join(), policy, limit(), limit(), 1usize..6, 1u64..200).prop_map(
        |(join, policy, soft, hard, max_read_chunks, max_read_bytes)| CursorConfig {
            join,
            policy,
            soft,
            hard,
            max_read_chunks,
            max_read_bytes,
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let any_of = || 0usize..16;
    prop_oneof![
        48 => (-3i64..12, 0usize..60, proptest::bool::weighted(0.2), any::<bool>())
            .prop_map(|(step_us, len, access, owned)| Op::Publish { step_us, len, access, owned }),
        8 => (-3i64..12, proptest::collection::vec(0usize..60, 0..5))
            .prop_map(|(step_us, lens)| Op::PublishBatch { step_us, lens }),
        4 => (0i64..60).prop_map(|ahead_us| Op::Expire { ahead_us }),
        1 => Just(Op::Close),
        8 => cursor_config().prop_map(|config| Op::Open { config }),
        48 => (any_of(), 0..BATCHES).prop_map(|(cursor, batch)| Op::Read { cursor, batch }),
        8 => (0u64..40, 1usize..6, 1u64..200, 0..BATCHES).prop_map(
            |(sequence, max_chunks, max_bytes, batch)| Op::ReadAt { sequence, max_chunks, max_bytes, batch }
        ),
        8 => (0..BATCHES).prop_map(|batch| Op::Release { batch }),
        8 => (0..BATCHES, 0usize..4).prop_map(|(batch, keep)| Op::Split { batch, keep }),
        4 => any_of().prop_map(|chunk| Op::CloneChunk { chunk }),
        8 => any_of().prop_map(|chunk| Op::DropChunk { chunk }),
        3 => (any_of(), any::<bool>()).prop_map(|(cursor, timed_out)| Op::Finish { cursor, timed_out }),
        4 => join().prop_map(|join| Op::Join { join }),
    ]
}

fn ring_config() -> impl Strategy<Value = RingConfig> {
    (1usize..12, 1u64..400, proptest::option::of(1i64..80), 1u64..400, 0usize..50).prop_map(
        |(max_chunks, max_bytes, max_age_us, max_held_bytes, payload_hint_bytes)| RingConfig {
            max_age_us,
            max_held_bytes,
            epoch: 7,
            payload_hint_bytes,
            ..RingConfig::new(max_chunks, max_bytes)
        },
    )
}

/// The real things beside the model.
struct Run {
    ring: ChunkRing,
    model: Model,
    now_us: i64,
    batches: Vec<Batch>,
    cursors: Vec<(Cursor, ModelCursor)>,
    /// Chunks held one by one; the model has their holds behind those of the batches.
    chunks: Vec<Chunk>,
    left: Account,
    opened: u64,
}

impl Run {
    fn new(config: RingConfig) -> Run {
        let held = (0..BATCHES).map(|_| Held { first: 0, count: 0 }).collect();
        Run {
            ring: ChunkRing::new(config).unwrap(),
            model: Model { config, all: Vec::new(), oldest: 0, closed: false, held, went_back: 0 },
            now_us: 1_000,
            batches: (0..BATCHES).map(|_| Batch::new()).collect(),
            cursors: Vec::new(),
            chunks: Vec::new(),
            left: Account::default(),
            opened: 0,
        }
    }

    fn payload(&self, len: usize) -> Vec<u8> {
        (0..len).map(|i| (self.model.all.len() * 31 + i) as u8).collect()
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Publish { step_us, len, access, owned } => {
                self.now_us += step_us;
                let bytes = self.payload(len);
                let preamble = access.then(|| self.model.head().to_le_bytes().as_slice().into());
                let info = ChunkInfo { random_access: access, preamble };
                let got = if owned {
                    self.ring.publish_owned(self.now_us, bytes.clone(), info)
                } else {
                    self.ring.publish_with(self.now_us, &bytes, info)
                };
                if self.model.closed {
                    assert_eq!(got.unwrap_err().kind(), ErrorKind::Closed);
                } else if len == 0 {
                    assert_eq!(got.unwrap(), None);
                } else {
                    assert_eq!(got.unwrap(), Some(self.model.head()));
                    self.model.publish(self.now_us, bytes, access);
                }
            }
            Op::PublishBatch { step_us, lens } => {
                self.now_us += step_us;
                let payloads: Vec<Vec<u8>> = lens.iter().map(|len| self.payload(*len)).collect();
                let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
                let got = self.ring.publish_batch(self.now_us, &slices);
                if self.model.closed {
                    assert_eq!(got.unwrap_err().kind(), ErrorKind::Closed);
                    return;
                }
                assert_eq!(got.unwrap(), lens.iter().filter(|len| **len > 0).count());
                for bytes in payloads.into_iter().filter(|bytes| !bytes.is_empty()) {
                    self.model.publish(self.now_us, bytes, false);
                }
            }
            Op::Expire { ahead_us } => {
                let model = &mut self.model;
                let at_us = self.now_us + ahead_us;
                self.ring.expire(at_us);
                let max_age_us = model.config.max_age_us.unwrap_or(i64::MAX);
                let oldest_us = |model: &Model| model.all.get(model.oldest as usize).map(|c| c.time_us);
                while oldest_us(model).is_some_and(|oldest_us| at_us - oldest_us > max_age_us) {
                    model.oldest += 1;
                }
            }
            Op::Close => {
                let first = self.ring.close(CloseReason::new(CloseKind::Failed, "as told"));
                assert_eq!(first, !self.model.closed);
                self.model.closed = true;
            }
            Op::Open { config } => {
                let (joined, satisfied) = self.model.join(config.join);
                let cursor = self.ring.cursor(config).unwrap();
                assert_eq!(cursor.status().joined, self.model.position(joined));
                let model = ModelCursor {
                    config,
                    joined,
                    next: joined,
                    awaiting: config.join == Join::RandomAccess && !satisfied,
                    warning: false,
                    ended: None,
                    delivered: Lag::default(),
                    skipped: Lag::default(),
                    worst: Lag::default(),
                    skip_events: 0,
                    warnings: 0,
                    refused: 0,
                };
                self.cursors.push((cursor, model));
                self.opened += 1;
            }
            Op::Read { cursor, batch } if !self.cursors.is_empty() => {
                self.read(cursor % self.cursors.len(), batch);
            }
            Op::ReadAt { sequence, max_chunks, max_bytes, batch } => {
                self.read_at(sequence, max_chunks, max_bytes, batch);
            }
            Op::Release { batch } => {
                self.batches[batch].release();
                self.batches[batch].release();
                self.model.held[batch].count = 0;
            }
            Op::Split { batch, keep } => {
                let first = self.model.held[batch].first;
                self.model.held[batch].count = 0;
                for (i, chunk) in
                    std::mem::take(&mut self.batches[batch]).into_chunks().take(keep).enumerate()
                {
                    self.chunks.push(chunk);
                    self.model.held.push(Held { first: first + i as u64, count: 1 });
                }
            }
            Op::CloneChunk { chunk } if !self.chunks.is_empty() => {
                let chunk = self.chunks[chunk % self.chunks.len()].clone();
                self.model.held.push(Held { first: chunk.sequence(), count: 1 });
                self.chunks.push(chunk);
            }
            Op::DropChunk { chunk } if !self.chunks.is_empty() => {
                let at = chunk % self.chunks.len();
                self.chunks.remove(at);
                self.model.held.remove(BATCHES + at);
            }
            Op::Finish { cursor, timed_out } if !self.cursors.is_empty() => {
                let (mut cursor, model) = self.cursors.remove(cursor % self.cursors.len());
                cursor.record_blocked_write(5, timed_out);
                let account = cursor.finish(EndReason::WriteFailed);
                assert_eq!(account.end(), Some(model.ended.unwrap_or(EndReason::WriteFailed)));
                assert_eq!((account.blocked_write_us, account.write_timeouts), (5, u64::from(timed_out)));
                self.left.merge(&account);
            }
            Op::Join { join } => {
                let joined = self.ring.join(join);
                let (sequence, satisfied) = self.model.join(join);
                assert_eq!((joined.position, joined.satisfied), (self.model.position(sequence), satisfied));
            }
            Op::Read { .. } | Op::CloneChunk { .. } | Op::DropChunk { .. } | Op::Finish { .. } => {}
        }
    }

    fn read(&mut self, at: usize, batch: usize) {
        let (cursor, expected) = &mut self.cursors[at];
        let got = cursor.read(&mut self.batches[batch]);
        self.model.held[batch].count = 0;
        let was = expected.next;
        let skip = match expected.ended {
            Some(EndReason::Lagged) => None,
            _ => self.model.keep_up(expected),
        };
        let Some(skip) = skip else {
            assert_eq!(got.unwrap_err().kind(), ErrorKind::Lagged);
            return;
        };
        let from = expected.next;
        let config = expected.config;
        let Some(next) = self.model.take(from, config.max_read_chunks, config.max_read_bytes, batch) else {
            expected.refused += 1;
            assert_eq!(got.unwrap_err().kind(), ErrorKind::CapacityExceeded);
            return;
        };
        expected.next = next;
        expected.delivered += self.model.lag(from, next);
        if self.model.closed && next == self.model.head() {
            expected.ended = Some(EndReason::Drained);
        }
        let read = got.unwrap();
        assert_eq!(read.skipped.map(|skip| skip.reason), skip);
        assert_eq!(read.warning, expected.warning);
        self.compare(&read, was, from, next);
    }

    fn read_at(&mut self, sequence: u64, max_chunks: usize, max_bytes: u64, batch: usize) {
        let head = self.model.head();
        if sequence > head {
            let ahead = Position { sequence, ..self.model.position(head) };
            let got = self.ring.read(ahead, max_chunks, max_bytes, &mut self.batches[batch]);
            assert_eq!(got.unwrap_err().kind(), ErrorKind::StaleCursor);
            assert_eq!(self.ring.lag(ahead).unwrap_err().kind(), ErrorKind::StaleCursor);
            self.model.held[batch].count = 0;
            return;
        }
        let at = self.model.position(sequence);
        assert_eq!(self.ring.lag(at).unwrap(), self.model.lag(sequence, head));
        let stale = Position { epoch: 6, ..at };
        assert_eq!(self.ring.lag(stale).unwrap_err().kind(), ErrorKind::StaleCursor);
        let from = sequence.max(self.model.oldest);
        let got = self.ring.read(at, max_chunks, max_bytes, &mut self.batches[batch]);
        match self.model.take(from, max_chunks, max_bytes, batch) {
            None => assert_eq!(got.unwrap_err().kind(), ErrorKind::CapacityExceeded),
            Some(next) => self.compare(&got.unwrap(), sequence, from, next),
        }
    }

    fn compare(&self, read: &Read, requested: u64, from: u64, next: u64) {
        let model = &self.model;
        assert_eq!((read.requested, read.next), (model.position(requested), model.position(next)));
        assert_eq!(read.behind, model.lag(requested, from));
        let got = model.lag(from, next);
        assert_eq!((read.chunks as u64, read.bytes), (got.chunks, got.bytes));
        assert_eq!(read.lag, model.lag(next, model.head()));
        assert_eq!(read.oldest, model.oldest);
        assert_eq!(read.newest, (model.oldest < model.head()).then(|| model.head() - 1));
        let buffered = model.lag(model.oldest, model.head());
        assert_eq!((read.buffered_chunks, read.buffered_bytes), (buffered.chunks, buffered.bytes));
        assert_eq!(read.closed.is_some(), model.closed && next == model.head());
    }

    /// Whatever is held must still show what was published; the sums must add up.
    fn check(&self) {
        let model = &self.model;
        let head = model.head();
        for (batch, held) in self.batches.iter().zip(&model.held) {
            assert_eq!(batch.len(), held.count);
            for (i, chunk) in batch.iter().enumerate() {
                let sequence = held.first + i as u64;
                let expected = &model.all[sequence as usize];
                assert_eq!((chunk.sequence, chunk.bytes), (sequence, &expected.bytes[..]));
                assert_eq!((chunk.time_us, chunk.random_access), (expected.time_us, expected.access));
                let preamble = expected.access.then(|| sequence.to_le_bytes());
                assert_eq!(chunk.preamble, preamble.as_ref().map(|bytes| &bytes[..]));
            }
        }
        for (chunk, held) in self.chunks.iter().zip(&model.held[BATCHES..]) {
            assert_eq!(chunk.sequence(), held.first);
            assert_eq!(chunk.bytes(), model.all[held.first as usize].bytes);
        }
        let snapshot = self.ring.snapshot();
        assert_eq!((snapshot.oldest, snapshot.next), (model.position(model.oldest), model.position(head)));
        assert_eq!(snapshot.buffered.bytes, model.lag(model.oldest, head).bytes);
        assert_eq!(snapshot.held_bytes, model.held_bytes());
        assert_eq!(snapshot.held_chunks, (0..head).filter(|s| model.is_held(*s)).count() as u64);
        let evicted_held: Vec<u64> = (0..model.oldest).filter(|s| model.is_held(*s)).collect();
        assert_eq!(snapshot.evicted_held_chunks, evicted_held.len() as u64);
        let bytes = evicted_held.iter().map(|s| model.all[*s as usize].bytes.len() as u64).sum::<u64>();
        assert_eq!(snapshot.evicted_held_bytes, bytes);
        assert_eq!(snapshot.random_access_points, model.accesses().count() as u64);
        assert_eq!(snapshot.latest_random_access, model.accesses().next_back());
        assert_eq!(snapshot.times_went_back, model.went_back);
        assert_eq!((snapshot.cursors, snapshot.cursors_opened), (self.cursors.len() as u64, self.opened));
        assert_eq!(snapshot.closed.is_some(), model.closed);
        let largest = model.all.iter().map(|chunk| chunk.bytes.len() as u64).max().unwrap_or(0);
        assert!(snapshot.buffered.bytes <= model.config.max_bytes.max(largest));
        assert!(snapshot.held_bytes <= model.config.max_held_bytes + largest);

        let mut total = self.left;
        for (cursor, expected) in &self.cursors {
            let status = cursor.status();
            let account = &status.account;
            total.merge(account);
            assert_eq!(status.position, model.position(expected.next));
            assert_eq!(status.lag, model.lag(expected.next, head));
            assert_eq!((account.delivered, account.skipped), (expected.delivered, expected.skipped));
            assert_eq!(account.worst_lag, expected.worst);
            assert_eq!(account.skip_events, expected.skip_events);
            assert_eq!((account.warnings, account.refused_reads), (expected.warnings, expected.refused));
            assert_eq!(account.end(), expected.ended);
            let mut sum = status.lag;
            sum += account.delivered;
            sum += account.skipped;
            assert_eq!(sum, model.lag(expected.joined, head), "joined + delivered + skipped + lag = head");
        }
        assert_eq!(snapshot.account, total);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { 1500 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn ring_does_what_the_model_does(
        config in ring_config(),
        ops in proptest::collection::vec(op(), 1..if cfg!(miri) { 40 } else { 80 }),
    ) {
        let mut run = Run::new(config);
        for op in ops {
            run.apply(op);
            run.check();
        }
        // What is held outlives the ring.
        let Run { ring, model, cursors, batches, chunks, .. } = run;
        drop((ring, cursors));
        for (batch, held) in batches.iter().zip(&model.held) {
            for (i, chunk) in batch.iter().enumerate() {
                assert_eq!(chunk.bytes, model.all[held.first as usize + i].bytes);
            }
        }
        for chunk in &chunks {
            assert_eq!(chunk.bytes(), model.all[chunk.sequence() as usize].bytes);
        }
    }
}
