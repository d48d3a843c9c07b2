package pion

import (
	"errors"
	"strings"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

type rtpHeader = rtp.Header

// stream records one bound stream. Media and retransmissions may be written from different goroutines.
type stream struct {
	info      *interceptor.StreamInfo
	direction streamgauge.Direction
	track     *streamgauge.Track
	flags     streamgauge.PacketFlags

	mu       sync.Mutex
	recorder *streamgauge.Recorder
	header   rtpHeader // Of the packet that came last: its slices are used again.

	// said is what RTCP had said when the track was told last; the interceptor's lock is held.
	said streamgauge.RtcpReport
}

func newStream(
	track *streamgauge.Track, info *interceptor.StreamInfo, direction streamgauge.Direction, batch int,
) (*stream, error) {
	recorder, err := track.NewRecorder(batch)
	if err != nil {
		return nil, err
	}
	return &stream{info: info, direction: direction, track: track, flags: classOf(info.MimeType), recorder: recorder}, nil
}

// classOf tells what streams of a MIME type are.
func classOf(mime string) streamgauge.PacketFlags {
	switch _, kind, _ := strings.Cut(strings.ToLower(mime), "/"); kind {
	case "rtx":
		return streamgauge.Rtx
	case "flexfec", "flexfec-03", "ulpfec":
		return streamgauge.Fec
	default:
		return 0
	}
}

// received counts a packet that came, as it was on the wire but for the encryption.
func (s *stream) received(atUs int64, packet []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, err := s.header.Unmarshal(packet)
	if err != nil {
		return err
	}
	padding := byte(0)
	if s.header.Padding && len(packet) > size {
		padding = packet[len(packet)-1]
	}
	return s.record(atUs, &s.header, size, len(packet), padding)
}

// sent counts a packet that went. Its padding may be in the payload, as Pion had it once, or in the header's count.
func (s *stream) sent(atUs int64, header *rtpHeader, payload []byte) error {
	size := header.MarshalSize()
	padding := header.PaddingSize
	wire := size + len(payload) + int(padding)
	if header.Padding && padding == 0 && len(payload) > 0 {
		padding = payload[len(payload)-1]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record(atUs, header, size, wire, padding)
}

// record is called with the lock held.
func (s *stream) record(atUs int64, header *rtpHeader, size, wire int, padding byte) error {
	flags := s.flags
	switch {
	case s.info.SSRCRetransmission != 0 && header.SSRC == s.info.SSRCRetransmission:
		flags |= streamgauge.Rtx
	case s.info.SSRCForwardErrorCorrection != 0 && header.SSRC == s.info.SSRCForwardErrorCorrection:
		flags |= streamgauge.Fec
	}
	if header.Marker {
		flags |= streamgauge.Marker
	}
	return s.recorder.Record(streamgauge.Packet{
		ArrivalUs:    atUs,
		SSRC:         header.SSRC,
		RtpTimestamp: header.Timestamp,
		Sequence:     header.SequenceNumber,
		WireBytes:    uint16(min(wire, 1<<16-1)),
		HeaderBytes:  uint16(size),
		PayloadType:  header.PayloadType,
		PaddingBytes: padding,
		Flags:        flags,
	})
}

func (s *stream) flush() error { return s.recorder.Flush() }

// end hands over what is left and says that the SSRCs are gone. A track that was closed has all of it already.
func (s *stream) end() error {
	var failed []error
	for _, ssrc := range []uint32{s.info.SSRC, s.info.SSRCRetransmission, s.info.SSRCForwardErrorCorrection} {
		if ssrc != 0 {
			failed = append(failed, s.track.RemoveSSRC(ssrc))
		}
	}
	err := errors.Join(failed...)
	if errors.Is(err, streamgauge.ErrClosed) {
		return nil
	}
	return err
}
