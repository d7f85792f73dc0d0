"""The library with the real engine behind it: proxies made by a job are played when it is done."""

from __future__ import annotations

from pathlib import Path

from library_bench import number_seen, pick, settled
from numbered_clips import NumberedClips
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from app.jobs.snapshot import JobState
from ui.application import Session
from ui.panes.library import LibraryPane

PATIENCE = 120_000
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def shown(session: Session, shelf: Path, qtbot) -> LibraryPane:
    pane = session.window.pane
    assert isinstance(pane, LibraryPane)
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane) and pane.table.isVisible(), timeout=PATIENCE)
    return pane


def test_previews_are_made_by_a_key_and_played_when_they_are_there(
    session: Session, shelf: Path, numbered: NumberedClips, qtbot
) -> None:
    pane = shown(session, shelf, qtbot)
    session.window.activateWindow()
    qtbot.waitUntil(session.window.isActiveWindow)
    QTest.keyClick(session.window, Qt.Key.Key_M, CTRL_SHIFT)
    qtbot.waitUntil(lambda: len(session.bridge.snapshots) == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: session.bridge.snapshots[0].state.ended, timeout=PATIENCE)
    assert session.bridge.snapshots[0].state is JobState.DONE, session.bridge.snapshots[0].error
    qtbot.waitUntil(lambda: len(pane.player.clip.versions) > 1, timeout=PATIENCE)
    preview = pane.player.clip.versions[1]
    assert preview.label.startswith("preview")
    pane.player.show(66)
    pane.player.play_from(preview)
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)
    assert number_seen(pane.panel.player.view) == 66
    assert pane.panel.player.view.badge == preview.label


def test_previews_are_made_from_the_words_that_tell_what_is_played(
    session: Session, shelf: Path, qtbot
) -> None:
    pane = shown(session, shelf, qtbot)
    pick(pane, "Make previews", qtbot)
    qtbot.waitUntil(lambda: len(session.bridge.snapshots) == 1, timeout=PATIENCE)
    assert session.bridge.snapshots[0].kind == "proxy"
    qtbot.waitUntil(lambda: session.bridge.snapshots[0].state.ended, timeout=PATIENCE)
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)


def test_contact_sheets_go_where_the_person_says(
    session: Session, shelf: Path, tmp_path: Path, qtbot
) -> None:
    pane = shown(session, shelf, qtbot)
    pane.table.selectAll()
    pane.deeds._queue_sheets(tuple(row.path for row in pane.chosen()), tmp_path / "sheets")
    qtbot.waitUntil(lambda: len(session.bridge.snapshots) == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: session.bridge.snapshots[0].state.ended, timeout=PATIENCE)
    assert session.bridge.snapshots[0].state is JobState.DONE, session.bridge.snapshots[0].error
    assert len(list((tmp_path / "sheets").rglob("*.jpg"))) == 2
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)


def test_the_menu_key_offers_what_can_be_done_with_the_chosen_clips(
    session: Session, shelf: Path, qtbot
) -> None:
    pane = shown(session, shelf, qtbot)
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Keyboard, pane.table.rect().center(), pane.table.rect().center()
    )
    QApplication.sendEvent(pane.table.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Make previews" in [action.text() for action in menu.actions()]
    menu.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
