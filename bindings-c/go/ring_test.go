package streamgauge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

func newRing(t testing.TB, config RingConfig) *ChunkRing {
	t.Helper()
	if config.MaxChunks == 0 {
		config.MaxChunks, config.MaxBytes = 64, 1<<20
	}
	ring, err := NewChunkRing(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	return ring
}

func newCursor(t testing.TB, ring *ChunkRing, config CursorConfig) *Cursor {
	t.Helper()
	cursor, err := ring.NewCursor(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cursor.Close() })
	return cursor
}

func newBatch(t testing.TB) *Batch {
	t.Helper()
	batch, err := NewBatch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { batch.Close() })
	return batch
}

// done is a context that lets no read wait.
func done() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestRingPublishAndReadViews(t *testing.T) {
	ring := newRing(t, RingConfig{MaxChunks: 4, MaxBytes: 100, Epoch: 7})
	cursor, batch := newCursor(t, ring, CursorConfig{}), newBatch(t)
	if sequence, err := ring.PublishAt(1_000_000, []byte("one")); sequence != 0 || err != nil {
		t.Fatal(sequence, err)
	}
	if sequence, err := ring.Publish(nil); sequence != NoSequence || err != nil {
		t.Fatal(sequence, err)
	}
	if added, err := ring.PublishBatch(1_000_005, [][]byte{[]byte("two"), nil, []byte("three")}); added != 2 || err != nil {
		t.Fatal(added, err)
	}
	if added, err := ring.PublishBatch(1_000_005, nil); added != 0 || err != nil {
		t.Fatal(added, err)
	}
	info := ChunkInfo{RandomAccess: true, Preamble: []byte("PAT")}
	if sequence, err := ring.PublishWith(2_000_000, []byte("four"), info); sequence != 3 || err != nil {
		t.Fatal(sequence, err)
	}
	if _, err := ring.PublishWith(0, []byte("x"), ChunkInfo{Preamble: []byte("PAT")}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	read, err := cursor.ReadViews(context.Background(), batch)
	if err != nil {
		t.Fatal(err)
	}
	if read.Chunks != 4 || read.Bytes != 15 || read.Next != (Position{7, 4, 15, 2_000_000, true}) || read.Requested.HasTime {
		t.Errorf("%+v", read)
	}
	var texts []string
	for chunk := range batch.Chunks() {
		texts = append(texts, fmt.Sprintf("%d@%d %s%s %v", chunk.Sequence, chunk.TimeUs, chunk.Preamble, chunk.Bytes, chunk.RandomAccess))
	}
	if got := fmt.Sprint(texts); got != "[0@1000000 one false 1@1000005 two false 2@1000005 three false 3@2000000 PATfour true]" {
		t.Error(got)
	}
	// What is held stays, whatever is published.
	for range 10 {
		ring.Publish([]byte("other"))
	}
	if string(batch.Chunk(0).Bytes) != "one" {
		t.Error("a held chunk was overwritten")
	}
	if snapshot, err := ring.Snapshot(); err != nil || snapshot.HeldChunks != 4 || snapshot.EvictedHeldBytes != 15 || snapshot.Next.Sequence != 14 {
		t.Errorf("%+v %v", snapshot, err)
	}
	batch.Release()
	batch.Release()
	if batch.Len() != 0 {
		t.Error("chunks after Release")
	}
}

func TestRingSkipIsToldWithTheNextChunks(t *testing.T) {
	ring := newRing(t, RingConfig{MaxChunks: 4, MaxBytes: 100})
	cursor, batch := newCursor(t, ring, CursorConfig{}), newBatch(t)
	for range 6 {
		ring.Publish([]byte("0123456789"))
	}
	if _, err := cursor.ReadViews(done(), batch); !errors.Is(err, ErrCancelled) {
		t.Fatal(err)
	}
	ring.Publish([]byte("next"))
	read, err := cursor.ReadViews(context.Background(), batch)
	if err != nil || read.SkipReason != SkipEvicted || read.Skipped.Chunks != 6 || string(batch.Chunk(0).Bytes) != "next" {
		t.Errorf("%+v %v", read, err)
	}
	status, err := cursor.Status()
	if err != nil || status.Account.SkipEvents != 1 || status.Account.Skipped.Bytes != 60 || status.Account.Delivered.Chunks != 1 {
		t.Errorf("%+v %v", status, err)
	}
	if err := cursor.RecordBlockedWrite(40, true); err != nil {
		t.Error(err)
	}
	account, err := cursor.Finish(EndWriteFailed)
	if err != nil || account.BlockedWriteUs != 40 || account.WriteTimeouts != 1 || account.Ended[EndWriteFailed] != 1 {
		t.Errorf("%+v %v", account, err)
	}
	if _, err := cursor.Status(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if snapshot, _ := ring.Snapshot(); snapshot.Cursors != 0 || snapshot.Account.SkipEvents != 1 {
		t.Errorf("%+v", snapshot)
	}
}

func TestRingRead(t *testing.T) {
	ring := newRing(t, RingConfig{})
	cursor, batch := newCursor(t, ring, CursorConfig{}), newBatch(t)
	ring.Publish([]byte("hello "))
	ring.Publish([]byte("wide world"))
	buf := make([]byte, 8)
	n, info, err := cursor.Read(context.Background(), buf)
	if n != 8 || string(buf) != "hello wi" || info.Chunks != 2 || err != nil {
		t.Errorf("%d %q %+v %v", n, buf, info, err)
	}
	if _, err := cursor.ReadViews(context.Background(), batch); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	if n, _, err := cursor.Read(context.Background(), buf); n != 8 || string(buf) != "de world" || err != nil {
		t.Errorf("%d %q %v", n, buf, err)
	}
	if _, _, err := cursor.Read(context.Background(), nil); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	if snapshot, _ := ring.Snapshot(); snapshot.HeldChunks != 0 {
		t.Error("chunks are held although all was copied")
	}
}

func TestRingCloseReason(t *testing.T) {
	ring := newRing(t, RingConfig{})
	cursor, batch := newCursor(t, ring, CursorConfig{}), newBatch(t)
	ring.Publish([]byte("last"))
	if first, err := ring.End(CloseReason{CloseFailed, "cable cut"}); !first || err != nil {
		t.Fatal(first, err)
	}
	if first, err := ring.End(CloseReason{Kind: CloseEnd}); first || err != nil {
		t.Fatal(first, err)
	}
	if _, err := ring.Publish([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	ring.Close()
	if _, err := ring.Publish([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if read, err := cursor.ReadViews(context.Background(), batch); err != nil || read.Chunks != 1 {
		t.Error(read, err)
	}
	_, err := cursor.ReadViews(context.Background(), batch)
	var closed *ClosedError
	if !errors.Is(err, ErrClosed) || !errors.As(err, &closed) || closed.Reason != (CloseReason{CloseFailed, "cable cut"}) {
		t.Error(err)
	}
	if account, err := cursor.Finish(EndLeft); err != nil || account.Ended[EndDrained] != 1 {
		t.Error(account, err)
	}
}

func TestRingContext(t *testing.T) {
	ring := newRing(t, RingConfig{})
	cursor, batch := newCursor(t, ring, CursorConfig{}), newBatch(t)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if _, err := cursor.ReadViews(ctx, batch); !errors.Is(err, ErrTimedOut) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(5*time.Millisecond, cancel)
	if _, _, err := cursor.Read(ctx, make([]byte, 8)); !errors.Is(err, ErrCancelled) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for range 100 {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Microsecond)
		cursor.ReadViews(ctx, batch)
		cancel()
	}
	// The runtime has a few of its own.
	if after := runtime.NumGoroutine(); after > before+20 {
		t.Errorf("%d goroutines, %d before", after, before)
	}
	// Nothing was lost; a wake-up of a wait that was given up does no harm.
	ring.Publish([]byte("x"))
	if read, err := cursor.ReadViews(done(), batch); err != nil || read.Chunks != 1 {
		t.Error(read, err)
	}
	if _, err := cursor.ReadViews(done(), batch); !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
	if read, err := cursor.TryReadViews(batch); err != nil || read.Chunks != 0 || read.Closed != nil {
		t.Error(read, err)
	}
}

func TestRingWaitsWakeAndCloseEndsThem(t *testing.T) {
	ring := newRing(t, RingConfig{})
	cursor, batch := newCursor(t, ring, CursorConfig{}), newBatch(t)
	time.AfterFunc(5*time.Millisecond, func() { ring.Publish([]byte("late")) })
	if read, err := cursor.ReadViews(context.Background(), batch); err != nil || read.Bytes != 4 {
		t.Error(read, err)
	}
	result := make(chan error)
	go func() {
		_, err := cursor.ReadViews(context.Background(), batch)
		result <- err
	}()
	for {
		if snapshot, _ := ring.Snapshot(); snapshot.Waiting == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := cursor.Status(); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	cursor.Close()
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	cursor.Close()
	if _, err := cursor.ReadViews(context.Background(), batch); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	cursor = newCursor(t, ring, CursorConfig{})
	batch.Close()
	if _, err := cursor.ReadViews(context.Background(), batch); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestRingPositions(t *testing.T) {
	ring := newRing(t, RingConfig{MaxChunks: 8, MaxBytes: 1000, Epoch: 3})
	batch := newBatch(t)
	for i := range 10 {
		ring.PublishWith(int64(i*100), make([]byte, 10), ChunkInfo{RandomAccess: i == 6})
	}
	for _, c := range []struct {
		mode      JoinMode
		amount    int64
		sequence  uint64
		satisfied bool
	}{
		{JoinLive, 0, 10, true}, {JoinOldest, 0, 2, true}, {JoinLagBytes, 25, 7, true}, {JoinLagBytes, 500, 2, false},
		{JoinLagBytes, 0, 10, true}, {JoinLagTime, 250, 6, true}, {JoinRandomAccess, 0, 6, true},
	} {
		position, satisfied, err := ring.Join(c.mode, c.amount)
		if err != nil || position.Sequence != c.sequence || satisfied != c.satisfied {
			t.Errorf("%+v: %+v %v %v", c, position, satisfied, err)
		}
	}
	position, _, _ := ring.Join(JoinRandomAccess, 0)
	if lag, err := ring.Lag(position); err != nil || lag != (Lag{4, 40, 400}) {
		t.Error(lag, err)
	}
	if read, err := ring.ReadAt(position, 2, 1000, batch); err != nil || read.Chunks != 2 || !batch.Chunk(0).RandomAccess {
		t.Error(read, err)
	}
	for _, stale := range []Position{{Epoch: 2}, {Epoch: 3, Sequence: 11}} {
		if _, err := ring.Lag(stale); !errors.Is(err, ErrStaleCursor) {
			t.Error(err)
		}
		if _, err := ring.ReadAt(stale, 2, 1000, batch); !errors.Is(err, ErrStaleCursor) || batch.Len() != 0 {
			t.Error(err)
		}
	}
	if _, _, err := ring.Join(9, 0); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestRingRefusals(t *testing.T) {
	for _, config := range []RingConfig{{}, {MaxChunks: 1}, {MaxBytes: 1}, {MaxChunks: 1, MaxBytes: 1, MaxAge: -1},
		{MaxChunks: 1, MaxBytes: 1, MaxAge: -time.Second}} {
		if _, err := NewChunkRing(config); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%+v: %v", config, err)
		}
	}
	ring := newRing(t, RingConfig{MaxChunks: 2, MaxBytes: 100, MaxHeldBytes: 4, MaxCursors: 1})
	cursor := newCursor(t, ring, CursorConfig{Policy: Disconnect})
	if _, err := ring.NewCursor(CursorConfig{}); !errors.Is(err, ErrCapacityExceeded) {
		t.Error(err)
	}
	one, two := newBatch(t), newBatch(t)
	ring.Publish([]byte("held"))
	if _, err := cursor.ReadViews(done(), one); err != nil {
		t.Error(err)
	}
	ring.Publish([]byte("more"))
	if _, err := cursor.ReadViews(done(), two); !errors.Is(err, ErrCapacityExceeded) {
		t.Error(err)
	}
	one.Release()
	for range 3 {
		ring.Publish([]byte("over"))
	}
	for range 2 {
		if _, err := cursor.ReadViews(done(), two); !errors.Is(err, ErrLagged) {
			t.Error(err)
		}
	}
	statuses, err := ring.Cursors()
	if err != nil || len(statuses) != 1 || statuses[0].Account.Ended[EndLagged] != 1 || statuses[0].Account.RefusedReads != 1 {
		t.Errorf("%+v %v", statuses, err)
	}
	if _, err := ring.NewCursor(CursorConfig{Policy: 9}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestRingManyGoroutines(t *testing.T) {
	const publishers, readers, published = 3, 16, 1000
	ring := newRing(t, RingConfig{MaxChunks: 64, MaxBytes: 4000})
	payload := bytes.Repeat([]byte{0x47}, 64)
	var reading, publishing sync.WaitGroup
	for range readers {
		cursor, batch := newCursor(t, ring, CursorConfig{}), newBatch(t)
		reading.Add(1)
		go func() {
			defer reading.Done()
			var seen uint64
			for {
				read, err := cursor.ReadViews(context.Background(), batch)
				seen += read.Skipped.Chunks + read.Chunks
				if errors.Is(err, ErrClosed) {
					break
				}
				if err != nil {
					t.Error(err)
					return
				}
				for chunk := range batch.Chunks() {
					if chunk.Bytes[len(chunk.Bytes)-1] != 0x47 {
						t.Error("wrong bytes")
					}
				}
			}
			if seen != publishers*published {
				t.Errorf("saw %d chunks", seen)
			}
		}()
	}
	for range publishers {
		publishing.Add(1)
		go func() {
			defer publishing.Done()
			for i := range published {
				if _, err := ring.Publish(payload[:1+i%64]); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	publishing.Wait()
	ring.Close()
	reading.Wait()
}

func TestForgottenRingsAndCursorsAreFreed(t *testing.T) {
	ring := newRing(t, RingConfig{})
	for range 100 {
		if _, err := ring.NewCursor(CursorConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		runtime.GC()
		if snapshot, _ := ring.Snapshot(); snapshot.Cursors == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("forgotten cursors have not left the ring")
}

func ExampleChunkRing() {
	ring, err := NewChunkRing(RingConfig{MaxChunks: 1024, MaxBytes: 4 << 20})
	if err != nil {
		panic(err)
	}
	defer ring.Close()
	cursor, err := ring.NewCursor(CursorConfig{Join: JoinRandomAccess, Policy: SkipToRandomAccess})
	if err != nil {
		panic(err)
	}
	defer cursor.Close()
	ring.PublishWith(1_000_000, []byte("key frame"), ChunkInfo{RandomAccess: true})
	ring.Publish([]byte("delta frame"))
	ring.End(CloseReason{Kind: CloseEnd})

	buf := make([]byte, 64)
	for {
		n, _, err := cursor.Read(context.Background(), buf)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", buf[:n])
	}
	// Output:
	// key framedelta frame
	// streamgauge: the ring was closed: end
}

func BenchmarkPublish(b *testing.B) {
	for _, size := range []int{1316, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			ring := newRing(b, RingConfig{MaxChunks: 1024, MaxBytes: 16 << 20, PayloadHintBytes: uint64(size)})
			chunk := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := ring.PublishAt(0, chunk); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPublishBatchOf64(b *testing.B) {
	ring := newRing(b, RingConfig{MaxChunks: 1024, MaxBytes: 16 << 20, PayloadHintBytes: 1316})
	chunks := make([][]byte, 64)
	for i := range chunks {
		chunks[i] = make([]byte, 1316)
	}
	b.SetBytes(64 * 1316)
	for b.Loop() {
		if _, err := ring.PublishBatch(0, chunks); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPublishAndRead(b *testing.B) {
	for _, views := range []bool{true, false} {
		b.Run(fmt.Sprintf("views=%v", views), func(b *testing.B) {
			ring := newRing(b, RingConfig{MaxChunks: 1024, MaxBytes: 16 << 20, PayloadHintBytes: 1316})
			cursor, batch := newCursor(b, ring, CursorConfig{}), newBatch(b)
			chunk, buf := make([]byte, 1316), make([]byte, 1316)
			b.SetBytes(1316)
			for b.Loop() {
				ring.PublishAt(0, chunk)
				var err error
				if views {
					_, err = cursor.ReadViews(context.Background(), batch)
				} else {
					_, _, err = cursor.Read(context.Background(), buf)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
