"""Names, kinds and facts of files, from a camera's orderly ones to the strangest that exist."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from drive import Drive
from mount_bench import Bench, need, run
from offload_bench import (
    MB,
    House,
    accepted_by_ascmhl,
    generations,
    leftovers,
    make_card,
    noise,
    spec_for,
    tree,
)

from app.integrity.hashing import HashKind
from app.jobs.snapshot import JobState
from app.offload.plan import Weight

pytestmark = pytest.mark.root

ODD = (
    "plain.mov",
    "line\nbreak.mov",
    "tab\tand\rreturn.wav",
    "bell\x07.wav",
    "quote\"and'apostrophe.mov",
    "emoji 🎬 film.mov",
    "ä composed and a\u0308 decomposed.mov",
    "a\u0308 composed and ä decomposed.mov",
    "bad \udcff\udcfe utf8.mov",
    "b" * 251 + ".mov",
    "é" * 126 + ".xm",
    " leading and trailing ",
    "trailing dot.",
    "CON",
    "-rf",
    "back\\slash",
    "a:b*c?d<e>f|g",
    "%s {roll} $HOME `ls` &amp;",
    "case.MOV",
    "CASE.mov",
    ".hidden",
    "ascmhl.txt",
    "\u202egnp.mov",
    "\ufeffbom.mov",
)


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name, size=128) for name in ("one", "two")]
    house.declare(*(drive.point for drive in made))
    return made


def points(drives: list[Drive]) -> list[Path]:
    return [drive.point for drive in drives]


def test_every_name_that_linux_can_hold_is_copied_byte_for_byte(
    drives: list[Drive], house: House, tmp_path: Path
) -> None:
    files: dict[str, bytes | int] = {}
    for n, name in enumerate(ODD):
        files[f"CLIPS/{name}"] = 100 + n
        files[f"{name}/in a folder of this name.mov"] = n
    files["BIG/bad \udcff\n\"🎬'.mov"] = 5 * MB
    files["/".join(["deep" * 50] * 12) + "/file.mov"] = 77
    card = make_card(tmp_path / "A003", files)
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives)))
        assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
        rows = engine.files(done.id)
        report = engine.report(done.id)
    assert {os.fsencode(row.path) for row in rows} == {
        path for path, facts in tree(card).items() if facts[0] == "file"
    }
    assert report.safe
    for drive in drives:
        assert tree(drive.point / "A003") == tree(card)
        assert not leftovers(drive.point)
        assert len(generations(drive.point / "A003")) == 1
        accepted_by_ascmhl(drive.point / "A003")


def test_attributes_modes_times_holes_and_empty_folders_are_kept(
    drives: list[Drive], house: House, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "A003", {"a.mov": 5 * MB, "b.wav": 1000, "old.wav": 10, "e.txt": 0})
    os.setxattr(card / "a.mov", "user.camera", b"A\0B")
    os.setxattr(card / "b.wav", "user.take", b"7")
    os.chmod(card / "a.mov", 0o640)
    os.chmod(card / "b.wav", 0o444)
    os.utime(card / "old.wav", ns=(0, -86_400_000_000_001))
    os.utime(card / "e.txt", ns=(0, 4_000_000_000_000_000_001))
    (card / "EMPTY" / "INSIDE").mkdir(parents=True)
    os.utime(card / "EMPTY" / "INSIDE", ns=(0, 1_600_000_000_000_000_001))
    os.utime(card / "EMPTY", ns=(0, 1_500_000_000_000_000_001))
    with (card / "holes.mov").open("wb") as file:
        file.write(b"begin")
        file.seek(30 * MB)
        file.write(noise(2 * MB, "end"))
    os.truncate(card / "holes.mov", 48 * MB)
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives)))
        report = engine.report(done.id)
    assert done.safe, done
    assert [d.not_kept for d in report.destinations] == [(), ()]
    for drive in drives:
        copy = drive.point / "A003"
        assert tree(copy) == tree(card)
        assert os.getxattr(copy / "a.mov", "user.camera") == b"A\0B"
        assert os.getxattr(copy / "b.wav", "user.take") == b"7"
        assert (copy / "holes.mov").stat().st_blocks * 512 < 8 * MB
        for folder in ("EMPTY", "EMPTY/INSIDE"):
            assert (copy / folder).stat().st_mtime_ns == (card / folder).stat().st_mtime_ns


def test_links_stay_links_and_are_never_followed_out_of_the_card(
    drives: list[Drive], house: House, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    make_card(secret, {"diary.txt": b"not on the card"})
    card = make_card(tmp_path / "A003", {"CLIPS/a.mov": 1000})
    (card / "inside.mov").symlink_to("CLIPS/a.mov")
    (card / "outside").symlink_to(secret)
    (card / "CLIPS" / "up.txt").symlink_to("../../secret/diary.txt")
    (card / "dangling").symlink_to("nowhere\nat all")
    (card / "loop").symlink_to("loop")
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives)))
        assert done.safe, (done, engine.verdict(done.id))
    for drive in drives:
        copy = drive.point / "A003"
        assert tree(copy) == tree(card)
        assert os.readlink(copy / "outside") == str(secret)
        accepted_by_ascmhl(copy)


def test_a_link_in_the_place_of_a_folder_on_the_drive_is_not_followed(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    drive = Drive(bench, "one")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (drive.point / "A003").mkdir()
    (drive.point / "A003" / "CLIPS").symlink_to(elsewhere)
    card = make_card(tmp_path / "A003", {"CLIPS/a.mov": 1000, "CLIPS/b.mov": 5 * MB, "c.txt": 5})
    with house.engine() as engine:
        done = engine.run(spec_for(card, drive.point, wanted_copies=1))
    assert list(elsewhere.iterdir()) == []
    assert not done.safe
    assert done.state is JobState.FAILED


def test_sockets_and_pipes_are_named_and_keep_the_card(
    drives: list[Drive], house: House, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "A003", {"a.mov": 1000})
    os.mkfifo(card / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(card)
        try:
            made.bind("socket")
        finally:
            os.chdir(Path(__file__).parents[2])
        with house.engine() as engine:
            done = engine.run(spec_for(card, *points(drives)))
            rows = {row.path: row.state for row in engine.files(done.id)}
            reasons = engine.verdict(done.id).reasons
    assert rows == {"a.mov": "verified", "pipe": "special", "socket": "special"}
    assert done.verdict.startswith("KEEP")
    assert any("no regular file" in reason for reason in reasons)
    assert done.error.startswith("pipe on the card is no regular file")
    assert "cache" not in done.error, "every copy was read back from the medium"


def test_ignored_files_are_named_and_left_out_by_the_persons_word(
    drives: list[Drive], house: House, tmp_path: Path
) -> None:
    card = make_card(
        tmp_path / "A003",
        {"a.mov": 1000, ".DS_Store": 10, "CLIPS/._a.mov": 5, ".Trashes/501/x.mov": 7, "keep": 1},
    )
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives)))
        report = engine.report(done.id)
        verdict = engine.verdict(done.id)
    assert done.safe, done
    assert set(report.ignored) >= {".DS_Store", "CLIPS/._a.mov", ".Trashes/501/x.mov"}
    assert verdict.files == 2
    files = {path for path, facts in tree(drives[0].point / "A003").items() if facts[0] == "file"}
    assert files == {b"a.mov", b"keep"}


def test_several_hashes_at_once_all_stand_in_the_manifest(
    drives: list[Drive], house: House, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "A003", {"a.mov": 5 * MB + 3, "b.wav": 1000, "e.txt": b""})
    kinds = (HashKind.MD5, HashKind.C4, HashKind.SHA1, HashKind.XXH128, HashKind.SHA256)
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives), hashes=kinds))
        rows = {row.path: row for row in engine.files(done.id)}
    assert done.safe, done
    for path, row in rows.items():
        assert set(row.hashes) == {*map(str, kinds), "blake3"}
        for kind in ("md5", "sha1", "sha256"):
            assert run(f"{kind}sum", card / path).split()[0] == row.hashes[kind]
    copy = drives[0].point / "A003"
    (manifest,) = generations(copy)
    text = manifest.read_text()
    for kind in ("md5", "c4", "sha1", "xxh128"):
        assert rows["a.mov"].hashes[kind] in text
    accepted_by_ascmhl(copy)


def exfat(bench: Bench) -> Path:
    need("mkfs.exfat", "mount.exfat-fuse")
    point = bench.point("EXFAT")
    image = bench.image("exfat.img", 64, "mkfs.exfat")
    return bench.fuse(point, "mount.exfat-fuse", bench.loop(image), point)


def test_exfat_takes_what_it_can_hold_and_the_rest_is_named(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    """FUSE caches out of our sight, so nothing here counts; the bytes are right all the same."""
    point = exfat(bench)
    files: dict[str, bytes | int] = {
        "CLIPS/good.mov": 5 * MB,
        "CLIPS/good.wav": 1000,
        "CLIPS/colon:.mov": 10,
        "CLIPS/same.mov": 11,
        "CLIPS/SAME.MOV": 12,
        "bad \udcff.mov": 13,
        "emoji 🎬.mov": 14,
    }
    card = make_card(tmp_path / "A003", files)
    os.setxattr(card / "CLIPS/good.mov", "user.camera", b"B")
    os.chmod(card / "CLIPS/good.wav", 0o640)
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, point, wanted_copies=1))
        said = " ".join(r.text for r in plan.remarks if r.weight is Weight.ATTENTION)
        assert "colon:.mov" in said
        assert "its name is the same there as" in said
        assert not plan.refusals
        done = engine.run(spec_for(card, point, wanted_copies=1))
        rows = {row.path: row for row in engine.files(done.id)}
        report = engine.report(done.id)
    assert done.state is JobState.FAILED
    assert not done.safe
    found = {p: f[:3] for p, f in tree(point / "A003").items()}
    expected = {p: f[:3] for p, f in tree(card).items()}
    lost = {b"CLIPS/colon:.mov", b"bad \xff.mov"}
    twins = {b"CLIPS/same.mov", b"CLIPS/SAME.MOV"}
    assert len(twins & found.keys()) == 1
    lost |= twins - found.keys()
    assert found == {p: f for p, f in expected.items() if p not in lost}
    for path in lost:
        row = rows[os.fsdecode(path)]
        assert row.copies[0].state == "failed"
        assert "cannot hold" in row.copies[0].trouble
    assert not leftovers(point)
    kept = " ".join(report.destinations[0].not_kept)
    for what in ("exact modification times", "permissions", "extended attributes"):
        assert f"{what} of" in kept, kept


def test_fat_refuses_a_file_over_4_gib_before_anything_is_written(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    need("mkfs.vfat", "fusefat")
    point = bench.point("FAT")
    image = bench.image("fat.img", 6000, "mkfs.vfat", "-F32")
    bench.fuse(point, "fusefat", "-o", "rw+", image, point)
    card = make_card(tmp_path / "A003", {"a.mov": 1000})
    with (card / "huge.mov").open("wb") as file:
        file.truncate(4 << 30)
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, point))
    assert any("huge.mov does not fit" in r.text and "4.3 GB" in r.text for r in plan.refusals)
    assert list(point.iterdir()) == []
