package streamgauge

import (
	"runtime"
	"sync"
	"testing"
)

func packetsOfTrack(t *testing.T, track *Track) uint64 {
	t.Helper()
	return must(track.Totals()).PrimaryPackets
}

func TestRecorderMissesNothing(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	track := must(telemetry.Open(key("PA", "TR"), 0))
	recorder := must(track.NewRecorder(0))
	record := func(from, count int) {
		for _, packet := range stream(7, from, count) {
			is(t, recorder.Record(packet), nil)
		}
	}
	// Nothing of a batch has reached the library before somebody asks.
	record(0, 3)
	if recorder.batch.handed != 0 {
		t.Error("three packets were handed over one by one")
	}
	want := uint64(3)
	for name, count := range map[string]func() uint64{
		"track":       func() uint64 { return packetsOfTrack(t, track) },
		"telemetry":   func() uint64 { return must(telemetry.Totals(Upstream, Edge)).PrimaryPackets },
		"participant": func() uint64 { return must(telemetry.ParticipantTotals("PA", Upstream, Edge)).PrimaryPackets },
		"snapshot":    func() uint64 { return must(telemetry.Snapshot()).Tracks[0].Totals.PrimaryPackets },
	} {
		record(int(want), MaxBatch+9)
		want += MaxBatch + 9
		if got := count(); got != want {
			t.Errorf("%s tells of %d packets, not %d", name, got, want)
		}
	}
	reported := statsOf(t, must(telemetry.Flush(1)), nil)[0].Totals.PrimaryPackets
	if reported != want {
		t.Errorf("%d packets were reported, not %d", reported, want)
	}
	// What comes before a change of layers belongs to the layer before.
	is(t, track.SetLayer(7, 0), nil)
	record(int(want), 5)
	is(t, track.SetLayer(7, 1), nil)
	record(int(want)+5, 6)
	is(t, recorder.Flush(), nil)
	if layers := must(track.Totals()).Layers; layers[0].Packets != 5 || layers[1].Packets != 6 {
		t.Error(layers)
	}
	record(int(want)+11, 1)
	must(track.End(2))
	// After the end they are rejected and counted, after Close an error.
	record(int(want)+12, 2)
	if last := statsOf(t, must(telemetry.Flush(3)), nil)[0]; !last.Last || last.Totals.PrimaryPackets != 12 {
		t.Errorf("%+v", last)
	}
	if state := must(telemetry.Status()); state.RejectedAfterClose != 2 {
		t.Errorf("%+v", state)
	}
	is(t, track.Close(), nil)
	var err error
	for i := 0; i < MaxBatch && err == nil; i++ {
		err = recorder.Record(Packet{})
	}
	is(t, err, ErrClosed)
	is(t, recorder.Flush(), nil)
}

func TestRecorderSizes(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	track := must(telemetry.Open(key("PA", "TR"), 0))
	for _, bad := range []int{-1, MaxBatch + 1} {
		_, err := track.NewRecorder(bad)
		is(t, err, ErrInvalidArgument)
	}
	one := must(track.NewRecorder(1))
	is(t, one.Record(stream(1, 0, 1)[0]), nil)
	is(t, one.Record(stream(1, 1, 1)[0]), nil)
	if packetsOfTrack(t, track) != 2 {
		t.Error("a batch of one waits")
	}
}

func TestClosingATrackEmptiesItsRecorders(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	track := must(telemetry.Open(key("PA", "TR"), 0))
	recorder := must(track.NewRecorder(0))
	for _, packet := range stream(7, 0, 3) {
		is(t, recorder.Record(packet), nil)
	}
	is(t, track.Close(), nil)
	if stats := statsOf(t, must(telemetry.Flush(1)), nil); len(stats) != 1 || !stats[0].Last || stats[0].Totals.PrimaryPackets != 3 || stats[0].EndUs != 2000 {
		t.Errorf("%+v", stats)
	}
}

// The writer is told of an error that others met when they handed over for it.
func TestRecorderTellsItsWriter(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	track := must(telemetry.Open(key("PA", "TR"), 0))
	recorder := must(track.NewRecorder(0))
	is(t, track.handle.close(), nil)
	is(t, recorder.Record(Packet{}), nil)
	must(telemetry.Flush(1)).Close()
	is(t, recorder.Flush(), ErrClosed)
	is(t, recorder.Flush(), nil)
}

func TestOneWriterAndManyFlushers(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	track := must(telemetry.Open(key("PA", "TR"), 0))
	recorder := must(track.NewRecorder(16))
	const packets = 20_000
	done := make(chan struct{})
	var group sync.WaitGroup
	var reported uint64
	var mu sync.Mutex
	for i := range 3 {
		group.Add(1)
		go func() {
			defer group.Done()
			for now := int64(0); ; now++ {
				select {
				case <-done:
					return
				default:
				}
				if i == 0 {
					is(t, recorder.Flush(), nil)
					continue
				}
				for _, stat := range statsOf(t, must(telemetry.Flush(now)), nil) {
					mu.Lock()
					reported += stat.Totals.PrimaryPackets
					if stat.Totals.PacketsLost != 0 || stat.Totals.PacketsOutOfOrder != 0 {
						t.Errorf("packets came in another order: %+v", stat.Totals)
					}
					mu.Unlock()
				}
			}
		}()
	}
	for _, packet := range stream(7, 0, packets) {
		is(t, recorder.Record(packet), nil)
	}
	close(done)
	group.Wait()
	for _, stat := range statsOf(t, must(telemetry.Flush(1<<40)), nil) {
		reported += stat.Totals.PrimaryPackets
	}
	if reported != packets {
		t.Errorf("%d packets were reported", reported)
	}
}

func TestForgottenRecordersHandOver(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	func() {
		track := must(telemetry.Open(key("PA", "TR"), 0))
		is(t, must(track.NewRecorder(0)).Record(stream(1, 0, 1)[0]), nil)
	}()
	held := func() int {
		telemetry.batches.mu.Lock()
		defer telemetry.batches.mu.Unlock()
		return len(telemetry.batches.all)
	}
	// Cleanups run some time after a collection: it hangs here if they do not.
	for held() > 0 {
		runtime.GC()
	}
	for must(telemetry.Status()).Tracks > 0 {
		runtime.GC()
		must(telemetry.Flush(1)).Close()
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	telemetry := node(t, TelemetryConfig{})
	track := must(telemetry.Open(key("PA", "TR"), 0))
	stats := must(NewRtpStats(RtpConfig{}))
	defer stats.Close()
	recorder := must(track.NewRecorder(4))
	batch := stream(7, 0, 8)
	data := []DataPacket{{Sequence: 1}}
	for name, record := range map[string]func() error{
		"a batch":  func() error { return track.Record(batch) },
		"a packet": func() error { return track.Record([]Packet{{SSRC: 1}}) },
		"a recorder": func() error {
			for _, packet := range batch {
				if err := recorder.Record(packet); err != nil {
					return err
				}
			}
			return nil
		},
		"a message":  func() error { return track.RecordMessage(1, 1) },
		"data":       func() error { return track.RecordData(data) },
		"rtcp":       func() error { return track.RecordRtcp(1, RtcpSample{Nacks: 1}) },
		"totals":     func() error { return track.ObserveTotals(1, 1, 1) },
		"statistics": func() error { return stats.Record(batch) },
	} {
		is(t, record(), nil)
		if allocations := testing.AllocsPerRun(100, func() { is(t, record(), nil) }); allocations != 0 {
			t.Errorf("%s allocates %v times", name, allocations)
		}
	}
}
