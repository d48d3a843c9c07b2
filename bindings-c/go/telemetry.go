package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"runtime"
	"time"
	"unsafe"
)

// Level is what makes one stat.
type Level int32

const (
	// LevelTrack: each track.
	LevelTrack Level = C.SG_LEVEL_TRACK
	// LevelParticipant: all tracks of a participant in a direction and role.
	LevelParticipant Level = C.SG_LEVEL_PARTICIPANT
)

// ByteView is which bytes of RTP packets count.
type ByteView int32

const (
	// BytesPayload is as LiveKit counts: primary and retransmitted bytes without headers and padding.
	BytesPayload ByteView = C.SG_BYTES_PAYLOAD
	// BytesWire is the whole UDP payload.
	BytesWire ByteView = C.SG_BYTES_WIRE
)

// TelemetryConfig limits a Telemetry. The zero value is the defaults.
type TelemetryConfig struct {
	// Formats say what payload types stand for, beside or instead of the defaults.
	Formats []PayloadFormat
	Level   Level
	Bytes   ByteView
	// EmitIdle is whether a track without anything new gives a stat of zeros.
	EmitIdle bool
	// Grace is how long a participant whose last track closed is remembered, with its totals; 0 is 180 seconds, and
	// a nanosecond not at all.
	Grace time.Duration
	// MaxTracks is how many tracks there may be, closed ones not yet delivered included; 0 is 2^20.
	MaxTracks uint64
	// MaxParticipants is how many participants may be remembered; 0 is 2^20.
	MaxParticipants uint64
	// MaxStreamsPerTrack is how many SSRCs one track may have; 0 is 64.
	MaxStreamsPerTrack uint64
}

// TelemetryState is what a Telemetry keeps, and what it says of itself.
type TelemetryState struct {
	// Tracks and Participants are those kept.
	Tracks, Participants uint64
	// TracksOpened, and TracksDropped after they were closed and delivered, only grow, as do the following.
	TracksOpened, TracksDropped uint64
	// ParticipantsDropped went after their grace period.
	ParticipantsDropped uint64
	// RejectedAfterClose are records that came after their track had ended.
	RejectedAfterClose uint64
	// IntervalsMerged were merged into the next one because their report failed.
	IntervalsMerged uint64
}

// Telemetry counts what the participants of one node send and receive, and takes reports of it. Any number of
// goroutines may use it and its tracks at once: recording locks the track and nothing else, and a report is one
// consistent cut of each track. Close is the contract; what is forgotten is freed some time.
type Telemetry struct {
	handle  handle[*C.sg_telemetry]
	batches *batches
}

// NewTelemetry makes telemetry of nothing yet. ErrInvalidArgument for a choice or limit that makes no sense.
func NewTelemetry(config TelemetryConfig) (*Telemetry, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	formats, count := formatsOf(&pinner, config.Formats)
	c := C.sg_telemetry_config{
		formats: formats, format_count: count, level: C.int32_t(config.Level), bytes: C.int32_t(config.Bytes),
		grace_us: C.int64_t(config.Grace.Microseconds()), has_grace_us: flag(config.Grace != 0),
		max_tracks: C.uint64_t(config.MaxTracks), max_participants: C.uint64_t(config.MaxParticipants),
		max_streams_per_track: C.uint64_t(config.MaxStreamsPerTrack), emit_idle: flag(config.EmitIdle),
	}
	var pointer *C.sg_telemetry
	var object *C.sg_error
	if err := failure(C.sg_telemetry_new(&c, C.sizeof_sg_telemetry_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	telemetry := &Telemetry{batches: &batches{}}
	telemetry.handle.own(pointer, "telemetry", func(telemetry *C.sg_telemetry) { C.sg_telemetry_free(telemetry) })
	return telemetry, nil
}

// Open opens a track, or one more handle to a track that is open; the track ends when every handle did.
// ErrCapacityExceeded past the limits, ErrAlreadyPending while a track of the same key has ended and not delivered its
// last interval. A nil Telemetry, for where it is switched off, gives a nil track, which records nothing.
func (t *Telemetry) Open(key TrackKey, nowUs int64) (*Track, error) {
	return t.OpenSeeded(key, nowUs, TrackSeed{})
}

// OpenSeeded is Open for a track that comes from another node: its totals go on from the seed, which Track.Export gave
// there, and which is not reported again here. A seed for a track that is open is ignored.
func (t *Telemetry) OpenSeeded(key TrackKey, nowUs int64, seed TrackSeed) (*Track, error) {
	if t == nil {
		return nil, nil
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	c := key.c(&pinner)
	var pointer *C.sg_track
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_open_seeded(handle, &c, C.sizeof_sg_track_key, C.int64_t(nowUs),
			(*C.sg_track_seed)(unsafe.Pointer(&seed)), C.sizeof_sg_track_seed, &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	track := &Track{telemetry: t.batches}
	track.handle.own(pointer, "track", func(track *C.sg_track) { C.sg_track_free(track) })
	return track, nil
}

// Identify says in which room a participant is; it may come before its first track or after its bytes began. Until
// then its tracks record and are not reported. ErrCapacityExceeded past the limit of participants. With a nil Telemetry it
// does nothing.
func (t *Telemetry) Identify(participant, roomID, roomName string, nowUs int64) error {
	if t == nil {
		return nil
	}
	return t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_identify(handle, chars(participant), C.size_t(len(participant)), chars(roomID), C.size_t(len(roomID)),
			chars(roomName), C.size_t(len(roomName)), C.int64_t(nowUs), object)
	})
}

// Flush takes what is pending of all tracks and counts it as delivered. ErrAlreadyPending while a report of Take is in
// flight.
func (t *Telemetry) Flush(nowUs int64) (*Report, error) {
	return t.report(func(handle *C.sg_telemetry, out **C.sg_report, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_flush(handle, C.int64_t(nowUs), out, object)
	})
}

// Take is Flush, but holds what was taken until Ack or Restore.
func (t *Telemetry) Take(nowUs int64) (*Report, error) {
	return t.report(func(handle *C.sg_telemetry, out **C.sg_report, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_take(handle, C.int64_t(nowUs), out, object)
	})
}

func (t *Telemetry) report(take func(*C.sg_telemetry, **C.sg_report, **C.sg_error) C.sg_status) (*Report, error) {
	t.batches.flush()
	var pointer *C.sg_report
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return take(handle, &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	return newReport(pointer)
}

// Ack says that the report in flight has arrived: tracks that have ended and are delivered are dropped, and
// participants whose grace period is over. False when there was none.
func (t *Telemetry) Ack(nowUs int64) (bool, error) {
	var acked C.bool
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_ack(handle, C.int64_t(nowUs), &acked, object)
	})
	return bool(acked), err
}

// Restore says that the report in flight was not delivered: all of it is pending again, and comes merged with the next
// interval. False when there was none.
func (t *Telemetry) Restore() (bool, error) {
	var restored C.bool
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_restore(handle, &restored, object)
	})
	return bool(restored), err
}

// Totals are those over all tracks of a direction and role that are or were there, reported or not. They never fall,
// but for the loss.
func (t *Telemetry) Totals(direction Direction, role Role) (TrackTotals, error) {
	t.batches.flush()
	var totals TrackTotals
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_totals(handle, C.int32_t(direction), C.int32_t(role), totals.c(), C.sizeof_sg_track_counts, object)
	})
	return totals, err
}

// ParticipantTotals is Totals for one participant. ErrNotFound when it is not, or no longer, known.
func (t *Telemetry) ParticipantTotals(participant string, direction Direction, role Role) (TrackTotals, error) {
	t.batches.flush()
	var totals TrackTotals
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_participant_totals(handle, chars(participant), C.size_t(len(participant)), C.int32_t(direction),
			C.int32_t(role), totals.c(), C.sizeof_sg_track_counts, object)
	})
	return totals, err
}

// Status tells how many tracks and participants are kept, and what telemetry says of itself.
func (t *Telemetry) Status() (TelemetryState, error) {
	var state TelemetryState
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_status(handle, (*C.sg_telemetry_state)(unsafe.Pointer(&state)), C.sizeof_sg_telemetry_state, object)
	})
	return state, err
}

// Close frees the telemetry once no call on it is under way; tracks and reports stay good. What was not taken is lost:
// take a last report before, or close the Reporter. Later calls return ErrClosed; a second Close does nothing.
func (t *Telemetry) Close() error { return t.handle.close() }

func (t *TrackTotals) c() *C.sg_track_counts { return (*C.sg_track_counts)(unsafe.Pointer(t)) }
