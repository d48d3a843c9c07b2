package streamgauge

// #include <streamgauge.h>
import "C"

import "unsafe"

// QuantileMethod names how a quantile of n sorted values is taken.
type QuantileMethod uint32

const (
	// Linear interpolates at q (n - 1), as numpy and R do by default.
	Linear QuantileMethod = C.SG_QUANTILE_LINEAR
	// NearestRank is the smallest value with at least q n values at or below it.
	NearestRank QuantileMethod = C.SG_QUANTILE_NEAREST_RANK
	// FloorIndex is element min(n - 1, floor(n q)), counted from 0.
	FloorIndex QuantileMethod = C.SG_QUANTILE_FLOOR_INDEX
	// AveragedRank is NearestRank, but the mean of two values where q n is whole.
	AveragedRank QuantileMethod = C.SG_QUANTILE_AVERAGED_RANK
	// Weibull interpolates at q (n + 1) - 1.
	Weibull QuantileMethod = C.SG_QUANTILE_WEIBULL
	// MedianUnbiased interpolates at q (n + 1/3) - 2/3.
	MedianUnbiased QuantileMethod = C.SG_QUANTILE_MEDIAN_UNBIASED
)

// Quantile gives the q quantile (0 to 1) of values, none of which may be NaN. Without values there is no
// quantile: ErrNotFound.
func Quantile(values []float64, q float64, method QuantileMethod) (float64, error) {
	var out C.double
	var object *C.sg_error
	data := (*C.double)(unsafe.Pointer(unsafe.SliceData(values)))
	status := C.sg_quantile(data, C.size_t(len(values)), C.double(q), C.uint32_t(method), &out, &object)
	return float64(out), failure(status, object)
}
