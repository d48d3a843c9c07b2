package streamgauge

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// replay runs the operations of a vector and answers as its expectations are written.
type replay struct {
	t       *testing.T
	rings   map[string]*ChunkRing
	cursors map[string]*Cursor
	batches map[string]*Batch
}

type answer map[string]any

var (
	joins      = map[string]JoinMode{"live": JoinLive, "oldest": JoinOldest, "lag_bytes": JoinLagBytes, "lag_time": JoinLagTime, "random_access": JoinRandomAccess}
	policies   = map[string]Policy{"skip": Skip, "skip_to_random_access": SkipToRandomAccess, "disconnect": Disconnect}
	closeKinds = map[string]CloseKind{"end": CloseEnd, "cancelled": CloseCancelled, "failed": CloseFailed}
	skips      = map[SkipReason]any{0: nil, SkipEvicted: "evicted", SkipHardLimit: "hard_limit", SkipAwaitedRandomAccess: "awaited_random_access"}
	ends       = map[EndReason]string{EndLeft: "left", EndDrained: "drained", EndLagged: "lagged", EndWriteTimeout: "write_timeout", EndWriteFailed: "write_failed"}
)

func (r *replay) run(op string, args map[string]any) (answer, error) {
	text := func(key string) string { s, _ := args[key].(string); return s }
	number := func(key string) int64 {
		if args[key] == nil {
			return 0
		}
		n, err := strconv.ParseInt(text(key), 10, 64)
		if err != nil {
			r.t.Fatal(err)
		}
		return n
	}
	batch := func() *Batch {
		if r.batches[text("batch")] == nil {
			r.batches[text("batch")] = newBatch(r.t)
		}
		return r.batches[text("batch")]
	}
	ring, cursor := r.rings[text("id")], r.cursors[text("id")]
	switch op {
	case "ring.new":
		made, err := NewChunkRing(RingConfig{MaxChunks: uint64(number("max_chunks")), MaxBytes: uint64(number("max_bytes")),
			MaxAge: time.Duration(number("max_age_us")) * time.Microsecond, MaxHeldBytes: uint64(number("max_held_bytes")), Epoch: uint64(number("epoch"))})
		r.rings[text("id")] = made
		return nil, err
	case "ring.publish":
		access, _ := args["random_access"].(bool)
		sequence, err := ring.PublishWith(number("now_us"), []byte(text("data")), ChunkInfo{RandomAccess: access})
		if sequence == NoSequence {
			return answer{"sequence": nil}, err
		}
		return answer{"sequence": sequence}, err
	case "ring.close":
		first, err := ring.End(CloseReason{Kind: closeKinds[text("kind")]})
		return answer{"first": first}, err
	case "ring.expire":
		return nil, ring.Expire(number("now_us"))
	case "ring.join":
		position, satisfied, err := ring.Join(joins[text("join")], number("value"))
		return answer{"sequence": position.Sequence, "satisfied": satisfied}, err
	case "ring.read":
		at := Position{uint64(number("epoch")), uint64(number("sequence")), uint64(number("offset_bytes")), number("time_us"), args["time_us"] != nil}
		info, err := ring.ReadAt(at, uint64(number("max_chunks")), uint64(number("max_bytes")), batch())
		return readAnswer(info, batch()), err
	case "ring.snapshot":
		s, err := ring.Snapshot()
		return answer{"oldest": s.Oldest.Sequence, "next": s.Next.Sequence, "buffered_bytes": s.Buffered.Bytes, "buffered_us": s.Buffered.TimeUs,
			"times_went_back": s.TimesWentBack, "held_chunks": s.HeldChunks, "held_bytes": s.HeldBytes,
			"evicted_held_chunks": s.EvictedHeldChunks, "evicted_held_bytes": s.EvictedHeldBytes}, err
	case "cursor.new":
		made, err := r.rings[text("ring")].NewCursor(CursorConfig{Join: joins[text("join")], JoinAmount: number("value"), Policy: policies[text("policy")],
			Soft: Lag{Chunks: uint64(number("soft_chunks"))}, Hard: Lag{Chunks: uint64(number("hard_chunks"))}, MaxReadChunks: uint64(number("max_read_chunks"))})
		r.cursors[text("id")] = made
		return nil, err
	case "cursor.read":
		info, err := cursor.TryReadViews(batch())
		return readAnswer(info, batch()), err
	case "cursor.status":
		s, err := cursor.Status()
		a := s.Account
		out := answer{"skip_events": a.SkipEvents, "warnings": a.Warnings, "refused_reads": a.RefusedReads, "end": nil}
		for reason := range a.Ended {
			out["end"] = ends[reason]
		}
		for name, lag := range map[string]Lag{"lag": s.Lag, "delivered": a.Delivered, "skipped": a.Skipped, "worst": a.WorstLag} {
			out[name+"_chunks"], out[name+"_bytes"], out[name+"_us"] = lag.Chunks, lag.Bytes, lag.TimeUs
		}
		return out, err
	case "batch.chunks":
		return answer{"chunks": payloads(batch())}, nil
	case "batch.release":
		batch().Release()
		return nil, nil
	}
	r.t.Fatalf("no operation %q", op)
	return nil, nil
}

func readAnswer(info ReadInfo, batch *Batch) answer {
	out := answer{"chunks": payloads(batch), "next": info.Next.Sequence, "behind_chunks": info.Behind.Chunks, "lag_chunks": info.Lag.Chunks,
		"skipped": skips[info.SkipReason], "skipped_chunks": info.Skipped.Chunks, "skipped_bytes": info.Skipped.Bytes,
		"warning": info.Warning, "closed": nil}
	if info.Closed != nil {
		out["closed"] = info.Closed.Kind.String()
	}
	return out
}

func payloads(batch *Batch) []any {
	texts := []any{}
	for chunk := range batch.Chunks() {
		texts = append(texts, string(chunk.Bytes))
	}
	return texts
}

func TestRingVectors(t *testing.T) {
	root := os.Getenv("STREAMGAUGE_ROOT")
	if root == "" {
		root = "../.."
	}
	paths, _ := filepath.Glob(filepath.Join(root, "tests/vectors/T41_*.json"))
	if len(paths) == 0 {
		t.Fatal("no vectors")
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var vector struct {
				Ops []struct {
					Op   string
					Args map[string]any
				}
				Expected []map[string]any
			}
			if err := json.Unmarshal(raw, &vector); err != nil {
				t.Fatal(err)
			}
			r := &replay{t, map[string]*ChunkRing{}, map[string]*Cursor{}, map[string]*Batch{}}
			for i, step := range vector.Ops {
				got, err := r.run(step.Op, step.Args)
				expected := vector.Expected[i]
				if kind, fails := expected["err"]; fails {
					var failure *Error
					if !errors.As(err, &failure) || failure.Status.String() != kind {
						t.Fatalf("step %d %s: %v, expected %v", i, step.Op, err, kind)
					}
					continue
				}
				if err != nil {
					t.Fatalf("step %d %s: %v", i, step.Op, err)
				}
				ok, _ := expected["ok"].(map[string]any)
				for key, want := range ok {
					if have, there := got[key]; !there || fmt.Sprint(have) != fmt.Sprint(want) {
						t.Errorf("step %d %s: %s is %v, expected %v", i, step.Op, key, have, want)
					}
				}
			}
		})
	}
}
