"""Presets: save the present choices under a name, rename, remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.units import count_text
from ui.models.choices import Preset, with_preset
from ui.words import printable


class PresetsDialog(QDialog):
    """The list of presets; each change is handed over at once and can be undone with Undo."""

    def __init__(
        self,
        presets: Sequence[Preset],
        present: Preset,
        changed: Callable[[tuple[Preset, ...]], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Presets")
        self.resize(460, 360)
        self._presets, self._present, self._changed = tuple(presets), present, changed
        self._before: list[tuple[Preset, ...]] = []
        self.name = QLineEdit(present.name)
        self.name.setPlaceholderText("Name, e.g. Main unit")
        self.name.setAccessibleName("Name of the preset")
        self.save = QPushButton("Save present choices")
        self.save.clicked.connect(self._save)
        self.list = QListWidget()
        self.list.setAccessibleName("Presets")
        self.none = QLabel("No preset yet. Name the present choices and save them.")
        self.none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.remove = QPushButton("Remove")
        self.remove.clicked.connect(self._remove)
        self.rename = QPushButton("Rename")
        self.rename.clicked.connect(self._rename)
        self.undo = QPushButton("Undo")
        self.undo.clicked.connect(self._undo)
        self.shut = QPushButton("Close")
        self.shut.clicked.connect(self.close)
        self._lay_out()
        self.name.textChanged.connect(self._update)
        self.list.currentRowChanged.connect(self._update)
        self._show()
        self.name.setFocus()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        why = QLabel(
            "A preset remembers destinations, folder template, hashes, verification and proxies."
        )
        why.setWordWrap(True)
        layout.addWidget(why)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.none, 1)
        naming = QHBoxLayout()
        naming.addWidget(self.name, 1)
        naming.addWidget(self.save)
        layout.addLayout(naming)
        row = QHBoxLayout()
        for button in (self.rename, self.remove, self.undo):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.shut)
        layout.addLayout(row)
        for button in (self.rename, self.remove, self.undo, self.shut):
            button.setAutoDefault(False)
        self.save.setDefault(True)

    def _show(self) -> None:
        row = self.list.currentRow()
        self.list.clear()
        for preset in self._presets:
            where = count_text(len(preset.destinations), "destination")
            self.list.addItem(f"{printable(preset.name)} · {where} · {preset.choices.template}")
        self.list.setVisible(bool(self._presets))
        self.none.setVisible(not self._presets)
        self.list.setCurrentRow(min(max(row, 0), len(self._presets) - 1))
        self._update()

    def _update(self) -> None:
        name = self.name.text().strip()
        taken = any(preset.name == name for preset in self._presets)
        self.save.setEnabled(bool(name))
        self.save.setText("Replace by present choices" if taken else "Save present choices")
        chosen = self.list.currentRow() >= 0
        self.remove.setEnabled(chosen)
        self.rename.setEnabled(chosen and bool(name) and not taken)
        self.undo.setEnabled(bool(self._before))

    def _put(self, presets: tuple[Preset, ...], *, remember: bool = True) -> None:
        if remember:
            self._before.append(self._presets)
        self._presets = presets
        self._changed(presets)
        self._show()

    def _save(self) -> None:
        name = self.name.text().strip()
        choices = replace(self._present.choices, preset=name)
        self._put(with_preset(self._presets, replace(self._present, name=name, choices=choices)))

    def _remove(self) -> None:
        row = self.list.currentRow()
        self._put(self._presets[:row] + self._presets[row + 1 :])

    def _rename(self) -> None:
        row, name = self.list.currentRow(), self.name.text().strip()
        old = self._presets[row]
        new = replace(old, name=name, choices=replace(old.choices, preset=name))
        self._put((*self._presets[:row], new, *self._presets[row + 1 :]))

    def _undo(self) -> None:
        if self._before:
            self._put(self._before.pop(), remember=False)
