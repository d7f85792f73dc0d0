"""Legacy MHL 1.1, read and written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import xxhash
from lxml import etree
from mhl_trees import CREATOR, STARTED, digests_of

from app.errors import BadInput, ManifestDamaged, ManifestMissing, NameTaken
from app.integrity.hashing import HashKind
from app.integrity.legacy_mhl import read_legacy, write_legacy
from app.integrity.mhl import Action, FileRecord, HashRecord

FINISHED = STARTED + timedelta(minutes=3)


def record(path: str, data: bytes, kinds: tuple[HashKind, ...], folder: Path) -> FileRecord:
    file = folder / "data"
    file.write_bytes(data)
    hashes = tuple(
        HashRecord(kind=kind, text=text, action=Action.ORIGINAL, at=FINISHED)
        for kind, text in digests_of(file, kinds).items()
    )
    return FileRecord(path=path, size=len(data), mtime=STARTED, hashes=hashes)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "A003R1"
    folder.mkdir()
    kinds = (HashKind.XXH64, HashKind.MD5, HashKind.SHA1)
    names = ("CLIPS/a & b.mov", "new\nline", " x ", "emoji 🎬", "tab\tname")
    records = [record(name, name.encode(), kinds, tmp_path) for name in names]
    path = write_legacy(folder, records, CREATOR, STARTED, FINISHED, username="dit")

    assert path == folder / "A003R1_2026-11-20_120431.mhl"
    read = read_legacy(path)
    assert {r.path: r.digests for r in read.records} == {r.path: r.digests() for r in records}
    assert {r.size for r in read.records} == {len(name.encode()) for name in names}
    assert {r.mtime for r in read.records} == {STARTED}
    assert (read.tool, read.username, read.hostname) == ("Reelkeep 0.1.0", "dit", "cart-1")
    assert (read.started, read.finished) == (STARTED, FINISHED)


def test_elements_stand_in_the_order_that_old_tools_expect(tmp_path: Path) -> None:
    kinds = (HashKind.SHA1, HashKind.XXH64)
    path = write_legacy(tmp_path, [record("a", b"a", kinds, tmp_path)], CREATOR, STARTED, FINISHED)
    top = etree.parse(path).getroot()

    assert top.get("version") == "1.1"
    assert [child.tag for child in top[0]] == [
        "name",
        "username",
        "hostname",
        "tool",
        "startdate",
        "finishdate",
        "log",
    ]
    assert [child.tag for child in top[1]] == [
        "file",
        "size",
        "lastmodificationdate",
        "xxhash64be",
        "sha1",
        "hashdate",
    ]
    assert top[1].findtext("lastmodificationdate") == "2026-11-20T12:04:31Z"


def test_a_file_without_its_kinds_is_listed_by_size_only(tmp_path: Path) -> None:
    path = write_legacy(
        tmp_path, [record("a", b"abc", (HashKind.C4,), tmp_path)], CREATOR, STARTED, FINISHED
    )

    assert "<null/>" in path.read_text()
    only = read_legacy(path).records[0]
    assert (only.size, only.digests) == (3, {})


def test_nothing_is_overwritten_and_bad_names_are_refused(tmp_path: Path) -> None:
    first = write_legacy(tmp_path, [], CREATOR, STARTED, FINISHED)
    before = first.read_bytes()
    with pytest.raises(NameTaken):
        write_legacy(tmp_path, [], CREATOR, STARTED, FINISHED)
    with pytest.raises(BadInput):
        write_legacy(
            tmp_path,
            [record("bell\x07", b"", (HashKind.MD5,), tmp_path)],
            CREATOR,
            STARTED + timedelta(days=1),
            FINISHED,
        )
    assert first.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", first.name]


def legacy(tmp_path: Path, entry: str) -> Path:
    path = tmp_path / "x.mhl"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><hashlist version="1.1"><creatorinfo>'
        "<tool>OffShoot</tool><vendor/></creatorinfo><sourceInfo><hash/></sourceInfo>"
        f"<hash><file>Clips/a.mov</file><size>4</size>{entry}<hedge>1</hedge></hash></hashlist>"
    )
    return path


def test_kinds_of_other_tools_are_read(tmp_path: Path) -> None:
    data = b"data"
    be = xxhash.xxh64(data).hexdigest()
    swapped = bytes.fromhex(be)[::-1].hex().upper()
    short = xxhash.xxh32(data).intdigest()
    entry = (
        f"<xxhash64>{swapped}</xxhash64><xxhash>{short}</xxhash>"
        "<lastmodificationdate>2020-01-01T10:00:00+02:00</lastmodificationdate>"
    )
    only = read_legacy(legacy(tmp_path, entry)).records[0]

    assert only.digests == {HashKind.XXH64: be}
    assert only.xxh32 == short
    assert only.mtime == datetime(2020, 1, 1, 8, tzinfo=UTC)
    both = read_legacy(legacy(tmp_path, f"<xxhash64be>{be}</xxhash64be>" + entry)).records[0]
    assert both.digests == {HashKind.XXH64: be}
    assert read_legacy(legacy(tmp_path, "<null/>")).records[0].digests == {}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("<md5>zz</md5>", "md5"),
        ("<xxhash64>12</xxhash64>", "xxh64"),
        ("<xxhash>0x1</xxhash>", "xxhash"),
        ("<size>", "XML"),
    ],
)
def test_malformed_entries_are_a_fault(tmp_path: Path, entry: str, what: str) -> None:
    with pytest.raises(ManifestDamaged, match=what):
        read_legacy(legacy(tmp_path, entry))


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.mhl"
    path.write_text('<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0"><creatorinfo/></hashlist>')
    with pytest.raises(ManifestDamaged, match="ASC MHL"):
        read_legacy(path)
    path.write_text('<hashlist version="1.1"><hash><file>../x</file></hash></hashlist>')
    with pytest.raises(ManifestDamaged, match="outside"):
        read_legacy(path)
    path.write_text('<hashlist version="1.1"><hash><file>x</file></hash></hashlist>')
    with pytest.raises(ManifestDamaged, match="size"):
        read_legacy(path)
    with pytest.raises(ManifestMissing):
        read_legacy(tmp_path / "none.mhl")
