package streamgauge

import (
	"encoding/hex"
	"errors"
	"math"
	"slices"
)

var methods = map[string]QuantileMethod{
	"linear": Linear, "nearest_rank": NearestRank, "floor_index": FloorIndex, "averaged_rank": AveragedRank, "weibull": Weibull,
	"median_unbiased": MedianUnbiased,
}

var seriesOperations = map[string]operation{
	"quantile": func(_ objects, a arguments) (any, error) {
		method, there := methods[a.text("method")]
		if !there {
			// A method that is none of them goes to the library as a number that is none.
			method = math.MaxUint32
		}
		value, err := Quantile(numbers(a.list("values")), float(a["q"]), method)
		return found(value, err)
	},
	"downsample": func(_ objects, a arguments) (any, error) {
		indices, err := drawn(a)
		return map[string]any{"indices": indices}, err
	},
	"downsample.keeps": func(_ objects, a arguments) (any, error) {
		indices, err := drawn(a)
		points := integer[int](a["points"])
		good := len(indices) <= points && points <= 2*len(indices) && slices.IsSorted(indices)
		for _, must := range a.list("must") {
			good = good && slices.Contains(indices, integer[int](must))
		}
		return map[string]any{"keeps": good}, err
	},
	"window.new": func(o objects, a arguments) (any, error) {
		config := WindowConfig{SpanUs: a.i64("span_us"), MaxSamples: a.u64("max_samples"), LateUs: perhaps(a["late_us"])}
		if span, there := a["span_us"]; there && span == nil {
			config.SpanUs = Unbounded
		}
		if a.text("same_time") == "reject" {
			config.SameTime = SameTimeReject
		}
		window, err := NewWindow(config)
		return made(o, "window", a.text("id"), window, err)
	},
	"window.record": func(o objects, a arguments) (any, error) {
		pushed, err := existing[Window](o, "window", a.text("id")).Record(a.i64("at_us"), float(a["value"]))
		return map[string]any{"pushed": pushed}, err
	},
	"window.expire": func(o objects, a arguments) (any, error) {
		return nil, existing[Window](o, "window", a.text("id")).Expire(a.i64("now_us"))
	},
	"window.state": func(o objects, a arguments) (any, error) {
		s, err := existing[Window](o, "window", a.text("id")).Snapshot()
		filled := s.Samples > 0
		return with(fields(s), map[string]any{
			"len": s.Samples, "first_us": when(filled, s.First.AtUs), "last_us": when(filled, s.Last.AtUs),
			"first": when(filled, s.First.Value), "last": when(filled, s.Last.Value), "min": when(filled, s.Min), "max": when(filled, s.Max),
			"sum": when(s.HasSum, s.Sum), "mean": when(s.HasSum, s.Mean), "rate_per_s": when(s.HasRate, s.RatePerS),
		}), err
	},
	"rollup.new": func(o objects, a arguments) (any, error) {
		config := RollupConfig{Levels: []RollupLevel{}, LateUs: perhaps(a["late_us"])}
		for _, level := range a.list("levels") {
			pair := level.([]any)
			config.Levels = append(config.Levels, RollupLevel{integer[int64](pair[0]), integer[uint64](pair[1])})
		}
		if a["relative_error"] != nil {
			config.RelativeError = float(a["relative_error"])
		}
		rollup, err := NewRollup(config)
		return made(o, "rollup", a.text("id"), rollup, err)
	},
	"rollup.record": func(o objects, a arguments) (any, error) {
		var times []int64
		var values []float64
		for _, sample := range a.list("samples") {
			pair := sample.([]any)
			times, values = append(times, integer[int64](pair[0])), append(values, float(pair[1]))
		}
		_, err := existing[Rollup](o, "rollup", a.text("id")).RecordMany(times, values)
		return nil, err
	},
	"rollup.merge": func(o objects, a arguments) (any, error) {
		return nil, existing[Rollup](o, "rollup", a.text("id")).Merge(existing[Rollup](o, "rollup", a.text("other")))
	},
	"rollup.columns": func(o objects, a arguments) (any, error) {
		buckets, err := existing[Rollup](o, "rollup", a.text("id")).Buckets(integer[int](a["level"]), numbers(a.list("quantiles"))...)
		column := func(of func(*Bucket) any) []any {
			values := make([]any, len(buckets))
			for i := range buckets {
				values[i] = of(&buckets[i])
			}
			return values
		}
		quantiles := make([]any, len(a.list("quantiles")))
		for i := range quantiles {
			quantiles[i] = column(func(b *Bucket) any { return when(b.Count > 0, b.Quantiles[i]) })
		}
		return map[string]any{
			"start_us":  column(func(b *Bucket) any { return b.StartUs }),
			"count":     column(func(b *Bucket) any { return b.Count }),
			"sum":       column(func(b *Bucket) any { return b.Sum }),
			"mean":      column(func(b *Bucket) any { return when(b.Count > 0, b.Mean) }),
			"min":       column(func(b *Bucket) any { return when(b.Count > 0, b.Min) }),
			"max":       column(func(b *Bucket) any { return when(b.Count > 0, b.Max) }),
			"last_us":   column(func(b *Bucket) any { return when(b.Count > 0, b.LastUs) }),
			"last":      column(func(b *Bucket) any { return when(b.Count > 0, b.Last) }),
			"quantiles": quantiles,
		}, err
	},
	"rollup.counts": func(o objects, a arguments) (any, error) {
		state, err := existing[Rollup](o, "rollup", a.text("id")).Snapshot()
		return fields(state), err
	},
	"rollup.round_trip": func(o objects, a arguments) (any, error) {
		bytes, err := existing[Rollup](o, "rollup", a.text("id")).MarshalBinary()
		if err != nil {
			return nil, err
		}
		return decoded(o, "rollup", a.text("into"), &Rollup{}, bytes)
	},
	"rollup.decode": func(o objects, a arguments) (any, error) {
		return decoded(o, "rollup", a.text("id"), &Rollup{}, unhex(a))
	},
	"sketch.new": func(o objects, a arguments) (any, error) {
		sketch, err := NewSketch(float(a["relative_error"]))
		return made(o, "sketch", a.text("id"), sketch, err)
	},
	"sketch.record": func(o objects, a arguments) (any, error) {
		return nil, existing[Sketch](o, "sketch", a.text("id")).Record(numbers(a.list("values"))...)
	},
	"sketch.merge": func(o objects, a arguments) (any, error) {
		return nil, existing[Sketch](o, "sketch", a.text("id")).Merge(existing[Sketch](o, "sketch", a.text("other")))
	},
	"sketch.state": func(o objects, a arguments) (any, error) {
		s, err := existing[Sketch](o, "sketch", a.text("id")).Snapshot()
		filled := s.Count > 0
		return with(fields(s), map[string]any{
			"min": when(filled, s.Min), "max": when(filled, s.Max), "sum": when(s.HasSum, s.Sum), "mean": when(s.HasSum, s.Mean),
		}), err
	},
	"sketch.quantile": func(o objects, a arguments) (any, error) {
		value, err := existing[Sketch](o, "sketch", a.text("id")).Quantile(float(a["q"]))
		return found(value, err)
	},
	"sketch.within": func(o objects, a arguments) (any, error) {
		sketch := existing[Sketch](o, "sketch", a.text("id"))
		value, err := sketch.Quantile(float(a["q"]))
		if err != nil {
			return nil, err
		}
		state, err := sketch.Snapshot()
		exact := float(a["exact"])
		return map[string]any{"within": math.Abs(value-exact) <= state.RelativeError*math.Abs(exact)*(1+1e-9)}, err
	},
	"sketch.bytes": func(o objects, a arguments) (any, error) {
		bytes, err := existing[Sketch](o, "sketch", a.text("id")).MarshalBinary()
		return map[string]any{"hex": hex.EncodeToString(bytes)}, err
	},
	"sketch.decode": func(o objects, a arguments) (any, error) {
		return decoded(o, "sketch", a.text("id"), &Sketch{}, unhex(a))
	},
}

// found is a quantile, which there is not without values.
func found(value float64, err error) (any, error) {
	if errors.Is(err, ErrNotFound) {
		return map[string]any{"value": nil}, nil
	}
	return map[string]any{"value": value}, err
}

func drawn(a arguments) ([]int, error) {
	times := make([]int64, len(a.list("times_us")))
	for i, text := range a.list("times_us") {
		times[i] = integer[int64](text)
	}
	config := DownsampleConfig{Points: integer[int](a["points"]), GapUs: perhaps(a["gap_us"])}
	return Downsample(times, numbers(a.list("values")), config)
}

// perhaps is a whole number that may be left out.
func perhaps(value any) *int64 {
	if value == nil {
		return nil
	}
	number := integer[int64](value)
	return &number
}

func numbers(list []any) []float64 {
	values := make([]float64, len(list))
	for i, value := range list {
		values[i] = float(value)
	}
	return values
}

func unhex(a arguments) []byte {
	bytes, err := hex.DecodeString(a.text("hex"))
	if err != nil {
		panic(err)
	}
	return bytes
}

// decoded keeps what bytes became.
func decoded[T any, P interface {
	*T
	UnmarshalBinary([]byte) error
}](o objects, kind, id string, into P, bytes []byte) (any, error) {
	if err := into.UnmarshalBinary(bytes); err != nil {
		return nil, err
	}
	return made(o, kind, id, (*T)(into), nil)
}
