package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"cmp"
	"encoding/json"
	"slices"
)

// CompareOptions say how to compare; the zero value is exact, without intervals.
type CompareOptions struct {
	Mode Mode
	// Seed of the resampling: the same seed gives the same intervals on every machine.
	Seed uint64
	// Resamples is how many draws the intervals come from: 0 makes none, else 100 to 100,000; 2,000 is
	// usual.
	Resamples uint32
}

// CompareJSON compares the repeats b with the repeats a, at least one run each: differences key by key,
// 95 % bootstrap intervals, and what they say, as JSON.
func CompareJSON(a, b []*Run, options CompareOptions) (json.RawMessage, error) {
	defer lock(slices.Concat(a, b))()
	handles := func(runs []*Run) ([]*C.sg_run, error) {
		handles := make([]*C.sg_run, len(runs))
		for i, run := range runs {
			if run == nil || run.handle == nil {
				return nil, errClosed
			}
			handles[i] = run.handle
		}
		return handles, nil
	}
	ha, err := handles(a)
	if err != nil {
		return nil, err
	}
	hb, err := handles(b)
	if err != nil {
		return nil, err
	}
	var out C.sg_buf
	var object *C.sg_error
	status := C.sg_compare_json(
		first(ha), C.size_t(len(ha)), first(hb), C.size_t(len(hb)), C.uint32_t(options.Mode),
		C.uint64_t(options.Seed), C.uint32_t(options.Resamples), &out, &object,
	)
	return taken(&out, failure(status, object))
}

// Compare is CompareJSON, decoded.
func Compare(a, b []*Run, options CompareOptions) (map[string]any, error) {
	return object(CompareJSON(a, b, options))
}

// lock holds every run open and gives what lets go of them. Each is locked once and in one order for all
// callers: a pending Close lets no second reader in, so two callers could else wait for each other.
func lock(runs []*Run) func() {
	runs = slices.DeleteFunc(slices.Clone(runs), func(r *Run) bool { return r == nil })
	slices.SortFunc(runs, func(x, y *Run) int { return cmp.Compare(x.serial, y.serial) })
	runs = slices.Compact(runs)
	for _, run := range runs {
		run.mu.RLock()
	}
	return func() {
		for _, run := range runs {
			run.mu.RUnlock()
		}
	}
}

func first(handles []*C.sg_run) **C.sg_run {
	if len(handles) == 0 {
		return nil
	}
	return &handles[0]
}
