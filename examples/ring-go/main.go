// One live stream to many HTTP clients: each joins at the latest random-access point, a slow one skips to a later
// one, and every client's account is printed when it leaves. `go run . -for 2s` ends by itself.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// publish stands for an encoder: 1316 bytes a millisecond, a decoder can start at every 50th chunk.
func publish(ctx context.Context, ring *streamgauge.ChunkRing) error {
	chunk := make([]byte, 1316)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for at := 0; ; at++ {
		select {
		case <-ctx.Done():
			_, err := ring.End(streamgauge.CloseReason{Kind: streamgauge.CloseEnd, Message: "the source ended"})
			return err
		case now := <-ticker.C:
			info := streamgauge.ChunkInfo{RandomAccess: at%50 == 0}
			if _, err := ring.PublishWith(now.UnixMicro(), chunk, info); err != nil {
				return err
			}
		}
	}
}

// serve writes the stream to one client, straight from the ring's memory.
func serve(ring *streamgauge.ChunkRing, w http.ResponseWriter, r *http.Request) error {
	cursor, err := ring.NewCursor(streamgauge.CursorConfig{
		Join:   streamgauge.JoinRandomAccess,
		Policy: streamgauge.SkipToRandomAccess,
		Hard:   streamgauge.Lag{TimeUs: 3_000_000},
	})
	if err != nil {
		return err
	}
	defer cursor.Close()
	batch, err := streamgauge.NewBatch()
	if err != nil {
		return err
	}
	defer batch.Close()
	for {
		_, err := cursor.ReadViews(r.Context(), batch)
		switch {
		case errors.Is(err, streamgauge.ErrClosed):
			account, err := cursor.Finish(streamgauge.EndLeft)
			log.Printf("%s: %d bytes delivered, %d skipped", r.RemoteAddr, account.Delivered.Bytes, account.Skipped.Bytes)
			return err
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return err
		}
		for chunk := range batch.Chunks() {
			if _, err := w.Write(chunk.Bytes); err != nil {
				_, err := cursor.Finish(streamgauge.EndWriteFailed)
				return err
			}
		}
	}
}

func run() error {
	address := flag.String("listen", "127.0.0.1:0", "address to listen on")
	length := flag.Duration("for", time.Hour, "how long the stream lasts")
	flag.Parse()

	ring, err := streamgauge.NewChunkRing(streamgauge.RingConfig{MaxChunks: 4096, MaxBytes: 8 << 20, PayloadHintBytes: 1316})
	if err != nil {
		return err
	}
	defer ring.Close()
	http.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		if err := serve(ring, w, r); err != nil {
			log.Printf("%s: %v", r.RemoteAddr, err)
		}
	})
	http.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) {
		snapshot, err := ring.Snapshot()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		json.NewEncoder(w).Encode(snapshot)
	})
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/stream\n", listener.Addr())
	server := &http.Server{}
	go server.Serve(listener)

	ctx, cancel := context.WithTimeout(context.Background(), *length)
	defer cancel()
	if err := publish(ctx, ring); err != nil {
		return err
	}
	// Clients drain what is left.
	drain, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	return server.Shutdown(drain)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ring-go:", err)
		os.Exit(1)
	}
}
