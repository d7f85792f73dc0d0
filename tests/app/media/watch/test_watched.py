"""Watch folders that are switched on in the settings: one Reelkeep or several, new starts."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from seldom import seldom
from transcode_bench import PRORES, Footage, numbers_of
from watch_bench import WatchBench, end_by, until

from app.engine import Engine
from app.errors import NotFound
from app.media.watch.order import FILE, root_of
from app.media.watch.state import WatchState


@pytest.fixture
def bench(tmp_path: Path) -> WatchBench:
    made = WatchBench(tmp_path)
    made.order()
    return made


@contextmanager
def served(profile: Path) -> Iterator[Engine]:
    """A Reelkeep as the window has it: the queue is served, watch folders are watched."""
    with Engine(profile) as engine:
        engine.watched.begin()
        thread = threading.Thread(target=engine.serve)
        thread.start()
        try:
            yield engine
        finally:
            engine.stop()
            thread.join(60)
            assert engine.watched.end(30)


def stands(engine: Engine, so: Callable[[WatchState], object]) -> WatchState:
    """How the one watch folder stands once it stands *so*."""
    until(lambda: any(map(so, engine.watched.states())), "the state")
    return engine.watched.states()[0]


def test_what_is_switched_on_is_watched_also_after_a_new_start(bench):
    (bench.raw / "bad.mov").write_bytes(b"no clip at all")
    (bench.raw / "notes.txt").write_text("no clip")
    with served(bench.profile) as engine:
        engine.watched.switch(bench.root, True)
        assert stands(engine, lambda state: state.running).there == 1
    with served(bench.profile) as engine:
        state = stands(engine, lambda state: state.running)
        assert (state.left_out, state.failures) == (1, ())  # nothing is ordered
        engine.watched.switch(bench.root, False)
        until(lambda: not engine.watched.states(), "the end")
    with Engine(bench.profile) as engine:
        assert engine.watched.wanted == ()


def test_what_failed_is_told_while_its_file_is_there_and_tried_again_when_asked(bench):
    bench.order(montage=True)
    bad = bench.raw / "bad.mov"
    bad.write_bytes(b"no clip at all")
    with served(bench.profile) as engine:
        engine.watched.switch(bench.root, True)
        (failure,) = stands(engine, lambda state: state.failures).failures
        assert (failure.file, failure.product) == ("bad.mov", "probe")
        assert str(bad) in failure.words
        engine.watched.retry(bench.root)
        stands(engine, lambda state: not state.failures)
        stands(engine, lambda state: state.failures)
        bad.unlink()
        stands(engine, lambda state: not state.failures and not state.there)
    said = (bench.root / "log" / "reelkeep.log").read_text()
    assert said.count("bad.mov: probe failed") == 2


def test_of_two_reelkeeps_one_watches_and_the_other_follows(bench, monkeypatch):
    monkeypatch.setattr("app.media.watch.watched.AGAIN", 0.1)
    with ExitStack() as first, served(bench.profile) as second:
        one = first.enter_context(served(bench.profile))
        one.watched.switch(bench.root, True)
        until(lambda: len(second.watched.states()) == 1, "the settings")
        until(lambda: any(e.watched.states()[0].elsewhere for e in (one, second)), "the lock")
        assert [e.watched.states()[0].running for e in (one, second)].count(True) == 1
        assert not any(e.watched.states()[0].trouble for e in (one, second))
        first.close()
        stands(second, lambda state: state.running)
        second.watched.switch(bench.root, False)


def test_a_drive_that_is_not_there_is_said_and_watched_once_it_is_back(bench, monkeypatch):
    monkeypatch.setattr("app.media.watch.watched.AGAIN", 0.1)
    away = bench.root.with_name("away")
    with served(bench.profile) as engine:
        engine.watched.switch(bench.root, True)
        stands(engine, lambda state: state.running)
        engine.watched.switch(bench.root, False)
        until(lambda: not engine.watched.states(), "the end")
        bench.root.rename(away)
        with pytest.raises(NotFound, match="is no watch folder"):
            engine.watched.switch(bench.root, True)
        engine.settings.set("watch.folders", [str(bench.root)])
        assert str(bench.root) in stands(engine, lambda state: state.trouble).trouble
        assert not bench.root.exists()  # nothing is made where a drive is missing
        away.rename(bench.root)
        stands(engine, lambda state: state.running and not state.trouble)


def test_an_order_that_makes_no_sense_is_said_and_heeded_once_it_is_mended(bench, monkeypatch):
    monkeypatch.setattr("app.media.watch.watched.AGAIN", 0.1)
    text = (bench.root / FILE).read_text()
    (bench.root / FILE).write_text("[make")
    with served(bench.profile) as engine:
        engine.settings.set("watch.folders", [str(bench.root)])
        assert "cannot be read" in stands(engine, lambda state: state.trouble).trouble
        (bench.root / FILE).write_text(text)
        stands(engine, lambda state: state.running and not state.trouble)


def test_a_folder_in_a_watch_folder_is_known_to_lie_there(bench, tmp_path):
    day = bench.raw / "day 1"
    day.mkdir()
    assert root_of(day) == root_of(bench.root) == bench.root
    assert root_of(tmp_path) is None


@pytest.mark.parametrize("watcher", [seldom("killed")])
def test_what_a_killed_watcher_had_in_hand_is_made_by_the_next(bench, tmp_path, watcher):
    bench.order(archive="slow")
    clip = Footage(tmp_path / "footage").made("long.mov", *PRORES, "-c:a", "pcm_s24le", frames=300)
    shutil.copy(clip, bench.raw)
    process = bench.start()
    try:
        until(lambda: list((bench.root / "work").glob("*/stream-0/run-*")), "its pictures")
        with served(bench.profile) as engine:
            engine.watched.switch(bench.root, True)
            stands(engine, lambda state: state.elsewhere)
            process.kill()
            stands(engine, lambda state: state.done)
    finally:
        end_by(process, signal.SIGKILL)
    assert numbers_of(bench.root / "archive" / "long.mkv") == list(range(300))
    assert bench.jobs() == ["transcode done"]
