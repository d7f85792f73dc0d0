"""Marks are kept by the clip's own bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.errors import NotFound, WriteFailed
from app.media.frames.source import FileSource
from app.media.play.marks import ClipMarks, Mark, MarkStore, MarksUnreadable, content_stamp, merged

MARKS = ClipMarks(first=10, end=50, marks=(Mark(frame=3), Mark(frame=7, text="Boom ⏎ “ä”")))


def test_what_was_marked_is_found_again_wherever_the_clip_moves(tmp_path: Path) -> None:
    clip = tmp_path / "a.mov"
    clip.write_bytes(os.urandom(3_000_000))
    MarkStore(tmp_path / "marks").save(content_stamp(FileSource(clip)), MARKS, name="a")
    moved = clip.rename(tmp_path / "b.mxf")
    os.utime(moved, (5, 5))
    assert MarkStore(tmp_path / "marks").load(content_stamp(FileSource(moved))) == MARKS


@pytest.mark.parametrize("place", [0, 500_000, 2_999_999])
def test_another_clip_has_another_stamp(tmp_path: Path, place: int) -> None:
    data = bytearray(os.urandom(3_000_000))
    (tmp_path / "a").write_bytes(data)
    data[place] ^= 1
    (tmp_path / "b").write_bytes(data)
    stamps = {content_stamp(FileSource(tmp_path / name)) for name in "ab"}
    assert len(stamps) == 2


def test_a_large_file_with_damage_in_its_middle_is_another_one(tmp_path: Path) -> None:
    data = bytearray(os.urandom(1 << 20) * 36)
    (tmp_path / "a").write_bytes(data)
    data[8 << 20 : 9 << 20] = bytes(1 << 20)
    (tmp_path / "b").write_bytes(data)
    stamps = {content_stamp(FileSource(tmp_path / name)) for name in "ab"}
    assert len(stamps) == 2


def test_rows_of_pictures_that_begin_alike_are_different_clips(tmp_path: Path) -> None:
    rows = []
    for row, last in (("a", b"sea"), ("b", b"sky")):
        (tmp_path / row).mkdir()
        rows.append([tmp_path / row / f"{n:04}.dpx" for n in range(40)])
        for n, path in enumerate(rows[-1]):
            path.write_bytes(b"dark" if n < 39 else last)
    store = MarkStore(tmp_path / "marks")
    assert store.stamp_of(*rows[0]) != store.stamp_of(*rows[1])
    assert store.stamp_of(*rows[0]) == MarkStore(tmp_path / "marks").stamp_of(*rows[0])


def test_the_file_in_which_marks_were_made_is_told(tmp_path: Path) -> None:
    store = MarkStore(tmp_path)
    assert store.origin("x") == ""
    store.save("x", MARKS, name="a.mov")
    store.save("x", MARKS.without(3), name="copy.mov")
    assert store.origin("x") == "a.mov"
    store.save("x", ClipMarks(), name="copy.mov")
    store.save("x", MARKS, name="copy.mov")
    assert store.origin("x") == "copy.mov"


def test_nothing_marked_leaves_no_file(tmp_path: Path) -> None:
    store = MarkStore(tmp_path)
    store.save("x", MARKS)
    store.save("x", ClipMarks())
    assert list(tmp_path.iterdir()) == []
    assert store.load("x") == ClipMarks()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"form": "x"}', b"\xff\xfe", b'{"form":1}'])
def test_a_damaged_file_is_nothing_marked(tmp_path: Path, damage: bytes) -> None:
    store = MarkStore(tmp_path)
    store.save("x", MARKS)
    (tmp_path / "x.json").write_bytes(damage)
    assert store.load("x") == ClipMarks()
    assert (tmp_path / "x.damaged").read_bytes() == damage
    store.save("x", MARKS)
    assert store.load("x") == MARKS


@pytest.mark.parametrize("form", ["newer", "of a failing drive"])
def test_what_cannot_be_read_is_told_and_never_written_over(tmp_path: Path, form: str) -> None:
    store, place = MarkStore(tmp_path), tmp_path / "x.json"
    if form == "newer":
        place.write_text('{"form": 2}')
    else:
        place.symlink_to(place)  # reading it fails as on a drive, and not for want of a file
    for deed in (lambda: store.load("x"), lambda: store.save("x", MARKS)):
        with pytest.raises(MarksUnreadable, match=r"The marks in .*x\.json"):
            deed()
    assert place.is_symlink() or place.read_text() == '{"form": 2}'
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_marks_that_cannot_be_kept_are_said_by_the_clips_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteFailed, match="The marks in A003C001 could not be kept"):
        MarkStore(tmp_path / "file").save("x", MARKS, name="A003C001")


def test_marks_made_before_the_kept_ones_were_read_are_added_to_them() -> None:
    early = ClipMarks(first=20, marks=(Mark(frame=5), Mark(frame=7, text="new")))
    assert merged(MARKS, early) == ClipMarks(
        first=20, end=50, marks=(Mark(frame=3), Mark(frame=5), Mark(frame=7, text="new"))
    )
    assert merged(MARKS, ClipMarks()) == MARKS


def test_a_clip_that_is_offline_is_known_by_what_it_was(tmp_path: Path) -> None:
    clip = tmp_path / "a.mov"
    clip.write_bytes(b"one")
    store = MarkStore(tmp_path / "marks")
    stamp = store.stamp_of(clip)
    clip.write_bytes(b"other")
    other = store.stamp_of(clip)
    assert other != stamp
    clip.unlink()
    assert MarkStore(tmp_path / "marks").stamp_of(clip) == other
    with pytest.raises(NotFound):
        store.stamp_of(tmp_path / "never.mov")


@pytest.mark.parametrize("size", [3_000_000, 36 << 20])
def test_marks_of_a_clip_that_is_still_being_copied_stay_with_it(tmp_path: Path, size: int) -> None:
    clip, store = tmp_path / "a.mxf", MarkStore(tmp_path / "marks")
    clip.write_bytes(os.urandom(1 << 20))
    os.truncate(clip, size)
    store.save(store.stamp_of(clip), MARKS, name="a.mxf")
    for more in (1, 2_000_000):
        with clip.open("ab") as file:
            file.write(os.urandom(more))
        stamp = store.stamp_of(clip)
        assert store.load(stamp) == MARKS
        assert store.origin(stamp) == "a.mxf"
    store.save(stamp, MARKS.without(3))
    assert store.load(store.stamp_of(clip)) == MARKS.without(3)


def test_marks_stay_with_a_row_to_which_pictures_are_added(tmp_path: Path) -> None:
    store, row = MarkStore(tmp_path / "marks"), [tmp_path / f"{n:04}.dpx" for n in range(40)]
    for path in row:
        path.write_bytes(path.name.encode())
    row[19].write_bytes(b"00")  # being written just now
    store.save(store.stamp_of(*row[:20]), MARKS)
    row[19].write_bytes(b"0019.dpx")
    assert store.load(store.stamp_of(*row)) == MARKS


@pytest.mark.parametrize("change", ["another", "cut", "head", "of the same size"])
def test_a_file_that_did_more_than_grow_has_no_marks_of_the_one_before(
    tmp_path: Path, change: str
) -> None:
    clip, store = tmp_path / "a.mxf", MarkStore(tmp_path / "marks")
    data = os.urandom(3_000_000)
    clip.write_bytes(data)
    stamp = store.stamp_of(clip)
    store.save(stamp, MARKS)
    other = {
        "another": os.urandom(4_000_000),
        "cut": data[:-1],
        "head": data[:1000] + b"other" + data[1005:] + b"more",
        "of the same size": os.urandom(3_000_000),
    }
    clip.write_bytes(other[change])
    assert store.load(store.stamp_of(clip)).empty
    assert store.load(stamp) == MARKS


def test_marks_that_the_whole_clip_has_already_stay_beside_those_of_its_part(
    tmp_path: Path,
) -> None:
    clip, card, store = tmp_path / "a.mxf", tmp_path / "card.mxf", MarkStore(tmp_path / "marks")
    card.write_bytes(os.urandom(3_000_000))
    store.save(store.stamp_of(card), ClipMarks(marks=(Mark(frame=90),)), name="card.mxf")
    clip.write_bytes(card.read_bytes()[:2_000_000])
    store.save(store.stamp_of(clip), ClipMarks(first=4, marks=(Mark(frame=5),)))
    clip.write_bytes(card.read_bytes())
    assert store.load(store.stamp_of(clip)) == ClipMarks(
        first=4, marks=(Mark(frame=5), Mark(frame=90))
    )


def test_the_kept_part_never_ends_before_it_begins() -> None:
    marks = ClipMarks().kept_from(30).kept_to(60)
    assert (marks.first, marks.end) == (30, 61)
    assert marks.kept_from(60) == ClipMarks(first=60, end=61)
    assert marks.kept_from(61) == ClipMarks(first=61)
    assert marks.kept_to(29) == ClipMarks(end=30)
    assert marks.kept_to(30) == ClipMarks(first=30, end=31)


def test_a_frame_has_one_mark_and_the_next_one_is_found_both_ways() -> None:
    marks = ClipMarks(first=10, end=51).marked(70, "late").marked(20, "early").marked(70, "later")
    assert marks.marks == (Mark(frame=20, text="early"), Mark(frame=70, text="later"))
    assert (marks.text_at(70), marks.text_at(71)) == ("later", "")
    ahead, back = [], []
    place: int | None = 0
    while (place := marks.beyond(place, 1)) is not None:
        ahead.append(place)
    place = 100
    while (place := marks.beyond(place, -1)) is not None:
        back.append(place)
    assert ahead == back[::-1] == [10, 20, 50, 70]
    assert marks.without(20).marks == (Mark(frame=70, text="later"),)
