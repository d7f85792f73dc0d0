"""Verifying against legacy MHL 1.1 manifests, of other tools too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import xxhash
from mhl_trees import CREATOR, STARTED, digests_of, make_files, seal
from verify_bench import change, named, verify

from app.errors import BadInput, ManifestDamaged
from app.integrity.hashing import HashKind
from app.integrity.legacy_mhl import write_legacy
from app.integrity.mhl import Action, FileRecord, HashRecord

FILES = {"CLIPS/C001.mov": b"picture" * 900_000, "sound.wav": b"sound", "empty.txt": b""}


def legacy(root: Path, kinds: tuple[HashKind, ...], started: datetime = STARTED) -> Path:
    """A legacy manifest of everything below *root*."""
    records = [
        FileRecord(
            path=path.relative_to(root).as_posix(),
            size=path.stat().st_size,
            mtime=STARTED,
            hashes=tuple(
                HashRecord(kind=kind, text=text, action=Action.ORIGINAL)
                for kind, text in digests_of(path, kinds).items()
            ),
        )
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".mhl"
    ]
    return write_legacy(root, records, CREATOR, started, started)


def by_hand(root: Path, *files: str) -> Path:
    """A manifest with elements as other tools wrote them."""
    path = root / "other.mhl"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<hashlist version="1.1">\n'
    path.write_text(f"{head}{''.join(files)}</hashlist>\n")
    return path


@pytest.fixture
def roll(tmp_path: Path) -> Path:
    root = tmp_path / "A003"
    make_files(root, FILES)
    return root


@pytest.mark.parametrize("kind", [HashKind.XXH64, HashKind.MD5, HashKind.SHA1])
def test_a_copy_with_a_legacy_manifest_is_verified_by_its_folder_and_by_its_file(
    roll: Path, kind: HashKind
) -> None:
    manifest = legacy(roll, (kind,))
    for place in (roll, manifest):
        outcome = verify(place)
        assert outcome.done
        assert outcome.verified == len(FILES)
        assert outcome.parts[0].against == manifest.name
        assert outcome.parts[0].generation == ""
    change(roll / "CLIPS/C001.mov", at=5_000_000)
    (roll / "empty.txt").unlink()
    (roll / "sound.wav").rename(roll / "SOUND.WAV")
    (roll / "notes.txt").write_text("new")
    expected = {
        "CLIPS/C001.mov": "changed",
        "empty.txt": "missing",
        "SOUND.WAV": "renamed",
        "notes.txt": "new",
    }
    assert named(verify(roll)) == named(verify(manifest)) == expected
    assert not (roll / "ascmhl").exists()


def test_the_newest_of_several_manifests_says_what_a_file_should_be(roll: Path) -> None:
    legacy(roll, (HashKind.XXH64,))
    (roll / "sound.wav").write_bytes(b"other sound")
    assert named(verify(roll)) == {"sound.wav": "changed"}
    legacy(roll, (HashKind.MD5,), datetime(2026, 11, 21, tzinfo=UTC))
    assert verify(roll).done


def test_the_old_short_hash_is_computed_too(roll: Path) -> None:
    def entry(name: str) -> str:
        data = (roll / name).read_bytes()
        short = xxhash.xxh32(data).intdigest()
        return f"<hash><file>{name}</file><size>{len(data)}</size><xxhash>{short}</xxhash></hash>\n"

    by_hand(roll, *(entry(name) for name in FILES))
    assert verify(roll).verified == len(FILES)
    change(roll / "CLIPS/C001.mov", at=5_000_000)
    change(roll / "sound.wav")
    assert named(verify(roll)) == {"CLIPS/C001.mov": "changed", "sound.wav": "changed"}


def test_the_byte_swapped_hash_of_old_tools_is_understood(tmp_path: Path) -> None:
    make_files(tmp_path, {"a.mov": b"a"})
    swapped = xxhash.xxh64(b"a").digest()[::-1].hex()
    by_hand(
        tmp_path,
        f"<hash><file>a.mov</file><size>1</size><xxhash64>{swapped}</xxhash64></hash>",
    )
    assert verify(tmp_path).done


def test_a_file_that_is_listed_by_size_only_is_not_called_verified(tmp_path: Path) -> None:
    make_files(tmp_path, {"a.mov": b"a"})
    by_hand(tmp_path, "<hash><file>a.mov</file><size>1</size><null/></hash>")
    outcome = verify(tmp_path)
    assert not outcome.done
    assert named(outcome) == {"a.mov": "unproven"}
    assert [d.trouble for d in outcome.differences()] == [
        "no hash of it is recorded, only its size"
    ]


def test_a_history_goes_before_a_legacy_manifest(roll: Path) -> None:
    legacy(roll, (HashKind.MD5,))
    seal(roll)
    assert verify(roll).parts[0].generation


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.mhl").write_text('<?xml version="1.0"?><hashlist version="1.1"><hash>')
    with pytest.raises(ManifestDamaged, match=r"cut\.mhl"):
        verify(tmp_path)


def test_a_manifest_taken_out_of_its_history_is_refused(roll: Path) -> None:
    manifest = seal(roll)
    alone = roll.parent / manifest.name
    alone.write_bytes(manifest.read_bytes())
    with pytest.raises(BadInput, match="outside of an ascmhl folder"):
        verify(alone)


def test_a_copy_with_a_legacy_manifest_is_repaired(roll: Path, tmp_path: Path) -> None:
    legacy(roll, (HashKind.MD5,))
    make_files(tmp_path / "other", FILES)
    change(roll / "CLIPS/C001.mov")
    outcome = verify(roll, repair_from=tmp_path / "other")
    assert outcome.clean
    assert (roll / "CLIPS/C001.mov").read_bytes() == FILES["CLIPS/C001.mov"]
    (aside,) = (roll / "CLIPS").glob("*.damaged-*")
    aside.unlink()
    assert verify(roll).done
