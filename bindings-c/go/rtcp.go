package streamgauge

// #include <streamgauge.h>
import "C"

import "unsafe"

// RtcpConfig limits an RtcpStats.
type RtcpConfig struct {
	// MaxSources is how many sources are kept; 0 is 1,024. When there are more, the one not heard of for longest
	// goes.
	MaxSources uint64
}

// ReportBlock is what somebody receives of a source.
type ReportBlock struct {
	// FractionLost is since the block before, in 256ths.
	FractionLost uint8
	// CumulativeLost is packets lost in all; negative when repeats outnumber losses.
	CumulativeLost int32
	// ExtendedHighest is the extended highest sequence number, modulo 2^32.
	ExtendedHighest uint32
	// JitterTicks is the interarrival jitter in ticks.
	JitterTicks uint32
}

// SenderInfo is what a source says of itself in sender reports.
type SenderInfo struct {
	// Ntp is seconds since 1900 in the high half, fraction in the low; RtpTimestamp the same moment in the
	// stream's clock.
	Ntp          uint64
	RtpTimestamp uint32
	// SentPackets and SentBytes (of payload) are extended past 32 bits.
	SentPackets, SentBytes uint64
}

// RtcpReport is what RTCP said about one source of media, or its reports. What was not said is nil.
type RtcpReport struct {
	SSRC uint32
	// HeardUs is when it was last heard of.
	HeardUs int64
	// Remote is the latest report block about it.
	Remote *ReportBlock
	// Sender is of its latest sender report.
	Sender *SenderInfo
	// RttUs is the latest round-trip time by a report block about it (SR, then LSR and DLSR), MaxRttUs the largest.
	RttUs, MaxRttUs *int64
	// TotalRttUs is the sum of all, and RttMeasurements their number.
	TotalRttUs, RttMeasurements uint64
	// XrRttUs is the latest round-trip time by its receiver reference time (XR: RRTR, then DLRR).
	XrRttUs *int64
	// Nacks are NACK messages about it, NackPackets the packets that these asked for.
	Nacks, NackPackets uint64
	// Plis are picture loss indications about it.
	Plis uint64
	// Firs are full intra requests about it; a repeated command sequence number is the same request.
	Firs uint64
	// SenderReports are those from it.
	SenderReports uint64
	// Left is whether it said goodbye.
	Left bool
}

// RtcpTotals are what came of each kind, over all sources. They never fall.
type RtcpTotals struct {
	// Compounds are compound packets, Malformed those of them with a malformed part.
	Compounds, Malformed uint64
	// SenderReports came, and ReportBlocks in sender and receiver reports.
	SenderReports, ReportBlocks uint64
	// Nacks are NACK messages, NackPackets the packets that these asked for.
	Nacks, NackPackets uint64
	// Plis are picture loss indications, Firs full intra requests.
	Plis, Firs uint64
	// RttMeasurements are round-trip times measured; RttNegative came out negative and were not used.
	RttMeasurements, RttNegative uint64
	// Byes are goodbyes.
	Byes uint64
	// Evicted are sources that had to go.
	Evicted uint64
}

// RtcpStats keeps what RTCP says, of any number of sources, bounded, in both directions as it passes one point. One
// goroutine at a time uses it, others get ErrBusy. Close is the contract; what is forgotten is freed some time.
type RtcpStats struct{ handle handle[*C.sg_rtcp] }

// NewRtcpStats makes statistics of nothing yet.
func NewRtcpStats(config RtcpConfig) (*RtcpStats, error) {
	c := C.sg_rtcp_config{max_sources: C.uint64_t(config.MaxSources)}
	var pointer *C.sg_rtcp
	var object *C.sg_error
	if err := failure(C.sg_rtcp_new(&c, C.sizeof_sg_rtcp_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	stats := &RtcpStats{}
	stats.handle.own(pointer, "statistics", func(rtcp *C.sg_rtcp) { C.sg_rtcp_free(rtcp) })
	return stats, nil
}

// Record takes a compound packet that passed at atUs, sent or received. ErrMalformed for a malformed part, which is
// counted; what stood before it counts.
func (s *RtcpStats) Record(atUs int64, compound []byte) error {
	return s.handle.exclusive(func(handle *C.sg_rtcp, object **C.sg_error) C.sg_status {
		return C.sg_rtcp_record(handle, C.int64_t(atUs), bytesOf(compound), C.size_t(len(compound)), object)
	})
}

// Source gives what was said about one source. ErrNotFound when nothing was.
func (s *RtcpStats) Source(ssrc uint32) (RtcpReport, error) {
	var c C.sg_rtcp_report
	err := s.handle.exclusive(func(handle *C.sg_rtcp, object **C.sg_error) C.sg_status {
		return C.sg_rtcp_source(handle, C.uint32_t(ssrc), &c, C.sizeof_sg_rtcp_report, object)
	})
	if err != nil {
		return RtcpReport{}, err
	}
	return rtcpReportOf(&c), nil
}

// Sources gives what was said about all sources, by SSRC.
func (s *RtcpStats) Sources() ([]RtcpReport, error) {
	list, err := counted(func(list []C.sg_rtcp_report, count *C.size_t) error {
		return s.handle.exclusive(func(handle *C.sg_rtcp, object **C.sg_error) C.sg_status {
			return C.sg_rtcp_sources(handle, unsafe.SliceData(list), C.sizeof_sg_rtcp_report, C.size_t(len(list)), count, object)
		})
	})
	return converted(list, rtcpReportOf), err
}

// Totals are the counts over all sources, those evicted included.
func (s *RtcpStats) Totals() (RtcpTotals, error) {
	var totals RtcpTotals
	err := s.handle.exclusive(func(handle *C.sg_rtcp, object **C.sg_error) C.sg_status {
		return C.sg_rtcp_totals(handle, (*C.sg_rtcp_counts)(unsafe.Pointer(&totals)), C.sizeof_sg_rtcp_counts, object)
	})
	return totals, err
}

// TakeMaxRttUs gives the largest round-trip time since it was last asked for. ErrNotFound when none was measured.
func (s *RtcpStats) TakeMaxRttUs() (int64, error) {
	var rtt C.int64_t
	err := s.handle.exclusive(func(handle *C.sg_rtcp, object **C.sg_error) C.sg_status {
		return C.sg_rtcp_take_max_rtt_us(handle, &rtt, object)
	})
	return int64(rtt), err
}

// Close frees the statistics. Later calls return ErrClosed; a second Close does nothing.
func (s *RtcpStats) Close() error { return s.handle.close() }

func rtcpReportOf(c *C.sg_rtcp_report) RtcpReport {
	return RtcpReport{
		SSRC:    uint32(c.ssrc),
		HeardUs: int64(c.heard_us),
		Remote: when(c.has_block, ReportBlock{
			FractionLost: uint8(c.fraction_lost), CumulativeLost: int32(c.cumulative_lost),
			ExtendedHighest: uint32(c.extended_highest), JitterTicks: uint32(c.jitter_ticks),
		}),
		Sender: when(c.has_sender, SenderInfo{
			Ntp: uint64(c.sender_ntp), RtpTimestamp: uint32(c.sender_rtp_timestamp),
			SentPackets: uint64(c.sent_packets), SentBytes: uint64(c.sent_bytes),
		}),
		RttUs:           when(c.has_rtt, int64(c.rtt_us)),
		MaxRttUs:        when(c.has_rtt, int64(c.max_rtt_us)),
		TotalRttUs:      uint64(c.total_rtt_us),
		RttMeasurements: uint64(c.rtt_measurements),
		XrRttUs:         when(c.has_xr_rtt, int64(c.xr_rtt_us)),
		Nacks:           uint64(c.nacks),
		NackPackets:     uint64(c.nack_packets),
		Plis:            uint64(c.plis),
		Firs:            uint64(c.firs),
		SenderReports:   uint64(c.sender_reports),
		Left:            bool(c.left),
	}
}
