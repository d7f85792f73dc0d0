"""What is remembered of clips has one limit, and what is used least goes first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from clip_bench import H264, PICTURE

from app.engine import Engine
from app.media.frames.index_cache import IndexCache
from app.media.frames.look import Looker
from app.media.frames.memory import forget
from app.media.frames.source import FileSource
from app.media.play.trial import Trial


def kept(media: Path, name: str, *, hours: int) -> Path:
    """A file of 100 bytes that was last wanted so long ago."""
    path = media / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(100))
    moment = time.time() - 3600 * hours - 60
    os.utime(path, (moment, moment))
    return path


def test_the_least_recently_used_go_first_whatever_they_are(tmp_path):
    names = ("looks/a.json", "stills/b.png", "indexes/c.frames", "trials/d.tried")
    paths = [kept(tmp_path, name, hours=9 - n) for n, name in enumerate(names)]
    other = kept(tmp_path, "luts/e.cube", hours=99)
    shown = forget(tmp_path, 250, dry_run=True)
    assert (shown.before, shown.after, shown.files) == (400, 200, 2)
    assert all(path.exists() for path in paths)
    assert forget(tmp_path, 250) == shown
    assert [path.exists() for path in (*paths, other)] == [False, False, True, True, True]


def test_what_somebody_may_use_now_stays_and_what_was_never_finished_goes(tmp_path):
    fresh = kept(tmp_path, "stills/a.png", hours=0)
    half, old = (kept(tmp_path, f"indexes/{name}", hours=25) for name in ("tmpx1y2", "a.frames"))
    assert forget(tmp_path, 1000).files == 1
    assert [path.exists() for path in (fresh, half, old)] == [True, False, True]
    assert forget(tmp_path, 0).after == 100
    assert fresh.exists()


def test_looking_at_a_clip_is_using_what_is_remembered_of_it(clips, tmp_path):
    clip = clips("seen.mov", *H264, inputs=PICTURE, seconds="1")

    def look() -> None:
        IndexCache(tmp_path / "indexes").index(FileSource(clip))
        looker, trial = Looker(tmp_path / "looks"), Trial(kept=tmp_path / "trials")
        try:
            looker.look(clip, "1")
            trial.of(clip)
        finally:
            looker.close()
            trial.close()

    look()
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (1, 1))
    look()
    assert forget(tmp_path, 0).after == sum(one.stat().st_size for one in tmp_path.rglob("*.*")) > 0


@pytest.mark.parametrize("hours", [1, 25])
def test_it_is_done_once_a_day_when_an_engine_is_closed(tmp_path, hours):
    with Engine(tmp_path) as engine:
        engine.settings.set("media.memory", "0")
        old = kept(engine.profile.media, "looks/a.json", hours=9)
    assert not old.exists()
    moment = time.time() - 3600 * hours
    os.utime(engine.profile.media / "tidied", (moment, moment))
    with Engine(tmp_path):
        old = kept(engine.profile.media, "looks/a.json", hours=9)
    assert old.exists() is (hours == 1)
