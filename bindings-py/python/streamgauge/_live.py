"""The part of ``_native`` that counts live streams."""

from ._native import (
    Counter,
    Report,
    RtcpStats,
    RtpReader,
    RtpStats,
    Telemetry,
    Track,
    clamp_lost,
    fraction_lost,
    parse_packet,
    rate,
)

__all__ = [
    "Counter",
    "Report",
    "RtcpStats",
    "RtpReader",
    "RtpStats",
    "Telemetry",
    "Track",
    "clamp_lost",
    "fraction_lost",
    "parse_packet",
    "rate",
]
