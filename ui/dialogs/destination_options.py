"""One destination's own options: flushing, naming, what it gets, proxies, stage of a cascade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.offload.spec import DestinationSpec
from ui.widgets.proxy_choice import ProxyChoice
from ui.words import printable

_GETS = (
    ("Everything", ()),
    ("Only sound", ("sound",)),
    ("Only camera files", ("camera",)),
    ("Only sidecars", ("sidecars",)),
)
_OWN = "Only what matches"


class DestinationOptionsDialog(QDialog):
    """Change what one destination gets, and how."""

    def __init__(
        self,
        spec: DestinationSpec,
        template: str,
        recipes: Sequence[str],
        done: Callable[[DestinationSpec], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Options of {printable(spec.path.name or str(spec.path))}")
        self._spec, self._done = spec, done
        self.template = QLineEdit(spec.template or "")
        self.template.setPlaceholderText(f"As the job: {template}")
        self.gets = QComboBox()
        self.gets.addItems([*(name for name, _ in _GETS), _OWN])
        self.patterns = QLineEdit(", ".join(spec.only))
        self.patterns.setPlaceholderText("*.wav, *.xml")
        self.gets.currentIndexChanged.connect(self._show_patterns)
        self.proxies = ProxyChoice()
        self.proxies.setToolTip("Made on this drive, in a folder beside the copies")
        self.stage = QComboBox()
        self.stage.addItem("1, fed from the card")
        self.stage.addItems([f"{n}, fed from a verified copy" for n in range(2, 10)])
        self.stage.setCurrentIndex(min(spec.stage, 8))
        self.flush = QCheckBox("Flush to the medium and read back")
        self.flush.setChecked(spec.flush)
        self._lay_out()
        self.proxies.show_proxies(recipes, spec.proxies)
        found = next((i for i, (_, only) in enumerate(_GETS) if only == spec.only), len(_GETS))
        self.gets.setCurrentIndex(found)
        self._show_patterns()
        self.template.setFocus()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        for name, widget in (
            ("Folder template", self.template),
            ("Gets", self.gets),
            ("Patterns", self.patterns),
            ("Proxies on it", self.proxies),
            ("Stage", self.stage),
        ):
            form.addRow(name, widget)
            widget.setAccessibleName(name)
        form.addRow("", self.flush)
        form.addRow("", _dim("A destination that is not flushed is never verified."))
        self.cancel = QPushButton("Cancel")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.close)
        self.use = QPushButton("Use these options")
        self.use.setDefault(True)
        self.use.clicked.connect(self._accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addLayout(buttons)
        self.setMinimumWidth(460)

    def _show_patterns(self) -> None:
        self.patterns.setEnabled(self.gets.currentIndex() == len(_GETS))

    def _accept(self) -> None:
        which = self.gets.currentIndex()
        if which < len(_GETS):
            only: tuple[str, ...] = _GETS[which][1]
        else:
            parts = (part.strip() for part in self.patterns.text().split(","))
            only = tuple(part for part in parts if part)
        self._done(
            replace(
                self._spec,
                template=self.template.text().strip() or None,
                only=only,
                proxies=self.proxies.chosen,
                stage=self.stage.currentIndex(),
                flush=self.flush.isChecked(),
            )
        )
        self.close()


def _dim(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setEnabled(False)
    return label
