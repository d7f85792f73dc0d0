"""The quick listing finds what the whole one finds."""

from __future__ import annotations

import os
from pathlib import Path

from mount_bench import Bench, need, run

from app.places.tree import EntryKind, list_kinds, list_tree


def test_the_quick_listing_finds_the_same_entries_of_the_same_kinds(
    tmp_path: Path, bench: Bench
) -> None:
    need("mount")
    root = tmp_path / "card"
    for folder in ("CLIPS/A003", "EMPTY", "a", "mounted"):
        (root / folder).mkdir(parents=True)
    for name in ("CLIPS/A003/A003C001.mov", "index.xml", "a/\n;é.wav"):
        (root / name).write_bytes(b"film")
    os.close(os.open(os.fsencode(root) + b"/a/\xff\xfe.mov", os.O_CREAT | os.O_WRONLY))
    (root / "link").symlink_to("CLIPS")
    (root / "broken").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    run("mount", "-t", "tmpfs", "none", root / "mounted")
    bench.taken_down(root / "mounted")
    (root / "mounted" / "not ours.mov").write_bytes(b"film")

    whole = {entry.path: entry.kind for entry in list_tree(root)}
    quick = list(list_kinds(root))
    assert dict(quick) == whole
    assert len(quick) == len(whole)
    assert set(whole.values()) >= set(EntryKind) - {EntryKind.UNREADABLE}
    assert whole["mounted"] is EntryKind.SPECIAL
    assert "mounted/not ours.mov" not in whole


def test_a_tree_that_is_gone_is_told_as_unreadable_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "card" / "A").mkdir(parents=True)
    listing = list_kinds(tmp_path / "card")
    assert next(listing) == ("A", EntryKind.FOLDER)
    (tmp_path / "card" / "A").rmdir()
    assert list(listing) == [("A", EntryKind.UNREADABLE)]


def test_names_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    names = [b"B", b"a", b"\xff.mov", b"\xc3\xa9", b"\xf0\x9f\x8e\xac", b"\xee\x80\x80", b"Z.wav"]
    for name in names:
        os.close(os.open(os.fsencode(tmp_path) + b"/" + name, os.O_CREAT | os.O_WRONLY))
    assert [os.fsencode(entry.path) for entry in list_tree(tmp_path)] == sorted(names)
