//go:build !streamgauge_static

package streamgauge

// #cgo pkg-config: streamgauge
import "C"
