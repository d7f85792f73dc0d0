"""Every camera's card against the facts written beside it."""

from datetime import datetime
from pathlib import Path

import pytest
from card_trees import build, expanded, fixture_names, load

from app.places.cards import looks_like_card, recognise


@pytest.mark.parametrize("name", fixture_names())
def test_a_card_gives_the_facts_that_its_fixture_tells(name: str, tmp_path: Path) -> None:
    card = recognise(build(name, tmp_path))
    told = load(name)["expected"]

    assert (card.structure, card.camera, card.roll) == (
        told["structure"],
        told["camera"],
        told["roll"],
    )
    assert (card.label, card.size, card.files) == (told["label"], told["size"], told["files"])
    assert [finding.text for finding in card.findings] == told["findings"]
    assert card.first_recorded == datetime.fromisoformat(told["first_recorded"])
    assert card.last_recorded == datetime.fromisoformat(told["last_recorded"])


@pytest.mark.parametrize("name", fixture_names())
def test_every_file_of_a_clip_is_grouped_to_it(name: str, tmp_path: Path) -> None:
    root = build(name, tmp_path)
    card = recognise(root)
    told = load(name)["expected"]["clips"]

    assert [clip.name for clip in card.clips] == [clip["name"] for clip in told]
    for clip, expected in zip(card.clips, told, strict=True):
        assert set(clip.files) == set(expanded(expected["files"])), clip.name
        assert clip.files[0] == expanded(expected["files"])[0]
        assert list(clip.missing) == expected["missing"]
        assert clip.size == sum((root / path).stat().st_size for path in clip.files)
    files = [path for clip in card.clips for path in clip.files]
    assert len(files) == len(set(files))


@pytest.mark.parametrize("name", fixture_names())
def test_case_of_names_does_not_matter(name: str, tmp_path: Path) -> None:
    as_written = recognise(build(name, tmp_path / "as-written"))
    lower = recognise(build(name, tmp_path / "lower", str.lower))

    assert lower.structure == as_written.structure
    assert lower.camera == as_written.camera
    assert [clip.name.lower() for clip in lower.clips] == [
        clip.name.lower() for clip in as_written.clips
    ]
    assert [finding.kind for finding in lower.findings] == [
        finding.kind for finding in as_written.findings
    ]


@pytest.mark.parametrize("name", fixture_names())
def test_a_short_look_finds_the_same_structure(name: str, tmp_path: Path) -> None:
    assert looks_like_card(build(name, tmp_path)) == load(name)["expected"]["structure"]


@pytest.mark.parametrize("name", fixture_names())
def test_looking_at_a_card_changes_nothing_on_it(name: str, tmp_path: Path) -> None:
    root = build(name, tmp_path)

    def picture() -> dict[str, tuple[int, int, int, int]]:
        return {
            str(path.relative_to(root)): (
                path.stat().st_size,
                path.stat().st_mtime_ns,
                path.stat().st_ctime_ns,
                path.stat().st_atime_ns if path.is_file() else 0,
            )
            for path in root.rglob("*")
        }

    before = picture()
    recognise(root)
    looks_like_card(root)

    assert picture() == before
