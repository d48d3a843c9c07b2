package streamgauge

// #include <streamgauge.h>
// #cgo noescape sg_track_record
// #cgo nocallback sg_track_record
// #cgo noescape sg_track_record_message
// #cgo nocallback sg_track_record_message
// #cgo noescape sg_track_record_data
// #cgo nocallback sg_track_record_data
// #cgo noescape sg_track_record_rtcp
// #cgo nocallback sg_track_record_rtcp
// #cgo noescape sg_track_observe_totals
// #cgo nocallback sg_track_observe_totals
import "C"

import "unsafe"

// Track is a handle to a track of a Telemetry. Any number of goroutines may use it at once; records of two that come
// at once may mix. A nil Track records nothing and is never an error, so that a recorder may be absent. What is recorded
// after End is rejected and counted; after Close it is ErrClosed. Close is the contract; a track that is forgotten ends
// some time.
type Track struct {
	handle handle[*C.sg_track]
	// Recorders of this track, and all of its telemetry.
	batches   batches
	telemetry *batches
}

// DataPacket is one packet of a data track, after marshalling; 16 bytes.
type DataPacket struct {
	// AtUs is when it arrived or was sent.
	AtUs int64
	// Bytes are those on the wire.
	Bytes    uint32
	Sequence uint16
	// StartsFrame is whether it begins a frame.
	StartsFrame bool
	_           [1]byte
}

// RtcpSample is what RTCP said of a track in one direction. The zero value is nothing.
type RtcpSample struct {
	// Lost is packets newly lost; negative when a late packet corrects a loss.
	Lost int64
	// RttUs and JitterUs are there with HasRttUs and HasJitterUs only; a report shows the largest of its interval.
	RttUs, JitterUs uint32
	// Nacks, Plis (picture loss indications) and Firs (full intra requests).
	Nacks, Plis, Firs     uint32
	HasRttUs, HasJitterUs bool
}

// Record counts RTP packets, in the order of their arrival; they are not copied, and nothing is allocated. A call costs
// several times what a packet does: see NewRecorder.
func (t *Track) Record(packets []Packet) error {
	if t == nil || len(packets) == 0 {
		return nil
	}
	h := &t.handle
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.pointer == nil {
		return h.closed()
	}
	return plain(C.sg_track_record(h.pointer, cPackets(packets), C.size_t(len(packets)), nil))
}

// RecordRaw reads and counts a raw packet; flags add what the bytes do not tell. Errors as for ParsePacket; then
// nothing is counted.
func (t *Track) RecordRaw(arrivalUs int64, data []byte, flags PacketFlags) error {
	return t.call(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_record_raw(handle, C.int64_t(arrivalUs), bytesOf(data), C.size_t(len(data)), C.uint8_t(flags), object)
	})
}

// RecordMessage counts a message of a data or signal channel, after marshalling; one of no bytes is one.
func (t *Track) RecordMessage(atUs int64, bytes uint64) error {
	if t == nil {
		return nil
	}
	h := &t.handle
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.pointer == nil {
		return h.closed()
	}
	return plain(C.sg_track_record_message(h.pointer, C.int64_t(atUs), C.uint64_t(bytes), nil))
}

// RecordData counts packets of a data track, in the order of their arrival.
func (t *Track) RecordData(packets []DataPacket) error {
	if t == nil || len(packets) == 0 {
		return nil
	}
	h := &t.handle
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.pointer == nil {
		return h.closed()
	}
	list := (*C.sg_data_packet)(unsafe.Pointer(unsafe.SliceData(packets)))
	return plain(C.sg_track_record_data(h.pointer, list, C.size_t(len(packets)), nil))
}

// RecordRtcp counts what RTCP said. Of a track that is received, Record counts loss and jitter: who gives the loss here
// as well counts it twice.
func (t *Track) RecordRtcp(atUs int64, sample RtcpSample) error {
	if t == nil {
		return nil
	}
	h := &t.handle
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.pointer == nil {
		return h.closed()
	}
	c := (*C.sg_rtcp_sample)(unsafe.Pointer(&sample))
	return plain(C.sg_track_record_rtcp(h.pointer, C.int64_t(atUs), c, C.sizeof_sg_rtcp_sample, nil))
}

// ObserveTotals takes an SFU's own cumulative counters of an SSRC, which began at 0 when the SSRC was added. A count
// that falls restarted from 0. Past the limit of streams the SSRC is rejected and counted.
func (t *Track) ObserveTotals(ssrc uint32, packets, bytes uint64) error {
	if t == nil {
		return nil
	}
	h := &t.handle
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.pointer == nil {
		return h.closed()
	}
	return plain(C.sg_track_observe_totals(h.pointer, C.uint32_t(ssrc), C.uint64_t(packets), C.uint64_t(bytes), nil))
}

// RecordScore notes a quality score. One that is not above 0, or not finite, is no score.
func (t *Track) RecordScore(score float32) error {
	return t.call(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_record_score(handle, C.float(score), object)
	})
}

// RemoveSSRC says that an SSRC went away: what it counted stays, and should it come back it starts from 0.
func (t *Track) RemoveSSRC(ssrc uint32) error {
	return t.after(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_remove_ssrc(handle, C.uint32_t(ssrc), object)
	})
}

// SetLayer says which simulcast layer an SSRC is, 0 the lowest; 3 and above are one. What the SSRC has counted so far
// belongs to no layer.
func (t *Track) SetLayer(ssrc, layer uint32) error {
	return t.after(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_set_layer(handle, C.uint32_t(ssrc), C.uint32_t(layer), object)
	})
}

// SetMime says that the codec or content changed; a report shows the latest.
func (t *Track) SetMime(mime string) error {
	return t.call(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_set_mime(handle, chars(mime), C.size_t(len(mime)), object)
	})
}

// Totals are everything counted, reported or not; zeros for a nil track.
func (t *Track) Totals() (TrackTotals, error) {
	var totals TrackTotals
	err := t.after(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_totals(handle, totals.c(), C.sizeof_sg_track_counts, object)
	})
	return totals, err
}

// End ends this handle, and with the last one the track: what is left comes in one last stat. False when the handle
// had ended already.
func (t *Track) End(nowUs int64) (bool, error) {
	var first C.bool
	err := t.after(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_close(handle, C.int64_t(nowUs), &first, object)
	})
	return bool(first), err
}

// Export ends this handle and gives what another node needs to go on; see Telemetry.OpenSeeded. What was counted since
// the last report is reported here.
func (t *Track) Export(nowUs int64) (TrackSeed, error) {
	var seed TrackSeed
	err := t.after(func(handle *C.sg_track, object **C.sg_error) C.sg_status {
		return C.sg_track_export(handle, C.int64_t(nowUs), (*C.sg_track_seed)(unsafe.Pointer(&seed)), C.sizeof_sg_track_seed, object)
	})
	return seed, err
}

// Close ends the handle, unless End or Export did, at the time of the last record, and frees it once no call on it is
// under way. Later calls return ErrClosed; a second Close does nothing.
func (t *Track) Close() error {
	if t == nil {
		return nil
	}
	for _, b := range t.batches.close() {
		t.telemetry.remove(b)
	}
	return t.handle.close()
}

// after makes a call once recorders have handed over what came before it.
func (t *Track) after(call func(*C.sg_track, **C.sg_error) C.sg_status) error {
	if t != nil {
		t.batches.flush()
	}
	return t.call(call)
}

func (t *Track) call(call func(*C.sg_track, **C.sg_error) C.sg_status) error {
	if t == nil {
		return nil
	}
	return t.handle.shared(call)
}

func errTrackClosed() error { return &Error{Status: C.SG_CLOSED, Message: "the track was closed"} }
