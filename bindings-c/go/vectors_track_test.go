package streamgauge

var (
	directions = map[string]Direction{"upstream": Upstream, "downstream": Downstream}
	roles      = map[string]Role{"edge": Edge, "relay": Relay}
	trackKinds = map[string]TrackKind{"audio": TrackAudio, "video": TrackVideo, "data": TrackData, "signal": TrackSignal}
)

var trackOperations = map[string]operation{
	"telemetry.new": func(o objects, a arguments) (any, error) {
		config := TelemetryConfig{EmitIdle: a.is("emit_idle")}
		if a.text("level") == "participant" {
			config.Level = LevelParticipant
		}
		telemetry, err := NewTelemetry(config)
		return made(o, "telemetry", a.text("id"), telemetry, err)
	},
	"telemetry.identify": func(o objects, a arguments) (any, error) {
		return nil, telemetryOf(o, a).Identify(a.text("participant"), a.text("room_id"), a.text("room_name"), a.i64("now_us"))
	},
	"telemetry.open": func(o objects, a arguments) (any, error) {
		key := a.of("key")
		track, err := telemetryOf(o, a).Open(TrackKey{
			Participant: key.text("participant"), Track: key.text("track"),
			Direction: directions[key.text("direction")], Role: roles[key.text("role")], Kind: trackKinds[key.text("kind")],
			Source: key.text("source"), Mime: key.text("mime"), Country: key.text("country"),
		}, a.i64("now_us"))
		return made(o, "track", a.text("id")+"/"+a.text("handle"), track, err)
	},
	"telemetry.flush": func(o objects, a arguments) (any, error) { return stats(telemetryOf(o, a).Flush(a.i64("now_us"))) },
	"telemetry.take":  func(o objects, a arguments) (any, error) { return stats(telemetryOf(o, a).Take(a.i64("now_us"))) },
	"telemetry.ack":   func(o objects, a arguments) (any, error) { return telemetryOf(o, a).Ack(a.i64("now_us")) },
	"telemetry.restore": func(o objects, a arguments) (any, error) {
		return telemetryOf(o, a).Restore()
	},
	"telemetry.totals": func(o objects, a arguments) (any, error) {
		totals, err := telemetryOf(o, a).Totals(directions[a.text("direction")], roles[a.text("role")])
		return fields(totals), err
	},
	"telemetry.counts": func(o objects, a arguments) (any, error) {
		state, err := telemetryOf(o, a).Status()
		return fields(state), err
	},
	"track.record": func(o objects, a arguments) (any, error) { return nil, trackOf(o, a).Record(packetsOf(a)) },
	"track.message": func(o objects, a arguments) (any, error) {
		return nil, trackOf(o, a).RecordMessage(a.i64("at_us"), a.u64("bytes"))
	},
	"track.rtcp": func(o objects, a arguments) (any, error) {
		sample := a.of("sample")
		return nil, trackOf(o, a).RecordRtcp(a.i64("at_us"), RtcpSample{
			Lost: sample.i64("lost"), RttUs: sample.u32("rtt_us"), JitterUs: sample.u32("jitter_us"),
			Nacks: sample.u32("nacks"), Plis: sample.u32("plis"), Firs: sample.u32("firs"),
			HasRttUs: sample["rtt_us"] != nil, HasJitterUs: sample["jitter_us"] != nil,
		})
	},
	"track.set_layer": func(o objects, a arguments) (any, error) {
		return nil, trackOf(o, a).SetLayer(a.u32("ssrc"), a.u32("layer"))
	},
	"track.set_mime": func(o objects, a arguments) (any, error) { return nil, trackOf(o, a).SetMime(a.text("mime")) },
	"track.observe_totals": func(o objects, a arguments) (any, error) {
		return nil, trackOf(o, a).ObserveTotals(a.u32("ssrc"), a.u64("packets"), a.u64("bytes"))
	},
	"track.remove_ssrc": func(o objects, a arguments) (any, error) { return nil, trackOf(o, a).RemoveSSRC(a.u32("ssrc")) },
	"track.close":       func(o objects, a arguments) (any, error) { return trackOf(o, a).End(a.i64("now_us")) },
}

func telemetryOf(o objects, a arguments) *Telemetry {
	return existing[Telemetry](o, "telemetry", a.text("id"))
}
func trackOf(o objects, a arguments) *Track {
	return existing[Track](o, "track", a.text("id")+"/"+a.text("handle"))
}

func stats(report *Report, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	stats, err := report.Stats()
	all := make([]any, len(stats))
	for i, stat := range stats {
		key := map[string]any{"room_id": stat.Key.RoomID, "room_name": stat.Key.RoomName}
		layer := map[string]any{"layer": nil, "layer_packets": nil, "layer_bytes": nil, "layer_frames": nil}
		if stat.Layer != nil {
			layer = map[string]any{"layer": stat.Layer.Layer, "layer_packets": stat.Layer.Packets, "layer_bytes": stat.Layer.Bytes, "layer_frames": stat.Layer.Frames}
		}
		all[i] = with(fields(stat.Totals), fields(stat), fields(stat.Key.TrackKey), key, layer)
	}
	return all, err
}
