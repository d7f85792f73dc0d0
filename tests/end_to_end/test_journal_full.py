"""The disk that holds the journal fills up while a job runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import pytest
from mount_bench import Bench
from offload_bench import MB, PATIENCE, House, Watched, make_card, spec_for, wait_for

from app.jobs.snapshot import JobState

pytestmark = pytest.mark.root


@contextmanager
def full(place: Path) -> Iterator[None]:
    """Not one more byte fits there."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (4096, 1):
            with pytest.raises(OSError, match="No space left"):
                _write_on(file, size)
    try:
        yield
    finally:
        filler.unlink()


def _write_on(file: FileIO, size: int) -> None:
    while True:
        file.write(b"x" * size)


def test_a_job_whose_end_cannot_be_written_down_still_ends(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "card" / "A003", {f"{n}.mov": 5 * MB for n in range(24)})
    drive = bench.ext4("one", "one", 256)
    house.declare(drive)
    house.profile = bench.ext4("profile", "profile", 8)
    with house.engine() as engine:
        with Watched(engine, spec_for(card, drive, wanted_copies=1)) as watched:
            watched.until(lambda s: s.files_done, "a file is done")
            with full(house.profile):
                ended = watched.end()
            assert ended.state is not JobState.DONE
            assert not ended.safe
            assert engine.snapshots()[0].state is ended.state
        assert engine.run(watched.job).safe
        assert engine.journal.job(watched.job).state is JobState.DONE


def test_the_queue_waits_for_room_and_goes_on(bench: Bench, house: House, tmp_path: Path) -> None:
    card = make_card(tmp_path / "card" / "A003", {"C001.mov": MB})
    drive = bench.ext4("one", "one", 64)
    house.declare(drive)
    house.profile = bench.ext4("profile", "profile", 8)
    with house.engine() as engine:
        job = engine.submit(spec_for(card, drive, wanted_copies=1))
        with full(house.profile):
            serving = threading.Thread(target=engine.serve)
            serving.start()
            try:
                wait_for(lambda: "full" in engine.snapshots()[0].wants, "the reason to be said")
                assert engine.snapshots()[0].state is JobState.QUEUED
                (house.profile / "filler").write_bytes(b"")
                wait_for(lambda: engine.snapshot(job).state.ended, "the job's end")
            finally:
                engine.stop()
                serving.join(PATIENCE)
        assert engine.snapshot(job).safe


def test_a_journal_in_memory_makes_no_card_safe(bench: Bench, house: House, tmp_path: Path) -> None:
    card = make_card(tmp_path / "card" / "A003", {"C001.mov": MB})
    drive = bench.ext4("one", "one", 64)
    house.declare(drive)
    house.profile = bench.mount("tmpfs", "profile", "-t", "tmpfs")
    with house.engine() as engine:
        done = engine.run(spec_for(card, drive, wanted_copies=1))
        assert not done.safe
        assert "journal" in engine.verdict(done.id).reasons[0]
