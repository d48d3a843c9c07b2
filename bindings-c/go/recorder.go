package streamgauge

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// MaxBatch is the most packets that a Recorder hands to the library with one call.
const MaxBatch = 256

// Recorder collects the packets of one track and hands them over up to MaxBatch at a time, since a call into C
// costs several times what counting a packet does. A report never misses any: what was collected is handed over
// when the batch is full, by Flush, and by the Telemetry and the Track before they take, tell or close anything.
//
// One goroutine at a time records; the others, flushes of the telemetry included, may come at any moment. Recording
// takes no lock and allocates nothing. What goes by Track.Record meanwhile may overtake what was collected: do not mix
// the two for one SSRC. A nil Recorder records nothing.
type Recorder struct {
	batch *batch
}

// batch is what the recorder, its track and its telemetry share. The telemetry holds it and not the Recorder, so
// that a Recorder that is forgotten can be told from one in use.
type batch struct {
	track   *Track
	packets []Packet
	// next belongs to the writer; written tells the others how many packets are there.
	next    int
	written atomic.Uint32

	mu     sync.Mutex // Held while packets are handed over.
	handed int
	failed error // Of a hand-over that the writer has not been told of.
}

// NewRecorder makes a recorder for the track. It needs 32 bytes a packet, 8 KiB in all: a track of few packets
// between two reports may make do with a smaller batch, 1 to MaxBatch packets. 0 is MaxBatch, a nil track has a nil
// recorder.
func (t *Track) NewRecorder(packets int) (*Recorder, error) {
	if packets == 0 {
		packets = MaxBatch
	}
	if packets < 1 || packets > MaxBatch {
		return nil, invalid("a batch of %d packets, not 1 to %d", packets, MaxBatch)
	}
	if t == nil {
		return nil, nil
	}
	b := &batch{track: t, packets: make([]Packet, packets)}
	if !t.batches.add(b) {
		return nil, errTrackClosed()
	}
	t.telemetry.add(b)
	recorder := &Recorder{b}
	runtime.AddCleanup(recorder, (*batch).forget, b)
	return recorder, nil
}

// Record counts a packet, in order of arrival. An error is that of handing over a full batch, which is lost then:
// ErrClosed after the track was closed.
func (r *Recorder) Record(packet Packet) error {
	if r == nil {
		return nil
	}
	b := r.batch
	b.packets[b.next] = packet
	b.next++
	b.written.Store(uint32(b.next))
	if b.next == len(b.packets) {
		return b.turn()
	}
	return nil
}

// Flush hands over what was collected. Any goroutine may call it. Errors as for Record.
func (r *Recorder) Flush() error {
	if r == nil {
		return nil
	}
	b := r.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hand()
	return b.told()
}

// turn hands over a full batch and begins the next one.
func (b *batch) turn() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hand()
	b.next, b.handed = 0, 0
	b.written.Store(0)
	return b.told()
}

// flush hands over for somebody else: the writer is told later if it failed.
func (b *batch) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hand()
}

// hand is called with the lock held.
func (b *batch) hand() {
	written := int(b.written.Load())
	if written == b.handed {
		return
	}
	if err := b.track.Record(b.packets[b.handed:written]); err != nil {
		b.failed = err
	}
	b.handed = written
}

func (b *batch) told() error {
	err := b.failed
	b.failed = nil
	return err
}

// forget is for a recorder that is gone.
func (b *batch) forget() {
	b.flush()
	b.track.batches.remove(b)
	b.track.telemetry.remove(b)
}

// batches are those of a track, or of a telemetry.
type batches struct {
	mu     sync.Mutex
	all    map[*batch]struct{}
	closed bool
}

func (s *batches) add(b *batch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.all == nil {
		s.all = map[*batch]struct{}{}
	}
	s.all[b] = struct{}{}
	return true
}

func (s *batches) remove(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, b)
}

// flush hands over what all have. No lock of the set is held meanwhile.
func (s *batches) flush() {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.all))
	s.mu.Unlock()
	for _, b := range all {
		b.flush()
	}
}

// close hands over what all have and takes no more; it gives what there was.
func (s *batches) close() []*batch {
	s.mu.Lock()
	all := slices.Collect(maps.Keys(s.all))
	s.all, s.closed = nil, true
	s.mu.Unlock()
	for _, b := range all {
		b.flush()
	}
	return all
}
