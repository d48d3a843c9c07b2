package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"encoding/json"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Mode names by which definitions to compute.
type Mode uint32

const (
	// Exact is right by the definitions in the documentation.
	Exact Mode = C.SG_MODE_EXACT
	// PlotFEC is what the plotting script plot_fec.py computes, its known defects included.
	PlotFEC Mode = C.SG_MODE_PLOT_FEC
)

// Files are the bytes of a run's files, as they are or gzipped; nil is a file that does not exist.
type Files struct {
	Frames []byte // frames.csv
	Prom   []byte // prom.tsv
	Events []byte // events.csv
	Meta   []byte // meta.env
}

// Run is one test run, parsed. It never changes, and any number of goroutines may use it at once.
// Close gives its memory back; a run that is forgotten gives it back some time.
type Run struct {
	mu      sync.RWMutex
	handle  *C.sg_run
	cleanup runtime.Cleanup
	serial  uint64 // Order in which several runs are locked.
}

var serials atomic.Uint64

var errClosed error = &Error{Status: C.SG_CLOSED, Message: "the run was closed"}

// OpenRun opens a run directory. Files that are missing and rows that cannot be used are no error: see
// Problems. ErrNotFound or ErrIO when there is no such directory.
func OpenRun(path string) (*Run, error) {
	var handle *C.sg_run
	var object *C.sg_error
	status := C.sg_run_open(chars(path), C.size_t(len(path)), &handle, &object)
	return newRun(handle, failure(status, object))
}

// RunFromBytes parses the files of a run that is to bear the name.
func RunFromBytes(name string, files Files) (*Run, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pin := func(file []byte) (*C.uint8_t, C.size_t) {
		if file == nil {
			return nil, 0
		}
		if len(file) == 0 {
			// Empty, but there: NULL would say that it does not exist.
			file = []byte{0}[:0:1]
		}
		data := unsafe.SliceData(file)
		pinner.Pin(data)
		return (*C.uint8_t)(unsafe.Pointer(data)), C.size_t(len(file))
	}
	var c C.sg_run_files
	c.frames, c.frames_len = pin(files.Frames)
	c.prom, c.prom_len = pin(files.Prom)
	c.events, c.events_len = pin(files.Events)
	c.meta, c.meta_len = pin(files.Meta)
	var handle *C.sg_run
	var object *C.sg_error
	status := C.sg_run_from_bytes(chars(name), C.size_t(len(name)), &c, C.size_t(unsafe.Sizeof(c)), &handle, &object)
	return newRun(handle, failure(status, object))
}

func newRun(handle *C.sg_run, err error) (*Run, error) {
	if err != nil {
		return nil, err
	}
	run := &Run{handle: handle, serial: serials.Add(1)}
	run.cleanup = runtime.AddCleanup(run, func(handle *C.sg_run) { C.sg_run_free(handle) }, handle)
	return run, nil
}

// Close frees the run once no call on it is under way. Later calls return ErrClosed; a second Close does
// nothing.
func (r *Run) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handle != nil {
		r.cleanup.Stop()
		C.sg_run_free(r.handle)
		r.handle = nil
	}
	return nil
}

// Summary gives all values of the run by key; nil is: not measured, or undefined. Numbers are float64; use
// SummaryJSON where counts may pass 2^53.
func (r *Run) Summary(mode Mode) (map[string]any, error) {
	return object(r.SummaryJSON(mode))
}

// SummaryJSON gives the summary as a flat JSON object, keys in documented order.
func (r *Run) SummaryJSON(mode Mode) (json.RawMessage, error) {
	return r.json(func(handle *C.sg_run, out *C.sg_buf, object **C.sg_error) C.sg_status {
		return C.sg_run_summary_json(handle, C.uint32_t(mode), out, object)
	})
}

// Problems gives what each file held that could not be used: rows, dropped and kept by reason, and the
// first hundred with their lines.
func (r *Run) Problems() (map[string]any, error) {
	return object(r.ProblemsJSON())
}

// ProblemsJSON gives the problems as JSON.
func (r *Run) ProblemsJSON() (json.RawMessage, error) {
	return r.json(func(handle *C.sg_run, out *C.sg_buf, object **C.sg_error) C.sg_status {
		return C.sg_run_problems_json(handle, out, object)
	})
}

func (r *Run) json(call func(*C.sg_run, *C.sg_buf, **C.sg_error) C.sg_status) (json.RawMessage, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.handle == nil {
		return nil, errClosed
	}
	var out C.sg_buf
	var object *C.sg_error
	status := call(r.handle, &out, &object)
	return taken(&out, failure(status, object))
}

// taken copies what a successful call wrote and frees it.
func taken(out *C.sg_buf, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	defer C.sg_buf_free(out)
	return json.RawMessage(slices.Clone(unsafe.Slice((*byte)(out.data), int(out.len)))), nil
}

func object(raw json.RawMessage, err error) (map[string]any, error) {
	if err != nil {
		return nil, err
	}
	var values map[string]any
	err = json.Unmarshal(raw, &values)
	return values, err
}

// chars is the text as C sees it, for the time of one call.
func chars(s string) *C.char {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s)))
}
