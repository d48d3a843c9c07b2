//! Interarrival jitter and frames of one stream.
//!
//! Jitter is RFC 3550 A.8 in integers: `J += |D| - J/16`, where D is the difference of two transit
//! times. Times are kept in millionths of a tick, so that neither the arrival time nor the
//! timestamp is rounded, and J is kept times 16, so that a constant |D| is reached exactly.

use super::clock::{MediaKind, PayloadFormat, PayloadMap};
use crate::time::Micros;

const MICRO: i64 = 1_000_000;
/// A transit time that moves further than this at once is a new timeline, not jitter.
const MAX_TRANSIT_STEP_US: i64 = 10 * MICRO;
/// Packets that follow within 18 minutes are the usual case, which needs no 128-bit numbers.
const MAX_NEAR_US: u64 = 1 << 30;
const _: () = assert!((MAX_NEAR_US as u128) * (PayloadMap::MAX_CLOCK_HZ as u128) < 1 << 63);
/// How many of the latest distinct timestamps are known, to tell a late frame from a late packet.
const RECENT: usize = 16;

/// What every packet touches comes first.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Timing {
    last_arrival_us: Micros,
    last_timestamp: u32,
    /// 0 while the payload type has no format.
    clock_hz: u32,
    max_gap_us: i64,
    jitter: Jitter,
    video: bool,
    /// Whether there is a packet to compare with; only with a clock.
    anchored: bool,
    keyframe_known: bool,
    keyframe_timestamp: u32,
    frames: Frames,
}

/// A running A.8 estimate, in sixteenths of millionths of a tick.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Jitter {
    pub(super) now: u64,
    pub(super) count: u64,
    /// The low half and the high half; a `u128` would be aligned to 16 bytes.
    sum: [u64; 2],
    pub(super) max: u64,
}

impl Jitter {
    #[inline]
    fn step(&mut self, transit_step: i64) {
        self.now = next_jitter(self.now, transit_step.unsigned_abs());
        self.max = self.max.max(self.now);
        self.add(self.now, 1);
    }

    #[inline(always)]
    fn add(&mut self, sum: u64, count: u64) {
        let (low, carry) = self.sum[0].overflowing_add(sum);
        self.sum = [low, self.sum[1] + u64::from(carry)];
        self.count += count;
    }

    /// In sixteenths of millionths of a tick.
    pub(super) fn mean(&self) -> Option<f64> {
        let sum = u128::from(self.sum[1]) << 64 | u128::from(self.sum[0]);
        (self.count > 0).then(|| sum as f64 / self.count as f64)
    }
}

const fn next_jitter(now: u64, difference: u64) -> u64 {
    now + difference - microticks(now)
}

/// Sixteenths of millionths of a tick in whole millionths; a constant D comes out as it is.
pub(super) const fn microticks(sixteenths: u64) -> u64 {
    (sixteenths + 8) >> 4
}

/// What a packet was, in time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timed {
    pub(super) new_frame: bool,
    pub(super) new_keyframe: bool,
}

/// What a run of packets moves that are in step with one another, so that it stays in registers
/// from packet to packet. At most [`Pace::MAX_STEPS`] long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    last_arrival_us: Micros,
    last_timestamp: u32,
    max_gap_us: i64,
    jitter: u64,
    /// From where it began.
    pub(super) max_jitter: u64,
    jitter_sum: u64,
    /// Timestamps that were the highest so far.
    pub(super) frames: u64,
}

impl Pace {
    /// So many jitters of at most 16 times the largest step do not overflow their sum.
    pub(super) const MAX_STEPS: usize = 4096;
}

const _: () = {
    let largest = 16 * MAX_TRANSIT_STEP_US as u128 * PayloadMap::MAX_CLOCK_HZ as u128;
    assert!(largest * (Pace::MAX_STEPS as u128) < u64::MAX as u128);
};

impl Timing {
    pub(super) fn new() -> Timing {
        Timing {
            last_arrival_us: 0,
            last_timestamp: 0,
            clock_hz: 0,
            max_gap_us: 0,
            jitter: Jitter::default(),
            video: false,
            anchored: false,
            keyframe_known: false,
            keyframe_timestamp: 0,
            frames: Frames::default(),
        }
    }

    /// Takes the format of the payload type that follows. Another clock starts anew, and gives `true`.
    pub(super) fn set_format(&mut self, format: Option<PayloadFormat>) -> bool {
        let clock_hz = format.map_or(0, |format| format.clock_hz);
        self.video = format.is_some_and(|format| format.kind == MediaKind::Video);
        let other = clock_hz != self.clock_hz;
        if other {
            self.clock_hz = clock_hz;
            self.restart();
            self.jitter = Jitter::default();
            self.frames.jitter = 0;
            self.frames.measured = false;
        }
        other
    }

    /// Forgets the timeline, not what was measured on it.
    pub(super) fn restart(&mut self) {
        self.anchored = false;
        self.frames.forget();
        self.keyframe_known = false;
    }

    pub(super) fn clock_hz(&self) -> Option<u32> {
        (self.clock_hz > 0).then_some(self.clock_hz)
    }

    pub(super) fn is_video(&self) -> bool {
        self.video
    }

    /// Notes a jitter that was measured in a run.
    pub(super) fn raise_max_jitter(&mut self, jitter: u64) {
        self.jitter.max = self.jitter.max.max(jitter);
    }

    pub(super) fn jitter(&self) -> &Jitter {
        &self.jitter
    }

    /// In sixteenths of millionths of a tick; absent before the second frame.
    pub(super) fn frame_jitter(&self) -> Option<u64> {
        self.frames.measured.then_some(self.frames.jitter)
    }

    pub(super) fn max_gap_us(&self) -> i64 {
        self.max_gap_us
    }

    pub(super) fn discontinuities(&self) -> u32 {
        self.frames.discontinuities
    }

    /// The highest timestamp seen, extended to 64 bits.
    pub(super) fn extended_timestamp(&self) -> Option<i64> {
        self.anchored.then_some(self.frames.timestamp)
    }

    /// Begins a run of packets, if there is one to compare the first with. Larger jitters than
    /// `max_jitter` are noted.
    #[inline(always)]
    pub(super) fn pace(&self, max_jitter: u64) -> Option<Pace> {
        self.anchored.then_some(Pace {
            last_arrival_us: self.last_arrival_us,
            last_timestamp: self.last_timestamp,
            max_gap_us: self.max_gap_us,
            jitter: self.jitter.now,
            max_jitter,
            jitter_sum: 0,
            frames: 0,
        })
    }

    /// Takes a packet into the run, without a new key frame and with the highest sequence number so
    /// far. `false`, and nothing is changed, when it needs [`Timing::record`]: it came before the
    /// one before, or a long time after, or with a timestamp that is not near or behind another.
    #[inline(always)]
    pub(super) fn step(&mut self, pace: &mut Pace, arrival_us: Micros, timestamp: u32) -> bool {
        let ticks = timestamp.wrapping_sub(pace.last_timestamp);
        let Some((gap_us, difference)) = self.near_step(pace.last_arrival_us, arrival_us, ticks) else {
            return false;
        };
        if timestamp != self.frames.timestamp as u32 {
            if !self.near_frame(arrival_us, timestamp) {
                return false;
            }
            pace.frames += 1;
        }
        pace.last_arrival_us = arrival_us;
        pace.last_timestamp = timestamp;
        pace.jitter = next_jitter(pace.jitter, difference);
        if gap_us > pace.max_gap_us {
            seldom();
            pace.max_gap_us = gap_us;
        }
        if pace.jitter > pace.max_jitter {
            seldom();
            pace.max_jitter = pace.jitter;
        }
        pace.jitter_sum += pace.jitter;
        true
    }

    /// Takes the first packet of a frame, if it is near the one before. Not inlined: three packets in
    /// four of video do without.
    #[inline(never)]
    fn near_frame(&mut self, arrival_us: Micros, timestamp: u32) -> bool {
        let ticks = timestamp.wrapping_sub(self.frames.timestamp as u32);
        match self.near_step(self.frames.arrival_us, arrival_us, ticks) {
            Some((_, difference)) if ticks as i32 > 0 => {
                self.frames.advance(arrival_us, timestamp, i64::from(ticks), Some(difference));
                true
            }
            _ => false,
        }
    }

    /// Ends a run of `steps` packets.
    #[inline(always)]
    pub(super) fn finish(&mut self, pace: &Pace, steps: usize) {
        self.last_arrival_us = pace.last_arrival_us;
        self.last_timestamp = pace.last_timestamp;
        self.max_gap_us = pace.max_gap_us;
        self.jitter.now = pace.jitter;
        self.jitter.add(pace.jitter_sum, steps as u64);
    }

    /// The time from one arrival to a later one, and |D| of A.8 in millionths of a tick; `None` when
    /// either is not small. A small |D| is that of the nearest cycle, however long the time.
    #[inline(always)]
    fn near_step(&self, from_us: Micros, to_us: Micros, ticks: u32) -> Option<(i64, u64)> {
        let gap_us = to_us.wrapping_sub(from_us);
        let clock = i64::from(self.clock_hz);
        if to_us < from_us || gap_us as u64 > MAX_NEAR_US {
            return None;
        }
        let difference = (gap_us * clock - i64::from(ticks as i32) * MICRO).unsigned_abs();
        (difference <= (MAX_TRANSIT_STEP_US * clock) as u64).then_some((gap_us, difference))
    }

    /// Takes a media packet. `advances`: its sequence number is the highest so far.
    pub(super) fn record(
        &mut self,
        arrival_us: Micros,
        timestamp: u32,
        keyframe: bool,
        advances: bool,
    ) -> Timed {
        if self.clock_hz == 0 {
            return Timed::default();
        }
        if !self.anchored {
            return self.anchor(arrival_us, timestamp, keyframe);
        }
        let gap_us = arrival_us.saturating_sub(self.last_arrival_us);
        self.max_gap_us = self.max_gap_us.max(gap_us);
        match self.transit_step(gap_us, timestamp.wrapping_sub(self.last_timestamp)) {
            Some(step) => self.jitter.step(step),
            None => self.frames.discontinuities = self.frames.discontinuities.saturating_add(1),
        }
        self.last_arrival_us = arrival_us;
        self.last_timestamp = timestamp;
        let new_frame =
            timestamp != self.frames.timestamp as u32 && self.other_frame(arrival_us, timestamp, advances);
        Timed { new_frame: new_frame && self.video, new_keyframe: keyframe && self.new_keyframe(timestamp) }
    }

    #[cold]
    fn anchor(&mut self, arrival_us: Micros, timestamp: u32, keyframe: bool) -> Timed {
        self.anchored = true;
        self.last_arrival_us = arrival_us;
        self.last_timestamp = timestamp;
        self.frames.arrival_us = arrival_us;
        self.frames.timestamp = i64::from(timestamp);
        self.frames.remember(timestamp);
        Timed { new_frame: self.video, new_keyframe: keyframe && self.new_keyframe(timestamp) }
    }

    /// D of A.8 in millionths of a tick, or `None` when the timestamps begin a new timeline.
    fn transit_step(&self, gap_us: i64, timestamp_step: u32) -> Option<i64> {
        let clock = i64::from(self.clock_hz);
        let step = if gap_us.unsigned_abs() <= self.unambiguous_us() as u64 {
            gap_us * clock - i64::from(timestamp_step as i32) * MICRO
        } else {
            nearest_cycle(gap_us, clock, timestamp_step)
        };
        (step.abs() <= MAX_TRANSIT_STEP_US * clock).then_some(step)
    }

    /// Up to here a timestamp cannot have gone round by half between two arrivals.
    fn unambiguous_us(&self) -> i64 {
        (MICRO << 30) / i64::from(self.clock_hz)
    }

    /// A packet whose timestamp is not the highest one: whether it begins a frame.
    fn other_frame(&mut self, arrival_us: Micros, timestamp: u32, advances: bool) -> bool {
        let gap_us = arrival_us.saturating_sub(self.frames.arrival_us);
        let ticks = timestamp.wrapping_sub(self.frames.timestamp as u32);
        let step = self.transit_step(gap_us, ticks);
        let long_gap = gap_us > self.unambiguous_us();
        let forward = ticks as i32 > 0 || (advances && (long_gap || step.is_none()));
        if !forward {
            return self.frames.late(timestamp);
        }
        // After a long gap the arrival time says how often the timestamp went round.
        let by = match step {
            Some(step) if long_gap => {
                ((i128::from(gap_us) * i128::from(self.clock_hz) - i128::from(step)) / i128::from(MICRO))
                    as i64
            }
            _ => i64::from(ticks),
        };
        if ticks as i32 <= 0 {
            // Not above those remembered, which are in order.
            self.frames.recent_len = 0;
        }
        self.frames.advance(arrival_us, timestamp, by, step.map(i64::unsigned_abs));
        true
    }

    fn new_keyframe(&mut self, timestamp: u32) -> bool {
        let new = !self.keyframe_known || self.keyframe_timestamp != timestamp;
        self.keyframe_known = true;
        self.keyframe_timestamp = timestamp;
        new
    }
}

/// Distinct timestamps.
#[derive(Clone, Debug, Default)]
#[repr(C)]
struct Frames {
    /// The highest timestamp, extended to 64 bits.
    timestamp: i64,
    /// When its first packet arrived.
    arrival_us: Micros,
    /// A.8 over the first packet of each, in sixteenths of millionths of a tick.
    jitter: u64,
    measured: bool,
    recent_len: u8,
    recent_at: u8,
    /// A ring of the highest timestamps, in order; the newest before `recent_at`.
    recent: [u32; RECENT],
    /// Steps to a new timeline.
    discontinuities: u32,
}

impl Frames {
    fn forget(&mut self) {
        self.recent_len = 0;
        self.recent_at = 0;
    }

    /// A timestamp that is `by` above the highest, and |D| from there.
    #[inline(always)]
    fn advance(&mut self, arrival_us: Micros, timestamp: u32, by: i64, difference: Option<u64>) {
        if let Some(difference) = difference {
            self.jitter = next_jitter(self.jitter, difference);
            self.measured = true;
        }
        self.timestamp = self.timestamp.wrapping_add(by);
        self.arrival_us = arrival_us;
        self.remember(timestamp);
    }

    /// Adds a timestamp above all that are remembered.
    #[inline]
    fn remember(&mut self, timestamp: u32) {
        self.recent[usize::from(self.recent_at) % RECENT] = timestamp;
        self.recent_at = (self.recent_at + 1) % RECENT as u8;
        self.recent_len = (self.recent_len + 1).min(RECENT as u8);
    }

    /// A timestamp below the highest: whether it is new. One older than all that are remembered was
    /// most likely counted.
    fn late(&mut self, timestamp: u32) -> bool {
        let len = usize::from(self.recent_len);
        let mut rank = 0;
        while rank < len {
            let known = self.recent[self.place(rank)];
            if known == timestamp {
                return false;
            }
            if (known.wrapping_sub(timestamp) as i32) < 0 {
                break;
            }
            rank += 1;
        }
        if rank == RECENT {
            return false;
        }
        for older in (rank + 1..(len + 1).min(RECENT)).rev() {
            self.recent[self.place(older)] = self.recent[self.place(older - 1)];
        }
        self.recent[self.place(rank)] = timestamp;
        self.recent_len = (self.recent_len + 1).min(RECENT as u8);
        true
    }

    /// Where the timestamp with so many newer ones lies.
    const fn place(&self, rank: usize) -> usize {
        (self.recent_at as usize + 2 * RECENT - 1 - rank) % RECENT
    }
}

/// Tells the compiler that a branch is worth a jump, so that the usual case does without a store.
#[cold]
fn seldom() {}

/// D when a timestamp may have gone round any number of times: the one nearest to what the arrival
/// times say.
#[cold]
fn nearest_cycle(gap_us: i64, clock: i64, timestamp_step: u32) -> i64 {
    let cycle = i128::from(MICRO) << 32;
    let step = i128::from(gap_us) * i128::from(clock) - i128::from(timestamp_step) * i128::from(MICRO);
    ((step + cycle / 2).rem_euclid(cycle) - cycle / 2) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video() -> Timing {
        let mut timing = Timing::new();
        timing.set_format(Some(PayloadFormat { clock_hz: 90_000, kind: MediaKind::Video }));
        timing
    }

    #[test]
    fn a_constant_step_of_a_millisecond_is_reached_exactly() {
        let mut timing = video();
        for i in 0..1000i64 {
            // Every packet 21 ms after the one before, stamped 20 ms apart.
            timing.record(i * 21_000, (i * 1800) as u32, false, true);
        }
        assert_eq!(microticks(timing.jitter().now), 90 * MICRO as u64);
    }

    #[test]
    fn a_wrap_is_no_spike_and_a_late_packet_no_wrap() {
        let mut timing = video();
        let start = u32::MAX - 4000;
        for i in 0..10u32 {
            let frame = timing.record(i64::from(i) * 20_000, start.wrapping_add(i * 1800), false, true);
            assert!(frame.new_frame);
        }
        assert_eq!(timing.jitter().max, 0);
        let late = timing.record(190_000, start.wrapping_add(2 * 1800), false, false);
        assert!(!late.new_frame);
        // 10 ms on the clock, 7 frames of 20 ms back on the timestamp.
        assert_eq!(timing.jitter().now, 150 * 90 * MICRO as u64);
        assert_eq!(timing.discontinuities(), 0);
        assert_eq!(timing.extended_timestamp(), Some(i64::from(start) + 9 * 1800));
    }

    #[test]
    fn eight_and_a_hundred_hours_of_silence() {
        for hours in [8i64, 100] {
            let mut timing = video();
            timing.record(0, 5, false, true);
            let us = hours * 3600 * MICRO;
            let ticks = hours * 3600 * 90_000;
            assert!(timing.record(us, (5 + ticks) as u32, false, true).new_frame);
            assert_eq!((timing.jitter().max, timing.discontinuities()), (0, 0), "{hours}");
            assert_eq!(timing.extended_timestamp(), Some(5 + ticks));
        }
    }

    #[test]
    fn a_new_timeline_is_counted_and_no_jitter() {
        let mut timing = video();
        timing.record(0, 1000, false, true);
        assert!(timing.record(20_000, 3_000_000_000, false, true).new_frame);
        assert_eq!((timing.jitter().max, timing.discontinuities()), (0, 1));
        timing.record(40_000, 3_000_001_800, false, true);
        assert_eq!((timing.jitter().max, timing.discontinuities()), (0, 1));
    }

    #[test]
    fn a_late_frame_is_a_frame_once() {
        let mut timing = video();
        let frames: Vec<bool> = [(0u32, true), (2, true), (1, false), (1, false), (3, true)]
            .iter()
            .enumerate()
            .map(|(i, &(n, advances))| timing.record(i as i64 * 10_000, n * 1800, false, advances).new_frame)
            .collect();
        assert_eq!(frames, [true, true, true, false, true]);
    }

    #[test]
    fn another_clock_starts_anew_and_none_measures_nothing() {
        let mut timing = video();
        timing.record(0, 0, false, true);
        timing.record(50_000, 0, false, true);
        assert!(timing.jitter().now > 0);
        timing.set_format(Some(PayloadFormat { clock_hz: 48_000, kind: MediaKind::Audio }));
        assert_eq!((timing.jitter().now, timing.jitter().mean()), (0, None));
        assert!(!timing.record(60_000, 77, false, true).new_frame);
        timing.set_format(None);
        assert!(!timing.record(70_000, 88, true, true).new_keyframe);
        assert_eq!(timing.clock_hz(), None);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let mut timing = video();
        for (i, at) in [i64::MIN, i64::MAX, 0, i64::MAX, i64::MIN].into_iter().enumerate() {
            timing.record(at, (i as u32).wrapping_mul(0x4000_0000), true, i % 2 == 0);
        }
    }
}
