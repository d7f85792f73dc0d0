"""The evidence behind a verdict: which device, which read, when, by which hash, file by file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.integrity.verdict import Verdict
from app.jobs.snapshot import JobSnapshot
from app.reports.model import DestinationRow, FileRow, TransferReport
from app.units import bytes_text, count_text, moment_text, rate_text
from ui import theme
from ui.models.evidence_files import Asking, EvidenceFiles, at_once
from ui.theme import Tone
from ui.widgets.file_table import FileTable, roomy
from ui.widgets.opening import open_path
from ui.words import printable

_FILTER_WAIT = 120


class EvidenceDialog(QDialog):
    """One job's verdict and what it rests on; stays beside the window, never covers a copy."""

    def __init__(
        self, job: JobSnapshot, parent: QWidget | None = None, ask: Asking = at_once
    ) -> None:
        super().__init__(parent)
        self._ask = ask
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Evidence · {printable(job.title)}")
        self.resize(roomy(self))
        self._report_path = job.report
        self.verdict = QLabel()
        self.verdict.setFont(theme.bold(theme.VERDICT))
        self.verdict.setWordWrap(True)
        self.facts = QLabel("Reading the evidence …")
        self.devices = QLabel()
        for label in (self.facts, self.devices):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.verdict, self.facts, self.devices):
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self.model = EvidenceFiles()
        self.model.modelReset.connect(self._say_count)
        self.table = FileTable(self.model, "Files and their copies")
        self.count = QLabel()
        self.count.setForegroundRole(self.count.foregroundRole())
        self._build_filter()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        for widget in (self.verdict, self.facts, self.devices):
            layout.addWidget(widget)
        layout.addLayout(self._filter_row())
        layout.addWidget(self.table, 1)
        layout.addLayout(self._button_row())
        QShortcut(QKeySequence.StandardKey.Copy, self.table, self.copy_chosen)
        QShortcut(QKeySequence.StandardKey.Find, self, self.filter.setFocus)
        self._name_everything()
        self.filter.setFocus()

    # What it is filled with

    def fill(
        self,
        job: JobSnapshot,
        verdict: Verdict | None,
        report: TransferReport | None,
        files: Sequence[FileRow],
    ) -> None:
        """Show the evidence; the *report* exists once the job has ended."""
        safe = verdict.safe if verdict else job.safe
        words = verdict.sentence if verdict else job.verdict or "KEEP"
        tone = Tone.VERIFIED if safe else Tone.ATTENTION
        self.verdict.setText(f"{'✓' if safe else '!'} {words}")
        self.verdict.setAccessibleName(f"Verdict: {words}")
        _tint(self.verdict, tone)
        self.facts.setText(_facts(job, verdict, report))
        names = [row.name for row in report.destinations] if report else []
        self.devices.setText(_devices(report) if report else _live_devices(job))
        self.model.put(files, names or [place.name for place in job.places])
        self.table.fit()
        self._report_path = job.report or self._report_path
        self.open_report.setEnabled(bool(self._report_path))

    def fail(self, sentence: str) -> None:
        """Say why there is no evidence to show."""
        self.verdict.setText("! KEEP")
        _tint(self.verdict, Tone.ATTENTION)
        self.facts.setText(sentence)

    def only(self, text: str) -> None:
        """Narrow the table to *text*, as if it had been typed."""
        self.filter.setText(text)

    def only_open(self) -> None:
        """Narrow the table to the files that are not verified."""
        self.unverified.setChecked(True)

    # Actions

    def copy_chosen(self) -> None:
        """Put the chosen rows (all where none is chosen) on the clipboard, tab-separated."""
        chosen = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        rows = [self.model.rows[i] for i in chosen] if chosen else list(self.model.rows)
        top = [self.verdict.text(), self.facts.text(), self.devices.text(), ""]
        model = self.model

        def written() -> str:
            return "\n".join([*([] if chosen else top), *model.lines(rows)])

        self._ask(written, QGuiApplication.clipboard().setText)

    def _open_report(self) -> None:
        open_path(Path(self._report_path), self)

    def _narrow(self) -> None:
        self.model.narrow(self.filter.text(), only_open=self.unverified.isChecked(), ask=self._ask)

    def _say_count(self) -> None:
        shown_now, total = len(self.model.rows), self.model.total
        text = count_text(total, "file")
        self.count.setText(text if shown_now == total else f"{shown_now:,} of {text}")

    # Parts

    def _build_filter(self) -> None:
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name, folder or hash")
        self.filter.setClearButtonEnabled(True)
        self.unverified = QCheckBox("Only what is not verified")
        wait = QTimer(self)
        wait.setSingleShot(True)
        wait.setInterval(_FILTER_WAIT)
        wait.timeout.connect(self._narrow)
        self.filter.textChanged.connect(wait.start)
        self.unverified.toggled.connect(self._narrow)

    def _filter_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.filter, 1)
        row.addWidget(self.unverified)
        row.addWidget(self.count)
        return row

    def _button_row(self) -> QHBoxLayout:
        self.open_report = QPushButton("Open report")
        self.open_report.setEnabled(bool(self._report_path))
        self.open_report.clicked.connect(self._open_report)
        self.copy_all = QPushButton("Copy")
        self.copy_all.setToolTip("Copies the chosen rows, or everything where none is chosen")
        self.copy_all.clicked.connect(self.copy_chosen)
        self.shut = QPushButton("Close")
        self.shut.clicked.connect(self.close)
        row = QHBoxLayout()
        row.addWidget(self.open_report)
        row.addWidget(self.copy_all)
        row.addStretch(1)
        row.addWidget(self.shut)
        for button in (self.open_report, self.copy_all, self.shut):
            button.setAutoDefault(False)
        return row

    def _name_everything(self) -> None:
        self.facts.setAccessibleName("Facts behind the verdict")
        self.devices.setAccessibleName("Devices that hold copies")
        self.filter.setAccessibleName("Filter the files")
        self.count.setAccessibleName("Files shown")


def _tint(label: QLabel, tone: Tone) -> None:
    palette = label.palette()
    palette.setColor(label.foregroundRole(), theme.colour(tone))
    label.setPalette(palette)


def _facts(job: JobSnapshot, verdict: Verdict | None, report: TransferReport | None) -> str:
    lines = []
    if verdict:
        need = count_text(verdict.wanted_copies, "verified copy", "verified copies")
        need += " on different devices" if verdict.wanted_copies > 1 else ""
        lines.append(
            f"{count_text(verdict.files, 'file')} of the card, {need} wanted, "
            f"{verdict.verified_copies} found."
        )
        if verdict.ignored:
            lines.append(f"{count_text(verdict.ignored, 'file')} left out by your ignore list.")
        lines.extend(printable(reason) for reason in verdict.reasons)
    if report:
        lines.append(
            f"{report.verify_mode[:1].upper()}{report.verify_mode[1:]}. "
            f"Hashes: {', '.join(report.hash_kinds)}. "
            f"{moment_text(report.started)} to {moment_text(report.finished)}."
        )
    if not lines and job.error:
        lines.append(printable(job.error))
    return "\n".join(lines)


def _devices(report: TransferReport) -> str:
    return "\n".join(_device(row) for row in report.destinations)


def _device(row: DestinationRow) -> str:
    text = (
        f"{printable(row.name)} ({row.file_system}) on {printable(row.device)}: "
        f"{row.verified:,} of {count_text(row.asked, 'file')} read back and equal, "
        f"{bytes_text(row.size)}"
    )
    if row.rate:
        text += f", {rate_text(row.rate)}"
    if known := sum(one.files for one in row.known):
        text += f", {known:,} of them by an earlier job and not read in this one"
    if not row.flushed:
        text += ", not flushed, so never verified"
    return f"{text}. {printable(row.trouble)}".strip()


def _live_devices(job: JobSnapshot) -> str:
    return "\n".join(
        f"{printable(place.name)} on {printable(place.device)}: "
        f"{bytes_text(place.written)} written, "
        f"{bytes_text(place.verified)} read back and equal. {printable(place.trouble)}".strip()
        for place in job.places
    )
