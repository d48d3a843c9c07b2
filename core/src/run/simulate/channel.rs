//! The channel: frames in packets, a queue, loss in bursts, FEC, retransmission.

use super::profile::Plan;
use super::{FecMask, SimulateOptions};
use crate::math;
use crate::run::random::Random;
use crate::time::Micros;

/// One frame of the sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) id: i64,
    /// How often the sender had begun anew.
    pub(super) segment: u32,
    pub(super) capture_us: Micros,
    /// When its last packet was there; `None` where one never was, or not in time.
    pub(super) whole_us: Option<Micros>,
}

/// What the counters of the server count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Event {
    FecReceived,
    FecAttempt,
    FecRecovered,
    FecFailed,
    FecUnused,
    FecInvalid,
    NackIn,
    NackOut,
    Lost,
    Received,
    Retransmitted,
    OutOfOrder,
    Sent,
}

impl Event {
    pub(super) const COUNT: usize = Event::Sent as usize + 1;
}

/// What came of a transmission.
pub(super) struct Stream {
    pub(super) frames: Vec<Frame>,
    /// When each kind of event happened, in order of time, by [`Event`].
    pub(super) events: [Vec<Micros>; Event::COUNT],
}

impl Stream {
    pub(super) fn at(&self, event: Event) -> &[Micros] {
        &self.events[event as usize]
    }
}

/// From capture to the first packet on the link.
const ENCODE_US: Micros = 5_000;
/// Mean of the exponential jitter of a packet's way.
const JITTER_MEAN_US: f64 = 1_500.0;
/// The link carries so many times the media packets, and at least so many packets per second.
const HEADROOM: f64 = 3.0;
const LINK_MIN_PER_S: f64 = 250.0;
/// A hole in the sequence is taken for a loss after so long.
const LOSS_NOTICED_US: Micros = 10_000;
/// The viewer asks for a packet that comes so much later than it should.
const VIEWER_PATIENCE_US: Micros = 30_000;
/// A frame that is not whole so long after its capture is given up.
pub(super) const DEADLINE_US: Micros = 150_000;
/// Share of packets the bad state of the channel loses; the good state loses none.
const BAD_STATE_LOSS: f64 = 0.8;
/// Mean stay in the bad state, in packets.
const BAD_STATE_PACKETS: f64 = 3.0;
const KEY_FRAME_EVERY_S: f64 = 3.0;

/// Apart, so that runs that differ in FEC alone have the same frames.
const SOURCE_STREAM: u64 = 0x736f_7572_6365;
const LOSS_STREAM: u64 = 0x6c6f_7373;

pub(super) fn transmit(options: &SimulateOptions, plan: &Plan) -> Stream {
    let mut sender = Sender {
        options,
        plan,
        source: Random::new(options.seed ^ SOURCE_STREAM),
        loss: Random::new(options.seed ^ LOSS_STREAM),
        in_bad_state: false,
        link_free_us: Micros::MIN,
        arrivals: Vec::new(),
        stream: Stream { frames: Vec::new(), events: Default::default() },
        sequence: 0,
    };
    let count = (plan.sending.duration_us() as f64 * options.fps / 1e6) as u64;
    let key_every = ((KEY_FRAME_EVERY_S * options.fps) as u64).max(1);
    let (mut segment, mut next_id) = (0, FIRST_ID);
    for index in 0..count {
        let capture_us = plan.sending.start_us + (index as f64 * 1e6 / options.fps) as Micros;
        if segment == 0 && plan.restart_us.is_some_and(|at| capture_us >= at) {
            (segment, next_id) = (1, 1);
        }
        let mean = u64::from(options.packets_per_frame);
        let usual = 1 + sender.source.below(2 * mean - 1);
        let packets = if index % key_every == 0 { 3 * mean } else { usual };
        let whole_us = sender.frame(capture_us, packets as usize);
        sender.stream.frames.push(Frame { id: next_id, segment, capture_us, whole_us });
        next_id += 1;
    }
    sender.count_out_of_order();
    sender.stream.events.iter_mut().for_each(|times| times.sort_unstable());
    sender.stream
}

/// Far from 1, so that a sender that begins anew is seen to.
const FIRST_ID: i64 = 100_000;

struct Sender<'a> {
    options: &'a SimulateOptions,
    plan: &'a Plan,
    source: Random,
    loss: Random,
    in_bad_state: bool,
    link_free_us: Micros,
    /// When which media packet arrived.
    arrivals: Vec<(Micros, u64)>,
    stream: Stream,
    sequence: u64,
}

impl Sender<'_> {
    fn count(&mut self, event: Event, at_us: Micros) {
        self.stream.events[event as usize].push(at_us);
    }

    fn one_way_us(&self) -> Micros {
        Micros::from(self.options.rtt_ms) * 500
    }

    fn jitter_us(&mut self) -> Micros {
        (-JITTER_MEAN_US * math::ln(1.0 - self.loss.unit())) as Micros
    }

    fn loss_share(&self, at_us: Micros) -> f64 {
        if self.plan.outages.iter().any(|outage| outage.contains(at_us)) {
            return 1.0;
        }
        let in_burst = self.plan.in_burst(at_us);
        if in_burst { self.options.burst_loss } else { self.options.base_loss }
    }

    /// Whether the Gilbert-Elliott channel loses the next packet.
    fn is_lost(&mut self, at_us: Micros) -> bool {
        let share = self.loss_share(at_us);
        let (turn, lose) = (self.loss.unit(), self.loss.unit());
        if share >= 1.0 {
            return true;
        }
        // The share of time in the bad state that gives this loss, and the way into it.
        let bad = share / BAD_STATE_LOSS;
        let enter = bad / (1.0 - bad) / BAD_STATE_PACKETS;
        self.in_bad_state = if self.in_bad_state { turn >= 1.0 / BAD_STATE_PACKETS } else { turn < enter };
        self.in_bad_state && lose < BAD_STATE_LOSS
    }

    /// Sends a packet over the link: when it should arrive, and when it does.
    fn send(&mut self, ready_us: Micros) -> (Micros, Option<Micros>) {
        let per_s = self.options.fps * f64::from(self.options.packets_per_frame) * HEADROOM;
        let left_us = self.link_free_us.max(ready_us) + (1e6 / per_s.max(LINK_MIN_PER_S)) as Micros;
        self.link_free_us = left_us;
        let due_us = left_us + self.one_way_us();
        let lost = self.is_lost(left_us);
        let arrives_us = due_us + self.jitter_us();
        (due_us, (!lost).then_some(arrives_us))
    }

    /// Sends a frame and tells when it was whole.
    fn frame(&mut self, capture_us: Micros, packets: usize) -> Option<Micros> {
        let ready_us = capture_us + ENCODE_US;
        let mut due = Vec::with_capacity(packets);
        let mut there: Vec<Option<Micros>> = Vec::with_capacity(packets);
        for _ in 0..packets {
            let (due_us, arrived_us) = self.send(ready_us);
            self.count(Event::Sent, due_us - self.one_way_us());
            match arrived_us {
                Some(at_us) => {
                    self.count(Event::Received, at_us);
                    self.arrivals.push((at_us, self.sequence));
                }
                None => self.count(Event::Lost, due_us + LOSS_NOTICED_US),
            }
            self.sequence += 1;
            due.push(due_us);
            there.push(arrived_us);
        }
        let decoded_us = self.protect(ready_us, &mut there);
        for (due_us, there) in due.into_iter().zip(&mut there) {
            if there.is_none() {
                let noticed_us = (due_us + LOSS_NOTICED_US).max(decoded_us.unwrap_or(Micros::MIN));
                *there = self.retransmit(capture_us, noticed_us);
            }
            if there.is_none_or(|at_us| at_us > due_us + VIEWER_PATIENCE_US) {
                self.count(Event::NackIn, due_us + VIEWER_PATIENCE_US);
            }
        }
        let whole = there.into_iter().try_fold(Micros::MIN, |last, at_us| Some(last.max(at_us?)));
        whole.filter(|at_us| *at_us <= capture_us + DEADLINE_US)
    }

    /// Sends the frame's FEC packets and recovers what they allow. Tells when all had come.
    fn protect(&mut self, ready_us: Micros, there: &mut [Option<Micros>]) -> Option<Micros> {
        if self.plan.fec_from_us.is_none_or(|from_us| ready_us < from_us) {
            return None;
        }
        let count = (there.len() * self.options.fec_rate as usize).div_ceil(100);
        // Of each FEC packet that arrived, the packets it protects.
        let mut masks: Vec<Vec<usize>> = Vec::new();
        let mut last_us = there.iter().flatten().copied().max();
        for number in 0..count {
            let protects: Vec<usize> = match self.options.fec_mask {
                FecMask::Bursty => (number..there.len()).step_by(count).collect(),
                FecMask::Random => {
                    let own = self.source.below(there.len() as u64) as usize;
                    let source = &mut self.source;
                    (0..there.len()).filter(|index| source.chance(0.5) || *index == own).collect()
                }
            };
            if let (_, Some(at_us)) = self.send(ready_us) {
                self.count(Event::FecReceived, at_us);
                last_us = last_us.max(Some(at_us));
                masks.push(protects);
            }
        }
        let at_us = last_us?;
        let missing = |there: &[Option<Micros>], mask: &[usize]| -> Vec<usize> {
            mask.iter().copied().filter(|index| there[*index].is_none()).collect()
        };
        let mut attempted: Vec<usize> = masks.iter().flat_map(|mask| missing(there, mask)).collect();
        attempted.sort_unstable();
        attempted.dedup();
        for mask in &masks {
            if missing(there, mask).is_empty() {
                self.count(Event::FecUnused, at_us);
            }
        }
        // An XOR gives back one packet; that may leave another FEC packet with only one to give.
        while let Some(index) = masks.iter().find_map(|mask| match missing(there, mask)[..] {
            [only] => Some(only),
            _ => None,
        }) {
            there[index] = Some(at_us);
            self.count(Event::FecRecovered, at_us);
        }
        for index in attempted {
            self.count(Event::FecAttempt, at_us);
            if there[index].is_none() {
                self.count(Event::FecFailed, at_us);
            }
        }
        Some(at_us)
    }

    /// Asks for a packet again, as long as it can still be in time.
    fn retransmit(&mut self, capture_us: Micros, noticed_us: Micros) -> Option<Micros> {
        let round_trip_us = 2 * self.one_way_us();
        let mut asked_us = noticed_us;
        while asked_us + round_trip_us <= capture_us + DEADLINE_US {
            self.count(Event::NackOut, asked_us);
            let share = self.loss_share(asked_us + self.one_way_us());
            let lost = self.loss.chance(share);
            let arrives_us = asked_us + round_trip_us + self.jitter_us();
            if !lost {
                self.count(Event::Received, arrives_us);
                self.count(Event::Retransmitted, arrives_us);
                return Some(arrives_us);
            }
            asked_us += round_trip_us + LOSS_NOTICED_US;
        }
        None
    }

    fn count_out_of_order(&mut self) {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.sort_unstable();
        let mut highest = 0;
        for (at_us, sequence) in arrivals {
            if sequence < highest {
                self.count(Event::OutOfOrder, at_us);
            }
            highest = highest.max(sequence);
        }
    }
}
