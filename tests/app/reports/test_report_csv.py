import csv
import io

from invented_reports import HOSTILE, MOMENT, day_card, day_report, file_row, transfer

from app.reports.csv import day_csv, transfer_csv
from app.reports.model import CopyRow
from app.reports.visible import visible_path


def rows_of(report, write=transfer_csv):
    stream = io.StringIO(newline="")
    write(report, stream)
    text = stream.getvalue()
    assert text.startswith("\ufeff")
    assert text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_every_copy_of_every_file_has_a_row():
    rows = rows_of(transfer(["a.mxf", "b.mxf"]))
    assert [(row["file"], row["destination"]) for row in rows] == [
        ("a.mxf", "RAID-1"),
        ("a.mxf", "SHUTTLE-07"),
        ("b.mxf", "RAID-1"),
        ("b.mxf", "SHUTTLE-07"),
    ]
    assert rows[1]["copy_path"] == "Day12/A003/a.mxf"
    assert rows[1]["copy_state"] == "verified"
    assert rows[1]["read_back"] == "2026-11-20 12:04:32+00:00"
    assert rows[1]["size_bytes"] == "1234567"
    assert rows[1]["verdict"] == "SAFE TO FORMAT"
    assert rows[1]["hash_xxh64"] == file_row("a.mxf").hashes["xxh64"]
    assert rows[1]["hash_blake3"] == file_row("a.mxf").hashes["blake3"]


def test_hostile_names_keep_their_rows_and_never_start_a_formula():
    rows = rows_of(transfer(HOSTILE))
    assert len(rows) == 2 * len(HOSTILE)
    for name, row in zip(HOSTILE, rows[::2], strict=True):
        assert row["file"].removeprefix("'") == visible_path(name)
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert not [cell for cell in cells if "\n" in cell or "\r" in cell]


def test_ignored_files_are_named_and_files_without_copies_too():
    lonely = file_row("lonely.mov")._replace(copies=(), state="failed", trouble="Unreadable.")
    rows = rows_of(transfer(["a.mxf"], files=(lonely,), ignored=(".DS_Store", "odd\nname")))
    assert [(row["file"], row["file_state"]) for row in rows] == [
        ("lonely.mov", "failed"),
        (".DS_Store", "ignored"),
        ("odd\\nname", "ignored"),
    ]
    assert rows[0]["trouble"] == "Unreadable."
    assert {len(row) for row in rows} == {len(rows[0])}


def test_a_hash_kind_that_only_some_files_have_gets_its_column():
    other = file_row("b.mov")._replace(hashes={"sha256": "ab" * 32})
    rows = rows_of(transfer(["a.mov"], files=(file_row("a.mov"), other)))
    assert rows[0]["hash_sha256"] == ""
    assert rows[2]["hash_sha256"] == "ab" * 32
    assert rows[2]["hash_xxh64"] == ""


def test_a_copy_on_an_unknown_destination_does_not_take_anothers_name():
    copy = CopyRow(destination=-1, path="a.mov", state="verified")
    stray = file_row("a.mov")._replace(copies=(copy,))
    assert [row["destination"] for row in rows_of(transfer(["a"], files=(stray,)))] == ["unknown"]


def test_a_report_without_files_is_a_head_alone():
    assert rows_of(transfer([])) == []


def test_a_day_has_one_row_a_card():
    open_points = ("Copy it again.", "Find SHUTTLE-07.")
    cards = (day_card("A003"), day_card("=B1", safe=False, open=open_points, first_recorded=None))
    rows = rows_of(day_report(*cards), day_csv)
    assert [row["roll"] for row in rows] == ["A003", "'=B1"]
    assert rows[0]["copies_on"] == "Areca 1; Samsung T7"
    assert rows[0]["copies"] == "2"
    assert rows[0]["offloaded"] == MOMENT.isoformat(sep=" ")
    assert rows[1]["safe"] == "no"
    assert rows[1]["open"] == "Copy it again. Find SHUTTLE-07."
    assert rows[1]["first_recorded"] == ""
