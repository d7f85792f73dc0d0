"""The same card put back, another one in its place, and the row of rolls."""

import json
import shutil
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from card_trees import build, fixture_names, write

from app.places.cards import (
    Card,
    CardIdentity,
    FindingKind,
    SeenRoll,
    compare_rolls,
    difference,
    identity_of,
    recognise,
    same_card,
    seen_roll,
)
from app.places.tree import list_tree

WHEN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def identity(root: Path, label: str | None = None) -> CardIdentity:
    entries = list_tree(root)
    return identity_of(recognise(root, entries, label=label), entries)


@pytest.mark.parametrize("name", fixture_names())
def test_a_card_put_back_elsewhere_is_the_same(name: str, tmp_path: Path) -> None:
    root = build(name, tmp_path)
    before = identity(root)
    shutil.move(root, tmp_path / "elsewhere")
    after = identity(tmp_path / "elsewhere")

    assert same_card(before, after)
    assert difference(before, after) == ""


def test_every_fixture_is_a_card_of_its_own(tmp_path: Path) -> None:
    identities = [identity(build(name, tmp_path / name)) for name in fixture_names()]
    same = [(a, b) for a in identities for b in identities if a is not b and same_card(a, b)]

    assert same == []


def test_another_card_in_the_slot_is_named(tmp_path: Path) -> None:
    wanted = identity(build("red", tmp_path))
    found = identity(build("arri-prores", tmp_path))

    assert not same_card(wanted, found)
    assert difference(wanted, found) == "This is A004, the job waits for A003."


def test_a_card_formatted_and_used_again_under_its_roll_is_told_by_its_clips(
    tmp_path: Path,
) -> None:
    for slot, clip in (("one", "A003_C001_1120AB"), ("two", "A003_C001_1121ZZ")):
        write(tmp_path / slot, f"A003_1120K4.RDM/{clip}.RDC/{clip}_001.R3D", 90)
    wanted, found = identity(tmp_path / "one"), identity(tmp_path / "two")

    assert difference(wanted, found) == (
        "This card is called A003 too, but holds A003_C001_1121ZZ; "
        "the job waits for the one with A003_C001_1120AB."
    )


def test_a_card_that_lost_a_file_is_another_one(tmp_path: Path) -> None:
    root = build("arri-mini", tmp_path)
    wanted = identity(root)
    (root / "A003R1JL/A003C002_261120_R1JL/A003C002_261120_R1JL.0900005.ari").unlink()
    found = identity(root)

    assert not same_card(wanted, found)
    assert "holds 46 files" in difference(wanted, found)
    assert "the one with 47 files" in difference(wanted, found)


def test_one_byte_more_in_one_file_is_another_card(tmp_path: Path) -> None:
    root = build("blackmagic", tmp_path)
    wanted = identity(root)
    with (root / "A001_11201000_C004.braw").open("ab") as clip:
        clip.write(b"x")

    assert not same_card(wanted, identity(root))


def test_a_renamed_file_of_the_same_size_is_another_card(tmp_path: Path) -> None:
    root = build("arri-mini", tmp_path)
    wanted = identity(root)
    (root / "A003R1JL/A003R1JL_FCP.xml").rename(root / "A003R1JL/A003R1JL_XXX.xml")
    found = identity(root)

    assert not same_card(wanted, found)
    assert difference(wanted, found) == (
        "This card is called A003 too, but its files have other names or sizes."
    )


def test_what_a_computer_leaves_on_a_card_does_not_make_it_another(tmp_path: Path) -> None:
    root = build("sony-m4root", tmp_path)
    wanted = identity(root)
    write(root, ".DS_Store", 60)
    write(root, ".Spotlight-V100/store.db", 60)
    write(root, "PRIVATE/._M4ROOT", 60)

    assert same_card(wanted, identity(root))


def test_empty_cards_are_told_by_their_label_only(tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    one, two = identity(tmp_path / "card", "A003"), identity(tmp_path / "card", "A004")

    assert same_card(one, one)
    assert not same_card(one, two)


def test_an_empty_card_in_the_slot_is_told_as_empty(tmp_path: Path) -> None:
    wanted = identity(build("red", tmp_path))
    (tmp_path / "empty").mkdir()

    assert difference(wanted, identity(tmp_path / "empty", "A003")).startswith(
        "This card is empty, the job waits for A003 with "
    )


def test_an_identity_survives_json_whatever_the_names(tmp_path: Path) -> None:
    write(tmp_path, "new\nline \udcff \N{CLAPPER BOARD}.mov", 5)
    found = identity(tmp_path)
    text = json.dumps(asdict(found))

    assert text.isascii()
    assert CardIdentity(**json.loads(text)) == found


def seen(card: Card, **changes: object) -> SeenRoll:
    return replace(seen_roll(card, WHEN), **changes)  # type: ignore[arg-type]


def rolls(card: Card, *names: str) -> list[str]:
    return [finding.text for finding in compare_rolls(card, [seen(card, roll=n) for n in names])]


def test_a_roll_seen_before_with_other_content_is_told(tmp_path: Path) -> None:
    card = recognise(build("red", tmp_path))
    old = seen(card, clips=9, size=1_000_000, last_clip="A003_C009_1120ZZ")
    findings = compare_rolls(card, [old])

    assert [finding.kind for finding in findings] == [FindingKind.ROLL_SEEN]
    assert findings[0].text == (
        "A003 was offloaded on 2026-11-20 09:00:00 +0000 with other content: 9 clips, 1.0 MB "
        "(A003_C014_1120AB to A003_C009_1120ZZ); this card holds 4 clips, 27.3 kB "
        "(A003_C014_1120AB to A003_C018_1120GH)."
    )


def test_a_difference_too_small_for_rounded_sizes_is_told_in_bytes(tmp_path: Path) -> None:
    card = recognise(build("red", tmp_path))
    (finding,) = compare_rolls(card, [seen(card, size=card.size - 7)])

    assert finding.text.endswith("; this card holds as many clips, and 7 bytes more.")


def test_the_same_card_offloaded_again_is_no_finding(tmp_path: Path) -> None:
    card = recognise(build("red", tmp_path))

    assert compare_rolls(card, [seen(card)]) == ()
    assert compare_rolls(card, [seen(card, clips=1), seen(card)]) == ()
    assert compare_rolls(card, []) == ()


def test_a_roll_missing_in_the_row_is_told(tmp_path: Path) -> None:
    card = recognise(build("sony-xdroot", tmp_path))

    assert rolls(card, "B001") == []
    assert rolls(card, "B004") == ["B003 is missing between B002 and B004."]
    assert rolls(card, "B006") == ["B003 to B005 are missing between B002 and B006."]
    assert rolls(card, "A004", "A007", "C009") == []


def test_only_the_next_neighbours_of_a_roll_are_compared(tmp_path: Path) -> None:
    card = recognise(build("arri-mini", tmp_path))

    assert rolls(card, "A001", "A005", "A009") == [
        "A002 is missing between A001 and A003.",
        "A004 is missing between A003 and A005.",
    ]


def test_the_newer_roll_names_of_arri_are_a_row_too(tmp_path: Path) -> None:
    card = recognise(build("arri-alexa35", tmp_path))

    assert rolls(card, "A_0005") == ["A_0006 is missing between A_0005 and A_0007."]


def test_a_label_without_a_number_is_no_roll_name(tmp_path: Path) -> None:
    card = recognise(build("canon-dcim", tmp_path))

    assert card.roll == "EOS_DIGITAL"
    assert compare_rolls(card, [seen(card, clips=99)]) == ()
