"""Pictures of clips in transfer reports: from real offloads, and never in their way."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from invented_reports import transfer
from numbered_clips import NumberedClips, number_in, shared_clips
from PIL import Image

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot
from app.offload.spec import DestinationSpec, OffloadSpec
from app.reports.html import transfer_html
from app.reports.pdf import transfer_pdf
from app.reports.posters import with_posters

FILMS = ("A003C001.mov", "A003C002.mp4")


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def card(numbered: NumberedClips, tmp_path: Path) -> Path:
    """Two clips, one that is cut off, one of noise, and sound."""
    folder = tmp_path / "card"
    folder.mkdir()
    shutil.copy(numbered("prores.mov").path, folder / FILMS[0])
    shutil.copy(numbered("h264.mp4").path, folder / FILMS[1])
    whole = numbered("h264.mp4").path.read_bytes()
    (folder / "A003C003.mp4").write_bytes(whole[: len(whole) // 3])
    (folder / "A003C004.mov").write_bytes(os.urandom(50_000))
    (folder / "A003C005.wav").write_bytes(os.urandom(50_000))
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


def offloaded(engine: Engine, card: Path, to: Path) -> JobSnapshot:
    to.mkdir()
    spec = OffloadSpec(
        source=card, destinations=(DestinationSpec(path=to),), wanted_copies=1, template="{roll}"
    )
    return engine.run(spec)


def pictures_in(html: Path) -> list[Image.Image]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html.read_text())
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in found]


def number_on(picture: Image.Image) -> int:
    return number_in(np.asarray(picture.convert("L")))


def test_the_report_of_an_offload_shows_its_clips(engine, card, tmp_path):
    ended = offloaded(engine, card, tmp_path / "drive")
    assert ended.safe
    html = Path(ended.report)
    pictures = pictures_in(html)
    assert [number_on(one) for one in pictures] == [60, 48]  # the key frame before the middle
    assert all(one.width <= 160 and one.height <= 90 for one in pictures)
    assert "2 of 5 clips could be shown in time." in html.read_text()
    listed = subprocess.run(
        ["pdfimages", "-list", html.with_suffix(".pdf")], check=True, capture_output=True
    )
    assert len(listed.stdout.splitlines()) == 2 + 2


def test_a_report_on_demand_shows_them_while_a_copy_or_the_card_is_there(engine, card, tmp_path):
    job = offloaded(engine, card, tmp_path / "drive").id
    shutil.rmtree(card)
    assert len(pictures_in(engine.write_report(job, tmp_path / "from copy"))) == 2
    shutil.rmtree(tmp_path / "drive")
    assert pictures_in(engine.write_report(job, tmp_path / "from nothing")) == []


def test_whoever_wants_none_gets_none(engine, card, tmp_path):
    engine.settings.set("report.thumbnails", False)
    ended = offloaded(engine, card, tmp_path / "drive")
    assert ended.safe
    text = Path(ended.report).read_text()
    assert "<img" not in text
    assert "prove nothing" not in text


def test_clips_and_seconds_are_bounded(engine, card, tmp_path):
    report = engine.report(offloaded(engine, card, tmp_path / "drive").id)
    with_one = with_posters(report, most=1)
    assert [clip.name for clip in with_one.clips if clip.poster] == ["A003C001"]
    assert not any(clip.poster for clip in with_posters(report, seconds=0).clips)


def test_a_file_that_never_answers_holds_nobody(engine, card, tmp_path):
    ended = offloaded(engine, card, tmp_path / "drive")
    report = engine.report(ended.id)
    copy = next((tmp_path / "drive").rglob(FILMS[0]))
    copy.unlink()
    os.mkfifo(copy)  # opening it waits for somebody who writes
    before, began = set(threading.enumerate()), time.monotonic()
    try:
        shown = with_posters(report, seconds=0.2, each=0.3)
        assert time.monotonic() - began < 60
        assert not any(clip.poster for clip in shown.clips)
        assert shown == replace(report, clips=shown.clips)
    finally:
        os.close(os.open(copy, os.O_WRONLY))
        for thread in set(threading.enumerate()) - before:
            thread.join(60)


def test_a_report_without_pictures_has_no_place_for_them():
    page = io.StringIO()
    transfer_html(transfer(["a.mov"]), page)
    assert "<img" not in page.getvalue()
    assert 'class="o"' not in page.getvalue()


def test_a_picture_on_paper_keeps_its_shape():
    jpeg = io.BytesIO()
    Image.new("RGB", (50, 90), "#336699").save(jpeg, "JPEG")
    report = transfer(["a.mov"])
    clips = tuple(replace(clip, poster=jpeg.getvalue()) for clip in report.clips)
    pdf = io.BytesIO()
    transfer_pdf(replace(report, clips=clips), pdf, "a.csv")
    listed = subprocess.run(
        ["pdfimages", "-list", "-"], input=pdf.getvalue(), check=True, capture_output=True
    )
    row = listed.stdout.decode().splitlines()[2].split()
    assert row[3:5] == ["50", "90"]
    assert abs(int(row[12]) - int(row[13])) <= 1  # pixels an inch in width and height
