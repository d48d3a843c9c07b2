package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// ViewerTotals are counts and times over all viewers that are or were there.
type ViewerTotals struct {
	// Viewers were new.
	Viewers uint64
	// Views are those that began: joins but for Reconnects, of viewers who were there or had left a moment ago.
	Views, Reconnects uint64
	// Unknown are events of viewers who were not there.
	Unknown uint64
	// TimedOut left because nothing was heard of them.
	TimedOut uint64
	// Rejected are joins refused for want of room.
	Rejected uint64
	// WentBack are events before the one they follow on; they count as if at its time.
	WentBack uint64
	// Started are views whose first picture was reported.
	Started uint64
	// Ended are views that are over for good: left, and not come back within the reconnect time. EndedBeforeStart are
	// those of them that never started.
	Ended, EndedBeforeStart uint64
	// Rebuffers are times that playing stalled, RebufferUs how long.
	Rebuffers, RebufferUs uint64
	// WatchedUs is time watched, stalls included.
	WatchedUs uint64
	// SwitchesUp are switches to a higher bitrate, SwitchesDown to a lower one.
	SwitchesUp, SwitchesDown uint64
	// BitrateUs is time of a known bitrate.
	BitrateUs uint64
}

// AudienceState is the numbers of a summary. What was not measured is nil.
type AudienceState struct {
	// StartUs is the first event, EndUs up to when it is.
	StartUs, EndUs *int64
	// Totals include spans that go on.
	Totals ViewerTotals
	// Watching are viewers who do.
	Watching uint64
	// PeakAtLeast and PeakAtMost bound the highest concurrency; for one node they are equal.
	PeakAtLeast, PeakAtMost uint64
	// PeakUs is when it was; nil without viewers, and for several nodes.
	PeakUs *int64
	// MeanConcurrency is weighted by time.
	MeanConcurrency *float64
	// RebufferRatio is stalled time of the time watched.
	RebufferRatio *float64
	// MeanBitrateBps is weighted by time.
	MeanBitrateBps *float64
	// ExitBeforeStartRatio is views that ended before their first picture, of those that ended; nil when none ended, or no
	// first picture was ever reported.
	ExitBeforeStartRatio *float64
}

// AudienceSummary is an audience in a few numbers, up to a moment. Those of several nodes add up: counts and times exactly,
// the peak between two bounds, since nodes peak at different times. Any number of goroutines may use it. Close is the
// contract; a summary that is forgotten is freed some time.
type AudienceSummary struct {
	handle handle[*C.sg_audience_summary]
}

func newSummary(pointer *C.sg_audience_summary) *AudienceSummary {
	summary := &AudienceSummary{}
	summary.handle.own(pointer, "summary", freeSummary)
	return summary
}

func freeSummary(summary *C.sg_audience_summary) { C.sg_audience_summary_free(summary) }

// Merge adds the audience of another node. ErrInvalidArgument when startup times differ in relative error; nothing is added
// then.
func (s *AudienceSummary) Merge(other *AudienceSummary) error {
	copied, err := other.copy()
	if err != nil {
		return err
	}
	defer C.sg_audience_summary_free(copied)
	return s.handle.shared(func(handle *C.sg_audience_summary, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_merge(handle, copied, object)
	})
}

// Copy makes a summary of its own.
func (s *AudienceSummary) Copy() (*AudienceSummary, error) {
	pointer, err := s.copy()
	if err != nil {
		return nil, err
	}
	return newSummary(pointer), nil
}

func (s *AudienceSummary) copy() (*C.sg_audience_summary, error) {
	var pointer *C.sg_audience_summary
	err := s.handle.shared(func(handle *C.sg_audience_summary, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_copy(handle, &pointer, object)
	})
	return pointer, err
}

// Snapshot gives its numbers.
func (s *AudienceSummary) Snapshot() (AudienceState, error) {
	var c C.sg_audience_summary_state
	err := s.handle.shared(func(handle *C.sg_audience_summary, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_snapshot(handle, &c, C.sizeof_sg_audience_summary_state, object)
	})
	return AudienceState{
		StartUs: when(c.has_interval, int64(c.start_us)), EndUs: when(c.has_interval, int64(c.end_us)),
		Totals: *(*ViewerTotals)(unsafe.Pointer(&c.totals)), Watching: uint64(c.watching),
		PeakAtLeast: uint64(c.peak_at_least), PeakAtMost: uint64(c.peak_at_most), PeakUs: when(c.has_peak_us, int64(c.peak_us)),
		MeanConcurrency:      when(c.has_mean_concurrency, float64(c.mean_concurrency)),
		RebufferRatio:        when(c.has_rebuffer_ratio, float64(c.rebuffer_ratio)),
		MeanBitrateBps:       when(c.has_mean_bitrate, float64(c.mean_bitrate_bps)),
		ExitBeforeStartRatio: when(c.has_exit_before_start_ratio, float64(c.exit_before_start_ratio)),
	}, err
}

// Startup gives the times from join to first picture, in microseconds.
func (s *AudienceSummary) Startup() (*Sketch, error) {
	var pointer *C.sg_sketch
	err := s.handle.shared(func(handle *C.sg_audience_summary, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_startup(handle, &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	return newSketch(pointer), nil
}

// MarshalBinary gives its bytes: protobuf, the same in every language.
func (s *AudienceSummary) MarshalBinary() ([]byte, error) {
	return s.bytes(func(handle *C.sg_audience_summary, out *C.sg_buf, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_encode(handle, out, object)
	})
}

// MarshalJSON gives its numbers as an object; what was not measured is null.
func (s *AudienceSummary) MarshalJSON() ([]byte, error) {
	return s.bytes(func(handle *C.sg_audience_summary, out *C.sg_buf, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_json(handle, out, object)
	})
}

func (s *AudienceSummary) bytes(call func(*C.sg_audience_summary, *C.sg_buf, **C.sg_error) C.sg_status) ([]byte, error) {
	var out C.sg_buf
	err := s.handle.shared(func(handle *C.sg_audience_summary, object **C.sg_error) C.sg_status {
		return call(handle, &out, object)
	})
	return taken(&out, err)
}

// UnmarshalBinary makes it the summary of the bytes, which may come from anywhere: ErrMalformed when they are not those of a
// summary, which stays as it was then. The zero AudienceSummary may be used.
func (s *AudienceSummary) UnmarshalBinary(data []byte) error {
	var pointer *C.sg_audience_summary
	var object *C.sg_error
	status := C.sg_audience_summary_decode(bytesOf(data), C.size_t(len(data)), &pointer, &object)
	if err := failure(status, object); err != nil {
		return err
	}
	s.handle.replace(pointer, "summary", freeSummary)
	return nil
}

// Close frees the summary. Later calls return ErrClosed; a second Close does nothing.
func (s *AudienceSummary) Close() error { return s.handle.close() }

// LabelledSummary is a summary and what tells it from others, such as its stream. Keep labels few: no viewer belongs there.
type LabelledSummary struct {
	Labels  []Attribute
	Summary *AudienceSummary
}

// AudienceExposition is summaries as Prometheus text, or as OpenMetrics: streamgauge_audience_views_total and so on. All of
// them are one text, since a family must not come twice in a scrape.
func AudienceExposition(summaries []LabelledSummary, openMetrics bool) ([]byte, error) {
	return labelled(summaries, func(list *C.sg_labelled_summary, n C.size_t, out *C.sg_buf, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_exposition(list, n, flag(openMetrics), out, object)
	})
}

// AudienceOTLP is summaries as OTLP metrics with cumulative temporality; empty when there was no event. The TopTracks of the
// config are not read.
func AudienceOTLP(summaries []LabelledSummary, config OtlpConfig) ([]byte, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	c := config.c(&pinner)
	return labelled(summaries, func(list *C.sg_labelled_summary, n C.size_t, out *C.sg_buf, object **C.sg_error) C.sg_status {
		return C.sg_audience_summary_otlp(list, n, &c, C.sizeof_sg_otlp_config, out, object)
	})
}

// labelled hands over copies of the summaries, so that none is closed meanwhile.
func labelled(summaries []LabelledSummary, call func(*C.sg_labelled_summary, C.size_t, *C.sg_buf, **C.sg_error) C.sg_status) ([]byte, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	list := make([]C.sg_labelled_summary, 0, len(summaries))
	defer func() {
		for _, item := range list {
			C.sg_audience_summary_free((*C.sg_audience_summary)(item.summary))
		}
	}()
	for _, item := range summaries {
		if item.Summary == nil {
			return nil, invalid("a summary is nil")
		}
		copied, err := item.Summary.copy()
		if err != nil {
			return nil, err
		}
		labels, count := attributesOf(&pinner, item.Labels)
		list = append(list, C.sg_labelled_summary{summary: copied, labels: labels, label_count: count})
	}
	var out C.sg_buf
	var object *C.sg_error
	status := call(unsafe.SliceData(list), C.size_t(len(list)), &out, &object)
	return taken(&out, failure(status, object))
}
