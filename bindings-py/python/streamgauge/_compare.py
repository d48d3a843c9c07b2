"""Comparisons and sweeps: the JSON that every language shares, with names."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union

from . import _native
from ._native import Run
from ._repr import comparison_html, sweep_html
from ._types import GateResult, KeyComparison

_Names = Mapping[str, Union[str, Sequence[str]]]


class _Result:
    """A result that is its JSON."""

    __slots__ = ("_data",)

    def __init__(self, data: Mapping[str, Any], /) -> None:
        self._data: dict[str, Any] = dict(data)

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values."""
        return copy.deepcopy(self._data)

    def to_json(self, *, indent: int | None = None) -> str:
        """The result as JSON."""
        return json.dumps(self._data, indent=indent, ensure_ascii=False, allow_nan=False)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._data == self._data

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._data,)


class Comparison(_Result):
    """A compared with B, each one run or repeats of one; see :func:`compare`.

    ``comparison["latency_p95_ms"]`` is a :class:`KeyComparison`; iteration gives the keys.
    """

    __slots__ = ()

    @property
    def mode(self) -> str:
        """By which definitions: ``exact`` or ``plot_fec``."""
        return str(self._data["mode"])

    @property
    def runs_a(self) -> list[str]:
        """Paths of the runs of A."""
        return list(self._data["a"]["runs"])

    @property
    def runs_b(self) -> list[str]:
        """Paths of the runs of B."""
        return list(self._data["b"]["runs"])

    @property
    def notes(self) -> list[str]:
        """What a reader should know before believing a number."""
        return list(self._data["notes"])

    def keys(self) -> list[str]:
        """The compared keys of the summary, in its order."""
        return list(self._data["keys"])

    def __getitem__(self, key: str) -> KeyComparison:
        row = dict(self._data["keys"][key])
        if row["interval"] is not None:
            row["interval"] = tuple(row["interval"])
        return KeyComparison(key=key, **row)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._data["keys"])

    def __contains__(self, key: object) -> bool:
        return key in self._data["keys"]

    def gate(self, condition: str, /) -> GateResult:
        """Tests a condition under which a test fails.

        ``"frames_lost > 1%"`` speaks of B's value (a percentage is a share of its denominator),
        ``"delta(latency_p95_ms) > 50"`` of the change from A; the operators are ``> >= < <= == !=``.
        Raises ``InvalidArgumentError`` where the condition cannot be read and ``NotFoundError`` where
        there is no such key.
        """
        return _native._gate(condition, self._data)

    def __repr__(self) -> str:
        effects = [row["effect"] for row in self._data["keys"].values()]
        counted = ", ".join(f"{effects.count(what)} {what}" for what in ("better", "worse", "no evidence"))
        return f"<Comparison of {', '.join(self.runs_a)} with {', '.join(self.runs_b)}: {counted}>"

    def _repr_html_(self) -> str:
        return comparison_html(self)


class Sweep(_Result):
    """A whole sweep; see :func:`sweep`. Every combination of the axes is a cell, missing ones too."""

    __slots__ = ()

    @property
    def losses(self) -> list[Any]:
        """Distinct losses, ascending; numbers, or the texts that are none."""
        return list(self._data["losses"])

    @property
    def fec_rates(self) -> list[Any]:
        """Distinct FEC rates, ascending."""
        return list(self._data["fec_rates"])

    @property
    def fec_masks(self) -> list[str]:
        """Distinct FEC masks."""
        return list(self._data["fec_masks"])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each row of the manifest with the summary of its run, or why it is ``missing``."""
        return copy.deepcopy(self._data["rows"])

    @property
    def baselines(self) -> list[dict[str, Any]]:
        """For each loss the ``rows`` without FEC, or why they are ``missing``."""
        return copy.deepcopy(self._data["baselines"])

    @property
    def cells(self) -> list[dict[str, Any]]:
        """Losses x rates x masks: ``rows``, ``missing`` (why), and the ``comparison`` as its JSON."""
        return copy.deepcopy(self._data["cells"])

    @property
    def missing(self) -> list[dict[str, Any]]:
        """The cells without a comparison."""
        return [cell for cell in self.cells if cell["comparison"] is None]

    @property
    def problems(self) -> dict[str, Any]:
        """What of the manifest could not be used, as in ``Run.problems``."""
        return copy.deepcopy(dict(self._data["problems"]))

    def __repr__(self) -> str:
        cells, missing = len(self._data["cells"]), len(self.missing)
        return f"<Sweep: {len(self._data['rows'])} runs, {cells} cells, {missing} of them missing>"

    def _repr_html_(self) -> str:
        return sweep_html(self)


def compare(
    a: Run | Sequence[Run],
    b: Run | Sequence[Run],
    /,
    *,
    mode: str = "exact",
    seed: int = 1,
    resamples: int = 2000,
) -> Comparison:
    """Compares A with B, each one run or repeats of one.

    Every numeric key gets its difference B - A; where it can be counted second by second also a 95 %
    bootstrap interval: ``resamples`` times (0: none; else 100 to 100,000) the runs of each side are
    drawn with replacement, then the one-second blocks within them. Only an interval that excludes 0 is
    called an effect. The same ``seed`` gives the same intervals on every machine.

    Raises ``InvalidArgumentError`` where a side has no run or ``resamples`` is out of its range.
    """
    sides = [[side] if isinstance(side, Run) else list(side) for side in (a, b)]
    return Comparison(_native._compare(sides[0], sides[1], mode, seed, resamples))


def sweep(
    path: str | os.PathLike[str],
    /,
    *,
    names: _Names | None = None,
    threads: int = 0,
    mode: str = "exact",
    seed: int = 1,
    resamples: int = 2000,
) -> Sweep:
    """Reads the sweep in the directory ``path``: ``manifest.tsv`` (columns ``leaf``, ``mode``, ``loss``,
    ``fec_rate``, ``fec_mask``) and the runs it names, and compares each cell with its baseline.

    A run that is not there is shown as missing. Raises ``NotFoundError`` where there is no manifest,
    ``MalformedError`` where it has no usable header, ``CapacityExceededError`` where its grid has more
    than 10,000 cells.
    """
    return Sweep(_native._sweep(path, names, threads, mode, seed, resamples))
