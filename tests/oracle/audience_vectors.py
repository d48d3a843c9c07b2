#!/usr/bin/env python3
"""Writes the vectors of audiences: viewers, their summaries, CDN edges; see rtp_vectors.py for the form.

What is expected comes from lists of spans: every viewer's, looked at one by one and moment by moment.
"""
import random

from rtp_vectors import HAND, Vector, counts

SPANS = "tests/oracle/audience_vectors.py: every viewer as a list of spans"
CONFIG = {"idle_timeout_us": 60, "reconnect_us": 10, "keep_us": 100, "max_viewers": 1000, "max_changes": 1000}
NAMES = ("viewers", "views", "reconnects", "unknown", "timed_out", "rejected", "went_back", "started", "ended",
         "ended_before_start", "rebuffers", "rebuffer_us", "watched_us", "switches_up", "switches_down", "bitrate_us")


class Viewer:
    """One who came: spans that are over, and since when others go on."""

    def __init__(self, at_us):
        self.last_us, self.since, self.started, self.over = at_us, None, False, False
        self.watched, self.stalls, self.bitrates = [], [], []
        self.stalled_since = self.bps = self.bps_since = None

    def stop(self, at_us):
        self.watched.append((self.since, at_us))
        self.end_stall(at_us)
        self.end_bitrate(at_us)
        self.since = None

    def end_stall(self, at_us):
        if self.stalled_since is not None:
            self.stalls.append((self.stalled_since, at_us))
        self.stalled_since = None

    def end_bitrate(self, at_us):
        if self.bps_since is not None:
            self.bitrates.append((self.bps_since, at_us, self.bps))
        self.bps_since = None


class Audience:
    def __init__(self, **config):
        self.config, self.known, self.gone = {**CONFIG, **config}, {}, []
        self.counts, self.startups = dict.fromkeys(NAMES, 0), []

    def end(self, viewer):
        if not viewer.over:
            viewer.over = True
            self.counts["ended"] += 1
            self.counts["ended_before_start"] += not viewer.started

    def forget(self, name):
        viewer = self.known.pop(name)
        self.end(viewer)
        self.gone.append(viewer)

    def time(self, now_us):
        for name, viewer in list(self.known.items()):
            if viewer.since is not None and viewer.last_us + self.config["idle_timeout_us"] <= now_us:
                viewer.stop(viewer.last_us)
                self.counts["timed_out"] += 1
            if viewer.since is None:
                if now_us - viewer.last_us > self.config["reconnect_us"]:
                    self.end(viewer)
                if now_us - viewer.last_us >= self.config["keep_us"]:
                    self.forget(name)

    def event(self, event, name, at_us, value):
        """What the call answers; `None` for one that is refused."""
        self.time(at_us)
        if event == "time":
            return True
        viewer = self.known.get(name)
        if event == "join":
            return self.join(viewer, name, at_us)
        if viewer is None or viewer.since is None:
            self.counts["unknown"] += 1
            return False
        self.counts["went_back"] += at_us < viewer.last_us
        at_us = viewer.last_us = max(at_us, viewer.last_us)
        if event == "leave":
            viewer.stop(at_us)
        elif event == "started" and not viewer.started:
            viewer.started = True
            self.counts["started"] += 1
        elif event == "rebuffer_begins" and viewer.stalled_since is None:
            viewer.stalled_since = at_us
            self.counts["rebuffers"] += 1
        elif event == "rebuffer_ends":
            viewer.end_stall(at_us)
        elif event == "rebuffered":
            self.counts["rebuffers"] += 1
            self.counts["rebuffer_us"] += value
        elif event == "bitrate":
            viewer.end_bitrate(at_us)
            if viewer.bps is not None:
                self.counts["switches_up"] += value > viewer.bps
                self.counts["switches_down"] += value < viewer.bps
            viewer.bps, viewer.bps_since = value, at_us
        return True

    def join(self, viewer, name, at_us):
        is_new = viewer is None
        if is_new:
            if len(self.known) == self.config["max_viewers"]:
                away = [(v.last_us, n) for n, v in self.known.items() if v.since is None]
                if not away:
                    self.counts["rejected"] += 1
                    return None
                for _, gone in sorted(away)[: -(-self.config["max_viewers"] // 8)]:
                    self.forget(gone)
            viewer = self.known[name] = Viewer(at_us)
            self.counts["viewers"] += 1
        self.counts["went_back"] += at_us < viewer.last_us
        at_us = viewer.last_us = max(at_us, viewer.last_us)
        if viewer.since is not None:
            self.counts["reconnects"] += 1
            return "reconnected"
        viewer.since = at_us
        viewer.bps_since = None if viewer.bps is None else at_us
        if not (is_new or viewer.over):
            self.counts["reconnects"] += 1
            return "reconnected"
        self.counts["views"] += 1
        viewer.started = viewer.over = False
        return "new"

    def summary(self, now_us):
        self.time(now_us)
        watched, stalls, bitrates = [], [], []
        for viewer in [*self.known.values(), *self.gone]:
            goes_on = viewer.since is not None
            watched += viewer.watched + ([(viewer.since, now_us)] if goes_on else [])
            stalls += viewer.stalls + ([] if viewer.stalled_since is None else [(viewer.stalled_since, now_us)])
            bitrates += viewer.bitrates + ([] if viewer.bps_since is None else [(viewer.bps_since, now_us, viewer.bps)])
        summary = dict(self.counts)
        summary["watched_us"] = sum(end - start for start, end in watched)
        summary["rebuffer_us"] += sum(end - start for start, end in stalls)
        summary["bitrate_us"] = sum(end - start for start, end, _ in bitrates)
        summary["area"] = sum((end - start) * bps for start, end, bps in bitrates)
        summary["watching"] = sum(viewer.since is not None for viewer in self.known.values())
        # Whoever watches still does so at the very moment of the summary.
        spans = [(start, now_us + 1 if end == now_us else end) for start, end in watched]
        moments = sorted({start for start, _ in spans})
        levels = [(sum(start <= at < end for start, end in spans), at) for at in moments]
        peak = max((level for level, _ in levels), default=0)
        summary["peak_at_least"] = summary["peak_at_most"] = peak
        summary["peak_us"] = min((at for level, at in levels if level == peak > 0), default=None)
        starts = [start for start, _ in watched]
        summary["start_us"], summary["end_us"] = (min(starts), now_us) if starts else (None, None)
        return summary


def merged(a, b):
    both = {key: a[key] + b[key] for key in (*NAMES, "area", "watching", "peak_at_most")}
    both["peak_at_least"], both["peak_us"] = max(a["peak_at_least"], b["peak_at_least"]), None
    both["start_us"], both["end_us"] = min(a["start_us"], b["start_us"]), max(a["end_us"], b["end_us"])
    return both


def state(summary):
    """A summary as the vectors have it: ratios of whole numbers, divided once."""
    ends = ("start_us", "end_us", "watching", "peak_at_least", "peak_at_most", "peak_us")
    over = None if summary["start_us"] is None else summary["end_us"] - summary["start_us"]

    def ratio(a, b):
        return a / b if b else None

    return {
        **counts(**{key: summary[key] for key in (*ends, *NAMES)}),
        "mean_concurrency": ratio(float(summary["watched_us"]), over),
        "rebuffer_ratio": ratio(float(summary["rebuffer_us"]), summary["watched_us"]),
        "mean_bitrate_bps": ratio(float(summary["area"]), summary["bitrate_us"]),
        "exit_before_start_ratio": ratio(float(summary["ended_before_start"]), summary["ended"])
        if summary["started"] else None,
    }


class Told:
    """An audience here and in the vector, told the same."""

    def __init__(self, vector, id="a", **config):
        self.vector, self.id, self.model = vector, id, Audience(**config)
        vector.do("audience.new", id=id, **{key: str(value) for key, value in self.model.config.items()})

    def __call__(self, event, viewer, at_us, value=0):
        args = dict(id=self.id, event=event, viewer=viewer, at_us=str(at_us), value=str(value))
        answer = self.model.event(event, viewer, at_us, value)
        err = "capacity_exceeded" if answer is None else None
        self.vector.do("audience.event", {"answer": answer}, err=err, **args)
        return self

    def summary(self, now_us, into="s"):
        self.vector.do("audience.summary", id=self.id, now_us=str(now_us), into=into)
        summary = self.model.summary(now_us)
        self.vector.do("summary.state", state(summary), id=into)
        return summary


def anything(seed, told, steps, viewers=5, at_us=1_000):
    """Events of every kind; time mostly goes on, sometimes steps back, and now and then jumps."""
    rng = random.Random(seed)
    kinds = ["join"] * 4 + ["leave"] * 3 + ["heartbeat"] * 2 + ["started", "rebuffer_begins", "rebuffer_ends"]
    kinds += ["rebuffered", "bitrate", "bitrate", "time"]
    latest_us = at_us
    for _ in range(steps):
        at_us += rng.choice([*range(15)] * 8 + [-20, -5, -1, 50, 120, 300])
        latest_us = max(latest_us, at_us)
        kind = rng.choice(kinds)
        value = {"rebuffered": rng.randrange(50), "bitrate": rng.randrange(3) * 1000}.get(kind, 0)
        told(kind, f"viewer {rng.randrange(viewers)}", at_us, value)
    return latest_us


def t24():
    v = Vector("T24_audience_times", "Events may come twice, out of order, of viewers who are not there, and with a "
               "clock that steps: times add up, nothing is counted twice.", SPANS)
    told = Told(v)
    for seed in range(4):
        latest_us = anything(seed, told, 60, at_us=1_000 + seed * 5_000)
        told.summary(latest_us + 7)
    v.write()
    v = Vector("T24_view_ends", "A view is over once the time to come back is, not when the viewer is forgotten; who "
               "comes back in time goes on with it.", SPANS)
    told = Told(v)
    told("join", "a", 0)("join", "b", 0)("started", "a", 3)("leave", "a", 20)("leave", "b", 20)
    told.summary(30)
    told("join", "a", 30)
    told.summary(31)
    told("leave", "a", 40)("join", "b", 50)
    told.summary(51)
    told("join", "a", 45)
    told.summary(500)
    v.write()


def t28():
    v = Vector("T28_audience_of_nobody", "Where nobody was there is no time, no peak, no ratio.", HAND)
    told = Told(v)
    told.summary(5)
    told("leave", "nobody", 7)
    told.summary(9)
    told("join", "a", 10)
    told.summary(10)
    v.write()


def t37():
    v = Vector("T37_audience_merge", "Summaries of nodes add up in any order, the peak between two bounds; bytes that "
               "are none of a summary are refused.", SPANS)
    summaries = {}
    for seed, id in enumerate("abc"):
        told = Told(v, id=id)
        anything(10 + seed, told, 40, viewers=3)
        summaries[id] = told.summary(4_000, into=id)
    for into, order in (("x", "abc"), ("y", "cba"), ("z", "bca")):
        v.do("summary.round_trip", id=order[0], into=into)
        whole = summaries[order[0]]
        for other in order[1:]:
            v.do("summary.merge", id=into, other=other)
            whole = merged(whole, summaries[other])
        v.do("summary.state", state(whole), id=into)
    for data in ("", "00", "ffffffffff", "0a020805", "0a0408051003", "0a0508051088271a02"):
        v.do("summary.decode", err="malformed", id="bad", hex=data)
    v.write()


def t43():
    v = Vector("T43_audience_churn", "No more viewers are remembered than are allowed; those longest gone make room, "
               "what they did stays in the sums, and where all watch a new one is refused and counted.", SPANS)
    told = Told(v, max_viewers=8, max_changes=4, reconnect_us=0, keep_us=10_000, idle_timeout_us=10_000)
    for i in range(40):
        told("join", f"viewer {i}", i * 10)
        if i % 8:
            told("leave", f"viewer {i}", i * 10 + 7)
    told.summary(400)
    for i in range(40, 46):
        told("join", f"viewer {i}", i * 10)
    told.summary(500)
    v.write()
    v = Vector("T43_cdn_edges", "No more edges are told apart than are allowed, the others are counted together; merged "
               "it is the same sum.", HAND)
    rng = random.Random(5)
    totals = {}
    for id in "ab":
        v.do("cdn.new", id=id, max_edges="3")
        edges = totals[id] = {}
        for i in range(30):
            edge, hit, size = f"edge {rng.randrange(5)}", rng.random() < 0.7, rng.randrange(1_000)
            v.do("cdn.record", id=id, edge=edge, at_us=str(i * 1_000), hit=hit, bytes=str(size))
            key = edge if edge in edges or len(edges) < 3 else "others"
            add_requests(edges, key, hit, size)
        # The first three edges by arrival, then the others.
        cdn_state(v, id, edges, 29_000)
    both = {}
    for edges in totals.values():
        for edge, requests in sorted(edges.items(), key=lambda item: (item[0] == "others", item[0])):
            known = edge in both or (edge != "others" and len(both) - ("others" in both) < 3)
            row = both.setdefault(edge if known else "others", [0, 0, 0, 0])
            row[:] = map(sum, zip(row, requests))
    v.do("cdn.merge", id="a", other="b")
    cdn_state(v, "a", both, 29_000)
    v.write()


def add_requests(edges, edge, hit, size):
    row = edges.setdefault(edge, [0, 0, 0, 0])
    row[0 if hit else 1] += 1
    row[2 if hit else 3] += size


def cdn_state(v, id, edges, over_us):
    names = ("hits", "misses", "hit_bytes", "miss_bytes")
    total = [sum(column) for column in zip(*edges.values())]
    known = {edge: counts(**dict(zip(names, row))) for edge, row in edges.items() if edge != "others"}
    others = counts(**dict(zip(names, edges.get("others", [0] * 4))))
    ratios = {
        "hit_ratio": total[0] / (total[0] + total[1]),
        "byte_hit_ratio": total[2] / (total[2] + total[3]),
        "bandwidth_bps": (total[2] + total[3]) * 8.0 * (1e6 / over_us),
    }
    v.do("cdn.state", {"edges": known, "others": others, **counts(**dict(zip(names, total))), **ratios}, id=id)


if __name__ == "__main__":
    t24()
    t28()
    t37()
    t43()
