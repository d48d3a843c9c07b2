package streamgauge

// #include <streamgauge.h>
import "C"

import "unsafe"

// MediaClass is what a packet carries.
type MediaClass int32

const (
	// ClassVideo is pictures.
	ClassVideo MediaClass = C.SG_CLASS_VIDEO
	// ClassAudio is sound.
	ClassAudio MediaClass = C.SG_CLASS_AUDIO
	// ClassMetadata is anything else: captions, cues, tables.
	ClassMetadata MediaClass = C.SG_CLASS_METADATA
)

func (c MediaClass) String() string {
	return name("MediaClass", int32(c), C.SG_CLASS_VIDEO, "video", "audio", "metadata")
}

// MediaPacket is one packet of a stream, 32 bytes.
type MediaPacket struct {
	// AtUs is when it came.
	AtUs int64
	// LatencyUs is from capture to here, if HasLatency; negative where clocks differ.
	LatencyUs int64
	Bytes     uint32
	// DurationUs is how much media it holds; one of 0 has no bitrate of its own.
	DurationUs uint32
	// Media must be set.
	Media MediaClass
	// Frame is whether a frame begins in it, Keyframe whether that is a key frame.
	Frame, Keyframe bool
	HasLatency      bool
	_               byte
}

// ClassTotals are counts of one class. They only grow.
type ClassTotals struct {
	Packets, Bytes uint64
	// TimedBytes are those of the packets that hold media of a known duration, DurationUs.
	TimedBytes, DurationUs uint64
	// MediaBitrateBps is bits for a second of media, if HasMediaBitrate: if any packet had a duration.
	MediaBitrateBps float64
	HasMediaBitrate bool
}

// MediaTotals are counts of a stream, or of many. They only grow.
type MediaTotals struct {
	Video, Audio, Metadata ClassTotals
	// Frames are video frames begun, Keyframes those of them that are key frames.
	Frames, Keyframes uint64
	// FramesDropped and PacketsLost are those that were said to be.
	FramesDropped, PacketsLost uint64
	// LossRatio is packets lost of those sent, if HasLossRatio.
	LossRatio float64
	// DropRatio is frames dropped of all frames, if HasDropRatio.
	DropRatio    float64
	HasLossRatio bool
	HasDropRatio bool
}

// MediaStats is a stream as it is.
type MediaStats struct {
	Totals MediaTotals
	// StartUs and EndUs are the first and the last packet, if HasInterval.
	StartUs, EndUs int64
	// VideoBitrateBps and the others are bits per second that came, from the first to the last packet of the stream, if
	// HasBitrate: if time passed between.
	VideoBitrateBps, AudioBitrateBps, MetadataBitrateBps float64
	// FrameRate is video frames per second, if HasFrameRate: if time passed from the first to the last.
	FrameRate float64
	// KeyframeIntervalUs is the median of the latest intervals between key frames, if HasKeyframeInterval.
	KeyframeIntervalUs                                         float64
	HasInterval, HasBitrate, HasFrameRate, HasKeyframeInterval bool
}

// StreamsConfig limits Streams. The zero value is the defaults.
type StreamsConfig struct {
	// MaxStreams is how many there may be; 0 is 65,536.
	MaxStreams uint64
	// RelativeError is the largest of quantiles of latency, 0.0001 to 0.5; 0 is DefaultRelativeError.
	RelativeError float64
}

// Streams is what many streams carry, by id. Any number of goroutines may use it: recording locks one stream. Close is the
// contract; what is forgotten is freed some time.
type Streams struct{ handle handle[*C.sg_streams] }

// NewStreams makes streams, none yet. ErrInvalidArgument for a relative error out of its range.
func NewStreams(config StreamsConfig) (*Streams, error) {
	c := C.sg_streams_config{
		max_streams: C.uint64_t(config.MaxStreams), relative_error: C.double(config.RelativeError),
		has_relative_error: flag(config.RelativeError != 0),
	}
	var pointer *C.sg_streams
	var object *C.sg_error
	if err := failure(C.sg_streams_new(&c, C.sizeof_sg_streams_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	streams := &Streams{}
	streams.handle.own(pointer, "streams", func(streams *C.sg_streams) { C.sg_streams_free(streams) })
	return streams, nil
}

// Record counts packets of a stream, which begins with the first. ErrCapacityExceeded when there is no room for one more
// stream, ErrInvalidArgument for a class that is none; nothing is counted then.
func (s *Streams) Record(stream string, packets ...MediaPacket) error {
	list := (*C.sg_media_packet)(unsafe.Pointer(unsafe.SliceData(packets)))
	return s.handle.shared(func(handle *C.sg_streams, object **C.sg_error) C.sg_status {
		return C.sg_streams_record(handle, chars(stream), C.size_t(len(stream)), list, C.size_t(len(packets)), object)
	})
}

// RecordDroppedFrames counts frames that were dropped before they were sent or shown. Errors as for Record.
func (s *Streams) RecordDroppedFrames(stream string, frames uint64) error {
	return s.handle.shared(func(handle *C.sg_streams, object **C.sg_error) C.sg_status {
		return C.sg_streams_record_dropped_frames(handle, chars(stream), C.size_t(len(stream)), C.uint64_t(frames), object)
	})
}

// RecordLostPackets counts packets that never came. Errors as for Record.
func (s *Streams) RecordLostPackets(stream string, packets uint64) error {
	return s.handle.shared(func(handle *C.sg_streams, object **C.sg_error) C.sg_status {
		return C.sg_streams_record_lost_packets(handle, chars(stream), C.size_t(len(stream)), C.uint64_t(packets), object)
	})
}

// Snapshot gives a stream as it is, with its latencies in microseconds, a sketch of the caller's own. ErrNotFound when there
// is no such stream.
func (s *Streams) Snapshot(stream string) (MediaStats, *Sketch, error) {
	return s.stats(func(handle *C.sg_streams, out *C.sg_media_stats, latency **C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_streams_snapshot(handle, chars(stream), C.size_t(len(stream)), out, C.sizeof_sg_media_stats, latency, object)
	})
}

// Remove ends a stream and gives what it was, as Snapshot; its counts stay in the totals.
func (s *Streams) Remove(stream string) (MediaStats, *Sketch, error) {
	return s.stats(func(handle *C.sg_streams, out *C.sg_media_stats, latency **C.sg_sketch, object **C.sg_error) C.sg_status {
		return C.sg_streams_remove(handle, chars(stream), C.size_t(len(stream)), out, C.sizeof_sg_media_stats, latency, object)
	})
}

func (s *Streams) stats(call func(*C.sg_streams, *C.sg_media_stats, **C.sg_sketch, **C.sg_error) C.sg_status) (MediaStats, *Sketch, error) {
	var stats MediaStats
	var latency *C.sg_sketch
	err := s.handle.shared(func(handle *C.sg_streams, object **C.sg_error) C.sg_status {
		return call(handle, (*C.sg_media_stats)(unsafe.Pointer(&stats)), &latency, object)
	})
	if err != nil {
		return MediaStats{}, nil, err
	}
	return stats, newSketch(latency), nil
}

// IDs gives the ids of all streams that are there, in order.
func (s *Streams) IDs() ([]string, error) {
	var ids *C.sg_stream_ids
	err := s.handle.shared(func(handle *C.sg_streams, object **C.sg_error) C.sg_status {
		return C.sg_streams_ids(handle, &ids, object)
	})
	if err != nil {
		return nil, err
	}
	defer C.sg_stream_ids_free(ids)
	list, err := counted(func(list []C.sg_str, count *C.size_t) error {
		var object *C.sg_error
		return failure(C.sg_stream_ids_read(ids, 0, unsafe.SliceData(list), C.size_t(len(list)), count, &object), object)
	})
	return converted(list, func(id *C.sg_str) string { return text(*id) }), err
}

// Totals are those of all streams that are or were there.
func (s *Streams) Totals() (MediaTotals, error) {
	var totals MediaTotals
	err := s.handle.shared(func(handle *C.sg_streams, object **C.sg_error) C.sg_status {
		return C.sg_streams_totals(handle, (*C.sg_media_totals)(unsafe.Pointer(&totals)), C.sizeof_sg_media_totals, object)
	})
	return totals, err
}

// Close frees the streams. Later calls return ErrClosed; a second Close does nothing.
func (s *Streams) Close() error { return s.handle.close() }
