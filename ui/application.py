"""Puts the window together, runs it, and closes it in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType

from PySide6.QtCore import QSettings, Qt, QTimer  # before qasync, which takes what it finds
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget
from qasync import QEventLoop

from app.engine import Engine
from app.errors import ReelkeepError
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.log import FILE_NAME, start_log, stop_log
from app.places.volume_watch import VolumeWatch
from app.units import count_text
from ui import icons, theme
from ui.bridge import Bridge
from ui.garbage import Collector
from ui.main_window import MainWindow, PaneDoor
from ui.messages import Message
from ui.models.day import DayLine
from ui.models.power import PowerWatch
from ui.notifier import Notifier
from ui.panes import Pane
from ui.qt_messages import qt_messages_logged
from ui.theme import Tone
from ui.words import printable

log = logging.getLogger(__name__)

SETTLE_MS = 400
"""A picture is taken once nothing has been asked of the engine for so long."""
PATIENCE_MS = 20_000
CLOSE_SECONDS = 15.0


def run(
    profile: Path | None = None,
    *,
    screenshot: Path | None = None,
    size: tuple[int, int] = (1280, 800),
    pane: str = "offload",
) -> int:
    """Open the window on *profile* and answer the exit code once it is closed.

    With *screenshot* the window is drawn without a display, saved there when it has settled,
    and closed.
    """
    if screenshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with qt_messages_logged():
        app = make_application()
        try:
            with Engine(profile) as engine, logged(engine):
                return run_engine(app, engine, screenshot=screenshot, size=size, pane=pane)
        except ReelkeepError as error:
            return _refuse(error, quiet=screenshot is not None)


@contextlib.contextmanager
def logged(engine: Engine) -> Iterator[None]:
    """While inside, everything is logged where the settings say, also what Python lets fall."""
    settings = engine.settings
    handler = start_log(
        log_directory(engine),
        max_size=settings.get("log.max_size"),
        keep=settings.get("log.keep"),
    )
    try:
        yield
    finally:
        stop_log(handler)


def log_directory(engine: Engine) -> Path:
    """Where the log lies."""
    return engine.settings.path("log.directory") or engine.profile.log_directory


def run_engine(
    app: QApplication,
    engine: Engine,
    *,
    screenshot: Path | None = None,
    size: tuple[int, int] = (1280, 800),
    pane: str = "offload",
) -> int:
    """Open the window on *engine*; see `run`."""
    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        session = Session(engine, pane, VolumeWatch())
        if screenshot is not None:
            picture = Picture(session, screenshot, size)
            log.info("A picture is being taken: %s", picture.target)
        else:
            picture = None
            session.window.resize(*size)
        restore = _heed_signals(session)
        before, sys.excepthook = sys.excepthook, session.fell
        try:
            code = runner.run(session.live())
        finally:
            sys.excepthook = before
            restore()
        if not session.ended:  # joining its threads would hang too; nothing unconfirmed is lost
            logging.shutdown()
            os._exit(1)
        return code if picture is None else _tell(picture)


def _tell(picture: Picture) -> int:
    """Say where the picture is, or that there is none."""
    if picture.saved:
        print(picture.target)
        return 0
    text = f"The picture could not be saved as {printable(str(picture.target))}."
    print(f"{text} Name a .png or .jpg in a folder that is there.", file=sys.stderr)
    return 1


def _refuse(error: ReelkeepError, *, quiet: bool) -> int:
    """Say why the window cannot be opened, also to those who see no terminal; exit code 2."""
    print(f"{error.title}: {error}", file=sys.stderr)
    if not quiet:
        from PySide6.QtWidgets import QMessageBox

        QMessageBox.critical(None, "Reelkeep", f"{error.title}\n\n{printable(str(error))}")
    return 2


def make_application() -> QApplication:
    """The one QApplication, dressed."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("Reelkeep")
    app.setDesktopFileName("reelkeep")
    app.setQuitOnLastWindowClosed(False)
    theme.apply(app)
    app.setWindowIcon(icons.icon("reelkeep", "", 64))
    return app


def doors() -> tuple[PaneDoor, ...]:
    """The five panes; each is imported when it is first entered."""

    def offload(bridge: Bridge) -> Pane:
        from ui.dialogs.offload import OffloadWindows
        from ui.panes.offload import OffloadPane

        return OffloadPane(bridge, OffloadWindows(bridge))

    def library(bridge: Bridge) -> Pane:
        from ui.panes.library import LibraryPane

        return LibraryPane(bridge)

    def timeline(bridge: Bridge) -> Pane:
        from ui.panes.timeline import TimelinePane

        return TimelinePane(bridge)

    def branches(bridge: Bridge) -> Pane:
        from ui.panes.branches import BranchesPane

        return BranchesPane(bridge)

    def tape(bridge: Bridge) -> Pane:
        from ui.panes.tape import TapePane

        return TapePane(bridge)

    return tuple(
        PaneDoor(key=build.__name__, title=build.__name__.capitalize(), build=build)
        for build in (offload, library, timeline, branches, tape)
    )


class Session:
    """One life of the window: opened, heard, closed in order."""

    def __init__(self, engine: Engine, pane: str, watch: VolumeWatch | None = None) -> None:
        self.engine = engine
        self.bridge = Bridge(engine, watch)
        memory = QSettings(str(engine.profile.directory / "window.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(self.bridge, doors(), memory, self._profile_name())
        self.notifier = Notifier(self.bridge)
        self.day = DayLine(self.bridge, self.window.cards_on_desk)
        self.day.changed.connect(self.window.show_day)
        self.window.cards_changed.connect(self.day.tell_again)
        self.garbage = Collector(self.bridge)
        self.power = PowerWatch(self.bridge)
        self.power.warned.connect(self._warn_of_power)
        self._windows: dict[str, QWidget] = {}
        self._closing = asyncio.Event()
        self._offered = self._power_said = False
        self.ended = True
        """False when something hung at the end and had to be left behind."""
        self.window.quit_asked.connect(self.close)
        self.window.window_asked.connect(self.open_window)
        self.bridge.snapshots_changed.connect(self._offer_resume)
        self.window.enter(pane)

    def _profile_name(self) -> str:
        project = str(self.engine.settings.get("project.name"))
        return project or self.engine.profile.directory.name

    @property
    def log_file(self) -> Path:
        """The log that is being written."""
        return log_directory(self.engine) / FILE_NAME

    async def live(self) -> int:
        """Show the window and wait until it is to be closed; answers the exit code."""
        self.window.show()
        self.garbage.begin()
        self.bridge.start()
        await self._closing.wait()
        await self._end()
        return 0

    def fell(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """A bug of ours in the window: logged whole, and said in the message bar."""
        log.error("Internal error in the window", exc_info=(kind, error, trace))
        if isinstance(error, Exception):
            self.window.messages.show_error(error)

    def close(self) -> None:
        """Quit: running jobs are interrupted, and keep what is confirmed."""
        self._closing.set()

    async def _end(self) -> None:
        """Stop the engine while the window still answers, then take everything down."""
        self.window.remember()
        self.day.end()
        self.power.end()
        self.window.status.say("Closing. What is confirmed stays confirmed.")
        self.window.setEnabled(False)
        self.bridge.stop_engine()
        waited = 0.0
        while self.bridge.running and waited < CLOSE_SECONDS:
            await asyncio.sleep(0.05)
            waited += 0.05
        self.ended = self.bridge.close()
        for window in (*self._windows.values(), self.window):
            window.hide()
            window.deleteLater()
        self.garbage.end()

    def open_window(self, name: str) -> None:
        """Open, or bring to the front, one of the separate windows."""
        shown = self._windows.get(name)
        if shown is None:
            shown = _build_window(name, self)
            shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            shown.destroyed.connect(lambda: self._windows.pop(name, None))
            self._windows[name] = shown
        shown.show()
        shown.raise_()
        shown.activateWindow()

    def _offer_resume(self, jobs: tuple[JobSnapshot, ...]) -> None:
        """Once, at the start: jobs that a crash or quit has cut off can go on; until they do."""
        cut = [job for job in jobs if job.state is JobState.INTERRUPTED and not job.foreign]
        if not cut:
            self.window.messages.withdraw("interrupted")
        elif not self._offered:
            count = count_text(len(cut), "job")
            self.window.messages.show_message(
                Message(
                    text=f"{count} {'was' if len(cut) == 1 else 'were'} interrupted. Only what was "
                    "not confirmed is done again.",
                    tone=Tone.ATTENTION,
                    actions=(("Resume", partial(self._resume, [job.id for job in cut])),),
                    key="interrupted",
                )
            )
        self._offered = True

    def _warn_of_power(self, warning: str) -> None:
        """Said once and kept up to date until power is connected; who closes it has read it."""
        shown = any(line.message.key == "power" for line in self.window.messages.lines)
        if warning and (shown or not self._power_said):
            self._power_said = True
            message = Message(text=warning, tone=Tone.ATTENTION, key="power")
            self.window.messages.show_message(message)
        elif not warning:
            self._power_said = False
            self.window.messages.withdraw("power")

    def _resume(self, jobs: list[JobId]) -> None:
        def resume() -> None:
            for job in jobs:
                self.engine.resume(job)

        self.bridge.act(resume)


def _build_window(name: str, session: Session) -> QWidget:
    """The separate windows, each imported when it is first wanted."""
    if name == "settings":
        from ui.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(session.bridge, session.window)
        dialog.news_asked.connect(session.notifier.tell)
        return dialog
    if name == "status":
        from ui.dialogs.status_mode import StatusMode

        return StatusMode(session.bridge)
    if name == "log":
        from ui.dialogs.log import LogDialog

        return LogDialog(session.bridge, session.log_file, session.window)
    if name.startswith("files:"):
        from ui.dialogs.job_files import JobFilesDialog

        return JobFilesDialog(session.bridge, JobId(name[6:]), session.window)
    if name.startswith("found:"):
        from ui.dialogs.verified import VerifiedDialog

        return VerifiedDialog(session.bridge, JobId(name[6:]), session.window)
    from ui.dialogs.about import AboutDialog

    return AboutDialog(session.window)


class Picture:
    """Takes one picture of the window when it has settled, then closes it."""

    def __init__(self, session: Session, target: Path, size: tuple[int, int]) -> None:
        self._session = session
        self.target = target
        self.saved = False
        self._quiet = self._waited = 0
        session.window.resize(*size)
        self._timer = QTimer(session.window)
        self._timer.setInterval(50)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        self._waited += 50
        self._quiet = 0 if self._session.bridge.waiting else self._quiet + 50
        if self._quiet >= SETTLE_MS or self._waited >= PATIENCE_MS:
            self._timer.stop()
            picture: QPixmap = self._session.window.grab()
            self.saved = picture.save(str(self.target))
            self._session.close()


def _heed_signals(session: Session) -> Callable[[], None]:
    """SIGTERM and SIGINT close in order; answers what puts the old handlers back.

    Python hears a signal when it next runs; the bridge's timer sees to that ten times a second.
    """

    def heard(number: int, _frame: FrameType | None) -> None:
        log.info("Closing on signal %s", signal.Signals(number).name)
        session.close()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
