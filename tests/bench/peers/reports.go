package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/livekit/livekit-server/pkg/telemetry"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"github.com/livekit/protocol/livekit"

	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// sender encodes what LiveKit's worker sends, as its analytics stream does.
type sender struct {
	telemetry.NullAnalyticService
	drained chan struct{}
	bytes   int
}

func (s *sender) SendStats(_ context.Context, stats []*livekit.AnalyticsStat) {
	s.bytes += len(must(proto.Marshal(&livekit.AnalyticsStats{Stats: stats})))
}

func (s *sender) SendNodeRoomStates(context.Context, *livekit.AnalyticsNodeRooms) {
	s.drained <- struct{}{}
}

// reports are flushes of tracks, 100 of each participant, of which each had two samples, or 20 packets.
func reports(tracks int) []entry {
	return []entry{
		{name: "LiveKit StatsWorker, two samples a track", run: livekitReports(tracks)},
		{name: "streamgauge Telemetry.Flush and Report.LiveKit", run: ourReports(tracks)},
	}
}

const tracksPerParticipant = 100

func livekitReports(tracks int) func(int) time.Duration {
	check(prometheus.Init("ND_bench", livekit.NodeType_SERVER))
	to := &sender{drained: make(chan struct{})}
	service := telemetry.NewTelemetryService(nil, to)
	room := &livekit.Room{Sid: "RM_1", Name: "room"}
	for i := range tracks / tracksPerParticipant {
		participant := &livekit.ParticipantInfo{Sid: fmt.Sprintf("PA_%d", i)}
		service.ParticipantJoined(context.Background(), room, participant, nil, nil, false, &telemetry.ReferenceGuard{})
	}
	now := timestamppb.Now()
	return func(n int) time.Duration {
		var took time.Duration
		for range n {
			for i := range 2 * tracks {
				track := i / 2
				participant := livekit.ParticipantID(fmt.Sprintf("PA_%d", track/tracksPerParticipant))
				key := telemetry.StatsKeyForTrack("", livekit.StreamType_UPSTREAM, participant,
					livekit.TrackID(fmt.Sprintf("TR_%d", track)), livekit.TrackSource_CAMERA, livekit.TrackType_VIDEO)
				service.TrackStats("RM_1", "room", key, &livekit.AnalyticsStat{Mime: "video/VP8", Score: 4.5, Streams: []*livekit.AnalyticsStream{{
					Ssrc: uint32(track), PrimaryPackets: 10, PrimaryBytes: 11880, Frames: 1, Jitter: 100, StartTime: now, EndTime: now,
				}}})
			}
			service.LocalRoomState(context.Background(), nil)
			<-to.drained
			start := time.Now()
			service.FlushStats()
			took += time.Since(start)
		}
		return took
	}
}

func ourReports(tracks int) func(int) time.Duration {
	ours := must(streamgauge.NewTelemetry(streamgauge.TelemetryConfig{}))
	var all []*streamgauge.Track
	for i := range tracks {
		participant := fmt.Sprintf("PA_%d", i/tracksPerParticipant)
		check(ours.Identify(participant, "RM_1", "room", 0))
		all = append(all, must(ours.Open(streamgauge.TrackKey{
			Participant: participant, Track: fmt.Sprintf("TR_%d", i), Direction: streamgauge.Upstream, Kind: streamgauge.TrackVideo,
			Mime: "video/VP8",
		}, 0)))
	}
	turn := int64(0)
	return func(n int) time.Duration {
		var took time.Duration
		packets := make([]streamgauge.Packet, 20)
		for range n {
			for i, track := range all {
				for j := range packets {
					at := turn*20 + int64(j)
					packets[j] = streamgauge.Packet{
						ArrivalUs: at * 1000, SSRC: uint32(i) + 1, RtpTimestamp: uint32(at/10) * 900, Sequence: uint16(at),
						WireBytes: 1200, HeaderBytes: 12, PayloadType: 96,
					}
				}
				check(track.Record(packets))
				check(track.RecordScore(4.5))
			}
			turn++
			start := time.Now()
			report := must(ours.Flush(turn * 20_000))
			bytes := must(report.LiveKit("ND_1", "AS_"))
			check(report.Close())
			took += time.Since(start)
			if report.Len() != tracks || len(bytes) == 0 {
				panic("a report without all tracks")
			}
		}
		return took
	}
}
