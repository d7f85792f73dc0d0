"""What is left out of a card, and which destination gets what."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import BadInput
from app.offload.card.selection import IgnoreList, Selection
from app.offload.spec import DEFAULT_IGNORE
from app.places.cards import recognise
from app.places.tree import EntryKind, list_tree


@pytest.mark.parametrize(
    "path",
    [".DS_Store", "CLIPS/.DS_Store", "CLIPS/._A001.mov", ".Trashes/501/kept.mov",
     ".Spotlight-V100/Store/x", "System Volume Information/x", ".Trash-1000/files/a.mov",
     "lost+found/#12"],
)  # fmt: skip
def test_what_computers_strew_about_is_left_out(path: str) -> None:
    assert IgnoreList(DEFAULT_IGNORE).ignores(path)


@pytest.mark.parametrize(
    "path", ["CLIPS/A001.mov", "DS_Store", "_.mov", ".hidden", "a._b", "thumbs.db.mov"]
)
def test_what_a_camera_writes_is_never_left_out(path: str) -> None:
    assert not IgnoreList(DEFAULT_IGNORE).ignores(path)


def test_a_list_that_was_emptied_leaves_nothing_out() -> None:
    assert not IgnoreList(()).ignores(".DS_Store")


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ((), {"C/A003C001.mov", "C/A003C001.xml", "S/T1.WAV", "notes.txt"}),
        (("sound",), {"S/T1.WAV"}),
        (("*.txt",), {"notes.txt"}),
        (("C/*",), {"C/A003C001.mov", "C/A003C001.xml"}),
        (("sound", "*.xml"), {"S/T1.WAV", "C/A003C001.xml"}),
    ],
)
def test_a_filter_says_what_a_destination_gets(
    tmp_path: Path, only: tuple[str, ...], expected: set[str]
) -> None:
    for name in ("C/A003C001.mov", "C/A003C001.xml", "S/T1.WAV", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    entries = list_tree(tmp_path)
    selection = Selection(only, recognise(tmp_path, entries))
    files = [entry for entry in entries if entry.kind is EntryKind.FILE]
    assert {entry.path for entry in files if selection.takes(entry)} == expected


def test_every_file_goes_somewhere_by_the_three_words_together(tmp_path: Path) -> None:
    """Sound, camera and sidecars together leave no file of a card behind."""
    for name in ("C/A003C001.mov", "C/A003C001.xml", "S/T1.WAV", "notes.txt", "odd"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    entries = list_tree(tmp_path)
    selection = Selection(("sound", "camera", "sidecars"), recognise(tmp_path, entries))
    assert all(selection.takes(e) for e in entries if e.kind is EntryKind.FILE)


def test_an_empty_filter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        Selection(("",), recognise(tmp_path))
