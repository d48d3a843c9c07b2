package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
	"github.com/streamgauge/streamgauge/bindings-c/go/prom"
)

var (
	errTaken  = errors.New("somebody publishes under this name")
	errNobody = errors.New("nobody publishes under this name, or nothing came yet")
)

// sfu is one room: publishers, and subscribers of one publisher each.
type sfu struct {
	telemetry *streamgauge.Telemetry
	reporter  *streamgauge.Reporter
	metrics   *prometheus.Registry
	loss      float64
	seed      uint64

	mu       sync.Mutex
	peers    map[string]*peer
	joined   int
	report   json.RawMessage
	browsers map[string]json.RawMessage
}

func newSFU(loss float64, seed uint64, interval time.Duration) (*sfu, error) {
	if !(loss >= 0 && loss <= 1) {
		return nil, fmt.Errorf("a loss of %v, not 0 to 1", loss)
	}
	telemetry, err := streamgauge.NewTelemetry(streamgauge.TelemetryConfig{})
	if err != nil {
		return nil, err
	}
	collector, err := prom.NewCollector(telemetry, prom.Config{})
	if err != nil {
		return nil, err
	}
	s := &sfu{
		telemetry: telemetry, metrics: prometheus.NewRegistry(), loss: loss, seed: seed,
		peers: map[string]*peer{}, browsers: map[string]json.RawMessage{},
	}
	if err := s.metrics.Register(collector); err != nil {
		return nil, err
	}
	s.reporter, err = streamgauge.NewReporter(context.Background(), telemetry, streamgauge.ReporterConfig{
		Interval: interval, Deliver: s.deliver,
	})
	return s, err
}

// deliver keeps the latest report; another program would send report.LiveKit or report.JSON somewhere.
func (s *sfu) deliver(_ context.Context, report *streamgauge.Report) error {
	text, err := report.JSON()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report = text
	return nil
}

// close ends all connections and makes a last report.
func (s *sfu) close() error {
	s.mu.Lock()
	participants := make([]string, 0, len(s.peers))
	for participant := range s.peers {
		participants = append(participants, participant)
	}
	s.mu.Unlock()
	for _, participant := range participants {
		s.leave(participant)
	}
	return errors.Join(s.reporter.Close(), s.telemetry.Close())
}

// publish takes the audio and video of a publisher.
func (s *sfu) publish(name, offer string) (string, string, error) {
	p, err := s.join(name, streamgauge.Upstream)
	if err != nil {
		return "", "", err
	}
	p.connection.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		local, err := webrtc.NewTrackLocalStaticRTP(remote.Codec().RTPCodecCapability, trackID(name, remote.Kind()), name)
		if err != nil {
			log.Print(err)
			return
		}
		s.mu.Lock()
		p.published = append(p.published, published{local, uint32(remote.SSRC())})
		s.mu.Unlock()
		// Reading is what moves RTCP through the interceptors.
		go drain(func(b []byte) error { _, _, err := receiver.Read(b); return err })
		forward(remote, local)
	})
	answer, err := p.answer(offer)
	return s.settled(name, answer, err)
}

// subscribe sends what a publisher sends.
func (s *sfu) subscribe(name, offer string) (string, string, error) {
	s.mu.Lock()
	publisher := s.peers[name]
	if publisher == nil || len(publisher.published) == 0 || len(publisher.published) < len(publisher.connection.GetTransceivers()) {
		s.mu.Unlock()
		return "", "", errNobody
	}
	list := slices.Clone(publisher.published)
	s.joined++
	participant := fmt.Sprintf("%s-viewer-%d", name, s.joined)
	s.mu.Unlock()
	p, err := s.join(participant, streamgauge.Downstream)
	if err != nil {
		return "", "", err
	}
	for _, published := range list {
		if err := p.send(publisher, published); err != nil {
			return s.settled(participant, "", err)
		}
	}
	answer, err := p.answer(offer)
	return s.settled(participant, answer, err)
}

func (s *sfu) join(participant string, direction streamgauge.Direction) (*peer, error) {
	p, err := newPeer(s, participant, direction)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	taken := s.peers[participant] != nil
	if !taken {
		s.peers[participant] = p
	}
	s.mu.Unlock()
	if taken {
		return nil, errors.Join(errTaken, p.close())
	}
	p.connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed || state == webrtc.PeerConnectionStateClosed {
			s.leave(participant)
		}
	})
	return p, s.telemetry.Identify(participant, "RM_1", "pion-sfu", now())
}

// settled lets a participant go whose negotiation failed.
func (s *sfu) settled(participant, answer string, err error) (string, string, error) {
	if err != nil {
		s.leave(participant)
	}
	return participant, answer, err
}

// leave ends a participant's connection and tracks. False when there is none.
func (s *sfu) leave(participant string) bool {
	s.mu.Lock()
	p := s.peers[participant]
	delete(s.peers, participant)
	delete(s.browsers, participant)
	s.mu.Unlock()
	if p == nil {
		return false
	}
	if err := p.close(); err != nil {
		log.Print(err)
	}
	return true
}

// told keeps what a participant's browser counted.
func (s *sfu) told(name string, stats json.RawMessage) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers[name] == nil {
		return false
	}
	s.browsers[name] = stats
	return true
}

func (s *sfu) stats() (stats, error) {
	snapshot, err := s.telemetry.Snapshot()
	if err != nil {
		return stats{}, err
	}
	tracks := snapshot.Tracks
	slices.SortFunc(tracks, func(a, b streamgauge.TrackState) int {
		return cmp.Or(cmp.Compare(a.Key.Participant, b.Key.Participant), cmp.Compare(a.Key.Track, b.Key.Track))
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	all := stats{Tracks: tracks, Injected: map[string]map[uint32]injected{}, Browsers: map[string]json.RawMessage{}, Report: s.report}
	for participant, p := range s.peers {
		if p.loss != nil {
			all.Injected[participant] = p.loss.counts()
		}
		if told := s.browsers[participant]; told != nil {
			all.Browsers[participant] = told
		}
	}
	return all, nil
}

// forward passes packets on until the publisher stops. Pion puts retransmissions in their place in the stream, also
// those of packets that came: browsers probe the path with them. These are not passed on.
func forward(from *webrtc.TrackRemote, to *webrtc.TrackLocalStaticRTP) {
	passed := make([]uint32, 1<<16) // By sequence number: the timestamp, plus 1.
	for {
		packet, _, err := from.ReadRTP()
		if err != nil {
			return
		}
		if passed[packet.SequenceNumber] == packet.Timestamp+1 {
			continue
		}
		passed[packet.SequenceNumber] = packet.Timestamp + 1
		// An error is that of a subscriber, who goes by the state of its connection.
		_ = to.WriteRTP(packet)
	}
}

// drain reads until there is no more.
func drain(read func([]byte) error) {
	buffer := make([]byte, 1<<16)
	for read(buffer) == nil {
	}
}

// wantsKeyframe tells whether a viewer asks for one.
func wantsKeyframe(packets []rtcp.Packet) bool {
	return slices.ContainsFunc(packets, func(packet rtcp.Packet) bool {
		switch packet.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			return true
		default:
			return false
		}
	})
}

func trackID(publisher string, kind webrtc.RTPCodecType) string {
	return publisher + "-" + kind.String()
}

func now() int64 { return time.Now().UnixMicro() }
