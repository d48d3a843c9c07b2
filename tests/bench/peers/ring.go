package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// plainRing is a ring as one writes it: a mutex, a condition variable, slots that are copied into and out of. Bounded,
// readers with cursors of their own, a reader that is too far behind skips to the oldest.
type plainRing struct {
	mu    sync.Mutex
	there *sync.Cond
	slots [][]byte
	// next is the number of the chunk that comes next.
	next   uint64
	closed bool
}

type plainCursor struct {
	ring    *plainRing
	next    uint64
	skipped uint64
}

var errEnd = errors.New("the ring was closed")

func newPlainRing(chunks, bytes int) *plainRing {
	r := &plainRing{slots: make([][]byte, chunks)}
	r.there = sync.NewCond(&r.mu)
	for i := range r.slots {
		r.slots[i] = make([]byte, 0, bytes)
	}
	return r
}

func (r *plainRing) publish(chunk []byte) {
	r.mu.Lock()
	slot := &r.slots[r.next%uint64(len(r.slots))]
	*slot = append((*slot)[:0], chunk...)
	r.next++
	r.mu.Unlock()
	r.there.Broadcast()
}

// read waits for the next chunk and copies it.
func (c *plainCursor) read(buffer []byte) (int, error) {
	r := c.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	for c.next == r.next && !r.closed {
		r.there.Wait()
	}
	if c.next == r.next {
		return 0, errEnd
	}
	if behind := r.next - c.next; behind > uint64(len(r.slots)) {
		c.skipped += behind - uint64(len(r.slots))
		c.next = r.next - uint64(len(r.slots))
	}
	n := copy(buffer, r.slots[c.next%uint64(len(r.slots))])
	c.next++
	return n, nil
}

const (
	ringChunks = 256
	// burst is how many chunks are published before they are read: what is there is read without waiting.
	burst = 64
)

// reader is one of a ring: it reads what is there or waits for it, and gives how many chunks it got.
type reader func() int

// ring is one of the rings that are measured: how it publishes a burst, and its readers.
type ring struct {
	name    string
	publish func()
	readers []reader
}

func ringsOf(size, readers int) []ring {
	chunk := make([]byte, size)
	plain := newPlainRing(ringChunks, size)
	rings := []ring{{name: "plain Go ring, copied out", publish: func() {
		for range burst {
			plain.publish(chunk)
		}
	}}}
	for range readers {
		cursor, buffer := &plainCursor{ring: plain}, make([]byte, size)
		rings[0].readers = append(rings[0].readers, func() int {
			must(cursor.read(buffer))
			if cursor.skipped > 0 {
				panic("a reader skipped")
			}
			return 1
		})
	}
	return append(rings, ours(chunk, readers, false), ours(chunk, readers, true))
}

func ours(chunk []byte, readers int, views bool) ring {
	size := len(chunk)
	r := must(streamgauge.NewChunkRing(streamgauge.RingConfig{
		MaxChunks: ringChunks, MaxBytes: uint64(2 * ringChunks * size), MaxCursors: uint64(readers),
	}))
	chunks := make([][]byte, burst)
	for i := range chunks {
		chunks[i] = chunk
	}
	now := int64(0)
	made := ring{name: "streamgauge ring, copied out", publish: func() {
		now++
		if must(r.PublishBatch(now*1000, chunks)) != burst {
			panic("not all were published")
		}
	}}
	if views {
		made.name = "streamgauge ring, views"
	}
	// As many as a reader of views asks for: one call brings what is there.
	for range readers {
		cursor := must(r.NewCursor(streamgauge.CursorConfig{MaxReadChunks: burst, MaxReadBytes: uint64(burst * size)}))
		batch, buffer := must(streamgauge.NewBatch()), make([]byte, size)
		made.readers = append(made.readers, func() int {
			if !views {
				_, info, err := cursor.Read(context.Background(), buffer)
				check(err)
				unskipped(info)
				return 1
			}
			info, err := cursor.ReadViews(context.Background(), batch)
			check(err)
			unskipped(info)
			got := 0
			for range batch.Chunks() {
				got++
			}
			batch.Release()
			return got
		})
	}
	return made
}

func unskipped(info streamgauge.ReadInfo) {
	if info.SkipReason != 0 {
		panic("a reader skipped")
	}
}

// inTurn publishes bursts that every reader then reads, on one thread: the work, without what a scheduler adds.
func inTurn(size, readers int) []entry {
	var list []entry
	for _, r := range ringsOf(size, readers) {
		list = append(list, entry{name: r.name, run: func(n int) time.Duration {
			start := time.Now()
			for done := 0; done < n; done += burst {
				r.publish()
				for _, read := range r.readers {
					for got := 0; got < burst; {
						got += read()
					}
				}
			}
			return scaled(time.Since(start), n)
		}})
	}
	return list
}

// atOnce has a goroutine for each reader. The publisher waits when one is half a ring behind, so that nobody skips.
func atOnce(size, readers int) []entry {
	var list []entry
	for _, r := range ringsOf(size, readers) {
		list = append(list, entry{name: r.name, run: func(n int) time.Duration {
			n = (n + burst - 1) / burst * burst
			progress := make([]atomic.Int64, readers)
			var group sync.WaitGroup
			start := time.Now()
			for i, read := range r.readers {
				group.Go(func() {
					for got := 0; got < n; progress[i].Store(int64(got)) {
						got += read()
					}
				})
			}
			for done := 0; done < n; done += burst {
				for i := range progress {
					for int64(done)-progress[i].Load() > ringChunks/2 {
						runtime.Gosched()
					}
				}
				r.publish()
			}
			group.Wait()
			return scaled(time.Since(start), n)
		}})
	}
	return list
}

// scaled is the time for n chunks, of which whole bursts were published.
func scaled(took time.Duration, n int) time.Duration {
	return time.Duration(float64(took) * float64(n) / float64((n+burst-1)/burst*burst))
}
