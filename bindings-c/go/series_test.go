package streamgauge

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"math"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
)

var (
	_ encoding.BinaryMarshaler   = (*Sketch)(nil)
	_ encoding.BinaryUnmarshaler = (*Sketch)(nil)
	_ encoding.BinaryMarshaler   = (*Rollup)(nil)
	_ encoding.BinaryUnmarshaler = (*Rollup)(nil)
)

func pointer[T any](value T) *T { return &value }

func TestWindow(t *testing.T) {
	window := must(NewWindow(WindowConfig{SpanUs: 10}))
	defer window.Close()
	is(t, window.RecordMany([]int64{0, 8, 4}, []float64{7, 1, 4}), nil)
	for _, c := range []struct {
		atUs  int64
		value float64
		want  Pushed
	}{{11, 2, PushedInOrder}, {5, 3, PushedLate}, {1, 9, PushedTooLate}, {11, math.NaN(), PushedNotFinite}} {
		if pushed := must(window.Record(c.atUs, c.value)); pushed != c.want {
			t.Errorf("%v at %d is %v", c.value, c.atUs, pushed)
		}
	}
	elapsed := 7.0 // No constant, which Go would not round as the library does.
	want := WindowState{
		Samples: 4, Min: 1, Max: 4, Sum: 10, Mean: 2.5, First: Sample{4, 4}, Last: Sample{11, 2}, RatePerS: -2 / elapsed * 1e6,
		Accepted: 5, Late: 2, TooLate: 1, NotFinite: 1, Evicted: 1, HasSum: true, HasRate: true,
	}
	if state := must(window.Snapshot()); state != want {
		t.Errorf("%+v", state)
	}
	samples := must(window.Samples())
	if !slices.Equal(samples, []Sample{{4, 4}, {5, 3}, {8, 1}, {11, 2}}) {
		t.Error(samples)
	}
	if rate := must(Rate(samples, 0, 20, RateRaw)); rate.Seconds == 0 {
		t.Error(rate)
	}
	is(t, window.Expire(100), nil)
	if state := must(window.Snapshot()); state.Samples != 0 || state.HasSum || state.HasRate || state.Evicted != 5 {
		t.Errorf("%+v", state)
	}
	is(t, window.RecordMany([]int64{1}, nil), ErrInvalidArgument)
	is(t, window.RecordMany(nil, nil), nil)
	is(t, window.Close(), nil)
	is(t, window.Close(), nil)
	_, err := window.Record(0, 0)
	is(t, err, ErrClosed)
}

func TestWindowsAreBounded(t *testing.T) {
	window := must(NewWindow(WindowConfig{SpanUs: Unbounded, MaxSamples: 3, LateUs: pointer[int64](0), SameTime: SameTimeReject}))
	defer window.Close()
	for i := range int64(1000) {
		must(window.Record(i*1_000_000_000, 1))
	}
	for atUs, want := range map[int64]Pushed{999_000_000_000: PushedRepeated, 0: PushedTooLate} {
		if pushed := must(window.Record(atUs, 1)); pushed != want {
			t.Errorf("%d is %v", atUs, pushed)
		}
	}
	if state := must(window.Snapshot()); state.Samples != 3 || state.Evicted != 997 {
		t.Errorf("%+v", state)
	}
	for _, config := range []WindowConfig{{SpanUs: -1}, {LateUs: pointer[int64](-1)}, {SameTime: 2}} {
		_, err := NewWindow(config)
		is(t, err, ErrInvalidArgument)
	}
	if Pushed(9).String() != "Pushed(9)" || PushedTooLate.String() != "too_late" {
		t.Error(Pushed(9))
	}
}

func TestSketch(t *testing.T) {
	sketch := must(NewSketch(DefaultRelativeError))
	defer sketch.Close()
	_, err := sketch.Quantile(0.5)
	is(t, err, ErrNotFound)
	for i := range 1000 {
		is(t, sketch.Record(float64(i-99)), nil)
	}
	is(t, sketch.Record(math.NaN(), math.Inf(1)), nil)
	is(t, sketch.Record(), nil)
	is(t, sketch.RecordCount(5, 10), nil)
	q := must(sketch.Quantiles(0, 0.5, 1))
	if q[0] != -99 || q[2] != 900 || math.Abs(q[1]-395) > 10 || must(sketch.Quantile(0.5)) != q[1] {
		t.Error(q)
	}
	for _, bad := range []float64{-0.1, 1.5, math.NaN()} {
		_, err := sketch.Quantiles(0.5, bad)
		is(t, err, ErrInvalidArgument)
	}
	state := must(sketch.Snapshot())
	if state.Count != 1010 || state.Zeros != 1 || state.Rejected != 2 || state.Sum != 400_550 || !state.HasSum || state.RelativeError != 0.01 {
		t.Errorf("%+v", state)
	}
	total := uint64(0)
	bins := must(sketch.Bins())
	for i, bin := range bins {
		total += bin.Count
		if i > 0 && bins[i-1].Upper > bin.Lower {
			t.Errorf("bin %d is not after the one before", i)
		}
	}
	if total != state.Count || bins[0].Lower > -99 {
		t.Error(total, bins[0])
	}
	if nothing := must(sketch.Quantiles()); len(nothing) != 0 {
		t.Error(nothing)
	}

	other := must(sketch.Copy())
	defer other.Close()
	is(t, other.Merge(sketch), nil)
	is(t, other.Merge(other), nil)
	if state := must(other.Snapshot()); state.Count != 4040 {
		t.Errorf("%+v", state)
	}
	is(t, other.Clear(), nil)
	if state := must(other.Snapshot()); state.Count != 0 || state.HasSum {
		t.Errorf("%+v", state)
	}
	coarse := must(NewSketch(0.02))
	is(t, coarse.Merge(sketch), ErrInvalidArgument)
	is(t, coarse.Close(), nil)
	is(t, sketch.Merge(coarse), ErrClosed)
	is(t, coarse.Merge(sketch), ErrClosed)
	for _, bad := range []float64{0, -0.01, 0.6, math.NaN()} {
		_, err := NewSketch(bad)
		is(t, err, ErrInvalidArgument)
	}
}

func TestRollup(t *testing.T) {
	rollup := must(NewRollup(RollupConfig{Levels: []RollupLevel{{10, 100}, {30, 100}}, RelativeError: 0.01}))
	defer rollup.Close()
	if buckets := must(rollup.Buckets(0, 0.5)); len(buckets) != 0 {
		t.Error(buckets)
	}
	if taken := must(rollup.RecordMany([]int64{1, 2, 25, 31}, []float64{1, 2, 4, math.NaN()})); taken != 3 {
		t.Error(taken)
	}
	if !must(rollup.Record(31, 8)) || must(rollup.Record(31, math.Inf(1))) {
		t.Error("taken and refused are mixed up")
	}
	want := []Bucket{
		{StartUs: 0, Count: 2, Sum: 3, Mean: 1.5, Min: 1, Max: 2, LastUs: 2, Last: 2, Quantiles: []float64{1, 2}},
		{StartUs: 10, Quantiles: []float64{0, 0}},
		{StartUs: 20, Count: 1, Sum: 4, Mean: 4, Min: 4, Max: 4, LastUs: 25, Last: 4, Quantiles: []float64{4, 4}},
		{StartUs: 30, Count: 1, Sum: 8, Mean: 8, Min: 8, Max: 8, LastUs: 31, Last: 8, Quantiles: []float64{8, 8}},
	}
	if buckets := must(rollup.Buckets(0, 0, 1)); !reflect.DeepEqual(buckets, want) {
		t.Errorf("%+v", buckets)
	}
	state := must(rollup.Snapshot())
	if state != (RollupState{2, 60_000_000, 0.01, 31, 31 - 60_000_000, 4, 0, 2, true}) {
		t.Errorf("%+v", state)
	}
	if levels := must(rollup.Levels()); !slices.Equal(levels, []RollupLevel{{10, 100}, {30, 100}}) {
		t.Error(levels)
	}
	copied := must(rollup.Copy())
	defer copied.Close()
	is(t, copied.Merge(rollup), nil)
	is(t, copied.Merge(copied), nil)
	if buckets := must(copied.Buckets(1)); len(buckets) != 2 || buckets[0].Count != 12 || buckets[1].Sum != 32 {
		t.Errorf("%+v", buckets)
	}
	for _, level := range []int{2, -1} {
		_, err := rollup.Buckets(level)
		is(t, err, ErrOutOfRange)
	}
	_, err := rollup.Buckets(0, 2)
	is(t, err, ErrInvalidArgument)
	_, err = rollup.RecordMany(nil, []float64{1})
	is(t, err, ErrInvalidArgument)
	plain := must(NewRollup(RollupConfig{}))
	defer plain.Close()
	_, err = plain.Buckets(0, 0.5)
	is(t, err, ErrInvalidArgument)
	is(t, plain.Merge(rollup), ErrInvalidArgument)
	if levels := must(plain.Levels()); len(levels) != 3 {
		t.Error(levels)
	}
	// Room behind the levels belongs to the caller.
	room := []RollupLevel{{10, 3}, {25, 7}}
	bounded := must(NewRollup(RollupConfig{Levels: room[:1], LateUs: pointer[int64](0)}))
	defer bounded.Close()
	if room[1] != (RollupLevel{25, 7}) {
		t.Error(room)
	}
	for i := range int64(100) {
		must(bounded.Record(i*5, 1))
	}
	if buckets, state := must(bounded.Buckets(0)), must(bounded.Snapshot()); len(buckets) != 3 || must(bounded.Record(0, 1)) || state.Accepted != 100 {
		t.Errorf("%+v %+v", buckets, state)
	}
	for _, config := range []RollupConfig{
		{Levels: []RollupLevel{}}, {Levels: room}, {Levels: []RollupLevel{{10, math.MaxUint64}}}, {LateUs: pointer[int64](-1)},
		{RelativeError: 2}, {RelativeError: math.NaN()},
	} {
		_, err := NewRollup(config)
		is(t, err, ErrInvalidArgument)
	}
}

func TestBytesOfSketchesAndRollups(t *testing.T) {
	sketch, rollup := must(NewSketch(0.01)), must(NewRollup(RollupConfig{RelativeError: 0.02}))
	for i := range int64(50) {
		is(t, sketch.Record(float64(i)*1.5-9), nil)
		must(rollup.Record(i*300_000, float64(i)))
	}
	// What gob sends is what a program on another machine reads.
	type node struct {
		Sketch *Sketch
		Rollup *Rollup
	}
	var sent bytes.Buffer
	is(t, gob.NewEncoder(&sent).Encode(node{sketch, rollup}), nil)
	var read node
	is(t, gob.NewDecoder(&sent).Decode(&read), nil)
	if !bytes.Equal(must(read.Sketch.MarshalBinary()), must(sketch.MarshalBinary())) || !bytes.Equal(must(read.Rollup.MarshalBinary()), must(rollup.MarshalBinary())) {
		t.Error("what was read is not what was sent")
	}
	is(t, read.Sketch.Merge(sketch), nil)
	is(t, read.Rollup.Merge(rollup), nil)

	for _, c := range []struct {
		from encoding.BinaryMarshaler
		into encoding.BinaryUnmarshaler
	}{{sketch, read.Sketch}, {rollup, read.Rollup}} {
		whole := must(c.from.MarshalBinary())
		before := must(c.into.(encoding.BinaryMarshaler).MarshalBinary())
		for i := range whole {
			spoiled := slices.Clone(whole)
			spoiled[i] ^= 0x80
			if err := c.into.UnmarshalBinary(spoiled); err != nil {
				is(t, err, ErrMalformed)
			} else {
				is(t, c.into.UnmarshalBinary(before), nil)
			}
		}
		is(t, c.into.UnmarshalBinary(nil), ErrMalformed)
		// One that was refused changes nothing.
		if !bytes.Equal(must(c.into.(encoding.BinaryMarshaler).MarshalBinary()), before) {
			t.Errorf("%T is not what it was", c.into)
		}
	}
	is(t, sketch.Close(), nil)
	is(t, rollup.Close(), nil)
	_, err := sketch.MarshalBinary()
	is(t, err, ErrClosed)
	// A closed one may be used again, as the zero value.
	is(t, sketch.UnmarshalBinary(must(read.Sketch.MarshalBinary())), nil)
	is(t, sketch.Record(1), nil)
	is(t, (&Sketch{}).Record(1), ErrClosed)
	runtime.KeepAlive(read)
}

func TestDownsample(t *testing.T) {
	times, values := make([]int64, 1000), make([]float64, 1000)
	for i := range times {
		times[i], values[i] = int64(i), float64(i%7)
		if i >= 300 {
			times[i] += 5000
		}
	}
	values[700], values[500] = 90, math.NaN()
	drawn := must(Downsample(times, values, DownsampleConfig{Points: 50, GapUs: pointer[int64](1000)}))
	if len(drawn) < 25 || len(drawn) > 50 || !slices.IsSorted(drawn) || slices.Contains(drawn, 500) {
		t.Error(drawn)
	}
	for _, must := range []int{0, 299, 300, 700, 999} {
		if !slices.Contains(drawn, must) {
			t.Errorf("%d is not in %v", must, drawn)
		}
	}
	if few := must(Downsample(times[:3], values[:3], DownsampleConfig{Points: math.MaxInt})); !slices.Equal(few, []int{0, 1, 2}) {
		t.Error(few)
	}
	if none := must(Downsample(times, values, DownsampleConfig{})); len(none) != 0 {
		t.Error(none)
	}
	_, err := Downsample([]int64{2, 1}, values[:2], DownsampleConfig{Points: 5})
	is(t, err, ErrTimeWentBack)
	_, err = Downsample(times, values[:2], DownsampleConfig{Points: 5})
	is(t, err, ErrInvalidArgument)
	_, err = Downsample(times, values, DownsampleConfig{Points: -1})
	is(t, err, ErrInvalidArgument)
}

// Merges both ways and Close in between: locks that were held two at a time would meet.
func TestSeriesOfManyGoroutines(t *testing.T) {
	const goroutines, rounds = 8, 200
	window, rollup := must(NewWindow(WindowConfig{MaxSamples: goroutines * rounds})), must(NewRollup(RollupConfig{}))
	a, b := must(NewSketch(0.01)), must(NewSketch(0.01))
	short := must(NewSketch(0.01))
	var all sync.WaitGroup
	for g := range goroutines {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range int64(rounds) {
				must(window.Record(i, 1))
				must(rollup.Record(i, 1))
				must(window.Snapshot())
				is(t, a.Record(1), nil)
				if i%50 == 0 {
					is(t, b.Merge(a), nil)
					short.Merge(b)
					b.Merge(short)
				}
				if g == 0 && i == rounds/2 {
					is(t, short.Close(), nil)
				}
			}
		}()
	}
	all.Wait()
	if state := must(window.Snapshot()); state.Accepted != goroutines*rounds {
		t.Errorf("%+v", state)
	}
	if state := must(rollup.Snapshot()); state.Accepted != goroutines*rounds {
		t.Errorf("%+v", state)
	}
	if state := must(a.Snapshot()); state.Count != goroutines*rounds {
		t.Errorf("%+v", state)
	}
}
