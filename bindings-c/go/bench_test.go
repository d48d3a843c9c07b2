package streamgauge

import (
	"fmt"
	"testing"
)

// Every benchmark of packets has one packet an iteration: ns/op is per packet, whatever goes over at a time. They mean
// something only with the release library, which `cargo xtask bench go` builds and links.

// traffic is packets of a number of streams in turn, as an SFU sees them: 1,200 bytes, 1 ms apart, 10 a frame.
func traffic(streams, count int) []Packet {
	packets := make([]Packet, count)
	for i := range packets {
		n := i / streams
		packets[i] = Packet{
			ArrivalUs: int64(n) * 1000, SSRC: uint32(i%streams) + 1, RtpTimestamp: uint32(n/10) * 900, Sequence: uint16(n),
			WireBytes: 1200, HeaderBytes: 12, PayloadType: 96,
		}
	}
	return packets
}

// onwards moves packets on in time, so that a list of them can be recorded again.
func onwards(packets []Packet, steps int) {
	for i := range packets {
		packet := &packets[i]
		packet.ArrivalUs += int64(steps) * 1000
		packet.Sequence += uint16(steps)
		packet.RtpTimestamp += uint32(steps/10) * 900
	}
}

const streamsOfMany = 10_000

func BenchmarkRtpStatsRecord(b *testing.B) {
	for _, streams := range []int{1, streamsOfMany} {
		for _, batch := range []int{1, MaxBatch} {
			b.Run(fmt.Sprintf("streams=%d/batch=%d", streams, batch), func(b *testing.B) {
				stats := must(NewRtpStats(RtpConfig{}))
				defer stats.Close()
				// Whole batches and whole frames of every stream.
				packets := traffic(streams, streams*10*MaxBatch/gcd(streams*10, MaxBatch))
				recorded(b, packets, streams, batch, stats.Record)
			})
		}
	}
}

func BenchmarkTrackRecord(b *testing.B) {
	for _, tracks := range []int{1, streamsOfMany} {
		for _, batch := range []int{1, MaxBatch} {
			b.Run(fmt.Sprintf("tracks=%d/batch=%d", tracks, batch), func(b *testing.B) {
				all := open(b, tracks)
				packets := traffic(1, MaxBatch*10)
				onwards(packets, 10)
				at, turn := 0, 0
				b.ReportAllocs()
				b.ResetTimer()
				for i := 0; i < b.N; i += batch {
					if err := all[turn].Record(packets[at : at+batch]); err != nil {
						b.Fatal(err)
					}
					if turn++; turn == tracks {
						turn = 0
						if at += batch; at == len(packets) {
							at = 0
							b.StopTimer()
							onwards(packets, len(packets))
							b.StartTimer()
						}
					}
				}
			})
		}
	}
}

func BenchmarkRecorder(b *testing.B) {
	for _, tracks := range []int{1, streamsOfMany} {
		b.Run(fmt.Sprintf("tracks=%d", tracks), func(b *testing.B) {
			recorders := make([]*Recorder, tracks)
			for i, track := range open(b, tracks) {
				recorders[i] = must(track.NewRecorder(0))
			}
			packet, turn := traffic(1, 1)[0], 0
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if err := recorders[turn].Record(packet); err != nil {
					b.Fatal(err)
				}
				if turn++; turn == tracks {
					turn = 0
					packet.ArrivalUs += 1000
					packet.Sequence++
				}
			}
		})
	}
}

func BenchmarkRecorderOfNothing(b *testing.B) {
	var recorder *Recorder
	for range b.N {
		recorder.Record(Packet{})
	}
}

// One iteration is a packet on each of 10,000 tracks, not measured, and a report of all of them.
func BenchmarkFlush(b *testing.B) {
	for name, encode := range map[string]func(*Report) error{
		"protobuf": func(report *Report) error { _, err := report.LiveKit("node", "id-"); return err },
		"stats":    func(report *Report) error { _, err := report.Stats(); return err },
		"nothing":  func(*Report) error { return nil },
	} {
		b.Run(fmt.Sprintf("tracks=%d/to=%s", streamsOfMany, name), func(b *testing.B) {
			telemetry, tracks := openIn(b, streamsOfMany)
			packets := traffic(1, 2)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				b.StopTimer()
				for _, track := range tracks {
					if err := track.Record(packets); err != nil {
						b.Fatal(err)
					}
				}
				onwards(packets, 10)
				b.StartTimer()
				report, err := telemetry.Flush(int64(i+1) * 10_000)
				if err != nil {
					b.Fatal(err)
				}
				if report.Len() != streamsOfMany {
					b.Fatalf("%d stats", report.Len())
				}
				if err := encode(report); err != nil {
					b.Fatal(err)
				}
				report.Close()
			}
		})
	}
}

// recorded runs through the packets in batches, again and again.
func recorded(b *testing.B, packets []Packet, streams, batch int, record func([]Packet) error) {
	at := 0
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += batch {
		if err := record(packets[at : at+batch]); err != nil {
			b.Fatal(err)
		}
		if at += batch; at == len(packets) {
			at = 0
			b.StopTimer()
			onwards(packets, len(packets)/streams)
			b.StartTimer()
		}
	}
}

func open(b *testing.B, tracks int) []*Track {
	_, all := openIn(b, tracks)
	return all
}

func openIn(b *testing.B, tracks int) (*Telemetry, []*Track) {
	telemetry := node(b, TelemetryConfig{})
	all := make([]*Track, tracks)
	for i := range all {
		all[i] = must(telemetry.Open(key("PA", fmt.Sprint(i)), 0))
		b.Cleanup(func() { all[i].Close() })
		// The first packets make the stream.
		if err := all[i].Record(traffic(1, 2)); err != nil {
			b.Fatal(err)
		}
	}
	return telemetry, all
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
