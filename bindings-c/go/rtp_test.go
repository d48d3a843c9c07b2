package streamgauge

import (
	"errors"
	"math"
	"runtime"
	"testing"
)

// is fails the test unless the error is of the kind.
func is(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%v, expected %v", err, kind)
	}
}

// must gives the value, or ends the test.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestPackets(t *testing.T) {
	raw := []byte{0x80, 0x80 | 96, 0xff, 0xfe, 0, 0, 0, 90, 1, 2, 3, 4, 'm', 'e', 'd', 'i', 'a'}
	packet, err := ParsePacket(raw, -5, Keyframe)
	want := Packet{ArrivalUs: -5, SSRC: 0x01020304, RtpTimestamp: 90, Sequence: 0xfffe, WireBytes: 17, HeaderBytes: 12, PayloadType: 96, Flags: Marker | Keyframe}
	if err != nil || packet != want {
		t.Errorf("%+v, %v", packet, err)
	}
	for _, bad := range [][]byte{nil, {0x80}, append([]byte{0x40}, raw[1:]...), make([]byte, 70_000)} {
		if packet, err := ParsePacket(bad, 0, 0); packet != (Packet{}) {
			t.Error(packet)
		} else {
			is(t, err, ErrMalformed)
		}
	}
	if !IsRtcp([]byte{0x81, 201, 0, 7}) || IsRtcp(raw) || IsRtcp(nil) {
		t.Error("rtcp is not told from rtp")
	}
	if FractionLost(4, 3) != 64 || FractionLost(math.MaxInt64, math.MinInt64) != 255 || ClampLost(math.MinInt64) != -0x80_0000 {
		t.Error("fractions and clamps")
	}
	_, err = CaptureJSON([]byte("no capture"))
	is(t, err, ErrMalformed)
	_, err = CaptureJSON(nil, PayloadFormat{PayloadType: 128, ClockHz: 1})
	is(t, err, ErrInvalidArgument)
}

func TestCountersAreExactToTheEnd(t *testing.T) {
	counter := must(NewCounter(CounterConfig{OriginKnown: true}))
	for i, value := range []uint64{1<<53 + 1, math.MaxUint64} {
		if step := must(counter.Record(int64(i), value)); step.HasInterval != (i > 0) {
			t.Error(step)
		}
	}
	state := must(counter.Snapshot())
	if state.Total != math.MaxUint64 || state.Last != math.MaxUint64 || !state.HasLast || state.LastUs != 1 {
		t.Errorf("%+v", state)
	}
	// A total that would not fit is no total.
	if step := must(counter.RecordBoundary(2, 1)); step.Kind != StepRejected || step.Delta != 0 {
		t.Error(step)
	}
	if err := counter.End(); err != nil {
		t.Error(err)
	}
	if step := must(counter.Record(3, 0)); step.Kind != StepFirst || step.Kind.String() != "first" {
		t.Error(step)
	}
	counter.Close()
	counter.Close()
	_, err := counter.Record(4, 1)
	is(t, err, ErrClosed)
	_, err = counter.Snapshot()
	is(t, err, ErrClosed)
	is(t, counter.End(), ErrClosed)

	_, err = NewCounter(CounterConfig{WidthBits: 65})
	is(t, err, ErrInvalidArgument)
	_, err = NewFloatCounter(CounterConfig{MaxPerS: math.NaN()})
	is(t, err, ErrInvalidArgument)

	floats := must(NewFloatCounter(CounterConfig{}))
	defer floats.Close()
	if step := must(floats.Record(0, math.NaN())); step.Kind != StepRejected {
		t.Error(step)
	}
	must(floats.Record(1, 0.5))
	if step := must(floats.RecordBoundary(2, 0.75)); step.Kind != StepBoundary || step.Delta != 0.75 {
		t.Error(step)
	}
	if state := must(floats.Snapshot()); state.Total != 0.75 || state.Rejected != 1 || state.Boundaries != 1 {
		t.Errorf("%+v", state)
	}
	is(t, floats.End(), nil)
	_, err = Rate(nil, 0, 1, RateRaw)
	is(t, err, ErrNotFound)
	_, err = Rate([]Sample{{0, 1}, {1, 2}}, 0, 1, 9)
	is(t, err, ErrInvalidArgument)
	if found := must(Rate([]Sample{{0, 1}, {500_000, 3}}, 0, 1_000_000, RateRaw)); found.PerS != 4 || found.Increase != 2 || found.Seconds != 0.5 {
		t.Error(found)
	}
}

func stream(ssrc uint32, from, count int) []Packet {
	packets := make([]Packet, count)
	for i := range packets {
		n := from + i
		packets[i] = Packet{ArrivalUs: int64(n) * 1000, SSRC: ssrc, RtpTimestamp: uint32(n) * 90, Sequence: uint16(n), WireBytes: 1012, HeaderBytes: 12, PayloadType: 96}
	}
	return packets
}

func TestRtpStatsReadersAgree(t *testing.T) {
	stats := must(NewRtpStats(RtpConfig{Formats: []PayloadFormat{{PayloadType: 96, ClockHz: 90_000, Kind: MediaVideo}}}))
	defer stats.Close()
	fast, slow := must(stats.Reader(0)), must(stats.Reader(0))
	var taken uint64
	for i := range 10 {
		for _, ssrc := range []uint32{7, 8} {
			if err := stats.Record(stream(ssrc, i*50, 40)); err != nil {
				t.Fatal(err)
			}
		}
		deltas := must(fast.Take(int64(i + 1)))
		if i%2 == 0 {
			is(t, fast.Restore(), nil)
			continue
		}
		_, err := fast.Take(100)
		is(t, err, ErrAlreadyPending)
		is(t, fast.Ack(), nil)
		for _, delta := range deltas {
			taken += delta.Totals.Packets
		}
	}
	totals := must(stats.Totals())
	deltas := must(slow.Flush(100))
	if len(deltas) != 2 || *deltas[0].SSRC != 7 || deltas[0].Totals.Packets+deltas[1].Totals.Packets != totals.Packets || taken != totals.Packets {
		t.Errorf("%d taken of %+v", taken, totals)
	}
	if deltas[0].MaxJitterUs != nil || deltas[0].StartUs != 0 || deltas[0].EndUs != 100 || deltas[0].Last {
		t.Errorf("%+v", deltas[0])
	}
	late := stream(8, 500, 2)
	late[1].ArrivalUs += 1600
	is(t, stats.Record(late), nil)
	// A.8: a sixteenth of the difference.
	if deltas := must(slow.Flush(200)); len(deltas) != 1 || deltas[0].MaxJitterUs == nil || *deltas[0].MaxJitterUs != 100 {
		t.Errorf("%+v", deltas)
	}
	one := must(stats.Snapshot(7))
	if one.Totals.Packets != 400 || one.Totals.Lost != 90 || *one.Frames != 400 || *one.ClockHz != 90_000 || *one.PayloadType != 96 || one.LossBursts[9] != 9 {
		t.Errorf("%+v", one)
	}
	if all := must(stats.Snapshots()); len(all) != 2 || all[1].SSRC != 8 || all[0].Totals != one.Totals {
		t.Error(all)
	}
	_, err := stats.Snapshot(9)
	is(t, err, ErrNotFound)
	if state := must(stats.Status()); state.Streams != 2 || state.MemoryBytes == 0 {
		t.Errorf("%+v", state)
	}
	if !must(stats.Remove(7)) || must(stats.Remove(7)) {
		t.Error("a stream is removed once")
	}
	is(t, stats.RecordRaw(0, []byte{1}, 0), ErrMalformed)
	is(t, stats.Record(nil), nil)
	for {
		if _, err = stats.Reader(0); err != nil {
			break
		}
	}
	is(t, err, ErrCapacityExceeded)
	_, err = NewRtpStats(RtpConfig{MaxStreams: 1 << 40})
	is(t, err, ErrInvalidArgument)
	_, err = NewRtpStats(RtpConfig{Formats: []PayloadFormat{{PayloadType: 96}}})
	is(t, err, ErrInvalidArgument)

	stats.Close()
	stats.Close()
	is(t, stats.Record(stream(1, 0, 1)), ErrClosed)
	_, err = fast.Flush(200)
	is(t, err, ErrClosed)
	is(t, fast.Ack(), ErrClosed)
	_, err = stats.Snapshots()
	is(t, err, ErrClosed)
}

func TestOneGoroutineAtATime(t *testing.T) {
	stats := must(NewRtpStats(RtpConfig{}))
	defer stats.Close()
	stats.handle.mu.Lock()
	is(t, stats.Record(nil), ErrBusy)
	_, err := stats.Totals()
	is(t, err, ErrBusy)
	stats.handle.mu.Unlock()
	is(t, stats.Record(nil), nil)
}

func TestRtcpStats(t *testing.T) {
	stats := must(NewRtcpStats(RtcpConfig{MaxSources: 4}))
	pli := []byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}
	is(t, stats.Record(5, pli), nil)
	is(t, stats.Record(6, append(pli, 0x40)), ErrMalformed)
	source := must(stats.Source(2))
	if source.Plis != 2 || source.HeardUs != 6 || source.Remote != nil || source.Sender != nil || source.RttUs != nil {
		t.Errorf("%+v", source)
	}
	if all := must(stats.Sources()); len(all) != 1 || all[0] != source {
		t.Error(all)
	}
	if totals := must(stats.Totals()); totals.Compounds != 2 || totals.Malformed != 1 || totals.Plis != 2 {
		t.Errorf("%+v", totals)
	}
	_, err := stats.Source(3)
	is(t, err, ErrNotFound)
	_, err = stats.TakeMaxRttUs()
	is(t, err, ErrNotFound)
	stats.Close()
	is(t, stats.Record(0, pli), ErrClosed)
}

func TestForgottenHandlesAreFreed(t *testing.T) {
	for range 200 {
		must(NewCounter(CounterConfig{}))
		is(t, must(NewRtpStats(RtpConfig{})).Record(stream(1, 0, 3)), nil)
		telemetry := must(NewTelemetry(TelemetryConfig{}))
		track := must(telemetry.Open(key("PA", "TR"), 0))
		is(t, must(track.NewRecorder(0)).Record(Packet{}), nil)
		must(telemetry.Flush(1))
	}
	runtime.GC()
	runtime.GC()
}
