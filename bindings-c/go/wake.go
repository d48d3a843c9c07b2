package streamgauge

// #include <streamgauge.h>
// void streamgaugeWake(void *user);
//
// // A number travels as the pointer, so that C never holds a pointer of Go.
// static inline sg_status streamgauge_poll_read(const sg_cursor *cursor, const sg_batch *batch, uintptr_t user,
//                                               sg_read *out, size_t read_size, sg_error **out_err) {
//     return sg_cursor_poll_read(cursor, batch, streamgaugeWake, NULL, (void *)user, out, read_size, out_err);
// }
import "C"

import (
	"sync"
	"sync/atomic"
)

// waiters are the channels of cursors by number. A call for one that is gone finds nothing.
var (
	waiters    sync.Map // uintptr to chan struct{}
	lastWaiter atomic.Uintptr
)

// newWaiter gives a channel that receives when the library calls streamgaugeWake with the number.
func newWaiter() (uintptr, chan struct{}) {
	number, wake := lastWaiter.Add(1), make(chan struct{}, 1)
	waiters.Store(number, wake)
	return number, wake
}

func pollRead(cursor *C.sg_cursor, batch *C.sg_batch, waiter uintptr, read *C.sg_read) error {
	var object *C.sg_error
	status := C.streamgauge_poll_read(cursor, batch, C.uintptr_t(waiter), read, C.sizeof_sg_read, &object)
	return failure(status, object)
}
