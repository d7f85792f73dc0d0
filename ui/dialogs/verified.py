"""What a verify job found: its sentence, and every difference by name."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.errors import ReelkeepError
from app.integrity.verify.outcome import FileOutcome, PartOutcome, VerifyOutcome
from app.jobs.spec import JobId
from app.units import bytes_text, count_text
from ui import theme
from ui.bridge import INTERNAL, Bridge
from ui.theme import Tone
from ui.widgets.buttons import plain_button
from ui.widgets.labels import ElidedLabel
from ui.widgets.wrapped import WrappedLabel
from ui.words import printable


class VerifiedDialog(QDialog):
    """The findings of one verify job, copyable, beside the window."""

    def __init__(self, bridge: Bridge, job: JobId, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What was found")
        self.resize(860, 480)
        self.title = ElidedLabel("", tone=Tone.STRONG, size=theme.TITLE, strong=True)
        self.sentence = WrappedLabel()
        self.sentence.show_text("Asking …")
        self.findings = QPlainTextEdit()
        self.findings.setReadOnly(True)
        self.findings.setAccessibleName("Differences by name")
        self.findings.setTabChangesFocus(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.sentence)
        column.addWidget(self.findings, 1)
        last = QHBoxLayout()
        last.addStretch(1)
        last.addWidget(plain_button("Close", self.close))
        column.addLayout(last)
        bridge.ask(lambda: bridge.engine.verified(job), self._show, self._fail)

    def _show(self, outcome: VerifyOutcome) -> None:
        self.title.show_text(outcome.title)
        glyph, tone = ("✓", Tone.VERIFIED) if outcome.done else ("✕", Tone.FAILED)
        self.sentence.set_tone(tone)
        self.sentence.show_text(f"{glyph} {outcome.sentence}")
        self.findings.setPlainText("\n".join([*findings(outcome), *map(printable, outcome.notes)]))

    def _fail(self, error: Exception) -> None:
        self.sentence.set_tone(Tone.ATTENTION)
        self.sentence.show_text(str(error) if isinstance(error, ReelkeepError) else INTERNAL)


def findings(outcome: VerifyOutcome) -> list[str]:
    """Everything in lines: per folder what was read against what, then what differs."""
    lines: list[str] = []
    for part in outcome.parts:
        lines.append(_part_line(part))
        lines += [f"    {_line(difference)}" for difference in part.differences]
        if part.generation:
            lines.append(f"    written as {printable(part.generation)}")
        lines.append("")
    return lines


def _part_line(part: PartOutcome) -> str:
    place = printable(str(Path(part.root, part.below)))
    of = f"{part.verified:,} of {count_text(part.files, 'file')} verified"
    return f"{place}: {of}, {bytes_text(part.size)}, against {printable(part.against)}"


def _line(difference: FileOutcome) -> str:
    words = printable(difference.words)
    if difference.trouble:
        words += f": {printable(difference.trouble)}"
    if difference.repaired:
        words += " Repaired and proven."
    return words + (f" The damaged file is {printable(difference.aside)}." * bool(difference.aside))
