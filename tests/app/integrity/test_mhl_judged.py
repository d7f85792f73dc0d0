"""Histories that we write, judged by the public tool; and histories of the tool, read by us."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mhl_judge import Judge
from mhl_trees import CREATOR, STARTED, found_in, make_files, seal

from app.integrity.hashing import CUSTODY_KINDS, HashKind
from app.integrity.mhl import (
    Action,
    History,
    Process,
    compare,
    next_records,
    read_chain,
    read_manifest,
    write_generation,
)

XXH64, MD5, C4 = HashKind.XXH64, HashKind.MD5, HashKind.C4


def later(seconds: int = 60) -> datetime:
    return STARTED + timedelta(seconds=seconds)


@pytest.mark.parametrize("kind", CUSTODY_KINDS)
def test_the_tool_accepts_a_first_generation_of_every_kind(
    card: Path, judge: Judge, kind: HashKind
) -> None:
    path = seal(card, (kind,))

    assert path.name == "0001_A003R1_2026-11-20_120431Z.mhl"
    judge.accepts(card)


def test_all_kinds_in_one_read_are_accepted(card: Path, judge: Judge) -> None:
    manifest = read_manifest(seal(card, tuple(HashKind)))

    assert {h.kind for file in manifest.files for h in file.hashes} == set(CUSTODY_KINDS)
    judge.accepts(card)


@pytest.mark.parametrize("kind", CUSTODY_KINDS)
def test_the_tool_continues_our_history_and_we_continue_its(
    card: Path, judge: Judge, kind: HashKind
) -> None:
    seal(card, (kind,))
    assert judge.create(card, "-h", kind.value) == 0
    seal(card, (kind,), started=later())

    judge.accepts(card)
    chain = read_chain(card / "ascmhl" / "ascmhl_chain.xml")
    assert [entry.number for entry in chain] == [1, 2, 3]
    for entry in chain[1:]:
        manifest = read_manifest(card / "ascmhl" / entry.name)
        assert {h.action for file in manifest.files for h in file.hashes} == {Action.VERIFIED}


@pytest.mark.parametrize("kind", CUSTODY_KINDS)
def test_we_read_what_the_tool_wrote(card: Path, judge: Judge, kind: HashKind) -> None:
    assert judge.create(card, "-h", kind.value) == 0

    history = History.load(card)

    assert history is not None
    found, folders = found_in(card, (kind,))
    comparison = compare(history, found)
    assert comparison.clean
    assert len(comparison.verified) == 5
    assert set(history.folders()) == {folder.path for folder in folders}


def test_our_directory_hashes_are_those_of_the_tool(card: Path, judge: Judge) -> None:
    ours = read_manifest(seal(card, (XXH64, C4)))
    shutil.rmtree(card / "ascmhl")
    assert judge.create(card, "-h", "xxh64", "-h", "c4") == 0
    theirs = read_manifest(next((card / "ascmhl").glob("*.mhl")))

    assert ours.header.root == theirs.header.root
    assert [(f.path, f.content, f.structure) for f in ours.folders] == [
        (f.path, f.content, f.structure) for f in theirs.folders
    ]
    assert [f.path for f in ours.files] == [f.path for f in theirs.files]


def test_a_second_kind_is_verified_beside_the_first_and_accepted(card: Path, judge: Judge) -> None:
    seal(card, (XXH64,))
    second = read_manifest(seal(card, (XXH64, MD5), started=later()))

    assert {h.action for file in second.files for h in file.hashes} == {Action.VERIFIED}
    judge.accepts(card)
    assert judge.create(card, "-h", "sha1") == 0
    judge.accepts(card)
    history = History.load(card)
    assert history is not None
    assert set(history.known("index.xml")) == {XXH64, MD5, HashKind.SHA1}


def nested_card(tmp_path: Path) -> Path:
    root = tmp_path / "Reels"
    make_files(
        root,
        {
            "A002/Clips/a.mov": b"a" * 50,
            "A002/side.txt": b"side",
            "B001/PRIVATE/C001/b.mov": b"b" * 50,
            "B001/notes.txt": b"notes",
            "Summary.txt": b"all",
        },
    )
    return root


def test_nested_histories_get_their_own_generation_and_the_tool_accepts_all(
    tmp_path: Path, judge: Judge
) -> None:
    root = nested_card(tmp_path)
    seal(root / "A002")
    seal(root / "B001/PRIVATE/C001")
    seal(root / "B001")
    top = read_manifest(seal(root, started=later()))

    judge.accepts(root)
    for scope, count in (("A002", 2), ("B001", 2), ("B001/PRIVATE/C001", 3)):
        assert len(list((root / scope / "ascmhl").glob("*.mhl"))) == count
    assert [f.path for f in top.files] == ["Summary.txt"]
    assert sorted(f.path for f in top.folders) == ["A002", "B001"]
    assert [r.path.split("/")[0] for r in top.header.references] == ["A002", "B001"]
    assert judge.create(root, "-h", "xxh64") == 0
    seal(root, started=later(120))
    judge.accepts(root)


def test_nested_histories_of_the_tool_are_read_and_continued(tmp_path: Path, judge: Judge) -> None:
    root = nested_card(tmp_path)
    for folder in ("A002", "B001/PRIVATE/C001", "B001", "."):
        assert judge.create(root / folder, "-h", "xxh64") == 0
    history = History.load(root)

    assert history is not None
    assert {scope for scope, _ in history.scopes()} == {"", "A002", "B001", "B001/PRIVATE/C001"}
    found, _ = found_in(root, (XXH64,))
    assert compare(history, found).clean
    seal(root, started=later())
    judge.accepts(root)


def test_a_damaged_file_below_a_nested_history_is_found_by_both(
    tmp_path: Path, judge: Judge
) -> None:
    root = nested_card(tmp_path)
    seal(root / "B001/PRIVATE/C001")
    seal(root)
    (root / "B001/PRIVATE/C001/b.mov").write_bytes(b"b" * 49 + b"x")
    history = History.load(root)

    assert history is not None
    found, _ = found_in(root, (XXH64,))
    assert compare(history, found).failed == ("B001/PRIVATE/C001/b.mov",)
    assert judge.verify(root) == 11


def test_a_renamed_file_and_a_renamed_folder_are_accepted(card: Path, judge: Judge) -> None:
    seal(card)
    (card / "index.xml").rename(card / "INDEX.XML")
    (card / "CLIPS").rename(card / "FOOTAGE")
    (card / "NOTHING").rename(card / "FOOTAGE/NOTHING")
    history = History.load(card)
    assert history is not None
    found, _ = found_in(card, (XXH64,))
    comparison = compare(history, found)
    manifest = read_manifest(seal(card, started=later()))

    assert not comparison.missing
    assert not comparison.new
    assert len(comparison.renamed) == 4
    named = {f.path: f.previous_path for f in (*manifest.files, *manifest.folders)}
    assert named["INDEX.XML"] == "index.xml"
    assert named["FOOTAGE"] == "CLIPS"
    assert named["FOOTAGE/AUDIO"] == "CLIPS/AUDIO"
    assert named["FOOTAGE/NOTHING"] == "NOTHING"
    assert judge.verify(card) == 0
    assert judge.diff(card) == 0


def test_renames_are_accepted_by_every_check_of_the_tool(card: Path, judge: Judge) -> None:
    seal(card)
    (card / "index.xml").rename(card / "INDEX.XML")
    (card / "CLIPS").rename(card / "FOOTAGE")
    seal(card, started=later())

    assert judge.verify(card) == 0
    assert judge.diff(card) == 0
    seal(card, started=later(120))
    assert judge.verify(card) == 0
    assert judge.create(card, "-h", "xxh64") == 0
    history = History.load(card)
    assert history is not None
    assert compare(history, found_in(card, (XXH64,))[0]).clean


def test_renames_that_the_tool_recorded_are_followed_twice(card: Path, judge: Judge) -> None:
    assert judge.create(card, "-h", "xxh64") == 0
    (card / "index.xml").rename(card / "two.xml")
    assert judge.create(card, "-h", "xxh64", "-dr") == 0
    (card / "two.xml").rename(card / "three.xml")
    assert judge.create(card, "-h", "xxh64", "-dr") == 0
    history = History.load(card)

    assert history is not None
    assert compare(history, found_in(card, (XXH64,))[0]).clean
    assert "index.xml" not in set(history.paths())


NAMES = (
    "new\nline.mov",
    "carriage\rreturn.mov",
    "tab\tname.mov",
    "quote\"and'.mov",
    "ampersand & <angle>.mov",
    "emoji 🎬.mov",
    " leading.mov",
    "trailing ",
    "nfd e\u0301.mov",
    "next\x85line.mov",
    "back\\slash.mov",
    "x" * 255,
    "*?[a].mov",
    "#comment",
    "!not",
)


def test_awkward_names_are_accepted_and_come_back_unchanged(tmp_path: Path, judge: Judge) -> None:
    root = tmp_path / "A003"
    make_files(root, {f"in {name[:100]}/{name}": name.encode() for name in NAMES})
    manifest = read_manifest(seal(root))

    assert {Path(f.path).name for f in manifest.files} == set(NAMES)
    judge.accepts(root)


def test_times_in_summer_in_winter_and_before_1970_are_written_with_their_own_offset(
    card: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    summer = int(datetime(2026, 7, 1, 10, tzinfo=UTC).timestamp())
    moments = {"index.xml": summer, "empty.txt": -86400 * 30}
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        for name, moment in moments.items():
            os.utime(card / name, (moment, moment))
        text = seal(card).read_text()
    finally:
        monkeypatch.undo()
        time.tzset()

    assert 'lastmodificationdate="2026-07-01T12:00:00+02:00">index.xml' in text
    assert 'lastmodificationdate="1969-12-02T01:00:00+01:00">empty.txt' in text
    manifest = read_manifest(next((card / "ascmhl").glob("*.mhl")))
    read = {f.path: f.mtime.timestamp() for f in manifest.files if f.mtime}
    assert {name: read[name] for name in moments} == moments
    judge.accepts(card)


def test_links_and_unholdable_names_are_left_out_by_a_line_that_the_tool_understands(
    card: Path, judge: Judge
) -> None:
    (card / "CLIPS/link.mov").symlink_to("A003C001.mov")
    (card / "dangling").symlink_to("nowhere")
    (card / "FOLDERLINK").symlink_to("CLIPS")
    bad = os.fsdecode(b"bad\xff.mov")
    odd = "bell\x07.mov"
    for name in (bad, odd):
        (card / name).write_bytes(b"x")
    left_out = ("CLIPS/link.mov", "dangling", "FOLDERLINK", bad, odd)
    path = seal(card, left_out=left_out)

    assert read_manifest(path).header.ignore[-5:] == (
        "**/CLIPS/link.mov",
        "**/dangling",
        "**/FOLDERLINK",
        "**/bad?.mov",
        "**/bell?.mov",
    )
    judge.accepts(card)
    history = History.load(card)
    assert history is not None
    assert all(history.ignores(p) for p in left_out)
    seal(card, left_out=left_out, started=later())
    judge.accepts(card)
    assert judge.create(card, "-h", "xxh64") == 0


def test_a_line_that_would_hide_a_recorded_file_is_bound_to_its_place(card: Path) -> None:
    make_files(card, {"B/link.mov": b"real"})
    (card / "link.mov").symlink_to("index.xml")
    manifest = read_manifest(seal(card, left_out=("link.mov",)))

    assert manifest.header.ignore[-1] == "/link.mov"


def test_links_in_a_nested_history_are_left_out_there_and_above(
    tmp_path: Path, judge: Judge
) -> None:
    root = nested_card(tmp_path)
    seal(root / "A002")
    (root / "A002/Clips/link").symlink_to("a.mov")
    seal(root, left_out=("A002/Clips/link",), started=later())

    judge.accepts(root)
    child = History.load(root / "A002")
    assert child is not None
    assert child.ignore[-1] == "**/Clips/link"


def test_ignore_lines_grow_and_are_respected_by_both(card: Path, judge: Judge) -> None:
    make_files(card, {"CLIPS/x.tmp": b"1", "CACHE/c.bin": b"2", ".DS_Store": b"3"})
    seal(card, left_out=("CLIPS/x.tmp", "CACHE", "CACHE/c.bin"), ignore=("*.tmp", "CACHE/"))
    assert judge.create(card, "-h", "xxh64", "-i", "*.log") == 0
    make_files(card, {"more.log": b"4"})
    judge.accepts(card)
    history = History.load(card)
    assert history is not None
    assert history.ignores("more.log")
    assert history.ignores("CLIPS/deep/y.tmp")
    assert history.ignores("CACHE/c.bin")
    assert not history.ignores("index.xml")
    assert set(history.ignore) >= {".DS_Store", "ascmhl", "ascmhl/", "*.tmp", "CACHE/", "*.log"}


def test_flipped_missing_and_new_files_are_found_by_both(card: Path, judge: Judge) -> None:
    seal(card)
    clip = card / "CLIPS/A003C001.mov"
    data = clip.read_bytes()
    clip.write_bytes(b"F" + data[1:])
    assert judge.verify(card) == 11
    history = History.load(card)
    assert history is not None
    assert compare(history, found_in(card, (XXH64,))[0]).failed == ("CLIPS/A003C001.mov",)

    seal(card, started=later())
    assert judge.verify(card) == 11
    clip.write_bytes(data)
    assert judge.verify(card) == 0

    clip.unlink()
    assert judge.verify(card) == 10
    clip.write_bytes(data)
    make_files(card, {"extra.txt": b"extra"})
    assert judge.verify(card) == 21
    seal(card, started=later(120))
    assert judge.verify(card) == 0


def test_a_partial_generation_adds_files_only_and_is_accepted(card: Path, judge: Judge) -> None:
    seal(card)
    make_files(card, {"CLIPS/A003C003.mov": b"third"})
    history = History.load(card)
    assert history is not None
    found, _ = found_in(card, (XXH64,))
    new = {"CLIPS/A003C003.mov": found["CLIPS/A003C003.mov"]}
    records = next_records(history, compare(history, new), new)
    write_generation(
        card,
        records=records,
        folders=None,
        process=Process.TRANSFER,
        creator=CREATOR,
        started=later(),
        previous=history,
    )

    assert judge.verify(card) == 0
    assert judge.diff(card) == 0
    seal(card, started=later(120))
    assert judge.verify(card) == 0
