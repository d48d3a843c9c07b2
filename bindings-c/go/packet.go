package streamgauge

// #include <streamgauge.h>
// #cgo noescape sg_packet_parse
// #cgo nocallback sg_packet_parse
import "C"

import (
	"encoding/json"
	"runtime"
	"unsafe"
)

// PacketFlags say what a packet is beyond its numbers.
type PacketFlags uint8

const (
	// Marker is the marker bit.
	Marker PacketFlags = C.SG_PACKET_MARKER
	// Keyframe is part of a key frame.
	Keyframe PacketFlags = C.SG_PACKET_KEYFRAME
	// Rtx is a retransmission on its own SSRC.
	Rtx PacketFlags = C.SG_PACKET_RTX
	// Fec is forward error correction.
	Fec PacketFlags = C.SG_PACKET_FEC
)

// Packet is one RTP packet as the statistics see it, 32 bytes, so that a slice of them passes as it is. The payload
// is what is left of WireBytes after header and padding.
type Packet struct {
	// ArrivalUs is when it arrived (or was sent), microseconds since the Unix epoch.
	ArrivalUs int64
	// SSRC is the synchronisation source.
	SSRC uint32
	// RtpTimestamp is in ticks of the payload type's clock.
	RtpTimestamp uint32
	// Sequence is the RTP sequence number.
	Sequence uint16
	// WireBytes is the whole UDP payload.
	WireBytes uint16
	// HeaderBytes is the fixed header, CSRCs and extensions.
	HeaderBytes uint16
	// PayloadType is 0 to 127.
	PayloadType uint8
	// PaddingBytes is the padding at the end, its count byte included.
	PaddingBytes uint8
	Flags        PacketFlags
	_            [7]byte
}

// ParsePacket reads the header of a raw packet that arrived at arrivalUs; flags add what the bytes do not tell.
// ErrMalformed when the packet is shorter than what it announces, no RTP of version 2, or longer than a datagram
// can be.
func ParsePacket(data []byte, arrivalUs int64, flags PacketFlags) (Packet, error) {
	var packet Packet
	var object *C.sg_error
	status := C.sg_packet_parse(bytesOf(data), C.size_t(len(data)), C.int64_t(arrivalUs), C.uint8_t(flags),
		(*C.sg_packet)(unsafe.Pointer(&packet)), &object)
	return packet, failure(status, object)
}

// IsRtcp tells whether a datagram is RTCP rather than RTP, when both share a port (RFC 5761 section 4).
func IsRtcp(data []byte) bool {
	return bool(C.sg_is_rtcp(bytesOf(data), C.size_t(len(data))))
}

// FractionLost is the fraction lost as a receiver report has it, in 256ths (RFC 3550 A.3): of the packets expected
// in an interval, those not received; 0 when more came than were expected, at most 255.
func FractionLost(expected, received int64) uint8 {
	return uint8(C.sg_fraction_lost(C.int64_t(expected), C.int64_t(received)))
}

// ClampLost is a cumulative loss as a receiver report can show it: 24 bits with sign, clamped.
func ClampLost(lost int64) int32 { return int32(C.sg_clamp_lost(C.int64_t(lost))) }

// MediaKind is the kind of media of a payload type: frames are counted for video only.
type MediaKind int32

const (
	// MediaByClock is audio if the clock is not 90 kHz, else video; a format that the payload type has with that
	// clock stays.
	MediaByClock MediaKind = C.SG_MEDIA_BY_CLOCK
	// MediaAudio is sound: a packet is no frame.
	MediaAudio MediaKind = C.SG_MEDIA_AUDIO
	// MediaVideo is pictures: a frame is a distinct timestamp.
	MediaVideo MediaKind = C.SG_MEDIA_VIDEO
)

// PayloadFormat says what a payload type stands for. By default the static types of RFC 3551 have theirs; of the
// dynamic ones 63, 109 and 111 are 48 kHz audio, the rest from 96 on 90 kHz video.
type PayloadFormat struct {
	// PayloadType is 0 to 127.
	PayloadType uint8
	// ClockHz is ticks of the RTP timestamp per second, 1 to 10,000,000.
	ClockHz uint32
	Kind    MediaKind
}

// formatsOf gives the formats as C sees them, until the pinner lets go.
func formatsOf(pinner *runtime.Pinner, formats []PayloadFormat) (*C.sg_payload_format, C.size_t) {
	if len(formats) == 0 {
		return nil, 0
	}
	list := make([]C.sg_payload_format, len(formats))
	for i, format := range formats {
		list[i] = C.sg_payload_format{
			payload_type: C.uint32_t(format.PayloadType), clock_hz: C.uint32_t(format.ClockHz), kind: C.int32_t(format.Kind),
		}
	}
	pinner.Pin(&list[0])
	return &list[0], C.size_t(len(list))
}

// CaptureJSON reads a capture file, pcap or pcapng, gzipped or not (at most 4 GiB unpacked), and gives what it holds
// as a JSON object: streams with values that are null where nothing was measured, counts of the file, and RTCP.
// ErrMalformed when it is no capture file; what is malformed within it is counted.
func CaptureJSON(file []byte, formats ...PayloadFormat) (json.RawMessage, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	list, count := formatsOf(&pinner, formats)
	var out C.sg_buf
	var object *C.sg_error
	status := C.sg_capture_json(bytesOf(file), C.size_t(len(file)), list, count, &out, &object)
	return taken(&out, failure(status, object))
}
