package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"crypto/rand"
	"encoding/json"
	"runtime"
	"unsafe"
)

// Report is what was taken of a telemetry. It never changes, and any number of goroutines may use it at once. Close
// is the contract; a report that is forgotten is freed some time.
type Report struct {
	// Sequence is a consecutive number, from 1.
	Sequence uint64
	// StartUs is when the report acknowledged before was taken; for the first, the earliest start of a stat.
	StartUs int64
	// TimeUs is when it was taken.
	TimeUs int64
	count  int
	handle handle[*C.sg_report]
}

// StatsKey is what a stat is about. Source, country and role stand here because the LiveKit message has no place for
// them.
type StatsKey struct {
	RoomID, RoomName string
	// TrackKey has no Track, and a Source only if all tracks have it, where a stat is of a whole participant.
	TrackKey
}

// Scores are the quality scores of an interval.
type Scores struct {
	Mean, Min float32
	// Median is the middle one, or the mean of the two middle ones.
	Median float32
	// Count is how many there were.
	Count uint32
}

// StatLayer is the highest simulcast layer that had packets in an interval, and what it added.
type StatLayer struct {
	Layer uint32
	LayerTotals
}

// DataSummary is what a data track was, at its end.
type DataSummary struct {
	// DurationUs is from its first to its last packet.
	DurationUs int64
	// Packets include repeated ones.
	Packets           uint64
	PacketsLost       int64
	PacketsOutOfOrder uint64
	PacketsDuplicate  uint64
	// Frames are those begun; FrameRate is per second of the duration, nil when that is 0.
	Frames    uint64
	FrameRate *float64
}

// Stat is what one track, or one participant in one direction, did in an interval. What was not measured is nil.
type Stat struct {
	Key StatsKey
	// TimeUs is when it was taken; StartUs is the end of the interval before, or the opening.
	TimeUs, StartUs, EndUs int64
	// Totals are what was added. The loss is signed: negative when late packets corrected more than was lost.
	Totals TrackTotals
	// PacketsLostToReport is the loss for a format without signs: corrections are held back against it.
	PacketsLostToReport uint64
	// PacketsLostHeldBack are corrections still held back, 0 or less.
	PacketsLostHeldBack int64
	// RttUs and JitterUs are the largest of the interval.
	RttUs, JitterUs *uint32
	Scores          *Scores
	Layer           *StatLayer
	// Last is whether the track has ended and this is all that is left.
	Last bool
	// MergedIntervals is how many earlier intervals, whose report failed, are part of this one.
	MergedIntervals uint32
	// Tracks is how many this is the sum of.
	Tracks uint32
	// Data is there at the end of a data track.
	Data *DataSummary
}

func newReport(pointer *C.sg_report) (*Report, error) {
	report := &Report{}
	report.handle.own(pointer, "report", func(report *C.sg_report) { C.sg_report_free(report) })
	var state C.sg_report_state
	err := report.handle.shared(func(handle *C.sg_report, object **C.sg_error) C.sg_status {
		return C.sg_report_status(handle, &state, C.sizeof_sg_report_state, object)
	})
	report.Sequence, report.count = uint64(state.sequence), int(state.stats)
	report.StartUs, report.TimeUs = int64(state.start_us), int64(state.time_us)
	return report, err
}

// Len is how many stats it has.
func (r *Report) Len() int { return r.count }

// statsAtATime are read with one call: few enough that they stay in the processor's cache.
const statsAtATime = 128

// Stats gives all stats, by key.
func (r *Report) Stats() ([]Stat, error) {
	list := make([]C.sg_stat, min(r.count, statsAtATime))
	stats := make([]Stat, 0, r.count)
	err := r.handle.shared(func(handle *C.sg_report, object **C.sg_error) C.sg_status {
		// The texts live as long as the handle, which is kept here.
		seen := texts{}
		for len(stats) < r.count {
			var count C.size_t
			status := C.sg_report_stats(handle, C.size_t(len(stats)), unsafe.SliceData(list), C.sizeof_sg_stat, C.size_t(len(list)), &count, object)
			if status != C.SG_OK {
				return status
			}
			for i := range list[:min(len(list), r.count-len(stats))] {
				stats = append(stats, seen.stat(&list[i]))
			}
		}
		return C.SG_OK
	})
	if err != nil {
		return nil, err
	}
	return stats, nil
}

// LiveKit gives the stats as livekit.AnalyticsStats, protobuf that LiveKit's services take. node names this node. Each
// message has the id idPrefix and a number, counted from 0 in each report: with a prefix that is unique to the report
// the ids are unique. An empty prefix is a random one. Relay stats have no place there and are left out.
func (r *Report) LiveKit(node, idPrefix string) ([]byte, error) {
	if idPrefix == "" {
		idPrefix = rand.Text() + "-"
	}
	var out C.sg_buf
	err := r.handle.shared(func(handle *C.sg_report, object **C.sg_error) C.sg_status {
		return C.sg_report_livekit(handle, chars(node), C.size_t(len(node)), chars(idPrefix), C.size_t(len(idPrefix)), &out, object)
	})
	return taken(&out, err)
}

// JSON gives the stats as a JSON array, relay stats included; what was not measured is null.
func (r *Report) JSON() (json.RawMessage, error) {
	var out C.sg_buf
	err := r.handle.shared(func(handle *C.sg_report, object **C.sg_error) C.sg_status {
		return C.sg_report_json(handle, &out, object)
	})
	return taken(&out, err)
}

// OTLP gives the stats as OTLP metrics with delta temporality, relay stats included; empty when there is nothing to say.
func (r *Report) OTLP(config OtlpConfig) ([]byte, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	c := config.c(&pinner)
	var out C.sg_buf
	err := r.handle.shared(func(handle *C.sg_report, object **C.sg_error) C.sg_status {
		return C.sg_report_otlp(handle, &c, C.sizeof_sg_otlp_config, &out, object)
	})
	return taken(&out, err)
}

// Close frees the report. Later calls return ErrClosed; a second Close does nothing. What Stats gave stays good.
func (r *Report) Close() error { return r.handle.close() }

func (t texts) stat(c *C.sg_stat) Stat {
	stat := Stat{
		Key:    StatsKey{t.of(c.room_id), t.of(c.room_name), t.key(&c.key)},
		TimeUs: int64(c.time_us), StartUs: int64(c.start_us), EndUs: int64(c.end_us),
		Totals:              *(*TrackTotals)(unsafe.Pointer(&c.totals)),
		PacketsLostToReport: uint64(c.packets_lost_to_report), PacketsLostHeldBack: int64(c.packets_lost_held_back),
		RttUs: when(c.has_rtt_us, uint32(c.rtt_us)), JitterUs: when(c.has_jitter_us, uint32(c.jitter_us)),
		Last: bool(c.last), MergedIntervals: uint32(c.merged_intervals), Tracks: uint32(c.tracks),
	}
	if c.scores > 0 {
		stat.Scores = &Scores{float32(c.mean_score), float32(c.min_score), float32(c.median_score), uint32(c.scores)}
	}
	if c.has_layer {
		stat.Layer = &StatLayer{uint32(c.layer), LayerTotals{
			uint64(c.layer_totals.packets), uint64(c.layer_totals.bytes), uint64(c.layer_totals.frames),
		}}
	}
	if c.has_data {
		stat.Data = &DataSummary{
			DurationUs: int64(c.data.duration_us), Packets: uint64(c.data.packets), PacketsLost: int64(c.data.packets_lost),
			PacketsOutOfOrder: uint64(c.data.packets_out_of_order), PacketsDuplicate: uint64(c.data.packets_duplicate),
			Frames: uint64(c.data.frames), FrameRate: when(c.data.has_frame_rate, float64(c.data.frame_rate)),
		}
	}
	return stat
}
