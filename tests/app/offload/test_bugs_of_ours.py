"""A bug of ours ends the pass with an honest sentence; it never hangs the card."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from offload_bench import MB, make_card

from app.errors import ReelkeepError
from app.integrity.hashing import HashKind
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot
from app.jobs.spec import JobId
from app.offload.card.source import Source
from app.offload.copying.large import LargeFiles
from app.offload.copying.passage import Passage
from app.offload.copying.target import Target
from app.offload.copying.work import FileWork
from app.places.root import PinnedFolder
from app.places.tree import EntryKind, list_tree


def bug(*_: object) -> None:
    raise RuntimeError("a bug")


def nothing(*_: object) -> None:
    pass


class Pass:
    """One pass from a card of two files to one drive."""

    def __init__(self, folder: Path, **parts: Callable[..., None]) -> None:
        card = make_card(folder / "card", {"a.mov": 12 * MB, "b.mov": 12 * MB})
        (folder / "drive").mkdir()
        self.drive = folder / "drive"
        self.target = Target(
            0, "RAID", PinnedFolder(self.drive), job="AAAAAA", flush=True, provable=True
        )
        place = PlaceSnapshot(name="RAID", path=str(self.drive), device="RAID")
        self.control = JobControl(
            JobSnapshot(
                id=JobId("AAAAAA"),
                kind="offload",
                title="",
                state=JobState.RUNNING,
                places=(place,),
            )
        )
        self.passage = Passage(
            source=Source(PinnedFolder(card), "card"),
            targets={0: self.target},
            control=self.control,
            kinds=(HashKind.XXH64,),
            read_back=True,
            source_twice=False,
            block_size=MB,
            record_source=parts.get("record_source", nothing),
            record_copies=parts.get("record_copies", nothing),
            record_failure=parts.get("record_failure", nothing),
        )
        entries = [e for e in list_tree(card) if e.kind is EntryKind.FILE]
        self.works = [FileWork(n=n, entry=e, paths={0: e.path}) for n, e in enumerate(entries)]

    def run(self) -> None:
        large = LargeFiles(self.passage)
        try:
            for work in self.works:
                large.copy(work)
            large.check_all()
        finally:
            large.close()

    def close(self) -> None:
        self.target.close()
        self.passage.source.folder.close()


def ends(made: Pass) -> ReelkeepError | None:
    """Run the pass to its end; what it says."""
    with contextlib.suppress(ReelkeepError):  # raised where the pass was not over yet
        made.run()
    made.close()
    assert not [t for t in threading.enumerate() if t.name.endswith(" RAID")]
    return made.passage.fatal


def test_a_bug_while_writing_down_fails_that_drive(tmp_path: Path) -> None:
    made = Pass(tmp_path, record_copies=bug)
    assert ends(made) is None
    assert "Internal error" in str(made.target.trouble)
    assert not list(made.drive.glob(".reelkeep-*"))


def test_a_bug_while_saying_what_failed_ends_the_pass(tmp_path: Path) -> None:
    made = Pass(tmp_path, record_copies=bug, record_failure=bug)
    fatal = ends(made)
    assert fatal is not None
    assert "Internal error while copying to RAID" in str(fatal)


def test_a_bug_in_a_writer_ends_the_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Pass(tmp_path, record_failure=bug)
    monkeypatch.setattr(JobControl, "place", bug)  # every count of bytes, and every row
    fatal = ends(made)
    assert fatal is not None
    assert "Internal error while copying to RAID" in str(fatal)
    assert not list(made.drive.glob("*.mov"))
