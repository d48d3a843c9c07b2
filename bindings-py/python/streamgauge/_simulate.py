"""Simulated runs, with the truth about them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from . import _native
from ._native import Run


class Simulated(NamedTuple):
    """A simulated run."""

    files: dict[str, bytes]
    """Name and bytes of each file, ``truth.json`` last."""

    @property
    def truth(self) -> dict[str, Any]:
        """``profile``, ``seed``, and ``summary``: each key of the ``exact`` summary that the channel
        itself knows, counted there before any file exists."""
        truth: dict[str, Any] = json.loads(self.files["truth.json"])
        return truth

    def run(self, name: str = "simulated") -> Run:
        """The files, read."""
        found = {file.partition(".")[0]: data for file, data in self.files.items()}
        return Run.from_bytes(
            name,
            frames=found.get("frames"),
            prom=found.get("prom"),
            events=found.get("events"),
            meta=found.get("meta"),
        )

    def write(self, directory: str | os.PathLike[str]) -> None:
        """Writes the files into a directory, which is made where it does not exist."""
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        for file, data in self.files.items():
            (directory / file).write_bytes(data)


def simulate(
    profile: str = "fec",
    /,
    *,
    seed: int | None = None,
    start_us: int | None = None,
    duration_s: float | None = None,
    fps: float | None = None,
    packets_per_frame: int | None = None,
    base_loss: float | None = None,
    burst_loss: float | None = None,
    burst_every_s: float | None = None,
    burst_len_s: float | None = None,
    fec_rate: int | None = None,
    fec_mask: str | None = None,
    rtt_ms: int | None = None,
) -> Simulated:
    """Simulates a run: a Gilbert-Elliott channel with bursts of loss, FEC and retransmission.

    ``profile`` is one of ``streamgauge.profiles()``: ``baseline``, ``fec``, or an odd shape that real
    files have. The same options give the same bytes on every machine. ``None`` stands for the default:

    - ``seed`` 1; ``start_us`` 1781700000000000; ``duration_s`` 60 (5 to 86,400); ``fps`` 30 (1 to 240)
    - ``packets_per_frame`` 4 (mean media packets, 1 to 50)
    - ``base_loss`` 0.02, ``burst_loss`` 0.25: packet loss outside and in bursts (0 to 0.5)
    - ``burst_every_s`` 15, ``burst_len_s`` 3
    - ``fec_rate`` 30: FEC packets in percent of a frame's media packets; ``fec_mask`` ``bursty`` or
      ``random``
    - ``rtt_ms`` 40: round-trip time (0 to 1000)

    Raises ``InvalidArgumentError`` for an option out of its range, ``CapacityExceededError`` for more
    than 2,000,000 frames or 10,000,000 packets.
    """
    options = {
        "seed": seed,
        "start_us": start_us,
        "duration_s": duration_s,
        "fps": fps,
        "packets_per_frame": packets_per_frame,
        "base_loss": base_loss,
        "burst_loss": burst_loss,
        "burst_every_s": burst_every_s,
        "burst_len_s": burst_len_s,
        "fec_rate": fec_rate,
        "fec_mask": fec_mask,
        "rtt_ms": rtt_ms,
    }
    given = {name: value for name, value in options.items() if value is not None}
    return Simulated(_native._simulate(profile, given))
