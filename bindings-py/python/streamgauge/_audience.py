"""The part of ``_native`` about audiences."""

from ._native import (
    Audience,
    AudienceSummary,
    Cdn,
    Streams,
)

__all__ = [
    "Audience",
    "AudienceSummary",
    "Cdn",
    "Streams",
]
