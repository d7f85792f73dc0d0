"""What fails as one, seen through real loops, partitions, pools and memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from mount_bench import Bench, need, run

from app.places.devices import DeviceKind
from app.places.volumes import device_of, volume_of, volumes

pytestmark = pytest.mark.root


def test_two_folders_on_one_drive_are_one_device(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert device_of(tmp_path / "a") == device_of(tmp_path / "b")
    assert device_of(tmp_path / "a").counts


def test_a_loop_image_is_the_disk_of_its_file(bench: Bench) -> None:
    assert device_of(bench.ext4("card")) == device_of(bench.folder)


def test_a_loop_image_inside_a_loop_image_is_the_outer_files_disk(bench: Bench) -> None:
    outer = bench.ext4("outer", size=64)
    inner = bench.image("inner.img", 16, "mkfs.ext4", "-qF", folder=outer)
    assert device_of(bench.mount(bench.loop(inner), "inner")) == device_of(bench.folder)


def test_a_loop_image_whose_file_was_deleted_is_still_its_disk(bench: Bench) -> None:
    point = bench.ext4("card")
    (bench.folder / "card.img").unlink()
    assert device_of(point) == device_of(bench.folder)


def test_two_partitions_of_one_disk_are_one_device(bench: Bench) -> None:
    need("addpart")
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs")
    for where in (bench.folder, memory):
        disk = bench.loop(bench.image("disk.img", 64, folder=where))
        points = []
        for number, start in ((1, 2048), (2, 67584)):
            part = bench.partition(disk, number, start, 60000)
            run("mkfs.ext4", "-qF", part)
            points.append(bench.mount(part, f"{where.name}-{number}"))
        assert device_of(points[0]) == device_of(points[1]) == device_of(where)
        assert volume_of(points[0]).identity != volume_of(points[1]).identity


def test_a_loop_image_in_memory_is_memory(bench: Bench) -> None:
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs", "-o", "size=64m")
    image = bench.image("i.img", 16, "mkfs.ext4", "-qF", folder=memory)
    device = device_of(bench.mount(bench.loop(image), "card"))
    assert device.kind is DeviceKind.MEMORY
    assert not device.counts


def test_a_pool_on_one_disk_is_that_disk(bench: Bench) -> None:
    need("mkfs.btrfs")
    loops = [bench.loop(bench.image(f"b{n}.img", 120)) for n in (1, 2)]
    run("mkfs.btrfs", "-q", "-f", "-L", "POOL", *loops)
    point = bench.mount(loops[0], "pool")
    assert device_of(point) == device_of(bench.folder)
    assert volume_of(point).label == "POOL"


def test_a_pool_that_needs_memory_is_memory(bench: Bench) -> None:
    need("mkfs.btrfs")
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs", "-o", "size=200m")
    loops = [
        bench.loop(bench.image("disk.img", 120)),
        bench.loop(bench.image("memory.img", 120, folder=memory)),
    ]
    run("mkfs.btrfs", "-q", "-f", *loops)
    point = bench.mount(loops[0], "pool")
    assert device_of(point).kind is DeviceKind.MEMORY
    assert device_of(bench.folder).kind is DeviceKind.DISK


def test_two_btrfs_subvolumes_are_one_volume_and_one_device(bench: Bench) -> None:
    need("mkfs.btrfs", "btrfs")
    loop = bench.loop(bench.image("b.img", 120, "mkfs.btrfs", "-q", "-L", "SUBS"))
    point = bench.mount(loop, "top")
    run("btrfs", "subvolume", "create", point / "@films")
    other = bench.mount(loop, "films", "-o", "subvol=@films")
    assert [v.mount_point for v in volumes() if v.label == "SUBS"] == [point]
    assert volume_of(other / "x").mount_point == other
    assert volume_of(point / "@films").identity == volume_of(other).identity
    assert device_of(other) == device_of(point) == device_of(bench.folder)


def test_an_overlay_is_the_device_that_its_changes_go_to(bench: Bench) -> None:
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs")
    disk = bench.folder / "disk, with comma"
    for folder in ("lower", "upper", "work"):
        (memory / folder).mkdir()
    (disk / "lower").mkdir(parents=True)
    options = f"lowerdir={bench.folder}/lower,upperdir={memory}/upper,workdir={memory}/work"
    (bench.folder / "lower").mkdir()
    point = bench.mount("overlay", "both", "-t", "overlay", "-o", options)
    assert device_of(point).kind is DeviceKind.MEMORY


def test_a_folder_shown_again_by_bindfs_is_the_device_of_the_folder(bench: Bench) -> None:
    need("bindfs")
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs")
    shown = bench.point("shown")
    bench.fuse(shown, "bindfs", memory, shown)
    assert device_of(shown).kind is DeviceKind.MEMORY
    drive = bench.ext4("drive")
    bench.fuse(drive, "bindfs", drive, drive)  # over itself
    assert device_of(drive) == device_of(bench.folder)


def test_a_person_may_say_which_device_a_volume_is(bench: Bench) -> None:
    point = bench.ext4("drive")
    plain = volume_of(point)
    for key in (plain.identity, str(point)):
        declared = {key: "NAS in the truck"}
        device = device_of(point / "day 12", declared)
        assert (device.name, device.declared) == ("NAS in the truck", True)
        assert device.id != plain.device.id
        listed = [v.device for v in volumes(declared) if v.mount_point == point]
        assert listed == [device]
    assert not device_of(point).declared


def test_an_image_on_a_declared_drive_is_the_declared_device(bench: Bench) -> None:
    outer = bench.ext4("outer", size=64)
    inner = bench.image("inner.img", 16, "mkfs.ext4", "-qF", folder=outer)
    point = bench.mount(bench.loop(inner), "inner")
    assert device_of(point, {str(outer): "Disk 2"}) == device_of(outer, {str(outer): "Disk 2"})


def test_memory_never_counts_even_if_a_person_says_that_it_is_a_disk(bench: Bench) -> None:
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs", "-o", "size=64m")
    image = bench.image("i.img", 16, "mkfs.ext4", "-qF", folder=memory)
    point = bench.mount(bench.loop(image), "card")
    declared = {str(memory): "Disk", str(point): "Disk", volume_of(point).identity: "Disk"}
    assert not device_of(memory, declared).counts
    assert not device_of(point, declared).counts
