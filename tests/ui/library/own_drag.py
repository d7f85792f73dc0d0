"""Run on a real X server by `test_own_drags`: a drag of the window over the window itself."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QDrag, QDragEnterEvent
from PySide6.QtWidgets import QApplication

from app.engine import Engine
from ui.application import Session, make_application
from ui.models.clips import files_as_mime


def main(profile: Path, clip: Path) -> None:
    """Print what the window says to its own drag while that lasts, and to another program's."""
    app = make_application()
    with Engine(profile) as engine:
        session = Session(engine, "library")
        session.window.show()
        session.bridge.start()
        told = []

        def enter() -> None:
            data = files_as_mime([clip])
            copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
            event = QDragEnterEvent(
                QPoint(200, 200), copy, data, left, Qt.KeyboardModifier.NoModifier
            )
            QApplication.sendEvent(session.window, event)
            told.append(event.isAccepted())
            QDrag.cancel()

        QTimer.singleShot(200, enter)
        drag = QDrag(session.window.pane)
        drag.setMimeData(files_as_mime([clip]))
        drag.exec(Qt.DropAction.CopyAction)
        enter()
        print(told)
        session.day.end()
        session.bridge.close()
        app.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
