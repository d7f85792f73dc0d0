"""Garbage is collected in the window's thread, never in a worker."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
import stand_in as s

from ui.garbage import MANY, Collector


class Tangle:
    """Something that only a collection takes away, and that tells in which thread it went."""

    gone: list[threading.Thread] = []  # noqa: RUF012

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        self.gone.append(threading.current_thread())


@pytest.fixture
def collector(bridge) -> Iterator[Collector]:
    Tangle.gone.clear()
    made = Collector(bridge)
    made.begin()
    yield made
    made.end()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def make_many() -> None:
    """So much that Python would have collected several times."""
    for _ in range(20_000):
        Tangle()


def test_what_workers_leave_is_collected_in_the_windows_thread(collector, bridge, qtbot):
    bridge.start()
    bridge.ask(make_many)
    qtbot.waitUntil(lambda: len(Tangle.gone) == 20_000)
    assert set(Tangle.gone) == {threading.main_thread()}


def test_everything_is_looked_at_only_while_no_job_runs(collector, bridge, engine, qtbot):
    def full() -> int:
        return gc.get_stats()[2]["collections"]

    engine.jobs = [s.running()]
    bridge.start()
    qtbot.waitUntil(lambda: bool(bridge.snapshots) and not bridge.waiting)
    before = full()
    for _ in range(15):
        gc.collect(1)
    collector.look()
    assert full() == before
    engine.jobs = [s.done()]
    qtbot.waitUntil(lambda: full() > before)


def test_what_a_running_job_makes_in_masses_is_looked_at_when_it_has_ended(
    collector, bridge, engine, qtbot
):
    engine.jobs = [s.running()]
    bridge.start()
    qtbot.waitUntil(lambda: bool(bridge.snapshots) and not bridge.waiting)
    looks = sum(stats["collections"] for stats in gc.get_stats())
    for _ in range(2 * MANY):
        Tangle()
    collector.look()
    assert sum(stats["collections"] for stats in gc.get_stats()) == looks
    assert not Tangle.gone
    engine.jobs = [s.done()]
    qtbot.waitUntil(lambda: len(Tangle.gone) == 2 * MANY)
    assert set(Tangle.gone) == {threading.main_thread()}
