"""Questions to file systems that may never answer: a dead server, a hung FUSE program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Question(Generic[T]):
    """A question that a thread asks; whoever wants its answer waits for the same one."""

    def __init__(self, question: Callable[[], T], otherwise: T, done: Callable[[], None]) -> None:
        self.answer = otherwise
        self.began = time.monotonic()
        self._question = question
        self._done = done
        # A daemon: a thread that the kernel never gives back must not keep us from quitting.
        self.thread = threading.Thread(target=self._ask, name="question to a volume", daemon=True)

    def _ask(self) -> None:
        try:
            self.answer = self._question()
        except OSError:
            pass  # the other answer stands
        finally:
            self._done()

    def wait(self, seconds: float) -> T:
        """The answer, at most *seconds* after the question was put, whoever put it."""
        self.thread.join(max(0.0, self.began + seconds - time.monotonic()))
        return self.answer


_open: dict[Hashable, _Question[Any]] = {}
"""Questions not answered yet; none is asked twice at a time, so a dead server costs one thread."""
_lock = threading.Lock()


def ask(key: Hashable, question: Callable[[], T], otherwise: T, seconds: float = 1.0) -> T:
    """The answer to *question*, or *otherwise* after *seconds* or an OSError."""
    return ask_all({key: question}, otherwise, seconds)[key]


def ask_all(
    questions: Mapping[Hashable, Callable[[], T]], otherwise: T, seconds: float = 1.0
) -> dict[Hashable, T]:
    """The answers to all *questions*, asked at once; *otherwise* for each that stays silent.

    The same key always means the same question, with answers of the same type.
    """
    asked = {key: _put(key, question, otherwise) for key, question in questions.items()}
    return {key: question.wait(seconds) for key, question in asked.items()}


def _put(key: Hashable, question: Callable[[], T], otherwise: T) -> _Question[T]:
    with _lock:
        if key in _open:
            return _open[key]
        put = _Question(question, otherwise, lambda: _forget(key))
        _open[key] = put
        put.thread.start()
        return put


def _forget(key: Hashable) -> None:
    with _lock:
        _open.pop(key, None)
