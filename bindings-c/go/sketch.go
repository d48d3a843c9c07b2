package streamgauge

// #include <streamgauge.h>
import "C"

import "unsafe"

// DefaultRelativeError is one per cent.
const DefaultRelativeError = 0.01

// SketchState is what a Sketch has seen.
type SketchState struct {
	// Count is values added; without any there are no Min and Max.
	Count uint64
	// Zeros are values that were zero.
	Zeros uint64
	// Rejected are values that were NaN or infinite.
	Rejected uint64
	// MemoryBytes is the memory of the sketch.
	MemoryBytes uint64
	// Min and Max are exact.
	Min, Max  float64
	Sum, Mean float64
	// RelativeError is what was promised.
	RelativeError float64
	// HasSum is whether there are Sum and Mean: not without values, nor past the range of float64.
	HasSum bool
	// IsCollapsed is whether magnitudes lay so far apart that the smallest were put together: quantiles among those are
	// too large.
	IsCollapsed bool
}

// Bin is values of a Sketch that share a logarithmic step. It has its end nearer to zero; zeros are a bin of their own.
type Bin struct {
	Lower, Upper float64
	Count        uint64
}

// Sketch gives quantiles of any number of values in bounded memory. A quantile is within the relative error of the value
// at rank floor(q (n - 1)) of the sorted values; the smallest and the largest value are exact. Merging gives the same bins
// in any order. Any number of goroutines may use it. Close is the contract; a sketch that is forgotten is freed some time.
type Sketch struct{ handle handle[*C.sg_sketch] }

// NewSketch makes an empty sketch whose quantiles have a relative error of 0.0001 to 0.5, else ErrInvalidArgument.
func NewSketch(relativeError float64) (*Sketch, error) {
	c := C.sg_sketch_config{relative_error: C.double(relativeError), has_relative_error: 1}
	var pointer *C.sg_sketch
	var object *C.sg_error
	if err := failure(C.sg_sketch_new(&c, C.sizeof_sg_sketch_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	return newSketch(pointer), nil
}

func newSketch(pointer *C.sg_sketch) *Sketch {
	sketch := &Sketch{}
	sketch.handle.own(pointer, "sketch", freeSketch)
	return sketch
}

func freeSketch(sketch *C.sg_sketch) { C.sg_sketch_free(sketch) }

// Record adds values. NaN and infinities are rejected and counted.
func (s *Sketch) Record(values ...float64) error {
	return s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_record(handle, floats(values), C.size_t(len(values)), object)
	})
}

// RecordCount adds one value count times.
func (s *Sketch) RecordCount(value float64, count uint64) error {
	return s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_record_count(handle, C.double(value), C.uint64_t(count), object)
	})
}

// Merge adds everything of another sketch. ErrInvalidArgument when the relative errors differ; nothing is added then.
func (s *Sketch) Merge(other *Sketch) error {
	copied, err := other.copy()
	if err != nil {
		return err
	}
	defer C.sg_sketch_free(copied)
	return s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_merge(handle, copied, object)
	})
}

// Copy makes a sketch of its own.
func (s *Sketch) Copy() (*Sketch, error) {
	pointer, err := s.copy()
	if err != nil {
		return nil, err
	}
	return newSketch(pointer), nil
}

func (s *Sketch) copy() (*C.sg_sketch, error) {
	var pointer *C.sg_sketch
	err := s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_copy(handle, &pointer, object)
	})
	return pointer, err
}

// Clear forgets every value, and keeps the memory.
func (s *Sketch) Clear() error {
	return s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_clear(handle, object)
	})
}

// Quantile gives the q quantile, 0 to 1. ErrNotFound without values.
func (s *Sketch) Quantile(q float64) (float64, error) {
	found, err := s.Quantiles(q)
	if err != nil {
		return 0, err
	}
	return found[0], nil
}

// Quantiles is Quantile for several at once.
func (s *Sketch) Quantiles(q ...float64) ([]float64, error) {
	found := make([]float64, len(q))
	err := s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_quantiles(handle, floats(q), C.size_t(len(q)), floats(found), object)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Snapshot tells what it has seen.
func (s *Sketch) Snapshot() (SketchState, error) {
	var state SketchState
	err := s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_snapshot(handle, (*C.sg_sketch_state)(unsafe.Pointer(&state)), C.sizeof_sg_sketch_state, object)
	})
	return state, err
}

// Bins gives its bins by value, empty ones left out.
func (s *Sketch) Bins() ([]Bin, error) {
	return counted(func(list []Bin, count *C.size_t) error {
		return s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
			return C.sg_sketch_bins(handle, (*C.sg_bin)(unsafe.Pointer(unsafe.SliceData(list))), C.size_t(len(list)), count, object)
		})
	})
}

// MarshalBinary gives its bytes: protobuf, the same in every language.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	var out C.sg_buf
	err := s.handle.shared(func(handle *C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_sketch_encode(handle, &out, object)
	})
	return taken(&out, err)
}

// UnmarshalBinary makes it the sketch of the bytes, which may come from anywhere: ErrMalformed when they are not those of
// a sketch, which stays as it was then. The zero Sketch may be used.
func (s *Sketch) UnmarshalBinary(data []byte) error {
	var pointer *C.sg_sketch
	var object *C.sg_error
	if err := failure(C.sg_sketch_decode(bytesOf(data), C.size_t(len(data)), &pointer, &object), object); err != nil {
		return err
	}
	s.handle.replace(pointer, "sketch", freeSketch)
	return nil
}

// Close frees the sketch. Later calls return ErrClosed; a second Close does nothing.
func (s *Sketch) Close() error { return s.handle.close() }
