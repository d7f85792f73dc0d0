"""The windows that the offload pane opens: none of them is modal, none covers a running copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtWidgets import QDialog, QWidget
from shiboken6 import Shiboken

from app.errors import ReelkeepError
from app.integrity.verdict import Verdict
from app.jobs.snapshot import JobSnapshot
from app.offload.spec import DestinationSpec
from app.reports.model import FileRow, TransferReport
from ui.bridge import INTERNAL, Bridge
from ui.dialogs.destination_options import DestinationOptionsDialog
from ui.dialogs.evidence import EvidenceDialog
from ui.dialogs.ignore_list import IgnoreListDialog
from ui.dialogs.presets import PresetsDialog
from ui.models.choices import Preset

_Found = tuple[Verdict | None, TransferReport | None, Sequence[FileRow]]


class OffloadWindows:
    """Opens them and asks the engine, in a worker, for what they show."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def evidence(
        self, job: JobSnapshot, parent: QWidget, *, only_open: bool = False
    ) -> EvidenceDialog:
        """Show what a verdict rests on; from the report once there is one, else from the job."""
        dialog = EvidenceDialog(job, parent, self._bridge.ask)
        engine = self._bridge.engine

        def look() -> _Found:
            report = engine.report(job.id) if job.state.ended else None
            files = report.files if report else engine.files(job.id)
            return engine.verdict(job.id), report, files

        def fill(found: _Found) -> None:
            if Shiboken.isValid(dialog):
                dialog.fill(job, *found)

        def fail(error: Exception) -> None:
            if Shiboken.isValid(dialog):
                dialog.fail(str(error) if isinstance(error, ReelkeepError) else INTERNAL)

        self._bridge.ask(look, fill, fail)
        if only_open:
            dialog.only_open()
        dialog.show()
        return dialog

    def ignore_list(
        self,
        patterns: Sequence[str],
        ignored: Sequence[str],
        done: Callable[[tuple[str, ...]], None],
        parent: QWidget,
    ) -> IgnoreListDialog:
        """Edit the ignore list."""
        return _opened(IgnoreListDialog(patterns, ignored, done, parent))

    def destination_options(
        self,
        spec: DestinationSpec,
        template: str,
        recipes: Sequence[str],
        done: Callable[[DestinationSpec], None],
        parent: QWidget,
    ) -> DestinationOptionsDialog:
        """Edit one destination's own options."""
        return _opened(DestinationOptionsDialog(spec, template, recipes, done, parent))

    def presets(
        self,
        presets: Sequence[Preset],
        present: Preset,
        changed: Callable[[tuple[Preset, ...]], None],
        parent: QWidget,
    ) -> PresetsDialog:
        """Save and edit presets."""
        return _opened(PresetsDialog(presets, present, changed, parent))


D = TypeVar("D", bound=QDialog)


def _opened(dialog: D) -> D:
    dialog.setModal(False)
    dialog.show()
    return dialog
