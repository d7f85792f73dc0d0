"""A drive or a program that fails for a moment costs no encoded picture, and makes nothing raw."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath

import pytest
from fault_mount import FaultMount
from mount_bench import Bench
from transcode_bench import PRORES, QUICK, Footage, numbers_of, transcoded

from app.engine import Engine
from app.errors import NameTaken, WriteFailed
from app.jobs.snapshot import JobState
from app.media.products.sources import Source
from app.media.transcode.outputs import Output, claim, finish, output_of, read_sheet
from app.media.transcode.spec import ClipState, Fate, TranscodeSheet, TranscodeSpec
from app.settings import Settings

FRAMES = 60
PLAIN = replace(QUICK, measured=False)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def clip(footage: Footage) -> Path:
    return footage.made("clip.mov", *PRORES, frames=FRAMES, tones=0)


@pytest.fixture(autouse=True)
def one_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None but that of the settings, where there is one."""
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "ffmpeg"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


def engine_by(folder: Path, when: str, do: str) -> Engine:
    """One whose ffmpeg does *do*, a line of shell, for command lines like the pattern *when*."""
    program = folder / "ffmpeg"
    program.write_text(f'#!/bin/sh\ncase "$*" in {when}) {do};; esac\nexec /usr/bin/ffmpeg "$@"\n')
    program.chmod(0o755)
    settings = Settings.load(folder / "settings.toml", overrides={"media.ffmpeg": str(program)})
    return Engine(folder / "profile", settings)


def only_once(folder: Path, do: str) -> str:
    return f'if mkdir "{folder}/once" 2>/dev/null; then {do}; fi'


def work_of(out: Path) -> dict[str, bytes]:
    """All that is encoded so far, by name."""
    return {path.name: path.read_bytes() for path in out.glob(".*.work/stream-0/run-*")}


PUT = "*run-*matroska*"
"""The command that puts all streams into one file."""


@pytest.mark.root
def test_a_read_error_at_a_resume_costs_nothing_that_is_encoded(clip, tmp_path, bench: Bench):
    drive = FaultMount(bench, "drive")
    mine = drive.point / "mine.mov"
    shutil.copy(clip, drive.backing / "mine.mov")
    out = tmp_path / "out"
    once = only_once(tmp_path, "kill -9 $$")
    with engine_by(tmp_path, PUT, once) as engine:
        ended, (sheet,) = transcoded(engine, mine, to=out, recipe=PLAIN)
        assert "was ended" in sheet.trouble
        kept = work_of(out)
        assert kept
        drive.set({"op": "read", "do": "EIO", "match": "*.mov"})
        engine.run(ended.id)
        (sheet,) = engine.transcodes.sheets(ended.id)
        assert sheet.state is ClipState.FAILED
        assert work_of(out) == kept

        drive.set()
        engine.run(ended.id)
        (sheet,) = engine.transcodes.sheets(ended.id)
    assert (sheet.state, sheet.streams[0].runs) == (ClipState.MADE, 1), sheet.trouble
    assert numbers_of(out / "mine.mkv") == list(range(FRAMES))


@pytest.mark.parametrize("when", [PUT, "*explode*"])
def test_a_helper_that_is_killed_costs_nothing_that_is_encoded(clip, tmp_path, when):
    out = tmp_path / "out"
    with engine_by(tmp_path, when, only_once(tmp_path, "kill -9 $$")) as engine:
        ended, (sheet,) = transcoded(engine, clip, to=out, recipe=PLAIN)
        assert (ended.state, sheet.state) == (JobState.FAILED, ClipState.FAILED)
        assert "was ended" in sheet.trouble
        assert work_of(out)

        engine.run(ended.id)
        (sheet,) = engine.transcodes.sheets(ended.id)
    assert (sheet.state, sheet.streams[0].runs) == (ClipState.MADE, 1), sheet.trouble


def test_a_clip_that_goes_while_it_is_encoded_does_not_stay_raw(clip, tmp_path):
    mine, away, out = tmp_path / "mine.mov", tmp_path / "away.mov", tmp_path / "out"
    shutil.copy(clip, mine)
    # As where the drive fails after some pictures: the program ends well, with too few of them.
    cut = f'mv "{mine}" "{away}"; exec /usr/bin/ffmpeg -i "{away}" -frames:v 20 -c:v libx264'
    cut += ' -f nut -y "$out" -progress pipe:1 -v error'
    do = only_once(tmp_path, f'for out in "$@"; do :; done; {cut}')
    with engine_by(tmp_path, "*stream-0/run-*", do) as engine:
        compact = replace(PLAIN, raw_from=90)
        ended, (sheet,) = transcoded(engine, mine, to=out, recipe=compact)
        assert sheet.state is ClipState.FAILED
        assert str(mine) in sheet.trouble

        away.rename(mine)
        engine.run(ended.id)
        (sheet,) = engine.transcodes.sheets(ended.id)
    assert sheet.state is ClipState.MADE, sheet.trouble
    assert sheet.streams[0].fate is Fate.ENCODED
    assert numbers_of(out / "mine.mkv") == list(range(FRAMES))


def test_a_damaged_clip_with_an_odd_name_stops_no_other(engine, clip, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")  # as in a window's session
    odd = tmp_path / os.fsdecode(b"od\xffd\nname.mov")
    odd.write_bytes(clip.read_bytes()[:-1000])  # its header is at its end

    ended, sheets = transcoded(engine, odd, clip, to=tmp_path / "out", recipe=PLAIN)

    assert ended.state is JobState.FAILED
    assert [one.state for one in sheets] == [ClipState.FAILED, ClipState.MADE]
    assert str(odd) in sheets[0].trouble


def claimed(clip: Path, out: Path, work: Path) -> Output:
    spec = TranscodeSpec(files=(clip,), recipe=PLAIN, to=out, work=work)
    made = output_of(spec, Source(path=clip, name="clip", files=(clip,)), PurePath("clip"))
    claim(made)
    return made


def test_two_that_come_by_one_name_leave_the_first_one_its_sheet(engine, clip, footage, tmp_path):
    other = footage.made("other.mov", *PRORES, frames=25, tones=0)
    out = tmp_path / "out"
    late = claimed(other, out, tmp_path / "work of another")
    _, (sheet,) = transcoded(engine, clip, to=out, recipe=PLAIN)
    assert sheet.path == late.path
    late.part.write_bytes(b"another")

    with pytest.raises(NameTaken, match="has come into being meanwhile"):
        finish(late, replace(sheet, source=other, bytes=7))

    found = read_sheet(late.path)
    assert found is not None
    assert found.source == clip


def test_a_job_that_is_cut_off_before_the_sheet_knows_its_file(engine, clip, tmp_path):
    out, work = tmp_path / "out", tmp_path / "work"
    mine = claimed(clip, out, work)
    mine.part.write_bytes(b"made")
    stat = mine.part.stat()
    sheet = TranscodeSheet(
        source=clip,
        state=ClipState.MADE,
        path=mine.path,
        bytes=stat.st_size,
        changed=stat.st_mtime_ns,
        source_bytes=mine.stamp.size,
        source_files=1,
        source_changed=mine.stamp.changed,
        digest=mine.digest,
    )
    mine.sheet.mkdir()  # it cannot be written
    with pytest.raises(WriteFailed):
        finish(mine, sheet)
    mine.sheet.rmdir()
    os.link(mine.path, mine.part)  # as where it was cut off between the two names
    assert read_sheet(mine.path) is None

    _, (found,) = transcoded(engine, clip, to=out, recipe=PLAIN, work=work)

    assert found.state is ClipState.KNOWN
    assert read_sheet(mine.path) == sheet
    assert not work.exists() or list(work.iterdir()) == []
    assert sorted(path.name for path in out.iterdir()) == ["clip.mkv", "clip.mkv.json"]
