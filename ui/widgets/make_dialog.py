"""What is to be made of the chosen clips, and where it goes: asked once, for all that is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.theme import Tone
from ui.widgets.labels import TextLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to be chosen."""

    name: str
    values: Sequence[tuple[str, object]]
    """What stands in the list, and what it means; the first one is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a dialog is to ask."""

    title: str
    choices: Sequence[Choice]
    button: str
    elsewhere: str = ""
    """Where it goes when no folder is named; "" where one has to be."""
    note: str = ""
    """What is worth knowing before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was chosen."""

    values: tuple[object, ...]
    """In the order of the choices."""
    folder: Path | None
    places: tuple[int, ...]
    """The same as places in the lists: what is usual the next time."""


class MakeDialog(QDialog):
    """Choices, a folder, and a button that queues it."""

    def __init__(
        self,
        wanted: Wanted,
        before: Answered | None,
        done: Callable[[Answered], object],
        parent: QWidget | None = None,
    ) -> None:
        """*before* is what was chosen the last time."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(wanted.title)
        self._wanted, self._done = wanted, done
        self.lists = [self._list(one) for one in wanted.choices]
        for combo, place in zip(self.lists, before.places if before else (), strict=False):
            combo.setCurrentIndex(place)
        self.folder = QLineEdit(str(before.folder) if before and before.folder else "")
        self.folder.setPlaceholderText(wanted.elsewhere or "Choose a folder")
        self.folder.setAccessibleName("Folder")
        self.folder.textChanged.connect(self._folder_named)
        self._lay_out()
        self._folder_named()
        (self.lists[0] if self.lists else self.folder).setFocus()

    def _list(self, choice: Choice) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(choice.name)
        combo.addItems([text for text, _ in choice.values])
        return combo

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        for choice, combo in zip(self._wanted.choices, self.lists, strict=True):
            form.addRow(choice.name, combo)
        self.choose = self._button("Choose…", self._choose)
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self.folder, 1)
        place.addWidget(self.choose)
        form.addRow("Folder", place)
        self.cancel = self._button("Cancel", self.close)
        self.make = self._button(self._wanted.button, self._accept)
        self.make.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.make)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(form)
        if self._wanted.note:
            note = TextLabel(tone=Tone.ATTENTION, size=theme.SMALL, wrap=True)
            note.show_text(self._wanted.note)
            layout.addWidget(note)
        layout.addLayout(buttons)
        self.setMinimumWidth(480)

    @staticmethod
    def _button(text: str, call: Callable[[], object]) -> QPushButton:
        made = QPushButton(text)
        made.setAutoDefault(False)
        made.clicked.connect(lambda _=False: call())
        return made

    def _folder_named(self) -> None:
        named = Path(self.folder.text().strip()).expanduser()
        self.make.setEnabled(named.is_absolute() or self._may_be_left_out())

    def _may_be_left_out(self) -> bool:
        return bool(self._wanted.elsewhere) and not self.folder.text().strip()

    def _choose(self) -> None:
        dialog = QFileDialog(self, self._wanted.title, self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()

    def _accept(self) -> None:
        places = tuple(combo.currentIndex() for combo in self.lists)
        text = self.folder.text().strip()
        answered = Answered(
            values=tuple(
                choice.values[at][1]
                for choice, at in zip(self._wanted.choices, places, strict=True)
            ),
            folder=Path(text).expanduser() if text else None,
            places=places,
        )
        self.close()
        self._done(answered)
