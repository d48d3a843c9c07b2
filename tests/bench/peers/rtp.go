package main

import (
	"fmt"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/stats"
	"github.com/pion/rtp"

	"github.com/livekit/livekit-server/pkg/sfu/rtpstats"

	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
	sgpion "github.com/streamgauge/streamgauge/bindings-c/go/pion"
)

// traffic makes packet after packet of a number of streams in turn, as an SFU sees them: 1,200 bytes, 1 ms apart,
// 10 a frame.
type traffic struct {
	streams int
	packets []streamgauge.Packet
	turn    int64
}

func newTraffic(streams int) *traffic {
	return &traffic{streams: streams, packets: make([]streamgauge.Packet, max(streams, 10)/10*10)}
}

// next gives as many packets as one frame of one stream, or one packet of each of many.
func (t *traffic) next() []streamgauge.Packet {
	for i := range t.packets {
		n := t.turn*int64(len(t.packets)/t.streams) + int64(i/t.streams)
		t.packets[i] = streamgauge.Packet{
			ArrivalUs: n * 1000, SSRC: uint32(i%t.streams) + 1, RtpTimestamp: uint32(n/10) * 900, Sequence: uint16(n),
			WireBytes: 1200, HeaderBytes: 12, PayloadType: 96,
		}
	}
	t.turn++
	return t.packets
}

// timed records n packets, or a few more, and leaves out the making of them.
func (t *traffic) timed(n int, record func([]streamgauge.Packet)) time.Duration {
	var took time.Duration
	per := len(t.packets)
	for done := 0; done < n; done += per {
		packets := t.next()
		start := time.Now()
		record(packets)
		took += time.Since(start)
	}
	// Scaled to n, so that a count below one turn means the same.
	return time.Duration(float64(took) * float64(n) / float64((n+per-1)/per*per))
}

// receivers are what keeps the statistics of streams: LiveKit's first.
func receivers(streams int) []entry {
	var theirs []*rtpstats.RTPStatsReceiver
	bytes := heap(streams, func() any {
		for range streams {
			receiver := rtpstats.NewRTPStatsReceiver(rtpstats.RTPStatsParams{})
			receiver.SetClockRate(90_000)
			receiver.NewSnapshotId()
			theirs = append(theirs, receiver)
		}
		return theirs
	})
	traffic := newTraffic(streams)
	list := []entry{{name: "LiveKit RTPStatsReceiver.Update", bytes: bytes, run: func(n int) time.Duration {
		return traffic.timed(n, func(packets []streamgauge.Packet) {
			for i := range packets {
				p := &packets[i]
				theirs[p.SSRC-1].Update(p.ArrivalUs*1000, p.Sequence, p.RtpTimestamp, false, 12, 1188, 0)
			}
		})
	}}}
	for _, batch := range []int{1, streamgauge.MaxBatch} {
		ours := must(streamgauge.NewRtpStats(streamgauge.RtpConfig{MaxStreams: uint64(max(streams, 16))}))
		reader := must(ours.Reader(0))
		traffic := newTraffic(streams)
		run := func(n int) time.Duration {
			pending := make([]streamgauge.Packet, 0, streamgauge.MaxBatch)
			return traffic.timed(n, func(packets []streamgauge.Packet) {
				if batch == 1 {
					for i := range packets {
						check(ours.Record(packets[i : i+1]))
					}
					return
				}
				// Batches are filled as packets come, which is part of the cost.
				for i := range packets {
					if pending = append(pending, packets[i]); len(pending) == batch {
						check(ours.Record(pending))
						pending = pending[:0]
					}
				}
			})
		}
		run(streams * 4)
		per := float64(must(ours.Status()).MemoryBytes) / float64(streams)
		must(reader.Flush(0))
		list = append(list, entry{name: fmt.Sprintf("streamgauge RtpStats, batch of %d", batch), bytes: per, run: run})
	}
	return list
}

// interceptors are Pion's own statistics and ours at the same place: bytes in, counted.
func interceptors(streams int) []entry {
	factory := must(stats.NewInterceptor())
	telemetry := must(streamgauge.NewTelemetry(streamgauge.TelemetryConfig{}))
	recording := must(sgpion.NewFactory(sgpion.Config{Track: func(stream sgpion.Stream) *streamgauge.Track {
		return must(telemetry.Open(streamgauge.TrackKey{
			Participant: "PA", Track: fmt.Sprint(stream.Info.SSRC), Direction: streamgauge.Upstream, Kind: streamgauge.TrackVideo,
		}, 0))
	}}))
	theirs := through(must(factory.NewInterceptor("")), streams)
	theirs.run(streams)
	time.Sleep(200 * time.Millisecond) // Pion starts a goroutine for each stream, which lets it count.
	return []entry{
		{name: "Pion stats interceptor", run: theirs.run},
		{name: "streamgauge Pion interceptor", run: through(must(recording.NewInterceptor("")), streams).run},
	}
}

// passage is streams that pass an interceptor.
type passage struct {
	traffic *traffic
	readers []interceptor.RTPReader
	raw     []byte
	header  rtp.Header
}

func through(i interceptor.Interceptor, streams int) *passage {
	p := &passage{traffic: newTraffic(streams), raw: make([]byte, 1200)}
	network := interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		return 1200, a, nil
	})
	for ssrc := range streams {
		info := &interceptor.StreamInfo{SSRC: uint32(ssrc) + 1, MimeType: "video/VP8", ClockRate: 90_000, PayloadType: 96}
		p.readers = append(p.readers, i.BindRemoteStream(info, network))
	}
	return p
}

func (p *passage) run(n int) time.Duration {
	return p.traffic.timed(n, func(packets []streamgauge.Packet) {
		for i := range packets {
			packet := &packets[i]
			p.header = rtp.Header{
				Version: 2, PayloadType: 96, SSRC: packet.SSRC, SequenceNumber: packet.Sequence, Timestamp: packet.RtpTimestamp,
			}
			must(p.header.MarshalTo(p.raw))
			_, _, err := p.readers[packet.SSRC-1].Read(p.raw, interceptor.Attributes{})
			check(err)
		}
	})
}
