"""A progress bar for work of more than a second."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_DELAY_S = 1.0
_T = TypeVar("_T")


class _Bar:
    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self._start, self._stop = time.time(), threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def _show(self) -> None:
        # The work is one native call that releases the interpreter, so only another thread can show
        # that time passes.
        if self._stop.wait(_DELAY_S):
            return
        from tqdm import tqdm

        shown = "{desc}: {n_fmt}/{total_fmt} [{elapsed}]" if self.total > 1 else "{desc} [{elapsed}]"
        bar = tqdm(total=self.total, desc=self.what, file=sys.stderr, leave=False, bar_format=shown)
        bar.start_t = self._start
        while not self._stop.wait(0.2):
            bar.n = self.done
            bar.refresh()
        bar.close()

    def __enter__(self) -> _Bar:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def working(what: str, total: int = 1) -> Iterator[_Bar | None]:
    """Shows on stderr that ``what`` is under way, where stderr is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with _Bar(what, total) as bar:
        yield bar


def each(what: str, items: Iterable[_T]) -> Iterator[_T]:
    """The items, with progress while they are worked on."""
    items = list(items)
    with working(what, len(items)) as bar:
        for item in items:
            yield item
            if bar is not None:
                bar.done += 1
