package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"context"
	"fmt"
	"unsafe"
)

// Status is a number of the error table that all languages share.
type Status int32

// Kinds of errors, for errors.Is. ErrInternal is a defect of the library.
var (
	ErrInvalidArgument  error = &kind{C.SG_INVALID_ARGUMENT, nil}
	ErrOutOfRange       error = &kind{C.SG_OUT_OF_RANGE, nil}
	ErrTimeWentBack     error = &kind{C.SG_TIME_WENT_BACK, nil}
	ErrCapacityExceeded error = &kind{C.SG_CAPACITY_EXCEEDED, nil}
	ErrMalformed        error = &kind{C.SG_MALFORMED, nil}
	ErrLeaseLost        error = &kind{C.SG_LEASE_LOST, nil}
	ErrUnsupported      error = &kind{C.SG_UNSUPPORTED, nil}
	ErrIO               error = &kind{C.SG_IO, nil}
	ErrClosed           error = &kind{C.SG_CLOSED, nil}
	ErrStaleCursor      error = &kind{C.SG_STALE_CURSOR, nil}
	ErrLagged           error = &kind{C.SG_LAGGED, nil}
	ErrNotFound         error = &kind{C.SG_NOT_FOUND, nil}
	ErrAlreadyPending   error = &kind{C.SG_ALREADY_PENDING, nil}
	ErrNoSources        error = &kind{C.SG_NO_SOURCES, nil}
	ErrPreempted        error = &kind{C.SG_PREEMPTED, nil}
	// ErrCancelled wraps context.Canceled.
	ErrCancelled error = &kind{C.SG_CANCELLED, context.Canceled}
	// ErrTimedOut wraps context.DeadlineExceeded.
	ErrTimedOut error = &kind{C.SG_TIMED_OUT, context.DeadlineExceeded}
	ErrBusy     error = &kind{C.SG_BUSY, nil}
	ErrInternal error = &kind{C.SG_UNKNOWN, nil}
)

var kinds = [...]error{
	ErrInvalidArgument, ErrOutOfRange, ErrTimeWentBack, ErrCapacityExceeded, ErrMalformed, ErrLeaseLost,
	ErrUnsupported, ErrIO, ErrClosed, ErrStaleCursor, ErrLagged, ErrNotFound, ErrAlreadyPending,
	ErrNoSources, ErrPreempted, ErrCancelled, ErrTimedOut, ErrBusy,
}

// Error is what failed calls return: errors.Is finds its kind, errors.As the rest.
type Error struct {
	// Status is the number of the kind.
	Status Status
	// Message is a sentence for people, with file and line where they are known.
	Message string
	// File is the input file that the error speaks of, or empty.
	File string
	// Line is the line of that file, counted from 1; 0 where none is known.
	Line uint64
}

func (e *Error) Error() string {
	return fmt.Sprintf("streamgauge: %s: %s", e.Status, e.Message)
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error {
	if e.Status >= 1 && int(e.Status) <= len(kinds) {
		return kinds[e.Status-1]
	}
	return ErrInternal
}

// String is the stable name of the status: "malformed", "panic".
func (s Status) String() string {
	return text(C.sg_status_name(C.sg_status(s)))
}

type kind struct {
	status Status
	cause  error
}

func (k *kind) Error() string { return "streamgauge: " + k.status.String() }
func (k *kind) Unwrap() error { return k.cause }

// failure turns a status and the error object that came with it, which it frees, into an error.
func failure(status C.sg_status, object *C.sg_error) error {
	if status == C.SG_OK {
		return nil
	}
	defer C.sg_error_free(object)
	return &Error{
		Status:  Status(status),
		Message: text(C.sg_error_message(object)),
		File:    text(C.sg_error_file(object)),
		Line:    uint64(C.sg_error_line(object)),
	}
}

func text(s C.sg_str) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(s.data)), int(s.len)))
}
