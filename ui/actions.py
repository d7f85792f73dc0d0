"""Every command of the window: menus, shortcuts, and what is done with a job.

Whatever dragging or a button does is here too, so that all of it can be reached by keyboard.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from app.errors import NotFound
from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobSnapshot
from app.jobs.spec import JobId
from ui.bridge import Bridge
from ui.job_table import JobTable, Verb, gone_places, repairable, verbs_of
from ui.messages import Message, MessageBar
from ui.theme import Tone
from ui.widgets.opening import open_path
from ui.widgets.queue_table import QueueTable
from ui.words import printable

if TYPE_CHECKING:
    from app.engine import Engine

log = logging.getLogger(__name__)
A = TypeVar("A")

_KEYS = {
    Verb.PAUSE: "Ctrl+P",
    Verb.RESUME: "Ctrl+Shift+P",
    Verb.RETRY: "Ctrl+R",
    Verb.REPORT: "Ctrl+E",
    Verb.FILES: "Ctrl+I",
    Verb.OUTCOME: "Ctrl+Shift+F",
    Verb.REPAIR: "Ctrl+Alt+R",
    Verb.WITHOUT: "Ctrl+Alt+W",
    Verb.CANCEL: "Ctrl+Shift+Del",
    Verb.UP: "Alt+Up",
    Verb.DOWN: "Alt+Down",
    Verb.FORGET: "Ctrl+Del",
}


class JobDesk(QObject):
    """Carries out what a person wants done with a job, off the window's thread."""

    files_asked = Signal(str)
    """Id of the job whose files are to be shown."""
    outcome_asked = Signal(str)
    """Id of the verify job of which everything that it found is to be shown."""

    def __init__(self, bridge: Bridge, messages: MessageBar, model: JobTable) -> None:
        super().__init__()
        self._bridge = bridge
        self._messages = messages
        self._model = model

    def do(self, verb: str, job_id: str) -> None:
        """Carry out *verb* on the job *job_id*."""
        engine, job = self._bridge.engine, JobId(job_id)
        snapshot = self._model.job(self._model.row_of(job))
        if snapshot is None:
            return
        match Verb(verb):
            case Verb.PAUSE:
                self._bridge.act(lambda: engine.pause(job))
            case Verb.RESUME:
                self._bridge.act(lambda: engine.resume(job))
            case Verb.RETRY:
                self._bridge.act(lambda: engine.retry(job))
            case Verb.CANCEL:
                self._bridge.act(
                    lambda: engine.cancel(job), lambda left: self._cancelled(snapshot, left)
                )
            case Verb.FORGET:
                self._bridge.act(lambda: engine.forget(job))
            case Verb.UP | Verb.DOWN:
                self._move(job, -1 if verb == Verb.UP else 1)
            case Verb.FILES:
                self.files_asked.emit(job_id)
            case Verb.OUTCOME:
                self.outcome_asked.emit(job_id)
            case Verb.REPAIR:
                self._bridge.act(lambda: repair(engine, snapshot))
            case Verb.WITHOUT:
                places = gone_places(snapshot)
                self._bridge.act(lambda: _each(lambda n: engine.go_without(job, n), places))
            case Verb.REPORT:
                self.open_file(snapshot.report)

    def open_file(self, path: str) -> None:
        """Open a report or folder in the program that the system has for it."""
        open_path(Path(path), self._messages.window())

    def clear_ended(self) -> None:
        """Take every job that has ended well, or was cancelled, out of the queue."""
        engine = self._bridge.engine
        ended = [job.id for job in self._model.jobs if job.state.ended]
        self._bridge.act(lambda: _each(engine.forget, ended))

    def _cancelled(self, job: JobSnapshot, left: Sequence[str]) -> None:
        """Say so, and for as long as nobody closes it what is *left* half written on a drive."""
        again = ("Start again", lambda: self.do(Verb.RETRY, job.id))
        text = f"{printable(job.title)} was cancelled. What was confirmed stays where it is."
        text = " ".join((text, *map(printable, left)))
        tone = Tone.ATTENTION if left else Tone.DIM
        self._messages.show_message(
            Message(text=text, tone=tone, actions=(again,), stays=bool(left))
        )

    def _move(self, job: JobId, step: int) -> None:
        ids = [shown.id for shown in self._model.jobs]
        at = ids.index(job) + step
        if not 0 <= at < len(ids):
            return
        ids.remove(job)
        before = ids[at] if at < len(ids) else None
        self._bridge.act(lambda: self._bridge.engine.move(job, before))


class Commands(QObject):
    """The window's actions and the menus that they stand in."""

    def __init__(self, window: QWidget, bar: QMenuBar) -> None:
        super().__init__(window)
        self._window = window
        self._bar = bar
        self._menus: dict[str, QMenu] = {}
        self._own: dict[str, list[QAction]] = {}

    def menu(self, name: str) -> QMenu:
        """The menu *name*, made when it is first asked for."""
        if name not in self._menus:
            self._menus[name] = self._bar.addMenu(name)
        return self._menus[name]

    def add(
        self,
        menu: str,
        text: str,
        call: Callable[[], object],
        keys: str = "",
        *,
        role: QAction.MenuRole = QAction.MenuRole.NoRole,
    ) -> QAction:
        """A command in *menu*, also reachable while the menu bar is hidden."""
        action = QAction(text, self._window)
        action.setMenuRole(role)
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda _checked=False: call())
        self.menu(menu).addAction(action)
        self._window.addAction(action)
        return action

    def separator(self, menu: str) -> None:
        """A line in *menu*."""
        self.menu(menu).addSeparator()

    def fill(self, menu: str, title: str, actions: Iterable[QAction]) -> None:
        """Put a pane's own commands into *menu*, in place of those of the pane before it."""
        shown = self.menu(menu)
        for old in self._own.pop(menu, []):
            shown.removeAction(old)
            self._window.removeAction(old)
        shown.setTitle(title)
        kept = list(actions)
        for action in kept:
            shown.addAction(action)
            if not action.isSeparator():
                self._window.addAction(action)
        self._own[menu] = kept
        shown.menuAction().setVisible(bool(kept))

    def pop_up(self, anchor: QWidget) -> None:
        """Show all menus as one, for the button in the rail."""
        whole = QMenu(self._window)
        whole.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for menu in self._menus.values():
            if menu.menuAction().isVisible():
                whole.addAction(menu.menuAction())
        spot = anchor.mapToGlobal(anchor.rect().topRight())
        spot.setY(spot.y() - whole.sizeHint().height() + anchor.height())
        whole.popup(spot)

    def add_job_verbs(self, menu: str, table: QueueTable, desk: JobDesk) -> None:
        """Everything that can be done with the current job; what can't be done now is grey."""
        actions = {
            verb: self.add(menu, str(verb), partial(_do_current, verb, table, desk), keys)
            for verb, keys in _KEYS.items()
        }

        def enable() -> None:
            job = table.current_job
            allowed = verbs_of(job) if job is not None else ()
            for verb, action in actions.items():
                action.setEnabled(verb in allowed)

        table.current_changed.connect(enable)
        enable()


def repair(engine: Engine, job: JobSnapshot) -> tuple[JobId, ...]:
    """Queue the repair of what is damaged: of an offload, or of those whose copy a verify job read.

    Asks the journal: worker only. Raises NotFound where no other verified copy is known.
    """
    if places := repairable(job):
        return tuple(engine.repair(job.id, place) for place in places)
    spec = engine.journal.job(job.id).spec
    found = [
        (known.id, place)
        for known in engine.history()
        for place in repairable(known)
        if isinstance(spec, VerifySpec) and _meet(Path(known.places[place].path), spec.path)
    ]
    if not found:
        raise NotFound(
            f"No other verified copy is known for {job.title}.",
            hint="`reelkeep verify --repair-from` takes any other copy of the same folder.",
        )
    return tuple(engine.repair(known, place) for known, place in found)


def _meet(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _each(call: Callable[[A], object], ones: Iterable[A]) -> None:
    for one in ones:
        call(one)


def _do_current(verb: Verb, table: QueueTable, desk: JobDesk) -> None:
    if table.current_job is not None:
        desk.do(verb, table.current_job.id)
