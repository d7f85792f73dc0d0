"""Questions that are never answered cost no more than their time, and only one thread."""

from __future__ import annotations

import threading
import time

from app.places.patience import ask, ask_all


def test_a_silent_place_costs_its_time_once_and_is_asked_by_one_thread_only() -> None:
    answer = threading.Event()
    asked = []

    def question() -> str:
        asked.append(1)
        answer.wait(30)
        return "here"

    began = time.monotonic()
    assert ask("silent", question, "silence", 0.2) == "silence"
    for _ in range(100):
        assert ask("silent", question, "silence", 0.2) == "silence"
    assert time.monotonic() - began < 15  # asked each time it would be 20
    assert len(asked) == 1
    answer.set()
    end = time.monotonic() + 10
    while ask("silent", question, "silence", 1) != "here" and time.monotonic() < end:
        pass
    assert ask("silent", question, "silence", 1) == "here"


def test_two_who_ask_at_once_get_the_same_true_answer() -> None:
    started, answer = threading.Event(), threading.Event()

    def question() -> str:
        started.set()
        answer.wait(30)
        return "room"

    answers: list[str] = []
    first = threading.Thread(target=lambda: answers.append(ask("both", question, "none", 20)))
    first.start()
    started.wait(10)
    second = threading.Thread(target=lambda: answers.append(ask("both", question, "none", 20)))
    second.start()
    answer.set()
    first.join(10)
    second.join(10)
    assert answers == ["room", "room"]


def test_an_error_is_silence_and_the_others_still_answer() -> None:
    def gone() -> int:
        raise OSError("gone")

    assert ask_all({"a": gone, "b": lambda: 7}, 0) == {"a": 0, "b": 7}
