"""What a plan has just seen of a card serves the job that begins at once, and no other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from offload_bench import House, spec_for, wait_for

from app.offload.card.look import JustSeen, root_facts
from app.places.cards import Card, recognise
from app.places.tree import list_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    card = tmp_path / "card"
    card.mkdir()
    (card / "clip.mov").write_bytes(b"film")
    return card


def seen(root: Path, seconds: float = 60) -> tuple[JustSeen, Card]:
    looks, entries = JustSeen(seconds), list_tree(root)
    card = recognise(root, entries)
    looks.keep(root, root_facts(root.stat()), card, entries)
    return looks, card


def test_a_look_is_given_once(root: Path) -> None:
    looks, card = seen(root)
    taken = looks.take(root, root_facts(root.stat()))
    assert taken is not None
    assert taken[0] is card
    assert looks.take(root, root_facts(root.stat())) is None


def test_another_folder_in_its_place_is_looked_at_anew(root: Path) -> None:
    looks, _ = seen(root)
    root.rename(root.with_name("before"))
    root.mkdir()
    assert looks.take(root, root_facts(root.stat())) is None


def test_a_look_is_forgotten_soon(root: Path) -> None:
    looks, _ = seen(root, 0.05)
    deadline = time.monotonic() + 20
    while looks._seen is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert looks.take(root, root_facts(root.stat())) is None


def test_what_comes_between_plan_and_job_is_not_passed_over(root: Path, tmp_path: Path) -> None:
    (tmp_path / "drive").mkdir()
    (root / "CLIPS").mkdir()
    (root / "CLIPS" / "early.mov").write_bytes(b"early film")
    with House(tmp_path / "profile").engine() as engine:
        plan = engine.plan(spec_for(root, tmp_path / "drive", wanted_copies=1))
        (root / "CLIPS" / "late.mov").write_bytes(b"late film")
        job = engine.submit(plan)
        serving = threading.Thread(target=engine.serve)
        serving.start()
        wait_for(lambda: engine.snapshot(job).state.ended, "the end of the job")
        engine.stop()
        serving.join()
        ended = engine.snapshot(job)
        notes = engine.report(job).notes
    assert not ended.safe
    assert ended.verdict.startswith("KEEP")
    assert notes == (
        "CLIPS/late.mov came onto the card card after it was listed. Start again: only what is"
        " missing is copied.",
    )
