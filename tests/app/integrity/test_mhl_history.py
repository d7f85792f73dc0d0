"""What a history knows after several generations, and how it compares with what is there."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pathspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mhl_trees import CREATOR, STARTED, found_in, make_files, seal

from app.integrity.hashing import CUSTODY_KINDS, HashKind, hash_bytes
from app.integrity.mhl import (
    Action,
    FileRecord,
    Folder,
    FoundFile,
    HashRecord,
    History,
    IgnoreList,
    Process,
    Rename,
    compare,
    file_moment,
    holdable,
    ignore_pattern_for,
    next_records,
    read_manifest,
    write_generation,
)
from app.integrity.mhl.wording import moment_from, moment_xml

XXH64, MD5 = HashKind.XXH64, HashKind.MD5
ONE, TWO, THREE = (hash_bytes(XXH64, data) for data in (b"1", b"2", b"3"))
MD5_ONE, MD5_TWO = (hash_bytes(MD5, data) for data in (b"1", b"2"))


def entry(
    path: str,
    text: str,
    action: Action | None = Action.ORIGINAL,
    previous: str | None = None,
    kind: HashKind = XXH64,
) -> FileRecord:
    record = HashRecord(kind=kind, text=text, action=action, at=STARTED)
    return FileRecord(path=path, size=1, mtime=None, hashes=(record,), previous_path=previous)


def written(root: Path, *generations: list[FileRecord]) -> History:
    """A history with these generations, as read back from the disk."""
    root.mkdir(exist_ok=True)
    for number, records in enumerate(generations):
        write_generation(
            root,
            records=records,
            folders=None,
            process=Process.IN_PLACE,
            creator=CREATOR,
            started=STARTED + timedelta(seconds=number),
        )
    history = History.load(root)
    assert history is not None
    return history


def test_failed_hashes_are_never_used(tmp_path: Path) -> None:
    history = written(
        tmp_path / "A",
        [entry("a", ONE)],
        [entry("a", TWO, Action.FAILED), entry("b", TWO, Action.FAILED)],
    )

    assert history.known("a") == {XXH64: ONE}
    assert history.known("b") == {}
    assert set(history.paths()) == {"a", "b"}


def test_a_hash_without_action_adds_a_kind_but_replaces_none(tmp_path: Path) -> None:
    history = written(
        tmp_path / "A",
        [entry("a", ONE)],
        [entry("a", TWO, None)],
        [entry("a", MD5_ONE, None, kind=MD5)],
    )

    assert history.known("a") == {XXH64: ONE, MD5: MD5_ONE}


def test_a_file_recorded_anew_with_other_bytes_loses_its_former_hashes(tmp_path: Path) -> None:
    history = written(
        tmp_path / "A",
        [entry("a", ONE)],
        [entry("a", MD5_ONE, Action.VERIFIED, kind=MD5)],
        [entry("a", TWO, Action.ORIGINAL)],
    )

    assert history.known("a") == {XXH64: TWO}


def test_two_files_that_swapped_their_names_keep_their_hashes(tmp_path: Path) -> None:
    history = written(
        tmp_path / "A",
        [entry("a", ONE), entry("b", TWO), entry("c", THREE)],
        [entry("a", TWO, previous="b"), entry("b", ONE, previous="a")],
        [entry("d", ONE, previous="b"), entry("b", THREE, previous="c"), entry("c", TWO)],
    )

    known = {path: history.known(path)[XXH64] for path in history.paths()}
    assert known == {"a": TWO, "b": THREE, "c": TWO, "d": ONE}


def test_a_name_that_is_used_again_after_a_rename_is_another_file(tmp_path: Path) -> None:
    history = written(
        tmp_path / "A",
        [entry("a", ONE)],
        [entry("a", TWO), entry("b", ONE, previous="a")],
    )

    assert {p: history.known(p)[XXH64] for p in history.paths()} == {"a": TWO, "b": ONE}


def read(data: bytes, *kinds: HashKind) -> FoundFile:
    return FoundFile(size=len(data), digests={k: hash_bytes(k, data) for k in kinds}, at=STARTED)


def actions(records: list[FileRecord]) -> Mapping[str, dict[HashKind, Action | None]]:
    return {r.path: {h.kind: h.action for h in r.hashes} for r in records}


def test_every_file_falls_into_one_class_and_gets_its_action(tmp_path: Path) -> None:
    history = written(
        tmp_path / "A",
        [entry(name, ONE) for name in ("same", "rot", "gone", "old", "unread", "longer")],
    )
    found = {
        "same": read(b"1", XXH64, MD5),
        "rot": read(b"2", XXH64, MD5),
        "longer": read(b"22", XXH64),
        "moved": read(b"1", XXH64),
        "fresh": read(b"3", XXH64, MD5),
        "unread": read(b"1"),
        ".DS_Store": read(b"x", XXH64),
    }
    result = compare(history, found)

    assert result.verified == ("same",)
    assert result.failed == ("longer", "rot")
    assert result.new == ("fresh",)
    assert len(result.renamed) == 1
    assert result.renamed[0].path == "moved"
    assert set(result.missing) | {result.renamed[0].previous} == {"gone", "old"}
    assert result.unproven == ("unread",)
    assert [d.reason for d in result.changed] == [
        "2 bytes instead of 1",
        f"xxh64 {TWO} instead of {ONE}",
    ]
    assert actions(next_records(history, result, found)) == {
        "same": {XXH64: Action.VERIFIED, MD5: Action.VERIFIED},
        "rot": {XXH64: Action.FAILED},
        "longer": {XXH64: Action.FAILED},
        "moved": {XXH64: Action.ORIGINAL},
        "fresh": {XXH64: Action.ORIGINAL, MD5: Action.ORIGINAL},
        "unread": {},
    }


def test_a_new_kind_alone_proves_nothing(tmp_path: Path) -> None:
    history = written(tmp_path / "A", [entry("a", ONE)])
    found = {"a": read(b"1", MD5)}
    result = compare(history, found)

    assert result.unproven == ("a",)
    assert not result.clean
    assert actions(next_records(history, result, found)) == {"a": {}}


def test_renames_pair_like_names_first_and_each_file_once(tmp_path: Path) -> None:
    history = written(tmp_path / "A", [entry("x/a", ONE), entry("x/b", ONE), entry("x/c", ONE)])
    found = {path: read(b"1", XXH64) for path in ("y/c", "y/a", "y/new", "y/more")}
    result = compare(history, found)

    assert Rename(previous="x/a", path="y/a") in result.renamed
    assert Rename(previous="x/c", path="y/c") in result.renamed
    assert len(result.renamed) == 3
    assert len(result.new) == 1
    assert result.missing == ()


def test_empty_files_are_renamed_only_with_their_name(tmp_path: Path) -> None:
    empty = hash_bytes(XXH64, b"")
    records = [
        FileRecord(path=p, size=0, mtime=None, hashes=entry(p, empty).hashes) for p in ("a", "b")
    ]
    history = written(tmp_path / "A", records)
    result = compare(history, {"x/a": read(b"", XXH64), "other": read(b"", XXH64)})

    assert result.renamed == (Rename(previous="a", path="x/a"),)
    assert (result.missing, result.new) == (("b",), ("other",))


def test_an_empty_folder_that_is_gone_is_found_when_folders_are_given(card: Path) -> None:
    seal(card)
    (card / "NOTHING/INSIDE").rmdir()
    history = History.load(card)
    assert history is not None
    found, folders = found_in(card, (XXH64,))

    assert compare(history, found).clean
    result = compare(history, found, [folder.path for folder in folders])
    assert result.missing_folders == ("NOTHING/INSIDE",)
    assert not result.clean


def test_a_nested_history_below_a_name_that_xml_cannot_hold_is_passed_over(card: Path) -> None:
    bad = os.fsdecode(b"bad\xff")
    make_files(card, {f"{bad}/x": b"1", "LEFT/y": b"2"})
    seal(card / bad)
    seal(card / "LEFT")
    path = seal(card, left_out=(bad, f"{bad}/x", "LEFT", "LEFT/y"))

    assert read_manifest(path).header.references == ()
    assert len(list((card / "LEFT/ascmhl").glob("*.mhl"))) == 1
    assert len(list((card / bad / "ascmhl").glob("*.mhl"))) == 1


def test_directory_hashes_are_left_out_where_a_file_was_not_read(tmp_path: Path) -> None:
    root = tmp_path / "A"
    root.mkdir()
    unread = FileRecord(path="d/unread", size=1, mtime=None, hashes=())
    path = write_generation(
        root,
        records=[entry("d/a", ONE), unread],
        folders=[Folder(path="d")],
        process=Process.TRANSFER,
        creator=CREATOR,
        started=STARTED,
    )
    manifest = read_manifest(path)

    assert [f.path for f in manifest.files] == ["d/a"]
    assert [(f.path, f.content) for f in manifest.folders] == [("d", {})]
    assert manifest.header.root is not None
    assert manifest.header.root.content == {}


def test_files_recorded_above_before_a_nested_history_began_are_known_once(
    tmp_path: Path,
) -> None:
    root = tmp_path / "Reels"
    make_files(root, {"A002/a.mov": b"1", "top": b"2"})
    seal(root)
    seal(root / "A002")
    history = History.load(root)

    assert history is not None
    assert sorted(history.paths()) == ["A002/a.mov", "top"]
    assert compare(history, found_in(root, (XXH64,))[0]).clean


@pytest.mark.soak
def test_a_hundred_thousand_records_are_read_and_compared_in_seconds(tmp_path: Path) -> None:
    root = tmp_path / "big"
    count = 100_000
    paths = [f"CLIPS/A{n // 1000:03d}/C{n:06d}.mov" for n in range(count)]
    texts = [f"{n:016x}" for n in range(count)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    history = written(
        root,
        [entry(p, t) for p, t in zip(paths, texts, strict=True)],
        [entry(p, t, Action.VERIFIED) for p, t in zip(paths, texts, strict=True)],
        [entry(p, t, Action.VERIFIED) for p, t in zip(paths, texts, strict=True)],
    )
    begin = time.perf_counter()
    history = History.beneath(root)
    loaded = time.perf_counter() - begin
    found = {
        p: FoundFile(size=1, digests={XXH64: t})
        for p, t in zip(paths[10:], texts[10:], strict=True)
    }
    found |= {f"NEW/{n}": FoundFile(size=1, digests={XXH64: texts[n]}) for n in range(10)}
    begin = time.perf_counter()
    result = compare(history, found)
    compared = time.perf_counter() - begin
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    print(f"load {loaded:.2f} s, compare {compared:.2f} s, {grown:.0f} MB")
    assert len(result.renamed) == 10
    assert len(result.verified) == count - 10
    assert loaded < 30  # about 6 s on the slowest machine at hand; quadratic would be hours
    assert compared < 15
    assert grown < 600


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda s: holdable(s) and "/" not in s and s not in {".", ".."} and "\0" not in s
)
PATHS = st.lists(TEXT, min_size=1, max_size=3).map("/".join)
DIGESTS = st.fixed_dictionaries(
    {},
    optional={
        kind: st.binary(max_size=8).map(lambda b, k=kind: hash_bytes(k, b))
        for kind in CUSTODY_KINDS
    },
).filter(bool)
MOMENTS = st.datetimes(
    min_value=datetime(1902, 1, 1), max_value=datetime(2400, 1, 1), timezones=st.just(UTC)
).map(lambda moment: moment.replace(microsecond=0))


@settings(max_examples=60, deadline=None)
@given(
    files=st.dictionaries(
        PATHS, st.tuples(DIGESTS, st.integers(0, 1 << 50), MOMENTS, st.sampled_from(Action))
    )
)
def test_every_name_hash_size_and_time_comes_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple]
) -> None:
    root = tmp_path_factory.mktemp("round") / "trip"
    root.mkdir()
    records = [
        FileRecord(
            path=path,
            size=size,
            mtime=moment,
            hashes=tuple(
                HashRecord(kind=kind, text=digests[kind], action=action, at=STARTED)
                for kind in CUSTODY_KINDS
                if kind in digests
            ),
        )
        for path, (digests, size, moment, action) in files.items()
    ]
    path = write_generation(
        root,
        records=records,
        folders=None,
        process=Process.TRANSFER,
        creator=CREATOR,
        started=STARTED,
    )

    assert sorted(read_manifest(path).files, key=lambda f: f.path) == sorted(
        records, key=lambda f: f.path
    )


NAMES = st.text(
    st.sampled_from([*"ab*?[]!#\\ \n\t\x07\u3000é", os.fsdecode(b"\xff")]),
    min_size=1,
    max_size=6,
)


@settings(max_examples=1000, deadline=None)
@given(parts=st.lists(NAMES, min_size=1, max_size=3), other=st.lists(NAMES, min_size=1, max_size=3))
def test_an_ignore_line_matches_its_path_and_nothing_else(
    parts: list[str], other: list[str]
) -> None:
    path, neighbour = "/".join(parts), "/".join(other)
    for anywhere in (False, True):
        line = ignore_pattern_for(path, anywhere=anywhere)
        theirs = pathspec.GitIgnoreSpec.from_lines([line])
        ours = IgnoreList([line])
        assert holdable(line)
        assert "\n" not in line
        assert theirs.match_file(path)
        assert ours.matches(path)
        assert ours.matches(f"{path}/inside")
        # To pathspec a newline ends what `**/` is for, and one at the end is not there; not to git.
        if "\n" not in neighbour:
            assert ours.matches(neighbour) == theirs.match_file(neighbour)
        inside = neighbour == path or neighbour.startswith(path + "/")
        if "?" not in line.replace("\\?", "") and not anywhere:
            assert ours.matches(neighbour) == inside


LINES = st.sampled_from(
    [
        "a",
        "/a",
        "a/",
        "a/b",
        "**/a/b",
        "*.tmp",
        "/a/*/b",
        "!a/b",
        "a/**",
        "# no",
        "",
        "b\\ ",
        "**/b/",
    ]
)


@settings(max_examples=1000, deadline=None)
@given(
    lines=st.lists(LINES, max_size=5),
    parts=st.lists(st.sampled_from(["a", "b", "c", "x.tmp", "b "]), min_size=1, max_size=4),
)
def test_our_ignore_list_agrees_with_gitignore(lines: list[str], parts: list[str]) -> None:
    path = "/".join(parts)
    spec = pathspec.GitIgnoreSpec.from_lines(lines)
    folders = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
    # As git has it, nothing brings back what lies in a folder that is left out.
    expected = any(spec.match_file(name) for name in [*folders, path])

    assert IgnoreList(lines).matches(path) == expected


def test_many_plain_lines_stay_quick() -> None:
    ignoring = IgnoreList([ignore_pattern_for(f"d{n}/link{n}", anywhere=True) for n in range(5000)])
    begin = time.perf_counter()
    hits = sum(ignoring.matches(f"d{n % 7000}/link{n}") for n in range(50_000))

    assert hits == 5000
    assert time.perf_counter() - begin < 60  # one by one it takes many minutes


def test_moments_keep_their_offset_or_go_to_utc() -> None:
    from datetime import timezone

    local_mean = datetime(1890, 1, 1, tzinfo=timezone(timedelta(seconds=3208)))
    assert moment_xml(local_mean) == "1889-12-31T23:06:32+00:00"
    assert moment_xml(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-5, minutes=-30)))) == (
        "2026-01-01T00:00:00-05:30"
    )
    assert moment_from("2020-01-16T15:00:00") == datetime(2020, 1, 16, 15, tzinfo=UTC)
    assert moment_from("2020-01-16T15:00:00.5Z") is not None
    assert moment_from("yesterday") is None
    assert file_moment(10**25) is None
    before = file_moment(-1)
    assert before is not None
    assert before.timestamp() == pytest.approx(-0.000001)
