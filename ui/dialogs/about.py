"""What this program is, its version, and whose work it stands on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui import icons, theme
from ui.theme import Tone
from ui.widgets.buttons import plain_button
from ui.widgets.labels import TextLabel


class AboutDialog(QDialog):
    """Name, version, licences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Reelkeep")
        self.setModal(False)
        try:
            number = version("reelkeep")
        except PackageNotFoundError:
            number = "from a checkout"
        picture = QLabel()
        picture.setPixmap(icons.pixmap("reelkeep", "", 64))
        picture.setAccessibleName("Reelkeep")
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(TextLabel("Reelkeep", tone=Tone.STRONG, size=theme.VERDICT, strong=True))
        column.addWidget(TextLabel(f"Version {number} · Qt {qVersion()}", tone=Tone.DIM))
        for line in (
            "Keeps film safe from the camera card to the tape shelf.",
            "MIT licence. Qt and PySide under the LGPL, Inter under the SIL Open Font License.",
        ):
            column.addWidget(TextLabel(line, wrap=True))
        close = plain_button("Close", self.close)
        column.addSpacing(8)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 20, 20, 16)
        row.setSpacing(18)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        self.setMinimumWidth(440)
