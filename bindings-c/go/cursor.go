package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"unsafe"
)

// Chunk is a chunk that a Batch holds. Bytes and Preamble are the ring's own memory, not a copy: they are good
// until the batch is released, closed, or used for the next read, and must not be written.
type Chunk struct {
	Sequence uint64
	// TimeUs is when it was published, microseconds.
	TimeUs int64
	// RandomAccess is whether a decoder can start here.
	RandomAccess bool
	Bytes        []byte
	// Preamble is, at a random-access point, what a decoder must see before it.
	Preamble []byte
}

// Batch holds chunks that were read, without copies. Make one and use it for every read of a cursor. One
// goroutine at a time uses it; a read with a batch in use elsewhere returns ErrBusy.
type Batch struct {
	mu      sync.Mutex
	handle  *C.sg_batch
	views   []C.sg_chunk
	cleanup runtime.Cleanup
}

// NewBatch makes a batch that holds nothing yet.
func NewBatch() (*Batch, error) {
	var handle *C.sg_batch
	var object *C.sg_error
	if err := failure(C.sg_batch_new(&handle, &object), object); err != nil {
		return nil, err
	}
	batch := &Batch{handle: handle}
	batch.cleanup = runtime.AddCleanup(batch, func(handle *C.sg_batch) { C.sg_batch_free(handle) }, handle)
	return batch, nil
}

// Len is how many chunks are held.
func (b *Batch) Len() int { return len(b.views) }

// Chunk gives the chunk at the index, 0 the oldest; it panics when there is none. The batch must be kept
// (runtime.KeepAlive, or a later Release or Close) for as long as the bytes are used.
func (b *Batch) Chunk(index int) Chunk {
	view := &b.views[index]
	return Chunk{
		Sequence: uint64(view.sequence), TimeUs: int64(view.time_us), RandomAccess: bool(view.random_access),
		Bytes: seen(view.bytes), Preamble: seen(view.preamble),
	}
}

// Chunks goes through the chunks, oldest first, and keeps the batch meanwhile.
func (b *Batch) Chunks() iter.Seq[Chunk] {
	return func(yield func(Chunk) bool) {
		defer runtime.KeepAlive(b)
		for index := range b.views {
			if !yield(b.Chunk(index)) {
				return
			}
		}
	}
}

// Release lets go of all chunks. Doing it again is nothing.
func (b *Batch) Release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.views = nil
	if b.handle != nil {
		C.sg_batch_release(b.handle, nil)
	}
}

// Close releases the chunks and frees the batch. Later reads with it return ErrClosed.
func (b *Batch) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.views = nil
	if b.handle != nil {
		b.cleanup.Stop()
		C.sg_batch_free(b.handle)
		b.handle = nil
	}
	return nil
}

// fill makes one read with the batch, which holds nothing when that fails.
func (b *Batch) fill(read func(*C.sg_batch, *C.sg_read) error) error {
	if !b.mu.TryLock() {
		return &Error{Status: C.SG_BUSY, Message: "the batch is in use on another goroutine"}
	}
	defer b.mu.Unlock()
	b.views = nil
	if b.handle == nil {
		return &Error{Status: C.SG_CLOSED, Message: "the batch was closed"}
	}
	var answer C.sg_read
	if err := read(b.handle, &answer); err != nil {
		return err
	}
	b.views = unsafe.Slice(answer.views, int(answer.chunks))
	return nil
}

func seen(bytes C.sg_bytes) []byte {
	if bytes.len == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(bytes.data)), int(bytes.len))
}

// Cursor is a reader of a ring. One goroutine at a time uses it: others get ErrBusy, also while it waits. Close is
// the contract, and ends a wait; a cursor that is forgotten leaves the ring some time.
type Cursor struct {
	mu      sync.Mutex
	handle  *C.sg_cursor
	waiter  uintptr
	wake    chan struct{}
	closing chan struct{}
	once    sync.Once
	cleanup runtime.Cleanup

	// What Read has not copied yet.
	rest   *Batch
	at     int
	offset int
	info   ReadInfo

	// Jumps that brought no chunks yet.
	jump    SkipReason
	skipped Lag
}

type cursorParts struct {
	handle *C.sg_cursor
	waiter uintptr
}

func (p cursorParts) free() {
	waiters.Delete(p.waiter)
	C.sg_cursor_free(p.handle)
}

// NewCursor makes a reader, also of a ring that has ended, which it then drains. ErrCapacityExceeded when the
// ring has its MaxCursors.
func (r *ChunkRing) NewCursor(config CursorConfig) (*Cursor, error) {
	c := C.sg_cursor_config{
		join: C.int32_t(config.Join), policy: C.int32_t(config.Policy), join_amount: C.int64_t(config.JoinAmount),
		soft: config.Soft.c(), hard: config.Hard.c(),
		max_read_chunks: C.uint64_t(config.MaxReadChunks), max_read_bytes: C.uint64_t(config.MaxReadBytes),
	}
	var handle *C.sg_cursor
	err := r.call(func(ring *C.sg_ring, object **C.sg_error) C.sg_status {
		return C.sg_cursor_new(ring, &c, C.sizeof_sg_cursor_config, &handle, object)
	})
	if err != nil {
		return nil, err
	}
	waiter, wake := newWaiter()
	cursor := &Cursor{handle: handle, waiter: waiter, wake: wake, closing: make(chan struct{})}
	cursor.cleanup = runtime.AddCleanup(cursor, cursorParts.free, cursorParts{handle, waiter})
	return cursor, nil
}

// ReadViews reads the chunks that come next, without copies, and waits while there are none. What the batch held
// is released. It returns as soon as there is something: one chunk or many, up to the limits of the cursor.
//
// Errors: a ClosedError once everything of a closed ring was read; ErrLagged when the cursor is too slow and its
// policy is Disconnect, also ever after; ErrCapacityExceeded when readers hold too much (the cursor stays where
// it is); ErrCancelled or ErrTimedOut, which wrap those of context, when ctx is done first; ErrBusy. A ctx that
// is done already reads what is there.
func (c *Cursor) ReadViews(ctx context.Context, batch *Batch) (ReadInfo, error) {
	if err := c.enter(); err != nil {
		return ReadInfo{}, err
	}
	defer c.mu.Unlock()
	if c.unread() {
		return ReadInfo{}, errUnread()
	}
	return c.read(ctx, batch)
}

// TryReadViews reads what is there, without waiting: no chunks and no Closed is nothing new yet. Errors as for
// ReadViews, but the end of a closed ring is told by Closed.
func (c *Cursor) TryReadViews(batch *Batch) (ReadInfo, error) {
	if err := c.enter(); err != nil {
		return ReadInfo{}, err
	}
	defer c.mu.Unlock()
	if c.unread() {
		return ReadInfo{}, errUnread()
	}
	var info ReadInfo
	err := batch.fill(func(handle *C.sg_batch, read *C.sg_read) error {
		var object *C.sg_error
		err := failure(C.sg_cursor_read(c.handle, handle, read, C.sizeof_sg_read, &object), object)
		if err == nil {
			info = infoOf(read)
		}
		return err
	})
	return info, err
}

// Read copies what comes next into buf, across chunks, and waits while there is nothing. A chunk that does not fit
// is continued by the next call. The ReadInfo is that of the read that brought the bytes; a jump is named once.
// Payload only: for preambles use ReadViews. Errors as for ReadViews.
func (c *Cursor) Read(ctx context.Context, buf []byte) (int, ReadInfo, error) {
	if err := c.enter(); err != nil {
		return 0, ReadInfo{}, err
	}
	defer c.mu.Unlock()
	if len(buf) == 0 {
		return 0, ReadInfo{}, &Error{Status: C.SG_INVALID_ARGUMENT, Message: "buf is empty"}
	}
	if c.rest == nil {
		batch, err := NewBatch()
		if err != nil {
			return 0, ReadInfo{}, err
		}
		c.rest = batch
	}
	if !c.unread() {
		info, err := c.read(ctx, c.rest)
		if err != nil {
			return 0, info, err
		}
		c.at, c.offset, c.info = 0, 0, info
	}
	copied := 0
	for c.unread() && copied < len(buf) {
		left := c.rest.Chunk(c.at).Bytes[c.offset:]
		n := copy(buf[copied:], left)
		copied, c.offset = copied+n, c.offset+n
		if n == len(left) {
			c.at, c.offset = c.at+1, 0
		}
	}
	info := c.info
	c.info.SkipReason = 0
	if !c.unread() {
		c.rest.Release()
	}
	return copied, info, nil
}

// Status is where the cursor is, how far behind, and what it did. While it waits elsewhere it is busy: Cursors of
// the ring then tells the same.
func (c *Cursor) Status() (CursorStatus, error) {
	if err := c.enter(); err != nil {
		return CursorStatus{}, err
	}
	defer c.mu.Unlock()
	var state C.sg_cursor_state
	var object *C.sg_error
	err := failure(C.sg_cursor_status(c.handle, &state, C.sizeof_sg_cursor_state, &object), object)
	return statusOf(&state), err
}

// RecordBlockedWrite puts a write that was blocked for so many microseconds into the account, and whether it ran
// out of time.
func (c *Cursor) RecordBlockedWrite(blockedUs uint64, timedOut bool) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.mu.Unlock()
	var flag C.uint8_t
	if timedOut {
		flag = 1
	}
	var object *C.sg_error
	return failure(C.sg_cursor_record_blocked_write(c.handle, C.uint64_t(blockedUs), flag, &object), object)
}

// Finish leaves the ring, frees the cursor and gives the final account. The reason counts unless the cursor had
// come to its end already (drained or lagged).
func (c *Cursor) Finish(reason EndReason) (Account, error) {
	if err := c.enter(); err != nil {
		return Account{}, err
	}
	defer c.mu.Unlock()
	var account C.sg_account
	var object *C.sg_error
	err := failure(C.sg_cursor_finish(c.handle, C.int32_t(reason), &account, C.sizeof_sg_account, &object), object)
	if err != nil {
		return Account{}, err
	}
	c.free()
	return accountOf(&account), nil
}

// Close ends a wait that is under way, leaves the ring and frees the cursor. Later calls return ErrClosed; a second
// Close does nothing.
func (c *Cursor) Close() error {
	c.once.Do(func() { close(c.closing) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free()
	return nil
}

func (c *Cursor) free() {
	if c.handle != nil {
		c.cleanup.Stop()
		cursorParts{c.handle, c.waiter}.free()
		c.handle = nil
		if c.rest != nil {
			c.rest.Close()
		}
	}
}

// enter locks a cursor that is good; without an error the caller unlocks.
func (c *Cursor) enter() error {
	if !c.mu.TryLock() {
		return &Error{Status: C.SG_BUSY, Message: "the cursor is in use on another goroutine"}
	}
	if c.handle == nil {
		c.mu.Unlock()
		return errCursorClosed()
	}
	return nil
}

func errCursorClosed() error {
	return &Error{Status: C.SG_CLOSED, Message: "the cursor was closed"}
}

func errUnread() error {
	return &Error{Status: C.SG_INVALID_ARGUMENT, Message: "bytes that Read began to copy are left: copy them first"}
}

func (c *Cursor) unread() bool { return c.rest != nil && c.at < c.rest.Len() }

// read polls, and sleeps between polls until the library calls back.
func (c *Cursor) read(ctx context.Context, batch *Batch) (ReadInfo, error) {
	for {
		var info ReadInfo
		pending := false
		err := batch.fill(func(handle *C.sg_batch, read *C.sg_read) error {
			err := pollRead(c.handle, handle, c.waiter, read)
			pending = err == nil && bool(read.pending)
			if err == nil && !pending {
				info = infoOf(read)
			}
			return err
		})
		if err != nil {
			return ReadInfo{}, err
		}
		if !pending {
			if info.SkipReason != 0 {
				c.skipped = c.skipped.plus(info.Skipped)
				if c.jump == 0 {
					c.jump = info.SkipReason
				}
			}
			if info.Chunks == 0 && info.Closed == nil {
				// The cursor jumped to where nothing has come yet: the next poll waits for it.
				continue
			}
			info.SkipReason, info.Skipped = c.jump, c.skipped
			c.jump, c.skipped = 0, Lag{}
			if info.Chunks == 0 {
				return info, &ClosedError{*info.Closed}
			}
			return info, nil
		}
		select {
		case <-c.wake:
		case <-c.closing:
			return ReadInfo{}, errCursorClosed()
		case <-ctx.Done():
			return ReadInfo{}, contextError(ctx)
		}
	}
}

func contextError(ctx context.Context) error {
	status := Status(C.SG_CANCELLED)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		status = C.SG_TIMED_OUT
	}
	return &Error{Status: status, Message: "nothing came before the context was done: " + context.Cause(ctx).Error()}
}
