package streamgauge

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func key(participant, track string) TrackKey {
	return TrackKey{Participant: participant, Track: track, Direction: Upstream, Kind: TrackVideo, Source: "camera", Mime: "video/VP8", Country: "NL"}
}

// node is telemetry with one participant in a room.
func node(t testing.TB, config TelemetryConfig) *Telemetry {
	telemetry := must(NewTelemetry(config))
	t.Cleanup(func() { telemetry.Close() })
	if err := telemetry.Identify("PA", "RM_1", "room", 0); err != nil {
		t.Fatal(err)
	}
	return telemetry
}

// stats are those of the report, which is freed.
func statsOf(t testing.TB, report *Report, err error) []Stat {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer report.Close()
	return must(report.Stats())
}

func TestReport(t *testing.T) {
	telemetry := node(t, TelemetryConfig{Grace: time.Second})
	track := must(telemetry.Open(key("PA", "TR_1"), 1000))
	for _, err := range []error{
		track.SetLayer(7, 1), track.SetMime("video/H264"), track.Record(stream(7, 0, 100)), track.RecordScore(4), track.RecordScore(2),
		track.RecordRtcp(5000, RtcpSample{Lost: 3, Nacks: 2, Plis: 1, Firs: 1, RttUs: 40_000, HasRttUs: true}),
	} {
		is(t, err, nil)
	}
	report := must(telemetry.Take(1_000_000))
	defer report.Close()
	stats := must(report.Stats())
	if report.Sequence != 1 || report.TimeUs != 1_000_000 || report.Len() != 1 || len(stats) != 1 {
		t.Fatalf("%+v", stats)
	}
	stat := stats[0]
	want := key("PA", "TR_1")
	want.Mime = "video/H264"
	if stat.Key != (StatsKey{"RM_1", "room", want}) || stat.StartUs != 1000 || stat.EndUs != 1_000_000 || stat.Last || stat.Tracks != 1 {
		t.Errorf("%+v", stat)
	}
	if totals := stat.Totals; totals.PrimaryPackets != 100 || totals.PrimaryBytes != 100_000 || totals.PacketsLost != 3 || totals.Nacks != 2 || totals.Layers[1].Packets != 100 {
		t.Errorf("%+v", totals)
	}
	if *stat.RttUs != 40_000 || stat.JitterUs != nil || *stat.Scores != (Scores{3, 2, 3, 2}) || *stat.Layer != (StatLayer{1, LayerTotals{100, 100_000, 100}}) || stat.Data != nil {
		t.Errorf("%+v", stat)
	}
	_, err := telemetry.Flush(1_000_001)
	is(t, err, ErrAlreadyPending)
	var list []map[string]any
	if err := json.Unmarshal(must(report.JSON()), &list); err != nil || list[0]["primary_packets"] != 100.0 || list[0]["data"] != nil {
		t.Error(list, err)
	}
	if bytes := must(report.LiveKit("node", "id-")); !strings.Contains(string(bytes), "id-0") || !strings.Contains(string(bytes), "TR_1") {
		t.Errorf("%q", bytes)
	}
	if a, b := must(report.LiveKit("", "")), must(report.LiveKit("", "")); string(a) == string(b) {
		t.Error("ids repeat")
	}
	_, err = report.LiveKit("\xff", "")
	is(t, err, ErrInvalidArgument)

	if !must(telemetry.Restore()) || must(telemetry.Restore()) || must(telemetry.Ack(2_000_000)) {
		t.Error("a report is restored once")
	}
	if stats := statsOf(t, must(telemetry.Flush(2_000_000)), nil); len(stats) != 1 || stats[0].Totals != stat.Totals || stats[0].MergedIntervals != 1 {
		t.Errorf("%+v", stats)
	}
	report.Close()
	report.Close()
	_, err = report.Stats()
	is(t, err, ErrClosed)
	_, err = report.JSON()
	is(t, err, ErrClosed)
	// What was given before stays good.
	if stat.Key.Track != "TR_1" {
		t.Error(stat.Key)
	}
}

func TestTotalsAndState(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	for _, name := range []string{"b", "a"} {
		track := must(telemetry.Open(key("PA", name), 0))
		is(t, track.RecordMessage(0, math.MaxUint64), nil)
	}
	track := must(telemetry.Open(key("PA", "a"), 0))
	if totals := must(track.Totals()); totals.PrimaryBytes != math.MaxUint64 || totals.Messages != 1 {
		t.Errorf("%+v", totals)
	}
	all := must(telemetry.Snapshot())
	if len(all.Tracks) != 2 || all.Tracks[0].Key != key("PA", "a") || all.Tracks[1].Totals.PrimaryBytes != math.MaxUint64 {
		t.Errorf("%+v", all)
	}
	if len(all.Groups) != 1 || all.Groups[0].Kind != TrackVideo || all.Groups[0].Direction != Upstream || all.Groups[0].Totals.Messages != 2 {
		t.Errorf("%+v", all.Groups)
	}
	// Counts past 2^64 - 1 stay there.
	if totals := must(telemetry.Totals(Upstream, Edge)); totals.Messages != 2 || totals.PrimaryBytes != math.MaxUint64 {
		t.Errorf("%+v", totals)
	}
	if totals := must(telemetry.ParticipantTotals("PA", Upstream, Relay)); totals != (TrackTotals{}) {
		t.Errorf("%+v", totals)
	}
	_, err := telemetry.ParticipantTotals("PB", Upstream, Edge)
	is(t, err, ErrNotFound)
	_, err = telemetry.Totals(0, Edge)
	is(t, err, ErrInvalidArgument)
	if state := must(telemetry.Status()); state.Tracks != 2 || state.Participants != 1 || state.TracksOpened != 2 {
		t.Errorf("%+v", state)
	}
	text := string(must(telemetry.Exposition(1, true)))
	if !strings.Contains(text, `streamgauge_track_bytes_total{participant="PA",track="a"`) || !strings.Contains(text, `streamgauge_messages_total{direction="upstream",role="edge",kind="video"} 2`) || !strings.HasSuffix(text, "# EOF\n") {
		t.Error(text)
	}
	_, err = telemetry.Exposition(-1, false)
	is(t, err, ErrInvalidArgument)
	config := OtlpConfig{Resource: []Attribute{{"service.name", "sfu"}, {"service.instance.id", "7"}}, JSON: true}
	report := must(telemetry.Flush(10))
	defer report.Close()
	for name, otlp := range map[string][]byte{"cumulative": must(telemetry.OTLP(10, config)), "delta": must(report.OTLP(config))} {
		if !json.Valid(otlp) || !strings.Contains(string(otlp), `"service.instance.id"`) {
			t.Errorf("%s: %s", name, otlp)
		}
	}
	if protobuf := must(telemetry.OTLP(10, OtlpConfig{})); json.Valid(protobuf) || !strings.Contains(string(protobuf), "streamgauge") {
		t.Errorf("%q", protobuf)
	}
	_, err = report.OTLP(OtlpConfig{Resource: []Attribute{{"\xff", ""}}})
	is(t, err, ErrInvalidArgument)
}

func TestWhatCannotBeOpened(t *testing.T) {
	telemetry := node(t, TelemetryConfig{MaxTracks: 1})
	for _, bad := range []TrackKey{{}, {Direction: 3, Kind: TrackVideo}, {Direction: Upstream, Kind: 9}, {Direction: Upstream, Kind: TrackVideo, Role: 7}, {Direction: Upstream, Kind: TrackVideo, Track: "\xff"}} {
		_, err := telemetry.Open(bad, 0)
		is(t, err, ErrInvalidArgument)
	}
	track := must(telemetry.Open(key("PA", "TR"), 0))
	_, err := telemetry.Open(key("PA", "TR_2"), 0)
	is(t, err, ErrCapacityExceeded)
	must(track.End(5))
	_, err = telemetry.Open(key("PA", "TR"), 6)
	is(t, err, ErrAlreadyPending)
	for _, bad := range []TelemetryConfig{{Level: 2}, {Bytes: 2}, {Grace: -time.Second}, {Formats: []PayloadFormat{{PayloadType: 200, ClockHz: 1}}}} {
		_, err := NewTelemetry(bad)
		is(t, err, ErrInvalidArgument)
	}
}

func TestEndAndClose(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	track := must(telemetry.Open(key("PA", "TR"), 0))
	again := must(telemetry.Open(key("PA", "TR"), 0))
	is(t, track.RecordMessage(10, 1), nil)
	if !must(track.End(20)) || must(track.End(21)) {
		t.Error("a handle ends once")
	}
	// The other handle holds it open.
	is(t, track.RecordMessage(22, 1), nil)
	is(t, again.RecordMessage(30, 1), nil)
	if state := must(telemetry.Status()); state.RejectedAfterClose != 1 {
		t.Errorf("%+v", state)
	}
	is(t, track.Close(), nil)
	is(t, again.Close(), nil)
	is(t, again.Close(), nil)
	is(t, again.RecordMessage(40, 1), ErrClosed)
	is(t, again.Record(stream(1, 0, 1)), ErrClosed)
	is(t, again.RecordRtcp(0, RtcpSample{}), ErrClosed)
	is(t, again.RecordData([]DataPacket{{}}), ErrClosed)
	is(t, again.ObserveTotals(1, 1, 1), ErrClosed)
	is(t, again.SetMime(""), ErrClosed)
	_, err := again.Totals()
	is(t, err, ErrClosed)
	_, err = again.End(0)
	is(t, err, ErrClosed)
	_, err = again.NewRecorder(0)
	is(t, err, ErrClosed)
	stats := statsOf(t, must(telemetry.Flush(50)), nil)
	if len(stats) != 1 || !stats[0].Last || stats[0].Totals.Messages != 2 || stats[0].EndUs != 30 {
		t.Errorf("%+v", stats)
	}
	telemetry.Close()
	telemetry.Close()
	_, err = telemetry.Open(key("PA", "TR"), 0)
	is(t, err, ErrClosed)
	_, err = telemetry.Take(0)
	is(t, err, ErrClosed)
	_, err = telemetry.Exposition(1, false)
	is(t, err, ErrClosed)
	is(t, telemetry.Identify("", "", "", 0), ErrClosed)
}

func TestTracksOutliveTheirTelemetry(t *testing.T) {
	telemetry := must(NewTelemetry(TelemetryConfig{}))
	track := must(telemetry.Open(key("PA", "TR"), 0))
	recorder := must(track.NewRecorder(4))
	telemetry.Close()
	for _, packet := range stream(1, 0, 10) {
		is(t, recorder.Record(packet), nil)
	}
	if totals := must(track.Totals()); totals.PrimaryPackets != 10 {
		t.Errorf("%+v", totals)
	}
	is(t, track.Close(), nil)
}

func TestNothingIsRecordedWithoutATrack(t *testing.T) {
	var telemetry *Telemetry
	is(t, telemetry.Identify("PA", "RM", "room", 0), nil)
	track := must(telemetry.Open(key("PA", "TR"), 0))
	recorder := must(track.NewRecorder(0))
	if track != nil || recorder != nil {
		t.Fatal("there is a recorder")
	}
	for _, err := range []error{
		track.Record(stream(1, 0, 3)), track.RecordRaw(0, nil, 0), track.RecordMessage(0, 1), track.RecordData([]DataPacket{{}}),
		track.RecordRtcp(0, RtcpSample{}), track.ObserveTotals(1, 1, 1), track.RecordScore(1), track.RemoveSSRC(1), track.SetLayer(1, 1),
		track.SetMime("x"), recorder.Record(Packet{}), recorder.Flush(), track.Close(),
	} {
		is(t, err, nil)
	}
	if must(track.End(0)) || must(track.Totals()) != (TrackTotals{}) || must(track.Export(0)) != (TrackSeed{}) {
		t.Error("nothing was something")
	}
}

func TestDataTracks(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	data := key("PA", "DT")
	data.Kind, data.Direction = TrackData, Downstream
	track := must(telemetry.Open(data, 0))
	is(t, track.RecordData([]DataPacket{{AtUs: 0, Sequence: 65_535, Bytes: 100, StartsFrame: true}, {AtUs: 10, Sequence: 0, Bytes: 100_000}, {AtUs: 1_000_000, Sequence: 2, StartsFrame: true}}), nil)
	must(track.End(1_000_000))
	stats := statsOf(t, must(telemetry.Flush(1_000_000)), nil)
	if len(stats) != 1 || stats[0].Data == nil || stats[0].Totals.PrimaryBytes != 100_100 {
		t.Fatalf("%+v", stats)
	}
	got := *stats[0].Data
	if *got.FrameRate != 2 {
		t.Error(*got.FrameRate)
	}
	got.FrameRate = nil
	if got != (DataSummary{DurationUs: 1_000_000, Packets: 3, PacketsLost: 1, Frames: 2}) {
		t.Errorf("%+v", got)
	}
}

func TestTracksMoveToAnotherNode(t *testing.T) {
	here, there := node(t, TelemetryConfig{}), node(t, TelemetryConfig{})
	track := must(here.Open(key("PA", "TR"), 0))
	recorder := must(track.NewRecorder(0))
	for _, packet := range stream(7, 0, 100) {
		is(t, recorder.Record(packet), nil)
	}
	is(t, track.ObserveTotals(9, 5, math.MaxUint64-1<<20), nil)
	sent := must(json.Marshal(must(track.Export(1000))))
	var seed TrackSeed
	if err := json.Unmarshal(sent, &seed); err != nil {
		t.Fatal(err)
	}
	moved := must(there.OpenSeeded(key("PA", "TR"), 1000, seed))
	is(t, moved.Record(stream(7, 100, 10)), nil)
	if totals := must(moved.Totals()); totals.PrimaryPackets != 115 || totals.PrimaryBytes != math.MaxUint64-1<<20+110_000 {
		t.Errorf("%+v", totals)
	}
	packets := uint64(0)
	for _, node := range []*Telemetry{here, there} {
		for _, stat := range statsOf(t, must(node.Flush(2000)), nil) {
			packets += stat.Totals.PrimaryPackets
		}
	}
	if packets != 115 {
		t.Errorf("%d packets were reported", packets)
	}
}

// Many writers, one a track, while reports are taken, some of which fail: what is reported adds up to what was counted.
func TestManyTracksRecordWhileReportsAreTaken(t *testing.T) {
	const packets = 40
	tracks := 10_000
	if testing.Short() {
		tracks = 500
	}
	telemetry := node(t, TelemetryConfig{})
	writers := runtime.GOMAXPROCS(0) * 4
	var group sync.WaitGroup
	var writing atomic.Int32
	writing.Store(int32(writers))
	for w := range writers {
		group.Add(1)
		go func() {
			defer group.Done()
			defer writing.Add(-1)
			for i := w; i < tracks; i += writers {
				track := must(telemetry.Open(key("PA", fmt.Sprint(i)), 0))
				// Some in single calls, the others in batches of several sizes; some of them are left open.
				recorder := must(track.NewRecorder(1 + i%50))
				for _, packet := range stream(uint32(i), 0, packets) {
					var err error
					if i%3 == 0 {
						err = track.Record([]Packet{packet})
					} else {
						err = recorder.Record(packet)
					}
					if err != nil {
						t.Error(err)
					}
				}
				if i%2 == 0 {
					must(track.End(1))
					is(t, track.Close(), nil)
				}
			}
		}()
	}
	var reported TrackTotals
	add := func(stats []Stat) {
		for _, stat := range stats {
			reported.PrimaryPackets += stat.Totals.PrimaryPackets
			reported.PrimaryBytes += stat.Totals.PrimaryBytes
			reported.PacketsLost += stat.Totals.PacketsLost
		}
	}
	for now := int64(1); writing.Load() > 0; now++ {
		stats := statsOf(t, must(telemetry.Take(now)), nil)
		if now%3 == 0 {
			must(telemetry.Restore())
			continue
		}
		add(stats)
		must(telemetry.Ack(now))
	}
	group.Wait()
	add(statsOf(t, must(telemetry.Flush(math.MaxInt64)), nil))
	totals := must(telemetry.Totals(Upstream, Edge))
	if want := uint64(tracks * packets); totals.PrimaryPackets != want || reported.PrimaryPackets != want || reported.PrimaryBytes != want*1000 || reported.PacketsLost != 0 {
		t.Errorf("%d counted, reported %+v", totals.PrimaryPackets, reported)
	}
}

// Closing under callers ends in errors, not in a crash.
func TestCloseUnderCallers(t *testing.T) {
	for range 20 {
		telemetry := node(t, TelemetryConfig{})
		track := must(telemetry.Open(key("PA", "TR"), 0))
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range 8 {
			group.Add(1)
			go func() {
				defer group.Done()
				recorder, _ := track.NewRecorder(2)
				<-start
				for range 200 {
					var report *Report
					err := track.Record(stream(1, 0, 2))
					if i%2 == 0 && recorder != nil {
						err = recorder.Record(Packet{SSRC: 2})
					}
					if i == 1 {
						report, err = telemetry.Flush(1)
					}
					if err != nil && !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					if report != nil {
						report.Close()
					}
				}
			}()
		}
		close(start)
		track.Close()
		telemetry.Close()
		group.Wait()
	}
}
