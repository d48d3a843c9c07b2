//! Telemetry of an SFU: participants, their tracks, and what each reports at a cadence of the
//! caller's.
//!
//! A [`Telemetry`] and its [`Track`]s are used from any number of threads. Recording locks the track
//! and nothing else; a flush locks one track at a time, so what it takes of a track is one
//! consistent cut. What was taken is held until it is acknowledged; what could not be delivered is
//! pending again.

mod account;
#[cfg(feature = "sync")]
mod reporter;
mod shared;
mod stat;
mod sync;
mod totals;
mod track;

pub use account::{Account, Group, GroupAccount, TrackAccount};
#[cfg(feature = "sync")]
pub use reporter::Reporter;
pub use stat::{DataSummary, Scores, Stat, StatsKey, coalesce};
pub use totals::{LayerTotals, MAX_LAYERS, TrackTotals};
pub use track::{DataPacket, RtcpSample, Track, TrackSeed};

use crate::error::{Error, ErrorKind, Result};
use crate::ledger::Totals;
use crate::rtp::PayloadMap;
use crate::time::Micros;
use shared::Shared;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use sync::{Mutex, MutexGuard};

/// Which way a track goes, seen from the server.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// From a publisher to the server. Exists only at the publisher's home node.
    Upstream,
    /// From the server to a subscriber: under the subscriber's id, with the publisher's track id.
    Downstream,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// A client.
    #[default]
    Edge,
    /// Another server: never added to edge traffic, never in the LiveKit protobuf.
    Relay,
}

/// What a track carries.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TrackKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// A data track or channel.
    Data,
    /// The signal channel.
    Signal,
}

impl TrackKind {
    /// The stable name: lower case.
    pub const fn code(self) -> &'static str {
        match self {
            TrackKind::Audio => "audio",
            TrackKind::Video => "video",
            TrackKind::Data => "data",
            TrackKind::Signal => "signal",
        }
    }
}

/// Which track of whom. Participant, track, direction and role tell tracks apart; the rest describes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrackKey {
    /// The participant: the publisher upstream, the subscriber downstream.
    pub participant: String,
    /// The track: the publisher's id in both directions.
    pub track: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Who is at the other end.
    pub role: Role,
    /// What it carries.
    pub kind: TrackKind,
    /// Where it comes from: camera, microphone, screen share; empty when unknown.
    pub source: String,
    /// Its codec or content; empty when unknown. [`Track::set_mime`] changes it.
    pub mime: String,
    /// The participant's country; empty when unknown.
    pub country: String,
}

/// What makes one stat.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Level {
    /// Each track.
    #[default]
    Track,
    /// All tracks of a participant in a direction and role.
    Participant,
}

/// Which bytes of a packet count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ByteView {
    /// Payload, as LiveKit counts: primary and retransmitted bytes without headers and padding.
    #[default]
    Payload,
    /// The whole UDP payload.
    Wire,
}

/// Limits and choices of a [`Telemetry`].
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// What makes one stat.
    pub level: Level,
    /// Which bytes of RTP packets count.
    pub bytes: ByteView,
    /// Whether a track without anything new gives a stat of zeros.
    pub emit_idle: bool,
    /// How long a participant whose last track closed is remembered, with its totals.
    pub grace_us: Micros,
    /// How many tracks there may be, closed ones not yet delivered included.
    pub max_tracks: usize,
    /// How many participants may be remembered.
    pub max_participants: usize,
    /// How many SSRCs one track may have; see [`crate::rtp::RtpConfig`].
    pub max_streams_per_track: usize,
    /// What the payload types stand for.
    pub payloads: Arc<PayloadMap>,
}

impl Default for TelemetryConfig {
    fn default() -> TelemetryConfig {
        TelemetryConfig {
            level: Level::default(),
            bytes: ByteView::default(),
            emit_idle: false,
            grace_us: 180 * crate::time::SECOND_US,
            max_tracks: 1 << 20,
            max_participants: 1 << 20,
            max_streams_per_track: 64,
            payloads: Arc::new(PayloadMap::default()),
        }
    }
}

/// What telemetry says of itself. Only grows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TelemetryCounts {
    /// Tracks opened.
    pub tracks_opened: u64,
    /// Tracks closed and dropped.
    pub tracks_dropped: u64,
    /// Participants dropped after their grace period.
    pub participants_dropped: u64,
    /// Records that came after their track's close.
    pub rejected_after_close: u64,
    /// Intervals that were merged into the next one because their report failed.
    pub intervals_merged: u64,
}

/// What [`Telemetry::take`] took.
#[derive(Clone, Debug)]
pub struct Report {
    /// Consecutive number, from 1.
    pub sequence: u64,
    /// When the report acknowledged before was taken; for the first, the earliest start of a stat.
    pub start_us: Micros,
    /// When it was taken.
    pub time_us: Micros,
    /// One stat a track or participant, by key.
    pub stats: Vec<Stat>,
}

/// Telemetry of one node. Cheap to clone; clones are the same telemetry.
#[derive(Clone, Debug)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: TelemetryConfig,
    registry: Mutex<Registry>,
    /// Held for the length of a take, ack or restore, so that these do not mix.
    delivery: Mutex<Delivery>,
}

#[derive(Debug, Default)]
struct Registry {
    tracks: BTreeMap<TrackId, Arc<Shared>>,
    participants: BTreeMap<String, Participant>,
    counts: TelemetryCounts,
    /// Totals of tracks that are gone, by direction and role.
    retired: BTreeMap<(Direction, Role), TrackTotals>,
    /// Every group there ever was, with what its tracks counted that are gone.
    groups: BTreeMap<Group, GroupAccount>,
}

#[derive(Debug, Default)]
struct Delivery {
    sequence: u64,
    in_flight: Option<Vec<Arc<Shared>>>,
    taken_us: Micros,
    acknowledged_us: Option<Micros>,
}

/// What tells tracks apart.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct TrackId {
    participant: String,
    track: String,
    direction: Direction,
    role: Role,
}

#[derive(Debug)]
struct Room {
    id: String,
    name: String,
}

#[derive(Debug, Default)]
struct Participant {
    /// A participant without one is not reported until it has.
    room: Option<Arc<Room>>,
    open_tracks: usize,
    /// When its last track was dropped.
    idle_since_us: Option<Micros>,
    totals: BTreeMap<(Direction, Role), TrackTotals>,
}

impl Telemetry {
    /// Telemetry of nothing yet.
    ///
    /// # Errors
    /// `InvalidArgument` when a limit is 0 or the grace period is negative.
    pub fn new(config: TelemetryConfig) -> Result<Telemetry> {
        for (name, limit) in [
            ("max_tracks", config.max_tracks),
            ("max_participants", config.max_participants),
            ("max_streams_per_track", config.max_streams_per_track),
        ] {
            if limit == 0 {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("{name} is 0, at least 1")));
            }
        }
        if config.grace_us < 0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("grace_us is {}, at least 0", config.grace_us),
            ));
        }
        Ok(Telemetry {
            inner: Arc::new(Inner { config, registry: Mutex::default(), delivery: Mutex::default() }),
        })
    }

    /// Opens a track, or one more handle to a track that is open. The track closes when every handle
    /// has been closed.
    ///
    /// # Errors
    /// `CapacityExceeded` past the limits; `AlreadyPending` while a closed track of the same key has
    /// not delivered its last interval.
    pub fn open(&self, key: TrackKey, now_us: Micros) -> Result<Track> {
        self.open_seeded(key, now_us, TrackSeed::default())
    }

    /// As [`Telemetry::open`] for a track that comes from another node: totals go on from the seed,
    /// which was reported there and is not reported again. A seed for a track that is open is
    /// ignored.
    ///
    /// # Errors
    /// As [`Telemetry::open`].
    pub fn open_seeded(&self, key: TrackKey, now_us: Micros, seed: TrackSeed) -> Result<Track> {
        let config = &self.inner.config;
        let id = TrackId {
            participant: key.participant.clone(),
            track: key.track.clone(),
            direction: key.direction,
            role: key.role,
        };
        let mut registry = self.registry();
        if let Some(shared) = registry.tracks.get(&id) {
            return Track::join(shared).ok_or_else(|| {
                Error::new(
                    ErrorKind::AlreadyPending,
                    format!("track {} was closed and has not been delivered", key.track),
                )
            });
        }
        if registry.tracks.len() >= config.max_tracks {
            return Err(Error::new(
                ErrorKind::CapacityExceeded,
                format!("there are {} tracks, the limit", config.max_tracks),
            ));
        }
        if !registry.participants.contains_key(&key.participant)
            && registry.participants.len() >= config.max_participants
        {
            return Err(Error::new(
                ErrorKind::CapacityExceeded,
                format!("there are {} participants, the limit", config.max_participants),
            ));
        }
        let group = Group::of(&key);
        let shared = Arc::new(Shared::new(config, key, now_us, seed)?);
        registry.groups.entry(group).or_insert(GroupAccount {
            group,
            start_us: now_us,
            totals: TrackTotals::default(),
        });
        let participant = registry.participants.entry(id.participant.clone()).or_default();
        participant.open_tracks += 1;
        participant.idle_since_us = None;
        registry.counts.tracks_opened += 1;
        let track = Track::first(&shared);
        registry.tracks.insert(id, shared);
        Ok(track)
    }

    /// Says in which room a participant is; may come before its first track or after its bytes
    /// began. Until then its tracks record and are not reported.
    ///
    /// # Errors
    /// `CapacityExceeded` past the limit of participants.
    pub fn identify(&self, participant: &str, room_id: &str, room_name: &str, now_us: Micros) -> Result<()> {
        let mut registry = self.registry();
        if !registry.participants.contains_key(participant) {
            if registry.participants.len() >= self.inner.config.max_participants {
                return Err(Error::new(
                    ErrorKind::CapacityExceeded,
                    format!("there are {} participants, the limit", self.inner.config.max_participants),
                ));
            }
            let entry = Participant { idle_since_us: Some(now_us), ..Participant::default() };
            registry.participants.insert(participant.to_owned(), entry);
        }
        if let Some(entry) = registry.participants.get_mut(participant) {
            entry.room = Some(Arc::new(Room { id: room_id.to_owned(), name: room_name.to_owned() }));
        }
        Ok(())
    }

    /// Takes what is pending of all tracks and counts it as delivered.
    ///
    /// # Errors
    /// `AlreadyPending` while a report of [`Telemetry::take`] is in flight.
    pub fn flush(&self, now_us: Micros) -> Result<Report> {
        self.report(now_us, true)
    }

    /// Takes what is pending of all tracks and holds it until [`Telemetry::ack`] or
    /// [`Telemetry::restore`].
    ///
    /// # Errors
    /// `AlreadyPending` while the report before is in flight.
    pub fn take(&self, now_us: Micros) -> Result<Report> {
        self.report(now_us, false)
    }

    fn report(&self, now_us: Micros, delivered: bool) -> Result<Report> {
        let delivery = &mut *lock(&self.inner.delivery);
        if delivery.in_flight.is_some() {
            return Err(Error::new(
                ErrorKind::AlreadyPending,
                format!("report {} is neither acknowledged nor restored", delivery.sequence),
            ));
        }
        let known = self.registry().known();
        let mut stats = Vec::with_capacity(known.len());
        let mut taken = Vec::new();
        for (shared, room) in known {
            let (stat, drained) = shared.take(now_us, &room, &self.inner.config, delivered)?;
            stats.extend(stat);
            if drained || !delivered {
                taken.push(shared);
            }
        }
        if self.inner.config.level == Level::Participant {
            stats = coalesce(stats);
        }
        delivery.sequence += 1;
        delivery.taken_us = now_us;
        let acknowledged_us = delivery.acknowledged_us;
        if delivered {
            self.delivered(delivery, taken, now_us);
        } else {
            delivery.in_flight = Some(taken);
        }
        let first_us = || stats.iter().map(|stat| stat.interval.start_us).min();
        let start_us = acknowledged_us.or_else(first_us).unwrap_or(now_us).min(now_us);
        Ok(Report { sequence: delivery.sequence, start_us, time_us: now_us, stats })
    }

    /// The report in flight has arrived. Tracks that are closed and delivered are dropped, and
    /// participants whose grace period is over. `false` when there was none.
    pub fn ack(&self, now_us: Micros) -> bool {
        let delivery = &mut *lock(&self.inner.delivery);
        let Some(taken) = delivery.in_flight.take() else { return false };
        let drained = taken.into_iter().filter(|shared| shared.ack()).collect();
        self.delivered(delivery, drained, now_us);
        true
    }

    /// What was taken last has arrived; nothing more will come of `drained`.
    fn delivered(&self, delivery: &mut Delivery, drained: Vec<Arc<Shared>>, now_us: Micros) {
        delivery.acknowledged_us = delivery.acknowledged_us.max(Some(delivery.taken_us));
        let mut registry = self.registry();
        for shared in drained {
            registry.drop_track(&shared, now_us);
        }
        registry.drop_participants(now_us, self.inner.config.grace_us);
    }

    /// The report in flight was not delivered: all of it is pending again, and comes merged with the
    /// next interval. `false` when there was none.
    pub fn restore(&self) -> bool {
        let mut delivery = lock(&self.inner.delivery);
        let Some(taken) = delivery.in_flight.take() else { return false };
        let merged = taken.iter().filter(|shared| shared.restore()).count();
        self.registry().counts.intervals_merged += merged as u64;
        true
    }

    /// Totals over all tracks of a direction and role that are or were there. Never falls, but for
    /// the signed ones.
    pub fn totals(&self, direction: Direction, role: Role) -> TrackTotals {
        let registry = self.registry();
        let mut sum = registry.retired.get(&(direction, role)).copied().unwrap_or_default();
        for (id, shared) in &registry.tracks {
            if (id.direction, id.role) == (direction, role) {
                sum.add(&shared.totals());
            }
        }
        sum
    }

    /// The same for one participant; absent when it is not, or no longer, known.
    pub fn participant_totals(
        &self,
        participant: &str,
        direction: Direction,
        role: Role,
    ) -> Option<TrackTotals> {
        let registry = self.registry();
        let entry = registry.participants.get(participant)?;
        let mut sum = entry.totals.get(&(direction, role)).copied().unwrap_or_default();
        for (id, shared) in &registry.tracks {
            if id.participant == participant && (id.direction, id.role) == (direction, role) {
                sum.add(&shared.totals());
            }
        }
        Some(sum)
    }

    /// Every track that is kept, with everything counted of it: for an exposition.
    pub fn snapshot(&self) -> Vec<(TrackKey, TrackTotals)> {
        let tracks: Vec<Arc<Shared>> = self.registry().tracks.values().cloned().collect();
        tracks.iter().map(|shared| (shared.key.clone(), shared.totals())).collect()
    }

    /// Everything counted on this node since its start, for formats with cumulative counts. The
    /// groups never fall, but for signed fields; tracks are there until they are dropped.
    pub fn account(&self) -> Account {
        let registry = self.registry();
        let mut groups = registry.groups.clone();
        let mut tracks = Vec::with_capacity(registry.tracks.len());
        for shared in registry.tracks.values() {
            let totals = shared.counted_here();
            if let Some(group) = groups.get_mut(&Group::of(&shared.key)) {
                group.totals.add(&totals);
            }
            tracks.push(TrackAccount { key: shared.key.clone(), start_us: shared.opened_us, totals });
        }
        Account { groups: groups.into_values().collect(), tracks }
    }

    /// What telemetry says of itself.
    pub fn counts(&self) -> TelemetryCounts {
        let registry = self.registry();
        let mut counts = registry.counts;
        counts.rejected_after_close += registry.tracks.values().map(|shared| shared.rejected()).sum::<u64>();
        counts
    }

    /// How many tracks and participants are kept.
    pub fn len(&self) -> (usize, usize) {
        let registry = self.registry();
        (registry.tracks.len(), registry.participants.len())
    }

    /// Whether no track is kept.
    pub fn is_empty(&self) -> bool {
        self.registry().tracks.is_empty()
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.inner.registry)
    }
}

impl Registry {
    /// The tracks of participants whose room is known.
    fn known(&self) -> Vec<(Arc<Shared>, Arc<Room>)> {
        let mut known = Vec::with_capacity(self.tracks.len());
        // Tracks are in the order of their participants, so each is looked up once.
        let (mut participant, mut room) = (None, None);
        for (id, shared) in &self.tracks {
            if participant != Some(&id.participant) {
                participant = Some(&id.participant);
                room = self.participants.get(&id.participant).and_then(|entry| entry.room.as_ref());
            }
            if let Some(room) = room {
                known.push((shared.clone(), room.clone()));
            }
        }
        known
    }

    fn drop_track(&mut self, shared: &Arc<Shared>, now_us: Micros) {
        let key = &shared.key;
        let id = TrackId {
            participant: key.participant.clone(),
            track: key.track.clone(),
            direction: key.direction,
            role: key.role,
        };
        // A track is taken out once: a second drop finds none.
        if !self.tracks.get(&id).is_some_and(|kept| Arc::ptr_eq(kept, shared)) {
            return;
        }
        self.tracks.remove(&id);
        self.counts.tracks_dropped += 1;
        self.counts.rejected_after_close += shared.rejected();
        let totals = shared.totals();
        if let Some(group) = self.groups.get_mut(&Group::of(key)) {
            group.totals.add(&shared.counted_here());
        }
        self.retired.entry((id.direction, id.role)).or_default().add(&totals);
        if let Some(participant) = self.participants.get_mut(&id.participant) {
            participant.totals.entry((id.direction, id.role)).or_default().add(&totals);
            participant.open_tracks -= 1;
            if participant.open_tracks == 0 {
                participant.idle_since_us = Some(now_us);
            }
        }
    }

    fn drop_participants(&mut self, now_us: Micros, grace_us: Micros) {
        let before = self.participants.len();
        self.participants.retain(|_, participant| {
            participant.idle_since_us.is_none_or(|since| now_us.saturating_sub(since) < grace_us)
        });
        self.counts.participants_dropped += (before - self.participants.len()) as u64;
    }
}

/// A lock that a panic elsewhere does not take away: every critical section leaves its data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
