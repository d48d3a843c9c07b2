package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"fmt"
	"time"
)

// RingConfig bounds a ChunkRing. The first two fields must be set; zero of the others is the default.
type RingConfig struct {
	// MaxChunks is the most chunks kept; at least 1.
	MaxChunks uint64
	// MaxBytes is the most bytes kept; at least 1. A single larger chunk is kept alone.
	MaxBytes uint64
	// MaxAge is the greatest age kept, whole microseconds; 0 sets no bound.
	MaxAge time.Duration
	// MaxHeldBytes refuses reads once readers hold so many distinct bytes; 0 is as many as MaxBytes.
	MaxHeldBytes uint64
	// MaxCursors is the most cursors at a time; 0 is 65,536.
	MaxCursors uint64
	// Epoch tells this ring's positions from those of another ring of the same stream.
	Epoch uint64
	// PayloadHintBytes is the expected chunk size: buffers for up to 256 chunks and 4 MiB are made ahead of
	// time. 0 makes none.
	PayloadHintBytes uint64
}

// JoinMode says where a reader starts.
type JoinMode int32

const (
	// JoinLive starts with the next chunk that is published.
	JoinLive JoinMode = C.SG_JOIN_LIVE
	// JoinOldest starts at the oldest chunk in the ring.
	JoinOldest JoinMode = C.SG_JOIN_OLDEST
	// JoinLagBytes starts at the newest chunk from which at least so many bytes are buffered, else at the
	// oldest one. 0 or less is JoinLive.
	JoinLagBytes JoinMode = C.SG_JOIN_LAG_BYTES
	// JoinLagTime starts at the newest chunk that is at least so many microseconds older than the newest one,
	// else at the oldest one. 0 or less is JoinLive.
	JoinLagTime JoinMode = C.SG_JOIN_LAG_TIME
	// JoinRandomAccess starts at the latest random-access point; a cursor waits for the next when there is none.
	JoinRandomAccess JoinMode = C.SG_JOIN_RANDOM_ACCESS
)

// Policy says what happens to a reader that is over its hard limit, or that the ring has overtaken.
type Policy int32

const (
	// Skip goes on with the next chunk that is published.
	Skip Policy = C.SG_POLICY_SKIP
	// SkipToRandomAccess goes on at a random-access point: the latest if that is within the limits, else the next.
	SkipToRandomAccess Policy = C.SG_POLICY_SKIP_TO_RANDOM_ACCESS
	// Disconnect fails reads with ErrLagged.
	Disconnect Policy = C.SG_POLICY_DISCONNECT
)

// CursorConfig says how a cursor joins and what it puts up with. The zero value is live, Skip, and no limits
// but the ring's.
type CursorConfig struct {
	Join JoinMode
	// JoinAmount is bytes or microseconds, for the joins that need them.
	JoinAmount int64
	Policy     Policy
	// Soft warns a cursor that is over it, until it is within half of it again; 0 sets no limit in a measure.
	Soft Lag
	// Hard makes the policy act; 0 sets no limit in a measure. Being overtaken by the ring is always over it.
	Hard Lag
	// MaxReadChunks is the most chunks a read; 0 is 64.
	MaxReadChunks uint64
	// MaxReadBytes is the most bytes a read, but always one chunk; 0 is 1 MiB.
	MaxReadBytes uint64
}

// CloseKind is why a ring was closed, for programs.
type CloseKind int32

const (
	// CloseEnd: the source came to its end.
	CloseEnd CloseKind = C.SG_CLOSE_END
	// CloseCancelled: somebody stopped it.
	CloseCancelled CloseKind = C.SG_CLOSE_CANCELLED
	// CloseFailed: the source failed; the message says how.
	CloseFailed CloseKind = C.SG_CLOSE_FAILED
)

func (k CloseKind) String() string {
	switch k {
	case CloseEnd:
		return "end"
	case CloseCancelled:
		return "cancelled"
	case CloseFailed:
		return "failed"
	}
	return fmt.Sprintf("CloseKind(%d)", int32(k))
}

// CloseReason is why a ring was closed.
type CloseReason struct {
	Kind    CloseKind
	Message string
}

// ClosedError is what reads return once everything of a closed ring was read; errors.Is finds ErrClosed.
type ClosedError struct {
	Reason CloseReason
}

func (e *ClosedError) Error() string {
	if e.Reason.Message == "" {
		return "streamgauge: the ring was closed: " + e.Reason.Kind.String()
	}
	return fmt.Sprintf("streamgauge: the ring was closed: %s: %s", e.Reason.Kind, e.Reason.Message)
}

// Unwrap gives ErrClosed.
func (e *ClosedError) Unwrap() error { return ErrClosed }

// SkipReason is why a cursor jumped; 0 is: it did not.
type SkipReason int32

const (
	// SkipEvicted: the ring had evicted the cursor's next chunk.
	SkipEvicted SkipReason = C.SG_SKIP_EVICTED
	// SkipHardLimit: the cursor was over its hard limit.
	SkipHardLimit SkipReason = C.SG_SKIP_HARD_LIMIT
	// SkipAwaitedRandomAccess: the random-access point that the cursor waited for has come.
	SkipAwaitedRandomAccess SkipReason = C.SG_SKIP_AWAITED_RANDOM_ACCESS
)

// EndReason is why a cursor is at its end.
type EndReason int32

const (
	// EndLeft: its owner left without a word.
	EndLeft EndReason = C.SG_END_LEFT
	// EndDrained: it read everything of a closed ring.
	EndDrained EndReason = C.SG_END_DRAINED
	// EndLagged: it lagged and its policy is Disconnect.
	EndLagged EndReason = C.SG_END_LAGGED
	// EndWriteTimeout: its owner gave up on a write that took too long.
	EndWriteTimeout EndReason = C.SG_END_WRITE_TIMEOUT
	// EndWriteFailed: its owner could not write any more.
	EndWriteFailed EndReason = C.SG_END_WRITE_FAILED
)

// NoSequence stands where a sequence number is absent.
const NoSequence uint64 = C.SG_NO_SEQUENCE

// Position is a place in a ring's stream: what has gone by before it.
type Position struct {
	Epoch       uint64
	Sequence    uint64
	OffsetBytes uint64
	// TimeUs is the publish time of the chunk before it, microseconds; HasTime is false at the start of the ring.
	TimeUs  int64
	HasTime bool
}

// Lag is a distance between two positions, exact in each measure.
type Lag struct {
	Chunks uint64
	Bytes  uint64
	TimeUs int64
}

// ReadInfo is what a read says besides the chunks.
type ReadInfo struct {
	// Requested is where the reader wanted to read, Next where it is to read next.
	Requested, Next Position
	// Chunks and Bytes were read.
	Chunks, Bytes uint64
	// Behind is how far Requested was behind the first chunk that could be read, Lag how far Next is behind
	// the newest chunk.
	Behind, Lag Lag
	// Oldest and Newest are the sequence numbers of the chunks at the ends of the ring, see NoSequence.
	Oldest, Newest uint64
	// BufferedChunks and BufferedBytes are in the ring.
	BufferedChunks, BufferedBytes uint64
	// SkipReason is not 0 when the cursor jumped before this read; Skipped is what that left out.
	SkipReason SkipReason
	Skipped    Lag
	// Warning is whether the cursor is over its soft limit.
	Warning bool
	// Closed is why the ring was closed; nil until everything was read.
	Closed *CloseReason
}

// Account is what a cursor did, or what all cursors of a ring did together. For one cursor: where it joined +
// Delivered + Skipped + its lag is where the ring is, exactly.
type Account struct {
	Delivered, Skipped   Lag
	SkipEvents, Warnings uint64
	WorstLag             Lag
	RefusedReads         uint64
	// BlockedWriteUs and WriteTimeouts are what the owner recorded.
	BlockedWriteUs, WriteTimeouts uint64
	// Ended is how many cursors are at an end, by EndReason; those that are 0 are absent.
	Ended map[EndReason]uint64
}

// CursorStatus is a cursor as its ring sees it.
type CursorStatus struct {
	ID               uint64
	Joined, Position Position
	Lag              Lag
	Account          Account
	Warning          bool
}

// Snapshot is one consistent look at a ring.
type Snapshot struct {
	// Oldest is the position of the oldest chunk, Next that of the next one.
	Oldest, Next Position
	Buffered     Lag
	// RandomAccessPoints are buffered, the last of them at LatestRandomAccess, see NoSequence.
	RandomAccessPoints, LatestRandomAccess uint64
	// Held is what readers hold, EvictedHeld what of it is no longer buffered.
	HeldChunks, HeldBytes, EvictedHeldChunks, EvictedHeldBytes uint64
	PooledBytes, TimesWentBack                                 uint64
	// Cursors there are, have been, and that wait for the next chunk.
	Cursors, CursorsOpened, Waiting uint64
	// Account sums all cursors, those included that left.
	Account Account
	// Closed is nil while the ring is open.
	Closed *CloseReason
}

func positionOf(p C.sg_position) Position {
	return Position{uint64(p.epoch), uint64(p.sequence), uint64(p.offset_bytes), int64(p.time_us), p.has_time != 0}
}

func (p Position) c() C.sg_position {
	c := C.sg_position{epoch: C.uint64_t(p.Epoch), sequence: C.uint64_t(p.Sequence),
		offset_bytes: C.uint64_t(p.OffsetBytes), time_us: C.int64_t(p.TimeUs)}
	if p.HasTime {
		c.has_time = 1
	}
	return c
}

func lagOf(l C.sg_lag) Lag { return Lag{uint64(l.chunks), uint64(l.bytes), int64(l.time_us)} }

func (l Lag) c() C.sg_lag {
	return C.sg_lag{chunks: C.uint64_t(l.Chunks), bytes: C.uint64_t(l.Bytes), time_us: C.int64_t(l.TimeUs)}
}

func (l Lag) plus(more Lag) Lag {
	return Lag{l.Chunks + more.Chunks, l.Bytes + more.Bytes, l.TimeUs + more.TimeUs}
}

func reasonOf(kind C.int32_t, message C.sg_str) *CloseReason {
	if kind == 0 {
		return nil
	}
	return &CloseReason{CloseKind(kind), text(message)}
}

func infoOf(r *C.sg_read) ReadInfo {
	return ReadInfo{
		Requested: positionOf(r.requested), Next: positionOf(r.next),
		Chunks: uint64(r.chunks), Bytes: uint64(r.bytes),
		Behind: lagOf(r.behind), Lag: lagOf(r.lag),
		Oldest: uint64(r.oldest), Newest: uint64(r.newest),
		BufferedChunks: uint64(r.buffered_chunks), BufferedBytes: uint64(r.buffered_bytes),
		SkipReason: SkipReason(r.skip_reason), Skipped: lagOf(r.skipped),
		Warning: bool(r.warning), Closed: reasonOf(r.closed, r.close_message),
	}
}

func accountOf(a *C.sg_account) Account {
	account := Account{
		Delivered: lagOf(a.delivered), Skipped: lagOf(a.skipped),
		SkipEvents: uint64(a.skip_events), Warnings: uint64(a.warnings),
		WorstLag: lagOf(a.worst_lag), RefusedReads: uint64(a.refused_reads),
		BlockedWriteUs: uint64(a.blocked_write_us), WriteTimeouts: uint64(a.write_timeouts),
		Ended: map[EndReason]uint64{},
	}
	for reason, count := range a.ended {
		if count != 0 {
			account.Ended[EndReason(reason)] = uint64(count)
		}
	}
	return account
}

func statusOf(s *C.sg_cursor_state) CursorStatus {
	return CursorStatus{
		ID: uint64(s.id), Joined: positionOf(s.joined), Position: positionOf(s.position),
		Lag: lagOf(s.lag), Account: accountOf(&s.account), Warning: bool(s.warning),
	}
}
