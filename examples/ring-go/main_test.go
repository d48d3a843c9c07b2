package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// Three clients get the stream until it ends, and the account adds up to the byte.
func TestClientsGetWhatTheAccountSays(t *testing.T) {
	ring, err := streamgauge.NewChunkRing(streamgauge.RingConfig{MaxChunks: 4096, MaxBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := serve(ring, w, r); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	published := make(chan error, 1)
	go func() { published <- publish(ctx, ring) }()

	var group sync.WaitGroup
	got := make([]int64, 3)
	for client := range got {
		group.Add(1)
		go func() {
			defer group.Done()
			response, err := http.Get(server.URL)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			got[client], err = io.Copy(io.Discard, response.Body)
			if err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	snapshot, err := ring.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var sum uint64
	for _, bytes := range got {
		if bytes == 0 {
			t.Error("a client got nothing")
		}
		sum += uint64(bytes)
	}
	if sum != snapshot.Account.Delivered.Bytes || snapshot.Account.Ended[streamgauge.EndDrained] != 3 {
		t.Errorf("clients got %d bytes, the account says %+v", sum, snapshot.Account)
	}
}
