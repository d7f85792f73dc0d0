"""What Qt has to say goes to the log, where it is found again, and not to the terminal."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

log = logging.getLogger("qt")

HARMLESS = "This plugin does not support propagateSizeHints()"
"""What the platform without a display says of itself whenever a window is shown."""
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@contextlib.contextmanager
def qt_messages_logged() -> Iterator[None]:
    """While inside, messages of Qt are logged; whoever heard them before hears them again after."""
    before = qInstallMessageHandler(_heard)
    try:
        yield
    finally:
        qInstallMessageHandler(before)


def _heard(kind: QtMsgType, _where: QMessageLogContext, text: str | None) -> None:
    if text and text != HARMLESS:
        log.log(_LEVELS.get(kind, logging.WARNING), "%s", text)
