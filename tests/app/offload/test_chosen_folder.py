"""Folders that were chosen as destinations: not there, not mounted, not possible."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mount_bench import Bench, need, run
from offload_bench import House, make_card, spec_for

from app.errors import BadInput
from app.offload.plan import Remark, Weight
from app.offload.planning.folder import fstab_points
from app.offload.spec import OffloadSpec
from app.places.volumes import volume_of

CARD = {"CLIPS/A003C001.mov": 70_000, "A003.xml": b"<card/>"}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return make_card(tmp_path / "cards" / "A003", CARD)


@pytest.fixture
def bench(tmp_path: Path):
    need("losetup", "mkfs.ext4")
    made = Bench(tmp_path / "bench")
    made.folder.mkdir()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def told(tmp_path: Path):
    """What the plan of a spec says of its only destination, most serious first."""

    def ask(spec: OffloadSpec) -> list[Remark]:
        with House(tmp_path / "profile").engine() as engine:
            return [r for r in engine.plan(spec).remarks if r.destination == 0]

    return ask


def on_the_system_disk(folder: Path) -> None:
    if volume_of(folder).mount_point != Path("/"):
        pytest.skip("temporary files do not lie on the system disk here")


def test_a_new_folder_on_a_mounted_drive_needs_no_word(card, bench, told):
    raid = bench.ext4("raid", "RAID", 64)

    assert told(spec_for(card, raid / "Day12")) == []
    assert told(spec_for(card, raid / "Film" / "Day12")) == []


def test_more_than_two_missing_folders_on_a_drive_are_refused(card, bench, told):
    raid = bench.ext4("raid", "RAID", 64)
    (remark,) = told(spec_for(card, raid / "a" / "b" / "c"))

    assert remark.weight is Weight.REFUSAL
    assert remark.text == (
        f"{raid}/a is not there, so {raid}/a/b/c is not made. Is the drive mounted, and the path"
        f" right? Otherwise make {raid}/a/b first."
    )


def test_a_folder_below_one_that_is_not_there_is_refused_on_the_system_disk(card, tmp_path, told):
    on_the_system_disk(tmp_path)
    (remark,) = told(spec_for(card, tmp_path / "nowhere" / "abc"))

    assert remark.weight is Weight.REFUSAL
    assert remark.text.startswith(f"{tmp_path}/nowhere is not there")


def test_an_empty_mount_point_and_one_that_is_gone_draw_attention(card, bench, told):
    on_the_system_disk(bench.folder)
    raid = bench.ext4("raid", "RAID", 64)
    run("umount", raid)
    (bench.folder / "other").mkdir()
    made = "is not there and would be made"
    for gone, chosen, words in (
        (False, raid, "lies"), (False, raid / "Day12", made), (True, raid, made),
    ):  # fmt: skip
        if gone:
            raid.rmdir()
        (remark,) = told(spec_for(card, chosen))

        assert remark.weight is Weight.ATTENTION
        assert remark.text.startswith(f"{chosen} {words} on the system disk, ")
        assert remark.text.endswith("; is the drive mounted?")


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a folder in /mnt")
def test_a_folder_where_drives_are_mounted_draws_attention_though_it_is_not_empty(card, told):
    on_the_system_disk(Path("/mnt"))
    place = Path("/mnt") / f"reelkeep-test-{os.getpid()}"
    (place / "Day11").mkdir(parents=True)
    try:
        (remark,) = told(spec_for(card, place / "Day12"))
        assert "is the drive mounted?" in remark.text
    finally:
        (place / "Day11").rmdir()
        place.rmdir()


def test_the_mount_points_of_fstab_are_known(tmp_path):
    table = tmp_path / "fstab"
    table.write_text(
        "# /dev/sda1 /old ext4\n\nUUID=1 / ext4 defaults 0 1\nUUID=2\t/data/My\\040RAID xfs\n"
        "UUID=3 none swap sw\n"
    )
    assert fstab_points(table) == [Path("/"), Path("/data/My RAID")]
    assert fstab_points(tmp_path / "none") == []


def test_a_name_that_is_too_long_for_the_drive_is_refused_with_its_limit(card, bench, told):
    raid = bench.ext4("raid", "RAID", 64)
    long = "Q" * 300
    for spec in (
        spec_for(card, raid, template=long),
        spec_for(card, raid, template="{text}", text=long),
        spec_for(card, raid / long),
        spec_for(card, raid, template="{clip}" + long),
    ):
        (remark,) = told(spec)

        assert remark.weight is Weight.REFUSAL
        assert "Q… cannot be made on RAID: the name has 30" in remark.text
        assert "ext4 holds at most 255" in remark.text


def test_a_path_that_is_too_long_for_the_system_is_refused_with_its_limit(card, bench, told):
    raid = bench.ext4("raid", "RAID", 64)
    (remark,) = told(spec_for(card, raid, template="/".join(["Q" * 200] * 21)))

    assert remark.weight is Weight.REFUSAL
    assert "at most 4,000 are possible" in remark.text


def test_a_card_whose_name_is_too_long_is_refused_in_a_sentence(bench, told, tmp_path):
    with pytest.raises(BadInput, match=r"cannot be looked at: File name too long\.$"):
        told(spec_for(tmp_path / ("W" * 300), bench.folder))


def test_a_drive_that_is_read_only_is_not_called_too_small_as_well(card, bench, told):
    image = bench.image("full.img", 8, "mkfs.ext4", "-qF", "-L", "LOCKED")
    locked = bench.mount(bench.loop(image), "locked", "-oro")
    (remark,) = told(spec_for(card, locked))

    assert remark.text == f"LOCKED is read-only; nothing can be written to {locked}."


def test_a_drive_without_room_is_told_in_a_sum_that_adds_up(card, bench, told):
    tiny = bench.ext4("tiny", "TINY", 16)
    (remark,) = told(spec_for(card, tiny))

    assert remark.weight is Weight.REFUSAL
    assert "TINY is too small: 70.0 kB are to come and 16.8 MB are kept for" in remark.text


def test_a_damaged_copy_of_our_own_is_met_with_the_advice_to_repair_it(card, bench, told, tmp_path):
    raid = bench.ext4("raid", "RAID", 64)
    spec = spec_for(card, raid)
    with House(tmp_path / "profile").engine() as engine:
        engine.run(spec)
    (raid / "A003" / "A003.xml").write_bytes(b"<other/>")
    (remark,) = [said for said in told(spec) if "A003.xml" in said.paths]

    assert remark.weight is Weight.ATTENTION
    assert f"`reelkeep verify {raid}/A003 --repair-from COPY` mends them" in remark.text
