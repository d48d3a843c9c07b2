package streamgauge

var audienceOperations = map[string]operation{
	"audience.new": func(o objects, a arguments) (any, error) {
		audience, err := NewAudience(AudienceConfig{
			IdleTimeoutUs: a.i64("idle_timeout_us"), ReconnectUs: perhaps(a["reconnect_us"]), KeepUs: perhaps(a["keep_us"]),
			MaxViewers: a.u64("max_viewers"), MaxChanges: a.u64("max_changes"),
		})
		return made(o, "audience", a.text("id"), audience, err)
	},
	"audience.event": func(o objects, a arguments) (any, error) {
		audience, viewer, atUs := existing[Audience](o, "audience", a.text("id")), a.text("viewer"), a.i64("at_us")
		answer := func(found any, err error) (any, error) { return map[string]any{"answer": found}, err }
		switch event := a.text("event"); event {
		case "join":
			return answer(audience.Join(viewer, atUs))
		case "leave":
			return answer(audience.Leave(viewer, atUs))
		case "heartbeat":
			return answer(audience.Heartbeat(viewer, atUs))
		case "started":
			return answer(audience.Started(viewer, atUs))
		case "rebuffer_begins":
			return answer(audience.RebufferBegins(viewer, atUs))
		case "rebuffer_ends":
			return answer(audience.RebufferEnds(viewer, atUs))
		case "rebuffered":
			return answer(audience.Rebuffered(viewer, atUs, a.u64("value")))
		case "bitrate":
			return answer(audience.Bitrate(viewer, atUs, a.u64("value")))
		case "time":
			return answer(true, audience.HandleTime(atUs))
		default:
			panic("no event " + event)
		}
	},
	"audience.summary": func(o objects, a arguments) (any, error) {
		summary, err := existing[Audience](o, "audience", a.text("id")).Summary(a.i64("now_us"))
		return made(o, "summary", a.text("into"), summary, err)
	},
	"summary.state": func(o objects, a arguments) (any, error) {
		state, err := existing[AudienceSummary](o, "summary", a.text("id")).Snapshot()
		return with(fields(state), fields(state.Totals)), err
	},
	"summary.merge": func(o objects, a arguments) (any, error) {
		return nil, existing[AudienceSummary](o, "summary", a.text("id")).Merge(existing[AudienceSummary](o, "summary", a.text("other")))
	},
	"summary.round_trip": func(o objects, a arguments) (any, error) {
		bytes, err := existing[AudienceSummary](o, "summary", a.text("id")).MarshalBinary()
		if err != nil {
			return nil, err
		}
		return decoded(o, "summary", a.text("into"), &AudienceSummary{}, bytes)
	},
	"summary.decode": func(o objects, a arguments) (any, error) {
		return decoded(o, "summary", a.text("id"), &AudienceSummary{}, unhex(a))
	},
	"cdn.new": func(o objects, a arguments) (any, error) {
		cdn, err := NewCdn(CdnConfig{MaxEdges: a.u64("max_edges")})
		return made(o, "cdn", a.text("id"), cdn, err)
	},
	"cdn.record": func(o objects, a arguments) (any, error) {
		request := CdnRequest{AtUs: a.i64("at_us"), Bytes: a.u64("bytes"), Hit: a.is("hit")}
		return nil, existing[Cdn](o, "cdn", a.text("id")).Record(a.text("edge"), request)
	},
	"cdn.merge": func(o objects, a arguments) (any, error) {
		return nil, existing[Cdn](o, "cdn", a.text("id")).Merge(existing[Cdn](o, "cdn", a.text("other")))
	},
	"cdn.state": func(o objects, a arguments) (any, error) {
		cdn := existing[Cdn](o, "cdn", a.text("id"))
		state, err := cdn.Snapshot()
		if err != nil {
			return nil, err
		}
		named, err := cdn.Edges()
		edges := map[string]any{}
		for name, totals := range named {
			edges[name] = requests(totals)
		}
		return with(requests(state.Total), map[string]any{
			"edges": edges, "others": requests(state.Others), "bandwidth_bps": when(state.HasBandwidth, state.BandwidthBps),
		}), err
	},
}

func requests(t EdgeTotals) map[string]any {
	return with(fields(t), map[string]any{
		"hit_ratio": when(t.HasHitRatio, t.HitRatio), "byte_hit_ratio": when(t.HasByteHitRatio, t.ByteHitRatio),
	})
}
