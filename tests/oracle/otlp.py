#!/usr/bin/env python3
"""Writes the OTLP metrics that core/tests/otlp.rs compares with: `otlp.py DIR`, DIR = tests/data/otlp.

Built with OpenTelemetry's own generated messages (`pip install opentelemetry-proto`; recorded with
opentelemetry-proto 1.45.2, protobuf 7.36.2) from the samples that the test records, which stand here once
more: values are worked out by hand.
"""

import json
import pathlib
import sys

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

VERSION = "0.1.0"
MEDIA, FRAMES, MESSAGES = {"audio", "video"}, {"video", "data"}, {"data", "signal"}
ALL = MEDIA | MESSAGES
COUNTERS = [
    ("packets", "Media packets, FEC included.", "{packet}", ALL),
    ("bytes", "Their bytes.", "By", ALL),
    ("retransmit_packets", "Retransmitted packets.", "{packet}", MEDIA),
    ("retransmit_bytes", "Their bytes.", "By", MEDIA),
    ("padding_packets", "Packets of padding alone.", "{packet}", MEDIA),
    ("padding_bytes", "Padding bytes.", "By", MEDIA),
    ("fec_packets", "Of the media packets, those of FEC.", "{packet}", MEDIA),
    ("packets_out_of_order", "Packets out of order.", "{packet}", ALL),
    ("packets_duplicate", "Packets that came again.", "{packet}", ALL),
    ("frames", "Frames; of simulcast those of the best layer.", "{frame}", FRAMES),
    ("nacks", "NACKs.", "{nack}", MEDIA),
    ("plis", "Picture loss indications.", "{request}", MEDIA),
    ("firs", "Full intra requests.", "{request}", MEDIA),
    ("messages", "Messages of data and signal tracks.", "{message}", MESSAGES),
]
GAUGES = {
    "rtt": ("The largest round-trip time of the interval.", "s"),
    "jitter": ("The largest jitter of the interval.", "s"),
    "score": ("The mean quality score.", "1"),
}


class Request:
    def __init__(self, temporality):
        self.message = ExportMetricsServiceRequest()
        self.temporality = temporality
        resource = self.message.resource_metrics.add()
        self.attributes(resource.resource, {"service.name": "sfu", "service.instance.id": "ND_1"})
        self.scope = resource.scope_metrics.add()
        self.scope.scope.name, self.scope.scope.version = "streamgauge", VERSION
        self.metrics = {}

    @staticmethod
    def attributes(owner, texts):
        for key, text in texts.items():
            attribute = owner.attributes.add()
            attribute.key, attribute.value.string_value = key, text

    def point(self, name, help_text, unit, data, attributes, span_us):
        if name not in self.metrics:
            metric = self.metrics[name] = self.scope.metrics.add()
            metric.name, metric.description, metric.unit = name, help_text, unit
        point = getattr(self.metrics[name], data).data_points.add()
        point.start_time_unix_nano, point.time_unix_nano = (us * 1000 for us in span_us)
        self.attributes(point, attributes)
        return point

    def counts(self, prefix, attributes, span_us, **values):
        """A point of every counter that this kind has, 0 where no value is given."""
        for name, help_text, unit, kinds in COUNTERS:
            if attributes["kind"] in kinds:
                point = self.point(f"{prefix}.{name}", help_text, unit, "sum", attributes, span_us)
                point.as_int = values.get(name, 0)
                total = self.metrics[f"{prefix}.{name}"].sum
                total.aggregation_temporality, total.is_monotonic = self.temporality, True
        help_text = "Packets lost; falls when one comes late."
        lost = self.point(f"{prefix}.packets_lost", help_text, "{packet}", "sum", attributes, span_us)
        lost.as_int = values.get("packets_lost", 0)
        self.metrics[f"{prefix}.packets_lost"].sum.aggregation_temporality = self.temporality

    def gauge(self, name, attributes, span_us, value):
        point = self.point(f"streamgauge.track.{name}", *GAUGES[name], "gauge", attributes, span_us)
        point.as_double = value


def group(direction, role, kind):
    return {"direction": direction, "role": role, "kind": kind}


UP_VIDEO, UP_DATA = group("upstream", "edge", "video"), group("upstream", "edge", "data")
DOWN_VIDEO, DOWN_RELAY = group("downstream", "edge", "video"), group("downstream", "relay", "audio")
ROOM_1 = {"room.id": "RM_1", "room.name": "room \"one\""}
CAMERA = {"participant.id": "PA_1", "track.id": "TR_V", "track.source": "camera"}


def delta():
    """What the report at 6 s says: tracks opened at 1 s, one at 2 s; one track of each group is named."""
    request = Request(AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA)
    whole, late = (1_000_000, 6_000_000), (2_000_000, 6_000_000)
    camera = dict(packets=100, bytes=10_000, nacks=2, packets_lost=-3)
    request.counts("streamgauge", UP_VIDEO, whole, **camera)
    request.counts("streamgauge", UP_DATA, whole, messages=2, bytes=70)
    request.counts("streamgauge", DOWN_VIDEO, whole, packets=53, bytes=5300)
    request.counts("streamgauge", DOWN_RELAY, whole, packets=10, bytes=800)
    named = {**UP_VIDEO, **ROOM_1, **CAMERA, "track.mime": "video/VP8", "country": "NL"}
    request.counts("streamgauge.track", named, whole, **camera)
    request.gauge("rtt", named, whole, 0.03)
    request.gauge("score", named, whole, 4.5)
    named = {**UP_DATA, **ROOM_1, "participant.id": "PA_1", "track.id": "TR_D"}
    request.counts("streamgauge.track", named, whole, messages=2, bytes=70)
    named = {**DOWN_VIDEO, "room.id": "RM_2", "participant.id": "PA_2", "track.id": "TR_V"}
    request.counts("streamgauge.track", named, late, packets=50, bytes=5000)
    named = {**DOWN_RELAY, "room.id": "RM_2", "participant.id": "PA_2", "track.id": "TR_A"}
    request.counts("streamgauge.track", named, whole, packets=10, bytes=800)
    return request.message


def cumulative():
    """What the account at 7 s says, after 5 more packets of 400 bytes of the camera, not yet reported."""
    request = Request(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)
    whole, late = (1_000_000, 7_000_000), (2_000_000, 7_000_000)
    camera = dict(packets=105, bytes=10_400, nacks=2, packets_lost=-3)
    request.counts("streamgauge", UP_VIDEO, whole, **camera)
    request.counts("streamgauge", UP_DATA, whole, messages=2, bytes=70)
    request.counts("streamgauge", DOWN_VIDEO, whole, packets=53, bytes=5300)
    request.counts("streamgauge", DOWN_RELAY, whole, packets=10, bytes=800)
    request.counts("streamgauge.track", {**UP_VIDEO, **CAMERA, "country": "NL"}, whole, **camera)
    named = {**UP_DATA, "participant.id": "PA_1", "track.id": "TR_D"}
    request.counts("streamgauge.track", named, whole, messages=2, bytes=70)
    named = {**DOWN_VIDEO, "participant.id": "PA_2", "track.id": "TR_V"}
    request.counts("streamgauge.track", named, late, packets=50, bytes=5000)
    named = {**DOWN_RELAY, "participant.id": "PA_2", "track.id": "TR_A"}
    request.counts("streamgauge.track", named, whole, packets=10, bytes=800)
    return request.message


AUDIENCE_COUNTS = [
    ("viewers", "Viewers that were new.", "{viewer}"),
    ("views", "Views that began.", "{view}"),
    ("reconnects", "Joins that went on with a view.", "{join}"),
    ("unknown", "Events of viewers who were not there.", "{event}"),
    ("timed_out", "Viewers who left because nothing was heard of them.", "{viewer}"),
    ("rejected", "Joins refused for want of room.", "{join}"),
    ("went_back", "Events before the one they follow on.", "{event}"),
    ("started", "Views whose first picture was reported.", "{view}"),
    ("ended", "Views that are over for good.", "{view}"),
    ("ended_before_start", "Of these, views that never started.", "{view}"),
    ("rebuffers", "Times that playing stalled.", "{stall}"),
    ("switches_up", "Switches to a higher bitrate.", "{switch}"),
    ("switches_down", "Switches to a lower bitrate.", "{switch}"),
]
AUDIENCE_TIMES = [
    ("rebuffer_time", "How long playing stalled.", "s"),
    ("watched_time", "Time watched, stalls included.", "s"),
    ("bitrate_time", "Time of a known bitrate.", "s"),
]
AUDIENCE_GAUGES = [
    ("peak_at_least", "The most viewers at once: this or more.", "{viewer}"),
    ("peak_at_most", "The most viewers at once: this or fewer.", "{viewer}"),
    ("mean_concurrency", "Viewers at once, weighted by time.", "{viewer}"),
    ("rebuffer_ratio", "Stalled time of the time watched.", "1"),
    ("mean_bitrate_bps", "Weighted by time.", "bit/s"),
    ("exit_before_start_ratio", "Of the views that ended.", "1"),
]


def audience_summary(request, stream, span_us, startup_s=(), **values):
    """Counts and times 0 where no value is given, gauges absent."""
    attributes = {"stream": stream}

    def total(name, help_text, unit, is_monotonic):
        point = request.point(f"streamgauge.audience.{name}", help_text, unit, "sum", attributes, span_us)
        data = request.metrics[f"streamgauge.audience.{name}"].sum
        data.aggregation_temporality, data.is_monotonic = request.temporality, is_monotonic
        return point

    for name, help_text, unit in AUDIENCE_COUNTS:
        total(name, help_text, unit, True).as_int = values.get(name, 0)
    for name, help_text, unit in AUDIENCE_TIMES:
        total(name, help_text, unit, False).as_double = values.get(name, 0.0)
    total("watching", "Viewers now.", "{viewer}", False).as_int = values["watching"]
    for name, help_text, unit in AUDIENCE_GAUGES:
        if name in values:
            point = request.point(f"streamgauge.audience.{name}", help_text, unit, "gauge", attributes, span_us)
            point.as_double = values[name]
    if startup_s:
        name, help_text = "streamgauge.audience.startup", "From join to first picture."
        point = request.point(name, help_text, "s", "summary", attributes, span_us)
        point.count, point.sum = len(startup_s), sum(startup_s)
        (only,) = startup_s  # the quantiles of one value are that value
        for quantile in (0, 0.5, 0.9, 0.99, 1):
            point.quantile_values.add(quantile=quantile, value=only)


def audience():
    """At 6 s. News: anna from 1 s on, ben from 3 s to 5 s; anna had 4 Mbit/s for 2 s, then 1 Mbit/s for 2 s.
    Sport: anna from this very moment on, so that there is no mean yet. A stream of nobody is not there."""
    request = Request(AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)
    news = dict(viewers=2, views=2, unknown=1, started=1, rebuffers=1, switches_down=1, watching=1)
    news |= dict(rebuffer_time=0.25, watched_time=7.0, bitrate_time=4.0, rebuffer_ratio=0.25 / 7)
    news |= dict(peak_at_least=2, peak_at_most=2, mean_concurrency=7 / 5, mean_bitrate_bps=2_500_000)
    audience_summary(request, 'news "24"', (1_000_000, 6_000_000), startup_s=(0.5,), **news)
    sport = dict(viewers=1, views=1, watching=1, peak_at_least=1, peak_at_most=1)
    audience_summary(request, "sport", (6_000_000, 6_000_000), **sport)
    return request.message


def main(folder):
    for name, message in (("delta", delta()), ("cumulative", cumulative()), ("audience", audience())):
        path = pathlib.Path(folder) / name
        path.with_suffix(".pb").write_bytes(message.SerializeToString(deterministic=True))
        fields = MessageToDict(message, use_integers_for_enums=True)
        path.with_suffix(".json").write_text(json.dumps(fields, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
