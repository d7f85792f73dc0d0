"""Histories that were damaged, altered or interrupted."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest
from mhl_judge import Judge, assert_valid
from mhl_trees import CREATOR, STARTED, found_in, make_files, seal

from app.errors import (
    BadInput,
    ChainBroken,
    ChainMissing,
    HistoryFault,
    ManifestAltered,
    ManifestDamaged,
    ManifestMissing,
    NameTaken,
    WriteFailed,
)
from app.integrity.hashing import HashKind, hash_bytes
from app.integrity.mhl import (
    Action,
    FileRecord,
    Folder,
    HashRecord,
    History,
    Process,
    compare,
    read_chain,
    read_manifest,
    write_generation,
)
from app.integrity.mhl.values import ChainEntry
from app.integrity.mhl.writing import chain_xml

LATER = STARTED + timedelta(minutes=5)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n{doctype}<m:hashlist version="2.0" '
    'xmlns:m="urn:ASC:MHL:v2.0" xmlns:o="urn:other">'
    "<m:creatorinfo><m:creationdate>2020-01-16T15:00:00</m:creationdate>"
    "<m:hostname>h</m:hostname><m:tool version='1'>t</m:tool><o:x/></m:creatorinfo>"
    "<m:processinfo><m:process>in-place</m:process></m:processinfo>"
)
GOOD = (
    "<m:hash><m:path size='3'>a/b.mov</m:path>"
    "<m:xxh64 action='original'>0123456789ABCDEF</m:xxh64></m:hash>"
)


def manifest(tmp_path: Path, body: str, doctype: str = "") -> Path:
    path = tmp_path / "0001_x.mhl"
    path.write_text(HEAD.format(doctype=doctype) + body + "</m:hashlist>")
    return path


def chained(root: Path) -> list[Path]:
    return sorted((root / "ascmhl").glob("*.mhl"))


def test_any_prefix_and_unknown_elements_are_read(tmp_path: Path) -> None:
    body = (
        f"<m:hashes>{GOOD}<o:hash><o:path>no</o:path></o:hash><m:hash><m:path>c</m:path>"
        "<m:md5>d41d8cd98f00b204e9800998ecf8427e</m:md5><m:crc>1</m:crc>"
        f"<m:metadata><m:hashes>{GOOD}</m:hashes>{GOOD}</m:metadata></m:hash></m:hashes>"
        "<m:metadata><m:hash/></m:metadata>"
    )
    read = read_manifest(manifest(tmp_path, body))

    assert [f.path for f in read.files if f.path != "a/b.mov"] == ["c"]
    first = next(f for f in read.files if f.path == "a/b.mov")
    assert first.digests() == {HashKind.XXH64: "0123456789abcdef"}
    assert read.files[-1].hashes[0].action is None


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<m:hashes><m:hash><m:path>../x</m:path></m:hash></m:hashes>", "outside"),
        ("<m:hashes><m:hash><m:path>/etc/passwd</m:path></m:hash></m:hashes>", "outside"),
        ("<m:hashes><m:hash/></m:hashes>", "without a path"),
        ("<m:hashes><m:hash><m:path size='x'>a</m:path></m:hash></m:hashes>", "size"),
        (
            "<m:hashes><m:hash><m:path>a</m:path><m:md5>12</m:md5></m:hash></m:hashes>",
            "malformed",
        ),
        (
            "<m:hashes><m:hash><m:path>a</m:path><m:xxh64 action='hoped'>"
            "0123456789abcdef</m:xxh64></m:hash></m:hashes>",
            "hoped",
        ),
        ("<m:hashes>" + GOOD, "no complete XML"),
        ("<m:references><m:hashlistreference/></m:references>", "without a path"),
    ],
)
def test_a_manifest_with_something_wrong_is_refused_in_words(
    tmp_path: Path, body: str, what: str
) -> None:
    path = manifest(tmp_path, body)
    with pytest.raises(ManifestDamaged, match=what) as fault:
        read_manifest(path)

    assert path.name in fault.value.message
    assert fault.value.path == path


BOMB = (
    '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
EXTERNAL = '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(("doctype", "entity"), [(BOMB, "&j;"), (EXTERNAL, "&x;"), (BOMB, "")])
def test_entities_are_never_resolved(tmp_path: Path, doctype: str, entity: str) -> None:
    body = f"<m:hashes><m:hash><m:path>{entity}</m:path></m:hash></m:hashes>"
    with pytest.raises(ManifestDamaged):
        read_manifest(manifest(tmp_path, body, doctype))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 4096,
        b"<html/>",
        b"not xml",
        b'<hashlist version="1.1"><creatorinfo/></hashlist>',
        b'<hashlist version="3.0" xmlns="urn:ASC:MHL:v2.0"><creatorinfo/></hashlist>',
        b'<hashlist version="2.0" xmlns="urn:ASC:MHL:v2.0"/>',
        b'<?xml version="1.0" encoding="UTF-8"?><hashlist xmlns="urn:ASC:MHL:v2.0">\xff</hashlist>',
        b"<a>" * 100_000,
    ],
)
def test_garbage_is_a_fault_and_nothing_else(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "0001_x.mhl"
    path.write_bytes(data)

    with pytest.raises(ManifestDamaged):
        read_manifest(path)
    with pytest.raises(ManifestDamaged):
        read_chain(path)


def test_a_manifest_cut_anywhere_is_a_fault(card: Path, tmp_path: Path) -> None:
    whole = seal(card).read_bytes().rstrip()
    cut = tmp_path / "cut.mhl"
    for length in range(0, len(whole), 97):
        cut.write_bytes(whole[:length])
        with pytest.raises(ManifestDamaged):
            read_manifest(cut)


def test_an_edited_manifest_is_found_by_both(card: Path, judge: Judge) -> None:
    path = seal(card)
    seal(card, started=LATER)
    path.write_bytes(path.read_bytes().replace(b'size="5"', b'size="6"'))

    with pytest.raises(ManifestAltered, match=path.name):
        History.load(card)
    assert judge.verify(card) == 31


def test_a_deleted_chain_is_found_by_both(card: Path, judge: Judge) -> None:
    seal(card)
    (card / "ascmhl/ascmhl_chain.xml").unlink()

    with pytest.raises(ChainMissing):
        History.load(card)
    with pytest.raises(ChainMissing):
        seal(card, started=LATER)
    assert judge.verify(card) == 32


def test_a_deleted_manifest_is_found_by_both(card: Path, judge: Judge) -> None:
    path = seal(card)
    seal(card, started=LATER)
    path.unlink()

    with pytest.raises(ManifestMissing, match="generation 1"):
        History.load(card)
    assert judge.verify(card) == 33


def test_a_chain_with_a_gap_or_a_damaged_entry_is_refused(card: Path) -> None:
    seal(card)
    seal(card, started=LATER)
    chain = card / "ascmhl/ascmhl_chain.xml"
    text = chain.read_text()
    for broken, kind in (
        (text.replace('sequencenr="2"', 'sequencenr="3"'), ChainBroken),
        (text.replace('sequencenr="2"', 'sequencenr="1"'), ChainBroken),
        (text.replace('sequencenr="2"', ""), ManifestDamaged),
        (text.replace("<c4>c4", "<c4>c5"), ManifestDamaged),
        (re.sub(r"<path>0002[^<]*", "<path>../0002.mhl", text), ManifestDamaged),
        (text[:-30], ManifestDamaged),
    ):
        chain.write_text(broken)
        with pytest.raises(kind):
            History.load(card)


def test_a_folder_without_history_has_none(tmp_path: Path) -> None:
    assert History.load(tmp_path) is None
    (tmp_path / "ascmhl").mkdir()
    assert History.load(tmp_path) is None


def nested(tmp_path: Path) -> Path:
    root = tmp_path / "Reels"
    make_files(root, {"A002/a.mov": b"a", "B001/b.mov": b"b", "top.txt": b"t"})
    seal(root / "A002")
    seal(root, started=LATER)
    return root


def test_a_child_history_that_was_taken_back_is_found(tmp_path: Path) -> None:
    root = nested(tmp_path)
    last = chained(root / "A002")[-1]
    chain = root / "A002/ascmhl/ascmhl_chain.xml"
    chain.write_text("".join(chain_xml(read_chain(chain)[:1])))

    with pytest.raises(ManifestAltered, match=last.name):
        History.load(root)
    last.unlink()
    with pytest.raises(ManifestMissing, match=last.name):
        History.load(root)


def test_a_deleted_child_history_is_found(tmp_path: Path) -> None:
    root = nested(tmp_path)
    for path in (root / "A002/ascmhl").iterdir():
        path.unlink()
    (root / "A002/ascmhl").rmdir()

    with pytest.raises(ManifestMissing, match="A002"):
        History.load(root)


def test_a_nested_folder_that_is_gone_is_lost_and_not_silently_forgotten(tmp_path: Path) -> None:
    root = nested(tmp_path)
    (root / "A002").rename(tmp_path / "elsewhere")
    history = History.load(root)

    assert history is not None
    comparison = compare(history, found_in(root, (HashKind.XXH64,))[0])
    assert comparison.lost == ("A002",)
    assert not comparison.clean


def test_a_nested_folder_with_another_name_keeps_its_history(tmp_path: Path, judge: Judge) -> None:
    root = nested(tmp_path)
    (root / "A002").rename(root / "A002R1")
    history = History.load(root)

    assert history is not None
    assert compare(history, found_in(root, (HashKind.XXH64,))[0]).clean


def test_a_history_that_grew_meanwhile_is_not_overwritten(card: Path) -> None:
    seal(card)
    stale = History.beneath(card)
    seal(card, started=LATER)
    with pytest.raises(ChainBroken, match="changed since it was read"):
        write(card, previous=stale)
    assert len(read_chain(card / "ascmhl/ascmhl_chain.xml")) == 2


def write(root: Path, *paths: str, previous: History | None = None) -> Path:
    text = hash_bytes(HashKind.XXH64, b"a")
    record = HashRecord(kind=HashKind.XXH64, text=text, action=Action.ORIGINAL, at=STARTED)
    return write_generation(
        root,
        records=[
            FileRecord(path=path, size=1, mtime=None, hashes=(record,))
            for path in paths or ("a.mov",)
        ],
        folders=[Folder(path="sub")],
        process=Process.TRANSFER,
        creator=CREATOR,
        started=STARTED,
        previous=previous,
    )


@pytest.mark.parametrize(
    "path",
    ["bell\x07.mov", os.fsdecode(b"bad\xff"), "../up", "/abs", "a//b", "", "sub", "in/", "in/.."],
)
def test_names_that_a_manifest_cannot_hold_are_refused(tmp_path: Path, path: str) -> None:
    for sound in [(), ("top.mov", "in/first.mov")]:
        with pytest.raises(BadInput):
            write(tmp_path, *sound, path)
    assert not (tmp_path / "ascmhl").exists()


def test_a_manifest_is_never_overwritten(tmp_path: Path) -> None:
    root = tmp_path / "card"
    root.mkdir()
    first = write(root)
    before = first.read_bytes()
    blocker = root / "ascmhl" / first.name.replace("0001", "0002")
    blocker.mkdir()  # a folder is no manifest: it is not set aside, and nothing may replace it
    (blocker / "kept").touch()

    with pytest.raises((NameTaken, WriteFailed)):
        write(root, "b.mov")
    assert first.read_bytes() == before
    assert (blocker / "kept").exists()
    assert len(read_chain(root / "ascmhl/ascmhl_chain.xml")) == 1
    assert list(root.rglob("*.partial")) == []


def fill(path: Path) -> None:
    """Take all the room that there is."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="space"):
            os.writev(handle, [bytes(1 << 20)]) and os.writev(handle, [bytes(1 << 20)])
    finally:
        os.close(handle)


@pytest.mark.root
def test_an_exfat_drive_without_hard_links_holds_a_history(tmp_path: Path, judge: Judge) -> None:
    if os.geteuid() != 0 or not shutil.which("mkfs.exfat") or not shutil.which("mount.exfat-fuse"):
        pytest.skip("mounting exFAT needs root, exfatprogs and exfat-fuse")
    image, place = tmp_path / "exfat.img", tmp_path / "place"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.exfat", image], check=True, capture_output=True)
    done = subprocess.run(
        ["losetup", "-f", "--show", image], check=True, capture_output=True, text=True
    )
    loop = done.stdout.strip()
    try:
        subprocess.run(["mount.exfat-fuse", loop, place], check=True, capture_output=True)
        try:
            root = place / "A003"
            make_files(root, {"a.mov": b"a", "B/b.mov": b"b"})
            seal(root)
            first = chained(root)[0].read_bytes()
            seal(root, started=LATER)
            judge.accepts(root)
            assert chained(root)[0].read_bytes() == first
            assert len(list((root / "ascmhl").iterdir())) == 3
        finally:
            subprocess.run(["umount", "-l", place], check=True)
    finally:
        subprocess.run(["losetup", "-d", loop], check=True)


@pytest.mark.root
def test_a_full_disk_leaves_the_history_as_it_was(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    root = tmp_path / "small"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", root], check=True)
    try:
        write(root)
        fill(root / "filler")
        names = sorted(p.name for p in (root / "ascmhl").iterdir())
        with pytest.raises(WriteFailed, match="No space"):
            write(root, "b.mov")
        history = History.load(root)
        assert history is not None
        assert len(history.generations) == 1
        assert sorted(p.name for p in (root / "ascmhl").iterdir()) == names
        (root / "filler").unlink()
        write(root, "b.mov")
    finally:
        subprocess.run(["umount", "-l", root], check=True)


def test_a_folder_name_that_no_manifest_can_hold_is_written_with_underscores(
    tmp_path: Path,
) -> None:
    root = tmp_path / os.fsdecode(b"A\n\xff" + b"x" * 240)
    root.mkdir()
    path = write(root)

    assert path.name.startswith("0001_A__xxx")
    assert len(os.fsencode(path.name)) <= 255
    assert History.load(root) is not None


def test_sha256_and_blake3_stay_out_of_the_manifest(card: Path) -> None:
    text = seal(card, (HashKind.SHA256, HashKind.BLAKE3, HashKind.XXH3)).read_text()

    assert "sha256" not in text
    assert "blake3" not in text
    assert "<xxh3 action" in text


KILL = """
    import os, signal, sys
    from pathlib import Path
    sys.path[:0] = [{tests!r}]
    import app.integrity.mhl.generation as generation
    from mhl_trees import seal, STARTED
    from datetime import timedelta
    steps = []
    def step(real):
        def run(*args, **options):
            steps.append(real)
            if len(steps) == {at}:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)
        return run
    generation.write_partial = step(generation.write_partial)
    generation.give_name = step(generation.give_name)
    seal(Path({root!r}), started=STARTED + timedelta(minutes={minutes}))
"""


def killed_seal(root: Path, at: int, minutes: int) -> None:
    """Seal in a process of its own that is killed before its *at*-th step; a manifest has four."""
    code = textwrap.dedent(KILL).format(
        tests=str(Path(__file__).parent), root=str(root), at=at, minutes=minutes
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_killed_in_the_first_generation_leaves_no_history(
    card: Path, judge: Judge, at: int
) -> None:
    killed_seal(card, at, 0)

    assert History.load(card) is None
    seal(card)
    judge.accepts(card)
    assert [p.name for p in card.rglob("*.partial")] == []


@pytest.mark.parametrize(("at", "minutes"), [(1, 6), (2, 6), (3, 5), (4, 5), (4, 6)])
def test_killed_in_a_later_generation_leaves_a_readable_history(
    card: Path, judge: Judge, at: int, minutes: int
) -> None:
    seal(card)
    killed_seal(card, at, 5)
    history = History.load(card)

    assert history is not None
    assert len(history.generations) == 1
    assert len(history.warnings) == (at == 4)
    assert judge.verify(card) == 0
    before = {p.name: p.read_bytes() for p in chained(card)}
    seal(card, started=STARTED + timedelta(minutes=minutes))
    judge.accepts(card)
    after = History.load(card)
    assert after is not None
    assert len(after.generations) == 2
    assert after.warnings == ()
    kept = {p.name: p.read_bytes() for p in (card / "ascmhl").iterdir()}
    assert all(data in kept.values() for data in before.values())


def test_killed_between_child_and_parent_leaves_a_readable_history(
    tmp_path: Path, judge: Judge
) -> None:
    root = nested(tmp_path)
    killed_seal(root, 5, 9)
    history = History.load(root)

    assert history is not None
    assert [len(h.generations) for _, h in history.scopes()] == [3, 1]
    seal(root, started=STARTED + timedelta(minutes=10))
    judge.accepts(root)


def test_an_author_whose_address_the_schema_refuses_is_still_named(tmp_path: Path) -> None:
    from dataclasses import replace

    from app.integrity.mhl import Author

    root = tmp_path / "card"
    root.mkdir()
    authors = (
        Author(name="Ana", email="ana@set.example", phone="+1", role='"DIT"'),
        Author(name="Bo", email="nowhere"),
    )
    creator = replace(CREATOR, authors=authors, location="Stage\x07 5", comment="<a>\nb & c")
    path = write_generation(
        root, records=[], folders=[], process=Process.IN_PLACE, creator=creator, started=STARTED
    )

    assert_valid(path, "ASCMHL.xsd")
    read = read_manifest(path).header.creator
    assert read.authors == (authors[0], Author(name="Bo (nowhere)"))
    assert read.location == "Stage\ufffd 5"
    assert read.comment == "<a>\nb & c"


def test_history_faults_are_told_apart() -> None:
    kinds = (ManifestDamaged, ManifestAltered, ManifestMissing, ChainMissing, ChainBroken)
    assert all(issubclass(kind, HistoryFault) for kind in kinds)
    assert len({kind.title for kind in kinds}) == len(kinds)


def test_chain_entries_come_back(tmp_path: Path) -> None:
    path = tmp_path / "ascmhl_chain.xml"
    c4 = hash_bytes(HashKind.C4, b"x")
    entries = (ChainEntry(number=1, name="0001_a & b_2026.mhl", c4=c4),)
    path.write_text("".join(chain_xml(entries)))

    assert read_chain(path) == entries
