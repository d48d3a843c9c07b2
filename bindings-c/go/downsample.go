package streamgauge

// #include <streamgauge.h>
import "C"

import "unsafe"

// DownsampleConfig says how many points to draw, and what is a gap.
type DownsampleConfig struct {
	// Points is at most how many.
	Points int
	// GapUs is the time between two samples beyond which the series has a gap; nil for no gaps in time.
	GapUs *int64
}

// Downsample gives the indices of the samples to draw, ascending, so that a chart of them looks the same (MinMaxLTTB).
// First, last, smallest and largest sample are among them, and both sides of gaps; a value that is not finite is a gap
// and never drawn. ErrInvalidArgument when there are more times than values or the reverse, ErrTimeWentBack when times
// fall.
func Downsample(timesUs []int64, values []float64, config DownsampleConfig) ([]int, error) {
	times, floats, n, err := columns(timesUs, values)
	if err != nil {
		return nil, err
	}
	if config.Points < 0 {
		return nil, invalid("Points is %d, at least 0", config.Points)
	}
	var c C.sg_downsample_config
	c.gap_us, c.has_gap_us = given(config.GapUs)
	drawn := make([]int, min(config.Points, len(values)))
	var count C.size_t
	var object *C.sg_error
	out := (*C.size_t)(unsafe.Pointer(unsafe.SliceData(drawn)))
	status := C.sg_downsample(times, floats, n, C.size_t(config.Points), &c, C.sizeof_sg_downsample_config, out, &count, &object)
	if err := failure(status, object); err != nil {
		return nil, err
	}
	return drawn[:count], nil
}
