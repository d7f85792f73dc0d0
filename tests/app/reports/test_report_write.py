import errno
import os
import subprocess
import sys
import time

import pytest
from invented_reports import HOSTILE, day_card, day_report, transfer

from app.errors import BadInput, DestinationFull, WriteFailed
from app.reports.write import write_day, write_transfer


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_three_forms_lie_side_by_side_and_nothing_else(tmp_path):
    written = write_transfer(transfer(HOSTILE), tmp_path / "new" / "reports", "A003")
    assert [written.html.name, written.pdf.name, written.csv.name] == [
        "A003.html",
        "A003.pdf",
        "A003.csv",
    ]
    assert (names_in(tmp_path / "new" / "reports")) == ["A003.csv", "A003.html", "A003.pdf"]
    assert written.csv.read_bytes().startswith(b"\xef\xbb\xbf")
    assert written.html.read_bytes().startswith(b"<!doctype html>")
    assert written.pdf.read_bytes().rstrip().endswith(b"%%EOF")


def test_a_day_report_replaces_the_earlier_one(tmp_path):
    write_day(day_report(day_card("A001")), tmp_path, "day 12")
    written = write_day(day_report(day_card("A001"), day_card("A002")), tmp_path, "day 12")
    assert "A002" in written.html.read_text()
    assert len(names_in(tmp_path)) == 3


def test_a_report_is_readable_like_any_file(tmp_path):
    (tmp_path / "other").write_text("")
    written = write_day(day_report(day_card("A001")), tmp_path, "day")
    assert written.html.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("stem", ["", ".", "..", "a/b", "/a", "nul\0"])
def test_a_stem_that_is_no_file_name_is_refused(tmp_path, stem):
    with pytest.raises(BadInput):
        write_day(day_report(), tmp_path, stem)
    assert names_in(tmp_path) == []


def test_a_stem_that_is_no_utf8_is_taken(tmp_path):
    written = write_transfer(transfer(["a"]), tmp_path, "A\udcff003")
    assert written.pdf.exists()


def test_a_file_in_place_of_the_folder_is_an_error_that_names_it(tmp_path):
    (tmp_path / "reports").write_text("mine")
    with pytest.raises(WriteFailed, match="reports"):
        write_day(day_report(), tmp_path / "reports", "day")
    assert (tmp_path / "reports").read_text() == "mine"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_drive_keeps_the_earlier_report_and_no_partial(tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", mount], check=True)
    try:
        earlier = write_day(day_report(day_card("A001")), mount, "report")
        before = earlier.html.read_bytes()
        with pytest.raises(DestinationFull, match="report") as caught:
            write_transfer(transfer([f"C{n}.mov" for n in range(3_000)]), mount, "report")
        assert caught.value.__cause__.errno == errno.ENOSPC
        assert (names_in(mount)) == ["report.csv", "report.html", "report.pdf"]
        assert earlier.html.read_bytes() == before
    finally:
        subprocess.run(["umount", mount], check=True)


def test_twenty_thousand_files_take_seconds(tmp_path):
    report = transfer([f"A003R2EC/A003C{number:05d}.mov" for number in range(20_000)])
    start = time.perf_counter()
    written = write_transfer(report, tmp_path, "big")
    assert time.perf_counter() - start < 30
    with written.csv.open("rb") as stream:
        assert sum(1 for _ in stream) == 40_001
    with written.html.open("rb") as stream:
        assert sum(line.count(b"<tr>") for line in stream) > 20_000


def test_the_writers_of_pages_are_loaded_with_the_first_report_only():
    code = (
        "import sys, app.reports.write\n"
        "print(sorted({'jinja2', 'markupsafe', 'reportlab', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
