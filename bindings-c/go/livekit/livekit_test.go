package livekit

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	protocol "github.com/livekit/protocol/livekit"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// node is telemetry with a participant in a room, which publishes, subscribes, and is relayed.
func node(t *testing.T) (telemetry *streamgauge.Telemetry, up, down, relay *streamgauge.Track) {
	telemetry = must(streamgauge.NewTelemetry(streamgauge.TelemetryConfig{}))
	t.Cleanup(func() { telemetry.Close() })
	if err := telemetry.Identify("PA_1", "RM_1", "room", 0); err != nil {
		t.Fatal(err)
	}
	open := func(track string, direction streamgauge.Direction, role streamgauge.Role) *streamgauge.Track {
		return must(telemetry.Open(streamgauge.TrackKey{
			Participant: "PA_1", Track: track, Direction: direction, Role: role, Kind: streamgauge.TrackVideo, Mime: "video/VP8",
		}, 1_500_000))
	}
	return telemetry, open("TR_1", streamgauge.Upstream, streamgauge.Edge), open("TR_2", streamgauge.Downstream, streamgauge.Edge),
		open("TR_3", streamgauge.Downstream, streamgauge.Relay)
}

func stream(count int) []streamgauge.Packet {
	packets := make([]streamgauge.Packet, count)
	for i := range packets {
		packets[i] = streamgauge.Packet{
			ArrivalUs: 1_500_000 + int64(i)*1000, SSRC: 7, RtpTimestamp: uint32(i) * 90, Sequence: uint16(i + i/5*3), WireBytes: 1012, HeaderBytes: 12, PayloadType: 96,
		}
	}
	return packets
}

func TestStatsAreLiveKits(t *testing.T) {
	telemetry, up, down, relay := node(t)
	for _, err := range []error{
		up.SetLayer(7, 2), up.Record(stream(10)), up.RecordScore(4.5), up.RecordScore(3.5),
		down.RecordRtcp(1_500_000, streamgauge.RtcpSample{Lost: 3, Nacks: 4, Plis: 5, Firs: 6, RttUs: 40_400, HasRttUs: true, JitterUs: 7, HasJitterUs: true}),
		down.ObserveTotals(9, 5, 5000), relay.ObserveTotals(9, 5, 5000),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	report := must(telemetry.Flush(12_000_001))
	defer report.Close()
	got := must(Stats(report, "ND_1", "AS_"))
	at := func(us int64) *protocol.AnalyticsStream {
		return &protocol.AnalyticsStream{StartTime: stamp(us), EndTime: stamp(12_000_001)}
	}
	sent, received := at(1_500_000), at(1_500_000)
	received.PrimaryPackets, received.PrimaryBytes, received.PacketsLost, received.Frames = 10, 10_000, 3, 10
	received.VideoLayers = []*protocol.AnalyticsVideoLayer{{Layer: 2, Packets: 10, Bytes: 10_000, Frames: 10}}
	received.Jitter = got[0].Streams[0].Jitter
	sent.PrimaryPackets, sent.PrimaryBytes, sent.PacketsLost, sent.Nacks, sent.Plis, sent.Firs, sent.Rtt, sent.Jitter = 5, 5000, 3, 4, 5, 6, 40, 7
	want := []*protocol.AnalyticsStat{
		{
			Id: "AS_0", Kind: protocol.StreamType_UPSTREAM, TrackId: "TR_1", Score: 4, MinScore: 3.5, MedianScore: 4,
			Streams: []*protocol.AnalyticsStream{received},
		},
		{Id: "AS_1", Kind: protocol.StreamType_DOWNSTREAM, TrackId: "TR_2", Streams: []*protocol.AnalyticsStream{sent}},
	}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		want[i].TimeStamp, want[i].Node, want[i].RoomId, want[i].RoomName = stamp(12_000_001), "ND_1", "RM_1", "room"
		want[i].ParticipantId, want[i].Mime = "PA_1", "video/VP8"
		if !proto.Equal(got[i], want[i]) {
			t.Errorf("%v\nexpected\n%v", got[i], want[i])
		}
		if unknown := got[i].ProtoReflect().GetUnknown(); len(unknown) > 0 {
			t.Errorf("LiveKit does not know %x", unknown)
		}
	}
}

func TestCountsThatAMessageHasNoRoomFor(t *testing.T) {
	telemetry, up, _, _ := node(t)
	const packets = 5 << 31
	if err := up.ObserveTotals(7, packets, math.MaxUint64); err != nil {
		t.Fatal(err)
	}
	report := must(telemetry.Flush(12_000_000))
	defer report.Close()
	stats := must(Stats(report, "", ""))
	ids, sum := map[string]bool{}, uint64(0)
	var bytes uint64
	for _, stat := range stats {
		ids[stat.Id] = true
		sum += uint64(stat.Streams[0].PrimaryPackets)
		bytes += stat.Streams[0].PrimaryBytes
		if int32(stat.Streams[0].PrimaryPackets) < 0 || int64(stat.Streams[0].PrimaryBytes) < 0 {
			t.Errorf("a reader takes it for negative: %v", stat)
		}
	}
	if sum != packets || bytes != math.MaxUint64 || len(ids) != len(stats) {
		t.Errorf("%d packets and %d bytes in %d stats with %d ids", sum, bytes, len(stats), len(ids))
	}
}

func TestDeliver(t *testing.T) {
	telemetry, up, _, relay := node(t)
	refused := errors.New("refused")
	var sent []*protocol.AnalyticsStat
	answers := []error{refused, nil}
	reporter := must(streamgauge.NewReporter(context.Background(), telemetry, streamgauge.ReporterConfig{
		Interval: time.Hour,
		OnError:  func(error) {},
		Deliver: Deliver("ND_1", func(_ context.Context, stats []*protocol.AnalyticsStat) error {
			answer := answers[0]
			answers = answers[1:]
			if answer == nil {
				sent = append(sent, stats...)
			}
			return answer
		}),
	}))
	if err := errors.Join(up.RecordMessage(2_000_000, 10), relay.RecordMessage(2_000_000, 10)); err != nil {
		t.Fatal(err)
	}
	if err := reporter.Close(); !errors.Is(err, refused) {
		t.Error(err)
	}
	again := must(streamgauge.NewReporter(context.Background(), telemetry, streamgauge.ReporterConfig{
		Interval: time.Hour, Deliver: Deliver("ND_1", func(_ context.Context, stats []*protocol.AnalyticsStat) error {
			sent = append(sent, stats...)
			return nil
		}),
	}))
	if err := again.Close(); err != nil || len(sent) != 1 || sent[0].Streams[0].PrimaryBytes != 10 {
		t.Error(sent, err)
	}
	closed := must(telemetry.Flush(1))
	closed.Close()
	if _, err := Stats(closed, "", ""); !errors.Is(err, streamgauge.ErrClosed) {
		t.Error(err)
	}
}

func stamp(us int64) *timestamppb.Timestamp { return timestamppb.New(time.UnixMicro(us)) }
