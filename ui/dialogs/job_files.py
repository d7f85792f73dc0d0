"""The files of one job, asked for and never streamed; refreshed while the job runs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.reports.model import FileRow
from app.units import count_text
from ui import theme, words
from ui.bridge import Bridge
from ui.models.evidence_files import EvidenceFiles, Kept
from ui.theme import Tone
from ui.widgets.bar import Bar, job_parts
from ui.widgets.buttons import plain_button
from ui.widgets.file_table import FileTable, roomy
from ui.widgets.labels import ElidedLabel, TextLabel

REFRESH_MS = 2000


class JobFilesDialog(QDialog):
    """How each file of a job stands, beside the window."""

    def __init__(self, bridge: Bridge, job: JobId, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._id = job
        self._asking = False
        self.resize(roomy(self))
        self.title = ElidedLabel("", tone=Tone.STRONG, size=theme.TITLE, strong=True)
        self.stage = ElidedLabel("", tone=Tone.DIM)
        self.bar = Bar(name="Progress of the job")
        self.model = EvidenceFiles()
        self.model.modelReset.connect(self._count)
        self.table = FileTable(self.model, "Files of the job")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name, folder or hash")
        self.filter.setAccessibleName("Filter the files")
        self.filter.setClearButtonEnabled(True)
        self.open_only = QCheckBox("Only what is not verified")
        self.count = TextLabel("Asking …", tone=Tone.DIM)
        self._lay_out()
        self.filter.textChanged.connect(self._narrow)
        self.open_only.toggled.connect(self._narrow)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh_if_running)
        self._timer.start()
        bridge.snapshots_changed.connect(self._show_job)
        self._show_job(bridge.snapshots)
        self.refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(8)
        for widget in (self.title, self.stage, self.bar):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(self.filter, 1)
        row.addWidget(self.open_only)
        row.addWidget(self.count)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        last = QHBoxLayout()
        last.addWidget(plain_button("Refresh", self.refresh))
        last.addStretch(1)
        last.addWidget(plain_button("Close", self.close))
        column.addLayout(last)

    @property
    def _job(self) -> JobSnapshot | None:
        return next((job for job in self._bridge.snapshots if job.id == self._id), None)

    def _show_job(self, jobs: tuple[JobSnapshot, ...]) -> None:
        job = next((job for job in jobs if job.id == self._id), None)
        if job is None:
            return
        self.setWindowTitle(f"Files · {words.printable(job.title)}")
        self.title.show_text(words.job_text(job))
        self.stage.show_text(f"{words.stage_text(job)}  {words.printable(job.current)}")
        self.bar.set_parts(*job_parts(job))

    def refresh(self) -> None:
        """Ask for the files again."""
        if not self._asking:
            self._asking = True
            engine, sieve = self._bridge.engine, self.model.sieve

            def look() -> tuple[Sequence[FileRow], Kept]:
                files = engine.files(self._id)
                return files, sieve.kept(files)

            self._bridge.ask(look, self._fill, self._fail)

    def _refresh_if_running(self) -> None:
        job = self._job
        if self.isVisible() and job is not None and job.state is JobState.RUNNING:
            self.refresh()

    def _fill(self, found: tuple[Sequence[FileRow], Kept]) -> None:
        self._asking = False
        at = self.table.verticalScrollBar().value()
        job = self._job
        names = [place.name for place in job.places] if job else []
        self.model.put(found[0], names, found[1])
        self.table.fit()
        self.table.verticalScrollBar().setValue(at)

    def _fail(self, error: Exception) -> None:
        self._asking = False
        self.count.show_text(words.printable(str(error)))

    def _narrow(self) -> None:
        only_open, ask = self.open_only.isChecked(), self._bridge.ask
        self.model.narrow(self.filter.text(), only_open=only_open, ask=ask)

    def _count(self) -> None:
        shown, total = len(self.model.rows), count_text(self.model.total, "file")
        self.count.show_text(total if shown == self.model.total else f"{shown:,} of {total}")
