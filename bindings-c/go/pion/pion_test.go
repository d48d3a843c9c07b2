package pion

import (
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

var _ interceptor.Factory = (*Factory)(nil)

func open(t *testing.T, telemetry *streamgauge.Telemetry, direction streamgauge.Direction) *streamgauge.Track {
	t.Helper()
	key := streamgauge.TrackKey{Participant: "PA_1", Track: "TR_1", Direction: direction, Kind: streamgauge.TrackVideo}
	track, err := telemetry.Open(key, 0)
	must(t, err)
	return track
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func totals(t *testing.T, track *streamgauge.Track) streamgauge.TrackTotals {
	t.Helper()
	totals, err := track.Totals()
	must(t, err)
	return totals
}

// connection is an interceptor that records upstream streams into up and the others into down, with the errors it told.
type connection struct {
	interceptor.Interceptor
	up, down *streamgauge.Track
	mu       sync.Mutex
	now      int64
	errors   []error
}

func connect(t *testing.T) *connection {
	t.Helper()
	telemetry, err := streamgauge.NewTelemetry(streamgauge.TelemetryConfig{})
	must(t, err)
	t.Cleanup(func() { must(t, telemetry.Close()) })
	c := &connection{up: open(t, telemetry, streamgauge.Upstream), down: open(t, telemetry, streamgauge.Downstream)}
	factory, err := NewFactory(Config{
		Track: func(stream Stream) *streamgauge.Track {
			switch {
			case stream.Connection != "PC_1":
				t.Errorf("connection %q", stream.Connection)
			case stream.Info.MimeType == "audio/opus":
				return nil
			}
			if stream.Direction == streamgauge.Upstream {
				return c.up
			}
			return c.down
		},
		Batch: 16,
		Now: func() int64 {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.now
		},
		OnError: func(err error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errors = append(c.errors, err)
		},
	})
	must(t, err)
	c.Interceptor, err = factory.NewInterceptor("PC_1")
	must(t, err)
	return c
}

func (c *connection) at(us int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = us
}

func packet(ssrc uint32, sequence uint16, payload, padding int) []byte {
	p := rtp.Packet{
		Header: rtp.Header{
			Version: 2, SSRC: ssrc, SequenceNumber: sequence, Timestamp: uint32(sequence) * 900, PayloadType: 96,
			Padding: padding > 0, PaddingSize: byte(padding),
		},
		Payload: make([]byte, payload),
	}
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// from is a reader of these packets.
func from(packets ...[]byte) interceptor.RTPReader {
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		if len(packets) == 0 {
			return 0, a, io.EOF
		}
		n := copy(b, packets[0])
		packets = packets[1:]
		return n, a, nil
	})
}

// drain reads until the end, and gives how many packets passed.
func drain(t *testing.T, reader interceptor.RTPReader) int {
	t.Helper()
	buffer := make([]byte, 1500)
	for n := 0; ; n++ {
		if _, _, err := reader.Read(buffer, interceptor.Attributes{}); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatComes(t *testing.T) {
	c := connect(t)
	media := &interceptor.StreamInfo{SSRC: 1, MimeType: "video/VP8", ClockRate: 90_000}
	repair := &interceptor.StreamInfo{SSRC: 2, MimeType: "video/rtx", ClockRate: 90_000}
	var packets [][]byte
	for i := range 100 {
		if i != 40 && i != 41 {
			packets = append(packets, packet(1, uint16(65_500+i), 1000, 0))
		}
	}
	packets = append(packets, packet(1, 64, 0, 200), []byte{1, 2, 3}, packet(1, 65, 1000, 4))
	if n := drain(t, c.BindRemoteStream(media, from(packets...))); n != len(packets) {
		t.Fatalf("%d of %d packets passed", n, len(packets))
	}
	drain(t, c.BindRemoteStream(repair, from(packet(2, 7, 502, 0), packet(2, 8, 502, 0))))
	drain(t, c.BindRemoteStream(&interceptor.StreamInfo{SSRC: 3, MimeType: "audio/opus"}, from(packet(3, 1, 50, 0))))
	got := totals(t, c.up)
	want := streamgauge.TrackTotals{
		PrimaryPackets: 99, PrimaryBytes: 99_000, RetransmitPackets: 2, RetransmitBytes: 1004,
		PaddingPackets: 1, PaddingBytes: 204, PacketsLost: 2, Frames: 99,
	}
	if got != want {
		t.Errorf("totals\n%+v, not\n%+v", got, want)
	}
	if len(c.errors) != 1 {
		t.Errorf("errors %v, for one packet that is too short", c.errors)
	}
	c.UnbindRemoteStream(media)
	c.UnbindRemoteStream(repair)
	if after := totals(t, c.up); after != got {
		t.Errorf("the end of the streams changed the totals to %+v", after)
	}
	must(t, c.Close())
}

func TestWhatGoesFromManyGoroutines(t *testing.T) {
	c := connect(t)
	info := &interceptor.StreamInfo{SSRC: 10, SSRCRetransmission: 11, MimeType: "video/VP8", ClockRate: 90_000}
	var written sync.Map
	writer := c.BindLocalStream(info, interceptor.RTPWriterFunc(
		func(header *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) {
			if header.SequenceNumber == 999 {
				return 0, io.ErrClosedPipe
			}
			written.Store([2]uint32{header.SSRC, uint32(header.SequenceNumber)}, true)
			return len(payload), nil
		}))
	const each = 500
	var wg sync.WaitGroup
	run := func(f func()) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f()
		}()
	}
	for _, ssrc := range []uint32{10, 11} {
		run(func() {
			for i := range each {
				header := &rtp.Header{Version: 2, SSRC: ssrc, SequenceNumber: uint16(i), Timestamp: uint32(i) * 3000, PayloadType: 96}
				if _, err := writer.Write(header, make([]byte, 100), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	run(func() {
		for range 50 {
			totals(t, c.down)
		}
	})
	wg.Wait()
	if _, err := writer.Write(&rtp.Header{Version: 2, SSRC: 10, SequenceNumber: 999}, nil, nil); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the writer's error became %v", err)
	}
	got := totals(t, c.down)
	if got.PrimaryPackets != each || got.PrimaryBytes != each*100 || got.RetransmitPackets != each || got.PacketsLost != 0 {
		t.Errorf("totals %+v", got)
	}
	passed := 0
	written.Range(func(any, any) bool { passed++; return true })
	if passed != 2*each {
		t.Errorf("%d packets passed", passed)
	}
	c.UnbindLocalStream(info)
	must(t, c.down.Close())
	c.UnbindLocalStream(info)
	if len(c.errors) != 0 {
		t.Error(c.errors)
	}
}

func compounds(t *testing.T, list ...[]rtcp.Packet) [][]byte {
	t.Helper()
	var all [][]byte
	for _, packets := range list {
		b, err := rtcp.Marshal(packets)
		must(t, err)
		all = append(all, b)
	}
	return all
}

func rtcpFrom(packets ...[]byte) interceptor.RTCPReader {
	reader := from(packets...)
	return interceptor.RTCPReaderFunc(reader.Read)
}

func read(t *testing.T, reader interceptor.RTCPReader, times int) {
	t.Helper()
	buffer := make([]byte, 1500)
	for range times {
		_, _, err := reader.Read(buffer, interceptor.Attributes{})
		must(t, err)
	}
}

func TestFeedback(t *testing.T) {
	c := connect(t)
	nowhere := interceptor.RTPWriterFunc(func(*rtp.Header, []byte, interceptor.Attributes) (int, error) { return 0, nil })
	for _, ssrc := range []uint32{10, 20} {
		c.BindLocalStream(&interceptor.StreamInfo{SSRC: ssrc, MimeType: "video/VP8", ClockRate: 90_000}, nowhere)
	}
	c.BindRemoteStream(&interceptor.StreamInfo{SSRC: 1, MimeType: "video/VP8", ClockRate: 90_000}, from())
	writer := c.BindRTCPWriter(interceptor.RTCPWriterFunc(
		func(packets []rtcp.Packet, _ interceptor.Attributes) (int, error) { return len(packets), nil }))

	// A sender report goes out at 1 s with the NTP time of 1970-01-01 00:00:01; it comes back 2 s later, of which
	// the other side held it for 1.75 s.
	c.at(1_000_000)
	ntp := uint64(2_208_988_800+1) << 32
	_, err := writer.Write([]rtcp.Packet{&rtcp.SenderReport{SSRC: 10, NTPTime: ntp}}, nil)
	must(t, err)
	c.at(3_000_000)
	report := &rtcp.ReceiverReport{SSRC: 99, Reports: []rtcp.ReceptionReport{
		{SSRC: 10, TotalLost: 5, Jitter: 900, LastSenderReport: uint32(ntp >> 16), Delay: 65_536 * 7 / 4},
		{SSRC: 20, TotalLost: 1},
	}}
	nack := &rtcp.TransportLayerNack{SenderSSRC: 99, MediaSSRC: 10, Nacks: []rtcp.NackPair{{PacketID: 1}}}
	pli := &rtcp.PictureLossIndication{SenderSSRC: 99, MediaSSRC: 20}
	both := compounds(t, []rtcp.Packet{report, nack, pli})[0]
	alone := compounds(t, []rtcp.Packet{pli})[0]
	// Pion gives the compound to the readers of both; the indication alone comes twice, to one.
	first, second := c.BindRTCPReader(rtcpFrom(both)), c.BindRTCPReader(rtcpFrom(both, alone, alone))
	read(t, first, 1)
	read(t, second, 3)
	got := totals(t, c.down)
	want := streamgauge.TrackTotals{Nacks: 1, Plis: 3, PacketsLost: 6}
	if got != want {
		t.Errorf("downstream\n%+v, not\n%+v", got, want)
	}
	// What the other side takes back.
	report.Reports = []rtcp.ReceptionReport{{SSRC: 10, TotalLost: 3}}
	third := c.BindRTCPReader(rtcpFrom(append(compounds(t, []rtcp.Packet{report}), []byte{0x80})...))
	read(t, third, 1)
	if got := totals(t, c.down); got.PacketsLost != 4 {
		t.Errorf("%d packets lost, not 4", got.PacketsLost)
	}
	read(t, third, 1)
	if len(c.errors) != 1 {
		t.Errorf("errors %v, for one compound that is none", c.errors)
	}
	// What we ask of the other side.
	_, err = writer.Write([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: 98, Reports: []rtcp.ReceptionReport{{SSRC: 1, TotalLost: 9, Jitter: 5}}},
		&rtcp.TransportLayerNack{SenderSSRC: 98, MediaSSRC: 1, Nacks: []rtcp.NackPair{{PacketID: 7}}},
		&rtcp.FullIntraRequest{SenderSSRC: 98, MediaSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: 1, SequenceNumber: 3}}},
	}, nil)
	must(t, err)
	if got, want := totals(t, c.up), (streamgauge.TrackTotals{Nacks: 1, Firs: 1}); got != want {
		t.Errorf("upstream\n%+v, not\n%+v", got, want)
	}
	must(t, c.Close())
}

func TestRoundTripIsReported(t *testing.T) {
	telemetry, err := streamgauge.NewTelemetry(streamgauge.TelemetryConfig{})
	must(t, err)
	must(t, telemetry.Identify("PA_1", "RM_1", "room", 0))
	track := open(t, telemetry, streamgauge.Downstream)
	now := int64(1_000_000)
	factory, err := NewFactory(Config{Track: func(Stream) *streamgauge.Track { return track }, Now: func() int64 { return now }})
	must(t, err)
	i, err := factory.NewInterceptor("")
	must(t, err)
	i.BindLocalStream(&interceptor.StreamInfo{SSRC: 10, ClockRate: 90_000}, interceptor.RTPWriterFunc(nil))
	ntp := uint64(2_208_988_800+1) << 32
	writer := i.BindRTCPWriter(interceptor.RTCPWriterFunc(
		func(packets []rtcp.Packet, _ interceptor.Attributes) (int, error) { return len(packets), nil }))
	_, err = writer.Write([]rtcp.Packet{&rtcp.SenderReport{SSRC: 10, NTPTime: ntp}}, nil)
	must(t, err)
	now = 3_000_000
	report := &rtcp.ReceiverReport{SSRC: 99, Reports: []rtcp.ReceptionReport{
		{SSRC: 10, Jitter: 900, LastSenderReport: uint32(ntp >> 16), Delay: 65_536 * 7 / 4},
	}}
	read(t, i.BindRTCPReader(rtcpFrom(compounds(t, []rtcp.Packet{report})...)), 1)
	flushed, err := telemetry.Flush(5_000_000)
	must(t, err)
	stats, err := flushed.Stats()
	must(t, err)
	if len(stats) != 1 || stats[0].RttUs == nil || *stats[0].RttUs != 250_000 || stats[0].JitterUs == nil || *stats[0].JitterUs != 10_000 {
		t.Errorf("stats %+v", stats)
	}
}

func TestSeenAgain(t *testing.T) {
	var s seen
	steps := []struct {
		reader int
		text   string
		before bool
	}{{1, "a", false}, {2, "a", true}, {3, "a", true}, {1, "b", false}, {1, "a", false}, {2, "a", true}, {2, "b", true}, {2, "b", false}}
	for i, step := range steps {
		if got := s.before(step.reader, []byte(step.text)); got != step.before {
			t.Errorf("step %d: %v", i, got)
		}
	}
}

func TestConfigs(t *testing.T) {
	track := func(Stream) *streamgauge.Track { return nil }
	for _, config := range []Config{{}, {Track: track, Batch: -1}, {Track: track, Batch: streamgauge.MaxBatch + 1}} {
		if _, err := NewFactory(config); err == nil {
			t.Errorf("%+v", config)
		}
	}
	_, err := NewFactory(Config{})
	if !errors.Is(err, streamgauge.ErrInvalidArgument) {
		t.Error(err)
	}
	_, err = NewFactory(Config{Track: track, Batch: 257})
	if !errors.Is(err, streamgauge.ErrOutOfRange) {
		t.Error(err)
	}
}

func TestNoAllocationPerPacket(t *testing.T) {
	c := connect(t)
	one := packet(1, 1, 1000, 0)
	reader := c.BindRemoteStream(&interceptor.StreamInfo{SSRC: 1, MimeType: "video/VP8"}, interceptor.RTPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, one), a, nil
		}))
	writer := c.BindLocalStream(&interceptor.StreamInfo{SSRC: 2, MimeType: "video/VP8"}, interceptor.RTPWriterFunc(
		func(_ *rtp.Header, payload []byte, _ interceptor.Attributes) (int, error) { return len(payload), nil }))
	buffer, header := slices.Clone(one), &rtp.Header{Version: 2, SSRC: 2}
	if n := testing.AllocsPerRun(1000, func() {
		_, _, _ = reader.Read(buffer, nil)
		_, _ = writer.Write(header, buffer, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
