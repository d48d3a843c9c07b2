package streamgauge

// #include <streamgauge.h>
import "C"

import "unsafe"

// CounterConfig says how a counter reads its samples. The zero value is unknown origin and no width.
type CounterConfig struct {
	// OriginKnown is whether the counter started at zero within what is observed: then the first sample counts
	// in full.
	OriginKnown bool
	// WidthBits is the width of the counter, 1 to 64; 0 when not declared. A fall can be a wrap only with a width.
	WidthBits uint32
	// MaxPerS is the fastest plausible growth per second: a fall is a wrap when the wrapped step is within it. 0
	// when not known; then a step under a quarter of the width's range is plausible.
	MaxPerS float64
}

// StepKind is what kind of step a sample was.
type StepKind int32

const (
	// StepFirst is the first sample. It adds nothing, or its value when the origin is known to be zero.
	StepFirst StepKind = C.SG_STEP_FIRST
	// StepAdvance: the counter grew or stayed.
	StepAdvance StepKind = C.SG_STEP_ADVANCE
	// StepWrap: the counter passed the end of its declared width and went on from zero.
	StepWrap StepKind = C.SG_STEP_WRAP
	// StepReset: the counter fell: it restarted from zero, and its value counts in full.
	StepReset StepKind = C.SG_STEP_RESET
	// StepBoundary: the caller said that the epoch changed: the value counts in full.
	StepBoundary StepKind = C.SG_STEP_BOUNDARY
	// StepRepeat: the same time and value as the sample before: adds nothing.
	StepRepeat StepKind = C.SG_STEP_REPEAT
	// StepRejected: not taken and counted as such (not finite, negative, wider than declared, back in time, a
	// second value for the same time, or a total that would not fit); the counter is as it was.
	StepRejected StepKind = C.SG_STEP_REJECTED
)

func (k StepKind) String() string {
	return name("StepKind", int32(k), C.SG_STEP_FIRST, "first", "advance", "wrap", "reset", "boundary", "repeat", "rejected")
}

// Step is what one sample added.
type Step[V uint64 | float64] struct {
	Kind StepKind
	// Delta is what was added to the total; never negative.
	Delta V
	// HasInterval: not for a first, a repeated and a rejected sample. There is no rate over no time.
	HasInterval bool
	// StartUs and EndUs are the times of the sample before and of this one.
	StartUs, EndUs int64
}

// CounterState is what a counter has seen.
type CounterState[V uint64 | float64] struct {
	// Total is everything that was added. It never falls.
	Total V
	// Resets are samples that restarted the counter without being announced.
	Resets uint64
	// Wraps are samples that passed the end of the width.
	Wraps uint64
	// Boundaries are samples that began an announced epoch.
	Boundaries uint64
	// Rejected are samples that were not taken.
	Rejected uint64
	// HasLast is whether there is a last sample, which showed Last at LastUs.
	HasLast bool
	LastUs  int64
	Last    V
}

// Counter turns samples of a cumulative counter into deltas and a total that never falls, exact to 2^64 - 1. One
// goroutine at a time uses it, others get ErrBusy. Close is the contract; a counter that is forgotten is freed some
// time.
type Counter struct{ handle handle[*C.sg_counter] }

// FloatCounter is a Counter of floating-point numbers, as Prometheus has them.
type FloatCounter struct{ handle handle[*C.sg_counter] }

// NewCounter makes a counter that has seen nothing. ErrInvalidArgument for a width over 64 bits, or a growth limit
// that is negative or not finite.
func NewCounter(config CounterConfig) (*Counter, error) {
	counter := &Counter{}
	if err := newCounter(&counter.handle, config, C.SG_COUNTER_U64); err != nil {
		return nil, err
	}
	return counter, nil
}

// NewFloatCounter is NewCounter for floating-point numbers.
func NewFloatCounter(config CounterConfig) (*FloatCounter, error) {
	counter := &FloatCounter{}
	if err := newCounter(&counter.handle, config, C.SG_COUNTER_F64); err != nil {
		return nil, err
	}
	return counter, nil
}

func newCounter(h *handle[*C.sg_counter], config CounterConfig, kind C.int32_t) error {
	c := C.sg_counter_config{
		kind: kind, width_bits: C.uint32_t(config.WidthBits), max_per_s: C.double(config.MaxPerS),
		origin_known: flag(config.OriginKnown),
	}
	var pointer *C.sg_counter
	var object *C.sg_error
	if err := failure(C.sg_counter_new(&c, C.sizeof_sg_counter_config, &pointer, &object), object); err != nil {
		return err
	}
	h.own(pointer, "counter", func(counter *C.sg_counter) { C.sg_counter_free(counter) })
	return nil
}

// Record takes a sample. One that cannot be is no error but StepRejected.
func (c *Counter) Record(atUs int64, value uint64) (Step[uint64], error) {
	return c.record(atUs, value, C.SG_HINT_NONE)
}

// RecordBoundary is Record for the first sample of a new epoch (SSRC, codec, process): the value counts from zero
// even when it is larger than the one before.
func (c *Counter) RecordBoundary(atUs int64, value uint64) (Step[uint64], error) {
	return c.record(atUs, value, C.SG_HINT_BOUNDARY)
}

func (c *Counter) record(atUs int64, value uint64, hint C.int32_t) (Step[uint64], error) {
	var s C.sg_step
	err := c.handle.exclusive(func(handle *C.sg_counter, object **C.sg_error) C.sg_status {
		return C.sg_counter_record_u64(handle, C.int64_t(atUs), C.uint64_t(value), hint, &s, C.sizeof_sg_step, object)
	})
	return stepOf(&s, uint64(s.delta_u64)), err
}

// Record is Counter.Record.
func (c *FloatCounter) Record(atUs int64, value float64) (Step[float64], error) {
	return c.record(atUs, value, C.SG_HINT_NONE)
}

// RecordBoundary is Counter.RecordBoundary.
func (c *FloatCounter) RecordBoundary(atUs int64, value float64) (Step[float64], error) {
	return c.record(atUs, value, C.SG_HINT_BOUNDARY)
}

func (c *FloatCounter) record(atUs int64, value float64, hint C.int32_t) (Step[float64], error) {
	var s C.sg_step
	err := c.handle.exclusive(func(handle *C.sg_counter, object **C.sg_error) C.sg_status {
		return C.sg_counter_record_f64(handle, C.int64_t(atUs), C.double(value), hint, &s, C.sizeof_sg_step, object)
	})
	return stepOf(&s, float64(s.delta_f64)), err
}

func stepOf[V uint64 | float64](s *C.sg_step, delta V) Step[V] {
	return Step[V]{StepKind(s.kind), delta, bool(s.has_interval), int64(s.start_us), int64(s.end_us)}
}

// End ends the series: the next sample is a first one, of unknown origin unless configured. For a field that
// vanished.
func (c *Counter) End() error { return endCounter(&c.handle) }

// End is Counter.End.
func (c *FloatCounter) End() error { return endCounter(&c.handle) }

func endCounter(h *handle[*C.sg_counter]) error {
	return h.exclusive(func(handle *C.sg_counter, object **C.sg_error) C.sg_status {
		return C.sg_counter_end(handle, object)
	})
}

// Snapshot gives the total, the last sample and what happened on the way.
func (c *Counter) Snapshot() (CounterState[uint64], error) {
	s, err := counterState(&c.handle)
	return stateOf(s, uint64(s.total_u64), uint64(s.last_u64)), err
}

// Snapshot is Counter.Snapshot.
func (c *FloatCounter) Snapshot() (CounterState[float64], error) {
	s, err := counterState(&c.handle)
	return stateOf(s, float64(s.total_f64), float64(s.last_f64)), err
}

func counterState(h *handle[*C.sg_counter]) (*C.sg_counter_state, error) {
	var s C.sg_counter_state
	err := h.exclusive(func(handle *C.sg_counter, object **C.sg_error) C.sg_status {
		return C.sg_counter_snapshot(handle, &s, C.sizeof_sg_counter_state, object)
	})
	return &s, err
}

func stateOf[V uint64 | float64](s *C.sg_counter_state, total, last V) CounterState[V] {
	return CounterState[V]{
		total, uint64(s.resets), uint64(s.wraps), uint64(s.boundaries), uint64(s.rejected),
		bool(s.has_last), int64(s.last_us), last,
	}
}

// Close frees the counter. Later calls return ErrClosed; a second Close does nothing.
func (c *Counter) Close() error { return c.handle.close() }

// Close is Counter.Close.
func (c *FloatCounter) Close() error { return c.handle.close() }

// RateMode says how the increase over a window is taken from samples that do not lie on its ends.
type RateMode int32

const (
	// RateRaw is from the first to the last sample inside the window, over the time between these two.
	RateRaw RateMode = C.SG_RATE_RAW
	// RatePrometheus is as Prometheus's rate(): extrapolated towards the ends of the window.
	RatePrometheus RateMode = C.SG_RATE_PROMETHEUS
	// RateAnchored is from the last sample at or before the start to the last one at or before the end.
	RateAnchored RateMode = C.SG_RATE_ANCHORED
	// RateSmoothed is between the counter's values at both ends of the window, interpolated.
	RateSmoothed RateMode = C.SG_RATE_SMOOTHED
)

// Sample is what a counter showed at a time.
type Sample struct {
	// AtUs is when it was read, microseconds.
	AtUs  int64
	Value float64
}

// Increase is what a counter added over a window.
type Increase struct {
	// PerS is the increase per second.
	PerS float64
	// Increase is what was added, resets accounted for.
	Increase float64
	// Seconds is what PerS divides by; above 0.
	Seconds float64
	// Resets are those among the samples used.
	Resets uint64
}

// Rate gives the increase of a counter over the window from startUs to endUs, both ends included. The samples are in
// order of time; those that are not finite, or do not come after the one before, are skipped. ErrNotFound when there
// is nothing to measure: no time, or too few samples.
func Rate(samples []Sample, startUs, endUs int64, mode RateMode) (Increase, error) {
	var r C.sg_rate
	var object *C.sg_error
	status := C.sg_counter_rate((*C.sg_sample)(unsafe.Pointer(unsafe.SliceData(samples))), C.size_t(len(samples)),
		C.int64_t(startUs), C.int64_t(endUs), C.int32_t(mode), &r, C.sizeof_sg_rate, &object)
	return Increase{float64(r.per_s), float64(r.increase), float64(r.seconds), uint64(r.resets)}, failure(status, object)
}
