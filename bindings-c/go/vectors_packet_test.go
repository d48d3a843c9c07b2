package streamgauge

import (
	"encoding/hex"
	"errors"
	"maps"
	"slices"
)

var rateModes = map[string]RateMode{"raw": RateRaw, "prometheus": RatePrometheus, "anchored": RateAnchored, "smoothed": RateSmoothed}

var packetOperations = map[string]operation{
	"counter.new": func(o objects, a arguments) (any, error) {
		config := CounterConfig{OriginKnown: a.is("origin_known"), WidthBits: a.u32("width_bits")}
		if limit := a["max_per_s"]; limit != nil {
			config.MaxPerS = float(limit)
		}
		if a.text("kind") == "u64" {
			counter, err := NewCounter(config)
			return made(o, "counter", a.text("id"), counter, err)
		}
		counter, err := NewFloatCounter(config)
		return made(o, "counter", a.text("id"), counter, err)
	},
	"counter.record": func(o objects, a arguments) (any, error) {
		boundary := a.text("hint") == "boundary"
		switch counter := o["counter/"+a.text("id")].(type) {
		case *Counter:
			record := counter.Record
			if boundary {
				record = counter.RecordBoundary
			}
			step, err := record(a.i64("at_us"), a.u64("value"))
			return fields(step), err
		case *FloatCounter:
			record := counter.Record
			if boundary {
				record = counter.RecordBoundary
			}
			step, err := record(a.i64("at_us"), float(a["value"]))
			return fields(step), err
		}
		panic("no counter " + a.text("id"))
	},
	"counter.end": func(o objects, a arguments) (any, error) {
		return nil, o["counter/"+a.text("id")].(interface{ End() error }).End()
	},
	"counter.totals": func(o objects, a arguments) (any, error) {
		if counter, is := o["counter/"+a.text("id")].(*Counter); is {
			state, err := counter.Snapshot()
			return fields(state), err
		}
		state, err := existing[FloatCounter](o, "counter", a.text("id")).Snapshot()
		return fields(state), err
	},
	"counter.rate": func(_ objects, a arguments) (any, error) {
		var samples []Sample
		for _, pair := range a.list("samples") {
			pair := pair.([]any)
			samples = append(samples, Sample{integer[int64](pair[0]), float(pair[1])})
		}
		found, err := Rate(samples, a.i64("start_us"), a.i64("end_us"), rateModes[a.text("mode")])
		if errors.Is(err, ErrNotFound) {
			return map[string]any{"rate": nil, "increase": nil}, nil
		}
		return map[string]any{"rate": found.PerS, "increase": found.Increase}, err
	},
	"rtp.new": func(o objects, a arguments) (any, error) {
		kinds := map[any]MediaKind{"audio": MediaAudio, "video": MediaVideo}
		var config RtpConfig
		clocks := a.of("clocks")
		for _, payloadType := range slices.Sorted(maps.Keys(clocks)) {
			format := clocks.list(payloadType)
			config.Formats = append(config.Formats, PayloadFormat{integer[uint8](payloadType), integer[uint32](format[0]), kinds[format[1]]})
		}
		stats, err := NewRtpStats(config)
		return made(o, "rtp", a.text("id"), stats, err)
	},
	"rtp.fraction_lost": func(_ objects, a arguments) (any, error) {
		return FractionLost(a.i64("expected"), a.i64("received")), nil
	},
	"rtp.record": func(o objects, a arguments) (any, error) { return nil, rtpOf(o, a).Record(packetsOf(a)) },
	"rtp.snapshot": func(o objects, a arguments) (any, error) {
		stats, err := rtpOf(o, a).Snapshot(a.u32("ssrc"))
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		return with(fields(stats.Totals), fields(stats)), err
	},
	"rtp.totals": func(o objects, a arguments) (any, error) {
		totals, err := rtpOf(o, a).Totals()
		return fields(totals), err
	},
	"rtp.unvalidated": func(o objects, a arguments) (any, error) {
		state, err := rtpOf(o, a).Status()
		return map[string]any{"packets": state.UnvalidatedPackets, "wire_bytes": state.UnvalidatedWireBytes}, err
	},
	"rtp.remove": func(o objects, a arguments) (any, error) { return rtpOf(o, a).Remove(a.u32("ssrc")) },
	"rtp.reader": func(o objects, a arguments) (any, error) {
		reader, err := rtpOf(o, a).Reader(a.i64("now_us"))
		return made(o, "reader", a.text("id")+"/"+a.text("reader"), reader, err)
	},
	"rtp.flush": func(o objects, a arguments) (any, error) { return deltas(readerOf(o, a).Flush(a.i64("now_us"))) },
	"rtp.take":  func(o objects, a arguments) (any, error) { return deltas(readerOf(o, a).Take(a.i64("now_us"))) },
	"rtp.ack":   func(o objects, a arguments) (any, error) { return nil, readerOf(o, a).Ack() },
	"rtp.restore": func(o objects, a arguments) (any, error) {
		return nil, readerOf(o, a).Restore()
	},
	"rtp.settle": func(o objects, a arguments) (any, error) { return nil, rtpOf(o, a).Settle() },
	"rtcp.new": func(o objects, a arguments) (any, error) {
		stats, err := NewRtcpStats(RtcpConfig{})
		return made(o, "rtcp", a.text("id"), stats, err)
	},
	"rtcp.clamp_lost": func(_ objects, a arguments) (any, error) { return ClampLost(a.i64("lost")), nil },
	"rtcp.record": func(o objects, a arguments) (any, error) {
		compound, err := hex.DecodeString(a.text("hex"))
		if err != nil {
			panic(err)
		}
		return nil, rtcpOf(o, a).Record(a.i64("at_us"), compound)
	},
	"rtcp.source": func(o objects, a arguments) (any, error) {
		source, err := rtcpOf(o, a).Source(a.u32("ssrc"))
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		out := with(fields(source), map[string]any{"cumulative_lost": nil, "sent_packets": nil, "sent_bytes": nil})
		if source.Remote != nil {
			with(out, fields(*source.Remote))
		}
		if source.Sender != nil {
			with(out, fields(*source.Sender))
		}
		return out, err
	},
	"rtcp.totals": func(o objects, a arguments) (any, error) {
		totals, err := rtcpOf(o, a).Totals()
		return fields(totals), err
	},
}

func rtpOf(o objects, a arguments) *RtpStats   { return existing[RtpStats](o, "rtp", a.text("id")) }
func rtcpOf(o objects, a arguments) *RtcpStats { return existing[RtcpStats](o, "rtcp", a.text("id")) }
func readerOf(o objects, a arguments) *RtpReader {
	return existing[RtpReader](o, "reader", a.text("id")+"/"+a.text("reader"))
}

func deltas(deltas []StreamDelta, err error) (any, error) {
	all := make([]any, len(deltas))
	for i, delta := range deltas {
		all[i] = with(fields(delta.Totals), fields(delta))
	}
	return all, err
}

func packetsOf(a arguments) []Packet {
	list := a.list("packets")
	packets := make([]Packet, len(list))
	for i, fields := range list {
		f := fields.([]any)
		packets[i] = Packet{
			ArrivalUs: integer[int64](f[0]), SSRC: integer[uint32](f[1]), RtpTimestamp: integer[uint32](f[2]),
			Sequence: integer[uint16](f[3]), WireBytes: integer[uint16](f[4]), HeaderBytes: integer[uint16](f[5]),
			PayloadType: integer[uint8](f[6]), PaddingBytes: integer[uint8](f[7]), Flags: PacketFlags(integer[uint8](f[8])),
		}
	}
	return packets
}
