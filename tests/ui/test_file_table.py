"""Who gives way in the table of files."""

from __future__ import annotations

from offload_stage import file_rows

from ui.models.evidence_files import AT_ONCE, EvidenceFiles
from ui.widgets.file_table import FileTable


def table_of(qtbot, width: int) -> FileTable:
    """Twelve files on three drives, *width* pixels wide."""
    model = EvidenceFiles()
    model.put(file_rows(12, 3), ["RAID-1", "SHUTTLE-07", "LTO stage"])
    made = FileTable(model, "Files")
    qtbot.addWidget(made)
    made.resize(width, 400)
    with qtbot.waitExposed(made):
        made.show()
    made.fit()
    return made


def test_the_hash_gives_way_before_the_path_and_not_without_need(qtbot):
    roomy, tight = table_of(qtbot, 1400), table_of(qtbot, 920)
    whole = roomy.fontMetrics().horizontalAdvance(roomy.model().index(0, 3).data())
    assert roomy.columnWidth(3) >= whole
    assert tight.columnWidth(3) < whole
    tight.resize(1400, 400)
    assert tight.columnWidth(3) >= whole
    tight.resize(920, 400)
    assert tight.columnWidth(0) >= tight.fontMetrics().horizontalAdvance("clips/A003C00000.mxf")


def test_many_files_are_looked_through_elsewhere_and_a_late_answer_is_dropped():
    model, asked = EvidenceFiles(), []
    model.put(file_rows(AT_ONCE + 1), ["RAID-1", "SHUTTLE-07"])
    for text in ("C00001", "C00002"):
        model.narrow(text, only_open=False, ask=lambda call, done: asked.append((call, done)))
    assert model.rowCount() == AT_ONCE + 1
    for call, done in reversed(asked):
        done(call())
    assert [row.path for row in model.rows] == ["clips/A003C00002.mxf"]


def test_few_files_are_looked_through_at_once_and_new_ones_like_them():
    model, asked = EvidenceFiles(), []
    model.put(file_rows(500), ["RAID-1", "SHUTTLE-07"])
    model.narrow("c0049", only_open=True, ask=lambda call, done: asked.append((call, done)))
    assert not asked
    assert [row.path for row in model.rows] == ["clips/A003C00499.mxf"]
    files = file_rows(3000)
    model.put(files, ["RAID-1", "SHUTTLE-07"], model.sieve.kept(files))
    assert [row.path for row in model.rows] == ["clips/A003C00499.mxf"]
