"""What is dropped on the real window, with the real engine behind it, finds its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.engine import Engine
from app.jobs.snapshot import JobState
from ui.application import Session
from ui.panes.offload import OffloadPane

PATIENCE = 30_000
NAME = os.fsdecode(b"SHUTTLE \xff'7")


@pytest.fixture
def session(tmp_path, qtbot, monkeypatch) -> Iterator[Session]:
    with Engine(tmp_path / "profile") as engine:
        made = Session(engine, "offload")
        made.window.resize(1280, 800)
        qtbot.addWidget(made.window)
        with qtbot.waitExposed(made.window):
            made.window.show()
        made.bridge.start()
        yield made
        made.day.end()
        made.bridge.close()


def pane_of(session: Session) -> OffloadPane:
    pane = session.window.pane
    assert isinstance(pane, OffloadPane)
    return pane


def url_of(path: Path) -> QUrl:
    """As a file manager gives it: every byte that is no letter encoded."""
    return QUrl.fromEncoded(path.as_uri().encode())


def drop(window: QWidget, at: QPoint, *paths: Path) -> None:
    """What Qt sends when *paths* are let go above *at*: to the deepest widget that takes drops."""
    target = window.childAt(at)
    while target is not None and not target.acceptDrops():
        target = target.parentWidget()
    assert target is not None
    spot = target.mapFrom(window, at)
    data = QMimeData()
    data.setUrls([url_of(path) for path in paths])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(spot, copy, data, left, none)
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted(), target
    QApplication.sendEvent(target, QDropEvent(QPointF(spot), copy, data, left, none))


def made_card(folder: Path) -> Path:
    reel = folder / "C001" / "C001R1AB"
    reel.mkdir(parents=True)
    for number in (1, 2):
        clip = reel / f"C001C00{number}_261120_R1AB.mxf"
        clip.write_bytes(os.urandom(30_000))
    return folder / "C001"


@pytest.mark.parametrize("at", [QPoint(300, 400), QPoint(640, 300), QPoint(640, 720)])
def test_a_card_may_be_dropped_anywhere(session, tmp_path, qtbot, at):
    card = made_card(tmp_path)
    drop(session.window, at, card)
    pane = pane_of(session)
    qtbot.waitUntil(lambda: str(card) in pane.cards.tiles, timeout=PATIENCE)


def test_drives_dropped_on_the_right_become_destinations_whatever_their_names(
    session, tmp_path, qtbot
):
    drives = [tmp_path / NAME, tmp_path / "RAID 1 #2%20 🎬"]
    for drive in drives:
        drive.mkdir()
    drop(session.window, QPoint(1070, 400), *drives)
    pane = pane_of(session)
    qtbot.waitUntil(
        lambda: list(pane.destinations.tiles) == [str(d) for d in drives], timeout=PATIENCE
    )


def test_a_dropped_manifest_verifies_its_copy_and_the_queue_says_what_was_found(
    session, tmp_path, qtbot
):
    card, drive = made_card(tmp_path), tmp_path / "RAID-1"
    drive.mkdir()
    pane = pane_of(session)
    drop(session.window, QPoint(300, 400), card)
    drop(session.window, QPoint(1070, 400), drive)
    qtbot.waitUntil(
        lambda: pane.plan.face.can_start and not session.bridge.waiting, timeout=PATIENCE
    )
    pane.desk.choose(str(card))
    qtbot.waitUntil(
        lambda: pane.plan.face.can_start and not session.bridge.waiting, timeout=PATIENCE
    )
    pane.start()

    def ended(count: int) -> bool:
        jobs = session.bridge.snapshots
        return len(jobs) == count and all(job.state.ended for job in jobs)

    qtbot.waitUntil(lambda: ended(1), timeout=PATIENCE)
    (manifest,) = (drive / "C001" / "ascmhl").glob("*.mhl")
    drop(session.window, QPoint(640, 720), manifest)
    qtbot.waitUntil(lambda: ended(2), timeout=PATIENCE)
    verify = session.bridge.snapshots[-1]
    assert (verify.kind, verify.state) == ("verify", JobState.DONE)
    assert verify.verdict == "2 files verified, nothing differs."
    qtbot.waitUntil(lambda: not session.bridge.waiting, timeout=PATIENCE)
