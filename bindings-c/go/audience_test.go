package streamgauge

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

var (
	_ encoding.BinaryMarshaler   = (*AudienceSummary)(nil)
	_ encoding.BinaryUnmarshaler = (*AudienceSummary)(nil)
	_ json.Marshaler             = (*AudienceSummary)(nil)
)

// did is for events of viewers who must be there.
func did(t *testing.T, found bool, err error) {
	t.Helper()
	if !found || err != nil {
		t.Error(found, err)
	}
}

func TestAudience(t *testing.T) {
	audience := must(NewAudience(AudienceConfig{}))
	defer audience.Close()
	if joined := must(audience.JoinWith("ann", 0, ViewerInfo{Location: pointer("Utrecht"), UserAgent: pointer("")})); joined != JoinedNew {
		t.Error(joined)
	}
	if joined := must(audience.Join("ann", 1_000_000)); joined != JoinedReconnected {
		t.Error(joined)
	}
	must(audience.Join("bob", 1_000_000))
	event := func(found bool, err error) { t.Helper(); did(t, found, err) }
	event(audience.Started("ann", 1_500_000))
	event(audience.Bitrate("ann", 2_000_000, 1_000_000))
	event(audience.Bitrate("ann", 3_000_000, 3_000_000))
	event(audience.RebufferBegins("ann", 3_000_000))
	event(audience.RebufferEnds("ann", 4_000_000))
	event(audience.Rebuffered("bob", 4_000_000, 500_000))
	event(audience.Heartbeat("bob", 4_000_000))
	event(audience.Leave("bob", 4_000_000))
	if must(audience.Leave("nobody", 4_000_000)) || must(audience.Heartbeat("", 4_000_000)) {
		t.Error("nobody was there")
	}
	ann := must(audience.Viewer("ann", 5_000_000))
	if !ann.Watching || ann.WatchedUs != 5_000_000 || *ann.StartupUs != 1_500_000 || ann.RebufferUs != 1_000_000 || ann.Switches != 1 {
		t.Errorf("%+v", ann)
	}
	if *ann.Info.Location != "Utrecht" || *ann.Info.UserAgent != "" || *ann.MeanBitrateBps != 7e6/3 {
		t.Errorf("%+v", ann)
	}
	if said := fmt.Sprintf("%v %+v %#v", ann, ann, ann.Info); strings.Contains(said, "Utrecht") || !strings.Contains(said, "redacted") {
		t.Error(said)
	}
	if bob := must(audience.Viewer("bob", 5_000_000)); bob.StartupUs != nil || bob.MeanBitrateBps != nil || bob.Info != (ViewerInfo{}) {
		t.Errorf("%+v", bob)
	}
	_, err := audience.Viewer("eve", 0)
	is(t, err, ErrNotFound)
	within := must(audience.Concurrency(0, 4_000_000))
	if within.Peak != 2 || within.PeakUs != 1_000_000 || within.AreaUs.String() != "7000000" || within.Mean != 1.75 {
		t.Errorf("%+v", within)
	}
	_, err = audience.Concurrency(7, 7)
	is(t, err, ErrNotFound)
	if steps := must(audience.Steps()); !slices.Equal(steps, []ConcurrencyStep{{0, 1}, {1_000_000, 2}, {4_000_000, 1}}) {
		t.Error(steps)
	}
	if n := must(audience.Len()); n != 2 {
		t.Error(n)
	}
	is(t, audience.HandleTime(3*3_600_000_000), nil)
	if n := must(audience.Len()); n != 0 {
		t.Error(n)
	}
	is(t, audience.Close(), nil)
	_, err = audience.Join("ann", 0)
	is(t, err, ErrClosed)
	for _, config := range []AudienceConfig{{IdleTimeoutUs: -1}, {KeepUs: pointer[int64](-1)}, {ReconnectUs: pointer[int64](-1)}, {RelativeError: 2}} {
		_, err := NewAudience(config)
		is(t, err, ErrInvalidArgument)
	}
	if JoinedReconnected.String() != "reconnected" {
		t.Error(JoinedReconnected)
	}
}

func TestAudiencesAreBounded(t *testing.T) {
	audience := must(NewAudience(AudienceConfig{MaxViewers: 10, MaxChanges: 5}))
	defer audience.Close()
	for i := range int64(10) {
		must(audience.Join(fmt.Sprint(i), i))
	}
	_, err := audience.Join("late", 10)
	is(t, err, ErrCapacityExceeded)
	_, err = audience.Join("\xff", 10)
	is(t, err, ErrInvalidArgument)
	summary := must(audience.Summary(20))
	defer summary.Close()
	if state := must(summary.Snapshot()); state.Totals.Rejected != 1 || state.Watching != 10 || state.PeakAtLeast != 10 {
		t.Errorf("%+v", state)
	}
	if steps := must(audience.Steps()); len(steps) > 6 {
		t.Error(steps)
	}
}

func TestAudienceSummary(t *testing.T) {
	audience := must(NewAudience(AudienceConfig{}))
	defer audience.Close()
	nobody := must(audience.Summary(0))
	if state := must(nobody.Snapshot()); state != (AudienceState{}) {
		t.Errorf("%+v", state)
	}
	must(audience.Join("somebody", 0))
	must(audience.Started("somebody", 500_000))
	one := must(audience.Summary(2_000_000))
	must(audience.Join("somebody else", 2_000_000))
	two := must(audience.Summary(4_000_000))

	sum := must(one.Copy())
	is(t, sum.Merge(two), nil)
	if state := must(sum.Snapshot()); state.Totals.Views != 3 || state.PeakAtLeast != 2 || state.PeakAtMost != 3 || state.PeakUs != nil {
		t.Errorf("%+v", state)
	}
	is(t, sum.Merge(sum), nil)
	if state := must(one.Snapshot()); state.Totals.Views != 1 || *state.PeakUs != 0 || *state.EndUs != 2_000_000 || state.MeanBitrateBps != nil {
		t.Errorf("%+v", state)
	}
	startup := must(two.Startup())
	defer startup.Close()
	if q := must(startup.Quantile(1)); q != 500_000 {
		t.Error(q)
	}

	sent := must(two.MarshalBinary())
	var read AudienceSummary
	is(t, read.UnmarshalBinary(sent), nil)
	if !bytes.Equal(must(read.MarshalBinary()), sent) {
		t.Error("what was read is not what was sent")
	}
	for i := range sent {
		spoiled := slices.Clone(sent)
		spoiled[i] ^= 0x55
		var other AudienceSummary
		if err := other.UnmarshalBinary(spoiled); err != nil {
			is(t, err, ErrMalformed)
		}
		is(t, other.Close(), nil)
	}
	var shown map[string]any
	if err := json.Unmarshal(must(json.Marshal(map[string]any{"news": two})), &shown); err != nil {
		t.Fatal(err)
	}
	if news := shown["news"].(map[string]any); news["views"] != 2.0 || news["mean_bitrate_bps"] != nil {
		t.Error(news)
	}

	list := []LabelledSummary{{[]Attribute{{"stream", "a\"b"}}, one}, {nil, two}}
	text := string(must(AudienceExposition(list, false)))
	for _, line := range []string{"streamgauge_audience_views_total{stream=\"a\\\"b\"} 1\n", "streamgauge_audience_views_total 2\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
	if strings.Contains(text, "somebody") || string(must(AudienceExposition(nil, true))) != "# EOF\n" {
		t.Error(text)
	}
	otlp := string(must(AudienceOTLP(list, OtlpConfig{JSON: true, Resource: []Attribute{{"service.name", "edge"}}})))
	if !strings.Contains(otlp, "streamgauge.audience.views") || !strings.Contains(otlp, "edge") {
		t.Error(otlp)
	}
	if empty := must(AudienceOTLP([]LabelledSummary{{nil, nobody}}, OtlpConfig{})); len(empty) != 0 {
		t.Error(empty)
	}
	_, err := AudienceExposition([]LabelledSummary{{nil, one}, {}}, false)
	is(t, err, ErrInvalidArgument)
	for _, summary := range []*AudienceSummary{one, two, sum, nobody, &read} {
		is(t, summary.Close(), nil)
	}
	_, err = AudienceExposition(list, false)
	is(t, err, ErrClosed)
	is(t, one.Merge(two), ErrClosed)
	_, err = json.Marshal(one)
	is(t, err, ErrClosed)
	// Of other relative errors.
	coarse := must(NewAudience(AudienceConfig{RelativeError: 0.1}))
	defer coarse.Close()
	is(t, must(coarse.Summary(0)).Merge(must(audience.Summary(0))), ErrInvalidArgument)
}

func TestStreams(t *testing.T) {
	streams := must(NewStreams(StreamsConfig{MaxStreams: 2}))
	defer streams.Close()
	for i := range int64(51) {
		video := MediaPacket{AtUs: i * 40_000, Media: ClassVideo, Bytes: 5000, Frame: true, Keyframe: i%25 == 0, LatencyUs: i*1000 - 10_000, HasLatency: true}
		is(t, streams.Record("one", video, MediaPacket{AtUs: i * 40_000, Media: ClassAudio, Bytes: 500, DurationUs: 20_000}), nil)
	}
	is(t, streams.RecordLostPackets("one", 102), nil)
	is(t, streams.RecordDroppedFrames("one", 51), nil)
	stats, latency, err := streams.Snapshot("one")
	is(t, err, nil)
	defer latency.Close()
	if stats.FrameRate != 25 || stats.KeyframeIntervalUs != 1e6 || stats.VideoBitrateBps != 51*5000*8/2 || stats.Totals.Audio.MediaBitrateBps != 200_000 || stats.EndUs != 2_000_000 {
		t.Errorf("%+v", stats)
	}
	if !stats.HasInterval || !stats.HasBitrate || !stats.HasFrameRate || !stats.HasKeyframeInterval || stats.Totals.Video.HasMediaBitrate || stats.Totals.LossRatio != 0.5 {
		t.Errorf("%+v", stats)
	}
	if state := must(latency.Snapshot()); state.Count != 51 || state.Min != -10_000 {
		t.Errorf("%+v", state)
	}
	is(t, streams.Record(""), nil)
	is(t, streams.Record("three", MediaPacket{Media: ClassVideo}), ErrCapacityExceeded)
	is(t, streams.Record("one", MediaPacket{Media: ClassVideo}, MediaPacket{}), ErrInvalidArgument)
	if ids := must(streams.IDs()); !slices.Equal(ids, []string{"", "one"}) {
		t.Error(ids)
	}
	removed, again, err := streams.Remove("one")
	is(t, err, nil)
	is(t, again.Close(), nil)
	if removed != stats {
		t.Errorf("%+v", removed)
	}
	_, _, err = streams.Remove("one")
	is(t, err, ErrNotFound)
	_, _, err = streams.Snapshot("one")
	is(t, err, ErrNotFound)
	if totals := must(streams.Totals()); totals.Video.Packets != 51 || totals.PacketsLost != 102 || totals.DropRatio != 0.5 {
		t.Errorf("%+v", totals)
	}
	_, err = NewStreams(StreamsConfig{RelativeError: math.NaN()})
	is(t, err, ErrInvalidArgument)
	if ClassMetadata.String() != "metadata" {
		t.Error(ClassMetadata)
	}
}

func TestCdn(t *testing.T) {
	cdn := must(NewCdn(CdnConfig{MaxEdges: 2}))
	defer cdn.Close()
	is(t, cdn.Record("ams", CdnRequest{AtUs: 0, Bytes: 3000, Hit: true}, CdnRequest{AtUs: 2_000_000, Bytes: 1000}), nil)
	for i := range 10 {
		is(t, cdn.Record(fmt.Sprint("edge ", i), CdnRequest{Hit: true}), nil)
	}
	is(t, cdn.Record("ams"), nil)
	state := must(cdn.Snapshot())
	if state.Total.Hits != 11 || state.Others.Hits != 9 || state.Edges != 2 || state.Total.HitRatio != 11.0/12 || state.BandwidthBps != 16_000 || !state.HasBandwidth {
		t.Errorf("%+v", state)
	}
	edges := must(cdn.Edges())
	if len(edges) != 2 || edges["ams"].ByteHitRatio != 0.75 || edges["edge 0"].HasByteHitRatio {
		t.Errorf("%+v", edges)
	}
	is(t, cdn.Merge(cdn), nil)
	if state := must(cdn.Snapshot()); state.Total.Hits != 22 || state.Others.Hits != 18 {
		t.Errorf("%+v", state)
	}
	is(t, cdn.Record("\xff"), ErrInvalidArgument)
	other := must(NewCdn(CdnConfig{}))
	if state := must(other.Snapshot()); state.HasInterval || state.Total.HasHitRatio {
		t.Errorf("%+v", state)
	}
	is(t, other.Close(), nil)
	is(t, cdn.Merge(other), ErrClosed)
}

func TestAudiencesOfManyGoroutines(t *testing.T) {
	const goroutines, rounds = 8, 200
	audience, streams, cdn := must(NewAudience(AudienceConfig{})), must(NewStreams(StreamsConfig{})), must(NewCdn(CdnConfig{}))
	sums := []*AudienceSummary{must(audience.Summary(0)), must(audience.Summary(0))}
	var all sync.WaitGroup
	for g := range goroutines {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range int64(rounds) {
				must(audience.Join(fmt.Sprint(g), i))
				is(t, streams.Record([]string{"a", "b"}[i%2], MediaPacket{Media: ClassAudio, Bytes: 10}), nil)
				is(t, cdn.Record("edge", CdnRequest{}), nil)
				if i%20 == 0 {
					if _, latency, err := streams.Remove("a"); err == nil {
						latency.Close()
					}
					summary := must(audience.Summary(rounds))
					must(AudienceExposition([]LabelledSummary{{nil, summary}, {nil, sums[g%2]}}, false))
					is(t, sums[g%2].Merge(sums[(g+1)%2]), nil)
					is(t, summary.Close(), nil)
				}
			}
		}()
	}
	all.Wait()
	if totals := must(streams.Totals()); totals.Audio.Packets != goroutines*rounds {
		t.Errorf("%+v", totals)
	}
	if state := must(cdn.Snapshot()); state.Total.Misses != goroutines*rounds {
		t.Errorf("%+v", state)
	}
	if state := must(must(audience.Summary(rounds)).Snapshot()); state.Totals.Views != goroutines || state.Totals.Reconnects != goroutines*(rounds-1) {
		t.Errorf("%+v", state)
	}
}
