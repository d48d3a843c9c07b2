"""The operations of series in the vectors: windows, rollups, sketches, downsampling, quantiles."""

import numpy as np
import streamgauge as sg


def floats(given):
    """Numbers, and texts for what JSON has no number for."""
    return np.array([float(value) for value in given], np.float64)


def whole(given):
    return [int(text) for text in given]


class SeriesReplay:
    """Operations on ``self.made``, the objects of a vector by id."""

    def quantile(self, a):
        return {"value": sg.quantile(floats(a["values"]), float(a["q"]), a["method"])}

    def downsample(self, a):
        gap_us = None if a.get("gap_us") is None else int(a["gap_us"])
        times = np.array(whole(a["times_us"]), np.int64)
        drawn = sg.downsample(times, floats(a["values"]), int(a["points"]), gap_us=gap_us)
        assert np.all(np.diff(drawn) > 0)
        return {"indices": drawn.tolist()}

    def downsample_keeps(self, a):
        drawn, points = self.downsample(a)["indices"], int(a["points"])
        return {"keeps": set(whole(a["must"])) <= set(drawn) and len(drawn) <= points <= 2 * len(drawn)}

    def window_new(self, a):
        given = {name: int(a[name]) for name in ("max_samples", "late_us") if a.get(name) is not None}
        if "span_us" in a:
            given["span_us"] = None if a["span_us"] is None else int(a["span_us"])
        if a.get("same_time") is not None:
            given["same_time"] = a["same_time"]
        self.made[a["id"]] = sg.SampleWindow(**given)

    def window_record(self, a):
        return {"pushed": self.made[a["id"]].record(int(a["at_us"]), float(a["value"]))}

    def window_expire(self, a):
        self.made[a["id"]].expire(int(a["now_us"]))

    def window_state(self, a):
        w = self.made[a["id"]]
        (first_us, first), (last_us, last) = w.first or (None, None), w.last or (None, None)
        values = {name: getattr(w, name) for name in ("min", "max", "sum", "mean", "rate_per_s")}
        ends = {"first_us": first_us, "first": first, "last_us": last_us, "last": last}
        return {"len": len(w), **values, **ends, **w.counts._asdict()}

    def rollup_new(self, a):
        levels = [tuple(whole(level)) for level in a["levels"]]
        error = a.get("relative_error")
        self.made[a["id"]] = sg.Rollup(levels, late_us=int(a["late_us"]), relative_error=error)

    def rollup_record(self, a):
        times = np.array([int(at_us) for at_us, _ in a["samples"]], np.int64)
        self.made[a["id"]].record_many(times, floats([value for _, value in a["samples"]]))

    def rollup_merge(self, a):
        self.made[a["id"]].merge(self.made[a["other"]])

    def rollup_columns(self, a):
        table = self.made[a["id"]].buckets(int(a["level"]), quantiles=a["quantiles"])
        return {name: table[name].tolist() for name in table.keys()}  # noqa: SIM118

    def rollup_counts(self, a):
        return self.made[a["id"]].counts._asdict()

    def rollup_round_trip(self, a):
        self.made[a["into"]] = sg.Rollup.from_bytes(self.made[a["id"]].to_bytes())

    def rollup_decode(self, a):
        self.made[a["id"]] = sg.Rollup.from_bytes(bytes.fromhex(a["hex"]))

    def sketch_new(self, a):
        self.made[a["id"]] = sg.Sketch(relative_error=float(a["relative_error"]))

    def sketch_record(self, a):
        self.made[a["id"]].record_many(floats(a["values"]))

    def sketch_merge(self, a):
        self.made[a["id"]].merge(self.made[a["other"]])

    def sketch_state(self, a):
        names = ("count", "zeros", "rejected", "min", "max", "sum", "mean", "is_collapsed")
        return {name: getattr(self.made[a["id"]], name) for name in names}

    def sketch_quantile(self, a):
        return {"value": self.made[a["id"]].quantile(float(a["q"]))}

    def sketch_within(self, a):
        sketch, exact = self.made[a["id"]], a["exact"]
        bound = sketch.relative_error * abs(exact) * (1 + 1e-9)
        return {"within": abs(sketch.quantile(a["q"]) - exact) <= bound}

    def sketch_bytes(self, a):
        return {"hex": self.made[a["id"]].to_bytes().hex()}

    def sketch_decode(self, a):
        self.made[a["id"]] = sg.Sketch.from_bytes(bytes.fromhex(a["hex"]))
