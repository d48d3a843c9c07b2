package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// Direction is which way a track goes, seen from the server.
type Direction int32

const (
	// Upstream is from a publisher to the server. It exists only at the publisher's home node.
	Upstream Direction = C.SG_DIRECTION_UPSTREAM
	// Downstream is from the server to a subscriber: under the subscriber's id, with the publisher's track id.
	Downstream Direction = C.SG_DIRECTION_DOWNSTREAM
)

func (d Direction) String() string {
	return name("Direction", int32(d), C.SG_DIRECTION_UPSTREAM, "upstream", "downstream")
}

// Role is who is at the other end.
type Role int32

const (
	// Edge is a client.
	Edge Role = C.SG_ROLE_EDGE
	// Relay is another server: never added to edge traffic, never in the LiveKit protobuf.
	Relay Role = C.SG_ROLE_RELAY
)

func (r Role) String() string { return name("Role", int32(r), C.SG_ROLE_EDGE, "edge", "relay") }

// TrackKind is what a track carries.
type TrackKind int32

const (
	// TrackAudio is sound.
	TrackAudio TrackKind = C.SG_TRACK_AUDIO
	// TrackVideo is pictures.
	TrackVideo TrackKind = C.SG_TRACK_VIDEO
	// TrackData is a data track or channel.
	TrackData TrackKind = C.SG_TRACK_DATA
	// TrackSignal is the signal channel.
	TrackSignal TrackKind = C.SG_TRACK_SIGNAL
)

func (k TrackKind) String() string {
	return name("TrackKind", int32(k), C.SG_TRACK_AUDIO, "audio", "video", "data", "signal")
}

// TrackKey is which track of whom. Participant, Track, Direction and Role tell tracks apart; the rest describes, and is
// empty where it is not known. Texts are UTF-8.
type TrackKey struct {
	// Participant is the publisher upstream, the subscriber downstream.
	Participant string
	// Track is the publisher's id in both directions.
	Track string
	// Direction must be set.
	Direction Direction
	Role      Role
	// Kind must be set.
	Kind TrackKind
	// Source is where it comes from: camera, microphone, screen share.
	Source string
	// Mime is its codec or content; Track.SetMime changes it.
	Mime string
	// Country is the participant's.
	Country string
}

// LayerTotals are counts of one simulcast layer.
type LayerTotals struct {
	// Packets of media, their bytes, and frames.
	Packets, Bytes, Frames uint64
}

// TrackTotals are counts of one track, or of many added up. As totals all only grow but PacketsLost.
type TrackTotals struct {
	// PrimaryPackets are media packets, FEC included, retransmissions and padding apart.
	PrimaryPackets uint64
	// PrimaryBytes are theirs; of data and signal tracks all bytes.
	PrimaryBytes uint64
	// RetransmitPackets are retransmissions, RetransmitBytes theirs.
	RetransmitPackets, RetransmitBytes uint64
	// PaddingPackets are packets of padding alone; PaddingBytes also those at the end of other packets.
	PaddingPackets, PaddingBytes uint64
	// FecPackets are those of the primary packets that are FEC.
	FecPackets uint64
	// PacketsOutOfOrder came after a later one, PacketsDuplicate came again.
	PacketsOutOfOrder, PacketsDuplicate uint64
	// Frames are, of simulcast, those of the best layer of each interval.
	Frames uint64
	// Nacks, Plis (picture loss indications) and Firs (full intra requests).
	Nacks, Plis, Firs uint64
	// Messages are those of data and signal tracks, those of no bytes included.
	Messages uint64
	// PacketsLost is sequence numbers lost. It falls when a packet comes late.
	PacketsLost int64
	// Layers are by simulcast layer, where layers were set; the last one is that and all above.
	Layers [4]LayerTotals
}

// TrackSeed is what a track takes to another node: its totals, which go on there and are not reported again. As JSON or
// with encoding/gob it passes exactly.
type TrackSeed struct {
	Totals TrackTotals
}

// c gives the key as C sees it, until the pinner lets go.
func (k *TrackKey) c(pinner *runtime.Pinner) C.sg_track_key {
	return C.sg_track_key{
		participant: textOf(pinner, k.Participant), track: textOf(pinner, k.Track), source: textOf(pinner, k.Source),
		mime: textOf(pinner, k.Mime), country: textOf(pinner, k.Country),
		direction: C.int32_t(k.Direction), role: C.int32_t(k.Role), kind: C.int32_t(k.Kind),
	}
}

func textOf(pinner *runtime.Pinner, s string) C.sg_str {
	if s == "" {
		return C.sg_str{}
	}
	pinner.Pin(unsafe.StringData(s))
	return C.sg_str{data: chars(s), len: C.size_t(len(s))}
}

// texts copies strings of the library and gives those again that it gave last, since most of a list repeat.
type texts map[string]string

func (t texts) of(s C.sg_str) string {
	if s.len == 0 {
		return ""
	}
	seen := unsafe.String((*byte)(unsafe.Pointer(s.data)), int(s.len))
	if known, there := t[seen]; there {
		return known
	}
	text := string(unsafe.Slice((*byte)(unsafe.Pointer(s.data)), int(s.len)))
	t[text] = text
	return text
}

func (t texts) key(c *C.sg_track_key) TrackKey {
	return TrackKey{
		Participant: t.of(c.participant), Track: t.of(c.track), Source: t.of(c.source), Mime: t.of(c.mime), Country: t.of(c.country),
		Direction: Direction(c.direction), Role: Role(c.role), Kind: TrackKind(c.kind),
	}
}
