"""Questions to file systems that may never answer: a dead server, a hung FUSE program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

T = TypeVar("T")

_unanswered: dict[Hashable, threading.Thread] = {}
"""Questions whose thread still waits in the kernel; none is asked twice at a time."""


def ask(key: Hashable, question: Callable[[], T], otherwise: T, seconds: float = 1.0) -> T:
    """The answer to *question*, or *otherwise* after *seconds* or an OSError."""
    return ask_all({key: question}, otherwise, seconds)[key]


def ask_all(
    questions: Mapping[Hashable, Callable[[], T]], otherwise: T, seconds: float = 1.0
) -> dict[Hashable, T]:
    """The answers to all *questions*, asked at once; *otherwise* for each that stays silent.

    The threads are daemons: one that the kernel never gives back must not keep us from quitting.
    """
    answers = dict.fromkeys(questions, otherwise)
    replies: dict[Hashable, T] = {}
    threads = [
        _start(key, question, replies)
        for key, question in questions.items()
        if not _still_waiting(key)
    ]
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return answers | dict(replies)


def _start(
    key: Hashable, question: Callable[[], T], replies: dict[Hashable, T]
) -> threading.Thread:
    def run() -> None:
        try:
            replies[key] = question()
        except OSError:
            pass
        finally:
            _unanswered.pop(key, None)

    thread = threading.Thread(target=run, name="question to a volume", daemon=True)
    _unanswered[key] = thread
    thread.start()
    return thread


def _still_waiting(key: Hashable) -> bool:
    thread = _unanswered.get(key)
    return thread is not None and thread.is_alive()
