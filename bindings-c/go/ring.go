package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// ChunkRing is a bounded ring of chunks: one live stream to many readers. Publishing never blocks on a reader.
// Any number of goroutines may use it at once. Close is the contract; a ring that is forgotten gives its memory
// back some time after its cursors did.
type ChunkRing struct {
	mu      sync.RWMutex
	handle  *C.sg_ring
	cleanup runtime.Cleanup
}

// ChunkInfo is what a publisher says of a chunk besides its bytes.
type ChunkInfo struct {
	// RandomAccess is whether a decoder can start at the chunk.
	RandomAccess bool
	// Preamble is what a decoder must see before it (MPEG-TS: PAT and PMT): at most 64 KiB, copied, and only
	// with RandomAccess.
	Preamble []byte
}

// NewChunkRing makes an empty ring. ErrInvalidArgument for a bound below 1.
func NewChunkRing(config RingConfig) (*ChunkRing, error) {
	c := C.sg_ring_config{
		max_chunks:         C.uint64_t(config.MaxChunks),
		max_bytes:          C.uint64_t(config.MaxBytes),
		max_age_us:         C.int64_t(config.MaxAge.Microseconds()),
		max_held_bytes:     C.uint64_t(config.MaxHeldBytes),
		max_cursors:        C.uint64_t(config.MaxCursors),
		epoch:              C.uint64_t(config.Epoch),
		payload_hint_bytes: C.uint64_t(config.PayloadHintBytes),
	}
	if config.MaxAge != 0 && c.max_age_us == 0 {
		return nil, &Error{Status: C.SG_INVALID_ARGUMENT, Message: "MaxAge is below a microsecond"}
	}
	var handle *C.sg_ring
	var object *C.sg_error
	if err := failure(C.sg_ring_new(&c, C.sizeof_sg_ring_config, &handle, &object), object); err != nil {
		return nil, err
	}
	ring := &ChunkRing{handle: handle}
	ring.cleanup = runtime.AddCleanup(ring, func(handle *C.sg_ring) { C.sg_ring_free(handle) }, handle)
	return ring, nil
}

// Publish copies the bytes into the ring as one chunk of now, evicts what is over the bounds, wakes who waits,
// and gives the chunk's sequence number. No bytes are no chunk: NoSequence. ErrClosed after the ring was closed.
func (r *ChunkRing) Publish(chunk []byte) (uint64, error) {
	return r.PublishAt(time.Now().UnixMicro(), chunk)
}

// PublishAt is Publish with the time given, in microseconds on any clock. A time before that of the last chunk
// is taken to be the same, and counted.
func (r *ChunkRing) PublishAt(nowUs int64, chunk []byte) (uint64, error) {
	var sequence C.uint64_t
	err := r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_ring_publish(handle, C.int64_t(nowUs), bytesOf(chunk), C.size_t(len(chunk)), &sequence, object)
	})
	return uint64(sequence), err
}

// PublishWith is PublishAt, and says what the chunk is. ErrInvalidArgument for a preamble without random access,
// ErrOutOfRange for one over 64 KiB.
func (r *ChunkRing) PublishWith(nowUs int64, chunk []byte, info ChunkInfo) (uint64, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var c C.sg_chunk_info
	if info.RandomAccess {
		c.random_access = 1
	}
	c.preamble = pinned(&pinner, info.Preamble)
	var sequence C.uint64_t
	err := r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_ring_publish_with(handle, C.int64_t(nowUs), bytesOf(chunk), C.size_t(len(chunk)),
			&c, C.sizeof_sg_chunk_info, &sequence, object)
	})
	return uint64(sequence), err
}

// PublishBatch copies many chunks in with one call and one lock and wakes readers once; empty ones are left out.
// It gives how many were added. Errors as for Publish.
func (r *ChunkRing) PublishBatch(nowUs int64, chunks [][]byte) (int, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	list := make([]C.sg_bytes, len(chunks))
	for i, chunk := range chunks {
		list[i] = pinned(&pinner, chunk)
	}
	var added C.uint64_t
	err := r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_ring_publish_batch(handle, C.int64_t(nowUs), unsafe.SliceData(list), C.size_t(len(list)), &added, object)
	})
	return int(added), err
}

// End ends publishing: readers get a ClosedError with the reason once they have read what is left. Only the
// first call counts; it says whether this was it.
func (r *ChunkRing) End(reason CloseReason) (bool, error) {
	var first C.bool
	err := r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_ring_close(handle, C.int32_t(reason.Kind), chars(reason.Message), C.size_t(len(reason.Message)), &first, object)
	})
	return bool(first), err
}

// Close ends publishing as cancelled, unless it was ended before, and frees this handle once no call on it is
// under way. Cursors stay good and drain what is left. Later calls return ErrClosed; a second Close does nothing.
func (r *ChunkRing) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handle != nil {
		C.sg_ring_close(r.handle, C.SG_CLOSE_CANCELLED, nil, 0, nil, nil)
		r.cleanup.Stop()
		C.sg_ring_free(r.handle)
		r.handle = nil
	}
	return nil
}

// Expire evicts what is older than MaxAge. Publishing does so too; this is for a stream that has stopped.
func (r *ChunkRing) Expire(nowUs int64) error {
	return r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_ring_expire(handle, C.int64_t(nowUs), object)
	})
}

// Join gives where a reader that joins in this way starts, and whether the ring had what was asked for.
func (r *ChunkRing) Join(mode JoinMode, amount int64) (position Position, satisfied bool, err error) {
	var c C.sg_position
	var enough C.bool
	err = r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_ring_join(handle, C.int32_t(mode), C.int64_t(amount), &c, &enough, object)
	})
	return positionOf(c), bool(enough), err
}

// Lag gives how far the position is behind the newest chunk, exactly, evicted or not. ErrStaleCursor for one of
// another epoch, or one that this ring has not come to.
func (r *ChunkRing) Lag(position Position) (Lag, error) {
	c := position.c()
	var lag C.sg_lag
	err := r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_ring_lag(handle, &c, &lag, object)
	})
	return lagOf(lag), err
}

// ReadAt reads from a position without a cursor and without waiting: up to so many chunks and bytes (but at
// least one chunk), from the oldest one on when the position was evicted. What the batch held is released.
// ErrStaleCursor as for Lag; ErrCapacityExceeded when readers hold too much.
func (r *ChunkRing) ReadAt(position Position, maxChunks, maxBytes uint64, batch *Batch) (ReadInfo, error) {
	c := position.c()
	var info ReadInfo
	err := batch.fill(func(handle *C.sg_batch, read *C.sg_read) error {
		err := r.call(func(ring *C.sg_ring, object **C.sg_error) C.sg_status {
			return C.sg_ring_read(ring, &c, C.uint64_t(maxChunks), C.uint64_t(maxBytes), handle, read, C.sizeof_sg_read, object)
		})
		if err == nil {
			info = infoOf(read)
		}
		return err
	})
	return info, err
}

// Snapshot is one consistent look at everything but the single cursors.
func (r *ChunkRing) Snapshot() (Snapshot, error) {
	var s C.sg_ring_state
	var snapshot Snapshot
	err := r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
		status := C.sg_ring_snapshot(handle, &s, C.sizeof_sg_ring_state, object)
		if status == C.SG_OK {
			snapshot = Snapshot{
				Oldest: positionOf(s.oldest), Next: positionOf(s.next), Buffered: lagOf(s.buffered),
				RandomAccessPoints: uint64(s.random_access_points),
				LatestRandomAccess: uint64(s.latest_random_access),
				HeldChunks:         uint64(s.held_chunks), HeldBytes: uint64(s.held_bytes),
				EvictedHeldChunks: uint64(s.evicted_held_chunks), EvictedHeldBytes: uint64(s.evicted_held_bytes),
				PooledBytes: uint64(s.pooled_bytes), TimesWentBack: uint64(s.times_went_back),
				Cursors: uint64(s.cursors), CursorsOpened: uint64(s.cursors_opened), Waiting: uint64(s.waiting),
				Account: accountOf(&s.account), Closed: reasonOf(s.closed, s.close_message),
			}
		}
		return status
	})
	return snapshot, err
}

// Cursors gives the status of every cursor, in the order in which they came.
func (r *ChunkRing) Cursors() ([]CursorStatus, error) {
	var states []C.sg_cursor_state
	var count C.size_t
	for {
		err := r.call(func(handle *C.sg_ring, object **C.sg_error) C.sg_status {
			return C.sg_ring_cursors(handle, unsafe.SliceData(states), C.sizeof_sg_cursor_state, C.size_t(len(states)), &count, object)
		})
		if err != nil {
			return nil, err
		}
		if int(count) <= len(states) {
			break
		}
		states = make([]C.sg_cursor_state, int(count)+int(count)/8)
	}
	all := make([]CursorStatus, int(count))
	for i := range all {
		all[i] = statusOf(&states[i])
	}
	return all, nil
}

// call makes one call on the handle, which stays until it is done.
func (r *ChunkRing) call(call func(*C.sg_ring, **C.sg_error) C.sg_status) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.handle == nil {
		return &Error{Status: C.SG_CLOSED, Message: "the ring's handle was closed"}
	}
	var object *C.sg_error
	return failure(call(r.handle, &object), object)
}

func bytesOf(data []byte) *C.uint8_t {
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(data)))
}

// pinned is a slice as a field of a struct sees it, until the pinner lets go.
func pinned(pinner *runtime.Pinner, data []byte) C.sg_bytes {
	if len(data) == 0 {
		return C.sg_bytes{}
	}
	pinner.Pin(unsafe.SliceData(data))
	return C.sg_bytes{data: bytesOf(data), len: C.size_t(len(data))}
}
