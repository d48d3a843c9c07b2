package streamgauge

import "C"

import "unsafe"

//export streamgaugeWake
func streamgaugeWake(user unsafe.Pointer) {
	if wake, there := waiters.Load(uintptr(user)); there {
		select {
		case wake.(chan struct{}) <- struct{}{}:
		default: // It was told already.
		}
	}
}
