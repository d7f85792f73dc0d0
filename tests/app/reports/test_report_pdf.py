import io
import re
import shutil
import subprocess

import pytest
from invented_reports import (
    HOSTILE,
    MOMENT,
    day_card,
    day_report,
    destination_row,
    file_row,
    transfer,
)

from app.integrity.verify.outcome import FileOutcome, FileState, PartOutcome, VerifyOutcome
from app.reports.model import ClipRow, VerifyPart, VerifyReport, VerifyRow
from app.reports.pdf import FILE_ROWS, day_pdf, transfer_pdf
from app.reports.typeface import TEXT, Style, legible, width, wrap
from app.reports.verify_pdf import verify_pdf

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed"
)


def pages_of(write):
    stream = io.BytesIO()
    write(stream)
    assert stream.getvalue().startswith(b"%PDF-")
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=stream.getvalue(), capture_output=True, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode().removesuffix("\f").split("\f")


def pages_of_transfer(report):
    return pages_of(lambda stream: transfer_pdf(report, stream, "A003.csv"))


def squeezed(pages):
    return re.sub(r"\s+", "", "".join(pages))


@needs_poppler
def test_every_page_says_what_it_is_and_which_of_how_many():
    pages = pages_of_transfer(transfer([f"A003C{number:03d}.mov" for number in range(100)]))
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert "Offload of A003" in page.splitlines()[0] + page.splitlines()[1]
        assert "SAFE TO FORMAT" in page
        assert f"Page {number} of {len(pages)}" in page


@needs_poppler
def test_a_long_table_repeats_its_head_and_loses_no_row():
    paths = [f"A003C{number:03d}.mov" for number in range(300)]
    pages = pages_of_transfer(transfer(paths))
    text = "".join(pages)
    assert [path for path in paths if path not in text] == []
    assert [path for path in paths if file_row(path).hashes["blake3"] not in text] == []
    with_rows = [page for page in pages if "blake3  " in page]
    assert len(with_rows) > 5
    assert all("File and hashes" in page for page in with_rows)


@needs_poppler
def test_names_of_other_scripts_are_legible():
    text = squeezed(pages_of_transfer(transfer(HOSTILE)))
    assert "ÜnïΕλλЖук" in text
    assert r"\u{65e5}\u{672c}\u{8a9e}\u{1f3ac}.mxf" in text
    assert r"new\nline\r\ttab.mov" in text
    assert r"\xff\x80.bin" in text
    assert r"spoof\u{202e}gnp.mov" in text
    assert r"back\\nslash.mov" in text
    assert sum(map(len, re.findall("x{20,}", text))) >= 255


@needs_poppler
def test_the_verdict_its_reasons_and_every_loss_are_told():
    report = transfer(
        ["a.mov"],
        safe=False,
        verdict="KEEP, 1 of 2 copies verified",
        reasons=("a.mov is verified on 1 of 2 devices.",),
        ignored=("._a", ".DS_Store"),
        findings=("C014 comes without its XML.",),
        not_kept=("The link latest was not recreated.",),
        notes=("Resumed at 12:11.",),
        clips=(
            ClipRow(
                name="C014", files=1, size=1, recorded=None, state="bad", missing=("C014.xml",)
            ),
        ),
    )
    text = squeezed(pages_of_transfer(report))
    for fact in (
        "KEEP, 1 of 2 copies verified",
        "a.mov is verified on 1 of 2 devices.",
        "._a",
        ".DS_Store",
        "C014 comes without its XML.",
        "The link latest was not recreated.",
        "Resumed at 12:11.",
        "Missing: C014.xml",
        "Device of SHUTTLE-07",
        "read back from the medium",
    ):
        assert fact.replace(" ", "") in text


@needs_poppler
def test_beyond_the_limit_the_csv_is_named():
    count = FILE_ROWS + 1
    pages = pages_of_transfer(transfer([f"C{number:06d}.mov" for number in range(count)], clips=()))
    text = squeezed(pages)
    assert f"C{FILE_ROWS - 1:06d}.mov" in text
    assert f"C{FILE_ROWS:06d}.mov" not in text
    sentence = f"all {count:,} rows are in the CSV beside this file, A003.csv."
    assert sentence.replace(" ", "") in text


@needs_poppler
def test_many_destinations_and_a_sentence_longer_than_a_page_fit():
    drives = tuple(destination_row(f"DRIVE-{number}", 1) for number in range(7))
    trouble = "word " * 4_000 + "end."
    row = file_row("a.mov", destinations=7)._replace(trouble=trouble)
    reasons = tuple(f"Reason number {number} of many." for number in range(200))
    pages = pages_of_transfer(
        transfer(["a.mov"], destinations=drives, files=(row,), safe=False, reasons=reasons)
    )
    text = squeezed(pages)
    assert "7of7verified" in text
    assert text.count("word") >= 4_000
    assert "Reasonnumber199" in text


@needs_poppler
def test_a_report_without_files_is_whole():
    text = "".join(pages_of_transfer(transfer([], destinations=())))
    assert "There were no files." in text
    assert "Page 1 of 1" in text


@needs_poppler
def test_a_day_has_its_sentence_and_a_row_a_card():
    cards = [day_card(f"A{number:03d}") for number in range(60)]
    cards.append(day_card("B\n001", safe=False, open=("Copy it again.",)))
    pages = pages_of(lambda stream: day_pdf(day_report(*cards), stream))
    text = "".join(pages)
    assert "Day 12: 61 cards, 1 to 2 copies" in text
    assert [card.roll for card in cards[:60] if card.roll not in text] == []
    assert r"B\n001: Copy it again." in text
    assert f"Page {len(pages)} of {len(pages)}" in text
    for page in pages:
        assert page.splitlines()[0].rstrip().endswith("60 of 61 cards safe"), "and not cut"


def verification(*names):
    outcome = VerifyOutcome(
        title="Verify A003 on SHUTTLE-06",
        parts=(
            PartOutcome(
                root="/drives/A003",
                against="0001.mhl",
                files=5,
                asked=6,
                verified=2,
                differences=tuple(FileOutcome(path=n, state=FileState.MISSING) for n in names),
            ),
        ),
    )
    return VerifyReport(
        job="AF1ADD", title=outcome.title, sentence=outcome.sentence, brief=outcome.brief,
        good=outcome.done, started=MOMENT, finished=MOMENT, repaired_from="", host="cart",
        operator="Ada", tool="Reelkeep",
        parts=(
            VerifyPart(
                path="/drives/A003", against="0001.mhl", asked=6, files=5, size=9, verified=2,
                cached=0, generation="", rows=tuple(VerifyRow(n, "missing") for n in names),
            ),
        ),
    )  # fmt: skip


@needs_poppler
def test_a_verification_counts_in_its_banner_and_names_below():
    names = [f"CLIPS/A003R2EC/a_long_name_of_a_clip_{n}.mov" for n in range(4)]
    (page,) = pages_of(lambda stream: verify_pdf(verification(*names), stream, "A003.csv"))
    banner, _, below = page.partition("Held against")
    assert "4 files differ: 4 missing." in banner
    assert [name for name in names if name in banner or name not in below] == []
    assert page.splitlines()[0].rstrip().endswith("4 files differ"), "and not cut"


def test_lines_are_never_wider_than_their_column():
    style = Style(font=TEXT, size=8.5, leading=11)
    for text in ("x" * 500, "a/" * 300, "word " * 100, "日本" * 60, "", "/" + "y" * 90):
        lines = wrap(text, style, 120)
        assert max(width(line, style) for line in lines) <= 120
        assert "".join(lines).replace(" ", "") == legible(text, TEXT).replace(" ", "")
