"""What cannot be opened says where it lies: there is no browser on many a cart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import stand_in as s
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from walk import focus_chain, nameless

from ui.dialogs.evidence import EvidenceDialog
from ui.dialogs.log import LogDialog
from ui.job_table import Verb
from ui.widgets.opening import NotOpened


@pytest.fixture
def report(tmp_path: Path) -> Path:
    made = tmp_path / "A003 report.html"
    made.write_text("<html>")
    return made


def shown(parent: QWidget) -> NotOpened:
    (dialog,) = parent.findChildren(NotOpened)
    return dialog


def test_a_report_of_the_queue_is_found_without_a_browser_and_its_path_copied(
    window, engine, report, qtbot
):
    engine.jobs = [replace(s.done(1), report=str(report))]
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 1)
    window.desk.do(Verb.REPORT, engine.jobs[0].id)
    dialog = shown(window)
    assert dialog.place.text() == str(report)
    assert "No program" in dialog.why.text()
    assert not nameless(focus_chain(dialog))
    QApplication.clipboard().clear()
    QTest.keyClick(dialog.copy, Qt.Key.Key_Space)
    assert QApplication.clipboard().text() == str(report)
    dialog.close()
    report.unlink()
    window.desk.do(Verb.REPORT, engine.jobs[0].id)
    assert any("no longer there" in one.why.text() for one in window.findChildren(NotOpened))


def test_evidence_and_log_say_it_too(bridge, report, qtbot):
    evidence = EvidenceDialog(replace(s.done(1), report=str(report)))
    qtbot.addWidget(evidence)
    evidence.open_report.click()
    assert shown(evidence).place.text() == str(report)
    log = LogDialog(bridge, report)
    qtbot.addWidget(log)
    log._open_folder()
    assert shown(log).place.text() == str(report.parent)
