package streamgauge

// #include <streamgauge.h>
import "C"

import "fmt"

// Version is the version of the C library that was loaded.
func Version() string { return text(C.sg_version()) }

// A library of another ABI would be called wrongly, so the program does not start.
func init() {
	if loaded := C.sg_abi_version(); loaded != C.SG_ABI_VERSION {
		panic(fmt.Sprintf("streamgauge: the library has ABI %d, this program needs %d", loaded, C.SG_ABI_VERSION))
	}
}
