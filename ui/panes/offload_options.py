"""The folded options of the plan: naming, verification, hashes, copies, collisions, words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from app.integrity.hashing import HashKind
from app.offload.naming import TOKENS
from app.offload.spec import OnCollision, VerifyMode
from ui.models.choices import Choices
from ui.theme import Tone
from ui.widgets.buttons import small_button
from ui.widgets.labels import ElidedLabel, TextLabel
from ui.widgets.proxy_choice import ProxyChoice

MOST_COPIES = 9
MODES = (
    (VerifyMode.FULL, "Full: card twice, drives read back"),
    (VerifyMode.READ_BACK, "Read-back: card once, drives read back"),
    (VerifyMode.SOURCE, "Source: card twice, drives by size"),
    (VerifyMode.TRANSFER, "Transfer: sizes only"),
)
COLLISIONS = (
    (OnCollision.SKIP_IDENTICAL, "Skip what is identical by hash"),
    (OnCollision.KEEP_BOTH, "Keep both"),
    (OnCollision.REFUSE, "Refuse to start"),
)
KINDS = (
    HashKind.XXH64,
    HashKind.XXH3,
    HashKind.XXH128,
    HashKind.MD5,
    HashKind.SHA1,
    HashKind.SHA256,
    HashKind.C4,
)


class PlanOptions(QWidget):
    """Edits Choices; each change is told at once."""

    choices_changed = Signal(object)
    """Choices: what is chosen now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = Choices()
        self._filling = False
        self.template = QLineEdit()
        self.tokens = small_button("Tokens", self._open_tokens)
        self.preview = ElidedLabel(tone=Tone.DIM)
        self.copies = _combo(tuple(map(str, range(1, MOST_COPIES + 1))))
        self.mode = _combo(tuple(text for _, text in MODES))
        self.hashes = QPushButton()
        self.hashes.setAutoDefault(False)
        self.hashes.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hashes.clicked.connect(self._open_hashes)
        self.collision = _combo(tuple(text for _, text in COLLISIONS))
        self.proxies = ProxyChoice()
        self._recipes: tuple[str, ...] = ()
        self.project, self.words = QLineEdit(), QLineEdit()
        self.legacy = QCheckBox("Also write a legacy MHL 1.1")
        self.check_known = QCheckBox("Check known copies again")
        self._lay_out()
        self._connect()
        self.show_choices(self._choices)

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        naming = QHBoxLayout()
        naming.setSpacing(6)
        naming.addWidget(self.template, 1)
        naming.addWidget(self.tokens)
        form.addRow(TextLabel("Folder", tone=Tone.DIM), naming)
        form.addRow("", self.preview)
        for name, widget in (
            ("Wanted copies", self.copies),
            ("Check", self.mode),
            ("Hashes", self.hashes),
            ("Same name there", self.collision),
            ("Proxies after", self.proxies),
            ("Project", self.project),
            ("Free text", self.words),
        ):
            form.addRow(TextLabel(name, tone=Tone.DIM), widget)
            widget.setAccessibleName(name)
        form.addRow("", self.legacy)
        form.addRow("", self.check_known)
        self.template.setAccessibleName("Folder template")
        self.tokens.setAccessibleName("Insert a token into the folder template")
        self.project.setPlaceholderText("Not needed to start")
        self.check_known.setToolTip(
            "Files that earlier jobs verified are else known by history, size and time"
        )
        self.proxies.setToolTip("Made into the cache once the copies are proven, from a copy")
        self.copies.setToolTip("On so many different devices a file must be verified to be safe")

    def _connect(self) -> None:
        for field in (self.template, self.project, self.words):
            field.textChanged.connect(self._tell)
        for combo in (self.copies, self.mode, self.collision):
            combo.currentIndexChanged.connect(self._tell)
        for box in (self.legacy, self.check_known):
            box.toggled.connect(self._tell)
        self.proxies.proxies_chosen.connect(self._tell)

    def show_choices(self, choices: Choices) -> None:
        """Show *choices* without telling them back."""
        self._filling = True
        self._choices = choices
        _set_text(self.template, choices.template)
        _set_text(self.project, choices.project)
        _set_text(self.words, choices.text)
        self.copies.setCurrentIndex(min(choices.wanted_copies, MOST_COPIES) - 1)
        self.mode.setCurrentIndex([m for m, _ in MODES].index(choices.verify))
        self.collision.setCurrentIndex([c for c, _ in COLLISIONS].index(choices.on_collision))
        self.legacy.setChecked(choices.legacy_mhl)
        self.check_known.setChecked(choices.check_known)
        self.proxies.show_proxies(self._recipes, choices.proxies)
        self._name_hashes()
        self._filling = False

    def show_recipes(self, names: Sequence[str]) -> None:
        """Offer these recipes of proxies."""
        self._recipes = tuple(names)
        self.proxies.show_proxies(self._recipes, self._choices.proxies)

    def show_preview(self, text: str) -> None:
        """Show where the first card will lie."""
        self.preview.show_text(text)

    def _tell(self) -> None:
        if self._filling:
            return
        self._choices = replace(
            self._choices,
            template=self.template.text(),
            project=self.project.text(),
            text=self.words.text(),
            wanted_copies=self.copies.currentIndex() + 1,
            verify=MODES[self.mode.currentIndex()][0],
            on_collision=COLLISIONS[self.collision.currentIndex()][0],
            legacy_mhl=self.legacy.isChecked(),
            check_known=self.check_known.isChecked(),
            proxies=self.proxies.chosen,
        )
        self.choices_changed.emit(self._choices)

    # Menus

    def token_menu(self) -> QMenu:
        """Every token with what stands for it; a choice inserts it at the cursor."""
        menu = QMenu(self)
        for name, meaning in TOKENS.items():
            action = menu.addAction(f"{{{name}}}   {meaning}")
            token = f"{{{name}}}"
            action.triggered.connect(lambda _=False, t=token: self.template.insert(t))
        return menu

    def hash_menu(self) -> QMenu:
        """The kinds of hash, several can be on; blake3 is always computed."""
        menu = QMenu(self)
        for kind in KINDS:
            action = menu.addAction(str(kind))
            action.setCheckable(True)
            action.setChecked(kind in self._choices.hashes)
            action.triggered.connect(lambda on, k=kind: self._set_hash(k, on))
        return menu

    def _set_hash(self, kind: HashKind, on: bool) -> None:
        others = tuple(k for k in self._choices.hashes if k is not kind)
        hashes = (*others, kind) if on else others
        self._choices = replace(self._choices, hashes=hashes or (HashKind.XXH64,))
        self._name_hashes()
        self.choices_changed.emit(self._choices)

    def _name_hashes(self) -> None:
        names = ", ".join(map(str, self._choices.hashes))
        self.hashes.setText(f"{names} ▾")
        self.hashes.setAccessibleName(f"Hashes: {names}")

    def _open_tokens(self) -> None:
        _pop(self.token_menu, self.tokens)

    def _open_hashes(self) -> None:
        _pop(self.hash_menu, self.hashes)


def _pop(make: Callable[[], QMenu], under: QWidget) -> None:
    menu = make()
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(under.mapToGlobal(QPoint(0, under.height())))


def _combo(texts: tuple[str, ...]) -> QComboBox:
    made = QComboBox()
    made.addItems(texts)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(12)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return made


def _set_text(field: QLineEdit, text: str) -> None:
    if field.text() != text:
        field.setText(text)
