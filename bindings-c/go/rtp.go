package streamgauge

// #include <streamgauge.h>
// #cgo noescape sg_rtp_record
// #cgo nocallback sg_rtp_record
import "C"

import (
	"runtime"
	"unsafe"
)

// RtpConfig limits an RtpStats. Zero of each is the default.
type RtpConfig struct {
	// Formats say what payload types stand for, beside or instead of the defaults.
	Formats []PayloadFormat
	// MaxStreams is how many streams are kept, at most 2^24; 0 is 65,536. When there are more, one not heard of
	// lately goes; its counts stay in the totals.
	MaxStreams uint64
	// MaxUnvalidated is how many of these may be SSRCs that are not validated yet; 0 is 16,384. An SSRC that is
	// not validated by the time so many newer ones came goes.
	MaxUnvalidated uint64
}

// StreamTotals are cumulative counts of one or more streams, or what was added to them. In totals all but Lost,
// Expected and LostRfc3550 only grow. Bytes come in three views: wire (UDP payload), header, and payload = wire -
// header - padding.
type StreamTotals struct {
	// Packets are all arrivals: late, repeated, padding, RTX and FEC included. The bytes of these:
	Packets, WireBytes, HeaderBytes, PaddingBytes, PayloadBytes uint64
	// MediaPackets are arrivals that are neither RTX, FEC nor padding alone.
	MediaPackets, MediaWireBytes, MediaPayloadBytes uint64
	// RtxPackets are arrivals of class RTX; overhead is header and padding.
	RtxPackets, RtxWireBytes, RtxOverheadBytes uint64
	// FecPackets are arrivals of class FEC; overhead is header and padding.
	FecPackets, FecWireBytes, FecOverheadBytes uint64
	// PaddingPackets are arrivals with padding and no payload, of class media.
	PaddingPackets, PaddingPacketWireBytes uint64
	// Lost is sequence numbers that never arrived: Missing less RecoveredLate. It falls when one comes late, so
	// as a delta it can be negative.
	Lost int64
	// Expected is sequence numbers from the lowest to the highest of each segment between restarts.
	Expected int64
	// LostRfc3550 is RFC 3550's cumulative lost: expected less received, where repeated packets are received.
	LostRfc3550 int64
	// Unique are first arrivals: all but the repeated, too old and implausible ones.
	Unique uint64
	// Missing are sequence numbers that were skipped when a later one arrived. What comes late is in RecoveredLate
	// as well.
	Missing uint64
	// RecoveredLate are arrivals of sequence numbers that had been counted missing.
	RecoveredLate uint64
	// Duplicates are arrivals of sequence numbers that had arrived before.
	Duplicates uint64
	// OutOfOrder are first arrivals after a later sequence number.
	OutOfOrder uint64
	// TooOld are arrivals too far behind to tell late from repeated; they correct no loss.
	TooOld uint64
	// Implausible are single arrivals too far ahead, which nothing confirmed.
	Implausible uint64
	// Discontinuities are restarts: two packets in sequence far from what came before. No loss is counted for them.
	Discontinuities uint64
	// Frames are distinct timestamps of video, Keyframes those of them with a packet flagged as key frame.
	Frames, Keyframes uint64
}

// StreamStats is everything known of one stream. What was not measured is nil.
type StreamStats struct {
	SSRC   uint32
	Totals StreamTotals
	// PayloadType is that of the latest media packet (of the first RTX or FEC packet, where there is no media).
	PayloadType *uint8
	// ClockHz is ticks per second of the timestamps; nil while the payload type has no format.
	ClockHz *uint32
	// Frames are distinct timestamps; nil for what is not video.
	Frames *uint64
	// ExtendedHighest is the extended highest sequence number; the first cycle begins at 65,536.
	ExtendedHighest *uint64
	// ExtendedTimestamp is the highest timestamp, extended to 64 bits.
	ExtendedTimestamp *int64
	// FirstArrivalUs and LastArrivalUs are microseconds since the Unix epoch.
	FirstArrivalUs, LastArrivalUs *int64
	// JitterUs is RFC 3550 A.8 over every media packet, now; JitterTicks the same in ticks.
	JitterUs, JitterTicks *float64
	// MeanJitterUs and MaxJitterUs are over all steps.
	MeanJitterUs, MaxJitterUs *float64
	// FrameJitterUs is A.8 over the first packet of each timestamp; FrameJitterTicks the same in ticks.
	FrameJitterUs, FrameJitterTicks *float64
	// MaxDeltaUs is the longest time between two arrivals of media.
	MaxDeltaUs *int64
	// BitrateBps is wire bits per second from the first to the latest arrival.
	BitrateBps *float64
	// LossBursts are runs of consecutive losses as they opened (late arrivals do not undo them): of 1 to 10, of 11
	// to 100, of more.
	LossBursts [12]uint32
	// TimestampDiscontinuities are timestamps that began a new timeline: more than 10 s away from what the arrivals
	// say.
	TimestampDiscontinuities uint32
	// ArrivalsWentBack are arrivals with a time before that of the one before.
	ArrivalsWentBack uint32
}

// StreamDelta is what a reader took of one stream.
type StreamDelta struct {
	// SSRC is nil for what streams had pending when they were evicted or removed.
	SSRC *uint32
	// Totals are what was added in the interval.
	Totals StreamTotals
	// StartUs is when the reader took last, EndUs when it did now.
	StartUs, EndUs int64
	// MaxJitterUs is the highest jitter (A.8, every packet) within the interval; nil when none was measured.
	MaxJitterUs *float64
	// Last is whether this is all that will come of what it stands for.
	Last bool
}

// RtpState is what an RtpStats says of itself.
type RtpState struct {
	// Streams are those kept, validated or not.
	Streams uint64
	// Evictions are validated streams that were evicted or removed.
	Evictions uint64
	// UnvalidatedPackets are not in the totals: of SSRCs that are no stream (yet).
	UnvalidatedPackets, UnvalidatedWireBytes uint64
	// MemoryBytes is the memory in use, spare capacity included.
	MemoryBytes uint64
}

// RtpStats are receiver statistics of any number of RTP streams, bounded. One goroutine at a time uses them and their
// readers, others get ErrBusy. Close is the contract; what is forgotten is freed some time.
type RtpStats struct{ handle handle[*C.sg_rtp] }

// NewRtpStats makes statistics of nothing yet. ErrInvalidArgument for a limit or a format that makes no sense.
func NewRtpStats(config RtpConfig) (*RtpStats, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	formats, count := formatsOf(&pinner, config.Formats)
	c := C.sg_rtp_config{
		formats: formats, format_count: count,
		max_streams: C.uint64_t(config.MaxStreams), max_unvalidated: C.uint64_t(config.MaxUnvalidated),
	}
	var pointer *C.sg_rtp
	var object *C.sg_error
	if err := failure(C.sg_rtp_new(&c, C.sizeof_sg_rtp_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	stats := &RtpStats{}
	stats.handle.own(pointer, "statistics", func(rtp *C.sg_rtp) { C.sg_rtp_free(rtp) })
	return stats, nil
}

// Record counts packets, in the order of their arrival; they are not copied, and nothing is allocated.
func (s *RtpStats) Record(packets []Packet) error {
	if !s.handle.mu.TryLock() {
		return s.handle.busy()
	}
	defer s.handle.mu.Unlock()
	if s.handle.pointer == nil {
		return s.handle.closed()
	}
	return plain(C.sg_rtp_record(s.handle.pointer, cPackets(packets), C.size_t(len(packets)), nil))
}

// RecordRaw reads and counts a raw packet; flags add what the bytes do not tell. Errors as for ParsePacket; then
// nothing is counted.
func (s *RtpStats) RecordRaw(arrivalUs int64, data []byte, flags PacketFlags) error {
	return s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_record_raw(handle, C.int64_t(arrivalUs), bytesOf(data), C.size_t(len(data)), C.uint8_t(flags), object)
	})
}

// Settle resolves what is held as a possible restart, at the end of the input.
func (s *RtpStats) Settle() error {
	return s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_settle(handle, object)
	})
}

// Remove ends a stream: its counts stay in the totals, and what readers have pending of it comes under no SSRC. It
// tells whether there was one.
func (s *RtpStats) Remove(ssrc uint32) (bool, error) {
	var removed C.bool
	err := s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_remove(handle, C.uint32_t(ssrc), &removed, object)
	})
	return bool(removed), err
}

// Snapshot gives everything known of one stream. ErrNotFound when there is no stream of that SSRC, or not yet two
// packets in sequence of it.
func (s *RtpStats) Snapshot(ssrc uint32) (StreamStats, error) {
	var c C.sg_stream_stats
	err := s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_snapshot(handle, C.uint32_t(ssrc), &c, C.sizeof_sg_stream_stats, object)
	})
	if err != nil {
		return StreamStats{}, err
	}
	return streamStatsOf(&c), nil
}

// Snapshots gives everything known of all streams, by SSRC.
func (s *RtpStats) Snapshots() ([]StreamStats, error) {
	list, err := counted(func(list []C.sg_stream_stats, count *C.size_t) error {
		return s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
			return C.sg_rtp_snapshots(handle, unsafe.SliceData(list), C.sizeof_sg_stream_stats, C.size_t(len(list)), count, object)
		})
	})
	return converted(list, streamStatsOf), err
}

// Totals are the counts of all streams that are or were there. They never fall.
func (s *RtpStats) Totals() (StreamTotals, error) {
	var totals StreamTotals
	err := s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_totals(handle, (*C.sg_stream_totals)(unsafe.Pointer(&totals)), C.sizeof_sg_stream_totals, object)
	})
	return totals, err
}

// Status tells how many streams there are, what is not in the totals, and the memory in use.
func (s *RtpStats) Status() (RtpState, error) {
	var state RtpState
	err := s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_status(handle, (*C.sg_rtp_state)(unsafe.Pointer(&state)), C.sizeof_sg_rtp_state, object)
	})
	return state, err
}

// Close frees the statistics. Later calls, also of readers, return ErrClosed; a second Close does nothing.
func (s *RtpStats) Close() error { return s.handle.close() }

// RtpReader takes deltas of an RtpStats, independently of other readers: for each of them, what it took and what is
// pending add up to the totals since it was made. It is good for as long as its statistics.
type RtpReader struct {
	stats  *RtpStats
	number C.uint32_t
}

// Reader makes a reader of everything from now on. ErrCapacityExceeded when there are 16.
func (s *RtpStats) Reader(nowUs int64) (*RtpReader, error) {
	reader := &RtpReader{stats: s}
	err := s.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_reader(handle, C.int64_t(nowUs), &reader.number, object)
	})
	if err != nil {
		return nil, err
	}
	return reader, nil
}

// Flush takes what is pending of every stream and counts it as delivered; streams without anything new are left out.
// It comes by SSRC, what streams that are gone had pending last. ErrAlreadyPending while a Take is in flight.
func (r *RtpReader) Flush(nowUs int64) ([]StreamDelta, error) {
	return r.deltas(func(handle *C.sg_rtp, out **C.sg_deltas, object **C.sg_error) C.sg_status {
		return C.sg_rtp_flush(handle, r.number, C.int64_t(nowUs), out, object)
	})
}

// Take is Flush, but holds what was taken until Ack or Restore.
func (r *RtpReader) Take(nowUs int64) ([]StreamDelta, error) {
	return r.deltas(func(handle *C.sg_rtp, out **C.sg_deltas, object **C.sg_error) C.sg_status {
		return C.sg_rtp_take(handle, r.number, C.int64_t(nowUs), out, object)
	})
}

func (r *RtpReader) deltas(take func(*C.sg_rtp, **C.sg_deltas, **C.sg_error) C.sg_status) ([]StreamDelta, error) {
	var deltas *C.sg_deltas
	err := r.stats.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return take(handle, &deltas, object)
	})
	if err != nil {
		return nil, err
	}
	defer C.sg_deltas_free(deltas)
	list, err := counted(func(list []C.sg_stream_delta, count *C.size_t) error {
		var object *C.sg_error
		status := C.sg_deltas_read(deltas, 0, unsafe.SliceData(list), C.sizeof_sg_stream_delta, C.size_t(len(list)), count, &object)
		return failure(status, object)
	})
	return converted(list, func(c *C.sg_stream_delta) StreamDelta {
		return StreamDelta{
			SSRC: when(c.has_ssrc, uint32(c.ssrc)), Totals: *(*StreamTotals)(unsafe.Pointer(&c.totals)),
			StartUs: int64(c.start_us), EndUs: int64(c.end_us),
			MaxJitterUs: when(c.has_max_jitter_us, float64(c.max_jitter_us)), Last: bool(c.last),
		}
	}), err
}

// Ack says that what was taken has arrived; nothing when nothing was.
func (r *RtpReader) Ack() error {
	return r.stats.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_ack(handle, r.number, object)
	})
}

// Restore says that what was taken was not delivered: it is pending again.
func (r *RtpReader) Restore() error {
	return r.stats.handle.exclusive(func(handle *C.sg_rtp, object **C.sg_error) C.sg_status {
		return C.sg_rtp_restore(handle, r.number, object)
	})
}

func streamStatsOf(c *C.sg_stream_stats) StreamStats {
	s := StreamStats{
		SSRC:                     uint32(c.ssrc),
		Totals:                   *(*StreamTotals)(unsafe.Pointer(&c.totals)),
		PayloadType:              when(c.has_payload_type, uint8(c.payload_type)),
		ClockHz:                  when(c.clock_hz != 0, uint32(c.clock_hz)),
		Frames:                   when(c.has_frames, uint64(c.frames)),
		ExtendedHighest:          when(c.has_extended_highest, uint64(c.extended_highest)),
		ExtendedTimestamp:        when(c.has_extended_timestamp, int64(c.extended_timestamp)),
		FirstArrivalUs:           when(c.has_arrivals, int64(c.first_arrival_us)),
		LastArrivalUs:            when(c.has_arrivals, int64(c.last_arrival_us)),
		JitterUs:                 when(c.has_jitter_us, float64(c.jitter_us)),
		JitterTicks:              when(c.has_jitter_ticks, float64(c.jitter_ticks)),
		MeanJitterUs:             when(c.has_mean_jitter_us, float64(c.mean_jitter_us)),
		MaxJitterUs:              when(c.has_max_jitter_us, float64(c.max_jitter_us)),
		FrameJitterUs:            when(c.has_frame_jitter_us, float64(c.frame_jitter_us)),
		FrameJitterTicks:         when(c.has_frame_jitter_ticks, float64(c.frame_jitter_ticks)),
		MaxDeltaUs:               when(c.has_max_delta_us, int64(c.max_delta_us)),
		BitrateBps:               when(c.has_bitrate_bps, float64(c.bitrate_bps)),
		TimestampDiscontinuities: uint32(c.timestamp_discontinuities),
		ArrivalsWentBack:         uint32(c.arrivals_went_back),
	}
	for i, runs := range c.loss_bursts {
		s.LossBursts[i] = uint32(runs)
	}
	return s
}

func cPackets(packets []Packet) *C.sg_packet {
	return (*C.sg_packet)(unsafe.Pointer(unsafe.SliceData(packets)))
}
