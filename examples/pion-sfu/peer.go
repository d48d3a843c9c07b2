package main

import (
	"errors"
	"strings"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
	"github.com/streamgauge/streamgauge/bindings-c/go/pion"
)

// peer is the connection of one participant.
type peer struct {
	sfu         *sfu
	participant string
	connection  *webrtc.PeerConnection
	loss        *loss       // nil without loss to inject
	published   []published // The SFU's lock is held.

	mu sync.Mutex
	// tracks are those that are recorded, by id.
	tracks map[string]*streamgauge.Track
	// sending names the publisher's track of each SSRC that goes to a subscriber.
	sending map[uint32]string
	closed  bool
}

// published is a publisher's track, and its SSRC there.
type published struct {
	local *webrtc.TrackLocalStaticRTP
	ssrc  uint32
}

func newPeer(s *sfu, participant string, direction streamgauge.Direction) (*peer, error) {
	p := &peer{sfu: s, participant: participant, tracks: map[string]*streamgauge.Track{}, sending: map[uint32]string{}}
	recorder, err := pion.NewFactory(pion.Config{Track: func(stream pion.Stream) *streamgauge.Track {
		if stream.Direction != direction {
			return nil
		}
		return p.track(stream)
	}})
	if err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if s.loss > 0 && direction == streamgauge.Upstream {
		p.loss = newLoss(s.loss, s.seed)
		registry.Add(p.loss) // Next to the network: what it drops was never there.
	}
	registry.Add(recorder)
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	// What is retransmitted comes on an SSRC that Pion's NACK generator does not watch: it would ask for ever.
	asks := webrtc.WithNackGeneratorOptions(nack.GeneratorMaxNacksPerPacket(5))
	if err := webrtc.RegisterDefaultInterceptorsWithOptions(media, registry, asks); err != nil {
		return nil, err
	}
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings))
	p.connection, err = api.NewPeerConnection(webrtc.Configuration{})
	return p, err
}

// track gives the track of a stream, opened with its first one. Retransmissions belong to the video.
func (p *peer) track(stream pion.Stream) *streamgauge.Track {
	key := streamgauge.TrackKey{
		Participant: p.participant, Direction: stream.Direction, Kind: streamgauge.TrackVideo, Source: "camera",
		Mime: stream.Info.MimeType,
	}
	kind := webrtc.RTPCodecTypeVideo
	if strings.HasPrefix(stream.Info.MimeType, "audio/") {
		kind, key.Kind, key.Source = webrtc.RTPCodecTypeAudio, streamgauge.TrackAudio, "microphone"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key.Track = trackID(p.participant, kind)
	if stream.Direction == streamgauge.Downstream {
		key.Track = p.sending[stream.Info.SSRC]
	}
	if p.closed || key.Track == "" {
		return nil
	}
	track := p.tracks[key.Track]
	if track == nil {
		var err error
		if track, err = p.sfu.telemetry.Open(key, now()); err != nil {
			return nil
		}
		p.tracks[key.Track] = track
	}
	return track
}

// send adds a track of a publisher, and passes the wish for a key frame back.
func (p *peer) send(publisher *peer, from published) error {
	sender, err := p.connection.AddTrack(from.local)
	if err != nil {
		return err
	}
	p.mu.Lock()
	for _, encoding := range sender.GetParameters().Encodings {
		p.sending[uint32(encoding.SSRC)] = from.local.ID()
	}
	p.mu.Unlock()
	keyframe := []rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: from.ssrc}}
	go func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			if wantsKeyframe(packets) {
				_ = publisher.connection.WriteRTCP(keyframe)
			}
		}
	}()
	return nil
}

// answer negotiates, with all candidates in the answer.
func (p *peer) answer(offer string) (string, error) {
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}
	if err := p.connection.SetRemoteDescription(description); err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(p.connection)
	answer, err := p.connection.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	if err := p.connection.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return p.connection.LocalDescription().SDP, nil
}

// close ends the connection, then the tracks: what is left of them is in the next report.
func (p *peer) close() error {
	failed := []error{p.connection.Close()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for id, track := range p.tracks {
		_, err := track.End(now())
		failed = append(failed, err, track.Close())
		delete(p.tracks, id)
	}
	return errors.Join(failed...)
}
