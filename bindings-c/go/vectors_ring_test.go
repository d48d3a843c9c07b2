package streamgauge

import "time"

var (
	joins      = map[string]JoinMode{"live": JoinLive, "oldest": JoinOldest, "lag_bytes": JoinLagBytes, "lag_time": JoinLagTime, "random_access": JoinRandomAccess}
	policies   = map[string]Policy{"skip": Skip, "skip_to_random_access": SkipToRandomAccess, "disconnect": Disconnect}
	closeKinds = map[string]CloseKind{"end": CloseEnd, "cancelled": CloseCancelled, "failed": CloseFailed}
	skips      = map[SkipReason]any{0: nil, SkipEvicted: "evicted", SkipHardLimit: "hard_limit", SkipAwaitedRandomAccess: "awaited_random_access"}
	ends       = map[EndReason]string{EndLeft: "left", EndDrained: "drained", EndLagged: "lagged", EndWriteTimeout: "write_timeout", EndWriteFailed: "write_failed"}
)

var ringOperations = map[string]operation{
	"ring.new": func(o objects, a arguments) (any, error) {
		ring, err := NewChunkRing(RingConfig{MaxChunks: a.u64("max_chunks"), MaxBytes: a.u64("max_bytes"), MaxHeldBytes: a.u64("max_held_bytes"),
			MaxAge: time.Duration(a.i64("max_age_us")) * time.Microsecond, Epoch: a.u64("epoch")})
		return made(o, "ring", a.text("id"), ring, err)
	},
	"ring.publish": func(o objects, a arguments) (any, error) {
		sequence, err := ringOf(o, a).PublishWith(a.i64("now_us"), []byte(a.text("data")), ChunkInfo{RandomAccess: a.is("random_access")})
		if sequence == NoSequence {
			return map[string]any{"sequence": nil}, err
		}
		return map[string]any{"sequence": sequence}, err
	},
	"ring.close": func(o objects, a arguments) (any, error) {
		first, err := ringOf(o, a).End(CloseReason{Kind: closeKinds[a.text("kind")]})
		return map[string]any{"first": first}, err
	},
	"ring.expire": func(o objects, a arguments) (any, error) { return nil, ringOf(o, a).Expire(a.i64("now_us")) },
	"ring.join": func(o objects, a arguments) (any, error) {
		position, satisfied, err := ringOf(o, a).Join(joins[a.text("join")], a.i64("value"))
		return map[string]any{"sequence": position.Sequence, "satisfied": satisfied}, err
	},
	"ring.read": func(o objects, a arguments) (any, error) {
		at := Position{a.u64("epoch"), a.u64("sequence"), a.u64("offset_bytes"), a.i64("time_us"), a["time_us"] != nil}
		batch := batchOf(o, a)
		info, err := ringOf(o, a).ReadAt(at, a.u64("max_chunks"), a.u64("max_bytes"), batch)
		return readAnswer(info, batch), err
	},
	"ring.snapshot": func(o objects, a arguments) (any, error) {
		s, err := ringOf(o, a).Snapshot()
		return map[string]any{"oldest": s.Oldest.Sequence, "next": s.Next.Sequence, "buffered_bytes": s.Buffered.Bytes, "buffered_us": s.Buffered.TimeUs,
			"times_went_back": s.TimesWentBack, "held_chunks": s.HeldChunks, "held_bytes": s.HeldBytes,
			"evicted_held_chunks": s.EvictedHeldChunks, "evicted_held_bytes": s.EvictedHeldBytes}, err
	},
	"cursor.new": func(o objects, a arguments) (any, error) {
		cursor, err := existing[ChunkRing](o, "ring", a.text("ring")).NewCursor(CursorConfig{
			Join: joins[a.text("join")], JoinAmount: a.i64("value"), Policy: policies[a.text("policy")],
			Soft: Lag{Chunks: a.u64("soft_chunks")}, Hard: Lag{Chunks: a.u64("hard_chunks")}, MaxReadChunks: a.u64("max_read_chunks")})
		return made(o, "cursor", a.text("id"), cursor, err)
	},
	"cursor.read": func(o objects, a arguments) (any, error) {
		batch := batchOf(o, a)
		info, err := existing[Cursor](o, "cursor", a.text("id")).TryReadViews(batch)
		return readAnswer(info, batch), err
	},
	"cursor.status": func(o objects, a arguments) (any, error) {
		s, err := existing[Cursor](o, "cursor", a.text("id")).Status()
		out := map[string]any{"skip_events": s.Account.SkipEvents, "warnings": s.Account.Warnings, "refused_reads": s.Account.RefusedReads, "end": nil}
		for reason := range s.Account.Ended {
			out["end"] = ends[reason]
		}
		for name, lag := range map[string]Lag{"lag": s.Lag, "delivered": s.Account.Delivered, "skipped": s.Account.Skipped, "worst": s.Account.WorstLag} {
			out[name+"_chunks"], out[name+"_bytes"], out[name+"_us"] = lag.Chunks, lag.Bytes, lag.TimeUs
		}
		return out, err
	},
	"batch.chunks": func(o objects, a arguments) (any, error) {
		return map[string]any{"chunks": payloads(batchOf(o, a))}, nil
	},
	"batch.release": func(o objects, a arguments) (any, error) {
		batchOf(o, a).Release()
		return nil, nil
	},
}

func ringOf(o objects, a arguments) *ChunkRing { return existing[ChunkRing](o, "ring", a.text("id")) }

// batchOf gives the batch of that name, which begins with its first use.
func batchOf(o objects, a arguments) *Batch {
	key := "batch/" + a.text("batch")
	if o[key] == nil {
		batch, err := NewBatch()
		if err != nil {
			panic(err)
		}
		o[key] = batch
	}
	return o[key].(*Batch)
}

func readAnswer(info ReadInfo, batch *Batch) map[string]any {
	out := map[string]any{"chunks": payloads(batch), "next": info.Next.Sequence, "behind_chunks": info.Behind.Chunks, "lag_chunks": info.Lag.Chunks,
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
