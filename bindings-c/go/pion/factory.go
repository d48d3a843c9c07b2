// Package pion records what passes a Pion PeerConnection into tracks of a streamgauge.Telemetry.
//
// A Factory goes into the interceptor.Registry of a webrtc.API, before all others, so that its interceptor is the one
// next to the network: it then sees retransmissions, and what the other interceptors add.
package pion

import (
	"errors"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// Stream is an RTP stream of a PeerConnection.
type Stream struct {
	// Connection is the id that the registry gives to the interceptors of one PeerConnection; it may be empty.
	Connection string
	// Direction is Upstream for what comes from the other side, Downstream for what goes there.
	Direction streamgauge.Direction
	// Info is what Pion knows of it. Retransmissions that come are a stream of their own, of the MIME type
	// video/rtx; those that go belong to their media's.
	Info *interceptor.StreamInfo
}

// Config says what a Factory records and where. Track must be set.
type Config struct {
	// Track chooses the track of a stream, when it begins; nil if it is not to be recorded. Several streams may have one
	// track: the layers of simulcast, and media with its retransmissions. The track stays the caller's, to be closed
	// once the streams have ended.
	Track func(Stream) *streamgauge.Track
	// Batch is how many packets of a stream are handed over at once, 1 to streamgauge.MaxBatch; 0 is 64, for which a
	// stream needs 2 KiB. Reports and totals never miss what is not handed over yet.
	Batch int
	// OnError is told of packets that are no RTP or RTCP and of what a track refused, on the goroutine that passes the
	// packet; nil ignores it. Packets pass in any case.
	OnError func(error)
	// Now tells the time in microseconds since the Unix epoch; nil is the clock of the machine.
	Now func() int64
}

// Factory makes the interceptors; it is an interceptor.Factory.
type Factory struct{ config Config }

// NewFactory makes a factory. ErrInvalidArgument without Track, ErrOutOfRange for a batch that is too large.
func NewFactory(config Config) (*Factory, error) {
	if config.Track == nil {
		return nil, &streamgauge.Error{Status: 1, Message: "no function that chooses tracks"}
	}
	if config.Batch == 0 {
		config.Batch = 64
	}
	if config.Batch < 1 || config.Batch > streamgauge.MaxBatch {
		return nil, &streamgauge.Error{Status: 2, Message: "a batch is 1 to 256 packets"}
	}
	if config.OnError == nil {
		config.OnError = func(error) {}
	}
	if config.Now == nil {
		config.Now = func() int64 { return time.Now().UnixMicro() }
	}
	return &Factory{config}, nil
}

// NewInterceptor makes the interceptor of one PeerConnection.
func (f *Factory) NewInterceptor(id string) (interceptor.Interceptor, error) {
	stats, err := streamgauge.NewRtcpStats(streamgauge.RtcpConfig{})
	if err != nil {
		return nil, err
	}
	return &recorder{config: f.config, connection: id, streams: map[uint32]*stream{}, stats: stats}, nil
}

// recorder is the interceptor of one PeerConnection.
type recorder struct {
	config     Config
	connection string

	mu      sync.Mutex
	streams map[uint32]*stream
	stats   *streamgauge.RtcpStats
	readers int
	seen    seen
}

// BindRemoteStream records what comes.
func (r *recorder) BindRemoteStream(info *interceptor.StreamInfo, reader interceptor.RTPReader) interceptor.RTPReader {
	s := r.bind(info, streamgauge.Upstream)
	if s == nil {
		return reader
	}
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := reader.Read(b, a)
		if err == nil {
			r.told(s.received(r.config.Now(), b[:n]))
		}
		return n, a, err
	})
}

// BindLocalStream records what goes, retransmissions included.
func (r *recorder) BindLocalStream(info *interceptor.StreamInfo, writer interceptor.RTPWriter) interceptor.RTPWriter {
	s := r.bind(info, streamgauge.Downstream)
	if s == nil {
		return writer
	}
	return interceptor.RTPWriterFunc(func(header *rtpHeader, payload []byte, a interceptor.Attributes) (int, error) {
		n, err := writer.Write(header, payload, a)
		if err == nil {
			r.told(s.sent(r.config.Now(), header, payload))
		}
		return n, err
	})
}

// UnbindRemoteStream ends a stream: what it counted stays with its track.
func (r *recorder) UnbindRemoteStream(info *interceptor.StreamInfo) { r.unbind(info) }

// UnbindLocalStream ends a stream: what it counted stays with its track.
func (r *recorder) UnbindLocalStream(info *interceptor.StreamInfo) { r.unbind(info) }

// BindRTCPReader takes what the other side says of the streams that go there.
func (r *recorder) BindRTCPReader(reader interceptor.RTCPReader) interceptor.RTCPReader {
	r.mu.Lock()
	r.readers++
	number := r.readers
	r.mu.Unlock()
	return interceptor.RTCPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := reader.Read(b, a)
		if err == nil {
			packets, bad := a.GetRTCPPackets(b[:n])
			r.told(errors.Join(bad, r.feedback(number, b[:n], packets)))
		}
		return n, a, err
	})
}

// BindRTCPWriter takes what is asked of the other side for the streams that come from there.
func (r *recorder) BindRTCPWriter(writer interceptor.RTCPWriter) interceptor.RTCPWriter {
	return interceptor.RTCPWriterFunc(func(packets []rtcp.Packet, a interceptor.Attributes) (int, error) {
		n, err := writer.Write(packets, a)
		if err == nil {
			compound, bad := rtcp.Marshal(packets)
			if bad == nil {
				bad = r.feedback(0, compound, packets)
			}
			r.told(bad)
		}
		return n, err
	})
}

// Close hands over what was collected. Tracks stay open.
func (r *recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var failed []error
	for _, s := range r.streams {
		failed = append(failed, s.flush())
	}
	return errors.Join(append(failed, r.stats.Close())...)
}

func (r *recorder) bind(info *interceptor.StreamInfo, direction streamgauge.Direction) *stream {
	track := r.config.Track(Stream{r.connection, direction, info})
	if track == nil {
		return nil
	}
	s, err := newStream(track, info, direction, r.config.Batch)
	if err != nil {
		r.told(err)
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if report, err := r.stats.Source(info.SSRC); err == nil {
		// Of what was said before, another stream of this SSRC has been told.
		s.said = report
	}
	r.streams[info.SSRC] = s
	return s
}

func (r *recorder) unbind(info *interceptor.StreamInfo) {
	r.mu.Lock()
	s := r.streams[info.SSRC]
	delete(r.streams, info.SSRC)
	r.mu.Unlock()
	if s != nil {
		r.told(s.end())
	}
}

func (r *recorder) told(err error) {
	if err != nil {
		r.config.OnError(err)
	}
}
