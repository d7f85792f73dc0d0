"""Verifying real trees against their histories: every difference is found and named."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from mhl_judge import Judge, assert_valid
from mhl_trees import found_in, make_files, seal
from offload_bench import wait_for
from verify_bench import change, found, fresh_control, generations, named, verify

from app.errors import BadInput, JobCancelled, ManifestAltered, NotFound
from app.integrity.hashing import CUSTODY_KINDS, HashKind
from app.integrity.mhl import Action, History, read_manifest
from app.integrity.verify.outcome import FileState


def last_actions(root: Path) -> dict[str, set[Action | None]]:
    """What the newest generation says of each file."""
    manifest = read_manifest(generations(root)[-1])
    return {record.path: {entry.action for entry in record.hashes} for record in manifest.files}


@pytest.mark.parametrize("kind", CUSTODY_KINDS)
def test_a_whole_copy_is_verified_and_its_history_goes_on(
    card: Path, judge: Judge, kind: HashKind
) -> None:
    seal(card, (kind,))
    outcome = verify(card)

    assert outcome.clean
    assert outcome.done
    assert (outcome.verified, outcome.cached) == (5, 0)
    assert outcome.sentence == "5 files verified, nothing differs."
    assert len(generations(card)) == 2
    assert set(map(frozenset, last_actions(card).values())) == {frozenset({Action.VERIFIED})}
    judge.accepts(card)


@pytest.mark.parametrize("kind", CUSTODY_KINDS)
def test_a_history_that_the_public_tool_wrote_is_verified_and_continued(
    card: Path, judge: Judge, kind: HashKind
) -> None:
    assert judge.create(card, "-h", str(kind)) == 0
    assert verify(card).done
    judge.accepts(card)
    change(card / "CLIPS/A003C001.mov")
    assert named(verify(card)) == {"CLIPS/A003C001.mov": "changed"}


def test_every_kind_of_difference_is_named(card: Path) -> None:
    seal(card)
    change(card / "CLIPS/A003C001.mov")
    (card / "index.xml").write_bytes(b"<index>longer</index>")
    (card / "CLIPS/AUDIO/take.wav").unlink()
    (card / "CLIPS/A003C002.mov").rename(card / "CLIPS/A003C009.mov")
    (card / "notes.txt").write_text("new")
    outcome = verify(card)

    assert not outcome.clean
    assert named(outcome) == {
        "CLIPS/A003C001.mov": "changed",
        "index.xml": "changed",
        "CLIPS/AUDIO/take.wav": "missing",
        "CLIPS/A003C009.mov": "renamed",
        "notes.txt": "new",
    }
    (renamed,) = [d for d in outcome.differences() if d.state is FileState.RENAMED]
    assert renamed.previous == "CLIPS/A003C002.mov"
    by_path = {d.path: d.trouble for d in outcome.differences()}
    assert by_path["index.xml"] == "21 bytes instead of 8"
    assert by_path["CLIPS/A003C001.mov"].startswith("xxh64 ")
    assert outcome.sentence.startswith("5 files differ (2 changed, 1 missing, 1 renamed, 1 new): ")


def test_what_was_damaged_or_is_missing_stays_so_until_it_is_repaired(
    card: Path, judge: Judge
) -> None:
    seal(card)
    change(card / "index.xml")
    (card / "empty.txt").unlink()
    first = named(verify(card))
    assert last_actions(card)["index.xml"] == {Action.FAILED}
    assert named(verify(card)) == first == {"index.xml": "changed", "empty.txt": "missing"}
    for manifest in generations(card):
        assert_valid(manifest, "ASCMHL.xsd")
    change(card / "index.xml")  # back again
    (card / "empty.txt").touch()
    assert verify(card).done
    judge.accepts(card)


def test_new_and_renamed_files_are_named_once_and_then_belong_to_the_history(
    card: Path, judge: Judge
) -> None:
    seal(card)
    (card / "CLIPS").rename(card / "FOOTAGE")
    (card / "notes.txt").write_text("new")
    outcome = verify(card)
    assert set(found(outcome, FileState.RENAMED)) == {
        "FOOTAGE/A003C001.mov", "FOOTAGE/A003C002.mov", "FOOTAGE/AUDIO/take.wav",
    }  # fmt: skip
    assert found(outcome, FileState.NEW) == ["notes.txt"]
    assert not outcome.done
    assert verify(card).done
    judge.accepts(card)


def test_a_folder_below_is_checked_alone(card: Path) -> None:
    seal(card)
    change(card / "index.xml")
    change(card / "CLIPS/AUDIO/take.wav")
    (card / "CLIPS/A003C001.mov").unlink()
    outcome = verify(card / "CLIPS")

    assert named(outcome) == {
        "CLIPS/AUDIO/take.wav": "changed",
        "CLIPS/A003C001.mov": "missing",
    }
    assert outcome.parts[0].files == 2
    manifest = read_manifest(generations(card)[-1])
    assert {record.path for record in manifest.files} == {
        "CLIPS/AUDIO/take.wav", "CLIPS/A003C002.mov",
    }  # fmt: skip
    assert not manifest.folders
    assert manifest.header.root is None or not manifest.header.root.content
    assert named(verify(card)) == {**named(outcome), "index.xml": "changed"}


def test_after_a_folder_alone_the_public_tool_accepts_the_history(card: Path, judge: Judge) -> None:
    seal(card)
    assert verify(card / "CLIPS").done
    judge.accepts(card)


def test_nested_histories_get_their_own_generations(card: Path, judge: Judge) -> None:
    seal(card / "CLIPS")
    seal(card)
    assert verify(card).done
    assert len(generations(card / "CLIPS")) == len(generations(card)) + 1
    judge.accepts(card)
    change(card / "CLIPS/A003C001.mov")
    before = len(generations(card))
    assert named(verify(card / "CLIPS")) == {"A003C001.mov": "changed"}
    assert len(generations(card)) == before
    assert named(verify(card)) == {"CLIPS/A003C001.mov": "changed"}


def test_histories_of_different_kinds_of_hash_are_verified_by_their_own(
    card: Path, judge: Judge
) -> None:
    seal(card / "CLIPS", (HashKind.MD5,))
    seal(card, (HashKind.MD5, HashKind.C4))
    (card / "late.txt").write_text("late")
    assert judge.create(card, "-h", "sha1") == 0
    assert verify(card).done
    assert judge.verify(card) == 0
    change(card / "late.txt", at=0)
    change(card / "CLIPS/A003C002.mov")
    assert set(named(verify(card))) == {"late.txt", "CLIPS/A003C002.mov"}


def test_all_copies_on_a_drive_are_verified_and_what_lies_beside_them_is_said(
    tmp_path: Path,
) -> None:
    for roll in ("A003", "day 2/A004"):
        make_files(tmp_path / roll, {"C001.mov": roll.encode(), "x/y.wav": b"sound"})
        seal(tmp_path / roll)
    make_files(tmp_path, {"shopping.txt": b"tape"})
    change(tmp_path / "day 2/A004/C001.mov")
    outcome = verify(tmp_path)

    assert [Path(part.root).name for part in outcome.parts] == ["A003", "A004"]
    assert [part.clean for part in outcome.parts] == [True, False]
    assert outcome.outside == 1
    assert any("lie below no history" in note for note in outcome.notes)


@pytest.mark.parametrize("name", ["ascmhl", "ascmhl/ascmhl_chain.xml", "newest manifest"])
def test_the_history_itself_may_be_named(card: Path, name: str) -> None:
    seal(card)
    place = generations(card)[0] if name == "newest manifest" else card / name
    assert verify(place).verified == 5


def test_a_place_without_any_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mov").write_bytes(b"a")
    with pytest.raises(NotFound, match="no ASC MHL history"):
        verify(tmp_path)
    with pytest.raises(NotFound, match="There is no folder"):
        verify(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="no manifest"):
        verify(tmp_path / "a.mov")


def test_a_history_that_was_altered_is_not_believed(card: Path) -> None:
    (manifest,) = [seal(card)]
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(ManifestAltered, match="was changed after it was written"):
        verify(card)


ODD = ("a\"quote'.mov", "line\nbreak.mov", "🎬 ünï.mov", "x" * 251 + ".mov", " space ", "-rf", "%s")


def test_odd_names_and_empty_files_are_verified(tmp_path: Path, judge: Judge) -> None:
    root = tmp_path / "A 'odd' roll"
    make_files(root, {name: name.encode()[:4] for name in ODD} | {"empty": b"", "d/empty": b""})
    seal(root)
    assert verify(root).verified == len(ODD) + 2
    judge.accepts(root)
    for name in ODD:
        change(root / name, at=0)
    assert set(found(verify(root), FileState.CHANGED)) == set(ODD)


def test_what_no_manifest_can_hold_is_named_once_and_then_left_out(
    card: Path, judge: Judge
) -> None:
    seal(card)
    odd = os.fsdecode(b"CLIPS/bad \xff name.mov")
    (card / odd).write_bytes(b"odd")
    (card / "CLIPS/link").symlink_to("A003C001.mov")
    outcome = verify(card)
    assert named(outcome) == {odd: "new", "CLIPS/link": "new"}
    assert verify(card).done
    judge.accepts(card)


def test_a_link_that_the_public_tool_took_for_a_file_is_read(card: Path, judge: Judge) -> None:
    (card / "CLIPS/link.mov").symlink_to("A003C001.mov")
    assert judge.create(card, "-h", "xxh64") == 0
    assert verify(card).verified == 6
    assert judge.verify(card) == 0
    (card / "CLIPS/link.mov").unlink()
    (card / "CLIPS/link.mov").symlink_to("A003C002.mov")
    assert named(verify(card)) == {"CLIPS/link.mov": "changed"}


def test_what_an_unfinished_job_left_is_no_part_of_the_copy(card: Path, judge: Judge) -> None:
    seal(card)
    (card / "CLIPS/.reelkeep-AF1ADD-1.part").write_bytes(b"half")
    assert verify(card).done
    judge.accepts(card)


def test_an_empty_folder_that_is_gone_is_named(card: Path) -> None:
    seal(card)
    (card / "NOTHING/INSIDE").rmdir()
    outcome = verify(card)
    assert named(outcome) == {"NOTHING/INSIDE": "missing"}


def test_a_cancelled_verify_writes_nothing_and_begins_again(tmp_path: Path) -> None:
    root = tmp_path / "A003"
    make_files(root, {f"{n % 40}/{n}.xml": b"%d" % n for n in range(4000)})
    seal(root)
    control = fresh_control()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            verify(root, control=control)
        except JobCancelled as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: control.snapshot().files_done or not thread.is_alive(), "files are read")
    control.cancel()
    thread.join()
    assert raised, "it was over before it could be cancelled"
    assert len(generations(root)) == 1
    assert control.snapshot().files_done < 4000
    assert verify(root).done


def test_a_paused_verify_waits(card: Path) -> None:
    seal(card)
    control = fresh_control()
    control.pause()
    thread = threading.Thread(target=verify, args=(card,), kwargs={"control": control})
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    assert len(generations(card)) == 1
    control.resume()
    thread.join(30)
    assert len(generations(card)) == 2


def test_five_thousand_small_files_are_all_read_from_the_medium(tmp_path: Path) -> None:
    root = tmp_path / "A003"
    data = os.urandom(20_000)
    make_files(root, {f"{n % 50}/{n}.jpg": data[n % 999 :] for n in range(5000)})
    seal(root)
    outcome = verify(root)
    assert (outcome.verified, outcome.cached) == (5000, 0)


def test_progress_ends_at_the_whole(card: Path) -> None:
    seal(card)
    control = fresh_control()
    verify(card, control=control)
    end = control.snapshot()
    size = sum(f.size for f in found_in(card, (HashKind.XXH64,))[0].values())
    assert (end.files_done, end.files_total) == (5, 5)
    assert end.work_done == end.work_total == end.size == end.verified == size
    assert end.error == ""


def test_the_new_generation_says_who_when_and_what(card: Path) -> None:
    seal(card)
    verify(card)
    history = History.load(card)
    assert history is not None
    creator = history.generations[-1].header.creator
    assert (creator.tool, creator.version) == ("Reelkeep", "0.1.0")
    assert [author.name for author in creator.authors] == ["Ada"]
    assert "AF1ADD" in (creator.comment or "")
