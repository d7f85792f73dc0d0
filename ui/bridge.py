"""Where threads and Qt meet, and nowhere else.

The engine works in a QThread; the window asks it for pictures ten times a second. Slow questions
go to worker threads, and their answers arrive in the window's thread.
"""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QThread, QThreadPool, QTimer, Signal, Slot
from shiboken6 import Shiboken

from app.errors import ReelkeepError
from app.jobs.snapshot import JobSnapshot

if TYPE_CHECKING:
    from app.engine import Engine
    from app.media.watch.state import WatchState
    from app.places.volume_watch import VolumeWatch

log = logging.getLogger(__name__)

POLL_MS = 100
WATCH_SECONDS = 1.0
QUESTIONS = 6
"""So many questions are answered at a time."""
DEEDS = 24
"""So many deeds: one may wait for a drive that hangs, and a person presses again."""
END_SECONDS = 5.0
"""Watch folders end within a second, unless a drive keeps them."""
CLOSE_MS = 10_000
SWITCH_SECONDS = 0.0005
"""Painting gives Python's lock away at every call of Qt and waits so long to have it back."""
A = TypeVar("A")

INTERNAL = "Internal error, see the log."
"""What people read when we failed, not the world."""


class EngineThread(QThread):
    """The thread in which the engine runs its jobs."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.setObjectName("engine")
        self._engine = engine
        self.failure: BaseException | None = None
        """What ended the engine, when it was not asked to end."""

    def run(self) -> None:
        try:
            self._engine.watched.begin()
            self._engine.serve()
        except BaseException as error:
            self.failure = error
            log.exception("The engine has stopped")
        finally:
            if not self._engine.watched.end(END_SECONDS):
                log.error("A watch folder does not answer; it was left behind")


class VolumesThread(QThread):
    """The thread that notices volumes coming and going."""

    noticed = Signal()
    """Something was mounted, unmounted or changed."""

    def __init__(self, watch: VolumeWatch) -> None:
        super().__init__()
        self.setObjectName("volumes")
        self._watch = watch
        self._ending = False

    def run(self) -> None:
        try:
            while not self._ending:
                if self._watch.wait(WATCH_SECONDS) and not self._ending:
                    self.noticed.emit()
        except Exception:
            log.exception("Volumes are no longer watched")

    def end(self) -> None:
        """Ask the thread to end and wait for it."""
        self._ending = True
        self._watch.close()
        self.wait(CLOSE_MS)


class Bridge(QObject):
    """The engine as the window sees it."""

    snapshots_changed = Signal(object)
    """tuple[JobSnapshot, ...], at most ten times a second."""
    watches_changed = Signal(object)
    """tuple[WatchState, ...] of the watch folders that are switched on, as often."""
    volumes_changed = Signal(object)
    """tuple[Volume, ...] of what is mounted now."""
    error_raised = Signal(object)
    """An exception that nobody asked for by a handler of their own: for the message bar."""
    engine_failed = Signal()
    """The engine's thread has ended although nobody asked it to."""
    closing = Signal()
    """Everything ends now: whoever has threads of its own ends them before this returns."""

    _answered = Signal(int, object, object)
    _looked = Signal(object, object)

    def __init__(
        self, engine: Engine, watch: VolumeWatch | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.engine = engine
        self._shown: tuple[JobSnapshot, ...] | None = None
        self._watches: tuple[WatchState, ...] = ()
        self._tickets = itertools.count(1)
        self._waiting: dict[int, tuple[Callable[[Any], object], Callable[[Any], object]]] = {}
        self._closed = self._stopping = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(QUESTIONS)
        # Whatever hangs at a question, a job can still be cancelled.
        self._deeds = QThreadPool(self)
        self._deeds.setMaxThreadCount(DEEDS)
        self._answered.connect(self._deliver)
        # The engine's pictures wait for its journal now and then, and a disk may be slow to sync.
        self._look = QThreadPool(self)
        self._look.setMaxThreadCount(1)
        self._looking = False
        self._looked.connect(self._show)
        self._thread = EngineThread(engine)
        self._thread.finished.connect(self._engine_ended)
        self._volumes = VolumesThread(watch) if watch is not None else None
        if self._volumes is not None:
            self._volumes.noticed.connect(self.look_at_volumes)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    def start(self) -> None:
        """Start the engine, the polling and the watch on volumes."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()
        self._timer.start()
        if self._volumes is not None:
            self._volumes.start()
        self.look_at_volumes()

    @property
    def snapshots(self) -> tuple[JobSnapshot, ...]:
        """The queue as it was shown last."""
        return self._shown or ()

    @property
    def watches(self) -> tuple[WatchState, ...]:
        """The watch folders that are switched on, as they were shown last."""
        return self._watches

    @property
    def running(self) -> bool:
        """Whether the engine's thread is alive."""
        return self._thread.isRunning()

    def ask(
        self,
        call: Callable[[], A],
        on_done: Callable[[A], object] | None = None,
        on_error: Callable[[Exception], object] | None = None,
    ) -> int:
        """Run *call* off the window's thread; the answer or the error arrives in it.

        Without *on_error* an error goes to the message bar. An answer for a widget that has
        gone meanwhile is dropped. Answers the question's ticket, for `forget`.
        """
        return self._put(self._pool, call, on_done, on_error)

    def act(
        self,
        deed: Callable[[], A],
        on_done: Callable[[A], object] | None = None,
        on_error: Callable[[Exception], object] | None = None,
    ) -> int:
        """The same for what a person wants done; no question that hangs keeps it waiting."""
        return self._put(self._deeds, deed, on_done, on_error)

    def _put(
        self,
        pool: QThreadPool,
        call: Callable[[], A],
        on_done: Callable[[A], object] | None,
        on_error: Callable[[Exception], object] | None,
    ) -> int:
        ticket = next(self._tickets)
        if self._closed:
            return ticket
        self._waiting[ticket] = (on_done or _nothing, on_error or self.error_raised.emit)
        pool.start(lambda: self._work(ticket, call))
        return ticket

    def forget(self, ticket: int) -> None:
        """Drop the answer of a question that no longer matters."""
        self._waiting.pop(ticket, None)

    def look_at_volumes(self) -> None:
        """Ask the engine what is mounted, and tell."""
        self.ask(self.engine.volumes, self.volumes_changed.emit)

    @property
    def waiting(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._waiting) or self._shown is None

    def stop_engine(self) -> None:
        """Ask the engine to end; does not wait. Its thread ends when `running` says so."""
        self._stopping = True
        if self._thread.isRunning():
            self._deeds.start(self._stop)

    def _stop(self) -> None:
        try:
            self.engine.stop()
        except Exception:
            log.exception("The engine could not be stopped")

    def close(self) -> bool:
        """End everything in order: no more answers, the watch, the engine, the questions.

        False when something hangs, such as a read from a server that is gone.
        """
        if self._closed:
            return True
        self._closed = True
        self.closing.emit()
        self._timer.stop()
        self._waiting.clear()
        if self._volumes is not None:
            self._volumes.end()
        if self._thread.isRunning():
            self.engine.stop()
            if not self._thread.wait(CLOSE_MS):
                log.error("The engine did not stop within %s s", CLOSE_MS // 1000)
        pools = (self._look, self._deeds, self._pool)
        return all(pool.waitForDone(CLOSE_MS) for pool in pools) and not self._thread.isRunning()

    def _work(self, ticket: int, call: Callable[[], object]) -> None:
        answer, failure = None, None
        try:
            answer = call()
        except Exception as error:
            failure = error
            if not isinstance(error, ReelkeepError):
                log.exception("A question to the engine failed")
        if Shiboken.isValid(self):
            self._answered.emit(ticket, answer, failure)

    @Slot(int, object, object)
    def _deliver(self, ticket: int, answer: object, failure: Exception | None) -> None:
        on_done, on_error = self._waiting.pop(ticket, (_nothing, _nothing))
        heard = on_done if failure is None else on_error
        listener = getattr(heard, "__self__", None)
        if isinstance(listener, QObject) and not Shiboken.isValid(listener):
            return
        heard(answer if failure is None else failure)

    @Slot()
    def _poll(self) -> None:
        """Ask for the next picture, unless one is still on its way."""
        if not self._looking and not self._closed:
            self._looking = True
            self._look.start(self._take)

    def _take(self) -> None:
        current: tuple[JobSnapshot, ...] | None = None
        watches = self._watches
        try:
            watches = self.engine.watched.states()
            current = self.engine.snapshots()
        except Exception:
            log.exception("The queue could not be read")
        if Shiboken.isValid(self):
            self._looked.emit(current, watches)

    @Slot(object, object)
    def _show(
        self, current: tuple[JobSnapshot, ...] | None, watches: tuple[WatchState, ...] = ()
    ) -> None:
        self._looking = False
        if self._closed:
            return
        if current is not None and current != self._shown:
            self._shown = current
            self.snapshots_changed.emit(current)
        if watches != self._watches:
            self._watches = watches
            self.watches_changed.emit(watches)

    @Slot()
    def _engine_ended(self) -> None:
        if self._closed or self._stopping:
            return
        self._show(self.engine.snapshots())  # the last picture is never lost
        self.engine_failed.emit()


def _nothing(_: object) -> None:
    """Where answers go that nobody waits for."""
