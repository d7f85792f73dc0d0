"""Which mounted volumes look like cards, without a long look at any of them."""

import os
from pathlib import Path

import pytest
from card_trees import build, write

from app.places.cards import candidate_cards, looks_like_card
from app.places.devices import Device
from app.places.volumes import Volume


def volume(
    root: Path, *, removable: bool = False, remote: bool = False, capacity: int = 1
) -> Volume:
    return Volume(
        mount_point=root,
        source="/dev/sdx1",
        file_system="exfat",
        label=root.name,
        uuid="",
        capacity=capacity,
        free=1,
        device=Device(id="x", name="x"),
        removable=removable,
        remote=remote,
    )


def test_a_card_is_a_candidate_whatever_its_reader(tmp_path: Path) -> None:
    root = build("sony-xdroot", tmp_path)
    found = candidate_cards([volume(root)])

    assert [(card.volume.mount_point, card.structure) for card in found] == [(root, "sony-xdroot")]


def test_mere_media_make_a_card_of_a_removable_volume_only(tmp_path: Path) -> None:
    films, sounds = build("folder", tmp_path), build("bwf", tmp_path)

    assert candidate_cards([volume(films), volume(sounds)]) == ()
    found = candidate_cards([volume(films, removable=True), volume(sounds, removable=True)])
    assert [card.structure for card in found] == ["folder", "sound"]


def test_a_removable_volume_without_media_is_no_card(tmp_path: Path) -> None:
    write(tmp_path, "letters/to-aunt.txt", 5)

    assert looks_like_card(tmp_path) is None
    assert candidate_cards([volume(tmp_path, removable=True)]) == ()


def test_a_copy_with_our_manifests_and_a_server_are_no_cards(tmp_path: Path) -> None:
    copy, server = build("red", tmp_path), build("gopro", tmp_path)
    (copy / "ascmhl").mkdir()
    silent = build("dji", tmp_path)

    assert candidate_cards([volume(copy), volume(server, remote=True)]) == ()
    assert candidate_cards([volume(silent, capacity=0)]) == ()


def test_a_place_that_is_gone_is_no_card(tmp_path: Path) -> None:
    assert looks_like_card(tmp_path / "gone") is None


def test_the_look_is_short_on_a_full_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(600):
        (tmp_path / f"folder{number:04d}").mkdir()
    deep = tmp_path / "folder0001/a/b/c"
    write(deep, "film.mov", 5)
    opened: list[str] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path=".": (opened.append(str(path)), scan(path))[1])
    found = looks_like_card(tmp_path)

    assert found is None
    assert 1 < len(opened) <= 200
    assert not any(path.endswith("/c") for path in opened)


def test_a_link_to_a_folder_is_not_followed_in_the_short_look(tmp_path: Path) -> None:
    build("gopro", tmp_path / "outside")
    root = tmp_path / "drive"
    root.mkdir()
    (root / "DCIM").symlink_to(tmp_path / "outside/GOPRO/DCIM")

    assert looks_like_card(root) is None
