package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"math"
	"unsafe"
)

// SameTime is what a Window does with a second sample of one time.
type SameTime int32

const (
	// SameTimeKeep takes it as one more, after the others.
	SameTimeKeep SameTime = C.SG_SAME_TIME_KEEP
	// SameTimeReject refuses it, so that a series that is sent twice counts once.
	SameTimeReject SameTime = C.SG_SAME_TIME_REJECT
)

// Pushed is what became of a sample.
type Pushed int32

const (
	// PushedInOrder: it is the newest.
	PushedInOrder Pushed = C.SG_PUSHED_IN_ORDER
	// PushedLate: it was sorted in behind the newest.
	PushedLate Pushed = C.SG_PUSHED_LATE
	// PushedTooLate: it is out of the span, further behind than allowed, or before all that a full window keeps.
	PushedTooLate Pushed = C.SG_PUSHED_TOO_LATE
	// PushedRepeated: there is one of its time, and one is enough.
	PushedRepeated Pushed = C.SG_PUSHED_REPEATED
	// PushedNotFinite: it is NaN or infinite.
	PushedNotFinite Pushed = C.SG_PUSHED_NOT_FINITE
)

func (p Pushed) String() string {
	return name("Pushed", int32(p), C.SG_PUSHED_IN_ORDER, "in_order", "late", "too_late", "repeated", "not_finite")
}

// Unbounded is a SpanUs without a bound in time.
const Unbounded int64 = math.MaxInt64

// WindowConfig bounds a Window. The zero value is the defaults.
type WindowConfig struct {
	// SpanUs is how far it reaches back from the newest time: samples at or before the newest time less this are gone.
	// 0 is 300 seconds, Unbounded no bound.
	SpanUs int64
	// MaxSamples is how many samples it keeps; 0 is 1,000.
	MaxSamples uint64
	// LateUs is how far behind the newest sample one may come; nil is any.
	LateUs *int64
	// SameTime is what to do with a second sample of one time.
	SameTime SameTime
}

// WindowState is what the samples of a window amount to, and what became of all there were.
type WindowState struct {
	// Samples are those in the window; without any there is nothing up to Last.
	Samples  uint64
	Min, Max float64
	// Sum is right to within a rounding of the largest value in the window; Mean is of samples that weigh the same.
	Sum, Mean float64
	// First and Last are the oldest and the newest sample.
	First, Last Sample
	// RatePerS is the change of value in a second, from the first to the last sample.
	RatePerS float64
	// Accepted are samples taken so far. It only grows, as do the following.
	Accepted uint64
	// Late are those of them that were sorted in behind the newest.
	Late uint64
	// TooLate, Repeated and NotFinite were refused.
	TooLate, Repeated, NotFinite uint64
	// Evicted were taken and are gone from the window.
	Evicted uint64
	// HasSum is whether there are Sum and Mean: not without samples, nor past the range of float64.
	HasSum bool
	// HasRate is whether there is a rate: not where no time passed from the first to the last sample.
	HasRate bool
}

// Window is the samples of the last while, bounded in time and number. In order a sample costs amortised O(1), whatever
// is asked in between. Any number of goroutines may use it. Close is the contract; a window that is forgotten is freed
// some time.
type Window struct{ handle handle[*C.sg_window] }

// NewWindow makes an empty window. ErrInvalidArgument for a negative bound.
func NewWindow(config WindowConfig) (*Window, error) {
	c := C.sg_window_config{max_samples: C.uint64_t(config.MaxSamples), same_time: C.int32_t(config.SameTime)}
	if config.SpanUs == Unbounded {
		c.no_span = 1
	} else {
		c.span_us = C.int64_t(config.SpanUs)
	}
	c.late_us, c.has_late_us = given(config.LateUs)
	var pointer *C.sg_window
	var object *C.sg_error
	if err := failure(C.sg_window_new(&c, C.sizeof_sg_window_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	window := &Window{}
	window.handle.own(pointer, "window", func(window *C.sg_window) { C.sg_window_free(window) })
	return window, nil
}

// Record takes a sample, drops what it puts out of bounds, and says what became of it. One that is refused is no error.
func (w *Window) Record(atUs int64, value float64) (Pushed, error) {
	var pushed C.int32_t
	err := w.handle.shared(func(handle *C.sg_window, object **C.sg_error) C.sg_status {
		return C.sg_window_record(handle, (*C.int64_t)(&atUs), (*C.double)(&value), 1, &pushed, object)
	})
	return Pushed(pushed), err
}

// RecordMany is Record for many samples: times and, each beside its time, values. ErrInvalidArgument when there are more
// of one than of the other; nothing is taken then.
func (w *Window) RecordMany(timesUs []int64, values []float64) error {
	times, floats, n, err := columns(timesUs, values)
	if err != nil {
		return err
	}
	return w.handle.shared(func(handle *C.sg_window, object **C.sg_error) C.sg_status {
		return C.sg_window_record(handle, times, floats, n, nil, object)
	})
}

// Expire says that time went on to nowUs without a sample: what is out of the span is dropped.
func (w *Window) Expire(nowUs int64) error {
	return w.handle.shared(func(handle *C.sg_window, object **C.sg_error) C.sg_status {
		return C.sg_window_expire(handle, C.int64_t(nowUs), object)
	})
}

// Snapshot tells what the samples amount to.
func (w *Window) Snapshot() (WindowState, error) {
	var state WindowState
	err := w.handle.shared(func(handle *C.sg_window, object **C.sg_error) C.sg_status {
		return C.sg_window_snapshot(handle, (*C.sg_window_state)(unsafe.Pointer(&state)), C.sizeof_sg_window_state, object)
	})
	return state, err
}

// Samples gives every sample of the window, by time. Rate takes them.
func (w *Window) Samples() ([]Sample, error) {
	return counted(func(list []Sample, count *C.size_t) error {
		return w.handle.shared(func(handle *C.sg_window, object **C.sg_error) C.sg_status {
			return C.sg_window_samples(handle, (*C.sg_sample)(unsafe.Pointer(unsafe.SliceData(list))), C.size_t(len(list)), count, object)
		})
	})
}

// Close frees the window. Later calls return ErrClosed; a second Close does nothing.
func (w *Window) Close() error { return w.handle.close() }

// columns are samples as C sees them, for the time of one call.
func columns(timesUs []int64, values []float64) (*C.int64_t, *C.double, C.size_t, error) {
	if len(timesUs) != len(values) {
		return nil, nil, 0, invalid("there are %d times and %d values", len(timesUs), len(values))
	}
	return (*C.int64_t)(unsafe.SliceData(timesUs)), floats(values), C.size_t(len(values)), nil
}

func floats(values []float64) *C.double { return (*C.double)(unsafe.SliceData(values)) }

// given is a number that may be left out, as C takes it.
func given(value *int64) (C.int64_t, C.uint8_t) {
	if value == nil {
		return 0, 0
	}
	return C.int64_t(*value), 1
}
