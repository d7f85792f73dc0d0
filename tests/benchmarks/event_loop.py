"""How long Qt's event loop does not answer, and what kept it."""

from __future__ import annotations

import gc
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from PySide6.QtCore import QObject, Qt, QTimer

PERIOD_MS = 5
"""Between two questions to the loop."""
LONG = 0.05
"""Seconds after which people notice."""
_LOOK = 0.01
_INNERMOST = 4
_MOST = 5
"""Of the long gaps, so many are told one by one."""
_IDLE = (
    "threading.py",
    "queue.py",
    "selectors.py",
    "thread.py",
    "event_loop.py",
    "writer.py",
    "settle.py",
    "hashers.py",
    "volume_watch.py",
    "silence.py",
)
"""Where threads only wait when they are seen there innermost."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Time between two answers of the loop."""

    at: float
    """Seconds since the watch began."""
    seconds: float
    worked: float
    """Seconds that the window's own thread was on a processor."""
    queued: float
    """Seconds that it was ready and no processor was free: other programs, or our own threads."""

    collected: float
    """Seconds in which Python looked for garbage, in any thread, and held its lock."""

    @property
    def waited(self) -> float:
        """Seconds that it waited for Python's lock, which our other threads hold too, or a disk."""
        return max(0.0, self.seconds - self.worked - self.queued)


class LoopWatch(QObject):
    """Asks the loop of the thread that made it, every 5 ms, from `begin` to `end`."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[Gap] = []
        self.seen: dict[float, str] = {}
        """What the threads were at in long gaps, by the time when the gap began."""
        self._fd = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="loop watch")
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self._answer)
        self._began = self._last = 0.0
        self._ran = self._queued = self._collected = self._collecting = 0.0

    def begin(self) -> None:
        """Start asking."""
        self._began = self._last = time.perf_counter()
        self._ran, self._queued = self._scheduled()
        gc.callbacks.append(self._count_collection)
        self._timer.start()
        self._thread.start()

    def end(self) -> None:
        """Stop asking; what goes on now counts as the last gap."""
        self._answer()
        self._timer.stop()
        gc.callbacks.remove(self._count_collection)
        self._over.set()
        self._thread.join()
        os.close(self._fd)

    def _scheduled(self) -> tuple[float, float]:
        ran, queued = os.pread(self._fd, 100, 0).split()[:2]
        return int(ran) / 1e9, int(queued) / 1e9

    def _answer(self) -> None:
        present = time.perf_counter()
        ran, queued = self._scheduled()
        gap = Gap(
            at=self._last - self._began,
            seconds=present - self._last,
            worked=ran - self._ran,
            queued=queued - self._queued,
            collected=self._collected,
        )
        self.gaps.append(gap)
        self._last, self._ran, self._queued, self._collected = present, ran, queued, 0.0

    def _count_collection(self, phase: str, _: Mapping[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._collected += time.perf_counter() - self._collecting

    def _look(self) -> None:
        """From a thread of its own: what is going on, when the loop has not answered for long?

        This thread needs Python's lock too. When it comes late, one call holds the lock all the
        time, and what the stacks show is where the threads were just after it.
        """
        before = time.perf_counter()
        while not self._over.wait(_LOOK):
            present, last = time.perf_counter(), self._last
            if present - last > LONG and last - self._began not in self.seen:
                late = present - before - _LOOK
                stacks = "\n".join(self._stacks())
                self.seen[last - self._began] = f"    looked {late * 1000:.0f} ms late\n{stacks}"
            before = time.perf_counter()

    def _stacks(self) -> Iterator[str]:
        """A line per thread that does something, the innermost call first."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for thread, frame in sys._current_frames().items():
            calls = list(_calls(frame))
            if thread == self._watched:
                yield f"    window: {' < '.join(calls)}"
            elif not any(f"{name}:" in calls[0] for name in _IDLE):
                yield f"    {names.get(thread, 'ended')}: {' < '.join(calls)}"


def _calls(frame: FrameType | None) -> Iterator[str]:
    for _ in range(_INNERMOST):
        if frame is None:
            return
        code = frame.f_code
        file = "/".join(Path(code.co_filename).parts[-2:])
        yield f"{file}:{frame.f_lineno} {code.co_name}"
        frame = frame.f_back


def show(name: str, gaps: Sequence[Gap], seen: Mapping[float, str]) -> None:
    """One line of figures, then every long gap and what it was."""
    times = sorted(gap.seconds for gap in gaps)
    long = [gap for gap in gaps if gap.seconds > LONG]
    last = len(times) - 1
    figures = ", ".join(
        f"{what} {seconds * 1000:.1f} ms"
        for what, seconds in (
            ("median", statistics.median(times)),
            ("95 % below", times[round(last * 0.95)]),
            ("99 % below", times[round(last * 0.99)]),
            ("longest", times[-1]),
        )
    )
    print(f"{name}: {figures}; {len(long)} of {len(times):,} over {LONG * 1000:.0f} ms")
    for gap in sorted(long, key=lambda gap: -gap.seconds)[:_MOST]:
        print(
            f"  {gap.seconds * 1000:.0f} ms at {gap.at:.2f} s: {gap.worked * 1000:.0f} at work,"
            f" {gap.queued * 1000:.0f} without a processor, {gap.waited * 1000:.0f} waiting;"
            f" {gap.collected * 1000:.0f} looking for garbage\n"
            f"{seen.get(gap.at, '    over before it could be looked at')}"
        )
