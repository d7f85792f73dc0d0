"""Threads that do something on a drive from which they may never come back."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable

_IDLE_SECONDS = 2.0
"""After so long without an errand a thread ends."""


class Errand:
    """Something to be done by another thread."""

    def __init__(self, do: Callable[[], object]) -> None:
        self.over = threading.Event()
        self.answer: object = None
        self.error: BaseException | None = None
        self._do = do
        self._context = contextvars.copy_context()

    def run(self) -> None:
        """Do it, in the thread that calls this."""
        try:
            self.answer = self._context.run(self._do)
        except BaseException as error:
            self.error = error
        finally:
            self.over.set()


class Errands:
    """Runs the errands of one drive, each in a thread of its own; idle threads are used again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: list[_Runner] = []
        self._lock = threading.Lock()

    def begin(self, errand: Errand) -> None:
        """Have *errand* done."""
        with self._lock:
            runner = self._idle.pop() if self._idle else None
        if runner is None:
            runner = _Runner(self, f"ask {self._name}")
            runner.start()
        runner.inbox.put(errand)

    def rest(self, runner: _Runner) -> None:
        """A thread has nothing to do."""
        with self._lock:
            self._idle.append(runner)

    def leave(self, runner: _Runner) -> bool:
        """Whether a thread that has rested for long may end: it is not being given an errand."""
        with self._lock:
            if runner not in self._idle:
                return False
            self._idle.remove(runner)
            return True


class _Runner(threading.Thread):
    def __init__(self, errands: Errands, name: str) -> None:
        # A daemon: a thread that the kernel never gives back must not keep us from quitting.
        super().__init__(name=name, daemon=True)
        self.inbox: queue.SimpleQueue[Errand] = queue.SimpleQueue()
        self._errands = errands

    def run(self) -> None:
        while True:
            try:
                errand = self.inbox.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                if self._errands.leave(self):
                    return
                continue
            errand.run()
            del errand
            self._errands.rest(self)
