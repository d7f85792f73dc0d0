"""Watch folders in the library: made, switched by mouse and menu, told of, kept up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from library_bench import names, settled
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from walk import focus_chain, nameless, unreachable

from app.jobs.spec import JobId
from app.media.watch.order import FILE, Folders, Make, WatchOrder, init
from app.media.watch.state import Failure, InHand, WatchState
from ui.application import Session
from ui.models.watch_words import failure_lines, watch_figure, watch_line, watch_sign
from ui.panes.library import LibraryPane

PATIENCE = 60_000
LEFT = Qt.MouseButton.LeftButton
ROOT = Path("/media/RAID/Rushes")
ORDER = WatchOrder(
    root=ROOT, folders=Folders(raw="in"), make=Make(archive="", proxies=("thumbnail",))
)


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    root = tmp_path / "Rushes day 12"
    order = init(root)
    text = (root / FILE).read_text().replace('"compact"', '""').replace('"keepsake"', '""')
    (root / FILE).write_text(text.replace("quiet_seconds = 5", "quiet_seconds = 1"))
    (order.raw / "first.mov").write_bytes(b"no clip at all")
    return root


def shown(session: Session, folder: Path, qtbot) -> LibraryPane:
    pane = session.window.pane
    assert isinstance(pane, LibraryPane)
    pane.show_folder(folder)
    qtbot.waitUntil(lambda: settled(pane) and pane.watching.bar.isVisible(), timeout=PATIENCE)
    return pane


def test_a_watch_folder_is_switched_on_told_of_and_switched_off(
    session: Session, watched: Path, qtbot
) -> None:
    pane = shown(session, watched / "raw", qtbot)
    bar = pane.watching.bar
    assert (bar.state.text(), bar.name.full_text) == ("Not watched", "Rushes day 12")
    assert bar.line.full_text == "Once it is watched, clips in raw are made into contact sheets."
    assert pane.places.places[1].name == "Rushes day 12/raw"  # raw alone would say too little

    QTest.mouseClick(bar.switch, LEFT, pos=QPoint(8, bar.switch.height() // 2))

    qtbot.waitUntil(bar.trouble.isVisible, timeout=PATIENCE)
    assert bar.state.text() == "Watching, something failed"
    assert bar.trouble.full_text == "✕ first.mov is no clip, or its header is damaged."
    assert session.window.rail.buttons["library"].badge == 1
    assert session.engine.settings.get("watch.folders") == [str(watched)]
    place = next(p for p in pane.places.places if p.key == f"watch:{watched}")
    assert (place.name, place.figure, place.here) == ("Rushes day 12", "✕", True)
    (watched / "raw" / "first.mov").replace(watched / "raw" / "second.mov")
    qtbot.waitUntil(lambda: names(pane) == ["second"] and settled(pane), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "second.mov" in bar.trouble.full_text, timeout=PATIENCE)
    QTest.mouseClick(bar.again, LEFT)
    qtbot.waitUntil(lambda: not bar.trouble.isVisible(), timeout=PATIENCE)

    assert pane.watching.action.isChecked()
    pane.watching.action.trigger()

    qtbot.waitUntil(lambda: not session.bridge.watches, timeout=PATIENCE)
    assert bar.state.text() == "Not watched"
    assert not bar.switch.isChecked()
    assert session.engine.settings.get("watch.folders") == []


def test_everything_about_a_watch_folder_has_a_name_and_can_be_reached(
    session: Session, watched: Path, qtbot
) -> None:
    pane = shown(session, watched / "raw", qtbot)
    chain = focus_chain(session.window)
    assert pane.watching.bar.switch in chain
    assert pane.watching.bar.order in chain
    assert nameless(chain) == []
    assert unreachable(session.window, chain) == []
    pane.watching.bar.switch.setFocus()
    QTest.keyClick(pane.watching.bar.switch, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(session.bridge.watches), timeout=PATIENCE)


def test_a_new_watch_folder_is_made_and_shown_and_not_switched_on(
    session: Session, tmp_path: Path, qtbot
) -> None:
    pane = session.window.pane
    assert isinstance(pane, LibraryPane)
    next(a for a in pane.commands() if a.text() == "New watch folder…").trigger()
    dialog = pane.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "New"))
    dialog.close()
    qtbot.waitUntil(lambda: settled(pane) and pane.watching.bar.isVisible(), timeout=PATIENCE)
    assert pane.clips.root == tmp_path / "New" / "raw"
    assert pane.watching.here.root == tmp_path / "New"
    assert not pane.watching.on
    assert (tmp_path / "New" / FILE).is_file()


def test_an_order_that_makes_no_sense_is_told_and_the_switch_stays_off(
    session: Session, watched: Path, qtbot
) -> None:
    (watched / FILE).write_text("[make")
    pane = shown(session, watched / "raw", qtbot)
    assert "cannot be read" in pane.watching.bar.line.full_text
    pane.watching.switch(True)
    lines = session.window.messages
    qtbot.waitUntil(lambda: bool(lines.lines), timeout=PATIENCE)
    assert "cannot be read" in lines.lines[0].message.text
    assert not pane.watching.bar.switch.isChecked()


@pytest.mark.parametrize(
    ("facts", "word", "line", "figure"),
    [
        ({"elsewhere": True}, "Watched elsewhere", "By another window, or by", "…"),
        ({"trouble": "It is gone."}, "Cannot be watched", "It is gone. It is tried again.", "!"),
        ({}, "Starting", "Looks at what is there.", "…"),
        ({"running": True}, "Watching", "Waits for clips in in", "▶"),
        ({"running": True, "growing": 1, "left_out": 2}, "Watching",
         "1 file still coming in · 2 files left out, no clips", "▶"),
        ({"running": True, "done": 1200, "waiting": 3, "in_hand": (
            InHand(file="a.mov", product="montage", job=JobId("1")),
            InHand(file="a.mov", product="preview", job=JobId("2")),
        )}, "Watching", "1 clip in the queue · 3 waiting · 1,200 made so far", "▶ 4"),
    ],
)  # fmt: skip
def test_how_it_stands_is_said_in_words(facts, word, line, figure):
    state = WatchState(root=ROOT, **facts)
    assert watch_sign(state).word == word
    assert watch_line(state, ORDER).startswith(line)
    assert watch_figure(state) == figure


def test_what_is_made_and_what_could_not_be_is_said_without_the_path_of_the_folder():
    assert watch_line(None, ORDER) == (
        "Once it is watched, clips in in are made into contact sheets, proxies (thumbnail), "
        "preview (keepsake)."
    )
    words = f"{ROOT}/in/b.r3d cannot be decoded here."
    failures = (
        Failure(file="a.mov", product="probe", words=f"{ROOT}/in/a.mov is no clip."),
        Failure(file="b.r3d", product="montage", words=words),
    )
    assert failure_lines(WatchState(root=ROOT, failures=failures), ORDER) == [
        "No contact sheet of b.r3d: b.r3d cannot be decoded here.",
        "a.mov is no clip.",
    ]
