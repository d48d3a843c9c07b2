package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"math/big"
	"runtime"
	"unsafe"
)

// AudienceConfig limits an Audience. The zero value is the defaults.
type AudienceConfig struct {
	// IdleTimeoutUs is after how long a viewer who was not heard of has left, at the time of its last event; 0 is an hour.
	IdleTimeoutUs int64
	// ReconnectUs is within how long a viewer who comes back goes on with the view it had; nil is 30 seconds. After it, or
	// once the viewer is forgotten, the view has ended.
	ReconnectUs *int64
	// KeepUs is how long a viewer who left is remembered; nil is an hour. Its figures stay in the sums.
	KeepUs *int64
	// MaxViewers is how many viewers are remembered; 0 is 2^20. For a new one the longest gone are forgotten; where all are
	// watching it is refused and counted.
	MaxViewers uint64
	// MaxChanges is how many changes of concurrency are kept for intervals and charts; 0 is 1,000.
	MaxChanges uint64
	// RelativeError is the largest of quantiles of startup times, 0.0001 to 0.5; 0 is DefaultRelativeError.
	RelativeError float64
}

// Joined is what a join was.
type Joined int32

const (
	// JoinedNew: a view began.
	JoinedNew Joined = C.SG_JOINED_NEW
	// JoinedReconnected: a viewer who was there, or had left a moment ago, goes on with its view.
	JoinedReconnected Joined = C.SG_JOINED_RECONNECTED
)

func (j Joined) String() string {
	return name("Joined", int32(j), C.SG_JOINED_NEW, "new", "reconnected")
}

// ViewerInfo is what is known of a viewer besides its id: nil where nothing is. Never part of a metric.
type ViewerInfo struct {
	// Location is where it is, in the caller's words.
	Location *string
	// UserAgent is what it watches with.
	UserAgent *string
}

// String has nothing in it, so that logs do not either.
func (ViewerInfo) String() string { return "ViewerInfo(redacted)" }

// GoString is String.
func (i ViewerInfo) GoString() string { return i.String() }

// ViewerStats is one viewer up to a moment. What was not measured is nil.
type ViewerStats struct {
	Watching bool
	// FirstUs is when it came first, LastUs its last event.
	FirstUs, LastUs int64
	// Views include the current one.
	Views uint64
	// WatchedUs is time watched, the current span included.
	WatchedUs uint64
	// StartupUs is from the join of the latest view to its first picture.
	StartupUs *uint64
	// Rebuffers are times that playing stalled, RebufferUs how long, a stall that goes on included.
	Rebuffers, RebufferUs uint64
	// MeanBitrateBps is weighted by time.
	MeanBitrateBps *float64
	// Switches are those to another bitrate.
	Switches uint64
	Info     ViewerInfo
}

// Concurrency is how many watched in an interval.
type Concurrency struct {
	// StartUs is as asked, or from where on changes are kept.
	StartUs, EndUs int64
	// Peak is the highest level, PeakUs when it was reached first.
	Peak   uint64
	PeakUs int64
	// AreaUs is the sum of time over all viewers.
	AreaUs *big.Int
	// Mean is weighted by time.
	Mean float64
}

// ConcurrencyStep is a change of concurrency: so many watch from a time on.
type ConcurrencyStep struct {
	AtUs    int64
	Viewers uint64
}

// Audience is the viewers of one stream, or of whatever shares an audience. Events may come more than once and out of
// order: a second join of one viewer is a reconnect, an event of a viewer who is not there is counted and does nothing. Any
// number of goroutines may use it. Close is the contract; an audience that is forgotten is freed some time.
type Audience struct{ handle handle[*C.sg_audience] }

// NewAudience makes an audience of nobody yet. ErrInvalidArgument for a negative time, or a relative error out of its range.
func NewAudience(config AudienceConfig) (*Audience, error) {
	c := C.sg_audience_config{
		idle_timeout_us: C.int64_t(config.IdleTimeoutUs), max_viewers: C.uint64_t(config.MaxViewers),
		max_changes: C.uint64_t(config.MaxChanges), relative_error: C.double(config.RelativeError),
		has_relative_error: flag(config.RelativeError != 0),
	}
	c.reconnect_us, c.has_reconnect_us = given(config.ReconnectUs)
	c.keep_us, c.has_keep_us = given(config.KeepUs)
	var pointer *C.sg_audience
	var object *C.sg_error
	if err := failure(C.sg_audience_new(&c, C.sizeof_sg_audience_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	audience := &Audience{}
	audience.handle.own(pointer, "audience", func(audience *C.sg_audience) { C.sg_audience_free(audience) })
	return audience, nil
}

// Join says that a viewer begins to watch, or its connection does again. ErrCapacityExceeded when there is no room for one
// more, which is counted.
func (a *Audience) Join(viewer string, atUs int64) (Joined, error) {
	return a.join(viewer, atUs, nil, 0)
}

// JoinWith is Join with what is known of the viewer, instead of what was told before.
func (a *Audience) JoinWith(viewer string, atUs int64, info ViewerInfo) (Joined, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	c := C.sg_viewer_info{location: perhapsText(&pinner, info.Location), user_agent: perhapsText(&pinner, info.UserAgent)}
	return a.join(viewer, atUs, &c, C.sizeof_sg_viewer_info)
}

func (a *Audience) join(viewer string, atUs int64, info *C.sg_viewer_info, size C.size_t) (Joined, error) {
	var joined C.int32_t
	err := a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
		return C.sg_audience_join(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), info, size, &joined, object)
	})
	return Joined(joined), err
}

// Leave says that a viewer stops watching. False when it was not there, which is counted.
func (a *Audience) Leave(viewer string, atUs int64) (bool, error) {
	return a.event(func(handle *C.sg_audience, found *C.bool, object **C.sg_error) C.sg_status {
		return C.sg_audience_leave(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), found, object)
	})
}

// Heartbeat says that a viewer is still there. False when it is not, which is counted, as by all that follow.
func (a *Audience) Heartbeat(viewer string, atUs int64) (bool, error) {
	return a.event(func(handle *C.sg_audience, found *C.bool, object **C.sg_error) C.sg_status {
		return C.sg_audience_heartbeat(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), found, object)
	})
}

// Started says that the first picture of a view is shown; later ones change nothing.
func (a *Audience) Started(viewer string, atUs int64) (bool, error) {
	return a.event(func(handle *C.sg_audience, found *C.bool, object **C.sg_error) C.sg_status {
		return C.sg_audience_started(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), found, object)
	})
}

// RebufferBegins says that playing stalls from here on; a second time before it goes on is the same stall.
func (a *Audience) RebufferBegins(viewer string, atUs int64) (bool, error) {
	return a.event(func(handle *C.sg_audience, found *C.bool, object **C.sg_error) C.sg_status {
		return C.sg_audience_rebuffer_begins(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), found, object)
	})
}

// RebufferEnds says that playing goes on.
func (a *Audience) RebufferEnds(viewer string, atUs int64) (bool, error) {
	return a.event(func(handle *C.sg_audience, found *C.bool, object **C.sg_error) C.sg_status {
		return C.sg_audience_rebuffer_ends(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), found, object)
	})
}

// Rebuffered says that playing stalled for durationUs and goes on.
func (a *Audience) Rebuffered(viewer string, atUs int64, durationUs uint64) (bool, error) {
	return a.event(func(handle *C.sg_audience, found *C.bool, object **C.sg_error) C.sg_status {
		return C.sg_audience_rebuffered(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), C.uint64_t(durationUs), found, object)
	})
}

// Bitrate says that a viewer gets bitrateBps bits per second from here on.
func (a *Audience) Bitrate(viewer string, atUs int64, bitrateBps uint64) (bool, error) {
	return a.event(func(handle *C.sg_audience, found *C.bool, object **C.sg_error) C.sg_status {
		return C.sg_audience_bitrate(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(atUs), C.uint64_t(bitrateBps), found, object)
	})
}

func (a *Audience) event(event func(*C.sg_audience, *C.bool, **C.sg_error) C.sg_status) (bool, error) {
	var found C.bool
	err := a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
		return event(handle, &found, object)
	})
	return bool(found), err
}

// HandleTime says that time is nowUs: who was not heard of for too long has left, and who left long ago is forgotten.
// Every event does the same.
func (a *Audience) HandleTime(nowUs int64) error {
	return a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
		return C.sg_audience_handle_time(handle, C.int64_t(nowUs), object)
	})
}

// Summary is everything up to nowUs, which is not before any event.
func (a *Audience) Summary(nowUs int64) (*AudienceSummary, error) {
	var pointer *C.sg_audience_summary
	err := a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
		return C.sg_audience_summarize(handle, C.int64_t(nowUs), &pointer, object)
	})
	if err != nil {
		return nil, err
	}
	return newSummary(pointer), nil
}

// Viewer tells of one viewer up to nowUs. ErrNotFound when it is not, or no longer, known.
func (a *Audience) Viewer(viewer string, nowUs int64) (ViewerStats, error) {
	var c C.sg_viewer_stats
	var location, agent C.sg_buf
	err := a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
		return C.sg_audience_viewer(handle, chars(viewer), C.size_t(len(viewer)), C.int64_t(nowUs), &c, C.sizeof_sg_viewer_stats,
			&location, &agent, object)
	})
	if err != nil {
		return ViewerStats{}, err
	}
	where, _ := taken(&location, nil)
	with, _ := taken(&agent, nil)
	return ViewerStats{
		Watching: bool(c.watching), FirstUs: int64(c.first_us), LastUs: int64(c.last_us), Views: uint64(c.views),
		WatchedUs: uint64(c.watched_us), StartupUs: when(c.has_startup_us, uint64(c.startup_us)), Rebuffers: uint64(c.rebuffers),
		RebufferUs: uint64(c.rebuffer_us), MeanBitrateBps: when(c.has_mean_bitrate, float64(c.mean_bitrate_bps)),
		Switches: uint64(c.switches),
		Info:     ViewerInfo{when(c.has_location, string(where)), when(c.has_user_agent, string(with))},
	}, nil
}

// Concurrency tells how many watched from startUs to endUs, as far back as changes are kept. ErrNotFound where nothing is
// kept.
func (a *Audience) Concurrency(startUs, endUs int64) (Concurrency, error) {
	var c C.sg_concurrency
	err := a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
		return C.sg_audience_concurrency(handle, C.int64_t(startUs), C.int64_t(endUs), &c, C.sizeof_sg_concurrency, object)
	})
	if err != nil {
		return Concurrency{}, err
	}
	area := new(big.Int).SetUint64(uint64(c.area_us_high))
	area.Lsh(area, 64).Or(area, new(big.Int).SetUint64(uint64(c.area_us_low)))
	return Concurrency{int64(c.start_us), int64(c.end_us), uint64(c.peak), int64(c.peak_us), area, float64(c.mean)}, nil
}

// Steps gives the changes of concurrency that are kept, by time.
func (a *Audience) Steps() ([]ConcurrencyStep, error) {
	return counted(func(list []ConcurrencyStep, count *C.size_t) error {
		return a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
			out := (*C.sg_concurrency_step)(unsafe.Pointer(unsafe.SliceData(list)))
			return C.sg_audience_steps(handle, out, C.size_t(len(list)), count, object)
		})
	})
}

// Len is how many viewers are remembered, watching or not.
func (a *Audience) Len() (int, error) {
	var state C.sg_audience_state
	err := a.handle.shared(func(handle *C.sg_audience, object **C.sg_error) C.sg_status {
		return C.sg_audience_status(handle, &state, C.sizeof_sg_audience_state, object)
	})
	return int(state.viewers), err
}

// Close frees the audience; summaries stay good. Later calls return ErrClosed; a second Close does nothing.
func (a *Audience) Close() error { return a.handle.close() }

// perhapsText is a text that may be absent, which an empty one is not, until the pinner lets go.
func perhapsText(pinner *runtime.Pinner, s *string) C.sg_str {
	if s == nil {
		return C.sg_str{}
	}
	if *s == "" {
		empty := new(C.char)
		pinner.Pin(empty)
		return C.sg_str{data: empty}
	}
	return textOf(pinner, *s)
}
