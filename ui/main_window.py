"""The main window: rail, pane, queue, status line, and what is dropped on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QSettings, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.jobs.snapshot import JobSnapshot, JobState
from ui.actions import Commands, JobDesk
from ui.bridge import Bridge
from ui.messages import Message, MessageBar
from ui.models.day import CardOnDesk
from ui.models.queue import QueueModel
from ui.panes import Pane
from ui.theme import Tone
from ui.widgets.queue import QueuePanel
from ui.widgets.rail import Rail
from ui.widgets.status_line import StatusLine
from ui.words import counts_text, printable

QUEUE_HEIGHT = 172
_ACTIVE = {JobState.RUNNING, JobState.PAUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneDoor:
    """A pane in the rail, built when it is first entered."""

    key: str
    title: str
    build: Callable[[Bridge], Pane]


class MainWindow(QMainWindow):
    """Holds the panes and the queue; decides nothing about jobs."""

    quit_asked = Signal()
    """The person wants to quit, and knows what that means for running jobs."""
    window_asked = Signal(str)
    """A separate window is wanted: settings, log, status, about, or `files:JOB`."""
    cards_changed = Signal()
    """The cards that the panes show are others, or stand otherwise."""

    def __init__(
        self, bridge: Bridge, doors: Sequence[PaneDoor], memory: QSettings, profile: str
    ) -> None:
        super().__init__()
        self.bridge = bridge
        self._doors = {door.key: door for door in doors}
        self._panes: dict[str, Pane] = {}
        self._memory = memory
        self._key = self._day = ""
        self.setWindowTitle("Reelkeep")
        self.setAcceptDrops(True)
        self.setMinimumSize(1000, 600)
        self.rail = Rail([(door.key, door.title) for door in doors])
        self.stack = QStackedWidget()
        self.messages = MessageBar()
        self.queue = QueuePanel(QueueModel())
        self.status = StatusLine()
        self.status.profile.show_text(f"Profile: {profile}")
        self.desk = JobDesk(bridge, self.messages, self.queue.model)
        self.splitter = self._splitter()
        self.setCentralWidget(self._centre())
        self.commands = Commands(self, self.menuBar())
        self._fill_menus()
        self._connect()
        self._restore()

    def _splitter(self) -> QSplitter:
        above = QWidget()
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self.stack, 1)
        made = QSplitter(Qt.Orientation.Vertical)
        made.setHandleWidth(1)
        made.setChildrenCollapsible(False)
        made.addWidget(above)
        made.addWidget(self.queue)
        made.setStretchFactor(0, 1)
        made.setStretchFactor(1, 0)
        made.setSizes([10_000, QUEUE_HEIGHT])
        return made

    def _centre(self) -> QWidget:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.splitter, 1)
        column.addLayout(row, 1)
        column.addWidget(self.status)
        return centre

    def _fill_menus(self) -> None:
        add, ask = self.commands.add, self.window_asked.emit
        self.commands.menu("&Reelkeep")
        self.commands.fill("Pane", "&Offload", ())
        add("&Reelkeep", "Settings…", lambda: ask("settings"), "Ctrl+,",
            role=QAction.MenuRole.PreferencesRole)  # fmt: skip
        add("&Reelkeep", "Log…", lambda: ask("log"), "Ctrl+Shift+L")
        self.commands.separator("&Reelkeep")
        add("&Reelkeep", "About Reelkeep", lambda: ask("about"), role=QAction.MenuRole.AboutRole)
        add("&Reelkeep", "Quit", self.close, "Ctrl+Q", role=QAction.MenuRole.QuitRole)
        self.commands.add_job_verbs("&Jobs", self.queue.table, self.desk)
        self.commands.separator("&Jobs")
        add("&Jobs", "Clear ended jobs", self.desk.clear_ended)
        for number, door in enumerate(self._doors.values(), start=1):
            add("&View", door.title, partial(self.enter, door.key), f"Ctrl+{number}")
        self.commands.separator("&View")
        add("&View", "Queue", self.queue.table.setFocus, "Ctrl+0")
        add("&View", "Status mode", lambda: ask("status"), "F9")
        add("&View", "Full screen", self.toggle_full_screen, "F11")
        add("&View", "Menu bar", self.toggle_menu_bar, "F10")

    def _connect(self) -> None:
        self.rail.pane_asked.connect(self.enter)
        self.rail.menu_asked.connect(lambda: self.commands.pop_up(self.rail.menu))
        self.queue.verb_asked.connect(self.desk.do)
        self.queue.seen_changed.connect(self._remember)
        self.desk.files_asked.connect(lambda job: self.window_asked.emit(f"files:{job}"))
        self.desk.outcome_asked.connect(lambda job: self.window_asked.emit(f"found:{job}"))
        self.bridge.snapshots_changed.connect(self.show_jobs)
        self.bridge.error_raised.connect(self.messages.show_error)
        self.bridge.engine_failed.connect(self._engine_failed)
        self.splitter.splitterMoved.connect(self._remember)

    # Panes

    def enter(self, key: str) -> None:
        """Bring the pane *key* to the front."""
        door = self._doors[key]
        if key not in self._panes:
            pane = door.build(self.bridge)
            pane.badge_changed.connect(lambda count: self.rail.set_badge(key, count))
            pane.said.connect(self.status.say)
            pane.cards_changed.connect(self.cards_changed)
            self._panes[key] = pane
            self.stack.addWidget(pane)
        self._key = key
        pane = self._panes[key]
        self.stack.setCurrentWidget(pane)
        self.rail.choose(key)
        self.commands.fill("Pane", f"&{door.title}", pane.commands())
        pane.shown()

    @property
    def pane(self) -> Pane:
        """The pane in front."""
        return self._panes[self._key]

    def cards_on_desk(self) -> tuple[CardOnDesk, ...]:
        """The cards that the panes show."""
        return tuple(card for pane in self._panes.values() for card in pane.cards_on_desk())

    # Jobs

    def show_jobs(self, jobs: tuple[JobSnapshot, ...]) -> None:
        """Show the queue as the engine has it."""
        self.queue.show_jobs(jobs)
        states = [job.state for job in self.queue.model.jobs]
        running, waiting = states.count(JobState.RUNNING), states.count(JobState.QUEUED)
        awake = running and self.bridge.engine.awake
        self.status.awake.show_text("Awake while jobs run" if awake else "")
        done = states.count(JobState.DONE)
        failed = states.count(JobState.FAILED)
        text = counts_text(
            ((running, "running"), (waiting, "waiting"), (done, "done"), (failed, "failed"))
        )
        self.status.show_day(self._day or text or "Nothing is running")

    def show_day(self, text: str) -> None:
        """Show how the shooting day stands: "Day 12 · 14 cards, 11 safe, 1 to do"."""
        self._day = text
        self.show_jobs(self.bridge.snapshots)

    def _engine_failed(self) -> None:
        text = "The engine has stopped. Start Reelkeep again; what is confirmed stays confirmed."
        self.messages.show_message(Message(text=text, tone=Tone.FAILED, key="engine"))

    # Closing

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        active = [job for job in self.bridge.snapshots if job.state in _ACTIVE and not job.foreign]
        if not active:
            self.quit_asked.emit()
            return
        names = ", ".join(printable(job.title) for job in active[:3])
        more = f" and {len(active) - 3} more" if len(active) > 3 else ""
        message = Message(
            text=f"{names}{more}: still at work. Interrupted jobs keep what is confirmed and can "
            "be resumed at the next start.",
            tone=Tone.ATTENTION,
            actions=(("Keep copying", lambda: None), ("Interrupt and quit", self.quit_asked.emit)),
            key="closing",
        )
        self.messages.show_message(message)
        self.messages.lines[0].first_button().setFocus()
        self.showNormal() if self.isMinimized() else self.raise_()

    # Dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        ours = event.source() is not None  # clips on their way out of the window
        if not ours and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [path_of(url) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        if paths and not self.pane.accept_drop(paths):
            names = ", ".join(printable(path.name) for path in paths[:3])
            self.messages.say(f"{self._doors[self._key].title} has no use for {names}.")

    # Looks

    def toggle_full_screen(self) -> None:
        """Fill the screen, or come back from it."""
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def toggle_menu_bar(self) -> None:
        """Show or hide the menu bar; hidden, all of it is behind the button in the rail."""
        bar = self.menuBar()
        bar.setVisible(bar.isHidden())
        if not bar.isHidden():
            bar.setFocus()
        self._remember()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.messages.lines:
            self.messages.lines[0].close_line()
            return
        super().keyPressEvent(event)

    def _restore(self) -> None:
        geometry, sizes = self._memory.value("window"), self._memory.value("splitter")
        if geometry is not None:
            self.restoreGeometry(geometry)
        if sizes is not None:
            self.splitter.restoreState(sizes)
        self.menuBar().setVisible(self._memory.value("menu") == "shown")
        self.queue.seen = set(self._memory.value("seen") or ())

    def _remember(self) -> None:
        known = {job.id for job in self.queue.model.jobs}
        self._memory.setValue("window", self.saveGeometry())
        self._memory.setValue("splitter", self.splitter.saveState())
        self._memory.setValue("menu", "hidden" if self.menuBar().isHidden() else "shown")
        self._memory.setValue("seen", sorted(self.queue.seen & known))

    def remember(self) -> None:
        """Keep the window's place, the queue's height and what was seen for the next start."""
        self._remember()
        self._memory.sync()


def path_of(url: QUrl) -> Path:
    """The file that *url* names, byte for byte, also where its name is no valid UTF-8."""
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    return Path(os.fsdecode(unquote_to_bytes(encoded)))
