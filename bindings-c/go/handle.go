package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"fmt"
	"runtime"
	"sync"
)

// handle is a handle of the library with the lock that keeps it while calls are under way.
type handle[P comparable] struct {
	mu      sync.RWMutex
	pointer P // The zero value once it was freed.
	noun    string
	free    func(P)
	cleanup runtime.Cleanup
}

// own takes over a handle, to be freed by close, or some time after the handle[P] is forgotten.
func (h *handle[P]) own(pointer P, noun string, free func(P)) {
	h.pointer, h.noun, h.free = pointer, noun, free
	h.cleanup = runtime.AddCleanup(h, free, pointer)
}

// replace is own for a handle that may have a pointer, which is freed.
func (h *handle[P]) replace(pointer P, noun string, free func(P)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.release()
	h.own(pointer, noun, free)
}

// shared makes a call that any number of goroutines may make at once.
func (h *handle[P]) shared(call func(P, **C.sg_error) C.sg_status) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.call(call)
}

// exclusive makes a call for one goroutine at a time; others are told so instead of waiting.
func (h *handle[P]) exclusive(call func(P, **C.sg_error) C.sg_status) error {
	if !h.mu.TryLock() {
		return h.busy()
	}
	defer h.mu.Unlock()
	return h.call(call)
}

func (h *handle[P]) call(call func(P, **C.sg_error) C.sg_status) error {
	if h.gone() {
		return h.closed()
	}
	var object *C.sg_error
	return failure(call(h.pointer, &object), object)
}

func (h *handle[P]) gone() bool { return h.pointer == *new(P) }

func (h *handle[P]) busy() error {
	return &Error{Status: C.SG_BUSY, Message: "the " + h.noun + " is in use on another goroutine"}
}

func (h *handle[P]) closed() error {
	if h.noun == "" {
		return &Error{Status: C.SG_CLOSED, Message: "it was never made"}
	}
	return &Error{Status: C.SG_CLOSED, Message: "the " + h.noun + " was closed"}
}

// close frees the handle once no call on it is under way; again it does nothing.
func (h *handle[P]) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.release()
	return nil
}

func (h *handle[P]) release() {
	if !h.gone() {
		h.cleanup.Stop()
		h.free(h.pointer)
		h.pointer = *new(P)
	}
}

func invalid(format string, args ...any) error {
	return &Error{Status: C.SG_INVALID_ARGUMENT, Message: fmt.Sprintf(format, args...)}
}

// plain is the error of a call on the hot path, which asks for no error object.
func plain(status C.sg_status) error {
	if status == C.SG_OK {
		return nil
	}
	return &Error{Status: Status(status), Message: "packets were not recorded"}
}

// counted makes a list as long as what a call writes into it: read gives how many there are, and leaves out what the
// list has no room for.
func counted[T any](read func(list []T, count *C.size_t) error) ([]T, error) {
	var list []T
	for {
		var count C.size_t
		if err := read(list, &count); err != nil {
			return nil, err
		}
		if n := int(count); n <= len(list) {
			return list[:n], nil
		}
		// There may be more by the next call.
		list = make([]T, int(count)+int(count)/8)
	}
}

func converted[C, G any](list []C, of func(*C) G) []G {
	all := make([]G, len(list))
	for i := range list {
		all[i] = of(&list[i])
	}
	return all
}

// when is a value that may be absent.
func when[B ~bool, T any](has B, value T) *T {
	if !has {
		return nil
	}
	return &value
}

// flag is a truth as C takes it.
func flag(is bool) C.uint8_t {
	if is {
		return 1
	}
	return 0
}

// name is the text of an enumeration that counts from first.
func name(kind string, value, first int32, names ...string) string {
	if i := int(value) - int(first); i >= 0 && i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, value)
}
