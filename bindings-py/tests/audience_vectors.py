"""The operations of audiences in the vectors: viewers, summaries, CDN edges."""

import streamgauge as sg

LIMITS = ("idle_timeout_us", "reconnect_us", "keep_us", "max_viewers", "max_changes")
RATIOS = ("mean_concurrency", "rebuffer_ratio", "mean_bitrate_bps", "exit_before_start_ratio")


class AudienceReplay:
    """Operations on ``self.made``, the objects of a vector by id; summaries stand apart."""

    def audience_new(self, a):
        self.made[a["id"]] = sg.Audience(**{name: int(a[name]) for name in LIMITS})

    def audience_event(self, a):
        audience, at_us = self.made[a["id"]], int(a["at_us"])
        if a["event"] == "time":
            audience.handle_time(at_us)
            return {"answer": True}
        value = [int(a["value"])] if a["event"] in ("rebuffered", "bitrate") else []
        return {"answer": getattr(audience, a["event"])(a["viewer"], at_us, *value)}

    def audience_summary(self, a):
        self.made["summary", a["into"]] = self.made[a["id"]].summary(int(a["now_us"]))

    def summary_state(self, a):
        s = self.made["summary", a["id"]]
        names = ("start_us", "end_us", "watching", "peak_at_least", "peak_at_most", "peak_us", *RATIOS)
        return {**{name: getattr(s, name) for name in names}, **s.totals._asdict()}

    def summary_merge(self, a):
        self.made["summary", a["id"]].merge(self.made["summary", a["other"]])

    def summary_round_trip(self, a):
        data = self.made["summary", a["id"]].to_bytes()
        self.made["summary", a["into"]] = sg.AudienceSummary.from_bytes(data)

    def summary_decode(self, a):
        self.made["summary", a["id"]] = sg.AudienceSummary.from_bytes(bytes.fromhex(a["hex"]))

    def cdn_new(self, a):
        self.made[a["id"]] = sg.Cdn(max_edges=int(a["max_edges"]))

    def cdn_record(self, a):
        at_us, size_bytes = int(a["at_us"]), int(a["bytes"])
        self.made[a["id"]].record(a["edge"], at_us, hit=a["hit"], size_bytes=size_bytes)

    def cdn_merge(self, a):
        self.made[a["id"]].merge(self.made[a["other"]])

    def cdn_state(self, a):
        cdn = self.made[a["id"]]
        edges = {edge: totals._asdict() for edge, totals in cdn.edges().items()}
        return {
            "edges": edges,
            "others": cdn.others._asdict(),
            "bandwidth_bps": cdn.bandwidth_bps,
            **cdn.total._asdict(),
        }
