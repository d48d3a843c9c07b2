package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"runtime"
	"slices"
	"unsafe"
)

// RollupLevel is one resolution of a Rollup.
type RollupLevel struct {
	// WidthUs is the width of a bucket. Buckets begin at multiples of it.
	WidthUs int64
	// Keep is how many of the latest buckets are kept, empty ones included: 1 to 2^22.
	Keep uint64
}

// RollupConfig is resolutions and bounds of a Rollup. The zero value is the defaults.
type RollupConfig struct {
	// Levels are from the finest on; each width is a multiple of the one before. nil is an hour of seconds, six hours of
	// 10 seconds and a day of minutes.
	Levels []RollupLevel
	// LateUs is how far behind the newest sample one may come and still count, to within a bucket of the finest level;
	// nil is 60 seconds.
	LateUs *int64
	// RelativeError is the largest of the quantiles of a bucket, 0.0001 to 0.5; with 0 there are no quantiles.
	RelativeError float64
}

// RollupState is what a Rollup is, and what became of all samples.
type RollupState struct {
	// Levels is how many it has.
	Levels uint64
	// LateUs is how far behind the newest sample one may come.
	LateUs int64
	// RelativeError is that of quantiles; 0 when it has none.
	RelativeError float64
	// NewestUs is the time of the newest sample.
	NewestUs int64
	// FinalUntilUs is up to when nothing can change any more: buckets that end at or before it are final.
	FinalUntilUs int64
	// Accepted are samples taken. It only grows, as do the following.
	Accepted uint64
	// TooLate and NotFinite were refused.
	TooLate, NotFinite uint64
	// HasNewest is whether there was a sample, and so NewestUs and FinalUntilUs.
	HasNewest bool
}

// Bucket is what happened in a stretch of time that begins at StartUs.
type Bucket struct {
	StartUs int64
	// Count is samples in it; with 0 the rest is 0, too, and means nothing.
	Count uint64
	// Sum is infinite past the range of float64, and so is Mean.
	Sum, Mean float64
	Min, Max  float64
	// LastUs is when the latest sample was, Last its value; of several at that time the largest.
	LastUs int64
	Last   float64
	// Quantiles are those asked for.
	Quantiles []float64
}

// Rollup is counts, sums, extremes and, where asked for, quantiles of a series in buckets of several widths, in one pass.
// Memory is bounded by what the levels keep. Any number of goroutines may use it. Close is the contract; a rollup that is
// forgotten is freed some time.
type Rollup struct{ handle handle[*C.sg_rollup] }

// NewRollup makes a rollup of nothing yet. ErrInvalidArgument for levels that are empty or no multiples, and for bounds out
// of their ranges.
func NewRollup(config RollupConfig) (*Rollup, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	c := C.sg_rollup_config{level_count: C.size_t(len(config.Levels)), relative_error: C.double(config.RelativeError)}
	c.late_us, c.has_late_us = given(config.LateUs)
	c.has_relative_error = flag(config.RelativeError != 0)
	if config.Levels != nil {
		// Not nil where there are none: NULL would say the default ones.
		levels := slices.Concat(config.Levels, []RollupLevel{{}})
		pinner.Pin(&levels[0])
		c.levels = (*C.sg_level)(unsafe.Pointer(&levels[0]))
	}
	var pointer *C.sg_rollup
	var object *C.sg_error
	if err := failure(C.sg_rollup_new(&c, C.sizeof_sg_rollup_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	return newRollup(pointer), nil
}

func newRollup(pointer *C.sg_rollup) *Rollup {
	rollup := &Rollup{}
	rollup.handle.own(pointer, "rollup", freeRollup)
	return rollup
}

func freeRollup(rollup *C.sg_rollup) { C.sg_rollup_free(rollup) }

// Record takes a sample. False when it is too late or not finite, which is counted.
func (r *Rollup) Record(atUs int64, value float64) (bool, error) {
	var accepted C.size_t
	err := r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
		return C.sg_rollup_record(handle, (*C.int64_t)(&atUs), (*C.double)(&value), 1, &accepted, object)
	})
	return accepted == 1, err
}

// RecordMany takes samples: times and, each beside its time, values. It gives how many were taken. ErrInvalidArgument when
// there are more of one than of the other; nothing is taken then.
func (r *Rollup) RecordMany(timesUs []int64, values []float64) (int, error) {
	times, floats, n, err := columns(timesUs, values)
	if err != nil {
		return 0, err
	}
	var accepted C.size_t
	err = r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
		return C.sg_rollup_record(handle, times, floats, n, &accepted, object)
	})
	return int(accepted), err
}

// Merge adds everything of another rollup. ErrInvalidArgument when levels or sketches differ; nothing is added then.
func (r *Rollup) Merge(other *Rollup) error {
	copied, err := other.copy()
	if err != nil {
		return err
	}
	defer C.sg_rollup_free(copied)
	return r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
		return C.sg_rollup_merge(handle, copied, object)
	})
}

// Copy makes a rollup of its own.
func (r *Rollup) Copy() (*Rollup, error) {
	pointer, err := r.copy()
	if err != nil {
		return nil, err
	}
	return newRollup(pointer), nil
}

func (r *Rollup) copy() (*C.sg_rollup, error) {
	var pointer *C.sg_rollup
	err := r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
		return C.sg_rollup_copy(handle, &pointer, object)
	})
	return pointer, err
}

// Buckets gives the buckets of a level, 0 being the finest, from the oldest kept on, empty ones included, with quantiles
// (0 to 1) of each. ErrOutOfRange when there is no such level; ErrInvalidArgument for a quantile out of its range, or any
// where the rollup has a RelativeError of 0.
func (r *Rollup) Buckets(level int, quantiles ...float64) ([]Bucket, error) {
	if level < 0 {
		return nil, &Error{Status: C.SG_OUT_OF_RANGE, Message: "level is negative"}
	}
	var pointer *C.sg_buckets
	err := r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
		return C.sg_rollup_buckets(handle, C.size_t(level), floats(quantiles), C.size_t(len(quantiles)), &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	defer C.sg_buckets_free(pointer)
	var c C.sg_bucket_columns
	var object *C.sg_error
	if err := failure(C.sg_buckets_columns(pointer, &c, C.sizeof_sg_bucket_columns, &object), object); err != nil {
		return nil, err
	}
	rows, wanted := int(c.rows), len(quantiles)
	buckets, values := make([]Bucket, rows), make([]float64, rows*wanted)
	start, count, last := unsafe.Slice(c.start_us, rows), unsafe.Slice(c.count, rows), unsafe.Slice(c.last_us, rows)
	sum, mean, lasts := unsafe.Slice(c.sum, rows), unsafe.Slice(c.mean, rows), unsafe.Slice(c.last, rows)
	least, most := unsafe.Slice(c.min, rows), unsafe.Slice(c.max, rows)
	for i := range buckets {
		buckets[i] = Bucket{
			StartUs: int64(start[i]), Count: uint64(count[i]), Sum: float64(sum[i]), Mean: float64(mean[i]),
			Min: float64(least[i]), Max: float64(most[i]), LastUs: int64(last[i]), Last: float64(lasts[i]),
			Quantiles: values[i*wanted : (i+1)*wanted : (i+1)*wanted],
		}
	}
	for k, column := range unsafe.Slice(c.quantiles, wanted) {
		for i, value := range unsafe.Slice(column, rows) {
			values[i*wanted+k] = float64(value)
		}
	}
	return buckets, nil
}

// Levels gives its resolutions.
func (r *Rollup) Levels() ([]RollupLevel, error) {
	return counted(func(list []RollupLevel, count *C.size_t) error {
		return r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
			return C.sg_rollup_levels(handle, (*C.sg_level)(unsafe.Pointer(unsafe.SliceData(list))), C.size_t(len(list)), count, object)
		})
	})
}

// Snapshot gives bounds, the newest sample and what became of all there were.
func (r *Rollup) Snapshot() (RollupState, error) {
	var state RollupState
	err := r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
		return C.sg_rollup_snapshot(handle, (*C.sg_rollup_state)(unsafe.Pointer(&state)), C.sizeof_sg_rollup_state, object)
	})
	return state, err
}

// MarshalBinary gives its bytes: protobuf, the same in every language.
func (r *Rollup) MarshalBinary() ([]byte, error) {
	var out C.sg_buf
	err := r.handle.shared(func(handle *C.sg_rollup, object **C.sg_error) C.sg_status {
		return C.sg_rollup_encode(handle, &out, object)
	})
	return taken(&out, err)
}

// UnmarshalBinary makes it the rollup of the bytes, which may come from anywhere: ErrMalformed when they are not those of a
// rollup, which stays as it was then. The zero Rollup may be used.
func (r *Rollup) UnmarshalBinary(data []byte) error {
	var pointer *C.sg_rollup
	var object *C.sg_error
	if err := failure(C.sg_rollup_decode(bytesOf(data), C.size_t(len(data)), &pointer, &object), object); err != nil {
		return err
	}
	r.handle.replace(pointer, "rollup", freeRollup)
	return nil
}

// Close frees the rollup. Later calls return ErrClosed; a second Close does nothing.
func (r *Rollup) Close() error { return r.handle.close() }
