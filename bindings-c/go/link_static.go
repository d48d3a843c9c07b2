//go:build streamgauge_static

package streamgauge

// #cgo pkg-config: --static streamgauge
// #cgo linux LDFLAGS: -Wl,-Bstatic -lstreamgauge -Wl,-Bdynamic
import "C"
