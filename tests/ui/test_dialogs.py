from pathlib import Path

import pytest
import stand_in as s
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox
from walk import focus_chain, nameless, unreachable

from app.settings import Settings
from ui.dialogs.job_files import JobFilesDialog
from ui.dialogs.log import LogDialog, tail
from ui.dialogs.settings import SettingsDialog


@pytest.fixture
def dialog(bridge, engine, tmp_path, qtbot):
    site = tmp_path / "site.toml"
    site.write_text("[offload]\nverify = 'read-back'\n")
    engine.settings = Settings.load(
        tmp_path / "settings.toml", site=site, overrides={"offload.template": "{camera}/{roll}"}
    )
    made = SettingsDialog(bridge)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_each_setting_says_where_its_value_comes_from(dialog):
    assert dialog.rows["offload.verify"].origin.full_text == "from the site file"
    assert dialog.rows["offload.template"].origin.full_text == "from the command line"
    assert dialog.rows["offload.wanted_copies"].origin.full_text == "built in"


def test_a_value_from_the_command_line_cannot_be_changed_here(dialog):
    assert not dialog.rows["offload.template"].editor.isEnabled()


def test_what_is_entered_is_kept_in_the_profile_and_can_be_reset(dialog, engine, qtbot, tmp_path):
    row = dialog.rows["offload.wanted_copies"]
    row.editor.setText("3")
    QTest.keyClick(row.editor, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: row.origin.full_text == "from the profile")
    assert "wanted_copies = 3" in (tmp_path / "settings.toml").read_text()
    assert row.undo.isVisible()

    qtbot.mouseClick(row.undo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.origin.full_text == "built in")
    assert engine.settings.get("offload.wanted_copies") == 2
    assert row.editor.text() == "2"


def test_what_makes_no_sense_is_refused_where_it_was_entered(dialog, engine):
    row = dialog.rows["offload.wanted_copies"]
    row.editor.setText("none")
    QTest.keyClick(row.editor, Qt.Key.Key_Return)

    assert "offload.wanted_copies expects" in row.trouble.text()
    assert engine.settings.get("offload.wanted_copies") == 2


def test_choices_flags_and_lists_are_kept(dialog, engine, qtbot):
    verify, awake = dialog.rows["offload.verify"].editor, dialog.rows["jobs.keep_awake"].editor
    assert isinstance(verify, QComboBox)
    assert isinstance(awake, QCheckBox)
    verify.textActivated.emit("full")
    awake.click()
    hashes = dialog.rows["offload.hash"].editor
    hashes.setFocus()
    hashes.setPlainText("xxh64\nmd5\n")
    dialog.filter.setFocus()

    qtbot.waitUntil(lambda: engine.settings.get("offload.hash") == ["xxh64", "md5"])
    qtbot.waitUntil(lambda: engine.settings.get("offload.verify") == "full")
    qtbot.waitUntil(lambda: engine.settings.get("jobs.keep_awake") is False)


def test_the_filter_keeps_what_holds_its_words(dialog):
    dialog.filter.setText("webhook")
    shown = [name for name, row in dialog.rows.items() if not row.isHidden()]

    assert shown == [name for name in shown if "webhook" in dialog.rows[name].key.name]
    assert "notify.webhook" in shown
    assert dialog.headings["offload"].isHidden()


def test_every_setting_has_a_name_and_can_be_reached_by_keyboard(dialog):
    chain = focus_chain(dialog)

    assert nameless(chain) == []
    assert unreachable(dialog, chain) == []


def test_the_log_shows_its_end_and_narrows(bridge, tmp_path, qtbot):
    log = tmp_path / "reelkeep.log"
    log.write_bytes(b"one\n<AF1ADD> WARNING odd \xff name\nthree\n")
    dialog = LogDialog(bridge, log)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: "three" in dialog.text.toPlainText())

    dialog.filter.setText("af1add warning")

    assert dialog.text.toPlainText().startswith("<AF1ADD> WARNING odd")


def test_only_whole_lines_of_a_long_log_are_shown(tmp_path):
    log = tmp_path / "reelkeep.log"
    log.write_text("".join(f"line {number:06d}\n" for number in range(1000)))

    lines = tail(log, most=100).splitlines()

    assert lines[-1] == "line 000999"
    assert all(line.startswith("line ") for line in lines)


def test_a_log_that_does_not_exist_yet_is_empty():
    assert tail(Path("/nonexistent/reelkeep.log")) == ""


def test_the_files_of_a_job_are_asked_for_and_narrowed(bridge, engine, qtbot):
    engine.jobs = [s.running(1)]
    engine.rows = tuple(s.file_row(n, "failed" if n == 7 else "verified") for n in range(1, 101))
    bridge.start()
    qtbot.waitUntil(lambda: bool(bridge.snapshots))
    dialog = JobFilesDialog(bridge, s.running(1).id)
    qtbot.addWidget(dialog)

    qtbot.waitUntil(lambda: dialog.count.text() == "100 files")
    dialog.open_only.setChecked(True)

    assert dialog.count.text() == "1 of 100 files"
    assert dialog.title.full_text == "Offload A003 · 412.0 GB"
