//go:build streamgauge_static

package streamgauge

// #cgo pkg-config: --static streamgauge
// #cgo linux LDFLAGS: -l:libstreamgauge.a
import "C"
