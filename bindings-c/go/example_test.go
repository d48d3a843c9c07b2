package streamgauge_test

import (
	"context"
	"fmt"
	"time"

	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A publisher's camera, reported every minute and once more at the end.
func ExampleReporter() {
	telemetry, err := streamgauge.NewTelemetry(streamgauge.TelemetryConfig{})
	check(err)
	defer telemetry.Close()
	reporter, err := streamgauge.NewReporter(context.Background(), telemetry, streamgauge.ReporterConfig{
		Interval: time.Minute,
		Deliver: func(ctx context.Context, report *streamgauge.Report) error {
			stats, err := report.Stats()
			for _, stat := range stats {
				fmt.Println(stat.Key.RoomName, stat.Key.Participant, stat.Key.Track,
					stat.Totals.PrimaryPackets, "packets,", stat.Totals.PacketsLost, "lost")
			}
			return err
		},
	})
	check(err)

	now := time.Now().UnixMicro()
	check(telemetry.Identify("PA_alice", "RM_1", "demo", now))
	track, err := telemetry.Open(streamgauge.TrackKey{
		Participant: "PA_alice", Track: "TR_camera", Direction: streamgauge.Upstream, Kind: streamgauge.TrackVideo,
	}, now)
	check(err)
	recorder, err := track.NewRecorder(0)
	check(err)
	for i := range 100 {
		if i == 40 {
			continue // It got lost on the way.
		}
		check(recorder.Record(streamgauge.Packet{
			ArrivalUs: now + int64(i)*10_000, SSRC: 7, Sequence: uint16(i), RtpTimestamp: uint32(i) * 900,
			PayloadType: 96, WireBytes: 1212, HeaderBytes: 12,
		}))
	}
	check(track.Close())
	check(reporter.Close())
	// Output: demo PA_alice TR_camera 99 packets, 1 lost
}

// What a reader takes adds up to what there is, losses that are made good included.
func ExampleRtpReader() {
	stats, err := streamgauge.NewRtpStats(streamgauge.RtpConfig{})
	check(err)
	defer stats.Close()
	reader, err := stats.Reader(0)
	check(err)
	packet := func(sequence uint16) streamgauge.Packet {
		return streamgauge.Packet{SSRC: 7, Sequence: sequence, WireBytes: 1200, HeaderBytes: 12}
	}
	check(stats.Record([]streamgauge.Packet{packet(65_535), packet(0), packet(2)}))
	deltas, err := reader.Flush(1_000_000)
	check(err)
	fmt.Println(deltas[0].Totals.Packets, deltas[0].Totals.Lost)
	check(stats.Record([]streamgauge.Packet{packet(1), packet(1)}))
	deltas, err = reader.Flush(2_000_000)
	check(err)
	fmt.Println(deltas[0].Totals.Packets, deltas[0].Totals.Lost, deltas[0].Totals.Duplicates)
	// Output:
	// 3 1
	// 2 -1 1
}

// Buckets of two nodes add up, whatever way their bytes took.
func ExampleRollup() {
	rollup, err := streamgauge.NewRollup(streamgauge.RollupConfig{RelativeError: 0.01})
	check(err)
	defer rollup.Close()
	for i := range int64(1000) {
		_, err := rollup.Record(i*10_000, float64(i%100))
		check(err)
	}
	bytes, err := rollup.MarshalBinary()
	check(err)
	var other streamgauge.Rollup
	check(other.UnmarshalBinary(bytes))
	defer other.Close()
	check(other.Merge(rollup))
	buckets, err := other.Buckets(1, 0.95)
	check(err)
	for _, bucket := range buckets {
		fmt.Printf("%d samples, mean %.1f, p95 %.1f\n", bucket.Count, bucket.Mean, bucket.Quantiles[0])
	}
	// Output: 2000 samples, mean 49.5, p95 94.1
}

// An audience of two, as any number of goroutines may tell of it.
func ExampleAudience() {
	audience, err := streamgauge.NewAudience(streamgauge.AudienceConfig{})
	check(err)
	defer audience.Close()
	_, err = audience.Join("ann", 0)
	check(err)
	_, err = audience.Started("ann", 800_000)
	check(err)
	_, err = audience.Join("bob", 2_000_000)
	check(err)
	_, err = audience.Leave("bob", 8_000_000)
	check(err)
	summary, err := audience.Summary(10_000_000)
	check(err)
	defer summary.Close()
	state, err := summary.Snapshot()
	check(err)
	fmt.Println(state.Totals.Views, "views,", *state.MeanConcurrency, "at once on average,", state.PeakAtMost, "at most")
	// Output: 2 views, 1.6 at once on average, 2 at most
}
