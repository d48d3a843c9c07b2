package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/livekit/livekit-server/pkg/telemetry"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"github.com/livekit/protocol/livekit"
)

// script is one case: what happens, in order. core/tests/livekit.rs plays the same to our core.
type script struct {
	Name  string `json:"name"`
	Why   string `json:"why"`
	Steps []step `json:"steps"`
}

// step is one thing that happens; `Op` says which of the fields mean something.
type step struct {
	Op          string   `json:"op"`
	AtUs        int64    `json:"at_us"`
	Participant string   `json:"participant"`
	RoomID      string   `json:"room_id"`
	RoomName    string   `json:"room_name"`
	Track       string   `json:"track"`
	Direction   string   `json:"direction"`
	Kind        string   `json:"kind"`
	Mime        string   `json:"mime"`
	Score       float32  `json:"score"`
	Streams     []stream `json:"streams"`
}

// stream is what one SSRC did in a sample. Loss has a sign: negative when packets came late.
type stream struct {
	Ssrc              uint32 `json:"ssrc"`
	StartUs           *int64 `json:"start_us"`
	EndUs             *int64 `json:"end_us"`
	PrimaryPackets    uint32 `json:"primary_packets"`
	PrimaryBytes      uint64 `json:"primary_bytes"`
	RetransmitPackets uint32 `json:"retransmit_packets"`
	RetransmitBytes   uint64 `json:"retransmit_bytes"`
	PaddingPackets    uint32 `json:"padding_packets"`
	PaddingBytes      uint64 `json:"padding_bytes"`
	PacketsLost       int32  `json:"packets_lost"`
	PacketsOutOfOrder uint32 `json:"packets_out_of_order"`
	Frames            uint32 `json:"frames"`
	RttMs             uint32 `json:"rtt_ms"`
	JitterUs          uint32 `json:"jitter_us"`
	Nacks             uint32 `json:"nacks"`
	Plis              uint32 `json:"plis"`
	Firs              uint32 `json:"firs"`
	Layer             *int32 `json:"layer"`
}

// sender keeps what LiveKit's telemetry sends.
type sender struct {
	telemetry.NullAnalyticService
	stats   []*livekit.AnalyticsStat
	drained chan struct{}
}

func (s *sender) SendStats(_ context.Context, stats []*livekit.AnalyticsStat) {
	s.stats = append(s.stats, stats...)
}

func (s *sender) SendNodeRoomStates(context.Context, *livekit.AnalyticsNodeRooms) {
	s.drained <- struct{}{}
}

// play feeds the steps to LiveKit's telemetry service and gives the stats of each flush.
func (c script) play() ([][]json.RawMessage, error) {
	ctx := context.Background()
	if err := prometheus.Init("ND_oracle", livekit.NodeType_SERVER); err != nil {
		return nil, err
	}
	to := &sender{drained: make(chan struct{})}
	service := telemetry.NewTelemetryService(nil, to)
	rooms := map[string]*livekit.Room{}
	guards := map[string]*telemetry.ReferenceGuard{}
	flushes := [][]json.RawMessage{}
	for _, s := range c.Steps {
		info := &livekit.ParticipantInfo{Sid: s.Participant, Identity: s.Participant}
		switch s.Op {
		case "join":
			rooms[s.Participant] = &livekit.Room{Sid: s.RoomID, Name: s.RoomName}
			guards[s.Participant] = &telemetry.ReferenceGuard{}
			service.ParticipantJoined(ctx, rooms[s.Participant], info, nil, nil, false, guards[s.Participant])
		case "leave":
			service.ParticipantLeft(ctx, rooms[s.Participant], info, false, guards[s.Participant])
		case "sample":
			room := rooms[s.Participant]
			if room == nil {
				room = &livekit.Room{Sid: s.RoomID, Name: s.RoomName}
			}
			key, stat := s.sample()
			service.TrackStats(livekit.RoomID(room.Sid), livekit.RoomName(room.Name), key, stat)
		case "remove_ssrc", "close":
			// A sampled SSRC or track that goes away is one that has no further samples.
		case "flush":
			// The queue works in order: when this arrives, all before it has been done.
			service.LocalRoomState(ctx, nil)
			<-to.drained
			before := time.Now()
			service.FlushStats()
			stats, err := to.take(before, s.AtUs)
			if err != nil {
				return nil, err
			}
			flushes = append(flushes, stats)
		default:
			return nil, fmt.Errorf("no op %q", s.Op)
		}
	}
	return flushes, nil
}

// take gives what was sent since `before`, ordered, at the script's time instead of the clock's.
func (s *sender) take(before time.Time, atUs int64) ([]json.RawMessage, error) {
	stats := s.stats
	s.stats = nil
	slices.SortFunc(stats, func(a, b *livekit.AnalyticsStat) int {
		return strings.Compare(order(a), order(b))
	})
	texts := make([]json.RawMessage, len(stats))
	for i, stat := range stats {
		if at := stat.TimeStamp.AsTime(); at.Before(before.Truncate(0)) || at.After(time.Now()) {
			return nil, fmt.Errorf("a stat is stamped %v, which is not the time of the flush", at)
		}
		stat.TimeStamp = timestamppb.New(time.UnixMicro(atUs))
		text, err := text2json(stat)
		if err != nil {
			return nil, err
		}
		texts[i] = text
	}
	return texts, nil
}

func order(stat *livekit.AnalyticsStat) string {
	return fmt.Sprint(stat.ParticipantId, " ", stat.TrackId, " ", stat.Kind)
}

// sample is the step as LiveKit's connection quality and byte counters report it.
func (s step) sample() (telemetry.StatsKey, *livekit.AnalyticsStat) {
	direction := livekit.StreamType_UPSTREAM
	if s.Direction == "downstream" {
		direction = livekit.StreamType_DOWNSTREAM
	}
	participant, track := livekit.ParticipantID(s.Participant), livekit.TrackID(s.Track)
	key := telemetry.StatsKeyForData("", direction, participant, track)
	switch s.Kind {
	case "video":
		key = telemetry.StatsKeyForTrack("", direction, participant, track, livekit.TrackSource_CAMERA, livekit.TrackType_VIDEO)
	case "audio":
		key = telemetry.StatsKeyForTrack("", direction, participant, track, livekit.TrackSource_MICROPHONE, livekit.TrackType_AUDIO)
	}
	stat := &livekit.AnalyticsStat{Mime: s.Mime, Score: s.Score}
	for _, from := range s.Streams {
		stat.Streams = append(stat.Streams, from.message())
	}
	return key, stat
}

func (s stream) message() *livekit.AnalyticsStream {
	to := &livekit.AnalyticsStream{
		Ssrc:              s.Ssrc,
		PrimaryPackets:    s.PrimaryPackets,
		PrimaryBytes:      s.PrimaryBytes,
		RetransmitPackets: s.RetransmitPackets,
		RetransmitBytes:   s.RetransmitBytes,
		PaddingPackets:    s.PaddingPackets,
		PaddingBytes:      s.PaddingBytes,
		PacketsLost:       uint32(s.PacketsLost),
		PacketsOutOfOrder: s.PacketsOutOfOrder,
		Frames:            s.Frames,
		Rtt:               s.RttMs,
		Jitter:            s.JitterUs,
		Nacks:             s.Nacks,
		Plis:              s.Plis,
		Firs:              s.Firs,
	}
	if s.StartUs != nil {
		to.StartTime = timestamppb.New(time.UnixMicro(*s.StartUs))
	}
	if s.EndUs != nil {
		to.EndTime = timestamppb.New(time.UnixMicro(*s.EndUs))
	}
	if s.Layer != nil {
		to.VideoLayers = []*livekit.AnalyticsVideoLayer{{
			Layer: *s.Layer, Packets: s.PrimaryPackets, Bytes: s.PrimaryBytes, Frames: s.Frames,
		}}
	}
	return to
}
